"""Environment files: the grammar that dotenv libraries share, read whole.

Quotes (single, double, backtick), values over several lines, `export`, comments behind values, `${OTHER}` and
`${OTHER:-default}`. Where libraries differ the most read wins: Node's (https://github.com/motdotla/dotenv), then
python-dotenv. A value of any length is bounded; nothing is executed, `$(…)` is text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

VALUE_CHARS = 64 * 1024
ENTRIES = 5000

_NAME = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*(=|:(?=[ \t])|(?=[ \t]*(?:#|\r?\n|$)))")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$", "`": "`", "'": "'"}
_REFERENCE = re.compile(r"(?<!\\)\$(?:\{([A-Za-z_]\w*)(?::?[-=]([^{}]*))?\}|([A-Za-z_]\w*))")
_COMMENTED = re.compile(r"^[ \t]*#+[ \t]*(?:export[ \t]+)?([A-Z][A-Z0-9_]{2,})=(\S*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One assignment."""

    name: str
    value: str | None = field(repr=False)
    """None where the file names the variable without a value."""
    line: int
    """Of its name, from 1."""
    last_line: int
    comment: str = ""
    """The comment lines right above it, without their marks."""


def parse_dotenv(text: str) -> tuple[list[Entry], list[int]]:
    """The assignments in order, and the lines that are none, nor blank, nor comments."""
    entries: list[Entry] = []
    wrong: list[int] = []
    known: dict[str, str] = {}
    comment: list[str] = []
    position, line = 0, 1
    text = text.removeprefix("\ufeff")
    while position < len(text) and len(entries) < ENTRIES:
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        whole = text[position:end].strip()
        if not whole or whole.startswith("#"):
            comment = [*comment, whole.lstrip("# ").rstrip()] if whole else []
            position, line = end + 1, line + 1
            continue
        match = _NAME.match(text, position)
        if not match or match.end() > end + 1:
            wrong.append(line)
            comment = []
            position, line = end + 1, line + 1
            continue
        name, first = match[1], line
        value, stop, literal = _value(text, match.end(), end) if match[2] else (None, end, True)
        line += text.count("\n", position, stop)
        if value is not None:
            value = value[:VALUE_CHARS] if literal else _expanded(value[:VALUE_CHARS], known)
            known[name] = value
        entries.append(Entry(name, value, first, line, "\n".join(comment)))
        comment = []
        after = text.find("\n", stop)
        position, line = (len(text), line) if after < 0 else (after + 1, line + 1)
    return entries, wrong


def commented_names(text: str) -> dict[str, int]:
    """Names an example file only mentions, as `# NAME=value`, with their lines."""
    found: dict[str, int] = {}
    for match in _COMMENTED.finditer(text):
        found.setdefault(match[1], text.count("\n", 0, match.start()) + 1)
    return found


def _value(text: str, start: int, end: int) -> tuple[str, int, bool]:
    """The value, where it ends, and whether it is to be taken as it stands."""
    while start < end and text[start] in " \t":
        start += 1
    quote = text[start : start + 1]
    if quote and quote in "'\"`":
        close = _closing(text, start + 1, quote)
        if close >= 0:
            raw = text[start + 1 : close]
            if quote == '"':
                return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[0]), raw, flags=re.DOTALL), close, False
            return raw, close, True
    bare = text[start:end].rstrip("\r")
    bare = "" if bare.startswith("#") else re.split(r"\s#", bare, maxsplit=1)[0]
    return bare.strip(), end, False


def _closing(text: str, start: int, quote: str) -> int:
    position, last = start, min(len(text), start + VALUE_CHARS)
    while position < last:
        if text[position] == "\\" and quote == '"':
            position += 2
            continue
        if text[position] == quote:
            return position
        position += 1
    return -1


def _expanded(value: str, known: dict[str, str]) -> str:
    """References to variables above replaced; others stay as they are written."""

    if "$" not in value:
        return value
    parts: list[str] = []
    position = length = 0
    for match in _REFERENCE.finditer(value):
        found = known.get(match[1] or match[3]) or (match[2] if match[2] is not None else match[0])
        parts += [value[position : match.start()], found]
        length += len(found)
        position = match.end()
        if length > VALUE_CHARS:  # references that double at each line
            break
    return "".join([*parts, value[position:]])[:VALUE_CHARS]
