"""Releases on Fly.io, by the Machines API: each machine gets the new image, one after the other.

Endpoints, as published at https://docs.machines.dev and https://fly.io/docs/machines/api-machines-resource: list and
get machines, lease (POST and DELETE /apps/{app}/machines/{id}/lease; the nonce goes in `fly-machine-lease-nonce`) and
update (POST /apps/{app}/machines/{id} with the whole `config`, `skip_launch`). Fields of answers were read from Fly's
own client (superfly/fly-go, machine_types.go and flaps/flaps_machines.go); those of the request from the published
list of operations alone.

A machine is asked for its state and checks rather than waited for with `/wait`: one that exits is seen at once
(superfly/flyctl#2653). Where a machine does not become healthy, all that were changed get their earlier configuration
back, so no app is left with two versions (superfly/flyctl#3034). Leases are short, so that a crash blocks nobody for
long (superfly/flyctl#1728). What is live, and what was, is kept in the machines' metadata under keys of our own.

The image is made by the commands of `[deploy] build`, which print its name last, or is named by `$RELEASE_IMAGE`.
Migrations are commands of `[deploy] migrate`, run from here. Blue and green, canaries and volumes are flyctl's.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from launchready.hardening.release import platform_steps as steps
from launchready.hardening.release.platform_steps import Platform, Sight, below, named
from launchready.hardening.release.shell import run_all
from launchready.hardening.release.words import Adapter, Failed, Release, Told
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.look import Look
from launchready.probes.platform_fly import FLY
from launchready.probes.platform_session import in_path

VENDOR = replace(FLY, writes="a deploy token of the app (`fly tokens create deploy -a APP`)")
KEY, EARLIER_KEY = "launchready_release", "launchready_earlier_"
"""Keys of a machine's metadata: the release it runs, and those before it, newest first."""
MOST_EARLIER = 9
LEASE_SLACK_S = 30
NONCE = "fly-machine-lease-nonce"
_NOT_SERVED = ("fly_app_release_command", "fly_app_console", "fly_app_test_machine_command")
_IMAGE = re.compile(r"(?:image:\s*)?([a-z0-9][\w.-]*(?::\d+)?(?:/[\w.-]+)+(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?)")


def adapter(portal: Portal, look: Look, source: Path) -> Adapter | Failed:
    """The app that `[deploy] environment` names."""
    place = steps.platform(portal, look, source, VENDOR)
    return place if isinstance(place, Failed) else FlyReleases(place)


@dataclass(frozen=True, slots=True)
class Machine:
    """What is used of a machine."""

    id: str
    state: str
    instance: str
    config: dict[str, Any] = field(repr=False)
    checks: tuple[str, ...]
    updated: str

    @property
    def image(self) -> str:
        """The image its configuration names."""
        return named(self.config, "image")

    @property
    def release(self) -> Release:
        """What it runs: the release its metadata names, unless another way to deploy has changed the image since."""
        ours = _read(below(self.config, "metadata", KEY))
        if ours and ours.reference == self.image:
            return ours
        tag = self.image.rpartition(":")[2].rpartition("/")[2][:40] or "unknown"
        return Release(steps.release_id(steps.moment(self.updated), ""), tag, "", self.image)

    @property
    def earlier(self) -> list[Release]:
        """What it ran before, newest first."""
        texts = (below(self.config, "metadata", f"{EARLIER_KEY}{number}") for number in range(1, MOST_EARLIER + 1))
        return [release for text in texts if (release := _read(text))]

    @property
    def is_looked_at(self) -> bool:
        """Whether its configuration has health checks."""
        services = steps.objects(self.config.get("services")) or []
        return bool(self.config.get("checks")) or any(service.get("checks") for service in services)


