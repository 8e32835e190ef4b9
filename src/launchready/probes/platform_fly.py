"""Fly.io: secrets of an app by the Machines API (https://docs.machines.dev); Fly gives digests, never values."""

from __future__ import annotations

from dataclasses import dataclass

from launchready.probes.failures import Failure, Refused
from launchready.probes.platform_session import Session, Vendor, failed, in_path, named

FLY = Vendor(
    name="Fly.io",
    base="https://api.machines.dev/v1",
    reads="a deploy token of the app (`fly tokens create deploy -a APP`) or one of its organisation",
    writes="a deploy token of the app (`fly tokens create deploy -a APP`)",
    service="the name of the app, such as portal-production",
    then="Fly.io gives it to the machines at the next deploy, or with `fly secrets deploy`",
)


@dataclass(frozen=True)
class Fly:
    """One app."""

    session: Session
    vendor: Vendor = FLY

    async def names(self) -> frozenset[str] | Failure:
        """`GET /apps/{app}/secrets`."""
        document = await self.session.get(self._path)
        if isinstance(document, Failure):
            return document
        secrets = document.get("secrets", []) if isinstance(document, dict) else None
        names = named(secrets or [], "name") if isinstance(secrets, list) or secrets is None else None
        if names is None or not isinstance(document, dict):
            return self.session.garbage("a list of secrets")
        return names

    async def put(self, name: str, value: str, *, replace: bool) -> Failure | None:
        """`POST /apps/{app}/secrets/{name}` creates or updates one."""
        return failed(await self.session.ask("POST", f"{self._path}/{in_path(name)}", {"value": value}))

    async def remove(self, name: str) -> Failure | None:
        """`DELETE /apps/{app}/secrets/{name}`."""
        reply = await self.session.ask("DELETE", f"{self._path}/{in_path(name)}")
        gone = isinstance(reply, Refused) and "(404)" in reply.detail
        return None if gone else failed(reply)

    @property
    def _path(self) -> str:
        return f"/apps/{in_path(self.session.service)}/secrets"


def fly_authorization(token: str) -> str:
    """Macaroon tokens come with a scheme of their own (`FlyV1 fm2_…`), others go as bearer tokens."""
    return token if token.startswith("FlyV1 ") else f"Bearer {token}"
