"""DMARC by RFC 9989: whether a record is in force for each mail domain, and how strong it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from launchready.audit.dmarc import Flaw, Record, is_dmarc, near_miss, parse_record, walk, weaker
from launchready.audit.dmarc_policy import Judged, all_judged, published
from launchready.audit.mail_domain import texts
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.look import Look


@check(
    "mail.dmarc.missing",
    Stage.AUDIT,
    roadmap="A5 A8 X1 M2(mail)",
    severity=Severity.BLOCKER,
    effort=15,
    reference="RFC 9989 section 4.10",
)
async def missing(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The domain has no DMARC record.

    Why: nothing tells receivers what to do with forged mail in your name, and Gmail, Yahoo and Microsoft treat mail
    of domains without a record with suspicion, up to refusing it.

    Fix: publish the TXT record below. Watch the reports for some weeks, then go from `p=none` to `p=quarantine` or
    `p=reject`.

    The record is looked for as receivers do since RFC 9989 (May 2026): at the domain, then at up to seven parents, no
    public suffix list. A blocker because the minimum bar (M2) asks for DMARC; a record that only watches (`p=none`)
    is `mail.dmarc.policy`, one that is there but faulty is `mail.dmarc.syntax` or `mail.dmarc.single`.
    """
    for item in await all_judged(portal, look):
        if item.unknown:
            yield NotChecked(item.domain, f"the DMARC record could not be asked for: {item.unknown}")
        elif item.mail.sends is False:
            yield Passed(item.domain, "sends no mail: mail.silent judges it")
        elif item.discovery.record:
            yield Passed(item.domain, f"a record at _dmarc.{item.discovery.location}")
        elif item.records or item.misses:
            yield Passed(item.domain, "there is one, though faulty")
        else:
            yield await _missing(item, look)


async def _missing(item: Judged, look: Look) -> Finding:
    # Where panels and people put it by mistake: at the domain itself, and with the domain's name twice.
    wrong = (item.domain, f"_dmarc.{item.domain}.{item.domain}")
    lost = [t for t in await asyncio.gather(*(texts(look, name) for name in wrong)) if any(map(is_dmarc, t.values))]
    place = f"; one is at {lost[0].name}, where nobody looks" if lost else ""
    return Finding(
        item.domain,
        f"{item.domain} has no DMARC record{place}.",
        evidence=f"TXT at _dmarc. of {', '.join(walk(item.domain))}: no v=DMARC1",
        paste=f'_dmarc.{item.domain}. 3600 IN TXT "v=DMARC1; p=none; rua=mailto:dmarc@{item.domain}"',
    )


