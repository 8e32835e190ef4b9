"""The buyer's line as a relay: what it carries, what it holds back, what it passes on, and that it leaves nothing."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from launchready.measurement import Line
from launchready.probes.failures import Failure
from launchready.probes.network import Detour, Endpoint, Network
from launchready.probes.shaping import MOST_WINDOW, WAITING_BYTES, ShapingRelay, shaped

QUICK = Line("quick", 0.0, 0.0, 4.0)
NONE = Line("none", 0.0, 0.0, 0.0)
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def behind(relay: ShapingRelay, serve: Serve) -> AsyncIterator[int]:
    """The port of a server behind the relay."""
    async with relay, await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        detour = await relay.before("app.example", "127.0.0.1", server.sockets[0].getsockname()[1])
        assert detour.to_port is not None
        yield detour.to_port


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    whole = await reader.read()
    writer.write(whole)
    await writer.drain()
    writer.close()


async def asked(port: int, said: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    writer.write_eof()
    try:
        return await reader.read()
    finally:
        writer.close()


async def emptied(relay: ShapingRelay) -> None:
    async with asyncio.timeout(5):
        while relay.connections:  # noqa: ASYNC110 - only the loop's own turns are waited for
            await asyncio.sleep(0)


async def test_every_byte_arrives_in_order_and_a_half_closed_connection_still_answers() -> None:
    said = os.urandom(1_500_000)
    relay = ShapingRelay(Line("own", 400.0, 400.0, 4.0))
    async with behind(relay, echo) as port:
        assert await asked(port, said) == said
        await emptied(relay)


async def test_a_fresh_connection_costs_two_round_trips_and_a_kept_one_a_single_one() -> None:
    async def line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1):
            writer.write(b"x")
        writer.close()

    loop = asyncio.get_running_loop()
    async with behind(ShapingRelay(Line("far", 0.0, 0.0, 60.0)), line) as port:
        began_s = loop.time()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        took_s = []
        for _ in range(2):
            writer.write(b"x")
            await reader.readexactly(1)
            took_s.append(loop.time() - began_s)
            began_s = loop.time()
        writer.close()
    assert took_s[0] > 0.115
    assert 0.055 < took_s[1] < took_s[0] - 0.03


async def test_slow_start_waits_a_round_trip_after_ten_segments() -> None:
    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while size := await reader.readline():
            writer.write(b"x" * int(size))
        writer.close()

    async def seconds(size: int) -> float:
        began_s = loop.time()
        writer.write(b"%d\n" % size)
        await reader.readexactly(size)
        return loop.time() - began_s

    loop = asyncio.get_running_loop()
    async with behind(ShapingRelay(Line("far", 0.0, 0.0, 60.0)), page) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await seconds(10)
        within, beyond, again = [min([await seconds(size) for _ in range(3)]) for size in (14_600, 43_000, 14_700)]
        writer.close()
    assert 0.055 < within < 0.115
    assert beyond > 0.115
    assert again > 0.115, "after a pause the window is the initial one again"


async def test_a_window_that_grew_stays_while_nothing_pauses() -> None:
    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while size := await reader.readline():
            writer.write(b"x" * int(size))
        writer.close()

    loop = asyncio.get_running_loop()
    async with behind(ShapingRelay(Line("far", 0.0, 0.0, 60.0), idle_s=5.0), page) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        took_s = []
        for _ in range(4):
            began_s = loop.time()
            writer.write(b"43000\n")
            await reader.readexactly(43_000)
            took_s.append(loop.time() - began_s)
        writer.close()
    assert took_s[0] > 0.175
    assert min(took_s[1:]) < 0.115


async def test_connections_of_one_buyer_share_the_line_and_each_way_has_its_own() -> None:
    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"x" * 100_000)
        writer.close()

    async def download(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\n")
        assert len(await reader.read()) == 100_000
        writer.close()

    loop = asyncio.get_running_loop()
    async with behind(ShapingRelay(Line("slow", 8.0, 80.0, 4.0)), page) as port:
        began_s = loop.time()
        await download(port)
        alone_s = loop.time() - began_s
        began_s = loop.time()
        await asyncio.gather(download(port), download(port))
        both_s = loop.time() - began_s
    async with behind(ShapingRelay(Line("slow", 8.0, 80.0, 4.0)), echo) as port:
        began_s = loop.time()
        await asked(port, b"x" * 100_000)
        echo_s = loop.time() - began_s
    assert alone_s > 0.1
    assert 0.2 < both_s < 3 * alone_s
    assert echo_s < both_s, "10 ms up and 100 ms down"


async def test_a_server_that_closes_after_its_answer_is_seen_to_close() -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"bye")
        writer.close()

    relay = ShapingRelay(QUICK)
    async with behind(relay, once) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"hello\n")
        assert await reader.read() == b"bye"
        writer.close()
        await emptied(relay)


async def test_a_reset_follows_what_was_said_before_it() -> None:
    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"half an ans")
        await reader.readline()
        own: socket.socket = writer.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    relay = ShapingRelay(QUICK)
    async with behind(relay, rude) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"hello\n")
        assert await reader.readexactly(11) == b"half an ans"
        writer.write(b"more\n")
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()
        await emptied(relay)


async def test_where_nobody_listens_the_connection_is_reset() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        async with ShapingRelay(QUICK) as relay:
            detour = await relay.before("app.example", "127.0.0.1", port)
            reader, writer = await asyncio.open_connection("127.0.0.1", detour.to_port)
            writer.write(b"hello")
            with pytest.raises(ConnectionResetError):
                await reader.read()
            writer.close()
            await emptied(relay)


async def test_a_server_that_does_not_accept_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("launchready.probes.shaping.CONNECT_S", 0.2)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)  # one connection fits, and further ones are left waiting
        first = socket.create_connection(full.getsockname())
        async with asyncio.timeout(5), ShapingRelay(QUICK) as relay:
            detour = await relay.before("app.example", "127.0.0.1", full.getsockname()[1])
            reader, writer = await asyncio.open_connection("127.0.0.1", detour.to_port)
            with pytest.raises(ConnectionResetError):
                await reader.read()
            writer.close()
            await emptied(relay)
        first.close()


async def test_a_client_that_resets_is_passed_on() -> None:
    gone = asyncio.Event()

    async def listening(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"x")
        try:
            await reader.read()
        except ConnectionResetError:
            gone.set()

    relay = ShapingRelay(QUICK)
    async with behind(relay, listening) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readexactly(1)
        own: socket.socket = writer.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        async with asyncio.timeout(5):
            await gone.wait()
        await emptied(relay)


async def test_a_client_that_does_not_read_stops_the_server_and_costs_little_memory() -> None:
    size, sent = 64 * 1024 * 1024, asyncio.Event()

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        piece = bytes(1024 * 1024)
        for _ in range(size // len(piece)):
            writer.write(piece)
            await writer.drain()
        writer.close()
        sent.set()

    relay = ShapingRelay(NONE)
    async with behind(relay, flood) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(sent.wait(), 0.4)
        assert relay.held_bytes < MOST_WINDOW + 4 * WAITING_BYTES
        received = 0
        while content := await reader.read(1 << 20):
            received += len(content)
        writer.close()
    assert received == size
    assert sent.is_set()


async def test_hundreds_of_connections_leave_nothing_behind() -> None:
    relay = ShapingRelay(NONE)
    async with behind(relay, echo) as port:
        await asked(port, b"x")
        await emptied(relay)
        open_before = len(os.listdir("/proc/self/fd"))
        for _ in range(30):
            answers = await asyncio.gather(*(asked(port, b"hello") for _ in range(10)))
            assert answers == [b"hello"] * 10
        await emptied(relay)
        await asyncio.sleep(0)
        assert len(os.listdir("/proc/self/fd")) <= open_before
        assert not relay.held_bytes
    assert len(asyncio.all_tasks()) <= 2


async def test_stopping_ends_connections_that_are_open() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    relay = ShapingRelay(Line("far", 1.0, 1.0, 400.0))
    async with asyncio.timeout(5), behind(relay, silent) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"x" * 10_000)
        await relay.stop()
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()
        assert not relay.connections


async def test_a_network_over_the_line_honours_its_detours_behind_it() -> None:
    async with ShapingRelay(QUICK) as relay, await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        network = Network(detours=(Detour("app.example", 443, "127.0.0.1", port),), closed=True)
        over = shaped(network, relay)
        place = over.route("app.example", "192.0.2.1", 443)
        assert isinstance(place, Endpoint)
        assert place.port != port
        assert over.route("APP.example.", "192.0.2.1", 443) == place, "one port for one server"
        assert await asked(place.port, b"hello") == b"hello"
        assert isinstance(over.route("other.example", "192.0.2.2", 443), Failure), "closed stays closed"


async def test_name_servers_are_not_behind_the_line() -> None:
    async with ShapingRelay(QUICK) as relay:
        assert shaped(Network(), relay).route("ns", "192.0.2.53", 53) == Endpoint("192.0.2.53", 53)
