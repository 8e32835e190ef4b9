"""The TLS probe: what a server shows, whatever it is; what goes wrong as a value; asked once."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator

import pytest

from launchready.lab.authority import Authority
from launchready.lab.healthy import DOMAIN, EDGE, healthy_world
from launchready.lab.lab import Lab
from launchready.lab.world import Certificate, Trouble, both, certificate, site
from launchready.probes.failures import Failure, Garbage, Phase, Refused, Timeout, TlsFailed, TooLarge, Unreachable
from launchready.probes.look import Look
from launchready.probes.network import Detour, Limits, Network
from launchready.probes.tls import Handshake, Tls

APP, API, WWW, STAGING = (f"{label}.{DOMAIN}" for label in ("app", "api", "www", "staging"))
V4, V6 = EDGE
SHORT = Limits(connect_timeout_s=0.5, operation_timeout_s=0.5)


@pytest.fixture
async def lab(authority: Authority) -> AsyncIterator[Lab]:
    world = both(
        certificate(APP, staple="good"),
        site(API, oldest_tls="1.0", newest_tls="1.1"),
        certificate(WWW, extra_names=10_000),
        site(STAGING, trouble=Trouble.TLS_GARBAGE),
        site(f"mta-sts.{DOMAIN}", trouble=Trouble.SILENT),
    )(healthy_world())
    async with Lab(world, authority=authority) as one:
        yield one


@pytest.fixture
async def look(lab: Lab) -> AsyncIterator[Look]:
    one = lab.look(SHORT)
    yield one
    await one.close()


async def test_a_handshake_brings_version_chain_and_staple(look: Look) -> None:
    found = await look.tls.handshake(APP, V4)

    assert isinstance(found, Handshake)
    assert found.version == "TLSv1.3"
    assert len(found.chain) == 2
    assert found.staple
    assert look.tls.browser_verdict(found, APP, look.now) is None


async def test_the_verdict_says_why_not(look: Look) -> None:
    found = await look.tls.handshake(APP, V6)

    assert isinstance(found, Handshake)
    assert "not for www" in (look.tls.browser_verdict(found, WWW, look.now) or "")


async def test_exactly_one_version_can_be_offered(look: Look) -> None:
    old = await look.tls.handshake(API, V4, version=ssl.TLSVersion.TLSv1)
    new = await look.tls.handshake(API, V4, version=ssl.TLSVersion.TLSv1_2)
    refused = await look.tls.handshake(APP, V4, version=ssl.TLSVersion.TLSv1_1)

    assert isinstance(old, Handshake)
    assert old.version == "TLSv1"
    assert isinstance(new, TlsFailed)
    assert isinstance(refused, TlsFailed)


async def test_the_same_handshake_is_made_once(lab: Lab, look: Look) -> None:
    await asyncio.gather(*(look.tls.handshake(APP, V4) for _ in range(5)))

    assert sum(times for what, times in lab.counts.items() if what[:3] == ("tls", APP, V4)) == 1


@pytest.mark.parametrize(
    ("host", "kind", "says"),
    [
        (WWW, TooLarge, "100 KB"),
        (STAGING, Garbage, "handshake failed"),
        (f"mta-sts.{DOMAIN}", Timeout, "did not end within"),
    ],
)
async def test_what_goes_wrong_is_a_value(look: Look, host: str, kind: type[Failure], says: str) -> None:
    found = await look.tls.handshake(host, V4)

    assert isinstance(found, kind)
    assert says in str(found)
    assert found.phase is Phase.TLS


async def test_nobody_there_is_a_value(look: Look) -> None:
    refused = await look.tls.handshake(f"mail.{DOMAIN}", "192.88.99.25")
    unknown = await look.tls.handshake("elsewhere.example", "192.88.99.200")

    assert isinstance(refused, Refused | Unreachable)
    assert isinstance(unknown, Unreachable)


async def test_an_endless_stream_of_handshake_is_cut_off() -> None:
    async def flood(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        record = b"\x16\x03\x03\x40\x00" + b"\x0b\xff\xff\xff" + b"\x00" * (0x4000 - 4)
        try:
            while True:
                writer.write(record)
                await writer.drain()
        except ConnectionError:
            writer.close()

    server = await asyncio.start_server(flood, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    network = Network(SHORT, (Detour("", 443, "127.0.0.1", port),), closed=True)

    found = await Tls(network).handshake("flood.example", "192.88.99.1")

    server.close()
    assert isinstance(found, Failure)
    assert found.elapsed_s < 0.5


def test_the_authority_issues_the_same_certificate_once(authority: Authority) -> None:
    wanted = Certificate(names=("a.example",))

    assert authority.issue(wanted, "a.example") is authority.issue(wanted, "b.example")
    assert authority.issue(Certificate(), "a.example") is not authority.issue(Certificate(), "b.example")
