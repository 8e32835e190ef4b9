"""How a command talks to the keeper of a root, and starts it where there is none."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from launchready.hardening.release.env_file import base
from launchready.hardening.release.keeper import FOLDER, LOG, SOCKET
from launchready.hardening.release.processes import ticks
from launchready.hardening.release.words import Failed, Told

START_S = 15.0
LINE_BYTES = 256 * 1024
PACKAGE = Path(__file__).resolve().parents[3]


async def switch(root: Path, order: dict[str, Any], step: str, told: Told) -> Failed | None:
    """Have the keeper bring a release to the visitors; starts the keeper first where it does not run."""
    if not await status(root):
        told("starting the keeper")
        if failed := await _start(root, step):
            return failed
    # The keeper bounds every step itself; this only guards against a keeper that hangs.
    limit_s = 2 * float(order["ready_s"]) + 60
    try:
        async with asyncio.timeout(limit_s):
            async for line in _ask(root, order):
                if "told" in line:
                    told(str(line["told"]))
                elif "failed" in line:
                    then = f"What is live was not touched. Its log: {root}/logs/web.log"
                    return Failed(step, f"the new version was not made live: {line['failed']}", then, _output(line))
                elif line.get("ok"):
                    return None
    except (OSError, TimeoutError, ValueError) as error:
        reason = f"{type(error).__name__}" if isinstance(error, TimeoutError) else str(error)
        return Failed(step, f"the keeper gave no answer ({reason})", _again(root), unsure=True)
    return Failed(step, "the keeper ended while it switched", _again(root), unsure=True)


async def status(root: Path) -> dict[str, Any] | None:
    """What the keeper says of itself; None where there is none."""
    try:
        async with asyncio.timeout(5):
            async for line in _ask(root, {"do": "status"}):
                return line
    except (OSError, TimeoutError, ValueError):
        pass
    return None


async def stop(root: Path, limit_s: float = 60.0) -> bool:
    """Have the keeper end the version it serves, and itself; whether it is over."""
    said = await status(root)
    if said is None:
        return True
    with contextlib.suppress(OSError, TimeoutError, ValueError):
        async with asyncio.timeout(5):
            async for _ in _ask(root, {"do": "stop"}):
                pass
    deadline = asyncio.get_running_loop().time() + limit_s
    while running := bool(ticks(int(said["pid"]))):
        if asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(0.05)
    return not running


async def _ask(root: Path, order: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    line = socket.socket(socket.AF_UNIX)
    try:
        line.setblocking(False)
        # By way of the open folder, for the path of a socket may have 107 bytes only.
        short = f"/proc/self/fd/{folder}/{SOCKET}" if sys.platform == "linux" else str(root / SOCKET)
        await asyncio.get_running_loop().sock_connect(line, short)
    except BaseException:
        line.close()
        raise
    finally:
        os.close(folder)
    reader, writer = await asyncio.open_unix_connection(sock=line, limit=LINE_BYTES)
    try:
        writer.write(json.dumps(order).encode() + b"\n")
        while said := await reader.readline():
            yield json.loads(said)
    finally:
        writer.close()


async def _start(root: Path, step: str) -> Failed | None:
    try:
        (root / FOLDER).mkdir(parents=True, exist_ok=True, mode=0o700)
        log = os.open(root / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        return Failed(step, f"the keeper's log cannot be written: {error.strerror}", f"Look at {root}.")
    try:
        began = os.fstat(log).st_size
        process = subprocess.Popen(  # noqa: ASYNC220, S603 - it is to outlive this command
            [sys.executable, "-m", "launchready.hardening.release.keeper", str(root)],
            cwd=root, env={**base(), "PYTHONPATH": str(PACKAGE)},
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    finally:
        os.close(log)
    deadline = asyncio.get_running_loop().time() + START_S
    while asyncio.get_running_loop().time() < deadline:
        if await status(root):
            return None
        if process.poll() not in (None, 1):
            break
        await asyncio.sleep(0.05)
    with contextlib.suppress(OSError), (root / LOG).open("rb") as file:
        file.seek(began)
        return Failed(
            step,
            "the keeper could not be started",
            f"Its log: {root / LOG}",
            file.read(4000).decode("utf-8", "replace"),
        )
    return Failed(step, "the keeper could not be started", f"Its log: {root / LOG}")


def _output(line: dict[str, Any]) -> str:
    return str(line.get("output", ""))[-4000:]


def _again(root: Path) -> str:
    return f"Say the same word again: it starts the keeper with `current`. Its log: {root / LOG}"
