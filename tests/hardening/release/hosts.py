"""A host for release directories: a small portal in git, a root beside it, and traffic of people who click on."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from launchready.hardening.release import engine, keeper_call
from launchready.hardening.release.directories import Directories
from launchready.hardening.release.engine import Place, Proof, Result
from launchready.hardening.release.history import unfinished
from launchready.hardening.release.plan import path_of
from launchready.hardening.release.processes import spare_port
from launchready.hardening.release.sources import identify, new_release
from launchready.hardening.release.words import Failed, Release, Told
from launchready.portal import Portal
from launchready.portal_deploy import DeploySettings

SECRET = "s3cr3t-value-nobody-may-see"
APP = """
import http.server, os, sys, time
class Portal(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        if self.path == "/slow":
            time.sleep(1.0)
        body = f"{os.environ['RELEASE_VERSION']} {open('state').read().strip()}".encode()
        broken = self.path == "/" and os.path.exists("broken")
        self.send_response(500 if broken else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words): pass
if os.path.exists("never-ready"):
    print("waiting for a database that is not there", os.environ.get("SECRET_KEY", ""), flush=True)
    time.sleep(600)
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
Server(("127.0.0.1", int(os.environ["PORT"])), Portal).serve_forever()
"""


@dataclass
class Host:
    """One root, its source, and the way to release."""

    folder: Path
    port: int
    changes: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    @property
    def settings(self) -> DeploySettings:
        return DeploySettings(
            adapter="directories", root="host", web=f"exec {sys.executable} app.py", listen=f"127.0.0.1:{self.port}",
            env_file=".env", shared=({"path": "media"},), ready_s=8, drain_s=3, **self.changes,
        )  # fmt: skip

    @property
    def root(self) -> Path:
        return self.folder / "host"

    @property
    def source(self) -> Path:
        return self.folder / "source"

    @property
    def portal(self) -> Portal:
        return Portal(domain="brightside.example", deploy=self.settings.model_copy(update={"source": "source"}))

    @property
    def adapter(self) -> Directories:
        return Directories(self.settings, self.root, self.source, "brightside.example")

    @property
    def place(self) -> Place:
        return Place(self.adapter, "production", self.folder, self.prove, path_of(self.portal, self.folder))

    def told(self, line: str) -> None:
        assert SECRET not in line
        self.lines.append(line)

    async def prove(self, release: Release, told: Told) -> Proof:
        """As a visitor: the first page is of that version."""
        status, text = await asyncio.to_thread(self.get)
        holds = status == 200 and text.startswith(release.version)
        return Proof(holds, (f"/ answers {status}: {text[:60]}",))

    def get(self, path: str = "/") -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def commit(self, state: str, **files: str | None) -> None:
        for name, text in {"state": state, "app.py": APP, **files}.items():
            path = self.source / name.replace("__", "/")
            if text is None:
                path.unlink(missing_ok=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        git(self.source, "add", "--all")
        git(self.source, "commit", "--quiet", "--allow-empty", "--message", state)

    def new(self) -> Release:
        source = identify(self.source)
        assert not isinstance(source, Failed)
        pending = unfinished(self.folder, "production")
        if pending and pending.release.commit == source.commit:
            return pending.release
        newest = max((p.name for p in (self.root / "releases").glob("*")), default="")
        release = new_release(source)
        while release.id[:16] <= newest[:16]:  # ids are of whole seconds
            import time

            time.sleep(0.05)
            release = new_release(source)
        return release

    async def deploy(self) -> Result:
        place = self.place
        with engine.locked(place):
            live = await place.adapter.current()
            return await engine.deploy(place, self.new(), None if isinstance(live, Failed) else live, self.told)

    async def live(self) -> Release:
        found = await self.adapter.current()
        assert isinstance(found, Release)
        return found


@asynccontextmanager
async def host(folder: Path, **changes: Any) -> AsyncIterator[Host]:
    """A host with one commit in its source and nothing released."""
    it = Host(folder, spare_port(), changes)
    it.source.mkdir()
    it.root.mkdir()
    (it.root / ".env").write_text(f"SECRET_KEY={SECRET}\nDATABASE_URL=postgres://u:{SECRET}@127.0.0.1/x\n")
    git(it.source, "init", "--quiet", "--initial-branch=main")
    it.commit("one")
    try:
        yield it
        for path in (folder / ".launchready").rglob("*.jsonl"):
            assert SECRET not in path.read_text(encoding="utf-8")
    finally:
        assert await keeper_call.stop(it.root)


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=Kim", "-c", "user.email=kim@brightside.example", "-c", "commit.gpgsign=false"]
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    ran = subprocess.run(["git", *who, *words], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return ran.stdout
