"""What a PostgreSQL server has counted of its statements (`pg_stat_statements`), before and after something was done.

The counters only ever grow, are written when a statement ends, and are shared by all who use the server: whose work a
difference is must be told by who asks (`performance/database_look.py`). Read-only; each look is one short
transaction, so that a pooler may give every one of them another connection. What a statement's plan is: `explain.py`.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from launchready.probes.database import STATEMENT_TIMEOUT_MS, Database
from launchready.probes.database_place import Place, named
from launchready.probes.database_refusals import refusal
from launchready.probes.failures import Failure, Garbage, Phase, Timeout

if TYPE_CHECKING:
    import psycopg

MOST_STATEMENTS = 50_000
MOST_TEXT = 20_000
"""Characters of one statement."""
PATIENCE_S = 10.0
"""For one look, the way there and back included."""
MARK = "launchready_calls"
"""A name in every statement of ours that reads counters, by which it is known again in the counters themselves."""

Key = tuple[str, ...]
"""What one statement is counted under: PostgreSQL's role, database and queryid, or MySQL's schema and digest."""


@dataclass(frozen=True, slots=True)
class Counters:
    """How often a statement was sent since the counting began, and what it took."""

    calls: int
    rows: int
    exec_s: float
    plan_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All counters at one moment."""

    at_s: float
    """On a clock that never goes back."""
    counters: Mapping[Key, Counters]
    hidden: int = 0
    """Calls of statements that this role may not see."""
    era: str = ""
    """Changes when all counters were set back."""


@dataclass(frozen=True, slots=True)
class StatementDelta:
    """What was added to one statement's counters between two snapshots."""

    key: Key
    text: str
    """Normalized by the server: values are placeholders."""
    calls: int
    rows: int
    exec_s: float
    plan_s: float


@dataclass(frozen=True, slots=True)
class Delta:
    """What was added between two snapshots; our own statements, and those that ask for nothing, are left out."""

    elapsed_s: float
    statements: tuple[StatementDelta, ...]
    hidden: int
    """Calls of statements that this role may not see."""


@dataclass(frozen=True, slots=True)
class Untellable(Failure):
    """The server is there, and its counters cannot be read; `unlock` says what lets us."""

    unlock: str = ""


class Counted(Protocol):
    """A server that counts its statements."""

    source: str
    """`pg_stat_statements` or `mysql`."""

    async def snapshot(self) -> Snapshot | Failure:
        """All counters of this database, now."""
        ...

    async def texts(self, keys: Collection[Key]) -> Mapping[Key, str] | Failure:
        """The statements' own words."""
        ...

    def unseen(self) -> Untellable:
        """Said when the portal's own statements are not among those that are shown."""
        ...


def added(before: Snapshot, after: Snapshot) -> dict[Key, Counters] | Failure:
    """By statement, what was added; statements that were not sent are left out. A failure: they cannot be compared.

    A full server throws out the statements it saw least; one that came back since then counts from nothing.
    """
    if before.era != after.era:
        return Untellable(
            Phase.ANSWER, "", "somebody set the counters back while we looked",
            unlock="measure when nobody calls pg_stat_statements_reset()",
        )  # fmt: skip
    found, none = {}, Counters(0, 0, 0.0)
    for key, now in after.counters.items():
        was = before.counters.get(key, none)
        if now.calls < was.calls:
            was = none
        if now.calls > was.calls:
            found[key] = Counters(
                now.calls - was.calls, now.rows - was.rows, now.exec_s - was.exec_s, now.plan_s - was.plan_s
            )
    return found


async def delta(counted: Counted, before: Snapshot, after: Snapshot) -> Delta | Failure:
    """What the portal (and whoever else uses the database) sent between two snapshots."""
    found = added(before, after)
    if isinstance(found, Failure):
        return found
    texts = await counted.texts(found)
    if isinstance(texts, Failure):
        return texts
    statements = tuple(
        StatementDelta(key, text, c.calls, c.rows, c.exec_s, c.plan_s)
        for key, c in found.items()
        if MARK not in (text := texts.get(key, "")) and asks(text)
    )
    return Delta(after.at_s - before.at_s, statements, max(0, after.hidden - before.hidden))


