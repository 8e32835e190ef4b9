"""DNS: one question to one server, over UDP with TCP when truncated; answers and failures are values."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.resolver
from dns.message import Message
from dns.rdata import Rdata
from dns.rdatatype import RdataType

from launchready.portal import DnsSettings
from launchready.probes.addresses import place_of
from launchready.probes.dns_exchange import over_tcp, over_udp
from launchready.probes.failures import Failure, Garbage, OutOfTime, Phase, Unreachable
from launchready.probes.network import Network

UDP_BYTES = 1232
"""The answer size offered over UDP: fits every path without fragments (DNS flag day 2020)."""
LONGEST_CHAIN = 16
"""So many CNAMEs in a row are followed; resolvers give up at 8 to 16."""
PUBLIC = (("Cloudflare", "1.1.1.1"), ("Google", "8.8.8.8"), ("Quad9", "9.9.9.9"))


@dataclass(frozen=True, slots=True)
class Server:
    """A DNS server to ask. `name` is the region of a resolver or the host name of a name server."""

    name: str
    address: str
    port: int = 53
    recursive: bool = True
    """Whether it is asked to resolve for us (RD) or for what it holds itself."""


@dataclass(frozen=True, slots=True)
class Record:
    """One resource record of an answer, of the type that was asked for, or of the CNAME chain."""

    name: str
    """Owner, lower case, without trailing dot."""
    type: str
    ttl_s: int
    text: str
    """Presentation form (RFC 1035 section 5.1), names absolute and lower case, without trailing dot."""
    strings: tuple[bytes, ...] = ()
    """For TXT: the character strings as sent; join them with nothing between (RFC 7208 section 3.3)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said."""

    name: str
    type: str
    server: Server
    status: str
    """`NOERROR`, `NXDOMAIN`, `SERVFAIL`, `REFUSED`, ... (RFC 6895)."""
    records: tuple[Record, ...] = ()
    """Records of the type asked for, at the end of the CNAME chain."""
    cname: tuple[str, ...] = ()
    """Names the chain passed through, in order; the last one owns `records`."""
    aliases: tuple[Record, ...] = ()
    """The CNAME records of that chain, in order."""
    authority: tuple[Record, ...] = ()
    additional: tuple[Record, ...] = ()
    authoritative: bool = False
    authentic: bool = False
    """The resolver validated it by DNSSEC (AD)."""
    over_tcp: bool = False
    """It came over TCP: asked so, or because it was truncated over UDP."""
    elapsed_s: float = 0.0
    wire: bytes = field(default=b"", repr=False)
    """The message as it came, for signatures."""

    @property
    def values(self) -> tuple[str, ...]:
        """Presentation form of each record, sorted; TXT as joined text, undecodable bytes escaped."""
        return tuple(sorted(_value(r) for r in self.records))

    @property
    def exists(self) -> bool:
        """There is at least one record."""
        return bool(self.records)


@dataclass(frozen=True, slots=True)
class Delegation:
    """How a zone hangs below its parent, as both tell it."""

    zone: str
    """The zone the name asked about is in: itself or the nearest one above."""
    parent: str
    """The zone above; empty when it could not be found."""
    parent_names: tuple[str, ...]
    """Name servers by the parent's servers, sorted; empty when none of them said."""
    child_names: tuple[str, ...]
    """Name servers by the zone itself, as the first resolver gives them, sorted; empty when it could not."""
    glue: dict[str, frozenset[str]]
    """Addresses the parent gives along, by name server."""
    addresses: dict[str, frozenset[str]]
    """Addresses the first resolver gives, by name server; empty for one that does not resolve."""
    servers: tuple[Server, ...]
    """One for each address of each name server either of them names."""
    parent_server: Server | None = None
    """The server of the parent that told."""


