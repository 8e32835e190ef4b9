from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from launchready.hardening.release import platform_render
from launchready.hardening.release.words import Failed, Release
from launchready.lab.lab import Lab
from launchready.portal import Portal
from launchready.probes.network import Limits

from .conftest import FIRST, SECOND, TOKEN, At, git


def statuses(held: object) -> list[str]:
    return [deploy["status"] for deploy in held.state.deploys]  # type: ignore[attr-defined]


async def test_a_commit_is_deployed_and_waited_for_until_it_is_live(at: At) -> None:
    async with at("render") as held:
        assert await held.adapter.current() is None
        assert not isinstance(await held.deploy(FIRST), Failed)
        now = await held.adapter.current()

    assert isinstance(now, Release)
    assert (now.commit, now.reference) == (FIRST.commit, "dep-0001")
    assert statuses(held) == ["live"]
    assert any("pre-deploy" in line for line in held.lines)


async def test_an_earlier_deploy_is_rolled_back_to_without_a_build(at: At) -> None:
    async with at("render") as held:
        await held.deploy(FIRST)
        await held.deploy(SECOND)
        kept = await held.adapter.releases()
        assert not isinstance(kept, Failed)
        assert [one.commit for one in kept] == [SECOND.commit, FIRST.commit]
        assert await held.adapter.roll_back(kept[1], held.told) is None
        now = await held.adapter.current()

    assert isinstance(now, Release)
    assert now.commit == FIRST.commit
    assert held.state.writes[-1] == ("rollback", FIRST.commit)


async def test_a_release_that_the_journal_knows_by_its_commit_alone_is_rolled_back_to(at: At) -> None:
    async with at("render") as held:
        await held.deploy(FIRST)
        await held.deploy(SECOND)
        assert await held.adapter.roll_back(FIRST, held.told) is None
        now = await held.adapter.current()

    assert isinstance(now, Release)
    assert now.commit == FIRST.commit


async def test_a_version_is_called_what_the_source_calls_it(at: At, commits: list[Release], tmp_path: Path) -> None:
    git(tmp_path, "tag", "v1.2.0", commits[0].commit)
    async with at("render") as held:
        await held.deploy(commits[0])
        now = await held.adapter.current()

    assert isinstance(now, Release)
    assert now.version == "v1.2.0"


async def test_a_rollback_to_what_is_live_changes_nothing(at: At) -> None:
    async with at("render") as held:
        await held.deploy(FIRST)
        now = await held.adapter.current()
        assert isinstance(now, Release)
        assert await held.adapter.roll_back(now, held.told) is None

    assert len(held.state.deploys) == 1


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        ("build fails", "the build failed"),
        ("migration fails", "pre-deploy command failed"),
        ("never ready", "did not become healthy"),
    ],
)
async def test_a_deploy_that_fails_is_told_in_words_and_leaves_what_was_live(trouble: str, says: str, at: At) -> None:
    async with at("render") as held:
        await held.deploy(FIRST)
        held.state.account = replace(held.state.account, trouble=trouble)
        failed = await held.deploy(SECOND)
        now = await held.adapter.current()

    assert isinstance(failed, Failed)
    assert says in failed.what
    assert not failed.unsure
    assert isinstance(now, Release)
    assert now.commit == FIRST.commit


async def test_the_same_release_asked_twice_finds_its_first_deploy(at: At) -> None:
    mine = replace(FIRST, id="20200101T000000Z-1111111")  # begun before the deploy, as every real one
    async with at("render") as held:
        await held.deploy(mine)
        await held.deploy(mine)

    assert len(held.state.deploys) == 1


async def test_an_old_deploy_of_the_same_commit_is_not_taken_for_this_release(at: At) -> None:
    async with at("render") as held:
        await held.deploy(replace(FIRST, id="20200101T000000Z-1111111"))
        await held.deploy(FIRST)  # begun after it

    assert len(held.state.deploys) == 2


async def test_a_lost_answer_is_read_back_and_the_deploy_goes_on(at: At) -> None:
    async with at("render", trouble="loses answer 1") as held:
        assert not isinstance(await held.deploy(FIRST), Failed)

    assert statuses(held) == ["live"]
    assert any("looking whether it was done" in line for line in held.lines)


async def test_a_lost_rollback_is_read_back(at: At) -> None:
    async with at("render", trouble="loses answer 3") as held:
        await held.deploy(FIRST)
        await held.deploy(SECOND)
        kept = await held.adapter.releases()
        assert not isinstance(kept, Failed)
        assert await held.adapter.roll_back(kept[1], held.told) is None

    assert [deploy["trigger"] for deploy in held.state.deploys] == ["api", "api", "rollback"]


