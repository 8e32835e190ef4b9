"""What the lab's platform APIs share: an account's state, what was asked, and answers in each vendor's envelope."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from launchready.lab.world import Account, Response

JSON = ("Content-Type", "application/json; charset=utf-8")


@dataclass
class State:
    """An account and what it holds now."""

    account: Account
    variables: dict[str, str]
    shared: dict[str, str]
    limited: int
    writes: list[tuple[str, str]] = field(default_factory=list)
    """(verb, name), in order."""
    deploys: list[dict[str, Any]] = field(default_factory=list)
    """Deploys, machines, builds and releases, oldest first, as the vendor's API shows them."""
    project: dict[str, Any] = field(default_factory=dict)
    """What the account holds besides: settings of a project, leases, uploads."""
    changes: int = 0
    """Requests that change something, so far; the trouble `loses answer N` loses the answer to the Nth."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, taken apart."""

    method: str
    segments: list[str]
    query: dict[str, str]
    body: Any
    fields: Mapping[str, str]


def paged(asked: Asked, items: list[dict[str, Any]]) -> Response:
    """Cursors that say where in the list an item is (https://api-docs.render.com/reference/pagination)."""
    limit = asked.query.get("limit", "20")
    if not limit.isdigit() or not 1 <= int(limit) <= 100:
        return refused("render", 400, "limit must be between 1 and 100")
    start = int(base64.b64decode(asked.query["cursor"])) + 1 if asked.query.get("cursor") else 0
    page = items[start : start + int(limit)]
    return answered([{**item, "cursor": base64.b64encode(b"%d" % (start + n)).decode()} for n, item in enumerate(page)])


def answered(document: object, status: int = 200) -> Response:
    """A JSON answer, with the headers that tell of rate limits."""
    return Response(status, (JSON, ("RateLimit-Limit", "400"), ("RateLimit-Remaining", "399")), json.dumps(document))


def refused(platform: str, status: int, message: str) -> Response:
    """In each vendor's envelope."""
    if platform == "railway" and status in (403, 404):
        text = "Not Authorized" if status == 403 else "Service not found"
        return answered({"errors": [{"message": text}], "data": None})
    envelopes: dict[str, dict[str, Any]] = {
        "render": {"id": "req-1", "message": message},
        "fly": {"error": message},
        "heroku": {"id": message.replace(" ", "_"), "message": message},
        "vercel": {"error": {"code": message.replace(" ", "_"), "message": message}},
        "railway": {"errors": [{"message": message}]},
        "github": {"message": message, "documentation_url": "https://docs.github.com/rest"},
    }
    return Response(status, (JSON,), json.dumps(envelopes[platform]))
