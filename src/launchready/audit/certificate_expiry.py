"""How long certificates still last, measured by their own lifetime."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from launchready.audit.entry_points import entry_points, fingerprint, not_reached, places
from launchready.gate import check
from launchready.model import Finding, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes import chain
from launchready.probes.look import Look
from launchready.probes.tls import Handshake


@check(
    "tls.certificate.expiry",
    Stage.AUDIT,
    roadmap="A2 B5 E2 F4 M1",
    severity=Severity.HIGH,
    effort=20,
    reference="https://letsencrypt.org/docs/integration-guide/#when-to-renew",
)
async def expiry(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The certificate runs out soon, and its renewal is overdue.

    Why: the day it ends, every visitor gets a warning instead of the portal; and a certificate that has not been
    renewed by now usually means that its renewal is broken and nobody was told.

    Fix: renew it now, then find out why it did not renew by itself (`certbot renew --dry-run`; in a hosting panel: the
    state of the domain's certificate), and set an alert.

    The limits follow the certificate's own lifetime, for those become short: 200 days at most since 2026-03-15, 100
    from 2027-03-15, 47 from 2029-03-15 (CA/Browser Forum ballot SC-081v3), and Let's Encrypt issues some for six days,
    about which a limit of 30 days would always be alarmed. Renewal is due with a third of the lifetime left (half,
    where that is ten days or less; Let's Encrypt's integration guide, certbot), 30 days at most. Past a fifth of that
    margin: nice to fix. Past half of it, a renewal has failed: a high risk. When less than 48 hours are left as well, a
    blocker: it ends before the demo. In days left: 24 and 15 of 90; 12 and 7.5 of 45; 2.7 and 1.7 of six. A certificate
    that has ended already is told by `tls.certificate.trust`.
    """
    points = await entry_points(look)
    for row in not_reached(points, portal):
        yield row
    soon: dict[bytes, list[Handshake]] = defaultdict(list)
    for point in points:
        grave = [h for h in point.handshakes if expires_too_soon(h.leaf, look.now)]
        for handshake in grave:
            soon[fingerprint(handshake.leaf)].append(handshake)
        if point.handshakes and not grave:
            ends = min(h.leaf.not_valid_after_utc for h in point.handshakes)
            yield Passed(
                point.name, f"until {ends:%Y-%m-%d}" if ends > look.now else "ended: see tls.certificate.trust"
            )
    for handshakes in soon.values():
        leaf = handshakes[0].leaf
        left, limits = leaf.not_valid_after_utc - look.now, margin(leaf)
        began, ended = (f"{t:%Y-%m-%d %H:%M}" for t in (leaf.not_valid_before_utc, leaf.not_valid_after_utc))
        yield Finding(
            handshakes[0].host,
            f"The certificate of {handshakes[0].host} ends in {in_words(left)}; it should have been renewed "
            f"when {in_words(limits.renew)} were left.",
            evidence=f"valid from {began} until {ended} UTC ({in_words(limits.lifetime)}), "
            f"issued by {chain.name_of(leaf.issuer)}. Seen at {places(handshakes)}",
            severity=expires_too_soon(leaf, look.now),
        )


@dataclass(frozen=True, slots=True)
class Margin:
    """How much of a certificate's life is left when something should have happened."""

    renew: timedelta
    """When clients and services renew."""
    lifetime: timedelta

    @property
    def late(self) -> timedelta:
        """Renewal should be over: four fifths of the margin, since services renew on a day of their choosing."""
        return self.renew * 0.8

    @property
    def overdue(self) -> timedelta:
        """Renewal has failed: half of the margin has passed without one."""
        return self.renew * 0.5


def margin(certificate: x509.Certificate) -> Margin:
    """When a certificate should have been renewed.

    With a third of its life left, or half where that is ten days or less, as Let's Encrypt asks of clients and certbot
    does; never more than 30 days, which is where services stop growing it for longer certificates.
    """
    lifetime = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    share = lifetime / 2 if lifetime <= timedelta(days=10) else lifetime / 3
    return Margin(min(share, timedelta(days=30)), lifetime)


DEMO = timedelta(hours=48)
"""From the audit to the demo: what ends sooner ends before the buyer has looked."""


def expires_too_soon(certificate: x509.Certificate, now: datetime) -> Severity | None:
    """How grave the end of a certificate is; None when it is far, or past (which `tls.certificate.trust` tells)."""
    left, limits = certificate.not_valid_after_utc - now, margin(certificate)
    if left < timedelta(0) or left >= limits.late:
        return None
    if left >= limits.overdue:
        return Severity.NICE
    return Severity.BLOCKER if left < DEMO else Severity.HIGH


def in_words(span: timedelta) -> str:
    """`12 days`, or `40 hours` when it is under three days."""
    hours = span.total_seconds() / 3600
    return f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:.0f} days"
