"""A PostgreSQL that counts its statements, one for the process, with a database of its own for each test module."""

from __future__ import annotations

import atexit
import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

from launchready.lab.postgres import COUNTED, counting_server
from launchready.lab.postgres_guard import stop_with_this_process
from launchready.performance.database_look import opened
from launchready.portal import DnsSettings
from launchready.probes.database import Database
from launchready.probes.dns import Dns
from launchready.probes.failures import Failure
from launchready.probes.network import Limits, Network
from launchready.probes.statements import Counted


@dataclass
class Base:
    """A database: the portal's own role owns it; `watcher` may connect and nothing else."""

    name: str
    socket: str

    def url(self, role: str = "") -> str:
        return f"postgresql://{role or self.name}:@/{self.name}?host={self.socket}"

    def sql(self, *statements: str, role: str = "") -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url(role), autocommit=True, prepare_threshold=None) as connection:
            for statement in statements:
                cursor = connection.execute(statement)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []


def server() -> Any:
    return _server()


@cache
def _server() -> Any:
    folder = tempfile.TemporaryDirectory(prefix="lr-count-")
    data = Path(folder.name) / "db"
    data.mkdir()
    stop_with_this_process(data, Path(folder.name))
    started = counting_server(data)
    atexit.register(folder.cleanup)
    atexit.register(started.cleanup)
    started.psql("CREATE ROLE watcher LOGIN;")
    return started


@contextlib.contextmanager
def base(name: str, *setup: str, extension: str = COUNTED) -> Iterator[Base]:
    started = server()
    started.psql(f"CREATE ROLE {name} LOGIN;")
    started.psql(f"CREATE DATABASE {name} OWNER {name};")
    made = Base(name, str(started.get_postmaster_info().socket_dir))
    if extension:
        made.sql(extension, role="postgres")
    made.sql(*setup, "SELECT 1")
    try:
        yield made
    finally:
        started.psql(f"DROP DATABASE {name} WITH (FORCE);")
        started.psql(f"DROP ROLE {name};")


@asynccontextmanager
async def counted(url: str, limits: Limits | None = None) -> AsyncIterator[Counted | Failure]:
    network = Network(limits or Limits())
    async with opened(Database(network, Dns(network, DnsSettings())), url) as found:
        yield found
