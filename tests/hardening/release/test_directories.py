"""Release directories, for real: folders, links, a keeper and the processes of each version."""

from __future__ import annotations

import asyncio
import http.client
import os
import shutil
from pathlib import Path

from tests.hardening.release.hosts import SECRET, host

from launchready.hardening.release import engine, keeper_call
from launchready.hardening.release.words import Failed, Release


async def test_a_release_is_built_beside_served_and_verified(tmp_path: Path) -> None:
    async with host(tmp_path, build=('echo built-$RELEASE_VERSION > built; test -n "$SECRET_KEY"',)) as it:
        result = await it.deploy()

        assert result.well, (result, it.lines)
        live = await it.live()
        assert live == result.live
        assert it.get() == (200, f"{live.version} one")
        folder = it.root / "releases" / live.id
        assert (folder / "built").read_text() == f"built-{live.version}\n"
        assert os.readlink(folder / "media") == "../../shared/media"
        assert not (folder / ".env").exists()
        assert oct((it.root / "keeper" / "socket").stat().st_mode & 0o777) == "0o600"
        said = await keeper_call.status(it.root)
        assert said
        assert SECRET not in _read(f"/proc/{said['pid']}/cmdline")


async def test_the_next_release_takes_over_and_the_old_one_ends(tmp_path: Path) -> None:
    async with host(tmp_path) as it:
        await it.deploy()
        first = await it.live()
        it.commit("two")
        result = await it.deploy()

        assert result.well
        assert it.get()[1].endswith(" two")
        assert [one.id for one in await it.adapter.releases()] == [result.wanted.id, first.id]
        back = await engine.roll_back(it.place, first, result.live, it.told)
        assert back.well
        assert it.get()[1].endswith(" one")
        for _ in range(100):
            said = await keeper_call.status(it.root)
            if said and not said["leaving"]:
                break
            await asyncio.sleep(0.05)
        assert said
        assert said["serving"] == first.id
        assert said["leaving"] == 0


async def test_a_version_that_does_not_hold_is_rolled_back_by_itself(tmp_path: Path) -> None:
    async with host(tmp_path) as it:
        await it.deploy()
        first = await it.live()
        it.commit("two", broken="yes")
        result = await it.deploy()

        assert result.went_back
        assert not result.well
        assert result.live == first == await it.live()
        assert result.back_proof
        assert result.back_proof.holds
        assert it.get() == (200, f"{first.version} one")
        # It is never offered to go back to.
        assert [one.id for one in await it.adapter.releases()] == [first.id]


async def test_a_first_release_that_fails_leaves_no_keeper_behind(tmp_path: Path) -> None:
    async with host(tmp_path) as it:
        it.commit("broken", **{"app.py": "raise SystemExit(3)\n"})
        result = await it.deploy()

        assert result.failed
        assert await keeper_call.status(it.root) is None


async def test_a_version_that_never_gets_ready_changes_nothing(tmp_path: Path) -> None:
    async with host(tmp_path) as it:
        await it.deploy()
        first = await it.live()
        it.commit("two", **{"never-ready": "yes"})
        place = it.place
        quick = engine.Place(
            type(it.adapter)(it.settings.model_copy(update={"ready_s": 1.0}), it.root, it.source, "brightside.example"),
            "production", it.folder, it.prove, place.path,
        )  # fmt: skip
        result = await engine.deploy(quick, it.new(), first, it.told)

        assert result.failed
        assert result.failed.step == "release"
        assert "was not ready within 1 s" in result.failed.what
        assert "waiting for a database that is not there" in result.failed.output
        assert SECRET not in result.failed.output
        assert result.live == first == await it.live()
        assert it.get() == (200, f"{first.version} one")


async def test_a_half_done_folder_is_never_taken_for_a_release(tmp_path: Path) -> None:
    async with host(tmp_path) as it:
        await it.deploy()
        half = it.root / "releases" / "20991125T101500Z-abcdef0"
        half.mkdir()
        (half / "state").write_text("half")

        assert half.name not in [one.id for one in await it.adapter.releases()]
        failed = await it.adapter.roll_back(Release(half.name, "half"), it.told)
        assert isinstance(failed, Failed)
        assert "not complete" in failed.what


async def test_a_release_whose_files_were_deleted_is_refused_with_what_is_left(tmp_path: Path) -> None:
    async with host(tmp_path) as it:
        first = (await it.deploy()).wanted
        it.commit("two")
        second = (await it.deploy()).wanted
        shutil.rmtree(it.root / "releases" / first.id)

        result = await engine.roll_back(it.place, first, second, it.told)

        assert result.failed
        assert "not there any more" in result.failed.what
        assert second.id in result.failed.then
        assert result.live
        assert result.live.id == second.id
        assert it.get()[1].endswith(" two")


async def test_old_releases_go_and_the_current_and_the_one_before_never(tmp_path: Path) -> None:
    async with host(tmp_path, kept=2) as it:
        ids = []
        for state in ("one", "two", "three", "four"):
            it.commit(state)
            ids.append((await it.deploy()).wanted.id)

        assert [one.id for one in await it.adapter.releases()] == ids[:1:-1]
        assert sorted(path.name for path in (it.root / "releases").iterdir()) == ids[2:]


async def test_failed_releases_do_not_push_good_ones_out(tmp_path: Path) -> None:
    async with host(tmp_path, kept=2) as it:
        good = []
        for state in ("one", "two"):
            it.commit(state)
            good.append((await it.deploy()).wanted.id)
        for state in ("bad 1", "bad 2", "bad 3"):
            it.commit(state, broken="yes")
            assert (await it.deploy()).went_back

        assert [one.id for one in await it.adapter.releases()] == good[::-1]


