"""Two measurements of the same flows: what became slower, what faster, what did not change, what cannot be told.

A change is claimed where it is surely more than `LEAST` (which machines and networks differ by from day to day) and
more than `LEAST_S` (which nobody feels), after a correction for all steps together: over all steps of a measurement
in which nothing changed, one is called changed in at most 5 % of comparisons. "No change" is a claim as well, made only
where the interval leaves no room for one that matters. Knows nothing of why.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from launchready.measurement import OFTEN, Distribution, Measurement, StepTimes
from launchready.performance.histogram import Histogram
from launchready.performance.rank_tests import Shift, holm, tail_p
from launchready.performance.statistics import JUDGED, quantile
from launchready.performance.targets import ACCOUNT

LEAST = 1.05
LEAST_S = 0.010
MATTERS = 1.25
"""Where the interval is within this ratio both ways, or within `LEAST_S`, it is no change."""
FEWEST = 20
"""Of each, or nothing is said."""


class Verdict(StrEnum):
    """What became of a step."""

    SLOWER = "slower"
    FASTER = "faster"
    SAME = "no change"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True, slots=True)
class Change:
    """One step, before and after."""

    flow: str
    step: str
    user: str
    verdict: Verdict
    ratio: float | None
    """After to before: 1.3 is 30 % slower. None where there is nothing to compare."""
    low: float | None
    high: float | None
    """The ratio's 95 % interval; a bound that the samples cannot give is None."""
    before_s: float | None
    after_s: float | None
    """The median; the 95th percentile where only the slowest changed."""
    reason: str
    """A sentence without its full stop: what was compared, or why it cannot be told."""
    tail: bool = False
    """Whether it is about the slowest walks alone."""
    pace: str = "two"


def compare(before: Measurement, after: Measurement) -> tuple[Change, ...]:
    """What became of each step, in the order of `after`; steps that only `before` has come last.

    Steps walked to compare two accounts are left out: they are too few.
    """
    earlier = {_key(times): times for times in before.steps if times.pace != ACCOUNT}
    later = {_key(times): times for times in after.steps if times.pace != ACCOUNT}
    if reason := _incomparable(before, after):
        return tuple(_unknown(times, reason, earlier.get(_key(times)), times) for times in later.values())
    pairs = [
        _Pair(was, times, was.seen, times.seen)
        for key, times in later.items()
        if (was := earlier.get(key)) and was.seen and times.seen and min(was.seen.n, times.seen.n) >= FEWEST
    ]
    slower = holm([p for pair in pairs for p in (pair.p_slower, pair.p_slower_tail)])
    faster = holm([p for pair in pairs for p in (pair.p_faster, pair.p_faster_tail)])
    told = {
        _key(pair.after): pair.change(slower[2 * i : 2 * i + 2], faster[2 * i : 2 * i + 2])
        for i, pair in enumerate(pairs)
    }
    changes = [told.get(key) or _unknown(times, _why_not(earlier.get(key), times), earlier.get(key), times)
               for key, times in later.items()]  # fmt: skip
    gone = [
        _unknown(times, "it was not measured this time", times, None)
        for key, times in earlier.items()
        if key not in later
    ]
    return (*changes, *gone)


