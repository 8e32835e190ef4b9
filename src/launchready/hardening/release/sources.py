"""What is released: the files of the last commit, or of the folder where there is no git, and what they are called.

Read-only but for `unpack`, which writes into a release's own folder. Nothing of what git ignores, no environment file
and no release is ever copied.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from launchready.hardening.release.archive import archive
from launchready.hardening.release.words import Failed, Release
from launchready.portal import Portal

LEFT_OUT = frozenset(
    {".git", ".hg", ".svn", ".launchready", "__pycache__", ".venv", "venv", "node_modules", ".mypy_cache"}
)
MOST_FILES = 200_000
_EXAMPLES = (".example", ".sample", ".template", ".dist")


@dataclass(frozen=True, slots=True)
class Source:
    """The state of the files that would be released now."""

    folder: Path
    version: str
    commit: str
    """Empty where the folder is in no repository."""
    uncommitted: int = 0
    """Files changed or new, which are not released."""


def source_folder(portal: Portal, root: Path) -> Path:
    """The folder that `[deploy] source` names, else the repository's, else that of `launchready.toml`."""
    named = portal.deploy.source if portal.deploy else ""
    if not named and portal.repository:
        named = portal.repository.path
    return (root / named).resolve()


def identify(folder: Path, leave_out: Path | None = None) -> Source | Failed:
    """What would be released; a content's hash is its version where there is no git."""
    if not folder.is_dir():
        return Failed("preflight", f"{folder} is no folder", "Name the portal's code in [deploy] source.")
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    if commit is None:
        if _git(folder, "rev-parse", "--git-dir") is not None:
            return Failed("preflight", "the repository has no commit yet", "Commit the source: git add, git commit.")
        return Source(folder, f"tree-{_hash(folder, leave_out)[:10]}", "")
    version = _git(folder, "describe", "--tags", "--always") or commit[:7]
    changed = _git(folder, "status", "--porcelain", "--", ".") or ""
    return Source(folder, version, commit, len(changed.splitlines()))


def new_release(source: Source, now: datetime | None = None) -> Release:
    """A release of it, made now."""
    at = (now or datetime.now(UTC)).astimezone(UTC)
    mark = source.commit[:7] or source.version.removeprefix("tree-")[:7]
    return Release(f"{at:%Y%m%dT%H%M%SZ}-{mark}", source.version, source.commit)


async def unpack(source: Path, release: Release, into: Path, leave_out: Path) -> Failed | None:
    """Write the files of a release into an empty folder. A full disk is a failure, as a value."""
    try:
        if release.commit:
            packed = await archive(source, release.commit)
            if isinstance(packed, Failed):
                return packed
            with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as files:
                _extract(files, into)
        else:
            _copy(source, into, leave_out)
    except (OSError, tarfile.TarError) as error:
        what = f"the files could not be copied: {getattr(error, 'strerror', None) or error}"
        return Failed("build", what, "Make room on the disk, then run it again: what is live was not touched.")
    return None


def _extract(files: tarfile.TarFile, into: Path) -> None:
    """Files, folders and links that stay inside; Python before 3.11.4 has no filter that sees to that itself."""
    if hasattr(tarfile, "data_filter"):
        files.extractall(into, filter="data")
        return
    inside = into.resolve()
    for member in files:
        place = inside / member.name
        leads = place.parent / member.linkname if member.issym() else inside / member.linkname
        if not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
            raise tarfile.TarError(f"{member.name} is no file, folder or link")
        for path in (place, leads):
            if not path.resolve().is_relative_to(inside):
                raise tarfile.TarError(f"{member.name} leads out of the release")
        member.mode &= 0o755
        member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
        files.extract(member, inside)


def _copy(source: Path, into: Path, leave_out: Path) -> None:
    def ignored(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if _left_out(Path(folder) / name, leave_out)]

    shutil.copytree(source, into, symlinks=True, dirs_exist_ok=True, ignore=ignored)


def _left_out(path: Path, leave_out: Path | None) -> bool:
    name = path.name
    secret = name == ".env" or (name.startswith(".env.") and not name.endswith(_EXAMPLES))
    return name in LEFT_OUT or secret or (leave_out is not None and path.resolve() == leave_out)


def _hash(folder: Path, leave_out: Path | None) -> str:
    digest = hashlib.sha256()
    count = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _left_out(Path(place) / name, leave_out))
        for name in sorted(names):
            path = Path(place) / name
            if _left_out(path, leave_out) or (count := count + 1) > MOST_FILES:
                continue
            digest.update(str(path.relative_to(folder)).encode("utf-8", "surrogateescape"))
            if path.is_symlink():
                digest.update(os.readlink(path).encode("utf-8", "surrogateescape"))
            elif path.is_file():
                with path.open("rb") as file:
                    digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _git(folder: Path, *words: str) -> str | None:
    """What git prints; None where it fails or is not there."""
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        ran = subprocess.run(  # noqa: S603 - a list, no shell
            ["git", "-c", "core.fsmonitor=false", *words],  # noqa: S607 - the user's own git
            cwd=folder, env=environment, capture_output=True, timeout=60, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ran.stdout.decode("utf-8", "replace").strip() if ran.returncode == 0 else None
