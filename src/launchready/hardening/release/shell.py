"""Commands of `[deploy]`, run one after the other: their output told line by line, bounded in time and in what is kept.

A command is a line for the shell, as its owner would type it. It gets this process's variables and those of the
release. What it prints goes through `redaction` before anybody sees it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from launchready.hardening.release.words import Failed, Release, Told
from launchready.redaction import without_secrets

KEPT_LINES = 40
LINE_BYTES = 2_000


async def run_all(
    step: str,
    commands: Iterable[str],
    folder: Path,
    release: Release,
    told: Told,
    limit_s: float,
    more: Mapping[str, str] | None = None,
    base: Mapping[str, str] | None = None,
) -> list[str] | Failed:
    """Run each in `folder` while the one before ended with 0; the last lines printed, redacted.

    Each may take `limit_s`. `$RELEASE`, `$RELEASE_VERSION`, `$RELEASE_COMMIT` and `$RELEASE_REFERENCE` say which
    release it is for; `more` adds to them. `base` takes the place of this process's own variables.
    """
    kept: list[str] = []
    for command in commands:
        told(f"$ {without_secrets(command)}")
        code, kept = await run(["/bin/sh", "-c", command], folder, variables(release, more), told, limit_s, base)
        if code != 0:
            quoted = without_secrets(command)
            what = f"`{quoted}` ended with {code}" if code is not None else f"`{quoted}` took more than {limit_s:.0f} s"
            return Failed(step, what, "Mend it and say the same word again.", "\n".join(kept))
    return kept


async def run(
    arguments: list[str],
    folder: Path,
    environment: Mapping[str, str],
    told: Told | None,
    limit_s: float,
    base: Mapping[str, str] | None = None,
) -> tuple[int | None, list[str]]:
    """Exit code (None: out of time, and killed with all it started) and the last lines, redacted.

    Raises OSError where the program cannot be started.
    """
    process = await asyncio.create_subprocess_exec(
        *arguments,
        cwd=folder,
        env={**(os.environ if base is None else base), **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_ends_with_us(),
        limit=2**16,
    )
    kept: list[str] = []
    deadline = time.monotonic() + limit_s
    try:
        async with asyncio.timeout(limit_s):
            if process.stdout:
                await _listen(process.stdout, kept, told)
            return await process.wait(), kept
    except TimeoutError:
        return None, kept
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), max(1.0, deadline - time.monotonic()))


def _ends_with_us() -> Callable[[], None] | None:
    """Has the kernel end a command whose deploy was killed (prctl(2), PR_SET_PDEATHSIG): the lock is free by then, and
    a migration that goes on by itself would meet the next one. What the command has started itself is not reached.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(1, int(signal.SIGKILL))


def variables(release: Release, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What tells a command which release it is for."""
    return {
        "RELEASE": release.id,
        "RELEASE_VERSION": release.version,
        "RELEASE_COMMIT": release.commit,
        "RELEASE_REFERENCE": release.reference,
        **(more or {}),
    }


async def _listen(printed: asyncio.StreamReader, kept: list[str], told: Told | None) -> None:
    rest = b""
    while piece := await printed.read(8192):
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > LINE_BYTES:
            lines, rest = [*lines, rest], b""
        for line in lines:
            _keep(line, kept, told)
    if rest:
        _keep(rest, kept, told)


def _keep(line: bytes, kept: list[str], told: Told | None) -> None:
    text = without_secrets(line[:LINE_BYTES].decode("utf-8", "replace").rstrip("\r"))
    kept.append(text)
    del kept[:-KEPT_LINES]
    if told and text.strip():
        told(text)
