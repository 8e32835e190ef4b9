"""Whether every host can be opened over HTTPS at all, and answers alike at each of its addresses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from launchready.audit.entry_points import EntryPoint, entry_points
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure, Garbage, OutOfTime, Refused, Timeout, TooLarge, Unreachable
from launchready.probes.http import Page
from launchready.probes.look import Look


@check(
    "tls.reachable",
    Stage.AUDIT,
    roadmap="A2 B3 B5 X1 M1",
    severity=Severity.BLOCKER,
    effort=30,
    reference="https://www.rfc-editor.org/rfc/rfc9110#section-4.2.2",
)
async def reachable(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A host has an address, but nobody can open it over HTTPS.

    Why: the link a buyer was given leads to an error of the browser, not to the portal.

    Fix: refused or silent: start the web server, let it listen on port 443 and open that port in the firewall. A
    failing handshake: set a site and a certificate up for this very name at the server or edge, or delete the record.

    Root, www and hosts named in `launchready.toml` must answer: a blocker. A host that was only found is judged when
    somebody listens on its port 443 and the handshake fails (no site for the name, what answers is not TLS): a high
    risk. One that listens nowhere is no web entry point. When other IPv4 addresses of the host answer, the dead one is
    a high risk, since browsers try the next; dead IPv6 addresses are told by `dns.ipv6`. Before anything is reported, a
    second look is taken with another TLS client.
    """
    points = await entry_points(look)
    if not points:
        yield NotChecked(portal.domain, "no host has an address where somebody answers on port 443")
    rows = await asyncio.gather(*(_judge(point, look) for point in points))
    for row in rows:
        yield row


async def _judge(point: EntryPoint, look: Look) -> Row:
    if point.unseen:
        return NotChecked(point.name, f"it cannot be reached from here: {point.failed[0][1]}", "run it where it can")
    dead = [(a, f) for a, f in point.failed if not (point.handshakes and ":" in a)]
    dead = [(a, f) for a, f in dead if not isinstance(f, Unreachable | OutOfTime)]
    again = await asyncio.gather(*(look.http.get(f"https://{point.name}/", address=a) for a, _ in dead))
    dead = [(a, f) for (a, f), page in zip(dead, again, strict=True) if isinstance(page, Failure)]
    if not dead:
        answering = len(point.host.addresses) - len(point.failed)
        return Passed(point.name, f"answers at {answering} addresses" if point.handshakes else "answers a second look")
    asks_for_certificate = [f for _, f in dead if "certificate required" in f.detail]
    if asks_for_certificate and not point.handshakes:
        return NotChecked(point.name, f"it lets in clients with a certificate only: {asks_for_certificate[0]}")
    some = bool(point.handshakes)
    where = f"the address {dead[0][0]} of {point.name}" if some else point.name
    return Finding(
        point.name,
        f"Nobody can open {where} over HTTPS: {_what(dead[0][1])}.",
        evidence="; ".join(f"{address} port 443: {failure}" for address, failure in dead),
        severity=Severity.BLOCKER if point.host.named and not some else Severity.HIGH,
        key="some addresses" if some else "",
    )


def _what(failure: Failure) -> str:
    for kind, words in _WORDS:
        if isinstance(failure, kind):
            return words
    return "the TLS handshake fails"


_WORDS = (
    (Refused, "nobody listens on port 443"),
    (Timeout, "it does not answer in time"),
    (Garbage, "what answers on port 443 is not TLS"),
    (TooLarge, "it sends more certificates than browsers take"),
)


@check(
    "tls.certificate.same",
    Stage.AUDIT,
    roadmap="A2 A8 B8 X1",
    severity=Severity.HIGH,
    effort=45,
    reference="https://www.rfc-editor.org/rfc/rfc8305",
)
async def same(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A host answers differently at its different addresses.

    Why: it works at your desk and fails for the buyer, or fails every second time: which address a browser takes
    differs by network, region and chance.

    Fix: find the address that is wrong (often an old server still in DNS, or an IPv6 address that leads to another
    machine), and make it serve the same site, or take it out of DNS.

    The first page is asked for at each address of each host; status and redirect must agree. Two different
    certificates are fine as long as each is valid, since edges renew theirs one by one: `tls.certificate.trust` judges
    each. A refusal of robots (403, 429) at one address says nothing about visitors, and that host is not checked. An
    address that does not shake hands at all is told by `tls.reachable` or `dns.ipv6`. A high risk, not a blocker: most
    visitors get in.
    """
    points = [point for point in await entry_points(look) if point.handshakes]
    if not points:
        yield NotChecked(portal.domain, "no host answers on port 443")
    rows = await asyncio.gather(*(_compare(point, look) for point in points))
    for row in rows:
        yield row


async def _compare(point: EntryPoint, look: Look) -> Row:
    addresses = [handshake.address for handshake in point.handshakes]
    if len(addresses) < 2:
        return Passed(point.name, "one address to compare")
    url = f"https://{point.name}/"
    pages = await asyncio.gather(*(look.http.get(url, address=address) for address in addresses))
    said = {address: _answer(page) for address, page in zip(addresses, pages, strict=True)}
    if len(set(said.values())) == 1:
        return Passed(point.name, f"{addresses[0]} and {len(addresses) - 1} more: {said[addresses[0]]}")
    unsure = [p for p in pages if isinstance(p, Page) and p.status in ROBOTS_REFUSED]
    unseen = [p for p in pages if isinstance(p, Unreachable | OutOfTime)]
    if unsure or unseen:
        reason = f"{url} answered {unsure[0].status}" if unsure else str(unseen[0])
        return NotChecked(point.name, f"its addresses cannot be compared: {reason}", "run it from another network")
    return Finding(
        point.name,
        f"{point.name} answers differently at its different addresses.",
        evidence=f"GET {url}: " + "; ".join(f"{address} → {answer}" for address, answer in said.items()),
    )


ROBOTS_REFUSED = (403, 429)


def _answer(page: Page | Failure) -> str:
    """What must agree. A redirect's query is left out: it may hold a token made for each visitor."""
    if isinstance(page, Failure):
        return page.detail if isinstance(page, Unreachable | OutOfTime) else f"no answer ({type(page).__name__})"
    if page.location is None:
        return str(page.status)
    target = urlsplit(page.location)
    return f"{page.status} to {target.scheme}://{target.netloc}{target.path}"
