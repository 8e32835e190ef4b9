"""`edge plan`: looks at the zone and compares; what every verb of `launchready edge` begins with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from launchready import journal
from launchready.edge.control.certificates import origins_verified
from launchready.edge.control.errand import Errand, errand
from launchready.edge.control.held import Barred, Present
from launchready.edge.control.proposal import Certificates, Proposal, propose
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
    wants = wanted(look.portal, present.plan)
    proposal = propose(present, wants, (*(edge.delete if edge else ()), *allowed), await _certificates(look, present))
    return replace(proposal, calls=held[0].way.calls)


async def _certificates(look: Look, present: Present) -> Certificates:
    edge = look.portal.edge
    if edge is None or edge.tls.mode != "strict" or present.settings.get("ssl") in (None, "strict"):
        return Certificates(True)
    return await origins_verified(look, present, wanted(look.portal, present.plan))


def owned(root: Path, zone: str) -> frozenset[tuple[str, str]]:
    """(name, type) of records our journals say we made, for providers that keep no comments."""
    found: set[tuple[str, str]] = set()
    for path in sorted((root / journal.FOLDER).glob("*.jsonl")):
        entries = journal.Journal(path).entries()
        if not entries or entries[0].get("action") != ACTION or entries[0].get("subject") != zone:
            continue
        for entry in entries:
            if entry.get("kind") == "records" and entry["what"] in ("done", "undone step"):
                name, after = str(entry.get("name")), entry.get("now") or []
                found -= {pair for pair in found if pair[0] == name and pair[1] in str(entry.get("group")).split()}
                ours = entry["what"] == "done"
                found |= {(name, str(one["type"])) for one in after if ours}
    return frozenset(found)
