"""Redirects: plain HTTP leads to HTTPS, nothing goes in circles, the way is short and permanent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from launchready.edge.routes import Way, crosses, front, route_of, ways_in
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.http import Page
from launchready.probes.look import Look

MOST_HOPS = 2
"""http to https, and root to www: what cannot be done in one answer."""
TEMPORARY = (302, 303, 307)


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

    Content in clear is a blocker. An error instead of a redirect is high on root and www, because people type those,
    and nice to fix elsewhere. A closed port 80 is right for a subdomain, and nice to fix on root and www.
    """
    for way in await ways_in(look):
        if not way.url.startswith("http://"):
            continue
        typed = way.host in front(portal)
        end = way.chain.end
        if way.refused:
            if typed:
                problem = (
                    f"{way.host} does not answer on plain HTTP, so whoever types or follows http:// sees an error."
                )
                yield Finding(way.host, problem, severity=Severity.NICE, paste=_rule(way.host), key="closed")
            else:
                yield Passed(way.host, "port 80 is closed")
        elif way.chain.loop:
            yield Passed(way.host, "goes in circles: see http.loop")
        elif (
            isinstance(end, Failure)
            and not any(p.url.startswith("https://") for p in way.chain.hops)
            and not _left(way)
        ):
            yield NotChecked(way.host, f"{way.url}: {end}", "run it again when the host answers")
        elif _left(way) or any(p.url.startswith("https://") for p in way.chain.hops):
            yield Passed(way.host, "leads to HTTPS")
        elif isinstance(end, Page) and (end.status < 400 or end.status == 401):
            problem = f"{way.host} serves its content over plain HTTP."
            yield Finding(way.host, problem, evidence=route_of(way.chain), paste=_rule(way.host), key="clear")
        elif typed:
            problem = f"{way.host} answers plain HTTP with an error instead of leading to HTTPS."
            yield Finding(way.host, problem, route_of(way.chain), "", _rule(way.host), Severity.HIGH, key="error")
        else:
            yield Passed(way.host, "plain HTTP is answered with an error, and nothing is served")


@check(
    "http.loop", Stage.EDGE, roadmap="B2 B8 M1", severity=Severity.BLOCKER, effort=20, reference="RFC 9110 section 15.4"
)
async def loop(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A redirect leads in circles, so the page never opens.

    Why: The browser gives up with "too many redirects"; to a buyer the portal is down.

    Fix: Decide in one place (the edge or the application, not both) which address is the right one, and redirect to it
    only from the others. Behind an edge that ends TLS, let the application read X-Forwarded-Proto, or set the edge to
    speak HTTPS to it.

    Redirects that only end for a signed-in visitor are not seen: no cookies are sent.
    """
    circles: dict[frozenset[str], Way] = {}
    for way in await ways_in(look):
        if way.chain.loop:
            # One circle is one mistake, however many ways lead into it.
            circles.setdefault(frozenset(page.url for page in way.chain.hops[-2:]), way)
        elif isinstance(way.chain.end, Page):
            yield Passed(way.url, f"ends at {way.last}")
        elif not way.refused:
            yield NotChecked(way.url, f"{way.last}: {way.chain.end}", "run it again when the host answers")
        else:
            yield Passed(way.url, "nobody listens there")
    for way in _distinct(circles.values()):
        yield Finding(way.host, f"{way.url} redirects in circles and never opens.", evidence=route_of(way.chain))


@check(
    "http.hops",
    Stage.EDGE,
    roadmap="B2 B6",
    severity=Severity.NICE,
    effort=20,
    reference="https://web.dev/articles/redirects",
)
async def hops(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """It takes more than two redirects to reach the page.

    Why: Each redirect costs a round trip before anything is drawn, most of all on a phone: the first click feels slow.

    Fix: Redirect straight to the final address: from http://root to the canonical host over HTTPS in one step.

    Two are allowed, because the HSTS preload list asks that http first leads to https on the same host.
    """
    for way in await ways_in(look):
        redirects = [page for page in way.chain.hops if page.location and crosses(page)]
        if way.chain.loop:
            continue
        if len(redirects) > MOST_HOPS:
            problem = f"{way.url} takes {len(redirects)} redirects between addresses before a page opens."
            yield Finding(way.url, problem, evidence=route_of(way.chain))
        else:
            yield Passed(way.url, f"{len(redirects)} redirects")


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

    Only redirects of root and www that change scheme or host and keep the path are judged; redirects to a login page or
    to a language are rightly temporary.
    """
    names = front(portal)
    for way in await ways_in(look):
        if way.host not in names:
            continue
        moved = [p for p in way.chain.hops if p.status in TEMPORARY and crosses(p) and _same_path(p)]
        if moved and not way.chain.loop:
            problem = f"{moved[0].url} leads to {moved[0].location} by a temporary redirect ({moved[0].status})."
            yield Finding(way.url, problem, evidence=route_of(way.chain))
        else:
            yield Passed(way.url)


def _left(way: Way) -> bool:
    """Whether the last answer seen in clear leads to HTTPS, whatever is there."""
    last = way.chain.hops[-1] if way.chain.hops else None
    return bool(last and (last.location or "").startswith("https://"))


def _same_path(page: Page) -> bool:
    return (page.location or "").partition("://")[2].partition("/")[2] == page.url.partition("://")[2].partition("/")[2]


def _distinct(ways: Iterable[Way]) -> list[Way]:
    """One way for each set of hosts that lead to one another."""
    kept: list[Way] = []
    seen: set[str] = set()
    for way in ways:
        urls = {page.url for page in way.chain.hops}
        if not urls & seen:
            kept.append(way)
        seen |= urls
    return kept


def _rule(host: str) -> str:
    return f"server {{\n    listen 80;\n    server_name {host};\n    return 301 https://$host$request_uri;\n}}"
