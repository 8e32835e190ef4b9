"""Cookies that keep people signed in are judged; others only when browsers refuse them."""

from __future__ import annotations

import pytest

from launchready.audit.cookies import judge_cookie
from launchready.lab.faults.pages import APP, WWW, cookie
from launchready.lab.healthy import HTML, LOGIN, SECURITY_HEADERS
from launchready.lab.world import Response, Trouble, both, route, site
from launchready.model import Severity, Status
from launchready.probes.set_cookie import is_session, read_cookie

RIGHT = "Path=/; Secure; HttpOnly; SameSite=Lax"


@pytest.mark.parametrize(
    "name",
    [
        "session", "sessionid", "PHPSESSID", "JSESSIONID", "ASP.NET_SessionId", "ASPSESSIONIDQQCRBDTC", "connect.sid",
        "_portal_session", "laravel_session", "next-auth.session-token", "__Secure-authjs.session-token", "auth_token",
        "access_token", "refresh-token", "jwt", "remember_web_59ba36addc2b2f94", "remember_user_token", "__session",
        "wordpress_logged_in_1a2b", ".AspNetCore.Cookies", ".AspNetCore.Identity.Application", "__Host-session", "sid",
        "SESS8a5d1e0f3b2c4a6e8f9d0b1c2d3e4f50", "appSession", "sb-abcdefgh-auth-token",
    ],
)  # fmt: skip
def test_names_of_session_cookies_are_known(name: str) -> None:
    assert is_session(read_cookie(f"{name}=6f1d0c6a"))


@pytest.mark.parametrize(
    "name",
    ["csrftoken", "XSRF-TOKEN", "_ga", "_gid", "lang", "theme", "cookie_consent", "AWSALB", "__cf_bm", "_hjSession_12",
     "visitor_session", "cart", "obsession", "recaptcha", "_csrf.session", "SERVERID", "analytics_session_id"],
)  # fmt: skip
def test_other_cookies_are_not_taken_for_sessions(name: str) -> None:
    assert not is_session(read_cookie(f"{name}=6f1d0c6a"))


def test_a_cookie_that_holds_a_json_web_token_is_a_session_whatever_its_name() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"

    assert is_session(read_cookie(f"who={token}"))


@pytest.mark.parametrize(
    "line",
    ["", "=", ";", "session=a\x00b", "session=a\x1b[2J", "x" * 10_000, " ; Secure"],
)
def test_a_line_browsers_do_not_take_is_none(line: str) -> None:
    assert read_cookie(line) is None


def test_a_line_is_read_as_browsers_do() -> None:
    cookie = read_cookie(" session = a=b ; PATH = / ;secure ; SameSite=None; samesite=LAX; HttpOnly=yes")

    assert (cookie.name, cookie.value, cookie.same_site) == ("session", "a=b", "lax")
    assert cookie.secure
    assert cookie.http_only


@pytest.mark.parametrize(
    "attributes",
    ["Max-Age=0", "Max-Age=-1", "Expires=Thu, 01 Jan 1970 00:00:00 GMT", "expires=Thu, 01-Jan-1970 00:00:00 GMT"],
)
def test_a_line_that_deletes_a_cookie_is_recognised(attributes: str) -> None:
    assert read_cookie(f"session=deleted; {attributes}").deleted


@pytest.mark.parametrize(
    "attributes", ["Max-Age=3600", "Expires=Thu, 01 Jan 2099 00:00:00 GMT", "Expires=x", "Max-Age=x"]
)
def test_a_line_that_sets_a_cookie_is_not_taken_for_a_deletion(attributes: str) -> None:
    assert not read_cookie(f"session=a; {attributes}").deleted


@pytest.mark.parametrize(
    ("line", "severities"),
    [
        (f"session=a; {RIGHT}", []),
        ("session=a; Path=/; Secure; HttpOnly; SameSite=None", []),
        ("session=a; Path=/", [Severity.HIGH, Severity.HIGH, Severity.NICE]),
        ("session=a; Secure; HttpOnly", [Severity.NICE]),
        ("session=a; Secure; HttpOnly; SameSite=Whatever", [Severity.NICE]),
        ("session=a; HttpOnly; SameSite=None", [Severity.HIGH]),
        ("pref=a; SameSite=None", [Severity.NICE]),
        ("pref=a", []),
        (f"__Host-session=a; {RIGHT}", []),
        ("__Host-session=a; Secure; HttpOnly; SameSite=Lax", [Severity.HIGH]),
        (f"__Host-pref=a; {RIGHT}; Domain=example.com", [Severity.NICE]),
        ("__secure-pref=a; Path=/", [Severity.NICE]),
        ("sb-abcdefgh-auth-token=base64-x; Path=/; Secure; SameSite=Lax", []),
    ],
)
def test_what_is_wrong_with_a_cookie(line: str, severities: list[Severity]) -> None:
    assert [fault.severity for fault in judge_cookie(read_cookie(line))] == severities


async def test_the_value_of_a_cookie_is_never_quoted(judge) -> None:
    (finding,) = (await judge("http.cookies", cookie("sessionid=6f1d0c6a5b; Path=/"))).findings

    assert "6f1d0c6a5b" not in repr(finding)
    assert "(10 chars, sha256:" in finding.evidence
    assert finding.severity is Severity.HIGH


async def test_a_cookie_set_on_the_way_to_the_sign_in_page_is_judged(judge) -> None:
    change = both(
        route(APP, "/", Response(302, (("Location", "/login"), ("Set-Cookie", "sid=1a2b; Path=/"), *SECURITY_HEADERS))),
        route(APP, "/login", Response(200, (HTML, *SECURITY_HEADERS), LOGIN)),
    )

    (finding,) = (await judge("http.cookies", change)).findings

    assert (finding.subject, finding.key) == (APP, "sid")


async def test_two_cookies_are_two_findings_with_keys_of_their_own(judge) -> None:
    outcome = await judge("http.cookies", cookie("sessionid=a1; Path=/", "refresh_token=b2; Path=/"))

    assert {f.key for f in outcome.findings} == {"sessionid", "refresh_token"}


async def test_a_hostile_cookie_is_read_past(judge) -> None:
    lines = (f"sess{'i' * 9000}on=a", "session=<script>alert(1)</script>; Path=/", *(f"c{i}=1" for i in range(40)))

    (finding,) = (await judge("http.cookies", cookie(*lines))).findings

    assert "<script>" not in finding.evidence


async def test_a_host_that_does_not_answer_is_not_checked(judge) -> None:
    outcome = await judge("http.cookies", site(WWW, trouble=Trouble.CLOSES))

    assert outcome.status is Status.NOT_CHECKED
    assert [row.subject for row in outcome.not_checked] == [WWW]
