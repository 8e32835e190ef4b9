"""Rulesets at the lab's Cloudflare: what the schema, the plan, the phase and the Rules language let through."""

from __future__ import annotations

from typing import Any

import cloudflare
import pytest

from launchready.lab.authority import Authority
from launchready.lab.cloudflare.language import parse
from launchready.lab.cloudflare.tokens import NotParsed
from launchready.lab.lab import Lab

from .cloudflare_client import ask, lab_with, with_sdk
from .test_cloudflare_api import refusal

BLOCK: dict[str, Any] = {"action": "block", "expression": 'http.request.uri.path eq "/a"'}
REDIRECT: dict[str, Any] = {
    "action": "redirect",
    "expression": "true",
    "action_parameters": {"from_value": {"target_url": {"value": "https://www.brightside.example/"}}},
}
RATE: dict[str, Any] = {
    **BLOCK,
    "ratelimit": {
        "characteristics": ["ip.src", "cf.colo.id"],
        "period": 10,
        "requests_per_period": 5,
        "mitigation_timeout": 10,
    },
}
CACHE: dict[str, Any] = {"action": "set_cache_settings", "expression": "true", "action_parameters": {"cache": True}}
HEADERS: dict[str, Any] = {
    "action": "rewrite",
    "expression": "true",
    "action_parameters": {"headers": {"X-A": {"operation": "remove"}}},
}


def entry_point(phase: str) -> str:
    return f"zones/{{zone}}/rulesets/phases/{phase}/entrypoint"


async def put(lab: Lab, phase: str, *rules: dict[str, Any]) -> Any:
    return await ask(lab, "PUT", entry_point(phase), json={"rules": list(rules)})


async def test_the_sdk_makes_changes_and_deletes_rules_one_by_one(authority: Authority) -> None:
    def work(client: cloudflare.Cloudflare, zone: str) -> list[Any]:
        phase: Any = "http_request_firewall_custom"
        made = client.rulesets.phases.update(phase, zone_id=zone, rules=[{**BLOCK, "ref": "one"}])  # type: ignore[list-item]
        # The SDK's type is a union with `object`, so what comes is the JSON as it is.
        assert isinstance(made, dict)
        id = made["id"]
        rule: dict[str, Any] = {**BLOCK, "ref": "zero", "position": {"index": 1}}
        client.rulesets.rules.create(id, zone_id=zone, **rule)
        both = client.rulesets.phases.get(phase, zone_id=zone)
        first = both.rules[0]
        client.rulesets.rules.edit(
            first.id, ruleset_id=id, zone_id=zone, action="block", expression="false", enabled=False
        )  # type: ignore[call-overload]
        edited = client.rulesets.get(id, zone_id=zone)
        client.rulesets.rules.delete(first.id, ruleset_id=id, zone_id=zone)
        left = client.rulesets.get(id, zone_id=zone)
        client.rulesets.delete(id, zone_id=zone)
        return [
            [r.ref for r in both.rules],
            [(r.ref, r.enabled, r.version) for r in edited.rules],
            [r.ref for r in left.rules],
            int(left.version) - int(made["version"]),
        ]

    async with lab_with(authority) as lab:
        found = await with_sdk(lab, work)
        assert found == [["zero", "one"], [("zero", False, "2"), ("one", True, "1")], ["one"], 3]
        assert lab.cloudflare.rulesets == {}


async def test_rules_keep_their_identity_when_they_are_sent_again(authority: Authority) -> None:
    async with lab_with(authority) as lab:
        phase = "http_request_firewall_custom"
        before = (await put(lab, phase, BLOCK, {**BLOCK, "ref": "two"})).json()["result"]["rules"]
        sent = [{k: v for k, v in rule.items() if k not in ("version", "last_updated")} for rule in before]
        after = (await put(lab, phase, *reversed(sent))).json()["result"]["rules"]
        assert [rule["id"] for rule in after] == [rule["id"] for rule in reversed(before)]
        assert refusal(await put(lab, phase, {**BLOCK, "id": "0" * 32})) == (400, 20217)
        assert refusal(await put(lab, phase, *before)) == (400, 20217), "what the API adds it does not take back"


