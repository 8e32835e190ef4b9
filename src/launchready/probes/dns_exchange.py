"""One DNS message to one endpoint and back, over UDP or TCP: what is not the answer to it is not taken (RFC 5452).

Knows nothing of names, servers or runs; `dns.py` does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import dns.exception
import dns.message
from dns.message import Message

from launchready.probes.failures import Failure, Garbage, Phase, Refused, Timeout, Unreachable
from launchready.probes.network import Endpoint

UDP_TRIES = 2


async def over_udp(query: Message, endpoint: Endpoint, timeout_s: float, subject: str) -> Message | Failure:
    """Send a question, once more when nothing came in half the time, and wait for the answer that fits it."""
    loop = asyncio.get_running_loop()
    began = time.monotonic()
    wire = query.to_wire()
    strays: list[str] = []
    try:
        transport, waiting = await loop.create_datagram_endpoint(
            lambda: _Waiting(query, strays), remote_addr=(endpoint.address, endpoint.port)
        )
    except OSError as error:
        return Unreachable(Phase.CONNECT, subject, f"{subject}: {error.strerror or error}")
    try:
        for _ in range(UDP_TRIES):
            transport.sendto(wire)
            done, _pending = await asyncio.wait((waiting.answer,), timeout=timeout_s / UDP_TRIES)
            if done:
                return waiting.answer.result()
    except OSError as error:
        return _of_error(error, subject, began)
    finally:
        transport.close()
    if strays:
        detail = f"{subject}: what came in {timeout_s:g} s was not taken: {', '.join(dict.fromkeys(strays))}"
        return Garbage(Phase.ANSWER, subject, detail, time.monotonic() - began)
    return Timeout(Phase.ANSWER, subject, f"{subject}: no answer over UDP", time.monotonic() - began)


async def over_tcp(query: Message, endpoint: Endpoint, timeout_s: float, subject: str) -> Message | Failure:
    """Connect, ask and read one answer (RFC 7766)."""
    began = time.monotonic()
    phase = Phase.CONNECT
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(endpoint.address, endpoint.port)
            phase = Phase.ANSWER
            writer.write(query.to_wire(prepend_length=True))
            wire = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
    except TimeoutError:
        return Timeout(phase, subject, f"{subject}: no answer over TCP", time.monotonic() - began)
    except asyncio.IncompleteReadError as error:
        cut = f"after {len(error.partial)} bytes of an answer" if error.partial else "before it answered"
        return Garbage(phase, subject, f"{subject}: closed the TCP connection {cut}", time.monotonic() - began)
    except OSError as error:
        return _of_error(error, subject, began, "TCP ")
    finally:
        if writer is not None:
            writer.transport.abort()
    try:
        answer = dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError):
        return Garbage(Phase.ANSWER, subject, f"{subject}: what came over TCP is no DNS message")
    if reason := _why_not(answer, query):
        return Garbage(Phase.ANSWER, subject, f"{subject}: what came over TCP was not taken: {reason}")
    return answer


class _Waiting(asyncio.DatagramProtocol):
    """Waits for the datagram that answers; the kernel drops those from other sources, since the socket is connected."""

    def __init__(self, query: Message, strays: list[str]) -> None:
        self.query = query
        self.strays = strays
        self.answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: object) -> None:
        if self.answer.done():
            return
        if (stray := _read(data, self.query, self.answer.set_result)) and len(self.strays) < 4:
            self.strays.append(stray)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.answer.done():
            self.answer.cancel()


def _read(data: bytes, query: Message, take: Callable[[Message], None]) -> str | None:
    """Take a fitting answer; else say what is wrong with it."""
    if len(data) < 12 or data[:2] != query.id.to_bytes(2, "big"):
        return "a message with the wrong id"
    try:
        answer = dns.message.from_wire(data, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError):
        if not data[2] & 0x02:
            return "bytes that are no DNS message"
        # Cut in the middle of a record: the header says so, and TCP will have the whole of it.
        answer = _cut(query)
    if reason := _why_not(answer, query):
        return reason
    take(answer)
    return None


def _why_not(answer: Message, query: Message) -> str | None:
    if answer.id != query.id:
        return "a message with the wrong id"
    # Some servers leave the question out when they refuse or cannot read it (RFC 9619 allows none or one).
    if not query.is_response(answer):
        return "an answer to another question"
    return None


def _cut(query: Message) -> Message:
    answer = dns.message.make_response(query)
    answer.flags |= dns.flags.TC
    return answer


def _of_error(error: OSError, subject: str, began: float, transport: str = "") -> Failure:
    elapsed_s = time.monotonic() - began
    if isinstance(error, ConnectionError):
        return Refused(Phase.CONNECT, subject, f"{subject}: the {transport}connection was refused or reset", elapsed_s)
    return Unreachable(Phase.CONNECT, subject, f"{subject}: {error.strerror or error}", elapsed_s)
