"""A short report on the terminal, a line for each row of each check: for verbs that run a few checks of one kind."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from launchready.model import Report, Status
from launchready.report import digest
from launchready.report.text import clean

_MARKS = {Status.PASSED: ("passed", "green"), Status.FOUND: ("found", "red"), Status.NOT_CHECKED: ("?", "yellow")}


def print_outcomes(report: Report, sheet: Console, words: tuple[str, str], *, quiet: bool, passed: bool = True) -> None:
    """Print the verdict (`words`: what is said, its style), and each row below it unless `quiet`.

    Without `passed` what passed is left out.
    """
    title = Text.assemble(words, f"  {clean(report.domain)}  in {report.elapsed_s:.1f} s")
    if quiet:
        print(title.plain)
        return
    sheet.print(title)
    for outcome in report.outcomes:
        for finding in outcome.findings:
            severity = digest.severity_of(finding)
            line = f"  [{severity}] {outcome.check.id}  {''.join(digest.sentence(finding))}"
            sheet.print(Text.assemble(_MARKS[Status.FOUND], line), soft_wrap=True)
            for seen in clean(finding.evidence, lines=True).splitlines():
                sheet.print(Text(f"         {seen}", "dim"), soft_wrap=True)
            sheet.print(Text(f"         fix: {clean(finding.fix)}"), soft_wrap=True)
            for line in clean(finding.paste, lines=True).splitlines():
                sheet.print(Text(f"           {line}", "cyan"), soft_wrap=True)
        for row in outcome.passed if passed else ():
            line = f"  {outcome.check.id}  {clean(row.subject)}: {clean(row.detail)}"
            sheet.print(Text.assemble(_MARKS[Status.PASSED], line), soft_wrap=True)
        for blind in outcome.not_checked:
            unlock = f" ({clean(blind.unlock)})" if blind.unlock else ""
            line = f"  {outcome.check.id}  not checked, {clean(blind.subject)}: {clean(blind.reason)}{unlock}"
            sheet.print(Text.assemble(_MARKS[Status.NOT_CHECKED], line), soft_wrap=True)
