"""What the lab's Cloudflare holds: the zone's records, settings, rulesets; who asked what; what changes by itself.

A test reads and edits it as `lab.cloudflare`; after an edit by hand it calls `changed`. The API edits it the same way.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from launchready.lab.cloudflare.account import CloudflareAccount, Token
from launchready.lab.cloudflare.envelope import Refused
from launchready.lab.cloudflare.records import PROXIABLE, Record, from_rdata, made
from launchready.lab.cloudflare.rulesets import Ruleset, judged
from launchready.lab.cloudflare.settings import DEFAULTS
from launchready.lab.world import Zone
from launchready.lab.zonedata import LONGEST_CHAIN, ZoneData, absolute, parse

EDGE = ("104.16.132.229", "104.16.133.229", "2606:4700::6810:84e5", "2606:4700::6810:85e5")
"""Where proxied hosts are: of the ranges at https://www.cloudflare.com/ips/."""
_CHANGEABLE = ("records", "rulesets", "settings", "settings_modified", "bots", "url_normalization")
WINDOW_S = 300
"""The window of the API's rate limit, seconds."""
AUTO_TTL = 300
"""What TTL 1 is in DNS, seconds."""


class CloudflareState:
    """The account and its zone, as they are now."""

    def __init__(self, account: CloudflareAccount, zones: tuple[Zone, ...], domain: str) -> None:
        self.account = account
        self.zone_name = account.zone or domain
        self.zone_id = self._id("zone")
        self.account_id = self._id("account")
        self.calls: list[tuple[str, str]] = []
        """(method, path below /client/v4) of every request, in order."""
        self.writes = 0
        """Writes made."""
        self.failed = False
        """Whether the write that fails did."""
        self.limited = account.limited
        self.tokens = account.tokens
        self.after_call: dict[int, Callable[[CloudflareState], None]] = {}
        """By number of the call, from 1: what happens after it was answered, such as an edit by somebody else."""
        self.on_change: list[Callable[[], None]] = []
        """Called after the zone's records or settings changed."""
        self.on_purge: list[Callable[[dict[str, Any]], None]] = []
        """Called with the body of a request to purge the cache."""
        self.settings: dict[str, Any] = {**DEFAULTS, **account.settings}
        self.settings_modified: dict[str, str] = {}
        self.bots: dict[str, Any] = {"enable_js": True, "fight_mode": False, "using_latest_model": True}
        self.url_normalization = {"type": "cloudflare", "scope": "incoming"}
        self.clock: Callable[[], float] = time.monotonic
        """Seconds; what the cache and rate limits go by."""
        self.visitor = "203.0.113.7"
        """The address every visitor of the edge seems to come from (`ip.src`)."""
        self._window = (self.clock(), 0)
        self.records: dict[str, Record] = {}
        self.rulesets: dict[str, Ruleset] = {}
        """By id: entry points."""
        self._ids = 0
        self._serial = 0
        self._zone: Zone | None = None
        self._zones = {zone.origin: zone for zone in zones}
        self._fixed = self._take_over(self._zones[self.zone_name])
        for body in account.records:
            self.add_record(**body)
        for phase, rules in account.rulesets.items():
            self.put_rules(phase, [dict(rule) for rule in rules])

    @property
    def name_servers(self) -> list[str]:
        """The zone's name servers: those of the world; of a pending zone, those it ought to be delegated to."""
        if self.account.status == "pending":
            return ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"]
        lines = [line.split() for line in self._fixed]
        origin = absolute(self.zone_name)
        names = [dns.name.from_text(line[3], origin) for line in lines if line[2] == "NS"]
        return sorted(name.to_text(omit_final_dot=True) for name in names)

    def token_id(self, token: Token) -> str:
        """The identifier of a token."""
        return self.hashed(f"token {token.value}")

    def hashed(self, seed: str) -> str:
        """An identifier that is always the same for a seed."""
        return self._id(seed)

    def record(self, name: str, type: str) -> Record:
        """The first record of a whole name and type."""
        return next(r for r in self.records.values() if (r.name, r.type) == (name, type))

    def add_record(self, **body: Any) -> Record:
        """Add a record, given as the body of POST dns_records; TTL 1 when none is given."""
        record = made(self.new_id(), {"ttl": 1, **body}, self.zone_name, self.account.plan, now())
        self.records[record.id] = record
        self.changed()
        return record

    def put_rules(self, phase: str, rules: list[dict[str, Any]]) -> Ruleset:
        """Set the rules of a phase, given as bodies of POST rules."""
        ruleset = self.entry_point(phase) or Ruleset(self.new_id(), phase, "default", last_updated=now())
        ruleset.rules = [judged(rule, phase, self.account.plan, self.new_id, now(), None) for rule in rules]
        self.rulesets[ruleset.id] = ruleset
        return ruleset

    def entry_point(self, phase: str) -> Ruleset | None:
        """The ruleset of a phase, when there is one."""
        return next((one for one in self.rulesets.values() if one.phase == phase), None)

    def rules(self, phase: str) -> list[dict[str, Any]]:
        """The enabled rules of a phase, in order."""
        ruleset = self.entry_point(phase)
        return [rule for rule in ruleset.rules if rule["enabled"]] if ruleset else []

    def changed(self) -> None:
        """Let DNS and the edge know."""
        self._serial += 1
        self._zone = None
        for tell in self.on_change:
            tell()

    def held(self) -> dict[str, Any]:
        """All that can be changed, as it is now; for `put_back`."""
        return {name: deepcopy(getattr(self, name)) for name in _CHANGEABLE}

    def put_back(self, held: dict[str, Any]) -> None:
        """Be as it was."""
        for name, value in held.items():
            setattr(self, name, value)
        self.changed()

    def spent(self) -> int:
        """Requests in the present window of the API's rate limit."""
        if self.clock() >= self._window[0] + WINDOW_S:
            self._window = (self.clock(), len(self.calls) - 1)
        return len(self.calls) - self._window[1]

    def new_id(self) -> str:
        """A fresh identifier: 32 hexadecimal digits."""
        self._ids += 1
        return self._id(str(self._ids))

    def proxied(self, host: str) -> list[Record]:
        """The records the edge fetches a host from: its own, or the wildcard's, when they are proxied."""
        for name in (host, *_wildcards(host, self.zone_name)):
            found = [r for r in self.records.values() if r.name == name and r.type in PROXIABLE]
            if found or any(r.name == name for r in self.records.values()):
                return [r for r in found if r.proxied]
        return []

    def addresses(self, name: str, type: str, own: ZoneData | None = None) -> list[str]:
        """What a name resolves to in the lab's zones, aliases followed; `own` is this zone, unfinished."""
        at = absolute(name)
        for _ in range(LONGEST_CHAIN):
            zone = self._deepest(at, own)
            if zone is None:
                return []
            reply = zone.find(at, dns.rdatatype.from_text(type), {})
            if reply.alias_to is None:
                return [rdata.to_text() for rrset in reply.answer for rdata in rrset]
            at = reply.alias_to
        return []

    def zone(self) -> Zone:
        """The zone as DNS serves it: proxied records lead to the edge, an alias at the apex is flattened."""
        if self._zone is None:
            self._zone = self._made_zone()
        return self._zone

    def _made_zone(self) -> Zone:
        before = self._zones[self.zone_name]
        lines = [self._raised(line) if line.split()[2] == "SOA" else line for line in self._fixed]
        seen: set[str] = set()
        flat = []
        for record in self.records.values():
            ttl = AUTO_TTL if record.ttl == 1 else record.ttl
            name = f"{record.name}."
            if record.proxied:
                if record.name not in seen:
                    lines += [f"{name} {AUTO_TTL} {type} {address}" for type, address in self._edge_of(record)]
                seen.add(record.name)
            elif record.type == "CNAME" and self._flat(record):
                flat.append((name, ttl, record))
            else:
                lines.append(f"{name} {ttl} {record.type} {record.rdata()}")
        if flat:
            unfinished = ZoneData(Zone(self.zone_name, tuple(lines)))
            lines += [
                f"{name} {ttl} {type} {address}"
                for name, ttl, record in flat
                for type in ("A", "AAAA")
                for address in self.addresses(record.content, type, unfinished)
            ]
        return Zone(self.zone_name, tuple(lines), before.signing)

    def _raised(self, soa: str) -> str:
        """The SOA with its serial raised by the changes made (RFC 1982)."""
        words = soa.split()
        words[5] = str((int(words[5]) + self._serial) % 2**32)
        return " ".join(words)

    def _edge_of(self, record: Record) -> list[tuple[str, str]]:
        six = self.settings["ipv6"] == "on" and not record.settings.get("ipv4_only")
        four = not record.settings.get("ipv6_only")
        return [("AAAA" if ":" in a else "A", a) for a in EDGE if (six if ":" in a else four)]

    def _flat(self, record: Record) -> bool:
        return record.name == self.zone_name or bool(record.settings.get("flatten_cname"))

    def _deepest(self, name: dns.name.Name, own: ZoneData | None) -> ZoneData | None:
        holding = [z for z in self._zones.values() if name.is_subdomain(absolute(z.origin))]
        best = max(holding, key=lambda z: len(absolute(z.origin)), default=None)
        if best is not None and best.origin == self.zone_name:
            return own or parse(self.zone())
        return parse(best) if best is not None else None

    def _take_over(self, zone: Zone) -> list[str]:
        """Read the world's zone into records, TTLs brought within Cloudflare's bounds.

        What is Cloudflare's own (SOA, its name servers) stays as it is, and so does what the API could not hold,
        such as data that breaks its type's form: that is served, and nobody can change it here.
        """
        data = parse(zone)
        servers = data.rrsets.get((data.origin, dns.rdatatype.NS))
        own = {rdata.target for rdata in servers} - {data.origin} if servers is not None else set()
        fixed = []
        for line in zone.lines:
            name, ttl, type, text = line.split(None, 3)
            at = data.origin if name == "@" else dns.name.from_text(name, data.origin)
            apex = at == data.origin and type in ("SOA", "NS")
            if apex or (at in own and type in ("A", "AAAA")) or not (body := _body(type, text, data.origin)):
                fixed.append(line)
                continue
            body |= {
                "name": at.to_text(omit_final_dot=True),
                "type": type,
                "ttl": min(max(int(ttl), 60), 86_400),
                "proxied": type in PROXIABLE and name in self.account.proxied,
            }
            try:
                record = made(self.new_id(), body, self.zone_name, self.account.plan, now())
            except Refused:
                fixed.append(line)
                continue
            self.records[record.id] = record
        return fixed

    def _id(self, seed: str) -> str:
        return hashlib.sha256(f"{self.zone_name} {seed}".encode()).hexdigest()[:32]


def now() -> str:
    """This moment, as the API writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _body(type: str, text: str, origin: dns.name.Name) -> dict[str, Any] | None:
    try:
        rdata = dns.rdata.from_text(dns.rdataclass.IN, type, text, origin=origin, relativize=False)
    except dns.exception.DNSException:
        return None
    return from_rdata(type, rdata)


def _wildcards(host: str, zone: str) -> list[str]:
    names, rest = [], host
    while rest != zone and "." in rest:
        rest = rest.partition(".")[2]
        names.append(f"*.{rest}")
    return names
