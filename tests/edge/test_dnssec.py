"""DNSSEC, validated by ourselves: what breaks a domain, what will soon, and what only looks odd."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dns.dnssec
import dns.name
import dns.rrset
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from launchready.edge.dnssec import flaw_of
from launchready.lab.healthy import DOMAIN
from launchready.lab.world import Signing, Trouble, both, name_server, resolver, zone
from launchready.model import Severity, Status

NS2 = f"ns2.{DOMAIN}"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ORIGIN = dns.name.from_text("signed.example")
PRIVATE, OTHER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
KEY = dns.dnssec.make_dnskey(PRIVATE.public_key(), "ECDSAP256SHA256", flags=257)
KEYS = dns.rrset.from_rdata(ORIGIN, 300, KEY)
RRSET = dns.rrset.from_text("www.signed.example.", 300, "IN", "A", "192.0.2.1")


def signed(from_days: float, until_days: float, private=PRIVATE):
    begin, end = (NOW + timedelta(days=d) for d in (from_days, until_days))
    return dns.dnssec.sign(RRSET, private, ORIGIN, KEY, inception=begin, expiration=end)


@pytest.mark.parametrize(
    ("signatures", "cause"),
    [
        ([signed(-10, 20)], None),
        ([signed(-1, 1)], None),
        ([signed(-30, -1)], "expired"),
        ([signed(1, 30)], "early"),
        ([signed(-10, 20, OTHER)], "signature"),
        ([], "unsigned"),
        ([signed(-28, 2)], "nearly"),
        ([signed(-30, -1), signed(-1, 29)], None),
        ([signed(-10, 20, OTHER), signed(-1, 29)], None),
        ([signed(-28, 2), signed(-1, 29)], None),
    ],
    ids=[
        "valid", "signed afresh each day", "expired", "not yet", "of another key", "none", "nearly over",
        "an expired one beside a valid one", "a stranger's beside a valid one", "an old one beside a new one",
    ],
)  # fmt: skip
def test_one_valid_signature_is_enough_and_the_last_one_counts(signatures, cause) -> None:
    flaw = flaw_of(RRSET, signatures, KEYS, NOW)

    assert (flaw.cause if flaw else None) == cause


async def test_a_healthy_chain_passes_and_a_signed_domain_is_not_absent(judge) -> None:
    assert (await judge("dns.dnssec.broken")).status is Status.PASSED
    assert (await judge("dns.dnssec.absent")).status is Status.PASSED


async def test_an_unsigned_domain_is_not_broken(judge) -> None:
    outcome = await judge("dns.dnssec.broken", zone(DOMAIN, signing=Signing.NONE))

    assert outcome.status is Status.PASSED
    assert "not signed" in outcome.passed[0].detail


@pytest.mark.parametrize(
    ("signing", "key"),
    [
        (Signing.EXPIRED, "expired"),
        (Signing.WRONG_DS, "ds"),
        (Signing.UNSIGNED_WITH_DS, "keys"),
        (Signing.BAD_SIGNATURE, "signature"),
    ],
)
async def test_what_breaks_the_domain_is_one_blocker_with_the_resolvers_word(judge, signing, key) -> None:
    (finding,) = (await judge("dns.dnssec.broken", zone(DOMAIN, signing=signing))).findings

    assert (finding.severity, finding.key) == (Severity.BLOCKER, key)
    assert "SERVFAIL, and an answer once validation is switched off" in finding.evidence


async def test_a_broken_domain_is_found_without_any_validating_resolver(judge) -> None:
    def blind(world):
        own = tuple(replace(z, signing=Signing.NONE) for z in world.zones if z.origin == DOMAIN)
        return replace(world, resolvers=tuple(replace(r, own=own) for r in world.resolvers))

    (finding,) = (await judge("dns.dnssec.broken", both(zone(DOMAIN, signing=Signing.EXPIRED), blind))).findings

    assert finding.severity is Severity.BLOCKER


async def test_one_name_server_with_old_signatures_is_a_high_risk(judge) -> None:
    def change(world):
        own = tuple(replace(z, signing=Signing.EXPIRED) for z in world.zones if z.origin == DOMAIN)
        return name_server(NS2, own=own)(world)

    (finding,) = (await judge("dns.dnssec.broken", change)).findings

    assert finding.severity is Severity.HIGH
    assert finding.evidence.startswith(f"{NS2}: ")


async def test_a_resolver_that_fails_either_way_is_no_proof_of_broken_dnssec(judge) -> None:
    outcome = await judge("dns.dnssec.broken", resolver("Virginia", trouble=Trouble.SERVFAIL))

    assert outcome.status is Status.PASSED


async def test_without_an_answer_neither_is_checked(judge) -> None:
    for check in ("broken", "absent"):
        outcome = await judge(f"dns.dnssec.{check}", resolver("Frankfurt", trouble=Trouble.SILENT))
        assert outcome.status is Status.NOT_CHECKED
        assert outcome.not_checked[0].reason


async def test_a_signed_domain_without_ds_comes_with_the_record_to_paste(judge) -> None:
    (finding,) = (await judge("dns.dnssec.absent", zone(DOMAIN, signing=Signing.WITHOUT_DS))).findings

    assert finding.key == "no-ds"
    assert finding.paste.startswith(f"{DOMAIN}. 3600 IN DS ")
