"""What would be released: the state of git, and room on the disk."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.conftest import QUICK, Judge

from launchready import gate
from launchready.lab.faults.release_source import FULL
from launchready.lab.source import ignored, with_source
from launchready.model import Outcome, Severity, Status
from launchready.portal import Portal
from launchready.probes.look import Look
from launchready.probes.network import Network

DEPLOY = {"adapter": "commands", "release": ["r"], "roll_back": ["b"], "database_env": ""}


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=Maker", "-c", "user.email=maker@brightside.example", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def pushed(tmp_path: Path) -> Path:
    """A repository with one commit, which its remote has."""
    git(tmp_path, "init", "--bare", "remote.git")
    git(tmp_path, "clone", "remote.git", "work")
    work = tmp_path / "work"
    (work / "app.py").write_text("print(1)\n")
    git(work, "add", ".")
    git(work, "commit", "-m", "one")
    git(work, "push", "origin", "HEAD")
    return work


async def judged(check: str, folder: Path, **deploy: object) -> Outcome:
    settings = {"domain": "brightside.example", "repository": {"path": str(folder)}, "deploy": {**DEPLOY, **deploy}}
    look = Look(Portal.model_validate(settings), Network(QUICK, closed=True))
    report = await gate.run(look.portal, look, [gate.catalogue()[check]])
    return report.outcomes[0]


async def test_a_pushed_commit_and_nothing_besides_passes(pushed: Path) -> None:
    outcome = await judged("release.source", pushed)

    assert outcome.status is Status.PASSED
    assert outcome.passed[0].detail == "everything is committed and pushed"


async def test_a_commit_on_this_machine_only_is_nice_to_fix(pushed: Path) -> None:
    (pushed / "app.py").write_text("print(2)\n")
    git(pushed, "commit", "-a", "-m", "two")

    [finding] = (await judged("release.source", pushed)).findings

    assert (finding.severity, finding.key) == (Severity.NICE, "unpushed")


async def test_a_release_from_no_branch_is_nice_to_fix(pushed: Path) -> None:
    git(pushed, "checkout", "--detach")

    [finding] = (await judged("release.source", pushed)).findings

    assert (finding.severity, finding.key) == (Severity.NICE, "detached")


async def test_a_file_moved_and_one_with_a_strange_name_count_once_each(pushed: Path) -> None:
    git(pushed, "mv", "app.py", "main.py")
    (pushed / "with\nline.py").write_text("")

    [finding] = (await judged("release.source", pushed)).findings

    assert finding.severity is Severity.HIGH
    assert finding.problem.startswith("2 files differ")


async def test_a_folder_without_git_is_not_checked(judge: Judge) -> None:
    outcome = await judge("release.source", with_source(git=False), deploy=DEPLOY)

    assert outcome.status is Status.NOT_CHECKED
    assert "not a git repository" in outcome.not_checked[0].reason


async def test_a_disk_with_room_passes_before_the_first_release(tmp_path: Path, pushed: Path) -> None:
    root = str(tmp_path / "not" / "yet")

    outcome = await judged("release.disk", pushed, adapter="directories", root=root, web="serve")

    assert outcome.status is Status.PASSED
    assert "free" in outcome.passed[0].detail


async def test_a_disk_without_room_is_a_blocker(judge: Judge) -> None:
    deploy = {"adapter": "directories", "root": FULL, "web": "serve", "database_env": ""}

    [finding] = (await judge("release.disk", ignored({}), deploy=deploy)).findings

    assert finding.severity is Severity.BLOCKER
    assert "0.0 MiB free" in finding.problem
