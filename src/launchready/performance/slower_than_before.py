"""Whether a release made a core flow slower: this measurement beside that of an earlier release."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from launchready.gate import check
from launchready.measurement import Measurement
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.performance import kept
from launchready.performance.regression import Change, Verdict, compare, spoken
from launchready.portal import Portal
from launchready.probes.look import Look


@check(
    "performance.regression",
    Stage.PERFORMANCE,
    roadmap="X5 D6",
    severity=Severity.HIGH,
    effort=60,
    reference="https://doi.org/10.1214/aoms/1177730491",
    needs="performance",
)
async def regression(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A step of a core flow became slower with a release.

    Why: portals become slow a little at a time; the release that did it is easy to find on the day it is made, and
    hard to find a month later.

    Fix: look at what that release changed in the step's route (`launchready perf` names queries, payload and round
    trips); go back with `launchready rollback` where the demo is near.

    Compared are the times that buyers have seen, step by step, with the last measurement of another release on the
    same line. Chance is kept below five in a hundred over all steps together, and a difference too small to be felt
    is no change.
    """
    measured = await kept.measurement_of(portal, look)
    if isinstance(measured, NotChecked):
        yield measured
        return
    before = look.baseline or await asyncio.to_thread(_of_another_release, portal, look, measured)
    if before is None:
        reason = "there is no measurement of an earlier release to compare with"
        yield NotChecked(portal.domain, reason, "measure before and after a release: launchready perf --baseline")
        return
    look.baseline = before  # the report shows what it was compared with
    for change in compare(before, measured):
        yield _judged(change, before)


def earlier(root: Path, release: str, against: str = "") -> Measurement:
    """The measurement to compare with: of the release or file `against`, else the last one of another release.

    Raises ValueError, in words for people, when there is none.
    """
    if against and Path(against).is_file():
        try:
            return kept.read(Path(against))
        except OSError as error:
            raise ValueError(f"{against}: cannot be read: {error.strerror or error}") from None
    found = _newest(root, lambda one: one.release == against if against else one.release != release)
    if found is None and not against:
        found = _newest(root, lambda _one: True)  # the same release again: did something else change?
    if found is None:
        said = f"of {against}" if against else "before this one"
        raise ValueError(f"no measurement {said} is kept in {root / kept.FOLDER}; run `launchready perf` first")
    return found


def _newest(root: Path, fits: Callable[[Measurement], bool]) -> Measurement | None:
    for path in reversed(kept.paths(root)):
        try:
            one = kept.read(path)
        except (OSError, ValueError):
            continue
        if fits(one):
            return one
    return None


def _of_another_release(portal: Portal, look: Look, measured: Measurement) -> Measurement | None:
    root = kept.root_of(portal, look)
    if root is None:
        return None
    return _newest(root, lambda one: one.release != measured.release and one.at < measured.at)


def _judged(change: Change, before: Measurement) -> Row:
    subject = f"{change.flow}: {change.step}"
    of = f"release {before.release}" if before.release else f"the measurement of {before.at:%Y-%m-%d %H:%M}"
    if change.verdict is Verdict.SLOWER:
        problem = f"{change.step} is {spoken(change)} than with {of}."
        return Finding(subject, problem, evidence=change.reason, key=f"{change.user} {change.pace}")
    if change.verdict is Verdict.UNKNOWN:
        reason = f"whether it changed since {of} cannot be told: {change.reason}"
        return NotChecked(subject, reason, "walk it more often: launchready perf --requests N --seconds N")
    return Passed(subject, f"{spoken(change)} since {of}: {change.reason}")
