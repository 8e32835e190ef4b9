"""One step: what is there read, the change made, and its inverse; for `apply` and `undo` alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from launchready.edge.control.errand import Errand, chosen
from launchready.edge.control.held import Barred, Entry, HeldRule, entry_of
from launchready.edge.control.proposal_records import within
from launchready.edge.control.steps import Place

ORDER = ("launchready-cache-static", "launchready-cache-pages", "launchready-cache-sessions")
"""Rules of ours whose order matters: of cache rules that fit, the last one decides."""


@dataclass(frozen=True, slots=True)
class Now:
    """What is there at a place."""

    value: Any
    entries: tuple[Entry, ...] = ()
    rules: tuple[HeldRule, ...] = ()

    def is_value(self, value: Any) -> bool:
        """Whether that is there; keys the provider adds do not count."""
        if isinstance(self.value, dict) and isinstance(value, dict):
            return bool(chosen(self.value, value) == value)
        return bool(self.value == value)


def read(doors: Errand, place: Place) -> Now:
    """What is there now. Raises Barred."""
    if place.kind == "records":
        entries = within(doors.records.entries(), place.name, place.group)
        return Now([one.noted() for one in entries] or None, tuple(entries))
    door = doors.cloudflare
    if door is None:
        raise Barred("this provider holds records only")
    if place.kind == "rule":
        rules = door.rules(place.group)
        held = next((rule for rule in rules if rule.ref == place.name), None)
        return Now(dict(held.body) if held else None, rules=rules)
    return Now(door.setting(place.name))


def make(doors: Errand, place: Place, now: Now, value: Any, follows: str = "") -> None:
    """Put `value` where `now` is; None deletes. `follows` is the `ref` a rule comes after. Raises Barred."""
    if place.kind == "records":
        doors.records.replace(now.entries, [entry_of(one) for one in value or ()])
        return
    door = doors.cloudflare
    if door is None:
        raise Barred("this provider holds records only")
    if place.kind == "setting":
        door.set_setting(place.name, value)
    elif value is None:
        door.delete_rule(place.group, place.name)
    else:
        after, before = _neighbours(place.name, now.rules, follows)
        door.put_rule(place.group, place.name, value, after=after, before=before)


def predecessor(now: Now, ref: str) -> str:
    """The `ref` of the rule before that one; `-` when it is the first, empty when it is not there."""
    refs = [rule.ref for rule in now.rules]
    if ref not in refs:
        return ""
    at = refs.index(ref)
    return refs[at - 1] if at else "-"


def _neighbours(ref: str, rules: tuple[HeldRule, ...], follows: str) -> tuple[str, str]:
    """Ids of the rules a new one stands after, or before; both empty: at the end."""
    by_ref = {rule.ref: rule.id for rule in rules}
    if follows == "-" and rules:
        return "", rules[0].id
    if follows in by_ref:
        return by_ref[follows], ""
    if ref in ORDER:
        later = next((by_ref[one] for one in ORDER[ORDER.index(ref) + 1 :] if one in by_ref), "")
        return "", later
    return "", ""
