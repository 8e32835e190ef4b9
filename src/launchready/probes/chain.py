"""Why a browser refuses a certificate, in words a person can act on.

A verifier stops at the first thing it dislikes and names it in its own terms. Here the same chain is read part by
part, so that every cause is told apart. Pure: looks at nothing but what the handshake brought.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID

MOST_LINKS = 10
"""So many certificates of a chain are read; public chains have two to four."""

MOST_NAMES_SHOWN = 5


class Cause(StrEnum):
    """Why a browser refuses a certificate, gravest to explain first."""

    SELF_SIGNED = "self-signed"
    EXPIRED = "expired"
    NOT_YET_VALID = "not yet valid"
    WRONG_HOST = "wrong host"
    INCOMPLETE = "incomplete chain"
    UNTRUSTED_ROOT = "untrusted root"
    TOO_LONG = "lifetime too long"
    WEAK_KEY = "weak key"
    WEAK_SIGNATURE = "weak signature"
    OTHER = "refused"


@dataclass(frozen=True, slots=True)
class Reason:
    """One cause, and the sentence that explains it. The sentence may quote hostile names."""

    cause: Cause
    says: str


Roots = Mapping[bytes, Sequence[x509.Certificate]]
"""Trusted roots by the DER of their subject."""


def by_subject(certificates: Iterable[x509.Certificate]) -> Roots:
    """Roots as they are looked up."""
    index: dict[bytes, list[x509.Certificate]] = {}
    for certificate in certificates:
        index.setdefault(certificate.subject.public_bytes(), []).append(certificate)
    return index


def reasons(chain: Sequence[x509.Certificate], roots: Roots, host: str, now: datetime) -> tuple[Reason, ...]:
    """Every reason there is to refuse `chain` (as sent, leaf first) for `host`, in the order of `Cause`.

    Empty when it reads well, which does not mean that a verifier accepts it: `verdict.py` asks one.
    """
    path, issuer_missing = path_of(chain, roots)
    found = [
        *_trust_reasons(path, issuer_missing),
        *_date_reasons(path, now),
        *_name_reasons(chain[0], host),
        *weaknesses(path),
    ]
    return tuple(sorted(found, key=lambda reason: list(Cause).index(reason.cause)))


def path_of(chain: Sequence[x509.Certificate], roots: Roots) -> tuple[tuple[x509.Certificate, ...], bool]:
    """The certificates from the leaf upwards, as far as those sent reach; and whether a trusted root is missing above.

    Roots themselves are left out of the path. Order and superfluous certificates do not matter, as for browsers.
    """
    path = [chain[0]]
    sent = [certificate for certificate in chain[1 : MOST_LINKS + 1] if certificate != chain[0]]
    while len(path) <= MOST_LINKS:
        last = path[-1]
        if any(last == root or issued(last, root) for root in roots.get(last.issuer.public_bytes(), ())):
            return tuple(path), False
        above = next((c for c in sent if c not in path and c.subject == last.issuer and issued(last, c)), None)
        if above is None:
            break
        path.append(above)
    return tuple(path), True


def issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether `issuer` signed `certificate`. A signature that can no longer be checked (SHA-1) counts by its names."""
    if certificate.issuer != issuer.subject:
        return False
    if _weak_digest(certificate):
        return True
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def covers(certificate: x509.Certificate, host: str) -> bool:
    """Whether a name of the certificate covers `host` (RFC 9525 section 6.3: a wildcard stands for one label)."""
    try:
        address = ip_address(host)
    except ValueError:
        parent = host.lower().partition(".")[2]
        return any(name in (host.lower(), f"*.{parent}") for name in dns_names(certificate))
    extension = _names(certificate)
    return extension is not None and address in extension.get_values_for_type(x509.IPAddress)


def dns_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """DNS names of a certificate, lower case; empty when there are none or they cannot be read."""
    extension = _names(certificate)
    if not extension:
        return ()
    return tuple(name.lower().rstrip(".") for name in extension.get_values_for_type(x509.DNSName))


def weaknesses(path: Sequence[x509.Certificate]) -> list[Reason]:
    """Keys and signatures below what browsers take, of a path without its root.

    Below 2,048 bits of RSA and below P-256, or signed with SHA-1 or MD5 (CA/Browser Forum Baseline Requirements
    sections 6.1.5 and 7.1.3.2). The signature of a self-signed certificate protects nothing and is not judged.
    """
    found = []
    for certificate in path:
        whose = "" if certificate is path[0] else f" of its issuer {name_of(certificate.subject)}"
        if weak := _weak_key(certificate):
            found.append(Reason(Cause.WEAK_KEY, f"the key{whose} is {weak}"))
        if not is_self_signed(certificate) and (digest := _weak_digest(certificate)):
            found.append(Reason(Cause.WEAK_SIGNATURE, f"the certificate{whose} is signed with {digest}"))
    return found


def is_self_signed(certificate: x509.Certificate) -> bool:
    """Whether a certificate names itself as its issuer."""
    return certificate.issuer == certificate.subject and issued(certificate, certificate)


def longest_lifetime_days(issued_at: datetime, *, public: bool) -> int | None:
    """The most days a browser takes for a certificate issued then; None when none sets a limit.

    Public roots: CA/Browser Forum ballots SC-022 (398 days) and SC-081v3 (200, 100, 47 days). Private roots:
    Apple takes 825 days at most (https://support.apple.com/103769), others take any.
    """
    if not public:
        return 825 if issued_at >= datetime(2019, 7, 1, tzinfo=UTC) else None
    return next((days for since, days in _LIFETIMES if issued_at >= since), None)


