from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]

CODE = """\
import os

SECRET_KEY = os.environ["SECRET_KEY"]
LINK_SECRET = os.environ.get("LINK_SECRET", "q7Vd2LxP9sTb4RnZ8wKf3HcY")
PAGE_SIZE = int(os.environ.get("PAGE_SIZE", "25"))
FLAG = os.environ[f"FLAG_{PAGE_SIZE}"]
"""
TOML = '[portal]\ndomain = "a.example"\n[environments.production]\nvariables = ["SECRET_KEY", "LINK_SECRET"]\n'


@pytest.fixture
def code(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(CODE)
    return tmp_path


def test_the_list_says_what_is_needed_and_where_it_is_read(run: Run, code: Path) -> None:
    ran = run("env", "list")
    assert ran.code == 0
    rows = {line.split()[0]: line for line in ran.out.splitlines() if line[:1].isupper()}
    assert "required" in rows["SECRET_KEY"]
    assert "app.py:3" in rows["SECRET_KEY"]
    assert '"25"' in rows["PAGE_SIZE"]
    assert "app.py:6: the name is computed at run time, beginning with FLAG_" in ran.out
    assert "q7Vd2" not in ran.out


def test_the_list_as_json(run: Run, code: Path) -> None:
    (code / "launchready.toml").write_text(TOML)
    (code / "broken.py").write_text("import os\nos.environ[(\n")
    document = json.loads(run("env", "list", ".", "--json").out)
    rows = {row["name"]: row for row in document["variables"]}
    assert rows["SECRET_KEY"]["need"] == "required"
    assert rows["SECRET_KEY"]["declared"] == [{"environment": "production", "path": "launchready.toml", "line": 0}]
    assert rows["LINK_SECRET"]["default"].startswith("…(24 chars")
    assert document["dynamic"] == [{"path": "app.py", "line": 6, "prefix": "FLAG_"}]
    assert list(document["not_read"]) == ["broken.py"]


def test_a_check_that_cannot_know_production_is_unproven(run: Run, code: Path) -> None:
    (code / ".env.example").write_text("SECRET_KEY=change-me\nLINK_SECRET=change-me\nPAGE_SIZE=25\n")
    ran = run("env", "check")
    assert ran.code == 3
    assert "SECRET_KEY" in ran.out


def test_a_check_with_a_blocker_fails_and_one_without_does_not(run: Run, code: Path) -> None:
    (code / "launchready.toml").write_text(TOML.replace('"SECRET_KEY", ', ""))
    assert run("env", "check").code == 1
    assert run("env", "check", "--fail-on", "never").code == 0
    (code / "launchready.toml").write_text(TOML)
    ran = run("env", "check", "--json")
    assert ran.code == 0
    report = json.loads(ran.out)
    assert {finding["check"] for finding in report["findings"]} == {"variables.undocumented"}


def test_a_report_is_written_besides(run: Run, code: Path) -> None:
    assert run("env", "check", "--quiet", "--output", "out.sarif").code == 3
    assert json.loads((code / "out.sarif").read_text())["version"] == "2.1.0"


def test_the_template_is_printed_and_written_and_never_overwrites(run: Run, code: Path) -> None:
    printed = run("env", "template").out
    assert "SECRET_KEY=change-me\n" in printed
    assert "PAGE_SIZE=25\n" in printed
    assert "q7Vd2" not in printed

    assert run("env", "template", "--output", ".env.example").code == 0
    assert (code / ".env.example").read_text() == printed
    refused = run("env", "template", "--output", ".env.example")
    assert refused.code == 2
    assert "--force" in refused.err
    assert run("env", "template", "--output", ".env.example", "--force").code == 0
    assert (code / ".env.example").read_text() == printed


def test_the_template_completes_what_is_there(run: Run, code: Path) -> None:
    (code / ".env.example").write_text("# Ours\nSECRET_KEY=q7Vd2LxP9sTb4RnZ8wKf3HcY\n")
    ran = run("env", "template", "-o", ".env.example", "--force")
    text = (code / ".env.example").read_text()
    assert text.startswith("# Ours\nSECRET_KEY=change-me\n")
    assert "PAGE_SIZE=25" in text
    assert "SECRET_KEY; change these secrets" in ran.err
    assert run("env", "check", "--json").code == 3


def test_it_does_not_write_into_an_environment_file(run: Run, code: Path) -> None:
    ran = run("env", "template", "--output", ".env", "--force")
    assert ran.code == 2
    assert not (code / ".env").exists()


@pytest.mark.parametrize("verb", ["list", "check", "template"])
def test_a_folder_that_is_not_there(verb: str, run: Run) -> None:
    ran = run("env", verb, "nowhere")
    assert ran.code == 2
    assert "no such folder" in ran.err


@pytest.mark.parametrize("verb", ["list", "check", "template"])
def test_a_folder_without_code(verb: str, run: Run) -> None:
    assert run("env", verb).code == 0


def test_a_wrong_launchready_toml_is_said(run: Run, code: Path) -> None:
    (code / "launchready.toml").write_text("[portal\n")
    assert "not valid TOML" in run("env", "list").err
