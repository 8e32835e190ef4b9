"""The SMTP probe talks to real servers, and to things that are none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from launchready.lab.authority import Authority
from launchready.lab.healthy import DOMAIN, MAIL, healthy_world
from launchready.lab.lab import Lab
from launchready.lab.world import Change, Trouble, mail_server
from launchready.probes.failures import Failure, Garbage, Refused, Timeout
from launchready.probes.network import Detour, Limits, Network
from launchready.probes.smtp import Conversation, Smtp
from launchready.probes.tls import Handshake, Tls

MX = f"mail.{DOMAIN}"
SHORT = Limits(connect_timeout_s=0.5, operation_timeout_s=0.6)
Converse = Callable[..., Awaitable[Conversation | Failure]]


@pytest.fixture
def converse(authority: Authority) -> Converse:
    async def talk(change: Change | None = None, address: str = MAIL[0]) -> Conversation | Failure:
        world = change(healthy_world()) if change else healthy_world()
        async with Lab(world, authority=authority) as lab:
            look = lab.look(SHORT)
            found = await look.smtp.converse(MX, address)
            await look.close()
        return found

    return talk


@pytest.mark.parametrize("address", MAIL)
async def test_a_conversation_brings_banner_extensions_and_certificate(converse: Converse, address: str) -> None:
    found = await converse(address=address)

    assert isinstance(found, Conversation)
    assert found.banner == f"{MX} ESMTP"
    assert "STARTTLS" in found.extensions
    assert isinstance(found.tls, Handshake)
    assert len(found.tls.chain) == 2


async def test_a_server_without_starttls_is_told(converse: Converse) -> None:
    found = await converse(mail_server(MX, certificate=None))

    assert isinstance(found, Conversation)
    assert found.tls is None


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (Trouble.REFUSES, Refused),
        (Trouble.SILENT, Timeout),
        (Trouble.DRIPS, Timeout),
        (Trouble.GARBAGE, Garbage),
        (Trouble.CLOSES, Refused),
    ],
)
async def test_what_goes_wrong_is_a_value(converse: Converse, trouble: Trouble, kind: type[Failure]) -> None:
    found = await converse(mail_server(MX, trouble=trouble))

    assert isinstance(found, kind), found
    assert str(found)


async def test_a_hostile_banner_is_text(converse: Converse) -> None:
    evil = "\x1b[2J<script>alert(1)</script> " + "x" * 300

    found = await converse(mail_server(MX, banner=evil))

    assert isinstance(found, Conversation)
    assert evil in found.banner


@pytest.fixture
async def scripted() -> AsyncIterator[Callable[..., Awaitable[Conversation | Failure]]]:
    servers: list[asyncio.Server] = []

    async def talk(*replies: bytes) -> Conversation | Failure:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for reply in replies:
                writer.write(reply)
                if not await reader.readline():
                    break
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        servers.append(server)
        network = Network(SHORT, (Detour("", 25, "127.0.0.1", server.sockets[0].getsockname()[1]),), closed=True)
        return await Smtp(network, Tls(network)).converse("mx.example", "192.88.99.9")

    yield talk
    for server in servers:
        server.close()


async def test_being_turned_away_is_not_a_missing_starttls(scripted: Converse) -> None:
    at_once = await scripted(b"554 5.7.1 you are on a list\r\n")
    after_ehlo = await scripted(b"220 mx.example\r\n", b"550 who are you\r\n")

    assert isinstance(at_once, Refused)
    assert "554" in at_once.detail
    assert isinstance(after_ehlo, Refused)


async def test_what_is_sent_ahead_of_the_handshake_is_not_taken_for_an_answer(scripted: Converse) -> None:
    found = await scripted(
        b"220 mx.example\r\n", b"250-mx.example\r\n250 STARTTLS\r\n", b"220 go\r\n250 injected: all is well\r\n"
    )

    assert isinstance(found, Conversation)
    assert isinstance(found.tls, Failure)


@pytest.mark.parametrize(
    "reply", [b"2", b"220" + b"x" * 10_000, b"220-a\r\n" * 200, b"\xff\xfe\x00\r\n", b"HTTP/1.1 400\r\n"]
)
async def test_lines_that_are_no_smtp_are_garbage(scripted: Converse, reply: bytes) -> None:
    found = await scripted(reply)

    assert isinstance(found, Garbage | Timeout)


async def test_starttls_that_is_offered_and_refused_is_a_failed_handshake(scripted: Converse) -> None:
    found = await scripted(b"220 mx.example\r\n", b"250-mx.example\r\n250 starttls\r\n", b"454 not now\r\n")

    assert isinstance(found, Conversation)
    assert "454" in str(found.tls)
