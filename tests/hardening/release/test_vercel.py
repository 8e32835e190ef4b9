from __future__ import annotations

from dataclasses import replace

import pytest

from launchready.hardening.release.words import Failed, Release

from .conftest import FIRST, SECOND, TOKEN, At, Held

APART = [False, True]
"""Whether the project gives a production deployment its domains at once."""


def set_up(held: Held, assigns: bool) -> None:
    held.state.project["autoAssignCustomDomains"] = assigns


async def live(held: Held) -> Release:
    now = await held.adapter.current()
    assert isinstance(now, Release), now
    return now


@pytest.mark.parametrize("assigns", APART)
async def test_a_commit_is_deployed_and_waited_for_until_the_domains_point_to_it(assigns: bool, at: At) -> None:
    async with at("vercel") as held:
        set_up(held, assigns)
        assert await held.adapter.current() is None
        assert not isinstance(await held.deploy(FIRST), Failed)
        now = await live(held)

    assert now == replace(FIRST, reference="dpl_0001")
    assert held.state.project["autoAssignCustomDomains"] is assigns


async def test_a_build_is_beside_what_is_live_where_the_project_allows_it(at: At) -> None:
    async with at("vercel") as held:
        set_up(held, False)
        await held.deploy(FIRST)
        built = await held.adapter.build(SECOND, held.told)
        assert isinstance(built, Release)
        assert built.reference == "dpl_0002"
        assert (await live(held)).id == FIRST.id


async def test_what_a_promotion_switches_on_is_off_again(at: At) -> None:
    async with at("vercel") as held:
        set_up(held, False)
        await held.deploy(FIRST)

    assert held.state.writes[-2:] == [("promote", "dpl_0001"), ("set", "autoAssignCustomDomains")]


@pytest.mark.parametrize("assigns", APART)
async def test_an_earlier_deployment_is_rolled_back_to_without_a_build(assigns: bool, at: At) -> None:
    async with at("vercel") as held:
        set_up(held, assigns)
        await held.deploy(FIRST)
        await held.deploy(SECOND)
        kept = await held.adapter.releases()
        assert not isinstance(kept, Failed)
        assert [one.id for one in kept] == [SECOND.id, FIRST.id]
        assert await held.adapter.roll_back(kept[1], held.told) is None
        assert (await live(held)).id == FIRST.id
        assert not isinstance(await held.deploy(SECOND), Failed)  # and forward again: found, not built twice
        assert (await live(held)).id == SECOND.id

    assert len(held.state.deploys) == 2


@pytest.mark.parametrize("assigns", APART)
async def test_a_release_that_the_journal_knows_by_its_id_alone_is_rolled_back_to(assigns: bool, at: At) -> None:
    async with at("vercel") as held:
        set_up(held, assigns)
        await held.deploy(FIRST)
        await held.deploy(SECOND)
        assert await held.adapter.roll_back(FIRST, held.told) is None
        assert (await live(held)).id == FIRST.id


async def test_a_plan_that_goes_back_one_only_gets_a_promotion(at: At) -> None:
    async with at("vercel") as held:
        set_up(held, False)
        held.state.project["plan"] = "hobby"
        third = replace(SECOND, id="20991125T121500Z-3333333", commit="3" * 40)
        for release in (FIRST, SECOND, third):
            await held.deploy(release)
        first = replace(FIRST, reference="dpl_0001")
        assert await held.adapter.roll_back(first, held.told) is None
        assert (await live(held)).id == FIRST.id


@pytest.mark.parametrize("assigns", APART)
@pytest.mark.parametrize(
    ("trouble", "says"), [("build fails", "the build failed"), ("never ready", "domains could not")]
)
async def test_a_deployment_that_fails_leaves_what_was_live(trouble: str, says: str, assigns: bool, at: At) -> None:
    async with at("vercel") as held:
        set_up(held, assigns)
        await held.deploy(FIRST)
        held.state.account = replace(held.state.account, trouble=trouble)
        failed = await held.deploy(SECOND)
        now = await live(held)

    assert isinstance(failed, Failed)
    assert says in failed.what
    assert not failed.unsure
    assert now.id == FIRST.id


