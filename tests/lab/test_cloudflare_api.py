"""The lab's Cloudflare API: what it takes and refuses, in which envelope, and what goes wrong as data says."""

from __future__ import annotations

import json
from typing import Any, get_args

import cloudflare
import httpx
import pytest
from pydantic import BaseModel, TypeAdapter

from launchready.lab.authority import Authority
from launchready.lab.cloudflare.account import ALL, Token
from launchready.lab.cloudflare.state import CloudflareState
from launchready.lab.healthy import DOMAIN, ORIGIN

from .cloudflare_client import ask, lab_with, with_sdk

RECORDS = "zones/{zone}/dns_records"
A = {"type": "A", "name": "new", "content": ORIGIN[0], "ttl": 1}
READER = Token("lab-reader-token-00000000000000", ("Zone Read", "DNS Read"))


def refusal(answer: httpx.Response) -> tuple[int, int]:
    """(status, code) of an answer in the envelope of an error."""
    body = answer.json()
    assert set(body) == {"result", "success", "errors", "messages"}
    assert (body["success"], body["result"], body["messages"]) == (False, None, [])
    assert body["errors"][0]["message"]
    return answer.status_code, body["errors"][0]["code"]


def extras(value: object) -> list[str]:
    """Keys in an answer that the SDK's type for it does not know."""
    if isinstance(value, list):
        return [key for one in value for key in extras(one)]
    if not isinstance(value, BaseModel):
        return []
    return [*(value.model_extra or ()), *(k for _, inner in value for k in extras(inner))]


def strictly(annotation: Any, result: Any) -> Any:
    """A result as the SDK's type, with no coercion and no unknown key."""
    made = TypeAdapter(annotation).validate_json(json.dumps(result), strict=True)
    assert extras(made) == []
    return made


async def test_the_sdk_lists_creates_changes_and_deletes_records(authority: Authority) -> None:
    def work(client: cloudflare.Cloudflare, zone: str) -> list[str]:
        new = client.dns.records.create(zone_id=zone, name="new", type="A", content=ORIGIN[0], ttl=1, proxied=True)
        client.dns.records.edit(new.id, zone_id=zone, name="new", type="A", content=ORIGIN[0], ttl=120, proxied=False)
        changed = client.dns.records.get(new.id, zone_id=zone)
        client.dns.records.update(new.id, zone_id=zone, name="new", type="TXT", content='"hello"', ttl=300)
        text = client.dns.records.get(new.id, zone_id=zone)
        client.dns.records.delete(new.id, zone_id=zone)
        return [str(changed.ttl), str(changed.proxied), text.type, str(text.content)]

    async with lab_with(authority) as lab:
        before = len(lab.cloudflare.records)
        assert await with_sdk(lab, work) == ["120.0", "False", "TXT", '"hello"']
        assert len(lab.cloudflare.records) == before
        assert [m for m, _ in lab.cloudflare.calls] == ["POST", "PATCH", "GET", "PUT", "GET", "DELETE"]


