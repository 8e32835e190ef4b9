"""What the hosts answer: a wildcard that answers for anything, IPv6 that is advertised but dead, servers in trouble."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.dns import Answer
from launchready.probes.failures import Failure, Unreachable
from launchready.probes.http import Page
from launchready.probes.look import Look
from launchready.probes.surface import Host, unlikely_name
from launchready.probes.tls import Handshake


@check(
    "dns.wildcard",
    Stage.EDGE,
    roadmap="B1 B3",
    severity=Severity.NICE,
    effort=10,
    reference="https://www.rfc-editor.org/rfc/rfc4592",
)
async def wildcard(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Any name below the domain leads somewhere.

    Why: a mistyped or invented address such as `login-secure.your-domain` looks like yours and does not fail, which
    suits who writes false mails, and hides a host you forgot to set up.

    Fix: delete the record of `*` and add one record for each host there is. If clients get subdomains of their own
    (`client.your-domain`), keep it and say so: accept this finding in `launchready.toml`.

    A name that nobody has made is asked for. By itself it breaks nothing, hence nice to fix; where the wildcard
    is an alias of something given up, `dns.dangling` makes it a blocker.
    """
    name = unlikely_name(portal.domain)
    answers = await asyncio.gather(look.dns.query(name, "A"), look.dns.query(name, "AAAA"))
    good = [answer for answer in answers if isinstance(answer, Answer)]
    if not good or all(answer.status not in ("NOERROR", "NXDOMAIN") for answer in good):
        reason = next((str(a) for a in answers if isinstance(a, Failure)), good[0].status if good else "")
        yield NotChecked(f"*.{portal.domain}", f"a name nobody has made was not answered for: {reason}")
        return
    values = [value for answer in good for value in (answer.cname[:1] or answer.values)]
    if not values:
        yield Passed(f"*.{portal.domain}", "no wildcard")
        return
    yield Finding(
        f"*.{portal.domain}",
        f"Every name below {portal.domain} leads somewhere, also those nobody has made.",
        evidence=f"{name} → {', '.join(dict.fromkeys(values))}",
    )


