"""The domain's registration: its state, how long it lasts, whether it is locked. By RDAP, as the registry tells it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.dns import Answer
from launchready.probes.look import Look
from launchready.probes.rdap import Registration, Unknown, registered_domain

HELD = {
    "server hold": "is held by its registry",
    "client hold": "is held by its registrar",
    "redemption period": "has been deleted and can only be bought back for a short while",
    "pending restore": "has been deleted and is being bought back",
    "pending delete": "is about to be deleted",
}
"""States in which a domain is not in DNS, or soon will not be (RFC 8056 section 2, EPP status codes of RFC 5731)."""

LOCKS = ("client transfer prohibited", "server transfer prohibited")


@check(
    "domain.registration.state",
    Stage.AUDIT,
    roadmap="A1",
    severity=Severity.BLOCKER,
    effort=60,
    reference="https://www.icann.org/resources/pages/epp-status-codes-2014-06-16-en",
)
async def state(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The domain's registration has ended, is on hold, or is being transferred.

    Why: a domain on hold disappears from the internet within hours, and site, mail and sign-ins with it; one that is
    deleted can be bought by anyone.

    Fix: sign in at the registrar today: pay what is open, confirm the owner's address if asked to, or call its support.
    A transfer nobody asked for: refuse it there at once, it completes by itself after five days.

    Read from the registry by RDAP: the end of the registration and its EPP states. Ended, on hold (server or client),
    in redemption or about to be deleted: a blocker. Pending transfer: a high risk, for it may be theft. `auto renew
    period` is normal: the registry has renewed it. A domain the registry does not know is a blocker when it is not in
    DNS either; when it is, what the registry says is not believed.
    """
    found = await look.rdap.registration(portal.domain)
    domain = registered_domain(portal.domain)
    if isinstance(found, Unknown):
        yield await _unknown(domain, found, look)
        return
    if not isinstance(found, Registration):
        yield _not_told(domain, found)
        return
    evidence = f"{found.source}: {', '.join(found.status)[:300] or 'no status'}"
    if found.expires:
        evidence += f"; until {found.expires:%Y-%m-%d}"
    rows: list[Row] = []
    if held := next((status for status in HELD if status in found.status), None):
        problem = f"The domain {found.domain} {HELD[held]}: it is gone from the internet, or will be within days."
        rows.append(Finding(found.domain, problem, evidence=evidence, key="hold"))
    if found.expires and found.expires < look.now:
        problem = f"The registration of {found.domain} ended on {found.expires:%Y-%m-%d}."
        rows.append(Finding(found.domain, problem, evidence=evidence, key="ended"))
    if "pending transfer" in found.status:
        problem = f"{found.domain} is being transferred to another registrar; make sure that you asked for it."
        rows.append(Finding(found.domain, problem, evidence=evidence, severity=Severity.HIGH, key="transfer"))
    for row in rows or [Passed(found.domain, ", ".join(found.status)[:200] or "registered")]:
        yield row


@check(
    "domain.registration.expiry",
    Stage.AUDIT,
    roadmap="A1 F4",
    severity=Severity.HIGH,
    effort=10,
    reference="https://www.rfc-editor.org/rfc/rfc9083#section-4.5",
)
async def expiry(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The domain's registration ends soon.

    Why: on that day the registrar parks the domain: the portal shows advertisements and mail bounces. Getting it back
    costs days and a fee, or is too late.

    Fix: renew it for a year or more at the registrar, switch automatic renewal on, and see that the card on file is
    good and that its reminders reach somebody.

    Under 7 days left: a blocker, since the demo and its follow-ups fall into them. Under 30 days: a high risk, for
    registrars that renew by themselves have mostly done so by then. Some country registries (.de, .eu, ...) publish no
    end; then it cannot be checked from outside. A registration that has ended is told by `domain.registration.state`.
    """
    found = await look.rdap.registration(portal.domain)
    if not isinstance(found, Registration):
        yield _not_told(registered_domain(portal.domain), found)
        return
    if found.expires is None:
        yield NotChecked(found.domain, "its registry does not publish until when", "look it up at the registrar")
        return
    left = found.expires - look.now
    if left < timedelta(0):
        yield Passed(found.domain, "it has ended: see domain.registration.state")
    elif left < timedelta(days=30):
        days = max(1, round(left / timedelta(days=1)))
        yield Finding(
            found.domain,
            f"The registration of {found.domain} ends in {days} day{'s' if days > 1 else ''}, "
            f"on {found.expires:%Y-%m-%d}.",
            evidence=f"{found.source}: expiration {found.expires:%Y-%m-%d %H:%M} UTC, registrar {found.registrar}",
            severity=Severity.BLOCKER if left < timedelta(days=7) else Severity.HIGH,
        )
    else:
        yield Passed(found.domain, f"until {found.expires:%Y-%m-%d}, at {found.registrar or 'an unnamed registrar'}")


@check(
    "domain.registration.lock",
    Stage.AUDIT,
    roadmap="A1",
    severity=Severity.NICE,
    effort=5,
    reference="https://www.icann.org/resources/pages/epp-status-codes-2014-06-16-en#clientTransferProhibited",
)
async def lock(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The domain is not locked against transfer.

    Why: whoever gets hold of the transfer code, from an old mail say, can move the domain to another registrar.

    Fix: switch the transfer lock on at the registrar; it is free, and off again in a minute when you want to move.

    The registration should carry `client transfer prohibited` or `server transfer prohibited`. Most country registries
    know no such lock and hand transfers over by code or by a change at the losing registrar: below a two-letter
    top-level domain the check finds something only where the registration carries other locks. Nice to fix, since a
    transfer needs the code as well.
    """
    found = await look.rdap.registration(portal.domain)
    if not isinstance(found, Registration):
        yield _not_told(registered_domain(portal.domain), found)
    elif any(status in LOCKS for status in found.status):
        yield Passed(found.domain, "locked against transfer")
    elif _registry_locks(found):
        yield Finding(
            found.domain,
            f"{found.domain} is not locked against transfer to another registrar.",
            evidence=f"{found.source}: {', '.join(found.status)[:300] or 'no status'}",
        )
    else:
        yield Passed(found.domain, "its country registry shows no locks")


def _registry_locks(found: Registration) -> bool:
    country = len(found.domain.rpartition(".")[2]) == 2
    return not country or any(status.endswith(" prohibited") for status in found.status)


async def _unknown(domain: str, failure: Unknown, look: Look) -> Row:
    answer = await look.dns.query(domain, "NS")
    if isinstance(answer, Answer) and answer.status == "NXDOMAIN":
        return Finding(
            domain,
            f"Nobody holds the domain {domain}: anyone can register it.",
            evidence=f"RDAP: {failure.detail}; DNS: NXDOMAIN",
            fix="Register it now, or check the spelling of the domain.",
            key="unknown",
        )
    return NotChecked(domain, f"{failure.detail}, although it is in DNS", "look it up at the registrar")


def _not_told(domain: str, failure: object) -> NotChecked:
    if failure is None:
        reason = f"the registry of .{domain.rpartition('.')[2]} offers no RDAP"
        return NotChecked(domain, reason, "look the end of the registration up at the registrar")
    return NotChecked(domain, f"the registry gave no answer: {failure}", "run it again later")