def asks(text: str) -> bool:
    """Whether a statement reads or writes: not one that opens a transaction, sets something or asks who is there."""
    bare = _LEADING_COMMENTS.sub("", text).lstrip("( \t\r\n")
    if _NOTHING.match(bare):
        return False
    return bare[:8].partition(" ")[0].split("\n")[0].rstrip("(").upper() in _VERBS


_LEADING_COMMENTS = re.compile(r"\A(?:\s|/\*.*?\*/|--[^\n]*\n)+", re.DOTALL)
_NOTHING = re.compile(
    r"SELECT\s+(?:(?:\$\d+|\?|\d+)\s*;?\s*\Z|(?:pg_catalog\s*\.\s*)?(?:set_config|version|pg_is_in_recovery)\s*\()",
    re.IGNORECASE,
)
_VERBS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "VALUES", "CALL", "REPLACE", "FETCH"})


class Statements:
    """The counters of one PostgreSQL database, by one connection. Asked by one task at a time."""

    source = "pg_stat_statements"

    def __init__(self, connection: psycopg.AsyncConnection[Any], place: Place) -> None:
        self.connection, self.place = connection, place
        self.version = connection.info.server_version
        """As 180006."""
        self._catalog = _Catalog()
        self._texts: dict[Key, str] = {}

    @staticmethod
    @asynccontextmanager
    async def open(database: Database, text: str) -> AsyncIterator[Statements | Failure]:
        """The counters behind a connection string; a failure says why there are none, and what would change that."""
        async with database.reading(text) as opened:
            if isinstance(opened, Failure):
                yield opened
                return
            place, connection = opened
            statements = Statements(connection, place)
            trouble = await statements._find()
            yield trouble or statements

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """One that cannot write nor wait. Its settings end with it: a pooler hands the connection on afterwards."""
        async with asyncio.timeout(PATIENCE_S), self.connection.transaction(force_rollback=True):
            await self.connection.execute("SET TRANSACTION READ ONLY")
            await self.connection.execute(
                f"SET LOCAL statement_timeout = {STATEMENT_TIMEOUT_MS}; SET LOCAL lock_timeout = 500"
            )
            if self.place.schema:
                quoted = '"' + self.place.schema.replace('"', '""') + '"'
                await self.connection.execute("SELECT pg_catalog.set_config('search_path', %s, true)", [quoted])
            yield self.connection

    async def rows(self, query: str, values: Mapping[str, object] | None = None) -> list[Any] | Failure:
        """The rows of one question of ours. What goes wrong is a value."""
        import psycopg

        began = time.monotonic()
        try:
            async with self.transaction() as connection:
                return await (await connection.execute(query, values)).fetchall()
        except TimeoutError:
            detail = f"{named(self.place)} did not answer within {PATIENCE_S:.0f} s"
            return Timeout(Phase.ANSWER, named(self.place), detail, time.monotonic() - began)
        except psycopg.Error as error:
            return self._refused(error, time.monotonic() - began)

    async def snapshot(self) -> Snapshot | Failure:
        """All counters of this database; other databases of the server are left out."""
        rows = await self.rows(self._catalog.counters)
        if isinstance(rows, Failure):
            return rows
        at_s, counters, hidden, era = time.monotonic(), dict[Key, Counters](), 0, ""
        for user, base, query, calls, count, exec_ms, plan_ms, mark in rows:
            era = mark
            if query is None:
                hidden += calls
                continue
            key = (str(user), str(base), str(query))
            was = counters.get(key, Counters(0, 0, 0.0))
            counters[key] = Counters(
                was.calls + calls, was.rows + count, was.exec_s + exec_ms / 1000, was.plan_s + plan_ms / 1000
            )
        if len(rows) > MOST_STATEMENTS:
            return Garbage(Phase.ANSWER, named(self.place), f"it counts more than {MOST_STATEMENTS} statements")
        return Snapshot(at_s, counters, hidden, era)

    async def texts(self, keys: Collection[Key]) -> Mapping[Key, str] | Failure:
        """The statements' own words, each asked for once."""
        unknown = [key for key in keys if key not in self._texts]
        if unknown:
            rows = await self.rows(self._catalog.texts, {"ids": [int(key[2]) for key in unknown]})
            if isinstance(rows, Failure):
                return rows
            self._texts |= {(str(user), str(base), str(query)): text or "" for user, base, query, text in rows}
        return {key: self._texts.get(key, "") for key in keys}

    async def _find(self) -> Failure | None:
        """Look up where the counters are and how they are named there."""
        rows = await self.rows(_FIND)
        if isinstance(rows, Failure):
            return rows
        if not rows:
            return Untellable(
                Phase.ANSWER, named(self.place), "the database counts no statements: pg_stat_statements is not in it",
                unlock="CREATE EXTENSION pg_stat_statements; on a server of your own also "
                "shared_preload_libraries = 'pg_stat_statements' in postgresql.conf, and a restart",
            )  # fmt: skip
        [(schema, columns, has_marks)] = rows
        self._catalog = _catalog(schema, set(columns), has_marks)
        first = await self.snapshot()
        if isinstance(first, Failure):
            return first
        if first.hidden and not first.counters:
            return self.unseen()
        return None

    @property
    def known(self) -> Collection[str]:
        """The whole texts of the statements that were asked for until now."""
        return self._texts.values()

    def unseen(self) -> Untellable:
        """That this role is not shown what others do."""
        detail = "the role of this connection string may not see the statements of the portal's role"
        unlock = f"GRANT pg_read_all_stats TO {_quoted(self.place.words.get('user', 'the role'))}, as a superuser"
        return Untellable(
            Phase.ANSWER, named(self.place), detail, unlock=f"{unlock}; or give the portal's own connection string"
        )

    def _refused(self, error: psycopg.Error, elapsed_s: float) -> Failure:
        subject = named(self.place)
        if error.sqlstate == "55000":  # object_not_in_prerequisite_state
            return Untellable(
                Phase.ANSWER, subject, "pg_stat_statements is in the database, but the server has not loaded it",
                unlock="shared_preload_libraries = 'pg_stat_statements' in postgresql.conf, and a restart",
            )  # fmt: skip
        if error.sqlstate == "42501":  # insufficient_privilege
            return Untellable(
                Phase.ANSWER, subject, "the role of this connection string may not read pg_stat_statements",
                unlock=f"GRANT pg_read_all_stats TO {_quoted(self.place.words.get('user', 'the role'))}",
            )  # fmt: skip
        if error.sqlstate == "08P01" or (self.place.pooled and "transaction" in str(error).lower()):
            return Untellable(
                Phase.ANSWER, subject, "the pooler in front of the database allows no transactions",
                unlock="give a connection string that leads to the database itself",
            )  # fmt: skip
        return refusal(error, subject, elapsed_s)


