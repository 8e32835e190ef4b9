"""What an audit costs: wall time of a healthy domain when every path has 50 ms of round trip, and in which phase.

The same audit runs against the same lab twice: without delay (its CPU time and nothing else) and with 50 ms in
front of every server, TCP and UDP. The difference, in round trips, is the length of the chain of questions that
had to wait for one another. The lab is a process of its own. Exits 1 when the audit takes longer than
12 round trips + 1.0 s.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from launchready import gate
from launchready.lab.healthy import DOMAIN, healthy_world
from launchready.model import Report
from launchready.portal import Portal
from launchready.probes.look import Look
from launchready.probes.network import Counted, Network, detours_of

RTT_S = 0.050
ALLOWED_S = 12 * RTT_S + 1.0
RUNS = 5


def main() -> int:
    gate.catalogue()  # importing the checks is start-up, not audit
    near, far = measure(0.0), measure(RTT_S * 1000)
    near_s, far_s = min(t for t, *_ in near), min(t for t, *_ in far)
    _, report, looks, counts = min(far, key=lambda run: run[0])
    print(f"hosts: {len(report.hosts)} ({', '.join(report.hosts)}); verdict: {report.verdict}; looks: {report.looks}")
    print(f"asked of the lab: {sum(counts.values())}, most often asked the same: {max(counts.values())} time(s)")
    print(f"{'path':>14}  wall of {RUNS} runs, s")
    for name, runs in (("no delay", near), (f"{RTT_S * 1000:.0f} ms", far)):
        print(f"{name:>14}  {'  '.join(f'{t:.2f}' for t, *_ in runs)}")
    print(f"round trips in sequence, (far - near) / rtt: {(far_s - near_s) / RTT_S:.1f}")
    print(f"\n{'phase':>6} {'looks':>6} {'begins at':>10} {'ends at':>8}   (round trips since the start, far run)")
    for kind in dict.fromkeys(look.kind for look in looks):
        mine = [look for look in looks if look.kind == kind]
        begins, ends = min(look.began_s for look in mine), max(look.ended_s for look in mine)
        print(f"{kind:>6} {len(mine):>6} {begins / RTT_S:>10.1f} {ends / RTT_S:>8.1f}")
    last = sorted(looks, key=lambda look: look.ended_s)[-5:]
    print("last to end:", "; ".join(f"{look.kind} {look.subject} at {look.ended_s / RTT_S:.1f}" for look in last))
    print(
        f"\nallowed: 12 round trips + 1.0 s = {ALLOWED_S:.2f} s; "
        f"measured: {far_s:.2f} s = {far_s / ALLOWED_S:.2f} of it"
    )
    return 0 if far_s <= ALLOWED_S else 1


Run = tuple[float, Report, list[Counted], dict[str, int]]


def measure(delay_ms: float) -> list[Run]:
    return [one_run(delay_ms) for _ in range(RUNS)]


def one_run(delay_ms: float) -> Run:
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "launchready.lab.serve", directory, "--delay-ms", str(delay_ms)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as lab:
            assert lab.stdout
            assert lab.stdout.readline(), "the lab did not start"
            try:
                wall_s, report, looks = asyncio.run(audit(Path(directory)))
            finally:
                lab.send_signal(signal.SIGTERM)
                lab.wait(10)
        counted = json.loads((Path(directory) / "counts.json").read_text())
        return wall_s, report, looks, {" ".join(row["what"]): row["times"] for row in counted}


async def audit(directory: Path) -> tuple[float, Report, list[Counted]]:
    detours = detours_of((directory / "connect-to.txt").read_text().splitlines())
    network = Network(detours=detours, closed=True, ca_pem=(directory / "ca.pem").read_bytes())
    resolvers = [{"name": r.name, "address": r.address} for r in healthy_world().resolvers]
    portal = Portal.model_validate({"domain": DOMAIN, "dns": {"resolvers": resolvers}})
    began = time.perf_counter()
    report = await gate.run(portal, Look(portal, network))
    return time.perf_counter() - began, report, network.looks


if __name__ == "__main__":
    raise SystemExit(main())
