"""The keeper: a process of ours that holds the visitors' address and the processes of the version that serves.

`python -m launchready.hardening.release.keeper ROOT`, started by the first release and left running. Told to switch by
a line of JSON on `ROOT/keeper/socket` (0600), it starts the new version on a port of its own, waits until it answers
200 at its health path, points `current` and the visitors to it, and lets the old one finish. What ends by itself is
started again. When the keeper itself was killed, the next one starts `current`, and ends what the old one left running.

Standard library only. Reads variables from the file, so no secret is on a command line; prints none.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import functools
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from launchready.hardening.release.processes import (
    RUNNING,
    Process,
    Version,
    end_orphans,
    started,
    trimmed,
    version_of,
)
from launchready.hardening.release.proxy import HEAD_BYTES, Backend, serve

FOLDER, SOCKET, CONFIG, PROCESSES, LOG, LOCK = (
    "keeper", "keeper/socket", "keeper/config.json", "keeper/processes.json", "keeper/keeper.log", "keeper/lock",
)  # fmt: skip
CURRENT = "current"
WORKER_WATCHED_S = 1.0
LOG_LOOK_S = 30.0
MOST_OPEN = 16384
"""Connections and files at once, where the system allows it; the usual 1024 are gone with 500 visitors."""
Say = Callable[[dict[str, Any]], None]


class Keeper:
    """What serves below one root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.serving: Version | None = None
        self.listener: asyncio.Server | None = None
        self.listens = ""
        self.closing = False
        self.over = asyncio.Event()
        self.one_at_a_time = asyncio.Lock()
        self.leaving: set[asyncio.Task[None]] = set()
        self.visitors: set[asyncio.Task[None]] = set()

    def backend(self) -> Backend | None:
        """Where the next request goes."""
        return self.serving.backend if self.serving else None

    async def run(self) -> None:
        """Serve `current`, if there is one, and take orders until told to stop."""
        orphans = _read_json(self.root / PROCESSES)
        config = _read_json(self.root / CONFIG)
        control = await self._control()
        if isinstance(config, dict) and (self.root / CURRENT).is_symlink():
            async with self.one_at_a_time:
                try:
                    await self._listen(config["listen"])
                    await self._start(config, (self.root / CURRENT).resolve(), _print)
                except (OSError, ValueError, KeyError) as error:
                    _print({"failed": f"current could not be started: {error}"})
        if isinstance(orphans, list):
            await end_orphans(orphans, self._groups())
        trimming = asyncio.create_task(self._trim_logs())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.over.set)
        await self.over.wait()
        trimming.cancel()
        self.closing = True
        control.close()
        await self._stop_listening()
        if self.serving:
            await self._leave(
                self.serving, float((config or {}).get("drain_s", 10)) if isinstance(config, dict) else 10
            )
        await asyncio.gather(*self.leaving, return_exceptions=True)
        for visitor in self.visitors:
            visitor.cancel()
        with contextlib.suppress(OSError):
            (self.root / SOCKET).unlink()

    async def switch(self, order: dict[str, Any], say: Say) -> None:
        """Bring the release in `order["folder"]` to the visitors; says `ok` or `failed`."""
        async with self.one_at_a_time:
            config = {key: order[key] for key in ("listen", "health", "host", "ready_s", "drain_s", "env_file")}
            folder = Path(order["folder"])
            try:
                await self._listen(config["listen"])
                _write_json(self.root / CONFIG, config)
                same = self.serving and self.serving.folder == folder and self.serving.alive
                if not same and not await self._start(config, folder, say):
                    return
            except (OSError, ValueError) as error:
                say({"failed": f"{error}"})
                return
            say({"ok": True})

    def status(self) -> dict[str, Any]:
        """What serves."""
        version = self.serving
        return {
            "pid": os.getpid(),
            "listen": self.listens,
            "serving": version.folder.name if version and version.alive else "",
            "in_flight": version.backend.in_flight if version else 0,
            "leaving": len(self.leaving),
        }

    async def _start(self, config: dict[str, Any], folder: Path, say: Say) -> bool:
        new = version_of(self.root, folder, config)
        say({"told": f"starting {folder.name} beside what is live"})
        try:
            await started(new, self._note_processes)
            reason = await new.until_ready(config["health"], config["host"], float(config["ready_s"]))
            if not reason and new.worker and await new.worker.ended_within(WORKER_WATCHED_S):
                reason = f"the worker ended at once with {new.worker.code}"
            if not reason:
                point(self.root, folder)
        except BaseException:
            await new.end()
            self._note_processes()
            raise
        if reason:
            tail = new.printed()
            await new.end()
            self._note_processes()
            say({"failed": reason, "output": tail})
            return False
        old, self.serving = self.serving, new
        new.keep()
        self._note_processes()
        say({"told": f"{folder.name} answers {config['health']} and gets the visitors now"})
        if old:
            leaving = asyncio.create_task(self._leave(old, float(config["drain_s"])))
            self.leaving.add(leaving)
            leaving.add_done_callback(self.leaving.discard)
        return True

    async def _leave(self, old: Version, drain_s: float) -> None:
        """Let a version finish what it has begun, then end it."""
        if old.worker:
            await old.worker.end()
        if old.backend.in_flight:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(drain_s):
                    await old.backend.idle.wait()
        await old.end()
        self._note_processes()

    async def _listen(self, where: str) -> None:
        if where == self.listens:
            return
        host, _, port = where.rpartition(":")
        try:
            new = await asyncio.start_server(
                self._visitor, host.strip("[]") or None, int(port), limit=HEAD_BYTES, backlog=1024
            )
        except OSError as error:
            raise OSError(f"cannot listen on {where}: {os.strerror(error.errno or 0)}") from None
        await self._stop_listening()
        self.listener, self.listens = new, where

    async def _stop_listening(self) -> None:
        if self.listener:
            self.listener.close()

    async def _visitor(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if task := asyncio.current_task():
            self.visitors.add(task)
            task.add_done_callback(self.visitors.discard)
        with contextlib.suppress(asyncio.CancelledError):  # only ever at the end of the keeper itself
            await serve(reader, writer, self.backend, lambda: self.closing)

    async def _control(self) -> asyncio.Server:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(SOCKET)  # of a keeper that is no more: this one holds the lock
        ear = socket.socket(socket.AF_UNIX)
        mask = os.umask(0o177)
        try:
            ear.bind(SOCKET)  # relative: the path of a socket may have 107 bytes only
        finally:
            os.umask(mask)
        return await asyncio.start_unix_server(self._order, sock=ear)

    async def _order(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: dict[str, Any]) -> None:
            if not writer.is_closing():  # who asked may be gone; the work goes on
                writer.write(json.dumps(line).encode() + b"\n")

        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            order = json.loads(await reader.readline())
            if order["do"] == "switch":
                await asyncio.shield(asyncio.ensure_future(self.switch(order, say)))
            elif order["do"] == "status":
                say({"ok": True, **self.status()})
            elif order["do"] == "stop":
                self.over.set()
                say({"ok": True})
            await writer.drain()
        writer.close()

    async def _trim_logs(self) -> None:
        while True:
            await asyncio.sleep(LOG_LOOK_S)
            for log in (*(self.root / "logs").glob("*.log"), self.root / LOG):
                with contextlib.suppress(OSError):
                    await asyncio.to_thread(trimmed, log)

    def _groups(self) -> list[Process]:
        return self.serving.processes if self.serving else []

    def _note_processes(self) -> None:
        with contextlib.suppress(OSError):
            _write_json(self.root / PROCESSES, [process.identity for process in RUNNING])


def point(root: Path, folder: Path) -> None:
    """Let `current` lead to a release: a new link renamed over the old one, so that there is always one."""
    fresh = root / f".{CURRENT}.new"
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    fresh.symlink_to(Path("releases") / folder.name)
    fresh.rename(root / CURRENT)
    descriptor = os.open(root, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes()[: 1024 * 1024])
    except (OSError, ValueError):
        return None


def _write_json(path: Path, value: object) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(value), encoding="utf-8")
    fresh.rename(path)


_print: Say = functools.partial(print, file=sys.stderr, flush=True)


def main(root: Path) -> int:
    """Be the keeper of `root`; 1 where another one is."""
    os.chdir(root)
    (root / FOLDER).mkdir(mode=0o700, exist_ok=True)
    lock = os.open(LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        print("another keeper holds this root", file=sys.stderr)
        return 1
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_OPEN if hard == resource.RLIM_INFINITY else min(MOST_OPEN, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    asyncio.run(Keeper(root).run())
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
