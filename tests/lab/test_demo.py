"""The demo: what was planted is found, what was repaired is ready, and both reports are there to be opened."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from launchready.lab import demo


def test_red_then_green_and_two_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.run_demo(report_dir=tmp_path / "reports") == 0

    said = capsys.readouterr().out
    assert "MISSED" not in said
    assert (tmp_path / "reports" / "after.html").as_uri() in said
    before, after = (json.loads((tmp_path / "reports" / f"{name}.json").read_text()) for name in ("before", "after"))
    assert before["verdict"] == "not ready"
    assert after["verdict"] == "ready"
    assert after["findings"] == []
    assert {fault.check for fault in demo.planted()} <= {finding["check"] for finding in before["findings"]}


def test_a_mistake_that_is_missed_is_said_and_fails_the_demo(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = demo.planted()
    monkeypatch.setattr(demo, "faulty_world", demo.healthy_world)

    assert demo.run_demo(report_dir=tmp_path) == 1
    assert capsys.readouterr().out.count("MISSED") == len(seen)
