"""Redirects: what leads to HTTPS, what goes in circles, how long the way is, and whether it is for good."""

from __future__ import annotations

import pytest

from launchready.edge.redirects import _circle
from launchready.lab.healthy import DOMAIN, HTML, PAGE, SECURITY_HEADERS
from launchready.lab.world import Response, Trouble, both, route, site
from launchready.model import Severity, Status
from launchready.probes.http import Chain, Page

WWW, APP, API = f"www.{DOMAIN}", f"app.{DOMAIN}", f"api.{DOMAIN}"
SHOWN = Response(200, (HTML, *SECURITY_HEADERS), PAGE)


def to(url: str, status: int = 301, *headers: tuple[str, str]) -> Response:
    return Response(status, (("Location", url), SECURITY_HEADERS[0], *headers))


async def test_every_host_of_the_healthy_domain_leads_from_plain_http_to_https(judge) -> None:
    outcome = await judge("http.plain")

    assert outcome.status is Status.PASSED
    assert {DOMAIN, WWW, APP, API} <= {row.subject for row in outcome.passed}


async def test_a_page_in_clear_is_a_blocker_with_a_rule_to_paste(judge) -> None:
    (finding,) = (await judge("http.plain", route(APP, "*", SHOWN, plain=True))).findings

    assert (finding.subject, finding.severity, finding.key) == (APP, Severity.BLOCKER, "clear")
    assert f"200 http://{APP}/" in finding.evidence
    assert f"return 301 https://{APP}$request_uri" in finding.paste


async def test_a_sign_in_by_the_browser_in_clear_is_content(judge) -> None:
    locked = Response(401, (("WWW-Authenticate", "Basic"),))

    (finding,) = (await judge("http.plain", route(APP, "*", locked, plain=True))).findings

    assert finding.severity is Severity.BLOCKER


async def test_pages_in_clear_below_a_front_page_that_redirects_are_a_blocker(judge) -> None:
    change = both(route(WWW, "*", SHOWN, plain=True), route(WWW, "/", to(f"https://{WWW}/"), plain=True))

    (finding,) = (await judge("http.plain", change)).findings

    assert (finding.subject, finding.key) == (WWW, "deeper")


async def test_a_way_over_another_host_in_clear_leads_to_https_in_the_end(judge) -> None:
    assert (await judge("http.plain", route(DOMAIN, "*", to(f"http://{WWW}/"), plain=True))).findings == ()


async def test_a_closed_port_80_is_right_for_a_subdomain_and_nice_to_fix_on_the_root(judge) -> None:
    outcome = await judge("http.plain", both(site(APP, plain=()), site(DOMAIN, plain=())))

    assert [(f.subject, f.severity) for f in outcome.findings] == [(DOMAIN, Severity.NICE)]
    assert any(row.subject == APP and "closed" in row.detail for row in outcome.passed)


@pytest.mark.parametrize("trouble", [Trouble.SILENT, Trouble.GARBAGE, Trouble.CLOSES, Trouble.ENDLESS_HEADERS])
async def test_a_port_80_in_trouble_is_not_checked_with_the_reason(judge, trouble: Trouble) -> None:
    outcome = await judge("http.plain", site(APP, plain_trouble=trouble))

    assert outcome.status is Status.NOT_CHECKED
    (row,) = outcome.not_checked
    assert row.subject == APP
    assert f"http://{APP}/: " in row.reason


async def test_a_body_without_end_in_clear_is_content_all_the_same(judge) -> None:
    (finding,) = (await judge("http.plain", site(APP, plain_trouble=Trouble.GZIP_BOMB))).findings

    assert finding.key == "clear"


async def test_a_circle_is_told_once_whichever_way_leads_into_it(judge) -> None:
    (finding,) = (await judge("http.loop", route(WWW, "/", to(f"https://{DOMAIN}/")))).findings

    assert (finding.subject, finding.severity, finding.key) == (DOMAIN, Severity.BLOCKER, "")
    assert f"301 https://{WWW}/" in finding.evidence


