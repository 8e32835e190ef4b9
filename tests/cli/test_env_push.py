from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from launchready import journal
from launchready.lab.authority import Authority
from launchready.lab.healthy import healthy_world
from launchready.lab.lab import Lab
from launchready.lab.platforms import State
from launchready.lab.world import Account

VALUES = {"SECRET_KEY": "hunter2-one", "DATABASE_URL": "postgres://u:hunter2@db/x", "EXTRA_KEY": "hunter2-three"}
SERVICE = "srv-lab1"
DYING = """
import os, sys
from launchready.probes import platform_render
put, count = platform_render.Render.put, 0
async def dying(self, *words, **more):
    global count
    count += 1
    if count == 2 and {before}:
        os.kill(os.getpid(), 9)
    answer = await put(self, *words, **more)
    if count == 2:
        os.kill(os.getpid(), 9)
    return answer
platform_render.Render.put = dying
from launchready.cli.main import run
run()
"""


@dataclass
class Ran:
    code: int
    out: str
    err: str


@dataclass
class Place:
    folder: Path
    state: State
    run: Callable[..., Awaitable[Ran]]

    @property
    def journals(self) -> list[Path]:
        return sorted((self.folder / journal.FOLDER).glob("*.jsonl"))

    def told(self) -> list[str]:
        return [entry["what"] for entry in journal.Journal(self.journals[-1]).entries()]


Made = Callable[..., "AsyncIterator[Place]"]


@pytest.fixture
def place(authority: Authority, tmp_path: Path) -> Callable[..., object]:
    """`async with place(variables={…}) as it:` a folder with a local file, a store in a lab, and the command line."""

    @asynccontextmanager
    async def made(**account: object) -> AsyncIterator[Place]:
        held = Account("render", SERVICE, **{"variables": {}, **account})  # type: ignore[arg-type]
        async with Lab(replace(healthy_world(), platforms=(held,)), authority=authority) as lab:
            (tmp_path / "connect-to.txt").write_text("\n".join(lab.connect_to()), encoding="utf-8")
            (tmp_path / "ca.pem").write_bytes(authority.root_pem)
            (tmp_path / ".env.production").write_text(
                "".join(f"{k}={v}\n" for k, v in VALUES.items()), encoding="utf-8"
            )
            (tmp_path / "launchready.toml").write_text(
                'domain = "brightside.example"\n[environments.production]\nenv_file = ".env.production"\n'
                f'platform = "render"\nservice = "{SERVICE}"\ntoken_env = "LAB_TOKEN"\n',
                encoding="utf-8",
            )
            reach = ["--connect-to", "@connect-to.txt", "--closed", "--ca-file", "ca.pem", "--resolver"]
            reach.append(f"x={lab.world.resolvers[0].address}")

            async def run(*words: str, program: str = "from launchready.cli.main import run; run()") -> Ran:
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-c", program, "env", "push", *words, *reach, cwd=tmp_path,
                    env={**os.environ, "LAB_TOKEN": "lab-token"}, stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
                )  # fmt: skip
                out, err = await process.communicate()
                ran = Ran(process.returncode or 0, out.decode(), err.decode())
                assert "hunter2" not in ran.out + ran.err
                assert "Traceback" not in ran.err
                return ran

            it = Place(tmp_path, lab.platforms.state(SERVICE), run)
            yield it
            for path in it.journals:
                assert "hunter2" not in path.read_text(encoding="utf-8")

    return made


async def test_what_is_missing_is_added_and_the_rest_stays(place: Callable[..., object]) -> None:
    async with place(variables={"SECRET_KEY": "theirs"}) as it:  # type: ignore[attr-defined]
        ran = await it.run("--yes")

        assert ran.code == 0, ran
        assert it.state.variables == {**VALUES, "SECRET_KEY": "theirs"}
        assert "= SECRET_KEY  is there already" in ran.out
        assert "verified: 2 names" in ran.out
        assert it.told() == ["begun", "intent", "done", "intent", "done", "ended"]
        assert (it.folder / ".launchready" / ".gitignore").read_text() == "*\n"
        assert oct(it.journals[-1].stat().st_mode & 0o777) == "0o600"


async def test_nothing_is_changed_unless_somebody_says_so(place: Callable[..., object]) -> None:
    async with place() as it:  # type: ignore[attr-defined]
        ran = await it.run()

        assert ran.code == 2
        assert "+ SECRET_KEY" in ran.out
        assert "--yes" in ran.err
        assert it.state.writes == []
        assert it.journals == []


async def test_one_is_replaced_only_when_it_is_named(place: Callable[..., object]) -> None:
    async with place(variables={"SECRET_KEY": "theirs"}) as it:  # type: ignore[attr-defined]
        ran = await it.run("--yes", "--overwrite", "SECRET_KEY")

        assert "! SECRET_KEY  replaced; its old value cannot be brought back" in ran.out
        assert it.state.variables == VALUES
        undone = await it.run("--undo", "--yes")
        assert undone.code == 0
        assert it.state.variables == {"SECRET_KEY": VALUES["SECRET_KEY"]}
        assert "SECRET_KEY was replaced" in undone.err


