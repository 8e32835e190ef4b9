"""A command line in an empty directory, and labs in processes of their own for it to audit."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from launchready.cli.main import main


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("check", "example.com")` in an empty directory: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def command(*words: str | Path) -> Ran:
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Ran(int(code), captured.out, captured.err)

    return command


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The options by which an audit reaches the healthy lab."""
    yield from _serve(tmp_path_factory.mktemp("healthy"))


@pytest.fixture(scope="session")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The options by which an audit reaches a lab with a blocker in it: no DMARC record."""
    yield from _serve(tmp_path_factory.mktemp("faulty"), "dmarc-missing")


def _serve(directory: Path, *faults: str) -> Iterator[list[str]]:
    planted = [word for fault in faults for word in ("--fault", fault)]
    command = [sys.executable, "-m", "launchready.lab.serve", str(directory), *planted]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as lab:
        assert lab.stdout is not None
        words = shlex.split(lab.stdout.readline())
        try:
            yield words[words.index("brightside.example") + 1 :]
        finally:
            lab.terminate()
