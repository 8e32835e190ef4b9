"""DMARC records and the tree walk, by RFC 9989 (May 2026, which replaced RFC 7489). Pure: no network.

The walk replaces the public suffix list: which record applies to a domain, and which domain is its organizational
one, follows from the records at the domain and its parents alone.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

POLICIES = ("none", "quarantine", "reject")
"""Weakest first."""
TAGS = ("v", "p", "sp", "np", "t", "psd", "adkim", "aspf", "rua", "ruf", "fo")
REMOVED = ("pct", "rf", "ri")
"""Tags of RFC 7489 that RFC 9989 took out; receivers that follow it ignore them."""
MOST_QUERIES = 8
"""RFC 9989 section 4.10: the tree walk asks no more."""

_VALUES = {
    "p": POLICIES,
    "sp": POLICIES,
    "np": POLICIES,
    "t": ("y", "n"),
    "psd": ("y", "n", "u"),
    "adkim": ("r", "s"),
    "aspf": ("r", "s"),
}
_MAILTO = re.compile(r"mailto:([^@!,;\s]{1,64}@([a-z0-9_](?:[a-z0-9._-]{0,252}[a-z0-9])?))(![0-9]+[kmgt]?)?", re.I)


@dataclass(frozen=True, slots=True)
class ReportAddress:
    """One URI of `rua` or `ruf`."""

    uri: str
    domain: str = ""
    """The domain of a `mailto:` URI; empty when it is not one, or not a valid one."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong with a record that leaves it in force, or takes it out."""

    tag: str
    says: str
    """What is wrong and what receivers make of it, as a sentence."""
    typo: bool = False
    """An unknown tag that looks like a known one."""


@dataclass(frozen=True, slots=True)
class Record:
    """A DMARC policy record."""

    text: str
    tags: Mapping[str, str] = field(default_factory=dict)
    flaws: tuple[Flaw, ...] = ()
    rua: tuple[ReportAddress, ...] = ()
    ruf: tuple[ReportAddress, ...] = ()

    @property
    def in_force(self) -> bool:
        """Receivers act on it: its policies are valid, or there is an address to report to (section 4.10.1).

        Without `p` it is read as `p=none` (section 4.7).
        """
        valid = all(self._policy(tag) for tag in ("p", "sp", "np") if tag in self.tags)
        return valid or any(address.domain for address in self.rua)

    @property
    def p(self) -> str:
        """The policy for the domain itself as receivers read it: `none` without a valid one."""
        return "none" if self._broken_below else self._policy("p") or "none"

    @property
    def sp(self) -> str:
        """The policy for subdomains that exist."""
        return "none" if self._broken_below else self._policy("sp") or self.p

    @property
    def np(self) -> str:
        """The policy for subdomains that do not exist."""
        return "none" if self._broken_below else self._policy("np") or self.sp

    @property
    def testing(self) -> bool:
        """`t=y`: receivers apply the next weaker policy."""
        return self.tags.get("t", "").lower() == "y"

    @property
    def psd(self) -> str:
        """`y`, `n` or `u`."""
        value = self.tags.get("psd", "u").lower()
        return value if value in _VALUES["psd"] else "u"

    def strict(self, tag: str) -> bool:
        """Whether `adkim` or `aspf` asks for the very same domain."""
        return self.tags.get(tag, "r").lower() == "s"

    def applied(self, policy: str) -> str:
        """What receivers do under `policy` once `t=y` is heeded: one level less (RFC 9989 section 4.7)."""
        return POLICIES[max(0, POLICIES.index(policy) - 1)] if self.testing else policy

    def _policy(self, tag: str) -> str:
        value = self.tags.get(tag, "").lower()
        return value if value in POLICIES else ""

    @property
    def _broken_below(self) -> bool:
        return any(tag in self.tags and not self._policy(tag) for tag in ("sp", "np"))


@dataclass(frozen=True, slots=True)
class Discovery:
    """What the tree walk says of a domain."""

    domain: str
    organizational: str
    """The organizational domain (RFC 9989 section 4.10.2)."""
    location: str = ""
    """The domain whose record applies; empty when none does."""
    record: Record | None = None

    @property
    def own(self) -> bool:
        """The record is the domain's own, not inherited."""
        return self.location == self.domain


def is_dmarc(text: str) -> bool:
    """Whether a TXT record is a DMARC record for receivers: `v=DMARC1` first, in this case (section 4.8)."""
    return bool(re.match(r"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)", text))


