"""What traces of the portal's own instrumentation say of the requests we made: statements, calls of other servers.

A request of ours carries a trace id of ours (W3C Trace Context), so nobody else's traffic is counted. Names of the
semantic conventions are read old and new. Times are compared within one process only, so clocks that differ do no harm.
Nothing is judged here: that is done in `queries.py`, `serial_calls.py` and `inline_work.py`.
"""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from launchready.measurement import RouteQueries, SerialCalls, Statement, Untold
from launchready.performance.routes import route_of
from launchready.performance.statement_shapes import shape_of, table_of
from launchready.performance.statement_text import normalised
from launchready.performance.trace_calls import Call, call_of, serial_of
from launchready.performance.trace_places import place_of
from launchready.performance.trace_trees import Request, Tree, first
from launchready.probes.otlp_spans import Span

MOST_STATEMENTS = 30
ENOUGH = 0.9
"""The part of our requests that must be traced, or it is said that some are not."""
_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
ALL = "set OTEL_TRACES_SAMPLER=parentbased_always_on in the portal while it is measured"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of ours, by the trace id it carried."""

    trace: str
    flow: str
    step: str
    user: str
    route: str
    """As in StepTimes."""


@dataclass(frozen=True, slots=True)
class Traced:
    """What the traces tell."""

    queries: tuple[RouteQueries, ...] = ()
    serial: tuple[SerialCalls, ...] = ()
    untold: tuple[Untold, ...] = ()
    routes: tuple[str, ...] = ()
    """Of which traces came."""


def traceparent() -> tuple[str, str]:
    """A new trace id, and the `traceparent` header that asks for it to be recorded (W3C Trace Context, 3.2)."""
    trace = secrets.token_hex(16)
    return trace, f"00-{trace}-{secrets.token_hex(8)}-01"


def whole(spans: Iterable[Span], asked: Sequence[Asked]) -> bool:
    """Whether a trace of each request is there, so that nobody has to wait for more."""
    seen = {span.trace for span in spans if span.kind is span.kind.SERVER}
    return all(one.trace in seen for one in asked)


def traces_of(spans: Sequence[Span], window: Sequence[Asked]) -> Traced:
    """What the spans say of the requests in `window`; spans of other requests are left alone."""
    ours = {one.trace: one for one in window}
    found = _by_trace(spans, ours)
    routes: dict[tuple[str, str, str, str], _Route] = defaultdict(_Route)
    traced: Counter[tuple[str, str]] = Counter()
    orphans = statements = 0
    for asked, members in found:
        tree = Tree(members)
        orphans += tree.orphans
        traced[asked.flow, asked.step] += bool(tree.requests)
        for request in tree.requests:
            statements += len(request.statements)
            routes[asked.flow, asked.step, asked.user, _route(request, tree, asked)].requests.append((request, tree))
    untold = list(_sampled(window, traced)) if found else [_none(spans)] if window else []
    if orphans:
        reason = f"{orphans} spans came without the request they belong to: their parents were not sent, or too late"
        untold.append(Untold("", "", reason, "let the portal send all of its spans", part="traces"))
    if found and routes and not statements:
        reason = "the traces hold no statement of a database"
        untold.append(Untold("", "", reason, "instrument the portal's database driver too", part="queries"))
    queries = tuple(route.queries(*key) for key, route in routes.items() if route.sent)
    serial = tuple(calls for key, route in routes.items() for calls in route.serial(key[3]))
    return Traced(queries, serial, (*untold,), tuple(dict.fromkeys(key[3] for key in routes)))


@dataclass(slots=True)
class _Sent:
    """One shape of statement."""

    text: str
    table: str
    seconds: list[float] = field(default_factory=list)
    rows: list[float] = field(default_factory=list)
    places: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Route:
    """All traced requests of one step that one route answered."""

    requests: list[tuple[Request, Tree]] = field(default_factory=list)

    @property
    def sent(self) -> bool:
        return any(request.statements for request, _ in self.requests)

    @property
    def server_s(self) -> float:
        return sum(request.server.seconds for request, _ in self.requests) / len(self.requests)

    def queries(self, flow: str, step: str, user: str, route: str) -> RouteQueries:
        """Its statements, per request."""
        shapes: dict[str, _Sent] = {}
        for request, tree in self.requests:
            for span in request.statements:
                system = str(first(span, "db.system.name", "db.system"))
                text = normalised(str(first(span, "db.query.text", "db.statement")), system)
                if not text:
                    continue
                table = table_of(text) or str(
                    first(span, "db.collection.name", "db.sql.table", "db.mongodb.collection")
                )
                one = shapes.setdefault(shape_of(text), _Sent(text, table[:200]))
                one.seconds.append(span.seconds)
                if isinstance(rows := span.attributes.get("db.response.returned_rows"), int | float):
                    one.rows.append(float(rows))
                one.places[place_of(span, tree)] += 1
        n, whole_s = len(self.requests), sum(sum(one.seconds) for one in shapes.values())
        statements = [
            Statement(
                one.text,
                round(len(one.seconds) / n, 2),
                sum(one.rows) / len(one.rows) if one.rows else 0.0,
                sum(one.seconds) / len(one.seconds) * 1000,
                sum(one.seconds) / whole_s if whole_s else 0.0,
                one.table,
                one.places.most_common(1)[0][0],
            )
            for one in shapes.values()
        ]
        calls = sum(len(one.seconds) for one in shapes.values()) / n
        kept = sorted(statements, key=lambda s: (-s.share, -s.calls))[:MOST_STATEMENTS]
        return RouteQueries(
            "traces", flow, step, user, route, n, round(calls, 2), whole_s / n, self.server_s, tuple(kept)
        )

    def serial(self, route: str) -> list[SerialCalls]:
        """The calls of other servers that it waits for."""
        made: list[list[Call]] = [
            [call_of(span, place_of(span, tree)) for span in request.calls] for request, tree in self.requests
        ]
        return serial_of(route, made, self.server_s)


def _by_trace(spans: Sequence[Span], ours: dict[str, Asked]) -> list[tuple[Asked, list[Span]]]:
    """Our traces; those as well that a public endpoint began anew and linked to ours."""
    owners = dict(ours)
    for span in spans:
        for link in span.links:
            if link in ours:
                owners.setdefault(span.trace, ours[link])
    members: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        if span.trace in owners:
            members[span.trace].append(span)
    return [(owners[trace], found) for trace, found in members.items()]


def _route(request: Request, tree: Tree, asked: Asked) -> str:
    """The step's own route where this is its request; else what the framework calls it."""
    server = request.server
    method = str(first(server, "http.request.method", "http.method")).upper()
    path = str(first(server, "url.path", "http.target", "url.full", "http.url"))
    own = asked.route.partition("?")[0]
    if method and path:
        guessed = route_of(method, path).partition("?")[0]
        if guessed == own:
            return asked.route
        pattern = str(first(server, "http.route"))
        return f"{method} /{pattern.lstrip('/')}"[:200] if pattern else guessed
    return asked.route if tree.begins(server) else server.name[:200]


def _none(spans: Sequence[Span]) -> Untold:
    if not spans:
        reason = "no traces came while the portal was measured"
        unlock = f"set {_ENDPOINT} in the portal to the address of [performance] traces, and run it with OpenTelemetry"
        return Untold("", "", reason, unlock, part="traces")
    reason = (
        f"{len(spans)} spans came, none of our requests: the portal, or a proxy before it, begins traces of its own"
    )
    unlock = "let the portal go on with the `traceparent` header of requests: OTEL_PROPAGATORS=tracecontext"
    return Untold("", "", f"{reason}, or its sampler drops ours", f"{unlock}; {ALL}", part="traces")


def _sampled(window: Sequence[Asked], traced: Counter[tuple[str, str]]) -> Iterable[Untold]:
    asked = Counter((one.flow, one.step) for one in window)
    for (flow, step), count in asked.items():
        seen = traced[flow, step]
        if seen < ENOUGH * count:
            reason = f"{seen} of {count} requests were traced: the portal's sampler or its queue dropped the others"
            yield Untold(flow, step, reason, ALL, part="traces")
