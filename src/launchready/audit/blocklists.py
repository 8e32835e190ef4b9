"""Block lists that mail receivers ask: their zones, what their answers mean, and how a question is put (RFC 5782)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address, ip_network


class Weight(StrEnum):
    """What a listing means for mail."""

    REFUSED = "most receivers refuse its mail"
    DOUBTED = "many receivers refuse its mail or sort it into spam"
    NO_SENDER = "the list says that no mail should come straight from this address"


@dataclass(frozen=True, slots=True)
class BlockList:
    """One list."""

    zone: str
    name: str
    codes: Mapping[str, tuple[str, Weight]] = field(default_factory=dict)
    """By answer: what it is called, and what it means."""
    ipv6: bool = False
    lookup: str = ""
    """Where a listing is explained and can be asked to be removed; `{address}` stands for the address."""


LISTS = (
    BlockList(
        "zen.spamhaus.org",
        "Spamhaus",
        {
            "127.0.0.2": ("SBL", Weight.REFUSED),
            "127.0.0.3": ("CSS", Weight.REFUSED),
            **{f"127.0.0.{n}": ("XBL", Weight.REFUSED) for n in (4, 5, 6, 7)},
            "127.0.0.9": ("DROP", Weight.REFUSED),
            "127.0.0.10": ("PBL", Weight.NO_SENDER),
            "127.0.0.11": ("PBL", Weight.NO_SENDER),
        },
        ipv6=True,
        lookup="https://check.spamhaus.org/results/?query={address}",
    ),
    BlockList(
        "bl.spamcop.net",
        "SpamCop",
        {"127.0.0.2": ("SCBL", Weight.DOUBTED)},
        lookup="https://www.spamcop.net/w3m?action=checkblock&ip={address}",
    ),
    BlockList(
        "b.barracudacentral.org",
        "Barracuda",
        {"127.0.0.2": ("BRBL", Weight.DOUBTED)},
        lookup="https://www.barracudacentral.org/lookups",
    ),
)

REFUSALS = {
    "127.255.255.252": "the list's name is mistyped",
    "127.255.255.254": "the list does not answer public resolvers",
    "127.255.255.255": "the list counts too many questions from this resolver",
}
"""Spamhaus answers so instead of listing: https://www.spamhaus.org/resource-hub/dnsbl/ (return codes)."""

LISTED_TEST = "127.0.0.2"
"""Every list lists it (RFC 5782 section 5) ..."""
CLEAN_TEST = "127.0.0.1"
"""... and none lists this one; a zone that does is parked or rewritten by the resolver."""


def question(address: str, zone: str) -> str:
    """The name to ask a list for: octets, or nibbles for IPv6, in reverse (RFC 5782 sections 2.1 and 2.4)."""
    return ip_address(address).reverse_pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa") + f".{zone}"


def refusal(answers: Sequence[str]) -> str:
    """Why answers are no listing but a refusal, or nothing the protocol knows; empty when they may be a listing."""
    for answer in answers:
        try:
            inside = ip_address(answer) in ip_network("127.0.0.0/8")
        except ValueError:
            inside = False
        if not inside or answer == CLEAN_TEST:
            return f"the resolver answers for the list ({answer})"
        if answer.startswith("127.255.255."):
            return REFUSALS.get(answer, f"the list refused to answer ({answer})")
    return ""
