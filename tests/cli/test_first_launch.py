"""docs/first-launch.md, as a new user would follow it: its file and its commands, typed against a local internet."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from launchready.lab.authority import Authority
from launchready.lab.cloudflare.account import TOKEN as CLOUDFLARE_TOKEN
from launchready.lab.cloudflare.worlds import behind_cloudflare
from launchready.lab.healthy import healthy_world
from launchready.lab.lab import Lab
from launchready.lab.platforms import TOKEN
from launchready.lab.world import Account, both, records, response_headers

PAGE = Path(__file__).parents[2] / "docs" / "first-launch.md"
TEXT = PAGE.read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    for line in block.splitlines()
    if line.startswith(("launchready ", "git "))
]
VERBS = [command for command in COMMANDS if command.startswith("launchready ")]


_WHO = ("AUTHOR", "COMMITTER")


@dataclass
class Founder:
    folder: Path
    options: list[str]

    def types(self, command: str) -> subprocess.CompletedProcess[str]:
        program, *words = shlex.split(command.partition("#")[0])
        environment = {**os.environ, "CLOUDFLARE_API_TOKEN": CLOUDFLARE_TOKEN, "RENDER_API_KEY": TOKEN}
        environment |= {f"GIT_{who}_{what}": "kim@brightside.example" for who in _WHO for what in ("NAME", "EMAIL")}
        if program == "git":
            return subprocess.run(["git", *words], cwd=self.folder, env=environment, capture_output=True, text=True)
        return subprocess.run(
            [sys.executable, "-m", "launchready.cli.main", *words, *self.options],
            cwd=self.folder, env=environment, capture_output=True, text=True, timeout=180,
        )  # fmt: skip


@pytest.fixture
def commits(tmp_path: Path) -> Path:
    """The founder's repository, beside which `launchready.toml` lies."""
    (tmp_path / "app.py").write_text("print('portal')\n")
    (tmp_path / ".gitignore").write_text("lab/\n.launchready/\nlaunchready.toml\n")
    who = ["-c", "user.name=Kim", "-c", "user.email=kim@brightside.example", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], [*who, "commit", "-q", "-m", "The portal"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    return tmp_path


@pytest.fixture
def founder(commits: Path, authority: Authority) -> Iterator[Founder]:
    import asyncio
    import threading

    world = both(
        records("brightside.example", drop=("@ CAA", "_dmarc TXT")),
        response_headers("www.brightside.example", put={"Strict-Transport-Security": None}),
    )(healthy_world())
    account = Account("render", "srv-lab1", variables={"SECRET_KEY": "x"})
    world = replace(behind_cloudflare(world), platforms=(account,))
    started, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    options: list[str] = []

    async def serve() -> None:
        async with Lab(world, authority=authority) as lab:
            (commits / "lab").mkdir()
            (commits / "lab" / "connect-to.txt").write_text("\n".join(lab.connect_to()))
            (commits / "lab" / "ca.pem").write_bytes(authority.root_pem)
            options.extend(word for r in lab.world.resolvers for word in ("--resolver", f"{r.name}={r.address}"))
            options.extend(("--closed", "--connect-to", f"@{commits / 'lab' / 'connect-to.txt'}"))
            options.extend(("--ca-file", str(commits / "lab" / "ca.pem")))
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert started.wait(30)
    [described] = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    (commits / "launchready.toml").write_text(described)
    yield Founder(commits, options)
    loop.call_soon_threadsafe(stop.set)
    thread.join(30)
    loop.close()


def test_every_command_of_the_page_does_what_the_page_says(founder: Founder) -> None:
    said = {}
    for number, command in enumerate(COMMANDS):
        ran = founder.types(command)
        said[number] = (command, ran.returncode, ran.stdout + ran.stderr)
        assert "Traceback" not in ran.stderr, ran.stderr
        assert CLOUDFLARE_TOKEN not in ran.stdout + ran.stderr
        assert TOKEN not in ran.stdout + ran.stderr
        expected = {"launchready check": (0, 1, 3), "launchready edge plan": (1,), "launchready edge drift": (0,)}
        assert ran.returncode in expected.get(command, (0,)), said[number][2]
    first, last = (next(said[n] for n in order if said[n][0] == "launchready check")
                   for order in (list(said), list(reversed(said))))  # fmt: skip
    assert "dns.caa" in first[2]
    assert "dns.caa" not in last[2]
    assert "mail.dmarc" in first[2]


def test_the_page_names_only_verbs_and_options_there_are() -> None:
    assert VERBS
    for command in VERBS:
        words = shlex.split(command)[1:]
        ran = subprocess.run(
            [sys.executable, "-m", "launchready.cli.main", *[w for w in words if not w.startswith("-")], "--help"],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert ran.returncode == 0, command
        for option in (word for word in words if word.startswith("--")):
            assert option in ran.stdout, command
