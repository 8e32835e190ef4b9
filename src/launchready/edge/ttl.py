"""How long resolvers keep the records that a launch may have to change."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from launchready.edge.authoritative import ask_all, ask_zone, host_questions
from launchready.edge.delegation import UNLOCK
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.dns import Answer, Record
from launchready.probes.failures import Failure
from launchready.probes.look import Look

HOUR_S = 3600
DAY_S = 24 * HOUR_S


@check(
    "dns.ttl",
    Stage.EDGE,
    roadmap="B1",
    severity=Severity.NICE,
    effort=10,
    reference="https://www.rfc-editor.org/rfc/rfc1035#section-3.2.1",
)
async def ttl(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """DNS records are kept too long by resolvers for a launch.

    Why: if the portal has to move or a record was wrong on launch day, visitors stay at the old address until the
    TTL has run out, and nothing you do helps them.

    Fix: set the TTL of these records to 300 seconds a day or more before the launch; raise it again a week later.

    Looked at are A, AAAA, CNAME and MX of every host, as the domain's own name servers give them, since a resolver
    counts down. Over an hour is nice to fix; over a day is a high risk, as a mistake then lasts longer than a launch.
    NS records are meant to live long and are left out. How long "does not exist" is kept (the lesser of the SOA's TTL
    and MINIMUM, RFC 2308 section 5) should not pass an hour either, or a host added late stays missing. A TTL of 0 is
    mentioned: it makes each visit wait for DNS. What is behind an alias of another owner is theirs to choose.
    """
    zone = await ask_zone(portal, look)
    if isinstance(zone, Failure):
        yield NotChecked(portal.domain, str(zone), UNLOCK)
        return
    if not zone.one_of_each:
        yield NotChecked(zone.name, "none of its name servers answers with authority", UNLOCK)
        return
    # The same questions to all, as the checks of consistency ask them; the shortest life any of them gives counts.
    asked = await ask_all(look, zone.one_of_each, await host_questions(portal, look, zone.name))
    answers = [a for (_, type), told in asked.items() if type != "TXT" for a in told.values() if isinstance(a, Answer)]
    if not answers:
        yield NotChecked(zone.name, "no question was answered", UNLOCK)
        return
    lives = _lives(answers, zone.name)
    for low, high, severity, key in (
        (DAY_S, None, Severity.HIGH, "day"),
        (HOUR_S, DAY_S, Severity.NICE, "hour"),
    ):
        late = {what: s for what, s in lives.items() if s > low and (high is None or s <= high)}
        if late:
            yield Finding(
                zone.name,
                f"{_count(late)} of {zone.name} {'is' if len(late) == 1 else 'are'} kept by resolvers for more than "
                f"{'a day' if key == 'day' else 'an hour'}.",
                evidence=_evidence(late),
                severity=severity,
                key=key,
            )
    if zero := {what: s for what, s in lives.items() if s == 0}:
        yield Finding(
            zone.name,
            f"{_count(zero)} of {zone.name} may not be kept at all (TTL 0), so every visit waits for DNS.",
            evidence=_evidence(zero),
            fix="Set the TTL of these records to 300 seconds.",
            key="zero",
        )
    soas = [w.soa for w in zone.words if isinstance(w.soa, Answer)]
    negative_s = min((n for soa in soas if (n := _negative_s(soa)) is not None), default=0)
    if negative_s > HOUR_S:
        yield Finding(
            zone.name,
            f'Resolvers keep "this name does not exist" for {_span(negative_s)}, so a host added late stays missing.',
            evidence=f"SOA of {zone.name}: the lesser of TTL and MINIMUM is {negative_s} s",
            fix="Set MINIMUM, the last number of the SOA record, to 300 to 3600.",
            key="negative",
        )
    if lives and not any(s == 0 or s > HOUR_S for s in lives.values()) and negative_s <= HOUR_S:
        yield Passed(zone.name, f"{len(lives)} record sets, none kept for longer than {_span(max(lives.values()))}")
    elif not lives:
        yield Passed(zone.name, "it has no address or mail records")


def _lives(answers: Iterable[Answer], zone: str) -> dict[tuple[str, str], int]:
    lives: dict[tuple[str, str], int] = {}
    for answer in answers:
        for record in (*answer.records, *answer.aliases):
            if answer.authoritative and (record.name == zone or record.name.endswith(f".{zone}")):
                what = (record.name, record.type)
                lives[what] = min(lives.get(what, record.ttl_s), record.ttl_s)
    return lives


def _negative_s(soa: Answer) -> int | None:
    return min((_minimum(record) for record in soa.records), default=None)


def _minimum(record: Record) -> int:
    return min(record.ttl_s, int(record.text.split()[6]))


def _count(lives: dict[tuple[str, str], int]) -> str:
    return "One record set" if len(lives) == 1 else f"{len(lives)} record sets"


def _evidence(lives: dict[tuple[str, str], int]) -> str:
    return ", ".join(f"{name} {type}: {seconds} s" for (name, type), seconds in sorted(lives.items()))[:800]


def _span(seconds: int) -> str:
    for size, unit in ((DAY_S, "day"), (HOUR_S, "hour"), (60, "minute")):
        if seconds >= size:
            number = f"{seconds / size:.1f}".removesuffix(".0")
            return f"{number} {unit}{'' if number == '1' else 's'}"
    return f"{seconds} seconds"
