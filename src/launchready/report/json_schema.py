"""The JSON Schema of the JSON report (draft 2020-12), published as docs/schemas/report-1.json.

Open for fields to come: a reader of version 1 must pass over fields it does not know.
"""

from __future__ import annotations

from typing import Any

from launchready.model import Proof, Severity, Stage, Status, Verdict
from launchready.report import map_json, performance_json
from launchready.report.json_report import SCHEMA_ID

_TEXT = {"type": "string"}
_SECONDS = {"type": "number", "minimum": 0}
_MINUTES = {"type": "integer", "minimum": 0}
_COUNT = {"type": "integer", "minimum": 0}


def schema() -> dict[str, Any]:
    """The schema as data."""
    finding = _object(
        check=_TEXT,
        stage={"enum": ["", *Stage]},
        severity=_one_of(Severity),
        subject=_TEXT | {"description": "Host, URL, address, file:line or route the finding is about."},
        problem=_TEXT | {"description": "What is wrong, in one plain sentence."},
        why=_TEXT | {"description": "Why a buyer would notice."},
        evidence=_TEXT | {"description": "What was seen, redacted. May hold hostile text: escape it."},
        fix=_TEXT,
        paste=_TEXT | {"description": "A ready record, header or rule; empty where none can be computed."},
        effort_min=_MINUTES,
        reference=_TEXT,
        roadmap=_list(_TEXT),
        fingerprint=_TEXT | {"pattern": "^[0-9a-f]{16}$", "description": "The same from run to run."},
    )
    accepted = _object(**finding["properties"], accepted=_TEXT | {"description": "The owner's reason."})
    tree = _object(label=_TEXT, children=_list({"$ref": "#/$defs/tree"}))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A report of Launch Ready, version 1",
        "$defs": {"finding": finding, "accepted": accepted, "tree": tree},
        **_object(
            schema={"const": SCHEMA_ID},
            version=_TEXT,
            domain=_TEXT,
            started={"type": "string", "format": "date-time"},
            elapsed_s=_SECONDS,
            verdict=_one_of(Verdict),
            summary=_TEXT,
            counts=_object(**{severity.value: _COUNT for severity in Severity}),
            bar=_list(_object(id=_TEXT, must_hold=_TEXT, proof=_one_of(Proof), reason=_TEXT)),
            first_steps=_list(
                _object(
                    check=_TEXT, severity=_one_of(Severity), problem=_TEXT, subjects=_list(_TEXT), effort_min=_MINUTES
                )
            ),
            findings=_list({"$ref": "#/$defs/finding"}),
            accepted=_list({"$ref": "#/$defs/accepted"}),
            not_checked=_list(_object(check=_TEXT, subject=_TEXT, reason=_TEXT, unlock=_TEXT)),
            checks=_list(
                _object(
                    id=_TEXT,
                    title=_TEXT,
                    status=_one_of(Status),
                    elapsed_s=_SECONDS,
                    passed=_list(_object(subject=_TEXT, detail=_TEXT)),
                )
            ),
            hosts=_list(_TEXT),
            looks={"type": "object", "additionalProperties": _COUNT, "description": "Looks by kind: dns, tls, http."},
            map={"anyOf": [{"type": "null"}, map_json.schema()]},
            performance={"anyOf": [{"type": "null"}, performance_json.schema()]},
            pictures={"type": "object", "additionalProperties": {"$ref": "#/$defs/tree"}},
        ),
    }


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _one_of(words: Any) -> dict[str, Any]:
    return {"enum": [word.value for word in words]}
