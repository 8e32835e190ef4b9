"""DKIM: whether receivers find a sound public key for the signatures of the portal's mail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from launchready.audit.dkim import KeyRecord, is_key, parse_key
from launchready.audit.mail_domain import mail_domain, texts
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.look import Look

COMMON = {
    "Google Workspace": ("google",),
    "Microsoft 365": ("selector1", "selector2"),
    "Mailchimp and Mandrill": ("k1", "k2", "k3", "mandrill"),
    "SendGrid": ("s1", "s2", "sendgrid", "smtpapi"),
    "Mailgun": ("mx", "pic", "krs", "mailo", "mailgun"),
    "Postmark": ("pm",),
    "Zoho": ("zoho", "zmail"),
    "Fastmail": ("fm1", "fm2", "fm3"),
    "Proton": ("protonmail", "protonmail2", "protonmail3"),
    "Resend": ("resend",),
    "Brevo": ("brevo1", "brevo2"),
    "Mailjet": ("mailjet",),
    "iCloud": ("sig1",),
    "Constant Contact": ("ctct1",),
    "Campaign Monitor": ("cm",),
    "mail servers' own habits": ("default", "mail", "dkim", "smtp", "email", "key1"),
}
"""Selectors services give to everyone, by service. Amazon SES, and Postmark of late, make one up for each customer."""

_OF_SERVICE = {selector: service for service, selectors in COMMON.items() for selector in selectors}
_UNLOCK = (
    'name the selector in launchready.toml: [mail] dkim_selectors = ["…"]; it is the s= of the DKIM-Signature header'
)


@dataclass(frozen=True, slots=True)
class Selector:
    """What is published at one selector of one domain."""

    name: str
    domain: str
    named: bool
    """The portal names it; a missing key is then a fault, not a wrong guess."""
    keys: tuple[KeyRecord, ...] = ()
    strangers: int = 0
    """TXT records at the name that are no keys."""
    unknown: str = ""
    """Why it is not known what is there."""

    @property
    def host(self) -> str:
        """The name the key record is at."""
        return f"{self.name}._domainkey.{self.domain}"

    @property
    def usable(self) -> bool:
        """Receivers find one sound key there."""
        return len(self.keys) == 1 and self.keys[0].usable


async def find_selectors(domain: str, portal: Portal, look: Look) -> tuple[Selector, ...]:
    """Look at the selectors the portal names and at the common ones, all at once; the named ones first."""
    named = tuple(dict.fromkeys(s.strip().lower() for s in portal.mail.dkim_selectors if s.strip()))
    names = (*named, *(s for s in _OF_SERVICE if s not in named))
    return tuple(await asyncio.gather(*(_selector(name, domain, name in named, look) for name in names)))


async def _selector(name: str, domain: str, named: bool, look: Look) -> Selector:
    found = await texts(look, f"{name}._domainkey.{domain}")
    keys = tuple(parse_key(value) for value in found.values if is_key(value))
    return Selector(name, domain, named, keys, len(found.values) - len(keys), found.unknown)


@check(
    "mail.dkim.missing",
    Stage.AUDIT,
    roadmap="A5 A8 X1 M2(mail)",
    severity=Severity.BLOCKER,
    effort=30,
    reference="RFC 6376 section 3.6.2",
)
async def missing(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The domain sends mail that receivers cannot check for a DKIM signature.

    Why: unsigned mail of the portal (invitations, password resets, invoices) lands in the spam folder or is refused;
    Gmail and Yahoo ask senders to sign.

    Fix: switch DKIM on at the service that sends the mail, and publish the record it shows under
    `SELECTOR._domainkey.` of the domain, exactly as shown (a TXT or a CNAME record).

    Selectors named in `launchready.toml` are looked at, and some forty that services give to everyone. DNS cannot be
    asked for all selectors: when none is named and no common one is there, the answer is "not checked", not "missing".
    No key at any named selector is a blocker, because the minimum bar (M2) asks for DKIM; one of several missing is a
    high risk. A revoked key (`mail.dkim.revoked`) or a faulty one (`mail.dkim.key`) is not missing.
    """
    found = await _everywhere(portal, look)
    for domain, selectors in found.items():
        if selectors is None:
            yield Passed(domain, "sends no mail")
            continue
        for row in _missing(domain, selectors, found):
            yield row


