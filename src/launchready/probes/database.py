"""One look at a PostgreSQL database with the portal's own connection string: what it is, and what is in its books.

Read-only, bounded, one connection a run. The string is never kept in a result, a message or a log. What the facts mean
is judged in `hardening/connections_*.py` and `hardening/release_migrations.py`.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import certifi

from launchready.probes.addresses import globally_reachable
from launchready.probes.database_place import Place, named, read_string
from launchready.probes.database_refusals import Shut, refusal
from launchready.probes.dns import Dns
from launchready.probes.failures import Failure, Garbage, NoAddress, OutOfTime, Phase, Refused, Timeout, Unreachable
from launchready.probes.network import Network

if TYPE_CHECKING:
    import psycopg

STATEMENT_TIMEOUT_MS = 5_000
MOST_ROWS = 20_000
"""Of one table of migrations; who has more is not judged."""
BOOKS: dict[str, tuple[str, str]] = {
    "django": ("django_migrations", "SELECT app, name, true FROM {} LIMIT {}"),
    "alembic": ("alembic_version", "SELECT version_num, '', true FROM {} LIMIT {}"),
    "rails": ("schema_migrations", "SELECT version::text, '', true FROM {} LIMIT {}"),
    "prisma": (
        "_prisma_migrations",
        "SELECT migration_name, '', finished_at IS NOT NULL FROM {} WHERE rolled_back_at IS NULL LIMIT {}",
    ),
    "laravel": ("migrations", "SELECT migration, '', true FROM {} LIMIT {}"),
    "flyway": ("flyway_schema_history", "SELECT coalesce(version, ''), type, success FROM {} LIMIT {}"),
}
"""By tool: the table in which it writes down what it has applied, and how that is read."""


@dataclass(frozen=True, slots=True)
class Applied:
    """One line of a table of migrations."""

    name: str
    detail: str = ""
    done: bool = True
    """False: it was begun and did not end well."""

    @property
    def baseline(self) -> bool:
        """Flyway's mark that what came before it counts as applied."""
        return self.detail == "BASELINE"


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What was seen."""

    place: str
    """Host and port, or the folder of the socket: no login."""
    local: bool
    """The way there leaves neither this machine nor a private network."""
    name: str
    role: str
    version: int
    """As `server_version_num`: 180006."""
    tls: bool
    ssl_mode: str
    """What the string asks for; empty: nothing, so that libpq prefers TLS and does without it silently."""
    superuser: bool
    rights: tuple[str, ...]
    """What else the role may do on the whole server: `CREATEDB`, `CREATEROLE`, `REPLICATION`, `BYPASSRLS`."""
    read_only: bool
    standby: bool
    most_connections: int
    """What this role may open in this database, from the narrowest of server, database and role."""
    free_connections: int
    clock_ahead_s: float
    """How far the server's clock is ahead of this machine's; half of the way there and back taken off."""
    pooled: bool
    books: Mapping[str, tuple[Applied, ...]] = field(default_factory=dict)
    """By tool: its table of migrations, where there is one."""
    unread: tuple[str, ...] = ()
    """Tools whose table is there and could not be read."""


class Absent(Unreachable):
    """What the string needs is not on this machine; it may be on the portal's."""


