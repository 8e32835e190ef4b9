from __future__ import annotations

from dataclasses import replace

import pytest

from launchready.hardening.release.platform_fly import _image_in
from launchready.hardening.release.words import Failed, Release
from launchready.lab.platforms.deploys_fly import FIRST_IMAGE

from .conftest import FIRST, SECOND, TOKEN, At, Held

BUILD = {"build": ["echo image: registry.fly.io/portal-production:$RELEASE_VERSION; echo image size: 737 MB"]}
QUICK = {**BUILD, "ready_s": 0.2, "command_timeout_s": 4}


def images(held: Held) -> list[str]:
    return [machine["config"]["image"].rpartition(":")[2] for machine in held.state.project["machines"]]


async def live(held: Held) -> Release:
    now = await held.adapter.current()
    assert isinstance(now, Release), now
    return now


async def test_each_machine_gets_the_image_and_is_waited_for(at: At) -> None:
    async with at("fly", deploy=BUILD) as held:
        before = await live(held)
        assert before.reference == FIRST_IMAGE
        built = await held.deploy(FIRST)
        assert not isinstance(built, Failed)
        assert await live(held) == built

    assert images(held) == ["1111111", "1111111"]
    assert held.state.project["leases"] == {}
    config = held.state.project["machines"][0]["config"]
    assert (config["env"], config["metadata"]["fly_process_group"]) == ({"PORT": "8000"}, "app")
    assert [line for line in held.lines if "1 of 1 checks pass" in line]


async def test_the_second_machine_is_not_touched_before_the_first_is_healthy(at: At) -> None:
    async with at("fly", deploy=BUILD) as held:
        order: list[str] = []
        built = await held.adapter.build(FIRST, held.told)
        assert isinstance(built, Release)

        def told(line: str) -> None:
            order.append(line)
            if "148e1: 0 of 1 checks" in line:
                assert images(held)[1] == "deployment-FIRST"

        assert await held.adapter.release(built, told) is None

    assert any("148e1: 0 of 1 checks" in line for line in order)


async def test_an_earlier_image_is_rolled_back_to(at: At) -> None:
    async with at("fly", deploy=BUILD) as held:
        await held.deploy(FIRST)
        await held.deploy(SECOND)
        kept = await held.adapter.releases()
        assert not isinstance(kept, Failed)
        assert [one.id for one in kept][:2] == [SECOND.id, FIRST.id]
        assert len(kept) == 3
        assert await held.adapter.roll_back(kept[1], held.told) is None
        assert (await live(held)).id == FIRST.id
        assert await held.adapter.roll_back(kept[2], held.told) is None

    assert images(held) == ["deployment-FIRST", "deployment-FIRST"]


async def test_an_image_that_another_tool_has_put_there_is_not_called_ours(at: At) -> None:
    async with at("fly", deploy=BUILD) as held:
        built = await held.deploy(FIRST)
        assert isinstance(built, Release)
        for machine in held.state.project["machines"]:
            machine["config"]["image"] = "registry.fly.io/portal-production:by-hand"
        now = await live(held)
        assert (now.version, now.id == FIRST.id) == ("by-hand", False)
        assert not isinstance(await held.deploy(FIRST), Failed)

    assert images(held) == ["1111111", "1111111"]


async def test_no_more_earlier_releases_are_kept_than_wanted(at: At) -> None:
    async with at("fly", deploy={**BUILD, "kept": 2}) as held:
        for number in range(4):
            await held.deploy(replace(FIRST, id=f"2099112{number}T101500Z-1111111", version=f"v{number}"))
        kept = await held.adapter.releases()

    assert not isinstance(kept, Failed)
    assert [one.version for one in kept] == ["v3", "v2"]


async def test_a_build_that_fails_is_told_with_its_output(at: At) -> None:
    async with at("fly", deploy={"build": ["echo no space left; exit 3"]}) as held:
        failed = await held.deploy(FIRST)

    assert isinstance(failed, Failed)
    assert (failed.step, failed.output) == ("build", "no space left")
    assert "ended with 3" in failed.what