class Dns:
    """Asks; each (name, type, server, transport) once in a run."""

    def __init__(self, network: Network, settings: DnsSettings) -> None:
        self.network = network
        self.settings = settings
        self._resolvers: tuple[Server, ...] | None = None

    @property
    def resolvers(self) -> tuple[Server, ...]:
        """The resolvers to ask: the first one for facts, all of them for comparison.

        Those of the settings; without any, this machine's first, then public ones if those are to be compared.
        Empty when there is none at all.
        """
        if self._resolvers is None:
            self._resolvers = _named(self.settings) or (*_of_this_machine(), *_public(self.settings))
        return self._resolvers

    async def query(
        self, name: str, type: str, *, server: Server | None = None, tcp: bool = False, unchecked: bool = False
    ) -> Answer | Failure:
        """Ask one question, of the first resolver unless `server` is given. Every query carries EDNS with DO set.

        Retries once over UDP when nothing came, goes to TCP when the answer is truncated. An answer with the
        wrong id, question or source is not taken (RFC 5452). SERVFAIL, REFUSED and NXDOMAIN are answers.
        `unchecked` asks a validating resolver for what it has, valid or not (CD, RFC 4035 section 3.2.2).
        """
        if server is None:
            if not self.resolvers:
                detail = "this machine has no DNS resolver configured; name one with --resolver"
                return Unreachable(Phase.LOOKUP, name, detail)
            server = self.resolvers[0]
        name, type, asked = _plain(name), type.upper(), server
        key = ("dns", name, type, server.address, server.port, server.recursive, tcp, unchecked)
        answer = await self.network.once(key, lambda: self._ask(name, type, asked, tcp, unchecked))
        # Two name servers may share an address: it is asked once, and each gets the answer under its own name.
        return replace(answer, server=server) if isinstance(answer, Answer) and answer.server != server else answer

    async def addresses(self, name: str) -> tuple[str, ...] | Failure:
        """IPv4, then IPv6 addresses of a name by the first resolver; empty when it has none.

        A Failure only when neither question was answered.
        """
        answers = await asyncio.gather(self.query(name, "A"), self.query(name, "AAAA"))
        if isinstance(answers[0], Failure) and isinstance(answers[1], Failure):
            return replace(answers[0], phase=Phase.LOOKUP)  # to who wanted the host, that is where it failed
        good = (answer for answer in answers if isinstance(answer, Answer))
        return tuple(dict.fromkeys(record.text for answer in good for record in answer.records))

    async def places(self, host: str) -> tuple[str, ...] | Failure:
        """Where the host of a URL is: an address itself, `localhost` this machine, others are asked for."""
        if known := place_of(host):
            return known
        return await self.addresses(host)

    async def authorities(self, zone: str) -> tuple[Server, ...] | Failure:
        """The authoritative servers of a zone, one for each address of each name server that parent or child names."""
        delegation = await self.delegation(zone)
        return delegation if isinstance(delegation, Failure) else delegation.servers

    async def delegation(self, name: str) -> Delegation | Failure:
        """How the zone that `name` is in hangs below its parent; asked once.

        Takes three round trips: name servers of every zone above, by the resolver; their addresses; the parent's
        own word. A fourth only for name servers that the parent alone names.
        """
        name = _plain(name)
        return await self.network.once(("delegation", name), lambda: self._delegation(name))

    async def _delegation(self, name: str) -> Delegation | Failure:
        above = _suffixes(name)
        answers = dict(zip(above, await asyncio.gather(*(self.query(n, "NS") for n in above)), strict=True))
        zones = [n for n in above if isinstance(a := answers[n], Answer) and a.exists and not a.cname]
        if not zones:
            first = answers[above[0]]
            detail = f"no zone was found at or above {name}: {first if isinstance(first, Failure) else first.status}"
            return first if isinstance(first, Failure) else Garbage(Phase.LOOKUP, name, detail)
        # A zone that does not validate is no zone to the resolver; its parent still is, and tells of it.
        first = answers[name]
        hidden = isinstance(first, Failure) or first.status == "SERVFAIL"
        parent = zones[0] if hidden and zones[0] != name else next(iter(zones[1:]), "")
        zone = name if hidden else zones[0]
        child_names = _texts(answers[zones[0]]) if not hidden else ()
        found, told = await asyncio.gather(self._addresses_of(child_names), self._told(zone, parent, answers))
        parent_names, glue, parent_server, cut = told
        found |= await self._addresses_of(n for n in parent_names if n not in found)
        servers = tuple(
            Server(server, address, recursive=False)
            for server in sorted(found)
            for address in sorted(found[server] or glue.get(server, frozenset()), key=_v4_first)
        )
        if not servers:
            return Unreachable(Phase.LOOKUP, zone, f"no name server of {zone} has an address")
        return Delegation(cut or zone, parent, parent_names, child_names, glue, found, servers, parent_server)

    async def _told(
        self, zone: str, parent: str, answers: dict[str, Answer | Failure]
    ) -> tuple[tuple[str, ...], dict[str, frozenset[str]], Server | None, str]:
        """What the parent's servers say of the zone: name servers, glue, who said so, and the zone's name."""
        found = await self._addresses_of(_texts(answers[parent])[:PARENTS]) if parent else {}
        # IPv4 first: a machine without IPv6 still gets its answer from the first server asked.
        pairs = sorted(((s, a) for s in found for a in found[s]), key=lambda pair: (_v4_first(pair[1]), pair[0]))
        servers = [Server(name, address, recursive=False) for name, address in pairs[:PARENTS]]
        # One is enough; only when it does not tell are the others troubled, and then at once.
        for asked in (servers[:1], servers[1:]):
            answers_of = await asyncio.gather(*(self.query(zone, "NS", server=server) for server in asked))
            for server, answer in zip(asked, answers_of, strict=True):
                if isinstance(answer, Answer) and answer.status == "NOERROR" and _referral(answer):
                    records = _referral(answer)
                    return tuple(sorted({r.text for r in records})), _glue(answer), server, records[0].name
        return (), {}, None, ""

    async def _addresses_of(self, names: Iterable[str]) -> dict[str, frozenset[str]]:
        names = tuple(dict.fromkeys(names))[:SERVERS]
        answers = await asyncio.gather(*map(self.addresses, names))
        return {n: frozenset() if isinstance(a, Failure) else frozenset(a) for n, a in zip(names, answers, strict=True)}

    async def _ask(self, name: str, type: str, server: Server, tcp: bool, unchecked: bool) -> Answer | Failure:
        subject = f"{name} {type} at {server.name or server.address} ({server.address})"
        endpoint = self.network.route(server.name, server.address, server.port)
        if isinstance(endpoint, Failure):
            return endpoint
        try:
            query = _question(name, type, server, unchecked)
        except (dns.exception.DNSException, UnicodeError, ValueError) as error:
            return Garbage(Phase.LOOKUP, name, f"{name!r} {type} cannot be asked: {error}")
        began = time.monotonic()
        timeout_s = self.network.bounded_s(self.network.limits.lookup_timeout_s)
        if timeout_s <= 0:
            return OutOfTime(Phase.LOOKUP, subject, f"{subject}: the run's deadline passed first")
        async with self.network.slot("dns", server.address, f"{name} {type}"):
            exchange = over_tcp if tcp else over_udp
            message = await exchange(query, endpoint, timeout_s, subject)
            if isinstance(message, Message) and message.rcode() in _NO_EDNS and not message.answer:
                query.use_edns(False)
                message = await exchange(query, endpoint, timeout_s, subject)
            if isinstance(message, Message) and message.flags & dns.flags.TC and not tcp:
                tcp = True
                message = await over_tcp(query, endpoint, self.network.bounded_s(timeout_s), subject)
                if isinstance(message, Failure):
                    return replace(message, detail=f"{message.detail}, and over UDP the answer was truncated")
        if isinstance(message, Failure):
            return message
        return _answer(message, name, type, server, tcp, time.monotonic() - began)


