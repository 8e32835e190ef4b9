"""`launchready edge` in processes of its own against the lab's Cloudflare: what it makes, takes back, and survives."""

from __future__ import annotations

import json
from typing import Any

import pytest

from launchready import journal
from launchready.lab.cloudflare.account import ALL, TOKEN, Token
from launchready.lab.cloudflare.state import CloudflareState
from launchready.lab.healthy import DOMAIN, ORIGIN
from launchready.lab.world import Issuer, Response, certificate, route

DYING = """
import os
from launchready.journal import Journal
note, count = Journal.note, 0
def dying(self, what, **fields):
    global count
    count += 1
    if count == {at} and {before}:
        os.kill(os.getpid(), 9)
    note(self, what, **fields)
    if count == {at}:
        os.kill(os.getpid(), 9)
Journal.note = dying
from launchready.cli.main import run
run()
"""
TINY = f'domain = "{DOMAIN}"\n[edge]\nproxied = false\ncaa = ["ca.example"]\n[edge.mail]\ndmarc = "none"\n'
"""Records that are not there, and nobody's have to give way."""


def texts(state: CloudflareState, name: str) -> list[str]:
    return [r.content for r in state.records.values() if r.name == name and r.type == "TXT"]


async def test_what_is_missing_is_made_and_a_second_plan_has_nothing_to_do(place: Any) -> None:
    async with place() as it:
        before = it.held()
        planned = await it.run("plan")
        assert (planned.code, it.held()) == (1, before), planned
        ran = await it.run("apply", "--yes", "--no-checks")

        assert ran.code == 0, ran
        assert it.zone.settings["always_use_https"] == "on"
        assert it.zone.record(f"_dmarc.{DOMAIN}", "TXT").comment.startswith("launchready")
        again = await it.run("plan")
        assert again.code == 0, again.out


async def test_undo_leaves_the_zone_as_it_was(place: Any) -> None:
    async with place() as it:
        before = it.held()
        await it.run("apply", "--yes", "--no-checks")
        assert it.held() != before
        undone = await it.run("undo", "--yes")

        assert undone.code == 0, undone
        assert it.held() == before
        assert (await it.run("undo", "--yes")).code == 2


async def test_nothing_is_changed_unless_somebody_says_so(place: Any) -> None:
    async with place(toml=TINY) as it:
        before = it.held()
        ran = await it.run("apply", "--no-checks")

        assert (ran.code, it.held(), it.zone.writes) == (2, before, 0)
        assert "--yes" in ran.err


async def test_a_record_of_somebody_else_gives_way_only_when_it_is_named(place: Any) -> None:
    other = {"type": "TXT", "name": f"_dmarc.{DOMAIN}", "content": '"v=DMARC1; p=quarantine"', "ttl": 300}
    async with place(toml=TINY, records=(other,)) as it:
        refused = await it.run("apply", "--yes", "--no-checks")
        assert texts(it.zone, f"_dmarc.{DOMAIN}") == ['"v=DMARC1; p=quarantine"']
        assert "--take" in refused.out
        await it.run("apply", "--yes", "--no-checks", "--take", "_dmarc TXT")
        assert texts(it.zone, f"_dmarc.{DOMAIN}") == ['"v=DMARC1; p=none"']
        await it.run("undo", "--yes")
        assert texts(it.zone, f"_dmarc.{DOMAIN}") == ['"v=DMARC1; p=quarantine"']


async def test_other_texts_at_the_root_and_rules_of_others_stay(place: Any) -> None:
    toml = TINY.replace("proxied = false\n", "") + 'spf = ["mx"]\n'
    other = {"type": "TXT", "name": DOMAIN, "content": '"google-site-verification=abc"', "ttl": 300}
    theirs = {"action": "block", "expression": 'http.host eq "old.example"', "ref": "theirs"}
    rules = {"http_request_firewall_custom": (theirs,), "http_request_cache_settings": (
        {"action": "set_cache_settings", "expression": "true", "action_parameters": {"cache": True}, "ref": "cached"},
    )}  # fmt: skip
    async with place(toml=toml, records=(other,), rulesets=rules) as it:
        await it.run("apply", "--yes", "--no-checks", "--take", "@ TXT")

        assert '"google-site-verification=abc"' in texts(it.zone, DOMAIN)
        assert sum("v=spf1" in text for text in texts(it.zone, DOMAIN)) == 1
        assert next(r["ref"] for r in it.zone.rules("http_request_firewall_custom")) == "theirs"
        refs = [r["ref"] for r in it.zone.rules("http_request_cache_settings")]
        assert refs[0] == "cached"
        assert len(refs) > 2


