"""What visitors notice of a release of the reference portal, and how long the way back takes, beside a plain restart.

gunicorn on PostgreSQL on this machine, 20 requests a second, half of them on connections that are kept alive. Ours is
`launchready rehearse` with release directories; the peers are the same portal under gunicorn alone, where a release is
`stop; start`, and where it is gunicorn's own reload (SIGHUP), as after a changed link.

Exits 1 when a request of ours failed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from launchready.hardening.release import engine, gates, rehearsal
from launchready.hardening.release.adapters import make
from launchready.hardening.release.plan import path_of
from launchready.hardening.release.sources import Source, identify
from launchready.hardening.release.traffic import Tally, Traffic
from launchready.hardening.release.words import Failed
from launchready.lab.release_host import ReleaseHost, release_host
from launchready.portal import Portal
from launchready.probes.look import Look
from launchready.probes.network import Limits, Network

RUNS = 3
WATCHED_S = 6.0


async def main() -> int:
    """Measure, print, judge."""
    with tempfile.TemporaryDirectory(prefix="lr-") as folder:
        async with release_host(Path(folder)) as host:
            await asyncio.to_thread(host.seed)
            failed = 0
            for run in range(RUNS):
                ended = await ours(host)
                failed += ended.traffic.failed + (not ended.well)
                say(f"launchready rehearse {run + 1}", ended.traffic, f"back within {ended.roll_back_s:.2f} s")
            say("stop; start", await restarted(host, reload=False))
            say("kill -HUP (gunicorn's reload)", await restarted(host, reload=True))
    return 1 if failed else 0


async def ours(host: ReleaseHost) -> rehearsal.Rehearsal:
    """Deploy, back, deploy again."""

    def look(portal: Portal) -> Look:
        return Look(portal, Network(Limits(run_deadline_s=300)))

    adapter, source = make(host.portal, look(host.portal), host.folder), identify(host.source)
    assert not isinstance(adapter, Failed)
    assert isinstance(source, Source)
    prove = gates.prove_by_checks(host.portal, look)
    place = engine.Place(adapter, "production", host.folder, prove, path_of(host.portal, host.folder))
    traffic = Traffic(Network(), (f"{host.url}/account/login",))
    return await rehearsal.rehearse(place, source, traffic, lambda line: None)


async def restarted(host: ReleaseHost, *, reload: bool) -> Tally:
    """The same portal under gunicorn alone, restarted once while visitors come."""
    port = host.port + 1 if host.port < 65000 else host.port - 1
    address = f"127.0.0.1:{port}"
    environment = {**os.environ, **host.variables(), "PORTAL_URL": f"http://{address}"}
    command = [sys.executable, "-m", "gunicorn", "portal_site.wsgi", "--bind", address, "--workers", "1"]
    command += ["--threads", "8", "--graceful-timeout", "10", "--log-level", "critical"]
    folder = (host.root / "current").resolve()

    def start() -> subprocess.Popen[bytes]:
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=quiet, stderr=quiet)

    process = start()
    url = f"http://{address}/account/login"
    try:
        await asyncio.to_thread(until_up, url)
        traffic = Traffic(Network(), (url,))
        await traffic.first_look()
        async with traffic.running():
            await asyncio.sleep(1)
            if reload:
                process.send_signal(signal.SIGHUP)
            else:
                process.terminate()
                await asyncio.to_thread(process.wait)
                process = start()
            await asyncio.sleep(WATCHED_S)
        return traffic.tally()
    finally:
        process.terminate()
        process.wait()


def until_up(url: str) -> None:
    """Wait until it answers."""
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=1).read()
            return
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)
    raise SystemExit(f"{url} did not come up")


def say(name: str, tally: Tally, more: str = "") -> None:
    """One line."""
    print(
        f"{name:32} {tally.failed:3} of {tally.requests} requests failed, {tally.downtime_s:5.2f} s of downtime, "
        f"longest gap {tally.longest_gap_s:.2f} s  {more}",
        flush=True,
    )


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
