"""Times counted in buckets of the same relative width (HDR histogram, Gil Tene, hdrhistogram.org).

Whatever comes, memory stays bounded and each time is known to so many significant digits. Times are in seconds outside
and whole microseconds inside. Below `10 ** digits` microseconds the buckets are one microsecond wide.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

DIGITS = 3
"""Of what is kept: `Distribution.counts` has the buckets of three digits."""
LONGEST_US = 24 * 3600 * 1_000_000
"""Longer times are counted as this."""


class Histogram:
    """How many times fell into each bucket."""

    def __init__(self, digits: int = DIGITS) -> None:
        if not 1 <= digits <= 5:
            raise ValueError("a histogram has one to five significant digits")
        self.digits = digits
        self._bits = math.ceil(math.log2(2 * 10**digits))
        self._half = 1 << (self._bits - 1)
        self._counts: dict[int, int] = {}
        self.n = 0
        self._sum_us = 0
        self._max_us = 0

    @classmethod
    def of(cls, counts: Iterable[tuple[int, int]], digits: int = DIGITS) -> Histogram:
        """A histogram from kept counts; each time is taken as the middle of its bucket."""
        made = cls(digits)
        for index, count in counts:
            if count > 0 and index >= 0:
                low, high = made._edges_us(index)
                made._counts[index] = made._counts.get(index, 0) + count
                made.n += count
                made._sum_us += count * ((low + high) // 2)
                made._max_us = max(made._max_us, high)
        return made

    def record(self, value_s: float, count: int = 1) -> None:
        """Count a time. Raises ValueError for what is no time."""
        if not value_s >= 0:
            raise ValueError(f"{value_s} is no time")
        value = min(LONGEST_US, round(value_s * 1e6) if value_s < LONGEST_US else LONGEST_US)
        index = self._index(value)
        self._counts[index] = self._counts.get(index, 0) + count
        self.n += count
        self._sum_us += value * count
        self._max_us = max(self._max_us, value)

    def merge(self, other: Histogram) -> None:
        """Add all of another one's. Raises ValueError when it has other buckets."""
        if other.digits != self.digits:
            raise ValueError("histograms of different digits have different buckets")
        for index, count in other._counts.items():
            self._counts[index] = self._counts.get(index, 0) + count
        self.n += other.n
        self._sum_us += other._sum_us
        self._max_us = max(self._max_us, other._max_us)

    @property
    def counts(self) -> tuple[tuple[int, int], ...]:
        """(index of bucket, how many), by time: what is kept of it."""
        return tuple(sorted(self._counts.items()))

    @property
    def mean_s(self) -> float:
        """The mean."""
        return self._sum_us / self.n / 1e6 if self.n else 0.0

    @property
    def max_s(self) -> float:
        """The longest."""
        return self._max_us / 1e6

    def edges(self, rank: int) -> tuple[float, float]:
        """The first and last time of the bucket in which the time of that rank (from 1) is. Raises IndexError."""
        passed = 0
        for index, count in self.counts:
            passed += count
            if passed >= rank:
                low, high = self._edges_us(index)
                return low / 1e6, high / 1e6
        raise IndexError(f"there are {self.n} times")

    def at(self, rank: int) -> float:
        """The time of that rank: the middle of its bucket, and never longer than the longest."""
        low, high = self.edges(rank)
        return min((low + high) / 2, self.max_s)

    def quantile(self, q: float) -> float:
        """The smallest time that a share `q` of all does not pass. Raises IndexError when there is none."""
        return self.at(min(self.n, max(1, math.ceil(self.n * q - 1e-9))))

    def below(self, value_s: float) -> int:
        """How many are no longer than that; those of its own bucket count as such."""
        last = self._index(min(LONGEST_US, max(0, round(value_s * 1e6))))
        return sum(count for index, count in self._counts.items() if index <= last)

    def values(self) -> list[float]:
        """Every time, as the middle of its bucket, sorted."""
        found: list[float] = []
        for index, count in self.counts:
            low, high = self._edges_us(index)
            found += [(low + high) / 2e6] * count
        return found

    def _index(self, value: int) -> int:
        shift = max(0, value.bit_length() - self._bits)
        return (value >> shift) + shift * self._half

    def _edges_us(self, index: int) -> tuple[int, int]:
        shift = max(0, index // self._half - 1)
        low = (index - shift * self._half) << shift
        return low, low + (1 << shift) - 1
