"""Caching of walked routes: one client's pages never shared, files of everybody kept; and the note of the handover."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.performance.judging import HEALTHY, found, passed, unchecked

from launchready.lab.faults.performance_answers import answered, by_cookie, filed, headed
from launchready.measurement import BodyFacts, JsonList, Measurement, Resource
from launchready.model import Severity
from launchready.performance.caching import caching
from launchready.performance.caching_judgement import Keep, judged_file
from launchready.performance.caching_notes import Note, duration, markdown, notes
from launchready.performance.saved import kept_headers
from launchready.probes.page import Page

API, PAGE = "GET /api/invoices", "GET /"
SESSION = ("set-cookie", "sessionid=…; HttpOnly; Secure")


def note(measured: Measurement, route: str) -> Note:
    return next(one for one in notes(measured) if one.route == route)


@pytest.mark.parametrize(
    ("headers", "severity"),
    [
        ({"cache_control": "public, max-age=600", "vary": None}, Severity.BLOCKER),
        ({"cache_control": "s-maxage=60", "vary": None}, Severity.BLOCKER),
        ({"cache_control": "private", "cdn_cache_control": "max-age=60", "vary": None}, Severity.BLOCKER),
        ({"x_cache": "Hit from cloudfront", "vary": None}, Severity.BLOCKER),
        ({"age": "12", "vary": None}, Severity.BLOCKER),
        ({"cache_control": "public, max-age=600", "vary": "Cookie"}, Severity.HIGH),
    ],
)
async def test_a_clients_page_that_a_shared_cache_keeps_is_found(
    headers: dict[str, str | None], severity: Severity
) -> None:
    row = await found(caching, answered(PAGE, headed(**headers))(HEALTHY))

    assert (row.subject, row.severity) == (PAGE, severity)
    assert row.paste == "Cache-Control: private, no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {"cache_control": "private, max-age=60"},
        {"cache_control": "no-cache"},
        {"cache_control": "max-age=0, must-revalidate"},
        {"cache_control": None, "vary": "Accept-Encoding, Cookie"},
        {"cache_control": "max-age=60", "vary": "Cookie"},
        {"cf_cache_status": "DYNAMIC"},
        {"x_cache": "Miss from cloudfront"},
        {"age": "0"},
    ],
)
async def test_what_keeps_a_clients_page_apart_is_right(headers: dict[str, str | None]) -> None:
    assert await passed(caching, by_cookie(lambda one: one)(answered(PAGE, headed(**headers))(HEALTHY)))


async def test_an_answer_that_sets_a_session_is_one_persons_although_nobody_was_signed_in() -> None:
    callback = next(e for e in HEALTHY.exchanges if e.route == PAGE)
    callback = replace(
        callback,
        route="GET /sso/callback",
        url=f"{HEALTHY.url}/sso/callback",
        signed_in=False,
        status=302,
        headers=(SESSION, ("cache-control", "max-age=300"), ("vary", "Cookie")),
    )

    row = await found(caching, replace(HEALTHY, exchanges=(*HEALTHY.exchanges, callback)))

    assert row.severity is Severity.BLOCKER
    assert row.problem.startswith(
        "GET /sso/callback sets the session cookie `sessionid`, and shared caches may keep it"
    )


async def test_with_a_token_only_what_opens_an_answer_to_caches_counts() -> None:
    private = answered(API, headed(cache_control="max-age=60", vary=None))
    public = answered(API, headed(cache_control="public, max-age=60", vary=None))

    assert await passed(caching, private(HEALTHY))  # no answer of the measurement sets a cookie
    assert (await found(caching, by_cookie(lambda one: one)(private(HEALTHY)))).severity is Severity.BLOCKER
    assert (await found(caching, public(HEALTHY))).severity is Severity.BLOCKER


async def test_what_says_nothing_is_one_finding_a_host() -> None:
    row = await found(caching, by_cookie(headed(cache_control=None, vary=None))(HEALTHY))

    assert (row.subject, row.severity) == ("app.brightside.example", Severity.HIGH)
    assert "GET /: no Cache-Control" in row.evidence
    assert "GET /api/invoices: no Cache-Control" in row.evidence
    assert "POST" not in row.evidence


async def test_a_session_that_is_renewed_with_vary_alone_is_nice_to_fix_and_quoted_as_it_is() -> None:
    row = await found(caching, answered(PAGE, lambda one: replace(one, headers=(("vary", "Cookie"), SESSION)))(HEALTHY))

    assert row.severity is Severity.NICE
    assert "only `Vary: Cookie` keeps" in row.problem
    assert "no Vary" not in row.evidence


@pytest.mark.parametrize("name", ["portal.{id}.css", "{id}"])
def test_a_build_file_whose_name_is_shown_in_part_may_be_kept_for_a_year(name: str) -> None:
    file = Resource(
        f"https://app.example/static/{name}", "style", 0, 0, 9, 200, False, False, headers=(("date", "today"),)
    )

    verdict = judged_file(file)

    assert verdict
    assert verdict.header == "Cache-Control: public, max-age=31536000, immutable"


async def test_who_is_not_signed_in_is_the_edges_business() -> None:
    def public(measured: Measurement) -> Measurement:
        exchanges = tuple(replace(e, signed_in=False) for e in measured.exchanges)
        return replace(measured, exchanges=exchanges)

    assert await passed(caching, public(answered(PAGE, headed(cache_control="public, max-age=60"))(HEALTHY)))


async def test_a_list_that_both_clients_get_alike_may_be_kept_by_all() -> None:
    facts = BodyFacts("json", 9_000, lists=(JsonList("plans", 30, 8_900, ("id", "name", "price")),))
    change = answered(API, lambda one: replace(headed(cache_control="public, max-age=60")(one), facts=facts))
    measured = change(HEALTHY)
    one = next(e for e in measured.exchanges if e.route == API)

    alike = replace(measured, exchanges=(*measured.exchanges, replace(one, user="newcomer")))
    other = replace(one, user="newcomer", facts=replace(facts, size=9_001))

    assert await passed(caching, alike)
    assert (await found(caching, replace(measured, exchanges=(*measured.exchanges, other)))).subject == API


@pytest.mark.parametrize(
    ("headers", "severity", "says"),
    [
        ([("cache-control", "no-store")], Severity.HIGH, "forbids to keep it"),
        ([("cache-control", "max-age=0")], Severity.HIGH, "has no validator"),
        ([("cache-control", "max-age=0"), ("etag", '"1"')], Severity.NICE, "asked for again with each page"),
        ([("date", "today")], Severity.NICE, "says nothing about keeping it"),
    ],
)
async def test_files_that_are_fetched_again_with_each_page_are_one_finding_a_host(
    headers: list[tuple[str, str]], severity: Severity, says: str
) -> None:
    row = await found(caching, filed(*headers)(HEALTHY))

    assert (row.subject, row.severity) == ("app.brightside.example", severity)
    assert row.problem.startswith("/static/")
    assert says in row.problem
    assert "a round trip on the line is 30 ms" in row.evidence
    assert row.paste == "Cache-Control: public, max-age=31536000, immutable"
    assert "no-store" not in row.fix  # that is for pages of who is signed in


@pytest.mark.parametrize(
    "cache_control", ["public, max-age=31536000, immutable", "max-age=86400", "private, max-age=3600"]
)
async def test_files_that_are_kept_for_a_while_are_right(cache_control: str) -> None:
    assert await passed(caching, filed(("cache-control", cache_control))(HEALTHY))


async def test_files_whose_headers_nobody_wrote_down_are_not_in_the_table() -> None:
    assert await passed(caching, HEALTHY)
    assert not [one for one in notes(HEALTHY) if one.what in ("style", "script")]


async def test_without_a_walk_caching_is_not_checked() -> None:
    assert (await unchecked(caching, replace(HEALTHY, exchanges=(), visits=()))).reason == "no route was walked"


def test_the_note_says_of_each_route_what_where_how_long_and_why() -> None:
    measured = filed(("cache-control", "public, max-age=31536000, immutable"))(HEALTHY)
    measured = answered(PAGE, headed(cache_control="private, max-age=90"))(measured)

    login, page = note(measured, "POST /account/login/").verdict, note(measured, PAGE).verdict
    script = next(one for one in notes(measured) if one.what == "script").verdict

    assert (login.keep, login.where, login.why) == (Keep.DYNAMIC, "nowhere", "sent with POST: it changes something")
    assert (page.keep, page.where, page.lifetime_s) == (Keep.DYNAMIC, "browser", 90)
    assert (script.keep, script.where, duration(script.lifetime_s)) == (Keep.CACHED, "edge and browser", "1 year")


def test_the_table_puts_what_is_wrong_first_and_breaks_on_nothing() -> None:
    measured = answered(API, headed(cache_control="public, max-age=600", vary=None))(HEALTHY)
    odd = replace(measured.exchanges[0], method="GET", route="GET /a|b\n|", url=f"{HEALTHY.url}/a")

    table = markdown(notes(replace(measured, exchanges=(*measured.exchanges, odd)))).splitlines()

    assert table[2].startswith("| GET /api/invoices | JSON | wrongly cached | edge and browser | 10 minutes |")
    assert all(line.replace("\\|", "").count("|") == 8 for line in table)
    assert markdown(()) == "No route was walked yet: run `launchready perf`.\n"


@pytest.mark.parametrize("name", ["cache-status", "x-proxy-cache", "cdn-cache", "cloudflare-cdn-cache-control", "age"])
def test_the_headers_that_are_judged_are_kept_of_a_walk(name: str) -> None:
    assert kept_headers(Page(f"{HEALTHY.url}/", 200, ((name, "hit"),), b"")) == ((name, "hit"),)
