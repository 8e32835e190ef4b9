"""An edge in front of the hosts people open: recognised or not, whole or half, and what is not asked for."""

from __future__ import annotations

import pytest

from launchready.lab.faults.edge import API, APP, HALF, WWW, moved
from launchready.lab.healthy import DOMAIN, EDGE, HTML, ORIGIN, SECURITY_HEADERS
from launchready.lab.world import Response, Trouble, both, records, response_headers, route, site
from launchready.model import Proof, Severity, Status

CLOUDFLARE = {"Server": "cloudflare", "CF-RAY": "8f2c1b0a9d3e4f56-FRA"}


async def test_hosts_behind_an_edge_pass_by_its_name(judge) -> None:
    outcome = await judge("edge.front")

    assert outcome.status is Status.PASSED
    assert {row.subject for row in outcome.passed} == {DOMAIN, WWW, APP}
    assert all("Cloudflare (by address)" in row.detail for row in outcome.passed)


async def test_hosts_without_a_known_edge_are_one_finding_graver_where_people_sign_in(judge) -> None:
    outcome = await judge("edge.front", both(moved(DOMAIN), moved(WWW), moved(APP)))

    (finding,) = outcome.findings
    assert (finding.subject, finding.severity) == (DOMAIN, Severity.HIGH)
    assert all(host in finding.evidence for host in (DOMAIN, WWW, APP))
    assert f"sign in at {APP}" in finding.problem
    assert "No known edge" in finding.problem


async def test_a_host_that_only_leads_on_is_nice_to_fix(judge) -> None:
    (finding,) = (await judge("edge.front", moved(DOMAIN))).findings

    assert (finding.subject, finding.severity) == (DOMAIN, Severity.NICE)


@pytest.mark.parametrize(
    ("headers", "front"),
    [
        ({"X-Vercel-Id": "fra1::iad1::x7k2p-1763"}, "the edge of the platform Vercel (by answer)"),
        ({"Via": "1.1 heroku-router"}, "the edge of the platform Heroku (by answer)"),
        (CLOUDFLARE, "Cloudflare (by answer)"),
    ],
)
async def test_an_edge_at_an_address_of_no_list_is_known_by_its_answer(judge, headers, front: str) -> None:
    outcome = await judge("edge.front", both(moved(APP), response_headers(APP, put=headers)))

    assert outcome.findings == ()
    assert f"behind {front}" in {row.detail for row in outcome.passed}


@pytest.mark.parametrize("headers", [{"Server": "cloudflare"}, {"Server": "Cloudflare-like"}, {"X-Cache": "HIT"}])
async def test_a_word_in_a_header_is_no_edge(judge, headers) -> None:
    outcome = await judge("edge.front", both(moved(APP), response_headers(APP, put=headers)))

    assert [finding.subject for finding in outcome.findings] == [APP]


async def test_apis_mail_and_staging_need_no_edge(judge) -> None:
    outcome = await judge("edge.front", moved(API), hosts=("api",))

    assert outcome.findings == ()
    assert (await judge("edge.front", moved(f"staging.{DOMAIN}"), hosts=("staging",))).findings == ()


async def test_an_application_that_fails_is_still_looked_at(judge) -> None:
    change = both(moved(APP), route(APP, "/", Response(502, (HTML, *SECURITY_HEADERS), "<h1>Bad Gateway</h1>")))

    outcome = await judge("edge.front", change, hosts=("app",))

    assert [finding.subject for finding in outcome.findings] == [APP]


async def test_a_service_of_somebody_else_under_a_name_of_ours_needs_no_edge(judge) -> None:
    change = both(
        records(DOMAIN, drop=("app A", "app AAAA"), add=("app 300 CNAME desk.hosting.example.",)),
        records("hosting.example", add=(f"desk 300 A {ORIGIN[0]}",)),
        site(APP, addresses=(ORIGIN[0],)),
    )

    assert (await judge("edge.front", change)).findings == ()
    assert [f.subject for f in (await judge("edge.front", change, hosts=("app",))).findings] == [APP]


@pytest.mark.parametrize("trouble", [Trouble.SILENT, Trouble.GARBAGE, Trouble.REFUSES])
async def test_a_host_that_gives_no_answer_at_an_unknown_address_is_not_checked(judge, trouble: Trouble) -> None:
    outcome = await judge("edge.front", both(moved(APP), site(APP, trouble=trouble)), hosts=("app",))

    assert outcome.findings == ()
    assert APP in {row.subject for row in outcome.not_checked}


async def test_protection_is_told_in_the_vendors_words(judge) -> None:
    outcome = await judge("edge.ddos")

    assert outcome.status is Status.PASSED
    assert "always on" in outcome.passed[0].detail


async def test_an_address_past_the_edge_is_found_with_the_record_to_delete(judge) -> None:
    (finding,) = (await judge("edge.ddos", HALF)).findings

    assert (finding.subject, finding.severity) == (APP, Severity.HIGH)
    assert finding.paste == f"delete: {APP} AAAA {ORIGIN[1]}"


async def test_an_address_of_the_edge_that_no_list_has_yet_is_known_by_its_answer(judge) -> None:
    assert (await judge("edge.ddos", both(HALF, response_headers(APP, put=CLOUDFLARE)))).findings == ()


async def test_an_address_that_does_not_answer_is_no_finding(judge) -> None:
    change = records(DOMAIN, drop=("app AAAA",), add=(f"app 300 AAAA {ORIGIN[1]}",))

    assert (await judge("edge.ddos", both(change, site(APP, addresses=(EDGE[0],))))).findings == ()


async def test_without_an_edge_protection_is_not_checked_and_the_bar_stays_unproven(audit) -> None:
    change = both(moved(DOMAIN), moved(WWW), moved(APP))

    report = await audit(change, checks=["edge.front", "edge.ddos"])

    row = next(row for row in report.bar if row.id == "M2(edge)")
    assert row.proof is Proof.UNPROVEN
    assert {subject.subject for _, subject in report.not_checked} == {DOMAIN, WWW, APP}


async def test_an_edge_in_front_proves_the_row_of_the_bar(audit) -> None:
    report = await audit(checks=["edge.front", "edge.ddos"])

    assert next(row for row in report.bar if row.id == "M2(edge)").proof is Proof.PROVEN


async def test_a_platform_that_says_nothing_about_floods_is_not_checked(judge) -> None:
    change = both(moved(APP), response_headers(APP, put={"Via": "1.1 heroku-router"}))

    outcome = await judge("edge.ddos", change)

    assert [row.subject for row in outcome.not_checked] == [APP]
    assert "Heroku does not say" in outcome.not_checked[0].reason
