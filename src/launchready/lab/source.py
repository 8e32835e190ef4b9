"""A repository of the lab's world, written to disk with its history; and the healthy one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from launchready.lab.world import Change, Source, World

FIRST_COMMIT_DAYS = 200
"""Age of the commit that brought what `Source.removed` names; the last commit is a day old."""


def write_source(source: Source, folder: Path, now: datetime) -> None:
    """Write the files below `folder`, and commit them as their owner did."""
    if source.git:
        _git(folder, now, "init", "--quiet", "--initial-branch=main")
    for files, message, days in (
        (source.removed, "First version", FIRST_COMMIT_DAYS),
        (source.files, "Ready for the demo", 1),
    ):
        if not files:
            continue
        for path, content in files.items():
            _write(folder / path, content)
        if files is source.files:
            for path in source.removed.keys() - source.files.keys():
                (folder / path).unlink()
        if source.git:
            _git(folder, now - timedelta(days=days), "add", "--all", "--force")
            _git(folder, now - timedelta(days=days), "commit", "--quiet", "--message", message)
    for path, content in source.ignored.items():
        _write(folder / path, content)


def with_source(**changes: object) -> Change:
    """The healthy repository beside the world, with fields of it changed."""
    return lambda world: replace(world, source=replace(_source(world), **changes))  # type: ignore[arg-type]


def files(add: Mapping[str, str | bytes] | None = None, *, drop: tuple[str, ...] = (), **settings: object) -> Change:
    """The healthy repository with files added, replaced and dropped; `settings` are keys of `launchready.toml`."""

    def change(world: World) -> World:
        source = _source(world)
        for path in drop:
            if path not in source.files:
                raise KeyError(f"the repository has no {path}")
        kept = {path: content for path, content in source.files.items() if path not in drop}
        new = replace(source, files={**kept, **(add or {})}, settings={**source.settings, **settings})
        return replace(world, source=new)

    return change


def removed(old: Mapping[str, str | bytes]) -> Change:
    """Files that were committed once and are deleted since."""
    return lambda world: replace(world, source=replace(_source(world), removed=old))


def ignored(local: Mapping[str, str | bytes]) -> Change:
    """Files on this disk that git ignores."""
    return lambda world: replace(world, source=replace(_source(world), ignored=local))


def edited(path: str, old: str, new: str) -> Change:
    """One file of the healthy repository with a text replaced. Raises KeyError when the text is not there."""

    def change(world: World) -> World:
        text = _source(world).files[path]
        if not isinstance(text, str) or old not in text:
            raise KeyError(f"{path} does not hold {old}")
        return files({path: text.replace(old, new)})(world)

    return change


def _source(world: World) -> Source:
    from launchready.lab.healthy_source import HEALTHY_SOURCE

    return world.source or HEALTHY_SOURCE


def _write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def _git(folder: Path, when: datetime, *arguments: str) -> None:
    who = {f"GIT_{role}_NAME": "Maker" for role in ("AUTHOR", "COMMITTER")}
    who |= {f"GIT_{role}_EMAIL": "maker@brightside.example" for role in ("AUTHOR", "COMMITTER")}
    who |= {f"GIT_{role}_DATE": when.isoformat() for role in ("AUTHOR", "COMMITTER")}
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **who}
    subprocess.run(["git", "-C", str(folder), *arguments], env=environment, check=True, capture_output=True)
