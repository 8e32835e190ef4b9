"""Planted mistakes of certificates, their chains and staples, of TLS versions, and of hosts that do not answer."""

from __future__ import annotations

from dataclasses import replace

from launchready.lab.healthy import DOMAIN, EDGE, HTML, SECURITY_HEADERS
from launchready.lab.world import (
    Certificate,
    Change,
    Fault,
    Issuer,
    Response,
    Route,
    Trouble,
    World,
    certificate,
    site,
)
from launchready.model import Severity

APP, API, WWW = f"app.{DOMAIN}", f"api.{DOMAIN}", f"www.{DOMAIN}"
NAMED = {"hosts": ("app",)}
V4, V6 = EDGE


def at_each_address(host: str, v6: dict[str, object]) -> Change:
    """Split the site of a host into one for each address, the one at IPv6 changed."""

    def change(world: World) -> World:
        split = []
        for one in world.sites:
            if one.host == host:
                split += [replace(one, addresses=(V4,)), replace(one, addresses=(V6,), **v6)]  # type: ignore[arg-type]
            else:
                split.append(one)
        return replace(world, sites=tuple(split))

    return change


def wildcard_everywhere(**changes: object) -> Change:
    """One certificate for the domain and every host below it, as an edge has."""
    one = replace(Certificate(names=(DOMAIN, f"*.{DOMAIN}")), **changes)  # type: ignore[arg-type]
    return lambda world: replace(world, sites=tuple(replace(s, certificate=one) for s in world.sites))


TRUST = (
    Fault(
        "certificate-expired",
        "A host's certificate ended two days ago",
        "tls.certificate.trust",
        Severity.BLOCKER,
        certificate(APP, from_days=-92, until_days=-2),
        subject=APP,
    ),
    Fault(
        "certificate-expired-everywhere",
        "The wildcard certificate of all hosts has ended",
        "tls.certificate.trust",
        Severity.BLOCKER,
        wildcard_everywhere(from_days=-91, until_days=-1),
        subject=DOMAIN,
        also=("mail.mtasts",),
        twin=wildcard_everywhere(),
    ),
    Fault(
        "certificate-not-yet-valid",
        "A host's certificate begins only tomorrow",
        "tls.certificate.trust",
        Severity.BLOCKER,
        certificate(APP, from_days=1, until_days=91),
        subject=APP,
        twin=certificate(APP, from_days=-0.01, until_days=90),
    ),
    Fault(
        "certificate-wrong-host",
        "A host shows the certificate of another one",
        "tls.certificate.trust",
        Severity.BLOCKER,
        certificate(APP, names=(WWW,)),
        subject=APP,
        twin=certificate(APP, names=(WWW, APP)),
    ),
    Fault(
        "certificate-wildcard-one-level",
        "The root domain shows a wildcard certificate, which does not cover it",
        "tls.certificate.trust",
        Severity.BLOCKER,
        certificate(DOMAIN, names=(f"*.{DOMAIN}",)),
        subject=DOMAIN,
        twin=certificate(DOMAIN, names=(f"*.{DOMAIN}", DOMAIN)),
    ),
    Fault(
        "certificate-self-signed",
        "A host shows a certificate that signed itself",
        "tls.certificate.trust",
        Severity.BLOCKER,
        certificate(APP, issuer=Issuer.SELF),
        subject=APP,
    ),
    Fault(
        "certificate-untrusted-root",
        "A host's certificate comes from an authority nobody trusts",
        "tls.certificate.trust",
        Severity.BLOCKER,
        certificate(APP, issuer=Issuer.STRANGER),
        subject=APP,
    ),
    Fault(
        "certificate-incomplete-chain",
        "A host sends its certificate without the intermediate",
        "tls.certificate.trust",
        Severity.BLOCKER,
        certificate(APP, send_intermediate=False),
        subject=APP,
        twin=certificate(APP, also_send="root"),
    ),
    Fault(
        "certificate-untrusted-at-ipv6",
        "A host's certificate is fine over IPv4 and self-signed over IPv6",
        "tls.certificate.trust",
        Severity.BLOCKER,
        at_each_address(APP, {"certificate": Certificate(issuer=Issuer.SELF)}),
        subject=APP,
        twin=at_each_address(APP, {"certificate": Certificate(key="rsa2048", from_days=-20, until_days=70)}),
    ),
    Fault(
        "certificate-900-days",
        "A private certificate is valid for longer than Apple's devices take",
        "tls.certificate.trust",
        Severity.HIGH,
        certificate(APP, from_days=-10, until_days=890),
        subject=APP,
        twin=certificate(APP, also_send="cross"),
    ),
    Fault(
        "certificate-weak-key",
        "A host's certificate has an RSA key of 1,024 bits",
        "tls.certificate.weak",
        Severity.BLOCKER,
        certificate(APP, key="rsa1024"),
        subject=APP,
        twin=certificate(APP, key="rsa2048"),
    ),
    Fault(
        "certificate-sha1",
        "A host's certificate is signed with SHA-1",
        "tls.certificate.weak",
        Severity.BLOCKER,
        certificate(APP, signature="sha1"),
        subject=APP,
    ),
)

