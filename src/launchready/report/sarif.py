"""The report as SARIF 2.1.0 (OASIS), for code-scanning views.

GitHub refuses a whole file when one result lacks a physical location, so each finding points at the file it names
(`path:line`) or else at `launchready.toml`, where the portal is described; the host or URL it is really about is its
logical location. What could not be checked is a notification of the invocation, never a result.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from launchready.model import CheckInfo, Finding, Report, Severity, Stage
from launchready.report import digest
from launchready.report.json_report import dumped
from launchready.report.text import clean, link_of

LEVELS = {Severity.BLOCKER: "error", Severity.HIGH: "warning", Severity.NICE: "note"}
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_IN_THE_CODE = re.compile(r"(?P<path>.+):(?P<line>[1-9][0-9]{0,8})")
_IN_A_FILE = re.compile(r"(?P<path>[^\s:?#]+\.[A-Za-z0-9]+|[^\s:?#]*/[^\s:?#]+):(?P<line>[1-9][0-9]{0,8})")


def render(report: Report) -> str:
    """The report as a SARIF log with one run."""
    rules = [outcome.check for outcome in report.outcomes]
    index = {rule.id: number for number, rule in enumerate(rules)}
    ended = report.started + timedelta(seconds=report.elapsed_s)
    run = {
        "tool": {
            "driver": {
                "name": "Launch Ready",
                "version": report.version or "0",
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "automationDetails": {"id": f"launchready/{clean(report.domain)}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": True,
                "startTimeUtc": report.started.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "endTimeUtc": ended.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "toolExecutionNotifications": [
                    {
                        "level": "warning",
                        "message": _message(f"{row.subject}: not checked: {row.reason}. {row.unlock}".strip()),
                        "associatedRule": {"id": check.id, "index": index[check.id]},
                        "locations": [_location(row.subject, in_code=check.needs == "repository")],
                    }
                    for check, row in report.not_checked
                ],
            }
        ],
        "results": [_result(f, index, rules) for f in (*report.findings, *report.accepted)],
        "properties": {
            "verdict": report.verdict.value,
            "bar": {row.id: row.proof.value for row in report.bar},
        },
    }
    return dumped({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(rule: CheckInfo) -> dict[str, Any]:
    link = link_of(rule.reference)
    described = "\n\n".join(clean(part, lines=True) for part in (rule.why, f"Fix: {rule.fix}", rule.notes) if part)
    return {
        "id": rule.id,
        "name": "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", rule.id)),
        "shortDescription": {"text": clean(rule.title)},
        "fullDescription": {"text": clean(rule.why)},
        "help": {"text": f"{described}\n\nSource: {clean(rule.reference)}"},
        **({"helpUri": link} if link else {}),
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {"tags": [rule.stage.value, *rule.roadmap], "effort_min": rule.effort_min},
    }


def _result(finding: Finding, index: dict[str, int], rules: list[CheckInfo]) -> dict[str, Any]:
    severity = digest.severity_of(finding)
    said = ["".join(digest.sentence(finding)), f"Fix: {finding.fix}" if finding.fix else ""]
    result: dict[str, Any] = {
        "ruleId": finding.check,
        "ruleIndex": index[finding.check],
        "kind": "fail",
        "level": LEVELS[severity],
        "message": _message("\n\n".join(part for part in said if part)),
        "locations": [_location(finding.subject, in_code=rules[index[finding.check]].needs == "repository")],
        "partialFingerprints": {"launchready/v1": finding.fingerprint},
        "properties": {
            "severity": severity.value,
            "stage": (finding.stage or Stage.AUDIT).value,
            "effort_min": finding.effort_min or 0,
            "evidence": clean(finding.evidence, lines=True),
            "paste": clean(finding.paste, lines=True),
        },
    }
    if finding.accepted:
        reason = clean(finding.accepted)
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": reason}]
    return result


def _location(subject: str, *, in_code: bool) -> dict[str, Any]:
    match = (_IN_THE_CODE if in_code else _IN_A_FILE).fullmatch(subject)
    path, line = (match["path"], int(match["line"])) if match else ("launchready.toml", 1)
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(clean(path).lstrip("/")), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": line},
        },
        "logicalLocations": [{"fullyQualifiedName": clean(subject), "kind": "resource"}],
    }


def _message(text: str) -> dict[str, str]:
    """Plain text; brackets would be read as embedded links (section 3.11.6)."""
    return {"text": re.sub(r"([\\\[\]])", r"\\\1", clean(text, lines=True))}
