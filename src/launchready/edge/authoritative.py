"""What the domain's own name servers say: who serves the zone, and each one's answers about the hosts.

Shared by the checks of delegation, consistency, DNSSEC and lifetimes, so that each asks for the same facts: the
SOA over UDP and the NS set over TCP of every server, which proves both transports with one question each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from launchready.portal import Portal
from launchready.probes.dns import Answer, Delegation, Server
from launchready.probes.failures import Failure, Unreachable
from launchready.probes.look import Look

Question = tuple[str, str]
"""Name and type."""


@dataclass(frozen=True, slots=True)
class Word:
    """What one address of a name server said of the zone."""

    server: Server
    soa: Answer | Failure
    """Asked over UDP."""
    names: Answer | Failure
    """Its NS set, asked over TCP."""

    @property
    def serves(self) -> bool:
        """It answers for the zone with authority, over one transport at least."""
        return _with_authority(self.soa) or _with_authority(self.names)

    @property
    def answers(self) -> bool:
        """It says something, right or wrong."""
        return isinstance(self.soa, Answer) or isinstance(self.names, Answer)

    @property
    def out_of_reach(self) -> bool:
        """No packet could even be sent: this machine's network may lack the address family."""
        return isinstance(self.soa, Unreachable) and isinstance(self.names, Unreachable)


@dataclass(frozen=True, slots=True)
class Zone:
    """The delegation of the domain's zone, and the word of every server."""

    delegation: Delegation
    words: tuple[Word, ...]

    @property
    def name(self) -> str:
        """The zone the domain is in."""
        return self.delegation.zone

    @property
    def serving(self) -> tuple[Server, ...]:
        """Servers that answered over UDP with authority: those worth asking more."""
        return tuple(w.server for w in self.words if _with_authority(w.soa))

    @property
    def one_of_each(self) -> tuple[Server, ...]:
        """The first serving address of each name server; IPv4 before IPv6."""
        return tuple({server.name: server for server in reversed(self.serving)}.values())[::-1]

    def reached(self, server: Server) -> bool:
        """Whether any server answered over the family of this one's address."""
        family = ":" in server.address
        return any(w.answers for w in self.words if (":" in w.server.address) is family)


async def ask_zone(portal: Portal, look: Look) -> Zone | Failure:
    """The delegation and what every server says of the zone; the questions are asked once in a run."""
    delegation = await look.dns.delegation(portal.domain)
    if isinstance(delegation, Failure):
        return delegation

    async def word(server: Server) -> Word:
        soa, names = await asyncio.gather(
            look.dns.query(delegation.zone, "SOA", server=server),
            look.dns.query(delegation.zone, "NS", server=server, tcp=True),
        )
        return Word(server, soa, names)

    return Zone(delegation, tuple(await asyncio.gather(*map(word, delegation.servers))))


async def ask_all(
    look: Look, servers: Iterable[Server], questions: Iterable[Question]
) -> dict[Question, dict[Server, Answer | Failure]]:
    """Every question to every server, at once."""
    pairs = [(question, server) for question in questions for server in servers]
    answers = await asyncio.gather(*(look.dns.query(name, type, server=server) for (name, type), server in pairs))
    told: dict[Question, dict[Server, Answer | Failure]] = {question: {} for question, _ in pairs}
    for (question, server), answer in zip(pairs, answers, strict=True):
        told[question][server] = answer
    return told


async def host_questions(portal: Portal, look: Look, zone: str) -> tuple[Question, ...]:
    """Addresses of each host in the zone, and mail exchangers and texts of the domain."""
    names = [h.name for h in await look.hosts() if h.name == zone or h.name.endswith(f".{zone}")]
    addresses = [(name, type) for name in names for type in ("A", "AAAA")]
    return (*addresses, (portal.domain, "MX"), (portal.domain, "TXT"))


def said(answer: Answer) -> str:
    """An answer in few words, for evidence."""
    alias = f"alias of {answer.cname[0]} " if answer.cname else ""
    if answer.exists:
        values = ", ".join(answer.values[:4]) + (", …" if len(answer.values) > 4 else "")
        return f"{alias}{values}"[:200]
    return alias.strip() or (f"no {answer.type} record" if answer.status == "NOERROR" else answer.status)


def _with_authority(answer: Answer | Failure) -> bool:
    return isinstance(answer, Answer) and answer.status == "NOERROR" and answer.authoritative and answer.exists
