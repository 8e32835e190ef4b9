"""The same answers everywhere: across the domain's name servers, across regions, over IPv4 and IPv6.

Judged by what people get: where servers rotate or localise addresses on purpose, each of those addresses shows a
valid certificate for the host, and that is fine.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime

from launchready.edge.authoritative import Question, Zone, ask_all, ask_zone, host_questions, said
from launchready.edge.delegation import UNLOCK
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.dns import Answer, Server
from launchready.probes.failures import Failure
from launchready.probes.look import Look
from launchready.probes.tls import Handshake

SERIALS = 1 << 32
DAY_S = 86_400
YEAR_S = 365 * DAY_S
NAT64 = "64:ff9b:"
"""Addresses a resolver makes up itself for networks without IPv4 (RFC 6147)."""
STRANGERS = 6
"""So many addresses that others do not give are tried for a certificate of the host."""


@check(
    "dns.consistency.serial",
    Stage.EDGE,
    roadmap="A1 B1",
    severity=Severity.HIGH,
    effort=30,
    reference="https://www.rfc-editor.org/rfc/rfc1982",
)
async def serial(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A name server serves an old version of the domain's records.

    Why: changes made for the launch reach only part of the visitors; the others are sent to the old place for as
    long as that server lags behind.

    Fix: have the DNS provider repair the transfer to the lagging server (NOTIFY, allow-transfer, TSIG), or take the
    server out of the delegation. If you changed a record within the last minutes, just run the check again.

    Serials of the SOA records are compared by RFC 1982, not as plain numbers. Only servers that name the same primary
    (MNAME) are compared: two DNS providers number on their own. Serials that are times, as those of zones that change
    all the time are, may differ by the zone's refresh interval.
    """
    zone = await ask_zone(portal, look)
    if isinstance(zone, Failure):
        yield NotChecked(portal.domain, str(zone), UNLOCK)
        return
    soas = {w.server: w.soa for w in zone.words if isinstance(w.soa, Answer) and w.server in zone.one_of_each}
    fields = {server: answer.records[0].text.split() for server, answer in soas.items()}
    versions = {s: (f[0], int(f[2]), int(f[3])) for s, f in fields.items() if len(f) == 7}
    if not versions:
        yield NotChecked(zone.name, "none of its name servers gave a SOA record", UNLOCK)
        return
    late: dict[str, str] = {}
    for primary in sorted({version[0] for version in versions.values()}):
        mine = {server: version for server, version in versions.items() if version[0] == primary}
        newest = max(mine.values(), key=lambda v: sum(lag(v[1], other[1]) >= 0 for other in mine.values()))
        for server, (_, number, refresh_s) in mine.items():
            behind = lag(newest[1], number)
            if behind > 0 and not (is_time(newest[1], look.now) and behind <= refresh_s):
                late[server.name] = f"{server.name} has serial {number}, the newest is {newest[1]}"
    if late:
        yield Finding(
            zone.name,
            f"{', '.join(sorted(late))} lags behind the other name servers of {zone.name}.",
            evidence="; ".join(late[name] for name in sorted(late)),
        )
    else:
        numbers = ", ".join(sorted({str(number) for _, number, _ in versions.values()}))
        yield Passed(zone.name, f"serial {numbers} at {len(versions)} name servers")


