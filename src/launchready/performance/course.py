"""What a measurement does, part by part, and what each part brought; `run.py` says in which order."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from launchready.measurement import (
    Exchange,
    RouteQueries,
    Scan,
    SerialCalls,
    StepTimes,
    Untold,
    Visit,
)
from launchready.performance import database_look
from launchready.performance.engine import Budget, ensure_owned
from launchready.performance.flows import (
    Ground,
    Saving,
    SignedIn,
    exchanges,
    logs_in,
    signed_in,
    walk,
)
from launchready.performance.kept import FOLDER
from launchready.performance.load import Lines, Load
from launchready.performance.repeating import Asker, Seen, leads_only_to, repeatable, route_of_step
from launchready.performance.scans import scans
from launchready.performance.session import CurlSession, Sessions, open_sessions
from launchready.performance.targets import ACCOUNT
from launchready.performance.times import Times, Way
from launchready.performance.traced import Traces, listening
from launchready.performance.visits import Walked, visits
from launchready.performance.words import FlowRun, Reply, StepRun, Told
from launchready.portal_performance import Flow, PerformanceSettings
from launchready.probes.failures import Failure
from launchready.probes.look import Look
from launchready.probes.network import Network
from launchready.probes.shaping import RETRANSMISSION_S, ShapingRelay, shaped
from launchready.probes.statements import Counted

REPEATED = 7
"""Requests of a step whose queries are counted; the first is not."""
ACCOUNT_WALKS = 12
"""Of each of the two accounts that are compared."""


@dataclass
class Course:
    """One measurement under way."""

    look: Look
    flows: Sequence[Flow]
    way: Way
    ground: Ground
    told: Told
    settings: PerformanceSettings
    budget_s: float
    saved_in: Path
    stem: str
    steps: list[StepTimes] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    queries: list[RouteQueries] = field(default_factory=list)
    scans: list[Scan] = field(default_factory=list)
    serial: list[SerialCalls] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    untold: list[Untold] = field(default_factory=list)
    traced: list[str] = field(default_factory=list)
    """Routes whose traces came."""
    traces: Traces | None = None
    requests: int = 0
    first: Reply | None = None
    """The very first answer: a portal that sleeps wakes for it."""
    again: Reply | None = None
    """The same once more, where the first was beyond the target: whether it is always so."""

    async def open(self, stack: AsyncExitStack) -> None:
        """Open the ways: this machine's own, and a buyer's line for each of the two prospects."""
        self._began_s = time.monotonic()
        self._stack = stack
        self._signed: dict[str, SignedIn | Untold] = {}
        self._seen: list[Seen] = []
        self._of_accounts: list[Seen] = []
        self._saving = Saving(self.saved_in / FOLDER / self.stem, self.saved_in)
        self._own = await stack.enter_async_context(open_sessions(self.look.network, self.look.dns))
        self._lines = Lines(self._line)
        self.traces = await self._listen(stack)

    async def walk_once(self) -> None:
        """Each flow once: the cold portal as a buyer meets it, and what its answers are made of."""
        self._times = {flow.name: Times(flow, self.way, self.settings.target_s) for flow in self.flows}
        for flow in self.flows:
            self.told(f"walking {flow.name}")
            async with self._lines.one() as line:
                session = await self._visitor(line, flow)
                if isinstance(session, Untold):
                    self._leave(flow, session)
                    continue
                run = await self.walk(flow, session)
            self._times[flow.name].first(run)
            self.exchanges += exchanges(run, flow.user)
            # Its cookies are used on; its connection would keep one of the portal's places taken.
            self._seen.append(Seen(flow, run, self.visitor(like=session)))
            session.close()
            if run.trouble:
                self._leave(flow, run.trouble)
        await self._ask_again()

    async def _ask_again(self) -> None:
        first = self.first
        if not first or first.request.method != "GET" or self.way.seen(first).total_s <= self.settings.target_s:
            return
        visitor = self.visitor()
        answer = await visitor.ask(first.request)
        self.again = answer if isinstance(answer, Reply) else None
        self.requests += 1
        visitor.close()

    async def load(self, rate_per_s: float) -> None:
        """Two prospects at once on every flow, until the intervals decide or the budget is spent; then arrivals."""
        whole = [seen.flow for seen in self._seen if not seen.run.trouble]
        if not whole:
            return
        if reason := ensure_owned(self.look.portal, self.ground.base):
            self.untold += [Untold(flow.name, "", reason, self._claim()) for flow in whole]
            return
        left_s = self.budget_s - (time.monotonic() - self._began_s)
        left_s = max(1.0, round(min(left_s, self.look.network.left_s), 1))  # no walk begins that would be cut off
        # Where visitors are to arrive as well, both get half of what is left.
        budget = Budget(max(1, self.settings.budget_requests - self.requests), left_s / 2 if rate_per_s else left_s)
        ground = self.ground.of_owned_hosts(self.look.portal.owned_hosts)
        load = Load(whole, lambda flow, line: self._once(flow, line, ground), self._lines, self.told, budget)
        self.steps += await load.two(self._times)
        if rate_per_s:
            target_s = self.settings.target_s
            times = {f.name: Times(f, self.way, target_s, pace="arrivals", rate_per_s=rate_per_s) for f in whole}
            self.steps += await load.arrivals(times, rate_per_s)
        self.untold += load.untold

    async def ask_database(self, wanted: bool) -> None:
        """The queries of each step that can be repeated, from the database's own counters and from traces."""
        every = (*self._seen, *self._of_accounts)
        owned = self.look.portal.owned_hosts
        wanted_steps = [
            (seen, step)
            for seen in every
            for step in seen.run.steps
            if repeatable(seen, step) and leads_only_to(owned, step)
        ]
        deploy = self.look.portal.deploy
        variable = self.settings.database_env or (deploy.database_env if deploy else "")
        url = os.environ.get(variable, "") if variable else ""
        unowned = ensure_owned(self.look.portal, self.ground.base)
        if not (wanted and url) or unowned:
            if unowned and ((wanted and url) or self.traces):
                self.untold.append(Untold("", "", unowned, self._claim(), part="queries"))
            elif wanted and self.settings.database_env:
                unlock = "set it to the database's connection string"
                self.untold.append(Untold("", "", f"{variable} is not set here", unlock, part="queries"))
            await self._traced([] if unowned else wanted_steps)
            return
        async with database_look.opened(self.look.database, url) as counted:
            if isinstance(counted, Failure):
                self.untold.append(database_look.untold(counted))
                await self._traced(wanted_steps)
                return
            for seen, step in wanted_steps:
                self.told(f"database: {seen.flow.name}, {step.step}")
                await self._count(counted, seen, step)
        self._see_whose_database_it_is(variable)

    def _see_whose_database_it_is(self, variable: str) -> None:
        """That it got no statement at all tells nothing of the portal: it may be another's."""
        if self.queries and all(not one.calls for one in self.queries):
            reason = f"the database of {variable} got no statement from any of {len(self.queries)} steps"
            unlock = f"give {variable} the connection string of the database that the portal is on"
            self.untold.append(Untold("", "", reason, unlock, part="queries"))
            self.queries.clear()

    async def compare_accounts(self) -> None:
        """The steps of a small and of a large account beside each other."""
        small, large = self.settings.small, self.settings.large
        if not (small and large):
            return
        if reason := ensure_owned(self.look.portal, self.ground.base):
            self.untold.append(Untold("", "", reason, self._claim(), part="growth"))
            return
        for flow in [seen.flow for seen in self._seen if seen.flow.user in (small, large) and not seen.run.trouble]:
            if logs_in(flow) or flow.changes:
                continue
            self.told(f"comparing accounts: {flow.name} as {small} and as {large}")
            await self._accounts([flow.model_copy(update={"user": user}) for user in (small, large)])

    async def open_browser(self) -> None:
        """The pages at which the flows ended, in a real browser on the buyer's line."""
        from launchready.probes.browser import Browser

        walked = [Walked(seen.flow, seen.run, seen.session.cookies()) for seen in self._seen]
        if not walked:
            return
        browser = Browser(await self._network(RETRANSMISSION_S), self.look.dns)
        try:
            own = [*self.ground.hosts]
            found, untold = await visits(browser, walked, own, told=self.told)
        finally:
            await browser.close()
        self.visits += found
        self.untold += untold

    async def read_traces(self) -> None:
        """What the traces tell that came meanwhile."""
        if self.traces is None:
            return
        found = await self.traces.read()
        self.queries += found.queries
        self.serial += found.serial
        self.untold += found.untold
        self.traced += found.routes

    async def framework(self) -> str:
        """What the portal is written with, as far as its code, its answers and its statements tell."""
        from launchready.performance.frameworks import framework_in, framework_of

        if self.look.repository and (named := await framework_in(self.look.repository)):
            return named
        headers = [pair for exchange in self.exchanges for pair in exchange.headers]
        return framework_of(headers=headers, statements=[s.text for q in self.queries for s in q.statements])

    async def _network(self, idle_s: float = 0.0) -> Network:
        """The way to the portal over a buyer's line of its own; see `ShapingRelay` for `idle_s`."""
        if self.way.kind != "relay":
            return self.look.network
        relay = ShapingRelay(self.way.line, idle_s=idle_s)
        return shaped(self.look.network, await self._stack.enter_async_context(relay))

    async def _listen(self, stack: AsyncExitStack) -> Traces | None:
        if not self.settings.traces:
            return None
        found = await listening(stack, self.settings.traces)
        if isinstance(found, Untold):
            self.untold.append(found)
            return None
        return found

    async def _visitor(self, sessions: Sessions, flow: Flow) -> CurlSession | Untold:
        """A fresh visitor; with the cookies of the flow's user, who is logged in once in a measurement."""
        if not flow.user or logs_in(flow):
            return sessions.new()
        signed = await self._sign_in(flow.user)
        if isinstance(signed, Untold):
            return signed
        return sessions.new(like=_curl(signed.session))

    async def _sign_in(self, user: str) -> SignedIn | Untold:
        if user not in self._signed:
            visitor = self.visitor()
            signed = await signed_in(self.ground, user, visitor, saving=self._saving)
            if isinstance(signed, SignedIn):
                self._count_requests(signed.steps)
                signed.session = self.visitor(like=visitor)
                visitor.close()
            self._signed[user] = signed
        return self._signed[user]

    def _count_requests(self, steps: Sequence[StepRun]) -> None:
        replies = [reply for step in steps for reply in step.replies]
        self.requests += len(replies)
        self.first = self.first or next(iter(replies), None)

    def visitor(self, *, like: CurlSession | None = None) -> CurlSession:
        """A fresh visitor from beside the portal, on this machine's own line."""
        return self._own.new(like=like)

    async def walk(self, flow: Flow, session: CurlSession, ground: Ground | None = None) -> FlowRun:
        """Walk a flow once."""
        signed = self._signed.get(flow.user) if flow.user and not logs_in(flow) else None
        known = signed if isinstance(signed, SignedIn) else None
        run = await walk(flow, session, ground or self.ground, signed=known, saving=self._saving)
        self._count_requests(run.steps)
        return run

    async def _line(self) -> Sessions:
        return await self._stack.enter_async_context(open_sessions(await self._network(), self.look.dns))

    async def _once(self, flow: Flow, line: Sessions, ground: Ground) -> FlowRun | Untold:
        """One walk of a fresh visitor."""
        session = await self._visitor(line, flow)
        if isinstance(session, Untold):
            return session
        try:
            return await self.walk(flow, session, ground)
        finally:
            session.close()

    def _leave(self, flow: Flow, trouble: Untold) -> None:
        self.untold.append(replace(trouble, flow=flow.name))

    def _claim(self) -> str:
        host, domain = urlsplit(self.ground.base).hostname or "", self.look.portal.domain
        label = "@" if host == domain else host.removesuffix(f".{domain}")
        return f'write owned = ["{label}"] at the top of launchready.toml'

    async def _count(self, counted: Counted, seen: Seen, step: StepRun) -> None:
        ask = Asker(self, seen, step)
        found = await database_look.route_queries(
            counted, ask, flow=seen.flow.name, step=step.step, user=seen.flow.user,
            route=route_of_step(step), times=REPEATED - 1,
        )  # fmt: skip
        ask.close()
        if isinstance(found, Untold):
            self.untold.append(found)
            return
        self.queries.append(found)
        scanned, untold = await scans(counted, found)
        self.scans += scanned
        self.untold += untold

    async def _traced(self, repeatable: Sequence[tuple[Seen, StepRun]]) -> None:
        """Without a database to ask: the same requests, for the traces alone."""
        if self.traces is None:
            return
        for seen, step in repeatable:
            ask = Asker(self, seen, step)
            for _ in range(REPEATED):
                await ask()
            ask.close()

    async def _accounts(self, flows: Sequence[Flow]) -> None:
        """The same flow by two users, in turn, so that a busy minute meets both."""
        async with self._lines.one() as line:
            walked: list[tuple[Seen, Times]] = []
            for flow in flows:
                session = await self._visitor(line, flow)
                trouble = session if isinstance(session, Untold) else None
                if isinstance(session, CurlSession):
                    run = await self.walk(flow, session)
                    trouble = run.trouble
                    walked.append(
                        (Seen(flow, run, session), Times(flow, self.way, self.settings.target_s, pace=ACCOUNT))
                    )
                if trouble:
                    self.untold.append(replace(trouble, flow=flow.name, part="growth"))
                    return
            ground = self.ground.of_owned_hosts(self.look.portal.owned_hosts)
            for _ in range(ACCOUNT_WALKS):
                for seen, times in walked:
                    times.take(run := await self.walk(seen.flow, seen.session, ground))
                    if run.trouble:  # whatever it is, asking on does not make it better
                        self.untold.append(replace(run.trouble, flow=seen.flow.name, part="growth"))
                        return
        for seen, times in walked:
            if all(one.flow.name != seen.flow.name or one.flow.user != seen.flow.user for one in self._seen):
                self.exchanges += exchanges(seen.run, seen.flow.user)
                self._of_accounts.append(seen)
            self.steps += times.kept()


def _curl(session: object) -> CurlSession:
    if not isinstance(session, CurlSession):
        raise TypeError("a visitor of a measurement is one of libcurl's")
    return session
