"""What a planted cause is: a small change of a portal's source or database, and what must be said about it.

The portals' own source holds no switch: a cause is planted as it would come in a change, into a copy. So what is judged
by reading the source is judged fairly too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of one file of the portal: `old`, which is there exactly once, becomes `new`."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Cause:
    """One planted cause."""

    id: str
    title: str
    check: str
    """The check that must find it."""
    words: tuple[str, ...]
    """What its finding must name, in any case: table, route, statement, file."""
    edits: tuple[Edit, ...] = ()
    sql: tuple[str, ...] = ()
    pictures: tuple[tuple[str, int, int], ...] = ()
    """Pictures put in place of those of the portal: path, width and height."""
    also: tuple[str, ...] = ()
    """Checks that may speak up too, because what they judge follows from it."""


def plant(cause: Cause, folder: Path) -> None:
    """Change the portal that lies in `folder`. Raises SystemExit where the source is not as the cause thinks."""
    for edit in cause.edits:
        path = folder / edit.path
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if edit.old and text.count(edit.old) != 1:
            raise SystemExit(f"{cause.id}: {edit.path} holds {text.count(edit.old)} times: {edit.old!r}")
        path.write_text(text.replace(edit.old, edit.new) if edit.old else edit.new + text, encoding="utf-8")
