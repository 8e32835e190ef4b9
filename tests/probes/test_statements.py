"""Counters of a real PostgreSQL: what was sent is told exactly, and each reason for telling nothing has its words."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import psycopg
import pytest
from tests.probes.counted import Base, base, counted, server

from launchready.lab.databases import missing
from launchready.probes.failures import Failure, Garbage, Refused, Timeout
from launchready.probes.network import Limits
from launchready.probes.statements import Delta, Snapshot, Statements, Untellable, asks, delta

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


@pytest.fixture(scope="module")
def portal() -> Iterator[Base]:
    with base("counted_portal", "CREATE TABLE clients (id int PRIMARY KEY, name text)") as made:
        made.sql("INSERT INTO clients SELECT n, 'x' FROM generate_series(1, 50) n")
        yield made


async def counted_work(url: str, *work: str, portal: Base) -> Delta | Failure:
    async with counted(url) as statements:
        if isinstance(statements, Failure):
            return statements
        before = await statements.snapshot()
        for statement in work:
            await asyncio.to_thread(portal.sql, statement)
        after = await statements.snapshot()
        assert isinstance(before, Snapshot)
        assert isinstance(after, Snapshot)
        return await delta(statements, before, after)


async def test_what_was_sent_between_two_snapshots_is_told_exactly_and_nothing_of_our_own(portal: Base) -> None:
    reads = [f"SELECT name FROM clients WHERE id = {n}" for n in range(1, 8)]

    found = await counted_work(portal.url(), *reads, "SELECT id FROM clients", "SELECT 1", portal=portal)

    assert isinstance(found, Delta)
    told = {s.text: (s.calls, s.rows) for s in found.statements}
    assert told == {"SELECT name FROM clients WHERE id = $1": (7, 7), "SELECT id FROM clients": (1, 50)}
    assert all(s.exec_s > 0 for s in found.statements)


async def test_nothing_is_told_of_a_database_beside_it(portal: Base) -> None:
    with base("counted_other", "CREATE TABLE others (id int)") as other:
        found = await counted_work(portal.url(), "SELECT id FROM others", portal=other)

    assert isinstance(found, Delta)
    assert found.statements == ()


@pytest.mark.parametrize("version", ["1.7", "1.8", "1.9", "1.10", "1.11"])
async def test_every_version_of_the_extension_is_read_in_its_own_words(version: str) -> None:
    made = f"CREATE EXTENSION pg_stat_statements VERSION '{version}'"
    with base("counted_old", "CREATE TABLE clients (id int)", extension=made) as old:
        found = await counted_work(old.url(), "SELECT id FROM clients", "SELECT id FROM clients", portal=old)

    assert isinstance(found, Delta)
    assert [(s.text, s.calls) for s in found.statements] == [("SELECT id FROM clients", 2)]


async def test_an_extension_in_a_schema_of_its_own_is_found() -> None:
    made = 'CREATE SCHEMA "Extra"; CREATE EXTENSION pg_stat_statements SCHEMA "Extra"; GRANT USAGE ON SCHEMA "Extra" TO PUBLIC'  # noqa: E501
    with base("counted_schema", "CREATE TABLE clients (id int)", extension=made) as own:
        found = await counted_work(own.url(), "SELECT id FROM clients", portal=own)

    assert isinstance(found, Delta)
    assert len(found.statements) == 1


async def test_counters_that_were_set_back_meanwhile_tell_nothing(portal: Base) -> None:
    async with counted(portal.url()) as statements:
        assert isinstance(statements, Statements)
        before = await statements.snapshot()
        portal.sql("SELECT pg_stat_statements_reset()", role="postgres")
        portal.sql("SELECT id FROM clients")
        after = await statements.snapshot()
        assert isinstance(before, Snapshot)
        assert isinstance(after, Snapshot)
        found = await delta(statements, before, after)

    assert isinstance(found, Untellable)
    assert "set the counters back" in found.detail


async def test_a_database_without_the_extension_says_how_to_make_it() -> None:
    with base("counted_none", extension="") as none:
        found = await counted_work(none.url(), portal=none)

    assert isinstance(found, Untellable)
    assert "CREATE EXTENSION pg_stat_statements" in found.unlock


async def test_an_extension_that_the_server_has_not_loaded_says_so() -> None:
    from launchready.lab.databases import _server

    socket = await asyncio.to_thread(_server)
    with psycopg.connect(host=socket, user="postgres", dbname="postgres", autocommit=True) as owner:
        owner.execute("DROP DATABASE IF EXISTS counted_unloaded WITH (FORCE)")
        owner.execute("CREATE DATABASE counted_unloaded")
    unloaded = Base("counted_unloaded", socket)
    unloaded.sql("CREATE EXTENSION pg_stat_statements", role="postgres")

    found = await counted_work(unloaded.url("postgres"), portal=unloaded)

    assert isinstance(found, Untellable)
    assert "not loaded" in found.detail
    assert "shared_preload_libraries" in found.unlock


async def test_statements_of_another_role_are_hidden_from_a_role_without_rights(portal: Base) -> None:
    found = await counted_work(portal.url("watcher"), "SELECT id FROM clients", portal=portal)

    assert isinstance(found, Delta)
    assert found.statements == ()
    assert found.hidden >= 1


async def test_a_role_that_may_read_all_statements_is_told_the_portals(portal: Base) -> None:
    server().psql("CREATE ROLE reader LOGIN IN ROLE pg_read_all_stats;")
    try:
        found = await counted_work(portal.url("reader"), "SELECT id FROM clients", portal=portal)
    finally:
        server().psql("DROP ROLE reader;")

    assert isinstance(found, Delta)
    assert [s.text for s in found.statements] == ["SELECT id FROM clients"]


async def test_nothing_can_be_written_by_this_connection(portal: Base) -> None:
    async with counted(portal.url()) as statements:
        assert isinstance(statements, Statements)
        refused = await statements.rows("INSERT INTO clients VALUES (999, 'us') RETURNING id")
        still = await statements.rows("SELECT count(*) FROM clients")

    assert isinstance(refused, Failure)
    assert "read-only" in refused.detail
    assert still == [(50,)]


@pytest.mark.parametrize(
    ("url", "kind", "says"),
    [
        ("postgresql://a:secret-9f2@127.0.0.1:1/x", Refused, "nobody listens"),
        ("postgresql://a:secret-9f2@h/x?hostaddr=%zz", Garbage, "no connection string"),
        ("postgresql://a:secret-9f2@[h/x", Garbage, "no database"),
        ("sqlite:///var/db.sqlite3", Garbage, "no database whose statements are counted"),
        ("", Garbage, "no database"),
    ],
)
async def test_a_string_that_leads_nowhere_says_so_without_its_secret(url: str, kind: type, says: str) -> None:
    async with counted(url) as found:
        pass

    assert isinstance(found, kind)
    assert says in str(found)
    assert "secret-9f2" not in repr(found)


async def test_a_server_that_says_nothing_is_given_up() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with listening, counted(f"postgresql://a@127.0.0.1:{port}/x", Limits(operation_timeout_s=0.2)) as found:
        pass

    assert isinstance(found, Timeout)


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("SELECT id FROM clients", True),
        ("/* page */ SELECT id FROM clients", True),
        ("(SELECT 1 FROM a) UNION (SELECT 2 FROM b)", True),
        ("WITH a AS (SELECT id FROM b) SELECT id FROM a", True),
        ("insert into a values ($1)", True),
        ("BEGIN", False),
        ("SET application_name = $1", False),
        ("SELECT $1", False),
        ("SELECT set_config($1, $2, $3)", False),
        ("SHOW server_version", False),
        ("", False),
    ],
)
def test_only_what_reads_or_writes_counts(text: str, counts: bool) -> None:
    assert asks(text) is counts
