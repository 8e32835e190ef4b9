"""Releases on Render, by its API: a deploy of a commit, and a rollback to an earlier deploy.

Endpoints, as published at https://api-docs.render.com/reference: `create-deploy` (POST /services/{id}/deploys with
`commitId`; 201 with the deploy, or 202 queued without one), `list-deploys`, `retrieve-deploy` (the statuses),
`rollback-deploy` (POST /services/{id}/rollback with `deployId`), `retrieve-service`. The page of `rollback-deploy` was
read through clients generated from the same schema.

Render builds, runs the service's pre-deploy command (migrations belong there) and changes traffic in one deploy; an
instance that does not become healthy is never sent visitors. So `build` and `migrate` only look, and `release` does it.
Render keeps no name of ours: a deploy is known by its id, its commit and its time. Services made from an image are not
deployed from here; `adapter = "commands"` does that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from launchready.hardening.release import platform_steps as steps
from launchready.hardening.release.platform_steps import Platform, Sight, below, commit_in, named
from launchready.hardening.release.words import Adapter, Failed, Release, Told
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.look import Look
from launchready.probes.platform_render import RENDER
from launchready.probes.platform_session import in_path

VENDOR = replace(RENDER, writes="an API key of a member of the workspace who may deploy the service")
PAGE, MOST_PAGES = 50, 4
CLOCKS_DIFFER = timedelta(minutes=2)
_UNDER_WAY = {
    "created": "the deploy is made",
    "queued": "the deploy waits for its turn",
    "build_in_progress": "building",
    "pre_deploy_in_progress": "the pre-deploy command runs (migrations)",
    "update_in_progress": "the new version starts and is looked at before it gets visitors",
}
_FAILED = {
    "build_failed": "the build failed",
    "pre_deploy_failed": "the pre-deploy command failed (migrations)",
    "update_failed": "the new version did not start or did not become healthy",
    "canceled": "the deploy was canceled at Render",
}
_ENDED = ("live", "deactivated")


def adapter(portal: Portal, look: Look, source: Path) -> Adapter | Failed:
    """The service that `[deploy] environment` names."""
    place = steps.platform(portal, look, source, VENDOR)
    return place if isinstance(place, Failed) else RenderReleases(place)


@dataclass(frozen=True)
class RenderReleases:
    """One service."""

    at: Platform
    name: str = "render"

    def explain(self) -> dict[str, list[str]]:
        """What each word does."""
        return {
            "build": ["Looks that the service is there and not suspended; Render builds when it releases."],
            "migrate": ["Nothing from here: Render runs the service's pre-deploy command before it changes traffic."],
            "release": [
                f"Asks Render to deploy the release's commit to {self.at.session.service}.",
                "Waits until Render says it is live; a build, pre-deploy command or start that fails leaves what was "
                "live before.",
            ],
            "roll back": [
                "Asks Render to roll back to the earlier deploy, without a build, and waits until it is live."
            ],
        }

    async def current(self) -> Release | Failed | None:
        """The deploy whose status is `live`."""
        for page in range(1, MOST_PAGES + 1):
            deploys = await self._deploys(pages=page)
            if isinstance(deploys, Failure):
                return self.at.failed("release", deploys)
            live = next((deploy for deploy in deploys if deploy["status"] == "live"), None)
            if live or len(deploys) < page * PAGE:
                return await self._release(live) if live else None
        return None

    async def releases(self) -> list[Release] | Failed:
        """Deploys that are or were live, newest first."""
        deploys = await self._deploys(pages=2)
        if isinstance(deploys, Failure):
            return self.at.failed("release", deploys)
        ended = [deploy for deploy in deploys if deploy["status"] in _ENDED]
        return [await self._release(deploy) for deploy in ended[: self.at.settings.kept]]

    async def build(self, release: Release, told: Told) -> Release | Failed:
        """`GET /services/{id}`: there, not suspended, and a commit to deploy."""
        if not release.commit:
            then = "Commit the source and push it to the repository that Render builds from."
            return Failed("build", "Render deploys a commit, and this release has none", then)
        service = await self.at.session.get(self._path(""))
        if isinstance(service, Failure):
            return self.at.failed("build", service)
        if not named(service, "id"):
            return self.at.not_of_its_schema("build", "a service")
        if below(service, "suspended") == "suspended":
            return Failed("build", "the service is suspended at Render", "Resume it in Render's dashboard.")
        if below(service, "autoDeploy") == "yes":
            told("Render also deploys every push by itself: set Auto-Deploy to Off, so that only checked releases do")
        await steps.warn_if_unpushed(release.commit, self.at.source, told)
        told("Render builds as part of the release")
        return release

    async def migrate(self, release: Release, told: Told) -> Failed | None:
        """Nothing: the service's pre-deploy command does it, before traffic changes."""
        told("Render runs the service's pre-deploy command before it changes traffic: migrations belong there")
        if self.at.settings.migrate:
            told("the commands of [deploy] migrate are not run with adapter render")
        return None

    async def release(self, release: Release, told: Told) -> Failed | None:
        """`POST …/deploys` unless this release's deploy is there already, then until it is live."""
        before = await self._deploys()
        if isinstance(before, Failure):
            return self.at.failed("release", before)
        deploy = self._ours(release, before)
        if deploy is None:
            body = {"commitId": release.commit, "clearCache": "do_not_clear"}
            wanted = _Wanted(release.commit, {str(one["id"]) for one in before})
            made = await self._make("release", self._path("/deploys"), body, wanted, told)
            if isinstance(made, Failed):
                return made
            deploy = made
        else:
            told(f"Render has a deploy of this release already: {deploy['id']}")
        return await self._until_live("release", deploy["id"], told)

    async def roll_back(self, to: Release, told: Told) -> Failed | None:
        """`POST …/rollback` to the deploy, unless it is live or on its way already."""
        before = await self._deploys()
        if isinstance(before, Failure):
            return self.at.failed("roll back", before)
        target = to.reference or _latest_live_of(to.commit, before)
        if not target:
            return Failed("roll back", "Render's list has no deploy of that release", "Deploy its commit again.")
        live = next((one for one in before if one["status"] == "live"), None)
        if live and live["id"] == target:
            told("Render serves it already")
            return None
        newest = before[0] if before else None
        going = newest and newest["trigger"] == "rollback" and newest["status"] in (*_UNDER_WAY, "live")
        if newest and going and to.commit and newest["commit"] == to.commit:
            told(f"a rollback to it is on its way already: {newest['id']}")
            return await self._until_live("roll back", newest["id"], told)
        wanted = _Wanted(to.commit, {str(one["id"]) for one in before}, trigger="rollback")
        made = await self._make("roll back", self._path("/rollback"), {"deployId": target}, wanted, told)
        return made if isinstance(made, Failed) else await self._until_live("roll back", made["id"], told)

    async def _make(
        self, step: str, path: str, body: dict[str, str], wanted: _Wanted, told: Told
    ) -> dict[str, str] | Failed:
        """The deploy that a request makes; looked for in the list where the answer does not name it."""

        async def find() -> dict[str, str] | Failure | None:
            deploys = await self._deploys()
            return deploys if isinstance(deploys, Failure) else next(filter(wanted.is_it, deploys), None)

        reply = await self.at.session.ask("POST", path, body)
        if isinstance(reply, Failure):
            if steps.status_of(reply) in (400, 422):
                then = "Push the commit to the branch that Render builds from; look whether the deploy is still kept."
                return self.at.failed(step, reply, then)
            return await self.at.settle(step, reply, find, told)
        made = _deploy(reply.document)
        if made:
            return made
        return await self.at.settle(step, self.at.session.garbage("a deploy"), find, told)

    async def _until_live(self, step: str, id: str, told: Told) -> Failed | None:
        async def read() -> Sight | Failure:
            document = await self.at.session.get(self._path(f"/deploys/{in_path(id)}"))
            if isinstance(document, Failure):
                return document
            deploy = _deploy(document)
            if not deploy:
                return self.at.session.garbage("a deploy")
            status = deploy["status"]
            if status in _FAILED:
                then = f"Read the deploy's log in Render's dashboard ({id}). What was live before is live still."
                return Sight(_FAILED[status], failed=Failed(step, f"Render: {_FAILED[status]}", then))
            if status == "deactivated":
                what = "it was live, and another deploy has taken its place since"
                return Sight(what, failed=Failed(step, f"Render: {what}", "Look who else deploys; then deploy again."))
            return Sight(_UNDER_WAY.get(status, "live"), ended=status == "live")

        return await self.at.watch(step, read, told)

    def _ours(self, release: Release, deploys: list[dict[str, str]]) -> dict[str, str] | None:
        """This release's own deploy, where it is live or on its way: by id, else by commit and time."""
        going = [one for one in deploys if one["status"] in (*_UNDER_WAY, "live") and one["trigger"] != "rollback"]
        if release.reference:
            return next((one for one in going if one["id"] == release.reference), None)
        begun = steps.began(release.id)
        for one in going:
            at = steps.moment(one["createdAt"])
            if one["commit"] == release.commit and at and begun and at >= begun - CLOCKS_DIFFER:
                return one
        return None

    async def _release(self, deploy: dict[str, str]) -> Release:
        commit = deploy["commit"]
        id = steps.release_id(steps.moment(deploy["createdAt"]), commit)
        version = await steps.version_of(commit, self.at.source) if commit else deploy["id"]
        return Release(id, version, commit, deploy["id"])

    async def _deploys(self, pages: int = 1) -> list[dict[str, str]] | Failure:
        """`GET …/deploys`, newest first."""
        found: list[dict[str, str]] = []
        cursor = ""
        for _ in range(pages):
            more = f"&cursor={quote(cursor, safe='')}" if cursor else ""
            page = await self.at.session.get(self._path(f"/deploys?limit={PAGE}{more}"))
            if isinstance(page, Failure):
                return page
            items = steps.objects(page)
            deploys = [_deploy(item.get("deploy")) for item in items or []]
            if items is None or not all(deploys):
                return self.at.session.garbage("a list of deploys")
            found += [deploy for deploy in deploys if deploy]
            cursor = str(items[-1].get("cursor") or "") if items else ""
            if len(items) < PAGE or not cursor:
                break
        return found

    def _path(self, below_it: str) -> str:
        return f"/services/{in_path(self.at.session.service)}{below_it}"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """How a deploy is known whose making was not answered: new since, of that commit, for that reason."""

    commit: str
    known: set[str]
    trigger: str = ""

    def is_it(self, deploy: dict[str, str]) -> bool:
        fits = not self.commit or deploy["commit"] == self.commit
        reason = deploy["trigger"] == self.trigger if self.trigger else deploy["trigger"] != "rollback"
        return deploy["id"] not in self.known and fits and reason


def _deploy(document: Any) -> dict[str, str] | None:
    """What is used of a deploy; None where it does not follow the schema."""
    id, status = named(document, "id"), named(document, "status")
    if not id or status not in (*_UNDER_WAY, *_FAILED, *_ENDED):
        return None
    return {
        "id": id,
        "status": status,
        "commit": commit_in(document, "commit", "id"),
        "trigger": named(document, "trigger"),
        "createdAt": named(document, "createdAt"),
    }


def _latest_live_of(commit: str, deploys: list[dict[str, str]]) -> str:
    return next((one["id"] for one in deploys if commit and one["commit"] == commit and one["status"] in _ENDED), "")