STAPLES = (
    Fault(
        "certificate-revoked",
        "A host staples proof that its certificate is revoked",
        "tls.certificate.revoked",
        Severity.BLOCKER,
        certificate(APP, staple="revoked"),
        subject=APP,
        twin=certificate(APP, staple="good"),
    ),
    Fault(
        "staple-garbage",
        "A host staples what is no OCSP response",
        "tls.certificate.revoked",
        Severity.HIGH,
        certificate(APP, staple="garbage"),
        subject=APP,
    ),
    Fault(
        "staple-forged",
        "A host staples a revocation that a stranger signed",
        "tls.certificate.revoked",
        Severity.HIGH,
        certificate(APP, staple="forged"),
        subject=APP,
    ),
    Fault(
        "staple-stale",
        "A host staples a response that ended yesterday",
        "tls.certificate.revoked",
        Severity.NICE,
        certificate(APP, staple="stale"),
        subject=APP,
    ),
    Fault(
        "staple-demanded",
        "A certificate demands a stapled response and the server sends none",
        "tls.certificate.revoked",
        Severity.HIGH,
        certificate(APP, must_staple=True),
        subject=APP,
        twin=certificate(APP, must_staple=True, staple="good"),
    ),
)

EXPIRY = (
    Fault(
        "certificate-ends-tomorrow",
        "A host's certificate ends before the demo",
        "tls.certificate.expiry",
        Severity.BLOCKER,
        certificate(APP, from_days=-89, until_days=1),
        subject=APP,
        twin=certificate(APP, from_days=-1, until_days=5.67),
    ),
    Fault(
        "certificate-renewal-failed",
        "A host's certificate of 90 days has ten left: its renewal has failed",
        "tls.certificate.expiry",
        Severity.HIGH,
        certificate(APP, from_days=-80, until_days=10),
        subject=APP,
        twin=certificate(APP, from_days=-15, until_days=30),
    ),
    Fault(
        "certificate-renewal-late",
        "A host's certificate of 90 days has 20 left: its renewal is late",
        "tls.certificate.expiry",
        Severity.NICE,
        certificate(APP, from_days=-70, until_days=20),
        subject=APP,
        twin=certificate(APP, from_days=-63, until_days=27),
    ),
    Fault(
        "certificate-six-days-overdue",
        "A host's certificate of six days was not renewed in time",
        "tls.certificate.expiry",
        Severity.BLOCKER,
        certificate(APP, from_days=-5.2, until_days=1.4),
        subject=APP,
        twin=certificate(APP, from_days=-3.2, until_days=3.4),
    ),
)

VERSIONS = (
    Fault(
        "tls-1.0",
        "A host still offers TLS 1.0 and 1.1",
        "tls.versions.old",
        Severity.HIGH,
        site(APP, oldest_tls="1.0"),
        subject=APP,
        twin=site(APP, oldest_tls="1.3"),
    ),
    Fault(
        "tls-1.1-only-old",
        "A host still offers TLS 1.1",
        "tls.versions.old",
        Severity.HIGH,
        site(APP, oldest_tls="1.1"),
        subject=APP,
    ),
    Fault(
        "tls-nothing-modern",
        "A host offers nothing newer than TLS 1.1",
        "tls.versions.modern",
        Severity.BLOCKER,
        site(APP, oldest_tls="1.0", newest_tls="1.1"),
        subject=APP,
        also=("tls.versions.old",),
    ),
    Fault(
        "tls-1.2-newest",
        "A host does not offer TLS 1.3",
        "tls.versions.modern",
        Severity.NICE,
        site(APP, newest_tls="1.2"),
        subject=APP,
    ),
)

REACH = (
    Fault(
        "tls-no-site",
        "A host that the portal names answers the handshake with what is not TLS",
        "tls.reachable",
        Severity.BLOCKER,
        site(APP, trouble=Trouble.TLS_GARBAGE),
        subject=APP,
        settings=NAMED,
    ),
    Fault(
        "tls-refused",
        "Nobody listens on port 443 of a host that the portal names",
        "tls.reachable",
        Severity.BLOCKER,
        site(APP, trouble=Trouble.REFUSES),
        subject=APP,
        settings=NAMED,
    ),
    Fault(
        "tls-too-many-names",
        "A host sends a certificate with 10,000 names, more than browsers take",
        "tls.reachable",
        Severity.HIGH,
        certificate(API, extra_names=10_000),
        subject=API,
        twin=certificate(API, extra_names=100),
    ),
    Fault(
        "answers-differ-by-address",
        "A host shows the portal over IPv4 and another server's page over IPv6",
        "tls.certificate.same",
        Severity.HIGH,
        at_each_address(
            WWW, {"secure": (Route("*", Response(404, (HTML, *SECURITY_HEADERS), "<title>Not found</title>")),)}
        ),
        subject=WWW,
        twin=at_each_address(WWW, {"certificate": Certificate(names=(WWW, DOMAIN), from_days=-1, until_days=89)}),
    ),
)

FAULTS = (*TRUST, *STAPLES, *EXPIRY, *VERSIONS, *REACH)
"""What must be found, and what looks alike and is right."""
