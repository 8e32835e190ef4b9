"""The RDAP probe finds the registry, reads its answer, and is not confused by what is none."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

import pytest

from launchready.lab.authority import Authority
from launchready.lab.healthy import DOMAIN, healthy_world
from launchready.lab.lab import Lab
from launchready.lab.registry import with_registry
from launchready.lab.world import Change, Response, Route, Trouble, registration, site
from launchready.probes.failures import Failure, Garbage, Timeout
from launchready.probes.network import Limits
from launchready.probes.rdap import Registration, Unknown, registered_domain

SHORT = Limits(connect_timeout_s=0.5, operation_timeout_s=0.6)
Ask = Callable[..., Awaitable[Registration | Failure | None]]


@pytest.fixture
def ask(authority: Authority) -> Ask:
    async def run(change: Change | None = None, domain: str = DOMAIN) -> Registration | Failure | None:
        world = with_registry(healthy_world())
        world = change(world) if change else world
        async with Lab(world, authority=authority) as lab:
            look = lab.look(SHORT)
            found = await look.rdap.registration(domain)
            await look.close()
        return found

    return run


def answering(body: object, status: int = 200) -> Change:
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return site("rdap.nic.example", secure=(Route("*", Response(status, (), text)),))


async def test_a_registration_is_read(ask: Ask) -> None:
    found = await ask(domain=f"app.{DOMAIN}")

    assert isinstance(found, Registration)
    assert found.domain == DOMAIN
    assert found.registrar == "Brightside Registrar Ltd"
    assert found.status == ("client transfer prohibited",)
    assert found.name_servers == (f"ns1.{DOMAIN}", f"ns2.{DOMAIN}")
    assert found.expires


async def test_a_domain_the_registry_does_not_know_is_told_apart(authority: Authority) -> None:
    world = registration(DOMAIN, known=False)(healthy_world())
    async with Lab(world, authority=authority) as lab:
        look = lab.look(SHORT)
        found = await look.rdap.registration(DOMAIN)
        await look.close()

    assert isinstance(found, Unknown)


async def test_a_registry_without_rdap_is_none(ask: Ask) -> None:
    assert await ask(domain="example.test") is None


async def test_epp_spelling_is_understood(ask: Ask) -> None:
    found = await ask(answering({"objectClassName": "domain", "status": ["clientHold", "ok"]}))

    assert isinstance(found, Registration)
    assert found.status == ("client hold", "ok")


async def test_a_redirect_is_followed(ask: Ask) -> None:
    elsewhere = (("Location", f"https://rdap.nic.example/v2/domain/{DOMAIN}"),)
    good = json.dumps({"objectClassName": "domain", "status": ["active"]})
    found = await ask(
        site(
            "rdap.nic.example",
            secure=(Route("/v2/*", Response(200, (), good)), Route("*", Response(302, elsewhere))),
        )
    )

    assert isinstance(found, Registration)
    assert found.status == ("active",)


@pytest.mark.parametrize(
    "body",
    ["", "null", "[]", "<html>", "[" * 100_000, "1" * 10_000, '{"objectClassName": "help"}', b"\xff\xfe\x00", "{}"],
)
async def test_what_is_no_registration_is_garbage(ask: Ask, body: str | bytes) -> None:
    assert isinstance(await ask(answering(body)), Garbage)


@pytest.mark.parametrize(
    "odd",
    [
        {"status": 5, "events": {}, "entities": "x", "nameservers": [None, 3, {"ldhName": []}]},
        {"events": [None, {"eventAction": "expiration", "eventDate": "soon"}], "entities": [{"roles": ["registrar"]}]},
        {"entities": [{"roles": ["registrar"], "vcardArray": ["vcard", [["fn"], ["fn", {}, "text", {}]]]}]},
        {"events": [{"eventAction": "expiration", "eventDate": 17}], "status": [None, ["x"]]},
    ],
)
async def test_odd_fields_do_not_matter(ask: Ask, odd: dict[str, object]) -> None:
    found = await ask(answering({"objectClassName": "domain", **odd}))

    assert isinstance(found, Registration)
    assert found.expires is None


@pytest.mark.parametrize("host", ["data.iana.org", "rdap.nic.example"])
async def test_a_registry_that_never_answers_is_a_timeout(ask: Ask, host: str) -> None:
    assert isinstance(await ask(site(host, trouble=Trouble.SILENT)), Timeout)


async def test_the_longest_match_of_the_bootstrap_and_https_win(ask: Ask) -> None:
    services = [
        [["example"], ["https://wrong.example/"]],
        [["brightside.example"], ["http://rdap.nic.example/", "https://rdap.nic.example/"]],
        ["junk"],
        [],
        None,
    ]
    bootstrap = Response(200, (), json.dumps({"services": services}))

    found = await ask(site("data.iana.org", secure=(Route("*", bootstrap),)))

    assert isinstance(found, Registration)
    assert found.source == f"https://rdap.nic.example/domain/{DOMAIN}"


def test_the_registered_domain_is_one_label_below_the_registry() -> None:
    assert registered_domain("a.b.example.co.uk") == "example.co.uk"
    assert registered_domain("portal.vercel.app") == "vercel.app"


def test_the_registry_is_added_once() -> None:
    world = with_registry(healthy_world())

    assert with_registry(world) == world
