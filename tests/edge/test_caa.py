"""CAA: found upwards, read as authorities read it, and held against the certificate in use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from launchready.edge import certificate_authorities
from launchready.edge.certificate_authorities import Property, authority_of, may_issue, read_property
from launchready.lab.healthy import DOMAIN
from launchready.lab.world import Trouble, both, records, resolver
from launchready.model import Severity, Status

APP = f"app.{DOMAIN}"


def certificate_by(organization: str | None) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)] if organization else []
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(x509.Name(issuer))
    builder = builder.public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return builder.sign(key, hashes.SHA256())


@pytest.mark.parametrize(
    ("text", "issuer"),
    [
        ('0 issue "letsencrypt.org"', "letsencrypt.org"),
        ('0 issue " LetsEncrypt.org ; validationmethods=dns-01; accounturi=https://a/b?c"', "letsencrypt.org"),
        ('0 issue ";"', ""),
        ('0 issue ""', ""),
        ('0 issuewild "pki.goog;"', "pki.goog"),
        ('0 issue "letsencrypt.org, digicert.com"', None),
        ('0 issue "https://letsencrypt.org"', None),
        ('0 issue "letsencrypt.org;policy"', None),
        (f'0 issue "{"a-" * 300}!"', None),
    ],
)
def test_values_are_read_by_the_grammar(text: str, issuer: str | None) -> None:
    read = read_property(text)

    assert read is not None
    assert read.issuer == issuer
    assert bool(read.flaw) is (issuer is None)


@pytest.mark.parametrize(("text", "wrong"), [("128 tbs x", True), ("0 tbs x", False), ("128 issuemail ;", False)])
def test_only_unknown_critical_tags_forbid(text: str, wrong: bool) -> None:
    flags, tag, value = text.split()
    read = read_property(f'{flags} {tag} "{value}"')

    assert bool(read and read.flaw) is wrong


def test_what_is_no_caa_is_none() -> None:
    assert read_property("\\# 1 00") is None


def test_wildcards_go_by_issuewild_where_there_is_one() -> None:
    issue, wild = Property(False, "issue", "a.example"), Property(False, "issuewild", ";")

    assert may_issue([issue, wild], ["a.example"], wildcard=False)
    assert not may_issue([issue, wild], ["a.example"], wildcard=True)
    assert may_issue([issue], ["a.example"], wildcard=True)
    assert may_issue([Property(False, "iodef", "mailto:a@b")], ["a.example"], wildcard=False)


@pytest.mark.parametrize(
    ("organization", "domain"),
    [("Let's Encrypt", "letsencrypt.org"), ("DigiCert Inc", "digicert.com"), ("Google Trust Services", "pki.goog")],
)
def test_an_authority_is_known_by_the_issuers_organization(organization: str, domain: str) -> None:
    known = authority_of(certificate_by(organization))

    assert known is not None
    assert domain in known[1]


def test_an_authority_that_is_not_listed_is_not_compared() -> None:
    assert authority_of(certificate_by("Brightside Internal CA")) is None
    assert authority_of(certificate_by(None)) is None


async def test_a_record_at_the_root_covers_every_host(judge) -> None:
    outcome = await judge("dns.caa")

    assert [(row.subject, row.detail) for row in outcome.passed] == [(DOMAIN, "may issue: ca.example")]


async def test_a_host_with_a_set_of_its_own_goes_by_that(judge) -> None:
    change = records(DOMAIN, add=('app 300 CAA 0 issue "no domain"',))
    outcome = await judge("dns.caa", change)

    assert [(f.subject, f.severity) for f in outcome.findings] == [(APP, Severity.HIGH)]
    assert [row.subject for row in outcome.passed] == [DOMAIN]


async def test_none_at_all_is_nice_to_fix_and_one_finding(judge) -> None:
    outcome = await judge("dns.caa", records(DOMAIN, drop=("@ CAA",)))

    assert [(f.subject, f.severity) for f in outcome.findings] == [(DOMAIN, Severity.NICE)]


async def test_a_resolver_that_cannot_tell_leaves_it_not_checked(judge) -> None:
    for trouble in (Trouble.SILENT, Trouble.SERVFAIL):
        outcome = await judge("dns.caa", resolver("Frankfurt", trouble=trouble))
        assert outcome.status is Status.NOT_CHECKED


async def test_an_authority_in_use_that_is_forbidden_is_a_high_risk(judge, authority, monkeypatch) -> None:
    # The lab's authority has no entry among the world's; for this test it has one, as any other.
    from launchready.lab.world import Certificate

    leaf = x509.load_pem_x509_certificates(authority.issue(Certificate(), f"www.{DOMAIN}").chain_pem)[0]
    names = leaf.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    if not names:
        pytest.skip("the lab's authority names no organization")
    organization = str(names[0].value)
    monkeypatch.setitem(certificate_authorities.AUTHORITIES, organization.lower(), ("ca.example",))
    change = both(records(DOMAIN, drop=("@ CAA",)), records(DOMAIN, add=('@ 300 CAA 0 issue "pki.goog"',)))

    (finding,) = (await judge("dns.caa", change)).findings
    assert (finding.severity, finding.key) == (Severity.HIGH, "forbidden")
    assert finding.paste == f'{DOMAIN}. 3600 IN CAA 0 issue "ca.example"'
    assert (await judge("dns.caa")).status is Status.PASSED
