"""A measurement against the one before it: words and tones for what `performance/regression.py` found, and its picture.

Drawn is the ratio with its interval on an axis whose middle is "no change", so that what is claimed is what is seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from launchready.performance.regression import Change, Verdict
from launchready.performance.regression import spoken as said
from launchready.report.performance_digest import spoken
from launchready.report.text import counted

TONES = {Verdict.SLOWER: "red", Verdict.FASTER: "green", Verdict.SAME: "grey", Verdict.UNKNOWN: "amber"}
_ORDER = (Verdict.SLOWER, Verdict.FASTER, Verdict.UNKNOWN, Verdict.SAME)
_WORDS = {Verdict.SLOWER: "slower", Verdict.FASTER: "faster", Verdict.SAME: "the same", Verdict.UNKNOWN: "not decided"}


def ordered(changes: Sequence[Change]) -> list[Change]:
    """What became slower first."""
    return sorted(changes, key=lambda one: (_ORDER.index(one.verdict), -(one.ratio or 1.0)))


def headline(changes: Sequence[Change]) -> str:
    """All of them in one sentence."""
    found = [one.verdict for one in changes]
    parts = [f"{found.count(verdict)} {_WORDS[verdict]}" for verdict in _ORDER if verdict in found]
    return f"Of {counted(len(found), 'step')}: {', '.join(parts)}."


def subject(change: Change) -> str:
    """Flow and step, and the pace where it is not that of two prospects at once."""
    name = f"{change.flow}: {change.step}" if change.flow != change.step else change.step
    return name if change.pace == "two" else f"{name}, at a steady rate"


def words(change: Change) -> str:
    """`slower by 31 % (18 to 44)`, or why it cannot be told."""
    return f"{said(change)}: {change.reason}" if change.verdict is Verdict.UNKNOWN else said(change)


def before_after(change: Change) -> str:
    """`0.41 s, now 0.62 s`; only what is known of it."""
    what = "p95 " if change.tail else ""
    if change.before_s is None:
        return f"now {spoken(change.after_s)}" if change.after_s is not None else ""
    return f"{what}{spoken(change.before_s)}" + (
        f", now {spoken(change.after_s)}" if change.after_s is not None else ""
    )


def beside(change: Change) -> str:
    """What is to be said beside the verdict itself."""
    if change.verdict is Verdict.SAME:
        return ""
    return change.reason if change.verdict is Verdict.UNKNOWN else said(change)


def widest(changes: Sequence[Change]) -> float:
    """The ratio at the ends of the axis: 2 or more, bounded so that one wild step does not flatten all others."""
    bounds = [bound for one in changes for bound in (one.ratio, one.low, one.high) if bound and bound > 0]
    return min(8.0, max([2.0, *(max(bound, 1 / bound) for bound in bounds)]))


def at(ratio: float, ends: float) -> float:
    """Percent of the axis."""
    bounded = min(max(ratio, 1 / ends), ends)
    return 50 + 50 * math.log(bounded) / math.log(ends)


def picture(change: Change, ends: float) -> str:
    """The shapes of one row: the middle, the interval, the ratio."""
    middle = '<line class="perf-grid" x1="50%" x2="50%" y2="24"/>'
    if change.ratio is None:
        return middle
    tone = TONES[change.verdict]
    low = at(change.low, ends) if change.low else 0.0
    high = at(change.high, ends) if change.high else 100.0
    return (
        f'{middle}<line class="perf-certain perf-stroke-{tone}" x1="{low:.2f}%" x2="{high:.2f}%" y1="12" y2="12"/>'
        f'<circle class="perf-p95 perf-fill-{tone}" cx="{at(change.ratio, ends):.2f}%" cy="12" r="5.5"/>'
    )
