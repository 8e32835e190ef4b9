"""Every cause of a refused certificate is told apart; what browsers accept is not complained of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from launchready.lab.authority import Authority
from launchready.lab.world import Certificate, Issuer
from launchready.probes.chain import Cause, covers, longest_lifetime_days, too_long
from launchready.probes.verdict import Verifier

HOST = "app.brightside.example"


@pytest.fixture(scope="module")
def verifier(authority: Authority) -> Verifier:
    return Verifier(authority.root_pem, public=False)


def chain_of(authority: Authority, wanted: Certificate, host: str = HOST) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(authority.issue(wanted, host).chain_pem)


def causes(verifier: Verifier, chain: list[x509.Certificate], host: str = HOST) -> list[Cause]:
    return [reason.cause for reason in verifier.refusals(chain, host, datetime.now(UTC))]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Certificate(), []),
        (Certificate(also_send="root"), []),
        (Certificate(also_send="cross"), []),
        (Certificate(names=("*.brightside.example",)), []),
        (Certificate(key="rsa2048"), []),
        (Certificate(from_days=-90, until_days=-1), [Cause.EXPIRED]),
        (Certificate(from_days=1), [Cause.NOT_YET_VALID]),
        (Certificate(names=("brightside.example",)), [Cause.WRONG_HOST]),
        (Certificate(names=("*.app.brightside.example",)), [Cause.WRONG_HOST]),
        (Certificate(issuer=Issuer.SELF), [Cause.SELF_SIGNED]),
        (Certificate(issuer=Issuer.STRANGER), [Cause.UNTRUSTED_ROOT]),
        (Certificate(send_intermediate=False), [Cause.INCOMPLETE]),
        (Certificate(send_intermediate=False, also_send="root"), [Cause.INCOMPLETE]),
        (Certificate(key="rsa1024"), [Cause.WEAK_KEY]),
        (Certificate(signature="sha1"), [Cause.WEAK_SIGNATURE]),
        (
            Certificate(issuer=Issuer.SELF, from_days=-90, until_days=-1, names=("localhost.example",)),
            [Cause.SELF_SIGNED, Cause.EXPIRED, Cause.WRONG_HOST],
        ),
    ],
)
def test_a_chain_is_refused_for_its_own_causes(
    authority: Authority, verifier: Verifier, wanted: Certificate, expected: list[Cause]
) -> None:
    assert causes(verifier, chain_of(authority, wanted)) == expected


def test_the_order_of_the_chain_does_not_matter(authority: Authority, verifier: Verifier) -> None:
    leaf, *above = chain_of(authority, Certificate(also_send="cross"))

    assert causes(verifier, [leaf, *reversed(above)]) == []


def test_a_chain_of_a_thousand_strangers_is_judged_in_no_time(authority: Authority, verifier: Verifier) -> None:
    leaf, intermediate = chain_of(authority, Certificate())
    stranger = chain_of(authority, Certificate(issuer=Issuer.STRANGER))[1]

    assert causes(verifier, [leaf, intermediate, *[stranger] * 1000]) == []


def test_a_certificate_without_identifiers_is_accepted_when_openssl_does(authority: Authority) -> None:
    """Private authorities leave them out; browsers do not mind."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Office CA")])

    def made(subject: x509.Name, *extensions: x509.ExtensionType) -> x509.Certificate:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(name).public_key(key.public_key())
        builder = builder.serial_number(7).not_valid_before(now - timedelta(days=1))
        builder = builder.not_valid_after(now + timedelta(days=80))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(key, hashes.SHA256())

    root = made(name, x509.BasicConstraints(ca=True, path_length=None))
    leaf = made(x509.Name([]), x509.SubjectAlternativeName([x509.DNSName(HOST)]))
    office = Verifier(root.public_bytes(serialization.Encoding.PEM), public=False)

    assert causes(office, [leaf]) == []
    assert causes(office, [leaf], "other.example") == [Cause.WRONG_HOST]


@pytest.mark.parametrize(
    ("names", "host", "expected"),
    [
        (("example.com",), "EXAMPLE.com", True),
        (("*.example.com",), "a.example.com", True),
        (("*.example.com",), "a.b.example.com", False),
        (("*.example.com",), "example.com", False),
        (("a*.example.com",), "ab.example.com", False),
    ],
)
def test_names_cover_hosts_as_rfc_9525_says(
    authority: Authority, names: tuple[str, ...], host: str, *, expected: bool
) -> None:
    assert covers(chain_of(authority, Certificate(names=names))[0], host) is expected


@pytest.mark.parametrize(
    ("issued_at", "days"),
    [
        (datetime(2020, 8, 31, tzinfo=UTC), None),
        (datetime(2020, 9, 1, tzinfo=UTC), 398),
        (datetime(2026, 3, 14, 23, 59, tzinfo=UTC), 398),
        (datetime(2026, 3, 15, tzinfo=UTC), 200),
        (datetime(2027, 3, 15, tzinfo=UTC), 100),
        (datetime(2029, 3, 15, tzinfo=UTC), 47),
    ],
)
def test_public_lifetimes_become_shorter_by_the_ballots_steps(issued_at: datetime, days: int | None) -> None:
    assert longest_lifetime_days(issued_at, public=True) == days


def test_a_lifetime_too_long_is_refused_below_public_roots_only(authority: Authority) -> None:
    leaf = chain_of(authority, Certificate(from_days=-1, until_days=500))[0]

    assert too_long(leaf, public=True)
    assert not too_long(leaf, public=False)
    chain = chain_of(authority, Certificate(from_days=-1, until_days=500))
    assert causes(Verifier(authority.root_pem, public=True), chain) == [Cause.TOO_LONG]


def test_the_roots_browsers_come_with_are_read_without_a_word(
    authority: Authority, recwarn: pytest.WarningsRecorder
) -> None:
    public = Verifier(Path(certifi.where()).read_bytes(), public=True)

    assert causes(public, chain_of(authority, Certificate())) == [Cause.UNTRUSTED_ROOT]
    assert not recwarn.list
