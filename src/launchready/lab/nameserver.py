"""The lab's name servers and resolvers: real packets over UDP and TCP on loopback, one port for each address.

Authoritative servers answer from their zones; resolvers from the deepest zone of the world, chasing aliases
across zones and refusing what does not validate. What each was asked is counted. No zone transfers, no caches.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
from dns.message import Message
from dns.name import Name
from dns.rdatatype import RdataType
from dns.rrset import RRset

from launchready.lab.world import NameServer, Trouble, World, Zone
from launchready.lab.zonedata import (
    LONGEST_CHAIN,
    Reply,
    ZoneData,
    absolute,
    delegation_signers,
    parse,
    validates,
)
from launchready.probes.network import Detour

UDP_BYTES = 1232
"""The largest answer sent over UDP, whatever is offered (DNS flag day 2020)."""
NOBODY = 1
"""A port nobody listens on."""
_MUTE_OVER_UDP = (Trouble.SILENT, Trouble.NO_UDP, Trouble.CLOSES, Trouble.DRIPS)
_NO_TCP = (Trouble.NO_TCP, Trouble.TRUNCATES)


@dataclass(slots=True)
class View:
    """What is served at one address."""

    address: str
    zones: dict[Name, ZoneData]
    recursive: bool
    trouble: Trouble


class LiveZone(Protocol):
    """A zone that changes while it is served."""

    on_change: list[Callable[[], None]]

    def zone(self) -> Zone:
        """The zone as it is now."""
        ...


class NameServers:
    """Every name server and resolver of a world."""

    def __init__(self, world: World, counts: Counter[tuple[str, ...]]) -> None:
        self.world = world
        self.counts = counts
        self._ds = delegation_signers(world.zones)
        self._serving: list[View] = []
        self._servers: list[asyncio.Server] = []
        self._transports: list[asyncio.DatagramTransport] = []
        self._sockets: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def follow(self, live: LiveZone) -> None:
        """Serve a zone as it is at each moment, wherever the world's zone of that name would be served."""
        served = live.zone()
        self.world = replace(
            self.world, zones=tuple(served if z.origin == served.origin else z for z in self.world.zones)
        )

        def changed() -> None:
            nonlocal served
            before, served = parse(served), live.zone()
            for view in self._serving:
                # Who sees the zone differently from the world goes on doing so.
                if view.zones.get(before.origin) is before:
                    view.zones[before.origin] = parse(served)

        live.on_change.append(changed)

    async def start(self) -> list[Detour]:
        """Listen for every address; where nobody is to listen, the way leads to a closed port."""
        self._serving = self._views()
        return [await self._listen(view) for view in self._serving]

    async def stop(self) -> None:
        """Close every socket."""
        for server in self._servers:
            server.close()
        for transport in self._transports:
            transport.close()
        for kept in self._sockets:
            kept.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def respond(self, view: View, wire: bytes, transport: str) -> bytes | None:
        """The answer to a packet, None to stay silent; counts the question."""
        try:
            query = dns.message.from_wire(wire)
            question = query.question[0]
        except (dns.exception.DNSException, IndexError):
            return None
        if query.flags & dns.flags.QR:
            return None  # an answer of somebody's that came late, to a port that was another's before
        name = question.name.to_text(omit_final_dot=True).lower()
        type = dns.rdatatype.to_text(question.rdtype)
        self.counts["dns", view.address, name, type, transport] += 1
        if view.trouble is Trouble.GARBAGE:
            return b"\x00\xff\x1b[2J not a DNS message <script>" + wire[:1]
        response = dns.message.make_response(query, recursion_available=view.recursive, our_payload=UDP_BYTES)
        self._fill(response, view, query)
        if view.trouble is Trouble.WRONG_ID:
            response.id = (query.id + 1) % 65_536
        return _to_wire(response, query, transport, cut=view.trouble is Trouble.TRUNCATES)

    def _fill(self, response: Message, view: View, query: Message) -> None:
        name, type = query.question[0].name, query.question[0].rdtype
        if view.trouble is Trouble.SERVFAIL:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif view.trouble is Trouble.REFUSED_CODE:
            response.set_rcode(dns.rcode.REFUSED)
        elif view.trouble is Trouble.LAME:
            pass  # no authority, no data
        elif view.recursive:
            # CD is copied into the answer (RFC 4035 section 3.2.2), and says here whether to validate.
            response.flags |= query.flags & dns.flags.CD
            self._resolve(response, view, name, type, signed=_wants_signatures(query))
        else:
            self._answer(response, view, name, type, signed=_wants_signatures(query))

    def _answer(self, response: Message, view: View, name: Name, type: RdataType, *, signed: bool) -> None:
        zone = _deepest(view.zones, name, type)
        if zone is None:
            response.set_rcode(dns.rcode.REFUSED)
            return
        seen: set[Name] = set()
        authoritative = True
        while True:
            seen.add(name)
            reply = zone.find(name, type, self._ds)
            _append(response, reply, zone, signed=signed)
            if reply.referral:
                authoritative = bool(response.answer)
            name = reply.alias_to or name
            if name in seen or not name.is_subdomain(zone.origin):
                break
        if authoritative:
            response.flags |= dns.flags.AA
        if not reply.exists:
            response.set_rcode(dns.rcode.NXDOMAIN)

    def _resolve(self, response: Message, view: View, name: Name, type: RdataType, *, signed: bool) -> None:
        authentic = True
        unchecked = bool(response.flags & dns.flags.CD)
        seen: set[Name] = set()
        while name not in seen and len(seen) < LONGEST_CHAIN:
            seen.add(name)
            zone = _deepest(view.zones, name, type)
            if zone is None:
                response.set_rcode(dns.rcode.NXDOMAIN)
                response.authority.append(_ROOT_SOA)
                return
            reply = zone.find(name, type, self._ds)
            if reply.referral or not (unchecked or validates(zone.signing)):
                # Delegated to where no zone of this world is, or bogus.
                response.answer.clear()
                response.set_rcode(dns.rcode.SERVFAIL)
                return
            authentic = authentic and zone.origin in self._ds and validates(zone.signing)
            _append(response, reply, zone, signed=signed)
            if not reply.exists:
                response.set_rcode(dns.rcode.NXDOMAIN)
            if reply.alias_to is None:
                break
            name = reply.alias_to
        if authentic and not unchecked:
            response.flags |= dns.flags.AD

    def _views(self) -> list[View]:
        world = {zone.origin: zone for zone in self.world.zones}
        views: dict[str, View] = {}
        for server in self.world.name_servers:
            for address in server.addresses:
                zones = _parsed(_served(server, address, world))
                if address in views:
                    views[address].zones.update(zones)
                else:
                    views[address] = View(address, zones, recursive=False, trouble=server.trouble)
        for resolver in self.world.resolvers:
            seen = {**world, **{zone.origin: zone for zone in resolver.own}}
            views[resolver.address] = View(resolver.address, _parsed(seen), recursive=True, trouble=resolver.trouble)
        return list(views.values())

    async def _listen(self, view: View) -> Detour:
        host = "::1" if ":" in view.address and _HAS_IPV6 else "127.0.0.1"
        if view.trouble is Trouble.REFUSES:
            return Detour(view.address, 53, host, NOBODY)
        udp, tcp = _socket_pair(host)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self, view), sock=udp)
        self._transports.append(transport)
        if view.trouble in _NO_TCP:
            self._sockets.append(tcp)  # bound, so that nobody else takes the port, yet not listening
        else:
            self._servers.append(await asyncio.start_server(lambda r, w: self._converse(view, r, w), sock=tcp))
        return Detour(view.address, 53, host, udp_port(transport))

    async def _converse(self, view: View, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # Cancelled only by `stop`; asyncio 3.11 would report that as an error of the connection.
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while view.trouble is not Trouble.CLOSES:
                size = int.from_bytes(await reader.readexactly(2), "big")
                wire = self.respond(view, await reader.readexactly(size), "tcp")
                if view.trouble is Trouble.SILENT:
                    await asyncio.Event().wait()
                if wire is None:
                    break
                message = wire if view.trouble is Trouble.GARBAGE else len(wire).to_bytes(2, "big") + wire
                for piece in _pieces(message, view.trouble):
                    writer.write(piece)
                    await writer.drain()
                    if view.trouble is Trouble.DRIPS:
                        await asyncio.sleep(1)
        writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, servers: NameServers, view: View) -> None:
        self.servers = servers
        self.view = view

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        wire = self.servers.respond(self.view, data, "udp")
        if wire is not None and self.view.trouble not in _MUTE_OVER_UDP:
            self.transport.sendto(wire, addr)


