"""The places people reach the portal at: each host and address, with the handshake made there. Declares no check."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from launchready.model import NotChecked, Severity
from launchready.portal import Portal
from launchready.probes.failures import Failure, OutOfTime, Phase, Unreachable
from launchready.probes.look import Look
from launchready.probes.surface import Host
from launchready.probes.tls import Handshake

MOST_ADDRESSES = 8
"""Of one host; a host with more is behind an edge that answers alike at all of them."""

NOT_BROWSED = (
    "mail",
    "mx",
    "smtp",
    "imap",
    "pop",
    "webmail",
    "autodiscover",
    "autoconfig",
    "ns1",
    "ns2",
    "ftp",
    "cpanel",
)
"""Labels of hosts nobody opens in a browser to judge the portal by."""


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """A host with its addresses, as reached on port 443."""

    host: Host
    handshakes: tuple[Handshake, ...]
    failed: tuple[tuple[str, Failure], ...]
    """(address, why); IPv6 addresses this machine has no way to are left out when another address was reached."""

    @property
    def name(self) -> str:
        """The host's name."""
        return self.host.name

    @property
    def listens(self) -> bool:
        """Whether somebody took a connection on port 443, whatever came of it."""
        return bool(self.handshakes) or any(f.phase is not Phase.CONNECT for _, f in self.failed)

    @property
    def unseen(self) -> bool:
        """Whether nothing can be said of it: it was out of this machine's reach, not silent."""
        return not self.handshakes and all(isinstance(f, Unreachable | OutOfTime) for _, f in self.failed)


async def entry_points(look: Look) -> tuple[EntryPoint, ...]:
    """Every host with an address that people may open: those named, and those found that listen on port 443."""
    hosts = [host for host in await look.hosts() if host.addresses]
    points = await asyncio.gather(*(_reach(host, look) for host in hosts))
    return tuple(point for point in points if point.host.named or point.listens)


def not_reached(points: Iterable[EntryPoint], portal: Portal) -> Iterable[NotChecked]:
    """A row for each host where no handshake came about; one in all when there is no host."""
    empty = True
    for point in points:
        empty = False
        if not point.handshakes:
            address, failure = point.failed[0]
            yield NotChecked(point.name, f"no handshake at {address}: {failure}", "see tls.reachable")
    if empty:
        yield NotChecked(portal.domain, "no host has an address where somebody answers on port 443")


def gravity(point: EntryPoint, portal: Portal) -> Severity:
    """A blocker where people look; a high risk on hosts of mail and the like that were only found."""
    found = not point.host.named and point.name.removesuffix(f".{portal.domain}") in NOT_BROWSED
    return Severity.HIGH if found else Severity.BLOCKER


def places(handshakes: Iterable[Handshake]) -> str:
    """Hosts and addresses for evidence: `app.example.com (192.0.2.1, 2001:db8::1); www.example.com (192.0.2.1)`."""
    addresses: dict[str, list[str]] = {}
    for handshake in handshakes:
        addresses.setdefault(handshake.host, []).append(handshake.address)
    shown = [f"{host} ({', '.join(at)})" for host, at in list(addresses.items())[:MOST_SHOWN]]
    more = [f"and {len(addresses) - MOST_SHOWN} more"] if len(addresses) > MOST_SHOWN else []
    return "; ".join((*shown, *more))


MOST_SHOWN = 6


def fingerprint(certificate: x509.Certificate) -> bytes:
    """What tells one certificate from another."""
    return certificate.fingerprint(hashes.SHA256())


async def _reach(host: Host, look: Look) -> EntryPoint:
    addresses = host.addresses[:MOST_ADDRESSES]
    results = await asyncio.gather(*(look.tls.handshake(host.name, address) for address in addresses))
    good = tuple(result for result in results if isinstance(result, Handshake))
    bad = [(a, result) for a, result in zip(addresses, results, strict=True) if isinstance(result, Failure)]
    if good:
        bad = [(a, failure) for a, failure in bad if not (":" in a and isinstance(failure, Unreachable))]
    return EntryPoint(host, good, tuple(bad))
