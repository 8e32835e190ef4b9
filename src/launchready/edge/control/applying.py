"""`edge apply`: a plan that was shown, carried out step by step, each in the journal before it is made.

Before each step what is there is compared with what the plan saw: what somebody changed meanwhile is left. A step whose
answer was lost is settled by reading back. Stops at the first failure; applied again, it goes on with what is left.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from launchready import journal
from launchready.edge.control.action import ACTION, owned
from launchready.edge.control.errand import Errand, errand
from launchready.edge.control.held import Barred
from launchready.edge.control.proposal import Proposal
from launchready.edge.control.stepping import Now, make, predecessor, read
from launchready.edge.control.steps import Place, Step
from launchready.journal import Journal

if TYPE_CHECKING:
    from launchready.probes.look import Look

Told = Callable[[str, str], None]
"""Called after each step: what was done, and to what. Called in a thread."""
LOCK = "edge.lock"


@dataclass
class Applied:
    """How far it came."""

    done: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    """Not made, for somebody changed it meanwhile."""
    left: list[str] = field(default_factory=list)
    """Not come to."""
    failure: Barred | None = None


async def apply(look: Look, root: Path, proposal: Proposal, told: Told) -> Applied:
    """Carry out a plan. Raises OSError when the journal cannot be written."""
    applied = Applied(left=[step.subject for step in proposal.steps])
    zone = proposal.zone
    try:
        with locked(root):
            await errand(look, owned(root, zone), lambda doors: _all(doors, root, proposal, applied, told))
    except Barred as error:
        applied.failure = error
    return applied


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Let nobody else apply or undo beside this journal. Raises Barred when somebody does, and OSError."""
    folder = root / journal.FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Barred(
                "another `launchready edge apply` or `undo` is at work here; wait until it ended", busy=True
            ) from None
        yield
    finally:
        os.close(descriptor)


def unfinished(root: Path, zone: str) -> Journal | None:
    """The last apply, where it was begun and neither ended nor was undone."""
    book = journal.latest(root, ACTION, zone)
    return book if book is not None and book.open else None


def _all(doors: Errand, root: Path, proposal: Proposal, applied: Applied, told: Told) -> None:
    if lacking := doors.lacking_writes({step.part for step in proposal.steps}):
        raise Barred(lacking, denied=True)
    book = unfinished(root, proposal.zone) or journal.begin(root, ACTION, proposal.zone, provider=doors.edge.provider)
    for step in proposal.steps:
        _one(doors, book, step, applied, told)
        applied.left.remove(step.subject)
    book.note("ended")


def _one(doors: Errand, book: Journal, step: Step, applied: Applied, told: Told) -> None:
    place = step.place
    now = read(doors, place)
    if now.is_value(step.after):
        told("is so already", step.subject)
        applied.done.append(step.subject)
        return
    if not now.is_value(step.before):
        book.note("kept", kind=place.kind, name=place.name, group=place.group)
        told("left, for somebody changed it since the plan was made", step.subject)
        applied.kept.append(step.subject)
        return
    keys = {"kind": place.kind, "name": place.name, "group": place.group}
    follows = predecessor(now, place.name) if place.kind == "rule" else ""
    book.note("intent", **keys, before=now.value, after=step.after, follows=follows)
    settled = carry_out(doors, book, place, now, step.after)
    book.note("done", **keys, now=step.after)
    applied.done.append(step.subject)
    told(f"{settled}{'deleted' if step.mark == '-' else 'set'}", step.subject)


def carry_out(doors: Errand, book: Journal, place: Place, now: Now, value: object, follows: str = "") -> str:
    """Make a change; a lost answer is settled by reading back. Returns a word on that, empty when the answer came.

    Raises Barred when it was not made, after a note in the journal.
    """
    try:
        make(doors, place, now, value, follows)
    except Barred as error:
        if error.unsure:
            try:
                if read(doors, place).is_value(value):
                    return "the answer was lost, yet it is "
            except Barred:
                book.note("failed", name=place.name, reason=str(error)[:300], unsure=True)
                raise error from None
        book.note("failed", name=place.name, reason=str(error)[:300])
        raise
    return ""
