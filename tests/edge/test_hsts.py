"""HSTS as browsers take it: the first header, void when it is written wrongly."""

from __future__ import annotations

import pytest

from launchready.edge.hsts import A_YEAR_S, Policy, policy_of
from launchready.lab.healthy import DOMAIN, HTML, PAGE, SECURITY_HEADERS
from launchready.lab.world import Response, Trouble, both, response_headers, route, site
from launchready.model import Severity, Status
from launchready.probes.http import Page

WWW, APP, API = f"www.{DOMAIN}", f"app.{DOMAIN}", f"api.{DOMAIN}"
NAME = "Strict-Transport-Security"


def sends(host: str, value: str | None):  # type: ignore[no-untyped-def]
    return response_headers(host, put={NAME: value})


@pytest.mark.parametrize(
    ("value", "policy"),
    [
        ("max-age=31536000", (31536000, False, False)),
        ('Max-Age="600" ; IncludeSubDomains ; PRELOAD;', (600, True, True)),
        (" max-age = 600;;", (600, False, False)),
        ("max-age=0", (0, False, False)),
        ("max-age=9999999999999999999", (999999999999, False, False)),
        ("includeSubDomains; max-age=600; unknown=directive", (600, True, False)),
        ("includeSubDomains", (None, False, False)),
        ("max-age=-1", (None, False, False)),
        ("max-age=٣", (None, False, False)),
        ("max-age=600, max-age=600", (None, False, False)),
        ("max-age=600; max-age=600", (None, False, False)),
        ("", (None, False, False)),
    ],
)
def test_a_header_is_read_as_browsers_read_it(value: str, policy: tuple[int | None, bool, bool]) -> None:
    page = Page("https://x.example/", 200, ((NAME.lower(), value),), b"")

    assert policy_of(page) == Policy((value,), *policy)


def test_only_the_first_of_two_headers_counts() -> None:
    page = Page("https://x.example/", 200, ((NAME.lower(), "max-age=0"), (NAME.lower(), "max-age=600")), b"")

    assert not policy_of(page).works


async def test_the_healthy_domain_passes_on_every_host(judge) -> None:
    outcome = await judge("http.hsts")

    assert outcome.status is Status.PASSED
    assert {DOMAIN, WWW, APP, API} <= {row.subject for row in outcome.passed}


async def test_its_absence_is_one_finding_for_all_hosts_that_people_use(judge) -> None:
    change = both(sends(DOMAIN, None), sends(WWW, None), sends(APP, None))

    (finding,) = (await judge("http.hsts", change, hosts=("app",))).findings

    assert (finding.subject, finding.severity, finding.key) == (DOMAIN, Severity.HIGH, "absent")
    assert APP in finding.problem
    assert finding.paste == f"{NAME}: max-age={A_YEAR_S}; includeSubDomains"


async def test_hosts_that_were_only_found_are_nice_to_fix(judge) -> None:
    change = both(sends(DOMAIN, "max-age=31536000"), sends(APP, None), sends(API, None))

    (finding,) = (await judge("http.hsts", change)).findings

    assert (finding.severity, finding.key) == (Severity.NICE, "absent elsewhere")


async def test_a_subdomain_below_a_root_that_covers_it_needs_none(judge) -> None:
    outcome = await judge("http.hsts", sends(APP, None), hosts=("app",))

    assert outcome.findings == ()
    assert any(row.subject == APP and "covered" in row.detail for row in outcome.passed)


async def test_a_subdomain_that_switches_itself_off_is_not_covered(judge) -> None:
    (finding,) = (await judge("http.hsts", sends(APP, "max-age=0"), hosts=("app",))).findings

    assert (finding.subject, finding.severity) == (APP, Severity.HIGH)
    assert "max-age=0" in finding.problem


async def test_a_header_in_clear_only_is_told_as_such(judge) -> None:
    plain = Response(301, (("Location", f"https://{DOMAIN}{{target}}"), SECURITY_HEADERS[0]))
    change = both(sends(DOMAIN, None), route(DOMAIN, "*", plain, plain=True))

    (finding,) = (await judge("http.hsts", change)).findings

    assert "over plain HTTP only" in finding.problem


async def test_less_than_half_a_year_is_nice_to_fix(judge) -> None:
    (finding,) = (await judge("http.hsts", sends(WWW, "max-age=2592000"))).findings

    assert (finding.subject, finding.severity, finding.key) == (WWW, Severity.NICE, "short")
    assert "30 days" in finding.problem


@pytest.mark.parametrize(
    "change",
    [
        sends(DOMAIN, "max-age=31536000; preload"),
        sends(DOMAIN, "max-age=16000000; includeSubDomains; preload"),
        route(DOMAIN, "*", Response(301, (("Location", f"https://{WWW}{{target}}"),)), plain=True),
    ],
    ids=["without subdomains", "too short", "another host first"],
)
async def test_a_preload_that_the_list_would_refuse_is_nice_to_fix(judge, change) -> None:
    (finding,) = (await judge("http.hsts", change)).findings

    assert (finding.subject, finding.severity, finding.key) == (DOMAIN, Severity.NICE, "preload")


async def test_two_headers_that_disagree_are_nice_to_fix_and_two_alike_are_fine(judge) -> None:
    other = route(WWW, "/", Response(200, (HTML, (NAME, "max-age=31536000"), *SECURITY_HEADERS), PAGE))
    alike = route(WWW, "/", Response(200, (HTML, SECURITY_HEADERS[0], *SECURITY_HEADERS), PAGE))

    (finding,) = (await judge("http.hsts", other)).findings

    assert (finding.subject, finding.key) == (WWW, "twice")
    assert (await judge("http.hsts", alike)).findings == ()


async def test_the_paste_leaves_subdomains_out_when_one_of_them_speaks_no_https(judge) -> None:
    change = both(sends(DOMAIN, None), site(APP, secure=()))

    (finding,) = (await judge("http.hsts", change, hosts=("app",))).findings

    assert "includeSubDomains" not in finding.paste


async def test_a_silent_host_is_not_checked(judge) -> None:
    outcome = await judge("http.hsts", site(APP, trouble=Trouble.SILENT))

    assert outcome.status is Status.NOT_CHECKED
    assert [row.subject for row in outcome.not_checked] == [APP]
