"""Heroku: config vars of an app (https://devcenter.heroku.com/articles/platform-api-reference#config-vars).

Values come along with every answer, also that to a change; only the names are read.
"""

from __future__ import annotations

from dataclasses import dataclass

from launchready.probes.failures import Failure
from launchready.probes.platform_session import NAME_CHARS, Session, Vendor, failed, in_path

HEROKU = Vendor(
    name="Heroku",
    base="https://api.heroku.com",
    reads="an authorization with the scope read-protected (`heroku authorizations:create -s read-protected`)",
    writes="an authorization with the scope write-protected (`heroku authorizations:create -s write-protected`)",
    service="the name of the app, such as portal-production",
    then="Heroku restarts the app with it at once",
)


@dataclass(frozen=True)
class Heroku:
    """One app."""

    session: Session
    vendor: Vendor = HEROKU

    async def names(self) -> frozenset[str] | Failure:
        """`GET /apps/{app}/config-vars`."""
        document = await self.session.get(self._path)
        if isinstance(document, Failure):
            return document
        if not isinstance(document, dict) or any(len(name) > NAME_CHARS for name in document):
            return self.session.garbage("an object of config vars")
        return frozenset(document)

    async def put(self, name: str, value: str, *, replace: bool) -> Failure | None:
        """`PATCH /apps/{app}/config-vars` with that one."""
        return failed(await self.session.ask("PATCH", self._path, {name: value}))

    async def remove(self, name: str) -> Failure | None:
        """`PATCH …` with null deletes."""
        return failed(await self.session.ask("PATCH", self._path, {name: None}))

    @property
    def _path(self) -> str:
        return f"/apps/{in_path(self.session.service)}/config-vars"
