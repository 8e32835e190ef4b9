"""Whether a route's statements read whole tables for want of an index. The scans were looked for by `scans.py`."""

from __future__ import annotations

from collections.abc import AsyncIterator

from launchready.gate import check
from launchready.measurement import Scan
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.performance.kept import measurement_of
from launchready.performance.queries import untold
from launchready.performance.statement_shapes import shown
from launchready.portal import Portal
from launchready.probes.look import Look

LARGE = 100_000
GRAVE_MS = 100.0
SMALL = 1_000
UNLOCK = "name a variable with the database's connection string in [performance] database_env"


@check(
    "performance.indexes",
    Stage.PERFORMANCE,
    roadmap="D4",
    severity=Severity.HIGH,
    effort=15,
    reference="https://www.postgresql.org/docs/current/sql-createindex.html",
    needs="performance",
)
async def indexes(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A route reads a whole table where an index would do.

    Why: it is fast while the table is small, and slower with every client the business wins.

    Fix: make the index as pasted; CONCURRENTLY, so that nobody waits meanwhile. Then put it into a migration.

    Told by the database's own plan of the route's own statements. Named is only what no index that is there could
    serve, in tables of 1,000 rows or more, for a tenth of the rows at most; and lookups in smaller tables that wrap a
    column in a function, so that the index made for them is never used. With HypoPG the planner is asked whether it
    would use the new index, and what it would not use is left out; without, it says that this is unproven.
    """
    measured = await measurement_of(portal, look)
    if isinstance(measured, NotChecked):
        yield measured
        return
    for row in untold(measured, "indexes"):
        yield row
    found: dict[str, list[Scan]] = {}
    for scan in measured.scans:
        found.setdefault(scan.create, []).append(scan)
    for create, scans in found.items():
        yield _finding(create, scans)
    slow = {scan.route for scan in measured.scans}
    unplanned = {(one.flow, one.step) for one in measured.untold if one.part == "indexes"}
    by_route: dict[str, set[str]] = {}
    for one in measured.queries:
        if (one.flow, one.step) not in unplanned:
            by_route.setdefault(one.route, set()).add(one.source)
    for route, sources in by_route.items():
        if route in slow:
            continue
        if sources == {"traces"}:
            yield NotChecked(route, "traces tell statements, but not how the database finds their rows", UNLOCK)
        else:
            yield Passed(route, "no statement reads a whole table for want of an index")


def _finding(create: str, scans: list[Scan]) -> Finding:
    worst = max(scans, key=lambda scan: scan.calls * scan.ms)
    small = worst.table_rows < SMALL
    routes = ", ".join(dict.fromkeys(scan.route for scan in scans))
    if small:
        problem = (
            f"{worst.route} looks into {worst.table} past its index: it reads every row, {worst.table_rows} today."
        )
    else:
        problem = f"{worst.route} reads all {worst.table_rows:,} rows of {worst.table} for want of an index."
    lines = [
        shown(worst.statement),
        f"{routes}: {worst.calls:g} × {worst.ms:.2g} ms per request",
        _proof(worst),
    ]
    grave = worst.table_rows >= LARGE or worst.calls * worst.ms >= GRAVE_MS
    fix = "Make the index, outside a transaction, and add it to the models or migrations of the portal."
    if "(upper(" in create or "(lower(" in create:
        fix += " Or keep the column in lower case and ask for it exactly, so that the index it has is used."
    return Finding(
        worst.table, problem, evidence="\n".join(line for line in lines if line), fix=fix, paste=create, key=create,
        severity=Severity.HIGH if grave else Severity.NICE,
    )  # fmt: skip


def _proof(scan: Scan) -> str:
    if not scan.cost_before:
        return "counted by the server: no index was used, each time; unproven that it would use this one"
    if scan.table_rows < SMALL:
        return "no index that is there can serve this condition, however large the table becomes"
    if scan.cost_after is None:
        return f"planner's cost {scan.cost_before:.0f}; unproven that it would use the index (HypoPG is not installed)"
    return f"planner's cost {scan.cost_before:.0f}, with the index {scan.cost_after:.0f} (asked with HypoPG)"
