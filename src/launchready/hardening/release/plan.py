"""What a release would do, before it does it: the steps, what is live, what it goes back to, what cannot be undone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launchready.hardening.release.env_file import read_env_file
from launchready.hardening.release.history import Unfinished, unfinished
from launchready.hardening.release.reversibility import Irreversible, irreversible
from launchready.hardening.release.sources import Source, identify, new_release, source_folder
from launchready.hardening.release.words import Adapter, Failed, Release
from launchready.portal import Portal


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done, once it is confirmed."""

    release: Release
    source: Source
    adapter: str
    environment: str
    steps: dict[str, list[str]]
    live: Release | None
    back_to: Release | None
    irreversible: tuple[Irreversible, ...]
    interrupted: Unfinished | None
    """What a crash left, which this run settles."""
    resumes: bool


async def plan_deploy(portal: Portal, adapter: Adapter, root: Path) -> Plan | Failed:
    """Look at the source, the place and the journal. Changes nothing."""
    if portal.deploy is None:
        return Failed("preflight", "launchready.toml has no section [deploy]")
    leave_out = getattr(adapter, "root", None)
    source = identify(source_folder(portal, root), leave_out if isinstance(leave_out, Path) else None)
    if isinstance(source, Failed):
        return source
    live = await adapter.current()
    pending = unfinished(root, portal.deploy.environment)
    if isinstance(live, Failed):
        if pending is None and live.unsure:
            return live
        live = None
    resumes = pending is not None and pending.action == "deploy" and _same(pending.release, source)
    release = pending.release if pending and resumes else new_release(source)
    # What a crash left live was never proved, so it is nothing to go back to.
    unproved = pending is not None and pending.action == "deploy" and live is not None and live.id == pending.release.id
    back_to = pending.before if pending and (resumes or unproved) else live
    if pending and pending.action == "rollback":
        back_to = pending.release  # what is live may be what that rollback was fleeing from
    lost = irreversible(source.folder, back_to.commit if back_to else "", release.commit, first=back_to is None)
    return Plan(
        release, source, adapter.name, portal.deploy.environment, adapter.explain(), live, back_to, tuple(lost),
        pending, resumes,
    )  # fmt: skip


def path_of(portal: Portal, root: Path) -> dict[str, Any]:
    """What a journal must hold to replay a release elsewhere: settings, and the names of what comes from outside."""
    settings = portal.deploy
    if settings is None:
        return {}
    path: dict[str, Any] = {"settings": settings.model_dump(mode="json", exclude_defaults=True)}
    path["source"] = str(source_folder(portal, root))
    if settings.adapter == "directories":
        place = (root / settings.root).resolve()
        path |= {"variables": _names(place / settings.env_file) if settings.env_file else [], "shared": {}}
        for link in settings.shared:
            target = place / (link.target or f"shared/{link.path}")
            path["shared"][link.path] = sum(1 for one in target.rglob("*") if one.is_file()) if target.is_dir() else 0
    return path


def _names(path: Path) -> list[str]:
    try:
        return sorted(read_env_file(path))
    except OSError:
        return []


def _same(release: Release, source: Source) -> bool:
    return release.version == source.version and release.commit == source.commit
