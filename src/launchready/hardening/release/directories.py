"""Release directories on a host: `ROOT/releases/<id>/`, and `ROOT/current`, a link that is changed in one step.

A release is made in a folder of its own beside what is live, and takes a marker as the last thing: a folder without
one is half-done and never served, never counted. With `web` the keeper serves it (`keeper`); with `service` systemd
units are restarted. It deploys to the machine it runs on, and never touches what is shared between releases.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from launchready.hardening.release import keeper_call, shell
from launchready.hardening.release.env_file import base, read_env_file
from launchready.hardening.release.hidden import Hidden, hidden
from launchready.hardening.release.keeper import CURRENT, point
from launchready.hardening.release.processes import MARKER
from launchready.hardening.release.sources import unpack
from launchready.hardening.release.words import Failed, Release, Told
from launchready.portal_deploy import DeploySettings, Shared

FAILED = ".launchready-failed.json"


@dataclass(frozen=True)
class Directories:
    """One root on this machine."""

    settings: DeploySettings
    root: Path
    source: Path
    host: str
    """What the version is asked for by name when it says whether it is ready."""
    name: str = "directories"

    def explain(self) -> dict[str, list[str]]:
        """What each word does."""
        s, kept = self.settings, self.settings.kept
        variables = f"the variables of {s.env_file}" if s.env_file else "no variables of a file"
        build = [f"Copies the files of the commit into {self.root}/releases/<id>/, beside what is live."]
        build += [f"Links {link.path} to what all releases share." for link in s.shared]
        build += [f"Runs there, with {variables}: {command}" for command in s.build]
        build += ["Writes a marker last: a folder without it is half-done and never served."]
        migrate = [f"Runs in the new folder, while the old version serves: {command}" for command in s.migrate]
        if s.web:
            release = [
                f"Starts `{s.web}` on a port of its own, beside the version that serves.",
                f"Waits up to {s.ready_s:g} s until {s.health} answers 200; otherwise ends it and changes nothing.",
                "Points `current` to it in one step; the next request on every connection goes to it.",
                f"Lets the old version finish what it has begun, {s.drain_s:g} s at most, and ends it.",
                *([f"Restarts the worker: {s.worker}"] if s.worker else []),
                f"A keeper of ours holds {s.listen} and goes on after this command; after a reboot start it with "
                f"`python -m launchready.hardening.release.keeper {self.root}`, as a service of this machine.",
            ]
            back = ["The same with an earlier folder: nothing is built."]
        else:
            units = ", ".join(s.service)
            release = [f"Points `current` to it in one step, and restarts {units}; a failure points it back."]
            back = [f"Points `current` to the earlier folder, and restarts {units}."]
        release += [f"Keeps {kept} releases, the current and the one before always among them."]
        return {"build": build, "migrate": migrate or ["Nothing."], "release": release, "roll back": back}

    async def current(self) -> Release | Failed | None:
        """What `current` leads to."""
        link = self.root / CURRENT
        if not link.is_symlink():
            return None
        found = _read(link.resolve())
        if found is None:
            what = f"current leads to {os.readlink(link)}, which is not a complete release"
            return Failed("preflight", what, "Deploy again, or roll back to one that is there.")
        return found

    async def releases(self) -> list[Release] | Failed:
        """The complete ones, newest first."""
        try:
            folders = sorted((self.root / "releases").iterdir(), reverse=True)
        except FileNotFoundError:
            return []
        except OSError as error:
            return Failed("preflight", f"{self.root}/releases cannot be read: {error.strerror}")
        return [found for folder in folders if (found := _read(folder))]

    async def build(self, release: Release, told: Told) -> Release | Failed:
        """Make the folder, run the commands, write the marker."""
        folder, ready = self._folder(release), replace(release, reference=release.id)
        if _read(folder):
            told(f"{release.id} is built already")
            return ready
        variables = self._variables("build")
        if isinstance(variables, Failed):
            return variables
        try:
            if folder.exists():
                await asyncio.to_thread(shutil.rmtree, folder)  # half-done by a crash
            folder.mkdir(parents=True)
        except OSError as error:
            return _disk("build", f"{folder} cannot be made", error)
        told(f"copying {release.version} to releases/{release.id}")
        failed = await unpack(self.source, release, folder, self.root) or self._link_shared(folder)
        if not failed:
            failed = await self._run("build", self.settings.build, folder, release, told, variables)
        if not failed:
            try:
                await asyncio.to_thread(_mark, folder, release, self.settings)
            except OSError as error:
                failed = _disk("build", "the marker of the release could not be written", error)
        if failed:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            return failed
        return ready

    async def migrate(self, release: Release, told: Told) -> Failed | None:
        """The commands, in the new folder."""
        return await self._run("migrate", self.settings.migrate, self._folder(release), release, told)

    async def undo_migrations(self, release: Release, told: Told) -> Failed | None:
        """The commands that take them back, in the folder that has them."""
        return await self._run("roll back", self.settings.undo_migrations, self._folder(release), release, told)

    async def release(self, release: Release, told: Told) -> Failed | None:
        """Make it live. A first release that fails leaves no keeper behind that holds the address for nothing."""
        live = await self.current()
        failed = await self._serve("release", release, told)
        if failed and live is None and await self.current() is None and not self.settings.service:
            await keeper_call.stop(self.root)
        return failed

    async def roll_back(self, to: Release, told: Told) -> Failed | None:
        """Make an earlier folder live again."""
        if _read(self._folder(to)) is None:
            there = await self.releases()
            left = ", ".join(one.id for one in there) if isinstance(there, list) else ""
            what = f"the files of {to.id} are not there any more, or not complete"
            return Failed("roll back", what, f"Still there: {left}." if left else "No release is left; deploy again.")
        return await self._serve("roll back", to, told)

    async def discard(self, release: Release) -> None:
        """A release that failed is never rolled back to nor counted among those kept; it goes with the next one."""
        marker = self._folder(release) / MARKER
        with contextlib.suppress(OSError):
            marker.rename(marker.with_name(FAILED))

    async def serving(self) -> str:
        """What is wrong with the processes, as a sentence; empty when `current` is served."""
        live = await self.current()
        if self.settings.service or not isinstance(live, Release):
            return ""
        said = await keeper_call.status(self.root)
        again = f"`launchready rollback --to {live.id}` starts it again"
        if said is None:
            return f"the keeper does not run, so nothing is served; {again}"
        return "" if said.get("serving") == live.id else f"the keeper does not serve {live.id}; {again}"

    @property
    def lock(self) -> Path:
        """A file that one deploy at a time may hold, whatever folder it is started from."""
        return self.root / ".deploy.lock"

    @property
    def hidden(self) -> Hidden:
        """What must not be seen of what commands print."""
        variables = self._variables("build")
        return hidden({} if isinstance(variables, Failed) else variables)

    async def _serve(self, step: str, release: Release, told: Told) -> Failed | None:
        if self.settings.service:
            return await self._restart_units(step, release, told)
        order = {
            "do": "switch", "folder": str(self._folder(release)), "listen": self.settings.listen,
            "health": self.settings.health, "host": self.host, "ready_s": self.settings.ready_s,
            "drain_s": self.settings.drain_s, "env_file": self.settings.env_file,
        }  # fmt: skip
        return await keeper_call.switch(self.root, order, step, told)

    async def _restart_units(self, step: str, release: Release, told: Told) -> Failed | None:
        before = (self.root / CURRENT).resolve() if (self.root / CURRENT).is_symlink() else None
        point(self.root, self._folder(release))
        failed: Failed | None = None
        for unit in self.settings.service:
            told(f"restarting {unit}")
            try:
                code, lines = await shell.run(
                    ["systemctl", "reload-or-restart", "--", unit], self.root, {}, told, self.settings.ready_s + 60
                )
            except OSError as error:
                code, lines = -1, [f"systemctl cannot be run: {error.strerror}"]
            if code != 0:
                then = f"Look at `journalctl -u {unit}`."
                failed = Failed(step, f"{unit} could not be restarted", then, "\n".join(lines))
                break
        if failed and before:
            point(self.root, before)
            for unit in self.settings.service:
                await shell.run(["systemctl", "reload-or-restart", "--", unit], self.root, {}, told, 90)
        return failed

    def _folder(self, release: Release) -> Path:
        return self.root / "releases" / Path(release.id).name

    def _variables(self, step: str) -> dict[str, str] | Failed:
        if not self.settings.env_file:
            return {}
        path = self.root / self.settings.env_file
        try:
            return read_env_file(path)
        except OSError as error:
            then = f"Put the variables of {self.settings.environment} there, readable by this user only (chmod 600)."
            return Failed(step, f"{path} cannot be read: {error.strerror}", then)

    async def _run(
        self,
        step: str,
        commands: tuple[str, ...],
        folder: Path,
        release: Release,
        told: Told,
        variables: dict[str, str] | None = None,
    ) -> Failed | None:
        found = variables if variables is not None else self._variables(step)
        if isinstance(found, Failed):
            return found
        quiet = hidden(found)
        limit = self.settings.command_timeout_s
        try:
            ran = await shell.run_all(step, commands, folder, release, quiet.told(told), limit, found, base())
        except OSError as error:
            return Failed(step, f"no command can be run in {folder}: {error.strerror}")
        return quiet.failed(ran) if isinstance(ran, Failed) else None

    def _link_shared(self, folder: Path) -> Failed | None:
        for link in self.settings.shared:
            target = self.root / (link.target or f"shared/{link.path}")
            place = folder / link.path
            if not _below(link, self.root):
                what = f"[deploy] shared {link.path!r} leads out of its folder"
                return Failed("build", what, "Write paths below a release and below root.")
            try:
                if not target.exists():
                    target.mkdir(parents=True)
                place.parent.mkdir(parents=True, exist_ok=True)
                if place.is_dir() and not place.is_symlink():
                    shutil.rmtree(place)
                elif place.exists() or place.is_symlink():
                    place.unlink()
                place.symlink_to(os.path.relpath(target, place.parent))
            except OSError as error:
                return _disk("build", f"{link.path} could not be linked", error)
        return None

    async def tidy(self, current: Release, previous: Release | None, told: Told) -> None:
        """Once it is proved to hold: delete what is too old, failed or half-done.

        What cannot be deleted does not fail a release.
        """
        there = await self.releases()
        if not isinstance(there, list):
            return
        kept = [one.id for one in there][: self.settings.kept]
        kept += [current.id, previous.id if previous else ""]
        for folder in sorted((self.root / "releases").iterdir()):
            if folder.name not in kept and folder.name < current.id:
                told(f"deleting releases/{folder.name}")
                with contextlib.suppress(OSError):
                    (folder / MARKER).unlink()  # first: one deleted in part must not look whole
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _below(link: Shared, root: Path) -> bool:
    for text in (link.path, link.target):
        parts = Path(text).parts
        if Path(text).is_absolute() or ".." in parts or (text == link.path and not parts):
            return False
    return True


def _mark(folder: Path, release: Release, settings: DeploySettings) -> None:
    """Force what was written to the disk, then say that it is whole."""
    os.sync()
    text = json.dumps(
        {
            "id": release.id, "version": release.version, "commit": release.commit,
            "web": settings.web, "worker": settings.worker,
        }
    )  # fmt: skip
    fresh = folder / f"{MARKER}.new"
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(folder / MARKER)


def _read(folder: Path) -> Release | None:
    """The release in a folder, when it is complete."""
    try:
        marker = json.loads((folder / MARKER).read_bytes()[:65536])
        return Release(str(marker["id"]), str(marker["version"]), str(marker["commit"]), folder.name)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _disk(step: str, what: str, error: OSError) -> Failed:
    then = "Make room on the disk, or give the folder to this user; what is live was not touched."
    return Failed(step, f"{what}: {error.strerror or error}", then)