async def test_every_answer_is_of_the_type_the_sdk_has_for_it(authority: Authority) -> None:
    from cloudflare.types.bot_management import BotManagementGetResponse
    from cloudflare.types.dns import RecordBatchResponse, RecordResponse
    from cloudflare.types.rulesets import PhaseGetResponse, RulesetListResponse
    from cloudflare.types.user import TokenVerifyResponse
    from cloudflare.types.zones import SettingGetResponse, Zone

    rules = {"http_request_firewall_custom": ({"action": "block", "expression": 'http.host eq "x"'},)}
    async with lab_with(authority, rulesets=rules) as lab:

        async def result(path: str, method: str = "GET", **given: Any) -> Any:
            return (await ask(lab, method, path, **given)).json()["result"]

        strictly(TokenVerifyResponse, await result("user/tokens/verify"))
        strictly(list[Zone], await result(f"zones?name={DOMAIN}"))
        for record in await result(RECORDS):
            model = next(m for m in get_args(RecordResponse) if m.__name__ == f"{record['type']}Record")
            strictly(model, record)
        batch = {"posts": [A, {"type": "MX", "name": "@", "ttl": 300, "content": "mx.mailer.example", "priority": 20}]}
        strictly(RecordBatchResponse, await result(f"{RECORDS}/batch", "POST", json=batch))
        for setting in await result("zones/{zone}/settings"):
            wanted = [
                m for m in get_args(SettingGetResponse) if setting["id"] in get_args(m.model_fields["id"].annotation)
            ]
            strictly(wanted[0], setting)
        strictly(get_args(BotManagementGetResponse)[0], await result("zones/{zone}/bot_management"))
        strictly(list[RulesetListResponse], await result("zones/{zone}/rulesets"))
        path = "zones/{zone}/rulesets/phases/http_request_firewall_custom/entrypoint"
        strictly(PhaseGetResponse, await result(path))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({**A, "bogus": 1}, 9207),
        ({"type": "A", "name": "new", "content": "192.0.2.1"}, 9207),
        ({**A, "ttl": "300"}, 9207),
        ({**A, "proxied": "yes"}, 9207),
        ({**A, "type": "ZZ"}, 9207),
        ([], 9207),
        ({**A, "content": "192.0.2.999"}, 9005),
        ({**A, "type": "AAAA"}, 9006),
        ({**A, "content": "10.0.0.1", "proxied": True}, 9003),
        ({**A, "ttl": 30}, 9021),
        ({**A, "comment": "x" * 101}, 9313),
        ({**A, "tags": ["team:web"]}, 9301),
        ({"type": "TXT", "name": "new", "content": "x", "ttl": 1, "proxied": True}, 9004),
        ({"type": "CAA", "name": "new", "ttl": 1}, 9101),
        ({**A, "name": "x" * 64}, 9000),
        ({**A, "name": "www"}, 81058),
        ({"type": "AAAA", "name": "www", "content": "2001:0020::0:10", "ttl": 1}, 81058),
        ({"type": "TXT", "name": "_mta-sts", "content": "v=STSv1; id=20261101", "ttl": 1}, 81058),
        ({"type": "MX", "name": "new", "content": "mx.example", "ttl": 1}, 9102),
        ({"type": "CNAME", "name": "www", "content": "x.example", "ttl": 1}, 81053),
    ],
)
async def test_a_record_that_cannot_be_is_refused_and_not_made(authority: Authority, body: Any, code: int) -> None:
    async with lab_with(authority) as lab:
        before = dict(lab.cloudflare.records)
        answer = await ask(lab, "POST", RECORDS, json=body)
        assert refusal(answer) == (400, code)
        assert lab.cloudflare.records == before
        assert lab.cloudflare.writes == 0


async def test_nothing_stands_beside_an_alias_but_what_is_no_address(authority: Authority) -> None:
    alias = {"type": "CNAME", "name": "alias", "content": "x.example", "ttl": 1}
    async with lab_with(authority, records=(alias,)) as lab:
        assert refusal(await ask(lab, "POST", RECORDS, json={**A, "name": "alias"})) == (400, 81054)
        text = {"type": "TXT", "name": "alias", "content": '"v"', "ttl": 1}
        assert (await ask(lab, "POST", RECORDS, json=text)).status_code == 200


async def test_names_and_addresses_are_kept_in_one_form(authority: Authority) -> None:
    body = {"type": "AAAA", "name": "Bücher", "content": "2001:0020:0::0011", "ttl": 1}
    async with lab_with(authority) as lab:
        made = (await ask(lab, "POST", RECORDS, json=body)).json()["result"]
        assert (made["name"], made["content"]) == (f"xn--bcher-kva.{DOMAIN}", "2001:20::11")


async def test_a_batch_is_made_whole_or_not_at_all(authority: Authority) -> None:
    async with lab_with(authority) as lab:
        www = lab.cloudflare.record(f"www.{DOMAIN}", "A")
        before = dict(lab.cloudflare.records)
        bad = {"deletes": [{"id": www.id}], "posts": [A, {**A, "name": "two", "content": "nowhere"}]}
        assert refusal(await ask(lab, "POST", f"{RECORDS}/batch", json=bad)) == (400, 9005)
        assert lab.cloudflare.records == before
        alias = {"type": "CNAME", "name": "www", "content": DOMAIN, "ttl": 1}
        six = lab.cloudflare.record(f"www.{DOMAIN}", "AAAA")
        good = {"posts": [alias], "deletes": [{"id": www.id}, {"id": six.id}]}
        answer = await ask(lab, "POST", f"{RECORDS}/batch", json=good)
        assert answer.status_code == 200, "deletes come before posts, whatever their order in the body"
        assert lab.cloudflare.record(f"www.{DOMAIN}", "CNAME").content == DOMAIN


