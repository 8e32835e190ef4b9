"""Render: variables of a service and of the environment groups linked to it (https://api-docs.render.com)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import quote

from launchready.probes.failures import Failure, Refused
from launchready.probes.platform_session import MOST_PAGES, Session, Vendor, failed, in_path, named

RENDER = Vendor(
    name="Render",
    base="https://api.render.com/v1",
    reads="an API key of a member of the workspace that owns the service (Account settings, API keys)",
    writes="an API key of a member who may edit the service",
    service="the id of the service, such as srv-abc123",
    then="Render uses it from the next deploy on",
)
PAGE = 100
"""The most a page may hold (https://api-docs.render.com/reference/pagination)."""


@dataclass(frozen=True)
class Render:
    """One service."""

    session: Session
    vendor: Vendor = RENDER

    async def names(self) -> frozenset[str] | Failure:
        """Of the service itself, and of the groups it is linked to, which its own listing leaves out."""
        own, groups = await asyncio.gather(self._own(), self._groups())
        if isinstance(own, Failure):
            return own
        return groups if isinstance(groups, Failure) else own | groups

    async def put(self, name: str, value: str, *, replace: bool) -> Failure | None:
        """`PUT …/env-vars/{key}` adds or replaces one; it deploys nothing."""
        return failed(await self.session.ask("PUT", f"{self._path}/{in_path(name)}", {"value": value}))

    async def remove(self, name: str) -> Failure | None:
        """`DELETE …/env-vars/{key}`."""
        reply = await self.session.ask("DELETE", f"{self._path}/{in_path(name)}")
        gone = isinstance(reply, Refused) and "(404)" in reply.detail
        return None if gone else failed(reply)

    @property
    def _path(self) -> str:
        return f"/services/{in_path(self.session.service)}/env-vars"

    async def _own(self) -> frozenset[str] | Failure:
        return await self._all(self._path, "envVar", "key")

    async def _groups(self) -> frozenset[str] | Failure:
        items = await self._items("/env-groups", "envGroup")
        if isinstance(items, Failure):
            return items
        service = self.session.service
        linked = [
            item for item in items if any(isinstance(link, dict) and link.get("id") == service for link in _links(item))
        ]
        found: frozenset[str] = frozenset()
        for group in linked[:MOST_PAGES]:
            whole = await self.session.get(f"/env-groups/{in_path(str(group.get('id')))}")
            if isinstance(whole, Failure):
                return whole
            variables = whole.get("envVars") if isinstance(whole, dict) else None
            names = named(variables, "key") if isinstance(variables, list) else None
            if names is None:
                return self.session.garbage("an environment group")
            found |= names
        return found

    async def _all(self, path: str, wrapper: str, key: str) -> frozenset[str] | Failure:
        items = await self._items(path, wrapper)
        if isinstance(items, Failure):
            return items
        return self.session.garbage("a list of variables") if (names := named(items, key)) is None else names

    async def _items(self, path: str, wrapper: str) -> list[dict[str, object]] | Failure:
        items: list[dict[str, object]] = []
        cursor = ""
        for _ in range(MOST_PAGES):
            page = await self.session.get(
                f"{path}?limit={PAGE}" + (f"&cursor={quote(cursor, safe='')}" if cursor else "")
            )
            if isinstance(page, Failure):
                return page
            if not isinstance(page, list) or not all(isinstance(item, dict) for item in page):
                return self.session.garbage("a list")
            inner = [item.get(wrapper, item) for item in page]
            if not all(isinstance(item, dict) for item in inner):
                return self.session.garbage("a list")
            items += inner
            last = page[-1].get("cursor") if page else ""
            if len(page) < PAGE or not isinstance(last, str) or not last:
                return items
            cursor = last
        return self.session.endless()


def _links(group: dict[str, object]) -> list[object]:
    links = group.get("serviceLinks")
    return links if isinstance(links, list) else []
