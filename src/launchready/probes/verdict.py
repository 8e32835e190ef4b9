"""The verdict a browser would give on a chain and a name: verified strictly, and every refusal explained.

Verified by cryptography's X.509 verifier, which follows the web's profile of RFC 5280. It is stricter than browsers
in places (a missing key identifier, say), so a refusal that cannot be explained needs OpenSSL's as well.
"""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from OpenSSL import crypto

from launchready.probes import chain
from launchready.probes.chain import Cause, Reason

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class Verifier:
    """Judges chains by a set of trusted roots; `public` when they are the ones browsers come with."""

    def __init__(self, roots_pem: bytes, *, public: bool) -> None:
        self.public = public
        self._pem = roots_pem

    def refusals(self, sent: Sequence[x509.Certificate], host: str, now: datetime) -> tuple[Reason, ...]:
        """Why browsers refuse the chain `sent` (leaf first) for `host`, gravest first; empty when they accept it."""
        said = self._verify(sent, host, now)
        found = chain.reasons(sent, self._by_subject, host, now)
        long = chain.too_long(sent[0], public=self.public) if self.public else None
        if said is None:
            # The verifier knows chains better; it does not mind a weak key in the leaf, which browsers do.
            found = tuple(reason for reason in found if reason.cause is Cause.WEAK_KEY)
        if long:
            found = (*found, long)
        if found or said is None or (chain.covers(sent[0], host) and self._openssl_accepts(sent, now)):
            return found
        return (Reason(Cause.OTHER, f"it does not follow the rules of the web: {said}"),)

    def issuers(self, sent: Sequence[x509.Certificate]) -> list[x509.Certificate]:
        """The certificates the leaf's issuer may have: those sent with it, and the trusted roots of that name."""
        return [*sent[1 : chain.MOST_LINKS + 1], *self._by_subject.get(sent[0].issuer.public_bytes(), ())]

    def path(self, sent: Sequence[x509.Certificate]) -> tuple[x509.Certificate, ...]:
        """From the leaf upwards as far as those sent reach, without the root."""
        return chain.path_of(sent, self._by_subject)[0]

    @cached_property
    def _roots(self) -> list[x509.Certificate]:
        roots = []
        for block in _PEM.findall(self._pem):
            # One old root that the library no longer reads (a serial number of zero, say) must not take all away.
            with warnings.catch_warnings(), contextlib.suppress(ValueError):
                warnings.simplefilter("ignore", CryptographyDeprecationWarning)
                roots.append(x509.load_pem_x509_certificate(block))
        return roots

    @cached_property
    def _store(self) -> Store:
        return Store(self._roots)

    @cached_property
    def _by_subject(self) -> chain.Roots:
        return chain.by_subject(self._roots)

    def _verify(self, sent: Sequence[x509.Certificate], host: str, now: datetime) -> str | None:
        try:
            builder = PolicyBuilder().store(self._store).time(now.astimezone(UTC).replace(tzinfo=None))
            builder.build_server_verifier(x509.DNSName(host)).verify(sent[0], list(sent[1 : chain.MOST_LINKS + 1]))
        except (VerificationError, ValueError, x509.UnsupportedGeneralNameType) as error:
            return str(error)[:300]
        return None

    def _openssl_accepts(self, sent: Sequence[x509.Certificate], now: datetime) -> bool:
        store = crypto.X509Store()
        for root in self._roots:
            store.add_cert(crypto.X509.from_cryptography(root))
        store.set_time(now)
        leaf, *above = (crypto.X509.from_cryptography(certificate) for certificate in sent[: chain.MOST_LINKS + 1])
        try:
            crypto.X509StoreContext(store, leaf, above).verify_certificate()
        except (crypto.X509StoreContextError, crypto.Error):
            return False
        return True
