"""What the mail checks share about a domain: its mail exchangers, its SPF text, and whether anything sends as it.

Judges nothing; every question goes through the run's single flight, so each check may ask again.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from launchready.portal import Portal
from launchready.probes.dns import Answer
from launchready.probes.failures import Failure
from launchready.probes.look import Look


@dataclass(frozen=True, slots=True)
class Exchanger:
    """One MX record."""

    preference: int
    host: str
    """Lower case, without trailing dot; empty for the null MX (RFC 7505)."""


@dataclass(frozen=True, slots=True)
class Texts:
    """The TXT records of a name, or why they are not known."""

    name: str
    values: tuple[str, ...] = ()
    unknown: str = ""
    """Why the question was not answered; empty when it was."""


@dataclass(frozen=True, slots=True)
class MailDomain:
    """A domain behind the @, as DNS and `launchready.toml` describe it."""

    domain: str
    exchangers: tuple[Exchanger, ...]
    """Every MX record but the null one, by preference."""
    null_mx: bool
    spf: tuple[str, ...]
    """TXT records of the domain that are SPF (RFC 7208 section 4.5)."""
    sends: bool | None
    """Whether anything sends as this domain; None when it could not be told."""
    mx_unknown: str = ""
    """Why the MX records are not known; empty when they are."""
    spf_unknown: str = ""
    """Why the SPF record is not known; empty when it is."""
    exists: bool = True
    """DNS knows the name."""

    @property
    def unknown(self) -> str:
        """Why it is not known whether the domain sends."""
        return self.mx_unknown or self.spf_unknown


def unanswered(answer: Answer | Failure) -> str:
    """Why a question was not answered, in a few words; empty when it was, be it with "there is none"."""
    if isinstance(answer, Failure):
        return str(answer)
    return "" if answer.status in ("NOERROR", "NXDOMAIN") else f"{answer.name} {answer.type}: {answer.status}"


async def texts(look: Look, name: str) -> Texts:
    """The TXT records of a name, character strings joined."""
    answer = await look.dns.query(name, "TXT")
    if reason := unanswered(answer):
        return Texts(name, unknown=reason)
    assert isinstance(answer, Answer)  # noqa: S101 - `unanswered` has just told
    return Texts(name, answer.values)


async def mail_domain(domain: str, portal: Portal, look: Look) -> MailDomain:
    """Look at a domain's MX and SPF records and tell whether it sends mail.

    `mail.sends` of the portal decides where it is given, and a domain listed in `mail.domains` sends. Otherwise
    a domain sends when its SPF record lets anyone send, or when it has an MX record and no SPF record that forbids
    all (`v=spf1 -all`).
    """
    mx, text = await asyncio.gather(look.dns.query(domain, "MX"), texts(look, domain))
    exchangers = parse_exchangers(r.text for r in mx.records) if isinstance(mx, Answer) else ()
    real = tuple(e for e in exchangers if e.host)
    spf = tuple(value for value in text.values if re.match(r"v=spf1(?: |$)", value, re.IGNORECASE))
    mx_unknown = unanswered(mx)
    sends = portal.mail.sends
    if sends is None and domain in portal.mail.domains:
        sends = True
    if sends is None:
        sends = _sends(real, spf, known=not (mx_unknown or text.unknown))
    exists = isinstance(mx, Failure) or mx.status != "NXDOMAIN"
    return MailDomain(domain, real, len(real) < len(exchangers), spf, sends, mx_unknown, text.unknown, exists)


def parse_exchangers(lines: Iterable[str]) -> tuple[Exchanger, ...]:
    """MX records in presentation form, by preference, then host."""
    found = []
    for line in lines:
        preference, _, host = line.strip().partition(" ")
        if preference.isdigit():
            found.append(Exchanger(int(preference), host.strip().rstrip(".").lower()))
    return tuple(sorted(found, key=lambda e: (e.preference, e.host)))


def forbids_all(spf: str) -> bool:
    """Whether an SPF record says that nobody sends as the domain: `v=spf1 -all`."""
    return spf.lower().split() == ["v=spf1", "-all"]


def spf_names(spf: Iterable[str], address: str) -> bool:
    """Whether an SPF record itself, without following includes, lets `address` send as a mail exchanger.

    Only for telling an exchanger that also sends from one that only receives: `mx`, or a network that holds it.
    """
    for term in " ".join(spf).lower().split():
        name, _, value = term.lstrip("+").partition(":")
        if name == "mx" or name.startswith("mx/"):
            return True
        if name in ("ip4", "ip6"):
            try:
                if ip_address(address) in ip_network(value, strict=False):
                    return True
            except ValueError:
                continue
    return False


def _sends(exchangers: tuple[Exchanger, ...], spf: tuple[str, ...], *, known: bool) -> bool | None:
    if any(not forbids_all(record) for record in spf):
        return True
    if spf:
        return False
    if not known:
        return None
    return bool(exchangers)
