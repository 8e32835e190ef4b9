"""What servers staple to their certificates: proof that they are not revoked, or that they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator

from launchready.audit.entry_points import entry_points, fingerprint, not_reached, places
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.look import Look
from launchready.probes.staple import Revocation, must_staple, read_staple
from launchready.probes.tls import Handshake


@check(
    "tls.certificate.revoked",
    Stage.AUDIT,
    roadmap="A2 B5 M1",
    severity=Severity.BLOCKER,
    effort=30,
    reference="https://www.rfc-editor.org/rfc/rfc6066#section-8",
)
async def revoked(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The server itself hands out proof that its certificate is revoked, or proof that browsers cannot use.

    Why: a browser that is told so closes the door, with no way to click through.

    Fix: revoked: find out why (a leaked key?), have the certificate issued anew with a fresh key. Unusable proof:
    switch OCSP stapling off (`ssl_stapling off;` in nginx, `SSLUseStapling off` in Apache); Let's Encrypt and others
    no longer offer OCSP at all.

    The stapled OCSP response is read, and believed only when the certificate's issuer, or one it named for that,
    signed it. Revoked is a blocker. A response that is not one, speaks of another certificate or is signed by a
    stranger is a high risk: Firefox refuses the page (SEC_ERROR_OCSP_MALFORMED_RESPONSE and the like), as it did
    microsoft.com's in December 2021. So is none at all where the certificate demands one (RFC 7633). One that is out of
    date is nice to fix. A certificate with nothing stapled passes: authorities and browsers have moved to revocation
    lists of their own, which this check does not have.
    """
    points = await entry_points(look)
    for row in not_reached(points, portal):
        yield row
    seen: dict[tuple[bytes, Revocation, str], list[Handshake]] = defaultdict(list)
    for point in points:
        bad = 0
        for handshake in point.handshakes:
            leaf = handshake.leaf
            said = read_staple(handshake.staple, leaf, look.tls.verifier.issuers(handshake.chain), look.now)
            if said.state is Revocation.UNKNOWN:
                yield NotChecked(point.name, f"the stapled response: {said.detail}")
            elif said.state is Revocation.GOOD or (said.state is Revocation.NONE and not must_staple(leaf)):
                continue
            else:
                seen[fingerprint(leaf), said.state, said.detail].append(handshake)
            bad += 1
        if point.handshakes and not bad:
            stapled = any(h.staple for h in point.handshakes)
            yield Passed(point.name, "stapled: not revoked" if stapled else "nothing is stapled, nothing is demanded")
    for (_, state, detail), handshakes in seen.items():
        problem, severity = _STAPLED[state]
        if state is Revocation.STALE and must_staple(handshakes[0].leaf):
            severity = Severity.HIGH
        yield Finding(
            handshakes[0].host,
            problem.format(host=handshakes[0].host),
            evidence=f"{detail or state.value}. Seen at {places(handshakes)}",
            severity=severity,
            key=state.name.lower(),
        )


_STAPLED = {
    Revocation.REVOKED: ("The certificate of {host} is revoked, and its own server says so.", Severity.BLOCKER),
    Revocation.BROKEN: ("{host} staples an OCSP response that browsers cannot believe.", Severity.HIGH),
    Revocation.NONE: ("The certificate of {host} demands a stapled OCSP response, and none is sent.", Severity.HIGH),
    Revocation.STALE: ("{host} staples an OCSP response that is of no use.", Severity.NICE),
}
