"""The demo's launch: the edge applied, the healthy portal released and rehearsed, a broken release caught.

Everything is done by the commands a user would type, in processes of their own, against the lab's internet; what they
print is shown. The portal is released on a host of its own, and the lab's edge is led there once it is live.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import tomlkit
from rich.console import Console

from launchready.hardening.release.traffic import Tally, Traffic
from launchready.lab import speed
from launchready.lab.cloudflare.account import TOKEN
from launchready.lab.healthy import ORIGIN
from launchready.lab.lab import Lab
from launchready.lab.live_portal import PASSWORD
from launchready.lab.portal_source import healthy_portal_source
from launchready.lab.release_host import ReleaseHost, release_host
from launchready.lab.serve import write_way_in
from launchready.portal import Portal, read_portal
from launchready.probes.look import Look

HOST_LABEL = "app"
SPEED_ENV = "LR_DATABASE"
"""The variable in which the founder has a connection string that may read what statements took."""
BROKEN = "accounts/templates/accounts/login.html"
"""The file that the broken release spoils: a tag that Django does not know, so that the page to sign in is an error."""
CLICKS_A_SECOND = 2.0
TAKEN = (
    *(f"{name} {type}" for name in ("@", "www", "app", "api", "staging", "mta-sts") for type in ("A", "AAAA")),
    "@ TXT", "_dmarc TXT", "portal CNAME",
)  # fmt: skip
"""The founder's own records from before, which may change; the forgotten alias may go."""
_SECRETS = {"CLOUDFLARE_API_TOKEN": TOKEN, speed.OWNER_ENV: speed.OWNER, speed.PASSWORD_ENV: PASSWORD}
"""What the founder has in the environment; good for nothing outside the lab."""
_EXPLAINS = re.compile(r"\s{6,}\S|\s+(?:build|migrate|release): |\s+[=i] |\s+set: ")
"""Lines of plans that say why and how: `launchready edge plan` and `deploy --explain` show them in full."""


@dataclass
class PublicHost(ReleaseHost):
    """The host of the demo: reached through the edge under its public name."""

    public: str = ""

    def variables(self) -> dict[str, str]:
        """Also: who stands in front."""
        name = self.public.removeprefix("https://")
        return super().variables() | {
            "PORTAL_URL": self.public,
            "TRUSTED_PROXIES": "1",
            "DEFAULT_FROM_EMAIL": f"portal@{name.partition('.')[2]}",
            "LOGIN_ATTEMPTS_PER_ADDRESS": "900/m",  # all of the demo's buyers come from one address
        }


@dataclass
class Launch:
    """One launch in one lab."""

    lab: Lab
    host: PublicHost
    console: Console
    options: list[str] = field(default_factory=list)

    @property
    def file(self) -> Path:
        """`launchready.toml`, as the founder has written it."""
        return self.host.folder / "launchready.toml"

    @property
    def portal(self) -> Portal:
        """What it says."""
        return read_portal(self.file)

    def look(self) -> Look:
        """Eyes for a check in this process."""
        return Look(self.portal, self.lab.network(), self.lab.now)

    async def typed(self, *words: str) -> int:
        """Type a command; what it prints is shown, indented, without the explanations. Returns its exit code."""
        self.console.print(f"   [bold]$ launchready {' '.join(words)}[/bold]", highlight=False)
        running = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "launchready.cli.main",
            *words,
            *self.options,
            cwd=self.host.folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            assert running.stdout is not None
            async for line in running.stdout:
                shown = line.decode("utf-8", "replace").rstrip()
                if not _EXPLAINS.match(shown):
                    self.console.print(f"     {shown}", markup=False, highlight=False, soft_wrap=True)
            return await running.wait()
        finally:
            if running.returncode is None:
                running.kill()
                await running.wait()

    async def move(self) -> None:
        """Lead visitors of the edge to the host, as soon as the first release answers there."""
        assert self.lab.live is not None
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.host.port)
                writer.close()
                break
            await asyncio.sleep(0.1)
        self.lab.live.port = self.host.port

    def close_the_origin(self) -> None:
        """Let the server's firewall take connections of the edge alone, as the finding's fix says."""
        self.lab.close_origin()
        write_way_in(self.lab, self.host.folder / "lab")

    async def break_it(self) -> None:
        """Commit a mistake that no health check sees: the page to sign in fails."""
        page = self.host.source / BROKEN
        page.write_text(page.read_text(encoding="utf-8") + "{% not_a_tag %}\n", encoding="utf-8")
        await asyncio.to_thread(self.host.commit, "A quick change before the demo")

    @asynccontextmanager
    async def clicking(self, counted: list[Tally]) -> AsyncIterator[None]:
        """A client who keeps clicking meanwhile; what became of the requests is put into `counted`."""
        look = self.look()
        client = Traffic(look.network, (f"{self.host.public}/account/login/",), CLICKS_A_SECOND, look.dns)
        await client.first_look()
        async with client.running():
            yield
        counted.append(client.tally())
        await look.close()


