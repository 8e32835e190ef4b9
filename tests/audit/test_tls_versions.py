"""Versions of TLS: what a server offers is found by offering it; what it refuses is no finding."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from launchready import gate
from launchready.lab.authority import Authority
from launchready.lab.healthy import DOMAIN
from launchready.lab.lab import Lab
from launchready.lab.world import Trouble, both, site
from launchready.model import Outcome, Severity, Status

Judge = Callable[..., Awaitable[Outcome]]
APP, API = f"app.{DOMAIN}", f"api.{DOMAIN}"


async def test_modern_versions_everywhere_pass(judge: Judge) -> None:
    assert (await judge("tls.versions.old")).status is Status.PASSED
    assert (await judge("tls.versions.modern")).status is Status.PASSED


async def test_hosts_that_offer_the_same_old_versions_are_one_finding(judge: Judge) -> None:
    outcome = await judge("tls.versions.old", both(site(APP, oldest_tls="1.0"), site(API, oldest_tls="1.0")))

    (finding,) = outcome.findings
    assert finding.severity is Severity.HIGH
    assert "TLS 1.0 and TLS 1.1" in finding.problem
    assert APP in finding.evidence
    assert API in finding.evidence
    assert finding.paste


async def test_tls_1_2_alone_is_nice_to_fix_and_1_1_alone_a_blocker(judge: Judge) -> None:
    twelve = await judge("tls.versions.modern", site(APP, newest_tls="1.2"))
    eleven = await judge("tls.versions.modern", site(APP, oldest_tls="1.0", newest_tls="1.1"))

    assert [f.severity for f in twelve.findings] == [Severity.NICE]
    assert [f.severity for f in eleven.findings] == [Severity.BLOCKER]


@pytest.mark.parametrize("check", ["tls.versions.old", "tls.versions.modern"])
async def test_a_host_that_never_answers_is_not_checked(judge: Judge, check: str) -> None:
    outcome = await judge(check, site(APP, trouble=Trouble.SILENT))

    assert outcome.status is Status.NOT_CHECKED
    assert "handshake" in outcome.not_checked[0].reason


async def test_each_version_is_offered_once_at_each_address(authority: Authority) -> None:
    async with Lab(authority=authority) as lab:
        look = lab.look()
        catalogue = gate.catalogue()
        await gate.run(look.portal, look, [catalogue[f"tls.versions.{id}"] for id in ("old", "modern")])

    # One handshake for the facts, one each for TLS 1.0 and 1.1.
    assert look.network.tally()["tls"] == 3 * 2 * len([h for h in look.hosts_seen() if "mail" not in h]) + 2
