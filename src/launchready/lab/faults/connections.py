"""Planted mistakes of the database: a connection string that does not fit, and a server that is not fit for clients.

The strings are good for the lab's own PostgreSQL and nothing else. Each fault has a variable of its own in this
process, named by `[deploy] database_env`, so that none leads to another's server.
"""

from __future__ import annotations

import os
from dataclasses import replace
from urllib.parse import quote

from launchready.lab.databases import HOST
from launchready.lab.world import Change, Database, Fault, Trouble, World
from launchready.model import Severity

_PREFIX = "LAUNCHREADY_LAB_DATABASE_"
DATABASE = Database()


def variable(name: str) -> str:
    """The variable of a fault."""
    return _PREFIX + name.upper().replace("-", "_")


def settings(name: str) -> dict[str, object]:
    """Settings with a `[deploy]` that reads that variable."""
    deploy = {"adapter": "commands", "release": ["deploy-it"], "roll_back": ["deploy-it $RELEASE_TO"]}
    return {"deploy": {**deploy, "database_env": variable(name)}}


def string(
    role: str = DATABASE.role,
    password: str = DATABASE.password,
    name: str = DATABASE.name,
    *,
    mode: str = "verify-full",
) -> str:
    """A connection string for the lab's server."""
    query = f"?sslmode={mode}" if mode else ""
    return f"postgresql://{role}:{quote(password, safe='')}@{HOST}:5432/{name}{query}"


def served(fault: str, text: str = "", **changes: object) -> Change:
    """A database that differs from the healthy one, and its string in this process's variables."""

    def change(world: World) -> World:
        os.environ[variable(fault)] = text or string()
        return replace(world, databases=(replace(DATABASE, **changes),))  # type: ignore[arg-type]

    return change


def _fault(
    name: str,
    says: str,
    check: str,
    severity: Severity,
    change: Change,
    twin: Change | None = None,
    also: tuple[str, ...] = (),
) -> Fault:
    return Fault(
        f"connections-{name}",
        says,
        f"connections.{check}",
        severity,
        change,
        subject=variable(name),
        also=(*also, *_NOT_OURS),
        twin=twin or served(name),
        settings=settings(name),
    )


def _clock(ahead: str) -> tuple[str, ...]:
    """A server that tells another time: every process of this machine shares one clock, so the role is told another."""
    return (
        "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS"
        f" $$ SELECT pg_catalog.clock_timestamp() + interval '{ahead}' $$",
        "ALTER ROLE portal_app SET search_path = public, pg_catalog",
    )


_NOT_OURS: tuple[str, ...] = ()

FAULTS = (
    _fault(
        "wrong-password",
        "The database refuses the password of the connection string",
        "database",
        Severity.BLOCKER,
        served("wrong-password", string(password="of-another-environment")),
        served("wrong-password", string(password="p@ss/w#rd:%"), password="p@ss/w#rd:%"),
    ),
    _fault(
        "no-such-database",
        "The connection string names a database that is not there",
        "database",
        Severity.BLOCKER,
        served("no-such-database", string(name="portal_production")),
        served("no-such-database", string(name="portal_production"), name="portal_production"),
    ),
    _fault(
        "refused",
        "Nobody listens where the connection string leads",
        "database",
        Severity.BLOCKER,
        served("refused", trouble=Trouble.REFUSES),
    ),
    _fault(
        "silent",
        "The database's server takes the connection and never answers",
        "database",
        Severity.BLOCKER,
        served("silent", trouble=Trouble.SILENT),
    ),
    _fault(
        "not-postgresql",
        "What answers at the database's address is no database",
        "database",
        Severity.BLOCKER,
        served("not-postgresql", trouble=Trouble.GARBAGE),
    ),
    _fault(
        "no-free-connection",
        "The database has no connection left for the portal",
        "database",
        Severity.BLOCKER,
        served("no-free-connection", limit=2, held=2),
        served("no-free-connection", limit=20, held=2),
    ),
    _fault(
        "maintenance-database",
        "The portal keeps its data in the server's own maintenance database",
        "database",
        Severity.HIGH,
        served("maintenance-database", string(name="defaultdb"), name="defaultdb"),
        served("maintenance-database", string(name="postgres_portal"), name="postgres_portal"),
    ),
    _fault(
        "takes-no-writes",
        "The database takes no writes from the portal's role",
        "database",
        Severity.BLOCKER,
        served("takes-no-writes", setup=("ALTER ROLE portal_app SET default_transaction_read_only = on",)),
    ),
    _fault(
        "in-clear",
        "The portal talks to its database over the internet in clear",
        "encryption",
        Severity.HIGH,
        served("in-clear", string(mode="disable")),
        served("in-clear", string(mode="require")),
    ),
    _fault(
        "encryption-not-demanded",
        "The way to the database is encrypted by chance",
        "encryption",
        Severity.NICE,
        served("encryption-not-demanded", string(mode="")),
        served("encryption-not-demanded", string(mode="verify-ca")),
    ),
    _fault(
        "superuser",
        "The portal uses its database as a superuser",
        "role",
        Severity.HIGH,
        served("superuser", attributes="SUPERUSER"),
    ),
    _fault(
        "role-makes-databases",
        "The portal's role may make databases and roles",
        "role",
        Severity.NICE,
        served("role-makes-databases", attributes="CREATEDB CREATEROLE"),
        served("role-makes-databases", attributes="NOINHERIT"),
    ),
    _fault(
        "clock-wrong",
        "The clock of the database's server is a minute and a half ahead",
        "server",
        Severity.HIGH,
        served("clock-wrong", setup=_clock("90 s")),
        served("clock-wrong", setup=_clock("1 s")),
    ),
    _fault(
        "few-connections",
        "The database has hardly a connection left for a release",
        "room",
        Severity.HIGH,
        served("few-connections", limit=14, held=8),
        served("few-connections", limit=14, held=2),
    ),
)
"""What must be found, and what looks alike and is right."""
