"""Intervals hold the truth as often as they say, whatever the shape; and measuring stops only when it may."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from itertools import pairwise

import pytest

from launchready.performance.histogram import LONGEST_US, Histogram
from launchready.performance.statistics import (
    MOST,
    Settling,
    distribution,
    looks,
    needed,
    quantile,
    ranks,
)


def settled(times: Iterable[float], target_s: float) -> bool:
    settling = Settling(target_s)
    for value in times:
        settling.take(value)
    return settling.settled


def two_humps(r: random.Random) -> float:
    """A cache that misses once in five."""
    return r.gauss(0.05, 0.005) if r.random() < 0.8 else r.gauss(0.9, 0.1)


def two_humps_quantile(q: float) -> float:
    normal = lambda x, mean, sd: 0.5 * (1 + math.erf((x - mean) / sd / math.sqrt(2)))  # noqa: E731
    low, high = 0.0, 3.0
    for _ in range(60):
        middle = (low + high) / 2
        at = 0.8 * normal(middle, 0.05, 0.005) + 0.2 * normal(middle, 0.9, 0.1)
        low, high = (middle, high) if at < q else (low, middle)
    return low


Z = {0.5: 0.0, 0.95: 1.6448536, 0.99: 2.3263479}
SHAPES = {
    "exponential": (lambda r: r.expovariate(1), lambda q: -math.log(1 - q)),
    "lognormal": (lambda r: r.lognormvariate(0, 1), lambda q: math.exp(Z[q])),
    "heavy tail": (lambda r: r.paretovariate(1.2), lambda q: (1 - q) ** (-1 / 1.2)),
    "uniform": (lambda r: r.random(), lambda q: q),
    "two humps": (two_humps, two_humps_quantile),
    "steps of 10 ms": (lambda r: math.ceil(r.random() * 100) / 100, lambda q: math.ceil(q * 100 - 1e-9) / 100),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("q", [0.5, 0.95])
def test_the_interval_holds_the_truth_as_often_as_it_says(shape: str, q: float) -> None:
    draw, truth = SHAPES[shape]
    r, true, runs, n, held = random.Random(5), truth(q), 1500, 120, 0
    for _ in range(runs):
        found = quantile(sorted(draw(r) for _ in range(n)), q)
        held += found.low_s <= true <= found.high_s

    assert held / runs >= 0.94
    if shape != "steps of 10 ms":
        assert held / runs <= 0.985  # not by being needlessly wide


def test_p99_has_no_upper_bound_below_368_times_and_says_so() -> None:
    r = random.Random(1)
    seen = distribution([r.random() for _ in range(367)])
    assert seen.p99.high_s is None
    assert seen.p99.low_s is not None
    assert distribution([r.random() for _ in range(368)]).p99.high_s is not None


def test_ranks_are_those_of_the_binomial_distribution() -> None:
    assert ranks(71, 0.95)[1] == 0
    assert ranks(72, 0.95) == (ranks(72, 0.95)[0], 72)  # 0.95 ** 72 is the first below 2.5 %
    for n, q in ((20, 0.5), (120, 0.95), (400, 0.99)):
        low, high = ranks(n, q)
        cdf = [0.0]
        for k in range(n + 1):
            cdf.append(cdf[-1] + math.comb(n, k) * q**k * (1 - q) ** (n - k))
        assert cdf[low] <= 0.025 < cdf[low + 1]  # P(B < low)
        assert 1 - cdf[high] <= 0.025 < 1 - cdf[high - 1]  # P(B >= high)
    assert ranks(1, 0.5) == (0, 0)
    low, high = ranks(1_000_000, 0.95)
    assert abs(low - 949_573) <= 2  # 1.96 standard deviations of 217.9
    assert abs(high - 950_428) <= 2


def test_a_distribution_is_exact_and_keeps_its_histogram() -> None:
    r = random.Random(2)
    times = [two_humps(r) for _ in range(1000)]
    histogram = Histogram()
    for value in times:
        histogram.record(value)
    exact = distribution(times)

    assert exact.p50.value_s == sorted(times)[499]
    assert exact.max_s == max(times)
    assert exact.counts == histogram.counts


def test_no_times_are_no_distribution() -> None:
    with pytest.raises(ValueError, match="at least one"):
        distribution([])


@pytest.mark.parametrize("digits", [1, 2, 3, 4, 5])
def test_a_histogram_knows_each_time_to_its_digits(digits: int) -> None:
    r = random.Random(3)
    for value in [10 ** r.uniform(-6, 4) for _ in range(500)]:
        histogram = Histogram(digits)
        histogram.record(value)
        low, high = histogram.edges(1)
        assert low - 1e-6 <= value <= high + 1e-6
        assert abs(histogram.at(1) - value) <= value * 10**-digits + 1e-6


def test_buckets_follow_each_other_without_gaps() -> None:
    histogram = Histogram(1)
    edges = [histogram._edges_us(index) for index in range(200)]
    assert all(one[1] + 1 == following[0] for one, following in pairwise(edges))
    assert [histogram._index(low) for low, _ in edges] == list(range(200))
    assert [histogram._index(high) for _, high in edges] == list(range(200))


def test_a_histogram_has_bounded_memory_and_takes_everything_that_is_a_time() -> None:
    r, histogram = random.Random(4), Histogram()
    for _ in range(50_000):
        histogram.record(10 ** r.uniform(-7, 6))
    histogram.record(float("inf"))
    histogram.record(0)
    assert len(histogram.counts) < 30_000
    assert histogram.max_s == LONGEST_US / 1e6
    for wrong in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="no time"):
            histogram.record(wrong)


def test_histograms_merge_and_are_kept() -> None:
    r, one, other, whole = random.Random(6), Histogram(), Histogram(), Histogram()
    for n in range(2000):
        value = r.expovariate(3)
        (one if n % 3 else other).record(value)
        whole.record(value)
    one.merge(other)
    kept = Histogram.of(one.counts)

    assert one.counts == whole.counts == kept.counts
    assert kept.quantile(0.95) == pytest.approx(whole.quantile(0.95), rel=1e-3)
    assert kept.mean_s == pytest.approx(whole.mean_s, rel=1e-3)
    assert sum(v <= 0.2 for v in kept.values()) == pytest.approx(kept.below(0.2), abs=5)
    with pytest.raises(ValueError, match="different"):
        one.merge(Histogram(2))


def test_needed_is_nothing_when_the_interval_decides_and_72_for_a_portal_never_seen() -> None:
    assert needed([], 2.0) == 72
    assert needed([0.1] * 72, 2.0) == 0
    assert needed([0.1] * 40, 2.0) == 32
    assert needed([3.0] * 10, 2.0) == 0
    assert needed(distribution([0.1] * 40), 2.0) == 32


def test_needed_walks_do_decide_when_they_are_as_those_before() -> None:
    times = ([0.1] * 37 + [5.0]) * 4  # 2.6 % are slow
    more = needed(times, 2.0)
    assert more > 0
    everything = [5.0 if n % 38 == 37 else 0.1 for n in range(len(times) + more)]
    assert needed(everything, 2.0) == 0


def test_at_the_target_itself_it_needs_more_than_anybody_has() -> None:
    times = [0.1] * 95 + [5.0] * 5
    assert needed(times, 2.0) >= MOST - 100


def test_looks_are_at_fixed_numbers_however_often_one_asks() -> None:
    assert looks(89) == ()
    assert looks(300)[:3] == (90, 135, 203)
    fast = [0.1] * 500
    assert not settled(fast[:89], 2.0)
    assert settled(fast[:90], 2.0)
    assert settled([3.0] * 90, 2.0)


def _stops(r: random.Random, slow: float, most: int) -> tuple[int, bool | None]:
    """Walk until `settled` or `most`; then what the interval says: below the target, above, or cannot tell."""
    times: list[float] = []
    sizes = {*looks(most), most}
    while len(times) < most:
        times.append(5.0 if r.random() < slow else 0.1)
        if len(times) in sizes and settled(times, 2.0):
            break
    found = distribution(times).p95
    if found.high_s is not None and found.high_s <= 2.0:
        return len(times), True
    return len(times), False if found.low_s is not None and found.low_s > 2.0 else None


@pytest.mark.parametrize(("slow", "wrong"), [(0.0501, True), (0.0499, False)])
def test_stopping_early_is_wrong_no_more_often_than_it_says(slow: float, wrong: bool) -> None:
    r, runs = random.Random(7), 600
    verdicts = [_stops(r, slow, 1100)[1] for _ in range(runs)]
    assert verdicts.count(wrong) / runs <= 0.05


def test_looking_after_every_walk_would_be_wrong_far_more_often() -> None:
    """What the looks are for: the same walks, stopped as soon as the plain interval decides."""
    r, runs, wrong = random.Random(7), 150, 0
    for _ in range(runs):
        slow = 0
        for n in range(1, 1101):
            slow += r.random() < 0.0501
            low, high = ranks(n, 0.95)
            if high and n - slow >= high:
                wrong += 1
                break
            if low and n - slow < low:
                break
    assert wrong / runs > 0.05


def test_it_does_stop_early_where_the_answer_is_plain() -> None:
    r = random.Random(8)
    stopped = [_stops(r, 0.005, 1100) for _ in range(100)]
    assert sum(n <= 304 for n, _ in stopped) >= 80
    assert all(below for _, below in stopped)
