from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from launchready.hardening.release.archive import archive
from launchready.hardening.release.words import Failed, Release
from launchready.lab.platforms.deploys_heroku import SIGNATURE

from .conftest import TOKEN, At, Held


async def live(held: Held) -> Release:
    now = await held.adapter.current()
    assert isinstance(now, Release), now
    return now


async def test_a_commit_is_built_released_and_waited_for(at: At, commits: list[Release]) -> None:
    first, _ = commits
    async with at("heroku") as held:
        assert await held.adapter.current() is None
        assert not isinstance(await held.deploy(first), Failed)
        now = await live(held)

    assert now == replace(first, reference="rel-0001")
    assert any("web dynos are up" in line for line in held.lines)
    assert not any(SIGNATURE in line for line in held.lines)


async def test_only_what_is_committed_is_uploaded(at: At, commits: list[Release]) -> None:
    async with at("heroku") as held:
        await held.deploy(commits[0])
        (content,) = held.state.project["sources"].values()

    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        assert tar.getnames() == ["app.py"]


async def test_an_earlier_release_is_rolled_back_to_without_a_build(at: At, commits: list[Release]) -> None:
    first, second = commits
    async with at("heroku") as held:
        await held.deploy(first)
        await held.deploy(second)
        kept = await held.adapter.releases()
        assert not isinstance(kept, Failed)
        assert [one.id for one in kept] == [second.id, first.id]
        assert await held.adapter.roll_back(kept[1], held.told) is None
        assert (await live(held)).id == first.id
        assert await held.adapter.roll_back(kept[1], held.told) is None  # again: nothing to do

    assert [verb for verb, _ in held.state.writes] == ["build", "build", "rollback"]


async def test_a_release_that_the_journal_knows_by_its_id_alone_is_rolled_back_to(
    at: At, commits: list[Release]
) -> None:
    async with at("heroku") as held:
        await held.deploy(commits[0])
        await held.deploy(commits[1])
        assert await held.adapter.roll_back(commits[0], held.told) is None
        assert (await live(held)).id == commits[0].id


@pytest.mark.parametrize(
    ("trouble", "says", "stays"),
    [
        ("build fails", "the build failed", True),
        ("migration fails", "release process of the Procfile failed", True),
        ("never ready", "crashed as it started", False),
    ],
)
async def test_a_release_that_fails_is_told_in_words(
    trouble: str, says: str, stays: bool, at: At, commits: list[Release]
) -> None:
    first, second = commits
    async with at("heroku") as held:
        await held.deploy(first)
        held.state.account = replace(held.state.account, trouble=trouble)
        failed = await held.deploy(second)
        now = await live(held)

    assert isinstance(failed, Failed)
    assert says in failed.what
    assert failed.unsure is not stays
    assert (now.id == first.id) is stays


async def test_a_rollback_to_what_is_live_behind_a_failed_release_changes_nothing(
    at: At, commits: list[Release]
) -> None:
    first, second = commits
    async with at("heroku") as held:
        await held.deploy(first)
        held.state.account = replace(held.state.account, trouble="migration fails")
        await held.deploy(second)
        assert await held.adapter.roll_back(replace(first, reference="rel-0001"), held.told) is None

    assert "rollback" not in [verb for verb, _ in held.state.writes]


async def test_the_output_of_a_build_is_shown_without_secrets(at: At, commits: list[Release]) -> None:
    async with at("heroku", trouble="build fails") as held:
        failed = await held.deploy(commits[0])

    assert isinstance(failed, Failed)
    assert "It broke" in failed.output
    assert "hunter2" not in failed.output
    assert SIGNATURE not in repr(failed)


async def test_the_same_release_asked_twice_is_built_once(at: At, commits: list[Release]) -> None:
    async with at("heroku") as held:
        await held.deploy(commits[0])
        await held.deploy(commits[0])

    assert len(held.state.project["builds"]) == 1


async def test_a_lost_answer_is_read_back(at: At, commits: list[Release]) -> None:
    async with at("heroku", trouble="loses answer 2") as held:
        assert not isinstance(await held.deploy(commits[0]), Failed)

    assert len(held.state.project["builds"]) == 1
    assert any("looking whether" in line for line in held.lines)


