"""OpenTelemetry traces sent to us: a receiver of OTLP over HTTP for as long as a measurement takes.

Speaks what the specification asks of a server (opentelemetry.io/docs/specs/otlp, section OTLP/HTTP): protobuf and JSON,
gzip, partial success, a Status in every refusal, 503 where trying again helps. Metrics and logs are taken and dropped,
for SDKs send them to the same place. It stores nothing, forwards nothing and has no TLS: it listens on loopback unless
told otherwise, and whoever can reach it can send. HTTP itself is parsed by h11; everything is bounded.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType

from launchready.probes.otlp_spans import Batch, Malformed, Span, batch_of

PORT = 4318
"""Registered for OTLP over HTTP."""
MOST_BODY = 8 * 1024**2
MOST_INFLATED = 32 * 1024**2
MOST_HEAD = 32 * 1024
MOST_CONNECTIONS = 64
REQUEST_S = 20.0
"""Within which a whole request must come; an idle connection is closed after it too."""
PROTOBUF, JSON = "application/x-protobuf", "application/json"
PATHS = {"/v1/traces": True, "/v1/metrics": False, "/v1/logs": False}
"""Path, and whether what is sent there is kept."""
UNLOCK = "pip install 'launchready[traces]'"


def missing() -> str:
    """What is not installed; empty when traces can be received."""
    try:
        import h11  # noqa: F401 - whether it is there
        import opentelemetry.proto.collector.trace.v1.trace_service_pb2  # noqa: F401
    except ImportError as error:
        return f"traces cannot be received: {error.name} is not installed"
    return ""


class OtlpReceiver:
    """Listens while it is entered; `take` hands out what came. Entering raises OSError where it cannot listen."""

    def __init__(
        self,
        address: str = "127.0.0.1",
        port: int = PORT,
        *,
        most_spans: int = 200_000,
        most_bytes: int = 256 * 1024**2,
        request_s: float = REQUEST_S,
    ) -> None:
        self.address, self.port = address, port
        self.dropped = 0
        """Spans that were thrown away, oldest first, because more came than are kept."""
        self.rejected = 0
        """Spans without ids."""
        self.refused: dict[str, int] = {}
        """How many requests were refused, by reason."""
        self._most_spans, self._most_bytes, self._request_s = most_spans, most_bytes, request_s
        self._kept: deque[tuple[Batch, int]] = deque()
        self._spans = self._bytes = 0
        self._came = asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """What OTEL_EXPORTER_OTLP_ENDPOINT is set to."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"http://{host}:{self.port}"

    async def __aenter__(self) -> OtlpReceiver:
        self._server = await asyncio.start_server(self._connected, self.address, self.port, limit=64 * 1024)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def take(self) -> tuple[Span, ...]:
        """The spans that came since the last call. They are made here, not while a measurement goes on."""
        kept, self._kept, self._spans, self._bytes = self._kept, deque(), 0, 0
        return tuple(span for batch, _ in kept for span in batch.spans())

    async def wait(self, enough: Callable[[tuple[Span, ...]], bool], within_s: float) -> tuple[Span, ...]:
        """What came by the time `enough` says so of all of it, else after `within_s`: SDKs send in batches."""
        spans: tuple[Span, ...] = ()
        try:
            async with asyncio.timeout(within_s):
                while True:
                    self._came.clear()
                    spans += self.take()
                    if enough(spans):
                        return spans
                    await self._came.wait()
        except TimeoutError:
            return spans + self.take()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._connections) >= MOST_CONNECTIONS:
            writer.close()
            return
        self._connections.add(task)
        try:
            await _Connection(reader, writer, self._answer, self._request_s).serve()
        except (OSError, TimeoutError):
            pass  # it went away, or took too long; SDKs try again
        except asyncio.CancelledError:
            if self._server is not None and self._server.is_serving():
                raise
        finally:
            self._connections.discard(task)
            writer.close()

    async def _answer(self, request: _Request) -> _Answer:
        path = request.target.partition("?")[0]
        json_text = request.kind == JSON
        if path not in PATHS:
            return self._refusal(404, 5, f"OTLP over HTTP is taken at {', '.join(PATHS)}", json_text)
        if request.method != "POST":
            return self._refusal(405, 12, "only POST is taken", json_text, allow="POST")
        if request.kind not in (PROTOBUF, JSON):
            return self._refusal(415, 3, f"Content-Type must be {PROTOBUF} or {JSON}", json_text)
        if request.coding not in ("", "identity", "gzip"):
            return self._refusal(415, 3, "Content-Encoding must be gzip or none", json_text)
        if request.too_large:
            return self._refusal(413, 3, f"more than {MOST_BODY} bytes", json_text)
        if not PATHS[path]:
            return _Answer(200, b"{}" if json_text else b"", JSON if json_text else PROTOBUF)
        try:
            body = request.body
            if request.coding == "gzip":
                body = await asyncio.to_thread(_inflated, request.body)
            batch = batch_of(body, json_text)
        except Malformed as error:
            return self._refusal(400, 3, str(error), json_text)
        except ImportError:
            return self._refusal(415, 3, f"{missing()}; send {JSON}", json_text)
        self._keep(batch, len(body))
        said = f"{batch.rejected} spans have no valid traceId and spanId (16 and 8 bytes, not zero)"
        if json_text:
            told: dict[str, object] = {"rejectedSpans": str(batch.rejected), "errorMessage": said}
            return _Answer(200, json.dumps({"partialSuccess": told} if batch.rejected else {}).encode(), JSON)
        partial = _number(1, batch.rejected) + _bytes(2, said.encode())
        return _Answer(200, _bytes(1, partial) if batch.rejected else b"", PROTOBUF)

    def _keep(self, batch: Batch, size: int) -> None:
        self.rejected += batch.rejected
        if batch.count:
            self._kept.append((batch, size))
            self._spans += batch.count
            self._bytes += size
        while self._kept and (self._spans > self._most_spans or self._bytes > self._most_bytes):
            oldest, freed = self._kept.popleft()
            self._spans -= oldest.count
            self._bytes -= freed
            self.dropped += oldest.count
        self._came.set()

    def _refusal(self, status: int, code: int, reason: str, json_text: bool, *, allow: str = "") -> _Answer:
        """A google.rpc.Status, as the specification asks of every 4xx and 5xx."""
        self.refused[reason] = self.refused.get(reason, 0) + 1
        if json_text:
            return _Answer(status, json.dumps({"code": code, "message": reason}).encode(), JSON, allow)
        return _Answer(status, _number(1, code) + _bytes(2, reason.encode()), PROTOBUF, allow)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    target: str
    kind: str
    coding: str
    body: bytes
    too_large: bool


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes
    kind: str
    allow: str = ""


