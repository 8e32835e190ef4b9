"""The repository of the portal: which files it holds and what is in them, bounded, nothing executed.

Reads files and asks `git` for lists only. A repository is hostile: its own configuration must not name a program
that runs (file-system monitor, hooks, filters, pagers), lead to another directory, or fetch. No filter and no
`.gitattributes` is honoured: objects are read as they are stored.
"""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from launchready.probes.failures import Failure, Garbage, Phase, Refused, Timeout, TooLarge
from launchready.probes.network import Network

TEXT_BYTES = 2 * 1024 * 1024
"""Of one file read as text."""
FILES = 200_000
"""Files of one work tree that are listed at most."""
GIT_TIMEOUT_S = 60.0
VENDORED = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        "node_modules",
        "bower_components",
        ".venv",
        "venv",
        "virtualenv",
        "__pycache__",
        ".tox",
        ".nox",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".gradle",
        ".bundle",
        ".terraform",
        "site-packages",
    }
)
"""Folders of other people's code or of tools; not walked where git does not say what belongs to the repository."""
BUILT = ("dist", "build", "out", "public/build", ".next/static", ".output/public", "_site", "staticfiles", "www/static")
"""Where front-end builds usually land: served to everybody, and mostly ignored by git."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a work tree, as paths relative to its root with `/`, sorted."""

    tracked: tuple[str, ...]
    untracked: tuple[str, ...]
    """Not in git, not ignored. Everything, where the folder is no git repository."""
    ignored: frozenset[str] = frozenset()
    """Well-known credential files and front-end builds that git ignores: on this disk only, or served."""
    cut: bool = False
    """More files than are listed."""

    @property
    def files(self) -> tuple[str, ...]:
        """What belongs to the repository or is about to: tracked and untracked."""
        return tuple(sorted({*self.tracked, *self.untracked}))


