"""`launchready verify` on the reference portal: cold (nothing has asked it yet) and warm, login and browser included.

Numbers to hold: under 30 s cold, under 5 s warm. Cold counts from the moment the portal's processes are started, with
its database made and seeded before. Needs a checkout, the extra `portal` and a Chromium.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time

from launchready.hardening import verify_run
from launchready.lab.authority import Authority
from launchready.lab.demo import repaired_world
from launchready.lab.lab import Lab
from launchready.lab.live_portal import PASSWORD, Deployment, LivePortal, missing
from launchready.lab.prototype import HOST
from launchready.model import Report
from launchready.probes import browser

RUNS = 5
VERSION = "v1.4.0"
_ACCOUNT = """
import django; django.setup()
from accounts.models import User
print(User.objects.filter(is_active=True, role="client").order_by("pk").first().email)
"""


async def measure() -> dict[str, list[Report]]:
    """Reports of cold and warm runs."""
    live = LivePortal(Deployment(invoices=200, environment=(("RELEASE_VERSION", VERSION),)))
    found: dict[str, list[Report]] = {"cold": [], "warm": []}
    async with Lab(repaired_world(runs=True), authority=Authority(), live=live) as lab:
        os.environ["BENCH_USER"] = (await asyncio.to_thread(live.manage, _ACCOUNT)).strip().splitlines()[-1]
        os.environ["BENCH_PASSWORD"] = PASSWORD
        settings = {
            "url": f"https://{HOST}/",
            "pages": [{"path": "/"}, {"path": "/account/login/", "text": "Log in"}, {"path": "/healthz"}],
            "login": {"path": "/account/login/", "user_env": "BENCH_USER", "password_env": "BENCH_PASSWORD"},
            "version": {"path": "/readyz", "json_path": "version"},
            "release": VERSION,
        }
        for kind in ("cold", *["warm"] * RUNS):
            look = lab.look(verify=settings)
            began = time.monotonic()
            if kind == "cold":
                await asyncio.to_thread(_restart, live)
            report = await verify_run.run(look.portal, look)
            found[kind].append(report)
            print(f"{kind}: {time.monotonic() - began:.1f} s, {report.verdict}")
            for outcome in report.outcomes:
                rows = [*outcome.findings, *outcome.passed, *outcome.not_checked]
                print(f"  {outcome.check.id} {outcome.status} {outcome.elapsed_s:.1f} s", *rows, sep="\n    ")
    return found


def _restart(live: LivePortal) -> None:
    """End the portal's processes and start them anew, which nobody has asked anything."""
    assert live._gunicorn is not None
    live._gunicorn.terminate()
    live._gunicorn.wait()
    live._start_gunicorn()


def main() -> None:
    """Measure and print."""
    if lack := missing() or browser.missing():
        print(f"not measured: {lack}", file=sys.stderr)
        return
    found = asyncio.run(measure())
    warm = [report.elapsed_s for report in found["warm"]]
    print(f"cold {found['cold'][0].elapsed_s:.1f} s (at most 30); warm median {statistics.median(warm):.1f} s,")
    print(f"slowest {max(warm):.1f} s (at most 5), of {RUNS} runs")


if __name__ == "__main__":
    main()
