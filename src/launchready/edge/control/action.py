"""`edge plan`: looks at the zone and compares; what every verb of `launchready edge` begins with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from launchready import journal
from launchready.edge.control.certificates import origins_verified
from launchready.edge.control.circles import without_circles
from launchready.edge.control.errand import Errand, errand
from launchready.edge.control.held import Barred, Present
from launchready.edge.control.proposal import Certificates, Proposal, propose
from launchready.edge.control.unanswered import without_unanswered
from launchready.edge.control.wanted import wanted, zone_of

if TYPE_CHECKING:
    from launchready.probes.look import Look

ACTION = "edge"


async def plan(look: Look, root: Path, allowed: Iterable[str] = ()) -> Proposal | Barred:
    """Look and compare; changes nothing. `allowed` adds to what `[edge] delete` names."""
    held: list[Errand] = []
    try:
        present = await errand(look, owned(root, zone_of(look.portal)), lambda doors: doors.present(), held)
    except Barred as error:
        return error
    edge = look.portal.edge
    wants = await without_circles(look, present, wanted(look.portal, present.plan))
    taken = (*(edge.delete if edge else ()), *allowed)
    proposal = propose(present, wants, taken, await _certificates(look, present))
    proposal = await without_unanswered(look, proposal, taken)
    return replace(proposal, calls=held[0].way.calls)


async def _certificates(look: Look, present: Present) -> Certificates:
    edge = look.portal.edge
    if edge is None or edge.tls.mode != "strict" or present.settings.get("ssl") in (None, "strict"):
        return Certificates(True)
    return await origins_verified(look, present, wanted(look.portal, present.plan))


def owned(root: Path, zone: str) -> frozenset[tuple[str, str, str]]:
    """(name, type, content) of records our journals say we made, for providers that keep no comments.

    What stood there before a step and stayed is not ours: somebody else's text may stand beside ours at one name.
    """
    found: set[tuple[str, str, str]] = set()
    for path in sorted((root / journal.FOLDER).glob("*.jsonl")):
        entries = journal.Journal(path).entries()
        if not entries or entries[0].get("action") != ACTION or entries[0].get("subject") != zone:
            continue
        before: dict[str, set[tuple[str, str, str]]] = {}
        for entry in entries:
            if entry.get("kind") != "records":
                continue
            name, group = str(entry.get("name")), str(entry.get("group"))
            if entry["what"] == "intent":
                before[f"{name} {group}"] = _named(name, entry.get("before"))
            elif entry["what"] in ("done", "undone step"):
                after = _named(name, entry.get("now"))
                found = {one for one in found if one[0] != name or one[1] not in group.split() or one in after}
                found |= after - before.get(f"{name} {group}", set()) if entry["what"] == "done" else set()
    return frozenset(found)


def _named(name: str, noted: object) -> set[tuple[str, str, str]]:
    held = noted if isinstance(noted, list) else []
    return {(name, str(one.get("type")), str(one.get("content"))) for one in held if isinstance(one, dict)}
