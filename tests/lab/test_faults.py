"""Every planted fault is found by the check that must find it, at its severity; its healthy twin raises nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from launchready import gate
from launchready.lab import databases
from launchready.lab.faults import faults
from launchready.lab.world import Fault
from launchready.model import Report, Verdict
from launchready.probes import browser

Audit = Callable[..., Awaitable[Report]]

FAULTS = faults()
IDS = [fault.id for fault in FAULTS]
HEALTHY = [fault for fault in FAULTS if fault.twin]
IN_A_BROWSER = ("verify.blank",)
ON_A_DATABASE = (
    *(f"connections.{name}" for name in ("database", "encryption", "role", "room", "server")),
    "release.migrations",
    "release.irreversible",
)


@pytest.fixture(autouse=True)
def _chromium(request: pytest.FixtureRequest) -> None:
    fault = getattr(request.node, "callspec", None) and request.node.callspec.params.get("fault")
    if fault and fault.check in IN_A_BROWSER and (lack := browser.missing()):
        pytest.skip(lack)
    if fault and fault.check in ON_A_DATABASE and (lack := databases.missing()):
        pytest.skip(lack)


@pytest.mark.parametrize("fault", FAULTS, ids=IDS)
async def test_a_planted_fault_is_found_and_nothing_else_is(fault: Fault, audit: Audit) -> None:
    report = await audit(fault.change, **fault.settings)

    mine = [f for f in report.findings if f.check == fault.check]
    assert any(f.severity is fault.severity and fault.subject in ("", f.subject) for f in mine), [
        *((f.check, f.subject, f.severity) for f in report.findings),
        *((c.id, row) for c, row in report.not_checked if c.id == fault.check),
    ]
    others = {f.check for f in report.findings} - {fault.check, *fault.also}
    assert not others, [f for f in report.findings if f.check in others]


@pytest.mark.parametrize("fault", HEALTHY, ids=[fault.id for fault in HEALTHY])
async def test_the_healthy_twin_of_a_fault_raises_nothing(fault: Fault, audit: Audit) -> None:
    report = await audit(fault.twin, **fault.settings)

    assert report.findings == ()


async def test_the_healthy_domain_is_ready(audit: Audit) -> None:
    report = await audit()

    assert report.findings == ()
    assert report.not_checked == ()
    assert report.verdict is Verdict.READY


async def test_settings_alone_raise_nothing(audit: Audit) -> None:
    distinct = {repr(sorted(f.settings.items())): dict(f.settings) for f in FAULTS if f.settings and not f.twin}
    for settings in distinct.values():
        report = await audit(None, **settings)
        assert report.findings == (), settings


def test_what_a_fault_says_ends_without_a_full_stop() -> None:
    assert [f.id for f in FAULTS if f.says.endswith(".")] == []


def test_there_are_at_least_seventy_faults_and_every_check_has_one() -> None:
    assert len(FAULTS) >= 70
    planted = Counter(fault.check for fault in FAULTS)
    assert set(gate.catalogue()) - set(planted) == set()
    assert set(planted) - set(gate.catalogue()) == set()
