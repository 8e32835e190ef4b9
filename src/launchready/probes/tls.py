"""TLS: one handshake for a (host, address, port, purpose), unverified, with chain and staple as sent; and the verdict
a browser would give on it, computed afterwards."""

from __future__ import annotations

import asyncio
import ssl
import time
import warnings
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path

import certifi
from cryptography import x509
from OpenSSL import SSL

from launchready.probes.failures import (
    Failure,
    Garbage,
    Phase,
    Refused,
    Timeout,
    TlsFailed,
    TooLarge,
    Unreachable,
)
from launchready.probes.network import Network
from launchready.probes.tls_stream import TlsStream, TooManyBytes
from launchready.probes.verdict import Verifier


@dataclass(frozen=True, slots=True)
class Handshake:
    """A completed handshake."""

    host: str
    address: str
    port: int
    version: str
    """`TLSv1.3`, `TLSv1.2`, ..."""
    cipher: str
    chain: tuple[x509.Certificate, ...] = field(repr=False)
    """As the server sent it, leaf first."""
    staple: bytes | None = field(default=None, repr=False)
    """DER of the stapled OCSP response (RFC 6066 section 8)."""
    elapsed_s: float = 0.0

    @property
    def leaf(self) -> x509.Certificate:
        """The server's own certificate."""
        return self.chain[0]


