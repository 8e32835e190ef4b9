"""SMTP: one conversation with a mail server: greeting, EHLO, STARTTLS with its certificate, QUIT. Never sends mail."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from launchready.probes.failures import Failure, Garbage, Phase, Refused, Timeout, TlsFailed, Unreachable
from launchready.probes.network import Network
from launchready.probes.tls import Handshake, Tls


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a mail server said. Texts are hostile."""

    host: str
    address: str
    port: int
    banner: str
    extensions: tuple[str, ...]
    """EHLO keywords with parameters, upper case, as offered before TLS (RFC 5321 section 4.1.1.1)."""
    tls: Handshake | Failure | None
    """None when STARTTLS is not offered."""
    elapsed_s: float = 0.0


class Smtp:
    """Talks; each (host, address, port) once in a run."""

    def __init__(self, network: Network, tls: Tls) -> None:
        self.network = network
        self.tls = tls

    async def converse(self, host: str, address: str, port: int = 25) -> Conversation | Failure:
        """Talk to a mail server (RFC 5321, RFC 3207)."""
        return await self.network.once(("smtp", host, address, port), lambda: self._converse(host, address, port))

    async def _converse(self, host: str, address: str, port: int) -> Conversation | Failure:
        subject = f"{host} at {address} port {port}"
        place = self.network.route(host, address, port)
        if isinstance(place, Failure):
            return place
        limits, began = self.network.limits, time.monotonic()
        phase = Phase.CONNECT
        async with self.network.slot("smtp", host, subject):
            writer = None
            try:
                async with asyncio.timeout(self.network.bounded_s(limits.operation_timeout_s)):
                    async with asyncio.timeout(limits.connect_timeout_s):
                        reader, writer = await asyncio.open_connection(place.address, place.port, limit=MOST_LINE)
                    phase = Phase.ANSWER
                    return await self._talk(host, address, port, reader, writer, began)
            except TimeoutError:
                elapsed_s = time.monotonic() - began
                what = "nobody answered the connection" if phase is Phase.CONNECT else "the mail server did not answer"
                return Timeout(phase, subject, f"{what} within {elapsed_s:.1f} s", elapsed_s)
            except ConnectionRefusedError:
                return Refused(phase, subject, "nobody listens there: connection refused")
            except _NotSmtp as error:
                return Garbage(phase, subject, f"the answer does not follow SMTP: {error}")
            except (ConnectionError, asyncio.IncompleteReadError):
                return Refused(phase, subject, "the connection was closed in the middle of the conversation")
            except OSError as error:
                return Unreachable(phase, subject, f"cannot be reached: {error.strerror or error}")
            finally:
                if writer is not None:
                    writer.close()

    async def _talk(
        self,
        host: str,
        address: str,
        port: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        began: float,
    ) -> Conversation | Failure:
        code, greeting = await _reply(reader)
        if code == 220:
            writer.write(f"EHLO {_NAME}\r\n".encode())
            code, lines = await _reply(reader)
        else:
            lines = greeting
        if code != 250:
            # A block list or a limit: nothing is known of what it offers to others.
            subject = f"{host} at {address} port {port}"
            said = f"the mail server turned us away: {code} {' '.join(lines)[:200]}"
            return Refused(Phase.ANSWER, subject, said, time.monotonic() - began)
        extensions = tuple(line.upper() for line in lines[1:])
        tls: Handshake | Failure | None = None
        if any(line.split(" ")[0] == "STARTTLS" for line in extensions):
            writer.write(b"STARTTLS\r\n")
            code, _ = await _reply(reader)
            if code == 220:
                stream, tls = await self.tls.start_tls(host, address, port, reader, writer)
                if stream:
                    await stream.write(b"QUIT\r\n")
            else:
                tls = TlsFailed(Phase.TLS, host, f"STARTTLS is offered, but refused with {code}")
        else:
            writer.write(b"QUIT\r\n")
        return Conversation(host, address, port, " ".join(greeting), extensions, tls, time.monotonic() - began)


class _NotSmtp(Exception):
    """What came is no reply of RFC 5321 section 4.2."""


MOST_LINE = 4096
"""Bytes of one line; RFC 5321 section 4.5.3.1.5 allows 512."""
MOST_LINES = 100
_NAME = "launchready.invalid"
"""What we call ourselves: nobody's name (RFC 6761 section 6.4), since we send nothing."""


async def _reply(reader: asyncio.StreamReader) -> tuple[int, list[str]]:
    """One reply, its lines without code. Raises _NotSmtp, IncompleteReadError."""
    texts: list[str] = []
    while len(texts) < MOST_LINES:
        try:
            line = (await reader.readuntil(b"\n")).decode("utf-8", "replace").rstrip("\r\n")
        except asyncio.LimitOverrunError:
            raise _NotSmtp(f"a line of more than {MOST_LINE} bytes") from None
        if not (line[:3].isascii() and line[:3].isdigit()) or line[3:4] not in ("", " ", "-"):
            raise _NotSmtp(f"a line that is no reply: {line[:60]!r}")
        texts.append(line[4:])
        if line[3:4] != "-":
            return int(line[:3]), texts
    raise _NotSmtp(f"a reply of more than {MOST_LINES} lines")
