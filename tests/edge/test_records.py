"""The records of root, www and named hosts: there, public, and no broken alias."""

from __future__ import annotations

import pytest

from launchready.lab.faults.records import moved
from launchready.lab.healthy import DOMAIN
from launchready.lab.world import Trouble, both, records, resolver
from launchready.model import Severity, Status

ROOT, WWW, APP = DOMAIN, f"www.{DOMAIN}", f"app.{DOMAIN}"
FIRST = "Frankfurt"
"""The resolver that is asked everything."""


async def test_healthy_records_pass_with_the_addresses_seen(judge) -> None:
    outcome = await judge("dns.records.resolve")

    assert outcome.status is Status.PASSED
    assert {row.subject for row in outcome.passed} == {ROOT, WWW}
    assert "104.16.99.10" in outcome.passed[0].detail


async def test_a_root_without_an_address_is_a_blocker_with_the_record_to_paste(judge) -> None:
    outcome = await judge("dns.records.resolve", records(DOMAIN, drop=("@ A", "@ AAAA")))

    (finding,) = outcome.findings
    assert (finding.subject, finding.severity) == (ROOT, Severity.BLOCKER)
    assert finding.paste.startswith(f"{ROOT}. 300 IN A ")


async def test_a_missing_www_is_high_and_a_blocker_where_www_is_the_canonical_address(judge) -> None:
    change = records(DOMAIN, drop=("www A", "www AAAA"))

    (high,) = (await judge("dns.records.resolve", change)).findings
    (blocker,) = (await judge("dns.records.resolve", change, canonical=f"https://{WWW}/")).findings

    assert (high.severity, blocker.severity) == (Severity.HIGH, Severity.BLOCKER)
    assert high.paste == f"{WWW}. 300 IN CNAME {ROOT}."


async def test_a_named_host_without_a_record_is_a_blocker_and_a_staging_host_high(judge) -> None:
    outcome = await judge("dns.records.resolve", hosts=("portal2",), staging=("preview",))

    assert {(f.subject, f.severity) for f in outcome.findings} == {
        (f"portal2.{DOMAIN}", Severity.BLOCKER),
        (f"preview.{DOMAIN}", Severity.HIGH),
    }


async def test_a_domain_that_does_not_exist_is_one_finding_in_plain_words(judge) -> None:
    def gone(world):
        from dataclasses import replace

        kept = tuple(z for z in world.zones if z.origin != DOMAIN)
        undelegated = records("example", drop=("brightside NS", "ns1.brightside *", "ns2.brightside *"))
        servers = tuple(replace(s, zones=tuple(z for z in s.zones if z != DOMAIN)) for s in world.name_servers)
        return undelegated(replace(world, zones=kept, name_servers=servers))

    outcome = await judge("dns.records.resolve", gone)

    (finding,) = outcome.findings
    assert (finding.subject, finding.severity) == (ROOT, Severity.BLOCKER)
    assert "does not exist" in finding.problem


async def test_ipv6_alone_is_not_enough(judge) -> None:
    outcome = await judge("dns.records.resolve", records(DOMAIN, drop=("@ A",)))

    (finding,) = outcome.findings
    assert (finding.subject, finding.key) == (ROOT, "ipv6-only")


async def test_ipv4_alone_is_enough(judge) -> None:
    outcome = await judge("dns.records.resolve", records(DOMAIN, drop=("@ AAAA",)))

    assert outcome.status is Status.PASSED


@pytest.mark.parametrize("trouble", [Trouble.SERVFAIL, Trouble.REFUSED_CODE, Trouble.SILENT, Trouble.GARBAGE])
async def test_a_resolver_that_cannot_say_leaves_it_not_checked(judge, trouble: Trouble) -> None:
    outcome = await judge("dns.records.resolve", resolver(FIRST, trouble=trouble))

    assert outcome.status is Status.NOT_CHECKED
    assert {row.subject for row in outcome.not_checked} == {ROOT, WWW}
    assert all(row.reason for row in outcome.not_checked)


async def test_an_alias_whose_target_is_gone_is_left_to_the_check_of_aliases(judge) -> None:
    change = records(DOMAIN, add=("app 300 CNAME gone.hosting.example.",), drop=("app A", "app AAAA"))

    assert (await judge("dns.records.resolve", change, hosts=("app",))).findings == ()
    assert [f.subject for f in (await judge("dns.dangling", change, hosts=("app",))).findings] == [APP]


async def test_public_addresses_pass(judge) -> None:
    assert (await judge("dns.records.private")).status is Status.PASSED


@pytest.mark.parametrize(
    ("label", "severity"), [("@", Severity.BLOCKER), ("www", Severity.BLOCKER), ("dashboard", Severity.HIGH)]
)
async def test_a_private_address_is_named_with_its_block(judge, label: str, severity: Severity) -> None:
    outcome = await judge("dns.records.private", records(DOMAIN, add=(f"{label} 300 A 172.20.1.1",)))

    (finding,) = outcome.findings
    assert finding.severity is severity
    assert "172.20.1.1 (private use, RFC 1918)" in finding.evidence


async def test_several_private_addresses_of_a_host_are_one_finding(judge) -> None:
    change = records(DOMAIN, add=("www 300 A 10.0.0.1", "www 300 A 10.0.0.2", "www 300 AAAA fd00::1"))

    (finding,) = (await judge("dns.records.private", change)).findings
    assert finding.evidence.count("(") == 3


async def test_no_address_anywhere_is_not_checked(judge) -> None:
    outcome = await judge("dns.records.private", resolver(FIRST, trouble=Trouble.SILENT))

    assert outcome.status is Status.NOT_CHECKED


async def test_an_alias_at_the_root_is_a_blocker(judge) -> None:
    change = records(DOMAIN, add=("@ 300 CNAME www",), drop=("@ A", "@ AAAA"))

    outcome = await judge("dns.records.cname", change)

    assert [(f.subject, f.key, f.severity) for f in outcome.findings] == [(ROOT, "root", Severity.BLOCKER)]


async def test_a_circle_of_aliases_is_drawn(judge) -> None:
    change = records(DOMAIN, add=("app 300 CNAME a", "a 300 CNAME b", "b 300 CNAME a"), drop=("app A", "app AAAA"))

    (finding,) = (await judge("dns.records.cname", change, hosts=("app",))).findings

    assert finding.key == "circle"
    assert finding.evidence == f"{APP} → a.{DOMAIN} → b.{DOMAIN} → a.{DOMAIN}"


async def test_an_alias_with_nothing_beside_it_passes(judge) -> None:
    outcome = await judge("dns.records.cname", moved("app", "site.cdn-service.example"), hosts=("app",))

    assert outcome.findings == ()
    assert outcome.not_checked == ()


async def test_an_alias_with_a_text_record_beside_it_is_high(judge) -> None:
    change = both(moved("app", "site.cdn-service.example"), records(DOMAIN, add=('app 300 TXT "token"',)))

    (finding,) = (await judge("dns.records.cname", change, hosts=("app",))).findings

    assert (finding.key, finding.severity) == ("beside", Severity.HIGH)
    assert "TXT" in finding.evidence


async def test_a_silent_resolver_leaves_aliases_not_checked(judge) -> None:
    outcome = await judge("dns.records.cname", resolver(FIRST, trouble=Trouble.SILENT))

    assert outcome.status is Status.NOT_CHECKED
