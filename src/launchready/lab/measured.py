"""The healthy portal's measurement, as `launchready perf` keeps it, for the sources of the lab; faults change it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from launchready.lab import world
from launchready.lab.rehearsals import rehearsal
from launchready.lab.source import ignored
from launchready.measurement import (
    BodyFacts,
    Distribution,
    Exchange,
    Line,
    Measurement,
    Phases,
    Quantile,
    Resource,
    RouteQueries,
    Statement,
    StepTimes,
    Visit,
)
from launchready.performance.kept import FOLDER, written
from launchready.performance.statistics import distribution
from launchready.performance.targets import ACCOUNT

URL = "https://app.brightside.example"
LINE = Line("business", 50.0, 20.0, 30.0, "the lab")
FLOWS = (
    ("login", "log in", "POST /account/login/"),
    ("dashboard", "dashboard", "GET /"),
    ("upload", "upload", "POST /files/upload/"),
    ("api", "invoices", "GET /api/invoices"),
)
"""Flow, step, route."""
SMALL, LARGE = "newcomer", "owner"
Change = Callable[[Measurement], Measurement]


def remeasured(
    change: Change = lambda measurement: measurement, *, days: float = 1, before: Change | None = None
) -> world.Change:
    """The healthy repository beside whose `launchready.toml` that measurement is kept."""
    return ignored({**rehearsal(2), **measured(change, days=days, before=before)})


def measured(
    change: Change = lambda measurement: measurement, *, days: float = 1, before: Change | None = None
) -> dict[str, str]:
    """The kept measurements, by path: of so many days ago, and of the release before; left out, that one was alike."""
    now = datetime.now(UTC)
    earlier = replace((before or change)(healthy(now - timedelta(days=days + 7))), release="0.9.0")
    kept = (earlier, change(healthy(now - timedelta(days=days))))
    return {str(FOLDER / f"{found.at:%Y%m%dT%H%M%S%fZ}.json"): written(found) for found in kept}


def healthy(at: datetime) -> Measurement:
    """A portal in which nothing is slow."""
    return Measurement(
        domain="brightside.example",
        url=URL,
        release="1.0.0",
        at=at,
        elapsed_s=42.0,
        requests=640,
        line=LINE,
        way="relay",
        steps=(*(times(flow, step, route) for flow, step, route in FLOWS), *accounts()),
        exchanges=tuple(exchange(flow, step, route) for flow, step, route in FLOWS),
        queries=tuple(queries(flow, step, route) for flow, step, route in FLOWS),
        visits=tuple(visit(flow, step, route) for flow, step, route in FLOWS[:2]),
        traced=tuple(route for _, _, route in FLOWS),
        framework="django",
        small=SMALL,
        large=LARGE,
    )


def times(flow: str, step: str, route: str, p95_s: float = 0.42) -> StepTimes:
    """A step whose 95th percentile is surely `p95_s`."""
    return StepTimes(
        flow, step, "owner", route, "two", 2.0, spread(p95_s), spread(p95_s / 3), cold_s=p95_s * 1.5,
        phases=Phases(0, 0.03, 0.06, p95_s / 3, 0.01), received=18_000,
    )  # fmt: skip


def accounts(small_s: float = 0.11, large_s: float = 0.14) -> tuple[StepTimes, StepTimes]:
    """The dashboard by a small and by a large account, and what the portal itself takes for each in the median."""

    def walked(user: str, server_s: float) -> StepTimes:
        one = times("dashboard", "dashboard", "GET /")
        return replace(one, user=user, pace=ACCOUNT, server=spread(server_s / 0.6, 12), cold_s=None)

    return walked(SMALL, small_s), walked(LARGE, large_s)


def spread(p95_s: float, n: int = 120) -> Distribution:
    """A distribution around its 95th percentile."""

    def quantile(q: float, value_s: float) -> Quantile:
        return Quantile(q, value_s, value_s * 0.95, value_s * 1.05)

    samples = [p95_s * (0.4 + 0.63 * (i + 0.5) / n) for i in range(n)]
    return Distribution(
        n, quantile(0.5, p95_s * 0.6), quantile(0.95, p95_s), quantile(0.99, p95_s * 1.1), p95_s * 0.6, p95_s * 1.2,
        distribution(samples).counts,
    )  # fmt: skip


def exchange(flow: str, step: str, route: str) -> Exchange:
    """One request of a walk, answered with a page of 18 kB, as it should be."""
    method, _, path = route.partition(" ")
    api = path.startswith("/api/")
    kind = "json" if api else "html"
    return Exchange(
        flow, step, "owner", method, URL + path, route, 0, 200, Phases(0, 0.03, 0.06, 0.08, 0.01), 900, 18_000, "2",
        headers=(
            ("content-type", "application/json" if api else "text/html; charset=utf-8"),
            ("content-encoding", "gzip"),
            ("cache-control", "private, no-store"),
            ("vary", "Cookie"),
        ),
        signed_in=True,
        facts=BodyFacts(kind, 60_000, json_size=60_000 if api else 0, rows=0 if api else 25, paged=True),
    )  # fmt: skip


def queries(flow: str, step: str, route: str) -> RouteQueries:
    """A handful of statements, each sent once."""
    return RouteQueries(
        "pg_stat_statements", flow, step, "owner", route, 20, 5.0, 0.004, 0.08,
        statements=(
            Statement("SELECT * FROM invoices WHERE company_id = $1 LIMIT $2", 1, 25, 1.2, 0.3, "invoices"),
            Statement("SELECT * FROM accounts_user WHERE id = $1", 1, 1, 0.1, 0.03, "accounts_user"),
        ),
    )  # fmt: skip


def visit(flow: str, step: str, route: str) -> Visit:
    """A page that shows its data after two answers."""
    url, static = URL + route.partition(" ")[2], f"{URL}/static/site.0123abcd"
    return Visit(
        flow, step, "owner", url, route, 0.42, 0.5, 0.5, 0.6, blank_s=0.14, round_trips=2, wait_s=0.28,
        data_by="text", visits=3, spread_s=(0.47, 0.55),
        resources=(
            Resource(url, "document", 0.0, 0.3, 18_000, 200, False, True, "h2", 60_000),
            Resource(f"{static}.css", "style", 0.31, 0.36, 9_000, 200, False, True, "h2", 40_000, depth=1),
            Resource(f"{static}.js", "script", 0.31, 0.37, 12_000, 200, False, False, "h2", 44_000, depth=1),
        ),
    )  # fmt: skip


def slower(measurement: Measurement, flow: str, p95_s: float) -> Measurement:
    """The same, but for one flow that takes that long."""
    changed = (
        replace(times(t.flow, t.step, t.route, p95_s), needs=t.needs) if t.flow == flow and t.pace != ACCOUNT else t
        for t in measurement.steps
    )
    return replace(measurement, steps=tuple(changed))
