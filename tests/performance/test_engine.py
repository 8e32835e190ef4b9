"""Arrivals wait for nobody, two prospects are two, and a load stops for the target's sake."""

from __future__ import annotations

import asyncio
import random
import time

import pytest

from launchready.performance.brake import Brake, End
from launchready.performance.engine import Budget, Unit, Walked, arrivals, ensure_owned, moments, two
from launchready.performance.statistics import Settling
from launchready.portal import Portal

MUCH = Budget(10_000, 20.0)


def walking(*ends: End, took_s: float = 0.01, requests: int = 1):
    """A walk that ends so, one after the other; the last one again and again."""
    made = []

    async def walk(late_s: float) -> Walked:
        await asyncio.sleep(0)
        made.append(late_s)
        return Walked(took_s, requests, ends[min(len(made), len(ends)) - 1] if ends else End.WELL)

    walk.made = made
    return walk


async def test_arrivals_do_not_wait_for_answers() -> None:
    """The portal stalls until thirty are waiting: who sends one after the other never gets there."""
    waiting, stalled = 0, asyncio.Event()

    async def walk(late_s: float) -> Walked:
        nonlocal waiting
        waiting += 1
        if waiting == 30:
            stalled.set()
        async with asyncio.timeout(10):
            await stalled.wait()
        return Walked(0.1)

    ran = await arrivals(Unit("home", walk), 500, Budget(30, 20.0), seed=3)

    assert ran.walks == 30
    assert ran.most_at_once == 30
    assert ran.failures == 0


async def test_what_begins_late_has_waited_that_long() -> None:
    walk = walking()

    async def blocking(late_s: float) -> Walked:
        if len(walk.made) == 5:
            time.sleep(0.2)  # noqa: ASYNC251 - the whole machine stands still
        return await walk(late_s)

    ran = await arrivals(Unit("home", blocking), 100, Budget(30, 20.0), pattern="constant")

    assert max(walk.made) > 0.1  # ten moments passed meanwhile
    assert sum(late > 0.05 for late in walk.made) >= 10
    assert ran.late_s == max(walk.made)
    assert dict(ran.times)["home"].max_s >= 0.1


async def test_arrivals_end_with_the_budget_also_when_many_are_under_way() -> None:
    gate = asyncio.Event()

    async def walk(late_s: float) -> Walked:
        await gate.wait()
        return Walked(0.1, 1)

    async def open_later() -> None:
        await asyncio.sleep(0.3)
        gate.set()

    ran, _ = await asyncio.gather(arrivals(Unit("home", walk), 1000, Budget(40, 20.0)), open_later())

    assert ran.requests == 40
    assert "budget of 40 requests" in ran.ended


async def test_a_portal_that_does_not_keep_up_is_left_alone() -> None:
    async def walk(late_s: float) -> Walked:
        await asyncio.sleep(0.5)
        return Walked(0.5)

    ran = await arrivals(Unit("home", walk), 1000, MUCH, at_once=16)

    assert ran.most_at_once == 16
    assert "does not keep up" in ran.ended
    assert ran.stops[0][0] == "home"


async def test_arrivals_come_at_the_rate_and_the_same_seed_gives_the_same() -> None:
    waits = [moments(50, "poisson", 9)() for _ in range(1)]
    draw, again = moments(50, "poisson", 9), moments(50, "poisson", 9)
    gaps = [draw() for _ in range(5000)]
    assert gaps == [again() for _ in range(5000)]
    assert gaps[0] == waits[0]
    mean = sum(gaps) / len(gaps)
    spread = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert mean == pytest.approx(0.02, rel=0.05)
    assert spread / mean == pytest.approx(1, rel=0.06)  # as chance has it
    assert {moments(50, "constant", 1)() for _ in range(3)} == {0.02}
    with pytest.raises(ValueError, match="above 0"):
        moments(0, "constant", 1)


async def test_two_prospects_are_two_and_take_the_flows_in_turn() -> None:
    under_way, most, order = 0, 0, []

    def unit(name: str) -> Unit:
        async def walk(late_s: float) -> Walked:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            order.append(name)
            await asyncio.sleep(0)
            under_way -= 1
            return Walked(0.1, 2)

        return Unit(name, walk)

    ran = await two([unit("login"), unit("home"), unit("upload")], Budget(60, 20.0))

    assert most == 2
    assert ran.requests == 60
    assert [order.count(name) for name in ("login", "home", "upload")] == [10, 10, 10]


async def test_a_flow_that_is_settled_is_not_walked_again() -> None:
    settling, fast, other = Settling(2.0), walking(), walking()

    async def walk(late_s: float) -> Walked:
        settling.take(0.1)
        return await fast(late_s)

    units = [Unit("home", walk, lambda: settling.settled), Unit("other", other, lambda: len(other.made) >= 300)]
    ran = await two(units, MUCH)

    assert 90 <= len(fast.made) <= 91  # the second prospect may be on the way
    assert 300 <= len(other.made) <= 301
    assert ran.ended == "the intervals decide"
    assert ran.stops == ()


