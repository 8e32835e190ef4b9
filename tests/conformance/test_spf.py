"""The public test suite of RFC 7208 (openspf.org, release 2014.04), every case of it.

The file is the suite's own YAML as JSON; its licence stands beside it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from launchready.audit.spf import Ask, check_host

SUITE = json.loads((Path(__file__).parent / "rfc7208-tests.json").read_text())
CASES = [
    pytest.param(section["zonedata"], case, id=f"{section['description']}: {name}")
    for section in SUITE
    for name, case in section["tests"].items()
]


@pytest.mark.parametrize(("zone", "case"), CASES)
async def test_the_public_suite(zone: dict[str, Any], case: dict[str, Any]) -> None:
    sender, helo = case["mailfrom"], case["helo"]
    domain = sender.rpartition("@")[2] or helo

    got = await check_host(case["host"], domain, sender, helo, answers_of(zone), receiver="receiver.example.com")

    wanted = case["result"] if isinstance(case["result"], list) else [case["result"]]
    assert got.result in wanted, got
    if case.get("explanation"):
        assert (got.explanation or "DEFAULT") == case["explanation"]


def test_the_suite_is_whole() -> None:
    assert len(CASES) == 203


def answers_of(zone: dict[str, Any]) -> Ask:
    """The suite's zone data, as its schema says: TIMEOUT entries, SPF records doubled as TXT unless TXT is given."""
    names = {name.lower().rstrip("."): entries for name, entries in zone.items()}

    async def ask(name: str, type: str, hops: int = 0) -> tuple[str, ...] | None:
        entries = names.get(name.lower().rstrip("."), [])
        found: list[str] = []
        for entry in entries:
            if entry == "TIMEOUT":  # for every type that has no entry before it
                return tuple(found) or None
            ((kind, value),) = entry.items()
            if value == "TIMEOUT" and kind == type:
                return None
            if kind == type or (type == "TXT" and kind == "SPF" and not _has_txt(entries)):
                if value != "NONE":
                    found.append(_text(kind, value))
            elif kind == "CNAME":
                return await ask(value, type, hops + 1) if hops < 8 else None
        return tuple(found)

    return ask


def _has_txt(entries: list[Any]) -> bool:
    return any(isinstance(entry, dict) and "TXT" in entry for entry in entries)


def _text(kind: str, value: Any) -> str:
    if kind == "MX":
        return f"{value[0]} {value[1]}"
    return "".join(value) if isinstance(value, list) else str(value)
