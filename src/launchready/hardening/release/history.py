"""What the journals of releases say: what was made live, what did not end, and when a rehearsal last went well."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from launchready import journal
from launchready.hardening.release.words import Release
from launchready.journal import Journal

DEPLOY, ROLLBACK, REHEARSE = "deploy", "rollback", "rehearse"
_MOST = 400
"""Journals that are read, the newest first."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A deploy or a rollback that was begun and did not end: a crash, or a step nobody can say the end of."""

    journal: Journal
    action: str
    release: Release
    """What was to be made live."""
    before: Release | None
    """What was live when it began."""
    step: str
    """The step that was begun and not seen to end, or the last one that was."""
    done: tuple[str, ...]
    at: str
    left: Release | None = None
    """Of a rollback: whose migrations are taken back."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The last rehearsal that ran to its end."""

    at: datetime
    failed_requests: int
    requests: int
    downtime_s: float
    roll_back_s: float
    well: bool


def fields(release: Release | None) -> dict[str, str] | None:
    """A release as a journal holds it."""
    return asdict(release) if release else None


def release_in(value: Any) -> Release | None:
    """A release as a journal holds it; None when it is none."""
    if not isinstance(value, dict) or not isinstance(value.get("id"), str) or not value["id"]:
        return None
    return Release(value["id"], *(str(value.get(key) or "") for key in ("version", "commit", "reference")))


def made_live(root: Path, environment: str) -> list[Release]:
    """Releases in the order they were made live, the newest first, one entry each time."""
    found = []
    for book in _books(root, environment, DEPLOY, ROLLBACK):
        lines = [release_in(entry.get("release")) for entry in book.entries() if entry["what"] == "live"]
        found += [one for one in reversed(lines) if one]
    return found


def live_before(root: Path, environment: str) -> dict[str, Release | None]:
    """By a release's id: what was live when its last deploy began."""
    found: dict[str, Release | None] = {}
    for book in _books(root, environment, DEPLOY):
        begun = book.entries()[0]
        if release := release_in(begun.get("release")):
            found.setdefault(release.id, release_in(begun.get("before")))
    return found


def unfinished(root: Path, environment: str) -> Unfinished | None:
    """The last deploy or rollback, where it did not end."""
    book = next(iter(_books(root, environment, DEPLOY, ROLLBACK)), None)
    if book is None or not book.open:
        return None
    entries = book.entries()
    release = release_in(entries[0].get("release"))
    if release is None:
        return None
    begun = [str(entry.get("step")) for entry in entries if entry["what"] == "intent"]
    done = tuple(str(entry.get("step")) for entry in entries if entry["what"] == "done")
    step = begun[-1] if begun else ""
    action = str(entries[0].get("action"))
    before, left = (release_in(entries[0].get(key)) for key in ("before", "left"))
    return Unfinished(book, action, release, before, step, done, str(entries[-1]["at"]), left)


def rehearsed(root: Path, environment: str) -> Rehearsed | None:
    """The last rehearsal that ended, whether it went well or not."""
    for book in _books(root, environment, REHEARSE):
        for entry in reversed(book.entries()):
            if entry["what"] != "ended":
                continue
            try:
                return Rehearsed(
                    datetime.fromisoformat(entry["at"]),
                    int(entry["failed_requests"]),
                    int(entry["requests"]),
                    float(entry["downtime_s"]),
                    float(entry["roll_back_s"]),
                    bool(entry["well"]),
                )
            except (KeyError, TypeError, ValueError):
                continue
    return None


def _books(root: Path, environment: str, *actions: str) -> list[Journal]:
    """Journals of these actions about an environment, the newest first; one that was only just made is left out."""
    ends = tuple(f"-{_named(action, environment)}.jsonl" for action in actions)
    folder = root / journal.FOLDER
    paths = sorted((path for path in folder.glob("*.jsonl") if path.name.endswith(ends)), reverse=True)[:_MOST]
    found = []
    for path in paths:
        book = Journal(path)
        try:
            entries = book.entries()
        except OSError:
            continue
        if entries and entries[0].get("action") in actions and entries[0].get("subject") == environment:
            found.append(book)
    return found


def _named(action: str, subject: str) -> str:
    return "".join(char if char.isalnum() else "-" for char in f"{action}-{subject}")
