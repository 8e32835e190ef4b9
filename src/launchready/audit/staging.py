"""Search engines: staging hosts that let themselves be found, and live ones that hide.

Judged as the engines do: `noindex` on the page itself counts, `robots.txt` only keeps crawlers from reading.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.http import Page
from launchready.probes.look import Look
from launchready.probes.pages import Visit, first_pages, has_password_field, is_html, markup

STAGING_LABEL = re.compile(r"(?:staging|stage|stg|uat|preprod|qa|test)(?:[-.\d]|\Z)|[\w.-]+-(?:staging|stage|uat|qa)\.")
"""First labels nobody gives to a live host. `dev.` (often documentation), `demo.` and `preview.` are not among them."""


@check(
    "exposure.staging",
    Stage.AUDIT,
    roadmap="A3 A8",
    severity=Severity.HIGH,
    effort=10,
    reference="https://developers.google.com/search/docs/crawling-indexing/block-indexing",
)
async def staging(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A staging host can be found in search engines.

    Why: a buyer who searches for you finds the half-finished copy, with test data and older mistakes, beside or before
    the real one; and so does everyone else.

    Fix: let the staging host ask for a password (best: nothing is to be seen at all), or send the header below with
    every answer. Do not block it in `robots.txt` as well: a crawler that may not read the page does not see the header.

    Staging hosts are `staging.<domain>`, those of `staging` in `launchready.toml`, and found hosts of such a name. An
    answer of 401 or 403, a redirect to another host or an error shows nothing and passes. `noindex` or `none`
    must be said to all crawlers, in `X-Robots-Tag` or `<meta name="robots">`. `robots.txt` alone is not enough:
    Google lists addresses it may not read when somebody links to them, without their text. A high risk when the page
    is open; nice to fix when it is only a sign-in form, or `robots.txt` keeps its text out.
    """
    visits = [visit for visit in await first_pages(look) if is_staging(visit.host.name, portal)]
    unknown = [host for host in await look.hosts() if host.unknown]
    for unseen in () if visits else unknown:
        yield NotChecked(unseen.name, unseen.unknown, "run it again when its name servers answer")
    if not visits and not unknown:
        yield Passed(portal.domain, "no staging host found")
    robots = await asyncio.gather(*(_robots(look, visit) for visit in visits))
    reported: set[str] = set()
    for visit, rules in zip(visits, robots, strict=True):
        host, page = visit.host.name, visit.end
        if isinstance(page, Failure):
            yield NotChecked(host, f"{visit.url} gave no answer: {page}")
        elif page is None:
            yield Passed(host, f"leads to {visit.leads_to[:120]}")
        elif page.status != 200:
            yield Passed(host, f"answers {page.status}: nothing to be found")
        elif said := says_noindex(page):
            yield Passed(host, said)
        elif host not in reported:
            reported.add(host)
            blocked = forbids_all(rules) if isinstance(rules, Page) else False
            asks = has_password_field(page)
            yield Finding(
                host,
                f"{host} can be found in search engines: "
                + ("robots.txt keeps its text out, not its address." if blocked else "nothing tells them to leave it."),
                evidence=f"{page.url} answers 200 without noindex; robots.txt "
                + ("disallows /" if blocked else "does not disallow /"),
                paste="X-Robots-Tag: noindex, nofollow",
                severity=Severity.NICE if blocked or asks else None,
            )


@check(
    "http.indexing",
    Stage.AUDIT,
    roadmap="A8 B6",
    severity=Severity.NICE,
    effort=10,
    reference="https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag",
)
async def indexing(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The live site tells search engines to leave it out.

    Why: who searches for your name before a call does not find you. It is usually a setting of the staging site that
    came along with the launch.

    Fix: take `noindex` away from header and page of the live site, and `Disallow: /` from its `robots.txt`.

    Looked at are the pages root and www show. A page with a sign-in form may well hide, and so may every other host:
    both pass. Nice to fix: the portal works, and some owners want it so (accept the finding then).
    """
    fronts = (portal.domain, f"www.{portal.domain}")
    visits = [visit for visit in await first_pages(look) if visit.host.name in fronts]
    robots = await asyncio.gather(*(_robots(look, visit) for visit in visits))
    reported: set[str] = set()
    for visit, rules in zip(visits, robots, strict=True):
        host, page = visit.host.name, visit.end
        if isinstance(page, Failure):
            yield NotChecked(host, f"{visit.url} gave no answer: {page}")
            continue
        if page is None or page.status != 200 or not is_html(page) or has_password_field(page):
            yield Passed(host, "shows no page that should be found")
            continue
        said = [text for text in (says_noindex(page), _says_disallow(rules)) if text]
        if not said:
            yield Passed(host, "may be found")
        elif host not in reported:
            reported.add(host)
            yield Finding(host, f"{host} tells search engines to leave it out.", evidence=f"{page.url}: {said[0]}")


def is_staging(host: str, portal: Portal) -> bool:
    """Whether a host is one that must stay out of search engines."""
    if host in portal.staging_hosts:
        return True
    below = host.removesuffix(f".{portal.domain}")
    return below != host and STAGING_LABEL.match(f"{below}.") is not None


def says_noindex(page: Page) -> str:
    """Where a page tells every crawler to leave it out, in its own words; empty when it does not."""
    for value in page.all_headers("x-robots-tag")[:20]:
        if _hides(value):
            return f"X-Robots-Tag: {value[:80]}"
    for element in markup(page):
        if element.tag == "meta" and element.get("name").lower() == "robots" and _hides(element.get("content")):
            return f'<meta name="robots" content="{element.get("content")[:80]}">'
    return ""


def _hides(rules: str) -> bool:
    # `googlebot: noindex` speaks to one crawler: the colon keeps it from being one of these words.
    return bool({"noindex", "none"} & {rule.strip().lower() for rule in rules.split(",")})


def forbids_all(robots: Page) -> bool:
    """Whether a robots.txt keeps every crawler from everything (RFC 9309): `Disallow: /` for `*`, nothing allowed."""
    if robots.status != 200 or is_html(robots):
        return False
    agents: list[str] = []
    in_rules = disallowed = allowed = False
    for line in robots.text[: 500 * 1024].splitlines()[:5000]:
        key, _, value = line.partition("#")[0].partition(":")
        field, value = key.strip().lower(), value.strip()
        if field == "user-agent":
            agents = [value] if in_rules else [*agents, value]
            in_rules = False
        elif field in ("allow", "disallow"):
            in_rules = True
            if "*" in agents and value:
                disallowed = disallowed or (field == "disallow" and value in ("/", "/*"))
                allowed = allowed or field == "allow"
    return disallowed and not allowed


def _says_disallow(robots: Page | Failure | None) -> str:
    return "robots.txt: Disallow: /" if isinstance(robots, Page) and forbids_all(robots) else ""


async def _robots(look: Look, visit: Visit) -> Page | Failure | None:
    if not isinstance(visit.end, Page) or visit.end.status != 200:
        return None
    return await look.http.get(f"https://{visit.host.name}/robots.txt")
