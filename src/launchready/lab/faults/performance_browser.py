"""Planted mistakes that a browser sees: other companies' scripts, data that comes late, white pages, long work."""

from __future__ import annotations

from dataclasses import replace

from launchready.lab.faults.verify import WWW
from launchready.lab.healthy import HTML, PAGE, SECURITY_HEADERS
from launchready.lab.measured import URL, Change, remeasured
from launchready.lab.world import Fault, Response, route
from launchready.measurement import Measurement, Resource, Visit
from launchready.model import Severity

DASHBOARD = "dashboard: dashboard"
_WIDGET = "https://cdn.widgets-for-all.example/widget.js"


def visited(change: dict[str, object], *loads: Resource) -> Change:
    """The healthy measurement whose visit of the dashboard differs so, and loads that besides."""

    def edit(visit: Visit) -> Visit:
        if visit.flow != "dashboard":
            return visit
        return replace(visit, resources=(*visit.resources, *loads), **change)  # type: ignore[arg-type]

    def changed(measurement: Measurement) -> Measurement:
        return replace(measurement, visits=tuple(map(edit, measurement.visits)))

    return changed


def widget(**changes: object) -> Resource:
    """A script of another company."""
    found = Resource(_WIDGET, "script", 0.3, 0.9, 40_000, 200, True, False, "h2", 120_000, depth=1)
    return replace(found, **changes)  # type: ignore[arg-type]


def call(path: str, start_s: float, end_s: float, after: str, depth: int) -> Resource:
    """A call of the app's own API."""
    return Resource(
        URL + path, "fetch", start_s, end_s, 4_000, 200, False, False, "h2", 20_000, depth=depth,
        after=URL + after if after else "",
    )  # fmt: skip


def chained(seconds: float) -> tuple[Resource, ...]:
    """Three calls that wait for each other, so long each."""
    paths = ("/api/me", "/api/company", "/api/invoices")
    before = ("/static/site.0123abcd.js", *paths)
    return tuple(
        call(path, 0.4 + number * seconds, 0.4 + (number + 1) * seconds, before[number], number + 2)
        for number, path in enumerate(paths)
    )


def page(head: str) -> Response:
    """The site's first page with something more in its head."""
    return Response(200, (HTML, *SECURITY_HEADERS), PAGE.replace("</title>", f"</title>{head}"))


FAULTS = (
    Fault(
        "third-party-blocks-the-dashboard",
        "The dashboard is not drawn until a chat widget of another company is there",
        "performance.third_party",
        Severity.HIGH,
        remeasured(visited({"first_paint_s": 0.95, "data_s": 1.0, "blank_s": 0.6}, widget(blocking=True))),
        subject=DASHBOARD,
        twin=remeasured(visited({}, widget())),
    ),
    Fault(
        "third-party-costs-more-than-the-app",
        "Other companies' scripts on the dashboard are heavier than the app itself",
        "performance.third_party",
        Severity.HIGH,
        remeasured(visited({}, widget(received=620_000))),
        subject=DASHBOARD,
        twin=remeasured(visited({}, widget(received=620_000, third_party=False, url=f"{URL}/static/app.js"))),
    ),
    Fault(
        "third-party-holds-the-browser",
        "A script of another company takes the dashboard's main thread for longer than the app's own",
        "performance.third_party",
        Severity.HIGH,
        remeasured(visited({"long_tasks_s": 0.25}, widget(main_s=0.3))),
        subject=DASHBOARD,
        twin=remeasured(visited({"long_tasks_s": 0.1}, widget(main_s=0.1))),
    ),
    Fault(
        "dashboard-data-by-a-chain-of-calls",
        "The dashboard shows the account's data only after three calls that wait for each other",
        "performance.first_view",
        Severity.HIGH,
        remeasured(visited({"data_s": 3.1, "load_s": 0.6, "round_trips": 5, "spread_s": (3.0, 3.3)}, *chained(0.9))),
        subject=DASHBOARD,
        also=("performance.round_trips",),
        twin=remeasured(visited({"data_s": 1.0, "round_trips": 4, "spread_s": (0.9, 1.2)}, *chained(0.2)[:2])),
    ),
    Fault(
        "dashboard-blank-for-long",
        "The dashboard stays white for a second and a half after its first answer",
        "performance.first_view",
        Severity.HIGH,
        remeasured(visited({"first_paint_s": 1.8, "data_s": 1.8, "blank_s": 1.5, "spread_s": (1.7, 1.9)})),
        subject=DASHBOARD,
        twin=remeasured(visited({"first_paint_s": 1.0, "lcp_s": 1.8, "data_s": 1.8, "blank_s": 0.7})),
    ),
    Fault(
        "dashboard-shows-nothing",
        "The dashboard is blank in a browser: its script fails",
        "performance.first_view",
        Severity.HIGH,
        remeasured(
            visited(
                {"first_paint_s": None, "lcp_s": None, "data_s": None, "data_by": "", "blank_s": 2.9, "spread_s": None,
                 "errors": ("uncaught: TypeError: account is undefined",)}
            )
        ),
        subject=DASHBOARD,
    ),
    Fault(
        "dashboard-long-work",
        "Scripts of the dashboard hold the browser for half a second before the data is seen",
        "performance.first_view",
        Severity.NICE,
        remeasured(visited({"long_tasks_s": 0.6, "data_s": 1.3, "spread_s": (1.2, 1.4)})),
        subject=DASHBOARD,
        twin=remeasured(visited({"long_tasks_s": 0.2})),
    ),
    Fault(
        "head-script-of-another-company",
        "The head of the site's first page loads a script of another company without async or defer",
        "performance.blocking_scripts",
        Severity.HIGH,
        route(WWW, "/", page(f'<script src="{_WIDGET}"></script>')),
        subject=WWW,
        twin=route(
            WWW,
            "/",
            page(
                f'<script defer src="{_WIDGET}"></script><script async src="{_WIDGET}"></script>'
                f'<script type="module" src="{_WIDGET}"></script><script type="text/template" src="{_WIDGET}"></script>'
                '<script src="/static/site.js"></script><script src="https://d111.cloudfront.net/app.js"></script>'
            ),
        ),
    ),
)  # fmt: skip