def udp_port(transport: asyncio.DatagramTransport) -> int:
    """The port a datagram endpoint got."""
    port: int = transport.get_extra_info("sockname")[1]
    return port


def _served(server: NameServer, address: str, world: dict[str, Zone]) -> dict[str, Zone]:
    zones = {origin: world[origin] for origin in server.zones if origin in world}
    zones.update((zone.origin, zone) for zone in server.own)
    zones.update((zone.origin, zone) for at, zone in server.own_at if at == address)
    return zones


def _parsed(zones: dict[str, Zone]) -> dict[Name, ZoneData]:
    return {absolute(origin): parse(zone) for origin, zone in zones.items()}


def _deepest(zones: dict[Name, ZoneData], name: Name, type: RdataType) -> ZoneData | None:
    """The zone a name is in; for DS the one above, where the record lives (RFC 4035 section 2.4)."""
    if type == RdataType.DS and name in zones and name != dns.name.root:
        above = _deepest(zones, name.parent(), RdataType.A)
        if above is not None:
            return above
    while name not in zones:
        if name == dns.name.root:
            return None
        name = name.parent()
    return zones[name]


def _append(response: Message, reply: Reply, zone: ZoneData, *, signed: bool) -> None:
    for section, rrsets in ((response.answer, reply.answer), (response.authority, reply.authority)):
        for rrset in rrsets:
            section.append(rrset)
            # The NS set of a delegation belongs to the child and is not signed (RFC 4035 section 2.2).
            unsigned = reply.referral and rrset.rdtype == RdataType.NS
            signature = zone.signature(rrset) if signed and not unsigned else None
            if signature is not None:
                section.append(signature)
    response.additional.extend(reply.additional)