@dataclass(frozen=True, slots=True)
class _Catalog:
    """The questions, in the words of the installed version."""

    counters: str = field(default="", repr=False)
    texts: str = field(default="", repr=False)


_FIND = """
SELECT n.nspname::text, ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  EXISTS (SELECT FROM pg_catalog.pg_class i WHERE i.relnamespace = n.oid AND i.relname = 'pg_stat_statements_info')
FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = 'pg_stat_statements'
WHERE e.extname = 'pg_stat_statements'
"""


def _catalog(schema: str, columns: set[str], has_marks: bool) -> _Catalog:
    """The columns are those of the extension, which may be older than the server (PostgreSQL 13 renamed the times)."""
    where = _quoted(schema)
    exec_ms = "s.total_exec_time" if "total_exec_time" in columns else "s.total_time"
    plan_ms = "s.total_plan_time" if "total_plan_time" in columns else "0::float8"
    top = "AND s.toplevel" if "toplevel" in columns else ""
    mark = "''"
    if has_marks:
        mark = f"(SELECT i.stats_reset::text FROM {where}.pg_stat_statements_info i)"  # noqa: S608
    mine = "s.dbid = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())"
    return _Catalog(
        # `false`: without the texts, which are in a file that may be large.
        f"SELECT s.userid, s.dbid, s.queryid, s.calls AS {MARK}, s.rows, {exec_ms}, {plan_ms}, {mark}"  # noqa: S608
        f" FROM {where}.pg_stat_statements(false) s WHERE {mine} {top} LIMIT {MOST_STATEMENTS + 1}",
        f"SELECT s.userid, s.dbid, s.queryid, pg_catalog.left(s.query, {MOST_TEXT}) AS {MARK}"  # noqa: S608
        f" FROM {where}.pg_stat_statements(true) s WHERE s.queryid = ANY(%(ids)s) {top}",
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
