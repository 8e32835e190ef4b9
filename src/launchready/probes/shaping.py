"""A buyer's line in user space: a relay on loopback that makes round trips, bandwidth and TCP's slow start.

Kernels in containers and in CI rarely have netem, and what a browser calls throttling knows no handshakes. Here bytes
are held back as they would be on the line, whatever they mean: TLS, HTTP/2, WebSockets. A relay is one buyer's line:
all of its connections share the bandwidth, so each buyer needs a relay. Loss, jitter and UDP (DNS, HTTP/3) are not
modelled.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import Any, cast

from launchready.measurement import Line
from launchready.probes.failures import Failure
from launchready.probes.network import Detour, Endpoint, Network

SEGMENT = 1460
INITIAL_WINDOW = 10 * SEGMENT
"""Bytes (RFC 6928 section 2)."""
MOST_WINDOW = 4 * 1024 * 1024
"""Bytes: what a receiver offers at most, so that nothing grows without bound where the line has no limit."""
WAITING_BYTES = 256 * 1024
"""What one way of a connection takes in before it stops reading: a sender's buffer."""
PIECE_S, MOST_PIECE = 0.001, 64 * 1024
"""How long one piece takes the line, and its bytes: small against a round trip, and not too many for Python."""
EARLY_S = 0.0005
"""Timers of epoll count in whole milliseconds, upwards; so much earlier, they are right in the mean."""
BACKLOG = 512
CONNECT_S = 10.0
"""How long a server may take to accept; a client that gave up before must not be kept for minutes."""
DNS_PORT = 53


class ShapingRelay:
    """One buyer's line, between `async with` or until `stop`.

    A way that was silent for `idle_s` begins again with the initial window (RFC 5681 section 4.1). 0, as soon as all
    was acknowledged: measured walks do not pause between clicks where buyers do. For a browser, whose requests do
    follow each other at once, use `RETRANSMISSION_S`.
    """

    def __init__(self, line: Line, *, idle_s: float = 0.0) -> None:
        self.line, self.idle_s = line, idle_s
        self.half_s = line.rtt_ms / 2000
        self.up, self.down = _Lane(line.up_mbps), _Lane(line.down_mbps)
        self._ports: dict[Endpoint, int] = {}
        self._servers: list[asyncio.Server] = []
        self._opening: set[asyncio.Task[None]] = set()
        self.connections: set[_Connection] = set()
        """Those that are open."""

    async def __aenter__(self) -> ShapingRelay:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def before(self, host: str, address: str, port: int) -> Detour:
        """A detour for looks at `host`:`port`, whose server is really at `address`:`port`, over the line."""
        to = self.port_before(Endpoint(address, port))
        await self.opened()
        return Detour(host.lower().rstrip("."), port, "127.0.0.1", to)

    def port_before(self, place: Endpoint) -> int:
        """The port on 127.0.0.1 that leads to `place`; whoever connects too early waits in the backlog."""
        if (port := self._ports.get(place)) is not None:
            return port
        listening = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
        task = asyncio.ensure_future(self._listen(listening, place))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)
        port = self._ports[place] = int(listening.getsockname()[1])
        return port

    @property
    def held_bytes(self) -> int:
        """What it holds back now, of all connections."""
        return sum(way.held_bytes for connection in self.connections for way in (connection.up, connection.down))

    async def opened(self) -> None:
        """Wait until every port takes connections."""
        await asyncio.gather(*self._opening)

    async def stop(self) -> None:
        """Close every socket."""
        await asyncio.gather(*self._opening, return_exceptions=True)
        for server in self._servers:
            server.close()
        connecting = [connection.connecting for connection in self.connections if connection.connecting]
        for connection in list(self.connections):
            connection.abort()
        await asyncio.gather(*connecting, return_exceptions=True)
        self._servers.clear()
        self._ports.clear()
        await asyncio.sleep(0)  # aborted transports close their sockets in the loop's next turn

    async def _listen(self, listening: socket.socket, place: Endpoint) -> None:
        loop = asyncio.get_running_loop()
        connection: Callable[[], _End] = lambda: _Connection(self, place).near  # noqa: E731
        self._servers.append(await loop.create_server(connection, sock=listening, backlog=BACKLOG))


RETRANSMISSION_S = 0.2
"""The least retransmission timeout of Linux: after so long in silence it forgets what the line can take."""


def shaped(network: Network, relay: ShapingRelay) -> Network:
    """The same network over a buyer's line: all it connects to, third parties too, is reached through `relay`.

    Detours are followed behind the relay, and what `network` refuses stays refused. Name servers are asked as before.
    """
    return _Shaped(
        limits=network.limits, detours=network.detours, closed=network.closed, ca_pem=network.ca_pem,
        relay=relay, elapsed_s=network.now_s,
    )  # fmt: skip


