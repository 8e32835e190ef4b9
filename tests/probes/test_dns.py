"""DNS asked over real sockets: what is an answer, what is a failure, and what is never taken."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import asynccontextmanager

import pytest

from launchready.lab.healthy import DOMAIN, healthy_world
from launchready.lab.lab import Lab
from launchready.lab.nameserver import NameServers, View
from launchready.lab.world import Trouble, both, name_server, records, resolver, zone
from launchready.portal import DnsSettings, ResolverSettings
from launchready.probes.dns import Answer, Delegation, Dns, Server
from launchready.probes.failures import Failure, Garbage, Refused, Timeout, Unreachable
from launchready.probes.network import Detour, Limits, Network

LIMITS = Limits(lookup_timeout_s=0.3)
NS1 = Server(f"ns1.{DOMAIN}", "192.88.99.1", recursive=False)


@asynccontextmanager
async def asking(authority, change=None, limits=LIMITS):
    world = change(healthy_world()) if change else healthy_world()
    async with Lab(world, authority=authority) as lab:
        look = lab.look(limits)
        yield look.dns, lab.counts
        await look.close()


async def test_an_answer_has_lower_case_names_without_final_dot(authority) -> None:
    async with asking(authority) as (dns, _):
        answer = await dns.query("Brightside.EXAMPLE.", "mx")

    assert isinstance(answer, Answer)
    assert (answer.name, answer.type, answer.status) == (DOMAIN, "MX", "NOERROR")
    assert answer.values == (f"10 mail.{DOMAIN}",)
    assert answer.wire


async def test_strings_of_txt_are_joined_with_nothing_between(authority) -> None:
    change = records(DOMAIN, add=(r'two 300 TXT "v=spf1 a" " -a\255ll"',))
    async with asking(authority, change) as (dns, _):
        answer = await dns.query(f"two.{DOMAIN}", "TXT")

    assert answer.records[0].strings == (b"v=spf1 a", b" -a\xffll")
    assert answer.values == (r"v=spf1 a -a\xffll",)


async def test_a_chain_of_aliases_ends_at_the_records(authority) -> None:
    change = records(DOMAIN, add=("a 60 CNAME b", "b 300 CNAME out.mailer.example."))
    async with asking(authority, change) as (dns, _):
        answer = await dns.query(f"a.{DOMAIN}", "A")

    assert answer.cname == (f"b.{DOMAIN}", "out.mailer.example")
    assert answer.values == ("192.88.99.35",)
    assert [r.ttl_s for r in answer.aliases] == [60, 300]


async def test_a_loop_of_aliases_is_garbage_with_the_path(authority) -> None:
    change = records(DOMAIN, add=("a 300 CNAME b", "b 300 CNAME a"))
    async with asking(authority, change) as (dns, _):
        failure = await dns.query(f"a.{DOMAIN}", "A")

    assert type(failure) is Garbage
    assert f"loops: a.{DOMAIN} → b.{DOMAIN} → a.{DOMAIN}" in failure.detail


async def test_64_kb_of_txt_come_over_tcp(authority) -> None:
    change = records(DOMAIN, add=tuple(f'big 300 TXT "{n:04} {"x" * 240}"' for n in range(250)))
    async with asking(authority, change) as (dns, counts):
        answer = await dns.query(f"big.{DOMAIN}", "TXT")

    assert len(answer.records) == 250
    assert answer.over_tcp
    assert counts["dns", "192.88.99.53", f"big.{DOMAIN}", "TXT", "udp"] == 1


@pytest.mark.parametrize(
    ("trouble", "kind", "words"),
    [
        (Trouble.SILENT, Timeout, "no answer over UDP"),
        (Trouble.WRONG_ID, Garbage, "wrong id"),
        (Trouble.GARBAGE, Garbage, "not taken"),
        (Trouble.REFUSES, Refused, "refused"),
        (Trouble.TRUNCATES, Refused, "truncated"),
        (Trouble.NO_UDP, Timeout, "no answer over UDP"),
    ],
)
async def test_troubled_resolvers_are_failures_with_the_reason(authority, trouble, kind, words) -> None:
    async with asking(authority, resolver("Frankfurt", trouble=trouble)) as (dns, _):
        failure = await dns.query(DOMAIN, "A")

    assert type(failure) is kind
    assert words in failure.detail
    assert failure.elapsed_s < 1


@pytest.mark.parametrize("trouble", [Trouble.SILENT, Trouble.DRIPS, Trouble.GARBAGE, Trouble.CLOSES, Trouble.WRONG_ID])
async def test_trouble_over_tcp_is_bounded_too(authority, trouble) -> None:
    async with asking(authority, name_server(NS1.name, trouble=trouble)) as (dns, _):
        failure = await dns.query(DOMAIN, "NS", server=NS1, tcp=True)

    assert isinstance(failure, Failure)
    assert failure.elapsed_s < 1


async def test_what_came_late_the_first_time_is_asked_once_more(authority) -> None:
    async with asking(authority, resolver("Frankfurt", trouble=Trouble.SILENT)) as (dns, counts):
        await dns.query(DOMAIN, "A")

    assert counts["dns", "192.88.99.53", DOMAIN, "A", "udp"] == 2


@pytest.mark.parametrize("trouble", [Trouble.SERVFAIL, Trouble.REFUSED_CODE])
async def test_servfail_and_refused_are_answers(authority, trouble) -> None:
    async with asking(authority, resolver("Frankfurt", trouble=trouble)) as (dns, _):
        answer = await dns.query(DOMAIN, "A")

    assert isinstance(answer, Answer)
    assert answer.status in ("SERVFAIL", "REFUSED")
    assert not answer.exists


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".example", "bad\\999.example", ".".join(["a" * 60] * 5)])
async def test_a_name_that_cannot_be_asked_is_a_failure(authority, name: str) -> None:
    async with asking(authority) as (dns, counts):
        failure = await dns.query(name, "A")

    assert type(failure) is Garbage
    assert not counts


async def test_a_question_is_asked_once_also_of_two_names_with_one_address(authority) -> None:
    other = Server(f"other.{DOMAIN}", NS1.address, recursive=False)
    async with asking(authority) as (dns, counts):
        answers = [await dns.query(DOMAIN, "SOA", server=s) for s in (NS1, other, NS1)]

    assert sum(counts.values()) == 1
    assert [a.server for a in answers] == [NS1, other, NS1]


async def test_addresses_are_ipv4_first_and_fail_only_when_neither_was_answered(authority) -> None:
    async with asking(authority) as (dns, _):
        assert await dns.addresses(f"www.{DOMAIN}") == ("104.16.99.10", "2606:4700::99:10")
        assert await dns.addresses(f"nope.{DOMAIN}") == ()
    async with asking(authority, resolver("Frankfurt", trouble=Trouble.REFUSES)) as (dns, _):
        assert isinstance(await dns.addresses(f"www.{DOMAIN}"), Failure)


async def test_authorities_are_every_address_of_every_name_server(authority) -> None:
    async with asking(authority) as (dns, _):
        servers = await dns.authorities(DOMAIN)

    assert {(s.name, s.address) for s in servers} == {
        (f"ns1.{DOMAIN}", "192.88.99.1"),
        (f"ns1.{DOMAIN}", "2001:20::1"),
        (f"ns2.{DOMAIN}", "192.88.99.2"),
        (f"ns2.{DOMAIN}", "2001:20::2"),
    }
    assert not any(s.recursive for s in servers)


async def test_a_name_inside_a_zone_has_the_delegation_of_that_zone(authority) -> None:
    async with asking(authority) as (dns, _):
        told = await dns.delegation(f"app.{DOMAIN}")

    assert isinstance(told, Delegation)
    assert (told.zone, told.parent) == (DOMAIN, "example")
    assert told.glue[f"ns1.{DOMAIN}"] == {"192.88.99.1", "2001:20::1"}


async def test_a_zone_that_does_not_validate_is_found_through_its_parent(authority) -> None:
    from launchready.lab.world import Signing

    async with asking(authority, zone(DOMAIN, signing=Signing.EXPIRED)) as (dns, _):
        told = await dns.delegation(DOMAIN)

    assert isinstance(told, Delegation)
    assert told.zone == DOMAIN
    assert len(told.servers) == 4


async def test_the_second_server_of_the_parent_tells_when_the_first_does_not(authority) -> None:
    change = both(
        name_server("a.nic.example", trouble=Trouble.SILENT),
        records("example", drop=("a.nic AAAA",)),
    )
    async with asking(authority, change) as (dns, _):
        told = await dns.delegation(DOMAIN)

    assert told.parent_names == (f"ns1.{DOMAIN}", f"ns2.{DOMAIN}")
    assert told.parent_server.name == "b.nic.example"


async def test_a_closed_network_leads_nowhere_else() -> None:
    dns = Dns(Network(LIMITS, closed=True), DnsSettings(resolvers=(ResolverSettings(name="x", address="192.0.2.1"),)))

    assert type(await dns.query(DOMAIN, "A")) is Unreachable


async def test_when_the_deadline_has_passed_nothing_is_sent(authority) -> None:
    async with asking(authority, limits=Limits(run_deadline_s=0.0)) as (dns, counts):
        failure = await dns.query(DOMAIN, "A")

    assert "deadline" in failure.detail
    assert not counts


def test_resolvers_named_in_the_settings_are_the_only_ones() -> None:
    settings = DnsSettings(resolvers=(ResolverSettings(name="Berlin", address="192.0.2.1", port=5353),))

    assert Dns(Network(), settings).resolvers == (Server("Berlin", "192.0.2.1", 5353),)


def test_without_named_ones_public_resolvers_are_compared_unless_switched_off() -> None:
    assert [s.address for s in Dns(Network(), DnsSettings()).resolvers][-3:] == ["1.1.1.1", "8.8.8.8", "9.9.9.9"]
    assert len(Dns(Network(), DnsSettings(compare_public=False)).resolvers) <= 1


class Scrambler(asyncio.DatagramProtocol):
    """Answers each question with a real answer whose bytes were changed after the id."""

    def __init__(self, servers: NameServers, view: View) -> None:
        self.servers, self.view, self.random = servers, view, random.Random(7)

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        wire = bytearray(self.servers.respond(self.view, data, "udp"))
        for _ in range(self.random.randint(1, 6)):
            wire[self.random.randrange(2, len(wire))] = self.random.randrange(256)
        self.transport.sendto(bytes(wire[: self.random.choice((len(wire), len(wire), 40))]), addr)


async def test_scrambled_answers_are_answers_or_failures_and_never_raise() -> None:
    servers = NameServers(healthy_world(), Counter())
    (view, *_) = [v for v in servers._views() if v.address == NS1.address]
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: Scrambler(servers, view), ("127.0.0.1", 0))
    way = Detour(NS1.address, 53, "127.0.0.1", transport.get_extra_info("sockname")[1])
    kinds: Counter[type] = Counter()
    for _ in range(40):
        dns = Dns(Network(Limits(lookup_timeout_s=0.1), (way,), closed=True), DnsSettings())
        types = ("SOA", "NS", "MX", "TXT", "CAA", "DNSKEY", "A", "AAAA")
        answers = await asyncio.gather(*(dns.query(DOMAIN, type, server=NS1) for type in types))
        kinds.update(Answer if isinstance(a, Answer) else Failure for a in answers)
    transport.close()

    assert kinds[Answer] + kinds[Failure] == 320
    assert min(kinds.values()) > 20
