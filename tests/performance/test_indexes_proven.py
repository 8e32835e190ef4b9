"""On an older PostgreSQL of Debian's, with HypoPG: the planner itself says whether it would take a proposed index."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from tests.performance.test_indexes import ALL, BY_COMPANY, BY_EMAIL, FIRST_OF, MOST, SETUP, scanned
from tests.probes.counted import Base

LIBRARIES = sorted(Path("/usr/lib/postgresql").glob("*/lib/hypopg.so"))
pytestmark = pytest.mark.skipif(not LIBRARIES, reason="no HypoPG here: apt-get install postgresql-15-hypopg")


class Own(Base):
    """A database whose owner is the server's."""

    def url(self, role: str = "") -> str:
        return f"postgresql://postgres:@/{self.name}?host={self.socket}"


@cache
def _socket() -> str:
    made = tempfile.TemporaryDirectory(prefix="lr-old-")
    folder = Path(made.name)
    who = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    if who:
        shutil.chown(folder, "postgres")
    programs = LIBRARIES[0].parent.parent / "bin"

    def run(program: str, *words: str) -> None:
        subprocess.run([*who, str(programs / program), *words], check=True, capture_output=True, cwd=folder)

    data = str(folder / "db")
    run("initdb", "-D", data, "-A", "trust", "-U", "postgres", "--no-sync")
    options = f"-c listen_addresses='' -c shared_preload_libraries=pg_stat_statements -k {folder} -F"
    run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")

    def stop() -> None:
        run("pg_ctl", "-D", data, "-m", "fast", "stop")
        made.cleanup()

    atexit.register(stop)
    return str(folder)


@pytest.fixture(scope="module")
def portal() -> Iterator[Base]:
    Own("postgres", _socket()).sql("CREATE DATABASE proven", "SELECT 1")
    made = Own("proven", _socket())
    made.sql("CREATE EXTENSION pg_stat_statements", "CREATE EXTENSION hypopg", *SETUP)
    yield made
    Own("postgres", _socket()).sql("DROP DATABASE proven WITH (FORCE)")


@pytest.mark.parametrize("statement", [BY_COMPANY, FIRST_OF])
async def test_what_the_planner_would_take_is_proven(portal: Base, statement: str) -> None:
    found = await scanned(portal, statement)

    assert isinstance(found, tuple)
    [scan] = found
    assert scan.cost_after is not None
    assert scan.cost_after < scan.cost_before * 0.8
    assert portal.sql("SELECT count(*) FROM hypopg()") == [(0,)]


async def test_a_lookup_past_the_index_of_a_small_table_is_found_without_proof(portal: Base) -> None:
    found = await scanned(portal, BY_EMAIL)

    assert isinstance(found, tuple)
    assert [scan.cost_after for scan in found] == [None]


LATEST = 'SELECT * FROM "Invoice" WHERE "companyId" = 7 ORDER BY id DESC LIMIT 20'
"""The first of a company's are soon met on the way down the primary key."""


@pytest.mark.parametrize("statement", [ALL, MOST, LATEST, 'SELECT * FROM "Invoice" ORDER BY id DESC LIMIT 20'])
async def test_what_the_planner_would_not_take_is_silent(portal: Base, statement: str) -> None:
    assert await scanned(portal, statement) == ()
