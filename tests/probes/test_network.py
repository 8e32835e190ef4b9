"""The way out: detours, the closed network, one look per fact, and places that are limited."""

from __future__ import annotations

import asyncio

import pytest

from launchready.probes.failures import Unreachable
from launchready.probes.network import Detour, Endpoint, Limits, Network, detours_of, parse_detour


@pytest.mark.parametrize(
    ("text", "detour"),
    [
        ("a.example:443:127.0.0.1:8443", Detour("a.example", 443, "127.0.0.1", 8443)),
        ("[2001:20::1]:53:[::1]:5353", Detour("2001:20::1", 53, "::1", 5353)),
        ("::127.0.0.1:", Detour("", None, "127.0.0.1", None)),
        ("A.Example::127.0.0.1:80", Detour("a.example", None, "127.0.0.1", 80)),
    ],
)
def test_a_detour_is_written_as_for_curl(text: str, detour: Detour) -> None:
    assert parse_detour(text) == detour


@pytest.mark.parametrize("text", ["a.example:443", "a:b:c:d", "2001:20::1:53:::1:5353"])
def test_a_detour_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="--connect-to"):
        parse_detour(text)


def test_comments_and_blank_lines_are_passed_over() -> None:
    assert detours_of(["# lab", "", "a.example:1:127.0.0.1:2 "]) == (Detour("a.example", 1, "127.0.0.1", 2),)


def test_the_most_exact_detour_wins() -> None:
    network = Network(detours=detours_of(["::127.0.0.1:1", "192.0.2.1:443:127.0.0.1:2", "a.example:443:127.0.0.1:3"]))

    assert network.route("A.example.", "192.0.2.1", 443) == Endpoint("127.0.0.1", 3)
    assert network.route("b.example", "192.0.2.1", 443) == Endpoint("127.0.0.1", 2)
    assert network.route("b.example", "192.0.2.9", 25) == Endpoint("127.0.0.1", 1)


def test_a_closed_network_leads_nowhere_else() -> None:
    network = Network(detours=detours_of(["a.example:443:127.0.0.1:3"]), closed=True)

    assert isinstance(network.route("b.example", "192.0.2.1", 443), Unreachable)
    assert Network().route("b.example", "192.0.2.1", 443) == Endpoint("192.0.2.1", 443)


async def test_a_question_is_asked_once_and_answered_to_all() -> None:
    network, asked = Network(), []
    asking = asyncio.Event()

    async def ask() -> int:
        asked.append(1)
        await asking.wait()
        return 7

    waiting = [asyncio.ensure_future(network.once("q", ask)) for _ in range(5)]
    await asyncio.sleep(0)
    asking.set()

    assert await asyncio.gather(*waiting) == [7] * 5
    assert await network.once("q", ask) == 7
    assert len(asked) == 1


async def test_one_who_stops_waiting_does_not_spoil_the_answer_for_others() -> None:
    network, asking = Network(), asyncio.Event()

    async def ask() -> int:
        await asking.wait()
        return 7

    impatient, patient = (asyncio.ensure_future(network.once("q", ask)) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    asking.set()

    assert await patient == 7


async def test_places_at_one_host_and_in_all_are_limited() -> None:
    network = Network(Limits(per_host=2, total=3))
    inside = {"a": 0, "b": 0}
    most: list[tuple[int, int]] = []

    async def look(host: str) -> None:
        async with network.slot("tls", host):
            inside[host] += 1
            most.append((max(inside.values()), sum(inside.values())))
            await asyncio.sleep(0)
            inside[host] -= 1

    await asyncio.gather(*(look(host) for host in "ab" * 10))

    assert max(m[0] for m in most) <= 2
    assert max(m[1] for m in most) <= 3
    assert network.tally() == {"tls": 20}


async def test_what_is_still_asked_at_the_end_is_dropped() -> None:
    network = Network()
    waiting = asyncio.ensure_future(network.once("q", asyncio.Event().wait))
    await asyncio.sleep(0)

    await network.drop()

    with pytest.raises(asyncio.CancelledError):
        await waiting