async def test_a_plan_of_a_hundred_records_and_thirty_rules_takes_at_most_twelve_requests(place: Any) -> None:
    entries = tuple({"type": "A", "name": f"h{n}.{DOMAIN}", "content": ORIGIN[0], "ttl": 300} for n in range(85))
    rule = {"http_request_dynamic_redirect": {"action": "redirect", "action_parameters": {"from_value": {
                "status_code": 301, "target_url": {"value": "https://x.example/"}}}},
            "http_request_cache_settings": {"action": "set_cache_settings", "action_parameters": {"cache": True}},
            "http_request_firewall_custom": {"action": "block"},
            "http_response_headers_transform": {"action": "rewrite", "action_parameters": {"headers": {
                "X-A": {"operation": "set", "value": "1"}}}}}  # fmt: skip
    rules = {phase: tuple({**body, "ref": f"r{n}", "expression": f'http.host eq "{n}.example"'}
                          for n in range(4 if "firewall" in phase else 9))
             for phase, body in rule.items()}  # fmt: skip
    managed = {
        "action": "execute",
        "expression": "true",
        "action_parameters": {"id": "77454fe2d30c4220b5701f6fdfb893ba"},
    }
    rules["http_request_firewall_managed"] = (managed,)
    rate = {"characteristics": ["cf.colo.id", "ip.src"], "period": 10, "requests_per_period": 5}
    rules["http_ratelimit"] = (
        {"action": "block", "expression": "true", "ratelimit": {**rate, "mitigation_timeout": 10}},
    )
    async with place(records=entries, rulesets=rules) as it:
        assert len(it.zone.records) >= 100
        assert sum(len(one.rules) for one in it.zone.rulesets.values()) >= 30
        ran = await it.run("plan", "--json")

        assert ran.code == 1, ran
        assert json.loads(ran.out)
        assert len(it.zone.calls) <= 12, it.zone.calls
        assert it.zone.writes == 0


async def test_every_permission_that_is_missing_is_named_before_anything_is_changed(place: Any) -> None:
    lacking = ("DNS Write", "Zone Settings Write")
    groups = (*(name for name in ALL if name not in lacking), "DNS Read", "Zone Settings Read")
    async with place(tokens=(Token(groups=groups),)) as it:
        before = it.held()
        ran = await it.run("apply", "--yes", "--no-checks")

        assert (ran.code != 0, it.held(), it.zone.writes) == (True, before, 0), ran
        for name in ("DNS", "Zone Settings"):
            assert name in ran.err
        assert "Token" in ran.err or "token" in ran.err
        assert it.journals == []


async def test_a_token_that_is_none_is_told_from_one_that_may_not(place: Any) -> None:
    async with place() as it:
        it.token = "another-token-of-the-right-form-00000000"
        ran = await it.run("plan")

        assert ran.code in (2, 3)
        assert "CLOUDFLARE_API_TOKEN" in ran.err


async def test_a_limit_is_waited_for(place: Any) -> None:
    async with place(toml=TINY, limited=2, limited_after=7, retry_after="1") as it:
        ran = await it.run("apply", "--yes", "--no-checks")

        assert ran.code == 0, ran
        assert it.zone.limited == 0
        assert len(texts(it.zone, f"_dmarc.{DOMAIN}")) == 1


async def test_a_limit_that_is_longer_than_the_run_is_told(place: Any) -> None:
    async with place(toml=TINY, limited=50, retry_after="300") as it:
        ran = await it.run("plan", "--deadline", "20")

        assert ran.code == 3, ran
        assert "429" in ran.err


async def test_an_error_in_the_middle_stops_and_the_next_apply_goes_on(place: Any) -> None:
    async with place(fails_at_write=3) as it:
        before = it.held()
        ran = await it.run("apply", "--yes", "--no-checks")
        assert ran.code != 0
        assert "edge apply" in ran.err
        assert "edge undo" in ran.err
        assert it.zone.writes == 2
        again = await it.run("apply", "--yes", "--no-checks")
        assert again.code == 0, again
        assert (await it.run("plan")).code == 0
        await it.run("undo", "--yes")
        assert it.held() == before


