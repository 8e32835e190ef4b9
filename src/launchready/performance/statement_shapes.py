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
    """The table that a statement is about: the first one it names."""
    found = _TABLE.search(_COMMENT.sub(" ", text))
    return re.sub(r'["`\s]', "", found[1])[:200] if found else ""


_COMMENT = re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL)
_STRING = re.compile(r"'(?:[^']|'')*'")
_VALUE = re.compile(r"\$\d+|%s|%\(\w+\)s|(?<![:\w]):[A-Za-z_]\w*|(?<![\w\"`.$])\d+(?:\.\d+)?\b|\?")
_NAME = r'(?:"(?:[^"]|"")+"|`[^`]+`|\w+)'
_TABLE = re.compile(rf"\b(?:FROM|INTO|UPDATE)\s+(?:ONLY\s+)?({_NAME}(?:\s*\.\s*{_NAME})*)", re.IGNORECASE)
