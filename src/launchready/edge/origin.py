"""The server behind the edge: whether it can be reached past the edge, and whether DNS tells where it is.

Asks a few addresses that the domain's own records name for a page of the portal, one GET each, as a visitor would.
Scans nothing, guesses no addresses, asks no service for the history of a domain.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from launchready.edge.fronts import Entry, public_entries
from launchready.edge.origin_addresses import Candidate, candidates, same_portal
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.edge_networks import Edge, edge_answering
from launchready.probes.failures import Failure, Phase, Timeout, Unreachable
from launchready.probes.look import Look
from launchready.probes.page import Page

HOSTS = 2
"""So many hosts are asked for at each address: those where people sign in first."""

Tried = tuple[tuple[Entry, Candidate, Page | Failure], ...]
"""What each address answered for each host."""


@check(
    "edge.origin",
    Stage.EDGE,
    roadmap="B4 B7",
    severity=Severity.HIGH,
    effort=45,
    reference="https://developers.cloudflare.com/fundamentals/security/protect-your-origin-server/",
)
async def reachable(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The server behind the edge can be reached around it.

    Why: whoever knows the server's address goes past everything the edge does: protection against floods, limits on
    the login, the firewall. Lists of such addresses are published; that nobody has found it yet is luck.

    Fix: let the server's firewall take connections to ports 80 and 443 from the edge's addresses alone (the rules
    below), or leave no port open at all: a tunnel (`cloudflared`) goes out from the server. An edge that others use
    too can be asked to prove itself: authenticated origin pulls at Cloudflare, a secret header elsewhere. Change the
    server's address afterwards, for the old one is known.

    Addresses are taken from `[edge] origin` and from the domain's own records: hosts whose record leads past the
    edge, names that often do (`direct`, `origin`, `ftp`, `cpanel`, `dev`, `old`...), mail servers below the domain, and
    single addresses of its SPF record. At most four are asked, each for at most two hosts. An address counts when it
    answers with the portal: same status, and the same title and most of the same words, or a redirect to the same
    place. Another page, a refusal (403) or silence is right.

    Not looked at are old addresses that services for the history of DNS may know: no such service is asked.
    """
    opened = await _behind(look)
    if not opened:
        reason = "no known edge was recognised in front, so that there is nothing to get around"
        yield NotChecked(portal.domain, reason, "put an edge in front")
        return
    known = await candidates(look)
    if not known:
        reason = "no address of the server behind the edge is known: the domain's records name none"
        yield NotChecked(portal.domain, reason, "name it as `origin` in [edge] of launchready.toml")
        return
    tried = await _try(look)
    for one in opened:
        if (status := one.hops[0].status) >= 400:
            yield NotChecked(one.name, f"the edge answers {status}, so that there is no page to compare with")
            continue
        mine = [(candidate, answer) for entry, candidate, answer in tried if entry.name == one.name]
        reached = [(candidate, answer) for candidate, answer in mine if _is_portal(one, answer)]
        if reached:
            yield _reachable(one, reached)
        elif slow := [
            answer for _, answer in mine if isinstance(answer, Timeout) and answer.phase is not Phase.CONNECT
        ]:
            # It takes connections, so that no firewall is in the way; what it would have shown is not known.
            yield NotChecked(
                one.name, f"a server that takes connections did not answer in time: {slow[0]}", "run again"
            )
        elif all(isinstance(answer, Unreachable) and ":" in c.address for c, answer in mine):
            yield NotChecked(one.name, "the addresses known cannot be reached from here: they are IPv6", "have IPv6")
        else:
            asked = ", ".join(candidate.address for candidate, _ in mine)
            yield Passed(one.name, f"no page of the portal at {asked}")


