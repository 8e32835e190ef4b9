"""Why a look failed, as values: a check receives them and never has to catch.

Each says in which phase it failed, what was being looked at and, in words for people, what happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """Where in a look it went wrong."""

    LOOKUP = "lookup"
    CONNECT = "connection"
    TLS = "TLS"
    REQUEST = "request"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Failure:
    """A look that gave no answer. `detail` may quote hostile text; renderers escape it."""

    phase: Phase
    subject: str
    detail: str
    elapsed_s: float = 0.0

    def __str__(self) -> str:
        return f"{self.detail} ({self.phase}, {self.elapsed_s:.1f} s)" if self.elapsed_s else self.detail


class Timeout(Failure):
    """Nothing, or not enough, came in time."""


class Refused(Failure):
    """Nobody listens there: the connection was refused or reset before an answer."""


class Unreachable(Failure):
    """No route to the address, no such address family here, or a closed network that does not know it."""


class NoAddress(Failure):
    """The name has no address to connect to."""


class TooLarge(Failure):
    """The answer passed the byte cap, sent or inflated."""


class Garbage(Failure):
    """The answer does not follow its protocol."""


class TlsFailed(Failure):
    """The handshake did not complete."""


class OutOfTime(Failure):
    """The deadline of the whole run passed before this look could be made."""
