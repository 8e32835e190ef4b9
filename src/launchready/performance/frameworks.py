"""Which framework a portal is written with, and how each of them fetches in one query what was fetched row by row.

Told by its own files, its cookies, or the words its statements are made of. Where they do not tell, it is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from launchready.performance.statement_shapes import is_write
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
    """How a framework is told to ask once. `{table}` stands for the table that is asked again and again."""

    one: str
    """For the one row that each row of a list points at: a foreign key."""
    many: str
    """For the many rows that point at each row of a list."""
    writes: str
    """For rows that are written one by one."""


def remedy(framework: str) -> Remedy:
    """The words of the framework; of SQL where it is unknown."""
    return _REMEDIES.get(framework, _REMEDIES[""])


def advice(framework: str, statement: str, table: str) -> str:
    """What to write instead of this repeated statement."""
    words = remedy(framework)
    table = table or "the table"
    if is_write(statement):
        return words.writes.replace("{table}", table)
    if not re.search(r"\b(?:WHERE|OFFSET|HAVING)\b", statement, re.IGNORECASE):
        # Nothing in it says which rows, so that each of them brings the same.
        return (
            f"Read {table} once per request and hand it on, or keep it in a cache: it asks for the same rows each time."
        )
    where = statement.upper().rpartition(" WHERE ")[2]
    by_id = re.match(r"[\s(]*(?:[\w\"`]+\s*\.\s*)*[\"`]?ID[\"`]?\s*(?:=|IN\b)", where)
    by_other = re.match(r"[\s(]*(?:[\w\"`]+\s*\.\s*)*[\"`]?\w+_?ID[\"`]?\s*(?:=|IN\b)", where)
    chosen = (words.one,) if by_id else (words.many,) if by_other else (words.one, words.many)
    return " Or: ".join(chosen).replace("{table}", table)


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
        "Fetch {table} with the list: .select_related() with the foreign key that leads there (.prefetch_related() for "
        "a generic one), on the view's queryset; where it is the same row each time, hand it on.",
        "Fetch {table} with the list: .prefetch_related() with the relation that leads there, on the view's queryset "
        "(and then .all(), as .filter() asks again).",
        "Write the rows of {table} with one bulk_create() or one update().",
    ),
    "rails": Remedy(
        "Load {table} with the list: .includes() or .preload() of the belongs_to that leads there; "
        ".strict_loading shows where else it happens.",
        "Load {table} with the list: .includes() or .preload() of the has_many that leads there (and then no .where, "
        "which asks again); .strict_loading shows where else it happens.",
        "Write the rows of {table} with one insert_all or update_all.",
    ),
    "laravel": Remedy(
        "Load {table} with the list: Model::with() its belongsTo relation; Model::preventLazyLoading() shows more.",
        "Load {table} with the list: Model::with() its hasMany relation; Model::preventLazyLoading() shows more.",
        "Write the rows of {table} with one insert() or upsert() of all of them.",
    ),
    "sqlalchemy": Remedy(
        "Load {table} with the list: .options(joinedload()) of the relationship that leads there; "
        "raiseload('*') shows where else it happens.",
        "Load {table} with the list: .options(selectinload()) of the relationship that leads there; "
        "raiseload('*') shows where else it happens.",
        "Write the rows of {table} with one session.execute(insert(Model), rows).",
    ),
    "prisma": Remedy(
        "Ask for {table} with the list, by include: { relation: true }, instead of a query inside a loop; in GraphQL "
        "resolvers through findUnique or a DataLoader.",
        "Ask for {table} with the list, by include: { relation: true }, instead of a query inside a loop; in GraphQL "
        "resolvers with a DataLoader.",
        "Write the rows of {table} with one createMany().",
    ),
    "sequelize": Remedy(
        "Ask for {table} with the list: findAll({ include: [Model] }); in GraphQL resolvers with a DataLoader.",
        "Ask for {table} with the list: findAll({ include: [Model] }), with separate: true for long lists; in GraphQL "
        "resolvers with a DataLoader.",
        "Write the rows of {table} with one bulkCreate().",
    ),
    "typeorm": Remedy(
        "Ask for {table} with the list: find({ relations: { … } }) or .leftJoinAndSelect(); in GraphQL a DataLoader.",
        "Ask for {table} with the list: find({ relations: { … } }) or .leftJoinAndSelect(); in GraphQL a DataLoader.",
        "Write the rows of {table} with one insert() of an array.",
    ),
    "drizzle": Remedy(
        "Ask for {table} with the list: findMany({ with: { … } }), or a join.",
        "Ask for {table} with the list: findMany({ with: { … } }), or a join.",
        "Write the rows of {table} with one insert().values([…]).",
    ),
    "express": Remedy(
        "JOIN {table} to the list, or ask once before the loop for all the ids (WHERE id = ANY($1); MySQL: IN (?)); in "
        "GraphQL resolvers a DataLoader does that.",
        "Ask {table} once before the loop for all the ids of the list (= ANY($1); MySQL: IN (?)) and sort the rows to "
        "theirs; in GraphQL resolvers a DataLoader does that.",
        "Write the rows of {table} with one INSERT of many VALUES.",
    ),
    "": Remedy(
        "JOIN {table} to the list, or ask once before the loop for all the ids (WHERE id IN (…)).",
        "Ask {table} once before the loop for all the ids of the list (IN (…)), and sort the rows to theirs.",
        "Write the rows of {table} with one INSERT of many VALUES, or one UPDATE.",
    ),
}
"""Sources: the pages on eager loading of each project's own documentation."""