async def test_an_undo_deletes_what_was_added_and_only_that(place: Callable[..., object]) -> None:
    async with place(variables={"OTHER": "theirs"}) as it:  # type: ignore[attr-defined]
        await it.run("--yes")
        ran = await it.run("--undo", "--yes")

        assert ran.code == 0
        assert it.state.variables == {"OTHER": "theirs"}
        again = await it.run("--undo", "--yes")
        assert again.code == 2
        assert "no push of production is left to undo" in again.err


@pytest.mark.parametrize("before", [True, False], ids=["before the write", "after the write"])
async def test_a_push_that_is_killed_midway_is_resumed(before: bool, place: Callable[..., object]) -> None:
    async with place() as it:  # type: ignore[attr-defined]
        killed = await it.run("--yes", program=DYING.format(before=before))

        assert killed.code == -9
        assert it.told() == ["begun", "intent", "done", "intent"]
        assert len(it.state.variables) == (1 if before else 2)
        ran = await it.run("--yes")
        assert ran.code == 0, ran
        assert it.state.variables == VALUES
        assert len(it.journals) == 1
        assert it.told()[-1] == "ended"
        await it.run("--undo", "--yes")
        assert it.state.variables == {}


@pytest.mark.parametrize("before", [True, False], ids=["before the write", "after the write"])
async def test_a_push_that_is_killed_midway_is_undone(before: bool, place: Callable[..., object]) -> None:
    async with place(variables={"OTHER": "theirs"}) as it:  # type: ignore[attr-defined]
        await it.run("--yes", program=DYING.format(before=before))
        ran = await it.run("--undo", "--yes")

        assert ran.code == 0, ran
        assert it.state.variables == {"OTHER": "theirs"}


async def test_a_line_that_a_crash_cut_short_is_passed_over(place: Callable[..., object]) -> None:
    async with place() as it:  # type: ignore[attr-defined]
        await it.run("--yes", program=DYING.format(before=False))
        with it.journals[-1].open("a", encoding="utf-8") as file:
            file.write('{"at": "2026-11')
        assert (await it.run("--undo", "--yes")).code == 0
        assert it.state.variables == {}


async def test_a_store_that_fails_midway_says_how_to_go_on(place: Callable[..., object]) -> None:
    async with place(trouble="fails after 1") as it:  # type: ignore[attr-defined]
        ran = await it.run("--yes")

        assert ran.code == 2
        assert "--undo" in ran.err
        assert it.told()[-1] == "failed"


async def test_a_token_that_may_not_write_names_the_permission(place: Callable[..., object]) -> None:
    async with place(may_write=False) as it:  # type: ignore[attr-defined]
        ran = await it.run("--yes")

        assert ran.code == 2
        assert "an API key of a member who may edit the service" in ran.err


async def test_nothing_to_do_is_said(place: Callable[..., object]) -> None:
    async with place(variables=VALUES) as it:  # type: ignore[attr-defined]
        ran = await it.run()
        assert ran.code == 0
        assert "nothing to do" in ran.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("produktion",), "did you mean 'production'"),
        (("--yes", "--overwrite", "NOT_THERE"), "holds no such variable"),
        (("--undo", "--yes"), "no push of production is left to undo"),
    ],
)
async def test_wrong_words_are_told(words: tuple[str, ...], says: str, place: Callable[..., object]) -> None:
    async with place() as it:  # type: ignore[attr-defined]
        ran = await it.run(*words)
        assert ran.code == 2
        assert says in ran.err
        assert it.state.writes == []


async def test_what_the_file_must_say_is_named(run: Callable[..., object], tmp_path: Path) -> None:
    head = 'domain = "brightside.example"\n[environments.production]\n'
    for text, says in (
        ("", "none in launchready.toml names a platform"),
        ('platform = "fly"\n', "does not say its service"),
        ('platform = "fly"\nservice = "x"\ntoken_env = "T"\n', "does not say its env_file"),
        ('platform = "github"\nservice = "a/b"\ntoken_env = "T"\nenv_file = ".env"\n', "gh secret set --env-file .env"),
    ):
        (tmp_path / "launchready.toml").write_text(head + text, encoding="utf-8")
        ran = run("env", "push")
        assert ran.code == 2  # type: ignore[attr-defined]
        assert says in ran.err  # type: ignore[attr-defined]


def test_a_journal_holds_what_was_noted(tmp_path: Path) -> None:
    book = journal.begin(tmp_path, "env push", "../production", add=["A"])
    assert book.path.parent == tmp_path / journal.FOLDER
    book.note("ended")
    assert not book.open
    found = journal.latest(tmp_path, "env push", "../production")
    assert found == book
    assert journal.latest(tmp_path, "env push", "staging") is None
    assert json.loads(book.path.read_text().splitlines()[0])["add"] == ["A"]


async def test_what_looks_like_a_placeholder_is_left_out_and_said(place: Callable[..., object]) -> None:
    async with place() as it:  # type: ignore[attr-defined]
        with (it.folder / ".env.production").open("a", encoding="utf-8") as file:
            file.write("PIN=1234\nEMPTY=\n")

        ran = await it.run("--yes")

        assert ran.code == 0, ran
        assert "PIN" not in it.state.variables
        assert "? PIN  left out" in ran.out
        assert "EMPTY" not in ran.out
        assert "set PIN by hand" in ran.out
        assert "nothing to do: every other variable" in (await it.run("--yes")).out
