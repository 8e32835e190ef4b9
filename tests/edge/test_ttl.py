"""Lifetimes of records on launch day."""

from __future__ import annotations

import pytest

from launchready.lab.healthy import DOMAIN, EDGE
from launchready.lab.world import Trouble, both, name_server, records, resolver
from launchready.model import Severity, Status


def with_ttl(seconds: int):
    return records(DOMAIN, drop=("www A",), add=(f"www {seconds} A {EDGE[0]}",))


@pytest.mark.parametrize(
    ("seconds", "severity"),
    [
        (300, None),
        (3600, None),
        (3601, Severity.NICE),
        (86400, Severity.NICE),
        (86401, Severity.HIGH),
        (0, Severity.NICE),
    ],
)
async def test_an_hour_and_a_day_are_the_limits(judge, seconds: int, severity: Severity | None) -> None:
    outcome = await judge("dns.ttl", with_ttl(seconds))

    assert [f.severity for f in outcome.findings] == ([severity] if severity else [])


async def test_what_is_behind_an_alias_of_another_owner_does_not_count(judge) -> None:
    change = both(
        records(DOMAIN, drop=("www A", "www AAAA"), add=("www 300 CNAME cdn.hosting.example.",)),
        records("hosting.example", add=(f"cdn 86400 A {EDGE[0]}",)),
    )

    assert (await judge("dns.ttl", change)).status is Status.PASSED


async def test_an_alias_that_lives_long_counts(judge) -> None:
    change = records(DOMAIN, drop=("www A", "www AAAA"), add=("www 7200 CNAME app",))
    (finding,) = (await judge("dns.ttl", change)).findings

    assert finding.evidence == f"www.{DOMAIN} CNAME: 7200 s"


async def test_mail_exchangers_count(judge) -> None:
    change = records(DOMAIN, drop=("@ MX",), add=("@ 172800 MX 10 mail",))
    (finding,) = (await judge("dns.ttl", change)).findings

    assert finding.severity is Severity.HIGH


async def test_lifetimes_are_not_taken_from_a_resolver_that_counts_down(judge) -> None:
    silent = both(
        name_server(f"ns1.{DOMAIN}", trouble=Trouble.SILENT), name_server(f"ns2.{DOMAIN}", trouble=Trouble.SILENT)
    )

    assert (await judge("dns.ttl", silent)).status is Status.NOT_CHECKED
    assert (await judge("dns.ttl", resolver("Frankfurt", trouble=Trouble.SILENT))).status is Status.NOT_CHECKED
