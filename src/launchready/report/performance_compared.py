"""A measurement against the one before it, in words for a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from launchready.report.performance_digest import spoken


class Change(Protocol):
    """What changed at one step, as `performance/regression.py` tells it."""

    flow: str
    step: str
    before_s: float
    after_s: float


@dataclass(frozen=True, slots=True)
class Compared:
    """One row."""

    subject: str
    before: str
    after: str
    word: str
    tone: str
    told: str = ""


def compared(changes: Sequence[Change]) -> list[Compared]:
    """A row for each change."""
    return [
        Compared(f"{one.flow}: {one.step}", spoken(one.before_s), spoken(one.after_s), "slower", "red")
        for one in changes
    ]
