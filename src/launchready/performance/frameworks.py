"""Which framework a portal is written with, and how each of them fetches in one query what was fetched row by row.

Told by its own files, its cookies, or the words its statements are made of. Where they do not tell, it is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from launchready.probes.failures import Failure
from launchready.probes.repository import Repository

MANIFESTS = (
    "requirements.txt", "requirements.in", "pyproject.toml", "Pipfile", "setup.cfg", "package.json", "Gemfile",
    "composer.json",
)  # fmt: skip
MOST_MANIFESTS = 12


async def framework_in(repository: Repository) -> str:
    """The framework that a repository's own files name; empty where they name none."""
    listed = await repository.files()
    if isinstance(listed, Failure):
        return ""
    near = sorted((p for p in listed if p.rpartition("/")[2] in MANIFESTS), key=lambda p: (p.count("/"), p))
    files = dict.fromkeys(listed, "")
    for path in near[:MOST_MANIFESTS]:
        text = await repository.text(path)
        files[path] = "" if isinstance(text, Failure) else text
    return framework_of(files=files)


def framework_of(
    *,
    files: Mapping[str, str] | None = None,
    headers: Iterable[tuple[str, str]] = (),
    statements: Iterable[str] = (),
) -> str:
    """`django`, `rails`, `laravel`, `prisma`, …; empty: unknown. Files (by path, manifests with text) say most."""
    return _by_files(files or {}) or _by_statements(statements) or _by_headers(headers)


@dataclass(frozen=True, slots=True)
class Remedy:
    """How a framework is told to ask once."""

    together: str
    """For rows that are read one by one."""
    writes: str
    """For rows that are written one by one."""


def remedy(framework: str) -> Remedy:
    """The words of the framework; of SQL where it is unknown."""
    return _REMEDIES.get(framework, _REMEDIES[""])


def _by_files(files: Mapping[str, str]) -> str:
    names = {path.rpartition("/")[2] for path in files}
    manifests = "\n".join(files.values()).lower()
    if "manage.py" in names and (not manifests or "django" in manifests):
        return "django"
    if "artisan" in names or '"laravel/framework"' in manifests:
        return "laravel"
    if any(path.endswith("config/application.rb") for path in files) or re.search(r"gem ['\"]rails['\"]", manifests):
        return "rails"
    for word, framework in _PACKAGES:
        if re.search(word, manifests):
            return framework
    return ""


def _by_statements(statements: Iterable[str]) -> str:
    text = "\n".join(statements)
    for pattern, framework in _WORDS:
        if re.search(pattern, text):
            return framework
    return ""


def _by_headers(headers: Iterable[tuple[str, str]]) -> str:
    lines = [(name.lower(), value) for name, value in headers]
    cookies = {value.partition("=")[0].strip().lower() for name, value in lines if name == "set-cookie"}
    if {"laravel_session"} & cookies or ("xsrf-token" in cookies and any(c.endswith("_session") for c in cookies)):
        return "laravel"
    if "csrftoken" in cookies:
        return "django"
    if any(n == "x-runtime" for n, _ in lines) and any(c.endswith("_session") for c in cookies):
        return "rails"
    if "connect.sid" in cookies or any(n == "x-powered-by" and v.strip().lower() == "express" for n, v in lines):
        return "express"
    return ""


_PACKAGES = (
    (r'"@?prisma(?:/client)?"\s*:', "prisma"),
    (r'"sequelize"\s*:', "sequelize"),
    (r'"typeorm"\s*:', "typeorm"),
    (r'"drizzle-orm"\s*:', "drizzle"),
    (r"(?m)^\s*[\"']?django\b(?!-)", "django"),
    (r"(?m)^\s*[\"']?(?:flask-)?(?:sqlalchemy|sqlmodel)\b", "sqlalchemy"),
    (r'"knex"\s*:|"express"\s*:|"fastify"\s*:|"pg"\s*:|"mysql2"\s*:', "express"),
)
_WORDS = (
    (r"\bdjango_(?:session|content_type|migrations)\b", "django"),
    (r"\b(?:schema_migrations|ar_internal_metadata)\b", "rails"),
    (r'SELECT "public"\."\w+"\."\w+", .* OFFSET \$\d', "prisma"),
    (r'"\w+"\."\w+" AS "\w+__\w+"', "typeorm"),
    (r'"\w+"\."\w+" AS "\w+\.\w+"|AS "\w+" WHERE "\w+"\."\w+" = .*"createdAt"', "sequelize"),
    (r"\b(\w+)\.(\w+) AS \1_\2\b", "sqlalchemy"),
    (r"select `?\"?\w+`?\"?\.\* from .*laravel|select \* from [`\"]\w+[`\"] where [`\"]\w+[`\"]\.[`\"]\w+[`\"] = ", "laravel"),  # noqa: E501
)  # fmt: skip
_REMEDIES = {
    "django": Remedy(
        "Fetch the related rows with the list: .select_related('company') for a foreign key, "
        ".prefetch_related('lines') for the many of one; in Django REST Framework on the view's queryset.",
        "Write the rows with one bulk_create() or one update().",
    ),
    "rails": Remedy(
        "Load the association with the list: .includes(:company, :lines), or .preload where no condition uses it; "
        ".strict_loading shows where else it happens.",
        "Write the rows with one insert_all or update_all.",
    ),
    "laravel": Remedy(
        "Load the relation with the list: Invoice::with(['company', 'lines']); "
        "Model::preventLazyLoading() shows where else it happens.",
        "Write the rows with one insert() or upsert() of all of them.",
    ),
    "sqlalchemy": Remedy(
        "Load the relationship with the list: .options(joinedload(Invoice.company), selectinload(Invoice.lines)); "
        "raiseload('*') shows where else it happens.",
        "Write the rows with one session.execute(insert(Model), rows).",
    ),
    "prisma": Remedy(
        "Ask for the relation with the list: findMany({ include: { company: true, lines: true } }) instead of a "
        "query inside a loop; in GraphQL resolvers through findUnique or a DataLoader.",
        "Write the rows with one createMany().",
    ),
    "sequelize": Remedy(
        "Ask for the association with the list: findAll({ include: [Company, Line] }); in GraphQL with a DataLoader.",
        "Write the rows with one bulkCreate().",
    ),
    "typeorm": Remedy(
        "Ask for the relations with the list: find({ relations: { company: true, lines: true } }) or "
        ".leftJoinAndSelect(); in GraphQL with a DataLoader.",
        "Write the rows with one insert() of an array.",
    ),
    "drizzle": Remedy(
        "Ask for the relations with the list: findMany({ with: { company: true, lines: true } }), or join.",
        "Write the rows with one insert().values([...]).",
    ),
    "express": Remedy(
        "Replace the query inside the loop by one before it: a JOIN, or WHERE id = ANY($1) with all the ids "
        "(MySQL: IN (?)); in GraphQL resolvers a DataLoader does that.",
        "Write the rows with one INSERT of many VALUES.",
    ),
    "": Remedy(
        "Replace the query inside the loop by one before it: a JOIN, or one query for all the ids (WHERE id IN (…)).",
        "Write the rows with one INSERT of many VALUES, or one UPDATE.",
    ),
}
"""Sources: the pages on eager loading of each project's own documentation."""
