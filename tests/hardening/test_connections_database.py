"""Checks of the target's database: where the string comes from, what is nobody's fault, and what a healthy one says."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest
from tests.conftest import Audit, Judge

from launchready.hardening.connections_database import _unreached as unreached
from launchready.hardening.connections_database import _wrong_database as wrong_database
from launchready.hardening.connections_server import ENDS
from launchready.lab.databases import missing
from launchready.lab.faults.connections import DATABASE, served, settings, string, variable
from launchready.lab.source import files, ignored
from launchready.lab.world import both
from launchready.model import Finding, NotChecked, Severity, Status
from launchready.probes.database import DatabaseFacts
from launchready.probes.database_refusals import Barred, Shut
from launchready.probes.failures import Failure, NoAddress, Phase, Refused, Timeout, Unreachable

needs_postgres = pytest.mark.skipif(bool(missing()), reason=missing())
CHECKS = [
    "connections.database",
    "connections.encryption",
    "connections.role",
    "connections.room",
    "connections.server",
]


@needs_postgres
async def test_a_healthy_database_passes_all_checks_over_one_connection(audit: Audit) -> None:
    report = await audit(served("test"), checks=CHECKS, **settings("test"))

    assert [outcome.status for outcome in report.outcomes] == [Status.PASSED] * len(CHECKS)
    assert report.outcomes[0].passed[0].detail == "portal at portal-db.databases.example:5432 answers as portal_app"
    assert report.looks["database"] == 1


@needs_postgres
async def test_the_string_of_the_environments_file_wins_over_this_process(judge: Judge) -> None:
    name = "DATABASE_URL"
    listed = {"production": {"env_file": ".env.production"}}
    change = both(files(environments=listed), ignored({".env.production": f"{name}={string()}\n"}), served("test"))
    deploy = {**settings("test")["deploy"], "database_env": name}  # type: ignore[dict-item]
    kept = os.environ.get(name)
    os.environ[name] = "postgresql://u@192.88.99.250/x"
    try:
        outcome = await judge("connections.database", change, deploy=deploy)
    finally:
        os.environ.pop(name)
        if kept is not None:
            os.environ[name] = kept

    assert outcome.status is Status.PASSED
    assert DATABASE.password not in repr(outcome)


async def test_without_a_value_it_is_not_checked_and_says_what_would_help(judge: Judge) -> None:
    outcome = await judge("connections.database", None, **settings("set-nowhere"))

    assert outcome.status is Status.NOT_CHECKED
    assert variable("set-nowhere") in outcome.not_checked[0].unlock


async def test_another_server_than_postgresql_is_not_checked(judge: Judge) -> None:
    os.environ[variable("mysql")] = "mysql://u:pw-of-mysql@db.example/x"

    outcome = await judge("connections.database", None, **settings("mysql"))

    assert outcome.status is Status.NOT_CHECKED
    assert "mysql" in outcome.not_checked[0].reason
    assert "pw-of-mysql" not in repr(outcome)


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (NoAddress(Phase.LOOKUP, "dpg-abc-a", "dpg-abc-a has no address"), NotChecked),
        (Timeout(Phase.CONNECT, "db.flycast:5432", "did not answer the connection"), NotChecked),
        (NoAddress(Phase.LOOKUP, "db.example.com", "db.example.com has no address"), Finding),
        (Refused(Phase.CONNECT, "db.example.com:5432", "nobody listens"), Finding),
        (Refused(Phase.REQUEST, "db:5432", "db:5432 refuses the password of this role"), Finding),
        (Timeout(Phase.CONNECT, "10.20.0.3:5432", "10.20.0.3:5432 did not answer the connection"), NotChecked),
        (Shut(Phase.CONNECT, "x.rds.amazonaws.com:5432", "takes no connection from here"), NotChecked),
        (Barred(Phase.REQUEST, "db.example.com:5432", "lets nobody in from this address"), NotChecked),
        (Unreachable(Phase.CONNECT, "db.ref.supabase.co:5432", "cannot be reached from here"), NotChecked),
        (Refused(Phase.CONNECT, "/cloudsql/p:r:i", "nobody listens at /cloudsql/p:r:i: no such socket"), NotChecked),
        (Timeout(Phase.CONNECT, "db.example.com:5432", "did not answer the connection"), Finding),
        (Unreachable(Phase.REQUEST, "", "psycopg is not installed: pip install 'launchready[postgres]'"), NotChecked),
    ],
)
def test_a_private_name_that_only_the_portals_machine_knows_is_nobodys_fault(failure: object, kind: type) -> None:
    assert isinstance(unreached("DATABASE_URL", failure), kind)  # type: ignore[arg-type]


@needs_postgres
@pytest.mark.parametrize("major", [16, 17, 18])  # ended, soon to end, in its prime
async def test_a_version_is_judged_by_its_last_day(judge: Judge, monkeypatch: pytest.MonkeyPatch, major: int) -> None:
    for version in range(13, 30):
        monkeypatch.setitem(
            ENDS, version, (datetime.now(UTC) + timedelta(days={16: -3, 17: 60, 18: 900}[major])).date()
        )

    outcome = await judge("connections.server", served("test"), **settings("test"))

    assert [finding.severity for finding in outcome.findings] == {
        16: [Severity.HIGH],
        17: [Severity.NICE],
        18: [],
    }[major]


@needs_postgres
async def test_a_pool_in_between_hides_the_servers_connections(judge: Judge) -> None:
    pooled = served("test", string().replace(":5432", ":6543"), port=6543, limit=12, held=8)

    outcome = await judge("connections.room", pooled, **settings("test"))

    assert outcome.passed[0].detail == "a pooler shares the connections"


@pytest.mark.parametrize(
    "failure",
    [
        Shut(Phase.CONNECT, "db.example.com:5432", "takes no connection from here"),
        Barred(Phase.REQUEST, "db.example.com:5432", "lets nobody in from this address"),
        Refused(Phase.CONNECT, "/run/postgresql", "nobody listens at /run/postgresql: there is no such socket"),
    ],
)
def test_where_the_portal_runs_on_this_machine_a_closed_way_is_the_portals_own(failure: Failure) -> None:
    assert isinstance(unreached("DATABASE_URL", failure, True), Finding)


@pytest.mark.parametrize(
    ("name", "place", "found"),
    [
        ("postgres", "aws-0-eu-central-1.pooler.supabase.com:6543", False),
        ("postgres", "db.abc.supabase.co:5432", False),
        ("defaultdb", "x-do-user-1-0.b.db.ondigitalocean.com:25060", False),
        ("postgres", "x.rds.amazonaws.com:5432", True),
        ("defaultdb", "db.example.com:5432", True),
    ],
)
def test_the_database_that_a_provider_gives_everybody_is_no_maintenance_database(
    name: str, place: str, found: bool
) -> None:
    facts = DatabaseFacts(
        place, False, name, "r", 180000, True, "require", False, (), False, False, 100, 90, 0.0, False
    )  # fmt: skip

    assert bool(wrong_database("DATABASE_URL", facts)) is found
