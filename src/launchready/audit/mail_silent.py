"""Domains that send no mail: whether they say so, so that forged mail in their name is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from launchready.audit.dmarc_policy import Judged, judged
from launchready.audit.mail_domain import forbids_all
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.look import Look


@check(
    "mail.silent",
    Stage.AUDIT,
    roadmap="A5 A8 X1",
    severity=Severity.HIGH,
    effort=10,
    reference="RFC 7505",
)
async def silent(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A domain that sends no mail does not say so.

    Why: a name that never sends is the easiest to forge: nothing tells receivers that an invoice from it cannot be
    yours.

    Fix: publish the three records below: nobody sends (SPF), forged mail is to be refused (DMARC), and none is taken
    (null MX).

    A domain sends no mail when `mail.sends` is false in `launchready.toml`, when its SPF record is `v=spf1 -all`, or
    when it has neither MX nor SPF. Without SPF `-all` or DMARC `reject` it is a high risk. The null MX (RFC 7505) is
    asked for only where there is no MX record, since a domain may take mail and send none; missing alone it is nice to
    fix.
    """
    for item in await asyncio.gather(*(judged(d, portal, look) for d in portal.mail_domains)):
        yield _judge(item)


def _judge(item: Judged) -> Row:
    mail, domain = item.mail, item.domain
    if mail.sends is None:
        return NotChecked(
            domain, f"whether it sends is not known: {mail.unknown}", "say so in launchready.toml: [mail] sends"
        )
    if mail.sends:
        return Passed(domain, "sends mail")
    if not mail.exists:
        return NotChecked(domain, f"{domain} does not exist in DNS", "register the domain, or correct its name")
    if reason := mail.unknown or item.unknown:
        return NotChecked(domain, reason)
    spf = len(mail.spf) == 1 and forbids_all(mail.spf[0])
    refuses = item.applied == "reject"
    null = bool(mail.null_mx or mail.exchangers)
    lacks = [
        text
        for text, there in (("v=spf1 -all", spf), ("DMARC p=reject", refuses), ("a null MX record", null))
        if not there
    ]
    if not lacks:
        return Passed(domain, "sends no mail, and says so")
    are = "are" if len(lacks) > 1 else "is"
    records = [
        f'{domain}. 3600 IN TXT "v=spf1 -all"',
        f'_dmarc.{domain}. 3600 IN TXT "v=DMARC1; p=reject"',
        *([] if mail.exchangers else [f"{domain}. 3600 IN MX 0 ."]),
    ]
    return Finding(
        domain,
        f"{domain} sends no mail but does not say so: {' and '.join(lacks)} {are} missing.",
        evidence=f"SPF: {', '.join(mail.spf)[:100] or 'none'}; DMARC: {item.applied if item.record else 'none'}; "
        f"MX: {'null' if mail.null_mx else len(mail.exchangers)}",
        paste="\n".join(records),
        severity=Severity.NICE if spf and refuses else Severity.HIGH,
    )
