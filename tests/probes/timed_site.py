"""A real HTTPS site on loopback whose answers take as long as they are told to, by names that the lab knows."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from launchready.lab.authority import Authority
from launchready.lab.world import Certificate, Issuer
from launchready.probes.network import Detour

OWN = "timed.brightside.example"
OTHER = "cdn.mailer.example"
NEVER = -1.0


@dataclass(frozen=True)
class Timed:
    """One answer."""

    body: str | bytes = ""
    kind: str = "text/html; charset=utf-8"
    wait_s: float = 0.0
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


class TimedSite:
    """`async with TimedSite(authority, pages) as site:`; `site.detours` lead there."""

    def __init__(self, authority: Authority, pages: Mapping[str, Timed]) -> None:
        self.pages = dict(pages)
        self.asked: list[tuple[str, str]] = []
        """(path, its Cookie header)."""
        self._authority = authority
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.detours: tuple[Detour, ...] = ()

    async def __aenter__(self) -> TimedSite:
        good = await self._listen(Certificate(names=(OWN, OTHER)))
        bad = await self._listen(Certificate(names=(OWN,), issuer=Issuer.STRANGER))
        self.detours = (
            Detour(OWN, 443, "127.0.0.1", good),
            Detour(OTHER, 443, "127.0.0.1", good),
            Detour(OWN, 8443, "127.0.0.1", bad),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _listen(self, wanted: Certificate) -> int:
        issued = self._authority.issue(wanted, OWN)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with TemporaryDirectory() as folder:
            chain, key = Path(folder) / "chain.pem", Path(folder) / "key.pem"
            chain.write_bytes(issued.chain_pem)
            key.write_bytes(issued.key_pem)
            context.load_cert_chain(chain, key)
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=context)
        self._servers.append(server)
        return server.sockets[0].getsockname()[1]

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                line, *fields = head.decode().split("\r\n")
                path = line.split(" ")[1].partition("?")[0]
                cookie = next((f[8:] for f in fields if f.lower().startswith("cookie: ")), "")
                self.asked.append((path, cookie))
                page = self.pages.get(path, Timed("gone", "text/plain", status=404))
                if page.wait_s < 0:
                    await asyncio.Event().wait()
                await asyncio.sleep(page.wait_s)
                body = page.body.encode() if isinstance(page.body, str) else page.body
                told = [f"HTTP/1.1 {page.status} X", f"Content-Type: {page.kind}", f"Content-Length: {len(body)}"]
                told += [f"{name}: {value}" for name, value in page.headers]
                writer.write("\r\n".join([*told, "", ""]).encode() + body)
                await writer.drain()
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
