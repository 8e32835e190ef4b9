"""DNSSEC, validated here rather than believed: DS from above, keys and signatures from every name server."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime

import dns.dnssec
import dns.exception
import dns.message
import dns.name
import dns.rrset
from dns.dnssectypes import DSDigest
from dns.name import Name
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS
from dns.rdtypes.ANY.RRSIG import RRSIG
from dns.rrset import RRset

from launchready.edge.authoritative import Zone, ask_all, ask_zone, host_questions
from launchready.edge.delegation import UNLOCK
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.dns import Answer, Server
from launchready.probes.failures import Failure
from launchready.probes.look import Look

DIGESTS = {int(DSDigest.SHA1): "SHA1", int(DSDigest.SHA256): "SHA256", int(DSDigest.SHA384): "SHA384"}
NEARLY = 0.1
"""A signature with less than this share of its life left is about to expire: signers renew at a quarter or a third."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with one name server's signatures."""

    cause: str
    """Stable: `ds`, `keys`, `unsigned`, `expired`, `early`, `signature`, `nearly`."""
    evidence: str


_SAYS = {
    "keys": "the registry says {zone} is signed (DS record), but the zone has no keys",
    "ds": "the registry's DS record of {zone} belongs to another key than the zone has",
    "unsigned": "records of {zone} have no signature, though the registry says it is signed",
    "expired": "the DNSSEC signatures of {zone} have expired",
    "early": "the DNSSEC signatures of {zone} are not valid yet; the signer's clock may be wrong",
    "signature": "the DNSSEC signatures of {zone} do not fit its keys",
}
_REMOVE_DS = "Remove the DS record at the registrar, or replace it by the one that your DNS provider shows now."
_RESIGN = "Have the DNS provider sign the zone anew; until then the DS record can be removed at the registrar."


@check(
    "dns.dnssec.broken",
    Stage.EDGE,
    roadmap="A1 B1 M1",
    severity=Severity.BLOCKER,
    effort=30,
    reference="https://www.rfc-editor.org/rfc/rfc4035#section-5",
)
async def broken(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The domain's DNSSEC is broken, so validating resolvers refuse to answer for it.

    Why: for everyone whose provider validates (Google, Cloudflare, Quad9, many mobile networks) the domain does not
    exist: no website, no mail.

    Fix: after a move to another DNS provider, replace the DS record at the registrar by the new provider's, or remove
    it; when signatures have expired, have the provider sign the zone anew.

    Validated here by RFC 4035 section 5: the DS record from the zone above against the DNSKEY set, and the signatures
    over keys, SOA and every host's addresses, at each name server. One valid signature of a set is enough (RFC 6840
    section 5.4), so a key or algorithm being rolled raises nothing. A blocker, as the domain is gone for validating
    resolvers; a high risk while one of its name servers still gives valid answers. Signatures with less than a tenth
    of their life left are a high risk: signers renew at a quarter or a third, and those that sign each answer afresh
    are always in the middle. Proofs of absence (NSEC) are not judged. When a resolver fails with validation and
    answers without, that is a blocker too, whatever the reason.
    """
    zone = await ask_zone(portal, look)
    if isinstance(zone, Failure):
        yield NotChecked(portal.domain, str(zone), UNLOCK)
        return
    ds, refused = await asyncio.gather(_ds(zone, look), _refused(zone.name, look))
    if isinstance(ds, Failure):
        yield NotChecked(zone.name, f"the DS record could not be asked for: {ds}", UNLOCK)
        return
    flaws = await _flaws(zone, ds, portal, look) if ds else {}
    for row in _found(zone, flaws, refused):
        yield row
    if flaws:
        return
    if refused:
        yield Finding(
            zone.name,
            f"Resolvers that validate DNSSEC refuse to answer for {zone.name}.",
            evidence=refused,
            key="refused",
        )
    elif not ds:
        yield Passed(zone.name, "it is not signed, so nothing can be broken")
    elif not zone.one_of_each:
        yield NotChecked(zone.name, "none of its name servers answers with authority", UNLOCK)
    else:
        tags = ", ".join(str(d.key_tag) for d in ds)
        yield Passed(zone.name, f"DS {tags}, keys and signatures are valid at {len(zone.one_of_each)} name servers")


@check(
    "dns.dnssec.absent",
    Stage.EDGE,
    roadmap="A1 B1",
    severity=Severity.NICE,
    effort=20,
    reference="https://www.rfc-editor.org/rfc/rfc9364",
)
async def absent(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The domain's DNS answers are not signed.

    Why: someone between a client and their resolver can send them to another server without anybody noticing; some
    buyers' security questionnaires ask for DNSSEC.

    Fix: switch DNSSEC on at the DNS provider (one click at most), then enter the DS record it shows at the registrar.

    RFC 9364 calls DNSSEC best current practice. Nice to fix only: TLS protects the pages themselves, and a careless
    change later can take the domain down. A zone that is signed while its registry has no DS record is told
    apart, with the record to paste.
    """
    zone = await ask_zone(portal, look)
    if isinstance(zone, Failure):
        yield NotChecked(portal.domain, str(zone), UNLOCK)
        return
    ds = await _ds(zone, look)
    if isinstance(ds, Failure):
        yield NotChecked(zone.name, f"the DS record could not be asked for: {ds}", UNLOCK)
        return
    if ds:
        yield Passed(zone.name, f"signed: DS {', '.join(str(d.key_tag) for d in ds)}")
        return
    keys = next((k for k in await _keys_everywhere(zone, look) if k), None)
    if keys is None:
        yield Finding(zone.name, f"{zone.name} is not signed with DNSSEC.", evidence="no DS record in the zone above")
        return
    entry = [key for key in keys if key.flags & 1] or list(keys)
    made = [dns.dnssec.make_ds(_name(zone.name), key, "SHA256") for key in entry[:2]]
    yield Finding(
        zone.name,
        f"{zone.name} is signed, but its registry does not know, so the signatures protect nobody.",
        evidence=f"DNSKEY {', '.join(str(d.key_tag) for d in made)}, and no DS record in the zone above",
        fix="Enter this DS record at the registrar.",
        paste="\n".join(f"{zone.name}. 3600 IN DS {d.to_text()}" for d in made),
        key="no-ds",
    )


