"""The words of the edge as code: what is wanted, what is there, and the lines of a plan. Pure data, no network.

Every thing at the edge has a key, and under its key a value of JSON, so that comparing, journalling, undoing and
looking for drift are the same for a record, a rule and a setting:

- `record NAME TYPES[~BEGINNING]`: a set of records; `A+AAAA+CNAME` are one set, for they replace each other
- `setting ID`: a setting of the zone
- `rule PHASE REF`: one rule
- `bots KEY`: a bot setting
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MARK = "launchready"
"""How the comment of a record of ours begins."""
RULE_MARK = "launchready_"
"""How the ref of a rule of ours begins; its description begins `launchready:`."""
HOST = "A+AAAA+CNAME"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is wanted, with why."""

    key: str
    value: Any
    """JSON. Of records: a list of `{type, rdata, ttl, proxied}`."""
    id: str
    """Of the roadmap, such as `B1`."""
    why: str
    risk: str = "low"
    """What may go wrong: `low`, `mail`, `site`, `visitors`, or a longer word."""
    order: int = 50
    """Steps are done from the lowest to the highest, taken back from the highest to the lowest."""
    checks: tuple[str, ...] = ()
    """Ids of the checks that look at it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that `[edge]` asks for."""

    zone: str
    items: tuple[Item, ...]
    left_out: tuple[str, ...] = ()
    """What is wished for and cannot be, with the reason; and what needs no step, said once."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One record as it is there."""

    name: str
    """`@`, or relative to the zone."""
    type: str
    rdata: str
    """As in a zone file, names absolute."""
    ttl: int
    """Seconds; 1 is Cloudflare's automatic one."""
    proxied: bool = False
    comment: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)
    """What else the vendor keeps with it, such as tags."""
    id: str = ""

    @property
    def ours(self) -> bool:
        """Whether it carries our mark."""
        return self.comment.startswith(MARK)

    def value(self) -> dict[str, Any]:
        """It as JSON, enough to make it again."""
        whole = {"type": self.type, "rdata": self.rdata, "ttl": self.ttl, "proxied": self.proxied}
        return {
            **whole,
            **({"comment": self.comment} if self.comment else {}),
            **({"more": dict(self.more)} if self.more else {}),
        }


@dataclass(frozen=True, slots=True)
class Present:
    """What is there now."""

    zone: str
    entries: tuple[Entry, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    rules: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    """By phase, in order, without ids and times."""
    bots: Mapping[str, Any] = field(default_factory=dict)
    plan: str = ""
    """`free`, `pro`, `business`, `enterprise`; empty where there are no plans."""
    active: bool = True
    """Whether the domain is delegated to this zone."""

    def value(self, key: str) -> Any:
        """What is under a key; None where nothing is."""
        kind, _, rest = key.partition(" ")
        if kind == "record":
            return [entry.value() for entry in self.chosen(key)] or None
        if kind == "rule":
            phase, _, ref = rest.partition(" ")
            return next((dict(rule) for rule in self.rules.get(phase, ()) if rule.get("ref") == ref), None)
        return (self.settings if kind == "setting" else self.bots).get(rest)

    def chosen(self, key: str) -> tuple[Entry, ...]:
        """The records under a key, in a fixed order."""
        return tuple(sorted((e for e in self.entries if covers(key, e)), key=lambda e: (e.type, e.rdata)))


@dataclass(frozen=True, slots=True)
class Change:
    """A line of a plan."""

    mark: str
    """`+` added, `~` changed, `-` deleted, `=` there already, `!` refused or pointed out."""
    key: str
    before: Any
    after: Any
    id: str
    why: str
    risk: str
    order: int = 50
    checks: tuple[str, ...] = ()
    note: str = ""
    """What to know of it: why it is refused and how to name it, a stage that is skipped."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done, compared with what is there."""

    zone: str
    provider: str
    lines: tuple[Change, ...]
    notes: tuple[str, ...] = ()
    calls: int = 0
    """Requests it took."""
    too_many: str = ""
    """Why it is refused as a whole: it would delete too much."""

    @property
    def steps(self) -> tuple[Change, ...]:
        """What would be changed, in a safe order."""
        return tuple(sorted((c for c in self.lines if c.mark in "+~-"), key=lambda c: (c.order, c.mark == "-")))

    @property
    def refused(self) -> tuple[Change, ...]:
        """What is wanted and not done, for it is somebody else's or cannot be."""
        return tuple(c for c in self.lines if c.mark == "!")


def covers(key: str, entry: Entry) -> bool:
    """Whether a record lies under a key."""
    kind, name, which = (*key.split(" ", 2), "", "")[:3]
    types, _, beginning = which.partition("~")
    if kind != "record" or name != entry.name or entry.type not in types.split("+"):
        return False
    text = entry.rdata.replace('" "', "").strip('"') if entry.type == "TXT" else entry.rdata
    if types == "CAA" and not beginning:
        return entry.rdata.split(" ")[1:2] != ["iodef"]  # whom to tell is another matter than who may issue
    return text.lower().startswith(beginning.lower())


def shown(key: str) -> str:
    """A key for people."""
    kind, _, rest = key.partition(" ")
    if kind == "record":
        name, _, types = rest.partition(" ")
        return f"{name} {types.partition('~')[0]}"
    return f"{kind} {rest.removeprefix('http_').replace(RULE_MARK, '')}"


def same(key: str, held: Any, wanted: Any, *, ours: bool = True) -> bool:
    """Whether what is there is what is wanted: what the vendor adds does not count, nor the TTL of others' records."""
    if held is None or wanted is None:
        return held is None and wanted is None
    if key.startswith("record "):
        return _records(held, ours) == _records(wanted, ours)
    return _within(wanted, held)


def _records(value: Any, ttl: bool) -> list[tuple[Any, ...]]:
    return sorted(
        (r["type"], r["rdata"], bool(r.get("proxied")), 0 if r.get("proxied") or not ttl else r["ttl"]) for r in value
    )


def _within(wanted: Any, held: Any) -> bool:
    """Whether all of `wanted` is in `held`; both JSON."""
    if isinstance(wanted, dict) and isinstance(held, dict):
        return all(_within(value, held.get(key)) for key, value in wanted.items())
    if isinstance(wanted, list) and isinstance(held, list):
        return len(wanted) == len(held) and all(map(_within, wanted, held))
    return bool(wanted == held)
