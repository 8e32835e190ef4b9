"""The gate: every check ends as passed, found or not checked, and the verdict follows from that alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from launchready import gate
from launchready.gate import Check
from launchready.model import (
    CheckInfo,
    Finding,
    NotChecked,
    Outcome,
    Passed,
    Proof,
    Report,
    Row,
    Severity,
    Stage,
    Status,
    Verdict,
)
from launchready.portal import Portal, parse_portal
from launchready.probes.look import Look
from launchready.probes.network import Limits, Network

PORTAL = Portal(domain="example.com")


def declared(function: gate.CheckFunction, *, roadmap: str = "M1", severity: Severity = Severity.HIGH) -> Check:
    info = CheckInfo(
        "test.one", Stage.AUDIT, tuple(roadmap.split()), severity, 5, "RFC 0", "It is wrong.", "It shows.", "Mend it."
    )
    return Check(info, function)


async def run(*checks: Check, portal: Portal = PORTAL, limits: Limits | None = None) -> Report:
    look = Look(portal, Network(limits or Limits(), closed=True), datetime(2026, 11, 24, tzinfo=UTC))
    return await gate.run(portal, look, checks)


async def passes(portal: Portal, look: Look) -> AsyncIterator[Row]:
    yield Passed("example.com", "looked")


async def finds(portal: Portal, look: Look) -> AsyncIterator[Row]:
    yield Finding("example.com", "It is wrong here.", severity=Severity.BLOCKER)


async def is_blind(portal: Portal, look: Look) -> AsyncIterator[Row]:
    yield NotChecked("example.com", "no way there")


async def is_silent(portal: Portal, look: Look) -> AsyncIterator[Row]:
    return
    yield


async def crashes(portal: Portal, look: Look) -> AsyncIterator[Row]:
    yield Passed("example.com")
    raise RuntimeError("boom")


async def never_ends(portal: Portal, look: Look) -> AsyncIterator[Row]:
    yield Passed("example.com")
    await asyncio.Event().wait()


async def test_everything_right_is_ready() -> None:
    report = await run(declared(passes))

    assert report.verdict is Verdict.READY
    assert {row.id: row.proof for row in report.bar}["M1"] is Proof.PROVEN
    assert {row.id: row.proof for row in report.bar}["M3"] is Proof.OUT_OF_SCOPE


async def test_one_blocker_is_not_ready() -> None:
    report = await run(declared(passes), declared(finds))

    assert report.verdict is Verdict.NOT_READY
    assert {row.id: row.proof for row in report.bar}["M1"] is Proof.BROKEN


async def test_a_finding_is_filled_in_from_the_declaration() -> None:
    (finding,) = (await run(declared(finds))).findings

    assert (finding.check, finding.why, finding.fix, finding.effort_min) == ("test.one", "It shows.", "Mend it.", 5)
    assert finding.severity is Severity.BLOCKER


@pytest.mark.parametrize("check", [is_blind, is_silent, crashes])
async def test_what_could_not_look_proves_nothing(check: gate.CheckFunction) -> None:
    report = await run(declared(check))

    assert report.outcomes[0].status is Status.NOT_CHECKED
    assert report.verdict is Verdict.UNPROVEN


async def test_blindness_of_what_is_only_nice_to_fix_does_not_unprove_the_bar() -> None:
    report = await run(declared(passes), declared(is_blind, severity=Severity.NICE))

    assert report.verdict is Verdict.READY
    assert len(report.not_checked) == 1


async def test_a_check_that_fails_takes_no_other_down() -> None:
    report = await run(declared(crashes), declared(passes))

    assert [o.status for o in report.outcomes] == [Status.NOT_CHECKED, Status.PASSED]
    assert "RuntimeError" in report.not_checked[0][1].reason


async def test_a_check_that_never_ends_is_cut_at_the_deadline() -> None:
    report = await run(declared(never_ends), declared(passes), limits=Limits(run_deadline_s=0.1))

    assert [o.status for o in report.outcomes] == [Status.NOT_CHECKED, Status.PASSED]
    assert "deadline" in report.not_checked[0][1].reason


async def test_no_checks_at_all_prove_nothing() -> None:
    assert (await run()).verdict is Verdict.UNPROVEN


@pytest.mark.parametrize(("until", "verdict"), [("2026-11-24", Verdict.READY), ("2026-11-23", Verdict.NOT_READY)])
async def test_an_accepted_risk_counts_again_when_its_date_has_passed(until: str, verdict: Verdict) -> None:
    portal = parse_portal(
        f'domain = "example.com"\n[[accepted]]\ncheck = "test.one"\nreason = "until the move"\nuntil = {until}'
    )

    report = await run(declared(finds), portal=portal)

    assert report.verdict is verdict
    assert len(report.accepted) + len(report.findings) == 1


async def test_an_accepted_risk_covers_only_its_subject() -> None:
    portal = parse_portal(
        'domain = "example.com"\n[[accepted]]\ncheck = "test"\nsubject = "api.*"\n'
        'reason = "no pages"\nuntil = 2027-01-01'
    )

    assert (await run(declared(finds), portal=portal)).verdict is Verdict.NOT_READY


def test_a_fingerprint_is_stable_and_tells_findings_apart() -> None:
    one = Finding("a.example", "is wrong", key="x", check="c", evidence="seen 3 times")
    same = Finding("a.example", "is wrong still", key="x", check="c", evidence="seen 4 times")
    other = Finding("a.example", "is wrong", key="y", check="c")

    assert one.fingerprint == same.fingerprint != other.fingerprint


def test_every_check_is_documented_and_names_what_it_serves() -> None:
    for id, item in gate.catalogue().items():
        info = item.info
        assert info.title.endswith("."), id
        assert info.why, id
        assert info.fix, id
        assert info.reference, id
        assert info.roadmap, id
        assert 0 < info.effort_min <= 480, id


def test_checks_are_selected_by_prefix_pattern_and_stage() -> None:
    ids = [c.info.id for c in gate.select(["mail.spf", "dns.d*"])]

    assert ids
    assert all(id.startswith(("mail.spf", "dns.d")) for id in ids)
    assert all(c.info.stage is Stage.EDGE for c in gate.select(stages=[Stage.EDGE]))
    with pytest.raises(KeyError, match=r"mail\.spff"):
        gate.select(["mail.spff"])


def test_the_statuses_of_an_outcome_are_three() -> None:
    info = declared(passes).info

    assert Outcome(info).status is Status.NOT_CHECKED
    assert Outcome(info, passed=(Passed("a"),)).status is Status.PASSED
    assert Outcome(info, passed=(Passed("a"),), not_checked=(NotChecked("b", "c"),)).status is Status.NOT_CHECKED
    assert Outcome(info, (Finding("a", "b"),), (Passed("a"),), (NotChecked("b", "c"),)).status is Status.FOUND
