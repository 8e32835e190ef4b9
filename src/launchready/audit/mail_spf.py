"""SPF: which servers may send as the domain, judged by RFC 7208 as a receiver evaluates it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from launchready.audit.mail_domain import MailDomain, Texts, mail_domain, texts
from launchready.audit.spf_record import SpfRecord, Term, is_spf, parse
from launchready.audit.spf_walk import MOST_LOOKUPS, MOST_VOID, Branch, walk
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.look import Look

HUGE_V4, HUGE_V6 = 16, 32
"""A network this short or shorter holds more than any one sender: a provider's whole range."""
_NEARLY = re.compile(r"\s*[\"']?(?:v\s*=\s*spf|spf1\b|v=spf1[^ ])", re.IGNORECASE)
"""What was meant as an SPF record and is none to a receiver."""


@dataclass(frozen=True, slots=True)
class Spf:
    """What is known of one domain's SPF."""

    domain: MailDomain
    texts: Texts
    record: SpfRecord | None
    """The one record; None when there is none, or more than one."""
    top: Branch | None

    @property
    def name(self) -> str:
        """The domain."""
        return self.domain.domain


async def _all(portal: Portal, look: Look) -> tuple[Spf, ...]:
    async def one(name: str) -> Spf:
        domain, text = await asyncio.gather(mail_domain(name, portal, look), texts(look, name))
        records = [value for value in text.values if is_spf(value)]
        if len(records) != 1:
            return Spf(domain, text, None, None)
        top = await walk(name, records[0], look)
        look.pictures[f"SPF of {name}"] = top.tree()
        return Spf(domain, text, parse(records[0]), top)

    async def ask() -> tuple[Spf, ...]:
        return tuple(await asyncio.gather(*map(one, portal.mail_domains)))

    return await look.network.once("spf", ask)


def _unread(spf: Spf) -> Row | None:
    """The row of a domain whose record there is none to judge: not known, or for another check to say."""
    if spf.texts.unknown:
        return NotChecked(spf.name, spf.texts.unknown, "run it again, or name a resolver that answers")
    if spf.record is None:
        return Passed(spf.name, "there is no single record to judge")
    return None


