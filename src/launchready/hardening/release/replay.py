"""No hidden steps (C6): a release made again on another, empty root, from nothing but its journal and the repository.

What the journal cannot bring along is named before anything is done: variables (it holds their names, never their
values), files that people put into shared folders, and paths outside that commands lean on. Replays the adapter
`directories`; the steps of a hosting platform are its own.
"""

from __future__ import annotations

import asyncio
import http.client
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launchready.hardening.release import engine
from launchready.hardening.release.adapters import host_of
from launchready.hardening.release.directories import Directories
from launchready.hardening.release.engine import Place, Proof, Result
from launchready.hardening.release.env_file import read_env_file
from launchready.hardening.release.history import release_in
from launchready.hardening.release.sources import Source, new_release
from launchready.hardening.release.words import Failed, Release, Told
from launchready.journal import Journal
from launchready.portal import Portal
from launchready.portal_deploy import DeploySettings, VerifySettings

_OUTSIDE = re.compile(r"(?<![\w$/.:-])(/(?!bin/|usr/|dev/null)[\w.-]+(?:/[\w.-]+)*)")


@dataclass(frozen=True, slots=True)
class Script:
    """A release as its journal tells it, ready to be made again elsewhere."""

    settings: DeploySettings
    source: Path
    release: Release
    root: Path
    lacks: tuple[str, ...]
    """What must be there first, and is not."""
    from_outside: tuple[str, ...]
    """What the first host has and no step brings: worth a look."""


def script(book: Journal, root: Path, listen: str) -> Script | Failed:
    """Read a journal for another root. Changes nothing."""
    try:
        entries = book.entries()
    except OSError as error:
        return Failed("preflight", f"{book.path} cannot be read: {error.strerror}")
    begun = entries[0] if entries else {}
    path, release = begun.get("path"), release_in(begun.get("release"))
    if begun.get("action") != "deploy" or not isinstance(path, dict) or release is None:
        return Failed("preflight", f"{book.path} is no journal of a deploy")
    if begun.get("adapter") != "directories":
        what = f"a release by {begun.get('adapter')} is made by that platform, and cannot be made elsewhere from here"
        return Failed("preflight", what)
    if not any(entry["what"] == "ended" and entry.get("result") == "live" for entry in entries):
        return Failed("preflight", "that release did not end well, so there is nothing to repeat")
    if not release.commit:
        then = "Keep the source in git: then a commit says which files they were."
        return Failed("preflight", "its files came from a folder without git, and nobody can get the same again", then)
    changes: dict[str, Any] = {"root": str(root), **({"listen": listen} if listen else {})}
    try:
        settings = DeploySettings.model_validate({**path.get("settings", {}), **changes})
    except ValueError as error:
        return Failed("preflight", f"{book.path} holds settings that cannot be read: {error}")
    return Script(
        settings, Path(str(path.get("source"))), release, root,
        _lacks(settings, path, root), _from_outside(settings, path, root),
    )  # fmt: skip


async def replay(portal: Portal, that: Script, told: Told) -> Result | Failed:
    """Make the release again on its root, and look at it there as a visitor would."""
    if that.lacks:
        return Failed("preflight", "; ".join(that.lacks), "The journal does not hold it: put it there, then again.")
    that.root.mkdir(parents=True, exist_ok=True)
    host = host_of(portal)
    adapter = Directories(that.settings, that.root, that.source, host)
    settings = that.settings.model_dump(mode="json", exclude_defaults=True)

    async def prove(release: Release, told: Told) -> Proof:
        return await asyncio.to_thread(_seen_there, portal.verify or VerifySettings(), that.settings, host)

    place = Place(adapter, f"replay of {that.settings.environment}", that.root, prove, {"settings": settings})
    release = new_release(Source(that.source, that.release.version, that.release.commit))
    with engine.locked(place):
        return await engine.deploy(place, release, None, told, replayed=that.release.id)


def _lacks(settings: DeploySettings, path: dict[str, Any], root: Path) -> tuple[str, ...]:
    if not settings.env_file:
        return ()
    file = root / settings.env_file
    wanted = [str(name) for name in path.get("variables", [])]
    try:
        there = read_env_file(file)
    except OSError:
        return (f"{file} is not there; it must hold {', '.join(wanted) or 'the variables'}",)
    missing = [name for name in wanted if name not in there]
    return (f"{file} does not hold {', '.join(missing)}",) if missing else ()


def _from_outside(settings: DeploySettings, path: dict[str, Any], root: Path) -> tuple[str, ...]:
    found = []
    shared = path.get("shared", {})
    for link in settings.shared:
        target = root / (link.target or f"shared/{link.path}")
        held = shared.get(link.path, 0) if isinstance(shared, dict) else 0
        if held and not (target.is_dir() and any(target.iterdir())):
            found.append(f"{link.path}: the first host holds {held} files there that no step brings")
    for command in (*settings.build, *settings.migrate, settings.web, settings.worker):
        found += [f"`{command}` leans on {outside}, which no step brings" for outside in _OUTSIDE.findall(command)]
    return tuple(dict.fromkeys(found))


def _seen_there(verify: VerifySettings, settings: DeploySettings, host: str) -> Proof:
    """The pages of `[verify]`, asked at the root's own address."""
    address, _, port = settings.listen.rpartition(":")
    lines, holds = [], True
    for page in verify.pages:
        if not page.path.startswith("/"):
            continue
        connection = http.client.HTTPConnection(address.strip("[]") or "127.0.0.1", int(port), timeout=verify.within_s)
        try:
            target = page.path
            for _ in range(5):
                connection.request("GET", target, headers={"Host": host, "X-Forwarded-Proto": "https"})
                answer = connection.getresponse()
                text = answer.read(2**20).decode("utf-8", "replace")
                where = answer.getheader("Location", "")
                if answer.status not in (301, 302, 303, 307, 308) or page.status == answer.status:
                    break
                target = re.sub(r"^https?://[^/]+", "", where) or "/"
            right = answer.status == page.status and page.text in text
            holds = holds and right
            lines.append(f"{page.path} answers {answer.status}" + ("" if right else f", expected {page.status}"))
        except (OSError, http.client.HTTPException) as error:
            holds = False
            lines.append(f"{page.path} gives no answer ({type(error).__name__})")
        finally:
            connection.close()
    return Proof(holds and bool(lines), tuple(lines), seen=bool(lines))
