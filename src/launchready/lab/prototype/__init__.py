"""The mistakes of the prototype portal (`portal/prototype/`), as data: what it does wrong, where, and what finds it.

Like the planted faults of a world, one list drives the demo, the tests and the docs. What the healthy portal does in
each place is the twin: it raises nothing, and misbehaves in no test.
"""

from __future__ import annotations

from launchready.lab.live_portal import Deployment
from launchready.lab.prototype.code import CODE
from launchready.lab.prototype.later import LATER
from launchready.lab.prototype.mistake import HOST, Mistake
from launchready.lab.prototype.slow import SLOW
from launchready.lab.prototype.surface import SURFACE

__all__ = ["DEPLOYMENT", "HOST", "MISTAKES", "Mistake", "live"]

DEPLOYMENT = Deployment("prototype.settings", migrate_to=("prototype", "0001"), clients=6, invoices=2200)
"""How it runs: one migration behind its code, with as much data as two years bring."""

MISTAKES: tuple[Mistake, ...] = (*SURFACE, *CODE, *SLOW, *LATER)
"""All of them; ids differ."""


def live() -> tuple[Mistake, ...]:
    """Those whose check exists."""
    return tuple(mistake for mistake in MISTAKES if not mistake.arrives)
