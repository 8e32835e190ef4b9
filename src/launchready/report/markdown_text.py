"""Strangers' text inside GitHub-flavoured Markdown: as prose, as code, as a fenced block, as a cell of a table.

It becomes neither HTML nor a link, mention or table cell of its own.
"""

from __future__ import annotations

import re

from launchready.report.text import clean

_LIVE = re.compile(r"[\\`*_\[\]<>|~$&]|^ *(?:[-+=#]|\d+[.)])")
_AUTOLINK = re.compile(r"\S*(?:://|@|www\.)\S*", re.IGNORECASE)
"""What GitHub turns into links and mentions by itself (GFM, autolinks extension)."""
_PIPE, _ESCAPED_PIPE = re.compile(r"(?<!\\)\|"), r"\\|"


def prose(text: str) -> str:
    """Text that stays text: punctuation escaped; addresses, which would become links, in code spans."""
    shown, done = clean(text), 0
    out: list[str] = []
    for match in _AUTOLINK.finditer(shown):
        out += [escaped(shown[done : match.start()]), code(match[0])]
        done = match.end()
    return "".join([*out, escaped(shown[done:])])


def code(text: str) -> str:
    """A code span that ends where the text does, whatever backticks it holds."""
    shown = clean(text)
    fence = "`" * (_longest_run(shown) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}" if shown else ""


def block(text: str) -> str:
    """A fenced block, with a fence longer than any in the text."""
    shown = clean(text, lines=True)
    fence = "`" * max(3, _longest_run(shown) + 1)
    return f"{fence}text\n{shown}\n{fence}"


def row(*cells: str) -> str:
    """A table row; a pipe ends a cell even inside a code span (GFM, tables extension)."""
    return f"| {' | '.join(_PIPE.sub(_ESCAPED_PIPE, cell) for cell in cells)} |"


def escaped(text: str) -> str:
    """Text whose punctuation means nothing; addresses in it stay as they are."""
    return _LIVE.sub(lambda match: f"{match[0][:-1]}\\{match[0][-1]}", text)


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
