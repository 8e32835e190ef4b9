"""Planted mistakes of delegation, name servers, regions, DNSSEC, CAA and TTLs, and look-alikes that are right."""

from __future__ import annotations

import time
from dataclasses import replace

from launchready.lab.healthy import DOMAIN, EDGE, STRAY
from launchready.lab.world import (
    Change,
    Fault,
    Signing,
    Trouble,
    World,
    both,
    edit_zone,
    name_server,
    records,
    resolver,
    site,
    stale_at_resolver,
    zone,
)
from launchready.model import Severity

NS1, NS2 = f"ns1.{DOMAIN}", f"ns2.{DOMAIN}"
WWW, APP = f"www.{DOMAIN}", f"app.{DOMAIN}"
ASIA = ("192.88.99.11", "2001:20::11")
"""A second place where the portal's sites are served from."""


def seen_by(server: str, *, add: tuple[str, ...] = (), drop: tuple[str, ...] = ()) -> Change:
    """Let a name server see the domain's zone differently."""
    return _own_view(server, "", add, drop)


def seen_at(server: str, address: str, *, add: tuple[str, ...] = (), drop: tuple[str, ...] = ()) -> Change:
    """Let a name server see the domain's zone differently at one of its addresses."""
    return _own_view(server, address, add, drop)


def _own_view(server: str, address: str, add: tuple[str, ...], drop: tuple[str, ...]) -> Change:

    def change(world: World) -> World:
        own = next(edit_zone(z, add, drop) for z in world.zones if z.origin == DOMAIN)
        step = name_server(server, own_at=((address, own),)) if address else name_server(server, own=(own,))
        return step(world)

    return change


def soa(serial: int, primary: str = NS1, minimum: int = 300) -> tuple[str, ...]:
    """A SOA record to replace the healthy one by."""
    return (f"@ 3600 SOA {primary}. hostmaster.{primary}. {serial} 7200 900 1209600 {minimum}",)


def serves_too(server: str) -> Change:
    """Let a name server serve the domain's zone besides its own."""

    def change(world: World) -> World:
        servers = tuple(replace(s, zones=(*s.zones, DOMAIN)) if s.name == server else s for s in world.name_servers)
        return replace(world, name_servers=servers)

    return change


def serial_everywhere(serial: int) -> Change:
    """Set the zone's serial."""
    return records(DOMAIN, drop=("@ SOA",), add=soa(serial))


Edit = dict[str, tuple[str, ...]]
MOVED_WWW: Edit = {"drop": ("www A", "www AAAA"), "add": (f"www 300 A {STRAY[0]}", f"www 300 AAAA {STRAY[1]}")}
LOCAL_WWW: Edit = {"drop": ("www A", "www AAAA"), "add": (f"www 300 A {ASIA[0]}", f"www 300 AAAA {ASIA[1]}")}
IN_ASIA_TOO = site(WWW, addresses=(*EDGE, *ASIA))
_NOW = int(time.time())

_DELEGATION = (
    Fault(
        "delegation-zone-names-more",
        "The zone names a name server that the registry does not know",
        "dns.delegation.agreement",
        Severity.HIGH,
        both(serves_too("ns.mailer.example"), records(DOMAIN, add=("@ 3600 NS ns.mailer.example.",))),
        subject=DOMAIN,
        twin=both(
            serves_too("ns.mailer.example"),
            records(DOMAIN, add=("@ 3600 NS ns.mailer.example.",)),
            records("example", add=("brightside 3600 NS ns.mailer",)),
        ),
    ),
    Fault(
        "delegation-registry-names-more",
        "The registry still names a name server that the zone has left",
        "dns.delegation.agreement",
        Severity.HIGH,
        both(serves_too("ns.mailer.example"), records("example", add=("brightside 3600 NS ns.mailer",))),
        subject=DOMAIN,
    ),
    Fault(
        "delegation-glue-stale",
        "The registry gives an old address for a name server",
        "dns.delegation.agreement",
        Severity.HIGH,
        records("example", drop=("ns2.brightside A",), add=("ns2.brightside 3600 A 192.88.99.77",)),
        subject=NS2,
        twin=records("example", drop=("ns2.brightside AAAA",)),
    ),
    Fault(
        "delegation-without-authority",
        "A name server answers without authority for the domain",
        "dns.delegation.lame",
        Severity.HIGH,
        name_server(NS2, trouble=Trouble.LAME),
        subject=NS2,
    ),
    Fault(
        "delegation-refuses",
        "A name server refuses to answer for the domain",
        "dns.delegation.lame",
        Severity.HIGH,
        name_server(NS2, zones=()),
        subject=NS2,
    ),
    Fault(
        "delegation-nobody-there",
        "A name server has gone: nobody listens at its addresses",
        "dns.delegation.lame",
        Severity.HIGH,
        name_server(NS2, trouble=Trouble.REFUSES),
        subject=NS2,
    ),
    Fault(
        "delegation-name-without-address",
        "A name server's name has no address",
        "dns.delegation.lame",
        Severity.HIGH,
        both(
            records(DOMAIN, add=("@ 3600 NS ns3",)),
            records("example", add=("brightside 3600 NS ns3.brightside",)),
        ),
        subject=f"ns3.{DOMAIN}",
    ),
    Fault(
        "delegation-all-lame",
        "No name server answers for the domain",
        "dns.delegation.lame",
        Severity.BLOCKER,
        both(name_server(NS1, zones=()), name_server(NS2, zones=())),
        subject=DOMAIN,
    ),
    Fault(
        "delegation-one-server",
        "The domain has a single name server",
        "dns.delegation.redundancy",
        Severity.HIGH,
        both(
            records(DOMAIN, drop=("@ NS", "ns2 *"), add=("@ 3600 NS ns1",)),
            records("example", drop=("brightside NS", "ns2.brightside *"), add=("brightside 3600 NS ns1.brightside",)),
        ),
        subject=DOMAIN,
    ),
    Fault(
        "delegation-one-machine",
        "Two names of name servers lead to one machine",
        "dns.delegation.redundancy",
        Severity.HIGH,
        both(
            records(DOMAIN, drop=("ns2 *",), add=("ns2 3600 A 192.88.99.1", "ns2 3600 AAAA 2001:20::1")),
            records(
                "example",
                drop=("ns2.brightside *",),
                add=("ns2.brightside 3600 A 192.88.99.1", "ns2.brightside 3600 AAAA 2001:20::1"),
            ),
        ),
        subject=DOMAIN,
    ),
    Fault(
        "delegation-no-tcp",
        "A name server answers over UDP only",
        "dns.delegation.transport",
        Severity.HIGH,
        name_server(NS2, trouble=Trouble.NO_TCP),
        subject=NS2,
    ),
    Fault(
        "delegation-no-udp",
        "A name server answers over TCP only",
        "dns.delegation.transport",
        Severity.HIGH,
        name_server(NS2, trouble=Trouble.NO_UDP),
        subject=NS2,
    ),
)