def flaw_of(rrset: RRset, signatures: Iterable[RRSIG], keys: RRset, now: datetime) -> Flaw | None:
    """Why no signature over a record set is valid at `now`, or that the last of them nearly is not; None if all well.

    `keys` is the DNSKEY set that is trusted.
    """
    what = f"{rrset.name.to_text(omit_final_dot=True)} {dns.rdatatype.to_text(rrset.rdtype)}"
    covering = [s for s in signatures if s.type_covered == rrset.rdtype]
    if not covering:
        return Flaw("unsigned", f"{what} has no RRSIG")
    moment = now.timestamp()
    reasons: list[Flaw] = []
    left: list[tuple[float, Flaw | None]] = []
    for signature in covering:
        until = f"{datetime.fromtimestamp(signature.expiration, now.tzinfo):%Y-%m-%d %H:%M} UTC"
        if signature.expiration < moment:
            reasons.append(Flaw("expired", f"{what}: signature expired {until}"))
            continue
        if signature.inception > moment + 300:
            reasons.append(Flaw("early", f"{what}: signature of key {signature.key_tag} is not valid yet"))
            continue
        try:
            dns.dnssec.validate_rrsig(rrset, signature, {keys.name: keys}, now=moment)
        except (dns.exception.DNSException, ValueError) as error:
            reasons.append(Flaw("signature", f"{what}: signature of key {signature.key_tag}: {error}"[:200]))
            continue
        share = (signature.expiration - moment) / max(1, signature.expiration - signature.inception)
        left.append((share, Flaw("nearly", f"{what}: signature valid until {until}") if share < NEARLY else None))
    return max(left, key=lambda pair: pair[0])[1] if left else reasons[0]


async def _flaws(zone: Zone, ds: list[DS], portal: Portal, look: Look) -> dict[Flaw, list[str]]:
    """Every flaw, with the name servers that have it; the first of each cause and server."""
    servers = zone.one_of_each
    questions = [q for q in await host_questions(portal, look, zone.name) if q[1] in ("A", "AAAA")]
    asked = await ask_all(look, servers, [(zone.name, "DNSKEY"), *questions])
    soas = {w.server: w.soa for w in zone.words}
    flaws: dict[Flaw, list[str]] = defaultdict(list)
    for server in servers:
        found: dict[str, Flaw] = {}
        keys = asked[zone.name, "DNSKEY"][server]
        if isinstance(keys, Failure):
            continue
        others = [told[server] for (_, type), told in asked.items() if type != "DNSKEY"]
        for flaw in _of_server(zone.name, ds, keys, [soas[server], *others], look.now):
            found.setdefault(flaw.cause, flaw)
        for flaw in found.values():
            flaws[flaw].append(server.name)
    return flaws


def _of_server(
    zone: str, ds: list[DS], keys: Answer, answers: Iterable[Answer | Failure], now: datetime
) -> Iterable[Flaw]:
    sets, signatures = _sets_of(keys)
    key_set = next((s for s in sets if s.rdtype == RdataType.DNSKEY), None)
    if key_set is None:
        yield Flaw("keys", f"DS {', '.join(str(d.key_tag) for d in ds)}, and no DNSKEY record ({keys.status})")
        return
    if not any(_usable(d) for d in ds):
        return  # to a validator without these algorithms the zone counts as unsigned (RFC 4035 section 5.2)
    entry = RRset(key_set.name, key_set.rdclass, key_set.rdtype)
    for key in key_set:
        if any(_fits(d, key_set.name, key) for d in ds):
            entry.add(key, key_set.ttl)
    if not entry:
        has = ", ".join(str(dns.dnssec.key_id(key)) for key in key_set)
        yield Flaw("ds", f"DS {', '.join(str(d.key_tag) for d in ds)}; keys of the zone: {has}")
        return
    if flaw := flaw_of(key_set, signatures[key_set.name], entry, now):
        yield flaw
    for answer in answers:
        if not isinstance(answer, Answer) or not answer.authoritative:
            continue
        rrsets, signatures = _sets_of(answer)
        for rrset in rrsets:
            if rrset.name.is_subdomain(key_set.name) and (flaw := flaw_of(rrset, signatures[rrset.name], key_set, now)):
                yield flaw


