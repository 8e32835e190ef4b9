"""Which versions of TLS each host offers at each address."""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator

from launchready.audit.entry_points import EntryPoint, entry_points, not_reached, places
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure, Refused, TlsFailed
from launchready.probes.look import Look
from launchready.probes.tls import Handshake

OLD = {"TLS 1.0": ssl.TLSVersion.TLSv1, "TLS 1.1": ssl.TLSVersion.TLSv1_1}
"""Declared dead by RFC 8996."""

NEEDS = "ssl_protocols TLSv1.2 TLSv1.3;"
"""For nginx."""


@check(
    "tls.versions.old",
    Stage.AUDIT,
    roadmap="A2 B5 M1",
    severity=Severity.HIGH,
    effort=10,
    reference="https://www.rfc-editor.org/rfc/rfc8996",
)
async def old(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """TLS 1.0 or 1.1 is still offered.

    Why: both have been declared dead since 2021; a buyer's security questionnaire asks about it, every scanner shows it
    red, and card payments (PCI DSS) do not allow it.

    Fix: allow TLS 1.2 and 1.3 only. Cloudflare: SSL/TLS, Edge Certificates, Minimum TLS Version 1.2 (its default is
    1.0). nginx: the line below. Apache: `SSLProtocol -all +TLSv1.2 +TLSv1.3`. No browser of the last ten years needs
    the old ones.

    Each host is asked at each address for exactly TLS 1.0, and for exactly TLS 1.1, with every cipher there is. Only a
    handshake that completes counts as offered; one that is answered with an alert or closed does not. A high risk
    rather than a blocker: browsers no longer use them, so visitors are not exposed, but reviewers notice (RFC 8996).
    """
    points = await entry_points(look)
    for row in not_reached(points, portal):
        yield row
    offered: dict[tuple[str, ...], list[Handshake]] = defaultdict(list)
    answers = await asyncio.gather(*(_old_versions(point, look) for point in points if point.handshakes))
    for point, results in zip([p for p in points if p.handshakes], answers, strict=True):
        found: dict[str, list[str]] = defaultdict(list)
        for name, address, result in results:
            if isinstance(result, Handshake):
                found[address].append(name)
        unsure = [(n, a, r) for n, a, r in results if isinstance(r, Failure) and not _is_a_no(r)]
        for handshake in point.handshakes:
            if handshake.address in found:
                offered[tuple(found[handshake.address])].append(handshake)
        if not found and unsure:
            name, address, failure = unsure[0]
            yield NotChecked(point.name, f"whether {address} offers {name}: {failure}")
        elif not found:
            yield Passed(point.name, "neither TLS 1.0 nor 1.1 is offered")
    for versions, handshakes in offered.items():
        hosts = list(dict.fromkeys(handshake.host for handshake in handshakes))
        more = f" and {len(hosts) - 1} other hosts" if len(hosts) > 1 else ""
        yield Finding(
            hosts[0],
            f"{hosts[0]}{more} still offer{'' if more else 's'} {' and '.join(versions)}.",
            evidence=f"handshakes with {' and with '.join(versions)} completed at {places(handshakes)}",
            paste=NEEDS,
            key=" ".join(versions),
        )


async def _old_versions(point: EntryPoint, look: Look) -> list[tuple[str, str, Handshake | Failure]]:
    asked = [(name, h.address, version) for h in point.handshakes for name, version in OLD.items()]
    results = await asyncio.gather(*(look.tls.handshake(point.name, a, version=version) for _, a, version in asked))
    return [(name, address, result) for (name, address, _), result in zip(asked, results, strict=True)]


def _is_a_no(failure: Failure) -> bool:
    """The server will not: it sent an alert or closed the connection. A timeout, or our own OpenSSL, says nothing."""
    return isinstance(failure, TlsFailed | Refused)


@check(
    "tls.versions.modern",
    Stage.AUDIT,
    roadmap="A2 B5 M1",
    severity=Severity.BLOCKER,
    effort=20,
    reference="https://www.rfc-editor.org/rfc/rfc9325#section-3.1.1",
)
async def modern(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The current versions of TLS are not offered.

    Why: without TLS 1.2 or 1.3 no current browser opens the page at all; without 1.3 each first visit takes a round
    trip longer.

    Fix: update the web server's TLS library and allow TLS 1.2 and 1.3; at an edge, switch TLS 1.3 on.

    The version that server and audit agree on when everything is offered is the newest the server has. Nothing from
    TLS 1.2 up is a blocker: browsers have refused since 2020. TLS 1.2 as the newest is nice to fix: it is still secure
    (RFC 9325 section 3.1.1).
    """
    points = await entry_points(look)
    for row in not_reached(points, portal):
        yield row
    lacking: dict[bool, list[Handshake]] = defaultdict(list)
    for point in points:
        behind = [handshake for handshake in point.handshakes if handshake.version != "TLSv1.3"]
        for handshake in behind:
            lacking[handshake.version == "TLSv1.2"].append(handshake)
        if point.handshakes and not behind:
            yield Passed(point.name, "TLS 1.3")
    for has_12, handshakes in lacking.items():
        hosts = list(dict.fromkeys(handshake.host for handshake in handshakes))
        more = f" (and {len(hosts) - 1} other hosts)" if len(hosts) > 1 else ""
        problem = "does not offer TLS 1.3" if has_12 else "offers nothing newer than TLS 1.1: browsers refuse it"
        yield Finding(
            hosts[0],
            f"{hosts[0]}{more} {problem}.",
            evidence=f"the newest is {handshakes[0].version} at {places(handshakes)}",
            severity=Severity.NICE if has_12 else Severity.BLOCKER,
            paste=NEEDS,
            key="1.3" if has_12 else "1.2",
        )
