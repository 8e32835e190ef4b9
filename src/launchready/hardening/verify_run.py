"""A verification as a whole: which of its checks run, what they come to, what is noted and who is told.

For `launchready verify`, and for whatever releases and must know whether to roll back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from launchready import gate, journal
from launchready.hardening.alerts import Delivery
from launchready.model import Finding, Report, Severity, Verdict
from launchready.portal import Portal
from launchready.portal_deploy import VerifySettings
from launchready.probes.look import Look

ACTION = "verify"
SPARE_S = 25.0
"""Beyond `within_s`, for looks that were under way when it was over."""


def deadline_s(settings: VerifySettings) -> float:
    """What a run of the checks is to be given, so that its deadline does not cut off the last look."""
    return settings.within_s + SPARE_S


def chosen(portal: Portal) -> list[gate.Check]:
    """The checks of `verify.*` that the portal's description gives something to look at."""
    settings = portal.verify or VerifySettings()
    out = {
        "verify.login": settings.login is None,
        "verify.version": settings.version is None and not settings.release,
        "verify.worker": settings.worker is None,
        "verify.blank": not settings.browser,
    }
    return [check for check in gate.select([ACTION]) if not out.get(check.info.id)]


async def run(portal: Portal, look: Look, on_progress: gate.Progress | None = None) -> Report:
    """Look at the portal until it is right or time is over. `look` is of this portal, and is closed after."""
    return judged(await gate.run(portal, look, chosen(portal), on_progress))


def failing(report: Report, from_: Severity = Severity.HIGH) -> tuple[Finding, ...]:
    """What a release is to be rolled back for: findings from that severity on that nobody accepted."""
    return tuple(f for f in report.findings if not f.accepted and (f.severity or Severity.HIGH).rank <= from_.rank)


def judged(report: Report) -> Report:
    """The report with the verdict of a verification: every check proven, one failed, or one that could not look."""
    blind = any(outcome.not_checked for outcome in report.outcomes)
    proven = report.outcomes and not blind
    verdict = Verdict.NOT_READY if failing(report) else Verdict.READY if proven else Verdict.UNPROVEN
    return replace(report, verdict=verdict)


def message(portal: Portal, report: Report) -> tuple[str, str]:
    """Subject and plain text of the alert: what, where, the next step. What pages said is not in it."""
    settings = portal.verify or VerifySettings()
    found = failing(report)
    of = f" {settings.release}" if settings.release else ""
    subject = f"Release{of} of {report.domain} failed its verification"
    lines = [f"{report.started:%Y-%m-%d %H:%M} UTC, looked at for {report.elapsed_s:.0f} s.", ""]
    lines += [f"- {finding.check}: {finding.problem}" for finding in found[:10]]
    lines += [f"- and {len(found) - 10} more"] if len(found) > 10 else []
    lines += ["", f"Next: `launchready rollback`, then `launchready explain {found[0].check}`." if found else ""]
    return subject, "\n".join(lines).rstrip() + "\n"


def note(root: Path, portal: Portal, report: Report, deliveries: Sequence[Delivery] = ()) -> None:
    """Write the result into the journal below `root`. Raises OSError."""
    settings = portal.verify or VerifySettings()
    book = journal.begin(root, ACTION, portal.domain, version=settings.release)
    for outcome in report.outcomes:
        problems = [finding.problem for finding in outcome.findings if not finding.accepted]
        reasons = [f"{row.subject}: {row.reason}" for row in outcome.not_checked]
        told = {"problems": problems} if problems else {"reasons": reasons} if reasons else {}
        book.note("checked", check=outcome.check.id, status=outcome.status.value, **told)
    for delivery in deliveries:
        book.note("alerted", **asdict(delivery))
    book.note("ended", verdict=report.verdict.value, elapsed_s=round(report.elapsed_s, 1))
