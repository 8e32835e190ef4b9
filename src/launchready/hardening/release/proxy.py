"""The keeper's way from visitors to a version: HTTP/1.1, request by request, each to whatever version serves then.

A visitor's connection is the keeper's own, so one that is kept alive goes on over a switch: its next request goes to
the new version, and no idle connection is ever closed under a request that is on its way. A version gets one request a
connection (`Connection: close`), so there is nothing idle on that side either. Framing follows RFC 9112; what could be
read in two ways (both lengths, two lengths, a folded field) is refused. Upgrades (WebSocket) are passed through.

Adds no field of its own: who asked, and by which scheme, is said by what stands in front. Standard library only.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

HEAD_BYTES = 64 * 1024
"""Of a head, and of the trailer fields after chunks."""
PIECE = 64 * 1024
IDLE_S = 75.0
"""How long a visitor may say nothing: before a request, and in the middle of what is sent."""
ANSWER_S = 600.0
"""From the end of a request to the beginning of its answer."""
LINGER_S = 5.0
"""How long what a visitor goes on to send is thrown away: closing at once would take the answer away too."""
CONNECT_S = 10.0
"""How long a request waits for a version that is being started again; nothing of it was sent yet."""
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HOP = {b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade", b"trailer"}
_NEEDED = re.compile(rb"content-length|transfer-encoding|host|cookie|authorization|forwarded|via|(?:x|cf|true)-.+-.+")
"""Fields that a visitor may not have left out by calling them a hop's own: a version would read another request."""
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;[^\r\n\0]*)?\r\n")
_NO_BODY = (b"204", b"304")


@dataclass
class Backend:
    """Where one version listens, and how many requests it is answering."""

    port: int
    in_flight: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self) -> None:
        """A request is on its way to it."""
        self.in_flight += 1
        self.idle.clear()

    def end(self) -> None:
        """Its answer was passed on, or given up."""
        self.in_flight -= 1
        if not self.in_flight:
            self.idle.set()


Current = Callable[[], Backend | None]


class Refuse(Exception):
    """A request that is not passed on; the text is the status line."""


class Cut(ConnectionError):
    """What was sent ended in the middle, or has no form."""


@dataclass
class Head:
    """The first part of a message."""

    start: list[bytes]
    fields: list[tuple[bytes, bytes]]

    def all(self, name: bytes) -> list[bytes]:
        """Values of a field, in order."""
        return [value for key, value in self.fields if key.lower() == name]

    def words(self, name: bytes) -> set[bytes]:
        """The comma-separated words of a field, in lower case."""
        return {word.strip().lower() for value in self.all(name) for word in value.split(b",")} - {b""}

    def without(self, names: set[bytes]) -> list[tuple[bytes, bytes]]:
        """The fields that travel further: none of a hop's own."""
        return [(key, value) for key, value in self.fields if key.lower() not in names]

    @property
    def hop(self) -> set[bytes]:
        """Names of the fields that are for one hop only (RFC 9110 section 7.6.1)."""
        return _HOP | {word for word in self.words(b"connection") if not _NEEDED.fullmatch(word)}


async def serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, current: Current, closing: Callable[[], bool]
) -> None:
    """Answer one visitor's connection until it ends."""
    try:
        while await _one(reader, writer, current, closing):
            pass
        await _linger(reader, writer)
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
        writer.transport.abort()  # an answer that was cut short must not look whole
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError, asyncio.CancelledError):
            async with asyncio.timeout(5):
                await writer.wait_closed()


async def _one(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, current: Current, closing: Callable[[], bool]
) -> bool:
    """One request and its answer; whether the connection may be used again."""
    try:
        async with asyncio.timeout(IDLE_S):
            raw = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, TimeoutError):
        return False
    except asyncio.LimitOverrunError:
        return await _say(writer, b"431 Request Header Fields Too Large")
    try:
        asked = _read_head(raw, request=True)
        length = _request_length(asked)
    except Refuse as refused:
        return await _say(writer, str(refused).encode())
    backend = upstream = None
    again = asked.start[0] in (b"GET", b"HEAD") and length == 0
    for attempt in (1, 2):
        backend, upstream = await _connect(current)
        if backend is None or upstream is None:
            return await _say(writer, b"503 Service Unavailable")
        try:
            done = await _exchange(reader, writer, asked, length, upstream, closing)
        finally:
            backend.end()
            upstream[1].close()
        if done is not None:
            return done
        if not again or attempt == 2:
            break
    return await _say(writer, b"502 Bad Gateway")


