"""What PostgreSQL would do for a normalized statement, without doing it: which tables it would read as a whole.

`EXPLAIN` without `ANALYZE` plans and does not run; here it does so in a transaction that cannot write, with a time
limit, and only for one statement that reads, updates or deletes. With values unknown it is the generic plan:
`GENERIC_PLAN` since PostgreSQL 16, before that a prepared statement whose values are never given.
Source: https://www.postgresql.org/docs/current/sql-explain.html, https://hypopg.readthedocs.io/
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from launchready.probes.database_place import named
from launchready.probes.database_refusals import refusal
from launchready.probes.failures import Failure, Garbage, Phase, Timeout
from launchready.probes.statements import MOST_TEXT, Statements

if TYPE_CHECKING:
    import psycopg

_PLANNED = ("SELECT", "WITH", "UPDATE", "DELETE", "(SELECT")
_NAME = "launchready_planned"
MOST_NODES = 2_000


@dataclass(frozen=True, slots=True)
class TableScan:
    """A table in a plan, and how its rows are come by."""

    schema: str
    table: str
    alias: str
    whole: bool
    """All of its rows are read: there is no condition by which an index is entered."""
    sequential: bool
    """In the order of the file, not in that of an index."""
    filter: str = ""
    """As PostgreSQL writes it: every column with its alias, casts spelled out."""
    rows_out: float = 0.0
    """How many rows are left of it, as the planner guesses."""
    order: tuple[str, ...] = ()
    """What it is sorted by right after, where only the first of them are wanted."""
    joined: tuple[str, float] = ("", 0.0)
    """The condition of the hash join whose inner side it is, and the rows of the other side."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan, as far as it matters here."""

    cost: float
    tables: tuple[TableScan, ...]
    indexes: frozenset[str]
    """The indexes it uses."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table's size, and what is known of its columns."""

    rows: int
    size: int
    """Bytes, without indexes."""
    indexes: Mapping[str, str]
    """By name: the statement that makes it."""
    types: Mapping[str, str]
    """By column."""
    parent: str = ""
    """The partitioned table whose part it is, in the same schema as a rule."""
    distinct: Mapping[str, float] = field(default_factory=dict)
    """By column, where it was analyzed: how many different values."""


class Planner:
    """Plans statements of one database; whatever it sets ends with its transaction."""

    def __init__(self, statements: Statements) -> None:
        self.statements = statements
        self._tables: dict[tuple[str, str], Table | Failure] = {}
        self._hypopg: str | None = None

    async def plan(self, text: str) -> Plan | Failure:
        """The generic plan of a normalized statement."""
        async with self._opened() as (connection, failed):
            return await self._planned(connection, text)
        return failed[0]

    async def plan_without_scans(self, text: str) -> Plan | Failure:
        """The same, where every index that can be entered is preferred to reading a whole table."""
        async with self._opened() as (connection, failed):
            await connection.execute("SET LOCAL enable_seqscan = off")
            return await self._planned(connection, text)
        return failed[0]

    async def plan_with(self, text: str, index: str) -> Plan | Failure | None:
        """The same, as if `index` (without a name) were there already; None: HypoPG is not in this database."""
        if self._hypopg is None:
            rows = await self.statements.rows(_HYPOPG)
            if isinstance(rows, Failure):
                return rows
            self._hypopg = str(rows[0][0]) if rows else ""
        if not self._hypopg:
            return None
        where = '"' + self._hypopg.replace('"', '""') + '"'
        async with self._opened() as (connection, failed):
            # They live as long as the session, which is somebody else's behind a pooler.
            try:
                await connection.execute(f"SELECT * FROM {where}.hypopg_create_index(%s)", [index])  # noqa: S608
                return await self._planned(connection, text)
            finally:
                with suppress(Exception):
                    await connection.execute(f"SELECT {where}.hypopg_reset()")
        return failed[0]

    async def table(self, schema: str, name: str) -> Table | Failure:
        """A table's size and columns; each is asked for once."""
        if (schema, name) not in self._tables:
            rows = await self.statements.rows(_TABLE, {"schema": schema, "name": name})
            if isinstance(rows, Failure):
                self._tables[schema, name] = rows
            elif not rows:
                self._tables[schema, name] = Garbage(Phase.ANSWER, name, f"there is no table {name}")
            else:
                [(count, size, indexes, types, parent, distinct)] = rows
                self._tables[schema, name] = Table(
                    int(count), int(size), indexes or {}, types or {}, parent or "",
                    {column: n if n >= 0 else -n * count for column, n in (distinct or {}).items() if n},
                )  # fmt: skip
        return self._tables[schema, name]

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[tuple[psycopg.AsyncConnection[Any], list[Failure]]]:
        """A transaction for planning; what goes wrong inside is left in the list instead of being raised."""
        import psycopg

        failed: list[Failure] = []
        subject, began = named(self.statements.place), time.monotonic()
        try:
            async with self.statements.transaction() as connection:
                await connection.execute("SET LOCAL max_parallel_workers_per_gather = 0")
                yield connection, failed
        except TimeoutError:
            failed.append(Timeout(Phase.ANSWER, subject, "planning took too long", time.monotonic() - began))
        except psycopg.Error as error:
            failed.append(refusal(error, subject, time.monotonic() - began))

    async def _planned(self, connection: psycopg.AsyncConnection[Any], text: str) -> Plan | Failure:
        if not one_statement(text):
            return Garbage(Phase.REQUEST, "", "it is not one statement that reads, updates or deletes")
        if self.statements.version >= 160000:
            rows = await _asked(connection, f"EXPLAIN (GENERIC_PLAN, VERBOSE, FORMAT JSON) {text}")
        else:
            rows = await _prepared(connection, text)
        return read_plan(rows[0][0])


