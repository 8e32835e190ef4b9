"""What is there, as data: the zone's records, rules and settings; and how a look or a change at a provider fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from launchready.edge.control.wants import MARK


class Barred(Exception):
    """A provider did not answer, or refused. Raised in the thread that speaks with it, caught at its end."""

    def __init__(self, what: str, *, unsure: bool = False, denied: bool = False, busy: bool = False) -> None:
        super().__init__(what)
        self.unsure = unsure
        """Whether a change may have been made all the same: the answer was lost, or was an error of the server."""
        self.denied = denied
        """Whether the token is not allowed to, or no token any more."""
        self.busy = busy
        """Whether another run of ours is at work."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One record."""

    name: str
    """Whole, lower case, without final dot."""
    type: str
    content: str
    """As in a zone file, names without final dot; text without quotes."""
    ttl: int
    """Seconds; 1 where the provider chooses."""
    proxied: bool = False
    comment: str = ""
    tags: tuple[str, ...] = ()
    id: str = field(default="", compare=False)

    @property
    def ours(self) -> bool:
        """Whether its comment says so."""
        return self.comment.startswith(MARK)

    def noted(self) -> dict[str, Any]:
        """As the journal has it."""
        noted: dict[str, Any] = {"name": self.name, "type": self.type, "content": self.content, "ttl": self.ttl}
        kept = {"proxied": self.proxied, "comment": self.comment, "tags": list(self.tags)}
        return noted | {key: value for key, value in kept.items() if value}


def entry_of(noted: Mapping[str, Any]) -> Entry:
    """A record as the journal has it."""
    return Entry(
        str(noted["name"]), str(noted["type"]), str(noted["content"]), int(noted["ttl"]),
        bool(noted.get("proxied")), str(noted.get("comment", "")), tuple(noted.get("tags", ())),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class HeldRule:
    """A rule that is there."""

    phase: str
    id: str
    ref: str
    body: Mapping[str, Any]
    """As the API takes it, without `ref`."""

    @property
    def ours(self) -> bool:
        """Whether its `ref` or description says so."""
        return self.ref.startswith(MARK) or str(self.body.get("description", "")).startswith(MARK)

    @property
    def words(self) -> str:
        """How a person knows it."""
        return str(self.body.get("description") or self.body.get("expression") or self.ref)[:100]


@dataclass(frozen=True, slots=True)
class Present:
    """All that was looked at, at one moment."""

    zone: str
    plan: str
    """`free`, `pro`, `business` or `enterprise`."""
    entries: tuple[Entry, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    rules: Mapping[str, tuple[HeldRule, ...]] = field(default_factory=dict)
    """By phase, in order."""
    delegated: bool = True
    """Whether visitors get what is set here: the domain's name servers are the provider's."""
    name_servers: tuple[str, ...] = ()
    """Those the domain is to be delegated to."""
    marks: bool = True
    """Whether the provider keeps comments, by which ours are known."""
    owned: frozenset[tuple[str, str, str]] = frozenset()
    """(name, type, content) of records of ours at a provider that keeps no comments; from the journal."""

    def is_ours(self, entry: Entry) -> bool:
        """Whether a record was made by us."""
        return entry.ours or (entry.name, entry.type, entry.content) in self.owned

    def rule(self, phase: str, ref: str) -> HeldRule | None:
        """A rule by its `ref`."""
        return next((rule for rule in self.rules.get(phase, ()) if rule.ref == ref), None)
