"""Which hosts there are to look at: root, www, those named, and those found by common names and certificates."""

from __future__ import annotations

from dataclasses import dataclass

from launchready.portal import Portal
from launchready.probes.dns import Dns
from launchready.probes.tls import Tls

COMMON = ("app", "api", "dashboard", "portal", "admin", "staging", "mail")
"""The names portals usually have; a guess counts only when it resolves to something a wildcard does not."""


@dataclass(frozen=True, slots=True)
class Host:
    """A host of the portal."""

    name: str
    addresses: tuple[str, ...]
    """IPv4 first, then IPv6, as the first resolver gives them; empty when it does not resolve."""
    cname: tuple[str, ...] = ()
    """The names its CNAME chain passes through, if any."""
    named: bool = True
    """True for root, www and hosts the portal names; False for those found."""


async def find_hosts(portal: Portal, dns: Dns, tls: Tls) -> tuple[Host, ...]:
    """Find the hosts. Named hosts are always in the answer, even without an address."""
    raise NotImplementedError
