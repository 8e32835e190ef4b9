"""A measurement judged: the checks of this stage over it, and what they come to as a whole."""

from __future__ import annotations

from dataclasses import replace

from launchready import gate
from launchready.model import Report, Severity, Verdict
from launchready.probes.look import Look

TIMES = "performance.p95"


def chosen(look: Look) -> list[gate.Check]:
    """The checks that have something to look at: a comparison needs a baseline, code needs a repository."""
    checks = gate.in_scope(gate.select(["performance"]), look.portal)
    return [check for check in checks if look.baseline or check.info.id != "performance.regression"]


async def run(look: Look) -> Report:
    """Judge `look.measured`. `look` is closed after.

    Ready is a portal whose flows are proven to be fast enough, and in which nothing of high risk was found.
    """
    report = await gate.run(look.portal, look, chosen(look))
    grave = any((f.severity or Severity.HIGH).rank <= Severity.HIGH.rank for f in report.findings)
    times = next((outcome for outcome in report.outcomes if outcome.check.id == TIMES), None)
    proven = times is not None and times.passed and not times.not_checked
    verdict = Verdict.NOT_READY if grave else Verdict.READY if proven else Verdict.UNPROVEN
    return replace(report, verdict=verdict)
