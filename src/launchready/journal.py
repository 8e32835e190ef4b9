"""The journal of an action: what is about to be done, what was done, and how to take it back, one JSON line a step.

Written before and after each step and forced to disk, so that a crash at any point can be resumed or undone. It holds
names, and values that anybody may read (such as DNS records), never a secret: it outlives the secret it is about.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(".launchready") / "journal"
MOST_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Journal:
    """One run of one action."""

    path: Path

    def note(self, what: str, **fields: object) -> None:
        """Add a line of JSON values; returns when it is on the disk.

        Raises OSError when it could not be written: do not go on.
        """
        line = json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds"), "what": what, **fields}) + "\n"
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW)
        try:
            left = memoryview(_ended(descriptor) + line.encode())
            while left:  # a disk that is nearly full takes a part
                left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def entries(self) -> list[dict[str, Any]]:
        """Its lines; one that a crash cut short is left out."""
        text = self.path.read_bytes()[:MOST_BYTES].decode("utf-8", "replace")
        found = []
        for line in text.splitlines():
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(entry, dict) and isinstance(entry.get("what"), str):
                found.append(entry)
        return found

    @property
    def open(self) -> bool:
        """Whether it was begun and neither ended nor taken back: a crash, or a failure."""
        said = {entry["what"] for entry in self.entries()}
        return not said & {"ended", "undone"}


def _ended(descriptor: int) -> bytes:
    """A line break where a crash cut the last line short, so that it does not swallow the next one."""
    size = os.fstat(descriptor).st_size
    return b"\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else b""


def begin(root: Path, action: str, subject: str, **fields: object) -> Journal:
    """Start a journal below `root`; the folder is kept out of git. Raises OSError."""
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    ignore = folder.parent / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    path = folder / f"{stamp}-{_named(action, subject)}.jsonl"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    journal = Journal(path)
    journal.note("begun", action=action, subject=subject, **fields)
    return journal


def latest(root: Path, action: str, subject: str) -> Journal | None:
    """The last journal of an action about a subject that was begun; None when there is none."""
    found = sorted((root / FOLDER).glob(f"*-{_named(action, subject)}.jsonl"), reverse=True)
    return next((Journal(path) for path in found if Journal(path).entries()), None)


def _named(action: str, subject: str) -> str:
    return "".join(char if char.isalnum() else "-" for char in f"{action}-{subject}")
