"""Which release a rollback goes to when nobody names one: what was live before, as the journals tell. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from launchready.hardening.release.history import ROLLBACK, live_before, unfinished
from launchready.hardening.release.words import Release


def way_back(root: Path, environment: str, there: Sequence[Release], live: Release | None) -> Release | None:
    """The one of `there` to go back to; None where there is none.

    A rollback that was cut off is gone on with: what it left is what one was fleeing from. A release that somebody
    left by hand stays on the disk, and is newer than what was live before the next one: its id alone would lead there.
    """
    by_id = {one.id: one for one in there}
    pending = unfinished(root, environment)
    if pending:
        wanted = pending.release if pending.action == ROLLBACK else pending.before
        if wanted and wanted.id in by_id:
            return by_id[wanted.id]
    if live is None:
        return max(there, key=lambda one: one.id, default=None)
    before = live_before(root, environment)
    passed = {live.id}
    one = before.get(live.id)
    while one and one.id not in passed:
        # The same version again, as one deployed twice, would help nobody.
        if one.id in by_id and one.version != live.version:
            return by_id[one.id]
        passed.add(one.id)
        one = before.get(one.id)
    earlier = [one for one in there if one.id < live.id]
    others = [one for one in earlier if one.version != live.version]
    return max(others or earlier, key=lambda one: one.id, default=None)
