"""Where each way in leads: every host by plain HTTP and HTTPS, followed to its end once and shared by the checks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

from launchready.portal import Portal
from launchready.probes.failures import Failure, NoAddress, Phase, Refused, Timeout, Unreachable
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
    def plain(self) -> bool:
        """Whether it begins in clear."""
        return self.url.startswith("http://")

    @property
    def closed(self) -> bool:
        """Whether nobody lets a connection in at its beginning: refused, or dropped by a firewall."""
        end = self.chain.end
        if self.chain.hops or not isinstance(end, Failure):
            return False
        return end.phase is Phase.CONNECT and isinstance(end, Refused | Timeout | Unreachable)

    @property
    def unknown(self) -> str:
        """Why it is not known where it leads: the name at its beginning could not be looked up. Empty when it could."""
        end = self.chain.end
        unseen = isinstance(end, Failure) and end.phase is Phase.LOOKUP and not isinstance(end, NoAddress)
        return str(end) if unseen and not self.chain.hops else ""

    @property
    def last(self) -> str:
        """The URL it ended at, or was at when it failed."""
        return self.chain.hops[-1].url if self.chain.hops else self.url


async def ways_in(look: Look) -> tuple[Way, ...]:
    """Every host's `http://host/` and `https://host/`, root first; hosts without an address are no way in.

    A host that was only found counts when somebody listens on either port. What both ports of a host refuse the
    same way is for the checks of its records and certificates to tell.
    """
    return await look.network.once("ways in", lambda: _follow_all(look))


async def _follow_all(look: Look) -> tuple[Way, ...]:
    hosts = await look.hosts()
    urls = [(h, f"{scheme}://{h.name}/") for h in hosts for scheme in ("http", "https")]
    chains = await asyncio.gather(*(look.http.follow(url) for _, url in urls))
    ways = [Way(host.name, url, chain, host.named) for (host, url), chain in zip(urls, chains, strict=True)]
    listening = {way.host for way in ways if not way.closed}
    return tuple(
        way for way in ways if not isinstance(way.chain.end, NoAddress) and (way.named or way.host in listening)
    )


def front(portal: Portal) -> tuple[str, str]:
    """The two names people type: root and www."""
    return portal.domain, f"www.{portal.domain}"


def canonical_host(portal: Portal, ways: tuple[Way, ...]) -> str:
    """The host people should end at: as the file says, else where most ways over root and www end, else the root."""
    if portal.canonical:
        return host_of(portal.canonical)
    ends = [host_of(w.last) for w in ways if w.host in front(portal) and isinstance(w.chain.end, Page)]
    return max(front(portal), key=ends.count)


def host_of(url: str) -> str:
    """The host of a URL, in lower case; empty when it has none."""
    try:
        return (urlsplit(url if "://" in url else f"https://{url}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def origin(url: str) -> str:
    """Scheme, host and port of a URL (RFC 6454), as `https://host`."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0].partition('?')[0].lower()}"


def crosses(page: Page) -> bool:
    """Whether a redirect leads to another scheme or host, rather than to another page of the same."""
    return bool(page.redirects and page.location and origin(page.location) != origin(page.url))


def target(url: str) -> str:
    """Path and query of a URL."""
    return "/" + url.partition("://")[2].partition("/")[2]


def route_of(chain: Chain) -> str:
    """The chain in words, for evidence: `301 https://… → 200 https://…`."""
    steps = [f"{page.status} {page.url[:200]}" for page in chain.hops[:6]]
    if len(chain.hops) > len(steps):
        steps.append("…")
    if isinstance(chain.end, Failure):
        steps.append(str(chain.end)[:200])
    return " → ".join(steps)


def rule(host: str, to: str) -> str:
    """A permanent redirect that keeps path and query, from `host` to the host `to`; plain HTTP alone when equal."""
    listen = "listen 80;\n    listen [::]:80;" if host == to else "listen 80;\n    listen 443 ssl;"
    source = f"http://{host}" if host == to else host
    return (
        f"# nginx\nserver {{\n    {listen}\n    server_name {host};\n    return 301 https://{to}$request_uri;\n}}\n\n"
        f"# Caddy\n{source} {{\n    redir https://{to}{{uri}} permanent\n}}"
    )
