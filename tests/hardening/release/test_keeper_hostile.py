"""The keeper's proxy and visitors who cheat, dawdle or leave, and versions that answer badly: over real sockets."""

from __future__ import annotations

import asyncio

import pytest
from tests.hardening.release.test_keeper import echo, proxied, said

from launchready.hardening.release import proxy

POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


async def heard(port: int, raw: bytes) -> bytes:
    """What is answered; nothing where the connection is cut."""
    try:
        return await said(port, raw)
    except ConnectionError:
        return b""


async def test_a_visitor_cannot_have_a_field_left_out_that_the_version_needs() -> None:
    heads: list[bytes] = []
    async with proxied(echo(heads)) as (port, _):
        raw = b"Connection: close, Content-Length, Host, X-Forwarded-For, Cookie\r\nContent-Length: 3\r\n"
        await said(port, POST + raw + b"X-Forwarded-For: 203.0.113.7\r\nCookie: a=b\r\n\r\nabc")

    for kept in (b"Host: x", b"Content-Length: 3", b"X-Forwarded-For: 203.0.113.7", b"Cookie: a=b"):
        assert kept in heads[0]


@pytest.mark.parametrize("line", [b"HTTP/1.1 200\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"GET / HTTP/2.0\r\n\r\n"])
async def test_what_is_no_request_is_refused(line: bytes) -> None:
    heads: list[bytes] = []
    async with proxied(echo(heads)) as (port, _):
        assert (await said(port, line)).startswith(b"HTTP/1.1 400 ")
    assert heads == []


@pytest.mark.parametrize("head", [POST + b"Content-Length: 1000\r\n\r\nabc", CHUNKED + b"5\r\nab"])
async def test_a_visitor_who_leaves_in_the_middle_of_an_upload_holds_no_version(head: bytes) -> None:
    ended = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        ended.set()
        writer.close()

    async with proxied(answer) as (port, backend):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head)
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.close()
        async with asyncio.timeout(3):
            await ended.wait()
            await backend.idle.wait()


async def test_a_visitor_who_sends_nothing_more_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "IDLE_S", 0.3)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with proxied(answer) as (port, backend):
        assert await heard(port, POST + b"Content-Length: 1000\r\n\r\nabc") == b""
        assert backend.in_flight == 0


async def test_an_upload_may_take_longer_than_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "ANSWER_S", 0.5)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(10)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" + body)
        writer.close()

    async with proxied(answer) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(POST + b"Content-Length: 10\r\nConnection: close\r\n\r\n")
        for _ in range(10):
            await asyncio.sleep(0.1)
            writer.write(b"a")
        assert (await reader.read()).endswith(b"a" * 10)
        writer.close()


@pytest.mark.parametrize(
    "body",
    [b"5;a\nb\r\nhello\r\n0\r\n\r\n", b"5\r\nhelloXX0\r\n\r\n", b"+5\r\nhello\r\n0\r\n\r\n"],
)
async def test_chunks_that_could_be_read_in_two_ways_end_the_connection(body: bytes) -> None:
    got: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.read())
        writer.close()

    async with proxied(answer) as (port, backend):
        assert await heard(port, CHUNKED + body) == b""
        async with asyncio.timeout(3):
            await backend.idle.wait()
    assert all(not one.endswith(b"0\r\n\r\n") for one in got)


async def test_trailer_fields_without_end_are_cut_off() -> None:
    got = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal got
        while piece := await reader.read(65536):
            got += len(piece)
        writer.close()

    async with proxied(answer) as (port, _):
        assert await heard(port, CHUNKED + b"0\r\n" + b"X-A: b\r\n" * 100_000) == b""
    assert got < 2 * proxy.HEAD_BYTES


async def test_a_refusal_in_the_middle_of_an_upload_reaches_who_uploads() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
        await asyncio.sleep(0.5)  # closing at once would take its answer away
        writer.close()

    async with proxied(answer) as (port, backend):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(POST + b"Content-Length: 8000000\r\n\r\n")
        for _ in range(80):
            writer.write(b"a" * 100_000)
            await writer.drain()
        async with asyncio.timeout(8):
            whole = await reader.read()
        writer.close()
        assert backend.in_flight == 0

    assert whole.startswith(b"HTTP/1.1 413 ")
    assert whole.endswith(b"big")


async def test_a_visitor_who_waits_to_be_told_is_told_to_continue() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert b"Expect: 100-continue" in await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await reader.readexactly(5)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + body)
        writer.close()

    async with proxied(answer) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(POST + b"Expect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"hello")
        assert (await reader.read()).endswith(b"hello")
        writer.close()


async def test_the_answer_to_head_has_no_body_and_the_connection_goes_on() -> None:
    heads: list[bytes] = []
    async with proxied(echo(heads, b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n")) as (port, _):
        one = b"HEAD / HTTP/1.1\r\nHost: x\r\n"
        whole = await said(port, one + b"\r\n" + one + b"Connection: close\r\n\r\n")

    assert whole.count(b"Content-Length: 999\r\n") == 2


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * (proxy.HEAD_BYTES + 10) + b"\r\n\r\n", b"502"),
        (b"SSH-2.0-x\r\n\r\n", b"502"),
        (b"", b"504"),
    ],
)
async def test_a_version_that_answers_badly_is_told(
    reply: bytes, status: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxy, "ANSWER_S", 0.3)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        await reader.read()
        writer.close()

    async with proxied(answer) as (port, _):
        whole = await said(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

    assert whole.startswith(b"HTTP/1.1 " + status)


async def test_an_answer_with_two_lengths_has_one_when_it_is_passed_on() -> None:
    reply = b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    async with proxied(echo([], reply)) as (port, _):
        whole = await said(port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert whole.startswith(b"HTTP/1.1 200 OK")
    assert b"Content-Length" not in whole
    assert whole.endswith(b"2\r\nok\r\n0\r\n\r\n")


async def test_who_has_said_all_and_still_listens_gets_the_answer() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.2)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    async with proxied(answer) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        writer.write_eof()
        assert (await reader.read()).endswith(b"ok")
        writer.close()


async def test_what_is_left_of_a_body_that_nobody_read_is_no_request() -> None:
    """Edges use one connection for many visitors: what follows would be answered to somebody else."""
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        await asyncio.sleep(0.2)
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig")
        await writer.drain()
        await asyncio.sleep(0.2)
        writer.close()

    async with proxied(answer) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(POST + b"Content-Length: 400000\r\n\r\n" + b"a" * 200_000)
        assert await reader.readuntil(b"big")
        await asyncio.sleep(0.1)
        writer.write(b"\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(8):
            assert await reader.read() == b""
        writer.close()

    assert len(heads) == 1
