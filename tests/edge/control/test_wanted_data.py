"""What `[edge]` wants, worked out without a network; and that the edge's language takes every rule."""

from __future__ import annotations

from typing import Any

import pytest

from launchready.edge.control.wanted import wanted
from launchready.edge.control.wanted_settings import skipped_stages
from launchready.edge.control.wants import MARK, Wanted
from launchready.lab.cloudflare.rulesets import judged
from launchready.portal import Portal

ORIGIN = "192.0.2.10"


def wants(plan: str = "free", *, canonical: str | None = "https://www.example.com/", **edge: Any) -> Wanted:
    keys = {"domain": "example.com", "hosts": ["app"], "canonical": canonical, "edge": {"origin": [ORIGIN], **edge}}
    return wanted(Portal.model_validate(keys), plan)


def values(of: Wanted, name: str, type: str) -> tuple[str, ...] | None:
    found = [r.values for r in of.records if (r.name, r.type) == (name, type)]
    assert len(found) < 2
    return found[0] if found else None


def test_hosts_lead_to_the_origin_by_the_edge() -> None:
    of = wants(hosts={"old": "portal.onrender.com", "@": ["192.0.2.11", "2001:db8::1"]})
    assert values(of, "www.example.com", "A") == (ORIGIN,)
    assert values(of, "app.example.com", "A") == (ORIGIN,)
    assert values(of, "old.example.com", "CNAME") == ("portal.onrender.com",)
    assert values(of, "example.com", "A") == ("192.0.2.11",)
    assert values(of, "example.com", "AAAA") == ("2001:db8::1",)
    assert all(r.proxied and r.ttl == 1 for r in of.records)
    assert not any(r.proxied for r in wants(proxied=False).records)
    assert {r.ttl for r in wants(proxied=False).records} == {300}


def test_mail_is_written_as_its_standards_say() -> None:
    of = wants(mail={
        "mx": ["10 MX.example.net."], "spf": ["include:_spf.example.net"], "dmarc": "quarantine",
        "dmarc_reports": ["d@example.com"], "dkim": {"s1": "v=DKIM1; p=AAAA", "s2": "s2.example.net."},
    })  # fmt: skip
    assert values(of, "example.com", "MX") == ("10 mx.example.net",)
    assert values(of, "example.com", "TXT") == ("v=spf1 include:_spf.example.net -all",)
    assert values(of, "_dmarc.example.com", "TXT") == ("v=DMARC1; p=quarantine; rua=mailto:d@example.com",)
    assert values(of, "s1._domainkey.example.com", "TXT") == ("v=DKIM1; p=AAAA",)
    assert values(of, "s2._domainkey.example.com", "CNAME") == ("s2.example.net",)


@pytest.mark.parametrize("last", ["~all", "-all", "redirect=_spf.example.net"])
def test_an_end_of_spf_that_is_named_is_kept(last: str) -> None:
    assert values(wants(mail={"spf": [last]}), "example.com", "TXT") == (f"v=spf1 {last}",)


def test_the_edges_own_authorities_are_added_only_where_it_stands_in_front() -> None:
    caa = values(wants(caa=["letsencrypt.org", "digicert.com"]), "example.com", "CAA")
    assert caa is not None
    assert '0 issue "digicert.com"' in caa
    assert '0 issue "pki.goog; cansignhttpexchanges=yes"' in caa
    assert len(caa) == len(set(caa)) == 5
    assert values(wants(caa=["digicert.com"], proxied=False), "example.com", "CAA") == ('0 issue "digicert.com"',)
    assert values(wants(), "example.com", "CAA") is None, "left out is not touched"


@pytest.mark.parametrize("plan", ["free", "pro", "business"])
def test_the_edge_takes_every_rule_on_every_plan(plan: str) -> None:
    of = wants(plan, staging_allow=["192.0.2.0/24"])
    for rule in of.rules:
        kept = judged({**rule.body, "ref": rule.ref}, rule.phase, plan, lambda: "0" * 32, "now", None)
        assert kept["ref"].startswith(MARK)
        assert kept["description"].startswith(MARK)
    assert {r.ref for r in of.rules} == {
        "launchready-canonical", "launchready-cache-static", "launchready-cache-pages", "launchready-cache-sessions",
        "launchready-limit", "launchready-staging-noindex", "launchready-staging-allow", "launchready-waf",
    }  # fmt: skip


