"""Hosting platforms: which variables their stores hold, by name; and the way to set one, for `env push`.

One adapter a vendor, each on its published API. The token comes from the environment variable that `launchready.toml`
names, at the moment it is needed.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from launchready.portal import EnvironmentSettings
from launchready.probes.api import Api
from launchready.probes.dns import Dns
from launchready.probes.failures import Failure, Phase, Refused
from launchready.probes.network import Network
from launchready.probes.platform_fly import FLY, Fly, fly_authorization
from launchready.probes.platform_github import GITHUB, GitHub
from launchready.probes.platform_heroku import HEROKU, Heroku
from launchready.probes.platform_railway import RAILWAY, Railway
from launchready.probes.platform_render import RENDER, Render
from launchready.probes.platform_session import Session, Store, Vendor
from launchready.probes.platform_vercel import VERCEL, Vercel

VENDORS: dict[str, tuple[Vendor, Callable[[Session], Store]]] = {
    "render": (RENDER, Render),
    "fly": (FLY, Fly),
    "heroku": (HEROKU, Heroku),
    "vercel": (VERCEL, Vercel),
    "railway": (RAILWAY, Railway),
    "github": (GITHUB, GitHub),
}
"""By the word of `launchready.toml`."""


class Platforms:
    """The stores of the portal's environments."""

    def __init__(self, network: Network, dns: Dns) -> None:
        self.network = network
        self.api = Api(network, dns)

    def store(self, environment: str, settings: EnvironmentSettings) -> Store | Failure:
        """The store of an environment; Refused where `launchready.toml` or the token it names is not enough."""
        vendor, adapter = VENDORS[settings.platform]
        place = f"[environments.{environment}]"
        if not settings.service:
            return Refused(Phase.REQUEST, place, f"{place} names no service; it must be {vendor.service}")
        if not settings.token_env:
            return Refused(
                Phase.REQUEST, place, f"{place} names no token_env; it must name a variable with {vendor.reads}"
            )
        token = os.environ.get(settings.token_env, "").strip()
        if not token:
            detail = f"the variable {settings.token_env} is not set; it must hold {vendor.reads}"
            return Refused(Phase.REQUEST, place, detail)
        if not token.isascii() or not token.isprintable():
            return Refused(Phase.REQUEST, place, f"the variable {settings.token_env} holds what cannot be a token")
        headers = {"User-Agent": "LaunchReady"}
        if vendor is FLY:
            headers["Authorization"] = fly_authorization(token)
        elif vendor is HEROKU:
            headers["Accept"] = "application/vnd.heroku+json; version=3"
        elif vendor is GITHUB:
            headers |= {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        return adapter(Session(vendor, self.api, settings.service, environment, token, settings.token_env, headers))

    async def names(self, environment: str, settings: EnvironmentSettings) -> frozenset[str] | Failure:
        """The names in the store of an environment; asked once in a run."""
        store = self.store(environment, settings)
        if isinstance(store, Failure):
            return store
        key = ("platform", settings.platform, settings.service, settings.token_env, environment)
        return await self.network.once(key, store.names)

    async def close(self) -> None:
        """Close connections."""
        await self.api.close()
