"""Two measurements compared: a slowdown is found, noise is not one, and what cannot be told is said."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from launchready.measurement import Line, Measurement, StepTimes
from launchready.performance.rank_tests import Shift, holm, tail_p
from launchready.performance.regression import Verdict, compare, spoken
from launchready.performance.statistics import distribution

LINE = Line("business", 69.0, 18.0, 28.0)


def step(name: str, times: list[float], **words) -> StepTimes:
    return StepTimes(
        name, "page", "", f"GET /{name}", "two", 2.0, distribution(times) if times else None, None, **words
    )


def measured(*steps: StepTimes, **words) -> Measurement:
    whole = Measurement("a.example", "https://a.example", "1", datetime.now(UTC), 1.0, 100, LINE, "model", steps=steps)
    return replace(whole, **words)


def page(r: random.Random) -> float:
    return r.lognormvariate(-1, 0.35)


def cached(r: random.Random) -> float:
    """Two humps: one in three is not in the cache."""
    return r.gauss(0.08, 0.01) if r.random() < 0.67 else r.gauss(0.6, 0.08)


def stalls(r: random.Random) -> float:
    return r.gauss(0.2, 0.02) if r.random() < 0.96 else r.uniform(2, 5)


SHAPES = (page, cached, stalls, lambda r: 0.1 + r.expovariate(4))


def run(r: random.Random, n: int, slower: float = 1.0) -> Measurement:
    return measured(*(step(f"flow{i}", [slower * draw(r) for _ in range(n)]) for i, draw in enumerate(SHAPES)))


def test_nothing_that_changed_is_called_changed_in_at_most_one_of_twenty_comparisons() -> None:
    r, runs = random.Random(21), 100
    alarms = sum(
        any(change.verdict in (Verdict.SLOWER, Verdict.FASTER) for change in compare(run(r, 120), run(r, 120)))
        for _ in range(runs)
    )
    assert alarms / runs <= 0.05


def test_a_machine_that_is_three_percent_slower_today_is_no_alarm_either_however_often_it_walks() -> None:
    r, runs = random.Random(22), 6
    alarms = sum(
        any(change.verdict is Verdict.SLOWER for change in compare(run(r, 400), run(r, 400, 1.03))) for _ in range(runs)
    )
    assert alarms == 0


def test_thirty_percent_slower_is_found_with_120_walks() -> None:
    r, runs, found = random.Random(23), 30, 0
    for _ in range(runs):
        before, after = [page(r) for _ in range(120)], [1.3 * page(r) for _ in range(120)]
        others = [[draw(r) for _ in range(120)] for draw in SHAPES[1:]]
        change, *rest = compare(
            measured(step("flow", before), *(step(f"o{i}", times) for i, times in enumerate(others))),
            measured(step("flow", after), *(step(f"o{i}", times) for i, times in enumerate(others))),
        )
        found += change.verdict is Verdict.SLOWER
        assert all(one.verdict is not Verdict.SLOWER for one in rest)
        if change.verdict is Verdict.SLOWER:
            assert change.low < change.ratio < change.high
    assert found / runs >= 0.9


def test_the_interval_of_the_ratio_holds_the_truth_as_often_as_it_says() -> None:
    r, runs, held = random.Random(24), 150, 0
    for _ in range(runs):
        low, high = Shift([page(r) for _ in range(80)], [1.4 * page(r) for _ in range(80)]).interval(0.95)
        held += low <= 1.4 <= high
    assert held / runs >= 0.93


def test_faster_is_told_as_well() -> None:
    r = random.Random(25)
    change = compare(run(r, 200, 1.5), run(r, 200))[0]

    assert change.verdict is Verdict.FASTER
    assert spoken(change).startswith("faster by 3")
    assert change.ratio == pytest.approx(1 / 1.5, rel=0.1)


def test_a_tail_that_grew_is_found_where_the_median_did_not_move() -> None:
    r = random.Random(26)
    before = [r.gauss(0.2, 0.02) for _ in range(200)]
    after = [r.gauss(0.2, 0.02) if n % 8 else r.uniform(1, 2) for n in range(200)]
    change = compare(measured(step("flow", before)), measured(step("flow", after)))[0]

    assert change.verdict is Verdict.SLOWER
    assert change.tail
    assert change.after_s > 1
    assert "the slowest walks only" in spoken(change)


def test_no_change_is_said_only_where_none_that_matters_can_hide() -> None:
    r = random.Random(27)
    same = compare(run(r, 200), run(r, 200))[0]
    few = compare(run(r, 25), run(r, 25))[3]

    assert same.verdict is Verdict.SAME
    assert spoken(same) == "no change"
    assert few.verdict is Verdict.UNKNOWN
    assert "more walks" in few.reason


def test_what_nobody_feels_is_no_change() -> None:
    r = random.Random(28)
    before, after = [0.004 + r.random() / 1e4 for _ in range(200)], [0.006 + r.random() / 1e4 for _ in range(200)]
    change = compare(measured(step("flow", before)), measured(step("flow", after)))[0]

    assert change.verdict is Verdict.SAME


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"line": Line("dsl", 1.5, 0.4, 50)}, {}, "another line"),
        ({"url": "https://b.example"}, {}, "https://b.example"),
        ({"domain": "b.example"}, {}, "b.example"),
        ({"steps": ()}, {}, "not measured before"),
        ({}, {"steps": ()}, "not measured this time"),
        ({"steps": (step("flow", []),)}, {}, "came through before"),
        ({}, {"steps": (step("flow", []),)}, "came through now"),
        ({"steps": (step("flow", [0.1] * 19),)}, {}, "too few"),
    ],
)
def test_what_cannot_be_compared_is_said(before: dict, after: dict, said: str) -> None:
    whole = measured(step("flow", [0.1] * 100))
    changes = compare(replace(whole, **before), replace(whole, **after))

    assert [change.verdict for change in changes] == [Verdict.UNKNOWN]
    assert said in changes[0].reason


def test_equal_times_are_no_change() -> None:
    whole = measured(step("flow", [0.1] * 100))
    change = compare(whole, whole)[0]

    assert change.verdict is Verdict.SAME
    assert change.ratio == pytest.approx(1, rel=1e-3)


def test_holm_multiplies_the_smallest_by_all() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


def test_the_tail_test_is_the_hypergeometric_one() -> None:
    before, after = [float(n) for n in range(10)], [100.0, *map(float, range(9))]
    # of 20 the slowest one is of `after`: one of two chances
    assert tail_p(before, after, 1.0) == pytest.approx(0.5)
    # of 120 the slowest six are all of `after`: C(60, 6) / C(120, 6)
    assert tail_p([1.0] * 60, [*[1.0] * 54, *[9.0] * 6], 1.0) == pytest.approx(0.0137058, rel=1e-4)