class Database:
    """Looks at databases for one run; each string once."""

    def __init__(self, network: Network, dns: Dns) -> None:
        self.network, self.dns = network, dns

    async def look(self, text: str) -> DatabaseFacts | Failure:
        """What is behind a connection string of PostgreSQL. The string itself is in no answer."""
        return await self.network.once(("database", text), lambda: self._look(text))

    async def _look(self, text: str) -> DatabaseFacts | Failure:
        led = await self._led(text)
        if isinstance(led, Failure):
            return led
        import psycopg

        place, address, words = led
        subject = named(place)
        limit_s = self.network.bounded_s(self.network.limits.operation_timeout_s)
        if limit_s <= 0:
            return OutOfTime(Phase.REQUEST, subject, "the deadline of the run passed first")
        began = time.monotonic()
        try:
            async with (
                asyncio.timeout(limit_s),
                self.network.slot("database", subject, subject),
                self._connected(words) as connection,
            ):
                return await _facts(connection, place, address)
        except TimeoutError:
            detail = f"{subject} did not answer within {limit_s:.0f} s"
            found: Failure = Timeout(Phase.ANSWER, subject, detail, time.monotonic() - began)
        except psycopg.Error as error:
            found = refusal(error, subject, time.monotonic() - began)
        if isinstance(found, Timeout) and not await self._takes_connections(words):
            return Shut(Phase.CONNECT, subject, f"{subject} takes no connection from here", found.elapsed_s)
        return found

    @asynccontextmanager
    async def reading(self, text: str) -> AsyncIterator[tuple[Place, psycopg.AsyncConnection[Any]] | Failure]:
        """A connection for more than one question. Whoever asks keeps to reading, and bounds each question.

        What goes wrong while connecting is a failure; what goes wrong afterwards is psycopg's error.
        """
        led = await self._led(text)
        if isinstance(led, Failure):
            yield led
            return
        import psycopg

        place, _, words = led
        subject, began = named(place), time.monotonic()
        limit_s = self.network.bounded_s(self.network.limits.operation_timeout_s)
        if limit_s <= 0:
            yield OutOfTime(Phase.REQUEST, subject, "the deadline of the run passed first")
            return
        opening = self._connected(words)
        found: Failure | None = None
        try:
            async with asyncio.timeout(limit_s):
                connection = await opening.__aenter__()
        except TimeoutError:
            found = Timeout(Phase.CONNECT, subject, f"{subject} did not answer in time", time.monotonic() - began)
        except psycopg.Error as error:
            found = refusal(error, subject, time.monotonic() - began)
        if found:
            yield found
            return
        try:
            yield place, connection
        finally:
            await opening.__aexit__(None, None, None)

    async def _led(self, text: str) -> tuple[Place, str, dict[str, str]] | Failure:
        """A string in parts, the address it leads to, and libpq's words for the way there."""
        try:
            import psycopg  # noqa: F401
        except ImportError:
            return Unreachable(Phase.REQUEST, "", "psycopg is not installed: pip install 'launchready[postgres]'")
        place = read_string(text)
        if place is None:
            return Garbage(Phase.REQUEST, "", "it is no connection string that PostgreSQL's own library can read")
        where = await self._where(place)
        if isinstance(where, Failure):
            return where
        address, words = where
        if absent := _absent_file(words):
            return Absent(Phase.REQUEST, named(place), f"the file that {absent} names is not on this machine")
        return place, address, words

    async def _takes_connections(self, words: Mapping[str, str]) -> bool:
        """Whether something listens there: asked only when it said nothing in time."""
        if not words.get("hostaddr"):
            return True
        patience_s = self.network.bounded_s(self.network.limits.connect_timeout_s)
        try:
            async with asyncio.timeout(patience_s):
                _, writer = await asyncio.open_connection(words["hostaddr"], int(words["port"]))
        except OSError:  # TimeoutError is one
            return False
        writer.close()
        return True

    async def _where(self, place: Place) -> tuple[str, dict[str, str]] | Failure:
        """The address that is connected to, and the words that lead libpq there and nowhere else."""
        words = dict(place.words)
        host = place.host or "localhost"
        if host.startswith(("/", "@")):
            return "", words
        if "," in host:
            return Refused(Phase.REQUEST, host, "a list of hosts is not looked at; name the one of this environment")
        if host == "localhost":
            address = "127.0.0.1"
        elif _is_address(host):
            address = host
        else:
            found = await self.dns.addresses(host)
            if isinstance(found, Failure):
                return found
            if not found:
                return NoAddress(Phase.LOOKUP, host, f"{host} has no address")
            address = found[0]
        way = self.network.route(host, address, place.port)
        if isinstance(way, Failure):
            return way
        return address, {**words, "host": host, "hostaddr": way.address, "port": str(way.port)}

    @asynccontextmanager
    async def _connected(self, words: dict[str, str]) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        import psycopg

        patience_s = max(2, round(self.network.limits.connect_timeout_s))
        # What the string leaves open is libpq's own default, and nothing of this process's variables (PGPASSWORD).
        own = {"password": "", "sslmode": "prefer", "options": ""}
        options = {**own, **words, "application_name": "launchready", "connect_timeout": str(patience_s)}
        with tempfile.NamedTemporaryFile(suffix=".pem") as roots:
            if words.get("sslmode", "").startswith("verify") and "sslrootcert" not in words:
                # libpq alone would look for a file in the home of whoever runs this, which the portal has not.
                roots.write(self.network.ca_pem or certifi.contents().encode())
                roots.flush()
                options["sslrootcert"] = roots.name
            connection: psycopg.AsyncConnection[Any] = await psycopg.AsyncConnection.connect(
                "",
                autocommit=True,
                prepare_threshold=None,
                **options,  # type: ignore[arg-type]
            )
        try:
            yield connection
        finally:
            await connection.close()


