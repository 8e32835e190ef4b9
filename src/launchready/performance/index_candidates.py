"""The index that would spare a plan from reading a whole table, read off the conditions that PostgreSQL itself writes.

Only what a B-tree surely serves: equality of a column or of `upper(column)` and its like, one range, the order of the
first rows, a column that a small side is joined by. Whether it is worth it is decided in `scans.py`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from launchready.probes.explain import Table, TableScan

MOST_COLUMNS = 3
FEW = 50
_NAME = r'(?:"(?:[^"]|"")+"|[A-Za-z_][\w$]*)'
_STABLE = ("upper", "lower", "btrim", "md5")
"""Functions whose answer never changes, so that an index may hold it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An index, as the list of what it holds."""

    parts: tuple[str, ...]
    """Each as it stands between the parentheses of `CREATE INDEX`."""
    columns: tuple[str, ...]
    """The bare columns in them, for names and statistics."""
    wraps: str = ""
    """The column that is wrapped in a function, where an index on it is there and cannot be used."""
    ordered: bool = False
    """It also brings the rows in the order wanted, so that only the first are read."""

    def create_on_parts(self, schema: str, table: str) -> str:
        """The statement that makes it on a partitioned table and all its parts; PostgreSQL blocks writers meanwhile."""
        name = index_name(table, self.columns)
        return f"CREATE INDEX {_quoted(name)} ON {_place(schema, table)} ({', '.join(self.parts)});"

    def create(self, schema: str, table: str, taken: tuple[str, ...] = ()) -> str:
        """The statement that makes it, without blocking those who write."""
        name = index_name(table, self.columns, taken)
        return f"CREATE INDEX CONCURRENTLY {_quoted(name)} ON {_place(schema, table)} ({', '.join(self.parts)});"

    def bare(self, schema: str, table: str) -> str:
        """The same for a hypothetical index."""
        return f"CREATE INDEX ON {_place(schema, table)} ({', '.join(self.parts)})"


def candidate(scan: TableScan, table: Table) -> Candidate | None:
    """The index that would serve this scan; None: none that is sure to."""
    equal: list[tuple[str, str]] = []
    ranges: list[tuple[str, str]] = []
    for condition in conditions(scan.filter):
        if found := _equality(condition, scan, table):
            equal.append(found)
        elif found := _range(condition, scan, table):
            ranges.append(found)
    if not equal and (found := _join_key(scan, table)):
        equal.append(found)
    equal = list(dict.fromkeys(equal))
    # The column with the most values first: then the index also serves who asks for it alone.
    equal.sort(key=lambda one: -table.distinct.get(one[1], 0.0))
    # One row needs no order: behind an address or a number the columns of an order only make the index larger.
    order = _order(scan) if scan.rows_out > FEW or not equal else []
    used = equal[:MOST_COLUMNS]
    if order and len(equal) <= MOST_COLUMNS and not {c for _, c in used} & {c for _, c in order}:
        used += order
    else:
        order = []
        if not used:
            used = ranges[:1]
        elif len(used) < MOST_COLUMNS:
            used += [one for one in ranges[:1] if one not in used]
    if not used:
        return None
    return Candidate(
        tuple(part for part, _ in used), tuple(column for _, column in used), _wrapped(used, table), bool(order)
    )


def leads(table: Table, columns: tuple[str, ...]) -> bool:
    """Whether an index that is there begins with the first of these columns."""
    firsts = [re.search(rf" USING \w+ \(({_NAME})[ ,)]", made) for made in table.indexes.values()]
    return any(found and _plain(found[1]) == columns[0] for found in firsts)


def conditions(text: str) -> list[str]:
    """What a filter demands all at once: the parts between its outermost ANDs."""
    text = _unwrapped(text)
    parts = _split(text, " AND ")
    if len(_split(text, " OR ")) > 1:
        return []
    return [_unwrapped(part) for part in parts if part.strip()] if text else []


def index_name(table: str, columns: tuple[str, ...], taken: tuple[str, ...] = ()) -> str:
    """A name of 63 bytes at most, as PostgreSQL keeps them, that is not taken."""
    whole = re.sub(r"\W+", "_", "_".join((table, *columns)).encode("ascii", "ignore").decode()).strip("_").lower()
    name = f"{whole}_idx"
    if len(name) > 63 or name in taken or name == "_idx":
        mark = hashlib.sha256("\x1f".join((table, *columns)).encode("utf-8", "surrogatepass")).hexdigest()[:8]
        name = f"{whole[:50]}_{mark}_idx"
    return name


def _equality(condition: str, scan: TableScan, table: Table) -> tuple[str, str] | None:
    for operator in (" = ANY ", " = "):
        left, mark, right = condition.partition(operator)
        if mark and _top_level(left) and _foreign(right, scan):
            return _key(left, scan, table)
        if mark and operator == " = " and _top_level(left) and _foreign(left, scan):
            return _key(right, scan, table)
    if found := re.fullmatch(r"(.+) IS NULL", condition):
        return _key(found[1], scan, table)
    return None


def _range(condition: str, scan: TableScan, table: Table) -> tuple[str, str] | None:
    for operator in (" >= ", " <= ", " > ", " < "):
        left, mark, right = condition.partition(operator)
        if mark and _top_level(left) and _foreign(right, scan):
            return _key(left, scan, table)
    found = re.fullmatch(r"(.+) ~~ '([^%_'\\]+)%'(?:::\w+)?", condition)
    if found and (key := _key(found[1], scan, table)) and key[0] == _quoted(key[1]):
        return f"{key[0]} text_pattern_ops", key[1]
    return None


def _key(text: str, scan: TableScan, table: Table) -> tuple[str, str] | None:
    """A column of the table, or a known function of one, as an index holds it."""
    text = _unwrapped(text.strip())
    if bare := _column(text, scan, table):
        return (_quoted(bare), bare) if table.types[bare] != "boolean" else None
    call = re.fullmatch(r"(\w+)\((.+)\)", text)
    if call and call[1] in _STABLE and (bare := _column(call[2], scan, table)):
        cast = "" if table.types[bare] == "text" else "::text"
        inner = f"({_quoted(bare)}){cast}" if cast else _quoted(bare)
        return f"{call[1]}({inner})", bare
    return None


def _column(text: str, scan: TableScan, table: Table) -> str:
    """The column that a text is; empty: it is none of this table, or cast to what an index on it does not hold."""
    whole = _unwrapped(text.strip())
    text = _unwrapped(re.sub(r"::text$", "", whole))
    found = re.fullmatch(rf"(?:({_NAME})\.)?({_NAME})", text)
    if not found or (found[1] and _plain(found[1]) not in (scan.alias, scan.table)):
        return ""
    name = _plain(found[2])
    # PostgreSQL compares varchar as text, and uses its index for that; any other cast is a computation.
    return name if name in table.types and (text == whole or table.types[name] == "character varying") else ""


def _join_key(scan: TableScan, table: Table) -> tuple[str, str] | None:
    """The column by which a much smaller side asks for its rows."""
    condition, others = scan.joined
    if not condition or others * 50 > table.rows or len(conditions(condition)) != 1:
        return None
    left, mark, right = _unwrapped(condition).partition(" = ")
    if not mark:
        return None
    return (_foreign(right, scan) and _key(left, scan, table)) or (
        (_foreign(left, scan) and _key(right, scan, table)) or None
    )


def _order(scan: TableScan) -> list[tuple[str, str]]:
    found = []
    for key in scan.order:
        match = re.fullmatch(rf"(?:({_NAME})\.)?({_NAME})((?: DESC| NULLS FIRST| NULLS LAST)*)", key)
        if not match or (match[1] and _plain(match[1]) not in (scan.alias, scan.table)):
            return []
        name = _plain(match[2])
        found.append((f"{_quoted(name)}{match[3]}", name))
    return found[:MOST_COLUMNS]


def _wrapped(used: list[tuple[str, str]], table: Table) -> str:
    """The column in a function that has an index which this makes useless."""
    for part, column in used:
        if "(" in part:
            plain = re.compile(rf"\((?:{re.escape(_quoted(column))}|{re.escape(column)})[ ,)]")
            if any(plain.search(definition) for definition in table.indexes.values()):
                return column
    return ""


def _foreign(text: str, scan: TableScan) -> bool:
    """Whether a value comes from elsewhere than the table itself."""
    return not any(re.search(rf"(?<![\w\"]){re.escape(n)}\.", text) for n in _named(scan))


def _named(scan: TableScan) -> set[str]:
    return {name for one in (scan.alias, scan.table) if one for name in (one, _quoted(one))}


def _unwrapped(text: str) -> str:
    text = text.strip()
    while text.startswith("(") and text.endswith(")") and _closes(text) == len(text) - 1:
        text = text[1:-1].strip()
    return text


def _closes(text: str) -> int:
    """Where the parenthesis that the text begins with is closed."""
    depth = 0
    for at, char in _outside(text):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return at
    return -1


def _top_level(text: str) -> bool:
    depth = 0
    for _, char in _outside(text):
        depth += (char == "(") - (char == ")")
    return depth == 0


def _split(text: str, by: str) -> list[str]:
    parts, depth, last = [], 0, 0
    for at, char in _outside(text):
        depth += (char == "(") - (char == ")")
        if depth == 0 and text.startswith(by, at):
            parts.append(text[last:at])
            last = at + len(by)
    return [*parts, text[last:]]


def _outside(text: str) -> list[tuple[int, str]]:
    """The characters that stand in no quotes."""
    found, quote = [], ""
    for at, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        else:
            found.append((at, char))
    return found


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _place(schema: str, table: str) -> str:
    return f"{_quoted(schema)}.{_quoted(table)}" if schema else _quoted(table)
