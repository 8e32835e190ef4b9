"""The report as JSON, for programs: everything the `Report` holds, under the schema in docs/schemas/report-1.json.

Within a version fields are only added. Texts are as they were seen, not written out: what shows them escapes them.
The output is ASCII and free of control characters, so it is also harmless to `cat`.
"""

from __future__ import annotations

import json
from typing import Any

from launchready.model import Finding, Outcome, Report, Severity, Tree
from launchready.report import digest, map_json, performance_json

SCHEMA_ID = "launchready.report/1"


def render(report: Report) -> str:
    """The report as a JSON document, two spaces of indentation, a line feed at the end."""
    return dumped(document(report))


def dumped(value: object) -> str:
    """`value` as JSON in visible ASCII; lone surrogates, which no JSON reader need accept, become U+FFFD."""
    return json.dumps(_sound(value), indent=2, ensure_ascii=True, allow_nan=False).replace("\x7f", "\\u007f") + "\n"


def document(report: Report) -> dict[str, Any]:
    """The report as JSON's data types."""
    return {
        "schema": SCHEMA_ID,
        "version": report.version,
        "domain": report.domain,
        "started": report.started.isoformat(timespec="seconds"),
        "elapsed_s": round(report.elapsed_s, 3),
        "verdict": report.verdict.value,
        "summary": digest.headline(report),
        "counts": {severity.value: report.count(severity) for severity in Severity},
        "bar": [
            {"id": row.id, "must_hold": row.must_hold, "proof": row.proof.value, "reason": row.reason}
            for row in report.bar
        ],
        "first_steps": [
            {
                "check": step.first.check,
                "severity": step.severity.value,
                "problem": step.first.problem,
                "subjects": step.subjects,
                "effort_min": step.effort_min,
            }
            for step in digest.first_steps(report)
        ],
        "findings": [_finding(f) for f in report.findings],
        "accepted": [{**_finding(f), "accepted": f.accepted} for f in report.accepted],
        "not_checked": [
            {"check": check.id, "subject": row.subject, "reason": row.reason, "unlock": row.unlock}
            for check, row in report.not_checked
        ],
        "checks": [_outcome(o) for o in report.outcomes],
        "hosts": list(report.hosts),
        "looks": dict(sorted(report.looks.items())),
        "map": map_json.document(report.map) if report.map else None,
        "performance": performance_json.document(report.measured) if report.measured else None,
        "pictures": {title: _tree(digest.pruned(tree)) for title, tree in report.pictures.items()},
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.check,
        "stage": finding.stage.value if finding.stage else "",
        "severity": digest.severity_of(finding).value,
        "subject": finding.subject,
        "problem": finding.problem,
        "why": finding.why,
        "evidence": finding.evidence,
        "fix": finding.fix,
        "paste": finding.paste,
        "effort_min": finding.effort_min or 0,
        "reference": finding.reference,
        "roadmap": list(finding.roadmap),
        "fingerprint": finding.fingerprint,
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "id": outcome.check.id,
        "title": outcome.check.title,
        "status": outcome.status.value,
        "elapsed_s": round(outcome.elapsed_s, 3),
        "passed": [{"subject": row.subject, "detail": row.detail} for row in outcome.passed],
    }


def _tree(tree: Tree) -> dict[str, Any]:
    return {"label": tree.label, "children": [_tree(child) for child in tree.children]}


def _sound(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_sound(key): _sound(inner) for key, inner in value.items()}
    return [_sound(inner) for inner in value] if isinstance(value, list | tuple) else value
