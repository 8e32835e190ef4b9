"""Drives walks at a portal: visitors that arrive whether or not it answers, or two prospects at once.

Arrivals do not wait for answers (an open loop), so a slow answer delays no later question and hides nothing
(coordinated omission; Schroeder, Wierman and Harchol-Balter, Open Versus Closed, NSDI 2006). What a walk is, is for who
gives it. Stops when enough is known, when the budget is spent, or when the target suffers, and says which.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from launchready.performance.brake import Brake, End
from launchready.performance.histogram import Histogram
from launchready.performance.words import Told
from launchready.portal import Portal

GRAIN_S = 0.0015
"""The event loop wakes on whole milliseconds. So much later than intended is not late; what is beyond it counts as
waiting, as if the portal had caused it."""
AT_ONCE = 256
"""More walks under way than this, and the portal does not keep up with the arrivals."""
TOLD_S = 1.0
"""Progress is told so often."""


@dataclass(frozen=True, slots=True)
class Walked:
    """What came of one walk."""

    took_s: float | None
    """Of all its requests; None where it did not end."""
    requests: int = 1
    end: End = End.WELL


Walk = Callable[[float], Awaitable[Walked]]
"""Walks once. Gets how much later than intended it begins, in seconds, for its first step: that was waited as well."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One kind of walk that is repeated."""

    name: str
    walk: Walk
    settled: Callable[[], bool] = lambda: False
    """Whether enough is known of it; see `statistics.settled`."""
    every_s: float = 0.0
    """Two of it begin no closer together, for a portal that limits logins."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent; requests that are under way when it ends are waited for."""

    requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Ran:
    """What was driven."""

    walks: int
    requests: int
    failures: int
    elapsed_s: float
    ended: str
    """Why it ended, as a sentence without its full stop."""
    stops: tuple[tuple[str, str], ...] = ()
    """(name of the unit, why it was stopped before enough was known)."""
    late_s: float = 0.0
    """The most that a walk began after its moment: whether this machine keeps up."""
    most_at_once: int = 0
    times: tuple[tuple[str, Histogram], ...] = field(default=(), repr=False)
    """(name of the unit, what its walks took from their intended moments)."""


def ensure_owned(portal: Portal, url: str) -> str:
    """Why the host of `url` may not be put under load; empty when the file names it as owned."""
    try:
        host = (urlsplit(url).hostname or "").lower().rstrip(".")
    except ValueError:
        host = ""
    if host and host in portal.owned_hosts:
        return ""
    return f"{host or url[:200]} is not named as yours in launchready.toml (owned), and no other host is put under load"


def moments(rate_per_s: float, pattern: Literal["poisson", "constant"], seed: int) -> Callable[[], float]:
    """A function that gives the seconds from one arrival to the next. The same seed gives the same arrivals."""
    if not rate_per_s > 0:
        raise ValueError("arrivals need a rate above 0")
    draw = random.Random(seed)  # noqa: S311 - arrivals, not secrets
    return (lambda: draw.expovariate(rate_per_s)) if pattern == "poisson" else (lambda: 1 / rate_per_s)


async def arrivals(
    unit: Unit,
    rate_per_s: float,
    budget: Budget,
    *,
    pattern: Literal["poisson", "constant"] = "poisson",
    seed: int = 1,
    told: Told | None = None,
    at_once: int = AT_ONCE,
) -> Ran:
    """Let visitors arrive, `rate_per_s` of them, each at its moment whatever became of those before."""
    course = _Course([unit], budget, told)
    following = moments(rate_per_s, pattern, seed)
    under_way: set[asyncio.Task[None]] = set()
    loop = asyncio.get_running_loop()
    moment = loop.time()
    try:
        while not course.over():
            if len(under_way) >= at_once:
                course.stop(
                    unit, f"{at_once} walks were under way at once: it does not keep up with {rate_per_s:g} a second"
                )
                break
            if (wait_s := moment - loop.time()) > 0:
                await asyncio.sleep(wait_s)
            elif course.walks % 64 == 63:
                await asyncio.sleep(0)  # behind: what is under way gets its turn all the same
            if course.over():
                break
            task = loop.create_task(course.walk(unit, max(0.0, loop.time() - moment - GRAIN_S)))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            moment += following()
        while under_way:
            await asyncio.wait(under_way)
    finally:
        for task in under_way:
            task.cancel()
    course.raise_what_broke()
    return course.ran()


async def two(units: Sequence[Unit], budget: Budget, *, told: Told | None = None, prospects: int = 2) -> Ran:
    """Two prospects at once: each walks again as soon as it is through, the flows in turn, until each is settled."""
    course = _Course(units, budget, told)
    turns = _Turns(units)

    async def prospect() -> None:
        while not course.over():
            unit = turns.following(course)
            if unit is None:
                return
            if isinstance(unit, float):
                await asyncio.sleep(min(unit, course.left_s))
                continue
            await course.walk(unit, 0.0)
            await asyncio.sleep(0)  # a walk may end without a wait; the other prospect has a turn all the same

    async with asyncio.TaskGroup() as group:
        for _ in range(prospects):
            group.create_task(prospect())
    course.raise_what_broke()
    return course.ran()


