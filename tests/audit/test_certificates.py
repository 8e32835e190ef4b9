"""Certificates as visitors meet them: refused ones explained once, good ones left alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from cryptography import x509

from launchready.audit.certificate_expiry import expires_too_soon, margin
from launchready.lab.authority import Authority
from launchready.lab.faults.tls import at_each_address, wildcard_everywhere
from launchready.lab.healthy import DOMAIN, EDGE, MAIL
from launchready.lab.world import Certificate, Issuer, Response, Route, Site, Trouble, add_site, certificate, site
from launchready.model import Outcome, Severity, Status

Judge = Callable[..., Awaitable[Outcome]]
APP, WWW = f"app.{DOMAIN}", f"www.{DOMAIN}"
TRUST, EXPIRY, REVOKED, WEAK = (f"tls.certificate.{id}" for id in ("trust", "expiry", "revoked", "weak"))


@pytest.mark.parametrize("check", [TRUST, EXPIRY, REVOKED, WEAK])
async def test_the_healthy_world_passes_for_every_host(judge: Judge, check: str) -> None:
    outcome = await judge(check)

    assert outcome.status is Status.PASSED
    assert {row.subject for row in outcome.passed} >= {DOMAIN, WWW, APP}


async def test_a_chain_without_its_intermediate_is_a_blocker(judge: Judge) -> None:
    outcome = await judge(TRUST, certificate(APP, send_intermediate=False))

    (finding,) = outcome.findings
    assert finding.severity is Severity.BLOCKER
    assert "does not send its whole certificate chain" in finding.problem
    assert "Launch Ready Lab CA 1" in finding.fix


async def test_one_bad_certificate_on_all_hosts_is_one_finding(judge: Judge) -> None:
    outcome = await judge(TRUST, wildcard_everywhere(from_days=-90, until_days=-1))

    (finding,) = outcome.findings
    assert finding.subject == DOMAIN
    assert APP in finding.evidence
    assert EDGE[1] in finding.evidence


async def test_a_bad_certificate_at_one_address_names_that_address_only(judge: Judge) -> None:
    outcome = await judge(TRUST, at_each_address(APP, {"certificate": Certificate(issuer=Issuer.SELF)}))

    (finding,) = outcome.findings
    assert EDGE[1] in finding.evidence
    assert EDGE[0] not in finding.evidence


async def test_a_weak_certificate_is_told_once(judge: Judge) -> None:
    change = certificate(APP, signature="sha1")

    assert (await judge(TRUST, change)).findings == ()
    assert len((await judge(WEAK, change)).findings) == 1


async def test_an_expired_certificate_is_told_once(judge: Judge) -> None:
    change = certificate(APP, from_days=-90, until_days=-0.5)

    assert len((await judge(TRUST, change)).findings) == 1
    assert (await judge(EXPIRY, change)).findings == ()


async def test_a_wrong_certificate_on_a_mail_host_that_was_only_found_is_a_high_risk(judge: Judge) -> None:
    page = (Route("*", Response(200, (), "webmail")),)
    change = add_site(Site(f"mail.{DOMAIN}", MAIL, page, page, Certificate(names=("server7.hosting.example",))))

    (finding,) = (await judge(TRUST, change)).findings

    assert finding.severity is Severity.HIGH
    assert "server7.hosting.example" in finding.evidence


@pytest.mark.parametrize("check", [TRUST, EXPIRY, REVOKED, WEAK])
@pytest.mark.parametrize("trouble", [Trouble.SILENT, Trouble.TLS_GARBAGE, Trouble.REFUSES])
async def test_a_named_host_that_gives_no_handshake_is_not_checked(judge: Judge, check: str, trouble: Trouble) -> None:
    outcome = await judge(check, site(APP, trouble=trouble), hosts=("app",))

    assert outcome.status is Status.NOT_CHECKED
    assert [row.subject for row in outcome.not_checked] == [APP]
    assert outcome.not_checked[0].reason


async def test_a_revocation_is_a_blocker_and_names_its_reason(judge: Judge) -> None:
    (finding,) = (await judge(REVOKED, certificate(APP, staple="revoked"))).findings

    assert finding.severity is Severity.BLOCKER
    assert "keyCompromise" in finding.evidence


async def test_a_stale_staple_weighs_more_where_one_is_demanded(judge: Judge) -> None:
    spare = await judge(REVOKED, certificate(APP, staple="stale"))
    demanded = await judge(REVOKED, certificate(APP, staple="stale", must_staple=True))

    assert [f.severity for f in spare.findings] == [Severity.NICE]
    assert [f.severity for f in demanded.findings] == [Severity.HIGH]


async def test_a_certificate_that_ends_soon_says_when_and_what_was_due(judge: Judge) -> None:
    (finding,) = (await judge(EXPIRY, certificate(APP, from_days=-80.5, until_days=9.5))).findings

    assert finding.severity is Severity.HIGH
    assert "renewed when 30 days were left" in finding.problem


@pytest.mark.parametrize(
    ("lifetime_days", "left_days", "expected"),
    [
        (90, 60, None),
        (90, 29, None),  # renewal is due, and services take a few days over it
        (90, 23, Severity.NICE),
        (90, 14, Severity.HIGH),
        (90, 1.9, Severity.BLOCKER),
        (90, -1, None),
        (45, 14, None),
        (45, 11, Severity.NICE),
        (45, 7, Severity.HIGH),
        (6.67, 6.5, None),  # freshly issued
        (6.67, 3, None),
        (6.67, 2.5, Severity.NICE),
        (6.67, 1.5, Severity.BLOCKER),
        (398, 60, None),  # where a third of the lifetime would alarm for four months
        (398, 20, Severity.NICE),
        (398, 10, Severity.HIGH),
        (200, 31, None),
        (1, 0.4, None),  # a day's certificate has always less than 48 hours left
        (1, 0.2, Severity.BLOCKER),
    ],
)
def test_limits_follow_the_lifetime(
    authority: Authority, lifetime_days: float, left_days: float, expected: Severity | None
) -> None:
    wanted = Certificate(from_days=left_days - lifetime_days, until_days=left_days)
    leaf = x509.load_pem_x509_certificates(authority.issue(wanted, APP).chain_pem)[0]
    now = leaf.not_valid_after_utc - timedelta(days=left_days)

    assert expires_too_soon(leaf, now) is expected
    assert margin(leaf).renew <= timedelta(days=30)
