"""One canonical URL: every way in ends there, with path and query kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

from launchready.edge.routes import (
    PROBE,
    Way,
    canonical_host,
    crosses,
    front,
    host_of,
    origin,
    route_of,
    rule,
    target,
    ways_in,
)
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure, NoAddress
from launchready.probes.http import Chain, Page
from launchready.probes.look import Look

_AGAIN = "run it again when the host answers"


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

    Root and www are followed by http and https, as a visitor who is not signed in. Where `canonical` is set in
    launchready.toml, they must end on that host. `https://host` and `https://host/` are one URL (RFC 9110 section
    4.2.3), so the slash is judged on the portal's other `pages`: the same page with and without it is nice to fix. A
    way in that ends at a missing page is high; when none of them opens, a blocker. A bot check of the edge is no
    failure. A port that is closed is told by `tls.reachable`, an error of the server by `dns.subdomains`.
    """
    ways = [way for way in await ways_in(look) if way.host in front(portal) and not way.chain.loop]
    ends = {way.url: way.last for way in ways if isinstance(way.chain.end, Page) and _opens(way.chain.end)}
    grave = None if ends else Severity.BLOCKER
    problems = list(_failing(ways, grave))
    for row in problems:
        yield row
    paths = "; ".join(f"{url} → {end}" for url, end in ends.items())
    hosts = dict.fromkeys(map(host_of, ends.values()))
    best = canonical_host(portal, tuple(ways))
    wrong = next((url for url, end in ends.items() if portal.canonical and host_of(end) != best), None)
    if wrong:
        problem = f"{wrong} ends at {origin(ends[wrong])}, not at {portal.canonical}."
        yield Finding(portal.domain, problem, paths, paste=rule(host_of(ends[wrong]), best), key="other")
    elif len(hosts) > 1:
        other = next(host for host in hosts if host != best)
        problem = f"The portal answers at {len(hosts)} addresses: {', '.join(hosts)}."
        yield Finding(portal.domain, problem, paths, paste=rule(other, best), key="several")
    elif ends and not problems:
        yield Passed(portal.domain, f"every way in ends at {origin(next(iter(ends.values())))}")
    elif not ways:
        yield Passed(portal.domain, "root and www have no address, or go in circles: other checks say so")
    for row in await _twice_by_slash(portal, look, next(iter(hosts), "")):
        yield row


