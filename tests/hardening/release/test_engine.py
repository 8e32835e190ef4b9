"""The path of a release, killed, starved and cut off in every step: the state is known and one command from good."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
from pathlib import Path

import pytest
from tests.hardening.release.hosts import Host, host

from launchready import journal
from launchready.hardening.release import engine, history, keeper_call
from launchready.hardening.release.plan import Plan, plan_deploy
from launchready.hardening.release.words import Failed

DYING = """
import asyncio, os, sys
from pathlib import Path
sys.path.insert(0, {here!r})
from launchready.hardening.release.directories import Directories
from tests.hardening.release.hosts import Host
word, before = {word!r}, {before!r}
said = getattr(Directories, word)
async def dying(self, *words):
    if before:
        os.kill(os.getpid(), 9)
    came = await said(self, *words)
    os.kill(os.getpid(), 9)
    return came
setattr(Directories, word, dying)
it = Host(Path({folder!r}), {port})
asyncio.run(it.deploy())
"""
HERE = str(Path(__file__).resolve().parents[3])


async def _killed(it: Host, word: str, *, before: bool) -> None:
    program = DYING.format(here=HERE, word=word, before=before, folder=str(it.folder), port=it.port)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    assert await process.wait() == -signal.SIGKILL


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("word", ["build", "migrate", "release", "tidy"])
async def test_a_deploy_killed_in_a_step_is_gone_on_with(tmp_path: Path, word: str, before: bool) -> None:
    async with host(tmp_path) as it:
        first = (await it.deploy()).wanted
        it.commit("two")
        await _killed(it, word, before=before)

        pending = history.unfinished(it.folder, "production")
        switched = word == "tidy" or (word == "release" and not before)
        live = await it.live()
        assert (live.id != first.id) is switched
        assert it.get()[1].endswith(" two" if switched else " one")
        if word != "tidy":  # the release has ended by then
            assert pending
            assert pending.step == word
            assert pending.before == first
        result = await it.deploy()

        assert result.well, (result, it.lines)
        if word != "tidy":
            assert pending
            assert result.wanted.id == pending.release.id
        assert it.get()[1].endswith(" two")
        assert history.unfinished(it.folder, "production") is None


async def test_what_a_crash_left_live_and_nobody_verified_is_nothing_to_go_back_to(tmp_path: Path) -> None:
    async with host(tmp_path) as it:
        first = (await it.deploy()).wanted
        it.commit("two")
        await _killed(it, "release", before=False)
        it.commit("three", broken="yes")
        plan = await plan_deploy(it.portal, it.adapter, it.folder)

        assert isinstance(plan, Plan)
        assert not plan.resumes
        assert plan.live
        assert plan.live.id != first.id
        assert plan.back_to == first
        result = await engine.deploy(it.place, it.new(), plan.back_to, it.told)
        assert result.went_back
        assert it.get() == (200, f"{first.version} one")


async def test_a_keeper_killed_while_it_switches_is_one_command_from_good(tmp_path: Path) -> None:
    async with host(tmp_path) as it:
        first = (await it.deploy()).wanted
        it.commit("two", **{"never-ready": "yes"})
        deploying = asyncio.create_task(it.deploy())
        while not any("beside what is live" in line for line in it.lines[-1:]) or first.id in it.lines[-1]:  # noqa: ASYNC110 - told by another task
            await asyncio.sleep(0.02)
        said = await keeper_call.status(it.root)
        assert said
        os.kill(said["pid"], signal.SIGKILL)
        result = await deploying

        assert result.failed
        assert result.failed.unsure
        assert "keeper" in result.failed.what
        assert result.live == first
        assert await it.adapter.serving()
        assert (await engine.roll_back(it.place, first, await it.live(), it.told)).well
        assert it.get() == (200, f"{first.version} one")
        assert history.unfinished(it.folder, "production") is None


@pytest.mark.parametrize("word", ["build", "release"])
async def test_a_deploy_killed_in_a_step_is_gone_back_from(tmp_path: Path, word: str) -> None:
    async with host(tmp_path) as it:
        first = (await it.deploy()).wanted
        it.commit("two")
        await _killed(it, word, before=False)

        result = await engine.roll_back(it.place, first, await it.live(), it.told)

        assert result.well
        assert it.get()[1].endswith(" one")
        assert history.unfinished(it.folder, "production") is None


async def test_a_rollback_that_was_killed_is_said_again(tmp_path: Path) -> None:
    async with host(tmp_path) as it:
        first = (await it.deploy()).wanted
        it.commit("two", broken="yes")
        await _killed(it, "roll_back", before=True)

        pending = history.unfinished(it.folder, "production")
        assert pending
        assert pending.step == "roll back"
        assert it.get()[0] == 500
        assert pending.before
        result = await engine.roll_back(it.place, pending.before, await it.live(), it.told)
        assert result.well
        assert it.get() == (200, f"{first.version} one")


async def test_two_deploys_at_once_are_refused_also_from_another_folder(tmp_path: Path) -> None:
    async with host(tmp_path) as it:
        with engine.locked(it.place):
            with pytest.raises(engine.Busy, match=f"process {os.getpid()}"), engine.locked(it.place):
                pass
            elsewhere = engine.Place(it.adapter, "production", tmp_path / "other", it.prove, {})
            (tmp_path / "other").mkdir()
            with pytest.raises(engine.Busy), engine.locked(elsewhere):
                pass
        with engine.locked(it.place):
            pass


async def test_a_full_disk_while_copying_leaves_what_is_live(tmp_path: Path) -> None:
    async with host(tmp_path) as it:
        first = (await it.deploy()).wanted
        it.commit("two", large="x" * 3_000_000)
        usual = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignoring = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        # As a full disk: a write that goes on past this size fails.
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, usual[1]))
        try:
            result = await it.deploy()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, usual)
            signal.signal(signal.SIGXFSZ, ignoring)

        assert result.failed
        assert result.failed.step == "build"
        assert "could not be copied" in result.failed.what
        assert result.live == first
        assert it.get() == (200, f"{first.version} one")
        assert [path.name for path in (it.root / "releases").iterdir()] == [first.id]
        again = await it.deploy()
        assert again.well


async def test_a_migration_that_fails_leaves_what_is_live(tmp_path: Path) -> None:
    async with host(tmp_path, migrate=("sh migrate.sh",)) as it:
        it.commit("one", **{"migrate.sh": "exit 0"})
        first = (await it.deploy()).wanted
        it.commit("two", **{"migrate.sh": "echo could not connect to $DATABASE_URL; exit 7"})
        result = await it.deploy()

        assert result.failed
        assert result.failed.step == "migrate"
        assert "`sh migrate.sh` ended with 7" in result.failed.what
        assert "could not connect to" in result.failed.output
        assert result.live == first
        assert it.get() == (200, f"{first.version} one")
        assert history.unfinished(it.folder, "production") is None


async def test_the_first_release_that_does_not_hold_has_nothing_to_go_back_to(tmp_path: Path) -> None:
    async with host(tmp_path) as it:
        it.commit("one", broken="yes")
        result = await it.deploy()

        assert result.failed
        assert "no earlier release" in result.failed.what
        assert not result.went_back


async def test_migrations_are_taken_back_after_the_switch_where_it_is_said_how(tmp_path: Path) -> None:
    async with host(tmp_path, undo_migrations=("cp state ../../undone",)) as it:
        first = (await it.deploy()).wanted
        it.commit("two")
        second = (await it.deploy()).wanted
        assert (await engine.roll_back(it.place, first, second, it.told)).well
        assert (it.root / "undone").read_text() == "two"


async def test_the_journal_holds_each_step_before_and_after_it(tmp_path: Path) -> None:
    async with host(tmp_path, build=("true",)) as it:
        release = (await it.deploy()).wanted
        book = journal.latest(it.folder, "deploy", "production")
        assert book
        entries = book.entries()
        said = [(entry["what"], entry.get("step", "")) for entry in entries]
        steps = ("build", "migrate", "release")
        expected = [pair for step in steps for pair in (("intent", step), ("done", step))]
        assert said == [("begun", ""), *expected, ("live", ""), ("intent", "verify"), ("done", "verify"), ("ended", "")]
        assert entries[0]["release"]["id"] == release.id
        assert entries[0]["path"]["settings"]["build"] == ["true"]
        assert entries[0]["path"]["variables"] == ["DATABASE_URL", "SECRET_KEY"]
        assert "s3cr3t" not in json.dumps(entries)


async def test_a_journal_that_cannot_be_written_stops_before_anything_is_changed(tmp_path: Path) -> None:
    async with host(tmp_path) as it:
        await it.deploy()
        it.commit("two")
        folder = it.folder / journal.FOLDER
        usual = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignoring = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        place, release, live = it.place, it.new(), await it.live()
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, usual[1]))
        try:
            with pytest.raises(OSError, match="File too large"):
                await engine.deploy(place, release, live, it.told)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, usual)
            signal.signal(signal.SIGXFSZ, ignoring)

        assert it.get()[1].endswith(" one")
        assert len(list((it.root / "releases").iterdir())) == 1
        assert list(folder.glob("*.jsonl"))


async def test_what_is_live_is_asked_and_not_guessed_after_a_failure(tmp_path: Path) -> None:
    async with host(tmp_path) as it:
        first = (await it.deploy()).wanted
        (it.root / ".env").unlink()
        it.commit("two")
        result = await it.deploy()
        (it.root / ".env").write_text("")

        assert isinstance(result.failed, Failed)
        assert ".env cannot be read" in result.failed.what
        assert result.live == first
