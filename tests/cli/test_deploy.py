"""`deploy`, `rollback`, `rehearse` as they are typed: processes of their own, a small portal, real requests."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.hardening.release.hosts import SECRET, Host, host

from launchready import journal
from launchready.lab.alerts import AlertReceiver
from launchready.lab.rehearsals import rehearsal

FIRST_PAGE = "f\"{os.environ['RELEASE_VERSION']} {open('state').read().strip()}\""


@dataclass
class Ran:
    code: int
    out: str
    err: str


@dataclass
class Typed:
    """A folder with a launchready.toml, and the command line in it."""

    host: Host

    async def __call__(self, *words: str) -> Ran:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "from launchready.cli.main import run; run()", *words, cwd=self.host.folder,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
        )  # fmt: skip
        out, err = await process.communicate()
        ran = Ran(process.returncode or 0, out.decode(), err.decode())
        assert SECRET not in ran.out + ran.err
        assert "Traceback" not in ran.err, ran.err
        return ran

    def describe(self, **changes: str) -> None:
        it = self.host
        keys = {
            "adapter": '"directories"', "source": '"source"', "root": '"host"', "env_file": '".env"',
            "listen": f'"127.0.0.1:{it.port}"', "web": f'"exec {sys.executable} app.py"', "ready_s": "20",
            "drain_s": "2", "database_env": '""', **changes,
        }  # fmt: skip
        lines = "".join(f"{key} = {value}\n" for key, value in keys.items())
        (it.folder / "launchready.toml").write_text(
            f'domain = "brightside.example"\n[deploy]\n{lines}\n[verify]\nurl = "http://127.0.0.1:{it.port}/"\n'
            'browser = false\nwithin_s = 5\n[verify.version]\npath = "/"\n'
        )

    def says(self, state: str, **files: str | None) -> None:
        """Commit a version whose first page is its version alone."""
        from tests.hardening.release.hosts import APP

        app = APP.replace(FIRST_PAGE, "os.environ['RELEASE_VERSION']")
        self.host.commit(state, **{"app.py": app, **files})


@pytest.fixture
async def typed(tmp_path: Path) -> AsyncIterator[Typed]:
    async with host(tmp_path) as it:
        (it.root / ".env").write_text(f"SECRET_KEY={SECRET}\n")
        for path, text in rehearsal(1).items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        command = Typed(it)
        command.describe()
        command.says("one")
        yield command


async def test_the_plan_is_shown_and_nothing_is_done_unless_somebody_says_so(typed: Typed) -> None:
    ran = await typed("deploy")

    assert ran.code == 2, ran
    assert "nobody is there to ask; nothing was changed" in ran.err
    assert "Live now: nothing" in ran.out
    assert "release: Waits up to 20 s until /healthz answers 200" in ran.out
    assert not (typed.host.root / "releases").exists()
    assert journal.latest(typed.host.folder, "deploy", "production") is None


async def test_a_release_a_bad_one_and_the_way_back(typed: Typed) -> None:
    ran = await typed("deploy", "--yes")
    assert ran.code == 0, ran
    first = typed.host.get()[1]
    assert f"Live now: {first}" in ran.out
    assert "verified" in ran.out

    typed.says("two", broken="yes")
    bad = await typed("deploy", "--yes")
    assert bad.code == 1, bad
    assert "did not hold and was rolled back by itself" in bad.err
    assert "verify.pages" in bad.out
    assert typed.host.get() == (200, first)

    typed.says("three", broken=None)
    good = await typed("deploy", "--yes", "--json")
    assert good.code == 0, good
    assert json.loads(good.out)["well"] is True
    third = typed.host.get()[1]
    assert third != first

    back = await typed("rollback", "--yes")
    assert back.code == 0, back
    assert typed.host.get() == (200, first)
    assert "migrations are not taken back" in back.out

    status = await typed("deploy", "--status")
    assert status.code == 0, status
    assert f"Live now: {first}" in status.out
    assert "← live" in status.out


async def test_a_release_that_is_not_there_is_refused_with_those_that_are(typed: Typed) -> None:
    await typed("deploy", "--yes")
    [there] = (typed.host.root / "releases").iterdir()
    ran = await typed("rollback", "--to", "20200101T000000Z-abcdef0", "--yes")

    assert ran.code == 2
    assert there.name in ran.err
    assert "Nothing was changed" in ran.err
    again = await typed("rollback", "--yes")
    assert "no earlier release is left" in again.err


async def test_a_migration_that_cannot_be_taken_back_needs_a_word_of_its_own(typed: Typed) -> None:
    await typed("deploy", "--yes")
    typed.says("two", **{"app__migrations__0002_drop.sql": "ALTER TABLE clients DROP COLUMN phone;\n"})
    ran = await typed("deploy", "--yes")

    assert ran.code == 1, ran
    assert "app/migrations/0002_drop.sql:1" in ran.out
    assert "Expand first" in ran.err
    assert "--allow-irreversible" in ran.err
    told = json.loads((await typed("deploy", "--yes", "--json")).out)
    assert told["irreversible"][0]["path"] == "app/migrations/0002_drop.sql"
    assert told["live"]["id"]
    assert (await typed("deploy", "--yes", "--allow-irreversible")).code == 0


async def test_a_killed_deploy_is_told_and_gone_on_with(typed: Typed) -> None:
    await typed("deploy", "--yes")
    typed.describe(build='["sleep 30"]')
    typed.says("two")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from launchready.cli.main import run; run()", "deploy", "--yes",
        cwd=typed.host.folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout
    while b"$ sleep 30" not in (line := await process.stdout.readline()):
        assert line, "it ended too early"
    busy = await typed("deploy", "--yes")
    assert busy.code == 2
    assert f"another deploy of production is under way (process {process.pid})" in busy.err
    process.kill()
    await process.wait()

    status = await typed("deploy", "--status")
    assert status.code == 1, status
    assert "ended while it did: build" in status.out
    assert "Next: `launchready deploy` goes on with it, `launchready rollback` goes back." in status.out
    typed.describe()
    ran = await typed("deploy", "--yes")
    assert ran.code == 0, ran
    assert "It is gone on with" in ran.out
    assert (await typed("deploy", "--status")).code == 0


async def test_it_explains_itself_in_plain_english(typed: Typed) -> None:
    ran = await typed("deploy", "--explain")

    assert ran.code == 0, ran
    assert ran.out.startswith("How brightside.example is released to production, by directories:")
    assert "the release that was live before is made live again by itself" in ran.out
    assert SECRET not in ran.out


async def test_a_check_is_left_out_only_with_a_reason_that_is_kept(typed: Typed) -> None:
    bare = await typed("deploy", "--yes", "--skip-preflight", "release.rehearsal")
    assert bare.code == 2
    assert "--because" in bare.err
    ran = await typed("deploy", "--yes", "--skip-preflight", "release.rehearsal", "--because", "the first one")
    assert ran.code == 0, ran
    book = journal.latest(typed.host.folder, "deploy", "production")
    assert book
    assert book.entries()[0]["skipped"] == {"release.rehearsal": "the first one"}


async def test_a_rehearsal_counts_what_visitors_notice(typed: Typed) -> None:
    await typed("deploy", "--yes")
    ran = await typed("rehearse", "--yes")

    assert ran.code == 0, ran
    assert "  roll back: well" in ran.out
    assert " 0.0 s of downtime" in ran.out


async def test_a_release_is_made_again_elsewhere_from_its_journal(typed: Typed, tmp_path: Path) -> None:
    first = await typed("deploy", "--yes")
    assert first.code == 0, first
    book = journal.latest(tmp_path, "deploy", "production")
    assert book
    from launchready.hardening.release import keeper_call
    from launchready.hardening.release.processes import spare_port

    words = ("deploy", "--replay", str(book.path), "--root", "other", "--listen", f"127.0.0.1:{spare_port()}", "--yes")
    bare = await typed(*words)
    assert bare.code == 1, bare
    assert "SECRET_KEY" in bare.out
    (tmp_path / "other").mkdir(exist_ok=True)
    (tmp_path / "other" / ".env").write_text(f"SECRET_KEY={SECRET}\n")
    try:
        ran = await typed(*words)
        assert ran.code == 0, ran
        assert "/ answers 200" in ran.out
    finally:
        await keeper_call.stop(tmp_path / "other")


async def test_without_the_section_nothing_is_deployed(typed: Typed) -> None:
    (typed.host.folder / "launchready.toml").write_text('domain = "brightside.example"\n')
    ran = await typed("deploy")

    assert ran.code == 2
    assert "[deploy]" in ran.err


async def test_a_release_that_is_slow_is_said_and_told_and_stays(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.hardening.release.hosts import APP

    late = APP.replace("    def do_GET(self):\n", "    def do_GET(self):\n        time.sleep(0.05)\n")
    typed.host.commit("two", **{"app.py": late.replace(FIRST_PAGE, "os.environ['RELEASE_VERSION']")})
    file = typed.host.folder / "launchready.toml"
    file.write_text(
        f"""owned = ["127.0.0.1"]
{file.read_text()}
[performance]
broadband = "none"
target_s = 0.01
budget_s = 3
after_deploy = true
flows = [{{ name = "first", steps = [{{ name = "first page", path = "/" }}] }}]
[[alerts.routes]]
name = "ops"
url_env = "OPS_URL"
"""
    )
    async with AlertReceiver() as receiver:
        monkeypatch.setenv("OPS_URL", receiver.webhook)
        ran = await typed("deploy", "--yes")

    assert ran.code == 0, ran
    assert "first page takes a buyer" in ran.out
    assert [alert for alert in receiver.received if "is slow" in alert.subject]
    assert list((typed.host.folder / ".launchready" / "performance").glob("*.json"))
