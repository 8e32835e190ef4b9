"""A lab: one world made real on loopback, with what it was asked counted, and the way for an audit to reach it."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Protocol

from launchready.lab.authority import Authority
from launchready.lab.cloudflare import api as cloudflare_api
from launchready.lab.cloudflare.proxy import Proxy
from launchready.lab.cloudflare.state import CloudflareState
from launchready.lab.databases import Databases, with_databases
from launchready.lab.edge import Edge
from launchready.lab.edge_http import Answer
from launchready.lab.healthy import healthy_world
from launchready.lab.live_portal import DATABASE_ENV, LivePortal
from launchready.lab.mailserver import MailServers
from launchready.lab.nameserver import NameServers
from launchready.lab.platforms import TOKEN, TOKEN_ENV, PlatformApis, with_platforms
from launchready.lab.registry import with_registry
from launchready.lab.relay import Relay
from launchready.lab.services import services, with_services
from launchready.lab.source import write_source
from launchready.lab.world import World
from launchready.portal import Portal
from launchready.probes.look import Look
from launchready.probes.network import Detour, Limits, Network


class Service(Protocol):
    """A part of the lab that listens."""

    async def start(self) -> list[Detour]:
        """Listen on loopback; say where what can be reached."""
        ...

    async def stop(self) -> None:
        """Close every socket."""
        ...


class Lab:
    """`async with Lab(world) as lab:` — listening inside, silent after.

    `authority` may be shared between labs: making keys is what costs time. `delay_ms` is the round-trip time
    of every path, made by relays in front of the servers; 0 leaves them out. `live` is a portal that runs: it is
    deployed from the world's repository and answers for the host `app`; the routes of that host's site then do not.
    """

    def __init__(
        self,
        world: World | None = None,
        *,
        authority: Authority | None = None,
        delay_ms: float = 0.0,
        live: LivePortal | None = None,
    ) -> None:
        self.world = with_services(world or healthy_world())
        self.world = with_databases(cloudflare_api.with_api(with_platforms(with_registry(self.world))))
        self.authority = authority or Authority()
        self.now = datetime.now(UTC)
        self.counts: Counter[tuple[str, ...]] = Counter()
        """What was asked: ("dns", server address, name, type), ("tls", host, address, port, ALPN and versions
        offered), ("get", url, address), ("smtp", address)."""
        self.detours: tuple[Detour, ...] = ()
        self.platforms = PlatformApis(self.world.platforms)
        """What the hosting platforms hold; changes as their APIs are asked to."""
        account = self.world.cloudflare
        self._cloudflare = CloudflareState(account, self.world.zones, self.world.domain) if account else None
        handlers = self.platforms.handlers() | _handler(self.world, live) | services(self.world.keys)
        if self._cloudflare:
            handlers[cloudflare_api.HOST] = cloudflare_api.handler(self._cloudflare)
        names = NameServers(self.world, self.counts)
        self._front = Proxy(self._cloudflare, self.authority.root_pem) if self._cloudflare else None
        self._edge = edge = Edge(self.world, self.authority, self.counts, handlers, self._front)
        if self._cloudflare and self._cloudflare.account.status == "active":
            names.follow(self._cloudflare)
        self._services: list[Service] = [names, edge, MailServers(self.world, self.authority, self.counts)]
        self._services.append(Databases(self.world, self.authority))
        self.live = live
        self._relay = Relay(delay_ms) if delay_ms else None
        self._folder: TemporaryDirectory[str] | None = None

    @property
    def cloudflare(self) -> CloudflareState:
        """What the world's Cloudflare account holds now; only in a world that has one."""
        assert self._cloudflare is not None, "this world has no Cloudflare account"
        return self._cloudflare

    def close_origin(self) -> None:
        """From now on the zone's own servers let nobody in but the edge, as a firewall of its addresses does.

        Detours that were taken before lead there still: who keeps them in a file writes it anew.
        """
        self.cloudflare.account = replace(self.cloudflare.account, closed_origin=True)
        self.detours = tuple(map(self._edge.as_strangers_find_it, self.detours))

    async def __aenter__(self) -> Lab:
        """Start every service."""
        try:
            if self.world.platforms:
                os.environ.setdefault(TOKEN_ENV, TOKEN)
            if self.world.source:
                self._folder = TemporaryDirectory(prefix="launchready-lab-")
                await asyncio.to_thread(write_source, self.world.source, Path(self._folder.name), self.now)
            if self.live and self._folder:
                await self.live.start(Path(self._folder.name), f"app.{self.world.domain}")
                os.environ[DATABASE_ENV] = self.live.own_database_url
            detours = [detour for service in self._services for detour in await service.start()]
            self.detours = tuple([await self._relay.before(d) for d in detours] if self._relay else detours)
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop every service."""
        await self._stop()

    def network(self, limits: Limits | None = None) -> Network:
        """A closed network that leads to this lab and nowhere else."""
        return Network(limits or Limits(), self.detours, closed=True, ca_pem=self.authority.root_pem)

    def portal(self, **settings: object) -> Portal:
        """The portal of this world, as `launchready.toml` would describe it; `settings` are its keys."""
        resolvers = [{"name": r.name, "address": r.address} for r in self.world.resolvers]
        keys: dict[str, object] = {"domain": self.world.domain, "dns": {"resolvers": resolvers}}
        if self.world.source and self._folder:
            keys |= self.world.source.settings
            own = self.world.source.settings.get("repository", {})
            keys["repository"] = {**(own if isinstance(own, dict) else {}), "path": self._folder.name}
        return Portal.model_validate({**keys, **settings})

    def look(self, limits: Limits | None = None, **settings: object) -> Look:
        """Eyes on this lab, for one run."""
        return Look(self.portal(**settings), self.network(limits), self.now)

    def connect_to(self) -> Sequence[str]:
        """The detours as `--connect-to` takes them."""
        return [_written(d) for d in self.detours]

    async def _stop(self) -> None:
        try:
            if self._relay:
                await self._relay.stop()
            for service in self._services:
                await service.stop()
        finally:  # also when told to end while it ends
            if self.live:
                os.environ.pop(DATABASE_ENV, None)
                self.live.close()
            if self._folder:
                self._folder.cleanup()


def _handler(world: World, live: LivePortal | None) -> dict[str, Answer]:
    return {f"app.{world.domain}": live.answer} if live else {}


def _written(detour: Detour) -> str:
    def bracketed(address: str) -> str:
        return f"[{address}]" if ":" in address else address

    return f"{bracketed(detour.host)}:{detour.port or ''}:{bracketed(detour.to_address)}:{detour.to_port or ''}"
