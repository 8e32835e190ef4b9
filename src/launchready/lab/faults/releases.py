"""Planted mistakes: the way a version goes out, and the way back, were not walked."""

from __future__ import annotations

from launchready.lab.rehearsals import rehearsal
from launchready.lab.source import ignored
from launchready.lab.world import Fault
from launchready.model import Severity

_CHECK = "release.rehearsal"
_DEPLOY = {
    "deploy": {
        "adapter": "commands",
        "release": ["deploy-it $RELEASE_COMMIT"],
        "roll_back": ["deploy-it $RELEASE_TO_COMMIT"],
        "database_env": "",
    }
}

FAULTS = (
    Fault(
        "release-never-rehearsed",
        "Going back to an earlier release was never tried",
        _CHECK,
        Severity.HIGH,
        ignored({}),
        subject="production",
        settings=_DEPLOY,
        twin=ignored(rehearsal(2)),
    ),
    Fault(
        "release-rehearsed-long-ago",
        "The last rehearsal of a rollback is 45 days old",
        _CHECK,
        Severity.HIGH,
        ignored(rehearsal(45)),
        subject="production",
        settings=_DEPLOY,
        twin=ignored({**rehearsal(45), **rehearsal(29)}),
    ),
    Fault(
        "release-rehearsal-noticed",
        "Visitors lose requests while a version is released",
        _CHECK,
        Severity.HIGH,
        ignored(rehearsal(3, failed=12)),
        subject="production",
        settings=_DEPLOY,
        twin=ignored({**rehearsal(3, failed=12), **rehearsal(1)}),
    ),
)
"""What must be found, and what looks alike and is right."""
