"""Work tree, history, staged changes, archives; strange repositories."""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
import subprocess
import zipfile
from pathlib import Path

import pytest

from launchready.audit.secrets.scan import Scan, Where, scan, scan_staged
from launchready.probes.failures import Failure
from launchready.probes.network import Limits, Network
from launchready.probes.repository import Repository

SECRET = "vT4kq9Lm2xRz7Pw1"
LINE = f'password = "{SECRET}"\n'


def git(folder: Path, *arguments: str, day: int = 1) -> str:
    when = f"2026-01-{day:02d}T12:00:00+00:00"
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b.example", "GIT_AUTHOR_DATE": when}
    who |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b.example", "GIT_COMMITTER_DATE": when}
    environment = {"PATH": os.environ["PATH"], "HOME": "/dev/null", **who}
    done = subprocess.run(["git", "-C", str(folder), *arguments], env=environment, capture_output=True, check=True)
    return done.stdout.decode().strip()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    return folder


def commit(folder: Path, day: int, **files: str | None) -> str:
    for name, text in files.items():
        path = folder / name.replace("__", ".")
        if text is None:
            path.unlink()
        else:
            path.write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", f"day {day}", day=day)
    return git(folder, "rev-parse", "HEAD")


def repository(folder: Path) -> Repository:
    return Repository(folder, Network(Limits(), (), closed=True))


def read(folder: Path, **options: object) -> Scan:
    result = scan(repository(folder), **options)  # type: ignore[arg-type]
    assert isinstance(result, Scan)
    return result


def test_what_is_tracked_has_the_age_of_its_oldest_commit(repo: Path) -> None:
    first = commit(repo, 3, app__py=LINE)
    commit(repo, 9, app__py="x = 1\n" + LINE)
    (found,) = read(repo).found

    assert (found.where, found.place, found.commit) == (Where.TRACKED, "app.py:2", first)
    assert found.when is not None
    assert found.when.day == 3


def test_what_was_deleted_is_found_in_the_history(repo: Path) -> None:
    first = commit(repo, 3, app__py=LINE)
    commit(repo, 9, app__py=None, b__py="x = 1\n")
    result = read(repo)

    assert [(f.where, f.place, f.commit) for f in result.found] == [(Where.HISTORY, "app.py:1", first)]
    assert result.commits == 2
    assert read(repo, history=False).found == ()


def test_branches_and_tags_are_read_too(repo: Path) -> None:
    commit(repo, 1, a__py="x = 1\n")
    git(repo, "checkout", "--quiet", "-b", "side")
    commit(repo, 2, b__py=LINE)
    git(repo, "checkout", "--quiet", "main")

    assert [f.place for f in read(repo).found] == ["b.py:1"]


def test_one_value_in_many_versions_is_one_finding(repo: Path) -> None:
    for day in range(1, 9):
        commit(repo, day, a__py="y = 1\n" * day + LINE)
    commit(repo, 10, a__py="y = 1\n")

    assert len(read(repo).found) == 1


def test_staged_is_what_the_index_holds(repo: Path) -> None:
    commit(repo, 1, a__py="x = 1\n")
    (repo / "a.py").write_text(LINE)
    (repo / "b.py").write_text(LINE)
    git(repo, "add", "b.py")
    result = scan_staged(repository(repo))

    assert isinstance(result, Scan)
    assert [(f.place, f.where) for f in result.found] == [("b.py:1", Where.STAGED)]


def test_staged_before_the_first_commit(repo: Path) -> None:
    (repo / "b.py").write_text(LINE)
    git(repo, "add", "b.py")
    result = scan_staged(repository(repo))

    assert isinstance(result, Scan)
    assert [f.place for f in result.found] == ["b.py:1"]


def test_untracked_counts_and_ignored_does_not(repo: Path) -> None:
    commit(repo, 1, __gitignore="secret.py\n")
    (repo / "secret.py").write_text(LINE)
    (repo / "new.py").write_text(LINE)

    assert [(f.place, f.where) for f in read(repo).found] == [("new.py:1", Where.UNTRACKED)]