async def _facts(connection: psycopg.AsyncConnection[Any], place: Place, address: str) -> DatabaseFacts | Failure:
    # Settings of this transaction only: a pooler hands the connection to somebody else afterwards.
    async with connection.transaction():
        await connection.execute("SET TRANSACTION READ ONLY")
        await connection.execute(f"SET LOCAL statement_timeout = {STATEMENT_TIMEOUT_MS}")
        if place.schema:
            # Quoted, as Prisma does; of the transaction, as poolers refuse it with the connection.
            quoted = '"' + place.schema.replace('"', '""') + '"'
            await connection.execute("SELECT set_config('search_path', %s, true)", [quoted])
        sent = time.time()
        rows = await (await connection.execute(_FACTS)).fetchall()
        if len(rows) != 1:  # a server that only speaks PostgreSQL's protocol
            return Garbage(Phase.ANSWER, named(place), "it does not know its own role and database as PostgreSQL does")
        [row] = rows
        back = time.time()
        ahead_s = float(row[13]) - (sent + back) / 2
        books: dict[str, tuple[Applied, ...]] = {}
        unread = []
        for tool, table, readable in zip(BOOKS, row[14], row[15], strict=True):
            if table is None:
                continue
            if not readable:
                unread.append(tool)
                continue
            rows = await (await connection.execute(BOOKS[tool][1].format(table, MOST_ROWS + 1))).fetchall()
            if len(rows) > MOST_ROWS:
                unread.append(tool)
            else:
                books[tool] = tuple(Applied(str(a), str(b or ""), bool(done)) for a, b, done in rows)
    limits = [limit - used for limit, used in ((row[8], row[9]), (row[10], row[11]), (row[12], row[16])) if limit >= 0]
    return DatabaseFacts(
        place=named(place),
        local=not address or _private(address) or "." not in place.host,
        name=str(row[0]),
        role=str(row[1]),
        version=int(row[2]),
        tls=bool(connection.pgconn.ssl_in_use),
        ssl_mode=place.words.get("sslmode", ""),
        superuser=bool(row[3]),
        rights=tuple(row[4]),
        read_only=bool(row[5]) and not row[6],
        standby=bool(row[6]),
        most_connections=min(limit for limit in (row[8], row[10], row[12]) if limit >= 0),
        free_connections=max(0, min(limits)),
        clock_ahead_s=ahead_s,
        pooled=bool(row[7]) or place.pooled,
        books=books,
        unread=tuple(unread),
    )


# Of other roles' sessions a plain role is told the name alone, not the type.
_TABLES = ", ".join(f"to_regclass('{table}')" for table, _ in BOOKS.values())
_FACTS = f"""
SELECT current_database(), current_user, current_setting('server_version_num')::int, r.rolsuper,
  array_remove(ARRAY[CASE WHEN r.rolcreatedb THEN 'CREATEDB' END, CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
    CASE WHEN r.rolreplication THEN 'REPLICATION' END, CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END], NULL),
  coalesce((SELECT reset_val FROM pg_settings WHERE name = 'default_transaction_read_only'), 'off') = 'on',
  pg_is_in_recovery(), current_setting('application_name') <> 'launchready',
  current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
  (SELECT count(*) FROM pg_stat_activity
     WHERE backend_type = 'client backend' OR backend_type IS NULL AND usesysid IS NOT NULL)::int,
  d.datconnlimit, (SELECT count(*) FROM pg_stat_activity a WHERE a.datname = d.datname)::int,
  r.rolconnlimit, extract(epoch FROM clock_timestamp())::float8,
  ARRAY(SELECT t::text FROM unnest(ARRAY[{_TABLES}]) t),
  ARRAY(SELECT CASE WHEN t IS NULL THEN false ELSE has_table_privilege(t, 'SELECT') END
        FROM unnest(ARRAY[{_TABLES}]) t),
  (SELECT count(*) FROM pg_stat_activity a WHERE a.usename = r.rolname)::int
FROM pg_roles r, pg_database d WHERE r.rolname = current_user AND d.datname = current_database()
"""  # noqa: S608 - names of our own


def _absent_file(words: Mapping[str, str]) -> str:
    """The option that names a file which is not here, if one does; libpq would blame the server's certificate."""
    named = {option: words.get(option, "") for option in ("sslrootcert", "sslcert", "sslkey")}
    return next((o for o, path in named.items() if path not in ("", "system") and not Path(path).is_file()), "")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _private(address: str) -> bool:
    return not globally_reachable(address)
