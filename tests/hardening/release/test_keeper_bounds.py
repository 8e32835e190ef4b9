"""What the keeper leaves behind: no process that is not live, no log without end, no file for others."""

from __future__ import annotations

import asyncio
import json
import resource
import stat
from pathlib import Path

import pytest
from tests.hardening.release.hosts import SECRET, host

from launchready.hardening.release import keeper, keeper_call, processes


def _noted(root: Path) -> list[int]:
    return [int(one["group"]) for one in json.loads((root / "keeper" / "processes.json").read_text())]


def _command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


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
        for pid in (int(said["pid"]), *_noted(it.root)):
            assert SECRET not in _command_line(pid)


async def test_a_log_that_is_written_on_and_on_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "LOG_BYTES", 100_000)
    monkeypatch.setattr(keeper, "LOG_LOOK_S", 0.1)
    (tmp_path / "logs").mkdir()
    log = tmp_path / "logs" / "web.log"
    talking = processes.Process("while :; do echo 0123456789012345678901234567890123456789; done", tmp_path, {}, log)
    await talking.start()
    trimming = asyncio.create_task(keeper.Keeper(tmp_path)._trim_logs())
    try:
        await asyncio.sleep(1.5)
    finally:
        trimming.cancel()
        await talking.end()

    old = log.with_suffix(".log.1")
    assert old.stat().st_size >= 100_000
    assert old.stat().st_mode & 0o077 == 0
    assert log.stat().st_size + old.stat().st_size < 20_000_000
    assert log.read_bytes()[-40:].endswith(b"9\n")  # it goes on at the end, without a hole
    assert b"\0" not in log.read_bytes()


async def test_more_visitors_than_the_usual_limit_of_files_leave_the_keeper_well(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4096:
        pytest.skip("this machine allows too few files")
    async with host(tmp_path) as it:
        idle: list[asyncio.StreamWriter] = []
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))  # what the keeper is started with
            await it.deploy()
            resource.setrlimit(resource.RLIMIT_NOFILE, (4096, hard))
            while len(idle) < 600:
                idle.append((await asyncio.open_connection("127.0.0.1", it.port))[1])
            it.commit("two")
            assert (await it.deploy()).well
        finally:
            for writer in idle:
                writer.close()
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
