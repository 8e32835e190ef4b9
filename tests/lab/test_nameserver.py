"""The lab's name servers and resolvers, asked with packets made here."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import pytest

from launchready.lab.healthy import DOMAIN, healthy_world
from launchready.lab.nameserver import NameServers
from launchready.lab.world import Signing, Trouble, both, name_server, records, resolver, zone

NS1, FRANKFURT = "192.88.99.1", "192.88.99.53"


@asynccontextmanager
async def served(change=None):
    """`ask(address, name, type, tcp=…)` of the changed world's servers, and what they counted."""
    world = change(healthy_world()) if change else healthy_world()
    counts: Counter[tuple[str, ...]] = Counter()
    servers = NameServers(world, counts)
    ways = {d.host: d for d in await servers.start()}

    async def ask(address, name, type, *, tcp=False, flags=dns.flags.RD, dnssec=False, payload=1232, timeout=1.0):
        query = dns.message.make_query(name, type, flags=flags, want_dnssec=dnssec, payload=payload, use_edns=0)
        way = ways[address]
        exchange = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
        return await exchange(query, way.to_address, timeout=timeout, port=way.to_port)

    try:
        yield ask, counts
    finally:
        await servers.stop()


def texts(section):
    return sorted(f"{s.name} {r}" for s in section for r in s if s.rdtype != 46)


async def test_an_authoritative_answer_has_authority_and_no_recursion() -> None:
    async with served() as (ask, _):
        answer = await ask(NS1, f"www.{DOMAIN}", "A")

    assert texts(answer.answer) == [f"www.{DOMAIN}. 104.16.99.10"]
    assert answer.flags & dns.flags.AA
    assert not answer.flags & dns.flags.RA


@pytest.mark.parametrize(("name", "code"), [(f"nope.{DOMAIN}", "NXDOMAIN"), (f"_domainkey.{DOMAIN}", "NOERROR")])
async def test_what_is_missing_is_told_from_what_only_has_something_below_it(name: str, code: str) -> None:
    async with served() as (ask, _):
        answer = await ask(NS1, name, "A")

    assert dns.rcode.to_text(answer.rcode()) == code
    assert not answer.answer
    assert [s.rdtype.name for s in answer.authority] == ["SOA"]


async def test_the_parent_refers_with_glue_and_without_authority() -> None:
    async with served() as (ask, _):
        answer = await ask("192.88.99.3", DOMAIN, "NS")

    assert not answer.answer
    assert {f"{DOMAIN}. ns1.{DOMAIN}.", f"{DOMAIN}. ns2.{DOMAIN}."} <= set(texts(answer.authority))
    assert f"ns2.{DOMAIN}. 2001:20::2" in texts(answer.additional)
    assert not answer.flags & dns.flags.AA


async def test_a_wildcard_answers_under_the_name_asked_and_only_where_nothing_is() -> None:
    async with served(records(DOMAIN, add=("* 300 A 104.16.99.10",))) as (ask, _):
        made, there = await ask(NS1, f"any.thing.{DOMAIN}", "A"), await ask(NS1, f"mail.{DOMAIN}", "A")

    assert texts(made.answer) == [f"any.thing.{DOMAIN}. 104.16.99.10"]
    assert texts(there.answer) == [f"mail.{DOMAIN}. 192.88.99.25"]


async def test_aliases_are_chased_inside_the_zone_and_by_resolvers_across_zones() -> None:
    change = records(DOMAIN, add=("a 300 CNAME b", "b 300 CNAME out.mailer.example."))
    async with served(change) as (ask, _):
        own, resolved = await ask(NS1, f"a.{DOMAIN}", "A"), await ask(FRANKFURT, f"a.{DOMAIN}", "A")

    assert len(own.answer) == 2
    assert texts(resolved.answer)[-1] == "out.mailer.example. 192.88.99.35"


async def test_a_loop_of_aliases_is_cut() -> None:
    change = records(DOMAIN, add=("a 300 CNAME b", "b 300 CNAME a"))
    async with served(change) as (ask, _):
        for server in (NS1, FRANKFURT):
            answer = await ask(server, f"a.{DOMAIN}", "A")
            assert len(answer.answer) == 2


async def test_a_zone_may_hold_what_standard_servers_refuse() -> None:
    change = records(DOMAIN, add=("@ 300 CNAME out.mailer.example.", "www 300 CNAME out.mailer.example."))
    async with served(change) as (ask, _):
        apex, beside = await ask(NS1, DOMAIN, "CNAME"), await ask(NS1, f"www.{DOMAIN}", "A")

    assert texts(apex.answer) == [f"{DOMAIN}. out.mailer.example."]
    assert texts(beside.answer) == [f"www.{DOMAIN}. 104.16.99.10"]


async def test_a_server_refuses_what_it_does_not_serve() -> None:
    async with served() as (ask, _):
        answer = await ask(NS1, "mailer.example", "SOA")

    assert answer.rcode() == dns.rcode.REFUSED


