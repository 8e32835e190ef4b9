"""The same answers everywhere, told apart from answers that are localised on purpose."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from launchready.edge.consistency import is_time, lag
from launchready.lab.faults.dns import ASIA, IN_ASIA_TOO, LOCAL_WWW, MOVED_WWW, NS2, seen_by, soa
from launchready.lab.healthy import DOMAIN, EDGE
from launchready.lab.world import Trouble, both, certificate, name_server, records, resolver, stale_at_resolver
from launchready.model import Status

ALL = ("serial", "authorities", "family", "regions")


@pytest.mark.parametrize("check", ALL)
async def test_a_healthy_domain_is_the_same_everywhere(judge, check: str) -> None:
    outcome = await judge(f"dns.consistency.{check}")

    assert outcome.status is Status.PASSED


@pytest.mark.parametrize("check", ALL[:3])
async def test_name_servers_that_never_answer_are_not_compared(judge, check: str) -> None:
    change = both(name_server(f"ns1.{DOMAIN}", trouble=Trouble.SILENT), name_server(NS2, trouble=Trouble.SILENT))
    outcome = await judge(f"dns.consistency.{check}", change)

    assert outcome.status is Status.NOT_CHECKED
    assert not outcome.findings


@pytest.mark.parametrize("trouble", [Trouble.SILENT, Trouble.WRONG_ID, Trouble.GARBAGE, Trouble.REFUSES])
async def test_a_region_that_does_not_answer_is_not_checked_and_the_others_are(judge, trouble: Trouble) -> None:
    outcome = await judge("dns.consistency.regions", resolver("Virginia", trouble=trouble))

    assert not outcome.findings
    assert [row.subject for row in outcome.not_checked] == [f"{DOMAIN} in Virginia"]
    assert len(outcome.passed) == 2


async def test_one_resolver_alone_compares_nothing(judge) -> None:
    resolvers = [{"name": "Frankfurt", "address": "192.88.99.53"}]
    outcome = await judge("dns.consistency.regions", dns={"resolvers": resolvers})

    assert outcome.status is Status.NOT_CHECKED


async def test_regions_are_compared_with_each_other_when_no_name_server_answers(judge) -> None:
    change = both(
        name_server(f"ns1.{DOMAIN}", trouble=Trouble.SILENT),
        name_server(NS2, trouble=Trouble.SILENT),
        stale_at_resolver("Singapore", DOMAIN, **MOVED_WWW),
    )
    (finding,) = (await judge("dns.consistency.regions", change)).findings

    assert finding.key == "Singapore"


async def test_a_local_place_with_a_certificate_of_another_host_is_a_finding(judge) -> None:
    change = both(
        IN_ASIA_TOO,
        certificate(f"www.{DOMAIN}", names=("other.example",)),
        stale_at_resolver("Singapore", DOMAIN, **LOCAL_WWW),
    )
    (finding,) = (await judge("dns.consistency.regions", change)).findings

    assert f"Singapore {ASIA[0]}" in finding.evidence


async def test_behind_the_same_alias_regions_may_differ(judge) -> None:
    alias = records(DOMAIN, drop=("www A", "www AAAA"), add=("www 300 CNAME cdn.hosting.example.",))
    here = records("hosting.example", add=(f"cdn 60 A {EDGE[0]}", f"cdn 60 AAAA {EDGE[1]}"))
    there = stale_at_resolver("Singapore", "hosting.example", add=("cdn 60 A 192.88.99.99", "cdn 60 AAAA 2001:20::99"))
    there_first = both(alias, stale_at_resolver("Singapore", "hosting.example"), here)
    outcome = await judge("dns.consistency.regions", both(alias, there, here))
    empty = await judge("dns.consistency.regions", there_first)

    assert outcome.status is Status.PASSED
    assert [f.key for f in empty.findings] == ["Singapore"]


async def test_a_lookalike_provider_in_ipv6_translation_is_no_difference(judge) -> None:
    change = stale_at_resolver("Singapore", DOMAIN, drop=("www AAAA",), add=("www 300 AAAA 64:ff9b::c058:630a",))

    assert (await judge("dns.consistency.regions", change)).status is Status.PASSED


async def test_texts_that_differ_between_name_servers_are_shown(judge) -> None:
    change = seen_by(NS2, drop=("@ TXT",), add=('@ 300 TXT "v=spf1 -all"',))
    (finding,) = (await judge("dns.consistency.authorities", change)).findings

    assert f"{NS2} says v=spf1 -all" in finding.evidence


async def test_an_alias_at_one_name_server_only_is_found_unless_it_leads_to_the_same_place(judge) -> None:
    target = records("hosting.example", add=(f"cdn 60 A {EDGE[0]}", f"cdn 60 AAAA {EDGE[1]}"))
    alias = seen_by(NS2, drop=("www A", "www AAAA"), add=("www 300 CNAME cdn.hosting.example.",))
    dead = seen_by(NS2, drop=("www A", "www AAAA"), add=("www 300 CNAME gone.hosting.example.",))

    assert (await judge("dns.consistency.authorities", both(target, alias))).status is Status.PASSED
    assert (await judge("dns.consistency.authorities", dead)).status is Status.FOUND


async def test_a_host_delegated_elsewhere_is_left_to_its_own_servers(judge) -> None:
    change = records(DOMAIN, drop=("app A", "app AAAA"), add=("app 300 NS ns.mailer.example.",))
    outcome = await judge("dns.consistency.authorities", change, hosts=("app",))

    assert outcome.status is Status.PASSED


async def test_serials_over_ipv4_and_ipv6_are_compared_too(judge) -> None:
    from launchready.lab.faults.dns import seen_at

    change = seen_at(NS2, "2001:20::2", drop=("@ SOA",), add=soa(2026103001))
    (finding,) = (await judge("dns.consistency.family", change)).findings

    assert "serial: 192.88.99.2 2026110101, 2001:20::2 2026103001" in finding.evidence


@pytest.mark.parametrize(
    ("newer", "older", "distance"),
    [(5, 3, 2), (3, 5, -2), (5, 4294967290, 11), (4294967290, 5, -11), (7, 7, 0), (2**31, 0, -(2**31))],
)
def test_serials_are_compared_across_zero(newer: int, older: int, distance: int) -> None:
    assert lag(newer, older) == distance


@pytest.mark.parametrize(
    ("serial", "yes"), [(1795000000, True), (1780000000, True), (1900000000, False), (2026110101, False), (42, False)]
)
def test_a_serial_that_counts_seconds_is_told_from_one_that_is_a_date(serial: int, yes: bool) -> None:
    assert is_time(serial, datetime(2026, 11, 24, tzinfo=UTC)) is yes
