"""What every test may ask for: labs that share one certificate authority, and one check run in one world."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from launchready import gate
from launchready.lab.authority import Authority
from launchready.lab.healthy import healthy_world
from launchready.lab.world import Change
from launchready.model import Outcome
from launchready.probes.network import Limits

Judge = Callable[..., Awaitable[Outcome]]

QUICK = Limits(
    lookup_timeout_s=0.6, connect_timeout_s=1.0, operation_timeout_s=1.5, run_deadline_s=15.0, body_bytes=256 * 1024
)
"""Limits for tests: what never answers is given up on soon."""


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def judge(authority: Authority) -> Judge:
    """`await judge("mail.spf.syntax", change, mail={...})`: the outcome of one check in the changed world."""

    from launchready.lab.lab import Lab

    async def run(check: str, change: Change | None = None, limits: Limits = QUICK, **settings: object) -> Outcome:
        world = change(healthy_world()) if change else healthy_world()
        async with Lab(world, authority=authority) as lab:
            look = lab.look(limits, **settings)
            report = await gate.run(look.portal, look, [gate.catalogue()[check]])
        assert not look.crashes, look.crashes[0]
        return report.outcomes[0]

    return run