def _to_wire(response: Message, query: Message, transport: str, *, cut: bool) -> bytes:
    limit = 65_535 if transport == "tcp" else min(query.payload if query.edns >= 0 else 512, UDP_BYTES)
    if not cut:
        with contextlib.suppress(dns.exception.TooBig):
            return response.to_wire(max_size=limit)
    for section in (response.answer, response.authority, response.additional):
        section.clear()
    if transport == "tcp":
        response.set_rcode(dns.rcode.SERVFAIL)
    else:
        response.flags |= dns.flags.TC
    return response.to_wire(max_size=limit)


def _wants_signatures(query: Message) -> bool:
    return bool(query.ednsflags & dns.flags.DO)


def _pieces(message: bytes, trouble: Trouble) -> list[bytes]:
    return [message[i : i + 1] for i in range(len(message))] if trouble is Trouble.DRIPS else [message]


def _socket_pair(host: str) -> tuple[socket.socket, socket.socket]:
    """A UDP and a TCP socket bound to one free port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for _ in range(50):
        udp = socket.socket(family, socket.SOCK_DGRAM)
        tcp = socket.socket(family, socket.SOCK_STREAM)
        try:
            tcp.bind((host, 0))
            udp.bind((host, tcp.getsockname()[1]))
        except OSError:
            udp.close()
            tcp.close()
            continue
        udp.setblocking(False)
        tcp.setblocking(False)
        return udp, tcp
    raise OSError(f"no port of {host} is free for UDP and TCP alike")


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


_HAS_IPV6 = _has_ipv6()
_ROOT_SOA: RRset = dns.rrset.from_text(
    ".", 86_400, "IN", "SOA", "a.root-servers.net. nstld.verisign-grs.com. 2026110101 1800 900 604800 86400"
)
