"""The planted causes of the bench of detection fit the portals they are planted in, and its judgement can say no."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
sys.path.append(str(BENCH))

from detection import compared  # noqa: E402
from portals.causes import Cause, Edit, plant  # noqa: E402
from portals.planted import CAUSES  # noqa: E402

CAUSE = Cause("one", "a title", "performance.queries", ("invoices", "GET /"), also=("performance.growth",))


def test_there_are_thirty_causes_ten_of_each_stack() -> None:
    assert {stack: len({cause.id for cause in causes}) for stack, causes in CAUSES.items()} == {
        "django": 10, "fastapi": 10, "express": 10,
    }  # fmt: skip


@pytest.mark.parametrize(("stack", "cause"), [(s, c) for s, causes in CAUSES.items() for c in causes])
def test_a_cause_is_planted_and_leaves_source_that_can_be_read(stack: str, cause: Cause, tmp_path: Path) -> None:
    folder = tmp_path / stack
    shutil.copytree(BENCH / "portals" / f"{stack}_portal", folder)

    plant(cause, folder)

    assert cause.edits or cause.sql or cause.pictures
    for edit in cause.edits:
        assert edit.new in (folder / edit.path).read_text()
        if edit.path.endswith(".py"):
            ast.parse((folder / edit.path).read_text())


def test_a_cause_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("a = 1\na = 1\n")

    with pytest.raises(SystemExit, match="holds 2 times"):
        plant(Cause("x", "", "", (), (Edit("app.py", "a = 1", "a = 2"),)), tmp_path)


def test_found_is_what_the_right_check_says_in_the_right_words() -> None:
    judged = compared(_report(_finding("performance.queries", "GET / asks for Invoices 25 times")), CAUSE, 1)

    assert (judged.verdict, judged.wrong, judged.right) == ("found", (), True)


@pytest.mark.parametrize(
    "finding",
    [
        ("performance.queries", "GET / asks for users 25 times"),
        ("performance.queries", "GET /files/ asks for invoices 25 times"),
        ("performance.growth", "GET / invoices"),
    ],
)
def test_another_table_another_route_or_another_check_is_a_miss(finding: tuple[str, str]) -> None:
    assert compared(_report(_finding(*finding)), CAUSE, 1).verdict == "MISSED"


def test_what_does_not_follow_from_the_cause_is_a_false_alarm() -> None:
    found, follows = _finding("performance.queries", "GET / invoices"), _finding("performance.growth", "it grows")
    wrong = _finding("performance.caching", "something else")

    assert compared(_report(found, follows), CAUSE, 1).right
    assert not compared(_report(found, follows, wrong), CAUSE, 1).right


def test_a_healthy_portal_must_be_silent() -> None:
    assert compared(_report(), None, 1).right
    assert not compared(_report(_finding("performance.caching", "something")), None, 1).right


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_the_script_of_the_portal_can_be_read() -> None:
    for script in (BENCH / "portals" / "express_portal").glob("*.js"):
        subprocess.run(["node", "--check", str(script)], check=True)


def _report(*findings: dict[str, str]) -> dict[str, object]:
    return {"findings": list(findings), "not_checked": []}


def _finding(check: str, problem: str) -> dict[str, str]:
    return {"check": check, "subject": "s", "problem": problem, "evidence": "", "fix": "", "paste": ""}
