"""One look at a PostgreSQL database with the portal's own connection string: what it is, and what is in its books.

Read-only, bounded, one connection a run. The string is never kept in a result, a message or a log. What the facts mean
is judged in `hardening/connections_*.py` and `hardening/release_migrations.py`.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import certifi

from launchready.probes.addresses import globally_reachable
from launchready.probes.dns import Dns
from launchready.probes.failures import Failure, Garbage, NoAddress, OutOfTime, Phase, Refused, Timeout, Unreachable
from launchready.probes.network import Network
from launchready.redaction import without_secrets

if TYPE_CHECKING:
    import psycopg

STATEMENT_TIMEOUT_MS = 5_000
MOST_ROWS = 20_000
"""Of one table of migrations; who has more is not judged."""
SCHEMES = {"postgres", "postgresql", "pgsql", "postgis", "psql", "timescale", "timescalegis"}
"""By which libraries call PostgreSQL in an address: `postgresql+psycopg` counts by what stands before the plus."""

BOOKS: dict[str, tuple[str, str]] = {
    "django": ("django_migrations", "SELECT app, name, true FROM {} LIMIT {}"),
    "alembic": ("alembic_version", "SELECT version_num, '', true FROM {} LIMIT {}"),
    "rails": ("schema_migrations", "SELECT version::text, '', true FROM {} LIMIT {}"),
    "prisma": (
        "_prisma_migrations",
        "SELECT migration_name, '', finished_at IS NOT NULL FROM {} WHERE rolled_back_at IS NULL LIMIT {}",
    ),
    "laravel": ("migrations", "SELECT migration, '', true FROM {} LIMIT {}"),
    "flyway": ("flyway_schema_history", "SELECT coalesce(version, ''), description, success FROM {} LIMIT {}"),
}
"""By tool: the table in which it writes down what it has applied, and how that is read."""


@dataclass(frozen=True, slots=True)
class Applied:
    """One line of a table of migrations."""

    name: str
    detail: str = ""
    done: bool = True
    """False: it was begun and did not end well."""


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


@dataclass(frozen=True, slots=True)
class Place:
    """A connection string in parts, for people and for libpq; never printed."""

    words: Mapping[str, str] = field(repr=False)
    scheme: str = "postgresql"

    @property
    def host(self) -> str:
        """A name, an address or the folder of a socket."""
        return self.words.get("host", "") or self.words.get("hostaddr", "")

    @property
    def port(self) -> int:
        """5432 where the string names none."""
        text = self.words.get("port", "")
        return int(text) if text.isdigit() else 5432


def scheme_of(text: str) -> str:
    """`postgresql` for everything that PostgreSQL is called; else what stands before `://`, in lower case."""
    scheme = urlsplit(text.strip()).scheme.lower() if "://" in text[:40] else ""
    if scheme.startswith("jdbc:"):
        scheme = scheme.removeprefix("jdbc:")
    scheme = scheme.partition("+")[0]
    return "postgresql" if scheme in SCHEMES or (not scheme and "=" in text) else scheme


def read_string(text: str) -> Place | None:
    """A connection string as libpq reads it; options of libraries above it are left out. None: it cannot be read."""
    from psycopg import Error
    from psycopg.conninfo import conninfo_to_dict

    text = text.strip().removeprefix("jdbc:")
    if "://" in text:
        rest = text.partition("://")[2]
        address, mark, query = rest.partition("?")
        pairs = [pair for pair in query.split("&") if pair.partition("=")[0] in _LIBPQ]
        text = f"postgresql://{address}" + (mark + "&".join(pairs) if pairs else "")
    try:
        words = conninfo_to_dict(text)
    except (Error, UnicodeError, ValueError):
        return None
    return Place({name: str(value) for name, value in words.items() if value is not None})


class Database:
    """Looks at databases for one run; each string once."""

    def __init__(self, network: Network, dns: Dns) -> None:
        self.network, self.dns = network, dns

    async def look(self, text: str) -> DatabaseFacts | Failure:
        """What is behind a connection string of PostgreSQL. The string itself is in no answer."""
        return await self.network.once(("database", text), lambda: self._look(text))

    async def _look(self, text: str) -> DatabaseFacts | Failure:
        try:
            import psycopg
        except ImportError:
            return Unreachable(Phase.REQUEST, "", "psycopg is not installed: pip install 'launchready[postgres]'")
        place = read_string(text)
        if place is None:
            return Garbage(Phase.REQUEST, "", "it is no connection string that PostgreSQL's own library can read")
        where = await self._where(place)
        if isinstance(where, Failure):
            return where
        address, words = where
        subject = _named(place)
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
            return Timeout(Phase.ANSWER, subject, detail, time.monotonic() - began)
        except psycopg.Error as error:
            return _failure(error, subject, time.monotonic() - began)

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
        options = {**words, "application_name": "launchready", "connect_timeout": str(patience_s)}
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


async def _facts(connection: psycopg.AsyncConnection[Any], place: Place, address: str) -> DatabaseFacts:
    # Settings of this transaction only: a pooler hands the connection to somebody else afterwards.
    async with connection.transaction():
        await connection.execute("SET TRANSACTION READ ONLY")
        await connection.execute(f"SET LOCAL statement_timeout = {STATEMENT_TIMEOUT_MS}")
        sent = time.time()
        [row] = await (await connection.execute(_FACTS)).fetchall()
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
        place=_named(place),
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
        pooled=bool(row[7]) or place.port == 6543,
        books=books,
        unread=tuple(unread),
    )


_TABLES = ", ".join(f"to_regclass('{table}')" for table, _ in BOOKS.values())
_FACTS = f"""
SELECT current_database(), current_user, current_setting('server_version_num')::int, r.rolsuper,
  array_remove(ARRAY[CASE WHEN r.rolcreatedb THEN 'CREATEDB' END, CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
    CASE WHEN r.rolreplication THEN 'REPLICATION' END, CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END], NULL),
  coalesce((SELECT reset_val FROM pg_settings WHERE name = 'default_transaction_read_only'), 'off') = 'on',
  pg_is_in_recovery(), current_setting('application_name') <> 'launchready',
  current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
  (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')::int,
  d.datconnlimit, (SELECT count(*) FROM pg_stat_activity a WHERE a.datname = d.datname)::int,
  r.rolconnlimit, extract(epoch FROM clock_timestamp())::float8,
  ARRAY(SELECT t::text FROM unnest(ARRAY[{_TABLES}]) t),
  ARRAY(SELECT CASE WHEN t IS NULL THEN false ELSE has_table_privilege(t, 'SELECT') END
        FROM unnest(ARRAY[{_TABLES}]) t),
  (SELECT count(*) FROM pg_stat_activity a WHERE a.usename = r.rolname)::int
FROM pg_roles r, pg_database d WHERE r.rolname = current_user AND d.datname = current_database()
"""  # noqa: S608 - names of our own


def _failure(error: psycopg.Error, subject: str, elapsed_s: float) -> Failure:
    """What the server, or libpq, said: by its code where it gave one, by its English words where not."""
    said = str(error)
    for pattern, kind, phase, sentence in _SAID:
        if re.search(pattern, said, re.IGNORECASE):
            return kind(phase, subject, sentence.format(place=subject), elapsed_s)
    if error.diag.message_primary:
        asked = without_secrets(error.diag.message_primary)[:200]
        return Refused(Phase.ANSWER, subject, f"{subject} does not answer what was asked: {asked}", elapsed_s)
    last = said.strip().splitlines()[-1] if said.strip() else type(error).__name__
    quoted = without_secrets(re.sub(r"^.*?FATAL:\s*", "", last))[:200]
    return Refused(Phase.ANSWER, subject, f"{subject} refused the connection: {quoted}", elapsed_s)


_SAID: tuple[tuple[str, type[Failure], Phase, str], ...] = (
    ("password authentication failed|28P01", Refused, Phase.REQUEST, "{place} refuses the password of this role"),
    (
        "no password supplied",
        Refused,
        Phase.REQUEST,
        "{place} asks for a password and the connection string holds none",
    ),
    (r'database ".*" does not exist|3D000', Refused, Phase.REQUEST, "{place} has no database of this name"),
    (r'role ".*" does not exist|28000', Refused, Phase.REQUEST, "{place} has no role of this name"),
    (
        "no pg_hba.conf entry.*(no encryption|SSL off)",
        Refused,
        Phase.REQUEST,
        "{place} takes encrypted connections only; add sslmode=require to the connection string",
    ),
    ("no pg_hba.conf entry", Refused, Phase.REQUEST, "{place} lets nobody in from this address (pg_hba.conf)"),
    (
        "remaining connection slots|too many (clients|connections)|53300",
        Refused,
        Phase.REQUEST,
        "{place} has no free connection left",
    ),
    ("starting up|57P03", Refused, Phase.REQUEST, "{place} is starting up or shutting down"),
    (
        "does not support SSL",
        Refused,
        Phase.TLS,
        "{place} does not encrypt, and the connection string demands it (sslmode)",
    ),
    (
        "certificate verify failed|certificate.*(does not match|self.signed)|root certificate file",
        Refused,
        Phase.TLS,
        "the certificate of {place} is not trusted, and the connection string demands it (sslmode=verify-full)",
    ),
    ("connection refused", Refused, Phase.CONNECT, "nobody listens at {place}: connection refused"),
    ("no such file or directory", Refused, Phase.CONNECT, "nobody listens at {place}: there is no such socket"),
    ("timeout expired|timed out", Timeout, Phase.CONNECT, "{place} did not answer the connection"),
    ("unreachable|no route to host", Unreachable, Phase.CONNECT, "{place} cannot be reached from here"),
    ("statement timeout", Timeout, Phase.ANSWER, "{place} took longer than 5 s over a question of no weight"),
    (
        "expected authentication request|invalid response|lost synchronization|received invalid",
        Garbage,
        Phase.ANSWER,
        "what listens at {place} is no PostgreSQL",
    ),
    (
        "server closed the connection|connection reset|EOF detected",
        Refused,
        Phase.ANSWER,
        "{place} closed the connection without a word",
    ),
)


def _named(place: Place) -> str:
    host = place.host or "localhost"
    return host[:200] if host.startswith("/") else f"{host[:200]}:{place.port}"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _private(address: str) -> bool:
    return not globally_reachable(address)


_LIBPQ = frozenset(
    (
        "host", "hostaddr", "port", "dbname", "user", "password", "sslmode", "sslrootcert", "sslcert", "sslkey",
        "sslcrl", "channel_binding", "connect_timeout", "options", "target_session_attrs", "gssencmode",
        "sslnegotiation", "require_auth", "service", "passfile",
    )
)  # fmt: skip
"""Options of libpq itself (https://www.postgresql.org/docs/current/libpq-connect.html)."""
