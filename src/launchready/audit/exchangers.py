"""Talking to the mail exchangers of the portal's domains: names, addresses, conversations on port 25, TLSA records."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from ipaddress import ip_address

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from launchready.audit.mail_domain import MailDomain, mail_domain, unanswered
from launchready.portal import Portal
from launchready.probes.dns import Answer
from launchready.probes.failures import Failure, Phase, Refused, Timeout, Unreachable
from launchready.probes.look import Look
from launchready.probes.smtp import Conversation
from launchready.probes.tls import Handshake

MOST_HOSTS = 10
"""So many exchangers of a domain are talked to; senders give up sooner."""
MOST_ADDRESSES = 6
"""So many addresses of an exchanger."""


@dataclass(frozen=True, slots=True)
class Line:
    """One address of an exchanger and what came of talking to it."""

    address: str
    spoke: Conversation | Failure

    @property
    def answered(self) -> bool:
        """A mail server spoke."""
        return isinstance(self.spoke, Conversation)

    @property
    def closed(self) -> bool:
        """The connection was not made: nobody listens, or something on the way does not let us."""
        spoke = self.spoke
        return isinstance(spoke, Timeout | Refused | Unreachable) and spoke.phase is Phase.CONNECT

    @property
    def family(self) -> int:
        """4 or 6."""
        return ip_address(self.address).version


@dataclass(frozen=True, slots=True)
class Host:
    """A mail exchanger as looked at."""

    name: str
    literal: bool = False
    """The MX record names an address, not a host."""
    alias: str = ""
    """What the name is an alias of, when it is one."""
    lines: tuple[Line, ...] = ()
    unknown: str = ""
    """Why its addresses are not known."""
    tlsa: tuple[str, ...] = ()
    """Its TLSA records for port 25, where DNSSEC vouches for them (RFC 7672 section 2.2)."""

    @property
    def answers(self) -> bool:
        """A mail server spoke at one of its addresses."""
        return any(line.answered for line in self.lines)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A domain and its exchangers, by preference."""

    mail: MailDomain
    hosts: tuple[Host, ...]


async def look_at_all(portal: Portal, look: Look) -> tuple[Exchange, ...]:
    """The exchangers of every mail domain, all at once."""
    return tuple(await asyncio.gather(*(_exchange(domain, portal, look) for domain in portal.mail_domains)))


async def _exchange(domain: str, portal: Portal, look: Look) -> Exchange:
    mail = await mail_domain(domain, portal, look)
    names = tuple(dict.fromkeys(e.host for e in mail.exchangers))[:MOST_HOSTS]
    return Exchange(mail, tuple(await asyncio.gather(*(_host(name, look) for name in names))))


async def _host(name: str, look: Look) -> Host:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        pass
    else:
        return Host(name, literal=True)
    a, aaaa, tlsa = await asyncio.gather(
        look.dns.query(name, "A"), look.dns.query(name, "AAAA"), look.dns.query(f"_25._tcp.{name}", "TLSA")
    )
    answers = [answer for answer in (a, aaaa) if isinstance(answer, Answer)]
    addresses = [record.text for answer in answers for record in answer.records][:MOST_ADDRESSES]
    unknown = "" if addresses else next(filter(None, map(unanswered, (a, aaaa))), "")
    spoke = await asyncio.gather(*(look.smtp.converse(name, address) for address in addresses))
    lines = tuple(Line(address, said) for address, said in zip(addresses, spoke, strict=True))
    alias = next((answer.cname[-1] for answer in answers if answer.cname), "")
    vouched = tlsa.values if isinstance(tlsa, Answer) and tlsa.authentic else ()
    return Host(name, alias=alias, lines=lines, unknown=unknown, tlsa=vouched)


def matches_tlsa(handshake: Handshake, records: tuple[str, ...]) -> bool | None:
    """Whether a chain matches one of the TLSA records; None when none of them is usable for SMTP.

    Usable are DANE-TA (2) and DANE-EE (3), as RFC 7672 section 3.1 has it.
    """
    usable = False
    for record in records:
        fields = record.split()
        if len(fields) < 4 or fields[0] not in ("2", "3") or fields[1] not in ("0", "1"):
            continue
        usable = True
        for certificate in handshake.chain[:1] if fields[0] == "3" else handshake.chain:
            if fields[1] == "0":
                data = certificate.public_bytes(Encoding.DER)
            else:
                data = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            shown = {"0": data.hex(), "1": hashlib.sha256(data).hexdigest(), "2": hashlib.sha512(data).hexdigest()}
            if shown.get(fields[2]) == "".join(fields[3:]).lower():
                return True
    return False if usable else None
