"""Which CAA domains stand for the certificate authorities that issue most certificates, and how CAA is read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from cryptography import x509
from cryptography.x509.oid import NameOID
from dns.rdtypes.ANY.CAA import CAA

AUTHORITIES: dict[str, tuple[str, ...]] = {
    "let's encrypt": ("letsencrypt.org",),
    "google trust services": ("pki.goog", "google.com"),
    "digicert": ("digicert.com", "www.digicert.com", "geotrust.com", "rapidssl.com", "thawte.com", "symantec.com"),
    "sectigo": ("sectigo.com", "comodoca.com", "comodo.com", "usertrust.com", "trust-provider.com"),
    "comodo ca": ("sectigo.com", "comodoca.com", "comodo.com", "usertrust.com", "trust-provider.com"),
    "zerossl": ("sectigo.com", "comodoca.com", "comodo.com", "usertrust.com", "trust-provider.com", "zerossl.com"),
    "amazon": ("amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"),
    "globalsign": ("globalsign.com",),
    "godaddy.com": ("godaddy.com", "starfieldtech.com"),
    "starfield technologies": ("godaddy.com", "starfieldtech.com"),
    "ssl corporation": ("ssl.com",),
    "buypass": ("buypass.com", "buypass.no"),
    "actalis": ("actalis.it",),
}
"""By the beginning of the issuer's organization. Sources: each authority's practice statement, section 4.2.1, and
https://docs.aws.amazon.com/acm/latest/userguide/setup-caa.html, https://pki.goog/faq/, https://letsencrypt.org/docs/caa/.
Authorities that are not listed are not compared: an incomplete list would raise false alarms."""

KNOWN_TAGS = frozenset(("issue", "issuewild", "iodef", "issuemail", "issuevmc", "contactemail", "contactphone"))
"""https://www.iana.org/assignments/pkix-parameters, "Certification Authority Restriction Properties"."""
CRITICAL = 128
LONGEST_VALUE = 1000
"""So much of a value is read."""
_ISSUE_VALUE = re.compile(
    r"\s*(?P<domain>[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*)?\s*"
    r"(?:;\s*(?:[a-z0-9][a-z0-9-]*\s*=\s*[\x21-\x3a\x3c-\x7e]*\s*(?:;\s*[a-z0-9][a-z0-9-]*\s*=\s*[\x21-\x3a\x3c-\x7e]*\s*)*)?)?",
    re.IGNORECASE,
)
"""RFC 8659 section 4.2."""


@dataclass(frozen=True, slots=True)
class Property:
    """One CAA record."""

    critical: bool
    tag: str
    value: str

    @property
    def issuer(self) -> str | None:
        """Of issue and issuewild: the authority's domain, empty for "nobody"; None when malformed, which is nobody."""
        match = _ISSUE_VALUE.fullmatch(self.value[:LONGEST_VALUE])
        return (match["domain"] or "").lower() if match else None

    @property
    def flaw(self) -> str:
        """What is wrong with it, in a few words; empty if nothing."""
        if self.tag in ("issue", "issuewild") and self.issuer is None:
            return f'{self.tag} "{self.value}" is not one authority\'s domain, so it forbids every authority'
        if self.tag in ("issue", "issuewild") and self.issuer and "." not in self.issuer:
            return f'{self.tag} "{self.value}" is no domain, so it allows no authority'
        if self.critical and self.tag not in KNOWN_TAGS:
            return f'the tag "{self.tag}" is critical and unknown, so no authority may issue'
        return ""


def read_property(text: str) -> Property | None:
    """Read a CAA record's presentation form; None when it is not one."""
    try:
        rdata = cast(CAA, dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.CAA, text))
    except (dns.exception.DNSException, ValueError):
        return None
    tag, value = rdata.tag.decode("ascii", "backslashreplace"), rdata.value.decode("ascii", "backslashreplace")
    return Property(bool(rdata.flags & CRITICAL), tag.lower(), value)


def authority_of(certificate: x509.Certificate) -> tuple[str, tuple[str, ...]] | None:
    """Issuer's organization and the CAA domains that stand for it; None when it is not one of those known."""
    try:
        names = certificate.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    except ValueError:
        return None
    organization = str(names[0].value) if names else ""
    for beginning, domains in AUTHORITIES.items():
        if organization.lower().startswith(beginning):
            return organization, domains
    return None


def may_issue(properties: Iterable[Property], domains: Iterable[str], *, wildcard: bool) -> bool:
    """Whether the CAA set lets an authority issue (RFC 8659 section 4.2 and 4.3); `wildcard` for `*.` names."""
    properties = list(properties)
    issue = [p.issuer for p in properties if p.tag == "issue"]
    wild = [p.issuer for p in properties if p.tag == "issuewild"]
    relevant = wild if wildcard and wild else issue
    return not relevant or any(issuer in set(domains) for issuer in relevant)
