"""Whether core flows are fast enough for a buyer: the 95th percentile of each step against its target."""

from __future__ import annotations

from collections.abc import AsyncIterator

from launchready.gate import check
from launchready.measurement import Measurement, Quantile, StepTimes
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.performance.kept import UNLOCK, measurement_of
from launchready.portal import Portal
from launchready.probes.look import Look

OWN_CODE = 0.3
"""Of the portal's time in the database; below it the rest is what takes so long."""
ACCOUNT = "account"
"""The pace of walks that compare accounts."""


@check(
    "performance.p95",
    Stage.PERFORMANCE,
    roadmap="D1 D6 X5 M5",
    severity=Severity.HIGH,
    effort=120,
    reference="https://www.nngroup.com/articles/response-times-3-important-limits/",
    needs="performance",
)
async def p95(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A step of a core flow is slower than its target for one in twenty buyers.

    Why: a demo is some twenty clicks long, so one in twenty is the click that is waited for in silence.

    Fix: look at what the report names as the cause (queries, payload, round trips, third parties), mend the largest
    share first, and measure again: `launchready perf --baseline` says whether it helped.

    Judged is the 95th percentile as a buyer on the line of `[performance] broadband` sees it, by its distribution-free
    95 % confidence interval. Where the interval lies on both sides of the target, nothing is claimed: it says how many
    more times the step must be walked. A step is passed only when all of the interval is below the target.
    """
    measured = await measurement_of(portal, look)
    if isinstance(measured, NotChecked):
        yield measured
        return
    for times in measured.steps:
        if times.pace != ACCOUNT:  # those are for comparing two accounts, and too few for an interval
            yield _judged(times, measured)
    for untold in measured.untold:
        if untold.part == "times":
            subject = f"{untold.flow}: {untold.step}" if untold.step else untold.flow or portal.domain
            yield NotChecked(subject, untold.reason, untold.unlock)
    if not measured.steps and not measured.untold:
        yield NotChecked(portal.domain, "no flow was measured", "name [[performance.flows]]")


def _judged(times: StepTimes, measured: Measurement) -> Row:
    subject = f"{times.flow}: {times.step}"
    if times.seen is None:
        return NotChecked(subject, f"none of {times.failures} walks came through", UNLOCK)
    found, target = times.seen.p95, times.target_s
    told = f"p95 {_interval(found)} against {target:g} s, {times.seen.n} times, {_line(measured)}"
    if times.failures:
        told += f"; {times.failures} more failed"
    if found.low_s is not None and found.low_s > target:
        problem = f"{times.step} takes a buyer {found.low_s:.2f} s or more in one case of twenty"  # what is sure of it
        problem += f"; the target is {target:g} s."
        evidence = "\n".join(line for line in (told, _phases(times), _database(times, measured)) if line)
        return Finding(subject, problem, evidence=evidence, key=times.user)
    if found.high_s is not None and found.high_s <= target:
        return Passed(subject, told)
    more = f"{times.needs} more" if times.needs else "more"
    reason = f"whether p95 is below {target:g} s cannot be told yet: {told}"
    walks = "walk" if times.needs == 1 else "walks"
    return NotChecked(subject, reason, f"it needs {more} {walks}: launchready perf --requests N --seconds N")


def _interval(found: Quantile) -> str:
    low, high = ("?" if bound is None else f"{bound:.2f}" for bound in (found.low_s, found.high_s))
    return f"{found.value_s:.2f} s ({low} to {high})"


def _line(measured: Measurement) -> str:
    line = measured.line
    if measured.way == "none" or not line.down_mbps:
        return "as measured from here"
    return f"on {line.name} broadband ({line.down_mbps:g}/{line.up_mbps:g} Mbit/s, {line.rtt_ms:g} ms)"


def _database(times: StepTimes, measured: Measurement) -> str:
    """How much of the portal's own time the database has, where that was counted."""
    of = (times.flow, times.step, times.user)
    found = next((q for q in measured.queries if (q.flow, q.step, q.user) == of and q.server_s), None)
    if found is None:
        return ""
    told = f"one after another, the portal takes {found.server_s * 1000:.0f} ms, of which the database "
    told += f"{found.database_s * 1000:.0f} ms in {found.calls:g} statements"
    if found.database_s < OWN_CODE * found.server_s:
        told += ": most of it is the application's own work, or its waits for others"
    return told


def _phases(times: StepTimes) -> str:
    of = times.phases
    named = {
        "lookup": of.lookup_s, "connect": of.connect_s, "TLS": of.tls_s, "server": of.wait_s, "transfer": of.transfer_s,
    }  # fmt: skip
    return "median: " + ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in named.items())
