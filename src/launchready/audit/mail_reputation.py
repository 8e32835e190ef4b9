"""The name and the reputation of the addresses that mail leaves from: reverse DNS and block lists."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from launchready.audit.blocklists import CLEAN_TEST, LISTED_TEST, LISTS, BlockList, Weight, question, refusal
from launchready.audit.mail_domain import mail_domain, spf_names, unanswered
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.dns import Answer
from launchready.probes.failures import Failure
from launchready.probes.look import Look

MOST_ADDRESSES = 24
"""So many addresses are looked at."""

_GENERIC = re.compile(
    r"(?:^|[.\-_\d])(?:dyn|dynamic|dhcp|pool|dial|dialup|dsl|adsl|vdsl|cable|ppp|broadband|cust|static)(?:[.\-_\d]|$)"
)


@dataclass(frozen=True, slots=True)
class Sender:
    """An address mail leaves from, or may."""

    host: str
    address: str
    sends: bool
    """The portal names it, or its domain's SPF record lets this exchanger send; else it may only receive."""


async def find_senders(portal: Portal, look: Look) -> tuple[list[Sender], list[NotChecked]]:
    """The addresses of the sending hosts the portal names and of the MX hosts, each once, the named first."""
    mails = await asyncio.gather(*(mail_domain(d, portal, look) for d in portal.mail_domains))
    names: dict[str, tuple[bool, tuple[str, ...]]] = {
        host.strip().strip("[]").lower().rstrip("."): (True, ()) for host in portal.mail.sending_hosts if host.strip()
    }
    for mail in mails:
        for exchanger in mail.exchangers:
            named, spf = names.get(exchanger.host, (False, ()))
            names[exchanger.host] = (named, spf + (mail.spf if mail.sends else ()))
    resolved = await asyncio.gather(*(_addresses(name, look) for name in names))
    senders: dict[str, Sender] = {}
    blind = [NotChecked(m.domain, f"its MX records are not known: {m.mx_unknown}") for m in mails if m.mx_unknown]
    for (name, (named, spf)), addresses in zip(names.items(), resolved, strict=True):
        if isinstance(addresses, Failure):
            blind.append(NotChecked(name, f"its addresses are not known: {addresses}"))
            continue
        for address in addresses:
            senders.setdefault(address, Sender(name, address, named or spf_names(spf, address)))
    return list(senders.values())[:MOST_ADDRESSES], blind


async def _addresses(name: str, look: Look) -> tuple[str, ...] | Failure:
    try:
        return (str(ip_address(name)),)
    except ValueError:
        return await look.dns.addresses(name)


