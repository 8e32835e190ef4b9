"""RDAP: who holds a registration, until when, in which state (RFC 9082, 9083), found by IANA's bootstrap (RFC 9224)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from launchready.probes.failures import Failure
from launchready.probes.http import Http
from launchready.probes.network import Network


@dataclass(frozen=True, slots=True)
class Registration:
    """A domain's registration."""

    domain: str
    """The registered domain, such as `example.com` for `app.example.com`."""
    registrar: str
    expires: datetime | None
    status: tuple[str, ...]
    """RDAP status values, lower case, such as `client transfer prohibited` (RFC 8056)."""
    name_servers: tuple[str, ...]
    """As the registry holds them, lower case, without trailing dot."""
    source: str
    """URL of the answer."""


class Rdap:
    """Asks the registry; each domain once in a run."""

    def __init__(self, network: Network, http: Http) -> None:
        self.network = network
        self.http = http

    async def registration(self, domain: str) -> Registration | Failure | None:
        """The registration of the registered domain above `domain`; None when its registry offers no RDAP."""
        raise NotImplementedError
