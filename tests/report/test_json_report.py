from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from jsonschema import Draft202012Validator, ValidationError
from sample import HOSTILE, quiet_report, sample

from launchready.model import Verdict
from launchready.report import json_report, json_schema


def test_the_whole_report(same_as: Callable[[str, str], None]) -> None:
    same_as("report.json", json_report.render(sample()))


@pytest.mark.parametrize("report", [sample(), *map(quiet_report, Verdict)], ids=lambda r: r.verdict)
def test_it_is_valid_against_its_published_schema(report: object) -> None:
    Draft202012Validator.check_schema(json_schema.schema())
    Draft202012Validator(json_schema.schema()).validate(json.loads(json_report.render(report)))  # type: ignore[arg-type]


def test_the_schema_refuses_what_is_no_report() -> None:
    document = json_report.document(sample())
    del document["findings"][0]["fingerprint"]
    with pytest.raises(ValidationError, match="fingerprint"):
        Draft202012Validator(json_schema.schema()).validate(document)


def test_it_names_its_version_and_keeps_texts_as_they_were_seen() -> None:
    document = json.loads(json_report.render(sample()))
    assert document["schema"] == "launchready.report/1"
    assert document["findings"][-1]["evidence"] == HOSTILE.replace("\ud800", "\ufffd")


def test_it_is_visible_ascii_and_harmless_to_print() -> None:
    text = json_report.render(sample())
    assert text.replace("\n", "").isascii()
    assert text.replace("\n", "").isprintable()
