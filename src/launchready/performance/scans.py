"""Statements of a step that read a whole table for want of an index, each with the statement that makes the index.

A scan is named only when no index that is there could serve it (asked of the planner), the table is large enough for
it to matter, and few enough of its rows are wanted. With HypoPG the planner proves that it would take the new index.
"""

from __future__ import annotations

from launchready.measurement import RouteQueries, Scan, Statement, Untold
from launchready.performance.index_candidates import Candidate, candidate, leads
from launchready.performance.scans_mysql import scans_mysql
from launchready.performance.statement_shapes import without_comments
from launchready.probes.explain import Planner, Table, TableScan, one_statement
from launchready.probes.failures import Failure
from launchready.probes.statements import Counted, Statements
from launchready.probes.statements_mysql import MysqlStatements

FEW_ROWS = 1_000
"""Below this a scan is as fast as an index: the server reads 1,000 rows in less time than a request's way to it."""
WANTED = 0.1
"""Of a table's rows: who wants more than a tenth is served as well by reading all of it."""
WORTH = 0.8
"""What the planner's cost must come down to with the index, where it can be asked: a tenth of a table is no needle."""
MOST_PLANNED = 20
_CATALOGS = ("pg_catalog", "information_schema")
"""What libraries ask about the tables themselves, once a process."""


async def scans(counted: Counted, queries: RouteQueries) -> tuple[tuple[Scan, ...], tuple[Untold, ...]]:
    """The scans of one step's statements; and what could not be looked at."""
    if isinstance(counted, MysqlStatements):
        return await scans_mysql(counted, queries)
    if not isinstance(counted, Statements):
        return (), ()
    planner = Planner(counted)
    found: dict[str, Scan] = {}
    refused, planned = [], 0
    for statement in queries.statements[:MOST_PLANNED]:
        text = next((t for t in counted.known if without_comments(t).startswith(statement.text)), statement.text)
        if not one_statement(text):
            continue
        planned += 1
        seen = await _of_statement(planner, statement, text, queries.route)
        if isinstance(seen, Failure):
            refused.append(f"{statement.table or statement.text[:40]}: {seen.detail}")
            continue
        for scan in seen:
            found.setdefault(scan.create, scan)
    untold: tuple[Untold, ...] = ()
    if refused and len(refused) == planned:
        unlock = "give the portal's own connection string, or GRANT pg_read_all_data to this role"
        untold = (Untold(queries.flow, queries.step, f"no plan could be had: {refused[0]}", unlock, part="indexes"),)
    return tuple(found.values()), untold


async def _of_statement(planner: Planner, statement: Statement, text: str, route: str) -> list[Scan] | Failure:
    plan = await planner.plan(text)
    if isinstance(plan, Failure):
        return plan
    whole = [table for table in plan.tables if table.whole and table.schema not in _CATALOGS]
    if not whole:
        return []
    served = await planner.plan_without_scans(text)
    if isinstance(served, Failure):
        return served
    # An index read from end to end, for its order, is no index that serves the condition.
    unserved = {(t.schema, t.table, t.alias) for t in served.tables if t.whole}
    found = []
    for scan in whole:
        if (scan.schema, scan.table, scan.alias) not in unserved:
            continue  # an index is there, and the planner does not want it
        table = await planner.table(scan.schema, scan.table)
        if isinstance(table, Failure):
            return table
        index = candidate(scan, table)
        if index is None or not _matters(scan, table, index):
            continue
        if not scan.sequential and leads(table, index.columns):
            continue  # it could be entered, and the order of the other one was thought better
        after: float | None = None
        with_it = await planner.plan_with(text, index.bare(scan.schema, scan.table))
        if isinstance(with_it, Failure):
            continue
        if with_it is None and not scan.sequential:
            continue  # read in the order of an index until enough is found: whether that is long, only a proof tells
        if with_it and table.rows >= FEW_ROWS:
            after = with_it.cost
            if after > plan.cost * WORTH:
                continue
        if table.parent:
            create = index.create_on_parts(scan.schema, table.parent)
        else:
            create = index.create(scan.schema, scan.table, tuple(table.indexes))
        found.append(
            Scan(
                route,
                table.parent or scan.table,
                table.rows,
                statement.text,
                statement.calls,
                statement.ms,
                create,
                plan.cost,
                after,
            )
        )
    return found


def _matters(scan: TableScan, table: Table, index: Candidate) -> bool:
    if table.rows < FEW_ROWS:
        # Small today; but whoever made the index on the column meant it to be used.
        return bool(index.wraps)
    wanted = scan.rows_out
    if scan.joined[0]:
        # Each row of the other side brings as many as share its value: twelve people may own all the bills there are.
        different = min((table.distinct[c] for c in index.columns if c in table.distinct), default=table.rows)
        wanted = min(wanted, scan.joined[1] * table.rows / max(1.0, different))
    return index.ordered or wanted <= WANTED * table.rows