class Tls:
    """Shakes hands; each (host, address, port, version) once in a run."""

    def __init__(self, network: Network) -> None:
        self.network = network
        pem = network.ca_pem or Path(certifi.where()).read_bytes()
        self.verifier = Verifier(pem, public=network.ca_pem is None)

    async def handshake(
        self, host: str, address: str, port: int = 443, *, version: ssl.TLSVersion | None = None
    ) -> Handshake | Failure:
        """Shake hands with SNI `host` at `address`; `version` offers exactly that one version.

        A server that will not speak the offered version gives TlsFailed.
        """
        key = ("tls", host, address, port, version)
        return await self.network.once(key, lambda: self._connect(host, address, port, version))

    async def start_tls(
        self, host: str, address: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[TlsStream | None, Handshake | Failure]:
        """Shake hands on a connection already in use; the stream too, when it worked. The caller bounds the time."""
        began = time.monotonic()
        stream = TlsStream(reader, writer, _context(None), server_name=host)
        subject = f"{host} at {address} port {port}"
        try:
            await stream.handshake(MOST_BYTES)
            return stream, _read(stream, host, address, port, time.monotonic() - began)
        except (SSL.Error, TooManyBytes, OSError, ValueError) as error:
            return None, _explain(error, subject, time.monotonic() - began)

    def browser_verdict(self, handshake: Handshake, host: str, now: datetime) -> str | None:
        """None when a browser would accept chain and name; else why not, in one sentence.

        Judged by Mozilla's roots, or by those of --ca-file. `verifier.refusals` tells the causes apart.
        """
        refusals = self.verifier.refusals(handshake.chain, host, now)
        return f"the certificate is not accepted for {host}: {refusals[0].says}" if refusals else None

    async def _connect(self, host: str, address: str, port: int, version: ssl.TLSVersion | None) -> Handshake | Failure:
        subject = f"{host} at {address} port {port}"
        place = self.network.route(host, address, port)
        if isinstance(place, Failure):
            return place
        async with self.network.slot("tls", host, subject):
            began = time.monotonic()
            limits, writer, phase = self.network.limits, None, Phase.CONNECT
            try:
                async with asyncio.timeout(self.network.bounded_s(limits.operation_timeout_s)):
                    async with asyncio.timeout(limits.connect_timeout_s):
                        reader, writer = await asyncio.open_connection(place.address, place.port)
                    phase = Phase.TLS
                    stream = TlsStream(reader, writer, _context(version), server_name=host)
                    await stream.handshake(MOST_BYTES)
                    found = _read(stream, host, address, port, time.monotonic() - began)
                    await stream.close()
                    return found
            except TimeoutError:
                elapsed_s = time.monotonic() - began
                what = "nobody answered the connection" if phase is Phase.CONNECT else "the handshake did not end"
                return Timeout(phase, subject, f"{what} within {elapsed_s:.1f} s", elapsed_s)
            except (SSL.Error, TooManyBytes, OSError, ValueError) as error:
                return _explain(error, subject, time.monotonic() - began, phase)
            finally:
                if writer is not None:
                    writer.close()


MOST_BYTES = 256 * 1024
"""Of a handshake. OpenSSL and BoringSSL, hence Chrome, take 100 KB of certificates at most."""

_VERSIONS = {
    ssl.TLSVersion.TLSv1: SSL.TLS1_VERSION,
    ssl.TLSVersion.TLSv1_1: SSL.TLS1_1_VERSION,
    ssl.TLSVersion.TLSv1_2: SSL.TLS1_2_VERSION,
    ssl.TLSVersion.TLSv1_3: SSL.TLS1_3_VERSION,
}


@cache
def _context(version: ssl.TLSVersion | None) -> SSL.Context:
    """Offers everything OpenSSL still knows: what is too old or too weak is for a check to say."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_verify(SSL.VERIFY_NONE, lambda *_: True)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")
    offered = _VERSIONS.get(version) if version else None
    context.set_min_proto_version(offered or SSL.TLS1_VERSION)
    context.set_max_proto_version(offered or 0)
    context.set_ocsp_client_callback(_keep_staple)
    return context


def _keep_staple(connection: SSL.Connection, staple: bytes, _data: object) -> bool:
    connection.set_app_data(staple)
    return True


def _read(stream: TlsStream, host: str, address: str, port: int, elapsed_s: float) -> Handshake:
    connection = stream.connection
    with warnings.catch_warnings():
        # What is odd in a stranger's certificate is for the verdict to say, not for this machine's terminal.
        warnings.simplefilter("ignore")
        chain = connection.get_peer_cert_chain(as_cryptography=True) or []
    if not chain:
        raise ValueError("the server sent no certificate")
    return Handshake(
        host,
        address,
        port,
        version=connection.get_protocol_version_name(),
        cipher=connection.get_cipher_name() or "",
        chain=tuple(chain),
        staple=connection.get_app_data() or None,
        elapsed_s=elapsed_s,
    )


def _explain(error: Exception, subject: str, elapsed_s: float, phase: Phase = Phase.TLS) -> Failure:
    if isinstance(error, TooManyBytes):
        return TooLarge(phase, subject, str(error), elapsed_s)
    if isinstance(error, ConnectionRefusedError):
        return Refused(phase, subject, "nobody listens there: connection refused", elapsed_s)
    if isinstance(error, ConnectionError):
        return (Refused if phase is Phase.CONNECT else TlsFailed)(
            phase, subject, "the connection was closed before the handshake ended", elapsed_s
        )
    if isinstance(error, OSError):
        return Unreachable(phase, subject, f"cannot be reached: {error.strerror or error}", elapsed_s)
    reasons = [str(part[-1]) for part in error.args[0]] if error.args and isinstance(error.args[0], list) else []
    reason = "; ".join(filter(None, reasons)) or str(error) or "the handshake failed"
    if "excessive message size" in reason:
        return TooLarge(phase, subject, "the certificates sent take more than 100 KB", elapsed_s)
    if any(words in reason for words in _NOT_OURS):
        return Failure(phase, subject, "the OpenSSL of this machine cannot offer that version of TLS", elapsed_s)
    kind = Garbage if any(word in reason for word in _NOT_TLS) else TlsFailed
    return kind(phase, subject, f"the TLS handshake failed: {reason}", elapsed_s)


_NOT_OURS = ("no protocols available", "no ciphers available")
_NOT_TLS = ("wrong version number", "packet length too long", "unexpected message", "http request")
