"""DNS: one question to one server, over UDP with TCP when truncated; answers and failures are values."""

from __future__ import annotations

from dataclasses import dataclass, field

from launchready.portal import DnsSettings
from launchready.probes.failures import Failure
from launchready.probes.network import Network


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
    authority: tuple[Record, ...] = ()
    additional: tuple[Record, ...] = ()
    authoritative: bool = False
    authentic: bool = False
    """The resolver validated it by DNSSEC (AD)."""
    over_tcp: bool = False
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


class Dns:
    """Asks; each (name, type, server, transport) once in a run."""

    def __init__(self, network: Network, settings: DnsSettings) -> None:
        self.network = network
        self.settings = settings

    @property
    def resolvers(self) -> tuple[Server, ...]:
        """The resolvers to ask: the first one for facts, all of them for comparison."""
        raise NotImplementedError

    async def query(self, name: str, type: str, *, server: Server | None = None, tcp: bool = False) -> Answer | Failure:
        """Ask one question, of the first resolver unless `server` is given. Every query carries EDNS with DO set.

        Retries once over UDP when nothing came, goes to TCP when the answer is truncated. An answer with the
        wrong id, question or source is not taken (RFC 5452). SERVFAIL, REFUSED and NXDOMAIN are answers.
        """
        raise NotImplementedError

    async def addresses(self, name: str) -> tuple[str, ...] | Failure:
        """IPv4, then IPv6 addresses of a name by the first resolver; empty when it has none.

        A Failure only when neither question was answered.
        """
        raise NotImplementedError

    async def authorities(self, zone: str) -> tuple[Server, ...] | Failure:
        """The authoritative servers of a zone, one for each address of each name server that parent or child names."""
        raise NotImplementedError


def _value(record: Record) -> str:
    return b"".join(record.strings).decode("utf-8", "backslashreplace") if record.strings else record.text