@check(
    "mail.fcrdns",
    Stage.AUDIT,
    roadmap="A5 A8 X1",
    severity=Severity.HIGH,
    effort=20,
    reference="RFC 1912 section 2.1",
)
async def reverse_names(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A mail server's address has no name that leads back to it.

    Why: Gmail and others refuse mail from an address without a name, or with one that does not lead back.

    Fix: set the reverse name (PTR) at the company that gave you the address, to the server's host name, and have that
    host name resolve to the address.

    Looked at are the hosts in `mail.sending_hosts` and the MX hosts. A high risk for those that send: named, or an MX
    host that the SPF record lets send (`mx`, or its address). Nice to fix for an exchanger that only receives, and for
    a name that looks like one given to every customer (it holds the address, or `dsl`, `dynamic`, `pool`).
    """
    senders, blind = await find_senders(portal, look)
    for row in (*blind, *await asyncio.gather(*(_reverse(sender, look) for sender in senders))):
        yield row
    if not senders and not blind:
        yield Passed(portal.domain, "no mail server to look at")


async def _reverse(sender: Sender, look: Look) -> Row:
    place = ip_address(sender.address).reverse_pointer
    answer = await look.dns.query(place, "PTR")
    if reason := unanswered(answer):
        return NotChecked(sender.host, f"the name of {sender.address} is not known: {reason}")
    names = [r.text.rstrip(".").lower() for r in answer.records][:5] if isinstance(answer, Answer) else []
    grave = Severity.HIGH if sender.sends else Severity.NICE
    if not names:
        return Finding(
            sender.host,
            f"The address {sender.address} of mail server {sender.host} has no reverse name.",
            evidence=f"{place} PTR: none",
            paste=f"{place}. 3600 IN PTR {sender.host}.",
            severity=grave,
            key=f"none {sender.address}",
        )
    forward = await asyncio.gather(*(look.dns.addresses(name) for name in names))
    for name, addresses in zip(names, forward, strict=True):
        if not isinstance(addresses, Failure) and sender.address in addresses:
            return (
                _generic(sender, name)
                if is_generic(name, sender.address)
                else Passed(sender.host, f"{sender.address}: {name}")
            )
    if failed := next((a for a in forward if isinstance(a, Failure)), None):
        return NotChecked(sender.host, f"whether {names[0]} leads back to {sender.address}: {failed}")
    return Finding(
        sender.host,
        f"The reverse name of {sender.address}, {names[0]}, does not lead back to it.",
        evidence=f"{place} PTR {names[0]}; its addresses: {', '.join(str(a) for a in forward[0]) or 'none'}"[:300]
        if not isinstance(forward[0], Failure)
        else f"{place} PTR {names[0]}",
        severity=grave,
        key=f"forward {sender.address}",
    )


def _generic(sender: Sender, name: str) -> Finding:
    return Finding(
        sender.host,
        f"The reverse name of {sender.address}, {name}, looks like one given to every customer.",
        evidence=f"{sender.address} PTR {name}",
        severity=Severity.NICE,
        key=f"generic {sender.address}",
    )


def is_generic(name: str, address: str) -> bool:
    """Whether a reverse name looks automatic: it holds the address, or a word for lines of end customers."""
    ip = ip_address(address)
    if ip.version == 4:
        octets = address.split(".")
        for parts in (octets, octets[::-1]):
            if re.search(rf"(?<!\d){'[.-]'.join(f'0{{0,2}}{part}' for part in parts)}(?!\d)", name):
                return True
        if "".join(part.zfill(3) for part in octets) in name or f"{int(ip):08x}" in name:
            return True
    elif ip.exploded.replace(":", "") in name.replace("-", "").replace(".", ""):
        return True
    return bool(_GENERIC.search(name))


@check(
    "mail.blocklist",
    Stage.AUDIT,
    roadmap="A5 A8 X1",
    severity=Severity.HIGH,
    effort=60,
    reference="RFC 5782",
)
async def blocklist(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A mail server's address is on a block list.

    Why: receivers that ask the list refuse the portal's mail or put it into the spam folder.

    Fix: find out why (a broken form, a stolen password, a neighbour on a shared address), end it, then ask the list to
    take the address out at the page named in the evidence.

    Asked are Spamhaus ZEN, SpamCop and Barracuda, the lists receivers use most. On Spamhaus (SBL, CSS, XBL, DROP) it is
    a blocker for an address that sends, because most receivers refuse it outright; on the others a high risk. The PBL
    is a high risk for an address that sends and nothing for one that only receives; any other listing of one that only
    receives is nice to fix. A list counts only if its test entry answers as RFC 5782 section 5 has it: an answer such
    as 127.255.255.254 refuses the question (public resolvers are turned away) and is "not checked", never a listing.
    """
    senders, blind = await find_senders(portal, look)
    for missing in blind:
        yield missing
    if not senders:
        if not blind:
            yield Passed(portal.domain, "no mail server to look at")
        return
    for rows in await asyncio.gather(*(_ask(one, senders, look) for one in LISTS)):
        for row in rows:
            yield row


async def _ask(one: BlockList, senders: Sequence[Sender], look: Look) -> list[Row]:
    asked = [s for s in senders if one.ipv6 or ip_address(s.address).version == 4]
    addresses = [LISTED_TEST, CLEAN_TEST, *(s.address for s in asked)]
    answers = await asyncio.gather(*(look.dns.query(question(a, one.zone), "A") for a in addresses))
    if reason := _unusable(answers[0], answers[1]):
        own = "" if look.portal.dns.resolvers else "; "
        unlock = "ask through a resolver of your own: --resolver NAME=ADDRESS" + own.rstrip("; ")
        return [NotChecked(one.name, f"{one.zone} cannot be relied on from here: {reason}", unlock)]
    rows: list[Row] = []
    for sender, answer in zip(asked, answers[2:], strict=True):
        values = answer.values if isinstance(answer, Answer) else ()
        if reason := unanswered(answer) or refusal(values):
            rows.append(NotChecked(sender.host, f"{sender.address} on {one.zone}: {reason}"))
        elif values and (finding := _listed(one, sender, values)):
            rows.append(finding)
    return rows or [Passed(one.name, f"none of {len(asked)} address(es) is listed")]


def _unusable(listed: Answer | Failure, clean: Answer | Failure) -> str:
    """Why a list's answers say nothing, from its two test entries; empty when they do."""
    if reason := unanswered(listed):
        return reason
    if isinstance(listed, Answer) and (reason := refusal(listed.values)):
        return reason
    if isinstance(listed, Answer) and not listed.exists:
        return "its test entry 127.0.0.2 is not there"
    if isinstance(clean, Answer) and clean.exists:
        return refusal(clean.values) or "it lists everything, as an abandoned list does"
    return ""


def _listed(one: BlockList, sender: Sender, values: Sequence[str]) -> Finding | None:
    known = [(value, *one.codes.get(value, ("", Weight.DOUBTED))) for value in values]
    weight = min((w for _, _, w in known), key=list(Weight).index)
    if weight is Weight.NO_SENDER and not sender.sends:
        return None
    severity = Severity.NICE
    if sender.sends:
        severity = Severity.BLOCKER if weight is Weight.REFUSED else Severity.HIGH
    parts = " ".join(dict.fromkeys(part for _, part, _ in known if part))
    return Finding(
        sender.host,
        f"{sender.address}, an address of mail server {sender.host}, is on a block list of {one.name}: {weight.value}.",
        evidence=f"{question(sender.address, one.zone)} A {', '.join(values)} {parts}; "
        + one.lookup.format(address=sender.address),
        severity=severity,
        key=f"{one.zone} {sender.address}",
    )
