"""Spans out of OTLP messages, protobuf or JSON (opentelemetry.io/docs/specs/otlp, opentelemetry-proto 1.x).

Only what is judged is kept of a span: its place, its times and the attributes named here, cut to a length. Values of
attributes are hostile, and statements may hold secrets until their literals are taken out; nothing here is printed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol

Value = str | int | float | bool
MOST_STATEMENT = 8_000
MOST_VALUE = 1_000
MOST_LINKS = 8
MOST_ATTRIBUTES = 200
"""Attributes of one span that are looked at; SDKs send 128 at most by default."""
KEPT = frozenset(
    {
        # what was asked (old and new names of the semantic conventions)
        "http.request.method", "http.method", "http.route", "url.path", "url.full", "url.scheme", "http.target",
        "http.url", "http.host", "http.response.status_code", "http.status_code", "server.address", "server.port",
        "net.peer.name", "net.peer.port", "peer.service", "network.peer.port",
        # the database
        "db.system.name", "db.system", "db.query.text", "db.statement", "db.operation.name", "db.operation",
        "db.collection.name", "db.sql.table", "db.mongodb.collection", "db.response.returned_rows", "db.query.summary",
        # other calls
        "rpc.system", "rpc.system.name", "rpc.service", "rpc.method", "messaging.system",
        # the code
        "code.file.path", "code.filepath", "code.line.number", "code.lineno", "code.function.name", "code.function",
        "code.namespace", "code.stacktrace",
    }
)  # fmt: skip
"""Attributes of a span."""
_RESOURCE = ("service.name", "service.instance.id", "host.name", "process.pid")
_LONG = frozenset({"db.query.text", "db.statement", "code.stacktrace"})


class Kind(IntEnum):
    """SpanKind of opentelemetry-proto."""

    UNSPECIFIED = 0
    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    PRODUCER = 4
    CONSUMER = 5


@dataclass(frozen=True, slots=True)
class Span:
    """One piece of work that somebody's instrumentation timed. Ids are lower-case hex."""

    trace: str
    id: str
    parent: str
    """Empty: it began the trace."""
    name: str
    kind: Kind
    start_ns: int
    """Since 1970, by the clock of the machine it ran on."""
    end_ns: int
    attributes: Mapping[str, Value] = field(default_factory=dict)
    process: str = ""
    """Which process it ran in: spans of one process share a clock."""
    scope: str = ""
    """The instrumentation that made it."""
    links: tuple[str, ...] = ()
    """Other traces that it says it belongs to."""
    error: bool = False

    @property
    def seconds(self) -> float:
        """How long it took; never negative, whatever was sent."""
        return max(0, self.end_ns - self.start_ns) / 1e9


class Malformed(ValueError):
    """Not an OTLP message; the text says why."""


class Batch(Protocol):
    """One message as it came: checked, its spans not made yet, because that costs more than receiving it."""

    count: int
    """Valid spans."""
    rejected: int
    """Spans without ids, which cannot be used."""

    def spans(self) -> Iterator[Span]:
        """The valid ones."""
        ...


class ProtobufBatch:
    """An ExportTraceServiceRequest in protobuf."""

    def __init__(self, body: bytes) -> None:
        from google.protobuf.message import DecodeError
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        try:
            self._message = ExportTraceServiceRequest.FromString(body)
        except DecodeError:
            raise Malformed("not an ExportTraceServiceRequest in protobuf") from None
        valid = [
            _has_ids(span.trace_id, span.span_id)
            for resource in self._message.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        self.count = sum(valid)
        self.rejected = len(valid) - self.count

    def spans(self) -> Iterator[Span]:
        """The valid ones."""
        for resource in self._message.resource_spans:
            process = _process({pair.key: _plain(pair.value) for pair in resource.resource.attributes})
            for scope in resource.scope_spans:
                for span in scope.spans:
                    if _has_ids(span.trace_id, span.span_id):
                        yield self._span(span, process, scope.scope.name)

    @staticmethod
    def _span(span: Any, process: str, scope: str) -> Span:
        found = {
            pair.key: _cut(pair.key, value)
            for pair in span.attributes[:MOST_ATTRIBUTES]
            if pair.key in KEPT and (value := _plain(pair.value)) is not None
        }
        return Span(
            span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), span.name[:MOST_VALUE],
            _kind(span.kind), span.start_time_unix_nano, span.end_time_unix_nano, found, process, scope[:MOST_VALUE],
            tuple(link.trace_id.hex() for link in span.links[:MOST_LINKS]), span.status.code == _ERROR,
        )  # fmt: skip