class _Pair:
    """A step that was measured both times, often enough."""

    def __init__(self, before: StepTimes, after: StepTimes, was: Distribution, now: Distribution) -> None:
        self.before, self.after = before, after
        self._was, self._is = was, now
        self._old, self._new = (Histogram.of(seen.counts).values() for seen in (was, now))
        self._shift = Shift(self._old, self._new)
        self.p_slower = self._shift.p_above(LEAST)
        self.p_faster = self._shift.p_below(1 / LEAST)
        self.p_slower_tail = tail_p(self._old, self._new, LEAST)
        self.p_faster_tail = tail_p(self._new, self._old, LEAST)

    def change(self, slower: list[float], faster: list[float]) -> Change:
        """What is said of it, by the corrected p of the typical walk and of the slowest."""
        # Both directions are looked in: each has half of what may go wrong.
        missed = (1 - OFTEN) / 2
        ratio, (low, high) = self._shift.ratio, self._shift.interval(OFTEN)
        was_s, is_s = self._was.p50.value_s, self._is.p50.value_s
        felt = was_s * abs(ratio - 1) >= LEAST_S
        told = f"median {was_s:.3f} s of {self._was.n} before, {is_s:.3f} s of {self._is.n} now"
        if slower[0] <= missed and felt:
            return self._said(Verdict.SLOWER, ratio, low, high, was_s, is_s, told)
        if faster[0] <= missed and felt:
            return self._said(Verdict.FASTER, ratio, low, high, was_s, is_s, told)
        if slower[1] <= missed and self._tail_felt(self._is, self._was):
            return self._of_tail(Verdict.SLOWER)
        if faster[1] <= missed and self._tail_felt(self._was, self._is):
            return self._of_tail(Verdict.FASTER)
        if (high < MATTERS or was_s * (high - 1) < LEAST_S) and (low > 1 / MATTERS or was_s * (1 - low) < LEAST_S):
            return self._said(Verdict.SAME, ratio, low, high, was_s, is_s, told)
        told += f"; the ratio is between {low:.2f} and {high:.2f}, which more walks make narrower"
        return self._said(Verdict.UNKNOWN, ratio, low, high, was_s, is_s, told)

    def _tail_felt(self, slow: Distribution, fast: Distribution) -> bool:
        return slow.p95.value_s - fast.p95.value_s >= max(LEAST_S, fast.p95.value_s * (LEAST - 1))

    def _of_tail(self, verdict: Verdict) -> Change:
        was, now = self._was.p95.value_s, self._is.p95.value_s
        # Each of the two intervals may miss half as often, so that both hold as often as is said.
        old, new = (quantile(sorted(of), JUDGED, (1 + OFTEN) / 2) for of in (self._old, self._new))
        low = new.low_s / old.high_s if new.low_s is not None and old.high_s else None
        high = new.high_s / old.low_s if new.high_s is not None and old.low_s else None
        told = f"the slowest: p95 {was:.3f} s of {self._was.n} before, {now:.3f} s of {self._is.n} now"
        return self._said(verdict, now / was if was else None, low, high, was, now, told, tail=True)

    def _said(
        self, verdict: Verdict, ratio: float | None, low: float | None, high: float | None, was_s: float, is_s: float,
        reason: str, *, tail: bool = False,
    ) -> Change:  # fmt: skip
        of = self.after
        return Change(of.flow, of.step, of.user, verdict, ratio, low, high, was_s, is_s, reason, tail, of.pace)


def spoken(change: Change) -> str:
    """In words: `slower by 31 % (18 to 44)`."""
    if change.verdict in (Verdict.SAME, Verdict.UNKNOWN) or change.ratio is None:
        return str(change.verdict)
    bounds = [None if bound is None else abs(bound - 1) * 100 for bound in (change.low, change.high)]
    if change.verdict is Verdict.FASTER:
        bounds.reverse()
    low, high = ("?" if bound is None else f"{bound:.0f}" for bound in bounds)
    part = ", the slowest walks only" if change.tail else ""
    return f"{change.verdict} by {abs(change.ratio - 1) * 100:.0f} % ({low} to {high}){part}"


def _key(times: StepTimes) -> tuple[str, str, str, str, float]:
    return times.flow, times.step, times.user, times.pace, times.rate_per_s


def _incomparable(before: Measurement, after: Measurement) -> str:
    if before.domain != after.domain:
        return f"the measurement before is of {before.domain}"
    if before.url != after.url:
        return f"the measurement before is of {before.url}"
    if (before.line, before.way) != (after.line, after.way):
        return f"the measurement before is of another line ({before.line.name}, {before.way})"
    return ""


def _why_not(before: StepTimes | None, after: StepTimes) -> str:
    if before is None:
        return "it was not measured before"
    if not after.seen or not before.seen:
        return f"no walk came through {'now' if before.seen else 'before'}"
    return f"{min(before.seen.n, after.seen.n)} walks are too few to compare: it takes {FEWEST}"


def _unknown(of: StepTimes, reason: str, before: StepTimes | None, after: StepTimes | None) -> Change:
    was_s, is_s = (times.seen.p50.value_s if times and times.seen else None for times in (before, after))
    return Change(of.flow, of.step, of.user, Verdict.UNKNOWN, None, None, None, was_s, is_s, reason, pace=of.pace)
