"""`/healthz` and `/readyz`, with a database that is there, one that is not, and one that is behind."""

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

PORTAL = Path(__file__).parent.parent
_ASK = """
import django, json; django.setup()
from django.test import Client
client = Client(raise_request_exception=False)
print(json.dumps({path: [client.get(path).status_code, client.get(path).content.decode()]
                  for path in ("/healthz", "/readyz", "/account/login/", "/")}))
"""


def test_both_answer_without_login_and_are_not_cached(client, db):
    for path, body in (("/healthz", {"status": "ok"}), ("/readyz", {"database": "ok", "migrations": "ok"})):
        answer = client.get(path)
        assert answer.status_code == 200
        assert body in (answer.json(), answer.json().get("checks"))
        assert "no-store" in answer.headers["Cache-Control"]
        assert client.head(path).status_code == 200
        assert client.post(path).status_code == 405


def test_a_pending_migration_is_not_ready(client, db):
    MigrationRecorder(__import__("django.db", fromlist=["connection"]).connection).migration_qs.filter(
        app="outbox"
    ).delete()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["migrations"]) == (503, "1 pending")
    assert client.get("/healthz").status_code == 200


def test_without_a_database_the_process_is_alive_and_not_ready():
    environment = os.environ | {"DATABASE_URL": "postgres://portal:hunter2@127.0.0.1:1/portal"}
    environment["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    done = subprocess.run(
        [sys.executable, "-c", _ASK],
        cwd=PORTAL,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    *logs, answers = done.stdout.splitlines()
    answers = json.loads(answers)
    assert answers["/healthz"][0] == 200
    assert answers["/readyz"] == [
        503,
        '{"status": "not ready", "checks": {"database": "does not answer", "migrations": "unknown"}}',
    ]
    assert answers["/"][0] == 302  # nobody is logged in; that takes no database
    assert any("the database does not answer" in line for line in logs)
    assert "hunter2" not in done.stdout + done.stderr


def test_the_version_is_said_where_somebody_set_it(client, db, settings):
    assert "version" not in client.get("/readyz").json()
    settings.RELEASE_VERSION = "v1.4.0"
    assert client.get("/readyz").json()["version"] == "v1.4.0"


def test_the_worker_is_seen_from_its_first_round_on(client, db, monkeypatch):
    from outbox.management.commands import send_outbox

    cache.clear()
    assert "worker" not in client.get("/readyz").json()
    call_command("send_outbox")  # once, from cron: no worker that could die
    assert "worker" not in client.get("/readyz").json()
    monkeypatch.setattr(send_outbox, "close_old_connections", lambda: None)  # the test's own is one of them
    monkeypatch.setattr(send_outbox.time, "sleep", lambda _s: (_ for _ in ()).throw(KeyboardInterrupt))
    call_command("send_outbox", every=5)
    seen = datetime.fromisoformat(client.get("/readyz").json()["worker"])
    assert timedelta(0) <= timezone.now() - seen < timedelta(seconds=5)


@pytest.mark.parametrize("broken", ["get", "set"])
def test_a_cache_that_is_away_ends_neither_the_worker_nor_the_page(client, db, monkeypatch, broken):
    from outbox import heartbeat

    class Away:
        def get(self, *_a, **_k):
            if broken == "get":
                raise ConnectionError

        def set(self, *_a, **_k):
            raise ConnectionError

    monkeypatch.setattr(heartbeat, "cache", Away())
    heartbeat.beat()
    answer = client.get("/readyz")
    assert (answer.status_code, "worker" in answer.json()) == (200, False)