_LIFETIMES = (
    (datetime(2029, 3, 15, tzinfo=UTC), 47),
    (datetime(2027, 3, 15, tzinfo=UTC), 100),
    (datetime(2026, 3, 15, tzinfo=UTC), 200),
    (datetime(2020, 9, 1, tzinfo=UTC), 398),
)
"""Newest first: certificates issued since then may live so many days."""


def too_long(certificate: x509.Certificate, *, public: bool) -> Reason | None:
    """The reason to refuse a certificate for its lifetime, if it is one."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    limit = longest_lifetime_days(begins, public=public)
    # The last second counts as part of the lifetime (Baseline Requirements section 6.3.2).
    if limit is None or ends - begins + timedelta(seconds=1) <= timedelta(days=limit, seconds=1):
        return None
    days = (ends - begins).days
    return Reason(
        Cause.TOO_LONG, f"it is valid for {days} days, where {limit} are allowed for one issued on {begins:%Y-%m-%d}"
    )


def name_of(name: x509.Name) -> str:
    """A distinguished name as people know it: its common name, else its organisation, else the whole."""
    for oid in (x509.NameOID.COMMON_NAME, x509.NameOID.ORGANIZATION_NAME):
        if values := name.get_attributes_for_oid(oid):
            return str(values[0].value)[:100]
    return name.rfc4514_string()[:100] or "(no name)"


def _trust_reasons(path: Sequence[x509.Certificate], issuer_missing: bool) -> list[Reason]:
    if not issuer_missing:
        return []
    top = path[-1]
    if is_self_signed(path[0]):
        return [Reason(Cause.SELF_SIGNED, f"it is signed by itself ({name_of(top.subject)}), not by an authority")]
    if is_self_signed(top):
        return [Reason(Cause.UNTRUSTED_ROOT, f"its root {name_of(top.subject)} is not trusted by browsers")]
    # A certificate that says where its issuer's can be fetched, or is in public logs, comes from an authority that
    # expects the server to send it. Fetching it is left out: the address is the server's to choose.
    if _has_issuer_address(top) or _is_logged(top):
        return [
            Reason(
                Cause.INCOMPLETE,
                f"the server does not send the certificate of its issuer {name_of(top.issuer)}",
            )
        ]
    return [Reason(Cause.UNTRUSTED_ROOT, f"its issuer {name_of(top.issuer)} is not trusted by browsers")]


def _date_reasons(path: Sequence[x509.Certificate], now: datetime) -> list[Reason]:
    found = []
    for certificate in path:
        what = "it" if certificate is path[0] else f"the certificate of its issuer {name_of(certificate.subject)}"
        if certificate.not_valid_after_utc < now:
            found.append(Reason(Cause.EXPIRED, f"{what} ended on {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"))
        elif certificate.not_valid_before_utc > now:
            begins = f"{certificate.not_valid_before_utc:%Y-%m-%d %H:%M}"
            found.append(Reason(Cause.NOT_YET_VALID, f"{what} begins only on {begins} UTC"))
    return found


def _name_reasons(leaf: x509.Certificate, host: str) -> list[Reason]:
    if covers(leaf, host):
        return []
    names = dns_names(leaf)
    shown = ", ".join(name[:100] for name in names[:MOST_NAMES_SHOWN]) or "no name at all"
    more = f" and {len(names) - MOST_NAMES_SHOWN} more" if len(names) > MOST_NAMES_SHOWN else ""
    return [Reason(Cause.WRONG_HOST, f"it is for {shown}{more}, not for {host}")]


def _weak_key(certificate: x509.Certificate) -> str:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return ""  # of a kind we do not know: what the verifier says of it stands
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < 2048:
        return f"RSA with {key.key_size} bits, where 2,048 are the least"
    if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < 256:
        return f"elliptic with {key.key_size} bits, where 256 are the least"
    return "DSA, which browsers do not take" if isinstance(key, dsa.DSAPublicKey) else ""


def _weak_digest(certificate: x509.Certificate) -> str:
    try:
        digest = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return _OLD_SIGNATURES.get(certificate.signature_algorithm_oid.dotted_string, "")
    return {"sha1": "SHA-1", "md5": "MD5"}.get(digest.name, "") if digest else ""


_OLD_SIGNATURES = {
    "1.2.840.113549.1.1.2": "MD2",
    "1.2.840.113549.1.1.4": "MD5",
    "1.2.840.113549.1.1.5": "SHA-1",
    "1.2.840.10045.4.1": "SHA-1",
}
"""RFC 3279 sections 2.2.1 and 2.2.3, for what the library no longer names."""


def _names(certificate: x509.Certificate) -> x509.SubjectAlternativeName | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError, TypeError):
        return None


def _has_issuer_address(certificate: x509.Certificate) -> bool:
    try:
        places = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError, TypeError):
        return False
    return any(place.access_method == AuthorityInformationAccessOID.CA_ISSUERS for place in places)


def _is_logged(certificate: x509.Certificate) -> bool:
    try:
        oids = {extension.oid for extension in certificate.extensions}
    except (x509.DuplicateExtension, ValueError, TypeError):
        return False
    return ExtensionOID.PRECERT_SIGNED_CERTIFICATE_TIMESTAMPS in oids