async def test_a_lost_answer_that_cannot_be_read_back_is_unsure(at: At) -> None:
    async with at("render", trouble="loses answer 1 and is silent then") as held:
        failed = await held.deploy(FIRST)

    assert isinstance(failed, Failed)
    assert failed.unsure


async def test_a_queued_deploy_without_a_body_is_found_in_the_list(at: At) -> None:
    async with at("render") as held:
        held.state.deploys.append(
            {
                "id": "dep-push",
                "commit": {"id": "9" * 40},
                "status": "created",
                "trigger": "new_commit",
                "createdAt": "",
            }
        )
        assert not isinstance(await held.deploy(FIRST), Failed)
        now = await held.adapter.current()

    assert isinstance(now, Release)
    assert now.commit == FIRST.commit


async def test_a_limit_is_waited_for(at: At) -> None:
    async with at("render", limited=2) as held:
        assert not isinstance(await held.deploy(FIRST), Failed)


async def test_an_error_of_the_platform_changes_nothing_and_says_so(at: At) -> None:
    async with at("render", trouble="fails after 0") as held:
        failed = await held.deploy(FIRST)

    assert isinstance(failed, Failed)
    assert "answered 500" in failed.what
    assert not failed.unsure
    assert held.state.deploys == []


@pytest.mark.parametrize("trouble", ["garbage", "html", "redirects", "wrong schema", "endless", "internal error"])
async def test_hostile_answers_are_failures(trouble: str, at: At) -> None:
    async with at("render", trouble=trouble) as held:
        for found in (
            await held.adapter.current(),
            await held.adapter.releases(),
            await held.adapter.build(FIRST, held.told),
            await held.adapter.release(FIRST, held.told),
            await held.adapter.roll_back(replace(FIRST, reference="dep-1"), held.told),
        ):
            assert isinstance(found, Failed), found
            assert TOKEN not in repr(found)


async def test_a_token_that_may_not_deploy_names_the_permission(at: At) -> None:
    async with at("render", may_write=False) as held:
        failed = await held.deploy(FIRST)

    assert isinstance(failed, Failed)
    assert "(403)" in failed.what
    assert "may deploy the service" in failed.then
    assert "LAB_TOKEN" in failed.then
    assert not failed.unsure
    assert TOKEN not in repr(failed)


async def test_a_wrong_token_is_told_before_anything_is_asked_for(at: At) -> None:
    async with at("render", token="another") as held:
        failed = await held.deploy(FIRST)

    assert isinstance(failed, Failed)
    assert (failed.step, held.state.deploys) == ("build", [])


async def test_what_is_not_over_in_time_is_unsure(at: At) -> None:
    async with at("render", deploy={"command_timeout_s": 0.005}) as held:
        failed = await held.deploy(FIRST)

    assert isinstance(failed, Failed)
    assert failed.unsure
    assert "when the time for it was over" in failed.what


async def test_a_suspended_service_is_told_of(at: At) -> None:
    async with at("render") as held:
        held.state.project["suspended"] = "suspended"
        failed = await held.deploy(FIRST)

    assert isinstance(failed, Failed)
    assert "suspended" in failed.what


async def test_without_a_commit_there_is_nothing_to_deploy(at: At) -> None:
    async with at("render") as held:
        failed = await held.deploy(replace(FIRST, commit=""))

    assert isinstance(failed, Failed)
    assert "commit" in failed.what


@pytest.mark.parametrize(
    "environments", [{}, {"production": {"platform": "fly"}}, {"production": {"platform": "render"}}]
)
async def test_an_incomplete_environment_is_told_before_anything(environments: object, tmp_path: object) -> None:
    async with Lab() as lab:
        look = lab.look(Limits(), environments=environments, deploy={"adapter": "render"})
        failed = platform_render.adapter(look.portal, look, tmp_path)  # type: ignore[arg-type]
        await look.close()

    assert isinstance(failed, Failed)
    assert "[environments.production]" in failed.what + failed.then
    assert isinstance(look.portal, Portal)


async def test_a_commit_that_is_not_pushed_is_told_of(at: At, commits: list[Release], tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "hub.git")
    git(tmp_path, "remote", "add", "origin", "hub.git")
    git(tmp_path, "push", "-q", "origin", f"{commits[0].commit}:refs/heads/main")
    async with at("render") as held:
        await held.adapter.build(commits[0], held.told)
        assert not any("on no branch" in line for line in held.lines)
        await held.adapter.build(commits[1], held.told)
        assert any("on no branch" in line for line in held.lines)


async def test_a_deploy_that_render_refuses_says_to_push(at: At) -> None:
    async with at("render") as held:
        failed = await held.deploy(replace(FIRST, commit="abc"))  # no hash of a commit

    assert isinstance(failed, Failed)
    assert "Push the commit" in failed.then
    assert not failed.unsure
