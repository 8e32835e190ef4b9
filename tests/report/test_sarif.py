from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator
from sample import TRUST, finding, quiet_report, sample

from launchready.model import Outcome, Report, Verdict
from launchready.report import sarif

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))


def run_of(report: Report) -> dict[str, Any]:
    return json.loads(sarif.render(report))["runs"][0]  # type: ignore[no-any-return]


def test_the_whole_report(same_as: Callable[[str, str], None]) -> None:
    same_as("report.sarif", sarif.render(sample()))


@pytest.mark.parametrize("report", [sample(), *map(quiet_report, Verdict)], ids=lambda r: r.verdict)
def test_it_is_valid_against_the_schema_of_oasis(report: Report) -> None:
    Draft4Validator(SCHEMA).validate(json.loads(sarif.render(report)))


def test_every_result_has_the_physical_location_without_which_github_refuses_the_file() -> None:
    for result in run_of(sample())["results"]:
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "launchready.toml"
        assert place["region"]["startLine"] == 1


def test_a_finding_in_a_file_points_at_its_line() -> None:
    report = replace(
        quiet_report(Verdict.READY), outcomes=(Outcome(TRUST, (finding(TRUST, "src/settings.py:42", "x"),)),)
    )
    place = run_of(report)["results"][0]["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("src/settings.py", 42)


def test_a_host_with_a_port_is_no_file() -> None:
    report = replace(
        quiet_report(Verdict.READY), outcomes=(Outcome(TRUST, (finding(TRUST, "https://a.example:443/x:1", "x"),)),)
    )
    place = run_of(report)["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "launchready.toml"


def test_not_checked_is_a_notification_and_never_a_result() -> None:
    run = run_of(sample())
    blind = [n["associatedRule"]["id"] for n in run["invocations"][0]["toolExecutionNotifications"]]
    assert blind == ["dns.stale", "mail.mx.starttls", "domain.expiry"]
    assert not {r["ruleId"] for r in run["results"]} & set(blind)


def test_rule_indexes_lead_to_their_rules_and_levels_follow_severity() -> None:
    run = run_of(sample())
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[r["ruleIndex"]]["id"] == r["ruleId"] for r in run["results"])
    assert {r["properties"]["severity"]: r["level"] for r in run["results"]} == {
        "blocker": "error",
        "high risk": "warning",
        "nice to fix": "note",
    }


def test_an_accepted_risk_is_suppressed_with_its_reason() -> None:
    (suppressed,) = (r for r in run_of(sample())["results"] if "suppressions" in r)
    assert suppressed["suppressions"][0]["justification"].startswith("agreed")


def test_fingerprints_are_stable_and_tell_findings_apart() -> None:
    prints = [r["partialFingerprints"]["launchready/v1"] for r in run_of(sample())["results"]]
    assert prints == [r["partialFingerprints"]["launchready/v1"] for r in run_of(sample())["results"]]
    assert len(set(prints)) == len(prints)


def test_brackets_of_strangers_make_no_links() -> None:
    (hostile,) = (r for r in run_of(sample())["results"] if r["ruleId"] == "http.banners")
    assert r"\[l\](javascript:" in hostile["message"]["text"]
