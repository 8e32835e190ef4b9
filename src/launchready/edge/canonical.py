"""One canonical URL: every way in ends there, with path and query kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from launchready.edge.routes import PROBE, crosses, front, route_of, ways_in
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure, NoAddress, Refused
from launchready.probes.look import Look


@check(
    "http.canonical",
    Stage.EDGE,
    roadmap="B2 B6 A8 M1",
    severity=Severity.HIGH,
    effort=20,
    reference="RFC 6596; RFC 9110 section 15.4.2",
)
async def canonical(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The portal does not end at one canonical address.

    Why: With two addresses for one portal, sign-ins do not carry over, links and bookmarks differ, and one of the two
    is usually forgotten: "it works on my address only".

    Fix: Choose one of root and www, and let the other, and plain HTTP, redirect there permanently.

    Root and www are followed by http and https, as a visitor without cookies. Where `canonical` is set in
    launchready.toml, they must end on that host.
    """
    ways = [w for w in await ways_in(look) if w.host in front(portal) and not w.chain.loop]
    ends: dict[str, str] = {}
    for way in ways:
        end = way.chain.end
        if way.refused and way.url.startswith("http://"):
            continue
        if isinstance(end, Failure):
            if way.refused:
                problem = f"{way.url} does not answer, though {way.host} has an address."
                yield Finding(way.url, problem, evidence=route_of(way.chain), key="closed")
            else:
                yield NotChecked(way.url, f"{way.last}: {end}", "run it again when the host answers")
        elif end.status >= 500 or end.status in (404, 410):
            problem = f"{way.url} ends at an error ({end.status})."
            yield Finding(way.url, problem, evidence=route_of(way.chain), key="error")
        else:
            ends[way.url] = _origin(way.last)
    origins = sorted(set(ends.values()))
    if portal.canonical and (wrong := [url for url, origin in ends.items() if origin != _origin(portal.canonical)]):
        problem = f"{wrong[0]} ends at {ends[wrong[0]]}, not at {portal.canonical}."
        yield Finding(portal.domain, problem, evidence="; ".join(f"{u} → {o}" for u, o in ends.items()), key="other")
    elif len({origin.partition("://")[2] for origin in origins}) > 1:
        problem = f"The portal answers at {len(origins)} addresses: {', '.join(origins)}."
        paste = _rule(portal.domain)
        yield Finding(
            portal.domain,
            problem,
            evidence="; ".join(f"{u} → {o}" for u, o in ends.items()),
            paste=paste,
            key="several",
        )
    elif origins:
        yield Passed(portal.domain, f"every way in ends at {origins[-1]}")


@check(
    "http.path_kept", Stage.EDGE, roadmap="B2 B6", severity=Severity.HIGH, effort=15, reference="RFC 9110 section 15.4"
)
async def path_kept(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A redirect between addresses drops the path or the query.

    Why: Links in invitations, invoices and reset mails lead to the front page instead of what they were about.

    Fix: Redirect with the requested path and query: `$request_uri` in nginx, `{uri}` in Caddy.

    One address that no portal has is asked for on root and www; only redirects that change scheme or host are judged.
    """
    starts = [f"{scheme}://{host}{PROBE}" for host in front(portal) for scheme in ("http", "https")]
    for start, chain in zip(starts, await asyncio.gather(*map(look.http.follow, starts)), strict=True):
        lost = next((p for p in chain.hops if crosses(p) and _target(p.location or "") != _target(p.url)), None)
        if lost:
            host = urlsplit(start).netloc
            problem = f"{urlsplit(start).scheme}://{host} forgets the path or query when it redirects."
            yield Finding(
                f"{urlsplit(start).scheme}://{host}", problem, f"{lost.url} → {lost.location}", paste=_rule(host)
            )
        elif chain.hops:
            yield Passed(start, "path and query are kept")
        elif isinstance(chain.end, Failure):
            yield (
                Passed(start, f"does not redirect: {chain.end}")
                if _closed(chain.end)
                else NotChecked(start, str(chain.end), "run it again when the host answers")
            )


def _closed(failure: Failure) -> bool:
    """Nobody is there: other checks say so; there is no redirect to judge."""
    return isinstance(failure, NoAddress | Refused)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _target(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path or '/'}?{parts.query}"


def _rule(host: str) -> str:
    return f"server {{\n    server_name {host};\n    return 301 https://CANONICAL-HOST$request_uri;\n}}"
