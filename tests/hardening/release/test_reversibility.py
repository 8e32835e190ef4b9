"""Migrations that cannot be taken back, told by their text; and those that can, left in peace."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.hardening.release.hosts import git

from launchready.hardening.release.reversibility import irreversible, read

DJANGO = "from django.db import migrations, models\nclass Migration(migrations.Migration):\n    operations = [{}]\n"
ALEMBIC = "from alembic import op\ndef upgrade():\n    {}\ndef downgrade():\n    {}\n"
LOST = [
    ("a/migrations/0002.py", DJANGO.format("migrations.RemoveField('client', 'phone')"), "RemoveField"),
    ("a/migrations/0002.py", DJANGO.format("migrations.DeleteModel('Client')"), "DeleteModel"),
    ("a/migrations/0002.py", DJANGO.format("migrations.RunPython(forwards)"), "no reverse_code"),
    ("a/migrations/0002.py", DJANGO.format("migrations.RunSQL('UPDATE x SET y = 1')"), "no reverse_sql"),
    ("a/migrations/0002.py", DJANGO.format("migrations.RunSQL('DROP TABLE x', 'CREATE TABLE x ()')"), "DROP TABLE"),
    ("a/migrations/0002.py", "class Migration(:\n", "cannot be read"),
    ("alembic/versions/ab.py", ALEMBIC.format("op.add_column('x', c)", "pass"), "downgrade does nothing"),
    ("alembic/versions/ab.py", ALEMBIC.format("op.add_column('x', c)", "raise NotImplementedError"), "downgrade does"),
    (
        "alembic/versions/ab.py",
        ALEMBIC.format("op.drop_column('x', 'y')", "op.add_column('x', c)"),
        "drop_column loses",
    ),
    ("db/migrations/002.sql", "-- tidy\nALTER TABLE clients\n  DROP COLUMN phone;\n", "DROP"),
    ("prisma/migrations/2/migration.sql", 'DROP TABLE "Client";\n', "DROP TABLE"),
    ("db/migrations/003.sql", "truncate clients;\n", "truncate"),
]
KEPT = [
    ("a/migrations/0002.py", DJANGO.format("migrations.AddField('client', 'phone', models.TextField(null=True))")),
    ("a/migrations/0002.py", DJANGO.format("migrations.RunPython(forwards, migrations.RunPython.noop)")),
    ("a/migrations/0002.py", DJANGO.format("migrations.RunPython(forwards, reverse_code=backwards)")),
    ("a/migrations/0002.py", DJANGO.format("migrations.RunSQL('CREATE INDEX i ON x (y)', 'DROP INDEX i')")),
    ("a/migrations/__init__.py", ""),
    ("alembic/versions/ab.py", ALEMBIC.format("op.add_column('x', c)", "op.drop_column('x', 'y')")),
    ("alembic/versions/ab.py", ALEMBIC.format("pass", "pass")),
    ("db/migrations/002.sql", "ALTER TABLE clients ADD COLUMN phone text; -- never DROP TABLE clients\n"),
    ("db/migrations/002.sql", "ALTER TABLE x ALTER COLUMN y DROP NOT NULL;\nINSERT INTO t VALUES ('DROP TABLE x');\n"),
    ("db/migrations/002.down.sql", "DROP TABLE clients;\n"),
]


@pytest.mark.parametrize(("path", "text", "what"), LOST)
def test_what_is_lost_is_told(path: str, text: str, what: str) -> None:
    assert what in "; ".join(one.what for one in read(path, text))


@pytest.mark.parametrize(("path", "text"), KEPT)
def test_what_can_be_taken_back_is_left_in_peace(path: str, text: str) -> None:
    assert read(path, text) == []


def test_only_what_the_release_brings_is_looked_at(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "app" / "migrations").mkdir(parents=True)
    old, new = tmp_path / "app" / "migrations" / "0001.sql", tmp_path / "app" / "migrations" / "0002.sql"
    old.write_text("DROP TABLE old;\n")
    live = _commit(tmp_path)
    assert irreversible(tmp_path, live, live, first=False) == []
    new.write_text("CREATE TABLE x ();\nDROP TABLE y;\n")
    head = _commit(tmp_path)

    [lost] = irreversible(tmp_path, live, head, first=False)
    assert (lost.path, lost.line) == ("app/migrations/0002.sql", 2)
    [below] = irreversible(tmp_path / "app", live, head, first=False)
    assert below.path == "migrations/0002.sql"
    assert irreversible(tmp_path, "", head, first=True) == []


def test_what_nobody_can_tell_is_not_called_fine(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "a").touch()
    head = _commit(tmp_path)

    assert "nobody can tell" in irreversible(tmp_path, "", head, first=False)[0].what
    assert "git does not know" in irreversible(tmp_path, "f" * 40, head, first=False)[0].what


def _commit(folder: Path) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "x")
    return git(folder, "rev-parse", "HEAD").strip()
