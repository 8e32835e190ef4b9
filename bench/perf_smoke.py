"""The measurement after a release (X5): four flows of the reference portal within 60 s, and a slow one flagged.

Login, dashboard, upload and the API of the healthy portal on business broadband, behind the lab's edge. Then the same
portal with a dashboard that sleeps: its p95 is above 2 s, and must be a finding within the same time. Needs a checkout
and the extra `portal`.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from launchready.lab import speed
from launchready.lab.authority import Authority
from launchready.lab.demo import repaired_world
from launchready.lab.lab import Lab
from launchready.lab.live_portal import DATABASE_ENV, Deployment, LivePortal, missing
from launchready.lab.world import Source, World
from launchready.model import Report
from launchready.performance import judged
from launchready.performance.run import Wanted, measure

LIMIT_S = 60.0
SLOW_S = 2.2
VIEWS = "dashboard/views.py"
FLOWS: list[dict[str, Any]] = [
    {"name": "api", "user": "client", "steps": [{"name": "first answer", "path": "/api/v1/dashboard"}]},
    {
        "name": "upload", "user": "client", "changes": True,
        "steps": [
            {"name": "upload page", "path": "/files/upload/"},
            {"name": "upload", "method": "POST", "path": "/files/upload/", "upload": {"field": "upload"}},
        ],
    },
]  # fmt: skip


def slowed(world: World) -> World:
    """The same portal, whose dashboard waits."""
    source = world.source or Source({})
    text = source.files[VIEWS]
    code = text.decode() if isinstance(text, bytes) else text
    head, _, body = code.partition("def home(")
    signature, _, rest = body.partition(":\n")
    wait = f'    __import__("time").sleep({SLOW_S})\n'
    files = {**source.files, VIEWS: f"{head}def home({signature}:\n{wait}{rest}"}
    return replace(world, source=replace(source, files=files))


async def smoke(world: World) -> Report:
    """The short measurement, judged."""
    limits = (("LOGIN_ATTEMPTS_PER_ADDRESS", "9000/m"),)
    live = LivePortal(Deployment(invoices=2000, environment=limits))
    async with Lab(world, authority=Authority(), live=live) as lab:
        speed.know_accounts(live.database_url)
        keys = speed.performance(f"https://app.{world.domain}", DATABASE_ENV, LIMIT_S)
        keys["flows"] += FLOWS
        look = lab.look(performance=keys, owned=["app"])
        with tempfile.TemporaryDirectory() as folder:
            look.measured = await measure(look, Wanted(smoke=True, root=Path(folder)), lambda line: None)
        return await judged.run(look)


def main() -> int:
    """Measure both; 1 when a number does not hold."""
    if lack := missing():
        print(f"not measured: {lack}")
        return 0
    held = True
    for name, world in (("healthy", repaired_world(runs=True)), ("slow", slowed(repaired_world(runs=True)))):
        report = asyncio.run(smoke(world))
        assert report.measured
        took_s = report.measured.elapsed_s
        print(f"{name}: {report.measured.requests} requests in {took_s:.1f} s (limit {LIMIT_S:g})")
        for times in report.measured.steps:
            seen = times.seen
            told = f"p95 {seen.p95.value_s:.2f} s of {seen.n}" if seen else "nothing came through"
            print(f"  {times.flow}: {times.step}: {told}; needs {times.needs} more; {times.failures} failed")
        slow = {f.subject for f in report.findings if f.check == "performance.p95"}
        print(f"  flagged: {', '.join(sorted(slow)) or 'nothing'}")
        held &= took_s <= LIMIT_S and (not slow if name == "healthy" else "dashboard: dashboard" in slow)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
