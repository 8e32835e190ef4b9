"""The lab's edge does what its world says: sites by name, versions, certificates, staples, and refusals."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import replace

import brotli
import pytest

from launchready.lab import edge_http
from launchready.lab.authority import Authority
from launchready.lab.edge import closed_port
from launchready.lab.healthy import DOMAIN, EDGE, healthy_world
from launchready.lab.lab import Lab
from launchready.lab.world import Response, Route, Trouble, World, both, certificate, site
from launchready.probes.failures import Failure, Refused, TlsFailed
from launchready.probes.http import Page
from launchready.probes.network import Limits
from launchready.probes.tls import Handshake

APP, WWW = f"app.{DOMAIN}", f"www.{DOMAIN}"
LIMITS = Limits(connect_timeout_s=0.5, operation_timeout_s=0.8)


async def test_the_healthy_world_starts_at_once(authority: Authority) -> None:
    async with Lab(authority=authority):
        pass
    began = time.process_time()
    async with Lab(authority=authority):
        assert time.process_time() - began < 0.1


async def test_the_name_in_the_handshake_picks_the_certificate(authority: Authority) -> None:
    async with Lab(authority=authority) as lab:
        look = lab.look(LIMITS)
        app, unknown = [await look.tls.handshake(host, EDGE[0]) for host in (APP, f"nobody.{DOMAIN}")]
        await look.close()

    assert isinstance(app, Handshake)
    assert app.leaf.subject.rfc4514_string() == f"CN={APP}"
    assert isinstance(unknown, Handshake)
    assert unknown.leaf.subject.rfc4514_string() == f"CN={DOMAIN}"


async def test_versions_and_staples_are_those_of_the_site_not_of_its_neighbours(authority: Authority) -> None:
    change = both(site(APP, oldest_tls="1.0", newest_tls="1.1"), certificate(WWW, staple="good"))
    async with Lab(change(healthy_world()), authority=authority) as lab:
        look = lab.look(LIMITS)
        app, www, root = [await look.tls.handshake(host, EDGE[0]) for host in (APP, WWW, DOMAIN)]
        refused = await look.tls.handshake(APP, EDGE[0], version=ssl.TLSVersion.TLSv1_2)
        page = await look.http.get(f"https://{APP}/")
        await look.close()

    assert [h.version for h in (app, www, root) if isinstance(h, Handshake)] == ["TLSv1.1", "TLSv1.3", "TLSv1.3"]
    assert isinstance(refused, TlsFailed)
    assert [bool(h.staple) for h in (app, www, root) if isinstance(h, Handshake)] == [False, True, False]
    assert isinstance(page, Page)


async def test_a_host_may_be_two_sites_at_two_addresses(authority: Authority) -> None:
    def split(world: World) -> World:
        app = next(s for s in world.sites if s.host == APP)
        others = tuple(s for s in world.sites if s.host != APP)
        halves = [replace(app, addresses=(a,), secure=(Route("*", Response(200, (), f"from {a}")),)) for a in EDGE]
        return replace(world, sites=(*others, *halves))

    async with Lab(split(healthy_world()), authority=authority) as lab:
        look = lab.look(LIMITS)
        pages = [await look.http.get(f"https://{APP}/", address=a) for a in EDGE]
        await look.close()

    assert [p.text for p in pages if isinstance(p, Page)] == [f"from {a}" for a in EDGE]


@pytest.mark.parametrize("change", [site(APP, secure=()), site(APP, trouble=Trouble.REFUSES)])
async def test_a_host_that_does_not_listen_is_refused_though_others_at_its_address_do(
    authority: Authority, change
) -> None:
    async with Lab(change(healthy_world()), authority=authority) as lab:
        look = lab.look(LIMITS)
        app, www = await look.http.get(f"https://{APP}/"), await look.http.get(f"https://{WWW}/")
        handshake = await look.tls.handshake(APP, EDGE[1])
        await look.close()

    assert isinstance(app, Refused)
    assert isinstance(handshake, Refused)
    assert isinstance(www, Page)


async def test_a_host_that_listens_at_one_of_its_addresses_only_closes_at_the_other(authority: Authority) -> None:
    def half(world: World) -> World:
        app = next(s for s in world.sites if s.host == APP)
        others = tuple(s for s in world.sites if s.host != APP)
        return replace(
            world, sites=(*others, replace(app, addresses=EDGE[:1]), replace(app, addresses=EDGE[1:], secure=()))
        )

    async with Lab(half(healthy_world()), authority=authority) as lab:
        look = lab.look(LIMITS)
        first, second = [await look.http.get(f"https://{APP}/", address=a) for a in EDGE]
        await look.close()

    assert isinstance(first, Page)
    assert isinstance(second, Failure)


async def test_what_is_asked_is_counted(authority: Authority) -> None:
    async with Lab(authority=authority) as lab:
        look = lab.look(LIMITS)
        await look.http.get(f"https://{WWW}/a?b=c")
        await look.http.get(f"http://{WWW}/")
        await look.close()
        counts = {what: count for what, count in lab.counts.items() if what[0] != "dns"}

    assert counts == {
        ("tls", WWW, EDGE[0], "443", "TLSv1.3 h2"): 1,
        ("get", f"https://{WWW}/a?b=c", EDGE[0]): 1,
        ("get", f"http://{WWW}/", EDGE[0]): 1,
    }


def test_the_longest_route_wins_and_a_cookie_goes_first() -> None:
    routes = tuple(
        Route(path, Response(status), cookie)
        for path, status, cookie in [
            ("*", 1, ""),
            ("/a*", 2, ""),
            ("/a", 3, ""),
            ("/a", 4, "in=1"),
            ("/ab*", 5, "in=1"),
        ]
    )

    def status(path: str, cookies: str = "") -> int:
        return edge_http.pick(routes, path, cookies).status

    assert [status("/"), status("/abc"), status("/a"), status("/a", "x=y; in=1"), status("/abc", "in=1")] == [
        1,
        2,
        3,
        4,
        5,
    ]
    assert status("/a", "in=12") == 3
    assert edge_http.pick((), "/", "").status == 404


def test_the_brotli_bomb_is_small_and_inflates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge_http, "BOMB_BYTES", 8 * 1024**2)
    bomb = edge_http._bomb.__wrapped__("br")

    assert len(bomb) < 1000
    assert len(brotli.decompress(bomb)) == 9 * 1024**2


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_nobody_can_listen_at_a_closed_port_later(address: str) -> None:
    port = closed_port(address)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET

    with socket.socket(family) as later, pytest.raises(OSError, match="in use"):
        later.bind((address, port))
    with socket.socket(family) as visitor, pytest.raises(ConnectionRefusedError):
        visitor.connect((address, port))
