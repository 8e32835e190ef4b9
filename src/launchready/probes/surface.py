"""Which hosts there are to look at: root, www, those named, and those found by common names and certificates.

Costs three to five round trips in sequence: addresses of everything that can be guessed, at once; the TLS
handshakes with root and www; addresses of the names their certificates add.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509

from launchready.portal import Portal
from launchready.probes.dns import Answer, Dns
from launchready.probes.failures import Failure
from launchready.probes.tls import Handshake, Tls

COMMON = ("app", "api", "dashboard", "portal", "admin", "staging", "mail")
"""The names portals usually have; a guess counts only when it resolves to something a wildcard does not."""

CERTIFICATE_NAMES = 30
"""So many names of certificates are looked up, however many there are in them."""


@dataclass(frozen=True, slots=True)
class Host:
    """A host of the portal."""

    name: str
    addresses: tuple[str, ...]
    """IPv4 first, then IPv6, as the first resolver gives them; empty when it does not resolve."""
    cname: tuple[str, ...] = ()
    """The names its CNAME chain passes through, if any."""
    named: bool = True
    """True for root, www and hosts the portal names; False for those found.

    A host found without an address has an alias that leads nowhere (`cname`).
    """
    unknown: str = ""
    """Why it is not known where it leads, when the resolver did not say; empty when it did."""


async def find_hosts(portal: Portal, dns: Dns, tls: Tls) -> tuple[Host, ...]:
    """Find the hosts. Named hosts are always in the answer, even without an address."""
    named = portal.named_hosts
    if not portal.discover:
        return tuple(await asyncio.gather(*(_resolve(name, dns, named=True) for name in named)))
    guesses = [name for name in (f"{label}.{portal.domain}" for label in COMMON) if name not in named]
    hosts = await asyncio.gather(
        _resolve(unlikely_name(portal.domain), dns, named=False),
        *(_resolve(name, dns, named=True) for name in named),
        *(_resolve(name, dns, named=False) for name in guesses),
    )
    wildcard, known, guessed = hosts[0], hosts[1 : 1 + len(named)], hosts[1 + len(named) :]
    in_certificates = await _names_in_certificates(known[:2], portal.domain, tls)
    fresh = [name for name in in_certificates if name not in named and name not in guesses]
    certified = await asyncio.gather(*(_resolve(name, dns, named=False) for name in fresh[:CERTIFICATE_NAMES]))
    found = (h for h in guessed if _stands_out(h, wildcard) or (h.addresses and h.name in in_certificates))
    return (*known, *found, *(h for h in certified if h.addresses or h.cname))


def unlikely_name(domain: str) -> str:
    """A name below `domain` that nobody has made, so that only a wildcard can answer for it.

    The same for a domain in every run: a check that asks about the wildcard shares the answer.
    """
    return f"lr-{hashlib.sha256(domain.encode()).hexdigest()[:12]}.{domain}"


def certificate_names(certificate: x509.Certificate, domain: str) -> tuple[str, ...]:
    """Host names under `domain` in a certificate, root and wildcards left out, in order, each once.

    Empty when the extension is missing or cannot be read: what a stranger sends is not relied on.
    """
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = extension.value.get_values_for_type(x509.DNSName)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError, TypeError):
        return ()
    return tuple(dict.fromkeys(_hosts_below(names, domain)))


def _hosts_below(names: Iterable[str], domain: str) -> Iterable[str]:
    for name in names:
        host = name.lower().rstrip(".")
        if host.endswith(f".{domain}") and len(host) <= 253 and all(map(_is_label, host.split("."))):
            yield host


def _is_label(label: str) -> bool:
    plain = label.replace("-", "a").replace("_", "a")
    return 0 < len(label) <= 63 and plain.isascii() and plain.isalnum()


async def _resolve(name: str, dns: Dns, *, named: bool) -> Host:
    answers = await asyncio.gather(dns.query(name, "A"), dns.query(name, "AAAA"))
    good = [answer for answer in answers if isinstance(answer, Answer)]
    addresses = tuple(dict.fromkeys(record.text for answer in good for record in answer.records))
    cname = max((answer.cname for answer in good), key=len, default=())
    return Host(name, addresses, cname, named, "" if addresses else next(filter(None, map(_unsaid, answers)), ""))


def _unsaid(answer: Answer | Failure) -> str:
    if isinstance(answer, Failure):
        return str(answer)
    return "" if answer.status in ("NOERROR", "NXDOMAIN") else f"the resolver answers {answer.status} for {answer.name}"


def _stands_out(guess: Host, wildcard: Host) -> bool:
    """Whether a guess leads somewhere the wildcard does not.

    A wildcard gives every name the same alias, but a balanced one may give each asker other addresses of its set.
    """
    if guess.cname[:1] != wildcard.cname[:1]:
        return True
    return not guess.cname and bool(guess.addresses) and not set(guess.addresses) & set(wildcard.addresses)


async def _names_in_certificates(hosts: Iterable[Host], domain: str, tls: Tls) -> tuple[str, ...]:
    handshakes = await asyncio.gather(*(_handshake(host, tls) for host in hosts if host.addresses))
    good = [handshake for handshake in handshakes if isinstance(handshake, Handshake) and handshake.chain]
    return tuple(dict.fromkeys(name for h in good for name in certificate_names(h.leaf, domain)))


async def _handshake(host: Host, tls: Tls) -> Handshake | Failure:
    # The first address, which is IPv4 where there is one: others check that all addresses show the same.
    return await tls.handshake(host.name, host.addresses[0])
