"""SQL without what differs between two sendings of the same statement. It reads words, not grammar."""

from __future__ import annotations

import re


def shape_of(text: str) -> str:
    """A statement without what differs between two sendings of it: values, lengths of lists, comments, spaces."""
    bare = _COMMENT.sub(" ", text)
    bare = _STRING.sub("?", bare)
    bare = _VALUE.sub("?", bare)
    bare = re.sub(r"\s+", " ", bare)
    bare = re.sub(r"\(\s*\?(?:\s*,\s*(?:\?|\.\.\.))*\s*\)", "(?)", bare)
    bare = re.sub(r"\(\?\)(?:\s*,\s*(?:\(\?\)|\.\.\.))+", "(?)", bare)
    return bare.replace('"', "").replace("`", "").strip().rstrip(";").lower()


def table_of(text: str) -> str:
    """The table that a statement is about: the first one it names, outside of subqueries where it can."""
    bare = _COMMENT.sub(" ", text)
    found = _TABLE.search(_outermost(bare)) or _TABLE.search(bare)
    return re.sub(r'["`\s]', "", found[1])[:200] if found else ""


_COMMENT = re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL)
_STRING = re.compile(r"'(?:[^']|'')*'")
_VALUE = re.compile(r"\$\d+|%s|%\(\w+\)s|(?<![:\w]):[A-Za-z_]\w*|(?<![\w\"`.$])\d+(?:\.\d+)?\b|\?")
_NAME = r'(?:"(?:[^"]|"")+"|`[^`]+`|\w+)'
_TABLE = re.compile(rf"\b(?:FROM|INTO|UPDATE)\s+(?:ONLY\s+)?({_NAME}(?:\s*\.\s*{_NAME})*)", re.IGNORECASE)


def _outermost(text: str) -> str:
    """A SELECT as long as it was, with all that stands in parentheses blank; other statements as they are."""
    if text.lstrip()[:6].upper() != "SELECT":
        return text
    depth, found = 0, []
    for part in re.split(r"('(?:[^']|'')*'|[()])", text):
        depth -= part == ")" and depth > 0
        found.append(" " * len(part) if depth and part not in ("(", ")") else part)
        depth += part == "("
    return "".join(found)


def without_comments(text: str) -> str:
    """A statement as it is kept: comments may name users, and differ between two sendings."""
    return _COMMENT.sub(" ", text).strip()


def is_write(text: str) -> bool:
    """Whether it changes rows."""
    return _COMMENT.sub(" ", text).lstrip("( \t\r\n")[:7].upper().startswith(("INSERT", "UPDATE", "DELETE", "MERGE"))


def shown(text: str, most: int = 240) -> str:
    """A statement for people: long lists of columns left out, so that its condition is seen."""
    bare = re.sub(r"\s+", " ", _COMMENT.sub(" ", text)).strip()
    found = re.match(r"(SELECT (?:DISTINCT )?)(.{60,}?)( FROM )", _outermost(bare), re.IGNORECASE)
    if found and len(bare) > most:
        bare = f"{found[1]}…{bare[found.start(3) :]}"
    return bare if len(bare) <= most else bare[: most - 1] + "…"
