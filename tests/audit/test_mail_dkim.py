"""DKIM as published: what a named selector lacks is a fault, what a guess did not find is not checked."""

from __future__ import annotations

from dataclasses import replace

from launchready.audit.mail_dkim import COMMON
from launchready.lab.faults.mail import RSA_1024, dkim
from launchready.lab.healthy import DOMAIN, RSA_2048
from launchready.lab.world import Trouble, both, records
from launchready.model import Severity, Status

WITHOUT = records(DOMAIN, drop=("s1._domainkey TXT",))
MINE = {"dkim_selectors": ["s1"]}
CHECKS = ("mail.dkim.missing", "mail.dkim.revoked", "mail.dkim.testing", "mail.dkim.key")


async def test_a_missing_key_at_a_named_selector_is_a_blocker(judge) -> None:
    outcome = await judge("mail.dkim.missing", WITHOUT, mail=MINE)

    assert [f.severity for f in outcome.findings] == [Severity.BLOCKER]
    assert "launchready.toml" in outcome.findings[0].problem


async def test_no_key_at_common_selectors_is_not_checked_and_says_what_would_help(judge) -> None:
    outcome = await judge("mail.dkim.missing", WITHOUT)

    assert outcome.status is Status.NOT_CHECKED
    assert "dkim_selectors" in outcome.not_checked[0].unlock


async def test_a_revoked_key_at_a_guessed_selector_is_how_a_key_is_retired(judge) -> None:
    change = both(WITHOUT, records(DOMAIN, add=('*._domainkey 300 TXT "v=DKIM1; p="',)))

    assert (await judge("mail.dkim.revoked", change)).status is Status.PASSED
    assert (await judge("mail.dkim.missing", change)).status is Status.NOT_CHECKED


async def test_a_revoked_key_in_use_is_not_also_missing(judge) -> None:
    change = dkim("v=DKIM1; p=")

    assert (await judge("mail.dkim.missing", change, mail=MINE)).status is Status.PASSED
    assert (await judge("mail.dkim.revoked", change, mail=MINE)).status is Status.FOUND


async def test_a_wildcard_with_another_record_is_no_key(judge) -> None:
    change = both(WITHOUT, records(DOMAIN, add=('*._domainkey 300 TXT "v=spf1 -all"',)))

    assert (await judge("mail.dkim.missing", change)).status is Status.NOT_CHECKED
    assert (await judge("mail.dkim.key", change)).status is Status.PASSED
    assert (await judge("mail.dkim.missing", change, mail=MINE)).status is Status.FOUND


async def test_the_evidence_holds_the_ends_of_a_key_only(judge) -> None:
    outcome = await judge("mail.dkim.testing", dkim(f"v=DKIM1; t=y; p={RSA_2048}"))

    assert len(outcome.findings[0].evidence) < 130


async def test_a_short_key_says_its_length(judge) -> None:
    outcome = await judge("mail.dkim.key", dkim(f"v=DKIM1; p={RSA_1024}"))

    assert [(f.severity, "1,024 bits" in f.problem) for f in outcome.findings] == [(Severity.NICE, True)]


async def test_a_domain_that_sends_nothing_needs_no_key(judge) -> None:
    for check in CHECKS:
        outcome = await judge(check, WITHOUT, mail={"sends": False})
        assert [p.detail for p in outcome.passed] == ["sends no mail"]


async def test_an_unanswered_selector_is_not_checked(judge) -> None:
    def servfail(world):
        return replace(world, resolvers=tuple(replace(r, trouble=Trouble.SERVFAIL) for r in world.resolvers))

    for check in CHECKS:
        outcome = await judge(check, servfail, mail={**MINE, "sends": True})
        assert outcome.status is Status.NOT_CHECKED
        assert "SERVFAIL" in outcome.not_checked[0].reason


async def test_hostile_text_in_a_key_record_ends_as_a_finding(judge) -> None:
    outcome = await judge("mail.dkim.key", records(DOMAIN, drop=("s1._domainkey TXT",), add=(
        r's1._domainkey 300 TXT "v=DKIM1; k=<script>\027[2J\255; p=AAAA"',
    )))  # fmt: skip

    assert [f.key for f in outcome.findings] == ["unusable"]


async def test_a_subdomain_may_be_signed_as_its_parent(judge) -> None:
    outcome = await judge("mail.dkim.missing", mail={"domains": [f"news.{DOMAIN}"]})

    assert outcome.status is Status.PASSED
    assert any("relaxed alignment" in p.detail for p in outcome.passed)


def test_at_most_forty_common_selectors_are_tried() -> None:
    selectors = [s for some in COMMON.values() for s in some]

    assert len(selectors) == len(set(selectors)) <= 40