class JsonBatch:
    """The same in OTLP's JSON: ids in hex, names in lowerCamelCase, enums as numbers, 64-bit numbers as text."""

    def __init__(self, body: bytes) -> None:
        try:
            message = json.loads(body)
        except (ValueError, RecursionError):
            raise Malformed("not JSON") from None
        if not isinstance(message, dict):
            raise Malformed("not an ExportTraceServiceRequest in JSON")
        self._found: list[tuple[dict[str, Any], str, str]] = []
        self.rejected = 0
        for resource in _objects(message, "resourceSpans"):
            process = _process(dict(_pairs(_object(resource, "resource"))))
            for scope in _objects(resource, "scopeSpans"):
                name = _text(_object(scope, "scope").get("name"))
                for span in _objects(scope, "spans"):
                    if _TRACE.fullmatch(_text(span.get("traceId"))) and _SPAN.fullmatch(_text(span.get("spanId"))):
                        self._found.append((span, process, name))
                    else:
                        self.rejected += 1
        self.count = len(self._found)

    def spans(self) -> Iterator[Span]:
        """The valid ones."""
        for span, process, scope in self._found:
            found = {
                key: _cut(key, value)
                for key, value in _pairs(span)
                if key in KEPT and isinstance(value, str | int | float | bool)
            }
            parent = _text(span.get("parentSpanId")).lower()
            yield Span(
                _text(span.get("traceId")).lower(), _text(span.get("spanId")).lower(),
                parent if _SPAN.fullmatch(parent) else "", _text(span.get("name")), _kind(span.get("kind")),
                _whole(span.get("startTimeUnixNano")), _whole(span.get("endTimeUnixNano")), found, process, scope,
                tuple(_text(link.get("traceId")).lower() for link in _objects(span, "links")[:MOST_LINKS]),
                _whole(_object(span, "status").get("code")) == _ERROR,
            )  # fmt: skip


def batch_of(body: bytes, json_text: bool) -> Batch:
    """A message, checked. Raises Malformed."""
    return JsonBatch(body) if json_text else ProtobufBatch(body)


_ERROR = 2
_TRACE = re.compile(r"(?!0{32})[0-9a-fA-F]{32}")
_SPAN = re.compile(r"(?!0{16})[0-9a-fA-F]{16}")


def _has_ids(trace: bytes, span: bytes) -> bool:
    return len(trace) == 16 and len(span) == 8 and any(trace) and any(span)


def _plain(value: Any) -> Value | None:
    """An AnyValue of protobuf; None for lists, tables and bytes."""
    kind = value.WhichOneof("value")
    return getattr(value, kind) if kind in ("string_value", "int_value", "double_value", "bool_value") else None


def _pairs(holder: Mapping[str, Any]) -> Iterator[tuple[str, Value | None]]:
    for pair in _objects(holder, "attributes")[:MOST_ATTRIBUTES]:
        value = _object(pair, "value")
        if isinstance(text := value.get("stringValue"), str):
            yield _text(pair.get("key")), text
        elif "intValue" in value:
            yield _text(pair.get("key")), _whole(value["intValue"])
        elif isinstance(truth := value.get("boolValue"), bool):
            yield _text(pair.get("key")), truth
        elif isinstance(number := value.get("doubleValue"), int | float):
            yield _text(pair.get("key")), float(number)


def _process(resource: Mapping[str, Value | None]) -> str:
    return "/".join(str(resource.get(name) or "")[:100] for name in _RESOURCE).rstrip("/")


def _cut(key: str, value: Value) -> Value:
    return value[: MOST_STATEMENT if key in _LONG else MOST_VALUE] if isinstance(value, str) else value


def _kind(number: object) -> Kind:
    return Kind(number) if isinstance(number, int) and 0 <= number <= max(Kind) else Kind.UNSPECIFIED


def _whole(value: object) -> int:
    """A 64-bit number: as text, as a number, or in halves as older JavaScript SDKs send it."""
    if isinstance(value, dict):
        low, high = value.get("low"), value.get("high")
        return ((high & _HALF) << 32) | (low & _HALF) if isinstance(low, int) and isinstance(high, int) else 0
    if isinstance(value, str):
        value = int(value) if re.fullmatch(r"-?\d{1,20}", value, re.ASCII) else 0
    if isinstance(value, float):
        return int(value) if abs(value) < 2**64 else 0  # NaN and Infinity compare as false
    return value if isinstance(value, int) and abs(value) < 2**64 else 0


_HALF = 0xFFFFFFFF


def _text(value: object) -> str:
    return value[:MOST_VALUE] if isinstance(value, str) else ""


def _object(holder: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = holder.get(key)
    return found if isinstance(found, dict) else {}


def _objects(holder: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = holder.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
