"""The JSON Schema of the JSON report (draft 2020-12), published as docs/schemas/report-1.json.

Open for fields to come: a reader of version 1 must pass over fields it does not know.
"""

from __future__ import annotations

from typing import Any

from launchready.model import Proof, Severity, Stage, Status, Verdict
from launchready.report import map_json, performance_json
from launchready.report.json_report import SCHEMA_ID
from launchready.report.schema_parts import list_of, object_of

_TEXT = {"type": "string"}
_SECONDS = {"type": "number", "minimum": 0}
_MINUTES = {"type": "integer", "minimum": 0}
_COUNT = {"type": "integer", "minimum": 0}


def schema() -> dict[str, Any]:
    """The schema as data."""
    finding = object_of(
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
        roadmap=list_of(_TEXT),
        fingerprint=_TEXT | {"pattern": "^[0-9a-f]{16}$", "description": "The same from run to run."},
    )
    accepted = object_of(**finding["properties"], accepted=_TEXT | {"description": "The owner's reason."})
    tree = object_of(label=_TEXT, children=list_of({"$ref": "#/$defs/tree"}))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A report of Launch Ready, version 1",
        "$defs": {"finding": finding, "accepted": accepted, "tree": tree},
        **object_of(
            schema={"const": SCHEMA_ID},
            version=_TEXT,
            domain=_TEXT,
            started={"type": "string", "format": "date-time"},
            elapsed_s=_SECONDS,
            verdict=_one_of(Verdict),
            summary=_TEXT,
            counts=object_of(**{severity.value: _COUNT for severity in Severity}),
            bar=list_of(object_of(id=_TEXT, must_hold=_TEXT, proof=_one_of(Proof), reason=_TEXT)),
            first_steps=list_of(
                object_of(
                    check=_TEXT, severity=_one_of(Severity), problem=_TEXT, subjects=list_of(_TEXT), effort_min=_MINUTES
                )
            ),
            findings=list_of({"$ref": "#/$defs/finding"}),
            accepted=list_of({"$ref": "#/$defs/accepted"}),
            not_checked=list_of(object_of(check=_TEXT, subject=_TEXT, reason=_TEXT, unlock=_TEXT)),
            checks=list_of(
                object_of(
                    id=_TEXT,
                    title=_TEXT,
                    status=_one_of(Status),
                    elapsed_s=_SECONDS,
                    passed=list_of(object_of(subject=_TEXT, detail=_TEXT)),
                )
            ),
            hosts=list_of(_TEXT),
            looks={"type": "object", "additionalProperties": _COUNT, "description": "Looks by kind: dns, tls, http."},
            map={"anyOf": [{"type": "null"}, map_json.schema()]},
            performance={"anyOf": [{"type": "null"}, performance_json.schema()]},
            pictures={"type": "object", "additionalProperties": {"$ref": "#/$defs/tree"}},
        ),
    }


def _one_of(words: Any) -> dict[str, Any]:
    return {"enum": [word.value for word in words]}
