"""`launchready secrets` as it is typed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from launchready.cli.main import main

SECRET = "vT4kq9Lm2xRz7Pw1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    code = tmp_path / "code"
    code.mkdir()
    (code / ".env").write_text(f"# settings\nDB_PASSWORD={SECRET}\n")
    return code


def test_it_names_file_line_and_what_to_do(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["secrets", str(folder)]) == 1
    said = capsys.readouterr().out

    assert ".env:2" in said
    assert "ALTER ROLE" in said
    assert SECRET not in said


def test_json_and_sarif_carry_the_line(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sarif = tmp_path / "out.sarif"
    assert main(["secrets", str(folder), "--json", "-o", str(sarif)]) == 1
    text = capsys.readouterr().out
    report, log = json.loads(text), json.loads(sarif.read_text())
    place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]

    assert [f["subject"] for f in report["findings"]] == [".env:2"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == (".env", 2)
    assert SECRET not in text + sarif.read_text()


def test_a_baseline_makes_known_what_is_there_and_only_that(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    baseline = folder / ".launchready" / "secrets-baseline.json"
    assert main(["secrets", str(folder), "--write-baseline", str(baseline)]) == 0
    assert SECRET not in baseline.read_text()
    assert main(["secrets", str(folder)]) == 0
    (folder / ".env").write_text(f"# more\n# lines\nDB_PASSWORD={SECRET}\nAPI_TOKEN={SECRET[::-1]}\n")
    capsys.readouterr()
    assert main(["secrets", str(folder), "--json"]) == 1

    assert [f["subject"] for f in json.loads(capsys.readouterr().out)["findings"]] == [".env:4"]


BROKEN = ["", "{", "[]", '{"schema": "other"}', '{"schema": "launchready.secrets-baseline/1", "secrets": [1]}']


@pytest.mark.parametrize("text", BROKEN)
def test_a_baseline_that_is_none_is_refused(folder: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "b.json"
    path.write_text(text)

    assert main(["secrets", str(folder), "--baseline", str(path)]) == 2
    assert "b.json" in capsys.readouterr().err


def test_staged_needs_git(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["secrets", str(folder), "--staged"]) == 2
    assert "no git repository" in capsys.readouterr().err


def test_the_hook_stops_a_commit(folder: Path) -> None:
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    hook = folder / ".git" / "hooks" / "pre-commit"
    hook.write_text(f"#!/bin/sh\nexec {sys.executable} -m launchready.cli.main secrets --staged\n")
    hook.chmod(0o755)
    who = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
    subprocess.run(["git", "-C", str(folder), "add", ".env"], check=True)
    refused = subprocess.run(["git", "-C", str(folder), *who, "commit", "-m", "x"], capture_output=True, text=True)
    (folder / ".env").write_text("DB_PASSWORD=change-me\n")
    subprocess.run(["git", "-C", str(folder), "add", ".env"], check=True)
    taken = subprocess.run(["git", "-C", str(folder), *who, "commit", "-m", "x"], capture_output=True, text=True)

    assert refused.returncode == 1
    assert ".env:2" in refused.stdout + refused.stderr
    assert taken.returncode == 0, taken.stderr


def test_a_folder_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["secrets", "/nowhere/at/all"]) == 2
    assert "no such folder" in capsys.readouterr().err


def test_what_could_not_be_read_is_no_all_clear(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open(tmp_path / "huge.bin", "wb") as file:
        file.truncate(1 << 30)

    assert main(["secrets", str(tmp_path)]) == 3
    assert "huge.bin" in capsys.readouterr().out
