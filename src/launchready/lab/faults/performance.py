"""Planted mistakes of speed: steps of core flows that take buyers longer than their target."""

from __future__ import annotations

from launchready.lab.measured import remeasured, slower
from launchready.lab.world import Fault
from launchready.model import Severity

FAULTS = (
    Fault(
        "slow-dashboard",
        "The dashboard takes three seconds in one case of twenty",
        "performance.p95",
        Severity.HIGH,
        remeasured(lambda m: slower(m, "dashboard", 3.1)),
        subject="dashboard: dashboard",
        twin=remeasured(lambda m: slower(m, "dashboard", 1.7)),
    ),
    Fault(
        "slower-release",
        "Since the last release the upload takes half as long again",
        "performance.regression",
        Severity.HIGH,
        remeasured(lambda m: slower(m, "upload", 0.63), before=lambda m: m),
        subject="upload: upload",
        twin=remeasured(lambda m: slower(m, "upload", 0.63), before=lambda m: slower(m, "upload", 0.62)),
    ),
)
