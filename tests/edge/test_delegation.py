"""Delegation: registry and zone agree, every name server serves, there are two, over UDP and TCP."""

from __future__ import annotations

from dataclasses import replace

import pytest

from launchready.lab.healthy import DOMAIN
from launchready.lab.world import Trouble, both, name_server, records, resolver
from launchready.model import Severity, Status

NS1, NS2 = f"ns1.{DOMAIN}", f"ns2.{DOMAIN}"
ALL = ("agreement", "lame", "redundancy", "transport")


@pytest.mark.parametrize("check", ALL)
async def test_a_healthy_delegation_passes(judge, check: str) -> None:
    outcome = await judge(f"dns.delegation.{check}")

    assert outcome.status is Status.PASSED


@pytest.mark.parametrize("check", ALL)
async def test_without_a_resolver_nothing_is_claimed(judge, check: str) -> None:
    outcome = await judge(f"dns.delegation.{check}", resolver("Frankfurt", trouble=Trouble.SILENT))

    assert outcome.status is Status.NOT_CHECKED
    assert "no answer over UDP" in outcome.not_checked[0].reason


@pytest.mark.parametrize("check", ALL)
async def test_a_host_below_the_domain_is_judged_by_the_zone_it_is_in(judge, check: str) -> None:
    outcome = await judge(f"dns.delegation.{check}", domain=f"app.{DOMAIN}", discover=False)

    assert outcome.status is Status.PASSED
    assert not outcome.findings


async def test_a_disagreement_names_both_sides_once(judge) -> None:
    change = records("example", drop=("brightside NS",), add=("brightside 3600 NS ns1.brightside",))
    outcome = await judge("dns.delegation.agreement", change)

    (finding,) = outcome.findings
    assert finding.problem.endswith(f"the zone names {NS2}, which the registry does not.")
    assert finding.severity is Severity.HIGH


async def test_when_the_zone_above_is_silent_the_agreement_is_not_checked(judge) -> None:
    change = both(
        name_server("a.nic.example", trouble=Trouble.SILENT), name_server("b.nic.example", trouble=Trouble.SILENT)
    )
    outcome = await judge("dns.delegation.agreement", change)

    assert outcome.status is Status.NOT_CHECKED
    assert "above" in outcome.not_checked[0].reason


async def test_one_dead_address_of_a_name_server_is_named(judge) -> None:
    def change(world):
        servers = tuple(replace(s, addresses=s.addresses[:1]) if s.name == NS2 else s for s in world.name_servers)
        return replace(world, name_servers=servers)

    (finding,) = (await judge("dns.delegation.lame", change)).findings

    assert finding.subject == NS2
    assert "2001:20::2" in finding.evidence
    assert "192.88.99.2:" not in finding.evidence


async def test_a_machine_without_ipv6_judges_by_what_it_reached(judge) -> None:
    def change(world):
        # Nothing of IPv6 can be reached: no detour leads there.
        v4 = [replace(s, addresses=tuple(a for a in s.addresses if ":" not in a)) for s in world.name_servers]
        return replace(world, name_servers=tuple(v4))

    lame = await judge("dns.delegation.lame", change)
    family = await judge("dns.consistency.family", change)

    assert lame.status is Status.PASSED
    assert family.status is Status.NOT_CHECKED
    (row,) = family.not_checked  # one for the domain, not one for each name server
    assert "no route" in row.reason


async def test_a_network_that_lets_no_dns_out_is_not_the_domains_fault(judge) -> None:
    def change(world):
        return replace(world, name_servers=tuple(replace(s, trouble=Trouble.SILENT) for s in world.name_servers))

    lame = await judge("dns.delegation.lame", change)
    transport = await judge("dns.delegation.transport", change)

    assert lame.status is Status.NOT_CHECKED
    assert transport.status is Status.NOT_CHECKED


async def test_silent_name_servers_are_a_blocker_when_the_zone_above_answers(judge) -> None:
    change = both(name_server(NS1, trouble=Trouble.SILENT), name_server(NS2, trouble=Trouble.SILENT))
    (finding,) = (await judge("dns.delegation.lame", change)).findings

    assert (finding.subject, finding.severity) == (DOMAIN, Severity.BLOCKER)


async def test_a_network_that_blocks_tcp_is_not_the_domains_fault(judge) -> None:
    def change(world):
        return replace(world, name_servers=tuple(replace(s, trouble=Trouble.NO_TCP) for s in world.name_servers))

    outcome = await judge("dns.delegation.transport", change)

    assert outcome.status is Status.NOT_CHECKED
    assert not outcome.findings


async def test_all_name_servers_without_tcp_are_found_when_others_have_it(judge) -> None:
    change = both(name_server(NS1, trouble=Trouble.NO_TCP), name_server(NS2, trouble=Trouble.NO_TCP))
    outcome = await judge("dns.delegation.transport", change)

    assert {f.subject for f in outcome.findings} == {NS1, NS2}


async def test_a_forging_name_server_does_not_answer_for_the_domain(judge) -> None:
    (finding,) = (await judge("dns.delegation.lame", name_server(NS2, trouble=Trouble.WRONG_ID))).findings

    assert "wrong id" in finding.evidence
