"""What the parts of a measurement exchange while it runs: requests, replies, runs of a flow, refusals.

Bodies are in here, and so are secrets; nothing of it is kept. What is kept is `launchready.measurement`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from launchready.measurement import Phases, Untold
from launchready.probes.failures import Failure
from launchready.probes.page import Page

Told = Callable[[str], None]
"""Takes a line of progress for people."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, as it is sent."""

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """Its answer. Everything in it is hostile."""

    request: Request
    page: Page
    """Status, headers, body (inflated, within the cap)."""
    phases: Phases
    sent: int
    """Bytes, head and body."""
    received: int
    """Bytes on the wire, head and body as compressed."""
    fresh: bool
    """Whether a connection was opened for it."""
    signed_in: bool = False
    """Whether a cookie or an Authorization header was sent."""


class Session(Protocol):
    """One visitor: own cookies; connections are its own until it is closed. Redirects are not followed here."""

    async def ask(self, request: Request) -> Reply | Failure:
        """Send one request and wait for its whole answer."""
        ...

    def close(self) -> None:
        """Forget cookies, close connections."""
        ...


@dataclass(frozen=True, slots=True)
class StepRun:
    """One step walked once."""

    step: str
    replies: tuple[Reply, ...]
    """Its redirects, in order; the last one is where it ended."""
    trouble: Untold | None = None
    """Why it did not go as the file says; the flow ends there."""
    final: bool = False
    """Whether coming again would make it worse: a login was refused, a limit was met, a person is asked for."""
    signed_in: bool = False
    """Whether the visitor was logged in, or sent a token, when it ended."""

    @property
    def elapsed_s(self) -> float:
        """What the buyer waited."""
        return sum(reply.phases.total_s for reply in self.replies)


@dataclass(frozen=True, slots=True)
class FlowRun:
    """One flow walked once by one user."""

    flow: str
    user: str
    steps: tuple[StepRun, ...]

    @property
    def trouble(self) -> Untold | None:
        """What ended it early."""
        return self.steps[-1].trouble if self.steps else None

    @property
    def final(self) -> bool:
        """Whether nobody should walk as this user again in this run."""
        return bool(self.steps) and self.steps[-1].final