async def test_a_killed_keeper_is_started_again_by_the_next_command_and_its_orphans_end(tmp_path: Path) -> None:
    async with host(tmp_path) as it:
        first = (await it.deploy()).wanted
        said = await keeper_call.status(it.root)
        assert said
        os.kill(said["pid"], 9)
        assert "keeper does not run" in await it.adapter.serving() or await keeper_call.status(it.root) is None

        failed = await it.adapter.release(first, it.told)

        assert failed is None, failed
        assert it.get() == (200, f"{first.version} one")
        for _ in range(100):
            if len(_processes(it.root / "releases" / first.id)) == 1:
                break
            await asyncio.sleep(0.1)
        assert len(_processes(it.root / "releases" / first.id)) == 1


async def test_a_web_process_that_dies_is_started_again_and_no_request_fails(tmp_path: Path) -> None:
    async with host(tmp_path) as it:
        release = (await it.deploy()).wanted
        [pid] = _processes(it.root / "releases" / release.id)
        os.kill(pid, 9)

        assert (await asyncio.to_thread(it.get))[0] == 200
        assert _processes(it.root / "releases" / release.id) != [pid]


async def test_a_connection_that_is_kept_alive_goes_on_over_a_switch(tmp_path: Path) -> None:
    async with host(tmp_path) as it:
        await it.deploy()
        visitor = http.client.HTTPConnection("127.0.0.1", it.port, timeout=10)

        def click() -> str:
            visitor.request("GET", "/")
            return visitor.getresponse().read().decode()

        seen = [await asyncio.to_thread(click)]
        line = visitor.sock
        it.commit("two")
        await it.deploy()
        seen.append(await asyncio.to_thread(click))

        assert [text.split()[-1] for text in seen] == ["one", "two"]
        assert visitor.sock is line
        visitor.close()


async def test_a_request_under_way_is_finished_by_the_version_that_began_it(tmp_path: Path) -> None:
    async with host(tmp_path) as it:
        await it.deploy()
        slow = asyncio.create_task(asyncio.to_thread(it.get, "/slow"))
        await asyncio.sleep(0.2)
        it.commit("two")
        await it.deploy()

        assert (await slow)[1].endswith(" one")
        assert it.get()[1].endswith(" two")


async def test_a_port_that_is_taken_is_said_and_nothing_changes(tmp_path: Path) -> None:
    async with host(tmp_path) as it:
        taker = await asyncio.start_server(lambda *_: None, "127.0.0.1", it.port)
        async with taker:
            result = await it.deploy()

        assert result.failed
        assert f"cannot listen on 127.0.0.1:{it.port}" in result.failed.what


async def test_the_worker_is_restarted_too_and_one_that_ends_at_once_stops_the_release(tmp_path: Path) -> None:
    async with host(tmp_path, worker="exec sh work.sh") as it:
        it.commit("one", **{"work.sh": "cp state seen; exec sleep 600"})
        first = (await it.deploy()).wanted
        assert (it.root / "releases" / first.id / "seen").read_text() == "one"
        it.commit("two", **{"work.sh": "exit 3"})

        result = await it.deploy()

        assert result.failed
        assert "the worker ended at once with 3" in result.failed.what
        assert result.live == first or (result.live and result.live.id == first.id)


async def test_shared_paths_may_not_lead_out(tmp_path: Path) -> None:
    async with host(tmp_path) as it:
        settings = type(it.settings).model_validate({**it.settings.model_dump(), "shared": [{"path": "../../etc"}]})
        adapter = type(it.adapter)(settings, it.root, it.source, "x")
        built = await adapter.build(it.new(), it.told)

        assert isinstance(built, Failed)
        assert "leads out" in built.what


async def test_units_of_systemd_are_restarted_and_a_failure_points_back(tmp_path: Path, monkeypatch: object) -> None:
    # There is no systemd here: a stand-in program says what it was asked for.
    stand_in = tmp_path / "bin"
    stand_in.mkdir()
    (stand_in / "systemctl").write_text('#!/bin/sh\necho "$@" >> "$ASKED"\n[ ! -e "$ASKED.fails" ]\n')
    (stand_in / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{stand_in}:{os.environ['PATH']}")  # type: ignore[attr-defined]
    monkeypatch.setenv("ASKED", str(tmp_path / "asked"))  # type: ignore[attr-defined]
    async with host(tmp_path) as it:
        settings = type(it.settings).model_validate({**it.settings.model_dump(), "web": "", "service": ["portal"]})
        adapter = type(it.adapter)(settings, it.root, it.source, "x")
        one = await adapter.build(it.new(), it.told)
        assert isinstance(one, Release)
        assert await adapter.release(one, it.told) is None
        it.commit("two")
        two = await adapter.build(it.new(), it.told)
        assert isinstance(two, Release)
        (tmp_path / "asked.fails").touch()
        failed = await adapter.release(two, it.told)

        assert isinstance(failed, Failed)
        assert await adapter.current() == one
        assert (tmp_path / "asked").read_text().splitlines() == ["reload-or-restart -- portal"] * 3


def _read(path: str) -> str:
    return Path(path).read_text()


def _processes(folder: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if Path(os.readlink(entry / "cwd")) == folder:
                    found.append(int(entry.name))
            except OSError:
                continue
    return found
