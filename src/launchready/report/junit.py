"""The report as JUnit XML, for CI readers: a suite for each area, a case for each check.

A failure is what fails the run: findings at or above `fail_on`, as on the command line. Lesser findings are in the
output of a passing case; what could not be checked is `skipped`, with the reason.
"""

from __future__ import annotations

from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from launchready.model import Finding, Outcome, Report, Severity
from launchready.report import digest
from launchready.report.text import clean


def render(report: Report, fail_on: Severity | None = Severity.BLOCKER) -> str:
    """The report as one `testsuites` document; with `fail_on` None nothing is a failure."""
    root = Element("testsuites", name=f"launchready {clean(report.domain)}")
    ordered = sorted(report.outcomes, key=lambda o: o.check.id)
    for area, outcomes in groupby(ordered, key=lambda o: o.check.id.partition(".")[0]):
        suite = SubElement(root, "testsuite", name=area, hostname=clean(report.domain))
        suite.set("timestamp", report.started.strftime("%Y-%m-%dT%H:%M:%S"))
        _total(suite, [_case(suite, outcome, fail_on) for outcome in outcomes])
    cases = root.findall("testsuite/testcase")
    _total(root, cases)
    root.set("time", f"{report.elapsed_s:.3f}")
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _case(suite: Element, outcome: Outcome, fail_on: Severity | None) -> Element:
    check = outcome.check
    case = SubElement(suite, "testcase", classname=f"launchready.{check.stage.value}", name=check.id)
    case.set("time", f"{outcome.elapsed_s:.3f}")
    counting = [f for f in outcome.findings if not f.accepted]
    grave = [f for f in counting if fail_on and digest.severity_of(f).rank <= fail_on.rank]
    if grave:
        gravest = min(grave, key=lambda f: digest.severity_of(f).rank)
        failure = SubElement(case, "failure", message=_line(gravest), type=digest.severity_of(gravest).value)
        failure.text = "\n\n".join(map(_told, grave))
    elif outcome.not_checked and not counting:
        reasons = [clean(f"{row.subject}: {row.reason}. {row.unlock}".strip()) for row in outcome.not_checked]
        SubElement(case, "skipped", message=f"not checked: {reasons[0]}").text = "\n".join(reasons)
    rest = [_told(f) for f in outcome.findings if f not in grave]
    rest += [clean(f"passed: {row.subject} {row.detail}".rstrip()) for row in outcome.passed]
    if rest:
        SubElement(case, "system-out").text = "\n\n".join(rest)
    return case


def _total(element: Element, cases: list[Element]) -> None:
    element.set("tests", str(len(cases)))
    element.set("failures", str(sum(case.find("failure") is not None for case in cases)))
    element.set("errors", "0")
    element.set("skipped", str(sum(case.find("skipped") is not None for case in cases)))
    element.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.3f}")


def _line(finding: Finding) -> str:
    return "".join(digest.sentence(finding))


def _told(finding: Finding) -> str:
    lines = [f"[{digest.severity_of(finding)}] {_line(finding)}"]
    if finding.accepted:
        lines.append(f"accepted: {clean(finding.accepted)}")
    for label, words in (("seen", finding.evidence), ("fix", finding.fix), ("paste", finding.paste)):
        if words:
            lines.append(f"{label}: {clean(words, lines=True)}")
    return "\n".join(lines)
