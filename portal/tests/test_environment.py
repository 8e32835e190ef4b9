"""What is wrong with the environment is named: all of it at once, before anything starts."""

import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal_site.environment import Environment, read_environment

PORTAL = Path(__file__).parent.parent
GOOD = {
    "SECRET_KEY": "k" * 50,
    "PORTAL_URL": "https://portal.studio.example",
    "DATABASE_URL": "postgres://portal:secret@db.example:5432/portal?sslmode=require",
    "EMAIL_URL": "submission://user:p%40ss@mail.example:587",
    "DEFAULT_FROM_EMAIL": "portal@studio.example",
}


@pytest.fixture
def environment(monkeypatch, tmp_path):
    for field in fields(Environment):
        monkeypatch.delenv(field.name.upper(), raising=False)

    def read(**changed):
        for name, value in (GOOD | changed).items():
            if value is not None:
                monkeypatch.setenv(name, value)
        return read_environment(tmp_path)

    return read


def test_five_variables_are_enough(environment):
    read = environment()
    assert read.secure
    assert read.allowed_hosts == ("portal.studio.example",)
    assert (read.debug, read.trusted_proxies, read.upload_max_bytes) == (False, 0, 20_000_000)
    assert read.database_url["HOST"] == "db.example"
    assert read.database_url["OPTIONS"]["sslmode"] == "require"
    assert read.email_url["EMAIL_USE_TLS"] is True
    assert read.email_url["EMAIL_HOST_PASSWORD"] == "p@ss"


def test_everything_that_is_missing_is_named_at_once(environment):
    with pytest.raises(ImproperlyConfigured) as raised:
        environment(**dict.fromkeys(GOOD))
    assert all(name in str(raised.value) for name in GOOD)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "change-me" * 10),
        ("SECRET_KEY", ""),
        ("PORTAL_URL", "portal.example"),
        ("PORTAL_URL", "https://portal.example/path"),
        ("PORTAL_URL", "ftp://portal.example"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "oracel://x"),
        ("DATABASE_URL", ""),
        ("EMAIL_URL", "smtp+tls://user:pw@mail.example"),
        ("EMAIL_URL", ""),
        ("DEBUG", "perhaps"),
        ("UPLOAD_MAX_BYTES", "20MB"),
        ("UPLOAD_MAX_BYTES", "0"),
        ("TRUSTED_PROXIES", "-1"),
        ("LOG_LEVEL", "LOUD"),
        ("HSTS_SECONDS", "a year"),
        ("LOGIN_ATTEMPTS_PER_ADDRESS", "many"),
    ],
)
def test_a_malformed_variable_is_named_without_its_value(environment, name, value):
    with pytest.raises(ImproperlyConfigured) as raised:
        environment(**{name: value})
    text = str(raised.value)
    assert re.search(rf"^  {name}: ", text, re.MULTILINE)
    assert not any(f"  {other}: " in text for other in GOOD if other != name)
    assert "user:pw" not in text


def test_at_home_all_names_of_the_machine_are_the_portal(environment):
    assert environment(PORTAL_URL="http://localhost:8000").allowed_hosts == ("localhost", "127.0.0.1", "[::1]")


def test_http_turns_the_secure_parts_off(environment):
    assert not environment(PORTAL_URL="http://localhost:8000").secure


def test_the_process_stops_with_the_names(tmp_path):
    environment = {"PATH": os.environ["PATH"], "SECRET_KEY": "k" * 50, "DATABASE_URL": "sqlite:///x", "PYTHONPATH": "."}
    script = "from pathlib import Path; from portal_site.environment import read_environment as r; r(Path('/nowhere'))"
    done = subprocess.run([sys.executable, "-c", script], cwd=PORTAL, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "PORTAL_URL: Environment variable" in done.stderr
    assert "SECRET_KEY" not in done.stderr


def test_the_example_file_names_every_variable_and_is_refused_until_edited(monkeypatch, tmp_path, environment):
    example = (PORTAL / ".env.example").read_text()
    names = set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    assert names == {field.name.upper() for field in fields(Environment)}
    (tmp_path / ".env").write_text(example)
    for name in GOOD:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY") as raised:
        read_environment(tmp_path)
    assert str(raised.value).count("\n  ") == 1


def test_real_variables_win_over_the_file(environment, tmp_path):
    (tmp_path / ".env").write_text("PORTAL_NAME=From the file\nLOG_LEVEL=ERROR\n")
    read = environment(PORTAL_NAME="From the platform")
    assert (read.portal_name, read.log_level) == ("From the platform", "ERROR")
    os.environ.pop("LOG_LEVEL", None)


def test_nothing_else_reads_the_environment():
    for path in PORTAL.glob("*/**/*.py"):
        if path.parts[len(PORTAL.parts)] in ("tests", "prototype", "var", ".venv") or path.name == "environment.py":
            continue
        assert not re.search(r"os\.getenv|os\.environ(?!\.setdefault\(\"DJANGO_SETTINGS_MODULE)", path.read_text()), (
            path
        )
