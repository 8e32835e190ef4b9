"""The lab's zones as a name server holds them: parsed, looked up (RFC 1034 section 4.3.2), signed on demand.

Takes what standard parsers refuse, such as a CNAME beside other data, because that is what is planted. Listens
nowhere; NSEC proofs are left out, since nothing here is asked to prove that something is missing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import dns.dnssec
import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from cryptography.hazmat.primitives.asymmetric import ec
from dns.name import Name
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rrset import RRset

from launchready.lab.world import Signing, Zone

DAY_S = 86_400
LONGEST_CHAIN = 16
"""So many CNAMEs are followed before the chain is cut."""


@dataclass(slots=True)
class Reply:
    """What a zone says to a question; the sections of a message to be."""

    answer: list[RRset] = field(default_factory=list)
    authority: list[RRset] = field(default_factory=list)
    additional: list[RRset] = field(default_factory=list)
    exists: bool = True
    """False: NXDOMAIN."""
    referral: bool = False
    alias_to: Name | None = None
    """The answer is a CNAME that leads here."""


class ZoneData:
    """One zone. `parse` shares it between labs; the DS records of signed zones below are given with each lookup."""

    def __init__(self, zone: Zone) -> None:
        self.origin = absolute(zone.origin)
        self.signing = zone.signing
        self.rrsets: dict[tuple[Name, RdataType], RRset] = {}
        for line in zone.lines:
            self._add(line)
        self.names = {name for name, _ in self.rrsets}
        self._above = {parent for name in self.names for parent in _between(name, self.origin)}
        self._signed: dict[tuple[Name, RdataType], RRset] = {}
        if publishes_keys(zone.signing):
            keys = dns.rrset.from_rdata(self.origin, 3600, _key(zone.origin)[1])
            self.rrsets[self.origin, RdataType.DNSKEY] = keys

    def find(self, name: Name, type: RdataType, delegations: dict[Name, RRset]) -> Reply:
        """Look one name and type up, one step: a CNAME is answered, not followed."""
        for cut in reversed(_between(name, self.origin, itself=True)):
            servers = self.rrsets.get((cut, RdataType.NS))
            if servers is not None and not (cut == name and type == RdataType.DS):
                return self._refer(servers, delegations.get(cut))
        if type == RdataType.DS and name in delegations:
            return Reply([delegations[name]])
        if name in self.names:
            return self._at(name, name, type)
        if name in self._above:
            return self._nothing()
        encloser = name.parent()
        while encloser not in self.names and encloser not in self._above and encloser != self.origin:
            encloser = encloser.parent()
        wildcard = dns.name.Name((b"*", *encloser.labels))
        if wildcard in self.names:
            return self._at(wildcard, name, type)
        return self._nothing(exists=False)

    def signature(self, rrset: RRset) -> RRset | None:
        """The RRSIG of a set of this zone, as its `signing` says; None when it is not signed."""
        if not publishes_keys(self.signing):
            return None
        origin = next((o for o in self._owners(rrset)), rrset.name)
        key = (origin, rrset.rdtype)
        if key not in self._signed:
            named = dns.rrset.from_rdata_list(origin, rrset.ttl, list(rrset))
            self._signed[key] = dns.rrset.from_rdata(origin, rrset.ttl, self._sign(named))
        signed = self._signed[key]
        return signed if signed.name == rrset.name else dns.rrset.from_rdata_list(rrset.name, signed.ttl, list(signed))

    def _owners(self, rrset: RRset) -> Iterable[Name]:
        """The name in the zone a set was made from: its own, or the wildcard's."""
        if (rrset.name, rrset.rdtype) in self.rrsets or rrset.rdtype == RdataType.DS:
            return
        for parent in (*reversed(_between(rrset.name, self.origin)), self.origin):
            wildcard = dns.name.Name((b"*", *parent.labels))
            if (wildcard, rrset.rdtype) in self.rrsets:
                yield wildcard

    def _sign(self, rrset: RRset) -> dns.rdata.Rdata:
        private, public = _key(self.origin.to_text(omit_final_dot=True))
        if self.signing is Signing.BAD_SIGNATURE:
            private = _key("another key")[0]
        now = int(time.time())
        begin, end = now - 20 * DAY_S, now + _LEFT_DAYS.get(self.signing, 30) * DAY_S
        return dns.dnssec.sign(rrset, private, self.origin, public, inception=begin, expiration=end)

    def _at(self, owner: Name, name: Name, type: RdataType) -> Reply:
        # The wanted type before the alias: only a zone that breaks RFC 1034 section 3.6.2 has both.
        found = self.rrsets.get((owner, type))
        alias = self.rrsets.get((owner, RdataType.CNAME))
        if found is None and alias is None:
            return self._nothing()
        rrset = found if found is not None else alias
        assert rrset is not None
        if owner != name:
            rrset = dns.rrset.from_rdata_list(name, rrset.ttl, list(rrset))
        return Reply([rrset], alias_to=None if found is not None else rrset[0].target)

    def _nothing(self, *, exists: bool = True) -> Reply:
        soa = self.rrsets.get((self.origin, RdataType.SOA))
        return Reply(authority=[soa] if soa is not None else [], exists=exists)

    def _refer(self, servers: RRset, ds: RRset | None) -> Reply:
        glue = [
            self.rrsets[server.target, type]
            for server in servers
            for type in (RdataType.A, RdataType.AAAA)
            if (server.target, type) in self.rrsets
        ]
        return Reply(authority=[servers, *([ds] if ds is not None else [])], additional=glue, referral=True)

    def _add(self, line: str) -> None:
        name_text, ttl, type_text, text = line.split(None, 3)
        name = self.origin if name_text == "@" else dns.name.from_text(name_text, self.origin)
        type = dns.rdatatype.from_text(type_text)
        rrset = self.rrsets.get((name, type))
        if rrset is None:
            rrset = self.rrsets[name, type] = RRset(name, dns.rdataclass.IN, type)
        rrset.add(_rdata(type, text, self.origin), int(ttl))


