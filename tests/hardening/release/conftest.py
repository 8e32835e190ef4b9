"""What the tests of releases share: one adapter at one platform of the lab."""

from __future__ import annotations

import importlib
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from launchready.hardening.release.words import Adapter, Failed, Release
from launchready.lab.authority import Authority
from launchready.lab.healthy import healthy_world
from launchready.lab.lab import Lab
from launchready.lab.platforms import State
from launchready.lab.world import Account
from launchready.probes.network import Limits

TOKEN = "tok-0123456789abcdef-never-shown"
SERVICES = {"render": "srv-abc123", "fly": "portal-production", "heroku": "portal-production", "vercel": "acme/portal"}
FIRST = Release("20991125T101500Z-1111111", "1111111", "1" * 40)
SECOND = Release("20991125T111500Z-2222222", "2222222", "2" * 40)


def git(folder: Path, *arguments: str) -> str:
    """What git says there."""
    who = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
    done = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def commits(tmp_path: Path) -> list[Release]:
    """Two releases of a real repository in `tmp_path`, and a file there that is not committed."""
    git(tmp_path, "init", "-q")
    found = []
    for number, release in enumerate((FIRST, SECOND)):
        (tmp_path / "app.py").write_text(f"print({number})\n")
        git(tmp_path, "add", "app.py")
        git(tmp_path, "commit", "-q", "-m", "a change")
        found.append(replace(release, commit=git(tmp_path, "rev-parse", "HEAD")))
    (tmp_path / ".env").write_text("SECRET_KEY=not committed")
    return found


@dataclass
class Held:
    """One adapter, what the platform holds, and what was told."""

    adapter: Adapter
    state: State
    lab: Lab
    lines: list[str] = field(default_factory=list)

    def told(self, line: str) -> None:
        assert TOKEN not in line
        self.lines.append(line)

    async def deploy(self, release: Release) -> Release | Failed:
        """Build, migrate, release; the release as `build` returned it."""
        built = await self.adapter.build(release, self.told)
        if isinstance(built, Failed):
            return built
        failed = await self.adapter.migrate(built, self.told)
        failed = failed or await self.adapter.release(built, self.told)
        return failed or built


At = Callable[..., AbstractAsyncContextManager[Held]]


@pytest.fixture
def at(authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> At:
    """`async with at("render", trouble="build fails") as held:` an adapter at a platform of the lab."""
    monkeypatch.setenv("LAB_TOKEN", TOKEN)

    @asynccontextmanager
    async def made(
        platform: str, *, source: Path = tmp_path, limits: Limits | None = None, deploy: Any = None, **account: Any
    ) -> AsyncIterator[Held]:
        service = SERVICES[platform]
        world = replace(healthy_world(), platforms=(Account(platform, service, **{"token": TOKEN, **account}),))
        quick = Limits(lookup_timeout_s=1, operation_timeout_s=2, run_deadline_s=20)
        settings = {
            "environments": {"production": {"platform": platform, "service": service, "token_env": "LAB_TOKEN"}},
            "deploy": {"adapter": platform, **(deploy or {})},
        }
        async with Lab(world, authority=authority) as lab:
            look = lab.look(limits or quick, **settings)
            module = importlib.import_module(f"launchready.hardening.release.platform_{platform}")
            adapter = module.adapter(look.portal, look, source)
            assert not isinstance(adapter, Failed), adapter
            adapter = replace(adapter, at=replace(adapter.at, pause_s=0.01))
            assert TOKEN not in repr(adapter)
            try:
                yield Held(adapter, lab.platforms.state(service), lab)
            finally:
                await look.close()

    return made