async def test_a_resolver_knows_nothing_under_no_zone_and_fails_below_a_lost_delegation() -> None:
    change = records(DOMAIN, add=("shop 300 NS ns.gone.example.",))
    async with served(change) as (ask, _):
        nothing, lost = await ask(FRANKFURT, "www.nowhere.test", "A"), await ask(FRANKFURT, f"a.shop.{DOMAIN}", "A")

    assert nothing.rcode() == dns.rcode.NXDOMAIN
    assert lost.rcode() == dns.rcode.SERVFAIL


async def test_a_large_answer_is_cut_over_udp_and_whole_over_tcp() -> None:
    change = records(DOMAIN, add=tuple(f'big 300 TXT "{n:04} {"x" * 240}"' for n in range(250)))
    async with served(change) as (ask, _):
        over_udp, over_tcp = await ask(NS1, f"big.{DOMAIN}", "TXT"), await ask(NS1, f"big.{DOMAIN}", "TXT", tcp=True)

    assert over_udp.flags & dns.flags.TC
    assert len(over_udp.to_wire()) <= 1232
    assert len(over_tcp.answer[0]) == 250


async def test_every_question_is_counted_by_address_name_type_and_transport() -> None:
    async with served() as (ask, counts):
        await ask("2001:20::1", f"WWW.{DOMAIN}", "A")
        await ask("2001:20::1", f"www.{DOMAIN}", "A", tcp=True)

    assert counts == {
        ("dns", "2001:20::1", f"www.{DOMAIN}", "A", "udp"): 1,
        ("dns", "2001:20::1", f"www.{DOMAIN}", "A", "tcp"): 1,
    }


async def test_a_signed_zone_is_signed_on_demand_and_its_parent_has_the_ds() -> None:
    async with served() as (ask, _):
        plain, signed = await ask(NS1, DOMAIN, "SOA"), await ask(NS1, DOMAIN, "SOA", dnssec=True)
        keys = await ask(NS1, DOMAIN, "DNSKEY", dnssec=True)
        ds = await ask("192.88.99.3", DOMAIN, "DS")

    assert [s.rdtype.name for s in plain.answer] == ["SOA"]
    assert [s.rdtype.name for s in signed.answer] == ["SOA", "RRSIG"]
    assert ds.answer[0][0].key_tag == dns.dnssec.key_id(keys.answer[0][0])


@pytest.mark.parametrize(
    "signing", [Signing.EXPIRED, Signing.WRONG_DS, Signing.UNSIGNED_WITH_DS, Signing.BAD_SIGNATURE]
)
async def test_a_resolver_refuses_what_does_not_validate_unless_checking_is_off(signing: Signing) -> None:
    async with served(zone(DOMAIN, signing=signing)) as (ask, _):
        checked = await ask(FRANKFURT, DOMAIN, "A")
        unchecked = await ask(FRANKFURT, DOMAIN, "A", flags=dns.flags.RD | dns.flags.CD)

    assert checked.rcode() == dns.rcode.SERVFAIL
    assert texts(unchecked.answer) == [f"{DOMAIN}. 104.16.99.10"]


async def test_ad_is_set_for_signed_zones_only() -> None:
    async with served() as (ask, _):
        signed, unsigned = await ask(FRANKFURT, DOMAIN, "A"), await ask(FRANKFURT, "mailer.example", "NS")

    assert signed.flags & dns.flags.AD
    assert not unsigned.flags & dns.flags.AD


@pytest.mark.parametrize("trouble", [Trouble.SILENT, Trouble.NO_UDP, Trouble.CLOSES, Trouble.REFUSES])
async def test_mute_servers_say_nothing_over_udp(trouble: Trouble) -> None:
    async with served(name_server(f"ns1.{DOMAIN}", trouble=trouble)) as (ask, _):
        with pytest.raises((dns.exception.Timeout, OSError)):
            await ask(NS1, DOMAIN, "SOA", timeout=0.1)


async def test_a_late_answer_of_somebody_elses_is_not_answered() -> None:
    async with served() as (ask, counts):
        with pytest.raises(dns.exception.Timeout):
            await ask(NS1, DOMAIN, "A", flags=dns.flags.QR, timeout=0.2)

    assert not counts


async def test_codes_and_lameness_are_as_named() -> None:
    change = both(
        name_server(f"ns1.{DOMAIN}", trouble=Trouble.LAME), resolver("Virginia", trouble=Trouble.REFUSED_CODE)
    )
    async with served(change) as (ask, _):
        lame, refused = await ask(NS1, DOMAIN, "SOA"), await ask("192.88.99.54", DOMAIN, "SOA")

    assert (lame.rcode(), lame.flags & dns.flags.AA, lame.answer) == (dns.rcode.NOERROR, 0, [])
    assert refused.rcode() == dns.rcode.REFUSED


async def test_nothing_listens_after_stop() -> None:
    servers = NameServers(healthy_world(), Counter())
    (way, *_) = await servers.start()
    await servers.stop()

    with pytest.raises(OSError):
        await asyncio.open_connection(way.to_address, way.to_port)
