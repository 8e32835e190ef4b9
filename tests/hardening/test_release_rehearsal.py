"""A rehearsal of the way back: found when there is none, none that went well, or none of late."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from launchready.lab.rehearsals import rehearsal
from launchready.lab.source import ignored
from launchready.model import Outcome, Severity

Judge = Callable[..., Awaitable[Outcome]]
CHECK = "release.rehearsal"
DEPLOY = {"adapter": "commands", "release": ["deploy"], "roll_back": ["back"], "database_env": ""}


@pytest.mark.parametrize(
    ("journal", "key"),
    [
        ({}, "none"),
        (rehearsal(31), "old"),
        (rehearsal(1, well=False), "failed"),
        (rehearsal(1, failed=3), "noticed"),
        (rehearsal(1, environment="staging"), "none"),
    ],
    ids=["none", "old", "failed", "noticed", "another environment"],
)
async def test_what_was_not_rehearsed_is_found(judge: Judge, journal: dict[str, str], key: str) -> None:
    outcome = await judge(CHECK, ignored(journal), deploy=DEPLOY)

    [finding] = outcome.findings
    assert finding.key == key
    assert finding.severity is Severity.HIGH


async def test_a_rehearsal_of_late_is_enough_also_after_one_that_failed(judge: Judge) -> None:
    outcome = await judge(CHECK, ignored({**rehearsal(3, well=False), **rehearsal(2)}), deploy=DEPLOY)

    assert outcome.findings == ()
    assert "0 of 600 requests failed" in outcome.passed[0].detail


async def test_journals_that_say_nothing_are_passed_over(judge: Judge) -> None:
    folder = ".launchready/journal"
    begun = '{"at": "2026-11-01T00:00:00+00:00", "what": "begun", "action": "rehearse", "subject": "production"}\n'
    strange = {
        f"{folder}/20991231T000000000000Z-rehearse-production.jsonl": b"\xff\xfe{{{" + b"[" * 5000,
        f"{folder}/20991230T000000000000Z-rehearse-production.jsonl": begun,
        f"{folder}/20991229T000000000000Z-rehearse-production.jsonl": begun + '{"at": "soon", "what": "ended"}\n',
        f"{folder}/20991228T000000000000Z-rehearse-production.jsonl": "",
    }
    alone = await judge(CHECK, ignored(strange), deploy=DEPLOY)
    beside = await judge(CHECK, ignored({**strange, **rehearsal(5)}), deploy=DEPLOY)

    assert [finding.key for finding in alone.findings] == ["none"]
    assert beside.findings == ()


async def test_without_a_folder_nobody_can_say(judge: Judge) -> None:
    outcome = await judge(CHECK, None, deploy=DEPLOY)

    assert outcome.findings == ()
    assert "folder" in outcome.not_checked[0].reason
