"""One look per fact, counted by those who are looked at: the lab's servers."""

from __future__ import annotations

from launchready import gate
from launchready.lab.authority import Authority
from launchready.lab.lab import Lab


async def test_a_whole_audit_asks_nothing_twice(authority: Authority) -> None:
    async with Lab(authority=authority) as lab:
        look = lab.look()
        await gate.run(look.portal, look)
        counts = dict(lab.counts)

    kinds = {what[0] for what in counts}
    assert kinds == {"dns", "tls", "get", "smtp"}
    twice = {what: times for what, times in counts.items() if times > 1}
    assert twice == {}


async def test_a_name_type_and_server_are_asked_over_one_transport_only(authority: Authority) -> None:
    async with Lab(authority=authority) as lab:
        look = lab.look()
        await gate.run(look.portal, look)
        questions = [what[1:4] for what in lab.counts if what[0] == "dns"]

    assert len(questions) == len(set(questions))
