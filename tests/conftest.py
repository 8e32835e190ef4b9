"""What every test may ask for: labs that share one certificate authority, and one check run in one world."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Sequence

import pytest

from launchready import gate
from launchready.lab.authority import Authority
from launchready.lab.healthy import healthy_world
from launchready.lab.world import Change
from launchready.model import Outcome, Report
from launchready.probes.network import Limits

Audit = Callable[..., Awaitable[Report]]
Judge = Callable[..., Awaitable[Outcome]]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell lets what runs in its background ignore Ctrl-C, and every process of a test would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the same of what `nohup` starts

QUICK = Limits(
    lookup_timeout_s=1.2, connect_timeout_s=1.5, operation_timeout_s=2.0, run_deadline_s=20.0, body_bytes=256 * 1024
)
"""Limits for tests: what never answers is given up on soon."""


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def audit(authority: Authority) -> Audit:
    """`await audit(change, mail={...})`: the report of all checks, or of those named, in the changed world."""
    from launchready.lab.lab import Lab

    async def run(
        change: Change | None = None, *, checks: Sequence[str] = (), limits: Limits = QUICK, **settings: object
    ) -> Report:
        world = change(healthy_world()) if change else healthy_world()
        chosen = [gate.catalogue()[id] for id in checks] or None
        async with Lab(world, authority=authority) as lab:
            look = lab.look(limits, **settings)
            report = await gate.run(look.portal, look, chosen)
        assert not look.crashes, look.crashes[0]
        return report

    return run


@pytest.fixture
def judge(audit: Audit) -> Judge:
    """`await judge("mail.spf.syntax", change, mail={...})`: the outcome of one check in the changed world."""

    async def run(check: str, change: Change | None = None, **settings: object) -> Outcome:
        report = await audit(change, checks=[check], **settings)
        return report.outcomes[0]

    return run
