"""Whether what would be released is what is in git, and whether there is room for it. Changes nothing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath

from launchready.gate import check
from launchready.hardening.variables_model import Scope
from launchready.hardening.variables_places import is_others, scope_of
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.look import Look

TIMES = 3
"""Of the source's size that must be free: the release, what its build makes, and room for the portal to write."""
LEAST_INODES = 20_000
LISTED = 8
_OURS = (".launchready/", "launchready.toml", "launchready-report/")


@check(
    "release.source",
    Stage.HARDENING,
    roadmap="C6 C8",
    severity=Severity.HIGH,
    effort=10,
    reference="https://12factor.net/codebase",
    needs="deploy",
)
async def source(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """What is on this disk is not what would be released.

    Why: A change that was never committed works for its author only, is lost with the laptop, and is missing from the
    release that was meant to bring it.

    Fix: Commit it, or throw it away; push the commit, so that the release can be made again from another machine.

    Changed and new source files count, those of tests and of this tool do not; a submodule at another commit than the
    repository names counts too. A commit that no remote branch holds, and a release from no branch at all, are nice to
    fix. Where there is no remote, nothing is said of it.
    """
    repository = look.repository
    if repository is None:
        yield NotChecked(portal.domain, "no repository is named", "add [repository] to launchready.toml")
        return
    status = await asyncio.to_thread(repository.git, "status", "--porcelain=v1", "-z", "--untracked-files=all")
    if isinstance(status, Failure):
        yield NotChecked(portal.domain, f"git does not tell the state of the source: {status.detail}")
        return
    changed = [line for line in os.fsdecode(status).split("\0") if len(line) > 3 and line[2] == " "]
    left_out = sorted({line[3:] for line in changed if _counts(line[3:])})
    if left_out:
        new = sum(line.startswith("??") for line in changed if line[3:] in left_out)
        problem = f"{len(left_out)} files differ from what is committed, and would not be released as they are."
        shown = "\n".join(left_out[:LISTED]) + (f"\n… {len(left_out) - LISTED} more" if len(left_out) > LISTED else "")
        yield Finding("source", problem, evidence=f"{new} of them are new\n{shown}", key="uncommitted")
        return
    for row in await asyncio.to_thread(_pushed, look):
        yield row


def _counts(path: str) -> bool:
    if path.startswith(_OURS) or is_others(path) or scope_of(path) is Scope.TEST:
        return False
    return not PurePosixPath(path).name.endswith((".log", ".pyc", ".swp", "~", ".DS_Store"))


def _pushed(look: Look) -> list[Row]:
    assert look.repository is not None  # noqa: S101 - asked before
    remotes = look.repository.git("remote")
    if isinstance(remotes, Failure) or not remotes.strip():
        return [Passed("source", "everything is committed")]
    branch = look.repository.git("symbolic-ref", "--quiet", "--short", "HEAD")
    holding = look.repository.git("branch", "--remotes", "--contains", "HEAD")
    if isinstance(holding, Failure):
        return [NotChecked("source", f"whether the commit was pushed is not known: {holding.detail}")]
    if not holding.strip():
        problem = "The commit that would be released is on this machine only."
        return [Finding("source", problem, key="unpushed", severity=Severity.NICE)]
    if isinstance(branch, Failure):
        problem = "The release would be made from no branch (a detached HEAD)."
        return [Finding("source", problem, key="detached", severity=Severity.NICE)]
    return [Passed("source", "everything is committed and pushed")]


@check(
    "release.disk",
    Stage.HARDENING,
    roadmap="C4 C8",
    severity=Severity.BLOCKER,
    effort=20,
    reference="https://man7.org/linux/man-pages/man3/statvfs.3.html",
    needs="deploy",
)
async def disk(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The disk has no room for another release.

    Why: The release stops half-way, and what is live cannot write either: no upload, no log, no session.

    Fix: Delete what grows there (logs, old images, old releases by `[deploy] kept`), or take a larger disk.

    For release directories, which are on this machine: free space at `[deploy] root` against three times the size of
    the source, and free inodes. Other adapters build elsewhere, and there is nothing to look at.
    """
    deploy = portal.deploy
    if deploy is None or deploy.adapter != "directories":
        yield Passed(portal.domain, "the release is built elsewhere")
        return
    try:
        state = await asyncio.to_thread(_disk, Path(deploy.root))
    except OSError as error:
        yield NotChecked(deploy.root, f"the disk cannot be looked at: {error.strerror}")
        return
    size = await _size(look)
    free, needed = state.f_bavail * state.f_frsize, TIMES * size
    if free < needed:
        problem = f"{deploy.root} has {_mib(free)} free, and a release needs {_mib(needed)}."
        yield Finding(deploy.root, problem, key="space")
    elif state.f_files and state.f_favail < LEAST_INODES:
        problem = f"{deploy.root} can hold {state.f_favail} more files only (inodes)."
        yield Finding(deploy.root, problem, key="inodes")
    else:
        yield Passed(deploy.root, f"{_mib(free)} free, {TIMES} times the source are {_mib(needed)}")


def _disk(place: Path) -> os.statvfs_result:
    while not place.exists() and place != place.parent:  # before the first release
        place = place.parent
    return os.statvfs(place)


async def _size(look: Look) -> int:
    """Bytes of the source; 0 where there is none to measure."""
    paths = await look.repository.files() if look.repository else ()
    if isinstance(paths, Failure) or look.repository is None:
        return 0
    root = look.repository.root
    return await asyncio.to_thread(lambda: sum(_bytes(root / path) for path in paths))


def _bytes(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _mib(count: int) -> str:
    return f"{count / 1024 / 1024:.1f} MiB" if count < 10 * 1024**3 else f"{count / 1024**3:.0f} GiB"
