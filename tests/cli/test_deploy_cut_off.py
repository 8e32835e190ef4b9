"""`deploy` and `rollback` that are ended from outside, lose who listens, or fail with somebody to tell."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.test_deploy import Typed, typed

from launchready import journal
from launchready.hardening.release import history
from launchready.hardening.release.engine import Place, locked
from launchready.hardening.release.processes import spare_port, ticks
from launchready.lab.alerts import AlertReceiver

__all__ = ["typed"]


async def _begun(typed: Typed, **streams: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from launchready.cli.main import run; run()", "deploy", "--yes",
        cwd=typed.host.folder, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, **streams,
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
async def test_no_command_goes_on_when_the_deploy_was_ended(typed: Typed, number: signal.Signals) -> None:
    typed.describe(migrate='["echo $$ > ../../pid; exec sleep 60"]')
    process = await _begun(typed, stdout=subprocess.DEVNULL)
    pid = typed.host.root / "pid"
    async with asyncio.timeout(20):
        while not pid.exists() or not pid.read_text().strip():  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.05)
    process.send_signal(number)
    _, err = await process.communicate()

    if number != signal.SIGKILL:
        assert b"`launchready deploy --status` says how far it came" in err
        assert process.returncode == 130
    pending = history.unfinished(typed.host.folder, "production")
    assert pending
    assert pending.step == "migrate"
    async with asyncio.timeout(5):
        while ticks(int(pid.read_text())):  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.05)


async def test_a_release_goes_on_to_its_proof_when_nobody_listens_any_more(typed: Typed) -> None:
    await typed("deploy", "--yes")
    first = typed.host.get()[1]
    typed.says("two", broken="yes")
    typed.describe(migrate='["touch ../../begun; sleep 1; echo done"]')
    ours, theirs = os.pipe()
    process = await _begun(typed, stdout=theirs)
    os.close(theirs)
    async with asyncio.timeout(20):
        while not (typed.host.root / "begun").exists():  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.05)
    os.close(ours)
    await process.communicate()

    assert typed.host.get() == (200, first)
    assert history.unfinished(typed.host.folder, "production") is None


async def test_a_rollback_that_does_not_hold_is_told(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    typed.says("broken", broken="yes")
    await typed("deploy", "--yes")
    typed.says("two", broken=None)
    assert (await typed("deploy", "--yes")).code == 0
    with (typed.host.folder / "launchready.toml").open("a") as file:
        file.write('\n[[alerts.routes]]\nname = "ops"\nurl_env = "OPS_ALERTS"\n')
    async with AlertReceiver() as receiver:
        monkeypatch.setenv("OPS_ALERTS", receiver.webhook)
        ran = await typed("rollback", "--yes")

    assert ran.code == 1, ran
    (alert,) = receiver.received
    assert "brightside.example: the rollback to " in alert.subject
    assert "does not hold" in alert.text
    assert "route ops was told" in ran.err


async def test_a_rehearsal_that_does_not_hold_is_told(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    await typed("deploy", "--yes")
    first = typed.host.get()[1]
    typed.says("broken", broken="yes")
    with (typed.host.folder / "launchready.toml").open("a") as file:
        file.write('\n[[alerts.routes]]\nname = "ops"\nurl_env = "OPS_ALERTS"\n')
    async with AlertReceiver() as receiver:
        monkeypatch.setenv("OPS_ALERTS", receiver.webhook)
        ran = await typed("rehearse", "--yes")

    assert ran.code == 1, ran
    (alert,) = receiver.received
    assert alert.subject == "brightside.example: the rehearsal failed"
    assert f"Live now: {first}" in alert.text


async def test_two_replays_at_once_are_refused(typed: Typed, tmp_path: Path) -> None:
    await typed("deploy", "--yes")
    book = journal.latest(tmp_path, "deploy", "production")
    assert book
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / ".env").write_text("SECRET_KEY=another\n")
    place = typed.host.place
    held = Place(place.adapter, "replay of production", tmp_path / "other", place.prove, {})
    where = f"127.0.0.1:{spare_port()}"
    with locked(held):
        ran = await typed("deploy", "--replay", str(book.path), "--root", "other", "--listen", where, "--yes")

    assert ran.code == 2
    assert "is under way" in ran.err


@pytest.mark.parametrize("word", ["deploy", "rollback"])
async def test_one_command_leads_to_good_from_a_kill_while_it_verifies(typed: Typed, word: str) -> None:
    await typed("deploy", "--yes")
    first = typed.host.get()[1]
    typed.says("two", broken="yes")
    process = await _begun(typed, stdout=subprocess.DEVNULL)

    def step() -> str:
        pending = history.unfinished(typed.host.folder, "production")
        return pending.step if pending else ""

    async with asyncio.timeout(20):
        while step() != "verify":  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.02)
    process.kill()
    await process.communicate()
    assert typed.host.get()[0] == 500
    status = await typed("deploy", "--status")
    assert "while it did: verify" in status.out
    assert status.code == 1

    ran = await typed(word, "--yes")
    assert ran.code == (0 if word == "rollback" else 1), ran
    assert typed.host.get() == (200, first)
    assert step() == ""