_CONSISTENCY = (
    Fault(
        "serial-lags",
        "A name server serves an old version of the zone",
        "dns.consistency.serial",
        Severity.HIGH,
        seen_by(NS2, drop=("@ SOA",), add=soa(2026103001)),
        subject=DOMAIN,
        # Two providers, each with a primary and a numbering of its own.
        twin=seen_by(NS2, drop=("@ SOA",), add=soa(1, primary=NS2)),
    ),
    Fault(
        "serial-lags-across-zero",
        "A name server lags behind, and the newer serial is the smaller number",
        "dns.consistency.serial",
        Severity.HIGH,
        both(serial_everywhere(5), seen_by(NS2, drop=("@ SOA",), add=soa(4294967290))),
        subject=DOMAIN,
        # A zone that changes all the time numbers by the clock; half a minute is no lag.
        twin=both(serial_everywhere(_NOW), seen_by(NS2, drop=("@ SOA",), add=soa(_NOW - 30))),
    ),
    Fault(
        "authorities-differ",
        "One of the name servers sends visitors of www to an old server",
        "dns.consistency.authorities",
        Severity.HIGH,
        seen_by(NS2, **MOVED_WWW),
        subject=DOMAIN,
        # Each name server gives the nearest of two places that both serve the portal.
        twin=both(IN_ASIA_TOO, seen_by(NS2, **LOCAL_WWW)),
    ),
    Fault(
        "authorities-host-missing",
        "One of the name servers does not know a host",
        "dns.consistency.authorities",
        Severity.HIGH,
        seen_by(NS2, drop=("app A", "app AAAA")),
        subject=DOMAIN,
        # The same records in another order.
        twin=seen_by(
            NS2,
            drop=("app A", "app AAAA", "@ NS"),
            add=("@ 3600 NS ns2", "@ 3600 NS ns1", f"app 60 AAAA {EDGE[1]}", f"app 60 A {EDGE[0]}"),
        ),
    ),
    Fault(
        "authorities-mail-differs",
        "One of the name servers sends mail to an old mail server",
        "dns.consistency.authorities",
        Severity.HIGH,
        seen_by(NS2, drop=("@ MX",), add=("@ 300 MX 10 oldmail",)),
        subject=DOMAIN,
    ),
    Fault(
        "family-differs",
        "A name server gives an old address when it is asked over IPv6",
        "dns.consistency.family",
        Severity.HIGH,
        seen_at(NS2, "2001:20::2", **MOVED_WWW),
        subject=NS2,
        twin=both(IN_ASIA_TOO, seen_at(NS2, "2001:20::2", **LOCAL_WWW)),
    ),
    Fault(
        "region-sees-old-address",
        "In Singapore www leads to an old server",
        "dns.consistency.regions",
        Severity.HIGH,
        stale_at_resolver("Singapore", DOMAIN, **MOVED_WWW),
        subject=DOMAIN,
        # Singapore is sent to a place near it, where the portal is served too.
        twin=both(IN_ASIA_TOO, stale_at_resolver("Singapore", DOMAIN, **LOCAL_WWW)),
    ),
    Fault(
        "region-knows-no-host",
        "In Virginia a host of the portal does not exist",
        "dns.consistency.regions",
        Severity.HIGH,
        stale_at_resolver("Virginia", DOMAIN, drop=("app A", "app AAAA")),
        subject=DOMAIN,
    ),
    Fault(
        "region-fails",
        "The resolver of a region cannot resolve the domain",
        "dns.consistency.regions",
        Severity.HIGH,
        resolver("Virginia", trouble=Trouble.SERVFAIL),
        subject=DOMAIN,
    ),
)


