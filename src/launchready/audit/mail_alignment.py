"""Alignment: whether SPF or DKIM, as published, can let the domain's own mail pass its DMARC policy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from launchready.audit.dmarc import Record
from launchready.audit.dmarc_policy import Judged, all_judged
from launchready.audit.mail_dkim import find_selectors
from launchready.audit.mail_domain import forbids_all, mail_domain
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.look import Look


@check(
    "mail.dmarc.alignment",
    Stage.AUDIT,
    roadmap="A5 A8 X1 M2(mail)",
    severity=Severity.HIGH,
    effort=30,
    reference="RFC 9989 section 4.4",
)
async def alignment(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Nothing published lets the domain's own mail pass DMARC.

    Why: the portal's own invitations and invoices fail the check that the DMARC record asks receivers to make: with
    `quarantine` they land in spam, with `reject` they are lost.

    Fix: have the sending service sign with DKIM as this domain, or use a bounce address (MAIL FROM) of this domain
    that its SPF record allows.

    Mail passes when DKIM or SPF passes for the domain behind the @ or, with relaxed alignment, for one of the same
    organization. Seen in DNS are the keys and the SPF record; which of them the mail uses is not. So this finds a
    domain for which neither exists: a blocker when the policy is quarantine or reject, since all its mail is lost.
    """
    for item in await all_judged(portal, look):
        if item.unknown:
            yield NotChecked(item.domain, item.unknown)
        elif item.mail.sends is False or not item.record:
            yield Passed(item.domain, "sends no mail" if item.record else "no record in force to align with")
        else:
            yield await _aligned(item, item.record, portal, look)


async def _aligned(item: Judged, record: Record, portal: Portal, look: Look) -> Row:
    home = item.discovery.organizational
    other = home if home != item.domain else ""
    names = (item.domain, other) if other and not record.strict("adkim") else (item.domain,)
    selectors = [s for found in await asyncio.gather(*(find_selectors(n, portal, look) for n in names)) for s in found]
    if signed := next((s for s in selectors if s.usable), None):
        return Passed(item.domain, f"DKIM key {signed.name} of {signed.domain}")
    if any(not forbids_all(spf) for spf in item.mail.spf):
        return Passed(item.domain, "SPF alone: forwarded mail fails")
    if other and not record.strict("aspf"):
        above = await mail_domain(other, portal, look)
        if any(not forbids_all(spf) for spf in above.spf):
            return Passed(item.domain, f"SPF of {other} alone: forwarded mail fails")
    unknown = item.mail.spf_unknown or next((s.unknown for s in selectors if s.unknown), "")
    if unknown or not any(s.named for s in selectors):
        reason = unknown or "no SPF, and no key at a common DKIM selector; another selector may be in use"
        return NotChecked(item.domain, reason, "name the selector in launchready.toml: [mail] dkim_selectors")
    return Finding(
        item.domain,
        f"No DKIM key and no SPF record let mail of {item.domain} pass DMARC.",
        evidence=f"{item.discovery.location}: {record.text[:160]}",
        severity=Severity.HIGH if item.applied == "none" else Severity.BLOCKER,
    )