async def test_an_answer_that_is_lost_is_found_out_by_looking(place: Any) -> None:
    async with place(cut_at_write=2) as it:
        before = it.held()
        await it.run("apply", "--yes", "--no-checks")
        await it.run("apply", "--yes", "--no-checks")
        assert (await it.run("plan")).code == 0
        assert len([r for r in it.zone.records.values() if r.name == f"_dmarc.{DOMAIN}"]) == 1
        await it.run("undo", "--yes")
        assert it.held() == before


async def test_a_token_revoked_half_way_leaves_a_state_that_is_known(place: Any) -> None:
    async with place(revoked_after_writes=3) as it:
        before = it.held()
        ran = await it.run("apply", "--yes", "--no-checks")
        assert ran.code != 0
        assert "edge undo" in ran.err
        fresh = "lab-cloudflare-token-another-000000000"
        it.zone.account = type(it.zone.account)(tokens=(Token(value=fresh),))
        it.zone.tokens = (Token(value=fresh),)
        it.token = fresh
        undone = await it.run("undo", "--yes")
        assert undone.code == 0, undone
        assert it.held() == before


async def test_what_somebody_edits_between_plan_and_apply_is_not_overwritten(place: Any) -> None:
    def edit(state: CloudflareState) -> None:
        state.add_record(type="TXT", name=f"_dmarc.{DOMAIN}", content='"v=DMARC1; p=quarantine"')

    async with place(toml=TINY) as it:
        calls = len(it.zone.calls)
        await it.run("plan")
        looked = len(it.zone.calls) - calls
        it.zone.after_call[len(it.zone.calls) + looked] = edit
        ran = await it.run("apply", "--yes", "--no-checks")

        assert texts(it.zone, f"_dmarc.{DOMAIN}") == ['"v=DMARC1; p=quarantine"'], ran
        assert ran.code == 1, ran
        assert "somebody" in ran.out + ran.err


async def test_two_at_once_do_not_mix(place: Any) -> None:
    waiting = "import time\nfrom launchready.journal import Journal\nnote = Journal.note\n" \
        "def slow(self, what, **f):\n    note(self, what, **f)\n    print('HELD', flush=True)\n    time.sleep(20)\n" \
        "Journal.note = slow\nfrom launchready.cli.main import run\nrun()"  # fmt: skip
    async with place(toml=TINY) as it:
        first = await it.start("apply", "--yes", "--no-checks", program=waiting)
        assert first.stdout
        while b"HELD" not in (line := await first.stdout.readline()):
            assert line, (await first.communicate())[1]
        second = await it.run("apply", "--yes", "--no-checks")
        first.kill()
        await first.wait()

        assert second.code == 2, second
        assert "another" in second.err


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("at", range(2, 7))
async def test_a_kill_at_any_line_of_the_journal_resumes(place: Any, at: int, before: bool) -> None:
    async with place(toml=TINY) as it:
        was = it.held()
        died = await it.run("apply", "--yes", "--no-checks", program=DYING.format(at=at, before=before))
        if died.code != 0:
            assert died.code == -9
        resumed = await it.run("apply", "--yes", "--no-checks")
        assert resumed.code == 0, resumed
        assert (await it.run("plan")).code == 0
        assert len([r for r in it.zone.records.values() if r.name == f"_dmarc.{DOMAIN}"]) == 1
        if it.held() != was:
            await it.run("undo", "--yes")
        assert it.held() == was


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("at", range(2, 6))
async def test_a_kill_at_any_line_of_the_journal_can_be_taken_back(place: Any, at: int, before: bool) -> None:
    async with place(toml=TINY) as it:
        was = it.held()
        await it.run("apply", "--yes", "--no-checks", program=DYING.format(at=at, before=before))
        await it.run("undo", "--yes")
        assert it.held() == was


async def test_a_kill_in_the_middle_of_an_undo_is_gone_on_with(place: Any) -> None:
    async with place(toml=TINY) as it:
        was = it.held()
        await it.run("apply", "--yes", "--no-checks")
        await it.run("undo", "--yes", program=DYING.format(at=2, before=False))
        await it.run("undo", "--yes")
        assert it.held() == was


