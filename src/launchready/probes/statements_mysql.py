"""What a MySQL or MariaDB server has counted of its statements: `events_statements_summary_by_digest`.

As `statements.py` for PostgreSQL: read-only, failures are values, our own statements are known by a name in them.
Statements that a driver prepares on the server have no digest on some of these servers: how many those were is told by
the server's count of questions.
Source: https://dev.mysql.com/doc/refman/8.4/en/performance-schema-statement-summary-tables.html
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import certifi

from launchready.probes.database import STATEMENT_TIMEOUT_MS, Database
from launchready.probes.failures import Failure, Garbage, NoAddress, Phase, Refused, TlsFailed, Unreachable
from launchready.probes.network import Network
from launchready.probes.statements import (
    MARK,
    MOST_STATEMENTS,
    MOST_TEXT,
    PATIENCE_S,
    Counters,
    Key,
    Snapshot,
    Untellable,
)
from launchready.redaction import without_secrets

if TYPE_CHECKING:
    import pymysql

SCHEMES = ("mysql", "mysql2", "mariadb")
_TABLE = "performance_schema.events_statements_summary_by_digest"
_UNCOUNTED = (
    "SELECT (SELECT VARIABLE_VALUE FROM performance_schema.global_status"  # noqa: S608
    " WHERE VARIABLE_NAME = 'Questions')"
    f" - (SELECT SUM(COUNT_STAR) FROM {_TABLE})"
)
"""Questions of clients that are in no digest, of whatever database."""
_ENCRYPTED = {"required", "true", "1", "require", "verify_ca", "verify_identity", "verify-ca", "verify-full"}
_NO_TLS = {"disabled", "false", "0", "disable"}


@dataclass(frozen=True, slots=True)
class MysqlPlace:
    """A connection string in parts; never printed."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    tls: str = ""
    """`required`, `verify`, `no`, or empty: TLS where the server offers it, as MySQL's own client does."""
    socket: str = ""

    @property
    def named(self) -> str:
        """For people."""
        return self.socket[:200] if self.socket else f"{self.host[:200]}:{self.port}"


