"""The address records of root, www and the other hosts: that they exist, are public, and are not a broken alias."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TypeGuard

from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.addresses import why_unreachable
from launchready.probes.dns import Answer
from launchready.probes.failures import Failure
from launchready.probes.look import Look
from launchready.probes.surface import Host

LONGEST_CHAIN = 12
"""Aliases followed one by one where a resolver gave up; resolvers themselves stop between 8 (Unbound) and 17."""


@check(
    "dns.records.resolve",
    Stage.EDGE,
    roadmap="B1 B3 X1 M1",
    severity=Severity.BLOCKER,
    effort=15,
    reference="https://www.rfc-editor.org/rfc/rfc1034#section-3.6",
)
async def resolve(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A host of the portal has no address.

    Why: whoever types the name gets an error page of the browser, and nobody sees the portal.

    Fix: add the A record (and AAAA where the host has IPv6) at the DNS provider of the domain, with the address that
    your hosting names.

    Root, www and the hosts named in `launchready.toml` are looked at. No address at the root is a blocker: it is what
    people type. No address at www is a high risk, as links work and only those who type it fail; it is a blocker when
    www is the canonical address. A host you named is part of the portal: a blocker, except a staging host, a high risk.
    A host with IPv6 only is as good as absent for visitors whose line has none. An alias whose target is gone is
    reported by `dns.dangling`, a loop of aliases by `dns.records.cname`, each once. Where the resolver itself could
    not find out (SERVFAIL), the cause is at the name servers, and the checks of delegation and DNSSEC name it.
    """
    hosts = [host for host in await look.hosts() if host.named]
    rows = await asyncio.gather(*(_addresses(host, portal, look) for host in hosts))
    root = rows[0]
    yield root
    # Below a name that does not exist there is nothing (RFC 8020): one cause, one finding.
    nothing_below = isinstance(root, Finding) and root.key == "nxdomain"
    for row in rows[1:]:
        if not (nothing_below and isinstance(row, Finding) and row.key == "nxdomain"):
            yield row


async def _addresses(host: Host, portal: Portal, look: Look) -> Row:
    answers = await asyncio.gather(look.dns.query(host.name, "A"), look.dns.query(host.name, "AAAA"))
    v4, v6 = answers
    if host.addresses and _told(v4) and not v4.exists:
        return Finding(
            host.name,
            f"{host.name} has IPv6 addresses only; visitors without IPv6 cannot reach it.",
            evidence=", ".join(host.addresses),
            severity=_severity(host, portal),
            paste=f"{host.name}. 300 IN A <the IPv4 address your hosting names>",
            key="ipv6-only",
        )
    if host.addresses:
        return Passed(host.name, ", ".join(host.addresses))
    if not _told(v4) or not _told(v6):
        return NotChecked(
            host.name, _untold(host, answers), "see the checks of the name servers: dns.delegation, dns.dnssec"
        )
    if host.cname:
        return Passed(host.name, f"an alias of {host.cname[0]}, which dns.dangling judges")
    return _missing(host, portal, v4.status)


def _missing(host: Host, portal: Portal, status: str) -> Finding:
    gone = status == "NXDOMAIN"
    if host.name == portal.domain and gone:
        return Finding(
            host.name,
            f"The domain {host.name} does not exist in DNS: it is not registered, has expired, or is not delegated.",
            evidence=f"{host.name}: NXDOMAIN",
            fix="Look the domain up at its registrar: whether it is paid for, and which name servers it is given to.",
            key="nxdomain",
        )
    said = "the name does not exist (NXDOMAIN)" if gone else "the name exists, with neither A nor AAAA"
    return Finding(
        host.name,
        f"{host.name} has no address, so nobody can open it.",
        evidence=f"{host.name}: {said}",
        severity=_severity(host, portal),
        paste=_paste(host, portal),
        key="nxdomain" if gone else "no-address",
    )


def _severity(host: Host, portal: Portal) -> Severity:
    www = f"www.{portal.domain}"
    if host.name == www:
        return Severity.BLOCKER if www in (portal.canonical or "") or "www" in portal.hosts else Severity.HIGH
    return Severity.HIGH if host.name in portal.staging_hosts else Severity.BLOCKER


def _paste(host: Host, portal: Portal) -> str:
    if host.name == f"www.{portal.domain}":
        return f"{host.name}. 300 IN CNAME {portal.domain}."
    return f"{host.name}. 300 IN A <the address your hosting names>"


def _told(answer: Answer | Failure) -> TypeGuard[Answer]:
    return isinstance(answer, Answer) and answer.status in ("NOERROR", "NXDOMAIN")


def _untold(host: Host, answers: tuple[Answer | Failure, ...]) -> str:
    untold = next(answer for answer in answers if not _told(answer))
    said = f"the resolver answered {untold.status}" if isinstance(untold, Answer) else str(untold)
    return f"the address of {host.name} was not told: {said}"