async def _prepared(connection: psycopg.AsyncConnection[Any], text: str) -> list[Any]:
    await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    await _asked(connection, f"PREPARE {_NAME} AS {text}")
    try:
        async with connection.transaction(force_rollback=True):
            counted = await _asked(connection, f"SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = '{_NAME}'")  # noqa: E501, S608 # fmt: skip
            values = ", ".join(["NULL"] * len(counted[0][0]))
            given = f"({values})" if values else ""
            return await _asked(connection, f"EXPLAIN (VERBOSE, FORMAT JSON) EXECUTE {_NAME}{given}")
    finally:
        await connection.execute(f"DEALLOCATE {_NAME}")


async def _asked(connection: psycopg.AsyncConnection[Any], query: str) -> list[Any]:
    cursor = await connection.execute(query)
    return await cursor.fetchall() if cursor.description else []


def one_statement(text: str) -> bool:
    """Whether this is one whole statement that reads, updates or deletes, and nothing behind it."""
    bare = _QUOTED.sub("''", text).strip().rstrip(";").lstrip()
    return len(text) < MOST_TEXT and ";" not in bare and bare.upper().startswith(_PLANNED)


_QUOTED = re.compile(
    r"/\*.*?\*/|--[^\n]*|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|(\$[A-Za-z_]*\$).*?\1", re.DOTALL
)  # fmt: skip


def read_plan(answer: object) -> Plan | Failure:
    """`EXPLAIN (FORMAT JSON, VERBOSE)` as a plan."""
    try:
        root = (json.loads(answer) if isinstance(answer, str | bytes) else answer)[0]["Plan"]  # type: ignore[index]
        found = [node for node, _ in _walk(root, ())]
        indexes = frozenset(str(node["Index Name"]) for node in found if "Index Name" in node)
        tables = tuple(_table_scan(node, above) for node, above in _walk(root, ()) if "Relation Name" in node)
        return Plan(float(root["Total Cost"]), tables, indexes)
    except (KeyError, IndexError, TypeError, ValueError, RecursionError):
        return Garbage(Phase.ANSWER, "", "the plan is none that is known here")


def _walk(node: Any, above: tuple[Any, ...]) -> Iterable[tuple[Any, tuple[Any, ...]]]:
    yield node, above
    for child in node.get("Plans", ())[:MOST_NODES]:
        yield from _walk(child, (*above, node))


def _table_scan(node: Any, above: Sequence[Any]) -> TableScan:
    entered = node["Node Type"] not in ("Seq Scan", "Index Scan", "Index Only Scan") or "Index Cond" in node
    return TableScan(
        str(node.get("Schema", "")), str(node["Relation Name"]), str(node.get("Alias", "")),
        whole=not entered and not node["Node Type"].startswith("Modify"),
        sequential=node["Node Type"] == "Seq Scan",
        filter=str(node.get("Filter", "")),
        rows_out=float(node["Plan Rows"]),
        order=_order(above),
        joined=_joined(node, above),
    )  # fmt: skip


def _order(above: Sequence[Any]) -> tuple[str, ...]:
    kinds = [one["Node Type"] for one in above[-3:]]
    for sort in ("Sort", "Incremental Sort"):
        if kinds[-2:] == ["Limit", sort]:
            return tuple(str(key) for key in above[-1]["Sort Key"])
    return ()


def _joined(node: Any, above: Sequence[Any]) -> tuple[str, float]:
    if len(above) < 2 or above[-1]["Node Type"] != "Hash" or above[-2]["Node Type"] != "Hash Join":
        join = above[-1] if above else {}
        if join.get("Node Type") != "Hash Join":
            return "", 0.0
        return str(join.get("Hash Cond", "")), float(join["Plans"][-1]["Plan Rows"])
    return str(above[-2].get("Hash Cond", "")), float(above[-2]["Plans"][0]["Plan Rows"])


_HYPOPG = """
SELECT n.nspname::text FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'hypopg'
"""
_TABLE = """
SELECT greatest(c.reltuples, pg_catalog.pg_stat_get_live_tuples(c.oid), 0)::int8, pg_catalog.pg_relation_size(c.oid),
  (SELECT pg_catalog.json_object_agg(ic.relname, pg_catalog.pg_get_indexdef(i.indexrelid))
     FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid
     WHERE i.indrelid = c.oid AND i.indisvalid),
  (SELECT pg_catalog.json_object_agg(a.attname, pg_catalog.format_type(a.atttypid, NULL))
     FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  CASE WHEN c.relispartition THEN (SELECT r.relname::text FROM pg_catalog.pg_class r
     WHERE r.oid = pg_catalog.pg_partition_root(c.oid)) END,
  (SELECT pg_catalog.json_object_agg(s.attname, s.n_distinct) FROM pg_catalog.pg_stats s
     WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND NOT s.inherited)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %(schema)s AND c.relname = %(name)s
"""
