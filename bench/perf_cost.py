"""What a request costs the machine that measures: CPU per 1,000 requests of ours and of Locust's FastHttpUser.

Ten visitors who keep their connections, as fast as they can, against the same server, in turns, for other work on the
machine comes and goes. Each is a process of its own whose own CPU time is read after it has started up. Exits 1 when
ours is more than half of Locust's, by the medians of the rounds.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from launchready.performance.engine import Budget, Unit, Walked, two
from launchready.performance.session import CurlSession, open_sessions
from launchready.performance.words import Reply, Request
from launchready.portal import Portal
from launchready.probes.look import Look
from launchready.probes.network import Limits, Network

HERE = Path(__file__).parent
ROUNDS, REQUESTS, VISITORS = 5, 8_000, 10


def main() -> int:
    """Measure in turns, print, judge."""
    with contextlib.suppress(OSError):
        os.nice(-15)  # for all of them alike: what else runs here is not what is measured
    server = subprocess.Popen([sys.executable, HERE / "load" / "known_server.py"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/"
        locust = importlib.util.find_spec("locust") is not None
        ours, theirs = [], []
        for number in range(1, ROUNDS + 1):
            ours.append(spent(["perf_cost.py", url]))
            told = f"round {number}: launchready {ours[-1]:6.1f} ms of CPU per 1,000 requests"
            if locust:
                theirs.append(spent(["load/locust_users.py", url, str(VISITORS), "0", str(REQUESTS)]))
                told += f", Locust {theirs[-1]:6.1f}"
            print(told, flush=True)
    finally:
        server.kill()
        server.wait()
    if not theirs:
        print("Locust is not installed here: pip install -e '.[bench]'")
        return 1
    ratio = statistics.median(ours) / statistics.median(theirs)
    print(
        f"medians: launchready {statistics.median(ours):.1f}, Locust {statistics.median(theirs):.1f}: {ratio:.2f} of it"
    )
    return 0 if ratio <= 0.5 else 1


def spent(command: list[str]) -> float:
    """Run one of the two, give its CPU in ms per 1,000 requests."""
    command = [sys.executable, str(HERE / command[0]), *command[1:]]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if ended.returncode:
        raise SystemExit(ended.stderr[-2000:])
    said = json.loads(ended.stdout.splitlines()[-1])
    assert not said["failures"], said
    return float(said["cpu_s"] / said["requests"] * 1e6)


async def ours(url: str) -> dict[str, float]:
    """Ten visitors, who keep their connections."""
    look = Look(Portal(domain="brightside.example"), Network(Limits(run_deadline_s=600)))
    async with open_sessions(look.network, look.dns) as sessions:
        free = [sessions.new() for _ in range(VISITORS)]
        request = Request(url)
        for session in free:
            await _asked(session, request)

        async def walk(late_s: float) -> Walked:
            session = free.pop()
            reply = await _asked(session, request)
            free.append(session)
            return Walked(reply.phases.total_s)

        began = time.process_time()
        ran = await two([Unit("home", walk)], Budget(REQUESTS, 600.0), prospects=VISITORS)
        spent_s = time.process_time() - began
    await look.close()
    return {"requests": ran.requests, "cpu_s": spent_s, "failures": ran.failures}


async def _asked(session: CurlSession, request: Request) -> Reply:
    reply = await session.ask(request)
    assert isinstance(reply, Reply), reply
    assert reply.page.status == 200
    return reply


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(asyncio.run(ours(sys.argv[1]))))
        raise SystemExit
    raise SystemExit(main())
