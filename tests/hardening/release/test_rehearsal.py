"""The rehearsal on a small portal, and that its traffic notices what it must notice."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.hardening.release.hosts import host

from launchready import journal
from launchready.hardening.release import history, rehearsal
from launchready.hardening.release.sources import Source, identify
from launchready.hardening.release.traffic import Answered, Traffic, tally_of
from launchready.probes.network import Network


async def test_a_rehearsal_goes_there_and_back_and_there_again_unnoticed(tmp_path: Path) -> None:
    async with host(tmp_path) as it:
        first = (await it.deploy()).wanted
        it.commit("two")
        source = identify(it.source)
        assert isinstance(source, Source)
        traffic = Traffic(Network(), (f"http://127.0.0.1:{it.port}/",))
        ended = await rehearsal.rehearse(it.place, source, traffic, it.told)

        assert ended.well, (ended, it.lines)
        assert ended.traffic.failed == 0, ended.traffic
        assert ended.traffic.requests > 20
        assert ended.roll_back_s > 0
        assert it.get()[1].endswith(" two")
        # What it made in between is not what anybody would go back to.
        assert len(there := await it.adapter.releases()) == 2  # type: ignore[arg-type]
        assert [one.version for one in there] == [ended.live.version, first.version]  # type: ignore[union-attr]
        told = history.rehearsed(tmp_path, "production")
        assert told
        assert told.well
        book = journal.latest(tmp_path, "rehearse", "production")
        assert book
        steps = [(entry["what"], entry.get("step", "")) for entry in book.entries()]
        three = ("deploy", "roll back", "deploy again")
        assert steps[1:-1] == [pair for step in three for pair in (("intent", step), ("done", step))]


async def test_a_rehearsal_of_a_broken_version_ends_with_what_was_live(tmp_path: Path) -> None:
    async with host(tmp_path) as it:
        first = (await it.deploy()).wanted
        it.commit("two", broken="yes")
        source = identify(it.source)
        assert isinstance(source, Source)
        traffic = Traffic(Network(), (f"http://127.0.0.1:{it.port}/",), rate=50)
        ended = await rehearsal.rehearse(it.place, source, traffic, it.told)

        assert not ended.well
        assert ended.live
        assert ended.live.id == first.id
        told = history.rehearsed(tmp_path, "production")
        assert told
        assert not told.well


async def test_traffic_notices_a_portal_that_is_away(tmp_path: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    traffic = Traffic(Network(), (f"http://127.0.0.1:{port}/",), rate=50)
    assert await traffic.first_look() == ""
    async with traffic.running():
        await asyncio.sleep(0.4)
        server.close()
        await asyncio.sleep(0.6)
        server = await asyncio.start_server(answer, "127.0.0.1", port)
        await asyncio.sleep(0.4)
    server.close()
    tally = traffic.tally()

    assert tally.failed > 10
    assert 0.3 < tally.downtime_s < 1.0
    assert tally.longest_gap_s > 0.4
    assert "refused" in tally.problems[0].lower() or "connect" in tally.problems[0].lower()


def test_downtime_is_from_the_first_that_failed_to_the_next_that_did_not() -> None:
    asked = [Answered(0.0, 0.1), Answered(1.0, 0.1, "x"), Answered(2.0, 0.1, "x"), Answered(3.5, 0.1)]
    tally = tally_of(asked)

    assert (tally.requests, tally.failed, tally.downtime_s, tally.longest_gap_s) == (4, 2, 2.5, 3.5)
