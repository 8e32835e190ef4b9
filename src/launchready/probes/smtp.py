"""SMTP: one conversation with a mail server: greeting, EHLO, STARTTLS with its certificate, QUIT. Never sends mail."""

from __future__ import annotations

from dataclasses import dataclass

from launchready.probes.failures import Failure
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
        raise NotImplementedError
