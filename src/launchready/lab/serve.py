"""A lab in a process of its own: `python -m launchready.lab.serve DIRECTORY [--fault ID]... [--delay-ms 50]`.

Writes `connect-to.txt` and `ca.pem` into the directory, prints how to audit it, and serves until it is told to
stop (SIGINT or SIGTERM); then `counts.json` says what it was asked. For trying things by hand, and for the benches.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
from pathlib import Path

import tomlkit

from launchready.lab.cloudflare.worlds import behind_cloudflare
from launchready.lab.faults import faults
from launchready.lab.healthy import healthy_world
from launchready.lab.lab import Lab
from launchready.lab.world import World
from launchready.portal import FILE_NAME


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m launchready.lab.serve", description="Serve a lab on loopback.")
    parser.add_argument("directory", type=Path, help="where connect-to.txt and ca.pem are written")
    parser.add_argument("--fault", action="append", default=[], help="id of a planted fault; may be repeated")
    parser.add_argument("--cloudflare", action="store_true", help="the zone is at Cloudflare, nothing proxied yet")
    parser.add_argument("--delay-ms", type=float, default=0.0, help="round-trip time of every path")
    options = parser.parse_args()
    world = faulty_world(options.fault)
    world = behind_cloudflare(world) if options.cloudflare else world
    asyncio.run(_serve(world, options.delay_ms, options.directory))


def faulty_world(ids: list[str]) -> World:
    """The healthy world with faults planted, by id. Raises SystemExit naming an id there is not."""
    known = {fault.id: fault for fault in faults()}
    world = healthy_world()
    for id in ids:
        if id not in known:
            raise SystemExit(f"no fault is called {id}; there are: {', '.join(known)}")
        world = known[id].change(world)
    return world


def write_way_in(lab: Lab, directory: Path) -> str:
    """Write what an audit needs to reach a lab; return the command line that does."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "connect-to.txt").write_text("\n".join(lab.connect_to()) + "\n", encoding="utf-8")
    (directory / "ca.pem").write_bytes(lab.authority.root_pem)
    resolvers = " ".join(f"--resolver {r.name}={r.address}" for r in lab.world.resolvers)
    return (
        f"launchready check {_described(lab, directory)} {resolvers} "
        f"--connect-to @{directory / 'connect-to.txt'} --closed --ca-file {directory / 'ca.pem'}"
    )


def _described(lab: Lab, directory: Path) -> str:
    """What to check: the domain; where there is code too, a file that names both."""
    source, repository = lab.world.source, lab.portal().repository
    if source is None or repository is None:
        return lab.world.domain
    keys = {"domain": lab.world.domain, **source.settings, "repository": {"path": repository.path}}
    file = directory / FILE_NAME
    file.write_text(tomlkit.dumps(keys), encoding="utf-8")
    return f"--config {file}"


async def wait_for_stop() -> None:
    """Wait for SIGINT or SIGTERM."""
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await told.wait()


async def _serve(world: World, delay_ms: float, directory: Path) -> None:
    async with Lab(world, delay_ms=delay_ms) as lab:
        print(write_way_in(lab, directory), flush=True)
        if world.cloudflare:
            print(f"export CLOUDFLARE_API_TOKEN={world.cloudflare.tokens[0].value}", flush=True)
        await wait_for_stop()
        counts = [{"what": list(what), "times": times} for what, times in sorted(lab.counts.items())]
        (directory / "counts.json").write_text(json.dumps(counts, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
