"""The receiver of traces, spoken to over real connections: by OpenTelemetry's own exporter, by hand, and by enemies."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from launchready.probes import otlp
from launchready.probes.otlp import JSON, PROTOBUF, OtlpReceiver
from launchready.probes.otlp_spans import Kind, Span

pytest.importorskip("opentelemetry.sdk")

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
NOW = 1_790_000_000_000_000_000


@pytest.fixture
async def receiver() -> AsyncIterator[OtlpReceiver]:
    async with OtlpReceiver(port=0) as listening:
        yield listening


def body(*spans: dict[str, Any], service: str = "portal") -> bytes:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    return json.dumps(
        {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "by hand"}, "spans": spans}]}]}
    ).encode()


def span(**fields: Any) -> dict[str, Any]:
    times = {"startTimeUnixNano": str(NOW), "endTimeUnixNano": str(NOW + 1_500_000)}
    return {"traceId": TRACE, "spanId": SPAN, "name": "GET /", "kind": 2, **times, **fields}


async def post(
    receiver: OtlpReceiver, content: bytes, kind: str = JSON, path: str = "/v1/traces", **fields: str
) -> tuple[int, dict[str, str], bytes]:
    named = {"Content-Type": kind, "Content-Length": str(len(content)), "Connection": "close"}
    named |= {name.replace("_", "-"): value for name, value in fields.items()}
    return await said(receiver, b"POST " + path.encode() + b" HTTP/1.1\r\nHost: x\r\n", named, content)


async def said(
    receiver: OtlpReceiver, line: bytes, fields: dict[str, str], content: bytes
) -> tuple[int, dict[str, str], bytes]:
    reader, writer = await asyncio.open_connection(receiver.address, receiver.port)
    try:
        writer.write(line + "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode() + b"\r\n")
        writer.write(content)
        raw = await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()
    head, _, answered = raw.partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in rest)}
    return int(first.split(" ")[1]), headers, answered


async def test_spans_of_the_real_exporter_arrive_as_they_were(receiver: OtlpReceiver) -> None:
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
    from opentelemetry.trace import SpanKind

    results = []

    class Watched(OTLPSpanExporter):
        def export(self, spans: Any) -> SpanExportResult:
            results.append(super().export(spans))
            return results[-1]

    def send() -> None:
        for compression in (Compression.NoCompression, Compression.Gzip):
            provider = TracerProvider(resource=Resource({"service.name": "portal"}), shutdown_on_exit=False)
            exporter = Watched(endpoint=f"{receiver.url}/v1/traces", compression=compression)
            provider.add_span_processor(SimpleSpanProcessor(exporter))
            tracer = provider.get_tracer("a library")
            with tracer.start_as_current_span("GET /", kind=SpanKind.SERVER) as outer:
                outer.set_attribute("http.response.status_code", 200)
                with tracer.start_as_current_span("SELECT", kind=SpanKind.CLIENT) as inner:
                    inner.set_attributes({"db.query.text": "SELECT 1", "db.query.parameter.0": "secret"})
            provider.shutdown()

    await asyncio.to_thread(send)
    inner, outer, *_ = spans = receiver.take()

    assert len(spans) == 4
    assert set(results) == {SpanExportResult.SUCCESS}
    assert (outer.name, outer.kind, outer.parent) == ("GET /", Kind.SERVER, "")
    assert (inner.parent, inner.trace, inner.scope) == (outer.id, outer.trace, "a library")
    assert inner.attributes == {"db.query.text": "SELECT 1"}
    assert outer.attributes == {"http.response.status_code": 200}
    assert outer.seconds >= inner.seconds > 0
    assert inner.process.startswith("portal")


async def test_spans_in_json_are_read_as_the_specification_maps_them(receiver: OtlpReceiver) -> None:
    attributes = [
        {"key": "http.route", "value": {"stringValue": "/x"}},
        {"key": "http.status_code", "value": {"intValue": "200"}},
        {"key": "server.port", "value": {"intValue": 443}},
        {"key": "url.path", "value": {"arrayValue": {"values": []}}},
    ]
    whole = span(traceId=TRACE.upper(), parentSpanId="00f067aa0ba902b7", attributes=attributes, status={"code": 2},
                 links=[{"traceId": "a" * 32}], unknownField=1)  # fmt: skip
    status, headers, answered = await post(receiver, body(whole), "application/json; charset=utf-8")

    assert (status, headers["content-type"], json.loads(answered)) == (200, JSON, {})
    assert receiver.take() == (
        Span(TRACE, SPAN, "00f067aa0ba902b7", "GET /", Kind.SERVER, NOW, NOW + 1_500_000,
             {"http.route": "/x", "http.status_code": 200, "server.port": 443}, "portal", "by hand", ("a" * 32,), True),
    )  # fmt: skip


async def test_times_in_halves_as_older_javascript_sends_them(receiver: OtlpReceiver) -> None:
    halves = {"low": NOW & 0xFFFFFFFF, "high": NOW >> 32}
    await post(receiver, body(span(startTimeUnixNano=halves, endTimeUnixNano=halves)))

    assert [one.start_ns for one in receiver.take()] == [NOW]


async def test_the_good_spans_of_a_batch_are_kept_and_the_others_counted(receiver: OtlpReceiver) -> None:
    content = body(span(), span(traceId="0" * 32), span(spanId="00f0"), span(traceId="W3rsLqVvEI+kU1/Ci6mXBQ=="))
    status, _, answered = await post(receiver, content)

    partial = json.loads(answered)["partialSuccess"]
    assert (status, partial["rejectedSpans"]) == (200, "3")
    assert "traceId" in partial["errorMessage"]
    assert (len(receiver.take()), receiver.rejected) == (1, 3)


async def test_partial_success_in_protobuf_is_read_by_opentelemetry(receiver: OtlpReceiver) -> None:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
        ExportTraceServiceRequest,
        ExportTraceServiceResponse,
    )

    message = ExportTraceServiceRequest()
    spans = message.resource_spans.add().scope_spans.add().spans
    spans.add(trace_id=bytes.fromhex(TRACE), span_id=bytes.fromhex(SPAN), name="kept")
    for _ in range(200):
        spans.add(trace_id=b"short", span_id=bytes.fromhex(SPAN))
    status, headers, answered = await post(receiver, message.SerializeToString(), PROTOBUF)

    told = ExportTraceServiceResponse.FromString(answered).partial_success
    assert (status, headers["content-type"], told.rejected_spans) == (200, PROTOBUF, 200)
    assert "traceId" in told.error_message
    assert [one.name for one in receiver.take()] == ["kept"]


@pytest.mark.parametrize("path", ["/v1/metrics", "/v1/logs"])
async def test_metrics_and_logs_are_taken_and_dropped(receiver: OtlpReceiver, path: str) -> None:
    status, headers, answered = await post(receiver, b"anything", PROTOBUF, path)

    assert (status, headers["content-type"], answered) == (200, PROTOBUF, b"")
    assert receiver.take() == ()


@pytest.mark.parametrize(
    ("path", "kind", "content", "fields", "status"),
    [
        ("/v1/traces", JSON, b"{", {}, 400),
        ("/v1/traces", JSON, b"[]", {}, 400),
        ("/v1/traces", JSON, b"[" * 200_000, {}, 400),
        ("/v1/traces", JSON, b"\xff\xfe\x00", {}, 400),
        ("/v1/traces", PROTOBUF, b"\xff\xff\xff", {}, 400),
        ("/v1/traces", JSON, b"{}", {"Content_Encoding": "gzip"}, 400),
        ("/v1/traces", JSON, gzip.compress(b"{}", mtime=0)[:-6], {"Content_Encoding": "gzip"}, 400),
        (
            "/v1/traces", JSON, gzip.compress(b" " * (otlp.MOST_INFLATED + 1), mtime=0),
            {"Content_Encoding": "gzip"}, 400,
        ),
        ("/v1/traces", JSON, b"{}", {"Content_Encoding": "zstd"}, 415),
        ("/v1/traces", "text/plain", b"{}", {}, 415),
        ("/v1/traces", "", b"", {}, 415),
        ("/api/v2/spans", JSON, b"[]", {}, 404),
        ("/v1/traces", JSON, b" " * (otlp.MOST_BODY + 1), {}, 413),
    ],
)  # fmt: skip
async def test_what_cannot_be_taken_is_refused_for_good_with_a_status(
    receiver: OtlpReceiver, path: str, kind: str, content: bytes, fields: dict[str, str], status: int
) -> None:
    answer, headers, answered = await post(receiver, content, kind, path, **fields)

    assert answer == status
    if kind == JSON:
        assert json.loads(answered)["message"]
    else:
        from google.rpc.status_pb2 import Status

        assert headers["content-type"] == PROTOBUF
        assert Status.FromString(answered).message
    assert receiver.take() == ()
    assert sum(receiver.refused.values()) == 1


async def test_a_bomb_is_told_as_what_it_is(receiver: OtlpReceiver) -> None:
    bomb = gzip.compress(b" " * (otlp.MOST_INFLATED + 1))
    _, _, answered = await post(receiver, bomb, Content_Encoding="gzip")

    assert json.loads(answered)["message"] == f"more than {otlp.MOST_INFLATED} bytes when inflated"


async def test_a_message_without_spans_is_fine(receiver: OtlpReceiver) -> None:
    odd = b'{"resourceSpans": [{"scopeSpans": [{"spans": [7, null]}, 1], "resource": []}, "x"]}'

    assert [(await post(receiver, content))[0] for content in (b"{}", odd)] == [200, 200]
    assert receiver.take() == ()


async def test_garbage_in_a_valid_span_does_no_harm(receiver: OtlpReceiver) -> None:
    odd = span(kind=99, name=None, startTimeUnixNano="-1e9", endTimeUnixNano=1e400, parentSpanId="zz",
               attributes=[{"key": "http.route"}, {"key": "db.statement", "value": {"stringValue": "x" * 100_000}}, 3],
               status=[], links={})  # fmt: skip
    status, _, _ = await post(receiver, body(odd).replace(b"Infinity", b"1e999"))
    (found,) = receiver.take()

    assert status == 200
    assert (found.kind, found.name, found.parent, found.seconds) == (Kind.UNSPECIFIED, "", "", 0)
    assert len(str(found.attributes["db.statement"])) < 10_000


async def test_other_methods_are_told_what_is_allowed(receiver: OtlpReceiver) -> None:
    status, headers, _ = await said(receiver, b"GET /v1/traces HTTP/1.1\r\nHost: x\r\n", {"Connection": "close"}, b"")

    assert (status, headers["allow"]) == (405, "POST")


async def test_what_is_no_http_is_refused(receiver: OtlpReceiver) -> None:
    status, _, _ = await said(receiver, b"\x16\x03\x01\r\n", {}, b"")
    large, _, _ = await said(receiver, b"POST / HTTP/1.1\r\nHost: x\r\n", {"X": "y" * 100_000}, b"")

    assert status == 400
    assert large in (400, 431)


async def test_a_body_in_pieces_and_a_connection_that_is_kept(receiver: OtlpReceiver) -> None:
    content = body(span())
    head = f"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: {JSON}\r\n"
    reader, writer = await asyncio.open_connection(receiver.address, receiver.port)
    try:
        for _ in range(2):
            writer.write(f"{head}Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n".encode())
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 \r\n\r\n"
            writer.write(f"{len(content):x}\r\n".encode() + content + b"\r\n0\r\n\r\n")
            assert (await reader.readuntil(b"{}")).startswith(b"HTTP/1.1 200")
    finally:
        writer.close()

    assert len(receiver.take()) == 2


async def test_who_sends_too_slowly_is_hung_up_on() -> None:
    async with OtlpReceiver(port=0, request_s=0.05) as receiver:
        reader, writer = await asyncio.open_connection(receiver.address, receiver.port)
        writer.write(b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12")

        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()


async def test_only_so_many_spans_are_kept_the_newest_and_the_rest_is_counted() -> None:
    async with OtlpReceiver(port=0, most_spans=5) as receiver:
        for name in ("first", "second", "third"):
            await post(receiver, body(*(span(name=name) for _ in range(2))))

        assert [one.name for one in receiver.take()] == ["second"] * 2 + ["third"] * 2
        assert receiver.dropped == 2


async def test_more_connections_than_are_served_are_closed(receiver: OtlpReceiver) -> None:
    opened = [await asyncio.open_connection(receiver.address, receiver.port) for _ in range(otlp.MOST_CONNECTIONS + 1)]
    try:
        assert await asyncio.wait_for(opened[-1][0].read(), 10) == b""
    finally:
        for _, writer in opened:
            writer.close()


async def test_waiting_ends_when_what_is_waited_for_has_come(receiver: OtlpReceiver) -> None:
    waiting = asyncio.create_task(receiver.wait(lambda spans: len(spans) >= 2, 30))
    for _ in range(2):
        await post(receiver, body(span()))

    assert len(await asyncio.wait_for(waiting, 10)) == 2


async def test_waiting_ends_in_time_with_what_has_come(receiver: OtlpReceiver) -> None:
    await post(receiver, body(span()))

    assert len(await receiver.wait(lambda spans: False, 0.05)) == 1


async def test_an_address_that_is_taken_is_told(receiver: OtlpReceiver) -> None:
    with pytest.raises(OSError, match="in use"):
        async with OtlpReceiver(receiver.address, receiver.port):
            pass
