"""The third-party services that are known, read from `services.toml`: whom a variable is for, and what may be asked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Known:
    """A service as its vendor documents it."""

    name: str
    variables: tuple[str, ...]
    source: str
    ask: str
    """A GET that changes nothing; empty: there is none, and `why` says so."""
    auth: str = ""
    good: tuple[int, ...] = ()
    wrong: tuple[int, ...] = ()
    narrow: tuple[int, ...] = ()
    """Statuses of a key that is real and may not read this."""
    key: str = ""
    """How every key looks."""
    test: str = ""
    live: str = ""
    ask_test: str = ""
    """Where a test key is asked instead."""
    region: str = ""
    """Where a key is tried too before it is called wrong."""
    user: str = ""
    """The variable that goes with it."""
    wrong_text: str = ""
    """In an answer that is 200 and says no."""
    proof: str = ""
    """What a refusal must hold to be one of the key, as a regular expression."""
    elsewhere: tuple[str, ...] = ()
    """Variables that lead the portal to somebody else with this key: it is not sent to the vendor then."""
    why: str = ""
    fixed: Mapping[str, str] = field(default_factory=dict)
    """Headers besides."""


@cache
def known_services() -> tuple[Known, ...]:
    """All of them."""
    text = Path(__file__).with_name("services.toml").read_text(encoding="utf-8")
    found = []
    for entry in tomllib.loads(text)["service"]:
        fixed = entry.pop("with", {})
        lists = {name: tuple(value) for name, value in entry.items() if isinstance(value, list)}
        found.append(Known(**{**entry, **lists}, fixed=fixed))
    return tuple(found)
