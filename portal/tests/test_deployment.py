"""The Procfile's lines, run as a platform runs them, in an environment of production."""

import http.client
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

PORTAL = Path(__file__).parent.parent
LINES = dict(re.findall(r"^(\w+): (.+)$", (PORTAL / "Procfile").read_text(), re.MULTILINE))


@pytest.fixture
def environment(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PORT": str(port),
        "WEB_CONCURRENCY": "1",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "PORTAL_URL": "https://portal.studio.example",
        "ALLOWED_HOSTS": "portal.studio.example,127.0.0.1",
        "DATABASE_URL": f"sqlite:///{tmp_path}/portal.sqlite3",
        "PRIVATE_FILES_ROOT": str(tmp_path / "files"),
        "EMAIL_URL": f"file:///{tmp_path}/mail",
        "DEFAULT_FROM_EMAIL": "portal@studio.example",
        "TRUSTED_PROXIES": "1",
    }


def run(environment, command):
    return subprocess.run(command, shell=True, cwd=PORTAL, env=environment, capture_output=True, text=True, timeout=120)


def ready(port, until=20):
    """Status of /readyz, once somebody answers."""
    end = time.monotonic() + until
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=5)
            connection.request("GET", "/readyz")
            return connection.getresponse().status
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


@pytest.fixture
def started(environment):
    processes = []

    def start(name):
        # A session of its own, so that the shell and what it starts end together.
        process = subprocess.Popen(
            LINES[name], shell=True, cwd=PORTAL, env=environment, start_new_session=True, stdout=subprocess.DEVNULL
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def test_the_web_line_is_not_ready_before_the_release_line_ran(environment, started):
    started("web")
    assert ready(environment["PORT"]) == 503
    done = run(environment, LINES["release"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert ready(environment["PORT"]) == 200


def test_the_release_line_stops_a_deployment_with_debug_on(environment):
    done = run(environment | {"DEBUG": "true"}, LINES["release"])
    assert done.returncode != 0
    assert "security.W018" in done.stderr


def test_the_worker_line_delivers(environment, started, tmp_path):
    run(environment, "python manage.py migrate --verbosity 0")
    write = "from django.core.mail import send_mail; send_mail('Hello', 'body', None, ['ada@alder.example'])"
    assert run(environment, f'python manage.py shell -c "{write}"').returncode == 0
    started("worker")
    end = time.monotonic() + 20
    while not list((tmp_path / "mail").glob("*.log")):
        assert time.monotonic() < end
        time.sleep(0.1)
    assert "To: ada@alder.example" in next((tmp_path / "mail").glob("*.log")).read_text()


def test_the_exact_versions_are_within_the_ranges_that_the_portal_asks_for():
    from packaging.requirements import Requirement

    exact = {}
    for line in (PORTAL / "requirements.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            one = Requirement(line)
            exact[one.name.lower()] = str(next(iter(one.specifier)).version)
    for line in (PORTAL / "requirements.in").read_text().splitlines():
        if line and not line.startswith("#"):
            wanted = Requirement(line)
            assert wanted.specifier.contains(exact[wanted.name.lower()]), line
