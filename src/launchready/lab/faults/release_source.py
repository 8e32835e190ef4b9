"""Planted mistakes of what is released, and from where: a change that is in no commit, a disk without room."""

from __future__ import annotations

from launchready.lab.faults.services import DEPLOY
from launchready.lab.healthy_source import HEALTHY_SOURCE
from launchready.lab.rehearsals import rehearsal
from launchready.lab.source import ignored
from launchready.lab.world import Fault
from launchready.model import Severity

FULL = "/sys/launchready-lab"
"""Below a file system of Linux that has no room for anything."""
_CHANGED = str(HEALTHY_SOURCE.files["portal/wsgi.py"]) + "\n# tried on the evening before\n"

FAULTS = (
    Fault(
        "release-uncommitted",
        "The fix of last evening is on this disk only, and in no commit",
        "release.source",
        Severity.HIGH,
        ignored({**rehearsal(2), "portal/wsgi.py": _CHANGED}),
        subject="source",
        settings=DEPLOY,
        twin=ignored({**rehearsal(2), "portal/tests/test_draft.py": "", "debug.log": "", "dist/main.js": ""}),
    ),
    Fault(
        "release-disk-full",
        "The disk has no room for another release",
        "release.disk",
        Severity.BLOCKER,
        ignored(rehearsal(2)),
        subject=FULL,
        settings={"deploy": {"adapter": "directories", "root": FULL, "web": "serve", "database_env": ""}},
    ),
)
"""What must be found, and what looks alike and is right."""
