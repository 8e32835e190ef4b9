"""Releases on Vercel, by its REST API: a production deployment from git, promoted when it is ready.

Endpoints, as published at https://vercel.com/docs/rest-api: `create-a-new-deployment` (POST /v13/deployments with
`gitSource`, `target`, `meta`), `get-a-deployment-by-id-or-url` (GET /v13/deployments/{id}, `readyState`),
`list-deployments` (GET /v6/deployments, `readySubstate`, `isRollbackCandidate`), `find-a-project-by-id-or-name` (GET
/v9/projects/{id}: `link`, `targets.production`, `autoAssignCustomDomains`), `update-an-existing-project` (PATCH),
`point-production-traffic-to-a-given-deployment` (POST /v10/projects/{id}/promote/{deployment}) and
`point-production-traffic-to-a-previous-production-deployment-by-id` (POST /v1/projects/{id}/rollback/{deployment}). The
fields of answers were read from Vercel's own SDK, which is generated from the same schema (vercel/sdk, src/models).

Whether a production deployment gets the domains as soon as it is built is a setting of the project, not of the
deployment: where it is off, `build` builds beside what is live and `release` promotes; where it is on, both are one and
`release` does both. Promoting switches it on (vercel/vercel#15095), so it is put back as it was. Vercel runs no
migrations: `[deploy] migrate` does, from here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from launchready.hardening.release import platform_steps as steps
from launchready.hardening.release.platform_steps import Platform, Sight, below, commit_in, named
from launchready.hardening.release.shell import run_all
from launchready.hardening.release.words import Adapter, Failed, Release, Told
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.look import Look
from launchready.probes.platform_session import in_path
from launchready.probes.platform_vercel import VERCEL

VENDOR = replace(VERCEL, writes="an access token of a member of the team with the role Member or Developer, or higher")
META = "launchreadyRelease"
"""The key of a deployment's `meta` under which the release's id is kept."""
META_VERSION = "launchreadyVersion"
LISTED = 40
_WORDS = {
    "QUEUED": "the deployment waits for its turn",
    "INITIALIZING": "the deployment is made",
    "BUILDING": "building",
    "READY": "built",
}
_FAILED = {
    "ERROR": "the build failed",
    "CANCELED": "the deployment was canceled at Vercel",
    "BLOCKED": "Vercel blocked the deployment",
}
_APART = "Settings, Environments, Production: switch off the automatic assignment of production domains"


def adapter(portal: Portal, look: Look, source: Path) -> Adapter | Failed:
    """The project that `[deploy] environment` names."""
    place = steps.platform(portal, look, source, VENDOR)
    return place if isinstance(place, Failed) else VercelReleases(place)


@dataclass(frozen=True, slots=True)
class Project:
    """What is used of a project."""

    id: str
    name: str
    assigns: bool
    """Whether a production deployment gets the domains as soon as it is built."""
    production: Release | None
    source: dict[str, Any] | None
    """`gitSource` but for the commit; None where no repository is connected."""


@dataclass(frozen=True)
class VercelReleases:
    """One project."""

    at: Platform
    name: str = "vercel"

    def explain(self) -> dict[str, list[str]]:
        """What each word does."""
        return {
            "build": [
                f"Has Vercel build the release's commit as a production deployment of {self.at.session.service}, "
                "beside what is live.",
                "Where the project assigns its domains by itself, the build is left to `release`: "
                "it would be live at once.",
            ],
            "migrate": [f"Runs `{command}` here." for command in self.at.settings.migrate]
            or ["Nothing: [deploy] migrate is empty, and Vercel runs no migrations."],
            "release": ["Points the production domains to that deployment, and waits until Vercel says so."],
            "roll back": ["Points the production domains to the earlier deployment, without a build, and waits."],
        }

    async def current(self) -> Release | Failed | None:
        """`targets.production` of the project."""
        project = await self._project("release")
        return project if isinstance(project, Failed) else project.production

    async def releases(self) -> list[Release] | Failed:
        """The current one and the deployments that Vercel calls candidates for a rollback, newest first."""
        project = await self._project("release")
        if isinstance(project, Failed):
            return project
        listed = await self._deployments(project, state="READY")
        if isinstance(listed, Failure):
            return self.at.failed("release", listed)
        now = project.production
        kept = [
            release
            for one in listed
            if (release := _release(one))
            and (one.get("isRollbackCandidate") is True or (now and release.reference == now.reference))
        ]
        if now and all(release.reference != now.reference for release in kept):
            kept = [now, *kept]
        return kept[: self.at.settings.kept]

    async def build(self, release: Release, told: Told) -> Release | Failed:
        """`POST /v13/deployments`, then until `READY`; nothing where it would be live at once."""
        project = await self._project("build")
        if isinstance(project, Failed):
            return project
        if project.assigns:
            told(f"a production deployment of this project is live once built: the release builds it ({_APART})")
            return release
        return await self._built("build", project, release, told)

    async def migrate(self, release: Release, told: Told) -> Failed | None:
        """The commands of `[deploy] migrate`, in the source."""
        settings = self.at.settings
        done = await run_all("migrate", settings.migrate, self.at.source, release, told, settings.command_timeout_s)
        return done if isinstance(done, Failed) else None

    async def undo_migrations(self, release: Release, told: Told) -> Failed | None:
        """The commands of `[deploy] undo_migrations`, in the source."""
        settings, step = self.at.settings, "undo migrations"
        done = await run_all(step, settings.undo_migrations, self.at.source, release, told, settings.command_timeout_s)
        return done if isinstance(done, Failed) else None

    async def release(self, release: Release, told: Told) -> Failed | None:
        """Promote what was built; where the project assigns by itself, build and wait for that."""
        project = await self._project("release")
        if isinstance(project, Failed):
            return project
        if release.reference and project.production and project.production.reference == release.reference:
            told("Vercel serves it already")
            return None
        if release.reference:
            return await self._promote("release", project, release.reference, told)
        known = await self._ours(project, release)
        built = await self._built("release", project, release, told)
        if isinstance(built, Failed):
            return built
        if project.assigns and known is None:
            return await self._until_live("release", built.reference, told)
        return await self._promote("release", project, built.reference, told)

    async def roll_back(self, to: Release, told: Told) -> Failed | None:
        """`POST …/rollback/{deployment}`, or a promotion where the plan does not go back that far."""
        project = await self._project("roll back")
        if isinstance(project, Failed):
            return project
        if not to.reference:
            to = await self._named(to)
        if not to.reference:
            return Failed("roll back", "Vercel's list has no deployment of that release", "Deploy its commit again.")
        if project.production and project.production.reference == to.reference:
            told("Vercel serves it already")
            return None
        path = self._path(f"/v1/projects/{in_path(project.id)}/rollback/{in_path(to.reference)}")
        reply = await self.at.session.ask("POST", path)
        if isinstance(reply, Failure):
            if steps.status_of(reply) in (402, 422):
                told(f"Vercel does not roll back to it on this plan ({reply}): it is promoted instead, without a build")
                return await self._promote("roll back", project, to.reference, told)
            if failed := await self._unless_asked("roll back", reply, to.reference, told):
                return failed
        failed = await self._until_live("roll back", to.reference, told)
        if failed is None and project.assigns:
            told("Vercel gives no domains by itself after a rollback: the next release is promoted")
        return failed

    async def _named(self, to: Release) -> Release:
        """With what Vercel calls a release that was made here: the journal knows it before Vercel has named it."""
        kept = await self.releases()
        same = [] if isinstance(kept, Failed) else [one for one in kept if one.id == to.id]
        return replace(to, reference=same[0].reference) if same else to

    async def _built(self, step: str, project: Project, release: Release, told: Told) -> Release | Failed:
        """This release's deployment, ready."""
        if not release.commit or project.source is None:
            what = "this release has no commit" if not release.commit else "the project has no repository connected"
            then = (
                "Connect the repository in the project's settings, or deploy with `vercel deploy` and adapter commands."
            )
            return Failed(step, f"Vercel builds a commit of the connected repository, and {what}", then)
        known = await self._ours(project, release)
        if isinstance(known, Failure):
            return self.at.failed(step, known)
        id = known
        if id:
            told(f"Vercel has a deployment of this release already: {id}")
        else:
            body = {
                "name": project.name,
                "project": project.id,
                "target": "production",
                "gitSource": {**project.source, "sha": release.commit},
                "meta": {META: release.id, META_VERSION: release.version},
            }
            await steps.warn_if_unpushed(release.commit, self.at.source, told)
            made = await self._make(step, project, release, body, told)
            if isinstance(made, Failed):
                return made
            id = made
        failed = await self._until_ready(step, id, told)
        return failed or replace(release, reference=id)

    async def _make(
        self, step: str, project: Project, release: Release, body: dict[str, Any], told: Told
    ) -> str | Failed:
        reply = await self.at.session.ask("POST", self._path("/v13/deployments", forceNew="1"), body)
        if isinstance(reply, Failure):
            if steps.status_of(reply) == 400:
                then = "Push the commit to the connected repository first; Vercel builds what it finds there."
                return self.at.failed(step, reply, then)
            return await self.at.settle(step, reply, lambda: self._ours(project, release), told)
        if id := named(reply.document, "id"):
            return id
        failure = self.at.session.garbage("a deployment")
        return await self.at.settle(step, failure, lambda: self._ours(project, release), told)

    async def _promote(self, step: str, project: Project, id: str, told: Told) -> Failed | None:
        path = self._path(f"/v10/projects/{in_path(project.id)}/promote/{in_path(id)}")
        reply = await self.at.session.ask("POST", path)
        if isinstance(reply, Failure) and (failed := await self._unless_asked(step, reply, id, told)):
            return failed
        failed = await self._until_live(step, id, told)
        if failed is None and not project.assigns:
            await self._keep_apart(project, told)
        return failed

    async def _unless_asked(self, step: str, failure: Failure, id: str, told: Told) -> Failed | None:
        """None where the domains are on their way to the deployment although the answer was lost."""

        async def find() -> str | Failure | None:
            project = await self._project(step)
            if isinstance(project, Failed):
                return self.at.session.garbage("a project")
            return id if project.production and project.production.reference == id else None

        found = await self.at.settle(step, failure, find, told)
        return found if isinstance(found, Failed) else None

    async def _keep_apart(self, project: Project, told: Told) -> None:
        """A promotion switches the assignment on; it goes back to off, as it was."""
        now = await self._project("release")
        if isinstance(now, Failed) or not now.assigns:
            return
        path = self._path(f"/v9/projects/{in_path(project.id)}")
        reply = await self.at.session.ask("PATCH", path, {"autoAssignCustomDomains": False})
        if isinstance(reply, Failure):
            told(f"Vercel now assigns domains by itself, and it could not be switched off again ({reply}): {_APART}")
        else:
            told("the automatic assignment of domains, which a promotion switches on, is off again as it was")

    async def _until_ready(self, step: str, id: str, told: Told) -> Failed | None:
        async def read() -> Sight | Failure:
            document = await self.at.session.get(self._path(f"/v13/deployments/{in_path(id)}"))
            if isinstance(document, Failure):
                return document
            state = named(document, "readyState")
            if state in _FAILED:
                then = f"Read the build's log in Vercel's dashboard ({id}). What was live before is live still."
                return Sight(_FAILED[state], failed=Failed(step, f"Vercel: {_FAILED[state]}", then))
            if state not in _WORDS:
                return self.at.session.garbage("a deployment")
            if state == "READY" and below(document, "aliasError"):
                what = "the deployment is built, and its domains could not be pointed to it"
                return Sight(what, failed=Failed(step, f"Vercel: {what}", "Look at the project's domains at Vercel."))
            return Sight(_WORDS[state], ended=state == "READY")

        return await self.at.watch(step, read, told)

    async def _until_live(self, step: str, id: str, told: Told) -> Failed | None:
        async def read() -> Sight | Failure:
            project = await self._project(step)
            if isinstance(project, Failed):
                return self.at.session.garbage("a project")
            live = project.production is not None and project.production.reference == id
            return Sight("live" if live else "the domains are being pointed to it", ended=live)

        return await self.at.watch(step, read, told)

    async def _ours(self, project: Project, release: Release) -> str | Failure | None:
        """The deployment that carries this release's id, unless it failed."""
        listed = await self._deployments(project)
        if isinstance(listed, Failure):
            return listed
        for one in listed:
            state = named(one, "readyState") or named(one, "state")
            if below(one, "meta", META) == release.id and state not in _FAILED:
                return named(one, "uid") or None
        return None

    async def _project(self, step: str) -> Project | Failed:
        name = self.at.session.service.rpartition("/")[2]
        document = await self.at.session.get(self._path(f"/v9/projects/{in_path(name)}"))
        if isinstance(document, Failure):
            return self.at.failed(step, document)
        id, called = named(document, "id"), named(document, "name")
        if not id or not called:
            return self.at.not_of_its_schema(step, "a project")
        production = below(document, "targets", "production")
        assigns = below(document, "autoAssignCustomDomains") is not False
        return Project(id, called, assigns, _release(production), _git_source(below(document, "link")))

    async def _deployments(self, project: Project, **more: str) -> list[dict[str, Any]] | Failure:
        wanted = {"projectId": project.id, "target": "production", "limit": str(LISTED), **more}
        document = await self.at.session.get(self._path("/v6/deployments", **wanted))
        if isinstance(document, Failure):
            return document
        listed = steps.objects(below(document, "deployments"))
        if listed is None or not all(named(one, "uid") for one in listed):
            return self.at.session.garbage("a list of deployments")
        return listed

    def _path(self, path: str, **parameters: str) -> str:
        team = self.at.session.service.rpartition("/")[0]
        if team:
            parameters["teamId" if team.startswith("team_") else "slug"] = team
        return f"{path}?{urlencode(parameters)}" if parameters else path


