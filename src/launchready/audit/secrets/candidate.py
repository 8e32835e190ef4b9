"""What the readers of formats hand on: a name, a value, and the line they stand in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from launchready.audit.secrets.values import Trust


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value that may be a credential. Whether it is one is decided by `judgement`."""

    line: int
    """Counted from 1."""
    name: str
    """The key it is kept under; may be empty."""
    value: str = field(repr=False)
    kind: str = ""
    """What it is, where the format says so whatever the name; empty: the name decides."""
    trust: Trust | None = None
    """How much this very place promises, where that differs from the file's."""
    quoted: bool = True


Reader = Callable[[str], Iterator[Candidate]]
"""The text of a file → what may be credentials in it. Never raises: what it cannot parse, it reads line by line."""


class Lines:
    """Line numbers of offsets in a text."""

    def __init__(self, text: str) -> None:
        self._starts = [0]
        at = text.find("\n")
        while at >= 0:
            self._starts.append(at + 1)
            at = text.find("\n", at + 1)

    def of(self, offset: int) -> int:
        """The line, from 1, in which the character at `offset` stands."""
        from bisect import bisect_right

        return bisect_right(self._starts, offset)
