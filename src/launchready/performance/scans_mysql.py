"""Scans of a MySQL or MariaDB database, by what the server counted: statements it answered without any index.

That is no plan but what has happened: every time the statement was sent, no index was used, and so many rows were
read. The index is named for conditions of one table; where it cannot be, that is said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from launchready.measurement import RouteQueries, Scan, Statement, Untold
from launchready.performance.index_candidates import MOST_COLUMNS, index_name
from launchready.performance.statement_shapes import without_comments
from launchready.probes.failures import Failure
from launchready.probes.statements_mysql import MysqlStatements

FEW_ROWS = 1_000
WANTED = 0.1
"""As in `scans.py`."""
UNLOCK = "look at the statement with EXPLAIN"


async def scans_mysql(counted: MysqlStatements, queries: RouteQueries) -> tuple[tuple[Scan, ...], tuple[Untold, ...]]:
    """The scans of one step's statements; and what could not be looked at."""
    whole = await counted.read_whole()
    if isinstance(whole, Failure):
        return (), (Untold(queries.flow, queries.step, str(whole), UNLOCK, part="indexes"),)
    found: list[Scan] = []
    untold: list[Untold] = []
    for statement in queries.statements:
        text = next((text for text in whole if without_comments(text).startswith(statement.text)), "")
        examined = whole[text][1] if text else 0.0
        if examined < FEW_ROWS or statement.rows > WANTED * examined:
            continue
        asked = asked_for(text)
        table = await counted.table(asked.table) if asked else None
        if isinstance(table, Failure):
            return (), (Untold(queries.flow, queries.step, str(table), UNLOCK, part="indexes"),)
        create = _create(asked, table) if asked and table else None
        if create is None:
            reason = f"{queries.route} reads {examined:,.0f} rows of {statement.table} without an index; "
            reason += "which one would help cannot be read off its conditions"
            untold.append(Untold(queries.flow, queries.step, reason, UNLOCK, part="indexes"))
        elif create:
            found.append(_scan(statement, queries.route, examined, create))
    return tuple(found), tuple(untold)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a statement of one table demands of its rows."""

    table: str
    equal: tuple[str, ...]
    order: tuple[tuple[str, str], ...] = ()
    """Columns and directions, where only the first rows are wanted."""


def asked_for(text: str) -> Asked | None:
    """The conditions of a digest's text; None where more than one table or an OR is in it."""
    found = _ONE_TABLE.fullmatch(re.sub(r"\s+", " ", text).strip())
    if not found:
        return None
    where, tail = found["where"] or "", found["tail"] or ""
    if re.search(r"\b(?:OR|SELECT|JOIN|UNION|CASE)\b", where):
        return None
    equal = [match[1] for part in re.split(r" AND ", where) if (match := _EQUAL.fullmatch(part.strip()))]
    order: list[tuple[str, str]] = []
    sort = re.search(r"ORDER BY (.+?) LIMIT", tail)
    if sort and "GROUP BY" not in tail:
        keys = [_SORT_KEY.fullmatch(key.strip()) for key in sort[1].split(",")]
        order = [(key[1], key[2] or "") for key in keys if key] if all(keys) else []
    equal = list(dict.fromkeys(equal))[:MOST_COLUMNS]
    return Asked(found["table"].strip("`"), tuple(equal), tuple(o for o in order if o[0] not in equal)[:MOST_COLUMNS])


def _create(asked: Asked, table: tuple[int, tuple[str, ...], frozenset[str]]) -> str | None:
    """The statement that makes the index; empty where one is there already, None where none can be named."""
    _, columns, led = table
    known = {name.lower(): name for name in columns}
    equal = [known[name.lower()] for name in asked.equal if name.lower() in known]
    order = [(known[name.lower()], way) for name, way in asked.order if name.lower() in known]
    names = [*equal, *(name for name, _ in order)]
    if not names:
        return None
    if set(equal or names[:1]) & led:
        return ""
    parts = [_quoted(name) for name in equal] + [f"{_quoted(name)}{way}" for name, way in order]
    return (
        f"CREATE INDEX {_quoted(index_name(asked.table, tuple(names)))} ON {_quoted(asked.table)} ({', '.join(parts)});"
    )


def _scan(statement: Statement, route: str, examined: float, create: str) -> Scan:
    return Scan(
        route, statement.table, round(examined), statement.text, statement.calls, statement.ms, create, cost_before=0.0
    )


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


_NAME = r"(?:`(?:[^`]|``)+`|\w+)"
_ONE_TABLE = re.compile(
    rf"(?:SELECT .+? FROM|DELETE FROM|UPDATE) (?P<table>{_NAME})(?: (?:AS )?(?!WHERE|ORDER|LIMIT|SET|GROUP){_NAME})?"
    r"(?: SET (?:(?! WHERE ).)+)?(?: WHERE (?P<where>.+?))?(?P<tail> (?:ORDER BY|GROUP BY|LIMIT|FOR|HAVING)\b.*)?;?"
)
_COLUMN = rf"(?:{_NAME} ?\. ?)?`?(\w+)`?"
_EQUAL = re.compile(rf"{_COLUMN} (?:= \?|IN ?\( ?(?:\?|\.\.\.)(?: ?, ?(?:\?|\.\.\.))* ?\)|<=> \?|IS NULL)")
_SORT_KEY = re.compile(rf"{_COLUMN}( DESC| ASC)?")
