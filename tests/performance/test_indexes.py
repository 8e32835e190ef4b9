"""Whole tables read for want of an index: found by a real PostgreSQL's plans, gone with the statement to paste."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.probes.counted import Base, base, counted

from launchready.lab import measured as lab
from launchready.lab.databases import missing
from launchready.measurement import RouteQueries, Scan, Untold
from launchready.model import Finding, NotChecked, Passed, Row, Severity
from launchready.performance.database_look import route_queries
from launchready.performance.index_candidates import conditions, index_name
from launchready.performance.indexes import indexes
from launchready.performance.scans import scans
from launchready.portal import parse_portal
from launchready.probes.explain import Plan, one_statement, read_plan
from launchready.probes.failures import Failure, Garbage
from launchready.probes.look import Look
from launchready.probes.statements import Statements

needs_postgres = pytest.mark.skipif(bool(missing()), reason=missing())
SETUP = (
    "CREATE TABLE companies (id int PRIMARY KEY, name text)",
    'CREATE TABLE "Invoice" (id serial PRIMARY KEY, "companyId" int, state varchar(10), due date, paid bool, '
    "number varchar(20) UNIQUE, note text)",
    "CREATE TABLE accounts (id serial PRIMARY KEY, email varchar(200) UNIQUE, name text)",
    "CREATE TABLE lines (id serial PRIMARY KEY, invoice_id int, amount int)",
    "INSERT INTO companies SELECT n, 'c' || n FROM generate_series(1, 60) n",
    'INSERT INTO "Invoice" ("companyId", state, due, paid, number, note) SELECT n % 60, '
    "CASE n % 3 WHEN 0 THEN 'draft' ELSE 'sent' END, current_date + n % 900, n % 2 = 0, 'n' || n, repeat('x', 40) "
    "FROM generate_series(1, 6000) n",
    "INSERT INTO accounts (email, name) SELECT 'u' || n || '@x.example', 'n' FROM generate_series(1, 30) n",
    "INSERT INTO lines (invoice_id, amount) SELECT n % 6000, n FROM generate_series(1, 9000) n",
    "CREATE TABLE owed (id serial PRIMARY KEY, owner int, amount int)",
    "INSERT INTO owed (owner, amount) SELECT n % 6, n FROM generate_series(1, 6000) n",
    "CREATE TABLE visits (at int, account int, path text) PARTITION BY RANGE (at)",
    "CREATE TABLE visits_1 PARTITION OF visits FOR VALUES FROM (0) TO (5000)",
    "CREATE TABLE visits_2 PARTITION OF visits FOR VALUES FROM (5000) TO (10000)",
    "INSERT INTO visits SELECT n, n % 500, 'p' FROM generate_series(0, 9999) n",
    "ANALYZE",
)


@pytest.fixture(scope="module")
def tables() -> Iterator[Base]:
    with base("index_portal", *SETUP) as made:
        yield made


@pytest.fixture
def portal(tables: Base) -> Iterator[Base]:
    """The tables, without the indexes that a test made."""
    had = {name for (name,) in tables.sql(INDEXES)}
    yield tables
    for (name,) in tables.sql(INDEXES):
        if name not in had:
            tables.sql(f'DROP INDEX IF EXISTS "{name}" CASCADE')


async def scanned(portal: Base, *page: str, role: str = "", old: bool = False) -> tuple[Scan, ...] | Untold:
    """What one route that sends these statements reads as a whole; `old` asks as before PostgreSQL 16."""

    async def ask() -> float:
        await asyncio.to_thread(portal.sql, *page)
        return 0.1

    async def rest(_: float) -> None:
        pass

    async with counted(portal.url(role)) as statements:
        assert isinstance(statements, Statements)
        if old:
            statements.version = 150000
        seen = await route_queries(
            statements, ask, flow="f", step="s", user="u", route="GET /", times=3, rest=rest
        )  # fmt: skip
        assert isinstance(seen, RouteQueries)
        found, untold = await scans(statements, seen)
        return untold[0] if untold else found


INDEXES = "SELECT indexname FROM pg_indexes WHERE schemaname = 'public'"
BY_COMPANY = 'SELECT id, number FROM "Invoice" i WHERE i."companyId" = 7 AND NOT state = \'draft\''
FIRST_OF = 'SELECT * FROM "Invoice" WHERE "companyId" = 7 ORDER BY due DESC LIMIT 20'
LATEST = 'SELECT * FROM "Invoice" ORDER BY due DESC LIMIT 20'
BY_EMAIL = "SELECT id FROM accounts WHERE UPPER(email::text) = UPPER('U3@x.example')"
BY_PARENT = "SELECT amount FROM lines WHERE invoice_id = 5"
ALL = 'SELECT id, state FROM "Invoice"'
MOST = "SELECT id FROM \"Invoice\" WHERE state = 'sent'"
JOINED = "SELECT l.amount FROM \"Invoice\" i JOIN lines l ON l.invoice_id = i.id WHERE i.number = 'n77'"
CHANGED = 'UPDATE "Invoice" SET note = \'y\' WHERE "companyId" = 61'
PARTS = "SELECT path FROM visits WHERE account = 7"
FOUND = [
    (BY_COMPANY, "Invoice", '"Invoice_companyid_idx"', '("companyId")'),
    (FIRST_OF, "Invoice", "", '("companyId", "due" DESC)'),
    (LATEST, "Invoice", "", '("due" DESC)'),
    (BY_EMAIL, "accounts", '"accounts_email_idx"', '(upper(("email")::text))'),
    (BY_PARENT, "lines", '"lines_invoice_id_idx"', '("invoice_id")'),
    (JOINED, "lines", "", '("invoice_id")'),
    (CHANGED, "Invoice", "", '("companyId")'),
    (PARTS, "visits", '"visits_account_idx"', '("account")'),
]


@needs_postgres
@pytest.mark.parametrize("old", [False, True], ids=["generic plan", "prepared"])
@pytest.mark.parametrize(
    ("statement", "table", "name", "holds"),
    FOUND,
    ids=["column", "order", "latest", "upper", "parent", "join", "update", "parts"],
)
async def test_a_scan_is_found_and_gone_with_the_statement_to_paste(
    portal: Base, statement: str, table: str, name: str, holds: str, old: bool
) -> None:
    found = await scanned(portal, statement, old=old)

    assert isinstance(found, tuple)
    [scan] = found
    assert scan.table == table
    assert scan.create.endswith(f"{holds};")
    assert name.lower() in scan.create
    assert scan.cost_before > 0
    assert scan.cost_after is None
    portal.sql(scan.create)
    portal.sql("ANALYZE")
    assert await scanned(portal, statement, old=old) == ()


@needs_postgres
@pytest.mark.parametrize(
    "statement",
    [
        ALL,
        MOST,  # two thirds of the table
        "SELECT id FROM \"Invoice\" WHERE number = 'n5'",
        'SELECT * FROM "Invoice" ORDER BY id DESC LIMIT 20',
        "SELECT name FROM companies WHERE name = 'c5'",  # 60 rows
        "SELECT id FROM accounts WHERE name = 'n'",  # 30 rows, and no index that was meant for it
        'SELECT id FROM "Invoice" WHERE paid',
        # One of six owners has a sixth of all rows: an index would be left alone, or spare next to nothing.
        "SELECT o.amount FROM companies c JOIN owed o ON o.owner = c.id WHERE c.name = 'c3'",
        "SELECT id FROM \"Invoice\" WHERE note LIKE '%x%'",
        'SELECT count(*) FROM "Invoice" WHERE "companyId" = 7 OR state = \'sent\'',
        'SELECT id FROM "Invoice" WHERE "companyId"::text = \'7\'',  # an index on the number would not serve it
        "SELECT count(*) FROM pg_attribute WHERE attname = 'companyId' AND attlen = 3 AND atthasdef IS NULL",
        "INSERT INTO companies VALUES (1, 'twice') ON CONFLICT DO NOTHING",
    ],
)
async def test_what_no_index_would_help_is_silent(portal: Base, statement: str) -> None:
    assert await scanned(portal, statement) == ()


@needs_postgres
async def test_a_statement_too_long_to_be_kept_is_planned_whole_and_kept_without_its_comment(portal: Base) -> None:
    columns = ", ".join(f'"Invoice".number AS column_{n}' for n in range(120))

    found = await scanned(portal, f'/* user kim */ SELECT {columns} FROM "Invoice" WHERE "companyId" = 7')

    assert isinstance(found, tuple)
    assert found[0].create.endswith('("companyId");')
    assert "kim" not in found[0].statement


@needs_postgres
async def test_an_index_that_is_there_is_never_proposed_again(portal: Base) -> None:
    portal.sql('CREATE INDEX ON "Invoice" ("companyId", state)', "SET enable_indexscan = off")

    assert await scanned(portal, BY_COMPANY, FIRST_OF) == ()


@needs_postgres
async def test_a_role_that_may_not_see_the_tables_says_so(portal: Base) -> None:
    portal.sql("GRANT pg_read_all_stats TO watcher", role="postgres")
    try:
        found = await scanned(portal, BY_COMPANY, role="watcher")
    finally:
        portal.sql("REVOKE pg_read_all_stats FROM watcher", role="postgres")

    assert isinstance(found, Untold)
    assert found.part == "indexes"
    assert "pg_read_all_data" in found.unlock


@needs_postgres
async def test_planning_runs_nothing(portal: Base) -> None:
    portal.sql(
        "CREATE TABLE ran (n int)",
        "CREATE FUNCTION mark() RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO ran VALUES (1); RETURN 1; END $$",
    )

    assert await scanned(portal, 'SELECT id FROM "Invoice" WHERE "companyId" = 7 AND mark() = 1 LIMIT 1') is not None
    assert portal.sql("SELECT count(*) FROM ran") == [(4,)]  # the four requests, and no plan


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("SELECT a FROM b WHERE c = $1", True),
        ("select ';' from a", True),
        ("SELECT $$;$$ FROM a", True),
        ("WITH a AS (SELECT 1) SELECT * FROM a;", True),
        ("SELECT 1; DROP TABLE a", False),
        ("SELECT a FROM b WHERE c = '' ; COMMIT; DROP TABLE a", False),
        ("DROP TABLE a", False),
        ("EXPLAIN ANALYZE DELETE FROM a", False),
        ("SELECT " + "x" * 30_000, False),
        ("", False),
    ],
)
def test_only_one_whole_statement_is_planned(text: str, whole: bool) -> None:
    assert one_statement(text) is whole


@pytest.mark.parametrize("answer", ["", "[]", "[{}]", '[{"Plan": {"Node Type": "Seq Scan"}}]', None, 7, b"\xff"])
def test_a_plan_that_is_none_is_a_failure(answer: object) -> None:
    assert isinstance(read_plan(answer), Garbage)


def test_a_plan_is_read_with_what_is_entered_and_what_is_read_whole() -> None:
    scan = {"Node Type": "Seq Scan", "Relation Name": "a", "Alias": "a", "Plan Rows": 3, "Total Cost": 9}
    entered = {**scan, "Node Type": "Index Scan", "Index Name": "i", "Index Cond": "(a.b = $1)"}
    found = read_plan([{"Plan": {"Node Type": "Append", "Total Cost": 18, "Plans": [scan, entered]}}])

    assert isinstance(found, Plan)
    assert not isinstance(found, Failure)
    assert [table.whole for table in found.tables] == [True, False]
    assert found.indexes == {"i"}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("(a.b = $1)", ["a.b = $1"]),
        ("((a.b = $1) AND ((a.c)::text <> $2))", ["a.b = $1", "(a.c)::text <> $2"]),
        ("((a.b = $1) OR (a.c = $2))", []),
        ("((a.b = ') AND ('::text) AND (a.c > 1))", ["a.b = ') AND ('::text", "a.c > 1"]),
        ("", []),
    ],
)
def test_a_condition_is_taken_apart_at_its_outermost_ands(text: str, parts: list[str]) -> None:
    assert conditions(text) == parts


def test_a_name_of_an_index_fits_and_is_not_taken() -> None:
    long = index_name("t" * 60, ("a", "b"))
    assert len(long) <= 63
    assert long != index_name("t" * 60, ("a", "c"))
    assert index_name("Invoice", ("companyId",)) == "invoice_companyid_idx"
    assert index_name("a", ("b",), taken=("a_b_idx",)) != "a_b_idx"
    assert index_name("表", ("列",)).endswith("_idx")


async def judged(*found: Scan, **changes: object) -> list[Row]:
    look = Look(parse_portal('domain = "brightside.example"\n[performance]\n'))
    look.measured = replace(lab.healthy(datetime.now(UTC)), scans=found, **changes)  # type: ignore[arg-type]
    rows: AsyncIterator[Row] = indexes(look.portal, look)
    return [row async for row in rows]


def scan(rows: int = 5_000, ms: float = 2.0, route: str = "GET /", after: float | None = None) -> Scan:
    create = 'CREATE INDEX CONCURRENTLY "i" ON "public"."a" ("b");'
    return Scan(route, "a", rows, "SELECT * FROM a WHERE b = $1", 1, ms, create, 300.0, after)


async def test_one_index_for_two_routes_is_one_finding_with_its_statement() -> None:
    rows = await judged(scan(), scan(route="GET /invoices/"))

    [found] = [row for row in rows if isinstance(row, Finding)]
    assert found.paste == scan().create
    assert "GET /, GET /invoices/" in found.evidence
    assert "unproven" in found.evidence
    assert found.severity is Severity.NICE
    assert {row.subject for row in rows if isinstance(row, Passed)} == {
        "POST /account/login/", "POST /files/upload/", "GET /api/invoices"
    }  # fmt: skip


@pytest.mark.parametrize(("rows", "ms", "severity"), [(100_000, 2, Severity.HIGH), (5_000, 120, Severity.HIGH)])
async def test_a_large_table_or_a_long_scan_is_a_high_risk(rows: int, ms: float, severity: Severity) -> None:
    [found] = [row for row in await judged(scan(rows, ms, after=8.3)) if isinstance(row, Finding)]

    assert found.severity is severity
    assert "with the index 8" in found.evidence


async def test_traces_alone_do_not_tell_whether_an_index_is_missing() -> None:
    traced = replace(lab.queries("dashboard", "dashboard", "GET /"), source="traces")

    rows = await judged(queries=(traced,))

    assert [type(row) for row in rows] == [NotChecked]
