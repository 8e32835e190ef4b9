"""The registration's state, end and lock, as the registry tells them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from launchready.audit.registration import _registry_locks
from launchready.lab.healthy import DOMAIN, healthy_world
from launchready.lab.registry import with_registry
from launchready.lab.world import Change, Response, Route, Trouble, World, registration, site, zone
from launchready.model import Outcome, Severity, Status
from launchready.probes.rdap import Registration

Judge = Callable[..., Awaitable[Outcome]]
STATE, EXPIRY, LOCK = (f"domain.registration.{id}" for id in ("state", "expiry", "lock"))


@pytest.mark.parametrize("check", [STATE, EXPIRY, LOCK])
async def test_the_healthy_registration_passes(judge: Judge, check: str) -> None:
    assert (await judge(check)).status is Status.PASSED


@pytest.mark.parametrize(
    ("days", "severity"),
    [(6.9, Severity.BLOCKER), (7.1, Severity.HIGH), (29.9, Severity.HIGH), (30.1, None), (-1, None)],
)
async def test_the_end_weighs_by_days_left(judge: Judge, days: float, severity: Severity | None) -> None:
    outcome = await judge(EXPIRY, registration(DOMAIN, expires_days=days))

    assert [f.severity for f in outcome.findings] == ([severity] if severity else [])


async def test_an_ended_registration_is_a_blocker_told_by_its_state(judge: Judge) -> None:
    (finding,) = (await judge(STATE, registration(DOMAIN, expires_days=-1))).findings

    assert finding.severity is Severity.BLOCKER
    assert "ended on" in finding.problem


@pytest.mark.parametrize(
    "status", ["client hold", "server hold", "redemption period", "pending delete", "pending restore"]
)
async def test_a_domain_on_hold_is_a_blocker(judge: Judge, status: str) -> None:
    (finding,) = (await judge(STATE, registration(DOMAIN, status=("client transfer prohibited", status)))).findings

    assert finding.severity is Severity.BLOCKER


@pytest.mark.parametrize("status", ["auto renew period", "add period", "transfer period", "active", "inactive"])
async def test_ordinary_states_are_no_finding(judge: Judge, status: str) -> None:
    assert (await judge(STATE, registration(DOMAIN, status=(status,)))).findings == ()


async def test_a_registry_that_publishes_no_end_is_not_checked(judge: Judge) -> None:
    outcome = await judge(EXPIRY, registration(DOMAIN, expires_days=None))

    assert outcome.status is Status.NOT_CHECKED
    assert "does not publish" in outcome.not_checked[0].reason


async def test_a_domain_the_registry_does_not_know_is_not_believed_while_it_is_in_dns(judge: Judge) -> None:
    outcome = await judge(STATE, registration(DOMAIN, known=False))

    assert outcome.status is Status.NOT_CHECKED
    assert "although it is in DNS" in outcome.not_checked[0].reason


async def test_a_domain_neither_registered_nor_in_dns_is_a_blocker(judge: Judge) -> None:
    def gone(world: World) -> World:
        lines = next(z for z in world.zones if z.origin == "example").lines
        kept = tuple(line for line in lines if "brightside" not in line)
        world = zone("example", lines=kept)(registration(DOMAIN, known=False)(world))
        servers = tuple(replace(s, zones=tuple(z for z in s.zones if z != DOMAIN), own=()) for s in world.name_servers)
        return replace(world, zones=tuple(z for z in world.zones if z.origin != DOMAIN), name_servers=servers)

    (finding,) = (await judge(STATE, gone)).findings

    assert finding.severity is Severity.BLOCKER
    assert "Nobody holds" in finding.problem


@pytest.mark.parametrize("check", [STATE, EXPIRY, LOCK])
@pytest.mark.parametrize("trouble", [Trouble.SILENT, Trouble.GARBAGE, Trouble.REFUSES])
async def test_a_registry_that_gives_no_answer_is_not_checked(judge: Judge, check: str, trouble: Trouble) -> None:
    outcome = await judge(check, registry(site("rdap.nic.example", trouble=trouble)))

    assert outcome.status is Status.NOT_CHECKED
    assert outcome.not_checked[0].reason


async def test_a_registry_without_rdap_is_not_checked(judge: Judge) -> None:
    none = Response(200, (), '{"services": []}')

    outcome = await judge(EXPIRY, registry(site("data.iana.org", secure=(Route("*", none),))))

    assert "offers no RDAP" in outcome.not_checked[0].reason


@pytest.mark.parametrize(
    ("domain", "status", "expected"),
    [
        ("example.com", (), True),
        ("example.de", (), False),
        ("example.fr", ("active",), False),
        ("example.io", ("client delete prohibited",), True),
    ],
)
def test_country_registries_without_locks_are_spared(domain: str, status: tuple[str, ...], *, expected: bool) -> None:
    found = Registration(domain, "", None, status, (), "https://rdap.example/")

    assert _registry_locks(found) is expected


def registry(change: Change) -> Change:
    return lambda world: change(with_registry(world))


def test_the_registry_answers_for_the_healthy_world() -> None:
    assert {s.host for s in with_registry(healthy_world()).sites} >= {"data.iana.org", "rdap.nic.example"}