class _Turns:
    """Whose turn it is, of those that are not settled and may be walked now."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._units = list(units)
        self._not_before = {unit.name: 0.0 for unit in units}

    def following(self, course: _Course) -> Unit | float | None:
        """A unit; or how long until one may be walked; or nothing, where all is settled."""
        now, soonest = time.monotonic(), float("inf")
        for place, unit in enumerate(self._units):
            if course.done(unit):
                continue
            wait_s = self._not_before[unit.name] - now
            if wait_s > 0:
                soonest = min(soonest, wait_s)
                continue
            self._units.append(self._units.pop(place))
            self._not_before[unit.name] = now + unit.every_s
            return unit
        return soonest if soonest < float("inf") else None


class _Course:
    """One load under way."""

    def __init__(self, units: Sequence[Unit], budget: Budget, told: Told | None) -> None:
        self._budget, self._told = budget, told
        self._brakes = {unit.name: Brake() for unit in units}
        self._stops: dict[str, str] = {}
        self._hurt = ""
        self._broke: BaseException | None = None
        self._times = {unit.name: Histogram() for unit in units}
        self._ended: set[str] = set()
        """Units that are not walked again."""
        self._began_s = self._told_s = time.monotonic()
        self._at_once = self._most_at_once = 0
        self._late_s = 0.0
        self.walks = self.requests = self.failures = 0

    @property
    def left_s(self) -> float:
        """Seconds of the budget."""
        return max(0.0, self._began_s + self._budget.seconds - time.monotonic())

    def over(self) -> bool:
        """Whether no more walks begin."""
        return bool(self._why())

    def done(self, unit: Unit) -> bool:
        """Whether this one is not walked again."""
        return unit.name in self._ended

    def stop(self, unit: Unit, reason: str) -> None:
        """Stop everything: the target suffers."""
        self._stops[unit.name] = reason
        self._ended.add(unit.name)
        self._hurt = reason

    def raise_what_broke(self) -> None:
        """Raise what a walk raised: a fault of ours."""
        if self._broke:
            raise self._broke

    def walk(self, unit: Unit, late_s: float) -> Coroutine[None, None, None]:
        """Walk once, and judge what it did to the target; it counts as under way at once."""
        self.walks += 1
        self._at_once += 1
        self._most_at_once = max(self._most_at_once, self._at_once)
        self._late_s = max(self._late_s, late_s)
        return self._walk(unit, late_s)

    async def _walk(self, unit: Unit, late_s: float) -> None:
        try:
            walked = await unit.walk(late_s)
        except Exception as error:
            self._broke = self._broke or error
            return
        finally:
            self._at_once -= 1
        self.requests += walked.requests
        if walked.end is not End.WELL:
            self.failures += 1
        elif walked.took_s is not None:
            self._times[unit.name].record(walked.took_s + late_s)
        if reason := self._brakes[unit.name].take(walked.end, walked.took_s):
            if walked.end in (End.LIMITED, End.FAILED):
                self._stops.setdefault(unit.name, reason)
                self._ended.add(unit.name)
            else:
                self.stop(unit, reason)
        if unit.settled():
            self._ended.add(unit.name)
        self._tell()

    def ran(self) -> Ran:
        """What came of it."""
        ended = self._why() or "there was nothing more to walk"
        return Ran(
            self.walks, self.requests, self.failures, time.monotonic() - self._began_s, ended,
            tuple(self._stops.items()), self._late_s, self._most_at_once, tuple(self._times.items()),
        )  # fmt: skip

    def _why(self) -> str:
        if self._broke:
            return "a walk broke"
        if self._hurt:
            return f"it stopped itself: {self._hurt}"
        if self.requests + self._expected() >= self._budget.requests:
            return f"the budget of {self._budget.requests} requests is spent"
        if not self.left_s:
            return f"the budget of {self._budget.seconds:g} s is spent"
        if len(self._ended) == len(self._brakes):
            if self._stops:
                return f"it stopped itself: {next(iter(self._stops.values()))}"
            return "the intervals decide"
        return ""

    def _expected(self) -> float:
        """Requests that walks under way are still to make, as far as those before tell."""
        ended = self.walks - self._at_once
        return self._at_once * (self.requests / ended if ended else 1.0)

    def _tell(self) -> None:
        now = time.monotonic()
        if self._told and now - self._told_s >= TOLD_S:
            self._told_s = now
            failed = f", {self.failures} failed" if self.failures else ""
            self._told(
                f"{self.requests} of {self._budget.requests} requests, {now - self._began_s:.0f} of "
                f"{self._budget.seconds:.0f} s{failed}"
            )
