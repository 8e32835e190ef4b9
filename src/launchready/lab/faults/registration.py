"""Planted mistakes of the domain's registration."""

from __future__ import annotations

from launchready.lab.healthy import DOMAIN
from launchready.lab.world import Fault, registration
from launchready.model import Severity

LOCKED = "client transfer prohibited"

FAULTS = (
    Fault(
        "registration-ended",
        "The domain's registration ended three days ago",
        "domain.registration.state",
        Severity.BLOCKER,
        registration(DOMAIN, expires_days=-3),
        subject=DOMAIN,
    ),
    Fault(
        "registration-client-hold",
        "The registrar has put the domain on hold",
        "domain.registration.state",
        Severity.BLOCKER,
        registration(DOMAIN, status=(LOCKED, "client hold")),
        subject=DOMAIN,
        twin=registration(DOMAIN, status=(LOCKED, "client update prohibited", "client delete prohibited", "active")),
    ),
    Fault(
        "registration-server-hold",
        "The registry has put the domain on hold",
        "domain.registration.state",
        Severity.BLOCKER,
        registration(DOMAIN, status=(LOCKED, "server hold")),
        subject=DOMAIN,
    ),
    Fault(
        "registration-redemption",
        "The domain was deleted and can only be bought back",
        "domain.registration.state",
        Severity.BLOCKER,
        registration(DOMAIN, status=(LOCKED, "pending delete", "redemption period")),
        subject=DOMAIN,
        twin=registration(DOMAIN, status=(LOCKED, "auto renew period")),
    ),
    Fault(
        "registration-transfer",
        "The domain is on its way to another registrar",
        "domain.registration.state",
        Severity.HIGH,
        registration(DOMAIN, status=(LOCKED, "pending transfer")),
        subject=DOMAIN,
        twin=registration(DOMAIN, status=("server transfer prohibited", "transfer period")),
    ),
    Fault(
        "registration-5-days",
        "The registration ends in five days",
        "domain.registration.expiry",
        Severity.BLOCKER,
        registration(DOMAIN, expires_days=5),
        subject=DOMAIN,
    ),
    Fault(
        "registration-20-days",
        "The registration ends in twenty days",
        "domain.registration.expiry",
        Severity.HIGH,
        registration(DOMAIN, expires_days=20),
        subject=DOMAIN,
        twin=registration(DOMAIN, expires_days=31),
    ),
    Fault(
        "registration-unlocked",
        "The domain is not locked against transfer",
        "domain.registration.lock",
        Severity.NICE,
        registration(DOMAIN, status=("active",)),
        subject=DOMAIN,
        twin=registration(DOMAIN, status=("server transfer prohibited",)),
    ),
)
"""What must be found, and what looks alike and is right."""
