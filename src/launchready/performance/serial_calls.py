"""Whether a route waits for other servers longer than it must: calls in a row, or one that takes most of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

from launchready.gate import check
from launchready.measurement import Measurement, SerialCalls
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.performance.kept import measurement_of
from launchready.portal import Portal
from launchready.probes.look import Look

SAME, DIFFERENT = 3, 4
"""Calls of one endpoint, and of different ones of one server, from which they are too many: two or three different
calls may well need each other's answers."""
LEAST_S = 0.1
"""Together; below it nobody notices."""
SHARE = 0.25
"""Of the route's time."""
WAIT_S = 0.3
"""Of one call that takes most of the route's time."""
UNLOCK = "set [performance] traces, let the portal send its OpenTelemetry traces there, and run `launchready perf`"


@check(
    "performance.serial_calls",
    Stage.PERFORMANCE,
    roadmap="D3 D8",
    severity=Severity.HIGH,
    effort=60,
    reference="https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/",
    needs="performance",
)
async def serial_calls(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A page waits for several answers of another server, one after another.

    Why: each of them adds its whole time to the click, and on the day the other server is slow, all of them do.

    Fix: ask for all of it in one call where the other server allows that, else at the same time; keep what changes
    seldom; what the answer does not need, do after it.

    Judged are OpenTelemetry traces of the requests that were measured. Found are three calls of the same endpoint, or
    four of one server, none of which began before another ended, if together they take 0.1 s and a quarter of the
    route's time; and a single call of 0.3 s that takes half of it. Calls that overlap are never counted.
    """
    measured = await measurement_of(portal, look)
    if isinstance(measured, NotChecked):
        yield measured
        return
    untold = [one for one in measured.untold if one.part == "traces"]
    for one in untold:
        yield NotChecked(f"{one.flow}: {one.step}" if one.step else portal.domain, one.reason, one.unlock)
    routes = dict.fromkeys(_routes(measured))
    if not routes and not untold:
        yield NotChecked(
            portal.domain, "whether pages wait for other servers is told by traces alone, and none came", UNLOCK
        )
    for route in routes:
        rows = [_finding(calls) for calls in measured.serial if calls.route == route and _matters(calls)]
        if rows:
            for row in rows:
                yield row
        else:
            yield Passed(route, "waits for no other server for long")


def _routes(measured: Measurement) -> list[str]:
    traced = [*measured.traced, *(one.route for one in measured.queries if one.source == "traces")]
    return [*traced, *(one.route for one in measured.serial)]


def _matters(calls: SerialCalls) -> bool:
    if calls.kind == "wait":
        return calls.seconds >= WAIT_S
    if calls.kind in ("mail", "message"):
        return False  # `performance.inline_work` says what to do about them
    several = SAME if " " in calls.what else DIFFERENT
    return calls.calls >= several and calls.seconds >= LEAST_S and calls.seconds >= SHARE * calls.of_s


def _finding(calls: SerialCalls) -> Finding:
    took = f"{calls.seconds:.2f} s" + (f" of its {calls.of_s:.2f} s" if calls.of_s else "")
    evidence = f"{calls.what}: {calls.calls:g} times, {took}" + (f", from {calls.code}" if calls.code else "")
    if calls.kind == "wait":
        problem = f"{calls.route} waits {took} for one answer of {calls.what}."
        fix = "Keep the last answer and renew it in the background, or let the page load it after it is shown."
        return Finding(calls.route, problem, evidence=evidence, fix=fix, key=calls.what)
    problem = f"{calls.route} asks {calls.what} {calls.calls:g} times, one after another: {took}."
    if calls.kind == "cache":
        return Finding(calls.route, problem, evidence=evidence, fix="Ask for all keys at once (MGET).", key=calls.what)
    return Finding(calls.route, problem, evidence=evidence, key=calls.what)
