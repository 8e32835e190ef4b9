"""No Docker engine is on the machines that run these: a stand-in speaks its arguments. `config` is the real one's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from launchready.hardening.release import compose
from launchready.hardening.release.compose import ComposeReleases
from launchready.hardening.release.docker import in_words
from launchready.hardening.release.words import Failed, Release
from launchready.portal import Portal
from launchready.probes.look import Look

from .conftest import FIRST, SECOND

COMPOSE = """
services:
  web:
    build: .
    environment: {SECRET_KEY: hunter2-never-shown}
  worker:
    image: portal-web
    command: worker
  db:
    image: postgres:17
"""


@dataclass
class Project:
    """A Compose project beside a stand-in for Docker."""

    adapter: ComposeReleases
    folder: Path
    held: Path
    lines: list[str]

    def told(self, line: str) -> None:
        assert "hunter2" not in line
        self.lines.append(line)

    @property
    def now(self) -> Any:
        return json.loads(self.held.read_text())

    def trouble(self, what: str) -> None:
        self.held.write_text(json.dumps({**self.now, "trouble": what}))

    async def deploy(self, release: Release) -> Release | Failed:
        built = await self.adapter.build(release, self.told)
        if isinstance(built, Failed):
            return built
        failed = await self.adapter.migrate(built, self.told)
        before = await self.adapter.current()
        failed = failed or await self.adapter.release(built, self.told)
        if failed is None:
            await self.adapter.tidy(built, before if isinstance(before, Release) else None, self.told)
        return failed or built


Made = Callable[..., Project]


def portal(**deploy: Any) -> Portal:
    return Portal.model_validate({"domain": "a.example", "deploy": {"adapter": "compose", **deploy}})


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    """`made(text, migrate=[…])`: a project in a folder of its own, with a stand-in for Docker on the path."""

    def make(text: str = COMPOSE, **deploy: Any) -> Project:
        programs, folder, held = tmp_path / "bin", tmp_path / "portal", tmp_path / "held.json"
        programs.mkdir()
        folder.mkdir()
        (folder / "compose.yaml").write_text(text)
        script = Path(__file__).with_name("stand_in_docker.py")
        (programs / "docker").write_text(f'#!/bin/sh\nexec {sys.executable} {script} "$@"\n')
        (programs / "docker").chmod(0o755)
        held.write_text(json.dumps({"images": [], "containers": {}, "asked": [], "ran": [], "trouble": ""}))
        monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
        monkeypatch.setenv("STAND_IN", str(held))
        described = portal(**deploy)
        found = compose.adapter(described, Look(described), folder)
        assert isinstance(found, ComposeReleases), found
        return Project(replace(found, pause_s=0.01), folder, held, [])

    return make


def image(release: Release) -> str:
    return f"portal-web:{release.id}"


async def test_what_is_built_runs_under_the_releases_tag(made: Made) -> None:
    project = made()
    assert await project.adapter.current() is None
    built = await project.deploy(FIRST)

    assert isinstance(built, Release)
    assert built.reference == image(FIRST)
    assert {name: one["Image"] for name, one in project.now["containers"].items()} == {
        "web": image(FIRST),
        "worker": image(FIRST),
        "db": "postgres:17",
    }
    assert await project.adapter.current() == built
    assert (project.folder / "compose.yaml").read_text() == COMPOSE


async def test_the_earlier_images_come_up_again_without_a_build(made: Made) -> None:
    project = made()
    await project.deploy(FIRST)
    await project.deploy(SECOND)
    kept = await project.adapter.releases()
    assert not isinstance(kept, Failed)
    assert [one.id for one in kept] == [SECOND.id, FIRST.id]
    builds = sum("build" in asked for asked in project.now["asked"])
    assert await project.adapter.roll_back(kept[1], project.told) is None

    assert project.now["containers"]["web"]["Image"] == image(FIRST)
    assert await project.adapter.current() == kept[1]
    assert sum("build" in asked for asked in project.now["asked"]) == builds


async def test_migrations_run_in_the_releases_image_before_it_is_live(made: Made) -> None:
    project = made(migrate=["docker compose run --rm web ./migrate"])
    await project.deploy(FIRST)
    await project.deploy(SECOND)

    assert project.now["ran"] == [[image(FIRST), "./migrate"], [image(SECOND), "./migrate"]]


async def test_a_migration_that_fails_leaves_what_was_live(made: Made) -> None:
    project = made(migrate=["test $RELEASE = " + FIRST.id])
    await project.deploy(FIRST)
    failed = await project.deploy(SECOND)

    assert isinstance(failed, Failed)
    assert failed.step == "migrate"
    assert project.now["containers"]["web"]["Image"] == image(FIRST)


async def test_a_build_that_fails_is_told_with_its_output(made: Made) -> None:
    project = made()
    await project.deploy(FIRST)
    project.trouble("build fails")
    failed = await project.deploy(SECOND)

    assert isinstance(failed, Failed)
    assert (failed.step, "ended with 17" in failed.what) == ("build", True)
    assert "exit code: 2" in failed.output
    assert project.now["containers"]["web"]["Image"] == image(FIRST)


async def test_a_version_that_is_never_ready_gives_way_to_the_earlier_one(made: Made) -> None:
    project = made()
    await project.deploy(FIRST)
    project.trouble(f"never ready {image(SECOND)}")
    failed = await project.deploy(SECOND)

    assert isinstance(failed, Failed)
    assert "web unhealthy" in failed.what
    assert not failed.unsure
    assert "runs as before" in failed.then
    assert project.now["containers"]["web"]["Image"] == image(FIRST)


async def test_a_first_version_that_is_never_ready_is_unsure(made: Made) -> None:
    project = made()
    project.trouble(f"never ready {image(FIRST)}")
    failed = await project.deploy(FIRST)

    assert isinstance(failed, Failed)
    assert failed.unsure


async def test_a_container_that_prepares_and_ends_with_0_is_no_failure(made: Made) -> None:
    project = made(COMPOSE + "  prepare:\n    image: portal-web\n    command: collect\n")

    assert not isinstance(await project.deploy(FIRST), Failed)
    assert any("is no failure" in line for line in project.lines)


async def test_the_same_release_asked_twice_is_built_once(made: Made) -> None:
    project = made()
    await project.deploy(FIRST)
    await project.deploy(FIRST)

    assert sum("build" in asked for asked in project.now["asked"]) == 1


async def test_no_more_releases_are_kept_than_wanted(made: Made) -> None:
    project = made(kept=2)
    for number in range(4):
        await project.deploy(replace(FIRST, id=f"2099112{number}T101500Z-1111111", version=f"v{number}"))
    kept = await project.adapter.releases()

    assert not isinstance(kept, Failed)
    assert [one.version for one in kept] == ["v3", "v2"]
    assert len(project.now["images"]) == 2


async def test_what_never_was_live_is_nothing_to_go_back_to_and_takes_no_place(made: Made) -> None:
    project = made(kept=2)
    await project.deploy(FIRST)
    project.trouble(f"never ready {image(SECOND)}")
    await project.deploy(SECOND)
    kept = await project.adapter.releases()
    assert not isinstance(kept, Failed)
    assert [one.id for one in kept] == [FIRST.id]
    third = replace(SECOND, id="20991125T121500Z-3333333")
    await project.deploy(third)
    kept = await project.adapter.releases()

    assert not isinstance(kept, Failed)
    assert [one.id for one in kept] == [third.id, FIRST.id]
    assert project.now["images"] == [image(FIRST), image(third)]


async def test_a_release_that_did_not_hold_is_nothing_to_go_back_to(made: Made) -> None:
    project = made(undo_migrations=["docker compose run --rm web ./back"])
    await project.deploy(FIRST)
    second = await project.deploy(SECOND)
    assert isinstance(second, Release)
    await project.adapter.roll_back(FIRST, project.told)
    assert await project.adapter.undo_migrations(second, project.told) is None
    await project.adapter.discard(second)
    kept = await project.adapter.releases()

    assert not isinstance(kept, Failed)
    assert [one.id for one in kept] == [FIRST.id]
    assert project.now["ran"] == [[image(SECOND), "./back"]]


async def test_what_was_live_last_is_kept_after_a_rollback(made: Made) -> None:
    project = made(kept=2)
    await project.deploy(FIRST)
    await project.deploy(SECOND)
    await project.adapter.roll_back(FIRST, project.told)
    third = replace(SECOND, id="20991125T121500Z-3333333")
    await project.deploy(third)
    kept = await project.adapter.releases()

    assert not isinstance(kept, Failed)
    assert [one.id for one in kept] == [third.id, FIRST.id]


async def test_images_that_were_removed_are_told_before_anything_changes(made: Made) -> None:
    project = made()
    await project.deploy(FIRST)
    await project.deploy(SECOND)
    project.held.write_text(json.dumps({**project.now, "images": [image(SECOND)]}))
    kept = await project.adapter.releases()
    failed = await project.adapter.roll_back(FIRST, project.told)

    assert not isinstance(kept, Failed)
    assert [one.id for one in kept] == [SECOND.id]
    assert isinstance(failed, Failed)
    assert f"{image(FIRST)} is gone" in failed.what
    assert project.now["containers"]["web"]["Image"] == image(SECOND)


async def test_an_image_of_a_registry_takes_part_by_its_name(made: Made) -> None:
    project = made("services:\n  web:\n    image: ghcr.io/acme/portal:$RELEASE\n")
    assert not isinstance(await project.deploy(FIRST), Failed)
    assert not isinstance(await project.deploy(SECOND), Failed)
    kept = await project.adapter.releases()
    assert not isinstance(kept, Failed)
    assert [one.id for one in kept] == [SECOND.id, FIRST.id]
    assert await project.adapter.roll_back(kept[1], project.told) is None

    assert project.now["containers"]["web"]["Image"] == f"ghcr.io/acme/portal:{FIRST.id}"
    assert await project.adapter.current() == kept[1]


async def test_a_project_that_cannot_tell_releases_apart_is_refused(made: Made) -> None:
    failed = await made("services:\n  web:\n    image: ghcr.io/acme/portal:latest\n").deploy(FIRST)

    assert isinstance(failed, Failed)
    assert "$RELEASE" in failed.what


@pytest.mark.parametrize(
    ("trouble", "says", "then"),
    [
        ("no engine", "no Docker engine answers", "systemctl start docker"),
        ("no compose", "no Compose plugin", "docker-compose-plugin"),
        ("garbage", "did not print JSON", "Look"),
    ],
)
async def test_what_docker_lacks_is_told_with_what_to_do(trouble: str, says: str, then: str, made: Made) -> None:
    project = made()
    project.trouble(trouble)
    failed = await project.deploy(FIRST)

    assert isinstance(failed, Failed)
    assert says in failed.what
    assert then in failed.then


async def test_without_docker_the_word_says_so(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    project = made()
    monkeypatch.setenv("PATH", str(project.folder))
    failed = await project.deploy(FIRST)

    assert isinstance(failed, Failed)
    assert "no program `docker`" in failed.what


def test_the_messages_of_newer_and_older_docker_mean_the_same() -> None:
    new = in_words("build", "x", "failed to connect to the docker API at unix:///var/run/docker.sock; check if …")
    old = in_words("build", "x", "Cannot connect to the Docker daemon at tcp://10.0.0.1. Is the docker daemon running?")

    assert new.what == old.what


def test_a_folder_without_a_compose_file_is_told_of(tmp_path: Path) -> None:
    described = portal()
    failed = compose.adapter(described, Look(described), tmp_path)

    assert isinstance(failed, Failed)
    assert "no Compose file" in failed.what


def _real_compose() -> list[str] | None:
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            done = subprocess.run([*command, "version", "--short"], capture_output=True, text=True, check=False)
            if done.returncode == 0 and done.stdout.strip().lstrip("v")[:1] in "2345":
                return command
    return None


def _config(real: list[str], folder: Path, override: str) -> str:
    path = os.environ["PATH"].partition(":")[2]  # without the stand-in
    arguments = [*real, "--file", "compose.yaml", "--file", override, "config", "--format", "json"]
    environment = {**os.environ, "PATH": path}
    return subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.skipif(_real_compose() is None, reason="no Docker Compose 2 or later is on this machine")
async def test_the_real_compose_reads_the_override_file_as_meant(made: Made) -> None:
    real = _real_compose()
    assert real
    project = made()
    await project.deploy(FIRST)
    override = str(project.adapter._override(FIRST))
    services = json.loads(_config(real, project.folder, override))["services"]

    assert services["web"]["image"] == services["worker"]["image"] == image(FIRST)
    assert services["web"]["build"]["context"] == str(project.folder)
    assert services["db"]["image"] == "postgres:17"
