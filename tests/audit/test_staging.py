"""Staging hosts must stay out of search engines, live ones must not."""

from __future__ import annotations

import pytest

from launchready.audit.staging import forbids_all, is_staging, says_noindex
from launchready.lab.faults.pages import APP, STAGING, WWW, page, robots
from launchready.lab.healthy import DOMAIN, HTML, LOGIN, PAGE, SECURITY_HEADERS
from launchready.lab.world import Response, Route, Trouble, both, records, response_headers, route, site
from launchready.model import Severity, Status
from launchready.portal import Portal
from launchready.probes.http import Page

OPEN = response_headers(STAGING, put={"X-Robots-Tag": None})


def text(body: str, kind: str = "text/plain") -> Page:
    return Page("https://x.example/robots.txt", 200, (("content-type", kind),), body.encode())


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (STAGING, True),
        (f"stage.{DOMAIN}", True),
        (f"uat-2.{DOMAIN}", True),
        (f"app-staging.{DOMAIN}", True),
        (f"test.{DOMAIN}", True),
        (f"preview.{DOMAIN}", True),
        (f"testing-tools.{DOMAIN}", False),
        (f"dev.{DOMAIN}", False),
        (f"stages.{DOMAIN}", False),
        (f"backstage.{DOMAIN}", False),
        (DOMAIN, False),
        (WWW, False),
    ],
)
def test_which_hosts_are_staging(host: str, expected: bool) -> None:
    assert is_staging(host, Portal(domain=DOMAIN, staging=("preview",))) is expected


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ((("x-robots-tag", "noindex, nofollow"),), "", True),
        ((("x-robots-tag", "NONE"),), "", True),
        ((("x-robots-tag", "unavailable_after: 25 Jun 2010 15:00:00 PST"), ("x-robots-tag", "noindex")), "", True),
        ((("x-robots-tag", "googlebot: noindex"),), "", False),
        ((("x-robots-tag", "nofollow"),), "", False),
        ((), '<meta name="ROBOTS" content="NoIndex">', True),
        ((), '<meta name="googlebot" content="noindex">', False),
        ((), '<!-- <meta name="robots" content="noindex"> -->', False),
    ],
)
def test_what_tells_every_crawler_to_leave_a_page_out(headers: tuple, body: str, expected: bool) -> None:
    answer = Page("https://x.example/", 200, (("content-type", "text/html"), *headers), body.encode())

    assert bool(says_noindex(answer)) is expected


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("User-agent: *\nDisallow: /", True),
        ("user-agent:*\r\ndisallow:/ # all\r\n", True),
        ("User-agent: a\nUser-agent: *\nDisallow: /\n", True),
        ("User-agent: *\nDisallow:", False),
        ("User-agent: *\nDisallow: /admin", False),
        ("User-agent: BadBot\nDisallow: /", False),
        ("User-agent: *\nDisallow: /\nAllow: /public", False),
        ("User-agent: *\nDisallow: /admin\nUser-agent: BadBot\nDisallow: /", False),
        ("", False),
    ],
)
def test_whether_robots_keeps_everyone_from_everything(rules: str, expected: bool) -> None:
    assert forbids_all(text(rules)) is expected


def test_a_page_in_place_of_robots_says_nothing() -> None:
    assert not forbids_all(text("User-agent: *\nDisallow: /", "text/html"))


async def test_a_staging_host_that_says_noindex_passes(judge) -> None:
    assert (await judge("exposure.staging")).status is Status.PASSED


async def test_an_open_staging_host_is_high(judge) -> None:
    (finding,) = (await judge("exposure.staging", OPEN)).findings

    assert (finding.subject, finding.severity) == (STAGING, Severity.HIGH)
    assert finding.paste == "X-Robots-Tag: noindex, nofollow"


@pytest.mark.parametrize(
    "change",
    [
        both(OPEN, robots(STAGING, "User-agent: *\nDisallow: /")),
        both(OPEN, page(LOGIN, host=STAGING)),
    ],
    ids=["robots.txt", "sign-in form"],
)
async def test_robots_alone_or_a_sign_in_form_is_nice_to_fix(judge, change) -> None:
    (finding,) = (await judge("exposure.staging", change)).findings

    assert finding.severity is Severity.NICE


@pytest.mark.parametrize(
    "answer",
    [
        Response(401, (("WWW-Authenticate", "Basic"),)),
        Response(403, (HTML,), "<h1>Forbidden</h1>"),
        Response(302, (("Location", "https://sso.mailer.example/"),)),
    ],
)
async def test_a_staging_host_that_shows_nothing_passes(judge, answer: Response) -> None:
    assert (await judge("exposure.staging", site(STAGING, secure=(Route("*", answer),)))).status is Status.PASSED


async def test_a_domain_without_a_staging_host_passes(judge) -> None:
    outcome = await judge("exposure.staging", records(DOMAIN, drop=("staging A", "staging AAAA")))

    assert outcome.passed[0].detail == "no staging host found"


@pytest.mark.parametrize("trouble", [Trouble.SILENT, Trouble.GARBAGE])
async def test_a_staging_host_in_trouble_is_not_checked(judge, trouble: Trouble) -> None:
    outcome = await judge("exposure.staging", site(STAGING, trouble=trouble))

    assert [row.subject for row in outcome.not_checked] == [STAGING]


async def test_a_live_site_that_hides_is_nice_to_fix(judge) -> None:
    for change in (response_headers(WWW, put={"X-Robots-Tag": "noindex"}), robots(WWW, "User-agent: *\nDisallow: /")):
        (finding,) = (await judge("http.indexing", change)).findings

        assert (finding.subject, finding.severity) == (WWW, Severity.NICE)


async def test_a_portal_whose_front_is_a_sign_in_form_may_hide(judge) -> None:
    change = page(LOGIN, headers=(("X-Robots-Tag", "noindex"),))

    assert (await judge("http.indexing", change)).status is Status.PASSED


async def test_an_app_that_hides_is_right(judge) -> None:
    change = route(APP, "/", Response(200, (HTML, *SECURITY_HEADERS, ("X-Robots-Tag", "noindex")), PAGE))

    assert (await judge("http.indexing", change)).findings == ()


async def test_a_live_site_that_does_not_answer_is_not_checked(judge) -> None:
    assert (await judge("http.indexing", site(WWW, trouble=Trouble.CLOSES))).status is Status.NOT_CHECKED
