"""The files of one commit, packed as `git archive` packs them: what is ignored or not committed is not in it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from pathlib import Path

from launchready.hardening.release.words import Failed

MOST_BYTES = 300 * 1024**2
LIMIT_S = 120.0


async def archive(source: Path, commit: str, most_bytes: int = MOST_BYTES) -> bytes | Failed:
    """A gzipped tar of the commit's files below `source`; `git archive` leaves out what `export-ignore` says."""
    if not re.fullmatch(r"[0-9a-f]{7,64}", commit):
        what = "the files of a commit are what is built, and this release has no commit"
        return Failed("build", what, "Commit the source first: `git add`, `git commit`.")
    try:
        process = await asyncio.create_subprocess_exec(
            "git",
            "archive",
            "--format=tar.gz",
            commit,
            cwd=source,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as error:
        return Failed("build", f"git cannot be run in {source}: {error.strerror}", "Install git, or check the folder.")
    packed = bytearray()
    try:
        async with asyncio.timeout(LIMIT_S):
            if process.stdout:
                while piece := await process.stdout.read(2**16):
                    packed += piece
                    if len(packed) > most_bytes:
                        what = f"the files of the commit are more than {most_bytes // 1024**2} MB packed"
                        return Failed("build", what, "Keep large files out of the repository (export-ignore).")
            if await process.wait() != 0:
                what = f"git has no commit {commit[:12]} in {source}"
                return Failed("build", what, "Fetch it, or name the folder of the repository.")
    except TimeoutError:
        return Failed("build", f"git archive took more than {LIMIT_S:.0f} s", "Look at the size of the repository.")
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return bytes(packed)
