"""The official SDK and plain HTTP against the lab's Cloudflare: real TLS, by the lab's own ways."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import cloudflare
import httpcore
import httpx

from launchready.lab.authority import Authority
from launchready.lab.cloudflare.account import TOKEN, CloudflareAccount
from launchready.lab.cloudflare.api import ADDRESS
from launchready.lab.cloudflare.state import EDGE
from launchready.lab.cloudflare.worlds import behind_cloudflare
from launchready.lab.healthy import healthy_world
from launchready.lab.lab import Lab
from launchready.lab.world import Change
from launchready.probes.failures import Failure

ALL_HOSTS = ("@", "www", "app", "api", "staging", "mta-sts")
T = TypeVar("T")


class _Detoured(httpcore.SyncBackend):
    def __init__(self, lab: Lab) -> None:
        self._network = lab.network()

    def connect_tcp(self, host: str, port: int, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        address = ADDRESS if host == "api.cloudflare.com" else EDGE[0]
        place = self._network.route(host, address, port)
        assert not isinstance(place, Failure), place
        return super().connect_tcp(place.address, place.port, *args, **kwargs)


@contextmanager
def http_client(lab: Lab) -> Iterator[httpx.Client]:
    context = ssl.create_default_context(cadata=lab.authority.root_pem.decode())
    transport = httpx.HTTPTransport(verify=context)
    transport._pool = httpcore.ConnectionPool(ssl_context=context, network_backend=_Detoured(lab))
    with httpx.Client(transport=transport, base_url="https://api.cloudflare.com/client/v4/") as client:
        yield client


def sdk(http: httpx.Client, token: str = TOKEN) -> cloudflare.Cloudflare:
    client = httpx.Client(transport=http._transport)
    return cloudflare.Cloudflare(api_token=token, http_client=client, max_retries=0)


async def with_sdk(lab: Lab, work: Callable[[cloudflare.Cloudflare, str], T], token: str = TOKEN) -> T:
    """Let `work` use the SDK, in a thread, since the lab listens in this one."""

    def run() -> T:
        with http_client(lab) as http:
            return work(sdk(http, token), lab.cloudflare.zone_id)

    return await asyncio.to_thread(run)


async def ask(lab: Lab, method: str, path: str, *, token: str = TOKEN, **given: Any) -> httpx.Response:
    """Ask the API without the SDK; `{zone}` in a path is the zone's id."""

    def run() -> httpx.Response:
        with http_client(lab) as http:
            whole = path.replace("{zone}", lab.cloudflare.zone_id)
            headers = {"Authorization": f"Bearer {token}", **given.pop("headers", {})}
            return http.request(method, whole, headers=headers, **given)

    return await asyncio.to_thread(run)


async def visit(lab: Lab, url: str, method: str = "GET", **given: Any) -> httpx.Response:
    """A visitor's request at the edge."""

    def run() -> httpx.Response:
        with http_client(lab) as http:
            return http.request(method, url, **given)

    return await asyncio.to_thread(run)


def lab_with(authority: Authority, *changes: Change, **account: Any) -> Lab:
    """A lab whose zone is at Cloudflare, every host proxied unless told otherwise."""
    world = healthy_world()
    for change in changes:
        world = change(world)
    account.setdefault("proxied", ALL_HOSTS)
    return Lab(behind_cloudflare(world, CloudflareAccount(**account)), authority=authority)
