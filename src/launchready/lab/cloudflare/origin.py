"""How the edge fetches from an origin: real connections, TLS verified as the zone's mode says, failures as 52x.

HTTP/1.1 to the origin, one request a connection. The numbers are those of
https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from launchready.lab.cloudflare.records import Record
from launchready.lab.cloudflare.state import EDGE, CloudflareState
from launchready.lab.edge_http import Request

MOST_BODY = 32 * 1024**2
"""Bytes of an origin's answer that are taken; one of more is 520 here, where Cloudflare would pass it on."""
_HOP = ("connection", "keep-alive", "transfer-encoding", "content-length", "te", "upgrade", "proxy-connection")


class Unreached(Exception):
    """The origin gave no answer; `status` is what the edge says then, with `code` where it has one of its own."""

    def __init__(self, status: int, why: str, code: str = ""):
        self.status, self.why, self.code = status, why, code
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer of the origin."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Way:
    """How to get at origins: where (address, port) is on loopback, and the roots to trust."""

    ports: Mapping[tuple[str, int | None], tuple[str, int]]
    ca_pem: bytes


async def fetch(state: CloudflareState, way: Way, records: list[Record], scheme: str, asked: Request) -> Fetched:
    """The origin's answer to a visitor's request. Raises Unreached."""
    mode = state.settings["ssl"]
    secure = scheme == "https" and mode in ("full", "strict")
    address = _address(state, records)
    if address in EDGE:
        raise Unreached(403, "DNS points to prohibited IP", "1000")
    try:
        async with asyncio.timeout(state.account.origin_timeout_s):
            reader, writer = await _connected(way, address, asked.host, secure=secure, strict=mode == "strict")
    except TimeoutError:
        raise Unreached(522, "connection timed out") from None
    try:
        async with asyncio.timeout(state.account.origin_timeout_s):
            return await _exchanged(reader, writer, asked)
    except TimeoutError:
        raise Unreached(524, "a timeout occurred") from None
    except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        raise Unreached(520, "web server returned an unknown error") from None
    finally:
        writer.close()


def _address(state: CloudflareState, records: list[Record]) -> str:
    """Where the records lead: an IPv4 address first, an alias followed, through this zone past the edge."""
    for _ in range(8):
        addresses = [r.content for type in ("A", "AAAA") for r in records if r.type == type]
        if addresses:
            return addresses[0]
        alias = next((r.content for r in records if r.type == "CNAME"), "")
        own = [r for r in state.records.values() if r.name == alias and r.type in ("A", "AAAA", "CNAME")]
        if not own:
            found = state.addresses(alias, "A") or state.addresses(alias, "AAAA")
            if found:
                return found[0]
            break
        records = own
    raise Unreached(530, "origin DNS error", "1016")


async def _connected(
    way: Way, address: str, host: str, *, secure: bool, strict: bool
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    port = 443 if secure else 80
    if (address, port) not in way.ports:
        raise Unreached(523, "origin is unreachable")
    name = host.partition(":")[0]
    try:
        return await asyncio.open_connection(
            *way.ports[address, port],
            ssl=_context(way, strict=strict) if secure else None,
            server_hostname=name if secure else None,
        )
    except ssl.SSLCertVerificationError as error:
        raise Unreached(526, f"invalid SSL certificate: {error.verify_message}") from None
    except (ConnectionRefusedError, TimeoutError) as error:
        raise Unreached(521 if isinstance(error, ConnectionRefusedError) else 522, "web server is down") from None
    except OSError:
        raise Unreached(525 if secure else 520, "SSL handshake failed") from None


def _context(way: Way, *, strict: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=way.ca_pem.decode())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not strict:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def _exchanged(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: Request) -> Fetched:
    fields = {name: value for name, value in asked.fields.items() if name not in _HOP and not name.startswith(":")}
    fields |= {"host": asked.host, "connection": "close", "content-length": str(len(asked.body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    writer.write(f"{asked.method} {asked.target} HTTP/1.1\r\n{head}\r\n".encode() + asked.body)
    await writer.drain()
    status_line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
    if not status_line.startswith("HTTP/1."):
        raise ValueError("not HTTP")
    status = int(status_line.split(" ", 2)[1])
    pairs = [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    # The lab's sites send their text in UTF-8; what is read above as Latin-1 are its bytes.
    headers = tuple(pair for pair in pairs if pair[0].lower() not in _HOP)
    length = next((int(value) for name, value in pairs if name.lower() == "content-length"), 0)
    if length > MOST_BODY:
        raise ValueError("too large")
    empty = asked.method == "HEAD" or status in (204, 304)
    return Fetched(status, headers, b"" if empty else await reader.readexactly(length))
