"""Times as distributions: quantiles with confidence intervals that assume no shape, and when enough was measured.

The interval of a quantile is a pair of order statistics, with ranks from the binomial distribution (David and Nagaraja,
Order Statistics, 3rd ed. 2003, section 7.1): response times have two humps and long tails, so nothing normal is
assumed. What it does assume is that one walk tells nothing of the next.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

from launchready.measurement import OFTEN, Distribution, Quantile
from launchready.performance.histogram import Histogram

JUDGED = 0.95
"""The quantile that is held against the target."""
_KEPT = (0.5, JUDGED, 0.99)
MOST = 1_000_000
"""`needed` never says more."""


def distribution(samples: Iterable[float]) -> Distribution:
    """The distribution of times in seconds, exact. Raises ValueError where there are none."""
    ordered = sorted(samples)
    if not ordered:
        raise ValueError("a distribution needs at least one time")
    p50, p95, p99 = (quantile(ordered, q) for q in _KEPT)
    histogram = Histogram()
    for value in ordered:
        histogram.record(value)
    mean_s = math.fsum(ordered) / len(ordered)
    return Distribution(len(ordered), p50, p95, p99, mean_s, ordered[-1], histogram.counts)


def quantile(ordered: Sequence[float], q: float, sure: float = OFTEN) -> Quantile:
    """A quantile of sorted times, with the interval that holds the true one with probability `sure` or more."""
    low, high = ranks(len(ordered), q, sure)
    return Quantile(
        q,
        ordered[_rank(len(ordered), q) - 1],
        ordered[low - 1] if low else None,
        ordered[high - 1] if high else None,
    )


def ranks(n: int, q: float, sure: float = OFTEN) -> tuple[int, int]:
    """Ranks (from 1) of the order statistics that bound the quantile; 0 for a bound that `n` times cannot give."""
    missed = (1 - sure) / 2
    low, high = _rank_below(n, q, missed), _rank_below(n, 1 - q, missed)
    return low, n + 1 - high if high else 0


def needed(seen: Iterable[float] | Distribution, target_s: float) -> int:
    """How many more walks until the interval of p95 lies on one side of the target; 0 when it does.

    Supposes that the next walks are as those so far. Near the target that may be very many: never more than `MOST`.
    """
    n, below = _below(seen, target_s)
    if not n:
        return _fewest(1.0)
    if _decides(n, below):
        return 0
    return max(1, _fewest(below / n) - n)


class Settling:
    """Whether measuring may stop, since p95 is surely on one side of the target. Takes times in the order they come.

    Whoever looks after every walk and stops when the interval pleases is wrong far more often than the interval says.
    So looks are at fixed numbers of walks (`looks`), however often one asks, and each spends a share of an error of
    2.5 % (alpha spending, Lan and DeMets, Biometrika 70, 1983). With the 2.5 % of the interval at the end, a verdict
    is wrong in at most 5 % of all measurements.
    """

    def __init__(self, target_s: float) -> None:
        self.target_s = target_s
        self.settled = False
        self._n = self._below = self._looked = 0

    def take(self, value_s: float) -> None:
        """Take one more time."""
        self._n += 1
        self._below += value_s <= self.target_s
        if self._n < _look(self._looked + 1):
            return
        self._looked += 1
        spent = 0.025 * 6 / (math.pi * self._looked) ** 2
        self.settled = self.settled or _decides(self._n, self._below, 1 - 2 * spent)

    @property
    def decides(self) -> bool:
        """Whether the interval of all times so far lies on one side of the target: `needed` is 0."""
        return bool(self._n) and _decides(self._n, self._below)


def looks(n: int) -> tuple[int, ...]:
    """At how many walks it is looked, up to `n`."""
    found: list[int] = []
    while (following := _look(len(found) + 1)) <= n:
        found.append(following)
    return tuple(found)


def _look(number: int) -> int:
    return math.ceil(90 * 1.5 ** (number - 1))


def _decides(n: int, below: int, sure: float = OFTEN) -> bool:
    """Whether the interval of p95 of `n` times, `below` of them no longer than the target, lies on one side of it."""
    low, high = ranks(n, JUDGED, sure)
    return bool((high and below >= high) or (low and below < low))


def _fewest(share: float) -> int:
    """How many times in all, when that share of them is no longer than the target."""
    n = 1
    while n < MOST and not _decides(n, _counted(n, share)):
        n *= 2
    if n >= MOST:
        return MOST
    first, last = n // 2, n
    while last - first > 1:
        middle = (first + last) // 2
        if _decides(middle, _counted(middle, share)):
            last = middle
        else:
            first = middle
    return last


def _counted(n: int, share: float) -> int:
    return math.floor(n * share + 1e-9)


def _below(seen: Iterable[float] | Distribution, target_s: float) -> tuple[int, int]:
    if isinstance(seen, Distribution):
        return seen.n, Histogram.of(seen.counts).below(target_s)
    samples = list(seen)
    return len(samples), sum(value <= target_s for value in samples)


def _rank(n: int, q: float) -> int:
    """The nearest rank: the smallest time that a share `q` of all does not pass."""
    return min(n, max(1, math.ceil(n * q - 1e-9)))


@lru_cache(maxsize=4096)
def _rank_below(n: int, q: float, missed: float) -> int:
    """The largest rank whose time is above the quantile with probability `missed` at most; 0 when there is none.

    The time of rank r is above the quantile when fewer than r of n are at or below it: P(B(n, q) <= r - 1).
    """
    spread = math.sqrt(n * q * (1 - q))
    k = max(0, math.floor(n * q - 12 * spread - 10))  # what is below has no weight
    odds = q / (1 - q)
    logarithm = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    weight = math.exp(logarithm + k * math.log(q) + (n - k) * math.log1p(-q))
    total = weight
    while total <= missed and k < n:
        k += 1
        weight *= (n - k + 1) / k * odds
        total += weight
    return k
