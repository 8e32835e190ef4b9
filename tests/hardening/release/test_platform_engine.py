"""The one path of a release, with each platform behind it: a release that does not hold goes back by itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from launchready.hardening.release import engine
from launchready.hardening.release.engine import Place, Proof
from launchready.hardening.release.words import Failed, Release, Told

from .conftest import At, Held

EVERY = ["render", "fly", "vercel", "heroku"]
BUILD = {"build": ["echo registry.fly.io/portal-production:$RELEASE_VERSION"]}


def place(held: Held, root: Path, bad: str = "") -> Place:
    """Where the release whose version is `bad` does not hold."""

    async def prove(release: Release, told: Told) -> Proof:
        told("looked at")
        return Proof(release.version != bad, ("the first page is blank",))

    return Place(held.adapter, "production", root, prove, {})


def settings(platform: str) -> Any:
    return BUILD if platform == "fly" else None


@pytest.mark.parametrize("platform", EVERY)
async def test_a_release_that_does_not_hold_goes_back_by_itself(
    platform: str, at: At, commits: list[Release], tmp_path: Path
) -> None:
    first, second = (replace(one, version=one.commit[:7]) for one in commits)
    async with at(platform, deploy=settings(platform)) as held:
        well = await engine.deploy(place(held, tmp_path), first, None, held.told)
        assert well.well, well.failed
        before = await held.adapter.current()
        assert isinstance(before, Release)
        assert before.version == first.version
        result = await engine.deploy(place(held, tmp_path, second.version), second, before, held.told)
        now = await held.adapter.current()

    assert result.went_back, result.failed
    assert isinstance(now, Release)
    assert now.version == first.version


@pytest.mark.parametrize("platform", EVERY)
async def test_what_ended_half_way_goes_on_when_it_is_said_again(
    platform: str, at: At, commits: list[Release], tmp_path: Path
) -> None:
    first = replace(commits[0], id=f"20200101T000000Z-{commits[0].commit[:7]}", version=commits[0].commit[:7])
    async with at(platform, deploy=settings(platform), trouble="loses answer 1 and is silent then") as held:
        half = await engine.deploy(place(held, tmp_path), first, None, held.told)
        assert isinstance(half.failed, Failed)
        held.state.account = replace(held.state.account, trouble="")
        result = await engine.deploy(place(held, tmp_path), first, None, held.told)

    assert result.well, result.failed
