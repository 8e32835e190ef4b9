"""`edge drift`: what was changed by hand since the last apply, by our journal and our marks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from launchready import journal
from launchready.edge.control.action import ACTION, owned
from launchready.edge.control.errand import errand
from launchready.edge.control.held import Barred, Entry, Present, entry_of
from launchready.edge.control.proposal import short
from launchready.edge.control.proposal_records import within
from launchready.edge.control.stepping import Now
from launchready.edge.control.steps import Place
from launchready.edge.control.undoing import made
from launchready.edge.control.wanted import zone_of
from launchready.edge.control.wants import MARK
from launchready.journal import Journal

if TYPE_CHECKING:
    from launchready.probes.look import Look

_SHARED = ("TXT", "CAA")
"""Types of which others may add their own beside ours."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Something that is not as it was applied."""

    subject: str
    what: str


async def drift(look: Look, root: Path) -> list[Drift] | Barred:
    """Compare; changes nothing."""
    zone = zone_of(look.portal)
    try:
        present = await errand(look, owned(root, zone), lambda doors: doors.present())
    except Barred as error:
        return error
    applied = last_applied(root, zone)
    found = [Drift(place.subject, what) for place, step in applied.items() if (what := _changed(present, place, *step))]
    known = {(place.name, type) for place in applied for type in place.group.split()}
    strays = [one for one in present.entries if one.ours and (one.name, one.type) not in known]
    found += [
        Drift(f"{one.name} {one.type}", f"bears our mark and no journal here knows it: {one.content}") for one in strays
    ]
    refs = {place.name for place in applied if place.kind == "rule"}
    for rules in present.rules.values():
        found += [
            Drift(f"{rule.ref} RULE", "bears our mark and no journal here knows it")
            for rule in rules
            if rule.ref.startswith(MARK) and rule.ref not in refs
        ]
    return found


def last_applied(root: Path, zone: str) -> dict[Place, tuple[Any, Any]]:
    """By place: (before, after) of what was applied there last and is not undone."""
    found: dict[Place, tuple[Any, Any]] = {}
    book = journal.latest(root, ACTION, zone)
    if book is None:
        return found
    tail = book.path.name.partition("-")[2]
    for path in sorted((root / journal.FOLDER).glob(f"*-{tail}")):
        one = Journal(path)
        done = {(e.get("kind"), e.get("name"), e.get("group")) for e in one.entries() if e["what"] == "done"}
        for step in made(one):
            if (step.place.kind, step.place.name, step.place.group) in done:
                found[step.place] = (step.before, step.after)
    return found


def _changed(present: Present, place: Place, before: Any, after: Any) -> str:
    """What is not as it was applied; empty when all of it is."""
    if place.kind == "records":
        return _records_changed(present, place, before, after)
    if place.kind == "rule":
        held = present.rule(place.group, place.name)
        if held is None:
            return "" if after is None else "was deleted"
        if after is None:
            return "was deleted, and is there again"
        keys = [key for key in after if not Now(held.body.get(key)).is_value(after[key])]
        return f"changed: {', '.join(keys)}" if keys else ""
    value = present.settings.get(place.name)
    return "" if Now(value).is_value(after) else f"was set to {short(after)}, is {short(value)}"


def _records_changed(present: Present, place: Place, before: Any, after: Any) -> str:
    was = [entry_of(one) for one in before or ()]
    applied = [entry_of(one) for one in after or ()]
    now = within(present.entries, place.name, place.group)
    ours = [one for one in applied if one.ours or one not in was]
    missing = [one for one in ours if one not in now]
    shared = place.group in _SHARED
    rivals = {_kind(one) for one in ours}
    extra = [one for one in now if one not in applied and (not shared or one.ours or _kind(one) in rivals)]
    if missing and extra:
        return f"was {_told(missing)}, is {_told(extra)}"
    if missing:
        return f"is gone: {_told(missing)}"
    return f"was added: {_told(extra)}" if extra else ""


def _kind(entry: Entry) -> str:
    """What a text says it is, such as `v=DMARC1`, of which there may be one; other records are no rivals."""
    said = entry.content.partition(";")[0].partition(" ")[0]
    return said if entry.type == "TXT" and said.startswith("v=") else str(id(entry))


def _told(entries: list[Entry]) -> str:
    return ", ".join(f"{e.type} {e.content}{' behind the edge' if e.proxied else ''}" for e in entries)
