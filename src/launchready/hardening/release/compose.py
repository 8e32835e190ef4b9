"""Releases with Docker Compose: images tagged by release, and `up --wait` with the tags of one or the other.

The Compose file stays as it is. Beside it, under `.launchready/compose/`, each release has an override file
(https://docs.docker.com/compose/how-tos/multiple-compose-files/merge/) that gives every service that is built the tag
of the release; what was built under another tag is there to go back to. Services whose image comes ready from a
registry take part by `$RELEASE` in their image's name.

Compose itself rolls nothing back (docker/compose#13149): where `up --wait` does not end well, the earlier tags come up
again. Containers that end with 0, as those that prepare something do, are no failure here though `up --wait` ends with
1 for them (docker/compose#11638). Compose stops a container before it starts the next (docker/compose#1035): requests
fail meanwhile, and `explain` says so; the adapter `directories` has no such gap.
Options: https://docs.docker.com/reference/cli/docker/compose/.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from launchready.hardening.release import docker
from launchready.hardening.release.docker import Docker
from launchready.hardening.release.env_file import read_env_file
from launchready.hardening.release.hidden import Hidden, hidden
from launchready.hardening.release.shell import run_all, variables
from launchready.hardening.release.words import Adapter, Failed, Release, Told
from launchready.portal import Portal
from launchready.portal_deploy import DeploySettings
from launchready.probes.look import Look

FOLDER = Path(".launchready") / "compose"
USUAL = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""In the order in which Compose looks for them."""
MARK = "x-launchready"
"""Where an override file says which release it is of."""


def adapter(portal: Portal, look: Look, source: Path) -> Adapter | Failed:
    """The Compose project in the source."""
    settings = portal.deploy
    if settings is None:
        return Failed("preflight", "launchready.toml has no section [deploy]", "Write one; see `launchready init`.")
    named = [name for name in settings.compose_file.split(os.pathsep) if name]
    files = named or [name for name in USUAL if (source / name).is_file()][:1]
    missing = [name for name in files if not (source / name).is_file()]
    if missing or not files:
        what = f"there is no {missing[0]} in {source}" if missing else f"there is no Compose file in {source}"
        return Failed("preflight", what, f"Write one ({USUAL[0]}), or name it with compose_file in [deploy].")
    return ComposeReleases(Docker(source, settings.command_timeout_s), settings, tuple(files))


