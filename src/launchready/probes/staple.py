"""What a stapled OCSP response says (RFC 6960, RFC 6066 section 8), believed only when the issuer signed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from launchready.probes.chain import MOST_LINKS, issued


class Revocation(StrEnum):
    """What a stapled OCSP response comes to."""

    NONE = "nothing is stapled"
    GOOD = "good"
    REVOKED = "revoked"
    STALE = "of no use: out of date, or the responder gave no answer"
    BROKEN = "no OCSP response, of another certificate, or not signed by the issuer"
    UNKNOWN = "cannot be checked here"


@dataclass(frozen=True, slots=True)
class Staple:
    """A stapled OCSP response, read."""

    state: Revocation
    detail: str = ""


def read_staple(
    staple: bytes | None, leaf: x509.Certificate, issuers: Sequence[x509.Certificate], now: datetime
) -> Staple:
    """What a staple says of `leaf`; `issuers` are the certificates its issuer may have: those sent, and roots."""
    if staple is None:
        return Staple(Revocation.NONE)
    try:
        return _read(ocsp.load_der_ocsp_response(staple), leaf, issuers, now)
    except UnsupportedAlgorithm as error:
        return Staple(Revocation.UNKNOWN, f"its signature is of a kind unknown here: {error}")
    except (ValueError, TypeError):
        return Staple(Revocation.BROKEN, "what is stapled is no OCSP response")


CLOCKS_DIFFER = timedelta(minutes=5)
"""So much may the responder's clock and ours."""


def must_staple(certificate: x509.Certificate) -> bool:
    """Whether the certificate demands a staple (TLS feature `status_request`, RFC 7633)."""
    try:
        features = certificate.extensions.get_extension_for_class(x509.TLSFeature).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    return x509.TLSFeatureType.status_request in features


def _read(
    response: ocsp.OCSPResponse, leaf: x509.Certificate, issuers: Sequence[x509.Certificate], now: datetime
) -> Staple:
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return Staple(Revocation.STALE, f"the responder answered {response.response_status.name}")
    if response.serial_number != leaf.serial_number:
        return Staple(Revocation.BROKEN, "it speaks of another certificate")
    issuer = next((c for c in issuers[:MOST_LINKS] if issued(leaf, c)), None)
    if issuer is None:
        return Staple(Revocation.UNKNOWN, "the issuer, who must have signed it, was not sent")
    if not _signed_for(response, issuer):
        return Staple(Revocation.BROKEN, "it is not signed by the issuer of the certificate")
    ends = response.next_update_utc
    if ends is not None and ends < now - CLOCKS_DIFFER:
        return Staple(Revocation.STALE, f"it was good until {ends:%Y-%m-%d %H:%M} UTC only")
    if response.this_update_utc > now + CLOCKS_DIFFER:
        return Staple(Revocation.STALE, f"it is dated {response.this_update_utc:%Y-%m-%d %H:%M} UTC, in the future")
    if response.certificate_status is ocsp.OCSPCertStatus.REVOKED:
        return Staple(Revocation.REVOKED, _revoked(response))
    known = response.certificate_status is ocsp.OCSPCertStatus.GOOD
    return Staple(Revocation.GOOD) if known else Staple(Revocation.STALE, "the responder does not know it")


def _signed_for(response: ocsp.OCSPResponse, issuer: x509.Certificate) -> bool:
    """Signed by the issuer, or by one it named for that (RFC 6960 section 4.2.2.2)."""
    if _verifies(response, issuer):
        return True
    for delegate in response.certificates[:MOST_LINKS]:
        try:
            usage = delegate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
            continue
        named = ExtendedKeyUsageOID.OCSP_SIGNING in usage
        if named and issued(delegate, issuer) and _verifies(response, delegate):
            return True
    return False


def _verifies(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    key, digest = signer.public_key(), response.signature_hash_algorithm
    signature, content = response.signature, response.tbs_response_bytes
    try:
        if isinstance(key, rsa.RSAPublicKey) and digest:
            key.verify(signature, content, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and digest:
            key.verify(signature, content, ec.ECDSA(digest))
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(signature, content)
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _revoked(response: ocsp.OCSPResponse) -> str:
    when = f"on {response.revocation_time_utc:%Y-%m-%d %H:%M} UTC" if response.revocation_time_utc else "already"
    return f"{when}, reason: {response.revocation_reason.value if response.revocation_reason else 'none given'}"
