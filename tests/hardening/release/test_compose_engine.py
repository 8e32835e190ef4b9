"""Docker Compose with a real engine, where there is one: real images, real containers, a page that says its version."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from launchready.hardening.release import compose
from launchready.hardening.release.compose import ComposeReleases
from launchready.hardening.release.words import Failed, Release
from launchready.portal import Portal
from launchready.probes.look import Look

DOCKERFILE = """FROM scratch
COPY busybox /bin/busybox
COPY version /www/index.html
COPY start.sh /start.sh
STOPSIGNAL SIGKILL
HEALTHCHECK --interval=1s --timeout=2s --retries=3 CMD ["/bin/busybox", "wget", "-q", "-O-", "http://127.0.0.1:PORT/"]
CMD ["/bin/busybox", "sh", "/start.sh"]
"""
COMPOSE = """services:
  web:
    build: {context: ., network: none}
    network_mode: host
  prepare:
    image: launchready-test-web
    network_mode: none
    healthcheck: {disable: true}
    command: ["/bin/busybox", "true"]
"""


def _lacking() -> str:
    if not (shutil.which("docker") and shutil.which("busybox")):
        return "no docker or no busybox is on this machine"
    for command in (["docker", "compose", "version"], ["docker", "version", "--format", "{{.Server.Version}}"]):
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            return f"`{' '.join(command[:3])}` does not answer on this machine"
    static = subprocess.run(["ldd", shutil.which("busybox") or ""], capture_output=True, text=True, check=False)
    return "busybox is not static" if static.returncode == 0 else ""


pytestmark = pytest.mark.skipif(bool(_lacking()), reason=_lacking() or "-")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A project of its own, taken down at the end."""
    found = tmp_path / "launchready-test"
    found.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shutil.copy(shutil.which("busybox") or "", found / "busybox")
    (found / "port").write_text(port)
    (found / "Dockerfile").write_text(DOCKERFILE.replace("PORT", port))
    (found / "compose.yaml").write_text(COMPOSE)
    yield found
    subprocess.run(["docker", "compose", "down", "--timeout", "0"], cwd=found, capture_output=True, check=False)
    listed = subprocess.run(
        ["docker", "image", "ls", "--quiet", "launchready-test-web"], capture_output=True, text=True, check=False
    )
    subprocess.run(["docker", "image", "rm", "--force", *listed.stdout.split()], capture_output=True, check=False)


def served(folder: Path) -> str:
    try:
        url = f"http://127.0.0.1:{(folder / 'port').read_text()}/"
        with urllib.request.urlopen(url, timeout=3) as page:
            return str(page.read().decode().strip())
    except urllib.error.URLError as error:
        return repr(error)


async def test_deploy_a_broken_version_and_back_on_a_real_engine(folder: Path) -> None:
    described = Portal.model_validate(
        {
            "domain": "a.example",
            "deploy": {
                "adapter": "compose",
                "ready_s": 20,
                "kept": 2,
                "migrate": ["docker compose run --rm web /bin/busybox cat /www/index.html"],
            },
        }
    )
    adapter = compose.adapter(described, Look(described), folder)
    assert isinstance(adapter, ComposeReleases)
    lines: list[str] = []

    async def deploy(number: int, start: str) -> Failed | None:
        (folder / "version").write_text(f"version {number}\n")
        (folder / "start.sh").write_text(start)
        release = Release(f"2026112{number}T101500Z-{number * 1111111}", f"v{number}", str(number) * 40)
        built = await adapter.build(release, lines.append)
        assert isinstance(built, Release), built
        assert await adapter.migrate(built, lines.append) is None
        assert f"version {number}" in lines
        return await adapter.release(built, lines.append)

    port = (folder / "port").read_text()
    good = f"cd /www; exec /bin/busybox httpd -f -p 127.0.0.1:{port}\n"
    assert await deploy(1, good) is None
    assert await asyncio.to_thread(served, folder) == "version 1"
    assert await deploy(2, good) is None
    assert await asyncio.to_thread(served, folder) == "version 2"

    failed = await deploy(3, "exit 3\n")
    assert isinstance(failed, Failed)
    assert not failed.unsure
    assert await asyncio.to_thread(served, folder) == "version 2"

    kept = await adapter.releases()
    assert not isinstance(kept, Failed)
    assert [one.version for one in kept] == ["v2", "v1"]
    assert await adapter.roll_back(kept[1], lines.append) is None
    assert await asyncio.to_thread(served, folder) == "version 1"
    assert await adapter.current() == kept[1]
    assert os.environ.get("COMPOSE_FILE") is None
