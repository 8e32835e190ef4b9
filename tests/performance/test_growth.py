"""Steps that stall on a large account's data, and first visitors who wait for the portal to wake up."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.performance.judging import HEALTHY, found, judged, passed, unchecked

from launchready.lab.faults.performance_answers import first_after, growing
from launchready.lab.measured import LARGE, SMALL
from launchready.measurement import BodyFacts, Measurement, Phases, RouteQueries, Statement, Untold
from launchready.model import NotChecked, Passed, Severity
from launchready.performance.cold import cold
from launchready.performance.growth import growth


def counted(small: tuple[float, float], large: tuple[float, float]) -> tuple[RouteQueries, ...]:
    """Statements a request and rows each reads, of the dashboard by either account."""

    def asked(user: str, calls: float, rows: float) -> RouteQueries:
        statement = Statement("SELECT * FROM lines WHERE invoice_id = $1", calls, rows, 0.4, 0.9, "lines")
        return RouteQueries(
            "pg_stat_statements", "dashboard", "dashboard", user, "GET /", 7, calls, 0.1, 0.2, (statement,)
        )

    return asked(SMALL, *small), asked(LARGE, *large)


def answering(small: BodyFacts, large: BodyFacts) -> Measurement:
    """A dashboard that takes the large account six times as long, with these answers."""
    one = next(e for e in HEALTHY.exchanges if e.flow == "dashboard")
    pair = replace(one, user=SMALL, facts=small), replace(one, user=LARGE, facts=large)
    return replace(growing(0.11, 0.7)(HEALTHY), exchanges=pair, queries=())


async def test_a_step_that_stalls_names_both_times_and_the_statements_that_grew_along() -> None:
    measured = replace(growing(0.11, 0.7)(HEALTHY), queries=counted((12, 1), (912, 1)))

    row = await found(growth, measured)

    assert row.subject == "dashboard: dashboard"
    assert "6.4 times as long for a large account: 700 ms instead of 110 ms" in row.problem
    assert "912 statements a request instead of 12" in row.problem
    assert row.severity is Severity.HIGH


async def test_rows_that_are_read_for_a_sum_are_named_although_the_statements_are_as_many() -> None:
    row = await found(growth, replace(growing(0.11, 0.7)(HEALTHY), queries=counted((3, 10), (3, 4_000))))

    assert "12,000 rows read a request instead of 30" in row.problem
    assert "Let the database count" in row.fix


async def test_rows_and_bytes_of_the_answer_are_named() -> None:
    row = await found(growth, answering(BodyFacts("html", 9_000, rows=12), BodyFacts("html", 400_000, rows=2_000)))

    assert "2,000 rows in the answer instead of 12" in row.evidence
    assert "400 kB in the answer instead of 9 kB" in row.evidence


async def test_where_nothing_grew_along_that_is_said() -> None:
    same = BodyFacts("html", 9_000, rows=12)

    uncounted = answering(same, same)
    counts = replace(uncounted, queries=counted((3, 10), (3, 12)))

    assert "its answer is about as large for both" in (await found(growth, uncounted)).problem
    assert "neither statements nor bytes grew along" in (await found(growth, counts)).problem


@pytest.mark.parametrize(("small_s", "large_s"), [(0.11, 0.19), (0.004, 0.06), (0.9, 1.1), (0.7, 0.11)])
async def test_what_nobody_feels_is_right(small_s: float, large_s: float) -> None:
    assert await passed(growth, growing(small_s, large_s)(HEALTHY))


async def test_intervals_that_meet_decide_nothing() -> None:
    def wide(measured: Measurement) -> Measurement:
        steps = []
        for one in measured.steps:
            if one.user == LARGE and one.pace == "account" and one.server:
                p50 = replace(one.server.p50, low_s=0.1)
                one = replace(one, server=replace(one.server, p50=p50))
            steps.append(one)
        return replace(measured, steps=tuple(steps))

    row = await unchecked(growth, wide(growing(0.11, 0.7)(HEALTHY)))

    assert "the intervals meet" in row.reason


@pytest.mark.parametrize(("small", "large"), [("", ""), (SMALL, ""), (LARGE, LARGE)])
async def test_one_account_tells_nothing_of_larger_ones(small: str, large: str) -> None:
    row = await unchecked(growth, replace(HEALTHY, small=small, large=large))

    assert "only one account" in row.reason
    assert "[performance]" in row.unlock


async def test_accounts_that_walked_no_step_both_are_not_compared() -> None:
    alone = tuple(s for s in HEALTHY.steps if s.user != SMALL)

    assert "no step was walked by both" in (await unchecked(growth, replace(HEALTHY, steps=alone))).reason


async def test_the_first_visitor_who_waits_far_longer_is_found() -> None:
    row = await found(cold, first_after(6.2)(HEALTHY))

    assert (row.subject, row.severity) == ("dashboard: dashboard", Severity.HIGH)
    assert row.problem == "The first visitor waits 6.2 s for dashboard, those after 252 ms."
    assert (await found(cold, first_after(2.5)(HEALTHY))).severity is Severity.NICE


async def test_a_first_visitor_who_is_redirected_is_told_which_answer_it_was() -> None:
    asked = next(one for one in HEALTHY.exchanges if one.flow == "dashboard")
    led_to = replace(asked, route="GET /start", hop=1, phases=Phases(wait_s=5.9))
    again = replace(asked, route="GET /later", phases=Phases(wait_s=9.0))

    row = await found(cold, first_after(6.2)(replace(HEALTHY, exchanges=(*HEALTHY.exchanges, led_to, again))))

    assert row.evidence.endswith("5.9 s of the first walk was GET /start")
    assert "of the first walk" not in (await found(cold, first_after(6.2)(HEALTHY))).evidence


async def test_a_login_before_the_flows_that_wakes_the_portal_is_found() -> None:
    woken = replace(HEALTHY, first_s=8.0, first_again_s=0.2, first_route="GET /signin")
    row = await found(cold, woken)

    assert (row.subject, row.severity) == ("GET /signin", Severity.HIGH)
    assert row.problem == "The first visitor waits 8.0 s for the first answer, those after 200 ms."
    assert await passed(cold, replace(woken, first_again_s=7.0)), "always slow: not the cold's fault"
    assert await passed(cold, replace(woken, first_again_s=None)), "it could not be asked again"
    step = next(one for one in HEALTHY.steps if one.cold_s is not None)
    assert await passed(cold, replace(woken, first_route=step.route)), "judged as a step"


async def test_a_first_time_within_the_target_or_near_the_others_is_right() -> None:
    slow_always = tuple(replace(s, cold_s=3.0, target_s=2.0, seen=s.seen and replace(
        s.seen, p50=replace(s.seen.p50, value_s=2.4))) for s in HEALTHY.steps)  # fmt: skip

    assert await passed(cold, first_after(1.9)(HEALTHY))
    assert await passed(cold, replace(HEALTHY, steps=slow_always))  # that is performance.p95's


async def test_without_a_first_walk_nothing_is_said_of_it() -> None:
    (row,) = await judged(cold, replace(HEALTHY, steps=tuple(replace(s, cold_s=None) for s in HEALTHY.steps)))

    assert isinstance(row, NotChecked)


async def test_the_healthy_portal_is_silent() -> None:
    assert all(isinstance(row, Passed) for row in [*await judged(growth), *await judged(cold)])


async def test_a_page_that_is_one_accounts_alone_is_told_apart_from_a_lost_session() -> None:
    gone = Untold("bills", "bills", "the session of small is gone", "see how long a session lives", part="growth")
    other = Untold("", "", "no account was walked", "", part="growth")

    told = [
        row.unlock
        for row in await judged(growth, replace(HEALTHY, untold=(gone, other)))
        if isinstance(row, NotChecked)
    ]

    assert told[0].startswith("see how long a session lives; where the address is one account's alone")
    assert all("one account's alone" in unlock for unlock in told)


async def test_a_first_walk_that_one_or_two_followed_is_not_judged() -> None:
    late = first_after(6.2)(HEALTHY)
    few = tuple(replace(s, seen=s.seen and replace(s.seen, n=2)) for s in late.steps)

    (row,) = await judged(cold, replace(late, steps=few))

    assert isinstance(row, NotChecked)
