"""A planted release to an environment that lacks a variable of its new code."""

from __future__ import annotations

from launchready.lab.faults.services import DEPLOY
from launchready.lab.faults.variables import DOCUMENTED, EXAMPLE, SETTINGS
from launchready.lab.rehearsals import rehearsal
from launchready.lab.source import files, ignored
from launchready.lab.world import Change, Fault, both
from launchready.model import Severity


def _reads(line: str) -> Change:
    added = {"portal/settings.py": SETTINGS + line, ".env.example": EXAMPLE + DOCUMENTED.format("INVOICE_SENDER")}
    return both(files(added), ignored(rehearsal(2)))


FAULTS = (
    Fault(
        "release-variable-missing",
        "The new version reads a variable that the target of the release does not have",
        "release.environment",
        Severity.BLOCKER,
        _reads('INVOICE_SENDER = os.environ["INVOICE_SENDER"]\n'),
        subject="INVOICE_SENDER",
        also=("variables.missing",),
        settings=DEPLOY,
        twin=_reads('INVOICE_SENDER = os.environ.get("INVOICE_SENDER", "Accounts")\n'),
    ),
)
"""What must be found, and what looks alike and is right."""