def read_mysql_string(text: str) -> MysqlPlace | None:
    """`mysql://user:password@host:3306/database?ssl-mode=REQUIRED` in parts; None: it is no such string."""
    try:
        parts = urlsplit(text.strip().removeprefix("jdbc:"))
        port = parts.port or 3306
    except ValueError:
        return None
    words = {name.lower().replace("_", "-"): value for name, value in parse_qsl(parts.query)}
    name = unquote(parts.path.strip("/"))
    if not name or "/" in name:
        return None
    mode = (words.get("ssl-mode") or words.get("sslmode") or words.get("ssl") or "").lower()
    tls = "verify" if mode.startswith("verify") else "required" if mode in _ENCRYPTED else ""
    return MysqlPlace(
        parts.hostname or "localhost", port, unquote(parts.username or words.get("user", "")),
        unquote(parts.password or words.get("password", "")), name, "no" if mode in _NO_TLS else tls,
        words.get("unix-socket", "") or words.get("socket", ""),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Read:
    """How a statement's rows were come by, since the server began to count."""

    text: str
    calls: int
    examined: int
    unindexed: int


class MysqlStatements:
    """The counters of one MySQL database, by one connection. Asked by one task at a time."""

    source = "mysql"

    def __init__(self, connection: pymysql.Connection[Any], place: MysqlPlace) -> None:
        self.connection, self.place = connection, place
        self.version = str(getattr(connection, "server_version", ""))
        self._begun: dict[str, _Read] = {}

    @staticmethod
    @asynccontextmanager
    async def open(database: Database, text: str) -> AsyncIterator[MysqlStatements | Failure]:
        """The counters behind a connection string; a failure says why there are none, and what would change that."""
        place = read_mysql_string(text)
        if place is None:
            yield Garbage(Phase.REQUEST, "", "it is no address of a MySQL database")
            return
        try:
            import pymysql
        except ImportError:
            yield Unreachable(Phase.REQUEST, place.named, "PyMySQL is not installed: pip install 'launchready[mysql]'")
            return
        way = await _way(database, place)
        if isinstance(way, Failure):
            yield way
            return
        began = time.monotonic()
        try:
            connection = await asyncio.to_thread(_connect, place, way, database.network)
        except (pymysql.Error, OSError, ssl.SSLError) as error:
            yield _refusal(error, place, time.monotonic() - began)
            return
        try:
            statements = MysqlStatements(connection, place)
            yield await statements._trouble() or statements
        finally:
            with suppress(pymysql.Error, OSError):
                connection.close()

    async def rows(self, query: str, values: Collection[object] = ()) -> list[Any] | Failure:
        """The rows of one question, asked in a transaction that cannot write."""
        import pymysql

        def ask() -> list[Any]:
            with self.connection.cursor() as cursor:
                cursor.execute("START TRANSACTION READ ONLY")
                try:
                    cursor.execute(query, tuple(values) or None)
                    return list(cursor.fetchall())
                finally:
                    cursor.execute("ROLLBACK")

        began = time.monotonic()
        try:
            return await asyncio.to_thread(ask)
        except (pymysql.Error, OSError) as error:
            return _refusal(error, self.place, time.monotonic() - began)

    async def snapshot(self) -> Snapshot | Failure:
        """All counters of this database."""
        rows = await self.rows(
            f"SELECT DIGEST, COUNT_STAR AS {MARK}, SUM_ROWS_SENT + SUM_ROWS_AFFECTED,"  # noqa: S608
            f" SUM_TIMER_WAIT / 1e12 FROM {_TABLE} WHERE SCHEMA_NAME = DATABASE() AND DIGEST IS NOT NULL"
            f" LIMIT {MOST_STATEMENTS + 1}"
        )
        if isinstance(rows, Failure):
            return rows
        counters: dict[Key, Counters] = {
            (self.place.database, str(digest)): Counters(int(calls), int(count), float(seconds))
            for digest, calls, count, seconds in rows
        }
        without = await self.rows(_UNCOUNTED)
        if isinstance(without, Failure):
            return without
        return Snapshot(time.monotonic(), counters, hidden=int(without[0][0] or 0))

    async def texts(self, keys: Collection[Key]) -> Mapping[Key, str] | Failure:
        """The statements' own words, with `?` for values."""
        if not keys:
            return {}
        wanted = [key[1] for key in keys]
        marks = ", ".join(["%s"] * len(wanted))
        rows = await self.rows(
            f"SELECT DIGEST, LEFT(DIGEST_TEXT, {MOST_TEXT}) AS {MARK} FROM {_TABLE}"  # noqa: S608
            f" WHERE SCHEMA_NAME = DATABASE() AND DIGEST IN ({marks})",
            wanted,
        )
        if isinstance(rows, Failure):
            return rows
        return {(self.place.database, str(digest)): text or "" for digest, text in rows}

    async def read_whole(self) -> Mapping[str, tuple[int, float]] | Failure:
        """Statements that were sent since this connection was opened, and each time without an index.

        By text: how often, and how many rows the server read each time.
        """
        now = await self._reads()
        if isinstance(now, Failure):
            return now
        found = {}
        for digest, one in now.items():
            was = self._begun.get(digest, _Read("", 0, 0, 0))
            calls = one.calls - was.calls
            if calls > 0 and one.unindexed - was.unindexed == calls:
                found[one.text] = (calls, (one.examined - was.examined) / calls)
        return found

    async def table(self, name: str) -> tuple[int, tuple[str, ...], frozenset[str]] | Failure:
        """About how many rows a table has, its columns, and those that an index begins with."""
        rows = await self.rows(
            "SELECT COLUMN_NAME, 'column', 0 FROM information_schema.COLUMNS"
            " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s"
            " UNION ALL SELECT COLUMN_NAME, 'index', 0 FROM information_schema.STATISTICS"
            " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s AND SEQ_IN_INDEX = 1 AND COLUMN_NAME IS NOT NULL"
            " UNION ALL SELECT TABLE_NAME, 'rows', TABLE_ROWS FROM information_schema.TABLES"
            " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s",
            (name, name, name),
        )
        if isinstance(rows, Failure):
            return rows
        count = sum(int(n or 0) for _, kind, n in rows if kind == "rows")
        columns = tuple(str(column) for column, kind, _ in rows if kind == "column")
        return count, columns, frozenset(str(column) for column, kind, _ in rows if kind == "index")

    async def _reads(self) -> dict[str, _Read] | Failure:
        rows = await self.rows(
            f"SELECT DIGEST, LEFT(DIGEST_TEXT, {MOST_TEXT}), COUNT_STAR AS {MARK}, SUM_ROWS_EXAMINED,"  # noqa: S608
            f" SUM_NO_INDEX_USED FROM {_TABLE} WHERE SCHEMA_NAME = DATABASE() AND SUM_NO_INDEX_USED > 0"
            f" AND DIGEST IS NOT NULL LIMIT {MOST_STATEMENTS}"
        )
        if isinstance(rows, Failure):
            return rows
        return {str(digest): _Read(text or "", int(n), int(read), int(none)) for digest, text, n, read, none in rows}

    def unseen(self) -> Untellable:
        """That the counters are not kept."""
        return Untellable(
            Phase.ANSWER, self.place.named,
            "the server does not count the portal's statements: the driver prepares them on the server, as it seems",
            unlock="send traces to [performance] traces; or let the driver prepare statements itself (PDO: "
            "ATTR_EMULATE_PREPARES, mysql2: query instead of execute)",
        )  # fmt: skip

    async def _trouble(self) -> Failure | None:
        on = await self.rows("SELECT @@performance_schema")
        if isinstance(on, Failure):
            return on
        if not int(on[0][0]):
            return Untellable(
                Phase.ANSWER, self.place.named, "the server counts no statements: performance_schema is off",
                unlock="performance_schema = ON below [mysqld] of its settings, and a restart",
            )  # fmt: skip
        begun = await self._reads()
        if isinstance(begun, Failure):
            return begun
        self._begun = begun
        return None


async def _way(database: Database, place: MysqlPlace) -> tuple[str, int] | Failure:
    """The address and port that are connected to; empty for a socket's path."""
    if place.socket:
        return "", 0
    if place.host == "localhost":
        address = "127.0.0.1"
    else:
        try:
            address = str(ip_address(place.host))
        except ValueError:
            found = await database.dns.addresses(place.host)
            if isinstance(found, Failure):
                return found
            if not found:
                return NoAddress(Phase.LOOKUP, place.host, f"{place.host} has no address")
            address = found[0]
    way = database.network.route(place.host, address, place.port)
    return way if isinstance(way, Failure) else (way.address, way.port)


def _connect(place: MysqlPlace, way: tuple[str, int], network: Network) -> pymysql.Connection[Any]:
    """Connect, with TLS where the server has it. Raises pymysql.Error and OSError."""
    import pymysql

    patience_s = max(1.0, network.bounded_s(network.limits.connect_timeout_s))
    offers = [None] if place.socket or place.tls == "no" else [_tls(place, network), None]
    for context in offers:
        connection: pymysql.Connection[Any] = pymysql.connect(
            host=place.host, user=place.user, password=place.password, database=place.database, autocommit=True,
            charset="utf8mb4", connect_timeout=round(patience_s), read_timeout=PATIENCE_S, write_timeout=PATIENCE_S,
            ssl=context, defer_connect=True, program_name="launchready", local_infile=False,
        )  # fmt: skip
        if place.socket:
            stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            stream.settimeout(patience_s)
            stream.connect(place.socket)
        else:
            stream = socket.create_connection(way, patience_s)
        try:
            connection.connect(stream)
        except pymysql.OperationalError as error:
            stream.close()
            if context is None or place.tls or "SSL" not in str(error):
                raise
            continue
        with connection.cursor() as cursor, suppress(pymysql.Error):
            mariadb = "mariadb" in str(getattr(connection, "server_version", "")).lower()
            limit = f"max_statement_time = {STATEMENT_TIMEOUT_MS / 1000}" if mariadb else ""
            cursor.execute(f"SET SESSION {limit or f'max_execution_time = {STATEMENT_TIMEOUT_MS}'}")
        return connection
    raise OSError("no way was left")


def _tls(place: MysqlPlace, network: Network) -> ssl.SSLContext:
    roots = network.ca_pem.decode() if network.ca_pem else certifi.contents()
    context = ssl.create_default_context(cadata=roots)
    if place.tls != "verify":
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _refusal(error: Exception, place: MysqlPlace, elapsed_s: float) -> Failure:
    """What the server, or the way there, said. No sentence holds the connection string."""
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    said = without_secrets(str(error.args[1] if len(error.args) > 1 else error))[:200]
    subject = place.named
    if code == 1045:
        return Refused(Phase.REQUEST, subject, f"{subject} refuses the password of this role", elapsed_s)
    if code in (1044, 1049):
        return Refused(Phase.REQUEST, subject, f"{subject} has no database of this name for this role", elapsed_s)
    if code in (1142, 1143, 1227):
        return Untellable(
            Phase.ANSWER, subject, "the role of this connection string may not read performance_schema", elapsed_s,
            unlock=f"GRANT SELECT ON performance_schema.* TO '{place.user}', as the server's owner",
        )  # fmt: skip
    if code == 2026 or isinstance(error, ssl.SSLError):
        return TlsFailed(Phase.TLS, subject, f"{subject}: {said}", elapsed_s)
    if isinstance(error, ConnectionRefusedError):
        return Refused(Phase.CONNECT, subject, f"nobody listens at {subject}: connection refused", elapsed_s)
    return Refused(Phase.ANSWER, subject, f"{subject} does not answer: {said}", elapsed_s)