@check(
    "dns.records.private",
    Stage.EDGE,
    roadmap="B1 B8 X1 M1",
    severity=Severity.HIGH,
    effort=10,
    reference="https://www.iana.org/assignments/iana-ipv4-special-registry",
)
async def private(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Public DNS gives an address that cannot be reached from the internet.

    Why: it works in the office and nowhere else; visitors wait and get an error, some only on one try of several.

    Fix: replace the address by the public one, or delete the record if the host is for the office only; an internal
    name belongs into an internal zone.

    Every address of every host is held against IANA's registries of special-purpose addresses: private use, loopback,
    link-local, carrier-grade NAT, documentation, and IPv6 addresses that carry such an IPv4 one. On root, www and the
    hosts named in `launchready.toml` it is a blocker, since browsers try it for real visitors; on a host that was
    only found it is a high risk: it tells strangers about the network, and many routers drop such answers as an
    attack (DNS rebinding), so that it fails differently for everyone.
    """
    hosts = [host for host in await look.hosts() if host.addresses]
    if not hosts:
        yield NotChecked(portal.domain, "no host has an address")
    for host in hosts:
        bad = [(address, reason) for address in host.addresses if (reason := why_unreachable(address))]
        if not bad:
            yield Passed(host.name, f"{len(host.addresses)} public addresses")
            continue
        listed = "; ".join(f"{address} ({reason})" for address, reason in bad)
        some = "one of its addresses" if len(bad) < len(host.addresses) else "the address"
        yield Finding(
            host.name,
            f"Public DNS sends visitors of {host.name} to {bad[0][0]}, {some} that only a local network can reach.",
            evidence=listed,
            severity=Severity.BLOCKER if host.named else Severity.HIGH,
        )


@check(
    "dns.records.cname",
    Stage.EDGE,
    roadmap="B1 X1 M1",
    severity=Severity.BLOCKER,
    effort=20,
    reference="https://www.rfc-editor.org/rfc/rfc1034#section-3.6.2",
)
async def cname(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """An alias (CNAME) stands where none may stand, or leads in a circle.

    Why: resolvers that meet it disagree: for some visitors the site or your mail works, for others it does not.

    Fix: at the root use address records, or the ALIAS, ANAME or flattened CNAME of your DNS provider; elsewhere keep
    either the CNAME or the other records, not both.

    A CNAME at the root stands beside SOA and NS, which RFC 1034 section 3.6.2 and RFC 2181 section 10.1 forbid;
    MX and TXT records there are lost whenever a resolver has the alias in its cache, and mail with them: a blocker.
    So is a circle of aliases. A CNAME beside other records of the same name is a high risk, for what is lost is
    seldom all of the site. An alias as mail server (RFC 2181 section 10.3) is judged by `mail.mx.reachable`.
    """
    hosts = [host for host in await look.hosts() if host.named]
    groups = await asyncio.gather(_at_root(portal, look), *(_alias(h, portal, look) for h in hosts))
    for rows in groups:
        for row in rows:
            yield row


async def _at_root(portal: Portal, look: Look) -> list[Row]:
    answer = await look.dns.query(portal.domain, "CNAME")
    if not isinstance(answer, Answer):
        return [NotChecked(portal.domain, f"whether the root is an alias was not told: {answer}")]
    if not answer.exists:
        return []
    return [
        Finding(
            portal.domain,
            f"The root {portal.domain} is an alias of {answer.values[0]}; a root must not be one.",
            evidence=f"{portal.domain} CNAME {answer.values[0]}, beside SOA and NS",
            key="root",
        )
    ]


async def _alias(host: Host, portal: Portal, look: Look) -> list[Row]:
    if host.cname and host.name != portal.domain:
        return await _beside(host, portal, look)
    if host.addresses:
        return [Passed(host.name, "no alias")]
    circle = await _circle(host.name, look)
    if not circle and host.unknown:
        return [NotChecked(host.name, host.unknown, "run it again when its name servers answer")]
    if not circle:
        return [Passed(host.name, "no circle of aliases")]
    return [
        Finding(
            host.name,
            f"{host.name} is an alias that leads in a circle, so it has no address.",
            evidence=" → ".join(circle),
            fix="Let one of the names in the circle have an address record instead of the alias.",
            key="circle",
        )
    ]


async def _beside(host: Host, portal: Portal, look: Look) -> list[Row]:
    """Ask an authority: a resolver shows either the alias or the rest, whichever it met first."""
    servers = await look.dns.authorities(portal.domain)
    if isinstance(servers, Failure) or not servers:
        return [NotChecked(host.name, f"no name server of {portal.domain} could be asked about it")]
    types = ("A", "MX", "TXT")
    answers = await asyncio.gather(*(look.dns.query(host.name, type, server=servers[0]) for type in types))
    beside = [t for t, a in zip(types, answers, strict=True) if isinstance(a, Answer) and _owns(a, host.name)]
    if not beside:
        return [Passed(host.name, f"an alias of {host.cname[0]} and nothing else")]
    return [
        Finding(
            host.name,
            f"{host.name} is an alias and has other records as well; which of them counts is left to chance.",
            evidence=f"{host.name} CNAME {host.cname[0]}, beside {', '.join(beside)} at {servers[0].name}",
            severity=Severity.HIGH,
            key="beside",
        )
    ]


def _owns(answer: Answer, name: str) -> bool:
    return any(record.name == name for record in answer.records) and not answer.cname


async def _circle(name: str, look: Look) -> list[str]:
    """The names of a circle of aliases, the first repeated at the end; empty when there is none."""
    seen = [name]
    while len(seen) <= LONGEST_CHAIN:
        answer = await look.dns.query(seen[-1], "CNAME")
        if not isinstance(answer, Answer) or not answer.exists:
            return []
        seen.append(answer.values[0])
        if seen[-1] in seen[:-1]:
            return seen
    return []