async def test_drift_tells_what_was_changed_by_hand_and_undo_leaves_it(place: Any) -> None:
    async with place(toml=TINY) as it:
        await it.run("apply", "--yes", "--no-checks")
        assert (await it.run("drift")).code == 0
        held = it.zone.record(f"_dmarc.{DOMAIN}", "TXT")
        del it.zone.records[held.id]
        it.zone.add_record(type="TXT", name=f"_dmarc.{DOMAIN}", content='"v=DMARC1; p=quarantine"')

        told = await it.run("drift")
        assert told.code == 1
        assert "_dmarc" in told.out
        assert "quarantine" in told.out
        undone = await it.run("undo", "--yes")
        assert texts(it.zone, f"_dmarc.{DOMAIN}") == ['"v=DMARC1; p=quarantine"'], undone
        assert "_dmarc" in undone.out + undone.err
        assert not [r for r in it.zone.records.values() if r.type == "CAA"]


async def test_an_alias_becomes_addresses_in_one_request(place: Any) -> None:
    toml = f'domain = "{DOMAIN}"\n[edge]\nproxied = false\nhosts = {{ shop = "{ORIGIN[0]}" }}\n'
    alias = {"type": "CNAME", "name": f"shop.{DOMAIN}", "content": "old.hosting.example", "ttl": 300}
    async with place(toml=toml, records=(alias,)) as it:
        ran = await it.run("apply", "--yes", "--no-checks", "--take", "shop CNAME")

        assert [r.type for r in it.zone.records.values() if r.name == f"shop.{DOMAIN}"] == ["A"], ran
        changes = [path for method, path in it.zone.calls if method != "GET" and "dns_records" in path]
        assert sum(path.endswith("/batch") for path in changes) >= 1
        assert all(path.endswith("/batch") for path in changes), changes
        await it.run("undo", "--yes")
        assert it.zone.record(f"shop.{DOMAIN}", "CNAME").content == "old.hosting.example"


async def test_the_journal_names_the_action_and_holds_the_inverse(place: Any) -> None:
    async with place(toml=TINY) as it:
        await it.run("apply", "--yes", "--no-checks")
        entries = journal.Journal(it.journals[-1]).entries()

        assert entries[0]["subject"] == DOMAIN
        assert [e["what"] for e in entries if e["what"] in ("intent", "done")] == ["intent", "done"] * (
            len(entries) // 2 - 1
        )
        assert TOKEN not in it.journals[-1].read_text(encoding="utf-8")


LED_AWAY = f"""domain = "{DOMAIN}"
canonical = "https://{DOMAIN}/"
[edge]
delete = ["@ A", "@ AAAA", "www A", "www AAAA"]
origin = ["{ORIGIN[0]}", "{ORIGIN[1]}"]
"""


async def test_a_redirect_that_would_go_in_circles_with_the_portals_own_is_left_out(place: Any) -> None:
    away = Response(301, (("Location", f"https://www.{DOMAIN}/"),))
    async with place(route(DOMAIN, "*", away), toml=LED_AWAY) as it:
        planned = await it.run("plan")
        assert "circles" in planned.out, planned
        await it.run("apply", "--yes", "--no-checks")
        assert it.zone.rules("http_request_dynamic_redirect") == []


async def test_a_redirect_that_agrees_with_the_portal_is_made(place: Any) -> None:
    page = Response(200, (("Content-Type", "text/html"),), "<title>Portal</title>")
    async with place(route(DOMAIN, "*", page), toml=LED_AWAY) as it:
        await it.run("apply", "--yes", "--no-checks")
        assert len(it.zone.rules("http_request_dynamic_redirect")) == 1


async def test_strict_waits_for_an_origin_whose_certificate_verifies(place: Any) -> None:
    async with place(certificate(DOMAIN, issuer=Issuer.SELF), toml=LED_AWAY) as it:
        ran = await it.run("apply", "--yes", "--no-checks")
        assert it.zone.settings["ssl"] == "full", ran
        assert "certificate" in ran.out


async def test_deleting_a_third_of_the_zone_has_to_be_said(place: Any) -> None:
    names = [f"h{n}" for n in range(30)]
    entries = tuple({"type": "A", "name": f"{n}.{DOMAIN}", "content": ORIGIN[0], "ttl": 300} for n in names)
    named = ", ".join(f'"{name} A"' for name in names)
    async with place(toml=f'domain = "{DOMAIN}"\n[edge]\ndelete = [{named}]\n', records=entries) as it:
        before = len(it.zone.records)
        ran = await it.run("apply", "--yes", "--no-checks")
        assert len(it.zone.records) == before, ran
        assert ran.code != 0
        assert "--delete-many" in ran.err
        await it.run("apply", "--yes", "--no-checks", "--delete-many")
        assert len(it.zone.records) == before - len(names)
