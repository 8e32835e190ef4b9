"""The lab's certificate authority: roots, intermediates, and leaf certificates with every mistake one can make.

Keys are made once an authority and shared by all leaves of their kind, which no check minds and which lets a lab
start in milliseconds. Certificates are judged against the clock of the machine, so days count from now.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from OpenSSL import crypto

from launchready.lab.world import Certificate, Issuer

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Issued:
    """A leaf as a server needs it."""

    chain_pem: bytes
    """Leaf first, then what the server is to send with it."""
    key_pem: bytes
    staple: bytes | None
    """DER of the OCSP response to staple, if any."""


@dataclass(frozen=True, slots=True)
class _Signer:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


class Authority:
    """Issues; the same `Certificate` for the same host is issued once."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC).replace(microsecond=0)
        self._keys: dict[str, Key] = {}
        self._issued: dict[tuple[Certificate, str], Issued] = {}
        self._root = self._sign_ca("Launch Ready Lab Root")
        self._intermediate = self._sign_ca("Launch Ready Lab CA 1", self._root)
        self.root_pem: bytes = _pem(self._root.certificate)
        """The root the audit is to trust."""

    def issue(self, wanted: Certificate, host: str) -> Issued:
        """A certificate as wanted, for `host` where `wanted` names none."""
        place = (wanted, "" if wanted.names and not wanted.extra_names else host)
        if place not in self._issued:
            self._issued[place] = self._make(wanted, host)
        return self._issued[place]

    def _make(self, wanted: Certificate, host: str) -> Issued:
        key = self._key(wanted.key)
        names = wanted.names or (host,)
        names += tuple(f"n{number}.{host}" for number in range(wanted.extra_names))
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
        signer = {Issuer.LAB: self._intermediate, Issuer.STRANGER: self._stranger}.get(wanted.issuer)
        issuer = signer.certificate.subject if signer else subject
        issuer_key = signer.key.public_key() if signer else key.public_key()
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now + timedelta(days=wanted.from_days))
            .not_valid_after(self._now + timedelta(days=wanted.until_days))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
            .add_extension(_where_the_issuer_is(), critical=False)
        )
        if wanted.must_staple:
            builder = builder.add_extension(x509.TLSFeature([x509.TLSFeatureType.status_request]), critical=False)
        leaf = builder.sign(signer.key if signer else key, hashes.SHA256())
        if wanted.signature == "sha1":
            leaf = _sign_again_with_sha1(leaf, signer.key if signer else key)
        sent = _pem(signer.certificate) if signer and wanted.send_intermediate else b""
        if wanted.also_send:
            sent += _pem(self._root.certificate if wanted.also_send == "root" else self._cross_signed)
        staple = self._staple(wanted.staple, leaf, signer or self._intermediate) if wanted.staple else None
        return Issued(_pem(leaf) + sent, _key_pem(key), staple)

    def _key(self, kind: str) -> Key:
        if kind not in self._keys:
            made: Key
            made = (
                ec.generate_private_key(ec.SECP256R1())
                if kind == "ec256"
                else rsa.generate_private_key(public_exponent=65537, key_size=int(kind.removeprefix("rsa")))
            )
            self._keys[kind] = made
        return self._keys[kind]

    @cached_property
    def _stranger(self) -> _Signer:
        return self._sign_ca("Stranger CA 1", self._sign_ca("Stranger Root"))

    @cached_property
    def _cross_signed(self) -> x509.Certificate:
        elder = self._sign_ca("Root of Yesterday")
        return self._sign_ca("Launch Ready Lab Root", elder, self._root.key).certificate

    def _sign_ca(
        self, name: str, parent: _Signer | None = None, key: ec.EllipticCurvePrivateKey | None = None
    ) -> _Signer:
        """A root, an intermediate below `parent`, or with a `key` that is known already another root under it."""
        path_length = 0 if parent and not key else None
        key = key or ec.generate_private_key(ec.SECP256R1())
        organization = x509.NameAttribute(NameOID.ORGANIZATION_NAME, name.rstrip("0123456789 "))
        subject = x509.Name([organization, x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer_key = parent.key if parent else key
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(parent.certificate.subject if parent else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - timedelta(days=400))
            .not_valid_after(self._now + timedelta(days=2000))
            .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
            .add_extension(_CA_USAGE, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
            .sign(issuer_key, hashes.SHA256())
        )
        return _Signer(certificate, key)

    def _staple(self, kind: str, leaf: x509.Certificate, signer: _Signer) -> bytes:
        if kind == "garbage":
            return _EMPTY_PROMISE
        revoked = kind in ("revoked", "forged")
        responder = self._stranger if kind == "forged" else signer
        ends = timedelta(days=-1) if kind == "stale" else timedelta(days=3)
        response = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=leaf,
                issuer=signer.certificate,
                algorithm=hashes.SHA256(),
                cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
                this_update=self._now - timedelta(days=2, hours=1),
                next_update=self._now + ends,
                revocation_time=self._now - timedelta(days=1) if revoked else None,
                revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, responder.certificate)
            .sign(responder.key, hashes.SHA256())
        )
        return response.public_bytes(serialization.Encoding.DER)


_EMPTY_PROMISE = bytes.fromhex("30210a0100a01c301a06092b0601050507300101040d") + b"no response :"
"""An OCSP response that says it succeeded and holds no answer; OpenSSL staples nothing that is not one outwardly."""

_CA_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def _sign_again_with_sha1(leaf: x509.Certificate, key: Key) -> x509.Certificate:
    """By OpenSSL itself: cryptography no longer makes such signatures."""
    again = crypto.X509.from_cryptography(leaf)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        again.sign(crypto.PKey.from_cryptography_key(key), "sha1")
    return again.to_cryptography()


def _where_the_issuer_is() -> x509.AuthorityInformationAccess:
    """As every public CA writes it, so that a missing intermediate can be named as such."""
    place = x509.UniformResourceIdentifier("http://ca.nic.example/lab-ca-1.crt")
    return x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, place)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
