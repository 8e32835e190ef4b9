"""Releases by commands: what they are told, what they print, what happens when they fail or hang."""

from __future__ import annotations

from pathlib import Path

import pytest

from launchready.hardening.release import engine
from launchready.hardening.release.commands import Commands
from launchready.hardening.release.engine import Place, Proof
from launchready.hardening.release.history import unfinished
from launchready.hardening.release.processes import ticks
from launchready.hardening.release.words import Failed, Release, Told
from launchready.portal_deploy import DeploySettings

ONE = Release("20261125T101500Z-1111111", "v1", "1" * 40)
TWO = Release("20261125T111500Z-2222222", "v2", "2" * 40)
TOKEN = "tok-never-to-be-seen-42"


def commands(folder: Path, **changes: object) -> Commands:
    settings = {
        "adapter": "commands",
        "build": ['echo "build $RELEASE $RELEASE_VERSION $RELEASE_COMMIT" >> said'],
        "release": ['echo "release $RELEASE_TO" >> said; echo $RELEASE_VERSION > live'],
        "roll_back": ['echo "back to $RELEASE_TO from $RELEASE" >> said; echo $RELEASE_TO_VERSION > live'],
        **changes,
    }
    return Commands(DeploySettings.model_validate(settings), folder, folder)


def place(adapter: Commands) -> Place:
    async def prove(release: Release, told: Told) -> Proof:
        live = (adapter.source / "live").read_text().strip()
        return Proof(live == release.version and not (adapter.source / f"{live}-is-broken").exists(), (live,))

    return Place(adapter, "production", adapter.root, prove, {})


def _journals(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.rglob("*.jsonl"))


async def test_each_command_is_told_which_release_it_is_for(tmp_path: Path) -> None:
    adapter, lines = commands(tmp_path), list[str]()
    assert (await engine.deploy(place(adapter), ONE, None, lines.append)).well
    assert (await engine.deploy(place(adapter), TWO, ONE, lines.append)).well
    assert (await engine.roll_back(place(adapter), ONE, TWO, lines.append)).well

    said = (tmp_path / "said").read_text().splitlines()
    assert said == [
        f"build {ONE.id} v1 {ONE.commit}", f"release {ONE.id}",
        f"build {TWO.id} v2 {TWO.commit}", f"release {TWO.id}",
        f"back to {ONE.id} from {TWO.id}",
    ]  # fmt: skip
    live = await adapter.current()
    assert isinstance(live, Release)
    assert live.id == ONE.id
    there = await adapter.releases()
    assert isinstance(there, list)
    assert [one.id for one in there] == [TWO.id, ONE.id]


async def test_a_release_that_does_not_hold_is_rolled_back_by_its_command(tmp_path: Path) -> None:
    adapter, lines = commands(tmp_path), list[str]()
    await engine.deploy(place(adapter), ONE, None, lines.append)
    (tmp_path / "v2-is-broken").touch()
    result = await engine.deploy(place(adapter), TWO, ONE, lines.append)

    assert result.went_back
    assert (tmp_path / "live").read_text() == "v1\n"
    assert isinstance(live := await adapter.current(), Release)
    assert live.id == ONE.id


async def test_nothing_secret_a_command_prints_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_API_TOKEN", TOKEN)
    adapter = commands(tmp_path, build=['echo "logging in with $PLATFORM_API_TOKEN"; exit 4'])
    lines: list[str] = []
    result = await engine.deploy(place(adapter), ONE, None, lines.append)

    assert result.failed
    assert "logging in with " in result.failed.output
    assert TOKEN not in result.failed.output + "".join(lines)
    assert TOKEN not in _journals(tmp_path)


async def test_a_command_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    adapter = commands(tmp_path, build=["sleep 300 & echo $! > child; wait"], command_timeout_s=0.5)
    built = await adapter.build(ONE, print)

    assert isinstance(built, Failed)
    assert "took more than" in built.what
    child = int((tmp_path / "child").read_text())
    assert ticks(child) == 0


async def test_a_release_command_that_fails_leaves_it_open_for_nobody_knows_how_far_it_came(tmp_path: Path) -> None:
    adapter, lines = commands(tmp_path), list[str]()
    await engine.deploy(place(adapter), ONE, None, lines.append)
    failing = commands(tmp_path, release=["exit 9"])
    result = await engine.deploy(place(failing), TWO, ONE, lines.append)

    assert result.failed
    assert result.failed.unsure
    pending = unfinished(tmp_path, "production")
    assert pending
    assert (pending.release.id, pending.step, pending.before) == (TWO.id, "release", ONE)
    assert (await engine.deploy(place(adapter), TWO, ONE, lines.append)).well
    assert unfinished(tmp_path, "production") is None
