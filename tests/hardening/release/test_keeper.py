"""The keeper's proxy, spoken to over real sockets: what it passes on, what it refuses, what it survives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from launchready.hardening.release.proxy import HEAD_BYTES, Backend, serve

Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]


@asynccontextmanager
async def proxied(answer: Handle) -> AsyncIterator[tuple[int, Backend]]:
    """A backend that answers so, and the port of a proxy in front of it."""
    behind = await asyncio.start_server(answer, "127.0.0.1", 0)  # type: ignore[arg-type]
    backend = Backend(behind.sockets[0].getsockname()[1])
    front = await asyncio.start_server(
        lambda r, w: serve(r, w, lambda: backend, lambda: False), "127.0.0.1", 0, limit=HEAD_BYTES
    )
    try:
        yield front.sockets[0].getsockname()[1], backend
    finally:
        front.close()
        behind.close()


async def said(port: int, raw: bytes, until: bytes = b"") -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(raw)
    try:
        async with asyncio.timeout(5):
            return await (reader.readuntil(until) if until else reader.read())
    finally:
        writer.close()


def echo(heads: list[bytes], reply: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") -> Handle:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(reply)
        await writer.drain()
        writer.close()

    return answer


async def test_several_requests_use_one_connection_and_each_gets_its_answer() -> None:
    heads: list[bytes] = []
    async with proxied(echo(heads)) as (port, backend):
        one = b"GET /one HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nX-Mine: 1\r\n\r\n"
        two = b"GET /two HTTP/1.1\r\nHost: x\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n\r\n"
        whole = await said(port, one + two)

    assert whole.count(b"HTTP/1.1 200 OK") == 2
    assert whole.endswith(b"Connection: close\r\n\r\nok")
    assert heads[0].startswith(b"GET /one HTTP/1.1\r\nHost: x\r\nX-Mine: 1\r\nConnection: close")
    assert b"X-Hop" not in heads[1]
    assert backend.in_flight == 0


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 3\r\nTransfer-Encoding: chunked",
        b"Content-Length: 3\r\nContent-Length: 4",
        b"Content-Length: +3",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"X-Folded: a\r\n b",
        b"Bad Name: a",
        b"No-Colon",
    ],
)
async def test_what_could_be_read_in_two_ways_is_refused(fields: bytes) -> None:
    heads: list[bytes] = []
    async with proxied(echo(heads)) as (port, _):
        whole = await said(port, b"POST / HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n\r\nabc")

    assert whole.startswith(b"HTTP/1.1 400 ")
    assert heads == []


async def test_a_head_without_end_is_refused() -> None:
    async with proxied(echo([])) as (port, _):
        whole = await said(port, b"GET / HTTP/1.1\r\nX: " + b"a" * (HEAD_BYTES + 10), b"\r\n")

    assert whole == b"HTTP/1.1 431 Request Header Fields Too Large\r\n"


async def test_bodies_pass_in_both_forms() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(5 if b"Content-Length" in head else len(b"5\r\nhello\r\n0\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        await writer.drain()
        writer.close()

    async with proxied(answer) as (port, _):
        fixed = await said(port, b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello")
        chunks = b"5\r\nhello\r\n0\r\n\r\n"
        chunks = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
        chunked = await said(port, chunks)

    assert fixed.endswith(b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
    assert b"hello" in chunked


async def test_an_answer_that_is_cut_short_does_not_look_whole() -> None:
    async with proxied(echo([], b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await reader.readexactly(100)
        writer.close()


async def test_a_look_is_asked_again_where_the_version_closed_without_a_word_and_a_change_is_not() -> None:
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        if len(asked) > 1:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    async with proxied(answer) as (port, _):
        looked = await said(port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        asked.clear()
        changed = await said(port, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")

    assert looked.startswith(b"HTTP/1.1 200")
    assert changed.startswith(b"HTTP/1.1 502")
    assert len(asked) == 1


async def test_a_websocket_is_passed_through() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"Upgrade: websocket" in head
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        writer.write((await reader.readexactly(4)).upper())
        await writer.drain()
        writer.close()

    async with proxied(answer) as (port, backend):
        raw = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nping"
        whole = await said(port, raw)
        assert backend.in_flight == 0

    assert whole.endswith(b"PING")


async def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    async with proxied(echo([], b"HTTP/1.1 200 OK\r\n\r\nall of it")) as (port, _):
        whole = await said(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

    assert whole == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it"
