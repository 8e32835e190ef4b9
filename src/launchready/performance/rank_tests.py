"""Whether two samples of times differ, by ranks alone: no shape is assumed of either.

`Shift` compares typical times (Mann and Whitney 1947, ratio by Hodges and Lehmann 1963), `tail_p` the slowest ones
(quantile test, Johnson, Verrill and Moore 1987). `holm` corrects for many tests at once (Holm 1979).
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property
from statistics import NormalDist

_NORMAL = NormalDist()
_WIDEST = 12.0
"""Ratios up to e to the 12th are looked for."""
_FINE = 1e-4
"""Ratios are found to so much of themselves, which is finer than a histogram's buckets."""
_FLOOR_S = 1e-6
TAIL = 0.95
"""The slowest are those above this quantile of both together."""


class Shift:
    """By what ratio the times of `after` are those of `before`."""

    def __init__(self, before: Sequence[float], after: Sequence[float]) -> None:
        self._before, self._after = (sorted(math.log(max(v, _FLOOR_S)) for v in times) for times in (before, after))

    @cached_property
    def ratio(self) -> float:
        """Hodges and Lehmann's estimate: the middle of all ratios between one of each."""
        return math.exp(self._where(0.0))

    def interval(self, sure: float) -> tuple[float, float]:
        """The ratios that the test does not refuse."""
        limit = _NORMAL.inv_cdf((1 + sure) / 2)
        return math.exp(self._where(limit)), math.exp(self._where(-limit))

    def p_above(self, ratio: float) -> float:
        """How likely such times are if the true ratio is `ratio` or less."""
        return 1 - _NORMAL.cdf(self._z(math.log(ratio)))

    def p_below(self, ratio: float) -> float:
        """The same if it is `ratio` or more."""
        return _NORMAL.cdf(self._z(math.log(ratio)))

    def _where(self, z: float) -> float:
        """The logarithm of the ratio at which the test's value is `z`; it falls as the ratio grows."""
        low = max(-_WIDEST, self._after[0] - self._before[-1] - 1)
        high = min(_WIDEST, self._after[-1] - self._before[0] + 1)
        while high - low > _FINE:
            middle = (low + high) / 2
            low, high = (middle, high) if self._z(middle) > z else (low, middle)
        return (low + high) / 2

    def _z(self, log_ratio: float) -> float:
        """Mann and Whitney's U of `after`, taken back by the ratio, in standard deviations; ties count half."""
        before, n, m = self._before, len(self._before), len(self._after)
        wins = ties = 0
        for value in self._after:
            low = bisect_left(before, value - log_ratio - 1e-12)
            high = bisect_right(before, value - log_ratio + 1e-12, low)
            wins += low
            ties += high - low
        u = wins + ties / 2
        spread = math.sqrt(n * m * (n + m + 1) / 12)
        return (u - n * m / 2) / spread if spread else 0.0


def tail_p(before: Sequence[float], after: Sequence[float], ratio: float) -> float:
    """How likely so many of `after` are among the slowest of all, if its tail is at most `ratio` as slow.

    The exact hypergeometric probability; nothing of how slow they are comes in.
    """
    shifted = [value / ratio for value in after]
    pooled = sorted([*before, *shifted])
    edge = pooled[min(len(pooled) - 1, math.ceil(len(pooled) * TAIL) - 1)]
    ours = sum(value > edge for value in shifted)
    slow = ours + sum(value > edge for value in before)
    return _hypergeometric_from(ours, len(pooled), slow, len(shifted))


def holm(ps: Sequence[float]) -> list[float]:
    """Each p as it is after so many tests: below 0.05 anywhere by chance in at most 5 % of all families."""
    adjusted, highest = [1.0] * len(ps), 0.0
    for done, place in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        highest = max(highest, min(1.0, ps[place] * (len(ps) - done)))
        adjusted[place] = highest
    return adjusted


def _hypergeometric_from(k: int, population: int, marked: int, drawn: int) -> float:
    """P(X >= k) for the marked ones among those drawn."""

    def choose(n: int, r: int) -> float:
        return math.lgamma(n + 1) - math.lgamma(r + 1) - math.lgamma(n - r + 1)

    least, most = max(k, 0, drawn + marked - population), min(marked, drawn)
    whole = choose(population, drawn)
    logs = (choose(marked, x) + choose(population - marked, drawn - x) - whole for x in range(least, most + 1))
    return min(1.0, sum(map(math.exp, logs)))
