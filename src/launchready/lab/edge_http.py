"""HTTP as the lab's sites speak it: requests read from a stream, answers by route, in HTTP/1.1 and HTTP/2.

Serves what a `Site` says and nothing else; troubles are acted out here. No chunked requests, no trailers, no push.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Protocol
from urllib.parse import urlsplit

import brotli
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, RequestReceived, StreamEnded
from h2.exceptions import ProtocolError

from launchready.lab.world import Response, Route, Trouble

NOT_FOUND = Response(404, (("Content-Type", "text/plain"),), "no such site")
HUGE_BYTES = 10 * 1024**3
BOMB_BYTES = 1024**3


class Stream(Protocol):
    """What is served on: a TLS stream, or a plain one."""

    async def read(self, most: int = 65536) -> bytes:
        """Some bytes, or none at the end."""
        ...

    async def write(self, content: bytes) -> None:
        """Send all of it."""
        ...


class PlainStream:
    """A connection in clear."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def read(self, most: int = 65536) -> bytes:
        """Some bytes, or none at the end."""
        return await self._reader.read(most)

    async def write(self, content: bytes) -> None:
        """Send all of it."""
        self._writer.write(content)
        await self._writer.drain()


MOST_BODY = 1024**2
"""Bytes of a request's body that are taken."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked for."""

    method: str
    host: str
    target: str
    fields: Mapping[str, str] = field(default_factory=dict)
    """Header fields, names in lower case."""
    body: bytes = b""


Answer = Callable[[Request], Response | Awaitable[Response]]
"""What is answered to a request; counts it. Awaited where a program behind the edge has to be asked."""


