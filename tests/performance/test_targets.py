"""What a step that is too slow says of where the time goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from launchready.lab.measured import healthy, slower
from launchready.model import Finding
from launchready.performance.targets import p95
from launchready.portal import Portal
from launchready.probes.look import Look

PORTAL = Portal.model_validate({"domain": "brightside.example", "performance": {}})


async def _found(database_s: float) -> Finding:
    slow = slower(healthy(datetime.now(UTC)), "dashboard", 3.0)
    queries = tuple(replace(q, database_s=database_s, server_s=1.5, calls=385.0) for q in slow.queries)
    look = Look(PORTAL, measured=replace(slow, queries=queries))
    return next(row for row in [row async for row in p95(PORTAL, look)] if isinstance(row, Finding))


@pytest.mark.parametrize(("database_s", "own"), [(0.002, True), (1.2, False)])
async def test_the_share_of_the_database_is_said_and_where_the_rest_is(database_s: float, own: bool) -> None:
    evidence = (await _found(database_s)).evidence

    assert "the portal takes 1500 ms" in evidence
    assert "in 385 statements" in evidence
    assert ("the application's own work" in evidence) is own


async def test_without_counts_nothing_is_said_of_the_database() -> None:
    slow = replace(slower(healthy(datetime.now(UTC)), "dashboard", 3.0), queries=())
    rows = [row async for row in p95(PORTAL, Look(PORTAL, measured=slow))]
    assert "database" not in next(row for row in rows if isinstance(row, Finding)).evidence