async def _connect(
    current: Current,
) -> tuple[Backend | None, tuple[asyncio.StreamReader, asyncio.StreamWriter] | None]:
    deadline = asyncio.get_running_loop().time() + CONNECT_S
    while True:
        if backend := current():
            backend.begin()  # before anything is awaited: a drain that begins now waits for this request
            try:
                return backend, await asyncio.open_connection("127.0.0.1", backend.port, limit=HEAD_BYTES)
            except OSError:
                backend.end()
            except BaseException:
                backend.end()
                raise
        if asyncio.get_running_loop().time() > deadline:
            return None, None
        await asyncio.sleep(0.05)


async def _exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    asked: Head,
    length: int | None,
    upstream: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    closing: Callable[[], bool],
) -> bool | None:
    """Pass a request on and its answer back; None where the version closed without a byte of an answer."""
    theirs, ours = upstream
    upgrade = b"upgrade" in asked.words(b"connection") and asked.all(b"upgrade")
    fields = asked.without(asked.hop)
    fields += [(b"Connection", b"upgrade"), (b"Upgrade", asked.all(b"upgrade")[0])] if upgrade else []
    fields += [] if upgrade else [(b"Connection", b"close")]
    sending: asyncio.Task[None] | None = None
    try:
        ours.write(_head(asked.start, fields))
        if length != 0:
            sending = asyncio.create_task(_send_body(reader, ours, length))
        while True:
            try:
                answer = _read_head(await _answer(theirs, sending))
            except Cut:
                raise
            except TimeoutError:
                return await _say(writer, b"504 Gateway Timeout")
            except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, Refuse):
                return None
            status = answer.start[1]
            if not status.startswith(b"1") or status == b"101":
                break
            writer.write(_head(answer.start, answer.fields))
        if status == b"101":
            writer.write(_head(answer.start, answer.fields))
            await _tunnel(reader, writer, theirs, ours)
            return False
        body, delimited = _answer_length(answer, asked)
        # What is left of a body that nobody read must never be taken for the next request.
        keep = delimited and _keeps(asked) and not closing() and _all_sent(sending)
        fields = answer.without(answer.hop | ({b"content-length"} if body == _CHUNKED else set()))
        fields += (
            [] if keep and asked.start[2] == b"HTTP/1.1" else [(b"Connection", b"keep-alive" if keep else b"close")]
        )
        writer.write(_head([b"HTTP/1.1", *answer.start[1:]], fields))
        await _pass_body(theirs, writer, body)
        await writer.drain()
        return keep
    finally:
        if sending:
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await sending


async def _answer(theirs: asyncio.StreamReader, sending: asyncio.Task[None] | None) -> bytes:
    """The head of an answer. Raises Cut where the visitor did not say all of the request."""
    reading = asyncio.ensure_future(theirs.readuntil(b"\r\n\r\n"))
    try:
        if sending and not sending.done():
            await asyncio.wait({reading, sending}, return_when=asyncio.FIRST_COMPLETED)
        if sending and sending.done() and not reading.done() and isinstance(fault := sending.exception(), Cut):
            raise fault
        async with asyncio.timeout(ANSWER_S):
            return await reading
    finally:
        reading.cancel()


def _all_sent(sending: asyncio.Task[None] | None) -> bool:
    return sending is None or (sending.done() and not sending.cancelled() and sending.exception() is None)


async def _send_body(reader: asyncio.StreamReader, ours: asyncio.StreamWriter, length: int | None) -> None:
    try:
        await _pass_body(reader, ours, length if length is not None else _CHUNKED, IDLE_S)
        await ours.drain()
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
        raise Cut("the request ended in the middle") from None
    except ConnectionError as error:  # of either side
        raise Cut(str(error)) if reader.exception() or reader.at_eof() else error from None


async def _pass_body(
    source: asyncio.StreamReader, to: asyncio.StreamWriter, length: int, idle_s: float | None = None
) -> None:
    """`length` bytes, or chunks to the last one, or all there is; each piece within `idle_s`."""
    if length == _CHUNKED:
        await _pass_chunks(source, to, idle_s)
        return
    left = length
    while left:
        async with asyncio.timeout(idle_s):
            piece = await source.read(PIECE if left == _ALL else min(PIECE, left))
            to.write(piece)
            await to.drain()
        if not piece:
            if left == _ALL:
                return
            raise Cut("cut short")
        left -= len(piece) if left != _ALL else 0


