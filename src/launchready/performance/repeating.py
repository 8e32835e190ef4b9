"""One step asked for again and again, for its queries and its traces: which may be, and by whom it is asked.

Only what reads is repeated, and logins of flows that leave nothing behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from launchready.performance.flows import step_name
from launchready.performance.routes import route_of
from launchready.performance.session import CurlSession
from launchready.performance.times import Way
from launchready.performance.traced import Traces
from launchready.performance.words import FlowRun, StepRun
from launchready.portal_performance import Flow
from launchready.probes.failures import Failure

OFTEN_ENOUGH = 30
"""Walks a minute that a flow must allow for its queries to be counted."""


@dataclass
class Seen:
    """One flow as it was walked the first time."""

    flow: Flow
    run: FlowRun
    session: CurlSession


class Course(Protocol):
    """What a measurement under way lends to who asks again."""

    requests: int
    way: Way
    traces: Traces | None

    def visitor(self, *, like: CurlSession | None = None) -> CurlSession:
        """A fresh visitor from beside the portal."""
        ...

    async def walk(self, flow: Flow, session: CurlSession) -> FlowRun:
        """Walk a flow."""
        ...


@dataclass
class Asker:
    """Makes the requests of one step again, from beside the portal; returns what the portal took."""

    course: Course
    seen: Seen
    step: StepRun
    session: CurlSession | None = None

    async def __call__(self) -> float | None:
        """Once; None where it did not come through as before."""
        if _is_login(self.seen.flow, self.step):
            return await self._log_in()
        if self.session is None:
            like = None if _is_form_of_login(self.seen.flow, self.step) else self.seen.session
            self.session = self.course.visitor(like=like)
        took_s = 0.0
        for reply in self.step.replies:
            request = reply.request
            if self.course.traces is not None:
                request = self.course.traces.marked(request, self.seen.flow, self.step)
            again = await self.session.ask(request)
            self.course.requests += 1
            if isinstance(again, Failure) or again.page.status != reply.page.status:
                return None
            took_s += self.course.way.from_here_s(again)
        return took_s

    def close(self) -> None:
        """Let the visitor go who made them."""
        if self.session:
            self.session.close()
            self.session = None

    async def _log_in(self) -> float | None:
        """A login as a whole, by a visitor of its own: its form's page belongs to it."""
        session = self.course.visitor()
        try:
            run = await self.course.walk(_until(self.seen.flow, self.step), session)
        finally:
            session.close()
        if run.trouble:
            return None
        return sum(self.course.way.from_here_s(reply) for step in run.steps for reply in step.replies)


def repeatable(seen: Seen, step: StepRun) -> bool:
    """Whether it can be asked again and again: it reads only, or is a login that may be tried often enough."""
    if not step.replies or step.trouble or (seen.flow.per_minute and seen.flow.per_minute < OFTEN_ENOUGH):
        return False
    if _is_login(seen.flow, step):
        return not seen.flow.changes
    return all(reply.request.method in ("GET", "HEAD") for reply in step.replies)


def leads_only_to(owned: Sequence[str], step: StepRun) -> bool:
    """Whether all its redirects stay on hosts that may be asked often."""
    return all((urlsplit(reply.request.url).hostname or "") in owned for reply in step.replies)


def route_of_step(step: StepRun) -> str:
    """The route whose work a step is: where a GET was led to, else where it was sent."""
    first, last = step.replies[0].request, step.replies[-1].request
    return route_of(first.method, last.url if first.method == "GET" else first.url)


def _until(flow: Flow, step: StepRun) -> Flow:
    """The flow up to that step: what comes after a login is not the login's work."""
    names = [step_name(one) for one in flow.steps]
    return flow.model_copy(update={"steps": flow.steps[: names.index(step.step) + 1]})


def _is_login(flow: Flow, step: StepRun) -> bool:
    return any(one.login and step_name(one) == step.step for one in flow.steps)


def _is_form_of_login(flow: Flow, step: StepRun) -> bool:
    return any(one.login and f"{step_name(one)} page" == step.step for one in flow.steps)