def test_archives_and_databases_are_opened(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("conf/.env", f"DB_PASSWORD={SECRET}\n")
    with zipfile.ZipFile(tmp_path / "site.zip", "w") as archive:
        archive.writestr("inner.zip", inner.getvalue())
    base = sqlite3.connect(tmp_path / "db.sqlite3")
    base.execute("create table users (id int, email text, password text)")
    base.execute("insert into users values (1, 'a@b.co', ?)", (f"pbkdf2_sha256$870000${SECRET}${SECRET * 3}=",))
    base.commit()
    base.close()
    found = {f.credential.path for f in read(tmp_path).found}

    assert found == {"site.zip!inner.zip!conf/.env", "db.sqlite3!users.sql"}


def test_a_bomb_is_named_and_does_not_explode(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big", b"0" * 200_000_000)
    result = read(tmp_path)

    assert [path for path, _ in result.not_read] == ["bomb.zip"]


@pytest.mark.parametrize("what", ["empty folder", "empty repository", "no git"])
def test_next_to_nothing_is_no_failure(repo: Path, what: str) -> None:
    if what != "empty repository":
        shutil.rmtree(repo / ".git")
    if what == "no git":
        (repo / "a.py").write_text(LINE)
    result = read(repo)

    assert [f.where for f in result.found] == ([Where.FOLDER] if what == "no git" else [])


def test_a_folder_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    assert isinstance(scan(repository(tmp_path / "missing")), Failure)


def test_a_shallow_clone_says_that_older_commits_are_missing(repo: Path, tmp_path: Path) -> None:
    commit(repo, 1, a__py=LINE)
    commit(repo, 2, a__py="x = 1\n")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repo}", str(clone))
    result = read(clone)

    assert result.found == ()
    assert "shallow" in result.history


def test_a_torn_object_is_told(repo: Path) -> None:
    commit(repo, 1, a__py=LINE)
    commit(repo, 2, a__py="x = 1\n")
    blob = git(repo, "rev-parse", "HEAD~1:a.py")
    path = repo / ".git" / "objects" / blob[:2] / blob[2:]
    path.chmod(0o600)
    path.write_bytes(b"junk")
    result = read(repo)

    assert result.history or result.not_read


def test_links_loops_and_submodules_are_not_followed(repo: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.env"
    outside.write_text(f"DB_PASSWORD={SECRET}\n")
    (repo / "link.env").symlink_to(outside)
    (repo / "loop").symlink_to(repo)
    (repo / "pipe.env").parent.mkdir(exist_ok=True)
    os.mkfifo(repo / "pipe.env")
    commit(repo, 1, a__py="x = 1\n")

    assert read(repo).found == ()


def test_nothing_of_the_repository_is_run(repo: Path, tmp_path: Path) -> None:
    commit(repo, 1, a__txt="x\n")
    mark = tmp_path / "ran"
    script = tmp_path / "script.sh"
    script.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n")
    script.chmod(0o755)
    for key in ("core.fsmonitor", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process",
                "diff.evil.textconv",
                "core.hooksPath", "core.sshCommand", "core.pager"):  # fmt: skip
        git(repo, "config", key, str(script))
    (repo / ".gitattributes").write_text("* filter=evil diff=evil\n")
    (repo / "b.txt").write_text(LINE)
    read(repo)
    scan_staged(repository(repo))

    assert not mark.exists()


def test_names_that_are_no_text_and_broken_encodings(repo: Path) -> None:
    (repo / os.fsdecode(b"caf\xe9.py")).write_text(LINE)
    (repo / "latin.py").write_bytes(b"# caf\xe9\n" + LINE.encode())
    (repo / "wide.py").write_bytes(b"\xff\xfe" + LINE.encode("utf-16-le"))
    commit(repo, 1, a__py="x = 1\n")

    assert {f.credential.path.rpartition(".")[0][:4] for f in read(repo).found} == {"caf\udce9", "lati", "wide"}


def test_what_is_too_large_is_named(tmp_path: Path) -> None:
    with open(tmp_path / "huge.sql", "wb") as file:
        file.truncate(1 << 30)
    result = read(tmp_path)

    assert [path for path, _ in result.not_read] == ["huge.sql"]


def test_a_deadline_stops_the_reading_and_is_said(repo: Path) -> None:
    commit(repo, 1, a__py=LINE)
    result = read(repo, late=lambda: True)

    assert result.found == ()
    assert "deadline" in result.history
    assert [why for _, why in result.not_read] == ["the run's deadline passed first, with 1 files unread"]


def test_ignored_patterns_are_left_out(repo: Path) -> None:
    commit(repo, 1, a__py=LINE)

    assert read(repo, ignore=("*.py",)).found == ()


def test_a_bare_repository_is_read_by_its_history(repo: Path, tmp_path: Path) -> None:
    commit(repo, 1, a__py=LINE)
    git(tmp_path, "clone", "--quiet", "--bare", str(repo), str(tmp_path / "bare.git"))

    assert [(f.where, f.place) for f in read(tmp_path / "bare.git").found] == [(Where.HISTORY, "a.py:1")]


def test_submodules_and_linked_work_trees_are_read(repo: Path, tmp_path: Path) -> None:
    commit(repo, 1, a__py=LINE)
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "--quiet")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(repo), "inner")
    git(outer, "commit", "--quiet", "-m", "x")
    git(repo, "worktree", "add", "--quiet", str(tmp_path / "linked"), "-b", "side")

    assert [f.place for f in read(outer).found] == ["inner/a.py:1"]
    assert [(f.where, f.place) for f in read(tmp_path / "linked").found] == [(Where.TRACKED, "a.py:1")]


def test_files_are_read_where_git_is_broken_and_the_history_is_not_passed(repo: Path) -> None:
    commit(repo, 1, a__py=LINE)
    (repo / ".git" / "HEAD").write_text("junk")
    result = read(repo)

    assert [f.place for f in result.found] == ["a.py:1"]
    assert result.history
