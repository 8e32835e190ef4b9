"""Whether the redirect to the one address would meet one of the portal's own that leads back, and neither be seen.

Looked at before the rule is made, for afterwards nobody can open the portal to say so.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from launchready.edge.control.held import Present
from launchready.edge.control.plans import REDIRECT
from launchready.edge.control.wants import MARK, Wanted
from launchready.probes.failures import Failure

if TYPE_CHECKING:
    from launchready.probes.http import Page
    from launchready.probes.look import Look

REF = f"{MARK}-canonical"


async def without_circles(look: Look, present: Present, wanted: Wanted) -> Wanted:
    """What is wanted; without the redirect, and with a word on it, where the portal leads the other way by itself."""
    if present.rule(REDIRECT, REF) or not any(rule.ref == REF for rule in wanted.rules):
        return wanted
    domain = look.portal.domain
    best = urlsplit(look.portal.canonical or "").hostname or domain
    others = {domain, f"www.{domain}"} - {best}
    back = await _leads_back(look, best, others, wanted)
    if not back:
        return wanted
    other = urlsplit(back).hostname
    note = (
        f"the redirect to {best} is left out: the portal itself leads {best} on to {other}, so the two would go in "
        f'circles and nobody could open it. Take that redirect out of the portal, or set canonical = "https://{other}/"'
    )
    kept = tuple(rule for rule in wanted.rules if rule.ref != REF)
    return replace(wanted, rules=kept, notes=(*wanted.notes, note))


async def _leads_back(look: Look, best: str, others: set[str], wanted: Wanted) -> str:
    """Where a redirect of the best host leads, when to one of the others; as it is now, and at its future servers."""
    url = f"https://{best}/"
    values = [value for one in wanted.records if one.name == best and one.proxied for value in one.values]
    addresses = [value for value in values if _is_address(value)]
    chain, pages = await asyncio.gather(
        look.http.follow(url), asyncio.gather(*(look.http.get(url, address=address) for address in addresses))
    )
    for page in (*chain.hops, *pages):
        if isinstance(page, Failure):
            continue
        if (target := _target(page)) and urlsplit(page.url).hostname == best and urlsplit(target).hostname in others:
            return target
    return ""


def _target(page: Page) -> str:
    return urljoin(page.url, page.location) if page.location and 300 <= page.status < 400 else ""


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
