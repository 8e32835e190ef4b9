"""The lab's mail servers: aiosmtpd on the running loop, with STARTTLS, and troubles acted out on the raw socket."""

from __future__ import annotations

import asyncio
import logging
import ssl
import tempfile
from collections import Counter
from pathlib import Path

from aiosmtpd.smtp import SMTP

from launchready.lab.authority import Authority
from launchready.lab.edge import closed_port
from launchready.lab.edge_http import PlainStream, act
from launchready.lab.world import Certificate, MailServer, Trouble, World
from launchready.probes.network import Detour

VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}

# Clients that leave in the middle are this server's daily bread; it would print a traceback for each.
logging.getLogger("mail.log").addHandler(logging.NullHandler())


class MailServers:
    """Every mail server of a world, on port 25. Takes no mail: a recipient is always refused."""

    def __init__(self, world: World, authority: Authority, counts: Counter[tuple[str, ...]]) -> None:
        self.world, self.authority, self.counts = world, authority, counts
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> list[Detour]:
        """Listen for each address."""
        detours = []
        for server in self.world.mail_servers:
            for address in server.addresses:
                to = "::1" if ":" in address else "127.0.0.1"
                port = closed_port(to)
                if server.trouble is not Trouble.REFUSES:
                    listening = await self._listen(server, address, to)
                    self._servers.append(listening)
                    port = listening.sockets[0].getsockname()[1]
                detours.append(Detour(address, 25, to, port))
                if not any(address in site.addresses for site in self.world.sites):
                    # No web server beside it: refused, as anywhere else.
                    detours += [Detour(address, web, to, closed_port(to)) for web in (80, 443)]
        return detours

    async def stop(self) -> None:
        """Close every socket."""
        for server in self._servers:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _listen(self, server: MailServer, address: str, to: str) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        if server.trouble is Trouble.NONE:
            context = _tls_context(self.authority, server) if server.certificate else None
            return await loop.create_server(lambda: self._speaker(server, address, context), to, 0)

        async def troubled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.counts["smtp", address] += 1
            task = asyncio.current_task()
            assert task is not None
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            try:
                await act(server.trouble, PlainStream(reader, writer))
            except (OSError, asyncio.CancelledError):
                pass  # the other side left, or the lab is closing
            finally:
                writer.close()

        return await asyncio.start_server(troubled, to, 0)

    def _speaker(self, server: MailServer, address: str, context: ssl.SSLContext | None) -> SMTP:
        self.counts["smtp", address] += 1
        banner = server.banner or "ESMTP"
        return SMTP(_RefusesAll(), hostname=server.host, ident=banner, tls_context=context, loop=None)


class _RefusesAll:
    async def handle_RCPT(self, *_: object) -> str:
        return "550 5.7.1 the lab takes no mail"


def _tls_context(authority: Authority, server: MailServer) -> ssl.SSLContext:
    assert server.certificate is not None
    context = tls_context(authority, server.certificate, server.host)
    context.minimum_version = VERSIONS[server.oldest_tls]
    context.maximum_version = VERSIONS[server.newest_tls]
    return context


def tls_context(authority: Authority, wanted: Certificate, host: str) -> ssl.SSLContext:
    """A server's side of TLS that begins inside another protocol."""
    issued = authority.issue(wanted, host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with tempfile.TemporaryDirectory() as directory:  # the standard library reads chains from files only
        path = Path(directory) / "chain.pem"
        path.write_bytes(issued.key_pem + issued.chain_pem)
        context.load_cert_chain(path)
    return context
