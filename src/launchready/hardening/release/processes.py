"""The processes of one version under the keeper: started, watched, started again, ended with all they started.

Standard library only.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from launchready.hardening.release.env_file import base, read_env_file
from launchready.hardening.release.proxy import Backend

MARKER = ".launchready-release.json"
"""Written last into a release's folder: without it the folder is half-done."""
END_S = 10.0
TAIL_BYTES = 4000
LOG_BYTES = 10 * 1024 * 1024
RUNNING: list[Process] = []
"""Every process the keeper has started and not seen to end."""


@dataclass(eq=False)
class Process:
    """One command, in a process group of its own."""

    command: str
    folder: Path
    variables: dict[str, str] = field(repr=False)
    log: Path
    child: asyncio.subprocess.Process | None = None
    keeping: asyncio.Task[None] | None = None
    began_at: int = 0
    over: asyncio.subprocess.Process | None = None
    """The child whose end was seen: its number may belong to another process now."""

    async def start(self) -> None:
        """Raises OSError."""
        with contextlib.suppress(FileNotFoundError):
            trimmed(self.log)
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self.began_at = os.fstat(descriptor).st_size
            self.child = await asyncio.create_subprocess_exec(
                "/bin/sh", "-c", self.command, cwd=self.folder, env=self.variables,
                stdin=asyncio.subprocess.DEVNULL, stdout=descriptor, stderr=descriptor, start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(descriptor)
        RUNNING.append(self)

    @property
    def code(self) -> int | None:
        """What it ended with; None while it runs."""
        return self.child.returncode if self.child else None

    @property
    def alive(self) -> bool:
        """Whether it runs, or is about to be started again."""
        return self.keeping is not None or (self.child is not None and self.child.returncode is None)

    @property
    def identity(self) -> dict[str, int]:
        """Its group, and when it began in clock ticks, for a number may be given to another one."""
        pid = self.child.pid if self.child else 0
        return {"group": pid, "ticks": ticks(pid)}

    async def ended_within(self, seconds: float) -> bool:
        """Whether it ends in that time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._over()
        return self.code is not None

    def keep(self) -> None:
        """From now on: start it again when it ends by itself."""
        self.keeping = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        pause = 0.2
        while True:
            began = asyncio.get_running_loop().time()
            await self._over()
            _kill(self.identity["group"])  # what it left behind; its number is not given away while there is any
            self._forget()
            lived = asyncio.get_running_loop().time() - began
            pause = 0.2 if lived > 10 else min(pause * 2, 10.0)
            await asyncio.sleep(pause)
            with contextlib.suppress(OSError):
                await self.start()

    async def end(self) -> None:
        """SIGTERM to all of the group, SIGKILL to what is left of it after a while."""
        if self.keeping:
            self.keeping.cancel()
            self.keeping = None
        if self.child is not None and self.child is not self.over:
            await end_group(self.child.pid, self._over)
        self._forget()

    async def _over(self) -> None:
        if self.child:
            await self.child.wait()

    def _forget(self) -> None:
        self.over = self.child
        if self in RUNNING:
            RUNNING.remove(self)


@dataclass(eq=False)
class Version:
    """The processes of one release."""

    folder: Path
    backend: Backend
    web: Process
    worker: Process | None

    @property
    def processes(self) -> list[Process]:
        """All of them."""
        return [self.web, *([self.worker] if self.worker else [])]

    @property
    def alive(self) -> bool:
        """Whether it serves."""
        return self.web.alive

    def keep(self) -> None:
        """Start again what ends by itself."""
        for process in self.processes:
            process.keep()

    async def end(self) -> None:
        """End all of them."""
        for process in self.processes:
            await process.end()

    async def until_ready(self, path: str, host: str, limit_s: float) -> str:
        """Wait for 200 at `path`; a sentence of what is in the way when it does not come."""
        last = "nothing listens on $PORT"
        try:
            async with asyncio.timeout(limit_s):
                while self.web.code is None:
                    last = await _ask(self.backend.port, path, host) or ""
                    if not last:
                        return ""
                    await asyncio.sleep(0.1)
        except TimeoutError:
            return f"it was not ready within {limit_s:g} s: {last}"
        return f"it ended with {self.web.code} before it was ready"

    def printed(self) -> str:
        """The end of what it wrote since it was started."""
        texts = []
        for process in self.processes:
            with contextlib.suppress(OSError), process.log.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(process.began_at, size - TAIL_BYTES))
                texts.append(file.read(TAIL_BYTES).decode("utf-8", "replace"))
        return "\n".join(texts)


def trimmed(log: Path) -> None:
    """Move the end of a log that is too long to `.log.1` and empty it; who writes (at its end) goes on. Raises OSError.

    What is written between the two is lost: a disk that is full would stop the portal instead.
    """
    size = log.stat().st_size
    if size <= LOG_BYTES:
        return
    descriptor = os.open(log.with_suffix(".log.1"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with log.open("r+b") as file, os.fdopen(descriptor, "wb") as old:
        file.seek(size - LOG_BYTES)
        try:
            shutil.copyfileobj(file, old)
        finally:
            file.truncate(0)


def version_of(root: Path, folder: Path, config: dict[str, Any]) -> Version:
    """The release in `folder` as its marker describes it, on a free port. Raises OSError, ValueError."""
    try:
        marker = json.loads((folder / MARKER).read_bytes())
    except FileNotFoundError:
        raise ValueError(f"{folder.name} is not a complete release") from None
    port = spare_port()
    variables = base()
    if config["env_file"]:
        variables |= read_env_file(root / config["env_file"])
    variables |= {
        "PORT": str(port),
        "RELEASE": marker["id"],
        "RELEASE_VERSION": marker["version"],
        "RELEASE_COMMIT": marker["commit"],
    }
    logs = root / "logs"
    logs.mkdir(exist_ok=True, mode=0o700)
    web = Process(marker["web"], folder, variables, logs / "web.log")
    worker = Process(marker["worker"], folder, variables, logs / "worker.log") if marker.get("worker") else None
    return Version(folder, Backend(port), web, worker)


def spare_port() -> int:
    """A port of loopback nobody listens on, below those the kernel hands out (RFC 6056 section 3.2) where one is free.

    A port of the kernel's own range may become some other connection's before the portal has bound it. Raises OSError.
    """
    for port in random.sample(range(15_000, 32_000), 50):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


async def started(version: Version, note: Callable[[], None]) -> None:
    """Start what a version is made of; `note` is called as each has begun. Raises OSError."""
    for process in version.processes:
        await process.start()
        note()


async def end_group(group: int, wait: Callable[[], Any]) -> None:
    """SIGTERM, and SIGKILL where it is not over in `END_S`."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(END_S):
            await wait()
    _kill(group)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(END_S):
            await wait()


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


async def end_orphans(noted: list[Any], mine: list[Process]) -> None:
    """End what an earlier keeper left running, as it noted it; never a group that is this one's."""
    own = {process.identity["group"] for process in mine}
    for one in noted:
        group, since = (one.get("group"), one.get("ticks")) if isinstance(one, dict) else (None, None)
        if not isinstance(group, int) or group <= 1 or group in own or not since or ticks(group) != since:
            continue

        async def gone(group: int = group, since: object = since) -> None:
            while ticks(group) == since:  # noqa: ASYNC110 - not a child of this process
                await asyncio.sleep(0.05)

        await end_group(group, gone)


def ticks(pid: int) -> int:
    """When a process began, in clock ticks since boot (proc(5), field 22 of stat); 0 where it is over."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if fields[0] in "ZX" else int(fields[19])


async def _ask(port: int, path: str, host: str) -> str:
    """Empty when `path` answers 200, otherwise what it does instead."""
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n"
                writer.write(head.encode())
                line = await reader.readline()
            finally:
                writer.close()
    except TimeoutError:
        return f"{path} does not answer"
    except OSError:
        return "nothing listens on $PORT"
    status = line.split(b" ")[1:2]
    if status == [b"200"]:
        return ""
    return f"{path} answers {status[0].decode('ascii', 'replace')[:3]}" if status else f"{path} gives no HTTP answer"