@asynccontextmanager
async def launch(lab: Lab, folder: Path, console: Console) -> AsyncIterator[Launch]:
    """A host with the healthy portal's source, nothing released, and the file that describes the whole."""
    public = f"https://{HOST_LABEL}.{lab.world.domain}"
    os.environ.update(_SECRETS)
    async with release_host(
        folder, lambda folder, port, database: PublicHost(folder, port, database, public=public)
    ) as host:
        await asyncio.to_thread(host.seed, 12, 2000)
        speed.know_accounts(host.database_url)
        os.environ[SPEED_ENV] = host.database_url
        way = folder / "lab"
        write_way_in(lab, way)
        one = Launch(lab, host, console)
        one.options = ["--closed", "--connect-to", f"@{way / 'connect-to.txt'}", "--ca-file", str(way / "ca.pem")]
        one.file.write_text(described(lab, host), encoding="utf-8")
        yield one


def described(lab: Lab, host: PublicHost) -> str:
    """`launchready.toml` of the demo: domain, edge, release, proof."""
    domain = lab.world.domain
    deploy = tomlkit.parse(host.toml)["deploy"]
    deploy["worker"] = f"exec {sys.executable} manage.py send_outbox --every 2"
    keys: dict[str, object] = {
        "domain": domain,
        "owned": [HOST_LABEL],
        "canonical": f"https://www.{domain}/",
        "hosts": ["app", "api"],
        "staging": ["staging"],
        "dns": {"resolvers": [{"name": r.name, "address": r.address} for r in lab.world.resolvers]},
        "repository": {"path": "source"},
        "environments": healthy_portal_source().settings["environments"],
        "edge": {
            "origin": list(ORIGIN),
            "hosts": {"mta-sts": list(ORIGIN)},
            "caa": ["ca.example"],
            "mail": {
                "spf": ["mx", "include:spf.mailer.example"],
                "dmarc": "reject",
                "dmarc_reports": [f"dmarc@{domain}"],
            },
            "tls": {"hsts": "preload"},
            "delete": list(TAKEN),
            "limits": {
                "login": ["/account/login"],
                "reset": ["/account/reset"],
                "upload": ["/files/upload"],
                "requests": 300,
            },
        },
        "deploy": deploy,
        "verify": {
            "url": f"{host.public}/",
            "pages": [{"path": "/account/login/", "text": "Brightside"}, {"path": "/readyz", "text": "ready"}],
            "login": {"path": "/account/login/", "user_env": "LR_USER", "password_env": "LR_PASSWORD"},
            "within_s": 8,
            "version": {"path": "/readyz", "json_path": "version"},
            "worker": {"path": "/readyz", "json_path": "worker"},
        },
        "performance": speed.performance(host.public, SPEED_ENV, 60.0),
    }
    return tomlkit.dumps(keys)
