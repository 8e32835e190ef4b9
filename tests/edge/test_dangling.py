"""Aliases to what was given up: found, weighed by who may take it, and told from what only looks like it."""

from __future__ import annotations

from launchready.lab.faults.records import (
    ELSEWHERE,
    GITHUB_404,
    S3_404,
    abandoned,
    alias,
    alive,
    answers,
    registered,
    service_zone,
)
from launchready.lab.healthy import DOMAIN
from launchready.lab.world import Response, Route, Site, Trouble, add_site, both, records, site
from launchready.model import Severity, Status

DASHBOARD = f"dashboard.{DOMAIN}"
GITHUB = ("dashboard", "brightside.github.io", 404, GITHUB_404)


async def test_a_domain_without_aliases_passes(judge) -> None:
    outcome = await judge("dns.dangling")

    assert outcome.status is Status.PASSED
    assert outcome.passed[0].detail == "no host is an alias"


async def test_a_deleted_site_that_anyone_may_take_is_a_blocker_and_says_how_it_is_known(judge) -> None:
    (finding,) = (await judge("dns.dangling", abandoned(*GITHUB))).findings

    assert (finding.subject, finding.severity) == (DASHBOARD, Severity.BLOCKER)
    assert "anyone can take it" in finding.problem
    assert f"{DASHBOARD} CNAME brightside.github.io" in finding.evidence
    assert finding.reference.startswith("https://docs.github.com/")


async def test_a_living_site_at_the_same_service_passes(judge) -> None:
    outcome = await judge("dns.dangling", alive("dashboard", "brightside.github.io"))

    assert outcome.status is Status.PASSED
    assert outcome.passed[0].detail == "lives at GitHub Pages"


async def test_a_living_page_that_quotes_the_words_passes(judge) -> None:
    change = alive("dashboard", "brightside.github.io", f"<p>{GITHUB_404}</p>")

    assert (await judge("dns.dangling", change)).status is Status.PASSED


async def test_the_words_on_a_host_that_is_no_alias_mean_nothing(judge) -> None:
    change = both(records(DOMAIN, add=(f"dashboard 300 A {ELSEWHERE[0]}",)), answers("dashboard", 404, GITHUB_404))

    assert (await judge("dns.dangling", change)).findings == ()


async def test_the_page_is_read_over_plain_http_where_the_service_has_no_https(judge) -> None:
    change = both(
        alias("dashboard", f"{DASHBOARD}.s3-website-eu-west-1.amazonaws.com"),
        service_zone("amazonaws.com", "*.s3-website-eu-west-1"),
        add_site(Site(DASHBOARD, ELSEWHERE, (), (Route("*", Response(404, (), S3_404)),))),
    )

    (finding,) = (await judge("dns.dangling", change)).findings

    assert finding.severity is Severity.BLOCKER
    assert f"http://{DASHBOARD}/ 404" in finding.evidence


async def test_a_domain_verified_at_github_is_only_broken(judge) -> None:
    proof = records(DOMAIN, add=('_github-pages-challenge-brightside 300 TXT "f1d2d2f9"',))

    (finding,) = (await judge("dns.dangling", both(abandoned(*GITHUB), proof))).findings

    assert finding.severity is Severity.HIGH
    assert f"_github-pages-challenge-brightside.{DOMAIN}" in finding.evidence


async def test_a_verification_for_another_account_protects_nothing(judge) -> None:
    proof = records(DOMAIN, add=('_github-pages-challenge-somebody 300 TXT "f1d2d2f9"',))

    (finding,) = (await judge("dns.dangling", both(abandoned(*GITHUB), proof))).findings

    assert finding.severity is Severity.BLOCKER


async def test_an_azure_name_bound_by_asuid_is_only_broken(judge) -> None:
    change = both(alias("admin", "brightside.azurewebsites.net"), service_zone("azurewebsites.net"))
    proof = records(DOMAIN, add=('asuid.admin 300 TXT "ab12"',))

    (free,) = (await judge("dns.dangling", change)).findings
    (bound,) = (await judge("dns.dangling", both(change, proof))).findings

    assert (free.severity, bound.severity) == (Severity.BLOCKER, Severity.HIGH)


async def test_a_service_that_asks_for_proof_makes_it_high_and_a_blocker_on_a_named_host(judge) -> None:
    change = abandoned("dashboard", "brightside-old.herokuapp.com", 404, "<title>No such app</title>")

    (found,) = (await judge("dns.dangling", change)).findings
    (named,) = (await judge("dns.dangling", change, hosts=("dashboard",))).findings

    assert (found.severity, named.severity) == (Severity.HIGH, Severity.BLOCKER)
    assert "anyone" not in found.problem


async def test_a_target_whose_domain_nobody_holds_is_a_blocker(judge) -> None:
    (finding,) = (await judge("dns.dangling", alias("portal", "a.b.closed-agency.example"))).findings

    assert finding.severity is Severity.BLOCKER
    assert "anyone may register closed-agency.example" in finding.problem


async def test_a_target_domain_on_hold_is_held(judge) -> None:
    change = both(alias("portal", "a.closed-agency.example"), registered("closed-agency.example"))

    (finding,) = (await judge("dns.dangling", change)).findings

    assert finding.severity is Severity.HIGH


async def test_a_target_gone_below_a_living_domain_is_high(judge) -> None:
    (finding,) = (await judge("dns.dangling", alias("portal", "gone.hosting.example"))).findings

    assert finding.severity is Severity.HIGH


async def test_a_target_without_an_address_is_high(judge) -> None:
    change = both(
        alias("portal", "text.hosting.example"), records("hosting.example", add=('text 300 TXT "nothing here"',))
    )

    (finding,) = (await judge("dns.dangling", change)).findings

    assert "which has no address" in finding.problem


async def test_a_chain_of_aliases_is_followed_to_the_service(judge) -> None:
    change = both(
        alias("dashboard", "hop.hosting.example"),
        records("hosting.example", add=("hop 300 CNAME brightside.github.io.",)),
        service_zone("github.io", "brightside"),
        answers("dashboard", 404, GITHUB_404),
    )

    (finding,) = (await judge("dns.dangling", change)).findings

    assert finding.severity is Severity.BLOCKER


async def test_a_service_that_does_not_answer_is_not_checked(judge) -> None:
    change = both(abandoned(*GITHUB), site(DASHBOARD, trouble=Trouble.SILENT, plain_trouble=Trouble.SILENT))

    outcome = await judge("dns.dangling", change)

    assert outcome.status is Status.NOT_CHECKED
    assert "GitHub Pages" in outcome.not_checked[0].reason


async def test_a_service_that_answers_garbage_is_not_checked(judge) -> None:
    change = both(abandoned(*GITHUB), site(DASHBOARD, trouble=Trouble.GARBAGE, plain_trouble=Trouble.GARBAGE))

    assert (await judge("dns.dangling", change)).status is Status.NOT_CHECKED
