"""Reverse names and block lists: a refusal to answer is never a listing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from launchready.audit.blocklists import question, refusal
from launchready.audit.mail_domain import forbids_all, parse_exchangers, spf_names
from launchready.audit.mail_reputation import is_generic
from launchready.lab.faults.mail_transport import MX, REVERSE4, REVERSE6
from launchready.lab.healthy import DOMAIN, MAIL
from launchready.lab.world import Trouble, both, records
from launchready.model import Severity, Status

ZEN = "zen.spamhaus.org"


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("192-0-2-25.isp.example", "192.0.2.25"),
        ("ip25.2.0.192.isp.example", "192.0.2.25"),
        ("ec2-192-0-2-25.compute.cloud.example", "192.0.2.25"),
        ("host192000002025.isp.example", "192.0.2.25"),
        ("c0000219.isp.example", "192.0.2.25"),
        ("adsl-17.isp.example", "192.0.2.25"),
        ("pool.dynamic.isp.example", "192.0.2.25"),
        ("2001-0db8-0000-0000-0000-0000-0000-0025.isp.example", "2001:db8::25"),
    ],
)
def test_a_name_every_customer_gets_is_generic(name: str, address: str) -> None:
    assert is_generic(name, address)


@pytest.mark.parametrize(
    "name",
    [
        "mail.example.com",
        "mx25.example.com",
        "mail-sor-f41.google.com",
        "a8-25.smtp-out.service.example",
        "liverpool.example",
    ],
)
def test_a_name_of_its_own_is_not(name: str) -> None:
    assert not is_generic(name, "192.0.2.25")


def test_questions_are_put_in_reverse() -> None:
    assert question("192.0.2.99", ZEN) == f"99.2.0.192.{ZEN}"
    assert question("2001:db8::1", ZEN) == f"1.{'0.' * 23}8.b.d.0.1.0.0.2.{ZEN}"


@pytest.mark.parametrize(
    "answers", [("127.255.255.254",), ("127.0.0.2", "127.255.255.255"), ("127.0.0.1",), ("192.0.2.1",)]
)
def test_refusals_and_rewritten_answers_are_no_listings(answers: tuple[str, ...]) -> None:
    assert refusal(answers)


@pytest.mark.parametrize("answers", [(), ("127.0.0.2",), ("127.0.0.4", "127.0.0.10")])
def test_listings_are_no_refusals(answers: tuple[str, ...]) -> None:
    assert not refusal(answers)


@pytest.mark.parametrize(
    ("spf", "named"),
    [
        ("v=spf1 mx -all", True),
        ("v=spf1 +mx/24 -all", True),
        ("v=spf1 ip4:192.0.2.0/24 -all", True),
        ("v=spf1 ip6:2001:db8::/32 -all", False),
        ("v=spf1 include:x.example ip4:rubbish -all", False),
        ("v=spf1 -mx -all", False),
    ],
)
def test_an_exchanger_that_spf_names_also_sends(spf: str, named: bool) -> None:
    assert spf_names([spf], "192.0.2.25") is named


def test_exchangers_are_read_by_preference_and_the_null_one_has_no_host() -> None:
    found = parse_exchangers(["20 B.example.", "10 a.example", "0 .", "rubbish"])

    assert [(e.preference, e.host) for e in found] == [(0, ""), (10, "a.example"), (20, "b.example")]
    assert forbids_all("V=SPF1  -ALL")
    assert not forbids_all("v=spf1 ~all")


async def test_a_list_that_refuses_is_not_checked_and_says_how_to_ask(judge) -> None:
    change = both(
        records(ZEN, drop=("2.0.0.127 A",), add=("2.0.0.127 300 A 127.255.255.254",)),
        records(ZEN, add=("25.99.88.192 300 A 127.255.255.254",)),
    )

    outcome = await judge("mail.blocklist", change)

    assert outcome.findings == ()
    assert ["public resolvers" in row.reason for row in outcome.not_checked] == [True]
    assert "--resolver" in outcome.not_checked[0].unlock


async def test_a_list_that_refuses_one_question_is_not_checked_for_it(judge) -> None:
    outcome = await judge("mail.blocklist", records(ZEN, add=("25.99.88.192 300 A 127.255.255.255",)))

    assert outcome.findings == ()
    assert [row.subject for row in outcome.not_checked] == [MX]


async def test_a_list_without_its_test_entry_is_not_relied_on(judge) -> None:
    outcome = await judge("mail.blocklist", records("bl.spamcop.net", drop=("2.0.0.127 A",)))

    assert [row.subject for row in outcome.not_checked] == ["SpamCop"]


async def test_a_list_that_lists_everything_is_not_relied_on(judge) -> None:
    outcome = await judge(
        "mail.blocklist", records("bl.spamcop.net", add=("*.0.0.127 300 A 127.0.0.2", "*.99.88.192 300 A 127.0.0.2"))
    )

    assert outcome.findings == ()
    assert "lists everything" in outcome.not_checked[0].reason


async def test_an_ipv6_listing_is_found(judge) -> None:
    name = question(MAIL[1], ZEN).removesuffix(f".{ZEN}")

    outcome = await judge("mail.blocklist", records(ZEN, add=(f"{name} 300 A 127.0.0.3",)))

    assert [(f.severity, MAIL[1] in f.problem) for f in outcome.findings] == [(Severity.BLOCKER, True)]


async def test_the_policy_list_matters_to_senders_only(judge) -> None:
    listed = records(ZEN, add=("25.99.88.192 300 A 127.0.0.11",))
    receives = records(DOMAIN, drop=("@ TXT",), add=('@ 300 TXT "v=spf1 include:spf.mailer.example -all"',))

    assert [f.severity for f in (await judge("mail.blocklist", listed)).findings] == [Severity.HIGH]
    assert (await judge("mail.blocklist", both(listed, receives))).status is Status.PASSED


async def test_a_listing_names_where_to_have_it_removed(judge) -> None:
    outcome = await judge("mail.blocklist", records(ZEN, add=("25.99.88.192 300 A 127.0.0.4",)))

    assert "XBL" in outcome.findings[0].evidence
    assert "check.spamhaus.org" in outcome.findings[0].evidence


async def test_a_missing_reverse_name_comes_with_one_to_paste(judge) -> None:
    outcome = await judge("mail.fcrdns", records(REVERSE6, drop=("5.2.0.0 PTR",)))

    assert outcome.findings[0].paste.endswith(f"IN PTR {MX}.")


async def test_an_exchanger_that_only_receives_needs_its_name_less(judge) -> None:
    receives = records(DOMAIN, drop=("@ TXT",), add=('@ 300 TXT "v=spf1 include:spf.mailer.example -all"',))

    outcome = await judge("mail.fcrdns", both(receives, records(REVERSE4, drop=("25 PTR",))))

    assert [f.severity for f in outcome.findings] == [Severity.NICE]


@pytest.mark.parametrize("check", ["mail.fcrdns", "mail.blocklist"])
async def test_what_dns_does_not_answer_is_not_checked(check: str, judge) -> None:
    def servfail(world):
        return replace(world, resolvers=tuple(replace(r, trouble=Trouble.SERVFAIL) for r in world.resolvers))

    outcome = await judge(check, servfail, mail={"sending_hosts": ["out.mailer.example"]})

    assert outcome.findings == ()
    assert outcome.status is Status.NOT_CHECKED


@pytest.mark.parametrize("check", ["mail.fcrdns", "mail.blocklist"])
async def test_a_domain_without_mail_servers_passes(check: str, judge) -> None:
    outcome = await judge(check, records(DOMAIN, drop=("@ MX", "@ TXT")))

    assert outcome.status is Status.PASSED
