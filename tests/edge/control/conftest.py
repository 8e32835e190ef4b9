"""A portal whose zone is at the lab's Cloudflare, and the command line in a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from launchready import journal
from launchready.lab.authority import Authority
from launchready.lab.cloudflare.account import TOKEN, CloudflareAccount
from launchready.lab.cloudflare.state import CloudflareState
from launchready.lab.cloudflare.worlds import behind_cloudflare
from launchready.lab.healthy import DOMAIN, healthy_world
from launchready.lab.lab import Lab
from launchready.lab.world import Change, records

SMALL = f"""domain = "{DOMAIN}"
canonical = "https://{DOMAIN}/"
[edge]
caa = ["ca.example"]
[edge.mail]
dmarc = "none"
dmarc_reports = ["dmarc@{DOMAIN}"]
[edge.tls]
hsts = "test"
"""
"""Nobody's records have to give way for it: hosts are left as they are."""
RUN = "from launchready.cli.main import run; run()"


@dataclass
class Ran:
    """How a process ended."""

    code: int
    out: str
    err: str


@dataclass
class Place:
    """A folder with a launchready.toml, the zone it is about, and the command line."""

    folder: Path
    lab: Lab
    token: str = TOKEN

    @property
    def zone(self) -> CloudflareState:
        """What Cloudflare holds now."""
        return self.lab.cloudflare

    @property
    def journals(self) -> list[Path]:
        """Newest last."""
        return sorted((self.folder / journal.FOLDER).glob("*.jsonl"))

    def held(self) -> dict[str, Any]:
        """All of the zone, so that before and after can be compared: without ids, times and empty rulesets."""
        entries = sorted(
            (r.name, r.type, r.content, r.ttl, r.proxied, r.comment or "") for r in self.zone.records.values()
        )
        passing = ("id", "version", "last_updated")
        rules = {
            one.phase: [{key: value for key, value in rule.items() if key not in passing} for rule in one.rules]
            for one in self.zone.rulesets.values()
            if one.rules
        }  # fmt: skip
        return {"records": entries, "rules": rules, "settings": dict(self.zone.settings), "bots": dict(self.zone.bots)}

    async def start(self, *words: str, program: str = RUN) -> asyncio.subprocess.Process:
        """`launchready edge …` under way."""
        reach = ["--connect-to", "@connect-to.txt", "--closed", "--ca-file", "ca.pem", "--resolver"]
        reach.append(f"x={self.lab.world.resolvers[0].address}")
        verb = words if words[0] == "check" else ("edge", *words)
        return await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, *verb, *reach, cwd=self.folder,
            env={**os.environ, "CLOUDFLARE_API_TOKEN": self.token}, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip

    async def run(self, *words: str, program: str = RUN) -> Ran:
        """`launchready edge …`, ended; nothing it says holds the token."""
        process = await self.start(*words, program=program)
        out, err = await process.communicate()
        ran = Ran(process.returncode or 0, out.decode(), err.decode())
        assert self.token not in ran.out + ran.err
        assert "Traceback" not in ran.err, ran.err
        assert "itself failed" not in ran.err, ran.err
        for path in self.journals:
            assert self.token not in path.read_text(encoding="utf-8")
        return ran


PlaceMade = Callable[..., Any]


@pytest.fixture
def place(authority: Authority, tmp_path: Path) -> PlaceMade:
    """`async with place(limited=2) as it:` keys are those of `CloudflareAccount`; `toml` and `change` besides."""

    @asynccontextmanager
    async def made(*changes: Change, toml: str = SMALL, **account: Any) -> AsyncIterator[Place]:
        world = records(DOMAIN, drop=("_dmarc TXT", "@ CAA"))(healthy_world())
        for change in changes:
            world = change(world)
        async with Lab(behind_cloudflare(world, CloudflareAccount(**account)), authority=authority) as lab:
            (tmp_path / "connect-to.txt").write_text("\n".join(lab.connect_to()), encoding="utf-8")
            (tmp_path / "ca.pem").write_bytes(authority.root_pem)
            (tmp_path / "launchready.toml").write_text(toml, encoding="utf-8")
            yield Place(tmp_path, lab)

    return made
