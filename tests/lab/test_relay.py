"""The relay makes distance: one round trip to connect, one for each exchange, for TCP and UDP."""

from __future__ import annotations

import asyncio
import time

import pytest

from launchready.lab.relay import Relay
from launchready.probes.network import Detour

RTT_MS = 60.0


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(100):
        writer.write(data)
    writer.close()


class EchoUdp(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.transport.sendto(data, addr)  # type: ignore[attr-defined]


async def far(port: int) -> tuple[Relay, Detour]:
    relay = Relay(RTT_MS)
    return relay, await relay.before(Detour("192.88.99.1", 53, "127.0.0.1", port))


async def test_a_first_answer_over_tcp_takes_two_round_trips_and_the_next_one_more() -> None:
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    relay, detour = await far(server.sockets[0].getsockname()[1])
    began = time.monotonic()
    reader, writer = await asyncio.open_connection(detour.to_address, detour.to_port)
    writer.write(b"one")
    assert await reader.read(100) == b"one"
    first_ms = (time.monotonic() - began) * 1000
    writer.write(b"two")
    assert await reader.read(100) == b"two"
    second_ms = (time.monotonic() - began) * 1000 - first_ms
    writer.close()
    await relay.stop()
    server.close()
    assert first_ms >= 2 * RTT_MS - 1
    assert second_ms >= RTT_MS - 1


async def test_the_order_of_many_writes_and_the_end_are_kept() -> None:
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    relay, detour = await far(server.sockets[0].getsockname()[1])
    reader, writer = await asyncio.open_connection(detour.to_address, detour.to_port)
    for number in range(50):
        writer.write(f"{number},".encode())
        await asyncio.sleep(0)
    writer.write_eof()
    got = await reader.read(-1)
    writer.close()
    await relay.stop()
    server.close()
    assert got.decode() == "".join(f"{n}," for n in range(50))


async def test_a_datagram_takes_one_round_trip() -> None:
    loop = asyncio.get_running_loop()
    while True:
        tcp = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = tcp.sockets[0].getsockname()[1]
        try:
            server, _ = await loop.create_datagram_endpoint(EchoUdp, ("127.0.0.1", port))
            break
        except OSError:  # another test has the UDP port of that number
            tcp.close()
    relay, detour = await far(port)
    answered: asyncio.Future[bytes] = loop.create_future()

    class Client(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            answered.set_result(data)

    began = time.monotonic()
    client, _ = await loop.create_datagram_endpoint(Client, remote_addr=(detour.to_address, detour.to_port))
    client.sendto(b"ask")
    assert await asyncio.wait_for(answered, 5) == b"ask"
    elapsed_ms = (time.monotonic() - began) * 1000
    client.close()
    await relay.stop()
    server.close()
    tcp.close()
    assert elapsed_ms >= RTT_MS - 1


async def test_where_nobody_listens_the_relay_stays_out_of_the_way() -> None:
    closed = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = closed.sockets[0].getsockname()[1]
    closed.close()
    await closed.wait_closed()
    relay, detour = await far(port)
    assert detour == Detour("192.88.99.1", 53, "127.0.0.1", port)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(detour.to_address, detour.to_port)
    await relay.stop()
