"""What caches keep: nothing that is about one person, and the files of everybody for as long as fits their name."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.conftest import QUICK

from launchready import gate
from launchready.edge.caching import judge_file, personal, sign_in_links
from launchready.edge.files import loaded
from launchready.lab.edge_http import Request
from launchready.lab.faults.edge import API, APP, BUNDLE, SESSION, WWW, file, keeps
from launchready.lab.healthy import DOMAIN, HTML, LOGIN, PAGE, SECURITY_HEADERS, healthy_world
from launchready.lab.lab import Lab
from launchready.lab.world import Response, Trouble, both, route, site
from launchready.model import Severity, Status
from launchready.probes.file_names import named_by_content
from launchready.probes.page import Page

TOKEN = '<form><input type=hidden name=authenticity_token value="f00dfeed"></form>'
JSON = ("Content-Type", "application/json")
NO_STORE = ("Cache-Control", "private, no-store")


def page(body: str = "<p>", *headers: tuple[str, str]) -> Page:
    return Page("https://www.x.example/", 200, (("content-type", "text/html"), *headers), body.encode())


@pytest.mark.parametrize(
    "line",
    [
        "sessionid=6f1d0c6a5b; Path=/; HttpOnly",
        "__Host-session=6f1d0c6a5b; Path=/; Secure",
        "laravel_session=eyJpdiI6; Path=/",
        "csrftoken=1a2b3c; Path=/",
        "XSRF-TOKEN=eyJpdiI6; Path=/",
    ],
)
def test_a_cookie_of_one_person_makes_an_answer_theirs(line: str) -> None:
    assert personal(page("", ("set-cookie", line))).startswith("sets")


@pytest.mark.parametrize(
    "line",
    [
        "lang=en; Path=/",
        "_ga=GA1.2.3; Path=/",
        "__cf_bm=abc; Path=/; HttpOnly",
        "AWSALB=abc; Path=/",
        "cookie_consent=yes",
        "sessionid=; Max-Age=0; Path=/",
        "sessionid=gone; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "",
        "\x00",
        "=",
        "x" * 10_000,
    ],
)
def test_other_cookies_do_not(line: str) -> None:
    assert personal(page("", ("set-cookie", line))) == ""


def test_a_form_with_a_token_is_one_persons_and_a_form_without_is_not() -> None:
    assert "authenticity_token" in personal(page(TOKEN))
    assert personal(page(LOGIN)) == ""
    assert personal(page("<input type=hidden name=csrf_token value=''>")) == ""
    assert personal(page(f"<template>{TOKEN}</template>")) == ""


async def test_a_cookie_that_the_owner_names_is_one_persons(judge) -> None:
    change = keeps("public, max-age=60", ("Set-Cookie", "who=6f1d0c6a; Path=/"), host=WWW, body=PAGE)

    named = await judge("edge.caching.private", change, edge={"cache": {"session_cookies": ["who"]}})

    assert [f.severity for f in named.findings] == [Severity.BLOCKER]
    assert (await judge("edge.caching.private", change)).findings == ()


def test_links_to_sign_in_on_the_same_host_are_followed_and_others_are_not() -> None:
    body = (
        "<a href=/login>a</a><a href='https://www.x.example/sign-in?next=/'>b</a><a href=https://y.example/login>c</a>"
        "<a href='http://www.x.example/login'>d</a><a href='https://['>login</a><a href=/about>e</a>"
    )

    links = list(sign_in_links(page(body), "www.x.example"))

    assert links == ["https://www.x.example/login", "https://www.x.example/sign-in?next=/"]


@pytest.mark.parametrize(
    ("value", "severity"),
    [
        ("public, max-age=300", Severity.BLOCKER),
        ("max-age=300", Severity.BLOCKER),
        ("s-maxage=60, max-age=0", Severity.BLOCKER),
        ("public", Severity.BLOCKER),
        (None, Severity.HIGH),
        ("", Severity.HIGH),
        (",;,", Severity.HIGH),
    ],
)
async def test_a_session_cookie_that_caches_may_keep_is_found(judge, value: str | None, severity: Severity) -> None:
    (finding,) = (await judge("edge.caching.private", keeps(value))).findings

    assert (finding.subject, finding.severity) == (APP, severity)
    assert "session" in finding.problem
    assert "6f1d0c6a" not in finding.problem + finding.evidence


@pytest.mark.parametrize(
    "value", ["private", "no-store", "no-cache", "max-age=0, must-revalidate", "max-age=banana, , private="]
)
async def test_a_session_cookie_that_no_cache_may_keep_is_right(judge, value: str) -> None:
    assert (await judge("edge.caching.private", keeps(value))).status is Status.PASSED


@pytest.mark.parametrize("header", [("CF-Cache-Status", "HIT"), ("Age", "7"), ("X-Cache", "Hit from cloudfront")])
async def test_a_session_cookie_out_of_a_cache_is_a_blocker_whatever_the_page_says(judge, header) -> None:
    (finding,) = (await judge("edge.caching.private", keeps("private, no-store", header))).findings

    assert finding.severity is Severity.BLOCKER
    assert "came out of a shared cache" in finding.problem


class KeepsEverything:
    """An edge with a rule that keeps every page, whatever the page says of it: the second to ask gets the first's."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    def answer(self, asked: Request) -> Response:
        self.asked[asked.target] += 1
        status = "HIT" if self.asked[asked.target] > 1 else "MISS"
        return Response(200, (HTML, *SECURITY_HEADERS, SESSION, ("CF-Cache-Status", status)), LOGIN)

    def close(self) -> None:
        """Nothing is open."""


