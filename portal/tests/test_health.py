"""`/healthz` and `/readyz`, with a database that is there, one that is not, and one that is behind."""

import json
import os
import subprocess
import sys
from pathlib import Path

from django.db.migrations.recorder import MigrationRecorder

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
