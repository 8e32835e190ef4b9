"""The three portals: how each is seeded and started, and which flows a buyer walks in it."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from portals.causes import Cause, plant
from portals.postgres import ROLE, Postgres

HERE = Path(__file__).parent
PASSWORD = "correct horse battery staple 9"
PEOPLE = ("small@clients.example", "large@clients.example")
BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Stack:
    """One portal."""

    name: str
    folder: str
    seed: tuple[tuple[str, ...], ...]
    """Commands."""
    serve: tuple[str, ...]
    needs: tuple[str, ...]
    """Python's modules, or programs."""
    flows: str
    """The end of its `launchready.toml`."""
    environment: tuple[tuple[str, str], ...] = ()
    packages: bool = False
    """Whether npm installs what it needs."""

    def missing(self) -> str:
        """What it lacks on this machine."""
        found = (name for name in self.needs if not shutil.which(name) and not importlib.util.find_spec(name))
        return ", ".join(found)


def _flow(name: str, *steps: str, login: bool = False, changes: bool = False) -> str:
    listed = ",\n    ".join(steps)
    user = "" if login else 'user = "large"\n'
    kept = "changes = true\n" if changes else ""
    return f'[[performance.flows]]\nname = "{name}"\n{user}{kept}steps = [\n    {listed},\n]\n'


def _flows(login: str, invoices: str, files: str, upload: str, api: str, filled_by: str = "") -> str:
    seen = ['{ name = "dashboard", path = "/" }']
    if filled_by:
        seen.append(f'{{ name = "numbers", path = "{filled_by}" }}')
    sent = '{ field = "file", size_kb = 100 }'
    return "\n".join(
        (
            f'[performance.login]\npath = "{login}"\n',
            _flow("login", f'{{ name = "log in", login = {{ path = "{login}", user = "large" }} }}', login=True),
            _flow("dashboard", *seen),
            _flow("invoices", f'{{ name = "invoices", path = "{invoices}" }}'),
            _flow(
                "upload",
                f'{{ name = "files", path = "{files}" }}',
                f'{{ name = "upload", method = "POST", path = "{upload}", upload = {sent} }}',
                changes=True,
            ),
            _flow("api", f'{{ name = "api", path = "{api}" }}'),
        )
    )