class Repository:
    """One folder on this machine, a git repository or not."""

    def __init__(self, root: Path, network: Network) -> None:
        self.root = root.absolute()
        self._network = network
        self.bare = _is_bare(self.root)
        """Whether the folder itself is a git directory, without a work tree."""
        self.top = self.root if self.bare else _top(self.root)
        """The folder that holds `.git` (or is bare), or None where the root is in no git repository."""

    async def listing(self) -> Listing | Failure:
        """Every regular file, those of submodules that are checked out included; symbolic links are left out."""
        return await self._network.once(("repository", str(self.root)), lambda: asyncio.to_thread(self.listed))

    async def files(self) -> tuple[str, ...] | Failure:
        """The paths of tracked and untracked files, sorted."""
        listing = await self.listing()
        return listing if isinstance(listing, Failure) else listing.files

    async def text(self, path: str) -> str | Failure:
        """The text of one file: UTF-8 or UTF-16, what does not decode replaced.

        TooLarge above `TEXT_BYTES`, Garbage when binary, Refused when it cannot be read.
        """
        return await self._network.once(("file", str(self.root), path), lambda: asyncio.to_thread(self._text, path))

    def read(self, path: str, limit: int) -> bytes | Failure:
        """The bytes of one file, never through a symbolic link at its end; TooLarge above `limit` bytes."""
        try:
            descriptor = os.open(self.root / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except (OSError, ValueError) as error:
            return _refused(path, error)
        try:
            with os.fdopen(descriptor, "rb") as file:
                state = os.fstat(file.fileno())
                if not stat.S_ISREG(state.st_mode):
                    return Garbage(Phase.ANSWER, path, "not a regular file")
                if state.st_size > limit:
                    return TooLarge(Phase.ANSWER, path, f"{state.st_size} bytes, more than the {limit} that are read")
                return file.read(limit + 1)[:limit]
        except OSError as error:
            return _refused(path, error)

    def git(self, *arguments: str, timeout_s: float = GIT_TIMEOUT_S) -> bytes | Failure:
        """What `git` prints for a listing command; a failure where there is no git, no repository, or no time."""
        if self.top is None:
            return Refused(Phase.REQUEST, str(self.root), "not a git repository")
        safe = [
            f"--git-dir={self.top if self.bare else self.top / '.git'}",
            f"--work-tree={self.top}",
            "--no-pager",
            "--literal-pathspecs",
        ]
        for setting in _SAFE:
            safe += ["-c", setting]
        try:
            done = subprocess.run(  # noqa: S603 - a list, no shell
                ["git", *safe, *arguments],  # noqa: S607 - the user's own git, from the user's own PATH
                cwd=self.top, env=_environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_s,
                check=False,
            )  # fmt: skip
        except FileNotFoundError:
            return Refused(Phase.REQUEST, "git", "git is not installed")
        except subprocess.TimeoutExpired:
            return Timeout(Phase.REQUEST, str(self.root), f"git did not answer within {timeout_s:g} s")
        except OSError as error:
            return _refused("git", error)
        if done.returncode:
            lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
            return Garbage(Phase.ANSWER, str(self.root), f"git {arguments[0]}: {lines[-1][:200]}")
        return done.stdout

    def listed(self) -> Listing | Failure:
        """As `listing`, for who waits anyway and is the only one to ask."""
        if not self.root.is_dir():
            kind = "is not a folder" if self.root.exists() else "there is no such folder"
            return Refused(Phase.REQUEST, str(self.root), f"{self.root}: {kind}")
        if self.top is None:
            return _walked(self.root)
        if self.bare:
            return Listing((), ())
        tracked = self._names("ls-files", "-z", "--cached")
        if isinstance(tracked, Failure):
            return _walked(self.root)  # the files are there all the same; who asks for the history is told
        untracked = self._names("ls-files", "-z", "--others", "--exclude-standard")
        ignored = self._names("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
        if isinstance(untracked, Failure):
            return untracked
        there = [name for name in tracked if self._regular(name)]
        there += [inner for name in tracked for inner in self._submodule(name)]
        loose = [name for name in untracked if self._regular(name)]
        kept = () if isinstance(ignored, Failure) else self._of_interest(ignored)
        cut = len(there) + len(loose) > FILES
        return Listing(tuple(there[:FILES]), tuple(loose[: max(0, FILES - len(there))]), frozenset(kept), cut)

    def _submodule(self, name: str) -> Iterator[str]:
        """The files of a submodule that is checked out; where one is not, there is nothing of it on this disk."""
        folder = self.root / name
        if not folder.is_symlink() and folder.is_dir():
            yield from (f"{name}/{inner}" for inner in _walked(folder).untracked if inner != ".git")

    def _names(self, *arguments: str) -> list[str] | Failure:
        assert self.top is not None  # noqa: S101 - asked by the only caller
        printed = self.git(*arguments)
        if isinstance(printed, Failure):
            return printed
        prefix = "" if self.root == self.top else self.root.relative_to(self.top).as_posix() + "/"
        names = [os.fsdecode(raw) for raw in printed.split(b"\0") if raw]
        return sorted({name.removeprefix(prefix) for name in names if name.startswith(prefix)})

    def _of_interest(self, ignored: list[str]) -> Iterator[str]:
        """Of what git ignores: environment files on this disk, and what a front-end build has made."""
        for name in ignored:
            if name.endswith("/"):
                folder = name.rstrip("/")
                if any(folder == built or folder.endswith(f"/{built}") for built in BUILT):
                    below = _walked(self.root / folder)
                    yield from (f"{name}{inner}" for inner in below.untracked)
            elif name.rpartition("/")[2].startswith(".env") and self._regular(name):
                yield name

    def _regular(self, name: str) -> bool:
        try:
            return stat.S_ISREG(os.lstat(self.root / name).st_mode)
        except (OSError, ValueError):
            return False

    def _text(self, path: str) -> str | Failure:
        raw = self.read(path, TEXT_BYTES)
        if isinstance(raw, Failure):
            return raw
        text = decoded(raw)
        return Garbage(Phase.ANSWER, path, "not a text file") if text is None else text


def decoded(raw: bytes) -> str | None:
    """Text of UTF-8 or UTF-16, what does not decode replaced; None when it is binary."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    if b"\0" in raw[:8192]:
        return None
    return raw.decode("utf-8-sig", "replace")


_SAFE = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.untrackedCache=false",
    "core.attributesFile=/dev/null",
    "core.sshCommand=false",
    "core.askPass=false",
    "credential.helper=",
    "protocol.allow=never",
    "diff.external=",
    "safe.directory=*",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
)
"""Every setting of a repository that names a program or leads elsewhere, taken back."""


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "LC_ALL": "C",
        "HOME": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "",
    }


def _is_bare(root: Path) -> bool:
    return (root / "HEAD").is_file() and (root / "objects").is_dir() and (root / "refs").is_dir()


def _top(root: Path) -> Path | None:
    for folder in (root, *root.parents):
        if (folder / ".git").exists():
            return folder
    return None


def _walked(root: Path) -> Listing:
    """Every regular file below, vendored folders left out; symbolic links are not followed, so loops end."""
    names: list[str] = []
    for folder, folders, files in os.walk(root, followlinks=False):
        folders[:] = sorted(name for name in folders if name not in VENDORED)
        for name in files:
            path = Path(folder, name)
            try:
                regular = stat.S_ISREG(os.lstat(path).st_mode)
            except OSError:
                continue
            if regular:
                names.append(path.relative_to(root).as_posix())
        if len(names) > FILES:
            return Listing((), tuple(sorted(names)[:FILES]), cut=True)
    return Listing((), tuple(sorted(names)))


def _refused(path: str, error: Exception) -> Failure:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Refused(Phase.REQUEST, path, f"{path}: {reason}")
