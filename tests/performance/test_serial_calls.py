"""Which calls of other servers are too long a wait, and what is said where nobody can know."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.conftest import Judge

from launchready.lab import world
from launchready.lab.measured import remeasured
from launchready.measurement import SerialCalls, Untold

CHECK = "performance.serial_calls"
ENDPOINT = "GET api.example.net/rates/{id}"


def calling(*calls: SerialCalls) -> world.Change:
    return remeasured(lambda measured: replace(measured, serial=calls))


def made(
    what: str = ENDPOINT, calls: float = 8, seconds: float = 0.6, kind: str = "http", of_s: float = 0.9
) -> SerialCalls:
    return SerialCalls("GET /", what, calls, seconds, "portal/rates.py:17", kind, of_s)


async def test_the_finding_names_route_server_number_time_and_place(judge: Judge) -> None:
    outcome = await judge(CHECK, calling(made()))

    (finding,) = outcome.findings
    assert finding.subject == "GET /"
    assert finding.problem == f"GET / asks {ENDPOINT} 8 times, one after another: 0.60 s of its 0.90 s."
    assert "portal/rates.py:17" in finding.evidence
    assert {row.subject for row in outcome.passed} == {
        "POST /account/login/",
        "POST /files/upload/",
        "GET /api/invoices",
    }


@pytest.mark.parametrize(
    "calls",
    [
        made(calls=2),
        made(calls=8, seconds=0.05, of_s=0.06),
        made(calls=8, seconds=0.2, of_s=1.0),
        made("api.example.net", 3),
        made(calls=1, seconds=0.25, kind="wait", of_s=0.3),
        made(calls=8, kind="mail"),
    ],
    ids=["two", "nothing to gain", "a small share", "three that may need each other", "a short wait", "mail"],
)
async def test_what_costs_nobody_anything_is_no_finding(judge: Judge, calls: SerialCalls) -> None:
    outcome = await judge(CHECK, calling(calls))

    assert (outcome.findings, outcome.not_checked) == ((), ())
    assert len(outcome.passed) == 4


@pytest.mark.parametrize(
    ("calls", "words"),
    [
        (made("api.example.net", 4), "asks api.example.net 4 times"),
        (made(calls=1, kind="wait"), "waits 0.60 s of its 0.90 s for one answer"),
        (made("GET redis cache", 90, kind="cache"), "90 times"),
    ],
)
async def test_other_ways_to_wait_are_found_too(judge: Judge, calls: SerialCalls, words: str) -> None:
    (finding,) = (await judge(CHECK, calling(calls))).findings

    assert words in finding.problem


async def test_without_traces_nothing_is_claimed(judge: Judge) -> None:
    outcome = await judge(CHECK, remeasured(lambda measured: replace(measured, traced=())))

    (row,) = outcome.not_checked
    assert (outcome.findings, outcome.passed) == ((), ())
    assert "[performance] traces" in row.unlock


async def test_what_the_traces_could_not_tell_is_passed_on(judge: Judge) -> None:
    untold = Untold("dashboard", "dashboard", "1 of 10 requests were traced", "sample all", part="traces")
    outcome = await judge(CHECK, remeasured(lambda measured: replace(measured, traced=(), untold=(untold,))))

    assert [(row.subject, row.reason) for row in outcome.not_checked] == [("dashboard: dashboard", untold.reason)]
