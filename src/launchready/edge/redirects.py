"""Redirects: plain HTTP leads to HTTPS, nothing goes in circles, the way is short and permanent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

from launchready.edge.routes import PROBE, Way, crosses, front, host_of, origin, route_of, rule, target, ways_in
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.http import Chain, Page
from launchready.probes.look import Look

MOST_HOPS = 2
"""http to https, and root to www: what cannot be done in one answer."""
TEMPORARY = (302, 303, 307)
_AGAIN = "run it again when the host answers"


@check(
    "http.plain",
    Stage.EDGE,
    roadmap="B2 B5 M1",
    severity=Severity.BLOCKER,
    effort=15,
    reference="RFC 9110 section 4.2.2; RFC 6797 section 7.2",
)
async def plain(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A host serves content over plain HTTP, or does not lead from there to HTTPS.

    Why: What is sent in clear can be read and changed on every network between, passwords and invoices included;
    browsers mark such a page as not secure in front of the buyer.

    Fix: Let port 80 answer every request with a permanent redirect to the same address over HTTPS, and nothing else.

    The front page of every host is asked for in clear, and on root and www a deeper address too: a rule that matches
    `/` alone is a common mistake. Content in clear is a blocker. An error instead of a redirect is high on root and
    www, because people type those, and right elsewhere. A closed port 80 is right for a subdomain; on root and www it
    is nice to fix, since an old link or a typed `http://` then ends in an error, though nothing is given away.
    """
    probes = (look.http.get(f"http://{host}{PROBE}") for host in front(portal))
    every, deeper = await asyncio.gather(ways_in(look), asyncio.gather(*probes))
    ways = [way for way in every if way.plain]
    in_clear = {host_of(p.url) for p in deeper if isinstance(p, Page) and p.status < 300}
    for way in ways:
        typed, end = way.host in front(portal), way.chain.end
        paste = rule(way.host, way.host)
        if way.closed:
            if typed:
                problem = f"{way.host} does not answer plain HTTP, so an old link or a typed http:// ends in an error."
                yield Finding(way.host, problem, str(end), paste=paste, severity=Severity.NICE, key="closed")
            else:
                yield Passed(way.host, "port 80 is closed")
        elif _leads_to_https(way.chain):
            if way.host in in_clear:
                problem = f"{way.host} leads from its front page to HTTPS, but serves other pages in clear."
                yield Finding(way.host, problem, f"200 http://{way.host}{PROBE}", paste=paste, key="deeper")
            else:
                yield Passed(way.host, "leads to HTTPS")
        elif way.chain.loop:
            yield Passed(way.host, "goes in circles in clear: see http.loop")
        elif isinstance(end, Failure):
            yield NotChecked(way.host, f"{way.last}: {end}", _AGAIN)
        elif end.status < 400 or end.status == 401:
            problem = f"{way.host} serves its content over plain HTTP."
            yield Finding(way.host, problem, route_of(way.chain), paste=paste, key="clear")
        elif typed:
            problem = f"{way.host} answers plain HTTP with an error ({end.status}) instead of leading to HTTPS."
            yield Finding(way.host, problem, route_of(way.chain), paste=paste, severity=Severity.HIGH, key="error")
        else:
            yield Passed(way.host, f"plain HTTP is answered with an error ({end.status}), nothing is served")


