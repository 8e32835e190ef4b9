"""A whole repository → its credentials: work tree, staged changes, every commit, archives, front-end builds.

Each version of a file is read once: what the work tree holds is not read again in the history, where it only gets
its commit and age. Nothing is executed, nothing is fetched, no link is followed.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from launchready.audit.secrets.engine import engine
from launchready.audit.secrets.judgement import Credential, Memory, credentials
from launchready.audit.secrets.places import Standing, standing_of
from launchready.probes.failures import Failure
from launchready.probes.repository import BUILT, Listing, Repository

FILE_BYTES = 100 * 1024 * 1024
"""The largest file that is read; larger ones are named as not read. GitHub takes none above it."""
UNPACKED_BYTES = 64 * 1024 * 1024
"""Of all files in one archive."""
UNPACKED_FILES = 5000
ARCHIVES = (
    ".zip",
    ".jar",
    ".war",
    ".tar",
    ".tar.gz",
    ".tgz",
    ".tar.bz2",
    ".tbz2",
    ".tar.xz",
    ".txz",
    ".gz",
    ".bz2",
    ".xz",
)
DATABASES = (".sqlite3", ".sqlite", ".db")

TOO_LATE = "the run's deadline passed first"

Step = Callable[[str, int, int], None]
"""Called as the scan goes on: what is read, how many so far, how many in all (0: unknown)."""


class Where(StrEnum):
    """Where a credential was, and so who can have it."""

    TRACKED = "in the repository"
    UNTRACKED = "in a file that git does not know yet"
    STAGED = "in the changes that are about to be committed"
    HISTORY = "in the history"
    BUILD = "in a front-end build"
    FOLDER = "in the folder"


@dataclass(frozen=True, slots=True)
class Found:
    """A credential, where it was, and since when."""

    credential: Credential
    where: Where
    commit: str = ""
    """The oldest commit that holds this version of the file."""
    when: datetime | None = None
    """Of that commit, as its author's clock said."""

    @property
    def place(self) -> str:
        """`path:line`."""
        return f"{self.credential.path}:{self.credential.line}"

    @property
    def fingerprint(self) -> str:
        """Stable while the file keeps its name and the secret its value, whatever the line; for baselines."""
        text = "\x1f".join((self.credential.path, self.credential.kind, self.credential.evidence))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Scan:
    """What was found, and what was read."""

    found: tuple[Found, ...]
    files: int = 0
    versions: int = 0
    """Versions of files read in the history."""
    commits: int = 0
    not_read: tuple[tuple[str, str], ...] = ()
    """(path or part, why)."""
    history: str = ""
    """Why the history was not read, or not all of it; empty: it was."""


def scan(
    repository: Repository,
    listing: Listing | Failure | None = None,
    *,
    history: bool = True,
    ignore: tuple[str, ...] = (),
    step: Step | None = None,
    late: Callable[[], bool] = lambda: False,
) -> Scan | Failure:
    """Read everything; a failure only where there is nothing to read. Stops, and says so, once `late()` is true.

    `listing` is what the repository was seen to hold, where somebody has looked already.
    """
    listing = listing or repository.listed()
    if isinstance(listing, Failure):
        return listing
    reader = _Reader(repository, ignore, step, late)
    tracked = Where.TRACKED if repository.top else Where.FOLDER
    untracked = Where.UNTRACKED if repository.top else Where.FOLDER
    names = [(n, tracked) for n in listing.tracked] + [(n, untracked) for n in listing.untracked]
    names += [(n, Where.BUILD) for n in sorted(listing.ignored) if is_build(n)]
    for number, (name, where) in enumerate(names, 1):
        if late():
            reader.not_read.append((repository.root.name, f"{TOO_LATE}, with {len(names) - number + 1} files unread"))
            break
        reader.file(name, Where.BUILD if where is not Where.UNTRACKED and is_build(name) else where)
        if step:
            step("files", number, len(names))
    why = "only the work tree was asked for" if not history else ""
    if history and repository.top:
        why = reader.history()
    if listing.cut:
        reader.not_read.append((repository.root.name, "it holds more files than are read"))
    return reader.scan(why)


def scan_staged(repository: Repository, *, ignore: tuple[str, ...] = ()) -> Scan | Failure:
    """Read what the next commit would bring: the index, as against HEAD."""
    listing = repository.listed() if repository.top is None else None
    if isinstance(listing, Failure):
        return listing
    reader = _Reader(repository, ignore, None, lambda: False)
    return reader.scan(reader.staged())


def is_build(path: str) -> bool:
    """Whether a file is what a front-end build made: served to everybody as it is."""
    folder = path.rpartition("/")[0]
    inside = any(f"/{folder}/".find(f"/{built}/") >= 0 for built in BUILT)
    return inside and path.endswith((".js", ".mjs", ".css", ".html", ".map", ".json", ".txt"))


