"""The tokens of Cloudflare's Rules language, with where each stands, and the error that says where parsing ended."""

from __future__ import annotations

import re
from dataclasses import dataclass


class NotParsed(Exception):
    """An expression that is none; says where and why, as Cloudflare does."""

    def __init__(self, text: str, start: int, end: int, why: str):
        line = text.count("\n", 0, start) + 1
        column = start - text.rfind("\n", 0, start)
        shown = text.split("\n")[line - 1]
        marks = " " * (column - 1) + "^" * max(1, min(end, start + len(shown)) - start)
        super().__init__(f"Filter parsing error ({line}:{column}):\n{shown}\n{marks} {why}\n")


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind, what it stands for, and where it is."""

    kind: str
    """`string`, `address`, `number`, `word`, `sign` or `end`."""
    text: str
    start: int
    end: int


_KINDS = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<raw>r(?P<hashes>\#*)"(?P<inside>.*?)"(?P=hashes))
    |(?P<string>"(?:[^"\\]|\\.)*")
    |(?P<address>(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?|(?:[0-9a-fA-F]{1,4}:|::)[0-9a-fA-F:]*(?:/\d{1,3})?)
    |(?P<number>-?\d+)
    |(?P<word>[a-z_][a-zA-Z0-9_]*(?:\.[a-z_0-9][a-zA-Z0-9_]*)*)
    |(?P<sign>&&|\|\||\^\^|==|!=|<=|>=|\.\.|[<>~!(){}\[\],*])""",
    re.VERBOSE | re.DOTALL,
)
_SAME = {"&&": "and", "||": "or", "^^": "xor", "!": "not", "==": "eq", "!=": "ne",
         "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "~": "matches"}  # fmt: skip
"""Signs that have a word."""


def tokens(text: str) -> list[Token]:
    """The tokens of an expression, `end` last. Raises NotParsed for what is no token."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _KINDS.match(text, at)
        if match is None:
            raise NotParsed(text, at, len(text), "unrecognised input")
        kind, whole, start, at = match.lastgroup or "", match[0], at, match.end()
        if match["raw"] is not None:
            found.append(Token("string", match["inside"], start, at))
        elif match["string"] is not None:
            found.append(Token("string", _unescaped(text, whole, start), start, at))
        elif match["sign"] is not None:
            found.append(Token("word" if whole in _SAME else "sign", _SAME.get(whole, whole), start, at))
        elif match["space"] is None:
            found.append(Token(kind, whole, start, at))
    return [*found, Token("end", "", len(text), len(text))]


def _unescaped(text: str, whole: str, start: int) -> str:
    def one(match: re.Match[str]) -> str:
        said = match[1]
        if said in ('"', "\\"):
            return said
        if re.fullmatch(r"x[0-9a-fA-F]{2}", said):
            return chr(int(said[1:], 16))
        raise NotParsed(text, start + match.start(), start + match.end(), "invalid escape sequence")

    return re.sub(r"\\(x[0-9a-fA-F]{2}|.)", one, whole[1:-1], flags=re.DOTALL)
