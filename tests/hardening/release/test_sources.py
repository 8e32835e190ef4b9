"""What comes out of a commit: its files and links, on every Python there is; nothing that leads out of the release."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest
from tests.hardening.release.hosts import git

from launchready.hardening.release.sources import identify, new_release, unpack
from launchready.hardening.release.words import Failed


def commit(folder: Path, link: str) -> None:
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "inside").mkdir()
    (folder / "inside" / "page.html").write_text("<h1>Hello</h1>")
    (folder / "link").symlink_to(link)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "one")


@pytest.fixture(params=["with its filter", "of before 3.11.4"])
def python(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "of before 3.11.4":
        monkeypatch.delattr(tarfile, "data_filter", raising=False)


async def unpacked(tmp_path: Path, link: str) -> tuple[Path, Failed | None]:
    source, into = tmp_path / "source", tmp_path / "into"
    source.mkdir()
    into.mkdir()
    commit(source, link)
    found = identify(source)
    assert not isinstance(found, Failed)
    return into, await unpack(source, new_release(found), into, tmp_path / "host")


@pytest.mark.usefixtures("python")
async def test_files_folders_and_links_come_out_as_they_are(tmp_path: Path) -> None:
    into, failed = await unpacked(tmp_path, "inside/page.html")

    assert failed is None
    assert (into / "link").read_text() == "<h1>Hello</h1>"
    assert os.access(into / "run.sh", os.X_OK)


@pytest.mark.usefixtures("python")
@pytest.mark.parametrize("link", ["/etc/passwd", "../../secret"])
async def test_a_link_that_leads_out_stops_the_build(tmp_path: Path, link: str) -> None:
    _, failed = await unpacked(tmp_path, link)

    assert failed is not None
    assert failed.step == "build"