@pytest.mark.parametrize("assigns", APART)
async def test_the_same_release_asked_twice_is_built_once(assigns: bool, at: At) -> None:
    async with at("vercel") as held:
        set_up(held, assigns)
        await held.deploy(FIRST)
        await held.deploy(FIRST)

    assert len(held.state.deploys) == 1


async def test_another_release_of_the_same_commit_is_a_deployment_of_its_own(at: At) -> None:
    again = replace(FIRST, id="20991125T121500Z-1111111")
    async with at("vercel") as held:
        await held.deploy(FIRST)
        assert not isinstance(await held.deploy(again), Failed)
        assert (await live(held)).id == again.id


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_a_lost_answer_is_read_back(number: int, at: At) -> None:
    async with at("vercel", trouble=f"loses answer {number}") as held:
        set_up(held, False)
        assert not isinstance(await held.deploy(FIRST), Failed)
        assert (await live(held)).id == FIRST.id

    assert len(held.state.deploys) == 1


async def test_a_lost_rollback_is_read_back(at: At) -> None:
    async with at("vercel", trouble="loses answer 7") as held:
        set_up(held, False)
        await held.deploy(FIRST)
        await held.deploy(SECOND)
        assert await held.adapter.roll_back(replace(FIRST, reference="dpl_0001"), held.told) is None
        assert (await live(held)).id == FIRST.id

    assert any("looking whether" in line for line in held.lines)


async def test_a_lost_answer_that_cannot_be_read_back_is_unsure(at: At) -> None:
    async with at("vercel", trouble="loses answer 1 and is silent then") as held:
        failed = await held.deploy(FIRST)

    assert isinstance(failed, Failed)
    assert failed.unsure


async def test_a_limit_is_waited_for(at: At) -> None:
    async with at("vercel", limited=2) as held:
        assert not isinstance(await held.deploy(FIRST), Failed)


async def test_an_error_of_the_platform_changes_nothing_and_says_so(at: At) -> None:
    async with at("vercel", trouble="fails after 0") as held:
        failed = await held.deploy(FIRST)

    assert isinstance(failed, Failed)
    assert "answered 500" in failed.what
    assert not failed.unsure


@pytest.mark.parametrize("trouble", ["garbage", "html", "redirects", "wrong schema", "endless", "internal error"])
async def test_hostile_answers_are_failures(trouble: str, at: At) -> None:
    async with at("vercel", trouble=trouble) as held:
        for found in (
            await held.adapter.current(),
            await held.adapter.releases(),
            await held.adapter.build(FIRST, held.told),
            await held.adapter.release(FIRST, held.told),
            await held.adapter.roll_back(replace(FIRST, reference="dpl_1"), held.told),
        ):
            assert isinstance(found, Failed), found
            assert TOKEN not in repr(found)


async def test_a_token_that_may_not_deploy_names_the_permission(at: At) -> None:
    async with at("vercel", may_write=False) as held:
        failed = await held.deploy(FIRST)

    assert isinstance(failed, Failed)
    assert "(403)" in failed.what
    assert "member of the team" in failed.then
    assert TOKEN not in repr(failed)


async def test_a_project_without_a_repository_is_told_of(at: At) -> None:
    async with at("vercel") as held:
        held.state.project["link"] = None
        failed = await held.deploy(FIRST)

    assert isinstance(failed, Failed)
    assert "no repository connected" in failed.what


async def test_migrations_run_here_before_the_release(at: At) -> None:
    async with at("vercel", deploy={"migrate": ["echo migrating $RELEASE", "false"]}) as held:
        set_up(held, False)
        failed = await held.deploy(FIRST)
        assert await held.adapter.current() is None

    assert isinstance(failed, Failed)
    assert (failed.step, "ended with 1" in failed.what) == ("migrate", True)
    assert f"migrating {FIRST.id}" in held.lines


async def test_migrations_are_taken_back_by_their_commands(at: At) -> None:
    async with at("vercel", deploy={"undo_migrations": ["echo back to before $RELEASE"]}) as held:
        assert await held.adapter.undo_migrations(FIRST, held.told) is None  # type: ignore[attr-defined]

    assert f"back to before {FIRST.id}" in held.lines
