"""The lab's certificate authority: roots, intermediates, and leaf certificates with every mistake one can make."""

from __future__ import annotations

from dataclasses import dataclass

from launchready.lab.world import Certificate


@dataclass(frozen=True, slots=True)
class Issued:
    """A leaf as a server needs it."""

    chain_pem: bytes
    """Leaf first, then what the server is to send with it."""
    key_pem: bytes
    staple: bytes | None
    """DER of the OCSP response to staple, if any."""


class Authority:
    """Issues; the same `Certificate` for the same host is issued once."""

    root_pem: bytes
    """The root the audit is to trust."""

    def issue(self, wanted: Certificate, host: str) -> Issued:
        """A certificate as wanted, for `host` where `wanted` names none."""
        raise NotImplementedError
