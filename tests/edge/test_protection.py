"""Security headers: judged on pages, one finding a header, nothing on JSON, redirects and errors."""

from __future__ import annotations

import pytest

from launchready.edge.protection import csp_trouble, framing_trouble, referrer_trouble, sniffing_trouble
from launchready.lab.faults.pages import API, APP, STAGING, WWW, csp
from launchready.lab.healthy import DOMAIN, HTML
from launchready.lab.world import Response, both, response_headers, route, site
from launchready.model import Severity, Status
from launchready.probes.http import Page

CHECKS = ("http.headers.csp", "http.headers.sniffing", "http.headers.framing", "http.headers.referrer")
NONE = {"Content-Security-Policy": None, "X-Frame-Options": None, "X-Content-Type-Options": None}


def page(*headers: tuple[str, str], body: str = "<p>") -> Page:
    return Page("https://x.example/", 200, (("content-type", "text/html"), *headers), body.encode())


@pytest.mark.parametrize(
    "policy",
    [
        "default-src 'self'",
        "script-src 'self' https://cdn.example",
        "script-src 'unsafe-inline' 'nonce-abc' 'self'",
        "script-src 'unsafe-inline' 'sha256-abc='",
        "script-src * 'strict-dynamic' 'nonce-abc'",
        "img-src *; script-src 'none'",
        "default-src *, script-src 'self'",
        "SCRIPT-SRC 'self'; script-src *",
    ],
)
def test_a_policy_that_restricts_scripts_is_right(policy: str) -> None:
    assert csp_trouble(page(("content-security-policy", policy))) == ""


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ("frame-ancestors 'none'", "nothing about scripts"),
        ("default-src *", "from anywhere"),
        ("script-src 'self' https:", "from anywhere"),
        ("default-src 'self' 'unsafe-inline'", "unsafe-inline"),
        ("", "no Content-Security-Policy"),
        (";;,", "no Content-Security-Policy"),
    ],
)
def test_a_policy_that_lets_any_script_run_is_named(policy: str, says: str) -> None:
    assert says in csp_trouble(page(("content-security-policy", policy)))


def test_report_only_stops_nothing() -> None:
    assert "report-only" in csp_trouble(page(("content-security-policy-report-only", "default-src 'self'")))


def test_a_policy_in_the_page_counts() -> None:
    meta = """<meta http-equiv="Content-Security-Policy" content="default-src 'self'">"""

    assert csp_trouble(page(body=meta)) == ""


@pytest.mark.parametrize(
    ("headers", "framed"),
    [
        ([("x-frame-options", "DENY")], False),
        ([("x-frame-options", "sameorigin")], False),
        ([("x-frame-options", "SAMEORIGIN, SAMEORIGIN")], False),
        ([("x-frame-options", "SAMEORIGIN"), ("x-frame-options", "DENY")], False),
        ([("x-frame-options", "ALLOWALL")], True),
        ([("x-frame-options", "ALLOW-FROM https://a.example")], True),
        ([], True),
        ([("content-security-policy", "frame-ancestors 'self' https://partner.example")], False),
        ([("content-security-policy", "frame-ancestors *"), ("x-frame-options", "DENY")], True),
        ([("content-security-policy", "default-src 'none'")], True),
    ],
)
def test_who_may_frame_a_page(headers: list[tuple[str, str]], framed: bool) -> None:
    assert bool(framing_trouble(page(*headers))) is framed


def test_frame_ancestors_in_the_page_has_no_effect() -> None:
    assert framing_trouble(page(body="""<meta http-equiv=content-security-policy content="frame-ancestors 'none'">"""))


@pytest.mark.parametrize(
    ("values", "wrong"),
    [(["nosniff"], False), (["NoSniff, x"], False), (["x, nosniff"], True), ([""], True), ([], True)],
)
def test_nosniff_must_come_first(values: list[str], wrong: bool) -> None:
    assert bool(sniffing_trouble(page(*(("x-content-type-options", value) for value in values)))) is wrong


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ("unsafe-url", True),
        ("no-referrer-when-downgrade", True),
        ("unsafe-url, strict-origin-when-cross-origin", False),
        ("strict-origin, unknown-one", False),
        ("", False),
    ],
)
def test_the_last_known_referrer_policy_counts(value: str, wrong: bool) -> None:
    assert bool(referrer_trouble(page(("referrer-policy", value)))) is wrong


async def test_one_missing_header_on_all_hosts_is_one_finding(judge) -> None:
    change = both(*(response_headers(host, put=NONE) for host in (WWW, APP, STAGING)))

    (finding,) = (await judge("http.headers.sniffing", change)).findings

    assert finding.subject == DOMAIN
    assert all(host in finding.evidence for host in (WWW, APP, STAGING))


async def test_a_sign_in_page_that_can_be_framed_is_high(judge) -> None:
    change = both(csp(APP, "default-src 'self'"), response_headers(APP, put={"X-Frame-Options": None}))

    (finding,) = (await judge("http.headers.framing", change)).findings

    assert (finding.subject, finding.severity) == (APP, Severity.HIGH)


@pytest.mark.parametrize("check", CHECKS)
async def test_an_api_a_redirect_and_an_error_page_need_no_headers(judge, check: str) -> None:
    change = both(
        response_headers(API, put={**NONE, "Referrer-Policy": "unsafe-url"}),
        response_headers(DOMAIN, put=NONE),
        route(WWW, "/", Response(404, (HTML,), "<h1>Not found</h1>")),
    )

    assert (await judge(check, change)).findings == ()


@pytest.mark.parametrize("check", CHECKS)
async def test_a_host_that_does_not_answer_is_not_checked(judge, check: str) -> None:
    outcome = await judge(check, site(APP, secure=(), plain=()), hosts=("app",))

    assert [row.subject for row in outcome.not_checked] == [APP]
    assert outcome.status is Status.NOT_CHECKED


async def test_an_application_that_fails_is_not_checked(judge) -> None:
    outcome = await judge("http.headers.csp", route(APP, "/", Response(502, (HTML,), "<h1>Bad Gateway</h1>")))

    assert "502" in outcome.not_checked[0].reason