@check(
    "edge.leaks",
    Stage.EDGE,
    roadmap="B4",
    severity=Severity.HIGH,
    effort=30,
    reference="https://developers.cloudflare.com/dns/manage-dns-records/troubleshooting/exposed-ip-address/",
)
async def leaks(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """DNS tells the address of the server behind the edge.

    Why: an attacker reads your records first. One that leads to the server makes the edge in front of the other hosts
    worth nothing: floods of packets fill the server's line even where its firewall lets nobody in.

    Fix: let the record lead to the edge too, or delete it; let mail go through another machine or a mail service, for
    no edge carries mail; then change the server's address, for old records are remembered by others.

    An address is the server's when it answered with the portal (see edge.origin) or when `[edge] origin` names it.
    Found are records below the domain that lead to it (hosts, mail servers) and SPF records that list it. A high risk
    where the server answers everybody, nice to fix where its firewall keeps people out. Old records are not seen:
    services for the history of DNS are not asked, and what they know cannot be taken back except by a new address.
    """
    opened = await _behind(look)
    if not opened:
        yield NotChecked(portal.domain, "no known edge was recognised in front, so that there is nothing to hide")
        return
    open_to_all = {c.address for entry, c, answer in await _try(look) if _is_portal(entry, answer)}
    known = await candidates(look)
    told: dict[str, list[Candidate]] = {}
    for candidate in known:
        if candidate.records and (candidate.named or candidate.address in open_to_all):
            told.setdefault(candidate.records[0].partition(" ")[0], []).append(candidate)
    for name, servers in told.items():
        yield _leak(name, servers, {c.address for c in servers} & open_to_all, opened[0].edge)
    if told:
        return
    if all(one.hops[0].status >= 400 for one in opened) and not all(c.named for c in known):
        yield NotChecked(portal.domain, "the edge shows no page, so that the server could not be told from others")
    elif known:
        yield Passed(portal.domain, f"{len(known)} addresses besides the edge's are known; none shown is the server's")
    else:
        yield Passed(portal.domain, "no record of the domain leads past the edge")


def _leak(name: str, servers: list[Candidate], answering: set[str], edge: Edge | None) -> Finding:
    addresses = [candidate.address for candidate in servers]
    closed = "" if answering else ", which lets nobody in"
    where = f"the server behind {edge.name if edge else 'the edge'}"
    records = list(dict.fromkeys(record for candidate in servers for record in candidate.records))
    return Finding(
        name,
        f"DNS tells where {where} is: {_listed(records)} lead{'s' if len(records) == 1 else ''} to "
        f"{_listed(addresses)}{closed}.",
        evidence="\n".join(f"{record} → {one.address}" for one in servers for record in one.records),
        severity=Severity.HIGH if answering else Severity.NICE,
    )


async def _behind(look: Look) -> list[Entry]:
    """Hosts behind an edge that are asked for elsewhere: those where people sign in first."""
    opened = [one for one in await public_entries(look) if one.front and one.hops]
    opened.sort(key=lambda one: (one.hops[0].status >= 400, not one.signs_in, not one.pages))
    return opened[:HOSTS]


async def _try(look: Look) -> Tried:
    async def ask() -> Tried:
        opened, known = await asyncio.gather(_behind(look), candidates(look))
        pairs = [(one, candidate) for one in opened for candidate in known]
        asked = (look.http.get(one.visits[0].url, address=candidate.address) for one, candidate in pairs)
        answers = await asyncio.gather(*asked)
        return tuple((one, candidate, answer) for (one, candidate), answer in zip(pairs, answers, strict=True))

    return await look.network.once("edge origin", ask)


def _is_portal(one: Entry, answer: Page | Failure) -> bool:
    if not isinstance(answer, Page) or not same_portal(one.hops[0], answer):
        return False
    other = edge_answering(answer.headers)
    # Another edge is no server; a platform's own is what stands behind the edge.
    return other is None or (other.platform and other is not one.edge)


def _reachable(one: Entry, reached: list[tuple[Candidate, Page | Failure]]) -> Finding:
    addresses = [candidate.address for candidate, _ in reached]
    edge = one.edge
    name = edge.name if edge else "the edge"
    return Finding(
        one.name,
        f"{one.visits[0].url} can be opened at {_listed(addresses)} too, past {name}.",
        evidence="\n".join(
            f"{candidate.address} ({', '.join((*candidate.records, *(('[edge] origin',) if candidate.named else ())))})"
            f" answers {answer.status}, as {name} does"
            for candidate, answer in reached
            if isinstance(answer, Page)
        ),
        paste=_firewall(edge),
    )


def _firewall(edge: Edge | None) -> str:
    if edge is None or not edge.networks or len(edge.networks.split()) > _RULES:
        return "Let connections to ports 80 and 443 in from the edge's published addresses only."
    allowed = [f"ufw allow proto tcp from {block} to any port 80,443" for block in edge.networks.split()]
    return "\n".join([*allowed, "ufw deny proto tcp to any port 80,443", f"# {edge.published}"])


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


_RULES = 40
"""A longer list of blocks changes too often to be pasted."""
