"""The deployment map as JSON's data types, for the JSON report and `launchready map --format json`."""

from __future__ import annotations

from typing import Any

from launchready.model import DeploymentMap, Finding, Severity
from launchready.report.schema_parts import object_of


def document(drawn: DeploymentMap) -> dict[str, Any]:
    """Nodes, edges, and what must change, gravest first; findings by their fingerprints."""
    return {
        "domain": drawn.domain,
        "environments": list(drawn.environments),
        "nodes": [
            {
                "id": node.id,
                "part": node.part.value,
                "name": node.name,
                "environment": node.environment,
                "details": list(node.details),
                "seen_in": node.seen_in,
                "known": node.known,
                "findings": [finding.fingerprint for finding in node.findings],
            }
            for node in drawn.nodes
        ],
        "edges": [{"from": edge.origin, "to": edge.target} for edge in drawn.edges],
        "must_change": [{"node": node.id, **_change(finding)} for node, finding in drawn.must_change],
    }


def schema() -> dict[str, Any]:
    """The JSON Schema of `document`."""
    text, texts = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
    node = object_of(
        id=text, part=text, name=text, environment=text, details=texts, seen_in=text, known={"type": "boolean"},
        findings=texts,
    )  # fmt: skip
    change = object_of(
        node=text, check=text, severity={"enum": [s.value for s in Severity]}, problem=text, fix=text, fingerprint=text
    )
    return object_of(
        domain=text,
        environments=texts,
        nodes={"type": "array", "items": node},
        edges={"type": "array", "items": {**object_of(to=text), "required": ["from", "to"]}},
        must_change={"type": "array", "items": change},
    )


def _change(finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.check,
        "severity": (finding.severity or Severity.NICE).value,
        "problem": finding.problem,
        "fix": finding.fix,
        "fingerprint": finding.fingerprint,
    }
