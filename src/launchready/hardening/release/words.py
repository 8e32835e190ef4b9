"""The words of a release, and the four that every way to deploy speaks: build, migrate, release, roll back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

Told = Callable[[str], None]
"""Called with what is happening, a line at a time; secrets are redacted by who calls it."""


@dataclass(frozen=True, slots=True)
class Release:
    """One version of the portal on its way to visitors, or kept to go back to."""

    id: str
    """Unique and sortable: `20261125T101500Z-1f2e3d4`."""
    version: str
    """What the portal must say of itself: `git describe`, else the beginning of the commit or of the content's hash."""
    commit: str = ""
    reference: str = ""
    """What the platform calls it: a deploy's id, an image; empty until it is built."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A step that did not work, as a value. Nothing of it is secret."""

    step: str
    """`build`, `migrate`, `release`, `roll back`, `preflight`, `verify`."""
    what: str
    """What happened, in one sentence."""
    then: str = ""
    """The next step for a person."""
    output: str = ""
    """The end of what a command printed, redacted and bounded."""
    unsure: bool = False
    """Whether the change may have been made all the same (the answer was lost)."""


class Adapter(Protocol):
    """A way to deploy. Each word can be said again after a crash: it finds what is done and goes on."""

    @property
    def name(self) -> str:
        """As `[deploy] adapter` calls it."""
        ...

    def explain(self) -> dict[str, list[str]]:
        """By word (`build`, `migrate`, `release`, `roll back`): what it does, in plain English, a sentence each."""
        ...

    async def current(self) -> Release | Failed | None:
        """What visitors get now; None before the first release."""
        ...

    async def releases(self) -> list[Release] | Failed:
        """What can be rolled back to without a build, newest first, the current one included."""
        ...

    async def build(self, release: Release, told: Told) -> Release | Failed:
        """Make it ready beside what is live; returns it with its `reference`."""
        ...

    async def migrate(self, release: Release, told: Told) -> Failed | None:
        """Bring the database to what it needs; no-op where the platform does it in `release`."""
        ...

    async def release(self, release: Release, told: Told) -> Failed | None:
        """Make it live without a failed request; when this fails, what was live is live still."""
        ...

    async def roll_back(self, to: Release, told: Told) -> Failed | None:
        """Make an earlier one live again."""
        ...
