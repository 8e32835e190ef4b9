"""An apply must not take the site down by leading it to nobody, and a wanted stage that is still red is no failure."""

from __future__ import annotations

from typing import Any

from launchready.lab.healthy import DOMAIN, ORIGIN, STRAY

NAMED = 'delete = ["@ A", "@ AAAA", "www A", "www AAAA"]'


def led_to(address: str) -> str:
    return f'domain = "{DOMAIN}"\n[edge]\norigin = ["{address}"]\n{NAMED}\n'


def addresses(it: Any, name: str) -> set[str]:
    return {r.content for r in it.zone.records.values() if r.name == name and r.type in ("A", "AAAA")}


async def test_a_site_that_works_is_not_led_to_where_nothing_answers(place: Any) -> None:
    async with place(toml=led_to(STRAY[0])) as it:
        ran = await it.run("apply", "--yes", "--no-checks")

        assert ran.code == 1, ran
        assert f"nothing answers at {STRAY[0]}" in ran.out
        assert addresses(it, DOMAIN) == addresses(it, f"www.{DOMAIN}") == set(ORIGIN)


async def test_somebody_who_says_so_may_lead_it_there(place: Any) -> None:
    async with place(toml=led_to(STRAY[0])) as it:
        ran = await it.run("apply", "--yes", "--no-checks", "--take", "@ UNANSWERED", "--take", "www UNANSWERED")
        assert addresses(it, DOMAIN) == {STRAY[0]}, ran


async def test_a_server_that_lets_the_edge_in_only_may_stay_behind_it(place: Any) -> None:
    async with place(toml=led_to(ORIGIN[0]), closed_origin=True) as it:
        ran = await it.run("plan")
        assert "nothing answers" not in ran.out, ran


async def test_a_site_that_works_behind_the_edge_alone_is_not_led_to_nobody(place: Any) -> None:
    async with place(toml=led_to(STRAY[0]), closed_origin=True, proxied=("@", "www")) as it:
        ran = await it.run("plan")
        assert f"nothing answers at {STRAY[0]}" in ran.out, ran


async def test_a_stage_that_is_wanted_and_red_is_no_failure(place: Any) -> None:
    async with place() as it:
        ran = await it.run("apply", "--yes")
        assert "mail.dmarc.policy" in ran.out, ran
        assert "red" in ran.out
        assert ran.code == 0, ran
