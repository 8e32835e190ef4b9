"""Traces taken while a real instrumented portal is measured, from `[performance] traces` to the finding."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from tests.performance.test_traces import portal

from launchready.performance import judged
from launchready.performance.run import Wanted, measure
from launchready.portal import Portal
from launchready.probes.look import Look
from launchready.probes.otlp import OtlpReceiver


async def test_the_traces_of_a_measurement_name_repeated_statements_and_calls_in_a_row(tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.instrumentation.django")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    async with portal(OtlpReceiver(port=port), tmp_path, OTEL_BSP_SCHEDULE_DELAY="200") as url:
        described = Portal.model_validate(
            {
                "domain": "portal.example",
                "owned": ["127.0.0.1"],
                "performance": {
                    "url": url,
                    "traces": f"127.0.0.1:{port}",
                    "broadband": "none",
                    "flows": [
                        {"name": "dashboard", "steps": [{"path": "/"}]},
                        {"name": "rates", "steps": [{"path": "/rates/2026/"}]},
                    ],
                },
            }
        )
        look = Look(described)
        found = look.measured = await measure(look, Wanted(browser=False, root=tmp_path), lambda line: None)
        report = await judged.run(look)

    assert [one.reason for one in found.untold if one.part == "traces"] == []
    assert set(found.traced) == {"GET /", "GET /rates/{id}/"}
    checks = {finding.check for finding in report.findings}
    assert {"performance.queries", "performance.serial_calls"} <= checks
    queries = next(finding for finding in report.findings if finding.check == "performance.queries")
    assert "lines 12 times" in queries.problem
