"""DMARC as published: in force or not, how strong, whose reports, and what can pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from launchready.lab.faults.mail import REPORTS, dmarc, spf
from launchready.lab.healthy import DOMAIN
from launchready.lab.world import Trouble, both, records
from launchready.model import Severity, Status

NEWS = {"domains": [f"news.{DOMAIN}"]}
WITH_NEWS = records(DOMAIN, add=('news 300 TXT "v=spf1 include:spf.mailer.example -all"',))
CHECKS = ("missing", "single", "syntax", "policy", "subdomains", "reports", "external", "alignment")


def servfail(world):
    return replace(world, resolvers=tuple(replace(r, trouble=Trouble.SERVFAIL) for r in world.resolvers))


@pytest.mark.parametrize("check", CHECKS)
async def test_what_dns_does_not_answer_is_not_checked(check: str, judge) -> None:
    outcome = await judge(f"mail.dmarc.{check}", servfail, mail={"sends": True})

    assert outcome.status is Status.NOT_CHECKED
    assert "SERVFAIL" in outcome.not_checked[0].reason


async def test_a_missing_record_comes_with_one_to_paste(judge) -> None:
    outcome = await judge("mail.dmarc.missing", dmarc())

    assert outcome.findings[0].severity is Severity.BLOCKER
    assert outcome.findings[0].paste.startswith(f'_dmarc.{DOMAIN}. 3600 IN TXT "v=DMARC1; p=none')


@pytest.mark.parametrize("name", ["@", f"_dmarc.{DOMAIN}"])
async def test_a_record_in_the_wrong_place_is_pointed_out(name: str, judge) -> None:
    change = both(dmarc(), records(DOMAIN, add=(f'{name} 300 TXT "v=DMARC1; p=reject"',)))

    outcome = await judge("mail.dmarc.missing", change)

    assert "nobody looks" in outcome.findings[0].problem


async def test_a_faulty_record_is_one_finding_not_two(audit) -> None:
    report = await audit(dmarc("v=dmarc1; p=reject"), checks=[f"mail.dmarc.{check}" for check in CHECKS])

    assert [f.check for f in report.findings] == ["mail.dmarc.syntax"]
    assert "v=DMARC1; p=reject" in report.findings[0].paste


async def test_of_several_records_the_strongest_is_proposed(judge) -> None:
    outcome = await judge("mail.dmarc.single", dmarc("v=DMARC1; p=none", "v=DMARC1; p=reject"))

    assert 'TXT "v=DMARC1; p=reject"' in outcome.findings[0].paste


async def test_the_proposed_policy_keeps_the_other_tags(judge) -> None:
    outcome = await judge("mail.dmarc.policy", dmarc(f"v=DMARC1; p=none; adkim=s; pct=50; {REPORTS}"))

    assert f'"v=DMARC1; p=quarantine; adkim=s; {REPORTS}"' in outcome.findings[0].paste


async def test_a_subdomain_is_judged_by_the_record_it_inherits(judge) -> None:
    change = both(dmarc(f"v=DMARC1; p=reject; sp=none; {REPORTS}"), WITH_NEWS)

    outcome = await judge("mail.dmarc.policy", change, mail=NEWS)

    assert [f.subject for f in outcome.findings] == [f"news.{DOMAIN}"]
    assert f'_dmarc.{DOMAIN}. 3600 IN TXT "v=DMARC1; p=reject; sp=quarantine' in outcome.findings[0].paste


async def test_a_subdomain_with_a_record_of_its_own_is_judged_by_that(judge) -> None:
    own = records(DOMAIN, add=(f'_dmarc.news 300 TXT "v=DMARC1; p=reject; {REPORTS}"',))
    change = both(dmarc(f"v=DMARC1; p=reject; sp=none; {REPORTS}"), WITH_NEWS, own)

    assert (await judge("mail.dmarc.policy", change, mail=NEWS)).status is Status.PASSED


async def test_a_name_that_does_not_exist_is_judged_by_np(judge) -> None:
    change = dmarc(f"v=DMARC1; p=reject; np=none; {REPORTS}")

    outcome = await judge("mail.dmarc.policy", change, mail={"domains": [f"made-up.{DOMAIN}", f"app.{DOMAIN}"]})

    assert [f.subject for f in outcome.findings] == [f"made-up.{DOMAIN}"]


async def test_a_registrys_record_is_not_ours_to_change(audit) -> None:
    change = both(
        dmarc(), records("example", add=('_dmarc 300 TXT "v=DMARC1; p=none; psd=y; rua=mailto:a@b.example"',))
    )

    report = await audit(change, checks=[f"mail.dmarc.{check}" for check in CHECKS])

    assert [f.check for f in report.findings] == ["mail.dmarc.policy"]
    assert report.findings[0].paste.startswith(f"_dmarc.{DOMAIN}. ")


async def test_reports_to_a_domain_above_need_no_agreement(judge) -> None:
    change = both(WITH_NEWS, records(DOMAIN, add=(f'_dmarc.news 300 TXT "v=DMARC1; p=reject; {REPORTS}"',)))

    assert (await judge("mail.dmarc.external", change, mail=NEWS)).status is Status.PASSED


async def test_reports_to_a_null_mx_reach_nobody(judge) -> None:
    change = both(
        dmarc("v=DMARC1; p=reject; rua=mailto:a@mailer.example"), records("mailer.example", add=("@ 300 MX 0 .",))
    )

    outcome = await judge("mail.dmarc.reports", change)

    assert "cannot receive mail" in outcome.findings[0].problem


async def test_strict_alignment_does_not_take_the_parents_signature(judge) -> None:
    no_spf = dmarc(f"v=DMARC1; p=reject; adkim=s; aspf=s; {REPORTS}")
    mail = {"domains": [f"news.{DOMAIN}"], "dkim_selectors": ["s1"]}

    strict = await judge("mail.dmarc.alignment", no_spf, mail=mail)
    relaxed = await judge("mail.dmarc.alignment", mail=mail)

    assert [(f.subject, f.severity) for f in strict.findings] == [(f"news.{DOMAIN}", Severity.BLOCKER)]
    assert relaxed.status is Status.PASSED


async def test_an_unknown_selector_leaves_alignment_open(judge) -> None:
    change = records(DOMAIN, drop=("s1._domainkey TXT", "@ TXT"))

    assert (await judge("mail.dmarc.alignment", change)).status is Status.NOT_CHECKED


async def test_spf_alone_lets_mail_pass(judge) -> None:
    outcome = await judge("mail.dmarc.alignment", records(DOMAIN, drop=("s1._domainkey TXT",)))

    assert "SPF alone" in outcome.passed[0].detail


async def test_an_unanswered_parent_does_not_hide_the_domains_own_record(judge) -> None:
    def lost(world):
        return replace(world, name_servers=tuple(s for s in world.name_servers if not s.name.endswith("nic.example")))

    assert (await judge("mail.dmarc.policy", lost)).status is Status.PASSED


async def test_a_domain_that_sends_nothing_says_so_three_times(judge) -> None:
    outcome = await judge("mail.silent", spf("v=spf1 -all"), mail={"sends": False})
    assert outcome.status is Status.PASSED

    outcome = await judge("mail.silent", records(DOMAIN, drop=("@ MX", "@ TXT", "_dmarc TXT")))
    assert outcome.findings[0].severity is Severity.HIGH
    assert outcome.findings[0].paste.count("\n") == 2


@pytest.mark.parametrize(
    ("change", "severity"),
    [
        (dmarc("v=DMARC1; p=quarantine"), Severity.HIGH),
        (dmarc("v=DMARC1; p=reject; t=y"), Severity.HIGH),
        (spf("v=spf1 ~all"), Severity.HIGH),
        (records(DOMAIN, drop=("@ MX",)), Severity.NICE),
    ],
)
async def test_a_silent_domain_that_says_less_is_found(change, severity: Severity, judge) -> None:
    start = spf("v=spf1 -all")

    outcome = await judge("mail.silent", both(start, change), mail={"sends": False})

    assert [f.severity for f in outcome.findings] == [severity]


async def test_a_subdomain_that_is_an_organization_of_its_own_must_agree(judge) -> None:
    own = records(DOMAIN, add=("lab 300 MX 10 mail", '_dmarc.lab 300 TXT "v=DMARC1; p=none; psd=n"'))

    outcome = await judge("mail.dmarc.external", both(dmarc(f"v=DMARC1; p=reject; rua=mailto:a@lab.{DOMAIN}"), own))

    assert [f.key for f in outcome.findings] == [f"lab.{DOMAIN}"]


async def test_a_domain_that_does_not_exist_is_not_checked(judge) -> None:
    outcome = await judge("mail.silent", mail={"sends": False, "domains": [f"nowhere.{DOMAIN}"]})

    assert [row.subject for row in outcome.not_checked] == [f"nowhere.{DOMAIN}"]


async def test_whether_a_domain_sends_may_be_unknown(judge) -> None:
    outcome = await judge("mail.silent", servfail)

    assert outcome.status is Status.NOT_CHECKED
    assert "sends" in outcome.not_checked[0].unlock