@dataclass(frozen=True, slots=True)
class Sent:
    """An answer made ready: status, headers, body (or its endless repetition)."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    trouble: Trouble


def pick(routes: tuple[Route, ...], path: str, cookies: str) -> Response:
    """The response of the longest matching route, one for a cookie first, an exact one before a prefix."""

    def fits(route: Route) -> bool:
        prefix = route.path.endswith("*") and path.startswith(route.path[:-1])
        return (prefix or route.path == path) and (not route.cookie or route.cookie in cookies.split("; "))

    def rank(route: Route) -> tuple[bool, int, bool]:
        return route.path == path, len(route.path), bool(route.cookie)

    best = max(filter(fits, routes), key=rank, default=None)
    return best.response if best else NOT_FOUND


def made_ready(response: Response, target: str) -> Sent:
    """Fill in templates and lengths."""
    body = response.body.encode() if isinstance(response.body, str) else response.body
    headers = [
        (name, value.replace("{target}", target).replace("{path}", urlsplit(target).path))
        if name.lower() == "location"
        else (name, value)
        for name, value in response.headers
    ]
    length = len(body)
    if response.trouble is Trouble.HUGE_BODY:
        length = HUGE_BYTES
    elif response.trouble in (Trouble.GZIP_BOMB, Trouble.BROTLI_BOMB):
        coding = "gzip" if response.trouble is Trouble.GZIP_BOMB else "br"
        headers.append(("Content-Encoding", coding))
        body = _bomb(coding)
        length = len(body)
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "text/html; charset=utf-8"))
    headers.append(("Content-Length", str(length)))
    return Sent(response.status, tuple(headers), body, response.trouble)


async def serve_h1(stream: Stream, answer: Answer) -> None:
    """Serve HTTP/1.1 until the other side goes or a trouble ends it."""
    buffer = b""
    while True:
        while b"\r\n\r\n" not in buffer:
            if not (content := await stream.read()) or len(buffer) > 65536:
                return
            buffer += content
        head, buffer = buffer.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        parts = lines[0].split(" ")
        if len(parts) != 3:
            return
        pairs = (line.split(": ", 1) for line in lines[1:] if ": " in line)
        fields = {name.lower(): value for name, value in pairs}
        length = int(fields.get("content-length", "0") or 0)
        while len(buffer) < min(length, MOST_BODY):
            if not (content := await stream.read()):
                return
            buffer += content
        body, buffer = buffer[:length], buffer[length:]
        asked = Request(parts[0], fields.get("host", ""), parts[1], fields, body)
        sent = made_ready(await _settled(answer(asked)), parts[1])
        if sent.trouble in _RAW:
            await act(sent.trouble, stream)
            return
        reply = f"HTTP/1.1 {sent.status} Status\r\n" + "".join(f"{n}: {v}\r\n" for n, v in sent.headers) + "\r\n"
        await stream.write(reply.encode("utf-8"))
        if sent.trouble is Trouble.HUGE_BODY:
            for _ in range(HUGE_BYTES // 65536):
                await stream.write(bytes(65536))
                await asyncio.sleep(0)  # who reads fast must not keep the other servers of the lab waiting
        elif parts[0] != "HEAD" and sent.status not in (204, 304):
            await stream.write(sent.body)
        if fields.get("connection", "").lower() == "close":
            return


async def serve_h2(stream: Stream, answer: Answer) -> None:
    """Serve HTTP/2 until the other side goes or a trouble ends it."""
    connection = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
    connection.initiate_connection()
    await stream.write(connection.data_to_send())
    waiting: dict[int, Request] = {}
    rest: dict[int, tuple[bytes, int]] = {}
    while content := await stream.read():
        try:
            events = connection.receive_data(content)
        except ProtocolError:
            return
        for event in events:
            if isinstance(event, ConnectionTerminated):
                return
            if isinstance(event, RequestReceived):
                fields = {str(name): str(value) for name, value in event.headers}
                waiting[event.stream_id] = Request(fields[":method"], fields[":authority"], fields[":path"], fields)
            elif isinstance(event, DataReceived):
                asked = waiting[event.stream_id]
                waiting[event.stream_id] = replace(asked, body=(asked.body + event.data)[:MOST_BODY])
                connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, StreamEnded):
                asked = waiting.pop(event.stream_id)
                sent = made_ready(await _settled(answer(asked)), asked.target)
                if sent.trouble is Trouble.GARBAGE:
                    await act(sent.trouble, stream)
                    return
                if sent.trouble is Trouble.ENDLESS_HEADERS:
                    await _flood(stream, connection, event.stream_id)
                if sent.trouble is Trouble.CLOSES:
                    connection.reset_stream(event.stream_id)
                if sent.trouble is Trouble.DRIPS:
                    connection.send_headers(event.stream_id, [(":status", "200"), ("content-type", "text/html")])
                if sent.trouble in _RAW:
                    continue  # nothing more on this stream; others go on
                headers = [(":status", str(sent.status)), *((n.lower(), v) for n, v in sent.headers)]
                connection.send_headers(event.stream_id, headers)
                size = HUGE_BYTES if sent.trouble is Trouble.HUGE_BODY else len(sent.body)
                rest[event.stream_id] = (sent.body or bytes(65536), size)
        await _send_what_fits(connection, rest, stream)


async def _settled(answer: Response | Awaitable[Response]) -> Response:
    return answer if isinstance(answer, Response) else await answer


async def act(trouble: Trouble, stream: Stream) -> None:
    """Do what a troubled server does on an open connection, until the other side goes."""
    if trouble is Trouble.CLOSES:
        return
    if trouble is Trouble.GARBAGE:
        await stream.write(b"\x00\xff\x13garbage\r\n" * 64)
        return
    if trouble is Trouble.ENDLESS_HEADERS:
        await stream.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            await stream.write(b"".join(b"X-Filler-%d: %s\r\n" % (n, b"x" * 200) for n in range(100)))
    if trouble is Trouble.DRIPS:
        for byte in b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 999\r\n\r\n" + bytes(999):
            await stream.write(bytes([byte]))
            await asyncio.sleep(1)
    while await stream.read():
        pass


_RAW = {Trouble.SILENT, Trouble.DRIPS, Trouble.GARBAGE, Trouble.CLOSES, Trouble.ENDLESS_HEADERS}


async def _flood(stream: Stream, connection: H2Connection, id: int) -> None:
    """A HEADERS frame and CONTINUATION frames without end (RFC 9113 section 6.10); nothing else fits between."""
    await stream.write(connection.data_to_send())
    block, kind = b"\x88" + _endless_headers(), 1
    while True:
        await stream.write(len(block).to_bytes(3, "big") + bytes([kind, 0]) + id.to_bytes(4, "big") + block)
        block, kind = _endless_headers(), 9


async def _send_what_fits(connection: H2Connection, rest: dict[int, tuple[bytes, int]], stream: Stream) -> None:
    for id, (body, left) in list(rest.items()):
        try:
            while left and (room := min(connection.local_flow_control_window(id), 16384)) > 0:
                piece = body[:room] if left >= room else body[:left]
                connection.send_data(id, piece)
                left -= len(piece)
                body = body[len(piece) :] or (bytes(65536) if left else b"")
            if left == 0:
                connection.end_stream(id)
                del rest[id]
            else:
                rest[id] = (body, left)
        except ProtocolError:
            del rest[id]  # reset by the other side
    await stream.write(connection.data_to_send())


@cache
def _bomb(coding: str) -> bytes:
    """A gigabyte of zeros, packed a megabyte at a time: every piece after the first is the same few bytes.

    The checksum at the end of the gzip one is not that of the whole; who gets there has inflated it all.
    """
    zeros = bytes(1024**2)
    if coding == "gzip":
        deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
        first, again = (deflate.compress(zeros) + deflate.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
        return first + again * (BOMB_BYTES // len(zeros)) + deflate.flush()
    packer = brotli.Compressor(quality=5)
    first, again = (packer.process(zeros) + packer.flush() for _ in range(2))
    packed: bytes = first + again * (BOMB_BYTES // len(zeros)) + packer.finish()
    return packed


def _endless_headers() -> bytes:
    """A hundred header fields as HPACK literals (RFC 7541 section 6.2.2)."""
    return b"".join(b"\x00\x07x-%05d\x7e%s" % (number, b"y" * 126) for number in range(100))
