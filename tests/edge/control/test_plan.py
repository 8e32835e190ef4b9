"""`edge plan` in the lab: what it says is wanted, what it refuses, how often it asks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from launchready.edge.control import action
from launchready.edge.control.held import Barred
from launchready.edge.control.proposal import Proposal
from launchready.edge.control.steps import Step
from launchready.lab.authority import Authority
from launchready.lab.cloudflare.account import ALL, TOKEN, CloudflareAccount, Token
from launchready.lab.cloudflare.worlds import behind_cloudflare
from launchready.lab.healthy import DOMAIN, ORIGIN, STRAY, healthy_world
from launchready.lab.lab import Lab
from launchready.lab.world import Change

EDGE: dict[str, Any] = {"origin": list(ORIGIN), "token_env": "LAB_EDGE_TOKEN"}
PROXIED = ("@", "www", "app", "api", "staging", "mta-sts")


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_EDGE_TOKEN", TOKEN)


def lab_with(authority: Authority, *changes: Change, **account: Any) -> Lab:
    world = healthy_world()
    for change in changes:
        world = change(world)
    account.setdefault("proxied", PROXIED)
    return Lab(behind_cloudflare(world, CloudflareAccount(**account)), authority=authority)


async def planned(lab: Lab, root: Path, *take: str, **edge: Any) -> Proposal | Barred:
    look = lab.look(edge={**EDGE, **edge}, canonical=f"https://www.{DOMAIN}/", discover=False)
    try:
        return await action.plan(look, root, take)
    finally:
        await look.close()


async def proposal(lab: Lab, root: Path, *take: str, **edge: Any) -> Proposal:
    found = await planned(lab, root, *take, **edge)
    assert isinstance(found, Proposal), found
    return found


def step(found: Proposal, subject: str) -> Step:
    return next(step for step in found.steps if step.subject == subject)


def subjects(found: Proposal) -> list[str]:
    return [step.subject for step in found.steps]


async def test_a_plan_names_what_is_missing_and_changes_nothing(authority: Authority, tmp_path: Path) -> None:
    async with lab_with(authority) as lab:
        before = {id: record.shown() for id, record in lab.cloudflare.records.items()}
        found = await proposal(lab, tmp_path, mail={"dmarc": "none"}, caa=["letsencrypt.org"])

        assert "launchready-canonical RULE" in subjects(found)
        assert step(found, "always_use_https").words == "off → on"
        assert step(found, "ssl").words == "full → strict"
        assert step(found, "security_header").words == "off → 31536000 s"
        assert any("past test, week, month" in note for note in found.notes)
        assert {id: record.shown() for id, record in lab.cloudflare.records.items()} == before
        assert lab.cloudflare.writes == 0
        assert {method for method, _ in lab.cloudflare.calls} == {"GET"}
        assert found.calls == len(lab.cloudflare.calls) <= 12


async def test_a_hundred_records_and_thirty_rules_take_twelve_calls(authority: Authority, tmp_path: Path) -> None:
    redirect = {
        "action": "redirect",
        "action_parameters": {"from_value": {"status_code": 301, "target_url": {"value": "https://x.example/"}}},
    }
    bypass = {"action": "set_cache_settings", "action_parameters": {"cache": False}}
    headers = {"headers": {"X-A": {"operation": "set", "value": "b"}}}

    def many(rule: dict[str, Any], number: int) -> tuple[dict[str, Any], ...]:
        return tuple({**rule, "expression": f'http.request.uri.path eq "/{i}"'} for i in range(number))

    rules = {
        "http_request_dynamic_redirect": many(redirect, 9),
        "http_request_cache_settings": many(bypass, 7),
        "http_request_firewall_custom": many({"action": "block"}, 5),
        "http_response_headers_transform": many({"action": "rewrite", "action_parameters": headers}, 9),
    }
    records = tuple({"type": "A", "name": f"h{i}", "content": "192.88.99.11", "ttl": 300} for i in range(100))
    async with lab_with(authority, rulesets=rules, records=records) as lab:
        assert sum(len(r.rules) for r in lab.cloudflare.rulesets.values()) == 30
        found = await proposal(lab, tmp_path)
        assert len(lab.cloudflare.calls) <= 12
        assert not any("h1." in subject for subject in subjects(found)), "records of others are not touched"


async def test_records_of_others_are_refused_unless_named(authority: Authority, tmp_path: Path) -> None:
    async with lab_with(authority, proxied=()) as lab:
        found = await proposal(lab, tmp_path)
        refused = next(r for r in found.refused if r.subject == f"www.{DOMAIN} A")
        assert refused.allow == f"www.{DOMAIN} A"
        assert f"www.{DOMAIN}" not in " ".join(subjects(found))

        named = await proposal(lab, tmp_path, "www A", "www AAAA")
        assert step(named, f"www.{DOMAIN} A/AAAA").mark == "~"
        assert any(r.subject == f"{DOMAIN} A" for r in named.refused), "the root was not named"

        by_file = await proposal(lab, tmp_path, delete=["@ A", "@ AAAA"])
        assert step(by_file, f"{DOMAIN} A/AAAA").mark == "~"


async def test_text_at_one_name_is_merged_by_value(authority: Authority, tmp_path: Path) -> None:
    text = {"type": "TXT", "name": "@", "content": '"site-verification=abc"', "ttl": 300}
    async with lab_with(authority, records=(text,)) as lab:
        refused = await proposal(lab, tmp_path, mail={"spf": ["include:_spf.new.example"]})
        assert any(r.subject == f"{DOMAIN} TXT" and r.allow == f"{DOMAIN} TXT" for r in refused.refused)

        for record in [r for r in lab.cloudflare.records.values() if r.content.strip('"').startswith("v=spf1")]:
            if record.name == DOMAIN:
                record.comment = "launchready M2"
        ours = step(await proposal(lab, tmp_path, mail={"spf": ["include:_spf.new.example"]}), f"{DOMAIN} TXT")
        after = {entry["content"] for entry in ours.after}
        assert "site-verification=abc" in after
        assert {text for text in after if text.startswith("v=spf1")} == {"v=spf1 include:_spf.new.example -all"}


async def test_an_alias_makes_way_in_one_step(authority: Authority, tmp_path: Path) -> None:
    alias = {"type": "CNAME", "name": "new", "content": "x.mailer.example", "ttl": 300}
    async with lab_with(authority, records=(alias,)) as lab:
        found = await proposal(lab, tmp_path, "new CNAME", hosts={"new": ORIGIN[0]})
        swap = step(found, f"new.{DOMAIN} CNAME/A")
        assert [(e["type"]) for e in swap.before] == ["CNAME"]
        assert [(e["type"]) for e in swap.after] == ["A"]


async def test_a_stage_of_dmarc_that_is_skipped_is_pointed_out(authority: Authority, tmp_path: Path) -> None:
    async with lab_with(authority) as lab:
        for record in list(lab.cloudflare.records.values()):
            if record.name == f"_dmarc.{DOMAIN}":
                del lab.cloudflare.records[record.id]
        found = await proposal(lab, tmp_path, mail={"dmarc": "reject"})
        assert step(found, f"_dmarc.{DOMAIN} TXT").mark == "+"
        assert any("past none, quarantine" in note for note in found.notes)
        staged = await proposal(lab, tmp_path, mail={"dmarc": "none"})
        assert not any("DMARC goes" in note for note in staged.notes)


async def test_strict_waits_for_a_certificate_that_verifies(authority: Authority, tmp_path: Path) -> None:
    from dataclasses import replace

    from launchready.lab.world import Certificate, World

    def expired(world: World) -> World:
        sites = tuple(
            replace(site, certificate=Certificate(from_days=-90, until_days=-1)) if site.host == DOMAIN else site
            for site in world.sites
        )
        return replace(world, sites=sites)

    async with lab_with(authority, expired) as lab:
        found = await proposal(lab, tmp_path)
        assert "ssl" not in subjects(found)
        assert any("ssl stays full, not strict" in note for note in found.notes)


async def test_a_rule_of_somebody_else_in_the_only_place_is_kept(authority: Authority, tmp_path: Path) -> None:
    rate = {
        "characteristics": ["ip.src", "cf.colo.id"],
        "period": 10,
        "requests_per_period": 5,
        "mitigation_timeout": 10,
    }
    theirs = {"action": "block", "expression": 'http.request.uri.path eq "/x"', "ratelimit": rate, "ref": "theirs"}
    async with lab_with(authority, rulesets={"http_ratelimit": (theirs,)}) as lab:
        found = await proposal(lab, tmp_path)
        refused = next(r for r in found.refused if r.subject == "launchready-limit RULE")
        assert refused.allow == "theirs RULE"
        named = await proposal(lab, tmp_path, "theirs RULE")
        order = subjects(named)
        assert order.index("theirs RULE") < order.index("launchready-limit RULE"), "its place is needed"


async def test_an_override_that_weakens_ddos_protection_is_told(authority: Authority, tmp_path: Path) -> None:
    weak = {
        "action": "execute", "expression": "true", "ref": "weak",
        "action_parameters": {"id": "4d21379b4f9f4bb088e0729962c8b3cf", "overrides": {"sensitivity_level": "low"}},
    }  # fmt: skip
    async with lab_with(authority, rulesets={"ddos_l7": (weak,)}) as lab:
        found = await proposal(lab, tmp_path)
        assert next(r.allow for r in found.refused if r.subject == "DDoS protection") == "weak RULE"
        assert step(await proposal(lab, tmp_path, "weak RULE"), "weak RULE").mark == "-"
    async with lab_with(authority) as lab:
        assert any("on by default" in same for same in (await proposal(lab, tmp_path)).same)


@pytest.mark.parametrize("group", ["DNS Write", "Zone Settings Write", "Cache Settings Write", "Zone WAF Write"])
async def test_a_permission_that_is_missing_is_named(authority: Authority, tmp_path: Path, group: str) -> None:
    fewer = Token(groups=tuple(one for one in ALL if one != group))
    async with lab_with(authority, tokens=(fewer,)) as lab:
        found = await planned(lab, tmp_path)
        assert isinstance(found, Barred)
        assert found.denied
        assert f"lacks: {group}." in str(found)
        assert "api-tokens" in str(found)


async def test_a_token_that_is_none_is_told(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with lab_with(authority) as lab:
        monkeypatch.setenv("LAB_EDGE_TOKEN", "wrong-token-wrong-token-wrong-token-0000")
        found = await planned(lab, tmp_path)
        assert isinstance(found, Barred)
        assert "not a token that Cloudflare knows" in str(found)
        assert "wrong-token" not in str(found)
        monkeypatch.delenv("LAB_EDGE_TOKEN")
        found = await planned(lab, tmp_path)
        assert isinstance(found, Barred)
        assert "holds no API token" in str(found)
        assert "DNS Write" in str(found)


async def test_a_limit_is_waited_for_and_the_settings_are_read_one_by_one(authority: Authority, tmp_path: Path) -> None:
    async with lab_with(authority, limited=2, limited_after=1, batch_settings=False) as lab:
        found = await proposal(lab, tmp_path)
        assert step(found, "always_use_https")
        assert len(lab.cloudflare.calls) == found.calls


async def test_a_zone_that_is_delegated_elsewhere_is_told(authority: Authority, tmp_path: Path) -> None:
    async with lab_with(authority, status="pending") as lab:
        assert "ada.ns.cloudflare.com" in (await proposal(lab, tmp_path)).notes[0]


async def test_a_redirect_that_the_portal_answers_with_its_opposite_is_left_out(
    authority: Authority, tmp_path: Path
) -> None:
    async with lab_with(authority) as lab:  # the healthy portal leads the root to www by itself
        look = lab.look(edge=EDGE, canonical=f"https://{DOMAIN}/", discover=False)
        found = await action.plan(look, tmp_path)
        await look.close()
        assert isinstance(found, Proposal), found
        assert "launchready-canonical RULE" not in subjects(found)
        assert any("in circles" in note and f"https://www.{DOMAIN}/" in note for note in found.notes)


async def test_a_host_is_not_led_to_where_nothing_answers(authority: Authority, tmp_path: Path) -> None:
    take = ("@ A", "@ AAAA", "www A", "www AAAA")
    async with lab_with(authority) as lab:
        found = await proposal(lab, tmp_path, *take, origin=[STRAY[0]])
        refused = next(r for r in found.refused if r.subject.startswith(f"www.{DOMAIN} "))
        assert f"nothing answers at {STRAY[0]}" in refused.why
        assert refused.allow == f"www.{DOMAIN} UNANSWERED"
        assert not any(one.startswith((f"www.{DOMAIN}", f"{DOMAIN} A")) for one in subjects(found))

        meant = await proposal(lab, tmp_path, *take, "www UNANSWERED", origin=[STRAY[0]])
        assert step(meant, f"www.{DOMAIN} A/AAAA").mark == "~"

        answering = await proposal(lab, tmp_path, *take, hosts={"www": ORIGIN[0], "@": list(ORIGIN)})
        assert not any("nothing answers" in r.why for r in answering.refused)


async def test_a_server_that_lets_only_the_edge_in_is_no_reason_to_refuse(authority: Authority, tmp_path: Path) -> None:
    async with lab_with(authority, proxied=(), closed_origin=True) as lab:
        found = await proposal(lab, tmp_path, "www A", "www AAAA")
        assert step(found, f"www.{DOMAIN} A/AAAA").mark == "~", "it leads there already"