@check(
    "dns.ipv6",
    Stage.EDGE,
    roadmap="B1 B8 X1",
    severity=Severity.HIGH,
    effort=20,
    reference="https://www.rfc-editor.org/rfc/rfc8305",
)
async def ipv6(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """An IPv6 address is advertised, but nobody answers there.

    Why: phones and offices with IPv6 try it first: visitors wait, and those on networks with IPv6 only, as many mobile
    carriers have, do not get in at all, while everything looks fine at your desk.

    Fix: let the web server listen on IPv6 and open port 443 in its firewall, or delete the AAAA record.

    Every IPv6 address of every host that answers on port 443 over IPv4 is tried. A high risk rather than a blocker,
    as most browsers fall back to IPv4 after a pause (RFC 8305). When no IPv6 address of any host can be reached
    because this machine has no route, the check says that it could not look.
    """
    hosts = [host for host in await look.hosts() if _of(host, 6)]
    unknown = [host for host in await look.hosts() if host.unknown]
    for host in unknown:
        yield NotChecked(host.name, host.unknown, "run it again when its name servers answer")
    if not hosts:
        if not unknown:
            yield Passed(portal.domain, "no host advertises IPv6")
        return
    tries = [(host, address) for host in hosts for address in _of(host, 6)]
    by_v4, by_v6 = await asyncio.gather(
        asyncio.gather(*(_serves(host, look) for host in hosts)),
        asyncio.gather(*(look.tls.handshake(host.name, address) for host, address in tries)),
    )
    serving = {host.name for host, serves in zip(hosts, by_v4, strict=True) if serves}
    if all(isinstance(result, Unreachable) for result in by_v6):
        yield NotChecked(
            portal.domain, f"this machine has no way to IPv6: {by_v6[0]}", "run the audit from a machine with IPv6"
        )
        return
    for host in hosts:
        results = [(a, r) for (h, a), r in zip(tries, by_v6, strict=True) if h is host]
        dead = [(address, result) for address, result in results if not isinstance(result, Handshake)]
        if not dead:
            yield Passed(host.name, f"{len(results)} IPv6 addresses answer")
        elif host.name in serving:
            yield Finding(
                host.name,
                f"{host.name} advertises the IPv6 address {dead[0][0]}, but nobody answers there.",
                evidence="; ".join(f"{address} port 443: {result}" for address, result in dead),
            )
        elif host.named:
            yield NotChecked(host.name, f"it does not answer over IPv4 either, or has none: {dead[0][1]}")


async def _serves(host: Host, look: Look) -> bool:
    handshakes = await asyncio.gather(*(look.tls.handshake(host.name, address) for address in _of(host, 4)))
    return any(isinstance(handshake, Handshake) for handshake in handshakes)


def _of(host: Host, version: int) -> list[str]:
    return [address for address in host.addresses if (":" in address) == (version == 6)]


@dataclass(frozen=True, slots=True)
class Stock:
    """A page that comes with a server or a platform: nobody has put a site there."""

    title: str
    """Beginning of the title."""
    whose: str


STOCK_PAGES = (
    Stock("Welcome to nginx!", "nginx"),
    Stock("Welcome to OpenResty!", "OpenResty"),
    Stock("Apache2 Ubuntu Default Page", "Apache"),
    Stock("Apache2 Debian Default Page", "Apache"),
    Stock("Test Page for the Apache HTTP Server", "Apache"),
    Stock("Test Page for the HTTP Server", "Apache"),
    Stock("HTTP Server Test Page", "Apache"),
    Stock("IIS Windows Server", "IIS"),
    Stock("Caddy works!", "Caddy"),
    Stock("Welcome to Caddy", "Caddy"),
    Stock("Apache Tomcat/", "Tomcat"),
    Stock("Default Web Site Page", "cPanel"),
    Stock("Plesk Obsidian", "Plesk"),
    Stock("Domain Default page", "Plesk"),
    Stock("Default Parallels Plesk", "Plesk"),
    Stock("Welcome to Ploi", "Ploi"),
)
"""By the titles their packages ship with."""
_TITLE = re.compile(rb"<title[^>]{0,100}>\s{0,100}([^<]{1,200})", re.IGNORECASE)


@check(
    "dns.subdomains",
    Stage.EDGE,
    roadmap="B3 X1 M1",
    severity=Severity.HIGH,
    effort=30,
    reference="https://www.rfc-editor.org/rfc/rfc9110#section-15.6",
)
async def subdomains(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A host is reached, but the application behind it is not.

    Why: the name resolves and the certificate is fine, yet who opens it sees an error page or a web server's stock
    page; to a buyer the portal is down.

    Fix: start the application and let the web server or the edge pass the host's requests to it. An answer of 502, 503
    or 504 comes from the edge: it does not reach the application. 421 or a stock page: no site is set up for the name.

    The first page of root, www and every other host is asked over HTTPS. An answer of 5xx or 421 (RFC 9110 section
    15.5.20), or the page a web server ships with, is a finding: a blocker on root, www and the hosts named in
    `launchready.toml`, a high risk on staging hosts and those that were only found. 4xx is fine: an API may have
    nothing at `/`. A host whose port 443 does not answer is reported by the checks of TLS.
    """
    hosts = [host for host in await look.hosts() if host.addresses]
    if not hosts:
        yield NotChecked(portal.domain, "no host has an address")
    pages = await asyncio.gather(*(look.http.get(f"https://{host.name}/") for host in hosts))
    for host, page in zip(hosts, pages, strict=True):
        if isinstance(page, Failure):
            if host.named:
                yield NotChecked(host.name, f"https://{host.name}/ gave no answer: {page}")
            continue
        if not (trouble := says_nobody_home(page)):
            yield Passed(host.name, f"answers {page.status}")
            continue
        spared = not host.named or host.name in portal.staging_hosts
        yield Finding(
            host.name,
            f"{host.name} {trouble}.",
            evidence=f"GET https://{host.name}/ → {page.status}",
            severity=Severity.HIGH if spared else Severity.BLOCKER,
        )


def says_nobody_home(page: Page) -> str:
    """What a page says about a missing application, as the end of a sentence; empty for any other page."""
    if page.status == 421:
        return "answers 421: its server has no site of that name"
    if page.status >= 500:
        return f"answers {page.status}: the application behind it is not there or failing"
    if title := _TITLE.search(page.body[:8192]):
        text = title[1].decode("utf-8", "replace").strip()
        for stock in STOCK_PAGES:
            if text.startswith(stock.title):
                return f"shows the page {stock.whose} ships with: no site is set up for it"
    return ""