@check(
    "http.loop", Stage.EDGE, roadmap="B2 B8 M1", severity=Severity.BLOCKER, effort=20, reference="RFC 9110 section 15.4"
)
async def loop(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A redirect leads in circles, so the page never opens.

    Why: The browser gives up with "too many redirects"; to a buyer the portal is down.

    Fix: Decide in one place (the edge or the application, not both) which address is the right one, and redirect to it
    only from the others. Behind an edge that ends TLS, let the application read X-Forwarded-Proto, or set the edge to
    speak HTTPS to it (in Cloudflare: SSL mode Full (strict), not Flexible).

    Every host is followed by http and https, and the portal's `pages` by https. Circles that set cookies are followed
    again with those cookies, as a browser would: some sites lead everybody round once to see whether cookies come
    back. Redirects that only go in circles for a signed-in visitor are not seen.
    """
    ways = await ways_in(look)
    deeper = [(w, f"https://{w.host}/{page.lstrip('/')}") for w in ways if not w.plain for page in portal.pages]
    chains = await asyncio.gather(*(look.http.follow(url) for _, url in deeper))
    below = [Way(way.host, url, chain, way.named) for (way, url), chain in zip(deeper, chains, strict=True)]
    circles: dict[frozenset[str], Way] = {}
    for way in {way.url: way for way in (*ways, *below)}.values():
        if way.chain.loop:
            # One circle is one mistake, however many ways lead into it.
            circles.setdefault(_circle(way.chain), way)
        elif isinstance(way.chain.end, Page):
            yield Passed(way.url, f"ends at {way.last}")
        elif way.closed:
            yield Passed(way.url, "nobody listens there")
        else:
            yield NotChecked(way.url, f"{way.last}: {way.chain.end}", _AGAIN)
    for urls, way in circles.items():
        first = min(urls)
        problem = f"{way.url} redirects in circles and never opens."
        yield Finding(host_of(first), problem, route_of(way.chain), key=target(first) if target(first) != "/" else "")


@check(
    "http.hops",
    Stage.EDGE,
    roadmap="B2 B6",
    severity=Severity.NICE,
    effort=20,
    reference="https://hstspreload.org; RFC 9110 section 15.4",
)
async def hops(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """It takes more than two redirects to reach the page.

    Why: Each redirect costs a round trip before anything is drawn, most of all on a phone: the first click feels slow.

    Fix: Redirect straight to the final address: plain HTTP to HTTPS on the same host, and from there to the canonical
    host in one step.

    Two are allowed, because the HSTS preload list asks that plain HTTP first leads to HTTPS on the same host. Only
    redirects between hosts or schemes count: those within a host, to a login page or a language, are the application's
    own. It slows the first visit and breaks nothing, hence nice to fix.
    """
    longest: dict[str, tuple[Way, int]] = {}
    for way in await ways_in(look):
        count = sum(map(crosses, way.chain.hops))
        if way.unknown:
            yield NotChecked(way.url, way.unknown, "run it again when its name servers answer")
        elif way.chain.loop or (isinstance(way.chain.end, Failure) and count <= MOST_HOPS):
            yield Passed(way.url, f"does not end at a page: {way.chain.end if not way.chain.loop else 'see http.loop'}")
        elif count > longest.get(way.host, (way, -1))[1]:
            longest[way.host] = way, count
    for host, (way, count) in longest.items():
        if count > MOST_HOPS:
            problem = f"{way.url} takes {count} redirects between addresses before a page opens."
            yield Finding(host, problem, route_of(way.chain), paste=rule(host, host_of(way.last)))
        else:
            yield Passed(host, f"{count} redirects at most")


@check(
    "http.permanent",
    Stage.EDGE,
    roadmap="B2 B6",
    severity=Severity.NICE,
    effort=10,
    reference="RFC 9110 sections 15.4.2, 15.4.9",
)
async def permanent(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A redirect to the canonical address is declared temporary.

    Why: Browsers and search engines keep coming back to the old address, and pay the detour on every visit.

    Fix: Answer with 301 or 308 where the move is for good.

    Judged are the move from plain HTTP to HTTPS on every host, and the one between root and www, where the path stays
    the same. Redirects to a login page, a language or a session are rightly temporary.
    """
    moved: dict[str, Page] = {}
    unknown = {way.host: way.unknown for way in await ways_in(look) if way.unknown}
    for host, reason in unknown.items():
        yield NotChecked(host, reason, "run it again when its name servers answer")
    for way in await ways_in(look):
        moved |= {p.url: p for p in way.chain.hops if _moves_for_good(p, front(portal))}
    for url, page in moved.items():
        if page.status in TEMPORARY:
            problem = f"{url} leads to {page.location} by a temporary redirect ({page.status})."
            paste = rule(host_of(url), host_of(page.location or ""))
            yield Finding(url, problem, f"{page.status} {url} → {page.location}", paste=paste)
        else:
            yield Passed(url, f"{page.status} to {page.location}")
    if not moved and not unknown:
        yield Passed(portal.domain, "no redirect between schemes, or between root and www")


def _leads_to_https(chain: Chain) -> bool:
    """Whether the way leaves plain HTTP, whatever is there then."""
    return any(page.url.startswith("https://") or _to_https(page) for page in chain.hops)


def _to_https(page: Page) -> bool:
    return page.redirects and (page.location or "").startswith("https://")


def _circle(chain: Chain) -> frozenset[str]:
    """The URLs that lead to one another; of a circle that grows with every turn, the origins."""
    urls = [page.url for page in chain.hops]
    if (again := chain.hops[-1].location) in urls:
        return frozenset(urls[urls.index(again) :])
    return frozenset(origin(url) for url in urls[-2:])


def _moves_for_good(page: Page, typed: Iterable[str]) -> bool:
    if not crosses(page) or target(page.location or "") != target(page.url):
        return False
    here, there = host_of(page.url), host_of(page.location or "")
    return here == there or {here, there} == set(typed)