PARENTS = 4
"""So many addresses of the parent's name servers are tried: the first, and when it does not tell, the others."""
SERVERS = 16
"""So many name servers of a zone are looked at; a referral over UDP holds 13."""


def _question(name: str, type: str, server: Server, unchecked: bool) -> Message:
    query = dns.message.make_query(
        dns.name.from_text(name), dns.rdatatype.from_text(type), use_edns=0, want_dnssec=True, payload=UDP_BYTES
    )
    if not server.recursive:
        query.flags &= ~dns.flags.RD
    if unchecked:
        query.flags |= dns.flags.CD
    return query


def _answer(
    message: Message, name: str, type: str, server: Server, over_tcp: bool, elapsed_s: float
) -> Answer | Failure:
    wanted = dns.rdatatype.from_text(type)
    owner = dns.name.from_text(name)
    aliases = {r.name: r for r in message.answer if r.rdtype == RdataType.CNAME and len(r)}
    chain = [owner]
    while wanted != RdataType.CNAME and owner in aliases and not _holds(message, owner, wanted):
        owner = aliases[owner][0].target
        looped = owner in chain
        chain.append(owner)
        if looped or len(chain) > LONGEST_CHAIN:
            path = " → ".join(map(_text_of_name, chain))
            what = "loops" if looped else f"has more than {LONGEST_CHAIN} links"
            return Garbage(Phase.ANSWER, f"{name} {type}", f"the CNAME chain {what}: {path}"[:1000], elapsed_s)
    records = [r for r in _records(message.answer, wanted) if r.name == _text_of_name(owner)]
    return Answer(
        name=name,
        type=type,
        server=server,
        status=dns.rcode.to_text(message.rcode()),
        records=tuple(records),
        cname=tuple(map(_text_of_name, chain[1:])),
        aliases=tuple(r for name in chain[:-1] for r in _records([aliases[name]])),
        authority=tuple(_records(message.authority)),
        additional=tuple(_records(message.additional)),
        authoritative=bool(message.flags & dns.flags.AA),
        authentic=bool(message.flags & dns.flags.AD),
        over_tcp=over_tcp,
        elapsed_s=elapsed_s,
        wire=message.wire or b"",
    )


