"""From walks of flows to the times that are kept: by step, as a buyer on the line sees them, and of the server."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, field
from statistics import median

from launchready.measurement import Line, Phases, StepTimes
from launchready.performance.broadband import as_seen, through_relay
from launchready.performance.routes import route_of
from launchready.performance.statistics import Settling, distribution, needed
from launchready.performance.words import FlowRun, Reply, StepRun
from launchready.portal_performance import Flow


@dataclass(frozen=True, slots=True)
class Way:
    """How the buyer's line comes into the times."""

    line: Line
    kind: str
    """`relay`: the walks went through it; `model`: it is computed; `none`."""
    own_rtt_s: float
    """From this machine to the portal, without the line."""

    def seen(self, reply: Reply) -> Phases:
        """What a buyer on the line waits for one answer."""
        if self.kind == "relay":
            return through_relay(reply.phases, self.line, fresh=reply.fresh)
        if self.kind != "model":
            return reply.phases
        return as_seen(reply.phases, reply.sent, reply.received, self.line, fresh=reply.fresh, own_rtt_s=self.own_rtt_s)

    def server_s(self, reply: Reply) -> float:
        """What the portal itself took for it: the wait for the first byte, without the round trip."""
        line_s = self.line.rtt_ms / 1000 if self.kind == "relay" else 0.0
        return max(0.0, self.from_here_s(reply) - line_s)

    def from_here_s(self, reply: Reply) -> float:
        """The same of an answer that did not go over the buyer's line."""
        return max(0.0, reply.phases.wait_s - self.own_rtt_s)


@dataclass
class _Step:
    user: str
    settling: Settling
    route: str = ""
    seen: list[float] = field(default_factory=list)
    server: list[float] = field(default_factory=list)
    phases: list[Phases] = field(default_factory=list)
    received: list[int] = field(default_factory=list)
    cold_s: float | None = None
    failures: int = 0


class Times:
    """The walks of one flow at one pace."""

    def __init__(self, flow: Flow, way: Way, target_s: float, *, pace: str = "two", rate_per_s: float = 0.0) -> None:
        self.flow, self.way, self.pace, self.rate_per_s = flow, way, pace, rate_per_s
        self._target_s = target_s
        self._steps: dict[str, _Step] = {}

    def first(self, run: FlowRun) -> None:
        """Take the very first walk: its times are those of a cold portal, kept apart."""
        for step in run.steps:
            if step.trouble is None and step.replies:
                self._of(step, run.user).cold_s = sum(self.way.seen(reply).total_s for reply in step.replies)

    def take(self, run: FlowRun, late_s: float = 0.0) -> float:
        """Take one warm walk; returns what the buyer waited in all of its steps that came through.

        It began `late_s` after its moment: its first step was waited for as well, which is not in what is returned.
        """
        whole_s = 0.0
        for step in run.steps:
            mine = self._of(step, run.user)
            if step.trouble is not None or not step.replies:
                mine.failures += 1
                continue
            seen = [self.way.seen(reply) for reply in step.replies]
            step_s = sum(phases.total_s for phases in seen)
            whole_s += step_s
            took_s = step_s + (late_s if step is run.steps[0] else 0.0)
            mine.seen.append(took_s)
            mine.settling.take(took_s)
            mine.server.append(sum(map(self.way.server_s, step.replies)))
            mine.phases.append(_sum(seen))
            mine.received.append(sum(reply.received for reply in step.replies))
        return whole_s

    @property
    def settled(self) -> bool:
        """Whether enough is known of every step, and what is kept will say so.

        A step that was settled early may have come back to its target while others were walked on.
        """
        judged = [of.settling for of in self._steps.values() if of.seen]
        return bool(judged) and all(one.settled and one.decides for one in judged)

    def kept(self) -> tuple[StepTimes, ...]:
        """What is kept of it."""
        return tuple(self._kept(name, of) for name, of in self._steps.items())

    def _kept(self, name: str, of: _Step) -> StepTimes:
        target_s = self._target(name)
        return StepTimes(
            flow=self.flow.name,
            step=name,
            user=of.user,
            route=of.route,
            pace=self.pace,
            target_s=target_s,
            seen=distribution(of.seen) if of.seen else None,
            server=distribution(of.server) if of.server else None,
            cold_s=of.cold_s,
            phases=_median(of.phases),
            received=round(median(of.received)) if of.received else 0,
            failures=of.failures,
            rate_per_s=self.rate_per_s,
            needs=needed(of.seen, target_s) if of.seen else 0,
        )

    def _of(self, step: StepRun, user: str) -> _Step:
        mine = self._steps.get(step.step)
        if mine is None:
            mine = self._steps[step.step] = _Step(user, Settling(self._target(step.step)))
        if not mine.route and step.replies:
            first = step.replies[0].request
            mine.route = route_of(first.method, first.url)
        return mine

    def _target(self, name: str) -> float:
        for step in self.flow.steps:
            if step.target_s and name in (step.name, f"{step.name} page"):
                return step.target_s
        return self.flow.target_s or self._target_s


def _sum(of: Iterable[Phases]) -> Phases:
    return Phases(*map(sum, zip(*map(astuple, of), strict=True)))


def _median(of: list[Phases]) -> Phases:
    return Phases(*map(median, zip(*map(astuple, of), strict=True)))