class _Shaped(Network):
    def __init__(self, *, relay: ShapingRelay, elapsed_s: float, **same: Any) -> None:
        super().__init__(**same)
        self._relay = relay
        self._began -= elapsed_s  # the deadline is that of the whole run

    def route(self, host: str, address: str, port: int) -> Endpoint | Failure:
        """Where the network would go, from behind the relay."""
        place = super().route(host, address, port)
        if isinstance(place, Failure) or port == DNS_PORT:
            return place
        return Endpoint("127.0.0.1", self._relay.port_before(place))


class _Lane:
    """One direction of the line: a queue that all connections share, first come, first served."""

    def __init__(self, mbps: float) -> None:
        self.bytes_s = mbps * 1e6 / 8 if mbps else float("inf")
        self.piece = max(SEGMENT, int(min(self.bytes_s * PIECE_S, MOST_PIECE)))
        self._free_s = 0.0

    def leaves(self, size: int, now_s: float) -> float:
        """When the last of `size` bytes that are ready at `now_s` has left."""
        self._free_s = max(self._free_s, now_s) + size / self.bytes_s
        return self._free_s

    def window(self, rtt_s: float) -> int:
        """The most bytes that need be under way: what fills the line, and the initial window in its queue."""
        return int(min(self.bytes_s * max(rtt_s, PIECE_S) + INITIAL_WINDOW, MOST_WINDOW))


class _Way:
    """What one side says to the other: it waits, leaves when the window and the lane let it, arrives half an RTT later.

    Each step reckons with the time it was due, not the time the loop got to it, so lateness does not add up.
    """

    def __init__(self, connection: _Connection, lane: _Lane, idle_s: float) -> None:
        self._connection, self._lane, self._idle_s = connection, lane, idle_s
        self._half_s = connection.relay.half_s
        self._most = lane.window(2 * self._half_s)
        self._window = INITIAL_WINDOW
        self._peak = self._under_way = 0
        self._waiting = bytearray()
        self._travelling: deque[tuple[float, bytes | Callable[[], None]]] = deque()
        """When it arrives, and what: bytes, or what an end or a reset does. Timers of the same time keep no order."""
        self._held: list[int] = []
        """Sizes of what a sink took that does not read."""
        self._silent_s = self.not_before_s = 0.0
        self.source: _End | None = None
        self.sink: _End | None = None
        self.ending = self.ended = False

    def take(self, content: bytes) -> None:
        """What the source said."""
        if not self._under_way and not self._waiting and _now() - self._silent_s >= self._idle_s:
            self._window, self._peak = INITIAL_WINDOW, 0
        self._waiting += content
        if len(self._waiting) >= WAITING_BYTES and self.source:
            self.source.pause()
        self.push(_now())

    def end(self) -> None:
        """The source has said all."""
        if not self.ending:
            self.ending = True
            self.push(_now())

    def push(self, now_s: float) -> None:
        """Let leave what may leave."""
        if self.sink is None:
            return
        now_s = max(now_s, self.not_before_s)
        while self._waiting:
            size = min(len(self._waiting), self._lane.piece, self._window - self._under_way)
            if size < min(SEGMENT, len(self._waiting)):
                break  # whole segments only
            piece = bytes(self._waiting[:size])
            del self._waiting[:size]
            self._under_way += size
            self._peak = max(self._peak, self._under_way)
            self._send(self._lane.leaves(size, now_s) + self._half_s, piece)
        if self.source and len(self._waiting) < WAITING_BYTES // 2:
            self.source.resume()
        if self.ending and not self._waiting and not self.ended:
            self.ended = True
            self.send_on(self._finish, now_s)

    @property
    def held_bytes(self) -> int:
        """Waiting, under way, or taken by a sink that does not read."""
        return len(self._waiting) + self._under_way

    def send_on(self, act: Callable[[], None], now_s: float) -> None:
        """Have something done where the way ends, after what was sent before."""
        self._send(self._lane.leaves(0, now_s) + self._half_s, act)

    def acknowledge_held(self) -> None:
        """The sink reads again."""
        held, self._held = self._held, []
        for size in held:
            self._acknowledge_at(_now() + self._half_s, size)

    def drop(self) -> None:
        """Forget all."""
        self._waiting.clear()
        self._travelling.clear()
        self._held.clear()
        self.ended = True
        self.source = self.sink = None

    def _send(self, due_s: float, what: bytes | Callable[[], None]) -> None:
        self._travelling.append((due_s, what))
        self._connection.loop.call_at(due_s - EARLY_S, self._arrive)

    def _arrive(self) -> None:
        if self.sink is None or not self._travelling:
            return
        due_s, what = self._travelling.popleft()
        if not isinstance(what, bytes):
            what()
            return
        self.sink.write(what)
        if self.sink.full:
            self._held.append(len(what))  # a receiver that does not read acknowledges no more
        else:
            self._acknowledge_at(due_s + self._half_s, len(what))

    def _acknowledge(self, due_s: float, size: int) -> None:
        self._under_way -= size
        self._silent_s = due_s
        # Only a window that was used grows (RFC 7661 section 4.3).
        self._window = max(self._window, min(self._window + size, 2 * self._peak, self._most))
        self.push(due_s)

    def _finish(self) -> None:
        if self.sink:
            self.sink.finish()
            self._connection.one_way_ended()

    def _acknowledge_at(self, due_s: float, size: int) -> None:
        self._connection.loop.call_at(due_s - EARLY_S, self._acknowledge, due_s, size)