def _missing(domain: str, selectors: Sequence[Selector], found: dict[str, tuple[Selector, ...] | None]) -> list[Row]:
    usable = [s for s in selectors if s.usable]
    elsewhere = {s.name for others in found.values() for s in others or () if s.keys and s.domain != domain}
    named = [s for s in selectors if s.named]
    absent = [s for s in named if not s.keys and not s.unknown]
    blind = [NotChecked(s.host, s.unknown) for s in named if s.unknown]
    above = [d for d, s in found.items() if domain.endswith(f".{d}") and any(one.usable for one in s or ())]
    if usable:
        lost = [s for s in absent if s.name not in elsewhere]
        rows: list[Row] = [_absent(s, Severity.HIGH) for s in lost]
        return [*rows, *blind] or [Passed(domain, f"keys at {', '.join(s.name for s in usable)}")]
    if above:
        return [Passed(domain, f"no key of its own; signed as {above[0]}, which relaxed alignment allows"), *blind]
    if absent and len(absent) == len(named):
        return [_absent(absent[0], Severity.BLOCKER, others=absent[1:])]
    if blind or any(s.keys for s in named):
        # A key is there but revoked or faulty: `mail.dkim.revoked` and `mail.dkim.key` say so.
        return [*blind, *(_absent(s, Severity.HIGH) for s in absent)] or [
            Passed(domain, "every named selector has a key")
        ]
    unknown = next((s.unknown for s in selectors if s.unknown), "")
    if unknown:
        return [NotChecked(domain, f"no selector is named, and common ones were not answered: {unknown}", _UNLOCK)]
    tried = f"no selector is named, and none of {len(selectors)} common ones has a key"
    return [NotChecked(domain, f"{tried}; the mail may be signed under another", _UNLOCK)]


def _absent(selector: Selector, severity: Severity, others: Sequence[Selector] = ()) -> Finding:
    names = " and ".join(s.name for s in (selector, *others))
    return Finding(
        selector.domain if others or severity is Severity.BLOCKER else selector.host,
        f"There is no DKIM key at {names} of {selector.domain}, which launchready.toml says the mail is signed with.",
        evidence=_beside(selector),
        severity=severity,
        key=names,
    )


def _beside(selector: Selector) -> str:
    if selector.strangers:
        return f"{selector.host} has {selector.strangers} TXT record(s), none a DKIM key"
    return f"{selector.host} TXT: none"


