"""What the lab's Cloudflare holds is what DNS says at once, everywhere; and octoDNS takes it for the real one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import requests
from octodns.record import Record
from octodns.zone import Zone
from octodns_cloudflare import CloudflareProvider

from launchready.lab.authority import Authority
from launchready.lab.cloudflare.account import TOKEN, CloudflareAccount
from launchready.lab.cloudflare.state import EDGE, CloudflareState
from launchready.lab.cloudflare.worlds import behind_cloudflare
from launchready.lab.faults import faults
from launchready.lab.healthy import DOMAIN, ORIGIN, healthy_world
from launchready.lab.lab import Lab
from launchready.lab.world import Fault, Signing, stale_at_resolver, zone
from launchready.lab.zonedata import parse
from launchready.probes.dns import Answer, Server

from .cloudflare_client import ask, http_client, lab_with

RECORDS = "zones/{zone}/dns_records"
FOUR, SIX = {a for a in EDGE if ":" not in a}, {a for a in EDGE if ":" in a}


async def says(lab: Lab, name: str, type: str, server: Server | None = None) -> Answer:
    look = lab.look()
    try:
        answer = await look.dns.query(name, type, **({"server": server} if server else {}))
    finally:
        await look.close()
    assert isinstance(answer, Answer), answer
    return answer


async def values(lab: Lab, name: str, type: str) -> set[str]:
    return set((await says(lab, name, type)).values)


async def add(lab: Lab, **body: Any) -> None:
    answer = await ask(lab, "POST", RECORDS, json={"ttl": 1, **body})
    assert answer.status_code == 200, answer.text


async def test_a_zone_that_is_not_changed_is_served_as_the_world_has_it(authority: Authority) -> None:
    async with lab_with(authority, proxied=()) as lab:
        assert await values(lab, f"www.{DOMAIN}", "A") == {ORIGIN[0]}
        assert await values(lab, DOMAIN, "MX") == {f"10 mail.{DOMAIN}"}
        assert len(await values(lab, DOMAIN, "CAA")) == 2
        assert await values(lab, DOMAIN, "NS") == {f"ns1.{DOMAIN}", f"ns2.{DOMAIN}"}
        assert (await values(lab, f"s1._domainkey.{DOMAIN}", "TXT")).pop().startswith("v=DKIM1")


async def test_proxied_hosts_are_at_the_edge_and_the_others_where_they_were(authority: Authority) -> None:
    async with lab_with(authority, proxied=("www",)) as lab:
        assert await values(lab, f"www.{DOMAIN}", "A") == FOUR
        assert await values(lab, f"www.{DOMAIN}", "AAAA") == SIX
        assert await values(lab, f"app.{DOMAIN}", "A") == {ORIGIN[0]}
        await ask(lab, "PATCH", "zones/{zone}/settings/ipv6", json={"value": "off"})
        assert await values(lab, f"www.{DOMAIN}", "AAAA") == set()


@pytest.mark.parametrize(
    ("body", "name", "said"),
    [
        ({"type": "A", "name": "new", "content": "192.88.99.11"}, "new", "192.88.99.11"),
        ({"type": "AAAA", "name": "new", "content": "2001:20::11"}, "new", "2001:20::11"),
        ({"type": "A", "name": "*", "content": "192.88.99.11"}, "any.thing", "192.88.99.11"),
        ({"type": "CNAME", "name": "new", "content": f"mail.{DOMAIN}"}, "new", f"mail.{DOMAIN}"),
        ({"type": "MX", "name": "new", "content": "mx.mailer.example", "priority": 5}, "new", "5 mx.mailer.example"),
        ({"type": "TXT", "name": "new", "content": "plain text"}, "new", "plain text"),
        ({"type": "NS", "name": "sub", "content": "ns.mailer.example"}, "sub", "ns.mailer.example"),
        (
            {"type": "CAA", "name": "new", "data": {"flags": 0, "tag": "issuewild", "value": ";"}},
            "new",
            '0 issuewild ";"',
        ),
        (
            {
                "type": "SRV",
                "name": "_imap._tcp",
                "data": {"priority": 1, "weight": 2, "port": 993, "target": f"mail.{DOMAIN}"},
            },
            "_imap._tcp",
            f"1 2 993 mail.{DOMAIN}",
        ),
        (
            {
                "type": "TLSA",
                "name": "_25._tcp.mail",
                "data": {"usage": 3, "selector": 1, "matching_type": 1, "certificate": "ab" * 32},
            },
            "_25._tcp.mail",
            f"3 1 1 {'ab' * 32}",
        ),
    ],
)
async def test_a_record_of_any_type_is_in_dns_at_once(
    authority: Authority, body: dict[str, Any], name: str, said: str
) -> None:
    async with lab_with(authority) as lab:
        await add(lab, **body)
        look = lab.look()
        servers = await look.dns.authorities(DOMAIN)
        await look.close()
        assert isinstance(servers, tuple)
        answer = await says(lab, f"{name}.{DOMAIN}", body["type"], servers[0])
        # A delegation is told in the authority section.
        found = answer.values or tuple(record.text for record in (*answer.aliases, *answer.authority))
        assert said in found, answer


async def test_every_server_says_the_same_and_the_serial_is_raised(authority: Authority) -> None:
    async with lab_with(authority) as lab:
        look = lab.look()
        servers = await look.dns.authorities(DOMAIN)
        assert isinstance(servers, tuple)
        everybody = [*servers, *look.dns.resolvers]
        await look.close()
        before = {(await says(lab, DOMAIN, "SOA", s)).values[0].split()[2] for s in everybody}
        await add(lab, type="TXT", name="new", content="v")
        after = {(await says(lab, DOMAIN, "SOA", s)).values[0].split()[2] for s in everybody}
        assert len(before) == len(after) == 1
        assert int(after.pop()) > int(before.pop())
        assert {(await says(lab, f"new.{DOMAIN}", "TXT", s)).values for s in everybody} == {("v",)}


async def test_a_resolver_that_sees_the_zone_differently_goes_on_doing_so(authority: Authority) -> None:
    stale = stale_at_resolver("Virginia", DOMAIN, drop=("www A",), add=("www 300 A 192.88.99.66",))
    async with lab_with(authority, stale) as lab:
        look = lab.look()
        virginia = next(s for s in look.dns.resolvers if s.name == "Virginia")
        await look.close()
        await add(lab, type="TXT", name="new", content="v")
        assert (await says(lab, f"www.{DOMAIN}", "A", virginia)).values == ("192.88.99.66",)
        assert (await says(lab, f"new.{DOMAIN}", "TXT", virginia)).values == ()


@pytest.mark.parametrize("signing", [Signing.GOOD, Signing.NONE, Signing.EXPIRED])
async def test_what_is_new_is_signed_as_the_zone_is(authority: Authority, signing: Signing) -> None:
    async with lab_with(authority, zone(DOMAIN, signing=signing)) as lab:
        await add(lab, type="TXT", name="new", content="v")
        answer = await says(lab, f"new.{DOMAIN}", "TXT")
        assert answer.status == ("SERVFAIL" if signing is Signing.EXPIRED else "NOERROR")
        assert answer.authentic == (signing is Signing.GOOD)


async def test_an_alias_at_the_apex_is_flattened(authority: Authority) -> None:
    async with lab_with(authority, proxied=()) as lab:
        state = lab.cloudflare
        for type in ("A", "AAAA"):
            del state.records[state.record(DOMAIN, type).id]
        await add(lab, type="CNAME", name="@", content=f"www.{DOMAIN}")
        assert await values(lab, DOMAIN, "A") == {ORIGIN[0]}
        assert await values(lab, DOMAIN, "CNAME") == set()
        assert await values(lab, DOMAIN, "MX") == {f"10 mail.{DOMAIN}"}
        state.record(f"www.{DOMAIN}", "A").content = "192.88.99.11"
        state.changed()
        assert await values(lab, DOMAIN, "A") == {"192.88.99.11"}


async def test_what_is_changed_in_a_zone_that_is_delegated_elsewhere_shows_nowhere(authority: Authority) -> None:
    async with lab_with(authority, status="pending") as lab:
        zone = (await ask(lab, "GET", "zones/{zone}")).json()["result"]
        assert (zone["status"], zone["name_servers"][0]) == ("pending", "ada.ns.cloudflare.com")
        await add(lab, type="TXT", name="new", content="v")
        assert await values(lab, f"new.{DOMAIN}", "TXT") == set()
        assert await values(lab, f"www.{DOMAIN}", "A") == {ORIGIN[0]}


class _Detoured(requests.adapters.HTTPAdapter):
    """requests, as octoDNS has it, sent the lab's way."""

    def __init__(self, lab: Lab) -> None:
        super().__init__()
        self._lab = lab

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        assert request.method
        assert request.url
        with http_client(self._lab) as http:
            answer = http.request(request.method, request.url, content=request.body, headers=dict(request.headers))
        made = requests.Response()
        made.status_code, made._content, made.request = answer.status_code, answer.content, request
        made.headers.update(answer.headers)
        return made