@lru_cache(maxsize=512)
def parse(zone: Zone) -> ZoneData:
    """A zone's data, parsed once however many labs serve it."""
    return ZoneData(zone)


def absolute(text: str) -> Name:
    """A name of the world, with or without final dot."""
    return dns.name.from_text(text)


def publishes_keys(signing: Signing) -> bool:
    """Whether the zone has DNSKEY and RRSIG records."""
    return signing not in (Signing.NONE, Signing.UNSIGNED_WITH_DS)


def validates(signing: Signing) -> bool:
    """Whether a validating resolver takes the zone's answers (RFC 4035 section 5)."""
    return signing not in _BROKEN


def delegation_signers(zones: Sequence[Zone]) -> dict[Name, RRset]:
    """The DS records of signed zones, by zone, for their parents to hold."""
    return {absolute(z.origin): _ds(z.origin, z.signing) for z in zones if z.signing not in _NO_DS}


@lru_cache(maxsize=256)
def _ds(origin: str, signing: Signing) -> RRset:
    name = absolute(origin)
    public = _key("another key" if signing is Signing.WRONG_DS else origin)[1]
    return dns.rrset.from_rdata(name, 3600, dns.dnssec.make_ds(name, public, "SHA256"))


@lru_cache(maxsize=256)
def _key(origin: str) -> tuple[ec.EllipticCurvePrivateKey, DNSKEY]:
    private = ec.generate_private_key(ec.SECP256R1())
    # 257: zone key and secure entry point in one, as most signers make it today.
    return private, dns.dnssec.make_dnskey(private.public_key(), "ECDSAP256SHA256", flags=257)


def _between(name: Name, origin: Name, *, itself: bool = False) -> list[Name]:
    """The names above `name` and below `origin`, nearest first; `name` before them with `itself`."""
    names = [name] if itself and name != origin else []
    while len(name) > len(origin) + 1:
        name = name.parent()
        names.append(name)
    return names


def _rdata(type: RdataType, text: str, origin: Name) -> dns.rdata.Rdata:
    try:
        return dns.rdata.from_text(dns.rdataclass.IN, type, text, origin=origin, relativize=False)
    except dns.exception.DNSException:
        if not text.startswith("\\# "):
            raise
        # Data that breaks its own type's form, as RFC 3597 section 5 writes it.
        return dns.rdata.GenericRdata(dns.rdataclass.IN, type, bytes.fromhex("".join(text.split()[2:])))


_NO_DS = (Signing.NONE, Signing.WITHOUT_DS)
_BROKEN = (Signing.EXPIRED, Signing.WRONG_DS, Signing.UNSIGNED_WITH_DS, Signing.BAD_SIGNATURE)
_LEFT_DAYS = {Signing.EXPIRED: -2, Signing.EXPIRING: 1}
