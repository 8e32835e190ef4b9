"""Migrations: code and table compared for six tools, and what cannot be taken back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from launchready.hardening.release.migrations import Standing, irreversible, stand
from launchready.hardening.release_migrations import _platform_step, has_release_command
from launchready.hardening.release_migrations import _rows as rows_of
from launchready.lab.authority import Authority
from launchready.lab.healthy import healthy_world
from launchready.lab.lab import Lab
from launchready.lab.source import files
from launchready.model import Finding, Passed, Severity
from launchready.portal import Portal
from launchready.probes.database import Applied

MIGRATION = "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n    operations = []\n"


def done(*names: str) -> tuple[Applied, ...]:
    return tuple(Applied(name) for name in names)


def django(*rows: str) -> tuple[Applied, ...]:
    return tuple(Applied(*row.split(".")) for row in rows)


def compared(tool: str, files: dict[str, str], applied: tuple[Applied, ...], installed: str = "") -> Standing:
    found = stand(tool, files, applied, installed)
    assert found is not None
    return found


def test_django_knows_squashed_ones_by_what_they_replace() -> None:
    squash = MIGRATION.replace("    operations", '    replaces = [("a", "0001_x"), ("a", "0002_y")]\n    operations')
    files = {"a/migrations/0001_squashed_0002_y.py": squash, "a/migrations/0003_z.py": MIGRATION}

    found = compared("django", files, django("a.0001_x", "a.0002_y"))

    assert found.pending == ("a.0003_z",)
    assert found.unknown == ()


def test_an_app_that_calls_itself_otherwise_and_one_that_is_not_installed() -> None:
    files = {
        "shop/orders/apps.py": 'class C(AppConfig):\n    name = "shop.orders"\n    label = "shop_orders"\n',
        "shop/orders/migrations/0001_initial.py": MIGRATION,
        "old/migrations/0001_initial.py": MIGRATION,
    }
    found = compared("django", files, django("shop_orders.0001_initial"), 'INSTALLED_APPS = ["shop.orders"]')

    assert (found.pending, found.unknown, found.applied) == ((), (), 1)


@pytest.mark.parametrize(
    ("tool", "paths", "applied", "pending", "unknown"),
    [
        ("rails", ["db/migrate/20260101000000_a.rb", "db/migrate/20260201000000_b.rb"], ["20260101000000"],
         ["20260201000000"], []),
        ("rails", ["db/migrate/20260201000000_b.rb"], ["20240101000000", "20260201000000", "20260301000000"], [],
         ["20260301000000"]),
        ("laravel", ["database/migrations/2026_01_01_000000_make_users.php"], [], ["2026_01_01_000000_make_users"], []),
        ("flyway", ["src/main/resources/db/migration/V1__a.sql", "src/main/resources/db/migration/V1_2__b.sql"],
         ["1", ""], ["1.2"], []),
        ("flyway", ["db/migration/V01__a.sql"], ["1", "2"], [], ["2"]),
        ("prisma", ["prisma/migrations/20260101_init/migration.sql"], ["20260101_init"], [], []),
    ],
)  # fmt: skip
def test_tools_that_go_by_names(
    tool: str, paths: list[str], applied: list[str], pending: list[str], unknown: list[str]
) -> None:
    found = compared(tool, dict.fromkeys(paths, ""), done(*applied))

    assert (list(found.pending), list(found.unknown)) == (pending, unknown)
    assert all(name in found.files for name in found.pending)


def test_rows_that_squashing_left_behind_are_no_news_and_newer_ones_are() -> None:
    files = {"a/migrations/0001_initial.py": MIGRATION, "a/migrations/0002_b.py": MIGRATION}

    rows = django("a.0001_initial", "a.0001_draft", "a.0002_b", "a.0003_c")

    assert compared("django", files, rows).unknown == ("a.0003_c",)


def test_alembic_follows_the_chain_and_sees_two_ends() -> None:
    def text(name: str, before: str) -> str:
        return f'revision: str = "{name}"\ndown_revision: Union[str, None] = {before}\n'

    files = {
        "m/versions/1.py": text("a", "None"),
        "m/versions/2.py": text("b", '"a"'),
        "m/versions/3.py": text("c", '"a"'),
    }

    found = compared("alembic", files, done("b"))

    assert (found.pending, found.heads, found.unknown) == (("c",), ("b", "c"), ())
    assert compared("alembic", files, done("zz")).unknown == ("zz",)


def _chain(*names: str) -> list[str]:
    befores = ["None", *(f'"{name}"' for name in names)]
    return [f'revision = "{name}"\ndown_revision = {before}\n' for name, before in zip(names, befores, strict=False)]


def test_chains_of_several_databases_are_kept_apart() -> None:
    portal, ledger = _chain("p1", "p2"), _chain("l1", "l2", "l3")
    files = {f"portal/alembic/versions/{n}.py": text for n, text in enumerate(portal)}
    files |= {f"ledger/alembic/versions/{n}.py": text for n, text in enumerate(ledger)}

    assert compared("alembic", files, done("p2")) == replace(
        compared("alembic", files, done("p2")), pending=(), heads=(), unknown=(), applied=2
    )
    assert compared("alembic", files, done("p1")).pending == ("p2",)
    assert compared("alembic", files, ()).heads == ()
    assert compared("alembic", files, done("zz")).unknown == ("zz",)


def test_one_chain_in_two_folders_is_one_chain() -> None:
    texts = _chain("a", "b", "c")
    files = dict(zip(("old/versions/1.py", "new/versions/2.py", "old/versions/3.py"), texts, strict=True))

    assert compared("alembic", files, done("a")).pending == ("b", "c")


def test_what_came_before_flyways_baseline_is_not_pending() -> None:
    files = dict.fromkeys((f"db/migration/V{n}__x.sql" for n in (1, 2, 3, 10)), "")

    found = compared("flyway", files, (Applied("2", "BASELINE"), Applied("3", "SQL")))

    assert (found.pending, found.unknown) == (("10",), ())


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ('app = "portal"\n[deploy]\n  release_command = "bin/rails db:migrate"\n', True),
        ('app = "portal"\n[deploy]\n  strategy = "rolling"\n', False),
        ('app = "portal"\n# [deploy] release_command = "x"\n', False),
        ("deploy = 3\n", False),
        ("[[[", False),
    ],
)
def test_flys_own_release_command_applies_what_is_pending(text: str, step: bool) -> None:
    deploy = {"adapter": "fly", "environment": "production"}
    portal = Portal.model_validate({"domain": "brightside.example", "deploy": deploy})
    pending = Standing("django", pending=("a.0002",), applied=1)

    assert has_release_command(text) is step
    [row] = rows_of(portal, "django", pending, True, step)
    assert isinstance(row, Passed) is step


def test_in_the_preflight_of_a_release_pending_ones_are_what_it_brings() -> None:
    deploy = {"adapter": "commands", "release": ["r"], "roll_back": ["b"]}
    without = Portal.model_validate({"domain": "brightside.example", "deploy": deploy})
    brings = Portal.model_validate({"domain": "brightside.example", "deploy": {**deploy, "migrate": ["m"]}})
    pending = Standing("django", pending=("a.0002",), applied=1)

    assert isinstance(rows_of(brings, "django", pending, True)[0], Passed)
    for portal, releasing in ((brings, False), (without, True)):
        [row] = rows_of(portal, "django", pending, releasing)
        assert isinstance(row, Finding)
        assert row.severity in (None, Severity.BLOCKER)
    [failed] = rows_of(brings, "prisma", Standing("prisma", failed=("x",)), True)
    assert isinstance(failed, Finding)


@pytest.mark.parametrize(
    ("path", "text", "what"),
    [
        ("db/migrate/20260101000000_a.rb", "def change\n  remove_column :users, :name\nend\n", "remove_column"),
        ("db/migrate/20260101000000_a.rb", "def down\n  raise ActiveRecord::IrreversibleMigration\nend", ""),
        ("db/migrate/20260101000000_a.rb", "def up\n  add_column :a, :b\nend\ndef down\n  drop_table :b\nend", ""),
        ("database/migrations/2026_01_01_000000_a.php",
         "function up() { $t->dropColumn('a'); }\nfunction down() { $t->text('a'); }", "dropColumn"),
        ("database/migrations/2026_01_01_000000_a.php",
         "function up() { $t->text('a'); }\nfunction down() { Schema::drop('a'); }", ""),
        ("prisma/migrations/1_a/migration.sql", "ALTER TABLE a DROP COLUMN b;", "DROP COLUMN"),
        ("db/migration/V2__a.sql", "-- DROP TABLE a\nALTER TABLE a ADD b text;", ""),
        ("a/migrations/0002_b.py", MIGRATION.replace("[]", "[migrations.RunPython(f)]"), "reverse_code"),
    ],
)  # fmt: skip
def test_steps_that_lose_something(path: str, text: str, what: str) -> None:
    found = irreversible({path: text})

    assert bool(found) is bool(what)
    assert all(what in one.what for one in found)


@pytest.mark.parametrize(
    ("adapter", "path", "text", "step"),
    [
        ("fly", "fly.toml", '[deploy]\nrelease_command = "python manage.py migrate"\n', True),
        ("fly", "fly.toml", '[deploy]\nstrategy = "rolling"\n', False),
        ("fly", "other/deep/fly.toml", '[deploy]\nrelease_command = "x"\n', False),
        ("heroku", "Procfile", "web: gunicorn x\nrelease: python manage.py migrate\n", True),
        ("heroku", "Procfile", "web: gunicorn release:app\n", False),
        ("vercel", "fly.toml", '[deploy]\nrelease_command = "python manage.py migrate"\n', False),
    ],
)
async def test_the_platforms_own_file_is_read_for_its_own_adapter(
    authority: Authority, adapter: str, path: str, text: str, step: bool
) -> None:
    async with Lab(files({path: text})(healthy_world()), authority=authority) as lab:
        look = lab.look(deploy={"adapter": adapter})
        look.releasing = True
        try:
            assert await _platform_step(look.portal, look) is step
        finally:
            await look.close()
