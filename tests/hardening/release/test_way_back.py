"""Where a rollback goes when nobody names a release, and what it takes back after it was killed."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from tests.hardening.release.hosts import Host, host
from tests.hardening.release.test_engine import HERE

from launchready.hardening.release import engine
from launchready.hardening.release.plan import Plan, plan_deploy
from launchready.hardening.release.way_back import way_back
from launchready.hardening.release.words import Release

DYING = """
import asyncio, os, sys
from pathlib import Path
sys.path.insert(0, {here!r})
from launchready.hardening.release import engine
from launchready.hardening.release.directories import Directories
from launchready.hardening.release.words import Release
from tests.hardening.release.hosts import Host
said = getattr(Directories, {word!r})
async def dying(self, *words):
    if {before!r}:
        os.kill(os.getpid(), 9)
    await said(self, *words)
    os.kill(os.getpid(), 9)
setattr(Directories, {word!r}, dying)
it = Host(Path({folder!r}), {port}, {changes!r})
asyncio.run(engine.roll_back(it.place, Release(*{to!r}), Release(*{live!r}), it.told))
"""


async def _killed(it: Host, to: Release, live: Release, word: str, *, before: bool) -> None:
    both = {name: (one.id, one.version, one.commit, one.reference) for name, one in (("to", to), ("live", live))}
    program = DYING.format(
        here=HERE, word=word, before=before, folder=str(it.folder), port=it.port, changes=it.changes, **both
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    assert await process.wait() == -signal.SIGKILL


async def _chosen(it: Host) -> Release | None:
    there = await it.adapter.releases()
    assert isinstance(there, list)
    return way_back(it.folder, "production", there, await it.live())


async def test_what_was_left_by_hand_is_not_gone_back_to(tmp_path: Path) -> None:
    async with host(tmp_path, kept=9) as it:
        released = []
        for state in ("one", "two"):
            it.commit(state)
            released.append((await it.deploy()).wanted)
        await engine.roll_back(it.place, released[0], released[1], it.told)
        it.commit("three")
        await it.deploy()

        assert await _chosen(it) == await _kept(it, released[0])


async def test_the_files_of_the_one_before_are_gone_so_it_is_the_one_before_that(tmp_path: Path) -> None:
    async with host(tmp_path, kept=9) as it:
        released = []
        for state in ("one", "two", "three"):
            it.commit(state)
            released.append((await it.deploy()).wanted)
        await it.adapter.discard(released[1])

        assert await _chosen(it) == await _kept(it, released[0])


async def test_a_rollback_that_was_killed_goes_on_to_where_it_went(tmp_path: Path) -> None:
    async with host(tmp_path) as it:
        first = (await it.deploy()).wanted
        it.commit("two")
        second = (await it.deploy()).wanted
        await _killed(it, first, second, "roll_back", before=True)

        assert (await it.live()).id == second.id
        chosen = await _chosen(it)
        assert chosen
        assert chosen.id == first.id
        it.commit("three")
        plan = await plan_deploy(it.portal, it.adapter, it.folder)
        assert isinstance(plan, Plan)
        assert plan.back_to
        assert plan.back_to.id == first.id


async def test_migrations_are_taken_back_also_when_the_rollback_was_killed_after_the_switch(tmp_path: Path) -> None:
    async with host(tmp_path, undo_migrations=("echo $RELEASE >> ../../undone",)) as it:
        first = (await it.deploy()).wanted
        it.commit("two")
        second = (await it.deploy()).wanted
        await _killed(it, first, second, "undo_migrations", before=True)

        assert (await it.live()).id == first.id
        result = await engine.roll_back(it.place, first, await it.live(), it.told)
        assert result.well
        assert (it.root / "undone").read_text() == f"{second.id}\n"


async def _kept(it: Host, release: Release) -> Release:
    there = await it.adapter.releases()
    assert isinstance(there, list)
    return next(one for one in there if one.id == release.id)
