"""Digests of a real MariaDB: what a route sends is counted as in PostgreSQL, and each trouble has its own words."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pymysql
import pytest
from tests.probes import mariadb
from tests.probes.counted import counted

from launchready.measurement import RouteQueries, Scan, Untold
from launchready.performance.database_look import route_queries
from launchready.performance.scans import scans
from launchready.performance.scans_mysql import Asked, asked_for
from launchready.probes.failures import Failure, Garbage, Refused
from launchready.probes.statements import Untellable
from launchready.probes.statements_mysql import MysqlStatements, read_mysql_string

needs_mariadb = pytest.mark.skipif(bool(mariadb.MISSING), reason=mariadb.MISSING)
LIST = "SELECT id FROM invoices LIMIT 12"
LINES = "SELECT amount FROM `lines` WHERE invoice_id = {}"
BY_COMPANY = "SELECT id, number FROM invoices WHERE company_id = 7 ORDER BY number DESC LIMIT 5"


@pytest.fixture(scope="module")
def tables() -> Iterator[None]:
    _sql(
        "CREATE TABLE invoices (id int PRIMARY KEY AUTO_INCREMENT, company_id int, number varchar(20))",
        "CREATE TABLE `lines` (invoice_id int, amount int, KEY (invoice_id))",
        "INSERT INTO invoices (company_id, number) SELECT seq % 100, concat('n', seq) FROM seq_1_to_3000",
        "ANALYZE TABLE invoices",
    )
    yield
    _sql("DROP TABLE invoices", "DROP TABLE `lines`")


def _sql(*statements: str) -> object:
    return mariadb.sql(*statements, user=mariadb.NAME, database=mariadb.NAME)


async def looked(*page: str) -> tuple[RouteQueries, tuple[Scan, ...], tuple[Untold, ...]]:
    async def ask() -> float:
        await asyncio.to_thread(_sql, *page)
        return 0.05

    async def rest(_: float) -> None:
        pass

    async with counted(mariadb.url()) as statements:
        assert isinstance(statements, MysqlStatements)
        found = await route_queries(statements, ask, flow="f", step="s", user="u", route="GET /", rest=rest)
        assert isinstance(found, RouteQueries)
        return found, *await scans(statements, found)


@needs_mariadb
async def test_a_statement_for_each_row_is_counted_exactly(tables: None) -> None:
    found, whole, untold = await looked(LIST, *(LINES.format(n) for n in range(12)))

    assert {s.table: s.calls for s in found.statements} == {"lines": 12, "invoices": 1}
    assert found.source == "mysql"
    assert found.database_s > 0
    assert whole == ()
    assert untold == ()


@needs_mariadb
async def test_a_scan_is_found_and_gone_with_the_statement_to_paste(tables: None) -> None:
    _, [scan], _ = await looked(BY_COMPANY)

    assert scan.create.endswith("ON `invoices` (`company_id`, `number` DESC);")
    assert scan.table_rows >= 3000
    _sql(scan.create)
    try:
        _, whole, untold = await looked(BY_COMPANY)
    finally:
        _sql("DROP INDEX invoices_company_id_number_idx ON invoices")
    assert whole == ()
    assert untold == ()


@needs_mariadb
@pytest.mark.parametrize(
    "statement", ["SELECT id, number FROM invoices", "SELECT count(*) FROM invoices WHERE id < 50"]
)
async def test_who_wants_most_of_a_table_may_read_all_of_it(tables: None, statement: str) -> None:
    _, whole, untold = await looked(statement)

    assert whole == ()
    assert untold == ()


@needs_mariadb
async def test_a_scan_whose_index_cannot_be_named_is_said(tables: None) -> None:
    _, whole, [untold] = await looked("SELECT id FROM invoices WHERE number = 'n5' OR company_id = 3")

    assert whole == ()
    assert "without an index" in untold.reason


def _prepared(statement: str, times: int) -> None:
    """As drivers do that prepare on the server: COM_STMT_PREPARE, COM_STMT_EXECUTE."""
    with pymysql.connect(
        unix_socket=mariadb.server(), user=mariadb.NAME, password=mariadb.PASSWORD, database=mariadb.NAME
    ) as connection:
        connection._execute_command(0x16, statement)  # type: ignore[attr-defined]
        made = connection._read_packet().get_all_data()  # type: ignore[attr-defined]
        number, columns = made[1:5], int.from_bytes(made[5:7], "little")
        for _ in range(columns + 1):
            connection._read_packet()  # type: ignore[attr-defined]
        for _ in range(times):
            connection._execute_command(0x17, number + b"\0" + b"\1\0\0\0")  # type: ignore[attr-defined]
            ends = 0
            while ends < 2:
                ends += connection._read_packet().is_eof_packet()  # type: ignore[attr-defined]


@needs_mariadb
async def test_statements_prepared_on_the_server_are_never_taken_for_none(tables: None) -> None:
    async def ask() -> float:
        await asyncio.to_thread(_prepared, "SELECT amount FROM `lines` WHERE invoice_id = 3", 12)
        return 0.05

    async def rest(_: float) -> None:
        pass

    async with counted(mariadb.url()) as statements:
        assert isinstance(statements, MysqlStatements)
        found = await route_queries(statements, ask, flow="f", step="s", user="u", route="GET /", rest=rest)

    assert isinstance(found, Untold)  # MariaDB 10.11 gives them no digest
    assert "prepares them on the server" in found.reason
    assert "ATTR_EMULATE_PREPARES" in found.unlock


@needs_mariadb
async def test_a_role_without_rights_says_which(tables: None) -> None:
    async with counted(mariadb.url("blind")) as found:
        pass

    assert isinstance(found, Untellable)
    assert "GRANT SELECT ON performance_schema.*" in found.unlock


@needs_mariadb
async def test_nothing_can_be_written_by_this_connection(tables: None) -> None:
    async with counted(mariadb.url()) as statements:
        assert isinstance(statements, MysqlStatements)
        refused = await statements.rows("DELETE FROM invoices")

    assert isinstance(refused, Failure)
    assert "READ ONLY" in refused.detail.upper()


@needs_mariadb
async def test_a_wrong_password_is_told_without_it(tables: None) -> None:
    async with counted(mariadb.url(password="wrong-7c1-horse")) as found:
        pass

    assert isinstance(found, Refused)
    assert "refuses the password" in found.detail
    assert "wrong-7c1-horse" not in repr(found)


@pytest.mark.parametrize(
    ("url", "kind"),
    [("mysql://a:b@127.0.0.1:1/x", Refused), ("mysql://a:b@localhost/", Garbage), ("mysql://a:b@h:port/x", Garbage)],
)
async def test_an_address_that_leads_nowhere_says_so(url: str, kind: type) -> None:
    async with counted(url) as found:
        pass

    assert isinstance(found, kind)


async def test_what_is_no_mysql_is_told() -> None:
    async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    listening = await asyncio.start_server(garbage, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with listening, counted(f"mysql://a:b@127.0.0.1:{port}/x") as found:
        pass

    assert isinstance(found, Failure)


def test_a_string_is_read_as_libraries_write_it() -> None:
    place = read_mysql_string("mysql2://us%40er:p%3Aw@db.example:3307/portal?ssl-mode=VERIFY_IDENTITY")
    assert place
    assert (place.user, place.password, place.host, place.port, place.database, place.tls) == (
        "us@er", "p:w", "db.example", 3307, "portal", "verify"
    )  # fmt: skip
    assert "p:w" not in repr(place)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("SELECT * FROM `a` WHERE `b` = ?", Asked("a", ("b",))),
        ("SELECT `x` . `b` FROM `a` AS `x` WHERE `x` . `b` IN (...) AND `c` = ?", Asked("a", ("b", "c"))),
        ("SELECT * FROM `a` ORDER BY `b` DESC LIMIT ?", Asked("a", (), (("b", " DESC"),))),
        ("UPDATE `a` SET `c` = ? WHERE `b` = ?", Asked("a", ("b",))),
        ("SELECT * FROM `a` WHERE `b` = ? OR `c` = ?", None),
        ("SELECT * FROM `a` JOIN `b` ON `c` = `d` WHERE `e` = ?", None),
        ("SELECT * FROM `a` , `b` WHERE `e` = ?", None),
    ],
)
def test_conditions_of_one_table_are_read_off_a_digest(text: str, asked: Asked | None) -> None:
    assert asked_for(text) == asked
