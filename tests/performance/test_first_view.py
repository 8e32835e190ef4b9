"""When a page is seen in a browser: late, blank, or held by scripts, with the largest part of the wait named."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from launchready.lab.faults.performance_browser import call, chained, visited
from launchready.lab.measured import healthy
from launchready.measurement import Measurement, Resource, Untold
from launchready.model import Finding, NotChecked, Passed, Row, Severity
from launchready.performance.first_view import chain, first_view, parts
from launchready.portal import Portal
from launchready.probes.look import Look

HEALTHY = healthy(datetime.now(UTC))


async def rows(measured: Measurement) -> list[Row]:
    portal = Portal.model_validate({"domain": "brightside.example", "performance": {}})
    look = Look(portal, measured=measured)
    try:
        return [row async for row in first_view(portal, look)]
    finally:
        await look.close()


async def dashboard(change: dict[str, object], *loads: Resource) -> Row:
    return next(r for r in await rows(visited(change, *loads)(HEALTHY)) if r.subject == "dashboard: dashboard")


async def test_a_page_whose_data_is_there_in_time_passes_with_when() -> None:
    assert await rows(HEALTHY) == [
        Passed("login: log in", "the account's data after 0.50 s against 2 s"),
        Passed("dashboard: dashboard", "the account's data after 0.50 s against 2 s"),
    ]


async def test_late_data_is_found_with_its_chain_of_calls_as_the_cause() -> None:
    row = await dashboard({"data_s": 3.1, "spread_s": (3.0, 3.2)}, *chained(0.9))

    assert isinstance(row, Finding)
    assert row.problem.startswith("dashboard shows the account's data after 3.1 s in a browser; the target is 2 s.")
    assert "2.7 s in a chain of 3 calls" in row.problem
    assert "/api/me → app.brightside.example/api/company → app.brightside.example/api/invoices" in row.problem
    assert "Promise.all" in row.fix
    assert "middle of 3 visits (3.00 to 3.20 s)" in row.evidence


@pytest.mark.parametrize(
    ("change", "loads", "says"),
    [
        ({"wait_s": 2.6, "data_s": 3.0}, (), "2.6 s until the first byte of the page itself"),
        (
            {"data_s": 3.0, "first_paint_s": 2.9},
            (Resource("https://app.brightside.example/app.css", "style", 0.3, 2.8, 9, 200, False, True),),
            "2.5 s waiting for app.brightside.example/app.css, before which nothing is drawn",
        ),
        (
            {"data_s": 3.0, "long_tasks_s": 2.0},
            (Resource("https://app.brightside.example/app.js", "script", 0.3, 0.5, 9, 200, False, False, main_s=1.9),),
            "2.0 s of long work on the main thread, most of it by app.brightside.example/app.js",
        ),
        ({"data_s": 3.0}, (call("/api/slow", 0.4, 2.9, "", 2),), "2.5 s waiting for app.brightside.example/api/slow"),
    ],
)
async def test_the_largest_part_of_the_wait_is_named(change, loads, says: str) -> None:
    row = await dashboard({"spread_s": None, **change}, *loads)

    assert isinstance(row, Finding)
    assert f"The largest part: {says}" in row.problem


@pytest.mark.parametrize(("kind", "says"), [("style", "compress it"), ("script", "defer or async")])
async def test_a_style_sheet_is_not_told_to_be_deferred(kind: str, says: str) -> None:
    load = Resource("https://app.brightside.example/app.css", kind, 0.3, 2.8, 9, 200, False, True)

    row = await dashboard({"data_s": 3.0, "first_paint_s": 2.9, "spread_s": (2.9, 3.1)}, load)

    assert isinstance(row, Finding)
    assert says in row.fix
    assert ("defer" in row.fix) is (kind == "script")


async def test_visits_that_contradict_each_other_prove_nothing() -> None:
    row = await dashboard({"data_s": 2.4, "spread_s": (0.9, 3.0)})

    assert isinstance(row, NotChecked)
    assert "0.9 to 3.0 s in 3 visits: too far apart" in row.reason


async def test_a_machine_that_was_too_busy_measured_itself() -> None:
    row = await dashboard({"data_s": 9.0, "spread_s": None, "core": 0.2})

    assert isinstance(row, NotChecked)
    assert "got 20% of a core" in row.reason


async def test_a_page_that_shows_nothing_is_found_with_its_error() -> None:
    change = {"first_paint_s": None, "lcp_s": None, "data_s": None, "blank_s": 2.9, "errors": ("uncaught: TypeError",)}

    row = await dashboard(change)

    assert isinstance(row, Finding)
    assert row.problem == "dashboard shows nothing in a browser: it is still blank after 2.9 s."
    assert "uncaught: TypeError" in row.evidence


async def test_long_work_alone_is_nice_to_fix() -> None:
    row = await dashboard({"long_tasks_s": 0.6})

    assert isinstance(row, Finding)
    assert row.severity is Severity.NICE


async def test_where_the_data_cannot_be_told_the_largest_paint_is_judged_and_that_is_said() -> None:
    row = await dashboard({"data_s": None, "data_by": "", "lcp_s": 1.2})

    assert isinstance(row, Passed)
    assert row.detail.startswith("its largest content after 1.20 s against 2 s; when the data is there cannot be told")
    assert isinstance(await dashboard({"data_s": None, "data_by": "", "lcp_s": 2.6, "spread_s": None}), Finding)


async def test_a_text_that_the_browser_never_showed_is_not_fine() -> None:
    row = await dashboard({"data_s": None, "data_by": "", "errors": ("the step's text was never seen",)})

    assert isinstance(row, NotChecked)


async def test_the_steps_own_target_counts() -> None:
    steps = tuple(replace(step, target_s=0.4) for step in HEALTHY.steps)

    assert all(isinstance(row, Finding) for row in await rows(replace(HEALTHY, steps=steps)))


async def test_without_a_browser_it_says_why() -> None:
    untold = Untold("", "", "there is no Chromium on this machine", "install it", part="browser")

    assert await rows(replace(HEALTHY, visits=(), untold=(untold,))) == [
        NotChecked("brightside.example", untold.reason, "install it")
    ]
    (row,) = await rows(replace(HEALTHY, visits=()))
    assert isinstance(row, NotChecked)


def test_a_chain_ends_at_the_call_before_the_data_and_leaves_others_aside() -> None:
    late = call("/api/later", 4.0, 4.5, "", 2)
    other = replace(call("/collect", 0.4, 3.0, "", 2), third_party=True)
    visit = visited({}, *chained(0.9), late, other)(HEALTHY).visits[1]

    assert [r.url.rpartition("/")[2] for r in chain(visit, 3.2)] == ["me", "company", "invoices"]
    assert parts(visit, 3.2)[0].says.startswith("in a chain of 3 calls")
