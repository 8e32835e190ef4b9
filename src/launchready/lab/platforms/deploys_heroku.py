"""To come."""

from __future__ import annotations

from launchready.lab.edge_http import Request
from launchready.lab.platforms.answers import Asked, State
from launchready.lab.world import Response

SOURCES_HOST = "heroku-sources.storage.example"


def heroku_deploys(state: State, asked: Asked) -> Response | None:
    """None: the question is not of deploys."""
    return None


def take_source(states: list[State], asked: Request) -> Response:
    """Storage."""
    return Response(404)
