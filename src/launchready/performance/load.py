"""Flows under load: each walk by a fresh visitor on a line of their own, its times taken, its troubles told once."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from launchready.measurement import StepTimes, Untold
from launchready.performance.brake import End
from launchready.performance.engine import AT_ONCE, Budget, Ran, Unit, Walked, arrivals, two
from launchready.performance.session import Sessions
from launchready.performance.times import Times
from launchready.performance.words import FlowRun, Told
from launchready.portal_performance import Flow

Go = Callable[[Flow, Sessions], Awaitable[FlowRun | Untold]]
"""Walks a flow once as a fresh visitor."""
FILES, FILES_BESIDE = 16, 200
"""Open files of one visitor with the line they are on, at most; and those of everything else."""
ARRIVALS_S = 20.0
"""How long visitors arrive, where a rate is asked for, if the budget allows."""


@dataclass
class Lines:
    """Buyers' lines, one for each visitor who is on the portal at the same time; made as they are needed."""

    make: Callable[[], Awaitable[Sessions]]
    free: list[Sessions] = field(default_factory=list)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Sessions]:
        """A line nobody is on."""
        line = self.free.pop() if self.free else await self.make()
        try:
            yield line
        finally:
            self.free.append(line)


@dataclass
class Load:
    """The flows that are put under load, and what is left of the budget."""

    flows: Sequence[Flow]
    go: Go
    lines: Lines
    told: Told
    budget: Budget
    untold: list[Untold] = field(default_factory=list)
    requests: int = 0
    _left: set[str] = field(default_factory=set)
    """Flows that nobody walks again: to come once more would make it worse."""

    async def two(self, times: dict[str, Times]) -> tuple[StepTimes, ...]:
        """Two prospects at once on all flows."""
        units = [self._unit(flow, times[flow.name], settles=True) for flow in self.flows]
        ran = await two(units, self.budget, told=self.told)
        self._note(ran)
        return tuple(kept for flow in self.flows for kept in times[flow.name].kept())

    async def arrivals(self, times: dict[str, Times], rate_per_s: float) -> tuple[StepTimes, ...]:
        """Visitors of each flow, one after the other flow, who come whether or not the portal keeps up."""
        seconds = min(ARRIVALS_S, max(1.0, self.budget.seconds / max(1, len(self.flows))))
        for flow in self.flows:
            budget = Budget(max(1, self.budget.requests - self.requests), seconds)
            unit = self._unit(flow, times[flow.name], settles=False)
            ran = await arrivals(unit, rate_per_s, budget, told=self.told, at_once=_room())
            self._note(ran)
        return tuple(kept for flow in self.flows for kept in times[flow.name].kept())

    def _unit(self, flow: Flow, times: Times, *, settles: bool) -> Unit:
        async def walk(late_s: float) -> Walked:
            async with self.lines.one() as line:
                run = await self.go(flow, line)
            if isinstance(run, Untold):
                self._trouble(flow, run)
                return Walked(None, 0, End.FAILED)
            took_s = times.take(run, late_s)
            asked = sum(len(step.replies) for step in run.steps)
            if run.trouble:
                self._trouble(flow, run.trouble)
                if run.final:
                    self._left.add(flow.name)
                return Walked(None, asked, _end(run))
            return Walked(took_s, asked)

        every_s = 60.0 / flow.per_minute if flow.per_minute else 0.0
        return Unit(flow.name, walk, lambda: flow.name in self._left or (settles and times.settled), every_s)

    def _trouble(self, flow: Flow, trouble: Untold) -> None:
        told = Untold(flow.name, trouble.step, trouble.reason, trouble.unlock, trouble.saved)
        if told not in self.untold and len(self.untold) < 50:
            self.untold.append(told)

    def _note(self, ran: Ran) -> None:
        self.requests += ran.requests
        for name, reason in ran.stops:
            unlock = _FAILING if "failed" in reason else _OFTEN
            self.untold.append(Untold(name, "", f"the load stopped itself: {reason}", unlock))
        self.told(f"{ran.walks} walks, {ran.requests} requests in {ran.elapsed_s:.0f} s: {ran.ended}")


_OFTEN = "give the flow a `per_minute` that the portal allows, or measure when nobody else is on it"
_FAILING = "see what it answered (above, and kept beside the measurement), and its log of that moment"


def _room() -> int:
    """How many may be on the portal at once: as many as this machine lets open files for."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = AT_ONCE * FILES + FILES_BESIDE
    if now < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, most), most))
            now = min(wanted, most)
    return max(2, min(AT_ONCE, (now - FILES_BESIDE) // FILES))


def _end(run: FlowRun) -> End:
    last = run.steps[-1].replies[-1].page.status if run.steps and run.steps[-1].replies else 0
    return End.LIMITED if last == 429 else End.OVERLOADED if last == 503 else End.FAILED
