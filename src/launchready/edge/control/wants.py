"""What is wanted at the edge, as data: records, rules and settings, each with reason, risk and the checks it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MARK = "launchready"
"""What a comment of ours, or the `ref` of a rule of ours, begins with."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is wanted."""

    roadmap: str
    """The item of the roadmap, such as `B2`."""
    why: str
    """For people, in one sentence."""
    risk: str
    """What could go wrong when it is changed, in a few words; `none` where nothing could."""
    checks: tuple[str, ...] = ()
    """Ids of the checks that are to pass afterwards."""


@dataclass(frozen=True, slots=True)
class WantedRecords:
    """Records of one name and type."""

    name: str
    """Whole, without final dot."""
    type: str
    values: tuple[str, ...]
    """As in a zone file, names whole and without final dot; text without quotes."""
    reason: Reason
    ttl: int = 300
    """Seconds; 1 where the provider chooses."""
    proxied: bool = False
    beside: str | None = None
    """None: these are all there may be. Else others of the type stay, but those that begin with this text;
    empty: all of them stay."""

    @property
    def subject(self) -> str:
        """How the plan calls it."""
        return f"{self.name} {self.type}"


@dataclass(frozen=True, slots=True)
class WantedRule:
    """A rule at the edge."""

    phase: str
    ref: str
    """Begins with the mark; the rule is found again by it."""
    body: Mapping[str, Any]
    """As the API takes it, without `ref`."""
    reason: Reason


@dataclass(frozen=True, slots=True)
class WantedSetting:
    """A setting of the zone."""

    id: str
    """As the API calls it; those of bot management begin with `bot_management.`."""
    value: Any
    """Of an object, only the keys that matter."""
    reason: Reason


@dataclass(frozen=True, slots=True)
class Wanted:
    """All of it."""

    records: tuple[WantedRecords, ...] = ()
    rules: tuple[WantedRule, ...] = ()
    settings: tuple[WantedSetting, ...] = ()
    notes: tuple[str, ...] = ()
    """What is left out, such as for the plan the zone has, with what to do."""
