"""An SPF record read by the grammar of RFC 7208 section 12: its terms, and every mistake in it with its place.

Reads one record; follows nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

MECHANISMS = ("all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists")
LOOKUPS = ("include", "a", "mx", "ptr", "exists", "redirect")
"""Terms that cost a DNS lookup (RFC 7208 section 4.6.4)."""

_TERM = re.compile(r"([+\-~?]?)([A-Za-z][A-Za-z0-9\-_.]*)(.*)", re.DOTALL)
_EXPAND = r"%\{[slodiphcrtvSLODIPHCRTV][0-9]*[rR]?[.\-+,/_=]*\}|%%|%_|%-"
_MACRO_STRING = re.compile(rf"(?:{_EXPAND}|[\x21-\x24\x26-\x7e])*")
_DOMAIN_END = re.compile(
    rf"(?:\.(?:[A-Za-z0-9]*[A-Za-z][A-Za-z0-9]*|[A-Za-z0-9]+-[A-Za-z0-9\-]*[A-Za-z0-9])\.?|{_EXPAND})$"
)
_CIDR = re.compile(r"(?P<host>.*?)(?P<four>/(?:0|[1-9][0-9]?))?(?P<six>//(?:0|[1-9][0-9]{0,2}))?$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Term:
    """A mechanism or modifier."""

    text: str
    name: str
    """Lower case."""
    qualifier: str = ""
    """`+`, `-`, `~`, `?`; empty for a modifier."""
    domain: str = ""
    """The domain-spec, macros unexpanded; empty where it stands for the current domain."""
    network: IPv4Network | IPv6Network | None = None
    cidr4: int = 32
    cidr6: int = 128

    @property
    def costs_lookup(self) -> bool:
        """Whether evaluating it counts towards the limit of ten."""
        return self.name in LOOKUPS

    @property
    def has_macro(self) -> bool:
        """Whether its domain depends on the message, so that it cannot be looked up ahead."""
        return "%{" in self.domain


@dataclass(frozen=True, slots=True)
class SpfRecord:
    """A record as read."""

    text: str
    terms: tuple[Term, ...]
    problems: tuple[str, ...]
    """Each mistake against the grammar; any of them is a permerror (section 4.6)."""

    def first(self, name: str) -> Term | None:
        """The first term of that name."""
        return next((term for term in self.terms if term.name == name), None)


def is_spf(text: str) -> bool:
    """Whether a TXT record is an SPF record (section 4.5): `v=spf1`, then a space or the end."""
    return bool(re.match(r"v=spf1(?: |$)", text, re.IGNORECASE))


def parse(text: str) -> SpfRecord:
    """Read a record; never raises."""
    terms: list[Term] = []
    problems: list[str] = []
    for number, word in enumerate(text.split(" ")[1:], 1):
        if not word:
            continue
        term = _parse_term(word)
        if isinstance(term, str):
            problems.append(f"term {number}, {word[:80]!r}: {term}")
        else:
            terms.append(term)
    names = [term.name for term in terms]
    problems += [f"{name}= stands more than once (section 6)" for name in ("redirect", "exp") if names.count(name) > 1]
    return SpfRecord(text, tuple(terms), tuple(problems))


def _parse_term(word: str) -> Term | str:
    if not (match := _TERM.fullmatch(word)):
        return "no mechanism or modifier begins like this"
    qualifier, name, rest = match.groups()
    name = name.lower()
    if rest.startswith("="):
        return _parse_modifier(word, qualifier, name, rest[1:])
    if name not in MECHANISMS:
        return f"there is no mechanism {name!r}"
    qualifier = qualifier or "+"
    if name == "all":
        return "nothing may follow `all`" if rest else Term(word, name, qualifier)
    if name in ("ip4", "ip6"):
        return _parse_network(word, qualifier, name, rest)
    return _parse_domain(word, qualifier, name, rest)


def _parse_modifier(word: str, qualifier: str, name: str, value: str) -> Term | str:
    if qualifier:
        return "a modifier takes no qualifier"
    if name in ("redirect", "exp"):
        if problem := _domain_problem(value):
            return problem
        return Term(word, name, domain=value)
    return Term(word, name, domain=value) if _MACRO_STRING.fullmatch(value) else "a macro in it is not valid"


def _parse_network(word: str, qualifier: str, name: str, rest: str) -> Term | str:
    value = rest[1:]
    address, slash, length = value.partition("/")
    if not rest.startswith(":") or not value:
        return f"{name} needs an address: {name}:ADDRESS"
    if slash and not re.fullmatch(r"0|[1-9][0-9]{0,2}", length):
        return "the prefix length is not a number without leading zeros"
    if name == "ip4" and not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3}){3}", address):
        return "not an IPv4 address"
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        return f"not an IPv{name[2]} network"
    if network.version != int(name[2]):
        return f"not an IPv{name[2]} network"
    return Term(word, name, qualifier, network=network)


def _parse_domain(word: str, qualifier: str, name: str, rest: str) -> Term | str:
    cidr4, cidr6, domain = 32, 128, rest
    if name in ("a", "mx"):
        match = _CIDR.fullmatch(rest)
        assert match is not None  # noqa: S101 - every part of the pattern may be empty
        domain = match["host"]
        cidr4, cidr6 = int((match["four"] or "/32")[1:]), int((match["six"] or "//128")[2:])
        if cidr4 > 32 or cidr6 > 128:
            return "the prefix length is too large"
    if not domain:
        return (
            f"{name} needs a domain: {name}:DOMAIN"
            if name in ("include", "exists")
            else Term(word, name, qualifier, "", None, cidr4, cidr6)
        )
    if not domain.startswith(":"):
        return "a colon is missing before the domain"
    if problem := _domain_problem(domain[1:]):
        return problem
    return Term(word, name, qualifier, domain[1:], None, cidr4, cidr6)


def _domain_problem(domain: str) -> str:
    """Why it is no domain-spec (section 7.1); empty when it is one."""
    if not domain:
        return "the domain is missing"
    if not domain.isascii():
        return "a character that is not ASCII"
    if not _MACRO_STRING.fullmatch(domain):
        return "a macro in it is not valid, or a `%` stands alone"
    if any(int(digits) == 0 for digits in re.findall(r"%\{[A-Za-z]([0-9]+)", domain)):
        return "a macro asks for 0 labels"
    if re.search(r"%\{[crtCRT]", domain):
        return "the macros c, r and t are allowed in an explanation only"
    if not _DOMAIN_END.search(domain):
        return "not a domain name with a top-level domain"
    return ""
