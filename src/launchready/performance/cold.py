"""Whether the first visitor after a quiet time waits for the portal to wake up."""

from __future__ import annotations

from collections.abc import AsyncIterator

from launchready.gate import check
from launchready.measurement import Exchange, Measurement, StepTimes
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.performance.answers import seconds
from launchready.performance.kept import UNLOCK, measurement_of
from launchready.portal import Portal
from launchready.probes.look import Look

LEAST = 3
"""Walks that followed: one or two have no middle."""
TIMES = 3.0
"""So many times the median: a first connection with lookup and TLS is not that far from a warm one."""


@check(
    "performance.cold",
    Stage.PERFORMANCE,
    roadmap="D1",
    severity=Severity.HIGH,
    effort=60,
    reference="https://docs.djangoproject.com/en/stable/howto/deployment/checklist/",
    needs="performance",
)
async def cold(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The first visitor waits much longer than those who come after.

    Why: a buyer who opens your link in the evening is the first visitor for hours; a host that has gone to sleep, or
    an application that loads at the first request, makes that one wait for seconds.

    Fix: keep at least one instance awake (a plan that does not sleep, `min_machines_running = 1` at Fly,
    `min-instances` at Cloud Run), load the application before requests come (`preload_app` of gunicorn and Puma), and
    make what is costly to make at start-up or ahead of it, not at the first use.

    Judged is the first walk of each step, on a fresh connection, against the median of those that followed. Found is
    one beyond the target and three times the median; a high risk beyond twice the target, else nice to fix. Where a
    user is logged in before the flows, the very first answer of all is judged as well, for then it wakes the portal. It
    is one walk, so look again with `launchready perf` after an hour of silence before much is built on it.
    """
    measured = await measurement_of(portal, look)
    if isinstance(measured, NotChecked):
        yield measured
        return
    firsts = [one for one in measured.steps if one.cold_s is not None and one.seen and one.seen.n >= LEAST]
    if not firsts:
        yield NotChecked(portal.domain, "no step was walked a first time and again", UNLOCK)
        return
    slow = [row for one in firsts if (row := _judged(one, measured))]
    if woken := _before_all(portal, measured, firsts):
        slow.append(woken)
    for row in slow:
        yield row
    if not slow:
        slowest = max(firsts, key=lambda one: one.cold_s or 0)
        yield Passed(portal.domain, f"the slowest first time took {seconds(slowest.cold_s or 0)}, {slowest.step}")


def _judged(one: StepTimes, measured: Measurement) -> Finding | None:
    first_s = one.cold_s or 0.0
    warm_s = one.seen.p50.value_s if one.seen else 0.0
    if first_s <= one.target_s or first_s <= TIMES * warm_s:
        return None
    return Finding(
        f"{one.flow}: {one.step}",
        f"The first visitor waits {seconds(first_s)} for {one.step}, those after {seconds(warm_s)}.",
        evidence=_evidence(one, measured),
        severity=Severity.HIGH if first_s > 2 * one.target_s else Severity.NICE,
        key=one.user,
    )


def _before_all(portal: Portal, measured: Measurement, firsts: list[StepTimes]) -> Finding | None:
    """The very first answer, where a login before the flows got it: the steps then met a portal that was awake."""
    first_s, again_s = measured.first_s or 0.0, measured.first_again_s
    if again_s is None or measured.first_route in {one.route for one in firsts}:
        return None
    target_s = max(one.target_s for one in firsts)
    if first_s <= target_s or first_s <= TIMES * again_s:
        return None
    return Finding(
        measured.first_route or portal.domain,
        f"The first visitor waits {seconds(first_s)} for the first answer, those after {seconds(again_s)}.",
        evidence=f"{measured.first_route}: {seconds(first_s)} before the flows were walked, {seconds(again_s)} after",
        severity=Severity.HIGH if first_s > 2 * target_s else Severity.NICE,
    )


def _evidence(one: StepTimes, measured: Measurement) -> str:
    if not one.seen:
        return ""
    told = f"{one.route}: first walk {seconds(one.cold_s or 0.0)}, then {seconds(one.seen.p50.value_s)}"
    told += f" in the median of {one.seen.n}"
    answers = _first_walk(one, measured)
    if len(answers) < 2:
        return told
    longest = max(answers, key=lambda answer: answer.phases.total_s)
    return f"{told}\n{seconds(longest.phases.total_s)} of the first walk was {longest.route}"


def _first_walk(one: StepTimes, measured: Measurement) -> list[Exchange]:
    """The step's own request and what its redirects led to, that first time."""
    found: list[Exchange] = []
    for answer in measured.exchanges:
        if (answer.flow, answer.step, answer.user) == (one.flow, one.step, one.user):
            if found and answer.hop <= found[-1].hop:
                break  # a later walk begins
            found.append(answer)
    return found
