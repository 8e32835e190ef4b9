"""Hosts that cannot be opened, and hosts that answer differently by address."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from launchready.lab.faults.tls import at_each_address
from launchready.lab.healthy import DOMAIN, EDGE
from launchready.lab.world import Certificate, Response, Route, Trouble, World, both, records, site
from launchready.model import Outcome, Severity, Status

Judge = Callable[..., Awaitable[Outcome]]
APP, WWW, STAGING = f"app.{DOMAIN}", f"www.{DOMAIN}", f"staging.{DOMAIN}"


async def test_every_host_of_the_healthy_world_is_reached_and_answers_alike(judge: Judge) -> None:
    assert (await judge("tls.reachable")).status is Status.PASSED
    assert (await judge("tls.certificate.same")).status is Status.PASSED


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (Trouble.REFUSES, "nobody listens"),
        (Trouble.SILENT, "does not answer in time"),
        (Trouble.TLS_GARBAGE, "is not TLS"),
    ],
)
async def test_a_named_host_that_cannot_be_opened_is_one_blocker(judge: Judge, trouble: Trouble, says: str) -> None:
    outcome = await judge("tls.reachable", site(APP, trouble=trouble), hosts=("app",))

    (finding,) = outcome.findings
    assert finding.severity is Severity.BLOCKER
    assert says in finding.problem


async def test_a_found_host_with_nobody_listening_is_no_entry_point(judge: Judge) -> None:
    outcome = await judge("tls.reachable", site(APP, trouble=Trouble.REFUSES))

    assert outcome.status is Status.PASSED
    assert APP not in {row.subject for row in outcome.passed}


async def test_a_found_host_whose_handshake_fails_is_a_high_risk(judge: Judge) -> None:
    (finding,) = (await judge("tls.reachable", site(APP, trouble=Trouble.TLS_GARBAGE))).findings

    assert finding.severity is Severity.HIGH


async def test_one_dead_ipv4_address_of_two_is_a_high_risk(judge: Judge) -> None:
    change = records(DOMAIN, add=("www 300 A 192.88.99.66",))

    outcome = await judge("tls.reachable", both(change, refusing("192.88.99.66")))

    (finding,) = outcome.findings
    assert finding.severity is Severity.HIGH
    assert "192.88.99.66" in finding.problem


async def test_a_dead_ipv6_address_is_left_to_the_check_of_ipv6(judge: Judge) -> None:
    outcome = await judge("tls.reachable", at_each_address(WWW, {"trouble": Trouble.REFUSES}))

    assert outcome.status is Status.PASSED


async def test_different_answers_by_address_are_found(judge: Judge) -> None:
    change = at_each_address(WWW, {"secure": (Route("*", Response(503, (), "maintenance")),)})

    (finding,) = (await judge("tls.certificate.same", change)).findings

    assert finding.severity is Severity.HIGH
    assert f"{EDGE[1]} → 503" in finding.evidence


async def test_different_redirects_by_address_are_found_and_their_tokens_ignored(judge: Judge) -> None:
    def to(target: str) -> tuple[Route, ...]:
        return (Route("*", Response(302, (("Location", target),))),)

    def change(target: str):  # type: ignore[no-untyped-def]
        first = site(APP, secure=to("https://login.example/start?state=a1"))
        return both(first, at_each_address(APP, {"secure": to(target)}))

    other = await judge("tls.certificate.same", change("https://old.example/start?state=b2"))
    token = await judge("tls.certificate.same", change("https://login.example/start?state=b2"))

    assert [f.subject for f in other.findings] == [APP]
    assert token.findings == ()


async def test_a_refusal_of_robots_at_one_address_is_not_checked(judge: Judge) -> None:
    change = at_each_address(WWW, {"secure": (Route("*", Response(429, (), "slow down")),)})

    outcome = await judge("tls.certificate.same", change)

    assert outcome.status is Status.NOT_CHECKED
    assert "429" in outcome.not_checked[0].reason


async def test_two_valid_certificates_are_no_difference(judge: Judge) -> None:
    change = at_each_address(WWW, {"certificate": Certificate(key="rsa2048", from_days=-1, until_days=89)})

    assert (await judge("tls.certificate.same", change)).status is Status.PASSED


def refusing(address: str):  # type: ignore[no-untyped-def]
    def change(world: World) -> World:
        (www,) = (s for s in world.sites if s.host == WWW)
        dead = replace(www, addresses=(address,), trouble=Trouble.REFUSES, plain_trouble=Trouble.REFUSES)
        return replace(world, sites=(*world.sites, dead))

    return change