@dataclass(frozen=True)
class FlyReleases:
    """One app."""

    at: Platform
    name: str = "fly"

    def explain(self) -> dict[str, list[str]]:
        """What each word does."""
        settings = self.at.settings
        return {
            "build": [f"Runs `{command}` here; its last line that names an image is the release's."]
            if len(settings.build) == 1 and (command := settings.build[0])
            else [f"Runs `{command}` here." for command in settings.build]
            or ["Takes the image that $RELEASE_IMAGE names; nothing is built."],
            "migrate": [f"Runs `{command}` here." for command in settings.migrate]
            or ["Nothing: [deploy] migrate is empty."],
            "release": [
                f"Gives every machine of {self.at.session.service} the image, one after the other, under a lease, "
                "and waits until it has started and its checks pass.",
                "Where one does not become healthy, all that were changed get back what they had.",
                "With one machine alone, requests fail while it restarts.",
            ],
            "roll back": ["The same with the earlier image."],
        }

    async def current(self) -> Release | Failed | None:
        """What the machines run; with two versions at once, the older: a release ended half-way."""
        machines = await self._machines("release")
        if isinstance(machines, Failed):
            return machines
        return min((machine.release for machine in machines), key=lambda release: release.id, default=None)

    async def releases(self) -> list[Release] | Failed:
        """The current one and those the machines' metadata names, newest first."""
        machines = await self._machines("release")
        if isinstance(machines, Failed):
            return machines
        found: dict[str, Release] = {}
        for machine in machines:
            for release in (machine.release, *machine.earlier):
                found.setdefault(release.id, release)
        return sorted(found.values(), key=lambda release: release.id, reverse=True)[: self.at.settings.kept]

    async def build(self, release: Release, told: Told) -> Release | Failed:
        """The image that the commands print last, or that `$RELEASE_IMAGE` names."""
        machines = await self._machines("build")
        if isinstance(machines, Failed):
            return machines
        for machine in machines:
            if machine.release.id == release.id:
                told(f"machine {machine.id} runs this release already: {machine.image}")
                return replace(release, reference=machine.image)
        settings = self.at.settings
        lines: list[str] | Failed = [os.environ.get("RELEASE_IMAGE", "")]
        if settings.build:
            lines = await run_all("build", settings.build, self.at.source, release, told, settings.command_timeout_s)
        if isinstance(lines, Failed):
            return lines
        image = _image_in(lines)
        if not image:
            then = (
                "Let the last command of [deploy] build print the image, as "
                "`fly deploy --build-only --push --image-label $RELEASE` does, or set RELEASE_IMAGE."
            )
            return Failed("build", "no image is named: neither by what the build printed nor by RELEASE_IMAGE", then)
        return replace(release, reference=image)

    async def migrate(self, release: Release, told: Told) -> Failed | None:
        """The commands of `[deploy] migrate`, in the source, with `$RELEASE_IMAGE`."""
        settings, more = self.at.settings, {"RELEASE_IMAGE": release.reference}
        done = await run_all(
            "migrate", settings.migrate, self.at.source, release, told, settings.command_timeout_s, more
        )
        return done if isinstance(done, Failed) else None

    async def undo_migrations(self, release: Release, told: Told) -> Failed | None:
        """The commands of `[deploy] undo_migrations`, in the source."""
        settings, step = self.at.settings, "undo migrations"
        done = await run_all(
            step,
            settings.undo_migrations,
            self.at.source,
            release,
            told,
            settings.command_timeout_s,
            {"RELEASE_IMAGE": release.reference},
        )
        return done if isinstance(done, Failed) else None

    async def release(self, release: Release, told: Told) -> Failed | None:
        """Every machine in turn; all of them back where one does not become healthy."""
        machines = await self._machines("release")
        if isinstance(machines, Failed):
            return machines
        if not release.reference or not machines:
            what = "the release has no image" if machines else f"the app {self.at.session.service} has no machines"
            return Failed("release", what, "Create the app's machines once, with `fly deploy`; then release from here.")
        if sum(machine.state == "started" for machine in machines) == 1:
            told("only one machine runs: requests fail while it restarts; `fly scale count 2` keeps one serving")
        changed: list[Machine] = []
        for number, machine in enumerate(machines, 1):
            changed.append(machine)
            told(f"machine {number} of {len(machines)}: {machine.id}")
            failed = await self._change("release", machine, _with(machine, release, self.at.settings.kept), told)
            if failed:
                return await self._all_back(failed, changed, told)
        return None

    async def roll_back(self, to: Release, told: Told) -> Failed | None:
        """Every machine in turn with the earlier image; said again, it goes on with those that are left."""
        machines = await self._machines("roll back")
        if isinstance(machines, Failed):
            return machines
        known = {release.id: release for machine in machines for release in (machine.release, *machine.earlier)}
        target = to if to.reference else known.get(to.id)
        if target is None or not machines:
            return Failed(
                "roll back", "the machines know no image of that release", "Build and deploy its commit again."
            )
        for number, machine in enumerate(machines, 1):
            told(f"machine {number} of {len(machines)}: {machine.id}")
            failed = await self._change("roll back", machine, _with(machine, target, self.at.settings.kept), told)
            if failed:
                return replace(failed, unsure=True, then="Say the same word again: it goes on with the machines left.")
        return None

    async def _all_back(self, failed: Failed, changed: list[Machine], told: Told) -> Failed:
        """Give the machines that were changed what they had; `unsure` where that does not work either."""
        for machine in reversed(changed):
            now = await self._machine(machine.id)
            if isinstance(now, Machine) and _same(now.config, machine.config):
                continue
            told(f"machine {machine.id} gets back what it had")
            again = await self._change("release", machine, machine.config, told)
            if again:
                what = f"{failed.what}; and machine {machine.id} could not be given back what it had: {again.what}"
                return replace(failed, what=what, then="Roll back (`launchready rollback`).", unsure=True)
        then = failed.then if "token" in failed.then else "Read `fly logs`."
        return replace(failed, then=f"{then} Every machine has what it had before.", unsure=False)

    async def _change(self, step: str, machine: Machine, config: dict[str, Any], told: Told) -> Failed | None:
        """One machine, under a lease: the configuration, unless it has it, and then until it is healthy."""
        nonce = await self._lease(step, machine, told)
        if isinstance(nonce, Failed):
            return nonce
        try:
            now = await self._machine(machine.id)
            if isinstance(now, Failure):
                return self.at.failed(step, now)
            instance = now.instance
            awake = now.state not in ("stopped", "suspended", "created") or machine.state == "started"
            if not _same(now.config, config):
                made = await self._update(step, machine, config, nonce, told, launch=awake)
                if isinstance(made, Failed):
                    return made
                instance = made.instance
            if not awake:
                told(f"machine {machine.id} sleeps: it runs the image when it is started")
                return None
            return await self._until_healthy(step, machine.id, instance, told)
        finally:
            headers = {NONCE: nonce}
            reply = await self.at.session.ask("DELETE", self._path(machine.id, "/lease"), headers=headers)
            if isinstance(reply, Failure):
                told(f"the lease of machine {machine.id} could not be given back; it ends by itself")

    async def _lease(self, step: str, machine: Machine, told: Told) -> str | Failed:
        ttl_s = int(self.at.settings.ready_s) + LEASE_SLACK_S
        taken = ""

        async def take() -> Sight | Failure:
            nonlocal taken
            body = {"ttl": ttl_s, "description": "launchready"}
            reply = await self.at.session.ask("POST", self._path(machine.id, "/lease"), body)
            if isinstance(reply, Failure):
                if steps.status_of(reply) == 409:
                    return Sight(f"another deploy holds the lease of machine {machine.id}; waiting for it")
                if steps.status_of(reply) is not None:
                    return Sight(str(reply), failed=self.at.failed(step, reply))
                return reply
            taken = named(reply.document, "data", "nonce")
            return Sight("leased", ended=True) if taken else self.at.session.garbage("a lease")

        failed = await self.at.watch(step, take, lambda line: told(line) if "leased" not in line else None, ttl_s + 5)
        return replace(failed, unsure=False) if failed else taken

    async def _update(
        self, step: str, machine: Machine, config: dict[str, Any], nonce: str, told: Told, *, launch: bool
    ) -> Machine | Failed:
        async def find() -> Machine | Failure | None:
            now = await self._machine(machine.id)
            return now if isinstance(now, Failure) or _same(now.config, config) else None

        body = {"config": config, **({} if launch else {"skip_launch": True})}
        reply = await self.at.session.ask("POST", self._path(machine.id), body, {NONCE: nonce})
        if isinstance(reply, Failure):
            return await self.at.settle(step, reply, find, told)
        if made := _machine(reply.document):
            return made
        return await self.at.settle(step, self.at.session.garbage("a machine"), find, told)

    async def _until_healthy(self, step: str, id: str, instance: str, told: Told) -> Failed | None:
        stopped = 0

        async def read() -> Machine | Sight | Failure:
            nonlocal stopped
            now = await self._machine(id)
            if isinstance(now, Failure):
                return now
            stopped = stopped + 1 if now.state in ("stopped", "failed") and now.instance == instance else 0
            if stopped > 1 or (stopped and now.state == "failed"):
                what = f"machine {id} exits instead of running (it is {now.state})"
                return Sight(what, failed=Failed(step, f"Fly.io: {what}", "Read `fly logs`."))
            return now

        async def started() -> Sight | Failure:
            now = await read()
            if not isinstance(now, Machine):
                return now
            return Sight(f"machine {id} is {now.state}", ended=now.state == "started")

        async def healthy() -> Sight | Failure:
            now = await read()
            if not isinstance(now, Machine):
                return now
            if not now.is_looked_at:
                return Sight(f"machine {id} has no health checks: started is all that is known", ended=True)
            passing = sum(check == "passing" for check in now.checks)
            whole = now.state == "started" and 0 < passing == len(now.checks)
            return Sight(f"machine {id}: {passing} of {len(now.checks)} checks pass", ended=whole)

        failed = await self.at.watch(step, started, told)
        return failed or await self.at.watch(step, healthy, told, self.at.settings.ready_s)

    async def _machines(self, step: str) -> list[Machine] | Failed:
        """Those that serve, by id; Failed where one cannot be seen whole, before anything is changed."""
        document = await self.at.session.get(self._path())
        if isinstance(document, Failure):
            return self.at.failed(step, document)
        listed = steps.objects(document)
        if listed is None or not all(named(one, "id") and named(one, "state") for one in listed):
            return self.at.not_of_its_schema(step, "a list of machines")
        found = []
        for one in listed:
            if one["state"] in ("destroyed", "destroying"):
                continue
            if named(one, "host_status") not in ("", "ok"):
                what = f"the host of machine {one['id']} does not answer Fly.io ({named(one, 'host_status')})"
                return Failed(step, what, "Wait for Fly.io, or replace the machine (`fly machine clone`).")
            machine = _machine(one)
            if machine is None or not machine.image:
                return self.at.not_of_its_schema(step, "a list of machines")
            if below(machine.config, "metadata", "fly_process_group") not in _NOT_SERVED:
                found.append(machine)
        return sorted(found, key=lambda machine: machine.id)

    async def _machine(self, id: str) -> Machine | Failure:
        document = await self.at.session.get(self._path(id))
        if isinstance(document, Failure):
            return document
        return _machine(document) or self.at.session.garbage("a machine")

    def _path(self, id: str = "", below_it: str = "") -> str:
        return f"/apps/{in_path(self.at.session.service)}/machines" + (f"/{in_path(id)}{below_it}" if id else "")