class _Reader:
    """Reads versions of files and keeps what was found."""

    def __init__(
        self, repository: Repository, ignore: tuple[str, ...], step: Step | None, late: Callable[[], bool]
    ) -> None:
        self._repository, self._ignore, self._step, self._late = repository, ignore, step, late
        self._engine = engine()
        self._now: dict[str, list[int]] = {}
        """Object id of each file of the work tree → where in `_found` its credentials are."""
        self._found: list[Found] = []
        self._memory: dict[str, Memory] = {}
        self.not_read: list[tuple[str, str]] = []
        self._files = self._versions = 0
        self._commits: set[str] = set()

    def file(self, name: str, where: Where) -> None:
        """Read one file of the work tree."""
        if self._ignored(name) or standing_of(name) is Standing.FOREIGN:
            return
        raw = self._repository.read(name, FILE_BYTES)
        if isinstance(raw, Failure):
            self.not_read.append((name, raw.detail or str(raw)))
            return
        self._files += 1
        # The name git gives a content (gitformat-objects), to know it again in the history; no security in it.
        id = hashlib.sha1(b"blob %d\0" % len(raw) + raw, usedforsecurity=False).hexdigest()
        marks = self._now.setdefault(f"{id} {name}", [])
        for found in self._read(name, raw):
            marks.append(len(self._found))
            self._found.append(Found(found, where))

    def history(self) -> str:
        """Read every other version of every commit; say why when that was not all of it."""
        top = self._repository.top
        if top is None:
            return "this is no git repository"
        prefix = "" if self._repository.root == top else self._repository.root.relative_to(top).as_posix() + "/"
        old: dict[tuple[str, str], Found] = {}
        for item in self._inputs(mode="history", refs=None):
            if isinstance(item, str):
                return self._after(old, item)
            if self._late():
                return self._after(old, TOO_LATE)
            path = os.fsdecode(item.raw_path) if item.raw_path else item.path
            if not path.startswith(prefix):
                continue
            name = path.removeprefix(prefix)
            commit = min(item.origins, key=lambda c: c.committer.timestamp, default=None)
            self._commits.update(c.id for c in item.origins)
            marks = self._now.get(f"{item.blob_id} {name}")
            if marks is not None:
                for mark in marks:
                    self._found[mark] = _older(self._found[mark], commit)
                continue
            if item.data is None or self._ignored(name) or standing_of(name) is Standing.FOREIGN:
                continue
            self._versions += 1
            if self._step and self._versions % 200 == 0:
                self._step("versions in the history", self._versions, 0)
            for found in self._read(name, item.data):
                key = (found.path, found.digest)
                old[key] = _older(old.get(key) or Found(found, Where.HISTORY), commit)
        return self._after(old, "the history is shallow: older commits are not on this disk" if self._shallow() else "")

    def staged(self) -> str:
        """Read what is staged; say why when that was not possible."""
        for item in self._inputs(mode="staged"):
            if isinstance(item, str):
                return item
            if item.data is None or self._ignored(item.path) or standing_of(item.path) is Standing.FOREIGN:
                continue
            self._files += 1
            self._found += [Found(found, Where.STAGED) for found in self._read(item.path, item.data)]
        return ""

    def scan(self, history: str) -> Scan:
        """The result."""
        found = sorted(self._found, key=lambda f: (f.credential.path, f.credential.line, f.commit))
        return Scan(tuple(found), self._files, self._versions, len(self._commits), tuple(self.not_read), history)

    def _after(self, old: dict[tuple[str, str], Found], why: str) -> str:
        """Take over what is only in the history: a value that is still in the work tree gets its age instead."""
        newest = {
            key: number for number, key in enumerate((f.credential.path, f.credential.digest) for f in self._found)
        }
        for key, found in old.items():
            if key in newest:
                self._found[newest[key]] = _elder(self._found[newest[key]], found)
            else:
                self._found.append(found)
        return why

    def _inputs(self, **scope: Any) -> Iterator[Any]:
        """The versions git holds; a text where it cannot be read on."""
        from kingfisher_sdk import GitInputWarning, GitScope, git_inputs

        if self._repository.top is None:
            yield "this is no git repository"
            return
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", GitInputWarning)
            try:
                yield from git_inputs(
                    self._repository.top,
                    scope=GitScope(**scope),
                    discover=False,
                    max_blob_size=FILE_BYTES,
                    skip_missing_blobs=True,
                )
            except (RuntimeError, ValueError, OSError, TimeoutError) as error:
                refs = self._repository.git("for-each-ref", "--count=1")
                if isinstance(refs, Failure) or refs.strip():  # else nothing was ever committed
                    yield f"git's objects cannot be read: {str(error)[:200]}"
            if caught:
                self.not_read.append(("the history", f"{len(caught)} objects are too large or missing"))

    def _read(self, name: str, data: bytes) -> Iterator[Credential]:
        low = name.lower()
        if low.endswith(ARCHIVES) or low.endswith(DATABASES):
            for inner, content in self._unpacked(name, data):
                yield from credentials(inner, content, self._engine.scan(inner, content))
            return
        memory = self._memory.setdefault(name, {})
        yield from credentials(name, data, self._engine.scan(name, data), memory)

    def _unpacked(self, name: str, data: bytes) -> list[tuple[str, bytes]]:
        from kingfisher_sdk import ScanInput, expand_archives, expand_content

        source = [ScanInput(name, data)]
        try:
            if name.lower().endswith(DATABASES):
                members = expand_content(source, pyc=False, max_bytes=UNPACKED_BYTES, timeout=20)
            else:
                members = expand_archives(
                    source, depth=2, max_bytes=UNPACKED_BYTES, max_entries=UNPACKED_FILES, timeout=20
                )
            return [(member.path, member.data) for member in members if member.data is not None]
        except (RuntimeError, ValueError, TimeoutError) as error:
            self.not_read.append((name, f"it cannot be unpacked: {str(error)[:120]}"))
            return []

    def _ignored(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self._ignore)

    def _shallow(self) -> bool:
        top = self._repository.top
        return top is not None and (top / ".git" / "shallow").is_file()


def _older(found: Found, commit: Any) -> Found:
    if commit is None:
        return found
    try:
        when = datetime.fromtimestamp(commit.committer.timestamp, UTC)
    except (OverflowError, ValueError, OSError):
        return found
    return _elder(found, replace(found, commit=commit.id, when=when))


def _elder(found: Found, other: Found) -> Found:
    if other.when is None or (found.when is not None and found.when <= other.when):
        return found
    return replace(found, commit=other.commit, when=other.when)
