"""Planted mistakes of migrations: pending, failed half-way, unknown to the code, two ends, and no way back."""

from __future__ import annotations

from launchready.lab.faults.connections import served, settings
from launchready.lab.healthy_source import HEALTHY_SOURCE
from launchready.lab.rehearsals import rehearsal
from launchready.lab.source import files, ignored
from launchready.lab.world import Change, Fault, both
from launchready.model import Severity

_SETTINGS = str(HEALTHY_SOURCE.files["portal/settings.py"]) + 'INSTALLED_APPS = ["django.contrib.auth", "invoices"]\n'
_TABLE = (
    "CREATE TABLE django_migrations (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, app varchar(255) NOT NULL,"
    " name varchar(255) NOT NULL, applied timestamptz NOT NULL DEFAULT now())",
    "INSERT INTO django_migrations (app, name) VALUES ('auth', '0012_alter_user_first_name_max_length')",
)
_ADDS = 'migrations.AddField("invoice", "note", models.TextField(default=""))'
_DROPS = 'migrations.RemoveField("invoice", "note")'


def _migration(operation: str, *before: str) -> str:
    depends = ", ".join(f'("invoices", "{name}")' for name in before)
    return (
        "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n"
        f"    dependencies = [{depends}]\n    operations = [{operation}]\n"
    )


def _django(fault: str, *applied: str, second: str = _ADDS) -> Change:
    """An app with two migrations, and a database that has applied some."""
    rows = tuple(f"INSERT INTO django_migrations (app, name) VALUES ('invoices', '{name}')" for name in applied)
    return both(
        files(
            {
                "portal/settings.py": _SETTINGS,
                "invoices/__init__.py": "",
                "invoices/migrations/__init__.py": "",
                "invoices/migrations/0001_initial.py": _migration('migrations.CreateModel("Invoice", [])'),
                "invoices/migrations/0002_note.py": _migration(second, "0001_initial"),
                "invoices/migrations/helpers.py": "def migrations():\n    return []\n",
            }
        ),
        ignored(rehearsal(2)),
        served(fault, setup=(*_TABLE, *rows)),
    )


def _applied_by(command: str) -> dict[str, str]:
    """A platform file that runs the migrations of another tool too."""
    text = str(HEALTHY_SOURCE.files["render.yaml"])
    return {"render.yaml": text.replace("manage.py migrate\n", f"manage.py migrate && {command}\n")}


def _alembic(fault: str, *revisions: tuple[str, str]) -> Change:
    steps = "def upgrade():\n    op.add_column()\n\n\ndef downgrade():\n    op.drop_column()\n"
    written = _applied_by("alembic upgrade head") | {
        f"alembic/versions/{name}_.py": f'revision = "{name}"\ndown_revision = {before!r}\n\n\n{steps}'
        for name, before in revisions
    }
    at = (
        "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)",
        "INSERT INTO alembic_version VALUES ('c3')",
    )
    return both(files(written), ignored(rehearsal(2)), served(fault, setup=at))


def _prisma(fault: str, finished: str, rolled_back: str = "NULL") -> Change:
    names = ("20260901120000_init", "20261001120000_note")
    written = _applied_by("npx prisma migrate deploy") | {
        f"prisma/migrations/{name}/migration.sql": "ALTER TABLE invoice ADD note text;\n" for name in names
    }
    table = (
        'CREATE TABLE "_prisma_migrations" (migration_name text, finished_at timestamptz, rolled_back_at timestamptz)'
    )
    first, second = f"('{names[0]}', now(), NULL)", f"('{names[1]}', {finished}, {rolled_back})"
    rows = f'INSERT INTO "_prisma_migrations" VALUES {first}, {second}'
    more = f", ('{names[1]}', now(), NULL)" if rolled_back != "NULL" else ""
    return both(files(written), ignored(rehearsal(2)), served(fault, setup=(table, rows + more)))


def _fault(name: str, says: str, check: str, severity: Severity, change: Change, twin: Change, subject: str) -> Fault:
    also = ("release.migrations",) if check == "release.irreversible" else ()
    return Fault(name, says, check, severity, change, subject=subject, also=also, twin=twin, settings=settings(name))


FAULTS = (
    _fault(
        "migration-pending",
        "The code asks for a column that no migration made",
        "release.migrations",
        Severity.BLOCKER,
        _django("migration-pending", "0001_initial"),
        _django("migration-pending", "0001_initial", "0002_note"),
        "Django",
    ),
    _fault(
        "migration-unknown",
        "The database is a migration ahead of the code",
        "release.migrations",
        Severity.HIGH,
        _django("migration-unknown", "0001_initial", "0002_note", "0003_paid_at"),
        # squashed long ago: such rows stay for ever
        _django("migration-unknown", "0001_initial", "0001_first_draft", "0002_note"),
        "Django",
    ),
    _fault(
        "migration-two-heads",
        "Two branches brought a migration each, and nothing joins them",
        "release.migrations",
        Severity.BLOCKER,
        _alembic("migration-two-heads", ("a1", ""), ("b2", "a1"), ("c3", "a1")),
        _alembic("migration-two-heads", ("a1", ""), ("b2", "a1"), ("c3", "b2")),
        "Alembic",
    ),
    _fault(
        "migration-failed",
        "A migration failed half-way and nobody looked",
        "release.migrations",
        Severity.BLOCKER,
        _prisma("migration-failed", "NULL"),
        _prisma("migration-failed", "NULL", "now()"),  # failed, taken back, and applied then
        "Prisma",
    ),
    _fault(
        "migration-irreversible",
        "The next release drops a column that the live version reads",
        "release.irreversible",
        Severity.HIGH,
        _django("migration-irreversible", "0001_initial", second=_DROPS),
        _django("migration-irreversible", "0001_initial", "0002_note", second=_DROPS),
        "invoices/migrations/0002_note.py:6",
    ),
)
"""What must be found, and what looks alike and is right."""