def near_miss(text: str) -> str:
    """Why a TXT record that was meant as DMARC is not one, as the end of a sentence; empty for other records."""
    if is_dmarc(text):
        return ""
    if is_dmarc(text.strip().strip("\"'“”").strip()):
        return "something stands before v=DMARC1 (a blank or a quotation mark)"
    if re.match(r"\s*v\s*=\s*DMARC1", text, re.IGNORECASE):
        return "it must begin with v=DMARC1 followed by a semicolon, in capitals"
    if re.match(r"\s*v\s*=\s*DMARC", text, re.IGNORECASE) or re.search(r"\bv\s*=\s*DMARC1\b", text, re.IGNORECASE):
        return "v=DMARC1 must be its first tag"
    if re.match(r"\s*(p|rua)\s*=", text):
        return "v=DMARC1 is missing at its beginning"
    return ""


def parse_record(text: str) -> Record:
    """Read a record that `is_dmarc`. Never raises; what is wrong is in `flaws`."""
    tags: dict[str, str] = {}
    flaws: list[Flaw] = []
    for part in text.split(";"):
        if not part.strip():
            continue
        name, equals, value = (piece.strip() for piece in part.partition("="))
        tag = name.lower()
        if not equals or not re.fullmatch(r"[a-z]+", tag):
            flaws.append(Flaw("", f"{_short(part)!r} is no tag (tag=value); receivers may ignore the whole record"))
        elif tag in tags:
            flaws.append(Flaw(tag, f"the tag {tag}= is there twice; receivers may ignore the whole record"))
        else:
            tags[tag] = value
    flaws += _wrong_values(tags)
    rua, ruf = (_addresses(tags.get(tag, "")) for tag in ("rua", "ruf"))
    flaws += [
        Flaw(tag, f"{tag}= holds {_short(a.uri)!r}, which is no mailto: address, so no report goes there")
        for tag, addresses in (("rua", rua), ("ruf", ruf))
        for a in addresses
        if not a.domain
    ]
    return Record(text, tags, tuple(flaws), rua, ruf)


def walk(domain: str) -> tuple[str, ...]:
    """The domains whose `_dmarc` record the tree walk may ask for, the domain itself first (section 4.10)."""
    labels = domain.split(".")
    start = 1 if len(labels) <= MOST_QUERIES else len(labels) - (MOST_QUERIES - 1)
    return (domain, *(".".join(labels[i:]) for i in range(start, len(labels))))


def discover(domain: str, found: Mapping[str, Sequence[str]]) -> Discovery:
    """Which record applies to a domain, and its organizational domain, from the TXT records at each `_dmarc` name.

    Records that are not DMARC are discarded; where several are, all of them (section 4.10 steps 2 and 7).
    """
    walked: list[tuple[str, Record]] = []
    organizational = ""
    for place in walk(domain):
        texts = [text for text in found.get(place, ()) if is_dmarc(text)]
        if len(texts) != 1:
            continue
        record = parse_record(texts[0])
        walked.append((place, record))
        if record.psd == "n":
            organizational = place
            break
        if record.psd == "y":
            if place != domain:
                organizational = domain.removesuffix(f".{place}").rpartition(".")[2] + f".{place}"
            break
    if not organizational:
        organizational = walked[-1][0] if walked else domain
    places = dict(walked)
    # The author domain, then its organizational domain, then the public suffix above (section 4.10.1).
    for place in (domain, organizational, *(p for p, r in walked if r.psd == "y")):
        if place in places:
            return Discovery(domain, organizational, place, places[place])
    return Discovery(domain, organizational)


def weaker(one: str, other: str) -> bool:
    """Whether policy `one` asks for less than `other`."""
    return POLICIES.index(one) < POLICIES.index(other)


def _wrong_values(tags: Mapping[str, str]) -> list[Flaw]:
    flaws = []
    for tag, value in tags.items():
        allowed = _VALUES.get(tag)
        if allowed and value.lower() not in allowed:
            says = f"{tag}={_short(value)} is not one of {', '.join(allowed)}"
            flaws.append(Flaw(tag, says + ("" if tag in ("p", "sp", "np") else "; receivers take the default")))
        elif tag == "fo" and not _valid_fo(value):
            flaws.append(Flaw(tag, f"fo={_short(value)} is not made of 0, 1, d and s; receivers take the default"))
        elif tag not in TAGS and tag not in REMOVED and (near := difflib.get_close_matches(tag, TAGS[1:], 1, 0.6)):
            flaws.append(Flaw(tag, f"the tag {_short(tag)}= is unknown and ignored; {near[0]}= was meant", typo=True))
    if "p" not in tags:
        flaws.append(Flaw("p", "the tag p= is missing"))
    return flaws


def _valid_fo(value: str) -> bool:
    options = value.lower().replace(" ", "").split(":")
    return set(options) <= {"0", "1", "d", "s"} and len(set(options)) == len(options) and not {"0", "1"} <= set(options)


def _addresses(value: str) -> tuple[ReportAddress, ...]:
    uris = [uri.strip() for uri in value.split(",") if uri.strip()]
    return tuple(
        ReportAddress(uri, match[2].lower().rstrip(".") if (match := _MAILTO.fullmatch(uri)) else "") for uri in uris
    )


def _short(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 40 else f"{text[:40]}…"