async def test_a_cache_that_keeps_a_session_against_its_headers_shows_at_the_second_look(authority) -> None:
    edge = KeepsEverything()
    async with Lab(healthy_world(), authority=authority, live=edge) as lab:  # type: ignore[arg-type]
        look = lab.look(QUICK)
        report = await gate.run(look.portal, look, gate.select(["edge.caching.private"]))

    (finding,) = report.findings
    assert (finding.subject, finding.severity) == (APP, Severity.BLOCKER)
    assert edge.asked == {"/": 2}


async def test_a_file_that_caches_keep_with_a_session_is_a_blocker(judge) -> None:
    (finding,) = (await judge("edge.caching.private", file("public, max-age=60", SESSION))).findings

    assert (finding.subject, finding.severity) == (WWW, Severity.BLOCKER)
    assert BUNDLE in finding.problem


async def test_vary_cookie_does_not_save_a_page_that_sets_a_cookie(judge) -> None:
    (finding,) = (await judge("edge.caching.private", keeps("public, max-age=60", ("Vary", "Cookie")))).findings

    assert finding.severity is Severity.BLOCKER


async def test_vary_cookie_keeps_a_form_apart(judge) -> None:
    body = PAGE.replace("</body>", f"{TOKEN}</body>")

    outcome = await judge("edge.caching.private", keeps("public, max-age=60", ("Vary", "Cookie"), host=WWW, body=body))
    without = await judge("edge.caching.private", keeps("public, max-age=60", host=WWW, body=body))

    assert outcome.findings == ()
    assert [f.severity for f in without.findings] == [Severity.BLOCKER]


async def test_a_redirect_that_sets_a_session_is_judged_too(judge) -> None:
    def leads(*headers: tuple[str, str], status: int = 302):
        return both(
            route(APP, "/", Response(status, (("Location", "/login"), SESSION, *headers))),
            route(APP, "/login", Response(200, (HTML, *SECURITY_HEADERS), LOGIN)),
        )

    found = await judge("edge.caching.private", leads(("Cache-Control", "public, max-age=60")))
    silent = await judge("edge.caching.private", leads())
    for_ever = await judge("edge.caching.private", leads(status=301))

    assert [f.severity for f in found.findings] == [Severity.BLOCKER]
    assert silent.findings == ()
    assert [f.severity for f in for_ever.findings] == [Severity.HIGH]


async def test_json_with_a_session_cookie_is_judged_as_pages_are(judge) -> None:
    change = route(API, "/", Response(200, (JSON, SESSION, ("Cache-Control", "max-age=60")), '{"status":"ok"}'))

    assert [f.subject for f in (await judge("edge.caching.private", change)).findings] == [API]


async def test_a_page_to_sign_in_that_the_first_page_links_to_is_judged(judge) -> None:
    change = both(
        route(WWW, "/", Response(200, (HTML, *SECURITY_HEADERS), PAGE.replace("https://app", "/login?at=https://app"))),
        route(WWW, "/login", Response(200, (HTML, SESSION, ("Cache-Control", "public, max-age=60")), LOGIN)),
    )

    (finding,) = (await judge("edge.caching.private", change)).findings

    assert finding.problem.startswith(f"https://{WWW}/login?at=")


async def test_a_host_that_does_not_answer_is_not_checked(judge) -> None:
    for check in ("edge.caching.private", "edge.caching.static", "edge.compression"):
        outcome = await judge(check, site(APP, trouble=Trouble.SILENT), hosts=("app",))

        assert APP in {row.subject for row in outcome.not_checked}, check
        assert outcome.findings == ()