def _holds(message: Message, owner: dns.name.Name, wanted: RdataType) -> bool:
    return any(r.name == owner and r.rdtype == wanted for r in message.answer)


def _records(rrsets: Iterable[dns.rrset.RRset], wanted: RdataType | None = None) -> Iterable[Record]:
    for rrset in rrsets:
        if wanted is not None and rrset.rdtype != wanted:
            continue
        name, type = _text_of_name(rrset.name), dns.rdatatype.to_text(rrset.rdtype)
        for rdata in rrset:
            strings = tuple(rdata.strings) if rrset.rdtype == RdataType.TXT else ()
            yield Record(name, type, rrset.ttl, _text(rdata), strings)


def _text(rdata: Rdata) -> str:
    text = rdata.to_text()
    if rdata.rdtype not in _MADE_OF_NAMES:
        return text
    return " ".join(part if part == "." else part.rstrip(".").lower() for part in text.split(" "))


def _text_of_name(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


def _plain(name: str) -> str:
    return name.lower().rstrip(".") or "."


def _suffixes(name: str) -> list[str]:
    labels = name.split(".")
    return [".".join(labels[i:]) for i in range(len(labels))]


def _referral(answer: Answer) -> list[Record]:
    return [r for r in (*answer.authority, *answer.records) if r.type == "NS"]


def _glue(answer: Answer) -> dict[str, frozenset[str]]:
    glue: dict[str, set[str]] = {}
    for record in answer.additional:
        if record.type in ("A", "AAAA"):
            glue.setdefault(record.name, set()).add(record.text)
    return {name: frozenset(addresses) for name, addresses in glue.items()}


def _texts(answer: Answer | Failure) -> tuple[str, ...]:
    return tuple(sorted({r.text for r in answer.records})) if isinstance(answer, Answer) else ()


def _v4_first(address: str) -> tuple[bool, str]:
    return ":" in address, address


def _named(settings: DnsSettings) -> tuple[Server, ...]:
    return tuple(Server(r.name, r.address, r.port) for r in settings.resolvers)


def _of_this_machine() -> tuple[Server, ...]:
    try:
        configured = dns.resolver.Resolver()
    except (dns.exception.DNSException, OSError):
        return ()
    addresses = [str(address) for address in configured.nameservers]
    return (Server("this machine's resolver", addresses[0], configured.port),) if addresses else ()


def _public(settings: DnsSettings) -> tuple[Server, ...]:
    return tuple(Server(name, address) for name, address in PUBLIC) if settings.compare_public else ()


_NO_EDNS = (dns.rcode.FORMERR, dns.rcode.NOTIMP)
"""What servers from before RFC 6891 say to a question with EDNS; they are asked again without."""
_MADE_OF_NAMES = frozenset(
    (RdataType.NS, RdataType.CNAME, RdataType.DNAME, RdataType.PTR, RdataType.MX, RdataType.SOA, RdataType.SRV)
)


def _value(record: Record) -> str:
    return b"".join(record.strings).decode("utf-8", "backslashreplace") if record.strings else record.text
