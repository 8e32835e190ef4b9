"""The way out of the browser: a proxy on loopback that goes where the network goes, and nowhere else.

Chromium has no notion of our resolvers, detours and closed networks; all it asks for comes through here. What it
says inside TLS is not seen. Speaks CONNECT and plain GETs, one request a connection.
"""

from __future__ import annotations

import asyncio
import contextlib
from ipaddress import ip_address
from urllib.parse import urlsplit

from launchready.probes.addresses import why_unreachable
from launchready.probes.dns import Dns
from launchready.probes.failures import Failure
from launchready.probes.network import Network

MOST_BYTES = 64 * 1024 * 1024
"""Of what is loaded from one `renew` to the next."""
MOST_HEAD = 32 * 1024
HEAD_S = 10.0
_HERE = ("127.0.0.1", "::1")


class BrowserProxy:
    """Listens between `start` and `close`."""

    def __init__(self, network: Network, dns: Dns) -> None:
        self.network, self.dns = network, dns
        self.own: set[str] = set()
        """Hosts that may be at private addresses: those a person named. What a page names may not."""
        self._left = MOST_BYTES
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        """Listen; returns the address for `--proxy-server`."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=MOST_HEAD)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def renew(self) -> None:
        """Allow `MOST_BYTES` again: a page that is looked at often must not seem blank for what was loaded before."""
        self._left = MOST_BYTES

    @property
    def spent(self) -> bool:
        """Whether something was cut off because it was too much."""
        return self._left <= 0

    async def close(self) -> None:
        """Close every connection."""
        if self._server:
            self._server.close()
            self._server = None
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            await self._serve(reader, writer)
        except (OSError, ValueError, TimeoutError, EOFError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # the browser left, or what it said is not HTTP
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(HEAD_S):
            head = await reader.readuntil(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        method, target, _version = line.split(" ", 2)
        tunnel = method == "CONNECT"
        parts = urlsplit(f"//{target}" if tunnel else target)
        host, port = parts.hostname or "", parts.port or (443 if tunnel else 80)
        there = await self._connect(host, port)
        if there is None:
            if not tunnel:
                return  # an answer of ours would look like one of the site's
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
            return
        from_there, to_there = there
        try:
            if tunnel:
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                kept = [f for f in fields if not f.lower().startswith(("proxy-", "connection:"))]
                told = "\r\n".join([f"{method} {path} HTTP/1.1", *kept, "Connection: close"])
                to_there.write(f"{told}\r\n\r\n".encode("latin-1"))
            pumps = [asyncio.ensure_future(self._pump(reader, to_there)),
                     asyncio.ensure_future(self._pump(from_there, writer))]  # fmt: skip
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                if pumps[0].done() and not pumps[1].done():
                    await asyncio.wait(pumps[1:], timeout=5.0)  # asked all, and still listens
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        finally:
            to_there.close()

    async def _connect(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        addresses: tuple[str, ...] | Failure
        try:
            addresses = (str(ip_address(host)),)
        except ValueError:
            addresses = _HERE if is_localhost(host) else await self.dns.addresses(host)
        if isinstance(addresses, Failure):
            return None
        for address in addresses[:3]:
            if why_unreachable(address) and not self._may_be_private(host):
                continue  # a page of a stranger must not make this machine ask its neighbours
            place = self.network.route(host, address, port)
            if isinstance(place, Failure):
                continue
            async with self.network.slot("browser", host):
                with contextlib.suppress(OSError, TimeoutError):
                    async with asyncio.timeout(self.network.limits.connect_timeout_s):
                        return await asyncio.open_connection(place.address, place.port)
        return None

    def _may_be_private(self, host: str) -> bool:
        """Whether a person named it: itself, or, for a name of this machine, another place on this machine."""
        return host in self.own or (is_localhost(host) and any(one in _HERE or is_localhost(one) for one in self.own))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while (content := await reader.read(65536)) and self._left > 0:
                self._left -= len(content)
                writer.write(content)
                await writer.drain()


def is_localhost(host: str) -> bool:
    """Whether a name is one of this machine's (RFC 6761, section 6.3)."""
    return host == "localhost" or host.endswith(".localhost")
