"""The pages of walked flows opened in a real Chromium as the flow's user, several times, the middle kept."""

from __future__ import annotations

import pytest
from tests.probes.timed_site import OWN, Timed, TimedSite

from launchready.lab.healthy import DOMAIN, healthy_world
from launchready.lab.lab import Lab
from launchready.lab.world import records
from launchready.measurement import Phases, Untold, Visit
from launchready.performance.visits import Walked, middle, share_of_a_core, visits
from launchready.performance.words import FlowRun, Reply, Request, StepRun
from launchready.portal_performance import Flow
from launchready.probes import browser
from launchready.probes.network import Limits
from launchready.probes.page import Page

SITE = f"https://{OWN}"
COOKIES = (f"#HttpOnly_{OWN}\tFALSE\t/\tTRUE\t0\tsession\ts3cr3t",)
STYLE = '<link rel=stylesheet href="/site.css">'
ROWS = "".join(f"<p>Invoice {number} of Ada" for number in range(9))
PAGES = {
    "/login": Timed(f"<!doctype html>{STYLE}<p>Welcome to the portal, please sign in"),
    "/": Timed(f"<!doctype html>{STYLE}{ROWS}"),
    "/site.css": Timed("p {color: navy}", "text/css", headers=(("Cache-Control", "max-age=600"),)),
    "/gone": Timed("<p>Gone", status=410),
}
FLOW = Flow.model_validate(
    {
        "name": "dashboard",
        "steps": [
            {"name": "door", "path": "/login"},
            {"name": "log in", "login": {"path": "/login", "text": "invoice 8 OF ada"}},
            {"name": "list", "path": "/api"},
            {"name": "old", "path": "/gone"},
        ],
    }
)


def reply(path: str, *, kind: str = "text/html", method: str = "GET") -> Reply:
    page = Page(SITE + path, 200, (("content-type", kind),), b"<p>")
    return Reply(Request(SITE + path, method), page, Phases(), 0, 0, True)


def walked(cookies: tuple[str, ...] = COOKIES) -> Walked:
    steps = (
        StepRun("door", (reply("/login"),)),
        StepRun("log in", (reply("/login", method="POST"), reply("/"))),
        StepRun("list", (reply("/api", kind="application/json"),)),
        StepRun("old", (reply("/gone"),)),
        StepRun("broken", (), Untold("dashboard", "broken", "it broke")),
    )
    return Walked(FLOW, FlowRun("dashboard", "ada", steps), cookies)


@pytest.mark.skipif(bool(browser.missing()), reason=browser.missing() or "-")
async def test_each_page_is_opened_in_rounds_as_the_flows_user_and_the_middle_visit_is_kept(authority) -> None:
    world = records(DOMAIN, add=("timed 300 A 192.88.99.90",))(healthy_world())
    lines: list[str] = []
    async with Lab(world, authority=authority) as lab, TimedSite(authority, PAGES) as site:
        look = lab.look(Limits(run_deadline_s=60))
        look.network.detours += site.detours
        look.network.__post_init__()
        try:
            found, untold = await visits(look.browser, [walked(), walked()], (DOMAIN,), rounds=2, told=lines.append)
        finally:
            await look.close()

    assert [(v.flow, v.step, v.user, v.url, v.route) for v in found] == [
        ("dashboard", "door", "ada", f"{SITE}/login", "GET /login"),
        ("dashboard", "log in", "ada", f"{SITE}/", "GET /"),
    ]
    assert [v.data_by for v in found] == ["growth", "text"]
    assert [v.visits for v in found] == [2, 2]
    assert all(0 < v.core <= 1 for v in found)
    assert all(v.spread_s[0] <= v.data_s <= v.spread_s[1] for v in found), found
    assert [(u.step, u.reason, u.part) for u in untold] == [("old", "the browser is answered 410", "browser")]
    assert [cookie for path, cookie in site.asked if path == "/login"] == ["", ""]
    assert [cookie for path, cookie in site.asked if path == "/"] == ["session=s3cr3t"] * 2
    assert [path for path, _ in site.asked].count("/site.css") == 2  # the second page has it from the first
    assert [path for path, _ in site.asked].count("/gone") == 1  # what fails is not tried again
    assert len(lines) == 2
    assert "s3cr3t" not in repr((found, untold, walked()))


def test_who_computes_gets_a_part_of_a_core() -> None:
    assert 0.0 < share_of_a_core() <= 1.0


async def test_without_a_browser_there_is_one_reason_and_how_to_get_one(authority, monkeypatch) -> None:
    monkeypatch.setenv(browser.PATH_ENV, "/nowhere/chromium")
    async with Lab(authority=authority) as lab:
        look = lab.look()
        found, untold = await visits(look.browser, [walked()], (DOMAIN,))
        await look.close()

    assert found == ()
    assert len(untold) == 1
    assert untold[0].part == "browser"
    assert browser.PATH_ENV in untold[0].reason or "Playwright" in untold[0].reason
    assert "install" in untold[0].unlock


async def test_a_page_for_which_no_time_was_left_is_said(authority) -> None:
    async with Lab(authority=authority) as lab:
        look = lab.look()
        found, untold = await visits(look.browser, [walked()], (DOMAIN,), budget_s=-1.0)
        await look.close()

    assert found == ()
    assert [u.step for u in untold] == ["door", "log in", "old"]
    assert all("no time was left" in u.reason for u in untold)


def seen(data_s: float | None, lcp_s: float) -> Visit:
    return Visit("f", "s", "u", "https://a.example/", "GET /", 0.1, lcp_s, data_s, 1.0)


def test_the_visit_in_the_middle_is_kept_whole_with_the_spread() -> None:
    kept = middle([seen(1.5, 9.0), seen(0.4, 0.4), seen(0.9, 0.1)])

    assert (kept.data_s, kept.lcp_s, kept.visits, kept.spread_s) == (0.9, 0.1, 3, (0.4, 1.5))


def test_where_the_data_is_mostly_unknown_the_largest_paint_decides() -> None:
    kept = middle([seen(None, 3.0), seen(None, 1.0), seen(0.5, 2.0)])

    assert (kept.lcp_s, kept.spread_s) == (2.0, (1.0, 3.0))


def test_a_visit_in_which_the_data_was_never_seen_is_the_slowest() -> None:
    assert middle([seen(None, 0.1), seen(0.5, 1.0), seen(0.7, 1.0)]).data_s == 0.7


async def test_a_step_that_asks_for_a_page_goes_before_the_login_that_leads_there(authority) -> None:
    login = Flow.model_validate(
        {"name": "login", "steps": [{"name": "in", "login": {"path": "/login", "user": "ada"}}]}
    )
    dashboard = Flow.model_validate({"name": "dashboard", "user": "ada", "steps": [{"name": "open", "path": "/"}]})
    both = [
        Walked(login, FlowRun("login", "", (StepRun("in", (reply("/"),)),))),
        Walked(dashboard, FlowRun("dashboard", "ada", (StepRun("open", (reply("/"),)),))),
    ]
    async with Lab(authority=authority) as lab:
        look = lab.look()
        _, untold = await visits(look.browser, both, (DOMAIN,), budget_s=-1.0)
        await look.close()

    assert [(u.flow, u.step) for u in untold] == [("dashboard", "open")]
