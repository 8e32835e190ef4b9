"""The short measurement with which `launchready deploy` ends where `[performance] after_deploy` asks for it (X5).

A release that is slow is not taken back: it works, and whether it is too slow for the demo is for a person to say. So
it is printed, kept, and told to the routes of `[alerts]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from launchready.cli.releasing import Ground, say

if TYPE_CHECKING:
    from launchready.model import Finding, Report


async def measured_briefly(at: Ground, release: str) -> None:
    """Walk the core flows for a minute at most; say and send what is above its target."""
    if at.portal.performance is None or not at.portal.performance.after_deploy:
        return
    from launchready.hardening import alerts
    from launchready.report.text import clean

    say("Measuring the core flows, for a minute at most.", quiet=at.quiet)
    report = await _report(at, release)
    if isinstance(report, str):
        say(f"  ? not measured: {clean(report)}")
        return
    slow = [f for f in report.findings if f.check == "performance.p95"]
    for outcome in report.outcomes:
        for row in outcome.passed if outcome.check.id == "performance.p95" else ():
            say(f"  {clean(row.subject)}: {clean(row.detail)}", quiet=at.quiet)
        for blind in outcome.not_checked if outcome.check.id == "performance.p95" else ():
            say(f"  ? {clean(blind.subject)}: {clean(blind.reason)}", quiet=at.quiet)
    for finding in slow:
        say(f"  ! {clean(finding.problem)}")
    if slow and at.portal.alerts.routes:
        look = at.look()
        try:
            for delivery in await alerts.send(at.portal, look.network, *_message(at, release, slow)):
                if not delivery.ok:
                    say(f"  ! the alert was not delivered to {clean(delivery.route)}: {clean(delivery.reason)}")
        finally:
            await look.close()


async def _report(at: Ground, release: str) -> Report | str:
    from launchready.performance import judged
    from launchready.performance.run import Refused, Wanted

    wanted = Wanted(smoke=True, browser=False, database=False, release=release, root=at.root)
    try:
        return await judged.taken(at.look(), wanted, lambda line: None, lambda line: say(f"  ! {line}"))
    except (Refused, ValueError) as error:
        return str(error)


def _message(at: Ground, release: str, slow: list[Finding]) -> tuple[str, str]:
    """Subject and plain text of the alert."""
    lines = [f"- {finding.problem}" for finding in slow]
    lines += ["", "Next: `launchready perf` names the cause; `launchready rollback` goes back."]
    return f"Release {release} of {at.portal.domain} is slow", "\n".join(lines) + "\n"