@check(
    "mail.dkim.revoked",
    Stage.AUDIT,
    roadmap="A5 A8 X1 M2(mail)",
    severity=Severity.HIGH,
    effort=20,
    reference="RFC 6376 section 3.6.1",
)
async def revoked(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A DKIM key the mail is signed with has been revoked.

    Why: receivers treat every signature made with it as broken, so the mail counts as unsigned and lands in spam.

    Fix: publish the current key of the sending service at this selector, or sign with another selector and take this
    one out of `launchready.toml`.

    Only selectors named in `launchready.toml` are judged: an empty `p=` at another selector is how a key is retired,
    and a parked domain may revoke all by a wildcard.
    """
    for domain, selectors in (await _everywhere(portal, look)).items():
        gone = [s for s in selectors or () if s.named and len(s.keys) == 1 and s.keys[0].revoked]
        for selector in gone:
            yield Finding(
                selector.host,
                f"The DKIM key {selector.name} of {domain} is revoked, though the mail is signed with it.",
                evidence=selector.keys[0].text[:120],
            )
        if not gone:
            yield _quiet(domain, selectors, "no key in use is revoked")


@check(
    "mail.dkim.testing",
    Stage.AUDIT,
    roadmap="A5 X1 M2(mail)",
    severity=Severity.NICE,
    effort=5,
    reference="RFC 6376 section 3.6.1",
)
async def testing(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A DKIM key still carries the testing flag.

    Why: `t=y` tells receivers to treat signed mail as if it were unsigned, so the portal's mail may gain nothing from
    its signature.

    Fix: publish the key record again without `t=y`.

    Nice to fix rather than a risk: large receivers count the signature all the same, but the standard lets them not to.
    """
    for domain, selectors in (await _everywhere(portal, look)).items():
        flagged = [s for s in selectors or () if len(s.keys) == 1 and s.keys[0].usable and s.keys[0].testing]
        for selector in flagged:
            yield Finding(
                selector.host,
                f"The DKIM key {selector.name} of {domain} says that it is only a test (t=y).",
                evidence=_without_key(selector.keys[0]),
            )
        if not flagged:
            yield _quiet(domain, selectors, "no key says that it is a test")


@check(
    "mail.dkim.key",
    Stage.AUDIT,
    roadmap="A5 A8 X1 M2(mail)",
    severity=Severity.HIGH,
    effort=20,
    reference="RFC 8301 section 3.2",
)
async def key(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A DKIM key is too weak, or receivers cannot use it.

    Why: with a key that cannot be read the portal's mail counts as unsigned; a key that is too short can be
    computed by anyone, who then signs mail as you.

    Fix: create a new key of 2,048 bits (RSA) at the sending service and publish it under a new selector.

    RSA under 1,024 bits is a blocker: receivers must not accept it (RFC 8301 section 3.2), and 512 bits are computed
    in hours for some tens of dollars. From 1,024 up to 2,048 bits is nice to fix (RFC 8301: signers should use 2,048).
    More than 4,096 bits is nice to fix: receivers need not support it. Ed25519 (RFC 8463) is understood and, being
    unknown to some receivers, best published beside an RSA key; alone it is nice to fix. A key that cannot be read
    (wrong Base64, unknown type, SHA-1 only, `v=` not first, several records at one selector) is a high risk.
    """
    for domain, selectors in (await _everywhere(portal, look)).items():
        rows = [row for s in selectors or () if (row := _judge(s))]
        sound = [s for s in selectors or () if s.usable]
        if sound and not rows and all(s.keys[0].algorithm == "ed25519" for s in sound):
            rows = [_only_ed25519(sound[0])]
        for row in rows:
            yield row
        if not rows:
            yield _quiet(domain, selectors, _seen(sound))


def _judge(selector: Selector) -> Finding | None:
    if not selector.keys:
        return None
    if len(selector.keys) > 1 or selector.strangers:
        count = len(selector.keys) + selector.strangers
        return Finding(
            selector.host,
            f"There are {count} TXT records at {selector.host}, and receivers may take any one of them.",
            evidence=_without_key(selector.keys[0]),
            fix="Delete all but the record the sending service shows now.",
            reference="RFC 6376 section 3.6.2.2",
            key="several",
        )
    record = selector.keys[0]
    if record.problem:
        return Finding(
            selector.host,
            f"Receivers cannot use the DKIM key {selector.name} of {selector.domain}: {record.problem}.",
            evidence=_without_key(record),
            reference="RFC 6376 section 3.6.1",
            key="unusable",
        )
    if record.algorithm != "rsa" or record.revoked or 2048 <= record.bits <= 4096:
        return None
    return _length(selector, record.bits)


def _length(selector: Selector, bits: int) -> Finding:
    short, weak = bits < 2048, bits < 1024
    says = "anyone can compute its secret half" if weak else "2,048 are the rule today"
    if not short:
        says = "receivers need not support more than 4,096"
    return Finding(
        selector.host,
        f"The DKIM key {selector.name} of {selector.domain} has {bits:,} bits; {says}.",
        evidence=f"RSA, {bits} bits",
        severity=Severity.BLOCKER if weak else Severity.NICE,
        key="length",
    )


def _only_ed25519(selector: Selector) -> Finding:
    return Finding(
        selector.host,
        f"The only DKIM key found for {selector.domain} is Ed25519, which some receivers do not know.",
        evidence="k=ed25519",
        fix="Sign with an RSA key of 2,048 bits as well, under a selector of its own.",
        severity=Severity.NICE,
        reference="RFC 8463 section 3",
        key="ed25519",
    )


async def _everywhere(portal: Portal, look: Look) -> dict[str, tuple[Selector, ...] | None]:
    """The selectors of each domain; None for one that sends no mail."""
    domains = await asyncio.gather(*(mail_domain(d, portal, look) for d in portal.mail_domains))
    sending = [d.domain for d in domains if d.sends is not False]
    found = await asyncio.gather(*(find_selectors(d, portal, look) for d in sending))
    return {d.domain: None for d in domains} | dict(zip(sending, found, strict=True))


def _quiet(domain: str, selectors: Sequence[Selector] | None, detail: str) -> Row:
    """The row of a domain with no fault: passed, unless something was not answered."""
    if selectors is None:
        return Passed(domain, "sends no mail")
    blind = [s for s in selectors if s.unknown]
    if blind and (blind[0].named or not any(s.keys for s in selectors)):
        return NotChecked(domain, f"{len(blind)} selector(s) not answered: {blind[0].unknown}")
    return Passed(domain, detail if any(s.keys for s in selectors) else "no key was found to judge")


def _seen(sound: Sequence[Selector]) -> str:
    return ", ".join(f"{s.name}: {s.keys[0].algorithm} {s.keys[0].bits}" for s in sound)


def _without_key(record: KeyRecord) -> str:
    """The record with its long middle left out."""
    return record.text if len(record.text) <= 120 else f"{record.text[:80]}…{record.text[-30:]}"
