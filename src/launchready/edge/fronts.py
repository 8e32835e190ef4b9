"""The hosts people open, and what stands in front of each of their addresses. Shared by the checks of the edge.

Asks little more than the first pages of a run: one GET at an address that no published list knows, where the others
of its host are an edge's.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from launchready.portal import Portal
from launchready.probes.edge_networks import Edge, Front, front
from launchready.probes.failures import Failure
from launchready.probes.look import Look
from launchready.probes.page import Page
from launchready.probes.pages import Visit, first_pages, has_password_field, is_html
from launchready.probes.surface import Host

NOT_FOR_BROWSERS = (
    "mail", "smtp", "imap", "pop", "pop3", "mx", "mx1", "mx2", "webmail", "autodiscover", "autoconfig", "mta-sts",
    "ns1", "ns2", "ftp", "sftp", "api", "graphql", "ws",
)  # fmt: skip
"""Labels of hosts that programs use, or that no web edge can stand in front of."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A host, what it answered, and what stands in front of it."""

    host: Host
    visits: tuple[Visit, ...]
    fronts: dict[str, Front | None] = field(default_factory=dict)
    """By address: the edge there; None where an answer came from it and no known edge gave it. What could not be
    told is not in it."""

    @property
    def name(self) -> str:
        """The host's name."""
        return self.host.name

    @property
    def edge(self) -> Edge | None:
        """The edge in front of it, or of one of its addresses."""
        return self.front.edge if self.front else None

    @property
    def front(self) -> Front | None:
        """The edge in front of its first address that has one."""
        return next((front for front in self.fronts.values() if front), None)

    @property
    def bare(self) -> tuple[str, ...]:
        """Addresses that answer without a known edge."""
        return tuple(address for address, front in self.fronts.items() if front is None)

    @property
    def pages(self) -> tuple[Page, ...]:
        """Pages it shows, of those that work."""
        ends = (visit.end for visit in self.visits)
        return tuple(end for end in ends if isinstance(end, Page) and end.status == 200 and is_html(end))

    @property
    def failure(self) -> Failure | None:
        """Why it gave no answer, where it gave none at all."""
        failures = [visit.end for visit in self.visits if isinstance(visit.end, Failure)]
        return failures[0] if failures and not self.hops else None

    @property
    def hops(self) -> tuple[Page, ...]:
        """Every answer of it."""
        return tuple(dict.fromkeys(page for visit in self.visits for page in visit.hops))

    @property
    def signs_in(self) -> bool:
        """Whether people type a password on a page of it."""
        return any(map(has_password_field, self.pages))

    @property
    def for_people(self) -> bool:
        """Whether browsers open it: it shows pages, keeps people out of them, or leads to some elsewhere."""
        if self.name.partition(".")[0] in NOT_FOR_BROWSERS and not self.signs_in:
            return False
        ends = [visit.end for visit in self.visits if isinstance(visit.end, Page)]
        closed = any(is_html(end) and (end.status in (401, 403) or end.status >= 500) for end in ends)
        return bool(self.pages) or closed or any(visit.leads_to for visit in self.visits)


async def entries(look: Look) -> tuple[Entry, ...]:
    """Every host that answers on port 443 or was named, in the order of the run's hosts; asked once in a run."""

    async def ask() -> tuple[Entry, ...]:
        by_host: dict[str, list[Visit]] = {}
        for visit in await first_pages(look):
            by_host.setdefault(visit.host.name, []).append(visit)
        return tuple(await asyncio.gather(*(_entry(look, tuple(visits)) for visits in by_host.values())))

    return await look.network.once("edge entries", ask)


async def public_entries(look: Look) -> tuple[Entry, ...]:
    """Those of them that an edge is for: root, www, hosts the portal names, and hosts found where people sign in.

    Left out are staging, hosts for programs, hosts that give no answer, and services of others under a name of ours.
    """
    portal = look.portal
    return tuple(one for one in await entries(look) if one.for_people and _is_ours(one, portal))


def is_staging(one: Entry, portal: Portal) -> bool:
    """Whether a host is for trying things out."""
    return one.name in portal.staging_hosts


def _is_ours(one: Entry, portal: Portal) -> bool:
    if is_staging(one, portal):
        return False
    lent = any(alias != portal.domain and not alias.endswith(f".{portal.domain}") for alias in one.host.cname)
    return one.host.named or (one.signs_in and not lent)


async def _entry(look: Look, visits: tuple[Visit, ...]) -> Entry:
    host = visits[0].host
    answers: dict[str, Page] = {page.address: page for visit in visits for page in visit.hops}
    fronts: dict[str, Front | None] = {}
    for address in host.addresses:
        page = answers.get(address)
        found = front(address, page.headers if page else (), host.cname)
        if page or found:
            fronts[address] = found
    if any(fronts.values()):
        unknown = [address for address in host.addresses if address not in fronts]
        asked = await asyncio.gather(*(look.http.get(visits[0].url, address=address) for address in unknown))
        for address, page_there in zip(unknown, asked, strict=True):
            if isinstance(page_there, Page):
                fronts[address] = front(address, page_there.headers, host.cname)
    return Entry(host, visits, fronts)


def is_below(url: str, domain: str) -> bool:
    """Whether a URL is on a host of the domain, over HTTPS."""
    try:
        parts = urlsplit(url)
        name = parts.hostname or ""
        return parts.scheme == "https" and parts.port in (None, 443) and (name == domain or name.endswith(f".{domain}"))
    except ValueError:
        return False
