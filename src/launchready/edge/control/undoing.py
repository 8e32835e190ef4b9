"""`edge undo`: the inverse of each step of the last apply, the last one first. What somebody changed since is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from launchready import journal
from launchready.edge.control.action import ACTION, owned
from launchready.edge.control.applying import carry_out, locked
from launchready.edge.control.errand import Errand, errand
from launchready.edge.control.held import Barred
from launchready.edge.control.stepping import read
from launchready.edge.control.steps import Place
from launchready.journal import Journal

if TYPE_CHECKING:
    from launchready.probes.look import Look

Told = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Made:
    """A step of an apply: done, or begun and not seen to end."""

    number: int
    """Of its line in the journal."""
    place: Place
    before: Any
    after: Any
    follows: str


@dataclass
class Undone:
    """How far it came."""

    done: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    """Left, for somebody changed it since."""
    left: list[str] = field(default_factory=list)
    failure: Barred | None = None


def last(root: Path, zone: str) -> Journal | None:
    """The last apply that was not undone."""
    name = journal.latest(root, ACTION, zone)
    if name is None:
        return None
    tail = name.path.name.partition("-")[2]
    books = [Journal(path) for path in sorted((root / journal.FOLDER).glob(f"*-{tail}"), reverse=True)]
    return next((book for book in books if made(book) and not _was_undone(book)), None)


def made(book: Journal) -> list[Made]:
    """The steps of a journal that are not taken back, in order."""
    entries = book.entries()
    back = {entry.get("number") for entry in entries if entry["what"] == "undone step"}
    return [
        Made(
            number, Place(str(entry["kind"]), str(entry["name"]), str(entry["group"])), entry.get("before"),
            entry.get("after"), str(entry.get("follows", "")),
        )
        for number, entry in enumerate(entries)
        if entry["what"] == "intent" and number not in back
    ]  # fmt: skip


def _was_undone(book: Journal) -> bool:
    return any(entry["what"] == "undone" for entry in book.entries())


async def undo(look: Look, root: Path, zone: str, told: Told) -> Undone:
    """Take the last apply back. Raises OSError when the journal cannot be written."""
    undone = Undone()
    try:
        with locked(root):
            book = last(root, zone)
            if book is not None:
                steps = made(book)
                undone.left = [step.place.subject for step in reversed(steps)]
                await errand(look, owned(root, zone), lambda doors: _all(doors, book, steps, undone, told))
    except Barred as error:
        undone.failure = error
    return undone


def _all(doors: Errand, book: Journal, steps: list[Made], undone: Undone, told: Told) -> None:
    if lacking := doors.lacking_writes({step.place.part for step in steps}):
        raise Barred(lacking, denied=True)
    for step in reversed(steps):
        _one(doors, book, step, undone, told)
        undone.left.remove(step.place.subject)
    book.note("undone")


def _one(doors: Errand, book: Journal, step: Made, undone: Undone, told: Told) -> None:
    place, now = step.place, read(doors, step.place)
    keys = {"number": step.number, "kind": place.kind, "name": place.name, "group": place.group}
    if now.is_value(step.before) and not now.is_value(step.after):
        told("is as it was already", place.subject)
    elif not now.is_value(step.after):
        told("left, for somebody changed it since", place.subject)
        undone.kept.append(place.subject)
    else:
        settled = carry_out(doors, book, place, now, step.before, step.follows)
        told(f"{settled}{'deleted' if step.before is None else 'as it was'}", place.subject)
        undone.done.append(place.subject)
    book.note("undone step", **keys, now=step.before)
