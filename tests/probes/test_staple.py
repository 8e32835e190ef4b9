"""A stapled response is believed when the issuer signed it and it is in date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from launchready.lab.authority import Authority
from launchready.lab.world import Certificate
from launchready.probes.staple import Revocation, must_staple, read_staple

HOST = "app.brightside.example"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("", Revocation.NONE),
        ("good", Revocation.GOOD),
        ("revoked", Revocation.REVOKED),
        ("stale", Revocation.STALE),
        ("forged", Revocation.BROKEN),
        ("garbage", Revocation.BROKEN),
    ],
)
def test_a_staple_is_read(authority: Authority, kind: str, expected: Revocation) -> None:
    issued = authority.issue(Certificate(staple=kind), HOST)
    leaf, *above = x509.load_pem_x509_certificates(issued.chain_pem)

    assert read_staple(issued.staple, leaf, above, datetime.now(UTC)).state is expected


def test_a_staple_of_another_certificate_proves_nothing(authority: Authority) -> None:
    revoked = authority.issue(Certificate(staple="revoked"), HOST)
    leaf, *above = x509.load_pem_x509_certificates(authority.issue(Certificate(), HOST).chain_pem)

    assert read_staple(revoked.staple, leaf, above, datetime.now(UTC)).state is Revocation.BROKEN


def test_without_the_issuer_nothing_is_said(authority: Authority) -> None:
    issued = authority.issue(Certificate(staple="revoked"), HOST)
    leaf = x509.load_pem_x509_certificates(issued.chain_pem)[0]

    assert read_staple(issued.staple, leaf, [], datetime.now(UTC)).state is Revocation.UNKNOWN


def test_a_staple_ends(authority: Authority) -> None:
    issued = authority.issue(Certificate(staple="good"), HOST)
    leaf, *above = x509.load_pem_x509_certificates(issued.chain_pem)

    for days in (-10, 10):
        assert read_staple(issued.staple, leaf, above, datetime.now(UTC) + timedelta(days=days)).state is (
            Revocation.STALE
        )


@pytest.mark.parametrize("junk", [b"", b"\x30", b"\x30\x03\x0a\x01\x03", b"\x00" * 5000])
def test_junk_is_no_response(authority: Authority, junk: bytes) -> None:
    leaf, *above = x509.load_pem_x509_certificates(authority.issue(Certificate(), HOST).chain_pem)

    state = read_staple(junk, leaf, above, datetime.now(UTC)).state

    assert state in (Revocation.BROKEN, Revocation.STALE)


def test_a_certificate_may_demand_a_staple(authority: Authority) -> None:
    for wanted in (True, False):
        issued = authority.issue(Certificate(must_staple=wanted), HOST)
        assert must_staple(x509.load_pem_x509_certificates(issued.chain_pem)[0]) is wanted