class _Connection:
    """A client's connection and the one to the server it is carried on."""

    def __init__(self, relay: ShapingRelay, place: Endpoint) -> None:
        self.relay, self.place = relay, place
        self.loop = asyncio.get_running_loop()
        self.up, self.down = _Way(self, relay.up, relay.idle_s), _Way(self, relay.down, relay.idle_s)
        self.near, self.far = _End(self, self.up, self.down), _End(self, self.down, self.up)
        self.connecting: asyncio.Task[None] | None = None
        self._ways_ended = 0

    def accepted(self) -> None:
        """The client is there; as far as it is concerned its SYN has yet to travel."""
        self.relay.connections.add(self)
        self.up.source = self.down.sink = self.near
        self.connecting = asyncio.ensure_future(self._connect())

    async def _connect(self) -> None:
        # SYN and SYN-ACK over the line, then what the client says first: one and a half round trips.
        await asyncio.sleep(max(0.0, 3 * self.relay.half_s - EARLY_S))
        try:
            async with asyncio.timeout(CONNECT_S):
                await self.loop.create_connection(lambda: self.far, self.place.address, self.place.port)
        except OSError:
            self.abort()
            return
        now_s = _now()
        self.down.source = self.up.sink = self.far
        self.up.not_before_s = now_s - self.relay.half_s
        self.up.push(self.up.not_before_s)

    def one_way_ended(self) -> None:
        """Both ways ended: both sides have said goodbye."""
        self._ways_ended += 1
        if self._ways_ended == 2:
            self._close(_End.close)

    def lost(self, end: _End) -> None:
        """A side reset its connection; that travels behind what it said before."""
        way = self.up if end is self.near else self.down
        if self not in self.relay.connections:
            return  # it was we who closed it
        if way.sink is None or way.ending:
            self.abort()
        else:
            way.send_on(self.abort, _now())

    def abort(self) -> None:
        """Reset both sides."""
        self._close(_End.reset)

    def _close(self, close: Callable[[_End], None]) -> None:
        self.relay.connections.discard(self)
        if self.connecting and self.connecting is not asyncio.current_task(self.loop):
            self.connecting.cancel()
        for end in (self.near, self.far):
            close(end)
        self.up.drop()
        self.down.drop()


class _End(asyncio.Protocol):
    """One socket of a connection."""

    def __init__(self, connection: _Connection, says: _Way, hears: _Way) -> None:
        self._connection, self._says, self._hears = connection, says, hears
        self._transport: asyncio.Transport | None = None
        self.full = self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is there."""
        self._transport = cast(asyncio.Transport, transport)
        own: socket.socket = transport.get_extra_info("socket")
        # The loop leaves Nagle's algorithm on for sockets it did not make; with late acknowledgements it costs 40 ms.
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self is self._connection.near:
            self._connection.accepted()

    def data_received(self, data: bytes) -> None:
        """Hand on."""
        self._says.take(data)

    def eof_received(self) -> bool:
        """Half-closed; stays open for the other way."""
        self._says.end()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone."""
        self._transport = None
        self._connection.lost(self)

    def pause_writing(self) -> None:
        """Its buffer is full."""
        self.full = True

    def resume_writing(self) -> None:
        """Its buffer has room."""
        self.full = False
        self._hears.acknowledge_held()

    def write(self, content: bytes) -> None:
        """Say it to this side."""
        if self._transport and not self._transport.is_closing():
            self._transport.write(content)

    def finish(self) -> None:
        """Say that no more comes."""
        if self._transport and not self._transport.is_closing():
            with contextlib.suppress(OSError):  # the other side may be gone already
                self._transport.write_eof()

    def pause(self) -> None:
        """Read no more for now."""
        if self._transport and not self._paused and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._transport and self._paused and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()

    def close(self) -> None:
        """Close, once all is written."""
        if self._transport:
            self._transport.close()

    def reset(self) -> None:
        """Close with a RST, as the other side did."""
        if self._transport is None:
            return
        own: socket.socket | None = self._transport.get_extra_info("socket")
        if own is not None:
            with contextlib.suppress(OSError):
                own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()


def _now() -> float:
    return asyncio.get_running_loop().time()
