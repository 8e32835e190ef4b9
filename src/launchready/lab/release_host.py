"""A host in the lab on which the reference portal is released: its source in git, PostgreSQL, and a root for releases.

Everything lies below one folder: `source/`, `host/` (the root), `db/`, `launchready.toml`. Releases are served on
loopback over plain HTTP. Needs what `live_portal` needs.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from launchready.hardening.release import keeper_call
from launchready.hardening.release.processes import spare_port
from launchready.lab.live_portal import PASSWORD, _without_control_socket, portal_folder
from launchready.lab.postgres import COUNTED, counting_server
from launchready.portal import Portal, parse_portal

DOMAIN = "portal.brightside.example"


@dataclass
class ReleaseHost:
    """One host; may be asked for its portal's description as often as wanted."""

    folder: Path
    port: int
    database_url: str
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """Where releases go."""
        return self.folder / "host"

    @property
    def source(self) -> Path:
        """The portal's code, in git."""
        return self.folder / "source"

    @property
    def url(self) -> str:
        """Where visitors arrive."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def toml(self) -> str:
        """`launchready.toml` for it."""
        python, more = sys.executable, " ".join(_without_control_socket())
        web = (
            f"exec {python} -m gunicorn portal_site.wsgi --bind 127.0.0.1:$PORT --workers 1 --threads 8 {more}".strip()
        )
        return f"""domain = "{DOMAIN}"

[deploy]
adapter = "directories"
source = "source"
root = "host"
env_file = ".env"
listen = "127.0.0.1:{self.port}"
build = ["{python} manage.py collectstatic --noinput --verbosity 0"]
migrate = ["{python} manage.py migrate --noinput --verbosity 0"]
web = "{web}"
health = "/readyz"
ready_s = 60
shared = [{{ path = "var/files" }}]

[verify]
url = "{self.url}/"
pages = [{{ path = "/account/login", text = "Brightside" }}]
browser = false
"""

    @property
    def portal(self) -> Portal:
        """The same, read."""
        return parse_portal(self.toml)

    def variables(self) -> dict[str, str]:
        """What the portal needs to run here."""
        return {
            "SECRET_KEY": "lab-" + "0123456789abcdef" * 4,
            "PORTAL_URL": self.url,
            "PORTAL_NAME": "Brightside",
            "DATABASE_URL": self.database_url,
            "EMAIL_URL": "dummy:",
            "DEFAULT_FROM_EMAIL": "portal@brightside.example",
            "DJANGO_SETTINGS_MODULE": "portal_site.settings",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def commit(self, message: str) -> None:
        """Commit what was changed in the source."""
        who = ["-c", "user.name=Kim", "-c", "user.email=kim@brightside.example", "-c", "commit.gpgsign=false"]
        for words in (["add", "--all"], [*who, "commit", "--quiet", "--allow-empty", "--message", message]):
            subprocess.run(["git", *words], cwd=self.source, check=True, capture_output=True)

    def seed(self, clients: int = 4, invoices: int = 20) -> None:
        """Fill the database, as its owner did before the first release."""
        environment = {**os.environ, **self.variables(), "PYTHONPATH": str(self.source)}
        for words in (
            ["migrate", "--noinput", "--verbosity", "0"],
            ["seed", "--clients", str(clients), "--invoices", str(invoices), "--password", PASSWORD],
        ):
            subprocess.run(
                [sys.executable, "manage.py", *words], cwd=self.source, env=environment, check=True, capture_output=True
            )


Host = TypeVar("Host", bound=ReleaseHost)


@asynccontextmanager
async def release_host(
    folder: Path,
    make: Callable[[Path, int, str], Host] = ReleaseHost,  # type: ignore[assignment]
) -> AsyncIterator[Host]:
    """A host with the portal's source in one commit, and nothing released. All of its processes end with it.

    Its database belongs to a role that is no superuser, as on a host that is kept with care.
    """
    server = await asyncio.to_thread(_postgres, folder / "db")
    try:
        port = spare_port()
        await asyncio.to_thread(server.psql, "CREATE ROLE portal LOGIN;")
        await asyncio.to_thread(server.psql, "CREATE DATABASE portal OWNER portal;")
        await asyncio.to_thread(server.psql, f"\\connect portal\n{COUNTED};")
        host = make(folder, port, server.get_uri("portal").replace("postgres:@", "portal@", 1))
        await asyncio.to_thread(_lay_out, host)
        try:
            yield host
        finally:
            await keeper_call.stop(host.root)
    finally:
        await asyncio.to_thread(server.cleanup)


def _postgres(folder: Path) -> Any:
    folder.mkdir()
    return counting_server(folder)


def _lay_out(host: ReleaseHost) -> None:
    left_out = shutil.ignore_patterns(".venv", "__pycache__", ".env", "var", ".pytest_cache", "prototype")
    shutil.copytree(portal_folder(), host.source, symlinks=True, ignore=left_out)
    host.root.mkdir()
    lines = "".join(f"{name}={value}\n" for name, value in host.variables().items())
    (host.root / ".env").write_text(lines, encoding="utf-8")
    (host.root / ".env").chmod(0o600)
    (host.folder / "launchready.toml").write_text(host.toml, encoding="utf-8")
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main"], cwd=host.source, check=True)
    host.commit("The portal")
