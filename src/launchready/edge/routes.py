"""Where each way in leads: every host by plain HTTP and HTTPS, followed to its end once and shared by the checks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

from launchready.portal import Portal
from launchready.probes.failures import Failure, NoAddress, Refused
from launchready.probes.http import Chain, Page
from launchready.probes.look import Look

PROBE = "/launch-ready-probe?kept=yes"
"""A path with a query that no portal has, to see whether redirects keep both."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way in, and where it led."""

    host: str
    url: str
    chain: Chain
    named: bool

    @property
    def exists(self) -> bool:
        """Whether it counts: a host that was only found and listens nowhere is no way in."""
        return not isinstance(self.chain.end, NoAddress) and (self.named or not self.refused)

    @property
    def refused(self) -> bool:
        """Whether nobody listens at its beginning."""
        return not self.chain.hops and isinstance(self.chain.end, Refused)

    @property
    def last(self) -> str:
        """The URL it ended at, or was at when it failed."""
        return self.chain.hops[-1].url if self.chain.hops else self.url


async def ways_in(look: Look) -> tuple[Way, ...]:
    """Every host's `http://host/` and `https://host/`, root first."""
    hosts = await look.hosts()
    urls = [(h, f"{scheme}://{h.name}/") for h in hosts for scheme in ("http", "https")]
    chains = await asyncio.gather(*(look.http.follow(url) for _, url in urls))
    ways = (Way(host.name, url, chain, host.named) for (host, url), chain in zip(urls, chains, strict=True))
    return tuple(way for way in ways if way.exists)


def front(portal: Portal) -> tuple[str, str]:
    """The two names people type: root and www."""
    return portal.domain, f"www.{portal.domain}"


def crosses(page: Page) -> bool:
    """Whether a redirect leads to another scheme or host, rather than to another page of the same."""
    if (target := page.location) is None:
        return False
    here, there = urlsplit(page.url), urlsplit(target)
    return (here.scheme, here.netloc) != (there.scheme, there.netloc)


def route_of(chain: Chain) -> str:
    """The chain in words, for evidence: `301 https://… → 200 https://…`."""
    steps = [f"{page.status} {page.url}" for page in chain.hops[:6]]
    if isinstance(chain.end, Failure):
        steps.append(str(chain.end))
    return " → ".join(steps)
