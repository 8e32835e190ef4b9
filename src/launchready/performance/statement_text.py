"""Statements as traces carry them, without their values: those may be secret, and differ with each sending.

Reads the quoting of the database that the span names (PostgreSQL, MySQL, SQL Server, Oracle, SQLite); what it cannot
read is left out rather than shown. `statement_shapes.shape_of` then makes one shape of what is the same statement.
"""

from __future__ import annotations

import json
import re

MOST_TEXT = 2_000
_CONTROL = re.compile(
    r"\s*(?:begin|start\s+transaction|commit|rollback|savepoint|release|abort|end|set|discard|deallocate|close"
    r"|use)\b(?!\s*\()",
    re.IGNORECASE,
)
_MYSQL = ("mysql", "mariadb", "clickhouse", "bigquery", "spanner", "hive", "spark")
"""Where double quotes hold text, not names, and a backslash escapes."""


def normalised(text: str, system: str) -> str:
    """The statement with `?` for each literal; empty where it holds nothing of the application's (BEGIN, SET)."""
    text = text.strip()
    if text.startswith(("{", "[")):
        return _document(text)[:MOST_TEXT]
    if _CONTROL.match(text):
        return ""
    mysql = system.lower().startswith(_MYSQL)
    parts, last = [], 0
    for found in (_MYSQL_TOKEN if mysql else _TOKEN).finditer(text):
        parts += [text[last : found.start()], {"comment": " ", "name": found[0]}.get(found.lastgroup or "", "?")]
        last = found.end()
    rest = text[last:]
    parts.append(_UNCLOSED.sub("?", rest))  # cut in the middle of a literal
    bare = re.sub(r"\s+", " ", "".join(parts)).strip()
    return re.sub(r"\(\s*\?(?:\s*,\s*\?)+\s*\)", "(?)", bare)[:MOST_TEXT]


def _document(text: str) -> str:
    """A command of a document database: its keys stay, its values go."""
    try:
        return json.dumps(_emptied(json.loads(text)))
    except (ValueError, RecursionError):
        return "?"


def _emptied(value: object, key: str = "") -> object:
    if isinstance(value, dict):
        return {str(name)[:100]: _emptied(one, str(name)) for name, one in list(value.items())[:50]}
    if isinstance(value, list):
        return [_emptied(value[0])] if value else []
    # The collection a command is for is no value.
    commands = ("find", "aggregate", "insert", "update", "delete", "count", "distinct", "collection")
    return value if key in commands and isinstance(value, str) else "?"


def _token(text: str, name: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?P<comment>/\*.*?\*/|--[^\n]*)"
        rf"|(?P<literal>{text}|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|\b0x[0-9a-f]+\b"
        rf"|(?<![\w$\"`@:.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?\b"
        rf"|\$\d+|%s|%\(\w+\)s|(?<![:\w]):\w+|@[pP]?\d+|@p\w+|\?\d*)"
        rf"|(?P<name>{name})",
        re.DOTALL | re.IGNORECASE,
    )


_TOKEN = _token(r"\b[EX]'(?:[^'\\]|\\.|'')*'|\b[NBU]?&?'(?:[^']|'')*'|'(?:[^']|'')*'", r"\"(?:[^\"]|\"\")*\"|\[\w+\]")
_MYSQL_TOKEN = _token(r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"", r"`[^`]*`")
_UNCLOSED = re.compile(r"['\"].*\Z", re.DOTALL)
