"""Vercel: variables of a project, by target (https://vercel.com/docs/rest-api/projects).

Variables shared by a team are not in a project's listing, and are not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from launchready.probes.failures import Failure
from launchready.probes.platform_session import MOST_PAGES, Session, Vendor, failed, in_path, named

VERCEL = Vendor(
    name="Vercel",
    base="https://api.vercel.com",
    reads="an access token whose scope is the team that owns the project (Account settings, Tokens)",
    writes="an access token of a member of the team who may edit environment variables",
    service="the project, with its team in front if it has one, such as acme/portal",
    then="Vercel uses it from the next deployment on",
)


@dataclass(frozen=True)
class Vercel:
    """One project, as one target sees it."""

    session: Session
    vendor: Vendor = VERCEL

    async def names(self) -> frozenset[str] | Failure:
        """`GET /v10/projects/{project}/env`, those of the environment's target."""
        items = await self._items()
        if isinstance(items, Failure):
            return items
        names = named((item for item in items if self._is_mine(item)), "key")
        return self.session.garbage("a list of variables") if names is None else names

    async def put(self, name: str, value: str, *, replace: bool) -> Failure | None:
        """`POST /v10/projects/{project}/env`; as a sensitive one, which cannot be read back, where Vercel allows it."""
        kind = "encrypted" if self.target == "development" else "sensitive"
        body = {"key": name, "value": value, "type": kind, "target": [self.target]}
        more = {"upsert": "true"} if replace else {}
        return failed(await self.session.ask("POST", self._path("v10", **more), body))

    async def remove(self, name: str) -> Failure | None:
        """`DELETE /v9/projects/{project}/env/{id}`, where it is of this target alone."""
        items = await self._items()
        if isinstance(items, Failure):
            return items
        for item in items:
            if item.get("key") == name and self._targets(item) == [self.target]:
                path = self._path("v9", below=f"/{in_path(str(item.get('id')))}")
                if failure := failed(await self.session.ask("DELETE", path)):
                    return failure
        return None

    @property
    def target(self) -> str:
        """Vercel has three: whatever is neither production nor development is a preview."""
        return self.session.environment if self.session.environment in ("production", "development") else "preview"

    def _is_mine(self, item: dict[str, Any]) -> bool:
        return self.target in self._targets(item) or (
            self.target == "preview" and bool(item.get("customEnvironmentIds"))
        )

    def _targets(self, item: dict[str, Any]) -> list[object]:
        target = item.get("target")
        return target if isinstance(target, list) else [target] if target else []

    async def _items(self) -> list[dict[str, Any]] | Failure:
        items: list[dict[str, Any]] = []
        until = ""
        for _ in range(MOST_PAGES):
            document = await self.session.get(self._path("v10", **({"until": until} if until else {})))
            if isinstance(document, Failure):
                return document
            found = document.get("envs") if isinstance(document, dict) else None
            if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
                return self.session.garbage("a list of variables")
            items += found
            pages = document.get("pagination")
            after = pages.get("next") if isinstance(pages, dict) else None
            if not after:
                return items
            until = str(after)
        return self.session.endless()

    def _path(self, version: str, below: str = "", **parameters: str) -> str:
        team, _, project = self.session.service.rpartition("/")
        if team:
            parameters["teamId" if team.startswith("team_") else "slug"] = team
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
        return f"/{version}/projects/{in_path(project)}/env{below}" + (f"?{query}" if query else "")
