"""SPF: the grammar of RFC 7208, the lookups of the whole chain, and what the checks say of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from launchready.audit.spf_record import is_spf, parse
from launchready.lab.faults.spf import spf
from launchready.lab.healthy import DOMAIN
from launchready.lab.world import Trouble, both, name_server, records, resolver
from launchready.model import Outcome, Report, Severity, Status

Judge = Callable[..., Awaitable[Outcome]]
Audit = Callable[..., Awaitable[Report]]


@pytest.mark.parametrize(
    "terms",
    [
        "a",
        "A/24",
        "a//64",
        "a/24//64",
        "a:host.example.com/28",
        "mx:%{d2}.example.com",
        "exists:%{ir}.%{v}._spf.%{d2}",
        "include:_spf.example.com",
        "ip4:192.0.2.0/24",
        "ip4:192.0.2.1",
        "ip6:2001:db8::/32",
        "ip6:::1",
        "ptr",
        "ptr:example.com",
        "redirect=_spf.example.com",
        "exp=explain._spf.%{d}",
        "unknown=%{s}%_%-",
        "?all",
        "  mx   -all ",
    ],
)
def test_what_the_grammar_allows_is_read_without_problem(terms: str) -> None:
    assert parse(f"v=spf1 {terms}").problems == ()


@pytest.mark.parametrize(
    "terms",
    [
        "ipv4:192.0.2.1",
        "ip4:192.0.2.0/33",
        "ip4:192.0.2.0/024",
        "ip4:192.0.2",
        "ip4:2001:db8::1",
        "ip6:192.0.2.1",
        "ip4",
        "ip4:",
        "include",
        "include:",
        "include:localhost",
        "a:",
        "a/33",
        "a//129",
        "mx:exa mple.com",
        "exists:%{x}.example.com",
        "exists:%{d0}.example.com",
        "exists:%(d).example.com",
        "a:100%.example.com",
        "include:bücher.example",
        "all:example.com",
        "-redirect=example.com",
        "redirect=a.example redirect=b.example",
        "exp=a.example exp=b.example",
        "=x",
        "-",
        "exists:%{c}.example.com",
    ],
)
def test_what_the_grammar_forbids_is_a_problem_with_its_place(terms: str) -> None:
    problems = parse(f"v=spf1 {terms} -all").problems

    assert problems
    assert "term" in problems[0] or "stands more than once" in problems[0]


@pytest.mark.parametrize(
    ("text", "taken"),
    [("v=spf1", True), ("V=SPF1 -all", True), ("v=spf1 ", True), ("v=spf10 -all", False), (" v=spf1", False)],
)
def test_a_record_begins_with_its_version_and_a_space_or_the_end(text: str, taken: bool) -> None:
    assert is_spf(text) is taken


async def test_the_chain_is_drawn_with_what_each_branch_costs(audit: Audit) -> None:
    report = await audit(checks=["mail.spf.lookups"])

    tree = report.pictures[f"SPF of {DOMAIN}"]
    labels = [tree.label, *(child.label for child in tree.children)]
    assert "2 lookups" in labels[0]
    assert labels[1].startswith("mx (1 lookup")
    assert labels[2].startswith("include:spf.mailer.example (1 lookup")
    assert tree.children[1].children[0].label == "ip4:192.88.99.35"


async def test_two_records_come_with_their_merger_to_paste(judge: Judge) -> None:
    outcome = await judge("mail.spf.single", spf("v=spf1 mx -all", "v=spf1 ip4:192.88.99.35 ~all"))

    (finding,) = outcome.findings
    assert '"v=spf1 ip4:192.88.99.35 mx -all"' in finding.paste


async def test_a_record_in_several_strings_is_joined_with_nothing_between(judge: Judge) -> None:
    split = records(DOMAIN, drop=("@ TXT",), add=('@ 300 TXT "v=spf1 mx inc" "lude:spf.mailer.example -all"',))

    assert (await judge("mail.spf.dead_include", split)).status is Status.PASSED


async def test_a_missing_space_between_strings_is_a_mistake(judge: Judge) -> None:
    split = records(DOMAIN, drop=("@ TXT",), add=('@ 300 TXT "v=spf1 mx" "include:spf.mailer.example -all"',))

    (finding,) = (await judge("mail.spf.syntax", split)).findings
    assert "mxinclude" in finding.problem


async def test_includes_that_include_each_other_are_one_finding(judge: Judge) -> None:
    circle = both(
        spf(f"v=spf1 include:a.{DOMAIN} -all"),
        records(
            DOMAIN, add=(f'a 300 TXT "v=spf1 include:b.{DOMAIN} -all"', f'b 300 TXT "v=spf1 include:a.{DOMAIN} -all"')
        ),
    )

    outcome = await judge("mail.spf.dead_include", circle)

    assert [f.severity for f in outcome.findings] == [Severity.BLOCKER]
    assert "includes itself" in outcome.findings[0].problem


async def test_a_name_server_that_does_not_answer_is_not_a_dead_include(judge: Judge) -> None:
    deaf = both(
        name_server("ns.mailer.example", trouble=Trouble.SILENT),
        *(resolver(name, trouble=Trouble.SERVFAIL) for name in ("Frankfurt", "Virginia", "Singapore")),
    )

    for check in ("missing", "single", "syntax", "lookups", "voids", "dead_include", "permissive", "ptr"):
        outcome = await judge(f"mail.spf.{check}", deaf)
        assert outcome.status is Status.NOT_CHECKED, check
        assert "SERVFAIL" in outcome.not_checked[0].reason


async def test_a_domain_that_sends_no_mail_needs_no_record_of_senders(judge: Judge) -> None:
    outcome = await judge("mail.spf.missing", records(DOMAIN, drop=("@ TXT",)), mail={"sends": False})

    assert outcome.status is Status.PASSED


async def test_bytes_that_are_no_text_do_not_stop_the_check(judge: Judge) -> None:
    odd = records(DOMAIN, drop=("@ TXT",), add=('@ 300 TXT "v=spf1 include:\\255\\000.example -all"',))

    assert (await judge("mail.spf.syntax", odd)).findings
