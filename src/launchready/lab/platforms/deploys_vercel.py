"""To come."""

from __future__ import annotations

from launchready.lab.platforms.answers import Asked, State
from launchready.lab.world import Response


def vercel_deploys(state: State, asked: Asked) -> Response | None:
    """None: the question is not of deploys."""
    return None