@check(
    "mail.spf.missing",
    Stage.AUDIT,
    roadmap="A5 X1 M2(mail)",
    severity=Severity.BLOCKER,
    effort=15,
    reference="RFC 7208 section 3",
)
async def missing(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A domain that sends mail has no SPF record.

    Why: Receivers cannot tell your servers from a forger's; Gmail, Yahoo and Outlook put such mail in spam or refuse
    it, invitations and password resets first.

    Fix: Publish one TXT record that names the services that send for you and ends in -all.

    A blocker: SPF is one of the three that the minimum bar asks for (M2), and bulk receivers refuse mail without it. A
    record that receivers do not take for one, because it begins wrongly, counts as missing.
    """
    for spf in await _all(portal, look):
        if spf.texts.unknown:
            yield NotChecked(spf.name, spf.texts.unknown, "run it again, or name a resolver that answers")
        elif any(map(is_spf, spf.texts.values)) or spf.domain.sends is False:
            yield Passed(spf.name, "sends no mail" if spf.domain.sends is False else "there is a record")
        elif nearly := next((v for v in spf.texts.values if _NEARLY.match(v)), None):
            problem = f"{spf.name} has a TXT record that looks like SPF, but receivers do not take it for one."
            yield Finding(
                spf.name, problem, nearly[:200], "Begin the record with `v=spf1` and one space.", key="nearly"
            )
        elif spf.domain.sends is None:
            yield NotChecked(
                spf.name, f"whether it sends mail is not known: {spf.domain.unknown}", "say so in [mail] sends"
            )
        else:
            paste = f'{spf.name}. 300 IN TXT "v=spf1 mx -all"'
            yield Finding(spf.name, f"{spf.name} sends mail but has no SPF record.", paste=paste)


@check(
    "mail.spf.single",
    Stage.AUDIT,
    roadmap="A5 X1 M2(mail)",
    severity=Severity.BLOCKER,
    effort=15,
    reference="RFC 7208 section 4.5",
)
async def single(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A domain has more than one SPF record.

    Why: Receivers must treat two records as an error and then know nothing of your senders: mail lands in spam.

    Fix: Merge them into one record: all mechanisms after one `v=spf1`, one `all` at the end.

    A blocker, because it breaks SPF for every message, and usually happens when a second service is added in a hurry.
    """
    for spf in await _all(portal, look):
        records = [value for value in spf.texts.values if is_spf(value)]
        if spf.texts.unknown:
            yield NotChecked(spf.name, spf.texts.unknown, "run it again, or name a resolver that answers")
        elif len(records) > 1:
            problem = f"{spf.name} has {len(records)} SPF records, which receivers treat as an error."
            yield Finding(spf.name, problem, " | ".join(records)[:300], paste=_merged(spf.name, records))
        else:
            yield Passed(spf.name)


@check(
    "mail.spf.syntax",
    Stage.AUDIT,
    roadmap="A5 X1 M2(mail)",
    severity=Severity.BLOCKER,
    effort=10,
    reference="RFC 7208 section 12",
)
async def syntax(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The SPF record has a mistake that makes all of it an error.

    Why: One wrong term and receivers end with a permanent error for every message: mail lands in spam.

    Fix: Correct the term that is named; see the evidence for its place.

    A blocker, because a permerror breaks SPF for every message. Terms after `all`, which are never reached, and a
    redirect beside an `all`, which is ignored, are nice to fix.
    """
    for spf in await _all(portal, look):
        if (row := _unread(spf)) or spf.record is None:
            yield row or Passed(spf.name)
        elif spf.record.problems:
            problem = f"The SPF record of {spf.name} has a mistake: {spf.record.problems[0]}."
            yield Finding(spf.name, problem, "; ".join(spf.record.problems)[:400] + f" in {spf.record.text[:300]}")
        elif dead := _unreachable(spf.record):
            problem = f"The SPF record of {spf.name} has terms that are never reached: {dead}."
            yield Finding(spf.name, problem, spf.record.text[:300], severity=Severity.NICE, key="unreachable")
        else:
            yield Passed(spf.name, spf.record.text[:200])


@check(
    "mail.spf.lookups",
    Stage.AUDIT,
    roadmap="A5 X1 M2(mail)",
    severity=Severity.BLOCKER,
    effort=30,
    reference="RFC 7208 section 4.6.4",
)
async def lookups(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Evaluating the SPF record takes more than ten DNS lookups.

    Why: Receivers stop at the eleventh with a permanent error; whatever comes after is not yours to them.

    Fix: Remove services you no longer use; replace `a` and `mx` by ip4 and ip6 where addresses are fixed; send from a
    subdomain of its own with a record of its own.

    Counted: include, a, mx, ptr, exists and redirect, in the whole chain, as for a message that only the last term
    decides. More than ten is a blocker; exactly ten is allowed, and nice to fix, because the next change of an included
    service breaks it.
    """
    for spf in await _all(portal, look):
        if (row := _unread(spf)) or spf.top is None:
            yield row or Passed(spf.name)
        elif (count := spf.top.lookups) > MOST_LOOKUPS:
            problem = f"The SPF record of {spf.name} takes {count} DNS lookups; receivers stop at {MOST_LOOKUPS}."
            yield Finding(spf.name, problem, _costs(spf.top))
        elif unknown := _unknown(spf.top):
            yield NotChecked(spf.name, unknown, "run it again when the name servers of the included services answer")
        else:
            yield Passed(spf.name, f"{count} of {MOST_LOOKUPS} lookups")


@check(
    "mail.spf.voids",
    Stage.AUDIT,
    roadmap="A5 M2(mail)",
    severity=Severity.HIGH,
    effort=15,
    reference="RFC 7208 section 4.6.4",
)
async def voids(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """More than two lookups of the SPF record find nothing.

    Why: Receivers may end with a permanent error after the second: mail lands in spam with some and not with others.

    Fix: Remove the terms whose names no longer exist.

    High, not a blocker, because the limit is one that receivers should keep (RFC 7208 section 4.6.4: SHOULD).
    """
    for spf in await _all(portal, look):
        if (row := _unread(spf)) or spf.top is None:
            yield row or Passed(spf.name)
        elif spf.top.voids > MOST_VOID:
            dead = ", ".join(b.term.text for b in spf.top.all() if b.void and b.term)
            problem = (
                f"{spf.top.voids} lookups of the SPF record of {spf.name} find nothing; receivers allow {MOST_VOID}."
            )
            yield Finding(spf.name, problem, dead[:300])
        elif unknown := _unknown(spf.top):
            yield NotChecked(spf.name, unknown, "run it again when the name servers of the included services answer")
        else:
            yield Passed(spf.name, f"{spf.top.voids} of {MOST_VOID} void lookups")


@check(
    "mail.spf.dead_include",
    Stage.AUDIT,
    roadmap="A5 X1 M2(mail)",
    severity=Severity.BLOCKER,
    effort=15,
    reference="RFC 7208 sections 5.2, 6.1",
)
async def dead_include(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """An include or redirect of the SPF record leads to no usable record.

    Why: A receiver that reaches it ends with a permanent error: the mail of the services named after it lands in spam.

    Fix: Remove the term if the service is no longer used; otherwise take the right name from the service's own guide.

    A blocker, because it is a permerror for every message that is not decided earlier. That covers a target without SPF
    record, with several, with a mistake in it, and one that includes itself.
    """
    for spf in await _all(portal, look):
        if (row := _unread(spf)) or spf.top is None:
            yield row or Passed(spf.name)
            continue
        broken = [b for b in spf.top.all() if b.problem]
        if broken:
            term = broken[0].term.text if broken[0].term else ""
            problem = f"The SPF record of {spf.name} leads to an error at {term}: {broken[0].problem}."
            yield Finding(spf.name, problem, "; ".join(b.problem for b in broken)[:300])
        elif unknown := _unknown(spf.top):
            yield NotChecked(spf.name, unknown, "run it again when the name servers of the included services answer")
        else:
            yield Passed(spf.name, "every include leads to a record")


@check(
    "mail.spf.permissive",
    Stage.AUDIT,
    roadmap="A5 M2(mail)",
    severity=Severity.HIGH,
    effort=10,
    reference="RFC 7208 sections 5.1, 8",
)
async def permissive(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The SPF record lets strangers send as the domain.

    Why: Anyone can write to your clients in your name, invoices included, and the receiver's check says it is you.

    Fix: End the record with -all (or ~all where DMARC rejects), and name only networks that are yours.

    `+all` and networks of a size no sender has (ip4 of /16 or shorter, ip6 of /32 or shorter) pass strangers: `+all` is
    a blocker, a network high. `?all`, or no `all` and no redirect, says nothing about strangers: high.
    """
    for spf in await _all(portal, look):
        if (row := _unread(spf)) or spf.record is None or spf.top is None:
            yield row or Passed(spf.name)
            continue
        wide = [t for b in spf.top.all() if (t := b.term) and _is_huge(t)]
        passes_all = [b for b in spf.top.all() if b.term and b.term.name == "all" and b.term.qualifier == "+"]
        last = _last_word(spf.top)
        fixed = re.sub(r"\s+[+?]?all\b", "", spf.record.text, flags=re.IGNORECASE) + " -all"
        paste = f'{spf.name}. 300 IN TXT "{fixed}"'
        if passes_all:
            problem = f"The SPF record of {spf.name} lets every server in the world send as it."
            yield Finding(spf.name, problem, spf.record.text[:300], "", paste, Severity.BLOCKER, key="all")
        elif wide:
            problem = f"The SPF record of {spf.name} lets a whole range of strangers send as it: {wide[0].text}."
            yield Finding(spf.name, problem, spf.record.text[:300], key="network")
        elif last in ("?", ""):
            problem = f"The SPF record of {spf.name} says nothing about servers it does not name."
            yield Finding(spf.name, problem, spf.record.text[:300], paste=paste, key="neutral")
        else:
            yield Passed(spf.name, f"ends in {last}all")


@check("mail.spf.ptr", Stage.AUDIT, roadmap="A5", severity=Severity.NICE, effort=10, reference="RFC 7208 section 5.5")
async def ptr(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The SPF record uses the deprecated `ptr` mechanism.

    Why: It is slow, and some receivers ignore it, so that mail passes with one and fails with another.

    Fix: Name the addresses by ip4, ip6, a or mx instead.

    Nice to fix: it still works with most receivers (RFC 7208: SHOULD NOT be published).
    """
    for spf in await _all(portal, look):
        if (row := _unread(spf)) or spf.top is None:
            yield row or Passed(spf.name)
        elif used := next((b for b in spf.top.all() if b.term and b.term.name == "ptr"), None):
            yield Finding(spf.name, f"The SPF record of {spf.name} uses ptr.", used.term.text if used.term else "")
        else:
            yield Passed(spf.name)


def _unreachable(record: SpfRecord) -> str:
    names = [term.name for term in record.terms]
    if "all" not in names:
        return ""
    after = [
        t.text for t in record.terms[names.index("all") + 1 :] if t.name not in ("redirect", "exp") and t.qualifier
    ]
    after += [t.text for t in record.terms if t.name == "redirect"]
    return ", ".join(after)[:200]


def _is_huge(term: Term) -> bool:
    if term.qualifier != "+" or term.network is None:
        return False
    return term.network.prefixlen <= (HUGE_V4 if term.network.version == 4 else HUGE_V6)


def _last_word(top: Branch) -> str:
    """The qualifier of the `all` that decides for strangers, by redirects; empty when nothing does."""
    for branch in top.children:
        if branch.term and branch.term.name == "all":
            return branch.term.qualifier
    for branch in top.children:
        if branch.term and branch.term.name == "redirect":
            return _last_word(branch) if not (branch.problem or branch.unknown or branch.term.has_macro) else "redirect"
    return ""


def _costs(top: Branch) -> str:
    parts = [f"{b.term.text} {b.lookups}" for b in top.children if b.term and b.lookups]
    return ", ".join(parts)[:300]


def _unknown(top: Branch) -> str:
    return "; ".join(b.unknown for b in top.all() if b.unknown)[:300]


def _merged(name: str, records: list[str]) -> str:
    terms = [t for record in records for t in record.split()[1:] if not re.fullmatch(r"[+\-~?]?all", t, re.IGNORECASE)]
    return f'{name}. 300 IN TXT "v=spf1 {" ".join(dict.fromkeys(terms))} -all"'
