"""One check over one measurement, without a run around it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

from launchready.lab.healthy import DOMAIN
from launchready.lab.measured import healthy
from launchready.measurement import Measurement
from launchready.model import Finding, NotChecked, Passed, Row
from launchready.portal import Portal
from launchready.probes.look import Look

HEALTHY = healthy(datetime.now(UTC))
Check = Callable[[Portal, Look], AsyncIterator[Row]]


async def judged(check: Check, measured: Measurement = HEALTHY) -> list[Row]:
    """What the check says of it."""
    portal = Portal.model_validate({"domain": DOMAIN, "performance": {}})
    look = Look(portal, measured=measured)
    try:
        return [row async for row in check(portal, look)]
    finally:
        await look.close()


async def found(check: Check, measured: Measurement) -> Finding:
    """The one thing that the check finds."""
    (row,) = await judged(check, measured)
    assert isinstance(row, Finding), row
    return row


async def passed(check: Check, measured: Measurement) -> bool:
    """Whether the check is content, and says that of something."""
    rows = await judged(check, measured)
    return bool(rows) and all(isinstance(row, Passed) for row in rows)


async def unchecked(check: Check, measured: Measurement) -> NotChecked:
    """What the check cannot say."""
    (row,) = [row for row in await judged(check, measured) if not isinstance(row, Passed)]
    assert isinstance(row, NotChecked), row
    return row