@check(
    "http.path_kept", Stage.EDGE, roadmap="B2 B6", severity=Severity.HIGH, effort=15, reference="RFC 9110 section 15.4"
)
async def path_kept(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A redirect between addresses drops the path or the query.

    Why: Links in invitations, invoices and reset mails lead to the front page instead of what they were about.

    Fix: Redirect with the requested path and query: `$request_uri` in nginx, `{uri}` in Caddy.

    One address that no portal has is asked for on root and www, in clear and over HTTPS. Judged are redirects among
    plain HTTP, HTTPS, root, www and the canonical host: what leads to a sign-in elsewhere carries the path in its own
    way. A prefix such as a language, or a slash more, keeps it too.
    """
    starts = [f"{scheme}://{host}{PROBE}" for host in front(portal) for scheme in ("http", "https")]
    ways, chains = await asyncio.gather(ways_in(look), asyncio.gather(*map(look.http.follow, starts)))
    front_pages = {way.url: way for way in ways}
    ours = {*front(portal), canonical_host(portal, ways)}
    lost: dict[str, Row] = {}
    for start, chain in zip(starts, chains, strict=True):
        forgetful = next((p for p in chain.hops if crosses(p) and _to(p) in ours and not _kept(p)), None)
        beginning = origin(start)
        way = front_pages.get(f"{beginning}/")
        if way and way.chain.loop:
            yield Passed(beginning, "goes in circles: see http.loop")
        elif forgetful:
            place = origin(forgetful.url)
            problem = f"{place} forgets the path or query when it redirects."
            evidence = f"{forgetful.url} → {forgetful.location}"
            lost.setdefault(
                place, Finding(place, problem, evidence, paste=rule(host_of(forgetful.url), _to(forgetful)))
            )
        elif way and (stays := _stays_behind(way.chain, chain)):
            place = origin(stays.url)
            problem = f"{place} redirects its front page only; a link below it ends in an error ({stays.status})."
            better = rule(host_of(stays.url), host_of(way.last))
            lost.setdefault(place, Finding(place, problem, route_of(chain), paste=better, key="front-only"))
        elif isinstance(chain.end, Failure) and not chain.hops and not isinstance(chain.end, NoAddress):
            if way and way.closed:
                yield Passed(beginning, "nobody listens there, so it does not redirect")
            else:
                yield NotChecked(beginning, str(chain.end), _AGAIN)
        else:
            yield Passed(beginning, "path and query are kept" if any(map(crosses, chain.hops)) else "does not redirect")
    for row in lost.values():
        yield row


def _failing(ways: list[Way], grave: Severity | None) -> Iterator[Row]:
    """The ways over root and www that end at no page. What another check tells is left to it."""
    told: set[str] = set()
    for way in ways:
        end = way.chain.end
        if isinstance(end, Failure):
            if not (way.closed and way.plain):
                yield NotChecked(way.url, f"{way.last}: {end}", "see tls.reachable; run it again when the host answers")
        elif not _opens(end) and end.url.startswith("http://"):
            yield NotChecked(way.url, f"ends in clear at an error ({end.status})", "see http.plain")
        elif not _opens(end) and end.status >= 500:
            yield NotChecked(way.url, f"ends at an error of the server ({end.status})", "see dns.subdomains")
        elif not _opens(end) and end.url not in told:
            told.add(end.url)  # two ways that end at the same error are one mistake
            problem = f"{way.url} ends at a page that does not exist ({end.status})."
            yield Finding(way.url, problem, route_of(way.chain), severity=grave, key="error")


def _opens(page: Page) -> bool:
    """Whether a visitor sees something: a page, a sign-in, a bot check of the edge, but no error."""
    challenged = page.header("cf-mitigated") == "challenge"
    return challenged or (page.status < 500 and page.status not in (404, 410))


async def _twice_by_slash(portal: Portal, look: Look, host: str) -> list[Row]:
    """Pages of the canonical host that answer alike with and without a slash at their end."""
    paths = [page for page in portal.pages if page.strip("/") and "?" not in page]
    if not host or not paths:
        return []
    urls = [f"https://{host}/{path.strip('/')}" for path in paths]
    pages = await asyncio.gather(*map(look.http.get, urls), *(look.http.get(f"{url}/") for url in urls))
    return [
        Finding(
            url,
            f"{urlsplit(url).path} is the same page with and without a slash at its end.",
            f"{url}/",
            'Redirect one to the other, or name one of them in <link rel="canonical">.',
            severity=Severity.NICE,
            key="slash",
        )
        for url, without, slashed in zip(urls, pages, pages[len(urls) :], strict=False)
        if _shown(without) and _shown(without) == _shown(slashed)
    ]


def _shown(page: Page | Failure) -> bytes:
    """What a page shows, unless it says itself which URL is its canonical one."""
    works = isinstance(page, Page) and page.status == 200 and b'rel="canonical"' not in page.body
    return page.body if works and isinstance(page, Page) else b""


def _to(page: Page) -> str:
    return host_of(page.location or "")


def _kept(page: Page) -> bool:
    """Whether path and query are still in the redirect, behind a prefix or before a slash perhaps."""
    here, there = (t.partition("?") for t in (target(page.url), target(page.location or "")))
    return there[0].rstrip("/").endswith(here[0].rstrip("/")) and here[2] in there[2]


def _stays_behind(front_page: Chain, deeper: Chain) -> Page | None:
    """The error below an address whose front page leads elsewhere, when the link stays behind."""
    last = deeper.hops[-1] if deeper.hops else None
    if last is None or last.redirects or last.status not in (404, 410):
        return None
    leaves = any(origin(p.url) == origin(last.url) and crosses(p) for p in front_page.hops)
    return last if leaves else None
