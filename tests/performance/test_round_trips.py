"""Round trips that a buyer waits for and need not: redirects, calls, connections."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.performance.judging import HEALTHY, found, judged, passed

from launchready.lab.faults.performance_answers import answered, calling, redirected, spoken
from launchready.measurement import BodyFacts, Measurement, Resource, Visit
from launchready.model import Finding, NotChecked, Severity
from launchready.performance.round_trips import round_trips

FONT = "https://fonts.vendor.example/a.woff2"


def visiting(*loads: Resource, **changes: object) -> Measurement:
    """The dashboard's visit with more resources."""

    def changed(visit: Visit) -> Visit:
        return replace(visit, resources=(*visit.resources, *loads), **changes)  # type: ignore[arg-type]

    return replace(HEALTHY, visits=tuple(changed(v) if v.flow == "dashboard" else v for v in HEALTHY.visits))


async def test_redirects_in_a_row_are_found_with_the_way_and_what_they_cost() -> None:
    row = await found(round_trips, redirected("/welcome/", "/home/")(HEALTHY))

    assert row.problem == "log in goes through 3 redirects in a row until GET /."
    assert "POST /account/login/ 302 → GET /welcome/ 302 → GET /home/ 302 → GET / 200" in row.evidence
    assert "2 more than needed: 60 ms of round trips on the line" in row.evidence
    assert "LOGIN_REDIRECT_URL" in row.fix


async def test_one_redirect_after_a_form_is_how_it_is_done() -> None:
    assert await passed(round_trips, redirected()(HEALTHY))


async def test_the_hops_of_a_login_at_another_host_are_needed() -> None:
    measured = redirected("/auth/start", "/auth/callback")(HEALTHY)
    away = [
        replace(e, url="https://sso.example.com/authorize") if "start" in e.route else e for e in measured.exchanges
    ]

    assert await passed(round_trips, replace(measured, exchanges=tuple(away)))
    assert isinstance((await judged(round_trips, measured))[0], Finding)


async def test_two_walks_of_the_same_step_are_no_chain() -> None:
    once = redirected()(HEALTHY).exchanges

    assert await passed(round_trips, replace(HEALTHY, exchanges=(*once, *once)))
    broken_off = next(one for one in once if one.status == 302)
    assert await passed(round_trips, replace(HEALTHY, exchanges=(broken_off, *once)))


async def test_calls_in_a_row_are_named_in_their_order_with_what_is_won() -> None:
    row = await found(round_trips, calling(("/api/me", "/api/companies/1", "/api/dashboard"), 0.25)(HEALTHY))

    assert row.subject == "dashboard: dashboard"
    assert row.severity is Severity.HIGH
    assert "/api/me → /api/companies/1 → /api/dashboard" in row.evidence
    assert (await found(round_trips, calling(("/a", "/b", "/c"), 0.02)(HEALTHY))).severity is Severity.NICE


async def test_calls_at_the_same_time_and_the_same_call_again_are_right() -> None:
    assert await passed(round_trips, calling(("/api/me", "/api/dashboard"), 0.25)(HEALTHY))
    assert await passed(round_trips, calling(("/api/news", "/api/news", "/api/news"), 0.25)(HEALTHY))
    assert await passed(round_trips, calling(("/api/list?a=", "/api/list?b=", "/api/list?c="), 0.25)(HEALTHY))
    script = f"{HEALTHY.url}/static/site.0123abcd.js"
    beside = [
        Resource(f"{HEALTHY.url}/api/{n}", "fetch", 0.4, 0.6, 900, 200, False, False, depth=2, after=script)
        for n in range(6)
    ]
    assert await passed(round_trips, visiting(*beside))


async def test_calls_after_the_data_is_seen_are_nobodys_wait() -> None:
    measured = calling(("/api/a", "/api/b", "/api/c"), 0.25)(HEALTHY)
    early = replace(measured, visits=tuple(replace(v, data_s=0.4) for v in measured.visits))

    assert await passed(round_trips, early)


async def test_a_host_that_ends_each_connection_is_found() -> None:
    row = await found(round_trips, spoken("1.1", ("connection", "close"))(HEALTHY))

    assert row.subject == "app.brightside.example"
    assert "2 round trips, 60 ms" in row.evidence
    assert await passed(round_trips, answered("GET /", lambda e: replace(e, http_version="1.1"))(HEALTHY))
    assert await passed(round_trips, spoken("2", ("connection", "close"))(HEALTHY))  # means nothing there


@pytest.mark.parametrize(("files", "protocol", "wanted"), [(8, "http/1.1", 1), (4, "http/1.1", 0), (30, "h2", 0)])
async def test_many_files_over_http_1_are_found(files: int, protocol: str, wanted: int) -> None:
    loads = [
        Resource(f"{HEALTHY.url}/static/{n}.js", "script", 0.3, 0.4, 9_000, 200, False, False, protocol, depth=1)
        for n in range(files)
    ]

    rows = [row for row in await judged(round_trips, visiting(*loads)) if isinstance(row, Finding)]

    assert len(rows) == wanted
    assert all(row.paste == "http2 on;" for row in rows)


async def test_an_origin_that_is_needed_early_and_learned_of_late_is_found() -> None:
    font = Resource(FONT, "font", 0.38, 0.48, 30_000, 200, True, False, "h2", depth=2)

    row = await found(round_trips, visiting(font))

    assert row.paste == '<link rel="preconnect" href="https://fonts.vendor.example" crossorigin>'
    assert "90 ms" in row.evidence


@pytest.mark.parametrize(
    "change",
    [{"depth": 1}, {"end_s": 3.0}, {"kind": "image"}, {"received": 0}, {"url": f"{HEALTHY.url}/static/a.woff2"}],
)
async def test_what_is_named_in_the_page_or_not_waited_for_needs_no_preconnect(change: dict[str, object]) -> None:
    font = Resource(FONT, "font", 0.38, 0.48, 30_000, 200, True, False, "h2", depth=2)

    assert await passed(round_trips, visiting(replace(font, **change)))  # type: ignore[arg-type]


async def test_an_origin_the_page_connects_to_early_is_right() -> None:
    font = Resource(FONT, "font", 0.38, 0.48, 30_000, 200, True, False, "h2", depth=2)
    early = BodyFacts("html", 60_000, preconnects=("https://fonts.vendor.example",))

    assert await passed(round_trips, answered("GET /", lambda e: replace(e, facts=early))(visiting(font)))


async def test_without_a_browser_calls_are_not_checked_and_redirects_are() -> None:
    blind = replace(redirected("/welcome/")(HEALTHY), visits=())

    first, second = await judged(round_trips, blind)

    assert isinstance(first, Finding)
    assert isinstance(second, NotChecked)
    assert "no page was opened in a browser" in second.reason


async def test_without_a_walk_nothing_is_checked() -> None:
    (row,) = await judged(round_trips, replace(HEALTHY, exchanges=(), visits=()))

    assert isinstance(row, NotChecked)


async def test_the_healthy_portal_is_silent() -> None:
    assert await passed(round_trips, HEALTHY)
