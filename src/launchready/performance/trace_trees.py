"""The spans of one trace as requests: each served request with the statements and the calls that it waited for.

A library and the driver below it both tell of the same query: the outer one counts. Work that begins after the answer
was sent is nobody's wait. Parents that are missing, twice there, or in a circle do no harm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from launchready.probes.otlp_spans import Kind, Span, Value

MOST_DEPTH = 500
_CACHES = ("redis", "valkey", "memcached", "dynamodb", "aws.dynamodb", "elasticsearch", "opensearch", "hazelcast")
"""Stores that are asked for one key at a time: calls, not statements."""


def first(span: Span, *names: str) -> Value:
    """The first of these attributes that is there; the empty text else."""
    return next((span.attributes[name] for name in names if name in span.attributes), "")


def system_of(span: Span) -> str:
    """The database that the span asks; empty for other spans."""
    return str(first(span, "db.system.name", "db.system")).lower()


def is_statement(span: Span) -> bool:
    """Whether it is a statement of a database; connecting and pooling are none."""
    system = system_of(span)
    return bool(system) and system not in _CACHES and bool(first(span, "db.query.text", "db.statement"))


def is_call(span: Span) -> bool:
    """Whether it asks another server: HTTP, RPC, a cache, or a mail server."""
    if span.kind is not Kind.CLIENT:
        return False
    if system_of(span) in _CACHES:
        return True
    if first(span, "http.request.method", "http.method", "rpc.system", "rpc.system.name"):
        return True
    return is_mail_port(span)


def is_mail_port(span: Span) -> bool:
    """Whether the server it talks to is known by its port to take mail."""
    return str(first(span, "server.port", "net.peer.port", "network.peer.port")) in ("25", "465", "587", "2525")


@dataclass(slots=True)
class Request:
    """One request that one process served."""

    server: Span
    statements: list[Span] = field(default_factory=list)
    calls: list[Span] = field(default_factory=list)


class Tree:
    """One trace."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self._by_id = {span.id: span for span in spans}  # exporters that try again send twice
        self.orphans = 0
        """Statements and calls of which the request is not known."""
        found: dict[str, Request] = {}
        for span in self._by_id.values():
            if span.kind is Kind.SERVER and (server := self._server(span)) is not None:
                found.setdefault(server.id, Request(server))
        for span in self._by_id.values():
            statement = is_statement(span)
            if not statement and not is_call(span):
                continue
            server = self._server(span)
            if server is None:
                self.orphans += 1
            elif span.start_ns <= server.end_ns:
                request = found[server.id]
                if statement and not any(is_statement(above) for above in self.above(span)):
                    request.statements.append(span)
                elif not statement and not any(is_call(above) or is_statement(above) for above in self.above(span)):
                    request.calls.append(span)
        self.requests = list(found.values())

    def above(self, span: Span) -> Iterator[Span]:
        """Its ancestors, nearest first, up to the request."""
        for _ in range(MOST_DEPTH):
            parent = self._by_id.get(span.parent)
            if parent is None or span.kind is Kind.SERVER:
                return
            yield parent
            span = parent

    def begins(self, span: Span) -> bool:
        """Whether nothing that was sent to us is above it."""
        return span.parent not in self._by_id

    def _server(self, span: Span) -> Span | None:
        """The request it was done for: the outermost in its process, for layers of a framework each tell of theirs."""
        server, current = None, span
        for _ in range(MOST_DEPTH):
            if current.kind is Kind.SERVER:
                server = current
            parent = self._by_id.get(current.parent)
            crossed = parent and current.kind is Kind.SERVER and (parent.kind is Kind.CLIENT)
            if parent is None or crossed or parent.process != current.process:
                break
            current = parent
        return server
