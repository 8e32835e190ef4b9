"""The database probe against a real PostgreSQL behind the lab's front: what it sees, what it says when it cannot."""

from __future__ import annotations

import socket
from dataclasses import replace

import psycopg
import pytest
from tests.conftest import QUICK

from launchready.lab.authority import Authority
from launchready.lab.databases import HOST, missing
from launchready.lab.databases import _server as postgres_socket
from launchready.lab.healthy import healthy_world
from launchready.lab.lab import Lab
from launchready.lab.world import Database, Trouble
from launchready.probes.database import Database as Probe
from launchready.probes.database import DatabaseFacts
from launchready.probes.database_place import read_string, scheme_of
from launchready.probes.database_refusals import Shut
from launchready.probes.failures import Failure, Garbage, NoAddress, Refused, Timeout, Unreachable
from launchready.probes.network import Detour, Network

needs_postgres = pytest.mark.skipif(bool(missing()), reason=missing())
PASSWORD = Database().password
GOOD = f"postgresql://portal_app:{PASSWORD}@{HOST}:5432/portal"


async def looked(authority: Authority, text: str = GOOD, **changes: object) -> DatabaseFacts | Failure:
    database = replace(Database(), **changes)  # type: ignore[arg-type]
    async with Lab(replace(healthy_world(), databases=(database,)), authority=authority) as lab:
        look = lab.look(QUICK)
        try:
            return await look.database.look(text)
        finally:
            await look.close()


@needs_postgres
async def test_a_server_tells_what_it_is(authority: Authority) -> None:
    seen = await looked(authority, f"{GOOD}?sslmode=verify-full", attributes="CREATEDB", limit=12, held=3)

    assert isinstance(seen, DatabaseFacts)
    assert (seen.name, seen.role, seen.tls, seen.superuser) == ("portal", "portal_app", True, False)
    assert seen.rights == ("CREATEDB",)
    assert (seen.most_connections, seen.free_connections) == (12, 8)
    assert seen.version >= 160000
    assert abs(seen.clock_ahead_s) < 1
    assert not seen.standby
    assert not seen.read_only
    assert PASSWORD not in repr(seen)


@needs_postgres
async def test_nothing_can_be_written_through_the_look(authority: Authority) -> None:
    writes = "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN "
    writes += "CREATE TABLE written (n int); RETURN pg_catalog.clock_timestamp(); END $$"
    path = "ALTER ROLE portal_app SET search_path = public, pg_catalog"

    seen = await looked(authority, setup=(writes, path))

    assert isinstance(seen, Failure)
    assert "read-only transaction" in seen.detail


@needs_postgres
@pytest.mark.parametrize(
    ("text", "changes", "kind", "says"),
    [
        (GOOD.replace(PASSWORD, "no"), {}, Refused, "refuses the password"),
        (f"{GOOD}x", {}, Refused, "has no database of this name"),
        (GOOD, {"limit": 2, "held": 2}, Refused, "no free connection"),
        (f"{GOOD}?sslmode=require", {"tls": False}, Refused, "does not encrypt"),
        (GOOD, {"trouble": Trouble.REFUSES}, Refused, "nobody listens"),
        (GOOD, {"trouble": Trouble.SILENT}, Timeout, "did not answer"),
        (GOOD, {"trouble": Trouble.GARBAGE}, Garbage, "no PostgreSQL"),
        (GOOD, {"trouble": Trouble.CLOSES}, Refused, "closed the connection"),
        (GOOD.replace(HOST, "nowhere.databases.example"), {}, NoAddress, "has no address"),
    ],
)
async def test_each_way_to_fail_has_its_own_sentence(
    authority: Authority, text: str, changes: dict[str, object], kind: type[Failure], says: str
) -> None:
    seen = await looked(authority, text, **changes)

    assert type(seen) is kind
    assert says in str(seen)
    assert PASSWORD not in f"{seen}{seen!r}"


@needs_postgres
async def test_a_closed_network_leads_to_no_other_server(authority: Authority) -> None:
    seen = await looked(authority, GOOD.replace(HOST, "192.88.99.200"))

    assert isinstance(seen, Failure)
    assert "no route" in str(seen)


def test_options_of_other_libraries_are_left_out_and_libpqs_own_are_kept() -> None:
    place = read_string("postgres://u:p%40ss@db.example:6543/name?pgbouncer=true&sslmode=require&schema=public")

    assert place is not None
    assert (place.host, place.port) == ("db.example", 6543)
    assert place.words["password"] == "p@ss"
    assert place.words["sslmode"] == "require"
    assert "pgbouncer" not in place.words
    assert "p@ss" not in repr(place)