_OTEL = (
    ("OTEL_SERVICE_NAME", "portal"),
    ("OTEL_TRACES_EXPORTER", "otlp"),
    ("OTEL_METRICS_EXPORTER", "none"),
    ("OTEL_LOGS_EXPORTER", "none"),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
    ("OTEL_BSP_SCHEDULE_DELAY", "200"),
)
STACKS = (
    Stack(
        "django",
        "django_portal",
        (
            (sys.executable, "-m", "django", "migrate", "--run-syncdb", "--verbosity", "0"),
            (sys.executable, "-m", "django", "seed"),
        ),
        (
            "sh", "-c", f"{sys.executable} -m django collectstatic --noinput --verbosity 0 && exec {sys.executable} "
            "-m gunicorn clientportal.wsgi --bind 127.0.0.1:$PORT --workers 1 --threads 8 --keep-alive 65 "
            "--log-level warning",
        ),
        ("django", "gunicorn", "whitenoise", "psycopg"),
        _flows("/account/login/", "/invoices/", "/files/", "/files/upload/", "/api/invoices"),
        (("DJANGO_SETTINGS_MODULE", "clientportal.settings"),),
    ),
    Stack(
        "fastapi",
        "fastapi_portal",
        ((sys.executable, "seed.py"),),
        (
            "sh", "-c", f"exec {BIN / 'opentelemetry-instrument'} {sys.executable} -m uvicorn app:app --host 127.0.0.1 "
            "--port $PORT --timeout-keep-alive 65 --log-level warning",
        ),
        ("fastapi", "sqlalchemy", "uvicorn", "multipart", "jinja2", "itsdangerous", "psycopg", "opentelemetry"),
        _flows("/login", "/invoices", "/files", "/files", "/api/invoices", "/api/dashboard"),
        _OTEL,
    ),
    Stack(
        "express",
        "express_portal",
        (("node", "seed.js"),),
        ("node", "server.js"),
        ("node", "npm"),
        _flows("/login", "/bills", "/files", "/files", "/api/bills"),
        packages=True,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where portals run: a folder, a database server, and what is outside."""

    root: Path
    postgres: Postgres
    web: int
    mail: int

    def variables(self, stack: Stack, database: str, port: int, traces: int) -> dict[str, str]:
        """What a portal is told."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
        return kept | {
            "PYTHONPATH": ".",
            "PYTHONDONTWRITEBYTECODE": "1",
            "NODE_ENV": "production",
            "SECRET_KEY": secrets.token_hex(32),
            "PORTAL_PASSWORD": PASSWORD,
            "DB_HOST": self.postgres.socket,
            "DB_NAME": database,
            "DB_USER": ROLE,
            "PORT": str(port),
            "RATES_URL": f"http://127.0.0.1:{self.web}/rates",
            "WIDGET_URL": f"http://widget.localhost:{self.web}/chat.js",
            "SMTP_PORT": str(self.mail),
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{traces}",
            **dict(stack.environment),
        }

    def prepare(self, stack: Stack) -> None:
        """Seed its database, which is copied from then on; install what npm gives. Raises SystemExit."""
        folder = self._copied(stack, f"{stack.name}-seed", None)
        if stack.packages:
            shutil.copy(folder / "package.json", self.root)
            _done(("npm", "install", "--no-audit", "--no-fund", "--silent"), self.root, dict(os.environ))
        self.postgres.make(f"{stack.name}_seed")
        environment = self.variables(stack, f"{stack.name}_seed", 0, 0)
        for command in stack.seed:
            _done(command, folder, environment)

    @contextmanager
    def served(self, stack: Stack, cause: Cause | None) -> Iterator[Path]:
        """The portal, healthy or with that cause; yields its folder, with `launchready.toml` in it."""
        name = f"{stack.name}_{cause.id if cause else 'healthy'}".replace("-", "_")
        folder, port, traces = self._copied(stack, name, cause), free_port(), free_port()
        self.postgres.make(name, f"{stack.name}_seed")
        if cause and cause.sql:
            self.postgres.run(*cause.sql, database=name)
        (folder / "launchready.toml").write_text(_settings(stack, port, traces), encoding="utf-8")
        environment = self.variables(stack, name, port, traces)
        with (self.root / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(stack.serve, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            _until_up(f"http://127.0.0.1:{port}/healthz", process, self.root / f"{name}.log")
            yield folder
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self.postgres.run(f"DROP DATABASE {name} (FORCE)")

    def _copied(self, stack: Stack, name: str, cause: Cause | None) -> Path:
        folder = self.root / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(HERE / stack.folder, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "static" / "logo.png").write_bytes(picture(240, 80, plain=True))
        if cause:
            plant(cause, folder)
            for path, width, height in cause.pictures:
                (folder / path).write_bytes(picture(width, height))
        return folder


def secrets_of(postgres: Postgres, folder: Path) -> dict[str, str]:
    """The variables that `launchready.toml` names."""
    users = {f"{person.partition('@')[0].upper()}_USER": person for person in PEOPLE}
    return {**users, "PORTAL_PASSWORD": PASSWORD, "PORTAL_DATABASE": postgres.url(folder.name)}


def picture(width: int, height: int, *, plain: bool = False) -> bytes:
    """A PNG, of one colour or of noise."""
    row = b"\x0b\xb0\x55" * width
    rows = b"".join(b"\0" + (row if plain else os.urandom(3 * width)) for _ in range(height))

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def free_port() -> int:
    """One that nobody listens on right now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _settings(stack: Stack, port: int, traces: int) -> str:
    traced = f'traces = "127.0.0.1:{traces}"\n' if stack.environment == _OTEL else ""
    users = "\n".join(
        f'[performance.users.{name}]\nuser_env = "{name.upper()}_USER"\npassword_env = "PORTAL_PASSWORD"\n'
        for name in ("small", "large")
    )
    return (
        'domain = "clients.example"\nowned = ["127.0.0.1"]\n\n[repository]\npath = "."\n\n'
        f'[performance]\nurl = "http://127.0.0.1:{port}"\nsmall = "small"\nlarge = "large"\n'
        f'database_env = "PORTAL_DATABASE"\n{traced}\n{users}\n{stack.flows}'
    )


def _done(command: tuple[str, ...], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:4])} failed:\n{done.stdout[-1500:]}{done.stderr[-3000:]}")


def _until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(url, timeout=2).read()
            return
        except (OSError, urllib.error.URLError):
            if process.poll() is not None:
                break
            time.sleep(0.05)
    raise SystemExit(f"{url} did not come up:\n{log.read_text(errors='replace')[-3000:]}")