async def _pass_chunks(source: asyncio.StreamReader, to: asyncio.StreamWriter, idle_s: float | None) -> None:
    async def line() -> bytes:
        async with asyncio.timeout(idle_s):
            return await source.readuntil(b"\r\n")

    while True:
        begins = await line()
        if not (size := _CHUNK.fullmatch(begins)):
            raise Cut("not a chunk")
        to.write(begins)
        if int(size[1], 16) == 0:
            break
        await _pass_body(source, to, int(size[1], 16), idle_s)
        if await line() != b"\r\n":
            raise Cut("not a chunk")
        to.write(b"\r\n")
    trailer = b""
    while not trailer.endswith(b"\r\n\r\n") and trailer != b"\r\n":  # fields and the empty line
        trailer += await line()
        if len(trailer) > HEAD_BYTES:
            raise Cut("a trailer without end")
    to.write(trailer)


async def _linger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Throw away what a visitor goes on to send, as of an upload that was refused, so that the answer can be read."""
    with contextlib.suppress(OSError, TimeoutError, RuntimeError):
        writer.write_eof()
        async with asyncio.timeout(LINGER_S):
            while await reader.read(PIECE):
                pass


_CHUNKED, _ALL = -1, -2


async def _tunnel(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, theirs: asyncio.StreamReader, ours: asyncio.StreamWriter
) -> None:
    async def one_way(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        while piece := await source.read(PIECE):
            to.write(piece)
            await to.drain()

    ways = [asyncio.create_task(one_way(reader, ours)), asyncio.create_task(one_way(theirs, writer))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


def _read_head(raw: bytes, *, request: bool = False) -> Head:
    first, *lines = raw[:-4].lstrip(b"\r\n").split(b"\r\n")
    start = first.split(b" ", 2)
    if request:
        right = len(start) == 3 and _TOKEN.fullmatch(start[0]) and re.fullmatch(rb"[!-~\x80-\xff]+", start[1])
        right = right and re.fullmatch(rb"HTTP/1\.[01]", start[2])
    else:
        right = re.fullmatch(rb"HTTP/1\.[01]", start[0]) and len(start) >= 2 and re.fullmatch(rb"\d{3}", start[1])
    if not right:
        raise Refuse("400 Bad Request")
    fields = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not _TOKEN.fullmatch(name) or b"\r" in value or b"\n" in value or b"\0" in value:
            raise Refuse("400 Bad Request")
        fields.append((name, value.strip(b" \t")))
    return Head(start, fields)


def _request_length(asked: Head) -> int | None:
    """Bytes of the body; None where it is sent in chunks (RFC 9112 section 6.3)."""
    codings, lengths = asked.all(b"transfer-encoding"), asked.all(b"content-length")
    if codings:
        if lengths or len(codings) > 1 or codings[0].lower() != b"chunked" or asked.start[2] != b"HTTP/1.1":
            raise Refuse("400 Bad Request")
        return None
    if len(set(lengths)) > 1 or (lengths and not re.fullmatch(rb"\d{1,18}", lengths[0])):
        raise Refuse("400 Bad Request")
    return int(lengths[0]) if lengths else 0


def _answer_length(answer: Head, asked: Head) -> tuple[int, bool]:
    """Bytes of the body, and whether one sees where it ends."""
    if asked.start[0] == b"HEAD" or answer.start[1] in _NO_BODY:
        return 0, True
    if b"chunked" in answer.words(b"transfer-encoding"):
        return _CHUNKED, True
    lengths = set(answer.all(b"content-length"))
    if len(lengths) == 1 and (text := lengths.pop()).isdigit():
        return int(text), True
    return _ALL, False


def _keeps(asked: Head) -> bool:
    said = asked.words(b"connection")
    return b"close" not in said if asked.start[2] == b"HTTP/1.1" else b"keep-alive" in said


def _head(start: list[bytes], fields: list[tuple[bytes, bytes]]) -> bytes:
    return b"\r\n".join([b" ".join(start), *(name + b": " + value for name, value in fields), b"", b""])


async def _say(writer: asyncio.StreamWriter, status: bytes) -> bool:
    text = status + b"\n"
    fields = [(b"Content-Type", b"text/plain"), (b"Content-Length", b"%d" % len(text)), (b"Connection", b"close")]
    writer.write(_head([b"HTTP/1.1", status], fields) + text)
    await writer.drain()
    return False
