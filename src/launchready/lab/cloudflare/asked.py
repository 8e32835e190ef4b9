"""A request to the lab's Cloudflare API, read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from launchready.lab.cloudflare.account import Token


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, read."""

    method: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    body: Any
    token: Token
