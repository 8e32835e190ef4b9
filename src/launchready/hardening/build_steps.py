"""Steps between the code and the running portal, how to know that one is needed, and that something runs it: data."""

from __future__ import annotations

import re
from dataclasses import dataclass

BUNDLERS = re.compile(
    r"\b(vite|next|nuxt|nuxi|astro|ng|react-scripts|craco|vue-cli-service|gatsby|remix|webpack|"
    r"react-router|svelte-kit|"
    r"rspack|rsbuild|parcel|rollup|esbuild|encore|mix|tsc|tsup|nest|turbo|nx|tailwindcss|@tailwindcss/cli)\b"
)
"""What a build script of package.json calls when it makes a bundle."""
RUNS_BUILD = re.compile(
    r"\b(?:npm|pnpm|yarn|bun|npx|bunx|turbo|nx|lerna|deno|make|just|task)\b[^;&|\n]*\b(?:build|prod|production|postbuild)\b"
    r"|\b(?:vite|next|nuxt|nuxi|astro|ng|gatsby|react-scripts|vue-cli-service|remix|react-router|webpack|rspack)\s+"
    r"(?:build|generate|--mode[= ]production|-p\b)|\bwebpack\b|assets:precompile|\bencore\s+prod"
)
"""A command that builds a front end."""
BUILDS_ITSELF = {
    "vercel": "Vercel", "netlify": "Netlify", "Procfile": "the buildpack", "heroku": "the buildpack",
    "railway": "Railway",
    "cloudflare": "Cloudflare", "appengine": "App Engine", "digitalocean": "the buildpack",
}  # fmt: skip
"""Platforms that run a package's build script without being told, as long as no Dockerfile takes its place."""


@dataclass(frozen=True, slots=True)
class Migrations:
    """A way to change the database with the code."""

    name: str
    files: re.Pattern[str]
    """Paths of migrations."""
    command: str
    """What to run once in every release."""
    runs: re.Pattern[str]
    """Found in a command that runs them."""
    in_code: re.Pattern[str] | None = None
    """Found in source code that runs them by itself."""
    needs: str = ""
    """A name that must be in a manifest, where the folder alone could be something else's."""


def _row(name: str, files: str, command: str, runs: str, in_code: str = "", needs: str = "") -> Migrations:
    return Migrations(
        name, re.compile(files), command, re.compile(runs), re.compile(in_code) if in_code else None, needs
    )


MIGRATIONS = (
    _row(
        "Alembic",
        r"(^|/)(alembic|migrations)/versions/\w+\.py$",
        "alembic upgrade head",
        r"\balembic\b.*\bupgrade\b|\bflask\b.*\bdb\s+upgrade\b|\bdb\s+upgrade\b",
        r"command\.upgrade\(|\bupgrade\(\s*(directory|revision)?",
    ),
    _row(
        "Django",
        r"(^|/)migrations/0\d{3}_\w+\.py$",
        "python manage.py migrate",
        r"(manage\.py|django-admin|-m django)\s+(\S+\s+)*?migrate(_schemas)?\b",
        r"call_command\(\s*['\"]migrate",
        "django",
    ),
    _row(
        "Rails",
        r"(^|/)db/migrate/\d{14}_\w+\.rb$",
        "bin/rails db:migrate",
        r"db:(migrate|prepare|schema:load|setup)",
    ),
    _row(
        "Laravel",
        r"(^|/)database/migrations/\d{4}_\d\d_\d\d_\w+\.php$",
        "php artisan migrate --force",
        r"artisan\s+migrate",
    ),
    _row(
        "Doctrine",
        r"(^|/)migrations/Version\d{14}\.php$",
        "bin/console doctrine:migrations:migrate --no-interaction",
        r"doctrine:(migrations:migrate|schema:update)",
    ),
    _row(
        "Prisma",
        r"(^|/)prisma/migrations/\d+_[\w-]*/migration\.sql$",
        "npx prisma migrate deploy",
        r"prisma\s+(migrate\s+deploy|db\s+push)|migrate:deploy",
    ),
    _row(
        "Drizzle",
        r"(^|/)(drizzle|migrations)/\d{4}_\w+\.sql$",
        "npx drizzle-kit migrate",
        r"drizzle-kit\s+(migrate|push)|db:(migrate|push)",
        r"\bmigrate\(\s*db",
        "drizzle-orm",
    ),
    _row(
        "Knex",
        r"(^|/)migrations/\d{14}_\w+\.[jt]s$",
        "npx knex migrate:latest",
        r"knex\b.*migrate:(latest|up)|db:migrate",
        r"migrate\.latest\(",
        "knex",
    ),
    _row(
        "Sequelize",
        r"(^|/)migrations/\d{14}-[\w-]+\.[cm]?[jt]s$",
        "npx sequelize-cli db:migrate",
        r"sequelize(-cli)?\s+db:migrate|db:migrate",
        r"\bumzug\b|new Umzug",
        "sequelize",
    ),
    _row(
        "TypeORM",
        r"(^|/)migrations?/\d{13}-\w+\.[jt]s$",
        "npx typeorm migration:run",
        r"typeorm\b.*migration:run|migration:run",
        r"runMigrations\(|migrationsRun:\s*true",
        "typeorm",
    ),
    _row(
        "golang-migrate",
        r"(^|/)migrations?/\d+_\w+\.up\.sql$",
        'migrate -path migrations -database "$DATABASE_URL" up',
        r"\bmigrate\b.*\bup\b",
        r"golang-migrate/migrate|migrate\.New",
    ),
    _row(
        "goose",
        r"(^|/)migrations?/\d{5,14}_\w+\.(sql|go)$",
        "goose up",
        r"\bgoose\b.*\bup\b",
        r"goose\.(Up|Run)",
        "pressly/goose",
    ),
)
"""By framework, the surest first."""
SOURCE = re.compile(r"\.(py|rb|php|go|[cm]?[jt]sx?)$")
"""Source code that may run migrations by itself."""