def _git_source(link: Any) -> dict[str, Any] | None:
    """`gitSource` of the connected repository, by its provider; the commit is added to it."""
    ref = named(link, "productionBranch") or "main"
    kind = named(link, "type")
    keys = {
        "github": {"repoId": "repoId"},
        "gitlab": {"projectId": "projectId"},
        "bitbucket": {"repoUuid": "uuid", "workspaceUuid": "workspaceUuid"},
    }.get(kind)
    if keys is None:
        return None
    found = {key: below(link, theirs) for key, theirs in keys.items()}
    whole = all(isinstance(value, int | str) and value != "" for value in found.values())
    return {"type": kind, "ref": ref, **found} if whole else None


def _release(document: Any) -> Release | None:
    """A deployment as a release: under its own id where it was made here."""
    id = named(document, "uid") or named(document, "id")
    if not id:
        return None
    commit = next(
        (found for key in _COMMITS if (found := commit_in(document, "meta", key))),
        commit_in(document, "gitSource", "sha"),
    )
    at = steps.moment(below(document, "createdAt") or below(document, "created"))
    ours = named(document, "meta", META)
    version = named(document, "meta", META_VERSION) or commit[:7] or id
    return Release(ours or steps.release_id(at, commit), version, commit, id)


_COMMITS = ("githubCommitSha", "gitlabCommitSha", "bitbucketCommitSha")