async def test_a_list_comes_in_pages_and_by_filters(authority: Authority) -> None:
    async with lab_with(authority) as lab:
        total = len(lab.cloudflare.records)
        seen: list[str] = []
        for page in range(1, 5):
            answer = (await ask(lab, "GET", f"{RECORDS}?page={page}&per_page=7")).json()
            assert answer["result_info"]["total_count"] == total
            assert answer["result_info"]["count"] == len(answer["result"])
            seen += [one["id"] for one in answer["result"]]
        assert len(set(seen)) == total == len(lab.cloudflare.records)
        by_name = (await ask(lab, "GET", f"{RECORDS}?name.exact=www.{DOMAIN}&type=A")).json()["result"]
        assert [one["content"] for one in by_name] == [ORIGIN[0]]
        assert refusal(await ask(lab, "GET", f"{RECORDS}?per_page=0")) == (400, 1001)
        assert refusal(await ask(lab, "GET", f"{RECORDS}?colour=red")) == (400, 9009)
        assert refusal(await ask(lab, "GET", "zones?per_page=100")) == (400, 1001)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "nothing", (404, 7003)),
        ("GET", "zones/{zone}/nothing", (404, 7003)),
        ("PATCH", "zones", (405, 10405)),
        ("GET", "zones/short/dns_records", (404, 7003)),
        ("GET", f"zones/{'0' * 32}/dns_records", (403, 9109)),
        ("GET", f"zones/{{zone}}/dns_records/{'0' * 32}", (404, 81044)),
        ("GET", "zones/{zone}/settings/colour", (400, 1006)),
        ("GET", f"zones/{{zone}}/rulesets/{'0' * 32}", (404, 10003)),
        ("GET", "zones/{zone}/rulesets/phases/http_ratelimit/entrypoint", (404, 10003)),
        ("GET", "zones/{zone}/rulesets/phases/nothing/entrypoint", (400, 20217)),
    ],
)
async def test_what_is_not_there_is_said_in_the_envelope(
    authority: Authority, method: str, path: str, expected: tuple[int, int]
) -> None:
    async with lab_with(authority) as lab:
        assert refusal(await ask(lab, method, path)) == expected


async def test_settings_take_their_own_values_and_those_of_the_plan_only(authority: Authority) -> None:
    cases = [
        ("ssl", {"value": "sometimes"}, (400, 1007)),
        ("ssl", {"value": "strict", "more": 1}, (400, 1007)),
        ("browser_cache_ttl", {"value": "300"}, (400, 1007)),
        ("security_header", {"value": {"strict_transport_security": {"max_age": 1, "bogus": 1}}}, (400, 1007)),
        ("polish", {"value": "lossy"}, (403, 1015)),
    ]
    async with lab_with(authority) as lab:
        for id, body, expected in cases:
            assert refusal(await ask(lab, "PATCH", f"zones/{{zone}}/settings/{id}", json=body)) == expected, id
        hsts = {"value": {"strict_transport_security": {"enabled": True, "max_age": 300}}}
        answer = await ask(lab, "PATCH", "zones/{zone}/settings/security_header", json=hsts)
        held = answer.json()["result"]["value"]["strict_transport_security"]
        assert (held["enabled"], held["max_age"], held["preload"]) == (True, 300, False)


async def test_all_settings_at_once_end_when_cloudflare_ends_them(authority: Authority) -> None:
    both = {"items": [{"id": "ssl", "value": "strict"}, {"id": "min_tls_version", "value": "1.2"}]}
    async with lab_with(authority) as lab:
        assert (await ask(lab, "PATCH", "zones/{zone}/settings", json=both)).status_code == 200
        assert lab.cloudflare.settings["min_tls_version"] == "1.2"
    async with lab_with(authority, batch_settings=False) as lab:
        assert refusal(await ask(lab, "PATCH", "zones/{zone}/settings", json=both)) == (404, 7003)
        assert refusal(await ask(lab, "GET", "zones/{zone}/settings")) == (404, 7003)
        assert (await ask(lab, "GET", "zones/{zone}/settings/ssl")).status_code == 200


async def test_a_token_does_what_its_permission_groups_say(authority: Authority) -> None:
    path = "zones/{zone}/rulesets/phases/http_request_cache_settings/entrypoint"
    async with lab_with(authority, tokens=(READER, Token())) as lab:
        assert (await ask(lab, "GET", RECORDS, token=READER.value)).status_code == 200
        assert refusal(await ask(lab, "POST", RECORDS, token=READER.value, json=A)) == (403, 10000)
        assert refusal(await ask(lab, "GET", "zones/{zone}/settings", token=READER.value)) == (403, 10000)
        assert refusal(await ask(lab, "GET", path, token=READER.value)) == (403, 10000)
        assert (await ask(lab, "PUT", path, json={"rules": []})).status_code == 200
        own = (await ask(lab, "GET", "user/tokens/verify")).json()["result"]["id"]
        assert refusal(await ask(lab, "GET", f"user/tokens/{own}")) == (403, 10000)


async def test_a_token_may_be_let_to_read_itself(authority: Authority) -> None:
    token = Token(groups=(*ALL, "API Tokens Read"))
    async with lab_with(authority, tokens=(token,)) as lab:
        own = (await ask(lab, "GET", "user/tokens/verify")).json()["result"]["id"]
        policies = (await ask(lab, "GET", f"user/tokens/{own}")).json()["result"]["policies"]
        assert {group["name"] for group in policies[0]["permission_groups"]} == set(token.groups)