async def test_two_circles_are_two_findings(judge) -> None:
    change = both(route(APP, "/", to(f"https://{APP}/")), route(API, "/", to(f"https://{API}/")))

    outcome = await judge("http.loop", change)

    assert {f.subject for f in outcome.findings} == {APP, API}


async def test_a_circle_that_waits_for_cookies_is_none(judge) -> None:
    seen = ("Set-Cookie", "seen=1")
    change = both(route(APP, "/", to(f"https://{APP}/", 302, seen)), route(APP, "/", SHOWN, cookie="seen=1"))

    assert (await judge("http.loop", change)).findings == ()


async def test_a_circle_that_sets_cookies_and_never_ends_is_a_blocker(judge) -> None:
    change = route(APP, "/", to(f"https://{APP}/", 302, ("Set-Cookie", "session=1")))

    assert [f.subject for f in (await judge("http.loop", change)).findings] == [APP]


async def test_a_circle_below_the_front_page_is_found_among_the_pages_named(judge) -> None:
    change = both(route(APP, "/login", to(f"https://{APP}/login/")), route(APP, "/login/", to(f"https://{APP}/login")))

    (finding,) = (await judge("http.loop", change, pages=("/", "/login"))).findings

    assert (finding.subject, finding.key) == (APP, "/login")
    assert (await judge("http.loop", change)).findings == ()


async def test_a_silent_host_leaves_circles_unknown(judge) -> None:
    outcome = await judge("http.loop", site(APP, trouble=Trouble.SILENT))

    assert outcome.status is Status.NOT_CHECKED


async def test_three_redirects_between_addresses_are_one_too_many(judge) -> None:
    change = both(route(DOMAIN, "*", to(f"https://{APP}{{target}}")), route(APP, "/", to(f"https://{WWW}/")))

    (finding,) = (await judge("http.hops", change)).findings

    assert (finding.subject, finding.severity) == (DOMAIN, Severity.NICE)
    assert f"return 301 https://{WWW}$request_uri" in finding.paste


async def test_redirects_within_a_host_are_the_applications_own(judge) -> None:
    change = both(*(route(WWW, here, to(there, 302)) for here, there in [("/", "/a"), ("/a", "/b"), ("/b", "/c")]))

    assert (await judge("http.hops", change)).findings == ()


@pytest.mark.parametrize("status", [302, 303, 307])
async def test_a_temporary_move_to_the_canonical_host_is_told_once(judge, status: int) -> None:
    (finding,) = (await judge("http.permanent", route(DOMAIN, "*", to(f"https://{WWW}{{target}}", status)))).findings

    assert (finding.subject, finding.severity) == (f"https://{DOMAIN}/", Severity.NICE)


@pytest.mark.parametrize("location", ["/login", "/de/", f"https://sign-in.{DOMAIN}/?back=1", f"https://{WWW}/welcome"])
async def test_what_leads_to_a_login_or_a_language_is_rightly_temporary(judge, location: str) -> None:
    change = both(route(APP, "/", to(location, 302)), route(WWW, "/", to("/en/", 302)))

    assert (await judge("http.permanent", change)).findings == ()


def hop(url: str, location: str) -> Page:
    return Page(url, 301, (("location", location),), b"")


def test_a_circle_is_named_by_the_urls_that_lead_to_one_another() -> None:
    a, b, c = "https://a.example/", "https://b.example/", "https://c.example/"
    pages = (hop(a, b), hop(b, c), hop(c, b))

    assert _circle(Chain(pages, pages[-1], loop=True)) == {b, c}


def test_a_circle_that_grows_is_named_by_where_it_grows() -> None:
    pages = tuple(hop(f"https://a.example/{'x' * n}", f"https://a.example/{'x' * (n + 1)}") for n in range(5))

    assert _circle(Chain(pages, pages[-1], loop=True)) == {"https://a.example"}