def _dnssec(id: str, says: str, signing: Signing) -> Fault:
    return Fault(f"dnssec-{id}", says, "dns.dnssec.broken", Severity.BLOCKER, zone(DOMAIN, signing=signing), DOMAIN)


_DNSSEC = (
    _dnssec("expired", "The DNSSEC signatures have expired", Signing.EXPIRED),
    _dnssec("wrong-ds", "The registry's DS record belongs to a former provider's key", Signing.WRONG_DS),
    _dnssec("no-keys", "The registry has a DS record, the zone is not signed", Signing.UNSIGNED_WITH_DS),
    _dnssec("bad-signature", "The DNSSEC signatures were made with another key", Signing.BAD_SIGNATURE),
    Fault(
        "dnssec-about-to-expire",
        "The DNSSEC signatures expire tomorrow, and nothing has renewed them",
        "dns.dnssec.broken",
        Severity.HIGH,
        zone(DOMAIN, signing=Signing.EXPIRING),
        subject=DOMAIN,
    ),
    Fault(
        "dnssec-absent",
        "The domain is not signed",
        "dns.dnssec.absent",
        Severity.NICE,
        zone(DOMAIN, signing=Signing.NONE),
        subject=DOMAIN,
    ),
    Fault(
        "dnssec-without-ds",
        "The domain is signed, and its registry does not know",
        "dns.dnssec.absent",
        Severity.NICE,
        zone(DOMAIN, signing=Signing.WITHOUT_DS),
        subject=DOMAIN,
    ),
)

_RECORDS = (
    Fault(
        "caa-absent",
        "Any certificate authority may issue for the domain",
        "dns.caa",
        Severity.NICE,
        records(DOMAIN, drop=("@ CAA",)),
        subject=DOMAIN,
        # The zone above limits it for all below.
        twin=both(records(DOMAIN, drop=("@ CAA",)), records("example", add=('@ 300 CAA 0 issue "ca.example"',))),
    ),
    Fault(
        "caa-malformed",
        "The CAA record lists two authorities in one value, which allows none",
        "dns.caa",
        Severity.HIGH,
        records(DOMAIN, drop=("@ CAA",), add=('@ 300 CAA 0 issue "ca.example, letsencrypt.org"',)),
        subject=DOMAIN,
        twin=records(
            DOMAIN,
            drop=("@ CAA",),
            add=(
                '@ 300 CAA 0 issue "ca.example; validationmethods=dns-01"',
                '@ 300 CAA 0 issuewild ";"',
                '@ 300 CAA 0 future "unknown, and not critical"',
                '@ 300 CAA 128 issuemail ";"',
            ),
        ),
    ),
    Fault(
        "caa-unknown-critical",
        "The CAA record has a critical tag that no authority knows",
        "dns.caa",
        Severity.HIGH,
        records(DOMAIN, add=('@ 300 CAA 128 isue "ca.example"',)),
        subject=DOMAIN,
    ),
    Fault(
        "ttl-of-hours",
        "www is kept by resolvers for two hours",
        "dns.ttl",
        Severity.NICE,
        records(DOMAIN, drop=("www A",), add=(f"www 7200 A {EDGE[0]}",)),
        subject=DOMAIN,
        # An hour is not over an hour, and NS records are meant to live long.
        twin=records(
            DOMAIN,
            drop=("www A", "@ NS"),
            add=(f"www 3600 A {EDGE[0]}", "@ 172800 NS ns1", "@ 172800 NS ns2"),
        ),
    ),
    Fault(
        "ttl-of-days",
        "The root of the domain is kept by resolvers for two days",
        "dns.ttl",
        Severity.HIGH,
        records(DOMAIN, drop=("@ A",), add=(f"@ 172800 A {EDGE[0]}",)),
        subject=DOMAIN,
    ),
    Fault(
        "ttl-zero",
        "A host may not be kept by resolvers at all",
        "dns.ttl",
        Severity.NICE,
        records(DOMAIN, drop=("app A",), add=(f"app 0 A {EDGE[0]}",)),
        subject=DOMAIN,
    ),
    Fault(
        "ttl-of-absence",
        "That a name does not exist is kept for a day",
        "dns.ttl",
        Severity.NICE,
        records(DOMAIN, drop=("@ SOA",), add=(soa(2026110101, minimum=86_400)[0].replace(" 3600 ", " 86400 ", 1),)),
        subject=DOMAIN,
    ),
)

FAULTS = (*_DELEGATION, *_CONSISTENCY, *_DNSSEC, *_RECORDS)
