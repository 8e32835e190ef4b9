"""The delegation: the registry's name servers and the zone's own agree, all of them serve it, over UDP and TCP."""

from __future__ import annotations

from collections.abc import AsyncIterator

from launchready.edge.authoritative import Word, Zone, ask_zone
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.dns import Answer
from launchready.probes.failures import Failure
from launchready.probes.look import Look

UNLOCK = "run it again from a network that lets DNS out to any server (UDP and TCP port 53)"


@check(
    "dns.delegation.agreement",
    Stage.EDGE,
    roadmap="A1 B1",
    severity=Severity.HIGH,
    effort=20,
    reference="https://www.rfc-editor.org/rfc/rfc1034#section-4.2.2",
)
async def agreement(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The registry and the domain's own name servers name different name servers.

    Why: part of the world asks one set of servers and part the other; after a move to a new DNS provider, that part
    keeps seeing the old website and the old mail server.

    Fix: enter at the registrar exactly the name servers that your DNS provider lists, and correct the NS records in
    the zone to the same list.

    Compared are the NS set (and the addresses that come along with it, the glue) of the parent zone's servers and
    the NS sets of all authoritative servers. RFC 1034 section 4.2.2 wants them "consistent and remain so". A high
    risk, as the domain works for most until one of the sets goes away. An address missing in the glue is no finding
    while another of that server is there; one that the zone does not have is.
    """
    zone = await ask_zone(portal, look)
    if isinstance(zone, Failure):
        yield NotChecked(portal.domain, str(zone), UNLOCK)
        return
    told = zone.delegation
    child = {r.text for w in zone.words if w.serves and isinstance(w.names, Answer) for r in w.names.records}
    child = child or set(told.child_names)
    if not told.parent_names or not child:
        who = "no name server of the zone above" if not told.parent_names else "none of the zone's own name servers"
        yield NotChecked(zone.name, f"{who} said which name servers {zone.name} has", UNLOCK)
        return
    parent = set(told.parent_names)
    if parent != child:
        yield Finding(
            zone.name,
            _disagreement(zone.name, sorted(parent - child), sorted(child - parent)),
            evidence=f"registry: {', '.join(sorted(parent))}; zone: {', '.join(sorted(child))}",
            paste="\n".join(f"{zone.name}. 3600 IN NS {name}." for name in sorted(parent)),
            key="names",
        )
    for name in sorted(n for n, a in told.addresses.items() if a and told.glue.get(n, frozenset()) - a):
        if name == zone.name or name.endswith(f".{zone.name}"):
            yield Finding(
                name,
                f"The registry gives an address for the name server {name} that the zone does not have.",
                evidence=f"registry: {', '.join(sorted(told.glue[name]))}; "
                f"zone: {', '.join(sorted(told.addresses[name]))}",
                fix=f"Correct the glue (host record) of {name} at the registrar to {_listed(told.addresses[name])}.",
                key="glue",
            )
    if parent == child:
        yield Passed(zone.name, f"registry and zone both name {', '.join(sorted(parent))}")


@check(
    "dns.delegation.lame",
    Stage.EDGE,
    roadmap="A1 B1 M1",
    severity=Severity.HIGH,
    effort=20,
    reference="https://www.rfc-editor.org/rfc/rfc9499#name-dns-servers-and-clients",
)
async def lame(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A name server of the domain does not answer for it.

    Why: every visitor whose resolver picks that server waits for seconds or gets an error, at random and depending
    on where they are.

    Fix: take the name server out of the delegation at the registrar and out of the zone's NS records, or have its
    operator serve the zone.

    Each address of each name server that registry or zone names is asked for the SOA record over UDP and for the
    NS set over TCP. Lame is one with no address, one that answers neither, and one that answers without authority
    (RFC 9499). A high risk while another server answers, a blocker when none does. When nothing at all answers,
    not even the servers of the zone above, this machine's network is taken to be in the way: not checked. A server
    reached over one address family only, for want of the other here, is judged by what was reached.
    """
    zone = await ask_zone(portal, look)
    if isinstance(zone, Failure):
        yield NotChecked(portal.domain, str(zone), UNLOCK)
        return
    faults = {name: reason for name in zone.delegation.addresses if (reason := _lameness(name, zone))}
    if not any(w.answers for w in zone.words) and zone.delegation.parent_server is None:
        yield NotChecked(zone.name, "no name server answered, neither of this zone nor of the one above", UNLOCK)
        return
    if faults and not any(w.serves for w in zone.words):
        yield Finding(
            zone.name,
            f"None of the name servers of {zone.name} answers for it, so the domain does not work.",
            evidence=_reasons(faults),
            severity=Severity.BLOCKER,
            key="all",
        )
        return
    for name, reason in sorted(faults.items()):
        yield Finding(name, f"The name server {name} does not answer for {zone.name}.", evidence=reason)
    for name in sorted(set(zone.delegation.addresses) - set(faults)):
        words = [w for w in zone.words if w.server.name == name]
        if all(w.out_of_reach for w in words):
            yield NotChecked(name, "none of its addresses can be reached from here", UNLOCK)
        else:
            yield Passed(name, f"answers with authority at {_listed({w.server.address for w in words if w.serves})}")


@check(
    "dns.delegation.redundancy",
    Stage.EDGE,
    roadmap="A1 B1",
    severity=Severity.HIGH,
    effort=30,
    reference="https://www.rfc-editor.org/rfc/rfc2182#section-5",
)
async def redundancy(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The domain hangs on a single name server.

    Why: when that one server restarts or is attacked, website, mail and login are gone together.

    Fix: add a second name server, run elsewhere, at the registrar and in the zone; every DNS provider offers two or
    more.

    RFC 1034 section 4.1 demands two, RFC 2182 says why and where. Counted are names, and their IPv4 addresses, since
    two names of one machine are one server and most resolvers have IPv4 only. Whether two addresses stand in one
    building cannot be seen from outside: anycast makes neighbouring addresses far apart, so that is not judged.
    """
    zone = await ask_zone(portal, look)
    if isinstance(zone, Failure):
        yield NotChecked(portal.domain, str(zone), UNLOCK)
        return
    names = {server.name for server in zone.delegation.servers}
    addresses = {server.address for server in zone.delegation.servers if ":" not in server.address}
    if len(names) >= 2 and len(addresses) >= 2:
        yield Passed(zone.name, f"{len(names)} name servers at {len(addresses)} IPv4 addresses")
        return
    one = "one name server" if len(names) < 2 else f"{len(names)} name servers at one IPv4 address"
    if not addresses:
        one = f"{len(names)} name servers and none with an IPv4 address"
    yield Finding(
        zone.name,
        f"{zone.name} has {one}: when it fails, the whole domain fails.",
        evidence="; ".join(f"{server.name} at {server.address}" for server in zone.delegation.servers),
    )


@check(
    "dns.delegation.transport",
    Stage.EDGE,
    roadmap="A1 B1",
    severity=Severity.HIGH,
    effort=20,
    reference="https://www.rfc-editor.org/rfc/rfc7766#section-5",
)
async def transport(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A name server answers over UDP or over TCP only.

    Why: large answers (DKIM keys, DNSSEC) come over TCP; where it is blocked, mail and logins fail for some people
    with an error that nobody can reproduce.

    Fix: open port 53 for both UDP and TCP in the firewall in front of the name server.

    RFC 7766 section 5 makes TCP mandatory for servers. Asked are the SOA record over UDP and the NS set over TCP, at
    each address. One that answers neither is reported by `dns.delegation.lame`. When no server at all can be
    reached over TCP, a server of the zone above is tried too: if that fails as well, it is this network.
    """
    zone = await ask_zone(portal, look)
    if isinstance(zone, Failure):
        yield NotChecked(portal.domain, str(zone), UNLOCK)
        return
    answering = [w for w in zone.words if w.answers]
    if not answering:
        yield NotChecked(zone.name, "none of its name servers answered at all", UNLOCK)
        return
    deaf_to_tcp = [w for w in answering if isinstance(w.names, Failure)]
    deaf_to_udp = [w for w in answering if isinstance(w.soa, Failure)]
    if len(deaf_to_tcp) == len(answering) and not await _tcp_leaves(zone, look):
        yield NotChecked(zone.name, "nothing can be asked over TCP from here", UNLOCK)
        deaf_to_tcp = []
    for words, way in ((deaf_to_tcp, "TCP"), (deaf_to_udp, "UDP")):
        for name in sorted({w.server.name for w in words}):
            mine = [w for w in words if w.server.name == name]
            failures = {w.server.address: w.names if way == "TCP" else w.soa for w in mine}
            yield Finding(
                name,
                f"The name server {name} does not answer over {way}.",
                evidence="; ".join(f"{address}: {failure}" for address, failure in sorted(failures.items())),
                key=way.lower(),
            )
    if fine := [w for w in answering if w not in deaf_to_tcp and w not in deaf_to_udp]:
        yield Passed(zone.name, f"{len(fine)} addresses of name servers answer over UDP and TCP")


def _lameness(name: str, zone: Zone) -> str:
    """Why a name server does not serve the zone; empty when it does, or cannot be judged from here."""
    words = [w for w in zone.words if w.server.name == name]
    if not words:
        return f"{name} has no address"
    # Without a route for a whole address family the fault is on this side.
    seen = [w for w in words if not w.out_of_reach or zone.reached(w.server)]
    return "; ".join(f"{w.server.address}: {_what_it_said(w)}" for w in seen if not w.serves)


def _what_it_said(word: Word) -> str:
    answer = word.soa if isinstance(word.soa, Answer) else word.names
    if isinstance(answer, Failure):
        return str(word.soa)
    if answer.status != "NOERROR":
        return f"it answers {answer.status}"
    return "it answers without authority" if not answer.authoritative else "it has no SOA record for the zone"


async def _tcp_leaves(zone: Zone, look: Look) -> bool:
    above = zone.delegation.parent_server
    if above is None:
        return False
    return isinstance(await look.dns.query(zone.delegation.parent, "SOA", server=above, tcp=True), Answer)


def _disagreement(zone: str, only_parent: list[str], only_child: list[str]) -> str:
    parts = []
    if only_parent:
        parts.append(f"the registry names {', '.join(only_parent)}, which the zone does not")
    if only_child:
        parts.append(f"the zone names {', '.join(only_child)}, which the registry does not")
    return f"The name servers of {zone} disagree: {' and '.join(parts)}."


def _reasons(faults: dict[str, str]) -> str:
    return "; ".join(f"{name}: {reason}" for name, reason in sorted(faults.items()))[:800]


def _listed(addresses: set[str] | frozenset[str]) -> str:
    return ", ".join(sorted(addresses, key=lambda a: (":" in a, a)))