async def test_octodns_plans_applies_and_finds_nothing_more_to_do(authority: Authority) -> None:
    def work(lab: Lab) -> tuple[list[str], int, list[str]]:
        provider = CloudflareProvider("lab", token=TOKEN, pagerules=True)
        provider._sess.mount("https://", _Detoured(lab))
        held = Zone(f"{DOMAIN}.", [])
        provider.populate(held)
        wanted = Zone(f"{DOMAIN}.", [])
        for record in held.records:
            if (record.name, record._type) != ("staging", "AAAA"):
                wanted.add_record(record)
        new = {
            "blog": {"type": "CNAME", "ttl": 300, "value": f"www.{DOMAIN}."},
            "new": {"type": "A", "ttl": 300, "value": ORIGIN[0], "octodns": {"cloudflare": {"proxied": True}}},
            "list": {"type": "MX", "ttl": 300, "values": [{"preference": 5, "exchange": "mx.mailer.example."}]},
            "text": {"type": "TXT", "ttl": 300, "value": "v=x\\; y"},
            "_sip._tcp": {"type": "SRV", "ttl": 300,
                          "value": {"priority": 1, "weight": 2, "port": 5060, "target": f"mail.{DOMAIN}."}},
            "strict": {"type": "CAA", "ttl": 300, "value": {"flags": 0, "tag": "issue", "value": "ca.example"}},
        }  # fmt: skip
        for name, body in new.items():
            wanted.add_record(Record.new(wanted, name, body))
        plan = provider.plan(wanted)
        provider.apply(plan)
        provider._zone_records = {}
        again = Zone(f"{DOMAIN}.", [])
        provider.populate(again)
        left = provider.plan(wanted)
        return [f"{c.__class__.__name__} {c.record.name}" for c in plan.changes], len(again.records), [
            str(c) for c in (left.changes if left else ())
        ]  # fmt: skip

    async with lab_with(authority) as lab:
        changes, _, left = await asyncio.to_thread(work, lab)
        assert "Delete staging" in changes
        assert len(changes) == 7
        assert left == []
        assert await values(lab, f"new.{DOMAIN}", "A") == FOUR
        assert await values(lab, f"staging.{DOMAIN}", "AAAA") == SIX, "its A is proxied still"
        assert await values(lab, f"text.{DOMAIN}", "TXT") == {"v=x; y"}


FLATTENED = "records-cname-root"


@pytest.mark.parametrize("fault", [f for f in faults() if f.id != FLATTENED], ids=lambda fault: fault.id)
def test_taking_a_zone_over_loses_nothing_of_it(fault: Fault) -> None:
    world = behind_cloudflare(fault.change(healthy_world()))
    state = CloudflareState(CloudflareAccount(), world.zones, world.domain)
    before = parse(next(zone for zone in world.zones if zone.origin == world.domain))
    after = parse(state.zone())
    told = {(name, type, rdata.to_text()) for (name, type), rrset in before.rrsets.items() for rdata in rrset}
    assert {(name, type, rdata.to_text()) for (name, type), rrset in after.rrsets.items() for rdata in rrset} == told
