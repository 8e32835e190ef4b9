"""Wildcards, dead IPv6, and hosts whose application is not there."""

from __future__ import annotations

import pytest

from launchready.edge.subdomains import says_nobody_home
from launchready.lab.faults.records import NGINX, answers
from launchready.lab.healthy import DOMAIN, EDGE, STRAY
from launchready.lab.world import Response, Trouble, World, both, records, resolver, route, site
from launchready.model import Severity, Status
from launchready.probes.http import Page

APP = f"app.{DOMAIN}"


async def test_a_domain_without_a_wildcard_passes(judge) -> None:
    assert (await judge("dns.wildcard")).status is Status.PASSED


@pytest.mark.parametrize("record", [f"* 300 A {EDGE[0]}", f"* 300 AAAA {EDGE[1]}", "* 300 CNAME www"])
async def test_a_wildcard_is_nice_to_fix(judge, record: str) -> None:
    (finding,) = (await judge("dns.wildcard", records(DOMAIN, add=(record,)))).findings

    assert (finding.subject, finding.severity) == (f"*.{DOMAIN}", Severity.NICE)


async def test_a_wildcard_of_text_records_leads_nowhere(judge) -> None:
    outcome = await judge("dns.wildcard", records(DOMAIN, add=('* 300 TXT "v=spf1 -all"',)))

    assert outcome.findings == ()


@pytest.mark.parametrize("trouble", [Trouble.SILENT, Trouble.SERVFAIL])
async def test_a_wildcard_nobody_answers_for_is_not_checked(judge, trouble: Trouble) -> None:
    assert (await judge("dns.wildcard", resolver("Frankfurt", trouble=trouble))).status is Status.NOT_CHECKED


async def test_ipv6_that_answers_passes(judge) -> None:
    assert (await judge("dns.ipv6")).status is Status.PASSED


async def test_ipv6_where_nobody_listens_is_high(judge) -> None:
    change = both(
        records(DOMAIN, add=(f"app 300 AAAA {STRAY[1]}",), drop=("app AAAA",)), site(APP, addresses=(EDGE[0],))
    )

    (finding,) = (await judge("dns.ipv6", change)).findings

    assert (finding.subject, finding.severity) == (APP, Severity.HIGH)
    assert STRAY[1] in finding.evidence


async def test_no_ipv6_at_all_passes(judge) -> None:
    labels = ("@", "www", "app", "api", "staging", "mta-sts", "mail")
    outcome = await judge("dns.ipv6", records(DOMAIN, drop=tuple(f"{label} AAAA" for label in labels)))

    assert outcome.status is Status.PASSED
    assert outcome.passed[0].detail == "no host advertises IPv6"


async def test_a_machine_without_a_route_to_ipv6_says_so_once(judge) -> None:
    def unrouted(world: World) -> World:
        from dataclasses import replace

        v4 = tuple(replace(s, addresses=tuple(a for a in s.addresses if ":" not in a)) for s in world.sites)
        return replace(world, sites=v4, mail_servers=())

    outcome = await judge("dns.ipv6", unrouted)

    assert outcome.status is Status.NOT_CHECKED
    assert len(outcome.not_checked) == 1
    assert "no way to IPv6" in outcome.not_checked[0].reason


async def test_hosts_that_answer_pass(judge) -> None:
    outcome = await judge("dns.subdomains")

    assert outcome.status is Status.PASSED
    assert not any(row.subject == f"mail.{DOMAIN}" for row in outcome.passed)


async def test_a_bad_gateway_on_a_named_host_is_a_blocker_and_on_a_found_one_high(judge) -> None:
    change = route(APP, "/", Response(502, (), "<h1>502 Bad Gateway</h1>"))

    (named,) = (await judge("dns.subdomains", change, hosts=("app",))).findings
    (found,) = (await judge("dns.subdomains", change)).findings

    assert (named.severity, found.severity) == (Severity.BLOCKER, Severity.HIGH)
    assert "answers 502" in named.problem


async def test_a_stock_page_is_found(judge) -> None:
    change = both(records(DOMAIN, add=("dashboard 300 A 192.88.99.90",)), answers("dashboard", 200, NGINX))

    (finding,) = (await judge("dns.subdomains", change)).findings

    assert finding.subject == f"dashboard.{DOMAIN}"


async def test_an_api_with_nothing_at_its_root_passes(judge) -> None:
    assert (await judge("dns.subdomains", route(f"api.{DOMAIN}", "/", Response(404)))).findings == ()


async def test_a_named_host_that_does_not_answer_is_not_checked_here(judge) -> None:
    outcome = await judge("dns.subdomains", site(APP, trouble=Trouble.SILENT), hosts=("app",))

    assert outcome.findings == ()
    assert [row.subject for row in outcome.not_checked] == [APP]


@pytest.mark.parametrize(
    ("status", "body", "home"),
    [
        (200, b"<title>Brightside</title>", True),
        (404, b"", True),
        (401, b"", True),
        (500, b"", False),
        (503, b"", False),
        (530, b"error code: 1016", False),
        (421, b"", False),
        (200, b"<TITLE lang=en>\n Welcome to nginx!</TITLE>", False),
        (200, b"<title>Apache2 Ubuntu Default Page: It works</title>", False),
        (200, b"<title>How to read 'Welcome to nginx!'</title>", True),
        (200, b"<title" * 100_000, True),
        (200, b"\xff\x00\x1b]0;x\x07", True),
    ],
)
def test_who_is_at_home(status: int, body: bytes, home: bool) -> None:
    assert (says_nobody_home(Page("https://app.brightside.example/", status, (), body)) == "") is home
