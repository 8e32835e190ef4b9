"""The world outside of the portals, on loopback: a service of rates, somebody's widget, and a mail server. All slow."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

RATES_S = 0.08
WIDGET_S = 1.5
MAIL_S = 0.6
RATES = {"EUR": 1.0, "USD": 1.1, "GBP": 0.85, "CHF": 0.95, "SEK": 11.2, "NOK": 11.5, "DKK": 7.46, "PLN": 4.3}


@contextmanager
def outside() -> Iterator[tuple[int, int]]:
    """Serves in a thread of its own; yields the ports of HTTP and SMTP."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> list[asyncio.Server]:
        return [await asyncio.start_server(speak, "127.0.0.1", 0) for speak in (_http, _smtp)]

    servers = asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        web, mail = (server.sockets[0].getsockname()[1] for server in servers)
        yield web, mail
    finally:
        for server in servers:
            loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)


async def _http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        url = urlsplit(head.split(" ")[1])
        if url.path == "/rates":
            await asyncio.sleep(RATES_S)
            asked = parse_qs(url.query).get("symbols", [""])[0].split(",")
            kind, body = "application/json", json.dumps({name: RATES[name] for name in asked if name in RATES}).encode()
        else:
            await asyncio.sleep(WIDGET_S)
            kind, body = "text/javascript", b"window.chatter = true;\n" + b"// talk to us \n" * 2_000
        fields = f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\nCache-Control: no-cache\r\n"
        writer.write(f"HTTP/1.1 200 OK\r\n{fields}Connection: close\r\n\r\n".encode() + body)
        await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def _smtp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        writer.write(b"220 mail.example ESMTP\r\n")
        while line := await reader.readline():
            said = line.strip().upper()
            if said == b"DATA":
                writer.write(b"354 go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                await asyncio.sleep(MAIL_S)
            writer.write(b"250 OK\r\n" if said != b"QUIT" else b"221 bye\r\n")
            if said == b"QUIT":
                break
        await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()
