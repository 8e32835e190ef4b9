"""The demo: what was wrong is found, what was repaired is ready, both reports are there, nothing is left running."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from launchready.lab import demo, live_portal

needs_portal = pytest.mark.skipif(bool(live_portal.missing()), reason=live_portal.missing())


@needs_portal
def test_red_then_green_and_two_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.run_demo(report_dir=tmp_path / "reports") == 0

    said = capsys.readouterr().out
    wanted = demo.expected(runs=True)
    assert "MISSED" not in said
    assert "edge apply" in said
    assert "0 of" in said.partition("requests failed, 0.0 s of downtime")[0][-20:]
    assert "was rolled back by itself" in said.replace("\n", " ")
    assert f"{len(wanted)} of {len(wanted)} mistakes" in said
    assert (tmp_path / "reports" / "after.html").as_uri() in said
    before, after = (json.loads((tmp_path / "reports" / f"{name}.json").read_text()) for name in ("before", "after"))
    assert before["verdict"] == "not ready"
    assert after["verdict"] == "ready"
    assert after["findings"] == []
    assert {one.check for one in wanted} <= {finding["check"] for finding in before["findings"]}


def test_without_the_portals_packages_the_domain_alone_is_audited(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_portal, "missing", lambda: "django: pip install 'launchready[portal]'")

    assert demo.run_demo(report_dir=tmp_path) == 0
    said = capsys.readouterr().out
    assert "pip install 'launchready[portal]'" in said
    assert f"{len(demo.PLANTED)} of {len(demo.PLANTED)} mistakes" in said


def test_a_mistake_that_is_missed_is_said_and_fails_the_demo(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_portal, "missing", lambda: "everything")
    monkeypatch.setattr(demo, "faulty_world", demo.repaired_world)

    assert demo.run_demo(report_dir=tmp_path) == 1
    assert capsys.readouterr().out.count("MISSED") == len(demo.PLANTED)


def test_a_portal_that_does_not_start_is_said_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> str:
        raise RuntimeError("no room for PostgreSQL")

    monkeypatch.setattr(live_portal, "missing", lambda: "")
    monkeypatch.setattr(live_portal.LivePortal, "_start_postgres", refuse)

    assert demo.run_demo(report_dir=tmp_path) == 0
    said = capsys.readouterr().out
    assert "no room for PostgreSQL" in said
    assert f"{len(demo.PLANTED)} of {len(demo.PLANTED)} mistakes" in said


@needs_portal
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "when",
    ["PostgreSQL starts", "NOT READY", "gets the visitors now"],
    ids=["while it starts", "while it runs", "while it releases"],
)
def test_a_demo_that_is_stopped_leaves_nothing_behind(tmp_path: Path, number: signal.Signals, when: str) -> None:
    import psutil

    command = [sys.executable, "-m", "launchready.cli.main", "demo", "--keep", "--report-dir", str(tmp_path)]
    with TemporaryDirectory(prefix="demo", dir="/tmp") as folder:  # short: the database's socket lies below it
        environment = {**os.environ, "TMPDIR": folder}
        running = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=environment, preexec_fn=_heed_interrupts
        )
        try:
            assert running.stdout is not None
            while when not in (line := running.stdout.readline()):
                assert line, "it ended too early"
            running.send_signal(number)
            running.communicate(timeout=30)
        finally:
            running.terminate()
            running.wait(30)

        assert running.returncode == 130
        left = [p.info["cmdline"] for p in psutil.process_iter(["cmdline"]) if folder in str(p.info["cmdline"])]
        assert left == []
        # The folder of locks is PostgreSQL's package's own, and shared.
        assert [path for path in Path(folder).iterdir() if not path.name.startswith("runtime-")] == []


def _heed_interrupts() -> None:
    # Tests that run in the background of a shell inherit that SIGINT is ignored.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
