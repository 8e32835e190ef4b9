"""Certificates of every host at every address: whether browsers accept chain, name, dates, key and signature."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator

from cryptography import x509

from launchready.audit.certificate_advice import FIXES, PROBLEMS
from launchready.audit.entry_points import EntryPoint, entry_points, fingerprint, gravity, not_reached, places
from launchready.gate import check
from launchready.model import Finding, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes import chain
from launchready.probes.chain import Cause, Reason
from launchready.probes.look import Look
from launchready.probes.tls import Handshake

WEAK = (Cause.WEAK_KEY, Cause.WEAK_SIGNATURE)


@check(
    "tls.certificate.trust",
    Stage.AUDIT,
    roadmap="A2 B5 B8 X1 M1",
    severity=Severity.BLOCKER,
    effort=30,
    reference="https://www.rfc-editor.org/rfc/rfc5280#section-6",
)
async def trust(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Browsers refuse the certificate.

    Why: instead of the portal, visitors get a full-page warning that the connection is not private. Most turn back,
    and a buyer's IT department turns back for them.

    Fix: get a certificate for this very host from an authority browsers trust (Let's Encrypt is free; most hosting
    does it by itself once the domain is added there), install it with its full chain, and let it renew by itself.

    Each host is judged at each of its addresses, by Mozilla's roots (or those of `--ca-file`), as a browser would: the
    chain as sent, the name, the dates. What is refused is explained by cause: expired, not yet valid, for another
    host, self-signed, untrusted root, intermediate not sent, lifetime too long. A chain without its intermediate is a
    blocker although some desktop browsers fetch what is missing: phones, curl, webhooks and API clients do not.
    Nothing is fetched to complete a chain, since the address to fetch from is the server's to choose.

    Hosts of mail and the like that were only found, not named, are a high risk: nobody opens them in a browser. Where
    a private root was given with `--ca-file`, a lifetime above 825 days is a high risk: only Apple's devices refuse it.
    """
    points = await entry_points(look)
    for row in not_reached(points, portal):
        yield row
    refused: dict[tuple[bytes, tuple[Cause, ...]], list[tuple[EntryPoint, Handshake, tuple[Reason, ...]]]]
    refused = defaultdict(list)
    for point in points:
        accepted = 0
        for handshake in point.handshakes:
            reasons = _refusals(handshake, look)
            if reasons:
                causes = tuple(dict.fromkeys(reason.cause for reason in reasons))
                refused[fingerprint(handshake.leaf), causes].append((point, handshake, reasons))
            else:
                accepted += 1
        if accepted:
            leaf = point.handshakes[0].leaf
            yield Passed(point.name, f"issued by {chain.name_of(leaf.issuer)}, {accepted} addresses")
    for (_, causes), where in refused.items():
        yield _refused(causes, where, portal, public=look.tls.verifier.public)


def _refusals(handshake: Handshake, look: Look) -> tuple[Reason, ...]:
    """Why it is refused, weakness left out: that is told by `tls.certificate.weak`."""
    verifier = look.tls.verifier
    reasons = verifier.refusals(handshake.chain, handshake.host, look.now)
    reasons = tuple(reason for reason in reasons if reason.cause not in WEAK)
    if not reasons and not verifier.public and (long := chain.too_long(handshake.leaf, public=False)):
        return (long,)
    return reasons


def _refused(
    causes: tuple[Cause, ...],
    where: list[tuple[EntryPoint, Handshake, tuple[Reason, ...]]],
    portal: Portal,
    *,
    public: bool,
) -> Finding:
    point, first, reasons = where[0]
    hosts = dict.fromkeys(point.name for point, _, _ in where)
    severity = min((gravity(point, portal) for point, _, _ in where), key=lambda s: s.rank)
    if causes == (Cause.TOO_LONG,) and not public:
        severity = Severity.HIGH
    more = f" (and {len(hosts) - 1} other hosts)" if len(hosts) > 1 else ""
    return Finding(
        point.name,
        PROBLEMS[causes[0]].format(host=f"{point.name}{more}"),
        evidence=f"{'; '.join(reason.says for reason in reasons)}. Seen at {places(h for _, h, _ in where)}",
        fix=FIXES[causes[0]].format(host=point.name, issuer=chain.name_of(first.leaf.issuer)),
        severity=severity,
        key=causes[0].value,
    )


@check(
    "tls.certificate.weak",
    Stage.AUDIT,
    roadmap="A2 B5 M1",
    severity=Severity.BLOCKER,
    effort=20,
    reference="https://cabforum.org/working-groups/server/baseline-requirements/requirements/#615-key-sizes",
)
async def weak(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The certificate has a key or a signature that browsers no longer take.

    Why: Safari, and other browsers by degrees, refuse the page with a warning; and what is weak can be forged.

    Fix: have the certificate issued anew with a fresh key, elliptic P-256 or RSA of 2,048 bits: delete the old key
    file first, as most tools keep it otherwise.

    RSA below 2,048 bits, elliptic keys below 256 bits, DSA, and signatures with SHA-1 or MD5, on the leaf and on every
    intermediate up to the root (CA/Browser Forum Baseline Requirements 6.1.5 and 7.1.3.2). A root's own signature and
    that of a self-signed certificate protect nothing and are not judged. A blocker, since Apple's devices refuse both
    (https://support.apple.com/103769) and all browsers refuse SHA-1.
    """
    points = await entry_points(look)
    for row in not_reached(points, portal):
        yield row
    seen: dict[tuple[bytes, tuple[str, ...]], list[Handshake]] = defaultdict(list)
    for point in points:
        found = {h: _weaknesses(h, look) for h in point.handshakes}
        for handshake, reasons in found.items():
            if reasons:
                seen[fingerprint(handshake.leaf), tuple(r.says for r in reasons)].append(handshake)
        if point.handshakes and not any(found.values()):
            yield Passed(point.name, _key_in_words(point.handshakes[0].leaf))
    for (_, says), handshakes in seen.items():
        yield Finding(
            handshakes[0].host,
            f"The certificate of {handshakes[0].host} is too weak for browsers: {says[0]}.",
            evidence=f"{'; '.join(says)}. Seen at {places(handshakes)}",
        )


def _weaknesses(handshake: Handshake, look: Look) -> list[Reason]:
    path = look.tls.verifier.path(handshake.chain)
    return chain.weaknesses(path)


def _key_in_words(leaf: x509.Certificate) -> str:
    size = getattr(leaf.public_key(), "key_size", None)
    kind = type(leaf.public_key()).__name__.removesuffix("PublicKey").upper()
    return f"{kind} {size} bits" if size else kind
