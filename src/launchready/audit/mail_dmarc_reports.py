"""DMARC reports (RFC 9990): whether they are asked for, arrive, and may go where they are sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from launchready.audit.dmarc import Record, is_dmarc
from launchready.audit.dmarc_policy import Judged, all_judged, discover_policy, published
from launchready.audit.mail_domain import parse_exchangers, texts, unanswered
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.dns import Answer
from launchready.probes.look import Look


@check(
    "mail.dmarc.reports",
    Stage.AUDIT,
    roadmap="A5 X1 M2(mail)",
    severity=Severity.NICE,
    effort=15,
    reference="RFC 9989 section 4.7",
)
async def reports(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Nobody receives the DMARC reports.

    Why: the reports are how you learn that your own mail fails, and who forges it; without them a stricter policy is
    a leap in the dark.

    Fix: add `rua=mailto:` and a mailbox, or the address a report service gives you.

    Nice to fix: no mail is lost by it. Found when `rua` is absent or holds no valid address, or when its domain has
    neither MX nor address records, as when it was mistyped.
    """
    for item in await all_judged(portal, look):
        if item.unknown:
            yield NotChecked(item.domain, item.unknown)
        elif not item.record or item.mail.sends is False or item.registrys:
            yield Passed(item.domain, _not_ours(item))
        else:
            for row in await _reports(item, item.record, look):
                yield row


def _not_ours(item: Judged) -> str:
    if not item.record:
        return "no record in force to judge"
    return "the record is the registry's" if item.registrys else "sends no mail"


async def _reports(item: Judged, record: Record, look: Look) -> list[Row]:
    targets = tuple(dict.fromkeys(a.domain for a in record.rua if a.domain))
    location = item.discovery.location
    if not targets:
        tags = {**record.tags, "rua": f"mailto:dmarc@{location}"}
        return [
            Finding(
                item.domain,
                f"The DMARC record of {location} asks for no reports (rua).",
                evidence=record.text[:200],
                paste=published(location, "; ".join(f"{t}={v}" for t, v in tags.items())),
            )
        ]
    deaf = await asyncio.gather(*(_cannot_receive(target, look) for target in targets))
    rows: list[Row] = [
        Finding(
            item.domain,
            f"The DMARC reports of {item.domain} go to {target}, which cannot receive mail.",
            evidence=f"rua=…@{target}; {reason}",
            key=target,
        )
        for target, reason in zip(targets, deaf, strict=True)
        if reason
    ]
    return rows or [Passed(item.domain, f"reports go to {', '.join(targets)}")]


async def _cannot_receive(domain: str, look: Look) -> str:
    """Why a domain surely cannot receive mail; empty when it can, or when it was not told."""
    answers = await asyncio.gather(*(look.dns.query(domain, type) for type in ("MX", "A", "AAAA")))
    mx = answers[0]
    exchangers = parse_exchangers(r.text for r in mx.records) if isinstance(mx, Answer) else ()
    if exchangers and not any(e.host for e in exchangers):
        return "its MX record says that it takes no mail"
    if any(unanswered(answer) or (isinstance(answer, Answer) and answer.exists) for answer in answers):
        return ""
    return "it has no MX and no address records"


@check(
    "mail.dmarc.external",
    Stage.AUDIT,
    roadmap="A5 X1 M2(mail)",
    severity=Severity.NICE,
    effort=15,
    reference="RFC 9990 section 4",
)
async def external(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """DMARC reports are sent to another company's domain, which has not agreed to receive them.

    Why: receivers then send no reports there at all, so you see nothing while you believe that you watch.

    Fix: ask the report service to publish the record below in its own DNS (most do it when you add the domain), or
    have the reports sent to an address of your own domain.

    A domain is another one when its organizational domain, found by the tree walk, differs. The record may be a
    wildcard of the service. Nice to fix: no mail is lost by it.
    """
    for item in await all_judged(portal, look):
        record = item.record
        if item.unknown:
            yield NotChecked(item.domain, item.unknown)
            continue
        if item.registrys:
            yield Passed(item.domain, _not_ours(item))
            continue
        targets = tuple(dict.fromkeys(a.domain for a in (*record.rua, *record.ruf) if a.domain)) if record else ()
        rows = [row for row in await asyncio.gather(*(_authorised(item, t, look) for t in targets[:10])) if row]
        for row in rows or [Passed(item.domain, "reports stay at home" if targets else "no reports are asked for")]:
            yield row


async def _authorised(item: Judged, target: str, look: Look) -> Row | None:
    """A row for a target of another organization; None for one of the same."""
    location, home = item.discovery.location, item.discovery.organizational
    name = f"{location}._report._dmarc.{target}"
    (there, _, unknown), agreed = await asyncio.gather(discover_policy(target, look), texts(look, name))
    # A name below may be an organization of its own, where a record on the way says psd=n or psd=y.
    if there.organizational == home or (target.endswith(f".{home}") and not there.record):
        return None
    if agreed.unknown or (unknown and not any(map(is_dmarc, agreed.values))):
        return NotChecked(item.domain, f"whether {target} accepts its reports: {agreed.unknown or unknown}")
    if await _cannot_receive(target, look):
        return None  # mail.dmarc.reports says so
    if any(map(is_dmarc, agreed.values)):
        return Passed(item.domain, f"{target} accepts reports about {location}")
    return Finding(
        item.domain,
        f"{target} has not agreed to receive the DMARC reports of {location}, so none are sent there.",
        evidence=f"{name} TXT: {agreed.values[0][:60] if agreed.values else 'none'}",
        paste=f'{name}. 3600 IN TXT "v=DMARC1"',
        key=target,
    )