def test_what_cannot_be_read_is_no_string() -> None:
    assert read_string("postgres://u:p@[::1/name") is None
    assert scheme_of("postgresql+psycopg://u@h/n") == "postgresql"
    assert scheme_of("mysql://u@h/n") == "mysql"


@pytest.mark.parametrize(
    ("text", "mode", "pooled", "schema"),
    [
        ("postgresql://u:p@ep-a-1-pooler.eu-central-1.aws.neon.tech/neondb?sslmode=require", "require", True, ""),
        ("postgresql://u:p@ep-a-1.eu-central-1.aws.neon.tech/neondb?sslmode=require", "require", False, ""),
        ("postgres://postgres.ref:p@aws-0-eu.pooler.supabase.com:5432/postgres?pgbouncer=true", "", True, ""),
        ("postgresql://u:p@db.example.com/x?schema=portal&sslmode=no-verify", "require", False, "portal"),
        ("postgresql+asyncpg://u:p@db.example.com/x?ssl=require", "require", False, ""),
        ("jdbc:postgresql://db.example.com/x?user=u&currentSchema=a,b&ssl=true&sslmode=verify-full", "verify-full",
         False, "a"),
    ],
)  # fmt: skip
def test_strings_as_providers_and_libraries_write_them(text: str, mode: str, pooled: bool, schema: str) -> None:
    place = read_string(text)

    assert place is not None
    assert (place.words.get("sslmode", ""), place.pooled, place.schema) == (mode, pooled, schema)


def test_what_stands_before_a_bare_question_mark_in_a_password_is_no_host() -> None:
    assert read_string("postgresql://user:se?cret@db.example.com/x") is None


@needs_postgres
async def test_tables_are_looked_for_in_the_schema_that_the_string_names(authority: Authority) -> None:
    setup = (
        'CREATE SCHEMA "Portal"',
        'CREATE TABLE "Portal"."_prisma_migrations" (migration_name text, finished_at timestamptz,'
        " rolled_back_at timestamptz)",
        'INSERT INTO "Portal"."_prisma_migrations" VALUES (\'1_init\', now(), NULL)',
    )

    seen = await looked(authority, f"{GOOD}?schema=Portal", setup=setup)

    assert isinstance(seen, DatabaseFacts)
    assert [row.name for row in seen.books["prisma"]] == ["1_init"]


@needs_postgres
async def test_connections_of_other_roles_take_room_too(authority: Authority) -> None:
    before = await looked(authority)
    others = [psycopg.connect(host=postgres_socket(), user="postgres", dbname="postgres") for _ in range(6)]
    try:
        seen = await looked(authority)
    finally:
        for other in others:
            other.close()

    assert isinstance(before, DatabaseFacts)
    assert isinstance(seen, DatabaseFacts)
    assert before.free_connections - seen.free_connections >= 4  # one or two of before may not be gone yet


@needs_postgres
async def test_a_certificates_file_that_only_the_portals_machine_has(authority: Authority) -> None:
    seen = await looked(authority, f"{GOOD}?sslmode=verify-full&sslrootcert=/etc/ssl/rds-global-bundle.pem")

    assert isinstance(seen, Unreachable)
    assert "not on this machine" in seen.detail


@needs_postgres
async def test_a_server_that_takes_connections_and_is_silent_is_not_behind_a_firewall(authority: Authority) -> None:
    silent = await looked(authority, trouble=Trouble.SILENT)
    full = socket.create_server(("127.0.0.1", 0), backlog=0)  # its queue full, further connections get no answer
    port = full.getsockname()[1]
    waiting = [socket.socket() for _ in range(3)]
    for one in waiting:
        one.setblocking(False)
        one.connect_ex(("127.0.0.1", port))
    try:
        async with Lab(healthy_world(), authority=authority) as lab:
            look = lab.look(QUICK)
            network = Network(QUICK, (Detour("192.88.99.250", 5432, "127.0.0.1", port),), closed=True)
            shut = await Probe(network, look.dns).look("postgresql://u:p@192.88.99.250/x")
            await look.close()
    finally:
        for one in (*waiting, full):
            one.close()

    assert type(silent) is Timeout
    assert type(shut) is Shut


@needs_postgres
async def test_a_password_of_this_process_goes_to_no_server(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    monkeypatch.setenv("PGSSLMODE", "disable")

    without = await looked(authority, GOOD.replace(f":{PASSWORD}", ""))
    seen = await looked(authority)

    assert isinstance(without, Refused)
    assert "holds none" in without.detail
    assert isinstance(seen, DatabaseFacts)
    assert seen.tls
