"""The `docker` program: run within bounds, its answers read, its refusals told in words with what to do.

What it prints for people is told; what it prints for programs (`config`, `ps`, `image ls`) is read and kept to itself,
for it holds the values of variables.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launchready.hardening.release.shell import KEPT_LINES, run, variables
from launchready.hardening.release.words import Failed, Release, Told
from launchready.redaction import without_secrets

MOST_BYTES = 8 * 1024**2
ANSWER_S = 60.0
_WORDS = (
    (
        r"Cannot connect to the Docker daemon|failed to connect to the docker API|error during connect",
        "no Docker engine answers",
        "Start Docker (`systemctl start docker`), or say with DOCKER_HOST or `docker context use` where it is.",
    ),
    (
        r"permission denied while trying to connect",
        "this user may not use the Docker engine",
        "Add the user to the group docker and log in again, or use rootless Docker.",
    ),
    (
        r"unknown command: docker compose|'compose' is not a docker command|unknown shorthand flag: 'f'",
        "Docker has no Compose plugin",
        "Install it: the package docker-compose-plugin, or docker-compose-v2.",
    ),
    (
        r"unknown flag: --(?:wait|wait-timeout)",
        "this Docker Compose is too old to wait for services",
        "Install version 2.17 or later.",
    ),
    (r"no space left on device", "the disk is full", "Look with `docker system df`, and free space."),
    (
        r"port is already allocated|address already in use|ports are not available",
        "a port is taken by something else",
        "Stop what listens there (`ss -ltnp`), then say the same word again.",
    ),
    (
        r"pull access denied|manifest unknown|repository does not exist|unauthorized: ",
        "an image cannot be pulled",
        "Check its name, and log in to its registry (`docker login`).",
    ),
    (
        r"required variable (\w+) is missing a value",
        "a variable that the Compose file requires is not set",
        "Set it in the environment, or in the .env file beside the Compose file.",
    ),
)


@dataclass(frozen=True, slots=True)
class Docker:
    """`docker`, started in one folder."""

    folder: Path
    limit_s: float
    program: str = "docker"

    async def engine(self, step: str) -> Failed | None:
        """Whether an engine answers."""
        found = await self._ask(step, ["version", "--format", "{{.Server.Version}}"])
        return found if isinstance(found, Failed) else None

    async def compose(self, step: str, arguments: list[str], release: Release, told: Told) -> Failed | None:
        """`docker compose …`, told as it goes."""
        told(f"$ docker compose {' '.join(arguments)}")
        try:
            code, lines = await run(
                [self.program, "compose", "--ansi", "never", "--progress", "plain", *arguments],
                self.folder,
                variables(release),
                told,
                self.limit_s,
            )
        except OSError as error:
            return _cannot_start(step, error)
        if code == 0:
            return None
        what = f"`docker compose {arguments[-1] if arguments[-1].isalpha() else _verb(arguments)}`"
        if code is None:
            return Failed(step, f"{what} took more than {self.limit_s:.0f} s", "", "\n".join(lines))
        return in_words(step, f"{what} ended with {code}", "\n".join(lines))

    async def images(self, step: str) -> frozenset[str] | Failed:
        """The names, with their tags, of all images that the engine has."""
        rows = await self.rows(step, ["image", "ls", "--format", "{{json .}}"])
        if isinstance(rows, Failed):
            return rows
        return frozenset(f"{row.get('Repository')}:{row.get('Tag')}" for row in rows)

    async def remove(self, image: str) -> None:
        """Take a tag away; an image that a container uses stays."""
        await self._ask("release", ["image", "rm", image])

    async def rows(self, step: str, arguments: list[str]) -> list[dict[str, Any]] | Failed:
        """Objects, a line each, or one list of them: Compose before 2.21 printed that."""
        printed = await self._ask(step, arguments)
        if isinstance(printed, Failed):
            return printed
        try:
            found = json.loads(printed) if printed.lstrip().startswith("[") else None
            found = found if found is not None else [json.loads(line) for line in printed.splitlines() if line.strip()]
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            return Failed(step, f"`docker {' '.join(arguments[-4:])}` did not print JSON", "Look at what it prints.")
        return found

    async def document(self, step: str, arguments: list[str], environment: Mapping[str, str]) -> Any:
        """One JSON document; Failed where it is none."""
        printed = await self._ask(step, arguments, environment)
        if isinstance(printed, Failed):
            return printed
        try:
            return json.loads(printed)
        except (ValueError, RecursionError):
            return Failed(step, f"`docker {' '.join(arguments[-3:])}` did not print JSON", "Look at what it prints.")

    async def _ask(self, step: str, arguments: list[str], environment: Mapping[str, str] | None = None) -> str | Failed:
        """What it prints for programs; only its errors are ever quoted."""
        try:
            process = await asyncio.create_subprocess_exec(
                self.program,
                *arguments,
                cwd=self.folder,
                env={**os.environ, **(environment or {})},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            return _cannot_start(step, error)
        what = f"`docker {_verb(arguments)}`"
        try:
            async with asyncio.timeout(min(ANSWER_S, self.limit_s)):
                printed, complaint = await asyncio.gather(_read(process.stdout), _read(process.stderr))
                if len(printed) > MOST_BYTES:
                    return Failed(step, f"{what} printed more than {MOST_BYTES} bytes", "Look at what it prints.")
                code = await process.wait()
        except TimeoutError:
            return Failed(step, f"{what} did not answer in time", "Look whether the Docker engine is well.")
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        if code != 0:
            lines = complaint.decode("utf-8", "replace").splitlines()[-KEPT_LINES:]
            return in_words(step, f"{what} ended with {code}", "\n".join(map(without_secrets, lines)))
        return printed.decode("utf-8", "replace")


def in_words(step: str, what: str, output: str) -> Failed:
    """A refusal of Docker's, told by what it means where that is known."""
    for pattern, meaning, then in _WORDS:
        if re.search(pattern, output, re.IGNORECASE):
            return Failed(step, f"{meaning} ({what})", then, output)
    return Failed(step, what, "Read what it printed, mend it, and say the same word again.", output)


def safe(id: str) -> str:
    """A release's id as a tag and a file's name may hold it."""
    return re.sub(r"[^\w.-]", "-", id)[:120].lstrip(".-") or "release"


def _verb(arguments: list[str]) -> str:
    verbs = ("build", "config", "ps", "up", "ls", "rm", "version")
    return next((word for word in arguments if word in verbs), arguments[0] if arguments else "")


def _cannot_start(step: str, error: OSError) -> Failed:
    missing = isinstance(error, FileNotFoundError)
    what = "there is no program `docker` here" if missing else f"`docker` cannot be started: {error.strerror}"
    return Failed(step, what, "Install Docker with the Compose plugin, or use another adapter.")


async def _read(printed: asyncio.StreamReader | None) -> bytes:
    found = bytearray()
    while printed is not None and (piece := await printed.read(2**16)):
        found += piece
        if len(found) > MOST_BYTES:
            break
    return bytes(found)
