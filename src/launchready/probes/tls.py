"""TLS: one handshake for a (host, address, port, purpose), unverified, with chain and staple as sent; and the verdict
a browser would give on it, computed afterwards."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509

from launchready.probes.failures import Failure
from launchready.probes.network import Network


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

    async def handshake(
        self, host: str, address: str, port: int = 443, *, version: ssl.TLSVersion | None = None
    ) -> Handshake | Failure:
        """Shake hands with SNI `host` at `address`; `version` offers exactly that one version.

        A server that will not speak the offered version gives TlsFailed.
        """
        raise NotImplementedError

    def browser_verdict(self, handshake: Handshake, host: str, now: datetime) -> str | None:
        """None when a browser would accept chain and name; else why not, in one sentence.

        Judged by Mozilla's roots, or by those of --ca-file.
        """
        raise NotImplementedError