class _Connection:
    """One connection of an exporter: requests one after another, kept alive."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        answer: Callable[[_Request], Awaitable[_Answer]],
        request_s: float,
    ) -> None:
        import h11

        self._reader, self._writer, self._answer, self._request_s = reader, writer, answer, request_s
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MOST_HEAD)

    async def serve(self) -> None:
        """Until either side has enough. Raises OSError and TimeoutError, as the connection does."""
        import h11

        while True:
            try:
                async with asyncio.timeout(self._request_s):
                    request = await self._request()
            except h11.RemoteProtocolError as error:
                if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                    text = _number(1, 3) + _bytes(2, b"not an HTTP/1.1 request")
                    await self._send(_Answer(error.error_status_hint, text, PROTOBUF))
                return
            if request is None:
                return
            answer = await self._answer(request)
            async with asyncio.timeout(self._request_s):
                await self._send(answer)
            if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                return
            self._http.start_next_cycle()

    async def _request(self) -> _Request | None:
        import h11

        head = await self._event()
        if not isinstance(head, h11.Request):
            return None
        fields = {name.decode("ascii"): value.decode("latin-1").strip().lower() for name, value in head.headers}
        length = fields.get("content-length", "")
        announced = int(length) if length.isdigit() else 0
        body, seen = bytearray(), 0
        if announced > MOST_BODY and "expect" in fields:
            seen = announced
        else:
            if self._http.they_are_waiting_for_100_continue:
                await self._write(self._http.send(h11.InformationalResponse(status_code=100, headers=[])))
            while isinstance(piece := await self._event(), h11.Data):
                seen += len(piece.data)
                if seen <= MOST_BODY:
                    body += piece.data
                elif seen > 4 * MOST_BODY:  # until then it is read on, so that the refusal is read by who sends
                    break
        return _Request(
            head.method.decode("ascii"), head.target.decode("latin-1"),
            fields.get("content-type", "").partition(";")[0].strip(), fields.get("content-encoding", ""),
            bytes(body) if seen <= MOST_BODY else b"", seen > MOST_BODY,
        )  # fmt: skip

    async def _event(self) -> object:
        import h11

        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self._reader.read(64 * 1024))
        return event

    async def _send(self, answer: _Answer) -> None:
        import h11

        fields = [("Content-Type", answer.kind), ("Content-Length", str(len(answer.body)))]
        if answer.allow:
            fields.append(("Allow", answer.allow))
        if self._http.their_state not in (h11.DONE, h11.MUST_CLOSE):
            fields.append(("Connection", "close"))
        head = self._http.send(h11.Response(status_code=answer.status, headers=fields))
        body = self._http.send(h11.Data(data=answer.body))
        await self._write((head or b"") + (body or b"") + (self._http.send(h11.EndOfMessage()) or b""))

    async def _write(self, content: bytes | None) -> None:
        self._writer.write(content or b"")
        await self._writer.drain()


def _inflated(body: bytes) -> bytes:
    """What gzip holds, all of it. Raises Malformed where it is none, cut short, or larger than is taken."""
    inflater = zlib.decompressobj(wbits=31)
    try:
        text = inflater.decompress(body, MOST_INFLATED + 1)
    except zlib.error:
        raise Malformed("not gzip") from None
    if len(text) > MOST_INFLATED:
        raise Malformed(f"more than {MOST_INFLATED} bytes when inflated")
    if not inflater.eof:
        raise Malformed("the gzip ends early")
    return text


def _number(field: int, value: int) -> bytes:
    """A field of protobuf that holds a number (protobuf.dev/programming-guides/encoding)."""
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    """A field of protobuf that holds text or a message."""
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
