"""Distance: relays in front of the lab's servers that hold every packet back for half a round trip.

The kernels this runs on have no netem, so the delay is made here, for TCP and UDP alike. A TCP connection costs
its round trip for SYN and SYN-ACK too: what the client sends on a fresh connection reaches the server one and a
half round trips after it connected, as it would from afar. Loss, jitter and bandwidth are not modelled.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import cast

from launchready.probes.network import Detour

READ_BYTES = 64 * 1024
PORT_ATTEMPTS = 20


class Relay:
    """All relays of one lab, with one round-trip time."""

    def __init__(self, delay_ms: float) -> None:
        self.rtt_s = delay_ms / 1000
        self._servers: list[asyncio.Server] = []
        self._datagrams: list[asyncio.DatagramTransport] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def before(self, detour: Detour) -> Detour:
        """A detour that leads to the same server from `rtt_s` away; where nobody listens, the same detour."""
        address, port = detour.to_address, detour.to_port
        if port is None or not _listens(address, port):
            return detour
        for attempt in range(PORT_ATTEMPTS):
            server = await asyncio.start_server(lambda r, w: self._carry(r, w, address, port), address, 0)
            own_port: int = server.sockets[0].getsockname()[1]
            try:
                if detour.port == 53:
                    await self._carry_datagrams(address, port, own_port)
                break
            except OSError:  # someone else has the UDP port of that number
                server.close()
                if attempt == PORT_ATTEMPTS - 1:
                    raise
        self._servers.append(server)
        return detour._replace(to_port=own_port)

    async def _carry_datagrams(self, address: str, port: int, own_port: int) -> None:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Clients(self.rtt_s / 2, (address, port), self._datagrams), (address, own_port)
        )
        self._datagrams.append(transport)

    async def stop(self) -> None:
        """Close every socket."""
        for server in self._servers:
            server.close()
        for transport in self._datagrams:
            transport.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str, port: int) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            await asyncio.sleep(1.5 * self.rtt_s)
            back, forth = await asyncio.open_connection(address, port)
        except OSError:
            writer.transport.abort()
            return
        try:
            # What the client sent while the connection was being made has travelled with it.
            first = _pump(reader, forth, self.rtt_s / 2, at_once_until_s=_now() + self.rtt_s / 100)
            with contextlib.suppress(asyncio.CancelledError):  # the lab is closing
                await asyncio.gather(first, _pump(back, writer, self.rtt_s / 2))
        finally:
            forth.close()
            writer.close()


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float, at_once_until_s: float = 0.0
) -> None:
    """Write what is read, `delay_s` later and in order; an end or an error of either side ends the other."""
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def read() -> None:
        try:
            while chunk := await reader.read(READ_BYTES):
                under_way.put_nowait((_now() + (0.0 if _now() < at_once_until_s else delay_s), chunk))
        except OSError:
            writer.transport.abort()
        under_way.put_nowait((_now() + delay_s, b""))

    async def write() -> None:
        while True:
            due_s, chunk = await under_way.get()
            if (left_s := due_s - _now()) > 0:
                await asyncio.sleep(left_s)
            if not chunk or writer.is_closing():
                break
            writer.write(chunk)
        with contextlib.suppress(OSError):  # the other side may be gone already
            if writer.can_write_eof() and not writer.is_closing():
                writer.write_eof()

    await asyncio.gather(read(), write())


class _Clients(asyncio.DatagramProtocol):
    """Takes datagrams from anyone and carries them to `target` and back, one socket a client."""

    def __init__(self, delay_s: float, target: tuple[str, int], opened: list[asyncio.DatagramTransport]) -> None:
        self._delay_s, self._target, self._opened = delay_s, target, opened
        self._loop = asyncio.get_running_loop()
        self._to: dict[tuple[str, int], asyncio.Future[asyncio.DatagramTransport]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._back = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Carry a datagram on, half a round trip later."""
        if addr not in self._to:
            self._to[addr] = asyncio.ensure_future(self._open(addr))
        self._loop.call_later(self._delay_s, lambda: self._to[addr].add_done_callback(_sender(data)))

    async def _open(self, client: tuple[str, int]) -> asyncio.DatagramTransport:
        def answer(data: bytes) -> None:
            self._loop.call_later(self._delay_s, self._reply, data, client)

        transport, _ = await self._loop.create_datagram_endpoint(lambda: _Answers(answer), remote_addr=self._target)
        self._opened.append(transport)
        return transport

    def _reply(self, data: bytes, client: tuple[str, int]) -> None:
        if not self._back.is_closing():
            self._back.sendto(data, client)


class _Answers(asyncio.DatagramProtocol):
    def __init__(self, answer: Callable[[bytes], None]) -> None:
        self._answer = answer

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Hand on what the server said."""
        self._answer(data)


def _sender(data: bytes) -> Callable[[asyncio.Future[asyncio.DatagramTransport]], None]:
    def send(opened: asyncio.Future[asyncio.DatagramTransport]) -> None:
        if not opened.cancelled() and not opened.exception() and not opened.result().is_closing():
            opened.result().sendto(data)

    return send


def _listens(address: str, port: int) -> bool:
    """Whether the port is taken, found without connecting: the servers count who connects."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return True
        return False


def _now() -> float:
    return asyncio.get_running_loop().time()