@pytest.mark.parametrize(
    ("phase", "rule"),
    [
        ("http_request_firewall_custom", {**BLOCK, "bogus": 1}),
        ("http_request_firewall_custom", {**BLOCK, "enabled": "yes"}),
        ("http_request_firewall_custom", {"action": "destroy", "expression": "true"}),
        ("http_request_firewall_custom", {**BLOCK, "action_parameters": {"response": {"status_code": 403}}}),
        ("http_request_firewall_custom", REDIRECT),
        ("http_request_firewall_custom", RATE),
        ("http_request_firewall_custom", {**BLOCK, "action": "log"}),
        ("http_request_firewall_custom", {**BLOCK, "expression": 'http.host matches "^a"'}),
        ("http_request_dynamic_redirect", {**REDIRECT, "action_parameters": {"from_value": {"status_code": 301}}}),
        ("http_ratelimit", BLOCK),
        ("http_ratelimit", {**RATE, "ratelimit": {**RATE["ratelimit"], "period": 60}}),
        ("http_ratelimit", {**RATE, "ratelimit": {**RATE["ratelimit"], "mitigation_timeout": 600}}),
        ("http_ratelimit", {**RATE, "ratelimit": {**RATE["ratelimit"], "characteristics": ["ip.src"]}}),
        ("http_ratelimit", {**RATE, "ratelimit": {**RATE["ratelimit"], "counting_expression": "true"}}),
        ("http_request_cache_settings", {**CACHE, "action_parameters": {"cache": "yes"}}),
        ("http_response_headers_transform", {**HEADERS, "action_parameters": {"headers": {"X": {"operation": "x"}}}}),
        (
            "http_request_firewall_managed",
            {
                "action": "execute",
                "expression": "true",
                "action_parameters": {"id": "4814384a9e5d4991b9815dcfc25d2f1f"},
            },
        ),
    ],
)
async def test_a_rule_the_free_plan_or_the_schema_does_not_have_is_refused(
    authority: Authority, phase: str, rule: dict[str, Any]
) -> None:
    async with lab_with(authority) as lab:
        status, code = refusal(await put(lab, phase, rule))
        assert (status, code // 1000) == (400, 20)
        assert lab.cloudflare.rulesets == {}


async def test_the_words_of_a_refusal_are_cloudflares(authority: Authority) -> None:
    async with lab_with(authority) as lab:
        slow = {**RATE, "ratelimit": {**RATE["ratelimit"], "period": 60}}
        error = (await put(lab, "http_ratelimit", slow)).json()["errors"][0]
        assert error["message"] == "not entitled to use the period 60, can only use a period among [10]"
        assert error["source"] == {"pointer": "/ratelimit/period"}
        wrong = {**BLOCK, "expression": 'http.uri.path eq "/a"'}
        error = (await put(lab, "http_request_firewall_custom", wrong)).json()["errors"][0]
        assert error["code"] == 20127
        assert "Filter parsing error (1:1):" in error["message"]
        assert error["message"].endswith("^^^^^^^^^^^^^ unknown identifier\n")


@pytest.mark.parametrize(
    ("phase", "rule", "most"),
    [
        ("http_request_firewall_custom", BLOCK, {"free": 5, "pro": 20}),
        ("http_ratelimit", RATE, {"free": 1, "pro": 2}),
        ("http_request_cache_settings", CACHE, {"free": 10, "pro": 25}),
        ("http_request_dynamic_redirect", REDIRECT, {"free": 10, "pro": 25}),
        ("http_response_headers_transform", HEADERS, {"free": 10, "pro": 25}),
    ],
)
async def test_a_phase_holds_so_many_rules_and_no_more(
    authority: Authority, phase: str, rule: dict[str, Any], most: dict[str, int]
) -> None:
    for plan, number in most.items():
        async with lab_with(authority, plan=plan) as lab:
            made = await put(lab, phase, *[rule] * number)
            assert made.status_code == 200, made.text
            id = made.json()["result"]["id"]
            assert refusal(await ask(lab, "POST", f"zones/{{zone}}/rulesets/{id}/rules", json=rule))[0] == 400
            assert refusal(await put(lab, phase, *[rule] * (number + 1)))[0] == 400
            assert len(lab.cloudflare.rules(phase)) == number


async def test_the_sdk_lists_managed_rulesets_and_those_of_the_zone(authority: Authority) -> None:
    def work(client: cloudflare.Cloudflare, zone: str) -> list[tuple[str, str]]:
        return [(one.kind, one.phase) for one in client.rulesets.list(zone_id=zone)]

    async with lab_with(authority, rulesets={"http_ratelimit": (RATE,)}) as lab:
        found = await with_sdk(lab, work)
        assert ("zone", "http_ratelimit") in found
        assert ("managed", "ddos_l7") in found
        assert len(lab.cloudflare.calls) == 1


async def test_a_phase_has_one_ruleset(authority: Authority) -> None:
    body = {"name": "mine", "kind": "zone", "phase": "http_ratelimit", "rules": [RATE]}
    async with lab_with(authority) as lab:
        assert (await ask(lab, "POST", "zones/{zone}/rulesets", json=body)).status_code == 200
        answer = await ask(lab, "POST", "zones/{zone}/rulesets", json=body)
        assert refusal(answer) == (400, 20217)
        assert "exceeded maximum number of zone rulesets" in answer.json()["errors"][0]["message"]


FIELDS: dict[str, Any] = {
    "http.host": "www.brightside.example",
    "http.request.uri": "/account/login?next=/",
    "http.request.uri.path": "/account/login",
    "http.request.uri.query": "next=/",
    "http.request.full_uri": "https://www.brightside.example/account/login?next=/",
    "http.request.method": "POST",
    "http.cookie": "session=1; theme=dark",
    "http.request.cookies": {"session": ["1"]},
    "http.request.headers": {"x-a": ("1", "2")},
    "http.request.uri.args": {"next": ["/"]},
    "ip.src": "203.0.113.7",
    "ssl": True,
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("true", True),
        ("ssl", True),
        ("not ssl", False),
        ('http.host eq "www.brightside.example"', True),
        ('http.host == "WWW.brightside.example"', False),
        ('http.host ne "x" and ssl', True),
        ('ssl or http.host eq "x" and http.host eq "y"', True),
        ('(ssl or http.host eq "x") and http.host eq "y"', False),
        ('ssl xor http.request.method eq "POST"', False),
        ('http.request.uri.path in {"/a" "/account/login"}', True),
        ('not http.request.uri.path in {"/a"}', True),
        ('http.cookie contains "session="', True),
        ('starts_with(http.request.uri.path, "/account/")', True),
        ('ends_with(http.request.uri.path, ".css")', False),
        ('http.request.uri.path matches "^/acc.*in$"', True),
        ('http.request.uri.path wildcard "/ACCOUNT/*"', True),
        ('http.request.uri.path strict wildcard "/ACCOUNT/*"', False),
        (r'http.request.full_uri wildcard r"https://*.brightside.example/*"', True),
        ('lower(http.request.method) eq "post"', True),
        ("len(http.request.uri.path) gt 5", True),
        ("ip.src in {203.0.113.0/24 2001:db8::/32}", True),
        ("ip.src eq 203.0.113.7", True),
        ('http.request.headers["X-A"][0] eq "1"', True),
        ('any(http.request.headers["x-a"][*] eq "2")', True),
        ('all(http.request.headers["x-a"][*] eq "2")', False),
        ('http.request.cookies["session"][0] eq "1"', True),
        ('http.request.uri.args["next"][0] eq "/"', True),
        ('http.host eq "a\\"b"', False),
    ],
)
def test_expressions_mean_what_the_language_says(expression: str, value: bool) -> None:
    assert parse(expression).value(FIELDS) is value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('concat("https://www.x", http.request.uri.path)', "https://www.x/account/login"),
        ('wildcard_replace(http.request.full_uri, "https://*/*", "https://x/${2}")', "https://x/account/login?next=/"),
        ('regex_replace(http.host, "^www[.]", "")', "brightside.example"),
        ("http.request.uri.path", "/account/login"),
        ('"https://x/"', "https://x/"),
        ("to_string(ssl)", "true"),
        ("substring(http.host, 0, 3)", "www"),
    ],
)
def test_values_are_made(expression: str, value: str) -> None:
    assert parse(expression, "value").value(FIELDS) == value


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "http.host",
        "http.host eq",
        'http.host = "x"',
        "http.host eq x",
        "http.host eq 'x'",
        "http.host eq 3",
        "ssl eq true",
        '(http.host eq "x"',
        'http.host eq "x")',
        'http.host eq "x" http.host eq "y"',
        'http.host eq "x" and',
        'http.uri.path eq "x"',
        'nothing(http.host) eq "x"',
        "starts_with(http.host)",
        'starts_with(ssl, "x")',
        "http.host in {}",
        'http.host in ("x")',
        'http.host in {"a", "b"}',
        "ip.src in $blocked",
        'ip.src eq "203.0.113.7"',
        "ip.src eq 203.0.113.0/24",
        "ip.src in {203.0.113.999}",
        'http.request.uri.path matches "("',
        "http.response.code eq 200",
        'http.request.headers["x"] eq "1"',
        'any(http.host[*] eq "x")',
        'http.host eq "x',
        'http.host eq "\\q"',
        "cf.bot_management.score lt 30",
        "ip.src gt 203.0.113.7",
    ],
)
def test_what_cloudflare_would_not_parse_is_not_parsed(expression: str) -> None:
    with pytest.raises(NotParsed, match="Filter parsing error"):
        parse(expression)


def test_a_response_has_fields_in_its_own_phases_only() -> None:
    assert parse("http.response.code eq 200", response=True).value({"http.response.code": 200}) is True
    with pytest.raises(NotParsed, match="expected expression of type Bytes"):
        parse("ssl", "value")