@check(
    "dns.consistency.authorities",
    Stage.EDGE,
    roadmap="A1 B1 M1",
    severity=Severity.HIGH,
    effort=30,
    reference="https://www.rfc-editor.org/rfc/rfc1034#section-4.3.5",
)
async def authorities(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The domain's name servers give different answers.

    Why: which of two websites a visitor sees, or whether the name exists at all, depends on which server their
    resolver happens to ask.

    Fix: make the records the same at every name server; with two DNS providers, push every change to both.

    Compared at each name server are A, AAAA and aliases of every host, and MX and TXT of the domain, as sets: order
    and TTL do not count. Different addresses are fine when each of them shows a valid certificate of the host, as
    rotating and geographic answers do.
    """
    zone = await ask_zone(portal, look)
    if isinstance(zone, Failure):
        yield NotChecked(portal.domain, str(zone), UNLOCK)
        return
    servers = zone.one_of_each
    if not servers:
        yield NotChecked(zone.name, "none of its name servers answers with authority", UNLOCK)
        return
    answers = await ask_all(look, servers, await host_questions(portal, look, zone.name))
    odd = await _odd_ones(answers, look)
    if odd:
        hosts = sorted({name for name, _ in odd})
        yield Finding(
            zone.name,
            f"The name servers of {zone.name} give different answers for {_listed(hosts)}.",
            evidence="; ".join(f"{name} {type}: {_each(answers[name, type])}" for name, type in odd)[:1000],
        )
    failures = [f for told in answers.values() for f in told.values() if isinstance(f, Failure)]
    if failures:
        yield NotChecked(zone.name, f"{len(failures)} questions were not answered, such as {failures[0]}", UNLOCK)
    elif not odd:
        yield Passed(zone.name, f"{len(answers)} answers are the same at {len(servers)} name servers")


@check(
    "dns.consistency.family",
    Stage.EDGE,
    roadmap="A1 B1",
    severity=Severity.HIGH,
    effort=30,
    reference="https://www.rfc-editor.org/rfc/rfc3901#section-4",
)
async def family(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A name server answers differently over IPv4 and IPv6.

    Why: visitors get an old or a wrong website depending on which of the two their resolver uses, which is the
    hardest kind of fault to reproduce.

    Fix: point both addresses of the name server at the same service, or take the wrong one out of its A or AAAA
    record and out of the glue at the registrar.

    The serial, and the same answers as in `dns.consistency.authorities`, are compared between the addresses of each
    name server. Without IPv6 on this machine there is nothing to compare with: not checked.
    """
    zone = await ask_zone(portal, look)
    if isinstance(zone, Failure):
        yield NotChecked(portal.domain, str(zone), UNLOCK)
        return
    both = {n: [w for w in zone.words if w.server.name == n] for n in sorted({w.server.name for w in zone.words})}
    both = {n: words for n, words in both.items() if len({":" in w.server.address for w in words}) == 2}
    if not both:
        yield Passed(zone.name, "no name server has both IPv4 and IPv6 addresses")
        return
    questions = await host_questions(portal, look, zone.name)
    silent: dict[str, str] = {}
    for name, words in both.items():
        servers = [w.server for w in words if w.server in zone.serving]
        unseen = [w for w in words if w.server not in zone.serving and not w.answers]
        if len({":" in s.address for s in servers}) < 2:
            if unseen:
                silent[name] = str(unseen[0].soa)
            else:
                yield NotChecked(name, "it does not answer with authority at each address", "see dns.delegation.lame")
            continue
        yield await _compare_families(name, servers, zone, questions, look)
    if silent:  # most often all of them, for want of IPv6 here: one row, not one for each
        reason = f"{', '.join(silent)}: {next(iter(silent.values()))}"
        yield NotChecked(zone.name, reason, "run it again from a network with IPv4 and IPv6")


async def _compare_families(
    name: str, servers: Sequence[Server], zone: Zone, questions: Sequence[Question], look: Look
) -> Row:
    answers = await ask_all(look, servers, questions)
    soas: dict[Server, Answer | Failure] = {w.server: w.soa for w in zone.words if w.server in servers}
    serials = {s: int(a.records[0].text.split()[2]) for s, a in soas.items() if isinstance(a, Answer)}
    odd = await _odd_ones(answers, look)
    apart = len(set(serials.values())) > 1 and not is_time(max(serials.values()), look.now)
    if not odd and not apart:
        return Passed(name, f"{len(answers)} answers are the same over IPv4 and IPv6")
    told = [f"{n} {type}: {_each(answers[n, type], by_address=True)}" for n, type in odd]
    if apart:
        told.insert(0, "serial: " + ", ".join(f"{s.address} {number}" for s, number in serials.items()))
    return Finding(
        name,
        f"The name server {name} answers differently over IPv4 and IPv6.",
        evidence="; ".join(told)[:1000],
    )


@check(
    "dns.consistency.regions",
    Stage.EDGE,
    roadmap="A1 B1 B8 X1 M1",
    severity=Severity.HIGH,
    effort=15,
    reference="https://www.rfc-editor.org/rfc/rfc8767",
)
async def regions(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """In some region the domain resolves to something else.

    Why: people there see the old website, an error, or a stranger's page, while everything looks fine from the
    office.

    Fix: wait until the old record's TTL has passed; if the region still differs, flush the name at that resolver
    (Cloudflare and Google offer a page for it), and look for an old DNS provider that still answers.

    Each resolver's answers for the addresses of every host and for MX are compared with what the domain's own name
    servers say; for hosts outside the zone, with what the other resolvers say. Content networks answer by place: behind
    the same alias other addresses are fine, and so are addresses that show a valid certificate of the host.
    A resolver that does not answer is not checked, not wrong.
    """
    if len(look.dns.resolvers) < 2:
        yield NotChecked(portal.domain, "there is only one resolver to ask", "name more under [dns] resolvers")
        return
    zone, hosts = await asyncio.gather(ask_zone(portal, look), look.hosts())
    questions = [(h.name, type) for h in hosts for type in ("A", "AAAA")] + [(portal.domain, "MX")]
    inside = set(await host_questions(portal, look, zone.name)) if isinstance(zone, Zone) else set()
    own_servers = zone.one_of_each if isinstance(zone, Zone) else ()
    own, seen = await asyncio.gather(
        ask_all(look, own_servers, [q for q in questions if q in inside]), ask_all(look, look.dns.resolvers, questions)
    )
    for resolver in look.dns.resolvers:
        failure = next((a for told in seen.values() if isinstance(a := told[resolver], Failure)), None)
        odd = [q for q in questions if await _differs(resolver, own.get(q, {}), seen[q], look)]
        if odd:
            where = _listed(sorted({name for name, _ in odd}))
            fails = all(isinstance(a := seen[q][resolver], Answer) and not a.exists for q in odd)
            yield Finding(
                portal.domain,
                f"{resolver.name} cannot resolve {where}, others can."
                if fails
                else f"{resolver.name} resolves {where} differently from the domain's own name servers.",
                evidence="; ".join(_contrast(q, resolver, own.get(q, {}), seen[q]) for q in odd[:6])[:1000],
                key=resolver.name,
            )
        elif failure is not None:
            yield NotChecked(f"{portal.domain} in {resolver.name}", str(failure), "run it again, or name others")
        else:
            yield Passed(f"{portal.domain} in {resolver.name}", f"{len(questions)} answers agree")


def lag(newer: int, older: int) -> int:
    """How far `older` is behind `newer` by RFC 1982 section 3.2; negative when it is ahead."""
    distance = (newer - older) % SERIALS
    return distance if distance < SERIALS // 2 else distance - SERIALS


def is_time(serial: int, now: datetime) -> bool:
    """Whether a serial counts seconds, as signers and providers that change zones all the time number them."""
    return -YEAR_S < serial - now.timestamp() < DAY_S


async def _odd_ones(answers: Mapping[Question, Mapping[Server, Answer | Failure]], look: Look) -> list[Question]:
    """The questions that servers answer differently, in a way that visitors would notice."""

    async def odd(question: Question) -> bool:
        told = [a for a in answers[question].values() if isinstance(a, Answer) and _is_own_word(a)]
        if len({_form(answer) for answer in told}) < 2:
            return False
        if question[1] not in ("A", "AAAA") or len({_something(answer) for answer in told}) > 1:
            return True
        shared = frozenset.intersection(*(frozenset(answer.values) for answer in told))
        return not await _all_serve(question[0], [(answer, shared) for answer in told], look)

    verdicts = await asyncio.gather(*map(odd, answers))
    return [question for question, is_odd in zip(answers, verdicts, strict=True) if is_odd]


async def _differs(
    resolver: Server, own: Mapping[Server, Answer | Failure], seen: Mapping[Server, Answer | Failure], look: Look
) -> bool:
    mine = seen[resolver]
    if isinstance(mine, Failure):
        return False
    references = [a for a in own.values() if isinstance(a, Answer) and _is_own_word(a)]
    others = [a for server, a in seen.items() if server != resolver and isinstance(a, Answer)]
    if mine.status not in ("NOERROR", "NXDOMAIN"):
        # Every resolver failing alike is no matter of region; other checks find its cause.
        return any(_something(a) for a in others)
    if not references:
        good = [a for a in others if a.status in ("NOERROR", "NXDOMAIN")]
        # Nothing but other resolvers to go by: odd is one that is alone against two who agree.
        references = good if len(good) > 1 and len({_form(a) for a in good}) == 1 else []
    if mine.values and all(value.startswith(NAT64) for value in mine.values):
        return False
    if not references or any(_agrees(mine, reference, others) for reference in references):
        return False
    if mine.type not in ("A", "AAAA") or not mine.exists or not any(_something(r) for r in references):
        return True
    known = frozenset(value for reference in references for value in reference.values)
    return not await _all_serve(mine.name, [(mine, known)], look)


def _agrees(mine: Answer, reference: Answer, others: Iterable[Answer]) -> bool:
    if mine.cname and mine.cname[:1] == reference.cname[:1]:
        # What is behind an alias is its owner's to localise; but not to be missing where others have it.
        return mine.exists or not any(a.exists and a.cname[:1] == mine.cname[:1] for a in others)
    if mine.cname or reference.cname:
        return False
    if not mine.exists or not reference.exists:
        return mine.exists == reference.exists
    if mine.type in ("A", "AAAA"):
        return bool(set(mine.values) & set(reference.values))
    return set(mine.values) == set(reference.values)


async def _all_serve(host: str, answers: Iterable[tuple[Answer, frozenset[str]]], look: Look) -> bool:
    """Whether every address in the answers that is not known already shows a certificate browsers take for the host."""
    strangers: dict[str, None] = {}
    for answer, known in answers:
        if not answer.exists and answer.cname:
            target = await look.dns.addresses(answer.cname[-1])
            addresses: tuple[str, ...] = () if isinstance(target, Failure) else target
            if not addresses:
                return False
        else:
            addresses = answer.values
        strangers.update(dict.fromkeys(a for a in addresses if a not in known))

    async def serves(address: str) -> bool:
        shaken = await look.tls.handshake(host, address)
        return isinstance(shaken, Handshake) and look.tls.browser_verdict(shaken, host, look.now) is None

    return all(await asyncio.gather(*(serves(address) for address in list(strangers)[:STRANGERS])))


def _is_own_word(answer: Answer) -> bool:
    """An answer with authority, not a referral to a zone below nor a refusal."""
    return answer.authoritative and answer.status in ("NOERROR", "NXDOMAIN")


def _form(answer: Answer) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    return "" if _something(answer) else answer.status, answer.cname, answer.values


def _something(answer: Answer) -> bool:
    return answer.exists or bool(answer.cname)


def _contrast(
    question: Question,
    resolver: Server,
    own: Mapping[Server, Answer | Failure],
    seen: Mapping[Server, Answer | Failure],
) -> str:
    mine = seen[resolver]
    others = own or {server: answer for server, answer in seen.items() if server != resolver}
    other = next((a for a in others.values() if isinstance(a, Answer)), None)
    here = said(mine) if isinstance(mine, Answer) else str(mine)
    there = f", elsewhere {said(other)}" if other else ""
    return f"{' '.join(question)}: {resolver.name} {here}{there}"


def _each(told: Mapping[Server, Answer | Failure], *, by_address: bool = False) -> str:
    return ", ".join(
        f"{server.address if by_address else server.name} says {said(answer)}"
        for server, answer in told.items()
        if isinstance(answer, Answer)
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