async def test_a_lost_rollback_is_read_back(at: At, commits: list[Release]) -> None:
    async with at("heroku", trouble="loses answer 5") as held:
        await held.deploy(commits[0])
        await held.deploy(commits[1])
        assert await held.adapter.roll_back(replace(commits[0], reference="rel-0001"), held.told) is None
        assert (await live(held)).id == commits[0].id

    assert len(held.state.project["releases"]) == 3


async def test_a_lost_answer_that_cannot_be_read_back_is_unsure(at: At, commits: list[Release]) -> None:
    async with at("heroku", trouble="loses answer 2 and is silent then") as held:
        failed = await held.deploy(commits[0])

    assert isinstance(failed, Failed)
    assert failed.unsure


async def test_a_token_revoked_half_way_leaves_it_open(at: At, commits: list[Release]) -> None:
    async with at("heroku", trouble="revokes after 1") as held:
        failed = await held.deploy(commits[0])

    assert isinstance(failed, Failed)
    assert "does not accept the token in LAB_TOKEN" in failed.what
    assert held.state.project["builds"] == []


async def test_a_limit_is_waited_for(at: At, commits: list[Release]) -> None:
    async with at("heroku", limited=2) as held:
        assert not isinstance(await held.deploy(commits[0]), Failed)


async def test_an_error_of_the_platform_changes_nothing_and_says_so(at: At, commits: list[Release]) -> None:
    async with at("heroku", trouble="fails after 0") as held:
        failed = await held.deploy(commits[0])

    assert isinstance(failed, Failed)
    assert "answered 500" in failed.what
    assert not failed.unsure


@pytest.mark.parametrize("trouble", ["garbage", "html", "redirects", "wrong schema", "endless", "internal error"])
async def test_hostile_answers_are_failures(trouble: str, at: At, commits: list[Release]) -> None:
    async with at("heroku", trouble=trouble) as held:
        for found in (
            await held.adapter.current(),
            await held.adapter.releases(),
            await held.adapter.build(commits[0], held.told),
            await held.adapter.release(commits[0], held.told),
            await held.adapter.roll_back(replace(commits[0], reference="rel-1"), held.told),
        ):
            assert isinstance(found, Failed), found
            assert TOKEN not in repr(found)


async def test_a_token_that_may_not_deploy_names_the_permission(at: At, commits: list[Release]) -> None:
    async with at("heroku", may_write=False) as held:
        failed = await held.deploy(commits[0])

    assert isinstance(failed, Failed)
    assert "(403)" in failed.what
    assert "scope write" in failed.then
    assert TOKEN not in repr(failed)


async def test_a_release_behind_many_changes_of_variables_is_found_and_rolled_back_to(
    at: At, commits: list[Release]
) -> None:
    first, second = commits
    async with at("heroku") as held:
        await held.deploy(first)
        await held.deploy(second)
        template = held.state.project["releases"][1]
        template["current"] = False
        for number in range(3, 70):  # the same slug each time
            held.state.project["releases"].append({**template, "id": f"rel-{number:04d}", "version": number})
        held.state.project["releases"][-1]["current"] = True
        kept = await held.adapter.releases()
        assert not isinstance(kept, Failed)
        assert [one.id for one in kept] == [second.id, first.id]
        assert await held.adapter.roll_back(kept[1], held.told) is None
        assert (await live(held)).id == first.id


async def test_an_archive_is_bounded(commits: list[Release], tmp_path: Path) -> None:
    failed = await archive(tmp_path, commits[0].commit, most_bytes=10)

    assert isinstance(failed, Failed)
    assert "more than" in failed.what


@pytest.mark.parametrize("commit", ["", "f" * 40, "--output=/tmp/x"])
async def test_what_is_no_commit_here_is_told(commit: str, commits: list[Release], tmp_path: Path) -> None:
    assert isinstance(await archive(tmp_path, commit), Failed)
    assert commits