async def test_429_stops_that_flow_and_no_other() -> None:
    limited, other = walking(*[End.WELL] * 6, End.LIMITED), walking()

    ran = await two([Unit("login", limited), Unit("home", other)], Budget(100, 20.0))

    assert len(limited.made) <= 8
    assert dict(ran.stops)["login"].startswith("it answered 429")
    assert len(other.made) > 80


async def test_503_stops_everything() -> None:
    bad, other = walking(End.WELL, End.OVERLOADED, End.WELL, End.OVERLOADED), walking()

    ran = await two([Unit("home", bad), Unit("other", other)], MUCH)

    assert len(bad.made) <= 5
    assert len(other.made) <= 5
    assert "stopped itself" in ran.ended
    assert "503" in ran.ended
    assert ran.failures == 2


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((End.WELL, End.FAILED, End.FAILED, End.FAILED), "in a row failed"),
        ((End.WELL, End.FAILED) * 5, "of the last"),
    ],
)
async def test_a_flow_that_fails_is_not_hammered_and_others_go_on(ends: tuple[End, ...], said: str) -> None:
    bad, other = walking(*ends), walking()

    ran = await two([Unit("home", bad), Unit("other", other)], Budget(100, 20.0))

    assert len(bad.made) <= 11
    assert said in dict(ran.stops)["home"]
    assert len(other.made) > 80


async def test_a_server_that_died_is_asked_a_few_times_more_and_then_it_ends() -> None:
    walks = [walking(*[End.WELL] * 4, End.FAILED) for _ in range(4)]

    ran = await two([Unit(f"flow{n}", walk) for n, walk in enumerate(walks)], MUCH)

    assert all(len(walk.made) <= 8 for walk in walks)
    assert "stopped itself" in ran.ended


async def test_a_target_that_gets_slower_and_slower_stops_everything() -> None:
    n = 0

    async def walk(late_s: float) -> Walked:
        nonlocal n
        n += 1
        await asyncio.sleep(0)
        return Walked(0.2 + n * 0.005)

    ran = await two([Unit("home", walk)], MUCH)

    assert "got slower under it" in ran.ended
    assert n < 250


def test_a_steady_target_is_not_taken_for_a_suffering_one() -> None:
    """Two humps, a long tail, and what is as good as noise."""
    r, stopped = random.Random(11), 0
    for _ in range(300):
        brake = Brake()
        stopped += any(
            brake.take(End.WELL, r.choice((0.05, r.lognormvariate(-1, 1.5), 2.0 * r.random()))) for _ in range(500)
        )
    assert stopped == 0


async def test_a_flow_with_a_limit_of_its_own_is_walked_that_often() -> None:
    slow, quick = walking(), walking()

    ran = await two([Unit("login", slow, every_s=0.2), Unit("home", quick)], Budget(10_000_000, 0.5))

    assert 1 <= len(slow.made) <= 3
    assert len(quick.made) > len(slow.made)
    assert "budget of 0.5 s" in ran.ended


async def test_only_a_limited_flow_is_left_and_nothing_spins() -> None:
    slow = walking()
    ran = await two([Unit("login", slow, lambda: len(slow.made) >= 3, every_s=0.05)], MUCH)

    assert len(slow.made) == 3
    assert ran.elapsed_s >= 0.09


async def test_a_fault_of_ours_is_raised() -> None:
    async def walk(late_s: float) -> Walked:
        raise RuntimeError("ours")

    with pytest.raises(RuntimeError, match="ours"):
        await two([Unit("home", walk)], MUCH)
    with pytest.raises(RuntimeError, match="ours"):
        await arrivals(Unit("home", walk), 100, MUCH)


async def test_walks_under_way_are_dropped_when_it_is_cancelled() -> None:
    begun, ended = asyncio.Event(), []

    async def walk(late_s: float) -> Walked:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(1)
        return Walked(60)

    task = asyncio.create_task(arrivals(Unit("home", walk), 100, MUCH))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert ended


async def test_progress_is_told_with_the_budget(monkeypatch) -> None:
    monkeypatch.setattr("launchready.performance.engine.TOLD_S", 0.0)
    lines: list[str] = []
    await two([Unit("home", walking())], Budget(5, 20.0), told=lines.append)
    assert lines[0].startswith("1 of 5 requests, 0 of 20 s")


@pytest.mark.parametrize(
    ("owned", "url", "may"),
    [
        (("app",), "https://app.brightside.example/", True),
        (("app",), "https://APP.brightside.example./x", True),
        (("app",), "https://app.brightside.example.evil.example/", False),
        (("app",), "https://www.brightside.example/", False),
        (("@",), "https://brightside.example/", True),
        (("127.0.0.1",), "http://127.0.0.1:8000/", True),
        ((), "http://localhost/", False),
        (("app",), "https://[", False),
        (("app",), "/relative", False),
        (("app",), "https://app.brightside.example@evil.example/", False),
    ],
)
def test_only_a_host_that_is_named_as_owned_is_put_under_load(owned: tuple[str, ...], url: str, may: bool) -> None:
    reason = ensure_owned(Portal(domain="brightside.example", owned=owned), url)

    assert (reason == "") is may
    if not may:
        assert "not named as yours" in reason