def _found(asked: Zone, flaws: dict[Flaw, list[str]], refused: str) -> Iterable[Finding]:
    # One cause is one finding, however many servers and records it shows on.
    zone = asked.name
    sound = {s.name for s in asked.one_of_each} - {n for names in flaws.values() for n in names}
    causes: dict[str, list[str]] = defaultdict(list)
    for flaw, servers in flaws.items():
        causes[flaw.cause].append(f"{', '.join(servers)}: {flaw.evidence}")
    grave = [cause for cause in _SAYS if cause in causes]
    for cause in grave[:1]:
        sentence = _SAYS[cause].format(zone=zone)
        yield Finding(
            zone,
            f"{sentence[0].upper()}{sentence[1:]}.",
            evidence="; ".join([*causes[cause], *([refused] if refused else [])])[:1000],
            fix=_REMOVE_DS if cause in ("keys", "ds") else _RESIGN,
            severity=Severity.HIGH if sound and not refused else Severity.BLOCKER,
            key=cause,
        )
    if "nearly" in causes and not grave:
        yield Finding(
            zone,
            f"The DNSSEC signatures of {zone} are about to expire: whatever renews them seems to have stopped.",
            evidence="; ".join(causes["nearly"])[:1000],
            fix=_RESIGN,
            severity=Severity.HIGH,
            key="nearly",
        )


async def _ds(zone: Zone, look: Look) -> list[DS] | Failure:
    """The DS set by the resolver; where that fails, by the server of the zone above that told of the delegation."""
    answer = await look.dns.query(zone.name, "DS")
    above = zone.delegation.parent_server
    if above is not None and (isinstance(answer, Failure) or answer.status not in ("NOERROR", "NXDOMAIN")):
        answer = await look.dns.query(zone.name, "DS", server=above)
    if isinstance(answer, Failure):
        return answer
    sets, _ = _sets_of(answer)
    return [rdata for s in sets if s.rdtype == RdataType.DS for rdata in s]


async def _refused(zone: str, look: Look) -> str:
    """Evidence that a resolver fails with validation and answers without it; empty if not."""
    answers = await asyncio.gather(*(look.dns.query(zone, "SOA", server=r) for r in look.dns.resolvers))
    failing = [a.server for a in answers if isinstance(a, Answer) and a.status == "SERVFAIL"]
    again = await asyncio.gather(*(look.dns.query(zone, "SOA", server=r, unchecked=True) for r in failing))
    names = [r.name for r, a in zip(failing, again, strict=True) if isinstance(a, Answer) and a.status == "NOERROR"]
    return f"{', '.join(names)}: SERVFAIL, and an answer once validation is switched off" if names else ""


async def _keys_everywhere(zone: Zone, look: Look) -> list[RRset | None]:
    servers: tuple[Server, ...] = zone.one_of_each
    answers = (await ask_all(look, servers, [(zone.name, "DNSKEY")])).get((zone.name, "DNSKEY"), {})
    sets = (_sets_of(a)[0] for a in answers.values() if isinstance(a, Answer))
    return [next((s for s in found if s.rdtype == RdataType.DNSKEY), None) for found in sets]


def _sets_of(answer: Answer) -> tuple[list[RRset], dict[Name, list[RRSIG]]]:
    """The record sets of the answer section and the signatures by owner, from the message as it came."""
    signatures: dict[Name, list[RRSIG]] = defaultdict(list)
    try:
        message = dns.message.from_wire(answer.wire)
    except (dns.exception.DNSException, ValueError):
        return [], signatures
    for rrset in message.answer:
        if rrset.rdtype == RdataType.RRSIG:
            signatures[rrset.name].extend(rrset)
    return [s for s in message.answer if s.rdtype != RdataType.RRSIG], signatures


def _usable(ds: DS) -> bool:
    return ds.digest_type in DIGESTS and int(ds.algorithm) in _ALGORITHMS


def _fits(ds: DS, zone: Name, key: DNSKEY) -> bool:
    if ds.digest_type not in DIGESTS or ds.key_tag != dns.dnssec.key_id(key):
        return False
    try:
        made = dns.dnssec.make_ds(zone, key, DIGESTS[ds.digest_type], validating=True)
    except (dns.exception.DNSException, ValueError):
        return False
    return made.digest == ds.digest and ds.algorithm == key.algorithm


def _name(zone: str) -> Name:
    return dns.name.from_text(zone)


_ALGORITHMS = frozenset((5, 7, 8, 10, 13, 14, 15, 16))
"""Those that can be validated here; 5 and 7 (SHA-1) still count for many resolvers."""
