"""A visitor with cookies: asks anew each time, and takes nothing where it does not belong."""

from __future__ import annotations

import pytest

from launchready.lab.faults.verify import APP, WWW
from launchready.lab.healthy import healthy_world
from launchready.lab.lab import Lab
from launchready.lab.world import Response, both, certificate, route
from launchready.probes.failures import Failure, Garbage, TlsFailed, Unreachable
from launchready.probes.http import Page
from launchready.probes.network import Limits
from launchready.probes.visitor import Visitor


@pytest.fixture
def going(authority):
    """`await going(change, url, …)`: the chain of one visit, and how often its first URL was asked for."""

    async def run(change, url: str, fields=None, times: int = 1, **words):
        world = change(healthy_world()) if change else healthy_world()
        async with Lab(world, authority=authority) as lab:
            look = lab.look(Limits(operation_timeout_s=5))
            async with Visitor(look.network, look.dns, **words) as visitor:
                for _ in range(times):
                    chain = await visitor.go(url, fields)
            await look.close()
            return chain, sum(n for what, n in lab.counts.items() if what[:2] == ("get", url))

    return run


async def test_it_asks_anew_each_time(going) -> None:
    chain, asked = await going(None, f"https://{WWW}/", times=3)

    assert isinstance(chain.end, Page)
    assert asked == 3


async def test_a_form_is_not_sent_on_to_another_host(going) -> None:
    change = route(APP, "/in", Response(307, (("Location", f"https://{WWW}/in"),)))

    chain, _ = await going(change, f"https://{APP}/in", {"password": "hunter2"})

    assert isinstance(chain.end, Garbage)


async def test_after_a_303_the_form_is_left_behind(going) -> None:
    change = route(APP, "/in", Response(303, (("Location", f"https://{WWW}/"),)))

    chain, _ = await going(change, f"https://{APP}/in", {"password": "hunter2"})

    assert isinstance(chain.end, Page)
    assert [page.status for page in chain.hops] == [303, 200]


@pytest.mark.parametrize("target", ["http://127.0.0.1/", "http://localhost:9/", "http://169.254.169.254/latest"])
async def test_it_is_not_led_from_outside_to_this_machine(going, target: str) -> None:
    chain, _ = await going(route(WWW, "/a", Response(302, (("Location", target),))), f"https://{WWW}/a")

    assert isinstance(chain.end, Unreachable)
    assert "nobody outside" in chain.end.detail


@pytest.mark.parametrize("target", ["mailto:a@b.example", "https://[::", "javascript:alert(1)"])
async def test_a_redirect_to_nowhere_is_a_failure(going, target: str) -> None:
    chain, _ = await going(route(WWW, "/a", Response(302, (("Location", target),))), f"https://{WWW}/a")

    assert isinstance(chain.end, Failure)


async def test_a_circle_ends(going) -> None:
    change = both(
        route(WWW, "/a", Response(302, (("Location", "/b"), ("Set-Cookie", "n=1")))),
        route(WWW, "/b", Response(302, (("Location", "/a"),))),
    )

    chain, _ = await going(change, f"https://{WWW}/a")

    assert chain.loop


@pytest.mark.parametrize("wrong", [{"until_days": -1}, {"names": ("other.example",)}])
async def test_who_has_something_secret_to_send_trusts_only_the_right_certificate(going, wrong) -> None:
    chain, _ = await going(certificate(WWW, **wrong), f"https://{WWW}/", trusts_all=False)
    trusting, _ = await going(certificate(WWW, **wrong), f"https://{WWW}/")

    assert isinstance(chain.end, TlsFailed)
    assert isinstance(trusting.end, Page)
