"""What `[edge]` wants, as data: defaults, limits of the plan, mail by stages, what is left out with a word."""

from __future__ import annotations

from typing import Any

import pytest

from launchready import gate
from launchready.edge.control.wanted import wanted
from launchready.edge.control.wants import Wanted
from launchready.lab.cloudflare.language import parse
from launchready.lab.cloudflare.rulesets import MOST, judged
from launchready.portal import Portal

ORIGIN = "192.88.99.10"


def wants(plan: str = "free", edge: dict[str, Any] | None = None, **settings: Any) -> Wanted:
    whole = {"domain": "brightside.example", "edge": {"origin": [ORIGIN], **(edge or {})}, **settings}
    return wanted(Portal.model_validate(whole), plan)


def texts(found: Wanted, name: str, type: str) -> list[str]:
    return [value for one in found.records if (one.name, one.type) == (name, type) for value in one.values]


EVERYTHING = {
    "caa": ["ca.example"],
    "staging_allow": ["192.88.99.0/24"],
    "mail": {"mx": ["10 mx.example."], "spf": ["mx"], "dkim": {"s1": "v=DKIM1; p=x", "s2": "s2.mailer.example"},
             "dmarc": "none", "dmarc_reports": ["d@brightside.example"]},
}  # fmt: skip


@pytest.mark.parametrize("plan", ["free", "pro", "business"])
def test_every_rule_is_one_that_the_plan_takes(plan: str) -> None:
    found = wants(plan, EVERYTHING, canonical="https://brightside.example/", staging=["staging"])
    phases = [rule.phase for rule in found.rules]
    for rule in found.rules:
        parse(str(rule.body["expression"]), response=rule.phase.startswith("http_response"))
        judged({**rule.body, "ref": rule.ref}, rule.phase, plan, lambda: "1" * 32, "", None)
    assert all(phases.count(phase) <= MOST[phase][plan] for phase in set(phases) & set(MOST))
    assert len(phases) >= 6


def test_every_line_has_a_reason_and_checks_that_exist() -> None:
    found = wants("free", EVERYTHING, canonical="https://brightside.example/", staging=["staging"])
    reasons = [one.reason for one in (*found.records, *found.rules, *found.settings)]
    assert all(reason.roadmap and reason.why and reason.risk for reason in reasons)
    for id in {check for reason in reasons for check in reason.checks}:
        assert gate.select([id])


def test_hosts_lead_to_the_origin_behind_the_edge_or_past_it() -> None:
    for proxied in (True, False):
        found = wants(edge={"proxied": proxied, "hosts": {"app": "portal.hosting.example"}})
        hosts = {one.name: one for one in found.records}
        assert hosts["brightside.example"].values == (ORIGIN,)
        assert hosts["app.brightside.example"].type == "CNAME"
        assert {one.proxied for one in found.records} == {proxied}


def test_spf_gets_an_end_unless_it_has_one() -> None:
    ended = wants(edge={"mail": {"spf": ["mx", "~all"]}})
    sent_on = wants(edge={"mail": {"spf": ["redirect=_spf.example.net"]}})
    assert texts(wants(edge=EVERYTHING), "brightside.example", "TXT") == ["v=spf1 mx -all"]
    assert texts(ended, "brightside.example", "TXT") == ["v=spf1 mx ~all"]
    assert texts(sent_on, "brightside.example", "TXT") == ["v=spf1 redirect=_spf.example.net"]


def test_cloudflares_own_authorities_may_issue_only_where_it_stands_in_front() -> None:
    front = texts(wants(edge=EVERYTHING), "brightside.example", "CAA")
    past = texts(wants(edge={**EVERYTHING, "proxied": False}), "brightside.example", "CAA")
    assert past == ['0 issue "ca.example"']
    assert '0 issue "ca.example"' in front
    assert any("letsencrypt.org" in one for one in front)


@pytest.mark.parametrize("stage", ["off", "test", "week", "month", "year", "preload"])
def test_subdomains_are_taken_into_hsts_for_the_preload_list_only(stage: str) -> None:
    value = next(s.value for s in wants(edge={"tls": {"hsts": stage}}).settings if s.id == "security_header")
    held = value["strict_transport_security"]
    assert held["include_subdomains"] is (stage == "preload")
    assert held["enabled"] is (stage != "off")


@pytest.mark.parametrize(("plan", "period"), [("free", 10), ("pro", 60)])
def test_a_rate_limit_counts_as_long_as_the_plan_can_and_names_the_plan_it_would_need(plan: str, period: int) -> None:
    found = wants(plan, {"limits": {"period_s": 60}})
    rates = [rule.body["ratelimit"] for rule in found.rules if rule.phase == "http_ratelimit"]
    assert [rate["period"] for rate in rates] == [period]
    assert any("60 s needs the Pro plan" in note for note in found.notes) is (plan == "free")


@pytest.mark.parametrize("cookie", ["sessionid", "PHPSESSID", "laravel_session", "connect.sid", "JSESSIONID",
                                    "ASP.NET_SessionId", "_session_id", "__Host-sid", "portal_login"])  # fmt: skip
def test_what_carries_a_session_cookie_is_never_kept(cookie: str) -> None:
    found = wants(edge={"cache": {"session_cookies": ["portal_login"]}})
    rules = [rule.body for rule in found.rules if rule.phase == "http_request_cache_settings"]
    fields = {"http.host": "brightside.example", "http.request.uri.path": "/account", "http.cookie": f"{cookie}=x",
              "http.request.uri.path.extension": ""}  # fmt: skip
    fits = [rule for rule in rules if parse(str(rule["expression"])).value(fields)]
    assert fits
    assert fits[-1]["action_parameters"]["cache"] is False


def test_another_provider_holds_records_only() -> None:
    found = wants(edge={"provider": "octodns_route53.Route53Provider"})
    assert found.records
    assert (found.rules, found.settings) == ((), ())
    assert not any(one.proxied for one in found.records)
    assert found.notes
