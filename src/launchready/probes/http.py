"""HTTP on libcurl: one GET a URL and address, phases timed in C, sizes and times bounded."""

from __future__ import annotations

from dataclasses import dataclass, field

from launchready.probes.dns import Dns
from launchready.probes.failures import Failure
from launchready.probes.network import Network


@dataclass(frozen=True, slots=True)
class Phases:
    """When each phase of a GET ended, in seconds from its start (curl's *_TIME values)."""

    connect_s: float = 0.0
    tls_s: float = 0.0
    first_byte_s: float = 0.0
    total_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Page:
    """An answer to one GET. Everything in it is hostile text."""

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    """As sent, names in lower case, in order, repeated ones kept."""
    body: bytes = field(repr=False)
    """Decompressed, cut at the byte cap."""
    truncated: bool = False
    """The body was larger than the cap; `body` holds its beginning."""
    address: str = ""
    http_version: str = "1.1"
    verified: bool = True
    """libcurl's own verification of chain and name (True for plain http)."""
    phases: Phases = Phases()

    def header(self, name: str) -> str | None:
        """The first header of that name, or None."""
        return next((value for key, value in self.headers if key == name.lower()), None)

    def all_headers(self, name: str) -> tuple[str, ...]:
        """Every header of that name."""
        return tuple(value for key, value in self.headers if key == name.lower())

    @property
    def location(self) -> str | None:
        """Absolute URL a 3xx leads to (RFC 9110 section 10.2.2), or None."""
        raise NotImplementedError

    @property
    def text(self) -> str:
        """Body as text by charset of header or meta, undecodable bytes replaced."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Chain:
    """A URL followed through its redirects."""

    hops: tuple[Page, ...]
    """Every page on the way, the final one included."""
    end: Page | Failure
    """Where it ended: the final page, or why it could not go on."""
    loop: bool = False
    """It came back to a URL it had been at, or passed the redirect cap."""


class Http:
    """GETs; each (URL, address) once in a run."""

    def __init__(self, network: Network, dns: Dns) -> None:
        self.network = network
        self.dns = dns

    async def get(self, url: str, *, address: str | None = None) -> Page | Failure:
        """GET a URL without following redirects; from `address`, else the host's first that answers (v4 first).

        The certificate is not required to be valid (nothing secret is sent; `Page.verified` says whether it
        is, `tls.py` why not), so that one bad certificate does not hide everything behind it.
        """
        raise NotImplementedError

    async def follow(self, url: str) -> Chain:
        """GET a URL and follow redirects, each hop through `get`."""
        raise NotImplementedError

    async def close(self) -> None:
        """Close connections."""
