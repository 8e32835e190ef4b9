"""A measurement judged: the checks of this stage over it, and what they come to as a whole."""

from __future__ import annotations

from dataclasses import replace

from launchready import gate
from launchready.model import Report, Severity, Verdict
from launchready.performance import kept
from launchready.performance.run import Refused, Wanted, measure
from launchready.performance.words import Told
from launchready.probes.look import Look

TIMES = "performance.p95"


def chosen(look: Look) -> list[gate.Check]:
    """The checks of a measurement, and of the code where there is some; a comparison needs a baseline."""
    checks = gate.in_scope(gate.select(["performance"]), look.portal)
    left_out = set() if look.baseline else {"performance.regression"}
    return [check for check in checks if check.info.needs and check.info.id not in left_out]


async def taken(look: Look, wanted: Wanted, told: Told, complain: Told) -> Report:
    """Measure, keep and judge. `look` is closed after, whatever happens; that nothing could be kept is complained of.

    Raises what `measure` does.
    """
    try:
        look.measured = await measure(look, wanted, told)
    except (Refused, ValueError):
        await look.close()
        raise
    try:
        kept.keep(wanted.root, look.measured)
    except OSError as error:
        complain(f"the measurement could not be kept: {error.strerror or error}")
    return await run(look)


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