@check(
    "mail.dmarc.single",
    Stage.AUDIT,
    roadmap="A5 X1 M2(mail)",
    severity=Severity.BLOCKER,
    effort=5,
    reference="RFC 9989 section 4.10",
)
async def single(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The domain has several DMARC records, so none of them counts.

    Why: receivers must discard all of them, as if the domain had no DMARC record.

    Fix: merge the records into one at `_dmarc`, and delete the others.

    Other TXT records at the same name, such as a verification code or what a wildcard answers, do no harm and are
    passed over.
    """
    for item in await all_judged(portal, look):
        if item.texts.unknown:
            yield NotChecked(item.domain, item.texts.unknown)
        elif len(item.records) > 1:
            yield Finding(
                item.domain,
                f"{item.domain} has {len(item.records)} DMARC records; receivers then heed none.",
                evidence=" | ".join(sorted(r[:80] for r in item.records[:4])),
                paste=published(item.domain, _strongest(item.records)),
            )
        else:
            yield Passed(item.domain, "at most one record")


@check(
    "mail.dmarc.syntax",
    Stage.AUDIT,
    roadmap="A5 X1 M2(mail)",
    severity=Severity.HIGH,
    effort=10,
    reference="RFC 9989 section 4.8",
)
async def syntax(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The DMARC record is not written as receivers read it.

    Why: receivers ignore what they cannot read: a tag, or the whole record, so that nothing protects your name.

    Fix: publish the record as shown below.

    A record that receivers ignore as a whole is a blocker, as a missing one is; one with an invalid policy that they
    read as `p=none` is a high risk; an invalid value that they replace by its default, a mistyped tag or report
    address, and `pct` under 100 are nice to fix. RFC 9989 took `pct`, `rf` and `ri` out: receivers that follow it
    ignore them, so `pct=100` and the other two do no harm and are no finding. Any order of tags after `v` is right.
    """
    for item in await all_judged(portal, look):
        if item.texts.unknown:
            yield NotChecked(item.domain, item.texts.unknown)
            continue
        rows = _syntax(item)
        for row in rows:
            yield row
        if not rows:
            yield Passed(item.domain, "as RFC 9989 writes it" if item.records else "no record of its own")


def _syntax(item: Judged) -> list[Finding]:
    if not item.records and item.misses and not item.discovery.own:
        text = item.misses[0]
        return [
            Finding(
                item.domain,
                f"Receivers do not take the record at _dmarc.{item.domain} for DMARC: {near_miss(text)}.",
                evidence=text[:200],
                paste=published(item.domain, _rebuilt(text)),
                severity=Severity.BLOCKER,
                key="ignored",
            )
        ]
    if len(item.records) != 1:
        return []
    record = parse_record(item.records[0])
    rows = [_flaw(item.domain, record, flaw) for flaw in record.flaws]
    share = record.tags.get("pct", "100")
    if share != "100":
        rows.append(
            Finding(
                item.domain,
                f"The DMARC record of {item.domain} says pct={share[:8]}, which no longer has one meaning.",
                evidence=record.text[:200],
                fix="Take pct out; to try a policy out, write t=y instead.",
                paste=published(item.domain, "; ".join(f"{t}={v}" for t, v in record.tags.items() if t != "pct")),
                severity=Severity.NICE,
                reference="RFC 9989 appendix A.6",
                key="pct",
            )
        )
    return rows


def _flaw(domain: str, record: Record, flaw: Flaw) -> Finding:
    severity, effect = Severity.NICE, ""
    if flaw.tag in ("p", "sp", "np"):
        severity, effect = (
            (Severity.HIGH, "; receivers read it as p=none")
            if record.in_force
            else (Severity.BLOCKER, "; receivers ignore the whole record")
        )
    elif not flaw.typo and "whole record" in flaw.says:
        severity = Severity.HIGH
    return Finding(
        domain,
        f"In the DMARC record of {domain}, {flaw.says}{effect}.",
        evidence=record.text[:200],
        severity=severity,
        key=flaw.tag or "tag",
    )


@check(
    "mail.dmarc.policy",
    Stage.AUDIT,
    roadmap="A5 A8 X1 M2(mail)",
    severity=Severity.HIGH,
    effort=20,
    reference="RFC 9989 section 4.7",
)
async def policy(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The DMARC policy lets forged mail through.

    Why: anyone can send your clients an invoice in your name, and it arrives: the policy only asks for reports.

    Fix: once the reports show that your own mail passes, publish `p=quarantine`, then `p=reject`.

    `p=none` is a high risk and not a blocker: Gmail and Yahoo accept it as the least a sender must have, and it is the
    right first step, but it protects nobody. `p=quarantine` passes: RFC 9989 section 7.4 advises domains whose people
    write to mailing lists against `p=reject`. With `t=y` receivers apply the next weaker policy, and so do we:
    `p=quarantine; t=y` is as good as none (high risk), `p=reject; t=y` is quarantine (nice to fix). A subdomain
    without a record is judged by the record it inherits.
    """
    for item in await all_judged(portal, look):
        if item.unknown:
            yield NotChecked(item.domain, item.unknown)
        elif item.mail.sends is False:
            yield Passed(item.domain, "sends no mail: mail.silent judges it")
        elif not item.record:
            yield Passed(item.domain, "no record in force to judge")
        elif any(flaw.tag in ("p", "sp", "np") for flaw in item.record.flaws):
            yield Passed(item.domain, "its policy cannot be read: mail.dmarc.syntax judges it")
        elif item.applied == "none" or item.record.testing:
            yield _weak(item, item.record)
        else:
            yield Passed(item.domain, f"p={item.policy} from _dmarc.{item.discovery.location}")


def _weak(item: Judged, record: Record) -> Finding:
    tag = "p" if item.discovery.own or "sp" not in record.tags else "sp"
    if record.testing and item.policy != "none":
        problem = f"The DMARC policy of {item.domain} is only tried out (t=y): {item.policy} counts as {item.applied}."
    else:
        problem = f"The DMARC policy of {item.domain} is none: forged mail in its name is delivered."
    if item.registrys:
        paste = published(item.discovery.organizational, f"v=DMARC1; p=quarantine; rua=mailto:dmarc@{item.domain}")
        return Finding(
            item.domain, problem, evidence=f"_dmarc.{item.discovery.location}: {record.text[:200]}", paste=paste
        )
    tags = {t: v for t, v in record.tags.items() if t not in ("t", "pct", "rf", "ri")}
    tags[tag] = item.policy if item.policy != "none" else "quarantine"
    return Finding(
        item.domain,
        problem,
        evidence=f"_dmarc.{item.discovery.location}: {record.text[:200]}",
        paste=published(item.discovery.location, "; ".join(f"{t}={v}" for t, v in tags.items())),
        severity=Severity.HIGH if item.applied == "none" else Severity.NICE,
    )


@check(
    "mail.dmarc.subdomains",
    Stage.AUDIT,
    roadmap="A5 X1 M2(mail)",
    severity=Severity.HIGH,
    effort=10,
    reference="RFC 9989 section 4.7",
)
async def subdomains(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The DMARC record protects the domain but leaves its subdomains open.

    Why: forged mail from `billing.` or `accounts.` of your domain is delivered, and looks no less like yours.

    Fix: take `sp` and `np` out, so that subdomains inherit the policy, or set them to the policy of the domain; give a
    subdomain that cannot pass yet a record of its own.

    A finding only where the domain itself has `quarantine` or `reject` and `sp` (subdomains that exist) or `np` (those
    that do not: anyone can make one up) is `none`. Absent, both inherit. `quarantine` below `reject` is no finding.
    """
    for item in await all_judged(portal, look):
        record = item.record
        if item.unknown:
            yield NotChecked(item.domain, item.unknown)
        elif not record or not item.discovery.own:
            yield Passed(item.domain, "no record of its own in force")
        elif record.p != "none" and "none" in (record.sp, record.np):
            open_tags = [tag for tag, value in (("sp", record.sp), ("np", record.np)) if value == "none"]
            tags = {t: v for t, v in record.tags.items() if t not in open_tags}
            which = "subdomains" if "sp" in open_tags else "subdomains that do not exist"
            yield Finding(
                item.domain,
                f"The DMARC record of {item.domain} lets forged mail of {which} through.",
                evidence=record.text[:200],
                paste=published(item.domain, "; ".join(f"{t}={v}" for t, v in tags.items())),
            )
        else:
            yield Passed(item.domain, f"sp={record.sp}, np={record.np}")


def _strongest(records: tuple[str, ...]) -> str:
    """The record to keep of several: the one with the strongest policy."""
    best = parse_record(records[0])
    for text in records[1:]:
        record = parse_record(text)
        if weaker(best.p, record.p):
            best = record
    return best.text


def _rebuilt(text: str) -> str:
    """A record that was meant as DMARC, written right: what can be read of it after `v=DMARC1`."""
    tags = parse_record(text.strip().strip("\"'“”").replace(",p=", ";p=").replace(" p=", ";p=")).tags
    kept = [f"{tag}={value}" for tag, value in tags.items() if tag in ("p", "sp", "np", "rua", "ruf", "adkim", "aspf")]
    return "; ".join(["v=DMARC1", *(kept or ["p=none"])])