def _machine(document: Any) -> Machine | None:
    id, state, config = named(document, "id"), named(document, "state"), below(document, "config")
    checks = steps.objects(below(document, "checks") or [])
    if not id or not state or not isinstance(config, dict) or checks is None:
        return None
    # Copies of others' checks, for old clients (superfly/fly-go, RemoveCompatChecks).
    real = [check for check in checks if not named(check, "name").startswith("bg_deployments_compat")]
    states = tuple(named(check, "status") for check in real)
    return Machine(id, state, named(document, "instance_id"), config, states, named(document, "updated_at"))


def _with(machine: Machine, release: Release, kept: int) -> dict[str, Any]:
    """The machine's configuration with that release, and what it ran in its metadata."""
    if machine.release.id == release.id and machine.image == release.reference:
        return machine.config
    metadata = {
        key: value
        for key, value in (below(machine.config, "metadata") or {}).items()
        if key != KEY and not str(key).startswith(EARLIER_KEY)
    }
    metadata[KEY] = _written(release)
    before = {one.id: one for one in (machine.release, *machine.earlier) if one.id != release.id}
    for number, one in enumerate(list(before.values())[: min(kept - 1, MOST_EARLIER)], 1):
        metadata[f"{EARLIER_KEY}{number}"] = _written(one)
    return {**machine.config, "image": release.reference, "metadata": metadata}


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two configurations run the same release: Fly.io fills in defaults, so the rest may differ."""
    keys = (("image",), ("metadata", KEY))
    return all(below(one, *key) == below(other, *key) for key in keys)


def _written(release: Release) -> str:
    return " ".join((release.id, release.version.replace(" ", "_") or "-", release.commit or "-", release.reference))


def _read(text: Any) -> Release | None:
    parts = text.split(" ") if isinstance(text, str) else []
    if len(parts) != 4 or not all(named({"part": part}, "part") for part in parts):
        return None
    return Release(parts[0], parts[1], "" if parts[2] == "-" else parts[2], parts[3])


def _image_in(lines: list[str]) -> str:
    """The last line that is an image, or `image: …` as flyctl prints it; one with neither tag nor digest is none."""
    for line in reversed(lines):
        found = _IMAGE.fullmatch(line.strip())
        if found and ":" in found[1].rpartition("/")[2]:
            return found[1]
    return ""
