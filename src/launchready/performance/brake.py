"""When a load must stop for the target's sake: it refuses, it fails, or it gets slower than it was when we began.

Judges one kind of walk; knows nothing of how fast it is driven.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from launchready.performance.statistics import ranks

WINDOW = 20
"""So many of the last walks are judged for failures."""
FAILED = 5
"""So many of those may not fail."""
IN_A_ROW = 3
"""Nor so many one after the other."""
BEGINNING = 40
"""The walks of the beginning that later ones are held against, as many at a time."""
CLIMB = 2.0
CLIMB_S = 0.25
"""The median may not surely be that many times as long and that much longer than in the beginning."""
SURELY = 0.998
"""Of both medians' intervals: a steady target is stopped in less than one of 100,000 looks."""


class End(StrEnum):
    """How a walk ended."""

    WELL = "well"
    FAILED = "failed"
    """It did not go as it should, or nothing was answered."""
    LIMITED = "limited"
    """429: the portal limits how often; RFC 6585 section 4."""
    OVERLOADED = "overloaded"
    """503: it has too much to do; RFC 9110 section 15.6.4."""


@dataclass
class Brake:
    """The walks so far of one flow; `take` gives the reason to stop, or nothing."""

    _last: deque[End] = field(default_factory=lambda: deque(maxlen=WINDOW))
    _first_s: list[float] = field(default_factory=list)
    _recent_s: deque[float] = field(default_factory=lambda: deque(maxlen=BEGINNING))
    _walks: int = 0

    def take(self, end: End, took_s: float | None) -> str:
        """Take one more walk."""
        self._last.append(end)
        self._walks += 1
        if end is End.LIMITED:
            return "it answered 429: it limits how often it may be asked"
        if end is not End.WELL and (reason := self._failing()):
            return reason
        if end is not End.WELL or took_s is None:
            return ""
        if len(self._first_s) < BEGINNING:
            self._first_s.append(took_s)
            return ""
        self._recent_s.append(took_s)
        return self._climbing()

    def _failing(self) -> str:
        overloaded = sum(end is End.OVERLOADED for end in self._last)
        if overloaded >= 2:
            return f"it answered 503 {overloaded} times: it has too much to do"
        failed = sum(end is not End.WELL for end in self._last)
        latest = list(self._last)[-IN_A_ROW:]
        if len(latest) == IN_A_ROW and all(end is not End.WELL for end in latest):
            return f"{IN_A_ROW} walks in a row failed"
        return f"{failed} of the last {len(self._last)} walks failed" if failed >= FAILED else ""

    def _climbing(self) -> str:
        if len(self._recent_s) < BEGINNING or self._walks % WINDOW:
            return ""
        low, high = ranks(BEGINNING, 0.5, SURELY)
        began_s = sorted(self._first_s)[high - 1]
        now_s = sorted(self._recent_s)[low - 1]
        if now_s < began_s * CLIMB or now_s - began_s < CLIMB_S:
            return ""
        return f"it got slower under it: the median grew from at most {began_s:.2f} s to at least {now_s:.2f} s"