async def test_a_token_that_is_none_is_told_so(authority: Authority) -> None:
    expired = Token("lab-expired-token-0000000000000", status="expired")
    async with lab_with(authority, tokens=(expired,)) as lab:
        wrong = "wrong-token-wrong-token-wrong-token"
        assert refusal(await ask(lab, "GET", "user/tokens/verify", token=wrong)) == (401, 1000)
        assert refusal(await ask(lab, "GET", "zones", token=wrong)) == (403, 9109)
        assert refusal(await ask(lab, "GET", "zones", token="no")) == (400, 6003)
        assert refusal(await ask(lab, "GET", "zones", headers={"Authorization": ""})) == (400, 9106)
        shown = (await ask(lab, "GET", "user/tokens/verify", token=expired.value)).json()["result"]
        assert shown["status"] == "expired"
        assert refusal(await ask(lab, "GET", "zones", token=expired.value)) == (403, 9109)


async def test_rate_limits_are_said_in_headers_and_429_when_they_are_reached(authority: Authority) -> None:
    async with lab_with(authority, limited=1, retry_after="7") as lab:
        answer = await ask(lab, "GET", "zones")
        assert refusal(answer) == (429, 971)
        assert answer.headers["Retry-After"] == "7"
        answer = await ask(lab, "GET", "zones")
        assert (answer.status_code, answer.headers["Ratelimit-Policy"]) == (200, '"default";q=1200;w=300')
        assert answer.headers["Ratelimit"] == '"default";r=1198;t=300'
        assert "Retry-After" not in answer.headers
        lab.cloudflare.calls += [("GET", "/")] * 1200
        assert refusal(await ask(lab, "GET", "zones")) == (429, 971)
        began = lab.cloudflare.clock()
        lab.cloudflare.clock = lambda: began + 301
        assert (await ask(lab, "GET", "zones")).status_code == 200


async def test_a_rate_limit_may_be_reached_half_way(authority: Authority) -> None:
    async with lab_with(authority, limited=2, limited_after=1) as lab:
        assert [(await ask(lab, "GET", "zones")).status_code for _ in range(4)] == [200, 429, 429, 200]


async def test_a_write_may_fail_and_later_be_made(authority: Authority) -> None:
    async with lab_with(authority, fails_at_write=2) as lab:
        answers = [await ask(lab, "POST", RECORDS, json={**A, "name": f"n{n}"}) for n in (1, 1, 2, 2, 3)]
        assert [a.status_code for a in answers] == [200, 400, 500, 200, 200], "one that is refused does not count"
        assert lab.cloudflare.writes == 3


async def test_an_answer_may_be_lost_after_the_change_was_made(authority: Authority) -> None:
    async with lab_with(authority, cut_at_write=1) as lab:
        with pytest.raises(httpx.RemoteProtocolError):
            await ask(lab, "POST", RECORDS, json=A)
        assert lab.cloudflare.record(f"new.{DOMAIN}", "A").content == ORIGIN[0]
        assert refusal(await ask(lab, "POST", RECORDS, json=A)) == (400, 81058)


async def test_a_token_may_be_revoked_half_way(authority: Authority) -> None:
    async with lab_with(authority, revoked_after_writes=1) as lab:
        assert (await ask(lab, "POST", RECORDS, json=A)).status_code == 200
        assert refusal(await ask(lab, "POST", RECORDS, json={**A, "name": "two"})) == (403, 9109)
        assert refusal(await ask(lab, "GET", "user/tokens/verify")) == (401, 1000)


async def test_somebody_may_edit_a_record_between_two_calls(authority: Authority) -> None:
    def somebody(state: CloudflareState) -> None:
        state.record(f"www.{DOMAIN}", "A").content = "192.88.99.11"
        state.changed()

    async with lab_with(authority) as lab:
        lab.cloudflare.after_call[1] = somebody
        seen = [
            (await ask(lab, "GET", f"{RECORDS}?name.exact=www.{DOMAIN}&type=A")).json()["result"][0]["content"]
            for _ in range(2)
        ]
        assert seen == [ORIGIN[0], "192.88.99.11"]


async def test_bot_settings_are_those_of_the_plan(authority: Authority) -> None:
    path = "zones/{zone}/bot_management"
    async with lab_with(authority) as lab:
        assert (await ask(lab, "PUT", path, json={"fight_mode": True})).json()["result"]["fight_mode"] is True
        assert refusal(await ask(lab, "PUT", path, json={"sbfm_likely_automated": "block"}))[0] == 400