async def test_an_image_may_be_given_and_must_be_named(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    async with at("fly") as held:
        failed = await held.adapter.build(FIRST, held.told)
        monkeypatch.setenv("RELEASE_IMAGE", "registry.fly.io/portal-production:v7")
        built = await held.adapter.build(FIRST, held.told)

    assert isinstance(failed, Failed)
    assert "no image is named" in failed.what
    assert isinstance(built, Release)
    assert built.reference.endswith(":v7")


@pytest.mark.parametrize(("trouble", "says"), [("never ready", "0 of 1 checks pass"), ("crashes", "exits instead")])
async def test_a_machine_that_is_not_healthy_puts_all_back(trouble: str, says: str, at: At) -> None:
    async with at("fly", trouble=trouble, deploy=QUICK) as held:
        failed = await held.deploy(FIRST)
        now = await live(held)

    assert isinstance(failed, Failed)
    assert says in failed.what
    assert not failed.unsure
    assert "had before" in failed.then
    assert images(held) == ["deployment-FIRST", "deployment-FIRST"]
    assert now.reference == FIRST_IMAGE
    assert held.state.project["leases"] == {}


async def test_a_second_machine_that_is_not_healthy_puts_the_first_back_too(at: At) -> None:
    async with at("fly", deploy=QUICK) as held:
        built = await held.adapter.build(FIRST, held.told)
        assert isinstance(built, Release)

        def told(line: str) -> None:
            if "machine 2 of 2" in line:
                held.state.account = replace(held.state.account, trouble="never ready")

        failed = await held.adapter.release(built, told)

    assert isinstance(failed, Failed)
    assert images(held) == ["deployment-FIRST", "deployment-FIRST"]


async def test_the_same_release_after_a_crash_goes_on_with_the_machines_left(at: At) -> None:
    async with at("fly", deploy=BUILD) as held:
        await held.deploy(FIRST)
        machines = held.state.project["machines"]
        built = await held.adapter.build(SECOND, held.told)
        assert isinstance(built, Release)
        await held.adapter.release(built, held.told)
        first = machines[0]["config"]
        machines[1]["config"] = {**first, "image": FIRST_IMAGE, "metadata": {}}  # as if it had ended between the two
        assert (await live(held)).reference == FIRST_IMAGE
        held.state.writes.clear()
        assert not isinstance(await held.deploy(SECOND), Failed)

    assert [machine for machine, _ in held.state.writes] == ["148e2"]


async def test_a_lease_of_a_crashed_deploy_is_waited_for(at: At) -> None:
    async with at("fly", deploy=BUILD) as held:
        await held.adapter.current()
        held.state.project["leases"] = {"148e1": "of-a-crash"}
        assert not isinstance(await held.deploy(FIRST), Failed)

    assert any("another deploy holds the lease" in line for line in held.lines)


async def test_a_sleeping_machine_gets_the_image_without_being_woken(at: At) -> None:
    async with at("fly", deploy=BUILD) as held:
        await held.adapter.current()
        held.state.project["machines"][1]["state"] = "stopped"
        assert not isinstance(await held.deploy(FIRST), Failed)

    assert images(held) == ["1111111", "1111111"]
    assert held.state.project["machines"][1]["state"] == "stopped"
    assert any("only one machine runs" in line for line in held.lines)


async def test_an_unreachable_host_is_told_before_anything_changes(at: At) -> None:
    async with at("fly", deploy=BUILD) as held:
        await held.adapter.current()
        held.state.project["machines"][1]["host_status"] = "unreachable"
        failed = await held.deploy(FIRST)

    assert isinstance(failed, Failed)
    assert "host of machine 148e2" in failed.what
    assert held.state.writes == []


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
async def test_a_lost_answer_is_read_back(number: int, at: At) -> None:
    async with at("fly", trouble=f"loses answer {number}", deploy=BUILD) as held:
        outcome = await held.deploy(FIRST)
        assert not isinstance(outcome, Failed), outcome

    assert images(held) == ["1111111", "1111111"]
    assert len(held.state.writes) == 2


async def test_a_lost_answer_that_cannot_be_read_back_is_unsure(at: At) -> None:
    async with at("fly", trouble="loses answer 2 and is silent then", deploy=QUICK) as held:
        failed = await held.deploy(FIRST)

    assert isinstance(failed, Failed)
    assert failed.unsure


async def test_a_limit_is_waited_for(at: At) -> None:
    async with at("fly", limited=2, deploy=BUILD) as held:
        assert not isinstance(await held.deploy(FIRST), Failed)


async def test_an_error_of_the_platform_changes_nothing_and_says_so(at: At) -> None:
    async with at("fly", trouble="fails after 0", deploy=BUILD) as held:
        failed = await held.deploy(FIRST)

    assert isinstance(failed, Failed)
    assert "answered 500" in failed.what
    assert held.state.writes == []


@pytest.mark.parametrize("trouble", ["garbage", "html", "redirects", "wrong schema", "endless", "internal error"])
async def test_hostile_answers_are_failures(trouble: str, at: At) -> None:
    async with at("fly", trouble=trouble, deploy=BUILD) as held:
        for found in (
            await held.adapter.current(),
            await held.adapter.releases(),
            await held.adapter.build(FIRST, held.told),
            await held.adapter.release(replace(FIRST, reference="a/b:c"), held.told),
            await held.adapter.roll_back(replace(FIRST, reference="a/b:c"), held.told),
        ):
            assert isinstance(found, Failed), found
            assert TOKEN not in repr(found)


async def test_a_token_that_may_not_deploy_names_the_permission(at: At) -> None:
    async with at("fly", may_write=False, deploy=BUILD) as held:
        failed = await held.deploy(FIRST)

    assert isinstance(failed, Failed)
    assert "(403)" in failed.what
    assert "deploy token" in failed.what + failed.then
    assert not failed.unsure
    assert TOKEN not in repr(failed)


@pytest.mark.parametrize(
    ("line", "image"),
    [
        ("image: registry.fly.io/portal:deployment-01", "registry.fly.io/portal:deployment-01"),
        ("registry.example:5000/a/b:v1", "registry.example:5000/a/b:v1"),
        (f"ghcr.io/a/b@sha256:{'0' * 64}", f"ghcr.io/a/b@sha256:{'0' * 64}"),
        ("registry.fly.io/portal", ""),
        ("registry.example:5000/a", ""),
        ("done.", ""),
    ],
)
def test_an_image_is_known_by_its_tag_or_digest(line: str, image: str) -> None:
    assert _image_in([line, "image size: 737 MB"]) == image


async def test_migrations_are_taken_back_by_their_commands(at: At) -> None:
    async with at("fly", deploy={"undo_migrations": ["echo back to before $RELEASE"]}) as held:
        assert await held.adapter.undo_migrations(FIRST, held.told) is None  # type: ignore[attr-defined]

    assert f"back to before {FIRST.id}" in held.lines
