"""The way to deploy that `[deploy] adapter` names; each is imported when it is asked for."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from launchready.hardening.release.sources import source_folder
from launchready.hardening.release.words import Adapter, Failed
from launchready.portal import Portal
from launchready.probes.look import Look


def make(portal: Portal, look: Look, root: Path) -> Adapter | Failed:
    """The adapter; `root` is the folder of `launchready.toml`."""
    settings = portal.deploy
    if settings is None:
        return Failed("preflight", "launchready.toml has no section [deploy]", "Write one; docs/getting-started.md.")
    source = source_folder(portal, root)
    if settings.adapter == "directories":
        from launchready.hardening.release.directories import Directories

        return Directories(settings, (root / settings.root).resolve(), source, host_of(portal))
    if settings.adapter == "commands":
        from launchready.hardening.release.commands import Commands

        return Commands(settings, source, root)
    name = "compose" if settings.adapter == "compose" else f"platform_{settings.adapter}"
    try:
        module: Any = importlib.import_module(f"launchready.hardening.release.{name}")
    except ModuleNotFoundError:
        return Failed("preflight", f"adapter {settings.adapter} is not in this version of Launch Ready")
    found: Adapter | Failed = module.adapter(portal, look, source)
    return found


def host_of(portal: Portal) -> str:
    """The name visitors use."""
    verify = portal.verify.url if portal.verify else ""
    return urlsplit(verify or portal.canonical or f"https://{portal.domain}/").hostname or portal.domain
