"""Mail exchangers met on real sockets: what answers, what is encrypted, and what says nothing about the domain."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from launchready import gate
from launchready.audit.exchangers import matches_tlsa
from launchready.lab.authority import Authority
from launchready.lab.faults.mail import dmarc, spf
from launchready.lab.faults.mail_transport import MX, POLICY_HOST, POLICY_PATH, SECOND, _second_exchanger, policy
from launchready.lab.healthy import DOMAIN, MAIL, STRAY, healthy_world
from launchready.lab.lab import Lab
from launchready.lab.world import (
    Certificate,
    Issuer,
    Response,
    Signing,
    Trouble,
    both,
    mail_server,
    records,
    route,
    site,
    zone,
)
from launchready.model import Severity, Status
from launchready.probes.network import Limits
from launchready.probes.tls import Handshake

SOON = Limits(lookup_timeout_s=0.5, connect_timeout_s=0.5, operation_timeout_s=0.7, run_deadline_s=10)
EVIL = '\x1b[2J\x1b]0;owned\x07 <script>alert(1)</script> "><img src=x onerror=alert(1)>'


async def test_the_healthy_exchanger_passes(judge) -> None:
    for check in ("mail.mx.reachable", "mail.mx.starttls"):
        assert (await judge(check)).status is Status.PASSED


@pytest.mark.parametrize("trouble", [Trouble.SILENT, Trouble.DRIPS, Trouble.GARBAGE, Trouble.CLOSES])
async def test_a_server_that_speaks_no_mail_is_not_checked(trouble: Trouble, audit) -> None:
    checks = ["mail.mx.reachable", "mail.mx.starttls"]

    report = await audit(mail_server(MX, trouble=trouble), checks=checks, limits=SOON)

    assert report.findings == ()
    assert {info.id for info, _ in report.not_checked} == set(checks)
    assert all(row.reason for _, row in report.not_checked)


async def test_when_nothing_answers_on_port_25_nothing_is_concluded(judge) -> None:
    outcome = await judge("mail.mx.reachable", mail_server(MX, trouble=Trouble.REFUSES))

    assert outcome.status is Status.NOT_CHECKED
    assert "port 25" in outcome.not_checked[0].reason
    assert outcome.not_checked[0].unlock


async def test_one_silent_server_beside_one_that_answers_is_a_finding(judge) -> None:
    outcome = await judge("mail.mx.reachable", _second_exchanger(Trouble.REFUSES))

    assert [(f.subject, f.severity) for f in outcome.findings] == [(SECOND, Severity.HIGH)]


async def test_a_server_that_hangs_up_beside_one_that_answers_is_not_checked(judge) -> None:
    outcome = await judge("mail.mx.reachable", _second_exchanger(Trouble.CLOSES))

    assert outcome.findings == ()
    assert {row.subject for row in outcome.not_checked} == {SECOND}


async def test_one_silent_address_of_two_is_named(judge) -> None:
    change = both(records(DOMAIN, add=(f"mail 300 A {STRAY[0]}",)))

    outcome = await judge("mail.mx.reachable", change)

    assert [(f.subject, f.key) for f in outcome.findings] == [(MX, f"silent {STRAY[0]}")]


async def test_without_ipv6_here_an_ipv6_address_is_not_checked(judge) -> None:
    outcome = await judge("mail.mx.reachable", mail_server(MX, addresses=MAIL[:1]))

    assert outcome.findings == ()
    assert "IPv6" in outcome.not_checked[0].reason


async def test_a_hostile_greeting_does_no_harm(audit) -> None:
    report = await audit(mail_server(MX, banner=EVIL), checks=["mail.mx.reachable", "mail.mx.starttls"])

    assert report.findings == ()


async def test_a_null_mx_of_a_domain_that_sends_turns_replies_away(judge) -> None:
    change = both(records(DOMAIN, drop=("@ MX",), add=("@ 300 MX 0 .",)), spf("v=spf1 include:spf.mailer.example -all"))

    outcome = await judge("mail.mx.reachable", change)

    assert [f.key for f in outcome.findings] == ["null"]
    assert "RFC 7505" in outcome.findings[0].reference


async def test_a_domain_that_takes_no_mail_passes(judge) -> None:
    change = both(records(DOMAIN, drop=("@ MX",), add=("@ 300 MX 0 .",)), spf("v=spf1 -all"))

    for check in ("mail.mx.reachable", "mail.mx.starttls", "mail.mtasts"):
        assert (await judge(check, change)).status is Status.PASSED


@pytest.mark.parametrize(("mode", "severity"), [("enforce", Severity.HIGH), ("testing", Severity.NICE)])
async def test_a_bad_certificate_loses_mail_only_under_an_enforced_policy(mode: str, severity: Severity, judge) -> None:
    change = both(mail_server(MX, certificate=Certificate(names=("other.example",))), policy(mode=mode))

    outcome = await judge("mail.mx.starttls", change)

    assert [f.severity for f in outcome.findings] == [severity]


@pytest.mark.parametrize("trouble", [Trouble.HUGE_BODY, Trouble.GZIP_BOMB, Trouble.BROTLI_BOMB])
async def test_a_policy_without_end_is_not_taken(trouble: Trouble, judge) -> None:
    change = route(POLICY_HOST, POLICY_PATH, Response(headers=(("Content-Type", "text/plain"),), trouble=trouble))

    outcome = await judge("mail.mtasts", change)

    assert outcome.status is not Status.PASSED


@pytest.mark.parametrize("trouble", [Trouble.SILENT, Trouble.DRIPS, Trouble.ENDLESS_HEADERS])
async def test_a_policy_that_does_not_come_is_not_checked(trouble: Trouble, audit) -> None:
    report = await audit(
        route(POLICY_HOST, POLICY_PATH, Response(trouble=trouble)), checks=["mail.mtasts"], limits=SOON
    )

    assert report.outcomes[0].status is Status.NOT_CHECKED


async def test_a_policy_host_that_refuses_is_a_finding(judge) -> None:
    outcome = await judge("mail.mtasts", site(POLICY_HOST, trouble=Trouble.REFUSES))

    assert [(f.key, f.severity) for f in outcome.findings] == [("broken", Severity.HIGH)]


async def test_a_policy_host_without_address_is_a_finding(judge) -> None:
    outcome = await judge("mail.mtasts", records(DOMAIN, drop=("mta-sts A", "mta-sts AAAA")))

    assert "has no address" in outcome.findings[0].problem


async def test_a_policy_is_offered_for_pasting(judge) -> None:
    outcome = await judge("mail.mtasts", records(DOMAIN, drop=("_mta-sts TXT",)))

    assert f"mx: {MX}" in outcome.findings[0].paste
    assert "mode: testing" in outcome.findings[0].paste


async def shaken(authority: Authority) -> Handshake:
    async with Lab(healthy_world(), authority=authority) as lab:
        look = lab.look()
        spoken = await look.smtp.converse(MX, MAIL[0])
        await look.close()
    assert isinstance(spoken.tls, Handshake)  # type: ignore[union-attr]
    return spoken.tls  # type: ignore[union-attr]


async def test_tlsa_records_match_key_certificate_and_issuer(authority: Authority) -> None:
    handshake = await shaken(authority)
    leaf, issuer = handshake.chain[0], handshake.chain[1]
    spki = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    whole = leaf.public_bytes(Encoding.DER)

    assert matches_tlsa(handshake, (f"3 1 1 {hashlib.sha256(spki).hexdigest()}",))
    assert matches_tlsa(handshake, (f"3 0 2 {hashlib.sha512(whole).hexdigest().upper()}",))
    assert matches_tlsa(
        handshake, ("3 1 1 00", f"2 0 1 {hashlib.sha256(issuer.public_bytes(Encoding.DER)).hexdigest()}")
    )
    assert matches_tlsa(handshake, (f"3 1 1 {'0' * 64}",)) is False
    assert matches_tlsa(handshake, (f"1 1 1 {'0' * 64}", "nonsense")) is None
    assert matches_tlsa(handshake, ()) is None


async def test_tlsa_records_that_match_nothing_are_a_high_risk(judge) -> None:
    outcome = await judge("mail.mx.starttls", records(DOMAIN, add=(f"_25._tcp.mail 300 TLSA 3 1 1 {'ab' * 32}",)))

    assert [(f.key, f.severity) for f in outcome.findings] == [("dane", Severity.HIGH)]


async def test_tlsa_records_without_dnssec_mean_nothing(judge) -> None:
    record = records(DOMAIN, add=(f"_25._tcp.mail 300 TLSA 3 1 1 {'ab' * 32}",))

    assert (await judge("mail.mx.starttls", both(record, zone(DOMAIN, signing=Signing.NONE)))).status is Status.PASSED


async def test_a_self_signed_certificate_that_dane_vouches_for_is_right(authority: Authority) -> None:
    own = mail_server(MX, certificate=Certificate(issuer=Issuer.SELF))
    async with Lab(own(healthy_world()), authority=authority) as lab:
        look = lab.look()
        spoken = await look.smtp.converse(MX, MAIL[0])
        await look.close()
    key = spoken.tls.leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[union-attr]
    vouched = records(DOMAIN, add=(f"_25._tcp.mail 300 TLSA 3 1 1 {hashlib.sha256(key).hexdigest()}",))

    async with Lab(vouched(own(healthy_world())), authority=authority) as lab:
        look = lab.look()
        report = await gate.run(look.portal, look, gate.select(["mail.mx.starttls"]))

    assert report.findings == ()
    assert "DANE" in report.outcomes[0].passed[0].detail


async def test_mx_records_that_are_not_told_are_not_checked(judge) -> None:
    def servfail(world):
        return replace(world, resolvers=tuple(replace(r, trouble=Trouble.SERVFAIL) for r in world.resolvers))

    for check in ("mail.mx.reachable", "mail.mx.starttls", "mail.mtasts", "mail.tlsrpt", "mail.bimi"):
        assert (await judge(check, servfail)).status is Status.NOT_CHECKED


BIMI = f"v=BIMI1; l=https://www.{DOMAIN}/static/logo.svg"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (BIMI.replace("https", "http"), "address"),
        (BIMI.replace("BIMI1;", "BIMI1 "), "syntax"),
        ("v=BIMI1; a=", "syntax"),
        (BIMI.replace("logo.svg", "site.css"), "logo"),
        ("v=BIMI1; l=https://[::1/x", "address"),
        ("v=BIMI1; l=https://nowhere.brightside.example/l.svg", "logo"),
    ],
)
async def test_a_logo_that_mail_programs_cannot_show_is_found(text: str, key: str, judge) -> None:
    outcome = await judge("mail.bimi", records(DOMAIN, add=(f'default._bimi 300 TXT "{text}"',)))

    assert [(f.key, f.severity) for f in outcome.findings] == [(key, Severity.NICE)]


async def test_a_logo_needs_a_policy_that_is_enforced(judge) -> None:
    logo = records(DOMAIN, add=(f'default._bimi 300 TXT "{BIMI}"',))

    for text in ("v=DMARC1; p=none", "v=DMARC1; p=reject; sp=none", "v=DMARC1; p=reject; pct=50"):
        assert [f.key for f in (await judge("mail.bimi", both(logo, dmarc(text)))).findings] == ["dmarc"]
    assert (await judge("mail.bimi", logo)).status is Status.PASSED


async def test_two_logo_records_cancel_each_other(judge) -> None:
    change = records(DOMAIN, add=(f'default._bimi 300 TXT "{BIMI}"', 'default._bimi 300 TXT "v=BIMI1; l=; a="'))

    assert [f.key for f in (await judge("mail.bimi", change)).findings] == ["several"]
