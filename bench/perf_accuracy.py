"""Whether p95 is what it is: ours, and that of wrk, hey and Locust, against a server that knows how long it took.

At 10, 100 and 500 requests a second, for each tool in turn; the truth is what the server noted of that tool's own
requests. wrk has no rate: it gets as many connections as make about that many requests, and its percentiles are
what its own correction makes of them. All run in real time where that is allowed: a machine with other work adds
milliseconds to every tool. Exits 1 when ours is off by
more than 1 % and 1 ms.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import importlib.util
import io
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from launchready.performance.engine import Budget, Unit, Walked, arrivals
from launchready.performance.session import CurlSession, open_sessions
from launchready.performance.words import Reply, Request
from launchready.portal import Portal
from launchready.probes.look import Look
from launchready.probes.network import Limits, Network

HERE = Path(__file__).parent
RATES = {10: 12.0, 100: 8.0, 500: 6.0}
"""Requests a second, and for how many seconds."""
MEAN_S = 0.053
"""Of the server's delays: so many connections make a rate, where a tool has none."""


def main() -> int:
    """Measure, print, judge."""
    with contextlib.suppress(OSError):
        # For all of them alike: what else runs here is not what is measured.
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    server = subprocess.Popen([sys.executable, HERE / "load" / "known_server.py"], stdout=subprocess.PIPE, text=True)
    failed = False
    try:
        assert server.stdout
        base = f"http://127.0.0.1:{int(server.stdout.readline())}"
        for rate, seconds in RATES.items():
            for name, tool in {"launchready": ours, "wrk": wrk, "hey": hey, "Locust": locust}.items():
                truth(base)
                said_ms = tool(f"{base}/slow", rate, seconds)
                if said_ms is None:
                    print(f"{rate:4}/s {name:12} is not installed here", flush=True)
                    continue
                time.sleep(1.0)  # what is still under way
                known = truth(base)
                true_ms = quantile_ms(known)
                off, room = said_ms - true_ms, true_ms * 0.01 + 1.0
                mark = "" if name != "launchready" else "ok" if abs(off) <= room else "WRONG"
                print(
                    f"{rate:4}/s {name:12} p95 {said_ms:7.2f} ms, true {true_ms:7.2f} ms of {len(known):5}: "
                    f"{off:+6.2f} ms (allowed {room:.2f}) {mark}",
                    flush=True,
                )
                failed |= mark == "WRONG"
    finally:
        server.kill()
        server.wait()
    return int(failed)


def truth(base: str) -> list[float]:
    """What the server noted since it was last asked."""
    with urllib.request.urlopen(f"{base}/truth") as answer:
        return list(json.load(answer))


def quantile_ms(times_s: list[float]) -> float:
    """The 95th percentile by the nearest rank."""
    return sorted(times_s)[math.ceil(len(times_s) * 0.95) - 1] * 1000


def ours(url: str, rate: float, seconds: float) -> float | None:
    """The engine's arrivals, by Poisson's law, over visitors who keep their connections."""

    async def run() -> float:
        look = Look(Portal(domain="brightside.example"), Network(Limits(run_deadline_s=600)))
        times: list[float] = []
        async with open_sessions(look.network, look.dns) as sessions:
            free: list[CurlSession] = []

            async def walk(late_s: float) -> Walked:
                session = free.pop() if free else sessions.new()
                reply = await session.ask(Request(url))
                assert isinstance(reply, Reply), reply
                free.append(session)
                times.append(reply.phases.total_s + late_s)
                return Walked(reply.phases.total_s)

            ran = await arrivals(Unit("slow", walk), rate, Budget(10**9, seconds), seed=7)
        await look.close()
        assert not ran.failures
        assert not ran.stops, ran.stops
        return quantile_ms(times)

    return asyncio.run(run())


def wrk(url: str, rate: float, seconds: float) -> float | None:
    """wrk, with as many connections as make that rate."""
    if not shutil.which("wrk"):
        return None
    connections = max(1, round(rate * MEAN_S))
    script = 'done = function(s, latency, r) io.write("p95 " .. latency:percentile(95) .. "\\n") end'
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds:g}s", "-s", file.name, url]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(said.rpartition("p95 ")[2].split()[0]) / 1000


def hey(url: str, rate: float, seconds: float) -> float | None:
    """Hey, whose workers each send at their share of the rate."""
    if not shutil.which("hey"):
        return None
    workers = max(2, round(rate * MEAN_S * 3))
    command = ["hey", "-z", f"{seconds:g}s", "-c", str(workers), "-q", f"{rate / workers:g}", "-o", "csv", url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = csv.DictReader(io.StringIO(said))
    return quantile_ms([float(row["response-time"]) for row in rows])


def locust(url: str, rate: float, seconds: float) -> float | None:
    """Locust's FastHttpUser, whose users each keep their share of the rate."""
    if importlib.util.find_spec("locust") is None:
        return None
    users = max(2, round(rate * MEAN_S * 3))
    command = [
        sys.executable,
        str(HERE / "load" / "locust_users.py"),
        url,
        str(users),
        str(rate),
        str(int(rate * seconds)),
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(json.loads(said.splitlines()[-1])["p95_ms"])


if __name__ == "__main__":
    raise SystemExit(main())
