"""Statements per request, counted in a real database while other work goes on; and what is made of the counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.performance.portals import running
from tests.probes.counted import Base, base, counted

from launchready.lab import measured as lab
from launchready.lab.databases import missing
from launchready.measurement import Measurement, RouteQueries, Statement, Untold
from launchready.model import Finding, NotChecked, Passed, Row, Severity
from launchready.performance.database_look import route_queries
from launchready.performance.frameworks import advice, framework_of
from launchready.performance.queries import queries, slow_query
from launchready.performance.run import Wanted, measure
from launchready.performance.statement_shapes import shape_of, shown, table_of
from launchready.portal import Portal, parse_portal
from launchready.probes.failures import Failure
from launchready.probes.look import Look

needs_postgres = pytest.mark.skipif(bool(missing()), reason=missing())
LIST = "SELECT id FROM invoices WHERE id <= 12"
LINES = "SELECT amount FROM lines WHERE invoice_id = {}"
JOBS = "SELECT id FROM jobs WHERE taken = false LIMIT 1"
PAGE = [LIST, *(LINES.format(n) for n in range(12))]


@pytest.fixture(scope="module")
def portal() -> Iterator[Base]:
    tables = "CREATE TABLE invoices (id int PRIMARY KEY); CREATE TABLE lines (invoice_id int, amount int);"
    with base("route_portal", f"{tables} CREATE TABLE jobs (id int, taken bool)") as made:
        yield made


async def looked(
    portal: Base,
    page: Callable[[int], list[str]],
    *,
    role: str = "",
    quiet: tuple[str, ...] = (),
    fails_at: int = 0,
) -> RouteQueries | Untold:
    """`page` says what the portal (and others) send while a request of that number is answered."""
    asked = 0

    async def ask() -> float | None:
        nonlocal asked
        asked += 1
        if asked == fails_at:
            return None
        await asyncio.to_thread(portal.sql, *page(asked), "SELECT 1")
        return 0.05

    async def rest(_: float) -> None:
        await asyncio.to_thread(portal.sql, *quiet, "SELECT 1")

    async with counted(portal.url(role)) as statements:
        assert not isinstance(statements, Failure)
        return await route_queries(
            statements, ask, flow="dashboard", step="open", user="owner", route="GET /", rest=rest
        )


@needs_postgres
async def test_a_statement_for_each_row_is_counted_exactly(portal: Base) -> None:
    found = await looked(portal, lambda _: PAGE)

    assert isinstance(found, RouteQueries)
    assert {s.table: s.calls for s in found.statements} == {"lines": 12, "invoices": 1}
    assert found.calls == 13
    assert found.requests == 6
    assert found.server_s == pytest.approx(0.05)
    assert sum(s.share for s in found.statements) == pytest.approx(1)


@needs_postgres
async def test_work_that_goes_on_without_requests_is_not_the_routes(portal: Base) -> None:
    found = await looked(portal, lambda _: [*PAGE, JOBS], quiet=(JOBS,) * 60)

    assert isinstance(found, RouteQueries)
    assert {s.table: s.calls for s in found.statements} == {"lines": 12, "invoices": 1}


@needs_postgres
async def test_a_statement_for_each_row_that_other_visitors_send_as_well_is_not_called_absent(portal: Base) -> None:
    found = await looked(portal, lambda _: PAGE, quiet=tuple(PAGE * 30))

    assert isinstance(found, Untold)
    assert "other work" in found.reason


@needs_postgres
async def test_another_visitor_in_one_window_changes_no_count(portal: Base) -> None:
    # The seventh request is the last of the third window.
    found = await looked(portal, lambda number: PAGE * 3 if number == 7 else PAGE)

    assert isinstance(found, RouteQueries)
    assert {s.table: s.calls for s in found.statements} == {"lines": 12, "invoices": 1}


@needs_postgres
async def test_where_other_work_varies_all_the_time_nothing_is_claimed(portal: Base) -> None:
    found = await looked(portal, lambda number: PAGE * (1, 9, 3, 3, 30, 30, 30)[number - 1])

    assert isinstance(found, Untold)
    assert "other work" in found.reason
    assert found.part == "queries"


@needs_postgres
async def test_what_is_sent_once_in_a_while_is_told_by_its_mean(portal: Base) -> None:
    found = await looked(portal, lambda number: [LIST, JOBS] if number == 4 else [LIST])

    assert isinstance(found, RouteQueries)
    assert {s.table: s.calls for s in found.statements} == {"invoices": 1, "jobs": 0.17}


@needs_postgres
async def test_a_role_that_sees_nothing_says_which_right_it_lacks(portal: Base) -> None:
    found = await looked(portal, lambda _: PAGE, role="watcher")

    assert isinstance(found, Untold)
    assert "may not see" in found.reason
    assert 'GRANT pg_read_all_stats TO "watcher"' in found.unlock


@needs_postgres
@pytest.mark.parametrize("number", [1, 4])
async def test_a_request_that_did_not_come_through_is_said(portal: Base, number: int) -> None:
    found = await looked(portal, lambda _: PAGE, fails_at=number)

    assert isinstance(found, Untold)
    assert "did not come through" in found.reason


def test_statements_that_differ_in_values_lists_and_quotes_alone_are_one() -> None:
    told = [
        'SELECT "a"."id" FROM "a" WHERE "a"."id" IN ($1, $2, $3) LIMIT $4',
        'SELECT "a"."id" FROM "a" WHERE "a"."id" IN ($1 /*, ... */) LIMIT $2',
        "select a.id from a where a.id in (1, 2) limit 21",
        "SELECT `a`.`id` FROM `a` WHERE `a`.`id` IN (?, ?) LIMIT ? -- page",
        "SELECT a.id FROM a  WHERE a.id IN (%s) LIMIT %s",
    ]
    assert len({shape_of(text) for text in told}) == 1
    assert shape_of("SELECT a FROM t1 WHERE b = 1") != shape_of("SELECT a FROM t2 WHERE b = 1")
    assert table_of('SELECT 1 FROM "public"."Invoice" AS i') == "public.Invoice"
    assert table_of("UPDATE ONLY clients SET a = 1") == "clients"
    assert table_of("SELECT $1") == ""
    assert table_of("SELECT (SELECT max(at) FROM b WHERE b.a = a.id) AS last FROM a WHERE id = $1") == "a"
    assert table_of("SELECT sum(n) FROM (SELECT n FROM a) AS x") == "a"


def test_a_long_list_of_columns_gives_way_to_the_condition() -> None:
    columns = ", ".join(f'"invoices"."column_{n}"' for n in range(40))
    assert shown(f'SELECT {columns} FROM "invoices" WHERE "id" = $1') == 'SELECT … FROM "invoices" WHERE "id" = $1'


def test_what_is_shown_of_a_statement_begins_with_itself_and_not_with_a_subquery() -> None:
    columns = ", ".join(f'"a"."column_{n}"' for n in range(40))
    text = f'SELECT {columns}, (SELECT U0."at" FROM "b" U0 LIMIT $1) AS "last" FROM "a" WHERE "a"."slug" = $2'
    assert shown(text) == 'SELECT … FROM "a" WHERE "a"."slug" = $2'


@pytest.mark.parametrize(
    ("files", "headers", "statements", "framework"),
    [
        ({"manage.py": "", "requirements.txt": "django>=5.2\ndjango-axes"}, (), (), "django"),
        ({"manage.py": "", "requirements.txt": "flask-script\nflask-sqlalchemy==3"}, (), (), "sqlalchemy"),
        ({"requirements.txt": "django-environ\nsqlalchemy>=2"}, (), (), "sqlalchemy"),
        ({"artisan": "", "composer.json": '{"require": {"laravel/framework": "^11"}}'}, (), (), "laravel"),
        ({"Gemfile": "gem 'rails', '~> 8.0'"}, (), (), "rails"),
        ({"package.json": '{"dependencies": {"express": "5", "@prisma/client": "6"}}'}, (), (), "prisma"),
        ({"package.json": '{"dependencies": {"express": "5", "pg": "8"}}'}, (), (), "express"),
        ({"README.md": ""}, (("set-cookie", "laravel_session=x"), ("set-cookie", "XSRF-TOKEN=y")), (), "laravel"),
        ({}, (("Set-Cookie", "csrftoken=abc; Path=/"),), (), "django"),
        ({}, (("x-powered-by", "Express"),), (), "express"),
        ({}, (), ("SELECT 1 FROM django_session WHERE a = $1",), "django"),
        ({}, (), ("SELECT invoices.id AS invoices_id FROM invoices",), "sqlalchemy"),
        ({}, (("set-cookie", "session=x"),), ("SELECT id FROM invoices WHERE id = $1",), ""),
    ],
)
def test_a_framework_is_told_by_its_own_words_or_not_at_all(
    files: dict[str, str], headers: tuple[tuple[str, str], ...], statements: tuple[str, ...], framework: str
) -> None:
    assert framework_of(files=files, headers=headers, statements=statements) == framework


@pytest.mark.parametrize(
    ("framework", "statement", "says"),
    [
        ("django", 'SELECT "c"."name" FROM "c" WHERE "c"."id" = $1 LIMIT $2', "select_related"),
        (
            "django",
            'SELECT "c"."name" FROM "c" WHERE "c"."id" = $1 LIMIT $2',
            "generic",
        ),  # select_related refuses those
        ("django", 'SELECT "l"."a" FROM "l" WHERE "l"."invoice_id" = $1 ORDER BY "l"."id"', "prefetch_related"),
        ("rails", 'SELECT "c".* FROM "c" WHERE "c"."id" = $1 LIMIT $2', "belongs_to"),
        ("sqlalchemy", "SELECT l.a AS l_a FROM l WHERE %(param_1)s = l.invoice_id", "selectinload"),
        ("sqlalchemy", "SELECT l.a AS l_a FROM l WHERE l.invoice_id = %s", "selectinload"),
        ("laravel", "select * from `lines` where `lines`.`invoice_id` = ?", "hasMany"),
        (
            "prisma",
            'SELECT "public"."Line"."id" FROM "public"."Line" WHERE "public"."Line"."invoiceId" = $1',
            "include",
        ),
        ("express", "SELECT * FROM lines WHERE invoice_id = $1", "DataLoader"),
        ("", "SELECT * FROM c WHERE id = $1", "JOIN"),
        ("nobody-knows", "SELECT * FROM c WHERE id = $1", "JOIN"),
        ("django", "UPDATE c SET a = $1 WHERE id = $2", "update()"),
        (
            "django",
            'SELECT "c"."key", "c"."value" FROM "c"',
            "keep it in a cache",
        ),  # settings, asked for again and again
    ],
)
def test_the_fix_is_that_of_the_framework_and_of_the_relation(framework: str, statement: str, says: str) -> None:
    assert says in advice(framework, statement, "c")


async def judged(check: Callable[..., AsyncIterator[Row]], measured: Measurement) -> list[Row]:
    portal = parse_portal('domain = "brightside.example"\n[performance]\n')
    look = Look(portal)
    look.measured = measured
    return [row async for row in check(portal, look)]


def measured_with(*asked: RouteQueries, **changes: object) -> Measurement:
    return replace(lab.healthy(datetime.now(UTC)), queries=asked, **changes)  # type: ignore[arg-type]


def asked(calls: float, *, user: str = "owner", source: str = "pg_stat_statements", **of: object) -> RouteQueries:
    text = of.pop("text", 'SELECT "amount" FROM "lines" WHERE "invoice_id" = $1')
    one = Statement(str(text), calls, 1, float(of.pop("ms", 0.1)), 0.9, "lines", str(of.pop("code", "")))  # type: ignore[arg-type]
    route = str(of.pop("route", "GET /"))
    return RouteQueries(source, "dashboard", "open", user, route, 6, calls + 1, 0.1, 0.4, (one,))


async def test_the_same_told_by_the_database_and_by_traces_is_one_finding() -> None:
    traced = asked(40, source="traces", text="select amount from lines where invoice_id = %s", code="views.py:12",
                   route="GET dashboard/")  # fmt: skip

    rows = await judged(queries, measured_with(asked(40), traced))

    [found] = [row for row in rows if isinstance(row, Finding)]
    assert found.subject == "GET /"
    assert "asks lines 40 times per request" in found.problem
    assert found.fix.startswith("In views.py:12: ")
    assert "prefetch_related" in found.fix
    assert "pg_stat_statements" in found.evidence
    assert "traces" in found.evidence


async def test_the_same_statement_of_several_routes_is_one_finding_of_the_worst() -> None:
    list_page, other = (
        replace(asked(60), step="list", route="GET /list/"),
        replace(asked(1), step="one", route="GET /one/"),
    )

    rows = await judged(queries, measured_with(asked(20), list_page, other))

    [found] = [row for row in rows if isinstance(row, Finding)]
    assert found.subject == "GET /list/"
    assert "60 times per request" in found.problem
    assert found.problem.endswith("So does 1 more route.")
    assert found.evidence.endswith("GET /: 20 times")
    assert found.severity is Severity.HIGH
    assert [row.subject for row in rows if isinstance(row, Passed)] == ["GET /one/"]


@pytest.mark.parametrize(
    ("text", "rows", "found"),
    [
        ("SELECT amount FROM lines WHERE invoice_id IN ($1  )", 500, False),  # as PostgreSQL 18 counts any list
        ("SELECT amount FROM lines WHERE invoice_id IN ($1, $2, $3)", 500, False),
        ("SELECT amount FROM lines WHERE invoice_id = ANY ($1)", 500, False),
        ("INSERT INTO lines (amount) VALUES ($1), ($2)", 500, False),
        ("SELECT amount FROM lines WHERE invoice_id IN ($1)", 500, True),
        ("SELECT amount FROM lines WHERE invoice_id IN ($1, $2)", 2, True),
        ("SELECT amount FROM lines WHERE invoice_id = $1", 500, True),
    ],
)
async def test_rows_that_come_in_batches_are_no_question_for_each_row(text: str, rows: float, found: bool) -> None:
    seen = asked(12, text=text)
    seen = replace(seen, statements=(replace(seen.statements[0], rows=rows),))

    told = await judged(queries, measured_with(seen))

    assert any(isinstance(row, Finding) for row in told) is found


async def test_a_time_below_a_millisecond_is_not_called_none() -> None:
    [found] = [r for r in await judged(queries, measured_with(asked(20, ms=0.02))) if isinstance(r, Finding)]

    assert "0.4 ms in the database" in found.evidence


async def test_a_count_that_grows_with_the_account_is_told_from_one_that_does_not() -> None:
    users = {"small": "client", "large": "owner"}

    [grows] = [r for r in await judged(queries, measured_with(asked(11, user="client"), asked(400), **users)) if isinstance(r, Finding)]  # noqa: E501 # fmt: skip
    [stays] = [r for r in await judged(queries, measured_with(asked(60, user="client"), asked(60), **users)) if isinstance(r, Finding)]  # noqa: E501 # fmt: skip

    assert "more with every row" in grows.problem
    assert grows.severity is Severity.HIGH
    assert "the same for small and large" in stays.problem
    assert stays.severity is Severity.NICE


@pytest.mark.parametrize(
    ("calls", "ms", "found"),
    [(9, 0.1, False), (10, 0.1, True), (5, 9.0, False), (5, 10.0, True), (4, 40.0, False)],
)
async def test_few_repetitions_count_only_where_they_take_long(calls: float, ms: float, found: bool) -> None:
    rows = await judged(queries, measured_with(asked(calls, ms=ms)))

    assert any(isinstance(row, Finding) for row in rows) is found
    assert any(isinstance(row, Passed) for row in rows) is not found


async def test_rows_written_one_by_one_are_told_how_to_be_written_together() -> None:
    rows = await judged(queries, measured_with(asked(30, text="INSERT INTO lines (amount) VALUES ($1)")))

    [found] = [row for row in rows if isinstance(row, Finding)]
    assert "writes to lines 30 times" in found.problem
    assert found.fix == "Write the rows of lines with one bulk_create() or one update()."


@pytest.mark.parametrize("check", [queries, slow_query])
async def test_a_step_whose_queries_nobody_could_count_is_not_checked(check: Callable[..., AsyncIterator[Row]]) -> None:
    lacks = Untold("dashboard", "upload", "no rights", "GRANT pg_read_all_stats", part="queries")
    covered = Untold("dashboard", "open", "no rights", "GRANT pg_read_all_stats", part="queries")

    rows = await judged(check, measured_with(asked(1), untold=(lacks, covered)))

    assert [(r.subject, r.unlock) for r in rows if isinstance(r, NotChecked)] == [
        ("dashboard: upload", "GRANT pg_read_all_stats")
    ]


@pytest.mark.parametrize("check", [queries, slow_query])
async def test_where_nobody_was_asked_it_says_what_would_tell(check: Callable[..., AsyncIterator[Row]]) -> None:
    [row] = await judged(check, measured_with())

    assert isinstance(row, NotChecked)
    assert "database_env" in row.unlock


@pytest.mark.parametrize(
    ("calls", "ms", "found"), [(1, 300.0, True), (1, 190.0, False), (20, 20.0, False), (2, 120.0, True)]
)
async def test_a_slow_statement_is_one_that_takes_most_of_the_routes_time(calls: float, ms: float, found: bool) -> None:
    rows = await judged(slow_query, measured_with(asked(calls, ms=ms)))

    assert any(isinstance(row, Finding) for row in rows) is found


@needs_postgres
async def test_a_database_that_got_no_statement_at_all_is_not_called_fine(
    portal: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_DB", portal.url())
    async with running() as site:
        flow = {"name": "first", "steps": [{"path": "/"}]}
        keys = {"url": site.url, "flows": [flow], "database_env": "OTHER_DB", "broadband": "none", "budget_requests": 3}
        described = Portal.model_validate({"domain": "portal.example", "owned": ["127.0.0.1"], "performance": keys})
        look = Look(described)
        try:
            found = await measure(look, Wanted(browser=False, root=tmp_path), lambda line: None)
        finally:
            await look.close()

    assert found.queries == ()
    [untold] = [one for one in found.untold if one.part == "queries"]
    assert untold.reason == "the database of OTHER_DB got no statement from any of 1 steps"
