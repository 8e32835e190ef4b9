"""Blank pages and scripts that fail, judged by what a real browser shows."""

from __future__ import annotations

import pytest

from launchready.lab.faults import verify as planted
from launchready.lab.faults.verify import WWW, script
from launchready.lab.healthy import DOMAIN, EDGE, FILE_HEADERS, HTML, PAGE, SECURITY_HEADERS
from launchready.lab.world import Response, Route, Site, Trouble, add_site, both, records, response_headers, route, site
from launchready.model import Severity, Status
from launchready.probes import browser

pytestmark = pytest.mark.skipif(bool(browser.missing()), reason=browser.missing() or "-")
SETTINGS = planted.settings(browser=True, within_s=0.5)
FREE = tuple((name, value) for name, value in SECURITY_HEADERS if name != "Content-Security-Policy")
SPA = "<!doctype html><title>Portal</title><div id=root></div><script src=/static/site.js></script>"


def first_page(body: str, status: int = 200) -> Response:
    return Response(status, (HTML, *FREE), body)


async def test_a_page_that_its_scripts_never_fill_is_a_blocker_with_the_error(judge) -> None:
    change = both(route(WWW, "/", first_page(SPA)), script("mount(document.getElementById('root'))"))

    (finding,) = (await judge("verify.blank", change, **SETTINGS)).findings

    assert finding.severity is Severity.BLOCKER
    assert "is blank in a browser" in finding.problem
    assert "mount is not defined" in finding.evidence


async def test_a_build_that_was_not_uploaded_is_named(judge) -> None:
    body = SPA.replace("/static/site.js", "/assets/index-4f1d.js?token=hunter2")

    (finding,) = (await judge("verify.blank", route(WWW, "/", first_page(body)), **SETTINGS)).findings

    assert f"script https://{WWW}/assets/index-4f1d.js: " in finding.evidence
    assert "hunter2" not in finding.evidence


async def test_a_page_that_its_scripts_fill_is_right(judge) -> None:
    change = both(
        route(WWW, "/", first_page(SPA)),
        script("setTimeout(() => { document.getElementById('root').textContent = 'Welcome' }, 400)"),
    )

    assert (await judge("verify.blank", change, **SETTINGS)).status is Status.PASSED


async def test_text_that_only_a_script_writes_is_seen_by_the_check_of_pages(judge) -> None:
    change = both(route(WWW, "/", first_page(SPA)), script("document.getElementById('root').textContent = 'Welcome'"))
    wanted = planted.settings(browser=True, within_s=0.5, pages=[{"path": "/", "text": "Welcome"}])
    other = planted.settings(browser=True, within_s=0.5, pages=[{"path": "/", "text": "Goodbye"}])

    assert (await judge("verify.pages", change, **wanted)).status is Status.PASSED
    assert (await judge("verify.pages", change, **other)).status is Status.FOUND


async def test_what_fails_of_other_sites_is_left_to_them(judge) -> None:
    foreign = '<script src="https://cdn.stranger.example/chat.js"></script>'
    change = route(WWW, "/", first_page(PAGE.replace("</body>", f"{foreign}</body>")))

    outcome = await judge("verify.blank", change, **SETTINGS)

    assert outcome.status is Status.PASSED
    assert "other sites" in outcome.passed[0].detail


async def test_an_error_in_a_script_of_another_site_is_left_to_it(judge) -> None:
    widget = Response(200, (("Content-Type", "text/javascript"),), "undefined.name")
    foreign = '<script src="https://widget.mailer.example/chat.js"></script>'
    change = both(
        records("mailer.example", add=(f"widget 300 A {EDGE[0]}",)),
        add_site(Site("widget.mailer.example", EDGE[:1], (Route("*", widget),), ())),
        route(WWW, "/", first_page(PAGE.replace("</body>", f"{foreign}</body>"))),
    )

    outcome = await judge("verify.blank", change, **SETTINGS)

    assert outcome.status is Status.PASSED, outcome
    assert "1 failure of other sites" in outcome.passed[0].detail


async def test_a_script_the_policy_forbids_is_missing(judge) -> None:
    change = response_headers(WWW, put={"Content-Security-Policy": "default-src 'self'; script-src 'none'"})

    outcome = await judge("verify.blank", change, **SETTINGS)

    assert outcome.findings[0].severity is Severity.HIGH
    assert "blocked by the Content-Security-Policy" in outcome.findings[0].evidence


async def test_a_style_sheet_of_the_portal_that_is_gone_is_a_high_risk(judge) -> None:
    gone = route(WWW, "/static/site.css", Response(404, (("Content-Type", "text/css"), *FILE_HEADERS), ""))

    (finding,) = (await judge("verify.blank", gone, **SETTINGS)).findings

    assert (finding.severity, finding.subject) == (Severity.HIGH, f"https://{WWW}/")
    assert "1 file missing" in finding.problem


@pytest.mark.parametrize(
    "change",
    [
        site(WWW, secure=(), plain=()),
        route(WWW, "/", Response(trouble=Trouble.SILENT)),
        route(WWW, "/", Response(trouble=Trouble.GARBAGE)),
        route(WWW, "/", first_page("<h1>Bad gateway</h1>", 502)),
        route(WWW, "/", first_page("<h1>Forbidden</h1>", 403)),
    ],
)
async def test_a_page_that_does_not_come_is_left_to_the_check_of_pages(judge, monkeypatch, change) -> None:
    monkeypatch.setattr(browser, "PAGE_S", 2.0)

    outcome = await judge("verify.blank", change, **SETTINGS)

    assert outcome.status is Status.NOT_CHECKED


async def test_without_a_browser_it_is_not_checked_and_says_how_to_get_one(judge, monkeypatch) -> None:
    monkeypatch.setenv(browser.PATH_ENV, "/nowhere/chromium")

    outcome = await judge("verify.blank", None, **SETTINGS)

    assert outcome.status is Status.NOT_CHECKED
    assert "chromium" in outcome.not_checked[0].unlock


async def test_a_browser_that_is_not_wanted_is_not_started(judge) -> None:
    outcome = await judge("verify.blank", None, **planted.settings(url=f"https://{DOMAIN}/"))

    assert outcome.status is Status.NOT_CHECKED
    assert "browser is off" in outcome.not_checked[0].reason
