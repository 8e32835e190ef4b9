"""Other companies' scripts: those that stop a page, those that cost more than the app, and those that are nobody's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from launchready.lab.faults.performance_browser import page, visited, widget
from launchready.lab.faults.verify import WWW
from launchready.lab.healthy import DOMAIN
from launchready.lab.measured import healthy
from launchready.lab.world import Response, Trouble, route
from launchready.measurement import Measurement
from launchready.model import Finding, NotChecked, Passed, Row
from launchready.performance.blocking_scripts import blocking
from launchready.performance.third_party import third_party
from launchready.portal import Portal
from launchready.probes.look import Look
from launchready.probes.markup import elements
from launchready.probes.third_party import is_third_party

HEALTHY = healthy(datetime.now(UTC))
OTHERS = "https://cdn.vendor.example/v.js"


async def rows(measured: Measurement) -> list[Row]:
    portal = Portal.model_validate({"domain": DOMAIN, "performance": {}})
    look = Look(portal, measured=measured)
    try:
        return [row async for row in third_party(portal, look) if row.subject != "login: log in"]
    finally:
        await look.close()


async def test_a_script_that_blocks_is_found_with_how_much_later_the_page_was_drawn() -> None:
    (row,) = await rows(visited({}, widget(blocking=True))(HEALTHY))

    assert isinstance(row, Finding)
    assert row.problem.startswith("dashboard shows nothing until a script of widgets-for-all.example is there: 0.5 s ")
    assert "widget.js blocks from 0.30 to 0.90 s (40 kB)" in row.evidence


@pytest.mark.parametrize(("end_s", "found"), [(0.9, True), (0.4, False)])
async def test_a_style_sheet_of_others_is_found_only_where_the_page_waited_for_it(end_s: float, found: bool) -> None:
    (row,) = await rows(visited({}, widget(kind="style", blocking=True, end_s=end_s))(HEALTHY))

    assert isinstance(row, Finding) is found


async def test_bytes_and_work_are_told_by_company() -> None:
    loads = widget(received=300_000, main_s=0.4), widget(url="https://a.b.example/x.js", received=200_000)

    sizes, work = await rows(visited({}, *loads)(HEALTHY))

    assert isinstance(sizes, Finding)
    assert "500 kB against 39 kB" in sizes.problem
    assert sizes.evidence == "widgets-for-all.example: 300 kB\nb.example: 200 kB"
    assert isinstance(work, Finding)
    assert "0.40 s against 0.00 s" in work.problem


async def test_more_than_the_app_is_no_finding_while_it_is_little() -> None:
    (row,) = await rows(visited({}, widget(received=60_000, main_s=0.1))(HEALTHY))

    assert row == Passed("dashboard: dashboard", "1 of 4 files are of others")


async def test_without_a_visit_it_is_not_checked() -> None:
    assert all(isinstance(row, NotChecked) for row in await rows(replace(HEALTHY, visits=())))


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (f"<script src={OTHERS}></script>", [OTHERS]),
        (f"<script src={OTHERS} type='text/javascript; charset=utf-8'></script>", [OTHERS]),
        ("<script src=//cdn.vendor.example/v.js></script>", [OTHERS]),
        (f"<base href={OTHERS}><script src=v.js></script>", [OTHERS]),
        (f"<script src={OTHERS} defer></script>", []),
        (f"<script src={OTHERS} async></script>", []),
        (f"<script src={OTHERS} type=module></script>", []),
        (f"<script src={OTHERS} nomodule></script>", []),
        (f"<script src={OTHERS} type=application/json></script>", []),
        (f"<!-- <script src={OTHERS}></script> -->", []),
        (f"</head><body><script src={OTHERS}></script>", []),
        (f"<div></div><script src={OTHERS}></script>", []),  # a div ends the head
        ("<script src=https://static.brightside.example/v.js></script>", []),
        ("<script src='https://[broken/v.js'></script>", []),
    ],
)
def test_what_stops_a_page_is_told_from_its_tags(head: str, found: list[str]) -> None:
    read = tuple(elements(f"<!doctype html><html><head><title>x</title>{head}"))

    assert blocking(read, f"https://app.{DOMAIN}/", (DOMAIN,)) == found


async def test_a_site_that_answers_with_an_error_is_not_checked(judge) -> None:
    outcome = await judge("performance.blocking_scripts", route(WWW, "/", Response(500)))

    assert not outcome.findings
    assert any(row.subject == WWW and "answers 500" in row.reason for row in outcome.not_checked)


async def test_a_page_that_never_comes_is_not_checked(judge) -> None:
    outcome = await judge("performance.blocking_scripts", route(WWW, "/", Response(trouble=Trouble.SILENT)))

    assert any(row.subject == WWW for row in outcome.not_checked)


async def test_hosts_that_are_owned_are_no_strangers(judge) -> None:
    change = route(WWW, "/", page(f"<script src={OTHERS}></script>"))

    assert (await judge("performance.blocking_scripts", change)).findings
    assert not (await judge("performance.blocking_scripts", change, owned=["cdn.vendor.example"])).findings


@pytest.mark.parametrize(
    ("host", "third"),
    [
        ("js.vendor.example", True),
        ("ajax.googleapis.com", True),
        ("unpkg.com", True),
        ("brightside.example", False),
        ("static.brightside.example.", False),
        ("d111.cloudfront.net", False),
        ("storage.googleapis.com", False),
        ("shop.netlify.app", False),
        ("files.b-cdn.net", False),
        ("localhost", False),
        ("10.0.0.7", False),
        ("", False),
    ],
)
def test_whose_a_host_is_its_registrable_domain_says(host: str, third: bool) -> None:
    assert is_third_party(host, (f"app.{DOMAIN}",)) is third


def test_a_portal_at_a_rented_name_owns_what_it_is_told_to_own() -> None:
    assert is_third_party("js.vendor.example", ("portal.herokuapp.com",))
    assert not is_third_party("cdn.agency.example", ("portal.herokuapp.com", "agency.example"))
