"""Releases on Heroku, by its Platform API: a build of the commit's files, which Heroku releases by itself.

Endpoints, as published at https://devcenter.heroku.com/articles/build-and-release-using-the-api and in the schema
(https://devcenter.heroku.com/articles/platform-api-reference): source create (POST /apps/{app}/sources: `put_url`,
`get_url`), build create, info and list (`source_blob` with `url`, `checksum`, `version`, `version_description`),
release info and list (`current`, `status`, `eligible_for_rollback`, `output_stream_url`), release rollback (POST
/apps/{app}/releases with `release`) and dyno list. Lists come in ranges (`Range`, `Next-Range`, 206). Field names were
read from that article and from clients generated from the schema.

A build that succeeds becomes a release: Heroku runs the `release` process of the Procfile (migrations belong there),
and where that fails, what was live stays. So `build` packs the files and looks, and `release` does it. The release's id
travels in `version_description`, the commit in `version`, where apps read it (`HEROKU_SLUG_COMMIT`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from launchready.hardening.release import platform_steps as steps
from launchready.hardening.release.archive import archive
from launchready.hardening.release.platform_steps import Platform, Sight, below, commit_in, named
from launchready.hardening.release.words import Adapter, Failed, Release, Told
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.look import Look
from launchready.probes.platform_heroku import HEROKU
from launchready.probes.platform_session import in_path
from launchready.redaction import without_secrets

VENDOR = replace(
    HEROKU, writes="an authorization with the scope write (`heroku authorizations:create -s write`) or write-protected"
)
UPLOAD_S = 600.0
MOST_PAGES = 10
LISTED_PAGES = 4
"""Of releases: each change of a variable is one."""
OUTPUT_LINES = 40
_NEWEST = {"Range": "version ..; order=desc, max=50"}


def adapter(portal: Portal, look: Look, source: Path) -> Adapter | Failed:
    """The app that `[deploy] environment` names."""
    place = steps.platform(portal, look, source, VENDOR)
    return place if isinstance(place, Failed) else HerokuReleases(place)


@dataclass(frozen=True)
class HerokuReleases:
    """One app."""

    at: Platform
    name: str = "heroku"

    def explain(self) -> dict[str, list[str]]:
        """What each word does."""
        return {
            "build": ["Packs the files of the release's commit; Heroku builds when it releases."],
            "migrate": [
                "Nothing from here: Heroku runs the `release` process of the Procfile before it changes dynos."
            ],
            "release": [
                f"Uploads the files and has Heroku build and release them for {self.at.session.service}.",
                "Waits for the build, the release process, and until the web dynos are up.",
            ],
            "roll back": ["Makes a new release of the earlier one's slug and variables, without a build, and waits."],
        }

    async def current(self) -> Release | Failed | None:
        """The release that is `current`, if it came from a build."""
        listed = await self._listed("release")
        if isinstance(listed, Failed):
            return listed
        return next((release for release, document in listed if document.get("current") is True), None)

    async def releases(self) -> list[Release] | Failed:
        """One for each slug that succeeded and may be rolled back to, newest first."""
        listed = await self._listed("release")
        if isinstance(listed, Failed):
            return listed
        found: dict[str, Release] = {}
        for release, document in listed:
            usable = document.get("eligible_for_rollback") is not False or document.get("current") is True
            if document.get("status") == "succeeded" and usable:
                found.setdefault(named(document, "slug", "id"), release)
        return list(found.values())[: self.at.settings.kept]

    async def build(self, release: Release, told: Told) -> Release | Failed:
        """`GET /apps/{app}`, and the files of the commit, packed."""
        app = await self.at.session.get(self._path(""))
        if isinstance(app, Failure):
            return self.at.failed("build", app)
        if not named(app, "id"):
            return self.at.not_of_its_schema("build", "an app")
        if below(app, "maintenance") is True:
            told("the app is in maintenance mode: visitors see Heroku's page until `heroku maintenance:off`")
        packed = await archive(self.at.source, release.commit)
        if isinstance(packed, Failed):
            return packed
        told(f"the files of {release.commit[:7]} are {len(packed) / 1e6:.1f} MB packed; the release builds them")
        return release

    async def migrate(self, release: Release, told: Told) -> Failed | None:
        """Nothing: the `release` process of the Procfile does it, before dynos change."""
        told("Heroku runs the `release` process of the Procfile before it changes dynos: migrations belong there")
        if self.at.settings.migrate:
            told("the commands of [deploy] migrate are not run with adapter heroku")
        return None

    async def release(self, release: Release, told: Told) -> Failed | None:
        """Upload, build, release process, dynos; from where this release's own build is."""
        build = await self._ours(release)
        if isinstance(build, Failure):
            return self.at.failed("release", build)
        if build is not None:
            told(f"Heroku has a build of this release already: {build}")
        else:
            packed = await archive(self.at.source, release.commit)
            made = packed if isinstance(packed, Failed) else await self._make(release, packed, told)
            if isinstance(made, Failed):
                return made
            build = made
        failed = await self._until_built(build, told)
        if failed:
            return failed
        document = await self.at.session.get(self._path(f"/builds/{in_path(build)}"))
        if isinstance(document, Failure):
            return self.at.failed("release", document, unsure=True)
        return await self._until_live("release", named(document, "release", "id"), told)

    async def roll_back(self, to: Release, told: Told) -> Failed | None:
        """`POST /apps/{app}/releases` with the earlier release, unless its slug is live already."""
        listed = await self._documents("releases", _NEWEST, LISTED_PAGES)
        if isinstance(listed, Failure):
            return self.at.failed("roll back", listed)
        reference = to.reference or await self._reference(to)
        target = next((one for one in listed if named(one, "id") == reference), None)
        slug = named(target, "slug", "id")
        if target is None or not slug:
            what = "Heroku's list has no release of that kind any more"
            return Failed("roll back", what, "Deploy its commit again.")
        for one in (listed[0], *(one for one in listed if one.get("current") is True)):
            if named(one, "slug", "id") == slug and one.get("status") in ("pending", "succeeded"):
                told("Heroku has a release of that slug on its way or live already")
                return await self._until_live("roll back", named(one, "id"), told)
        if target.get("eligible_for_rollback") is False:
            return Failed("roll back", "Heroku no longer rolls back to that release", "Deploy its commit again.")
        known = {named(one, "id") for one in listed}

        async def find() -> str | Failure | None:
            now = await self._documents("releases", _NEWEST, pages=1)
            if isinstance(now, Failure):
                return now
            return next(
                (named(one, "id") for one in now if named(one, "slug", "id") == slug and _new(one, known)), None
            )

        reply = await self.at.session.ask("POST", self._path("/releases"), {"release": reference})
        made: str | Failed
        if isinstance(reply, Failure):
            made = await self.at.settle("roll back", reply, find, told)
        else:
            made = named(reply.document, "id") or await self.at.settle(
                "roll back", self.at.session.garbage("a release"), find, told
            )
        return made if isinstance(made, Failed) else await self._until_live("roll back", made, told)

    async def _make(self, release: Release, packed: bytes, told: Told) -> str | Failed:
        """The id of the build that is made of those files."""
        reply = await self.at.session.ask("POST", self._path("/sources"))
        if isinstance(reply, Failure):
            return self.at.failed("release", reply)
        put_url, get_url = (_address(below(reply.document, "source_blob", key)) for key in ("put_url", "get_url"))
        if not put_url or not get_url:
            return self.at.not_of_its_schema("release", "addresses for the files")
        told(f"uploading {len(packed) / 1e6:.1f} MB")
        page = await self.at.session.api.exchange("PUT", put_url, packed, limit_s=UPLOAD_S)
        if isinstance(page, Failure):
            return Failed("release", f"the files could not be uploaded for Heroku: {page}", steps.AGAIN)
        if page.status not in (200, 201, 204):
            return Failed("release", f"the storage of Heroku's sources answered {page.status}", steps.AGAIN)
        blob = {
            "url": get_url,
            "checksum": f"SHA256:{hashlib.sha256(packed).hexdigest()}",
            "version": release.commit,
            "version_description": f"{release.id} {release.version}",
        }
        reply = await self.at.session.ask("POST", self._path("/builds"), {"source_blob": blob})
        if isinstance(reply, Failure):
            return await self.at.settle("release", reply, lambda: self._ours(release), told)
        if id := named(reply.document, "id"):
            return id
        failure = self.at.session.garbage("a build")
        return await self.at.settle("release", failure, lambda: self._ours(release), told)

    async def _until_built(self, id: str, told: Told) -> Failed | None:
        async def read() -> Sight | Failure:
            build = await self.at.session.get(self._path(f"/builds/{in_path(id)}"))
            if isinstance(build, Failure):
                return build
            status = named(build, "status")
            if status == "failed":
                then = f"Mend what the build says (`heroku builds:output {id}`). What was live before is live still."
                output = await self._output(build)
                return Sight("the build failed", failed=Failed("release", "Heroku: the build failed", then, output))
            if status not in ("pending", "succeeded"):
                return self.at.session.garbage("a build")
            released = status == "succeeded" and bool(named(build, "release", "id"))
            return Sight("built" if released else "building", ended=released)

        return await self.at.watch("release", read, told)

    async def _until_live(self, step: str, id: str, told: Told) -> Failed | None:
        async def read() -> Sight | Failure:
            release = await self.at.session.get(self._path(f"/releases/{in_path(id)}"))
            if isinstance(release, Failure):
                return release
            status = named(release, "status")
            if status in ("failed", "expired"):
                what = "the release process of the Procfile failed (migrations)"
                then = "Mend what it says (`heroku releases:output`). What was live before is live still."
                return Sight(what, failed=Failed(step, f"Heroku: {what}", then, await self._output(release)))
            if status not in ("pending", "succeeded"):
                return self.at.session.garbage("a release")
            words = "released" if status == "succeeded" else "the release process of the Procfile runs (migrations)"
            return Sight(words, ended=status == "succeeded")

        failed = await self.at.watch(step, read, told)
        return failed or await self._until_up(step, id, told)

    async def _until_up(self, step: str, id: str, told: Told) -> Failed | None:
        """Until the web dynos run this release; one that crashed ends it."""

        async def read() -> Sight | Failure:
            dynos = await self._documents("dynos", {}, pages=2)
            if isinstance(dynos, Failure):
                return dynos
            web = [dyno for dyno in dynos if dyno.get("type") == "web"]
            mine = [dyno for dyno in web if named(dyno, "release", "id") == id]
            if not web:
                return Sight("no web dyno runs: `heroku ps:scale web=1` starts one", ended=True)
            if any(dyno.get("state") == "crashed" for dyno in mine):
                what = "a web dyno of the new release crashed as it started"
                then = "Roll back (`launchready rollback`), and read `heroku logs --dyno web`."
                return Sight(what, failed=Failed(step, f"Heroku: {what}", then, unsure=True))
            up = len(mine) == len(web) and all(dyno.get("state") in ("up", "idle") for dyno in mine)
            return Sight("the web dynos are up" if up else "the web dynos start", ended=up)

        return await self.at.watch(step, read, told, self.at.settings.ready_s)

    async def _output(self, document: Any) -> str:
        """The end of what a build or a release process printed, redacted; empty where it cannot be had."""
        url = _address(below(document, "output_stream_url"))
        page = await self.at.session.api.exchange("GET", url) if url else None
        if page is None or isinstance(page, Failure) or page.status != 200:
            return ""
        lines = page.body.decode("utf-8", "replace").splitlines()[-OUTPUT_LINES:]
        return "\n".join(without_secrets(line.rstrip()) for line in lines)

    async def _ours(self, release: Release) -> str | Failure | None:
        """The build that carries this release's id, unless it failed."""
        builds = await self._documents("builds", {}, MOST_PAGES)
        if isinstance(builds, Failure):
            return builds
        for build in builds:
            said = below(build, "source_blob", "version_description")
            if isinstance(said, str) and said.split(" ")[0] == release.id and build.get("status") != "failed":
                return named(build, "id") or None
        return None

    async def _reference(self, to: Release) -> str:
        """What Heroku calls a release that was made here: the journal knows it before Heroku has named it."""
        kept = await self.releases()
        same = (
            []
            if isinstance(kept, Failed)
            else [one for one in kept if one.id == to.id]
            or [one for one in kept if to.commit and one.commit == to.commit]
        )
        return same[0].reference if same else ""

    async def _listed(self, step: str) -> list[tuple[Release, dict[str, Any]]] | Failed:
        """Releases with a slug, newest first, under the id, version and commit that their builds tell."""
        listed = await self._documents("releases", _NEWEST, LISTED_PAGES)
        builds = await self._documents("builds", {}, MOST_PAGES)
        if isinstance(listed, Failure):
            return self.at.failed(step, listed)
        if isinstance(builds, Failure):
            return self.at.failed(step, builds)
        by_slug = {named(build, "slug", "id"): below(build, "source_blob") for build in builds}
        return [
            (_release(one, by_slug.get(named(one, "slug", "id"))), one) for one in listed if named(one, "slug", "id")
        ]

    async def _documents(self, what: str, headers: dict[str, str], pages: int) -> list[dict[str, Any]] | Failure:
        found: list[dict[str, Any]] = []
        for _ in range(pages):
            reply = await self.at.session.ask("GET", self._path(f"/{what}"), headers=headers)
            if isinstance(reply, Failure):
                return reply
            page = steps.objects(reply.document)
            if page is None or not all(named(one, "id") for one in page):
                return self.at.session.garbage(f"a list of {what}")
            found += page
            following = reply.header("next-range")
            if reply.status != 206 or not following:
                break
            headers = {"Range": following}
        return found

    def _path(self, below_it: str) -> str:
        return f"/apps/{in_path(self.at.session.service)}{below_it}"


def _release(document: dict[str, Any], blob: Any) -> Release:
    commit = commit_in(blob, "version")
    said = below(blob, "version_description")
    id, _, version = said.partition(" ") if isinstance(said, str) else ("", "", "")
    if not steps.began(id) or not named({"id": id}, "id"):
        id, version = steps.release_id(steps.moment(document.get("created_at")), commit), ""
    return Release(id, named({"v": version}, "v") or commit[:7] or id, commit, named(document, "id"))


def _new(document: dict[str, Any], known: set[str]) -> bool:
    return named(document, "id") not in known


def _address(said: Any) -> str:
    """A signed https address; never shown."""
    if not isinstance(said, str) or len(said) > 8_000 or not said.isascii() or not said.isprintable():
        return ""
    parts = urlsplit(said)
    return said if parts.scheme == "https" and parts.hostname and not parts.username and " " not in said else ""
