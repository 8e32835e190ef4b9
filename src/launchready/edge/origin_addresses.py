"""Where the server behind the edge may be, as far as the domain's own records and launchready.toml tell.

Names what to ask and tells whether an answer is the portal's; asks DNS and nobody else.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from launchready.edge.fronts import entries
from launchready.probes.addresses import globally_reachable
from launchready.probes.dns import Answer
from launchready.probes.edge_networks import edge_at
from launchready.probes.look import Look
from launchready.probes.page import Page
from launchready.probes.pages import is_html, markup
from launchready.probes.surface import unlikely_name

OFTEN_BARE = ("direct", "origin", "ftp", "cpanel", "dev", "old", "server", "webmail")
"""Labels of hosts whose records often lead to the server itself."""
MOST = 4
"""So many addresses are asked."""
MAIL_HOSTS = 4
WORDS = 4000
"""So many words of a page are compared."""
ALIKE = 0.6
"""The share of words two pages with one title have in common when they are the same page; a token or a date differs."""
ALIKE_UNTITLED = 0.9


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address that may be the server's."""

    address: str
    records: tuple[str, ...]
    """What leads to it, as `name type`; empty when it is only named in launchready.toml."""
    named: bool = False
    """`[edge] origin` names it."""


async def candidates(look: Look) -> tuple[Candidate, ...]:
    """At most `MOST` addresses that are no known edge's, the likeliest first; asked once in a run."""

    async def ask() -> tuple[Candidate, ...]:
        named, *groups = await asyncio.gather(_named(look), _bare(look), _guessed(look), _mail(look))
        found: dict[str, list[str]] = {address: [] for address in named}
        for address, record in (pair for group in groups for pair in group):
            if record not in found.setdefault(address, []):
                found[address].append(record)
        outside = {a: r for a, r in found.items() if globally_reachable(a) and edge_at(a) is None}
        return tuple(Candidate(a, tuple(r), a in named) for a, r in list(outside.items())[:MOST])

    return await look.network.once("edge origin addresses", ask)


async def _named(look: Look) -> tuple[str, ...]:
    edge = look.portal.edge
    found = [await _addresses(look, text) for text in edge.origin] if edge else []
    return tuple(dict.fromkeys(address for group in found for address in group))


async def _bare(look: Look) -> list[tuple[str, str]]:
    """Addresses of hosts that no edge stands in front of, and of those where it stands in front of some only."""
    known = {one.name: one for one in await entries(look)}
    found = []
    for host in await look.hosts():
        if any(not _is_below(alias, look.portal.domain) for alias in host.cname):
            continue  # a service of somebody else, under a name of ours
        one = known.get(host.name)
        past = one.bare if one and one.front else host.addresses
        found += [(address, f"{host.name} {_type(address)}") for address in past]
    return found


async def _guessed(look: Look) -> list[tuple[str, str]]:
    domain = look.portal.domain
    names = [f"{label}.{domain}" for label in OFTEN_BARE]
    wildcard, *answers = await asyncio.gather(*(look.dns.query(n, "A") for n in (unlikely_name(domain), *names)))
    made_up = set(_texts(wildcard))
    return [
        (a, f"{name} A")
        for name, answer in zip(names, answers, strict=True)
        for a in _texts(answer)
        if a not in made_up
    ]


async def _mail(look: Look) -> list[tuple[str, str]]:
    """Addresses of the domain's own mail servers, and those its SPF record lists one by one."""
    domain = look.portal.domain
    mx, txt = await asyncio.gather(look.dns.query(domain, "MX"), look.dns.query(domain, "TXT"))
    hosts = [text.split()[-1].rstrip(".").lower() for text in _texts(mx)]
    own = [host for host in hosts if _is_below(host, domain)][:MAIL_HOSTS]
    resolved = await asyncio.gather(*(_addresses(look, host) for host in own))
    found = [(a, f"{host} MX") for host, addresses in zip(own, resolved, strict=True) for a in addresses]
    values = txt.values if isinstance(txt, Answer) else ()
    spf = next((value for value in values if value.lower().startswith("v=spf1")), "")
    return found + [(address, f"{domain} SPF") for address in spf_addresses(spf)]


def spf_addresses(record: str) -> Iterator[str]:
    """Single addresses an SPF record lists (RFC 7208 section 5.6); blocks of several are not one server."""
    for match in re.finditer(r"(?<!\S)\+?ip[46]:([0-9a-f.:]+)(?:/(\d+))?", record, re.IGNORECASE):
        try:
            address = ip_address(match[1])
        except ValueError:
            continue
        if match[2] is None or int(match[2]) == address.max_prefixlen:
            yield str(address)


def same_portal(reference: Page, found: Page) -> bool:
    """Whether an answer is the page that the edge hands out for the same URL."""
    if found.status != reference.status or found.status >= 400:
        return False
    if reference.redirects:
        return _place(reference) == _place(found) != ""
    if not is_html(reference) or not is_html(found):
        return reference.body == found.body and len(found.body) > 20
    titles, words = {title(reference), title(found)}, _alike(reference, found)
    return words >= ALIKE_UNTITLED or (len(titles) == 1 and titles != {""} and words >= ALIKE)


def title(page: Page) -> str:
    """A page's title in one line, empty when it has none."""
    return next((" ".join(e.text.split())[:200] for e in markup(page) if e.tag == "title"), "")


def _alike(one: Page, other: Page) -> float:
    first, second = (set(re.findall(r"[\w/.-]{3,40}", page.text)[:WORDS]) for page in (one, other))
    return len(first & second) / len(first | second) if first and second else 0.0


def _place(page: Page) -> str:
    try:
        parts = urlsplit(page.location or "")
    except ValueError:
        return ""
    return f"{parts.netloc}{parts.path}"


async def _addresses(look: Look, name: str) -> tuple[str, ...]:
    try:
        return (str(ip_address(name)),)
    except ValueError:
        answers = await asyncio.gather(look.dns.query(name, "A"), look.dns.query(name, "AAAA"))
        return tuple(dict.fromkeys(text for answer in answers for text in _texts(answer)))


def _texts(answer: object) -> Iterable[str]:
    return [record.text for record in answer.records] if isinstance(answer, Answer) else []


def _is_below(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")


def _type(address: str) -> str:
    return "AAAA" if ":" in address else "A"