def rule(of: Wanted, ref: str) -> Any:
    return next(r.body for r in of.rules if r.ref == f"launchready-{ref}")


def test_what_needs_a_dearer_plan_is_named_and_left_out() -> None:
    of = wants(limits={"period_s": 60})
    assert rule(of, "limit")["ratelimit"]["period"] == 10
    assert "http.request.method" not in rule(of, "limit")["expression"], "the free plan knows the path only"
    assert "http.host" not in rule(of, "limit")["expression"]
    assert any("Pro plan" in note and "60 s" in note for note in of.notes)
    assert any("Business plan" in note for note in of.notes)
    assert '"POST"' in rule(wants("business"), "limit")["expression"]
    assert rule(wants("pro", limits={"period_s": 60}), "limit")["ratelimit"]["period"] == 60


def test_without_one_address_there_is_no_redirect_and_it_is_said() -> None:
    of = wants(canonical=None)
    assert not any(r.ref.endswith("canonical") for r in of.rules)
    assert any("canonical" in note for note in of.notes)


def test_the_root_is_led_to_www_or_the_other_way() -> None:
    assert '"example.com"' in rule(wants(), "canonical")["expression"]
    assert '"www.example.com"' in rule(wants(canonical="https://example.com"), "canonical")["expression"]


def test_another_provider_holds_records_only() -> None:
    of = wants(provider="octodns.provider.yaml.YamlProvider")
    assert not of.rules
    assert not of.settings
    assert not any(r.proxied for r in of.records)
    assert "records only" in of.notes[0]


def test_hsts_is_for_subdomains_only_at_the_last_stage() -> None:
    def hsts(stage: str) -> Any:
        of = wants(tls={"hsts": stage})
        return next(s.value for s in of.settings if s.id == "security_header")["strict_transport_security"]

    assert hsts("year") == {"enabled": True, "max_age": 31_536_000, "include_subdomains": False, "preload": False}
    assert hsts("preload")["include_subdomains"] is True
    assert hsts("off")["enabled"] is False


@pytest.mark.parametrize(
    ("now_s", "stage", "skipped"),
    [
        (0, "test", ()),
        (0, "year", ("test", "week", "month")),
        (300, "week", ()),
        (604_800, "year", ("month",)),
        (31_536_000, "preload", ()),
        (31_536_000, "week", ()),
    ],
)
def test_a_stage_that_is_skipped_is_known(now_s: int, stage: str, skipped: tuple[str, ...]) -> None:
    assert skipped_stages(now_s, stage) == skipped


def test_where_no_host_is_behind_the_edge_nothing_of_it_is_set() -> None:
    of = wants(proxied=False)
    assert (of.rules, of.settings) == ((), ())
    assert "left out" in of.notes[0]


@pytest.mark.parametrize(
    ("type", "written", "compared"),
    [
        ("TXT", '"v=x; y" "z"', "v=x; yz"),
        ("TXT", "plain; text", "plain; text"),
        ("CAA", "0 issue ca.example", '0 issue "ca.example"'),
        ("CAA", '0 iodef "mailto:a@example.com"', '0 iodef "mailto:a@example.com"'),
        ("AAAA", "2001:DB8:0::1", "2001:db8::1"),
        ("MX", "10 MX.Example.net.", "10 mx.example.net"),
        ("MX", "10 mail", "10 mail.example.com"),
        ("CNAME", "@", "example.com"),
        ("SRV", "1 2 5060 sip.example.net.", "1 2 5060 sip.example.net"),
    ],
)
def test_a_record_is_compared_in_one_form(type: str, written: str, compared: str) -> None:
    of = wants(records=[{"name": "x", "type": type, "values": [written]}])
    assert values(of, "x.example.com", type) == (compared,)
