"""What the keeper leaves behind: no process of a release that did not come live, no log without end, files of its own."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path

from tests.hardening.release.hosts import host

from launchready.hardening.release import keeper_call
from launchready.hardening.release.processes import ticks


def _noted(root: Path) -> list[int]:
    return [int(one["group"]) for one in json.loads((root / "keeper" / "processes.json").read_text())]


async def test_a_link_that_cannot_be_changed_leaves_no_second_version_running(tmp_path: Path) -> None:
    async with host(tmp_path, worker="exec sleep 600") as it:
        first = (await it.deploy()).wanted
        before = _noted(it.root)
        (it.root / ".current.new").mkdir()  # as a full disk: the link cannot be made
        it.commit("two")
        result = await it.deploy()

        assert result.failed
        assert (await it.live()).id == first.id
        assert it.get()[1].endswith(" one")
        assert _noted(it.root) == before
        assert len(before) == 2
        (it.root / ".current.new").rmdir()
        assert (await it.deploy()).well


async def test_nothing_of_the_keeper_is_readable_by_others(tmp_path: Path) -> None:
    async with host(tmp_path) as it:
        await it.deploy()

        def others(name: str) -> int:
            return stat.S_IMODE((it.root / name).stat().st_mode) & 0o077

        for name in ("keeper", "logs", "keeper/socket", "keeper/lock", "keeper/keeper.log", "logs/web.log"):
            assert others(name) == 0, name
        said = await keeper_call.status(it.root)
        assert said
        command = Path(f"/proc/{said['pid']}/cmdline").read_text()
        assert "SECRET" not in command
        assert ticks(int(said["pid"]))
        await asyncio.sleep(0)