@dataclass(frozen=True)
class ComposeReleases:
    """One Compose project on the engine of this machine, or of `DOCKER_HOST`."""

    at: Docker
    settings: DeploySettings
    files: tuple[str, ...]
    name: str = "compose"
    pause_s: float = 1.0

    def explain(self) -> dict[str, list[str]]:
        """What each word does."""
        settings = self.settings
        return {
            "build": [
                *(f"Runs `{command}` in the source." for command in settings.build),
                f"Builds the services of {', '.join(self.files)} (`docker compose build`), tagged by the release's id.",
            ],
            "migrate": [f"Runs `{command}` in the source, with the release's images." for command in settings.migrate]
            or ["Nothing: [deploy] migrate is empty. `docker compose run --rm SERVICE COMMAND` belongs there."],
            "release": [
                f"`docker compose up --detach --wait`: waits up to {settings.ready_s:.0f} s until every service runs "
                "and is healthy.",
                "Compose stops a container before it starts the next: requests fail meanwhile.",
                "Where it does not end well, the earlier images come up again.",
                f"Keeps the images of {settings.kept} releases.",
            ],
            "roll back": ["The same with the images of the earlier release, without a build."],
        }

    async def current(self) -> Release | Failed | None:
        """The release whose images run; with two at once, the older: a release ended half-way."""
        running = await self._containers("release")
        if isinstance(running, Failed):
            return running
        images = {str(one.get("Image")) for one in running if one.get("State") == "running"}
        kept = [one for one in self._kept() if images & set(self._images(one))]
        return min(kept, key=lambda release: release.id, default=None)

    async def releases(self) -> list[Release] | Failed:
        """Those that were live once and whose images are there, newest first."""
        there = await self.at.images("release")
        if isinstance(there, Failed):
            return there
        return [one for one in self._kept() if self._lived(one) and set(self._images(one, built=True)) <= there]

    async def build(self, release: Release, told: Told) -> Release | Failed:
        """The commands of `[deploy] build`, the override file, and the images that are not there yet."""
        engine = await self.at.engine("build")
        if isinstance(engine, Failed):
            return engine
        settings = self.settings
        done = await run_all(
            "build", settings.build, self.at.folder, release, told, settings.command_timeout_s, self._variables(release)
        )
        if isinstance(done, Failed):
            return done
        project = await self._project("build", release)
        if isinstance(project, Failed):
            return project
        tagged = _tagged(project, release)
        if not tagged:
            then = "Give a service `build:`, or write its image as name:$RELEASE."
            return Failed("build", "no service is built, and no image has $RELEASE in its name", then)
        built = [name for name in tagged if "build" in project["services"][name]]
        self._write(release, tagged, [tagged[name] for name in built])
        there = await self.at.images("build")
        if isinstance(there, Failed):
            return there
        if built and {tagged[name] for name in built} <= there:
            told("the images of this release are there already")
        elif built and (failed := await self.at.compose("build", [*self._with(release), "build"], release, told)):
            return failed
        return replace(release, reference=next(iter(tagged.values())))

    async def migrate(self, release: Release, told: Told) -> Failed | None:
        """The commands of `[deploy] migrate`; `COMPOSE_FILE` makes theirs the release's images."""
        settings = self.settings
        done = await run_all(
            "migrate",
            settings.migrate,
            self.at.folder,
            release,
            told,
            settings.command_timeout_s,
            self._variables(release),
        )
        return done if isinstance(done, Failed) else None

    async def release(self, release: Release, told: Told) -> Failed | None:
        """`up --wait`; the earlier images again where that does not end well."""
        before = await self.current()
        if isinstance(before, Failed):
            return before
        failed = await self._up("release", release, told)
        if failed is None:
            self._note(release, "lived", time.time())
            return None
        if before is None or before.id == release.id:
            return replace(failed, unsure=True)
        told(f"back to {before.version}")
        again = await self._up("release", before, told)
        if again:
            what = f"{failed.what}; and {before.version} did not come up again: {again.what}"
            return replace(failed, what=what, then="Roll back (`launchready rollback`).", unsure=True)
        return replace(failed, then=f"{failed.then} {before.version} runs as before.")

    async def roll_back(self, to: Release, told: Told) -> Failed | None:
        """`up --wait` with the images of the earlier release, which must be there."""
        there = await self.at.images("roll back")
        if isinstance(there, Failed):
            return there
        kept = next((one for one in self._kept() if one.id == to.id), None)
        missing = sorted(set(self._images(to, built=True)) - there)
        if kept is None or missing:
            what = f"the image {missing[0]} is gone" if missing else f"{self._override(to)} is gone"
            return Failed("roll back", what, "Deploy that commit again.")
        failed = await self._up("roll back", to, told)
        if failed:
            return replace(failed, unsure=True)
        self._note(to, "lived", time.time())
        return None

    @property
    def hidden(self) -> Hidden:
        """What must not be seen: of this process, and of the file from which Compose fills in values."""
        try:
            return hidden(read_env_file(self.at.folder / ".env"))
        except OSError:
            return hidden({})

    async def _up(self, step: str, release: Release, told: Told) -> Failed | None:
        wait_s = max(1, int(self.settings.ready_s))
        arguments = [*self._with(release), "up", "--detach", "--no-build", "--wait", "--wait-timeout", str(wait_s)]
        began = time.monotonic()
        failed = await self.at.compose(step, arguments, release, told)
        if failed is None:
            return None
        images = set(self._images(release))
        while True:
            containers = await self._containers(step)
            if isinstance(containers, Failed) or not images & {str(one.get("Image")) for one in containers}:
                return failed
            bad = [one for one in containers if not _is_well(one)]
            if not bad:
                told("every service runs, or ended with 0: that `up --wait` ends with 1 for those is no failure")
                return None
            # `up --wait` also ends at once with the first that ended with 0, while others still start.
            if not all(map(_may_become_well, bad)) or time.monotonic() - began > wait_s:
                break
            await asyncio.sleep(self.pause_s)
        state = ", ".join(f"{one.get('Service')} {one.get('Health') or one.get('State')}" for one in bad[:5])
        return replace(failed, what=f"not every service is well: {state}", then="Read `docker compose logs`.")

    async def _containers(self, step: str) -> list[dict[str, Any]] | Failed:
        """`docker compose ps --all`; of the base file: the project is the same."""
        return await self.at.rows(step, ["compose", *self._base(), "ps", "--all", "--format", "json"])

    async def _project(self, step: str, release: Release) -> dict[str, Any] | Failed:
        """The project as Compose reads it: `name` and `services`. Holds values of variables: nothing of it is told."""
        environment = variables(release)
        arguments = ["compose", *self._base(), "config", "--format", "json"]
        document = await self.at.document(step, arguments, environment)
        if isinstance(document, Failed):
            return document
        if isinstance(document, dict) and isinstance(document.get("name"), str):
            services = document.get("services")
            if isinstance(services, dict) and all(isinstance(one, dict) for one in services.values()):
                return {"name": document["name"], "services": services}
        return Failed(step, "`docker compose config` did not answer with a project", "Look at what it prints.")

    async def undo_migrations(self, release: Release, told: Told) -> Failed | None:
        """The commands of `[deploy] undo_migrations`, with that release's images."""
        settings, step = self.settings, "undo migrations"
        done = await run_all(
            step,
            settings.undo_migrations,
            self.at.folder,
            release,
            told,
            settings.command_timeout_s,
            self._variables(release),
        )
        return done if isinstance(done, Failed) else None

    async def discard(self, release: Release) -> None:
        """A release that did not hold is nothing to go back to; its images go with the next `tidy`."""
        self._note(release, "lived", 0)

    async def tidy(self, live: Release, before: Release | None, told: Told) -> None:
        """Drop images and files beyond the `kept` that were live last, and those that never were; nothing fails for it.

        What was live before a rollback counts by when it was live, not by when it was made: it is what one goes
        back to.
        """
        stays = {live.id, *([before.id] if before else [])}
        others = sorted((one for one in self._kept() if one.id != live.id), key=self._lived, reverse=True)
        number = sum(self._lived(one) > 0 for one in others[: self.settings.kept - 1])
        gone = [one for one in others[number:] if one.id not in stays]
        kept = [live, *(one for one in others if one not in gone)]
        still = {image for one in kept for image in self._images(one)}
        for one in gone:
            told(f"the images of {one.version} ({one.id}) are removed: {self.settings.kept} releases are kept")
            for image in set(self._images(one, built=True)) - still:
                await self.at.remove(image)
            self._override(one).unlink(missing_ok=True)

    def _lived(self, release: Release) -> float:
        """When it was live last, in seconds since 1970; 0: never."""
        try:
            return float(json.loads(self._override(release).read_text())[MARK].get("lived", 0))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return 0.0

    def _note(self, release: Release, key: str, value: float) -> None:
        try:
            document = json.loads(self._override(release).read_text())
            document[MARK][key] = value
        except (OSError, ValueError, KeyError, TypeError):
            return
        self._put(release, document)

    def _kept(self) -> list[Release]:
        """The releases with an override file, newest first; a file that cannot be read is none."""
        found = []
        for path in (self.at.folder / FOLDER).glob("*.json"):
            try:
                mark = json.loads(path.read_text())[MARK]
                found.append(Release(mark["id"], mark["version"], mark["commit"], mark["reference"]))
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return sorted(found, key=lambda release: release.id, reverse=True)

    def _images(self, release: Release, *, built: bool = False) -> list[str]:
        """Those of its services; or those that were built here, which no registry has."""
        try:
            document = json.loads(self._override(release).read_text())
            if built:
                return [str(image) for image in document[MARK]["built"]]
            return [str(service["image"]) for service in document["services"].values()]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return []

    def _write(self, release: Release, tagged: dict[str, str], built: list[str]) -> None:
        mark = {"id": release.id, "version": release.version, "commit": release.commit}
        document = {
            MARK: {**mark, "reference": next(iter(tagged.values())), "built": built, "lived": self._lived(release)},
            "services": {name: {"image": image} for name, image in tagged.items()},
        }
        self._put(release, document)

    def _put(self, release: Release, document: dict[str, Any]) -> None:
        path = self._override(release)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(document, indent=1))
        fresh.replace(path)

    def _override(self, release: Release) -> Path:
        return self.at.folder / FOLDER / f"{docker.safe(release.id)}.json"

    def _base(self) -> list[str]:
        return [word for name in self.files for word in ("--file", name)]

    def _with(self, release: Release) -> list[str]:
        return [*self._base(), "--file", str(self._override(release).relative_to(self.at.folder))]

    def _variables(self, release: Release) -> dict[str, str]:
        files = [*self.files, str(self._override(release).relative_to(self.at.folder))]
        there = [name for name in files if (self.at.folder / name).is_file()]
        return {"COMPOSE_FILE": os.pathsep.join(there), "COMPOSE_PATH_SEPARATOR": os.pathsep}


def _tagged(project: dict[str, Any], release: Release) -> dict[str, str]:
    """By service: the image with the release's tag, for those that are built, run what another builds, or name it."""
    services: dict[str, dict[str, Any]] = project["services"]
    made = {
        str(one.get("image") or f"{project['name']}-{name}"): name for name, one in services.items() if "build" in one
    }
    tagged = {}
    for name, one in services.items():
        image = str(one.get("image") or f"{project['name']}-{name}")
        if release.id in image:
            tagged[name] = image
        elif image in made:
            tagged[name] = f"{_untagged(image)}:{docker.safe(release.id)}"
    return tagged


def _untagged(image: str) -> str:
    name = image.partition("@")[0]
    head, colon, tail = name.rpartition(":")
    return head if colon and "/" not in tail else name


def _is_well(container: dict[str, Any]) -> bool:
    if container.get("State") == "exited":
        return container.get("ExitCode") == 0
    return container.get("State") == "running" and container.get("Health") in ("", None, "healthy")


def _may_become_well(container: dict[str, Any]) -> bool:
    starts = container.get("State") in ("created", "restarting")
    return starts or (container.get("State") == "running" and container.get("Health") == "starting")