@pytest.mark.parametrize(
    "url",
    [
        "https://x/static/app.3f2a9c81.js",
        "https://x/assets/index-BQx1sK2f.js",
        "https://x/assets/app-C_-8ad7q.js",
        "https://x/_next/static/chunks/main-abcdef0123456789.js",
        "https://x/_next/static/media/4473ecc91f70f139-s.p.woff2",
        "https://x/main.abc123ef.chunk.css",
        "https://x/s.css?v=3f2a9c81",
    ],
)
def test_names_that_bundlers_write_change_with_their_content(url: str) -> None:
    assert named_by_content(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://x/static/site.css",
        "https://x/static/jquery-3.7.1.min.js",
        "https://x/bootstrap.bundle.min.js",
        "https://x/logo-20240101.png",
        "https://x/feedback-form.css",
        "https://x/CommonStyles2.css",
        "https://x/fontawesome-webfont.woff2",
        "https://x/s.css?v=12",
        "https://x/",
    ],
)
def test_words_versions_and_dates_are_no_hashes(url: str) -> None:
    assert not named_by_content(url)


def script(*headers: tuple[str, str], path: str = BUNDLE) -> Page:
    return Page(f"https://x.example{path}", 200, (("content-type", "text/javascript"), *headers), b"")


@pytest.mark.parametrize(
    ("value", "path", "right"),
    [
        ("public, max-age=31536000, immutable", BUNDLE, True),
        ("max-age=2592000", BUNDLE, True),
        ("max-age=2591999", BUNDLE, False),
        ("no-cache", BUNDLE, False),
        ("no-store", BUNDLE, False),
        ("no-cache", "/site.js", True),
        ("max-age=0, must-revalidate", "/site.js", True),
        ("max-age=60", "/site.js", True),
        ("s-maxage=60", "/site.js", True),
        ("no-store", "/site.js", False),
        ("public", "/site.js", False),
        ("max-age=banana, , private=", "/site.js", False),
        ("", "/site.js", False),
    ],
)
def test_how_long_a_file_may_be_kept(value: str, path: str, right: bool) -> None:
    assert (judge_file(script(("cache-control", value), ("etag", '"1"'), path=path)) == "") is right


def test_asked_for_each_time_without_a_validator_is_fetched_whole() -> None:
    assert "fetched whole" in judge_file(script(("cache-control", "no-cache"), path="/site.js"))
    dated = ("last-modified", "Wed, 25 Nov 2026 09:00:00 GMT")
    assert judge_file(script(("cache-control", "no-cache"), dated, path="/site.js")) == ""


async def test_files_that_say_nothing_are_one_finding_a_host(judge) -> None:
    change = both(file(None), route(WWW, "/static/site.css", Response(200, (("Content-Type", "text/css"),), "a{}")))

    (finding,) = (await judge("edge.caching.static", change)).findings

    assert (finding.subject, finding.severity) == (WWW, Severity.HIGH)
    assert "2 files that say nothing" in finding.problem
    assert finding.paste == "Cache-Control: public, max-age=31536000, immutable"


@pytest.mark.parametrize("status", [404, 500])
async def test_a_file_that_is_not_there_is_not_judged(judge, status: int) -> None:
    change = both(file(None), route(WWW, BUNDLE, Response(status, (("Content-Type", "text/javascript"),), "")))

    assert (await judge("edge.caching.static", change)).findings == ()


async def test_a_file_that_does_not_come_is_not_checked(judge) -> None:
    change = both(file(None), route(WWW, BUNDLE, Response(trouble=Trouble.CLOSES)))

    outcome = await judge("edge.caching.static", change)

    assert [row.subject for row in outcome.not_checked] == [WWW]


def test_files_of_the_domain_alone_are_looked_at() -> None:
    body = (
        "<base href=/a/><link rel='preload stylesheet' href=b.css><script src=//static.x.example/c.js></script>"
        "<script src=https://cdn.y.example/d.js></script><img src=data:image/png;base64,AA><img src='http://[/e.png'>"
        "<link rel=canonical href=/f><img src=http://www.x.example/g.png>"
    )

    assert list(loaded(page(body), "x.example")) == [
        "https://www.x.example/a/b.css",
        "https://static.x.example/c.js",
    ]


async def test_the_healthy_world_keeps_what_it_should(judge) -> None:
    for check in ("edge.caching.private", "edge.caching.static", "edge.compression"):
        outcome = await judge(check)
        assert outcome.status is Status.PASSED
        assert DOMAIN in {row.subject for row in outcome.passed}
