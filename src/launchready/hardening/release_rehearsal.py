"""Whether the way back was walked: a rehearsal of deploy and rollback, by the journal beside `launchready.toml`.

Reads the journal only; `launchready rehearse` does the walking.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

from launchready import journal
from launchready.gate import check
from launchready.hardening.release.history import Rehearsed, rehearsed
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.look import Look

OLD = timedelta(days=30)


@check(
    "release.rehearsal",
    Stage.HARDENING,
    roadmap="C5",
    severity=Severity.HIGH,
    effort=15,
    reference="https://sre.google/sre-book/release-engineering/",
    needs="deploy",
)
async def rehearsal(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Nobody has rehearsed going back in the last 30 days.

    Why: a rollback that was never tried is tried for the first time while the client watches; by then the old files
    are pruned, the migration does not fit, or nobody knows the word.

    Fix: run `launchready rehearse` at a quiet hour: it deploys, rolls back and deploys again while visitors are
    simulated, and says how many requests failed and how long the way back takes.

    Found also is a rehearsal that did not end well, or in which requests failed. It does not stop a release: the next
    release is the best chance to rehearse.
    """
    settings, source = portal.deploy, portal.repository
    if settings is None or source is None:
        yield NotChecked(
            portal.domain, "nobody knows the folder whose journal tells of rehearsals", "name [repository]"
        )
        return
    subject = settings.environment
    last = await asyncio.to_thread(_last, Path(source.path), subject)
    if last is None:
        yield Finding(subject, f"No rehearsal of a rollback of {subject} is in the journal.", key="none")
        return
    age = look.now - last.at
    told = f"{last.failed_requests} of {last.requests} requests failed, back within {last.roll_back_s:g} s"
    if not last.well:
        problem = f"The last rehearsal on {subject}, {age.days} days ago, did not end well."
        yield Finding(subject, problem, evidence=told, key="failed")
    elif age > OLD:
        yield Finding(subject, f"The last rehearsal on {subject} is {age.days} days old.", evidence=told, key="old")
    elif last.failed_requests:
        problem = f"Visitors notice a release to {subject}: {last.failed_requests} of {last.requests} requests failed."
        evidence = f"{last.downtime_s:g} s of downtime in the rehearsal of {last.at:%Y-%m-%d}"
        yield Finding(subject, problem, evidence=evidence, key="noticed")
    else:
        yield Passed(subject, f"rehearsed {age.days} days ago: {told}")


def _last(folder: Path, environment: str) -> Rehearsed | None:
    """From the source's folder, or the one above it where `launchready.toml` lies beside the source."""
    for place in (folder, folder.resolve().parent):
        if (place / journal.FOLDER).is_dir() and (found := rehearsed(place, environment)):
            return found
    return None
