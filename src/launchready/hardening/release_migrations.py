"""Migrations of the target's database (C4, X2): what the code brings, and what each tool says is applied."""

from __future__ import annotations

import asyncio
import re
import tomllib
from collections.abc import AsyncIterator, Callable, Mapping

from launchready.gate import check
from launchready.hardening.connections_database import database_facts
from launchready.hardening.release.migrations import NAMES, Standing, needs_text, stand, wanted
from launchready.hardening.release.migrations import irreversible as read_irreversible
from launchready.hardening.variables_model import Scope
from launchready.hardening.variables_places import is_others, scope_of
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.look import Look

MOST_FILES = 3_000
_COMMANDS = {
    "django": "python manage.py migrate",
    "alembic": "alembic upgrade head",
    "rails": "bin/rails db:migrate",
    "prisma": "npx prisma migrate deploy",
    "laravel": "php artisan migrate --force",
    "flyway": "flyway migrate",
}


@check(
    "release.migrations",
    Stage.HARDENING,
    roadmap="C4 X2",
    severity=Severity.BLOCKER,
    effort=15,
    reference="https://docs.djangoproject.com/en/5.2/topics/migrations/",
    needs="deploy",
)
async def migrations(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The database is not at the migration that the code needs.

    Why: The first page that uses the new column or table fails, for every client, until somebody runs the migrations.

    Fix: Run the command below against this database, and put it into `[deploy] migrate` so that it is never forgotten.

    Django, Alembic, Rails, Prisma, Laravel and Flyway, each by its own table and the files in the repository; nothing
    is executed. Pending ones and those that failed half-way are blockers; a database that knows migrations the code
    does not have (an older release is live, or a branch was deployed) is a high risk. In the preflight of a release,
    pending ones are what the release brings, where `[deploy] migrate` or the platform applies them: Render, Heroku with
    a release phase, Fly with a `release_command`. Apps that Django's settings do not name are left out, and so
    are those of tests; migrations of installed packages are not in the repository and not looked at.
    """
    async for tool, standing in standings(portal, look):
        if isinstance(standing, NotChecked | Passed):
            yield standing
        else:
            for row in _rows(portal, tool, standing, look.releasing, await _platform_step(portal, look)):
                yield row


@check(
    "release.irreversible",
    Stage.HARDENING,
    roadmap="C5 X2",
    severity=Severity.HIGH,
    effort=60,
    reference="https://martinfowler.com/bliki/ParallelChange.html",
    needs="deploy",
)
async def irreversible(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A migration of the next release cannot be taken back.

    Why: A rollback brings the old code to a database that has lost what it needs; while the release goes out, the old
    version still runs on it and fails.

    Fix: Expand first: release a version that adds what is new and works with old and new. Contract later: when that
    version is proven and no rollback to the old one is wanted, release the removal.

    Read are the files of pending migrations: operations that drop a column or a table, and steps without a way back, of
    Django, Alembic, Rails, Laravel and SQL. A first release has nothing to go back to and is not judged. Nothing is
    executed, so a loss that a program makes in its own words is not seen.
    """
    async for _, standing in standings(portal, look):
        if isinstance(standing, NotChecked | Passed):
            yield standing
            continue
        name = NAMES[standing.tool]
        if not standing.applied:
            yield Passed(name, "nothing is applied yet, so there is nothing to go back to")
            continue
        paths = [standing.files[pending] for pending in standing.pending if pending in standing.files]
        assert look.repository is not None  # noqa: S101 - there are standings
        texts = {path: text for path in paths if isinstance(text := await look.repository.text(path), str)}
        for path in [path for path in paths if path not in texts]:
            yield NotChecked(path, "the migration cannot be read")
        found = read_irreversible(texts)
        for one in found:
            problem = f"A pending migration cannot be taken back: {one.what}."
            yield Finding(f"{one.path}:{one.line}", problem, key=one.what)
        if not found and len(texts) == len(paths):
            pending = f"{len(paths)} pending migrations can be taken back" if paths else "no migration is pending"
            yield Passed(name, pending)


async def standings(portal: Portal, look: Look) -> AsyncIterator[tuple[str, Standing | NotChecked | Passed]]:
    """How code and database stand to each other, by tool; why not, where that cannot be told."""
    if look.repository is None:
        reason = "no repository is named, so nobody knows which migrations the code brings"
        yield "", NotChecked(portal.domain, reason, "add [repository] to launchready.toml")
        return
    paths = await look.repository.files()
    if isinstance(paths, Failure):
        yield "", NotChecked(portal.domain, f"the repository cannot be read: {paths}")
        return
    chosen = [path for path in paths if wanted(path) and not is_others(path) and scope_of(path) is not Scope.TEST]
    if len(chosen) > MOST_FILES:
        yield "", NotChecked(portal.domain, f"there are more than {MOST_FILES} migrations")
        return
    files = await _texts(look, chosen)
    installed = await _settings(look, paths)
    tools = [tool for tool in NAMES if stand(tool, files, (), installed) is not None]
    if not tools:
        yield "", Passed(portal.domain, "the repository holds no migrations of a tool that is known")
        return
    facts = await database_facts(portal, look)
    if isinstance(facts, NotChecked):
        yield "", facts
        return
    for tool in tools:
        name = NAMES[tool]
        if tool in facts.unread:
            yield tool, NotChecked(name, f"the table of {name} cannot be read with this role")
        elif standing := stand(tool, files, facts.books.get(tool, ()), installed):
            yield tool, standing


def _rows(portal: Portal, tool: str, standing: Standing, releasing: bool, by_platform: bool = False) -> list[Row]:
    name = NAMES[tool]
    rows: list[Row] = []
    if standing.failed:
        problem = f"A migration of {name} failed half-way: {_some(standing.failed)}."
        fix = "Look at what it changed, put that right by hand, and mark it as the tool's documentation says."
        rows.append(Finding(name, problem, key="failed", fix=fix, evidence=_lines(standing.failed)))
    if standing.heads:
        problem = f"{name} has {len(standing.heads)} ends of its chain, so that `upgrade head` refuses."
        paste = f"alembic merge {' '.join(standing.heads)}"
        rows.append(Finding(name, problem, key="heads", evidence=_lines(standing.heads), paste=paste))
    if standing.unknown:
        problem = f"The database has {len(standing.unknown)} migrations that the code does not know."
        fix = "Deploy the code that brought them, or take them back with that code."
        rows.append(Finding(name, problem, key="unknown", fix=fix, severity=Severity.HIGH,
                            evidence=_lines(standing.unknown)))  # fmt: skip
    if standing.pending and releasing and (by_platform or _applies(portal)):
        rows.append(Passed(name, f"{len(standing.pending)} are pending, and this release applies them"))
    elif standing.pending:
        count = len(standing.pending)
        problem = f"{count} migration{'s' if count > 1 else ''} of {name} {'are' if count > 1 else 'is'} not applied."
        paste = _COMMANDS[standing.tool]
        rows.append(Finding(name, problem, key="pending", evidence=_lines(standing.pending), paste=paste))
    return rows or [Passed(name, f"all {standing.applied} migrations are applied")]


def _applies(portal: Portal) -> bool:
    """Whether the release path runs migrations: by commands, or by the platform's own release step."""
    deploy = portal.deploy
    return bool(deploy and (deploy.migrate or deploy.adapter == "render"))


async def _platform_step(portal: Portal, look: Look) -> bool:
    """Whether the file of the platform names a command that it runs before a release goes live."""
    adapter = portal.deploy.adapter if portal.deploy else ""
    if not look.releasing or look.repository is None or adapter not in _STEPS:
        return False
    pattern, named = _STEPS[adapter]
    files = await look.repository.files()
    for path in () if isinstance(files, Failure) else files:
        if path.count("/") <= 1 and re.fullmatch(pattern, path.rpartition("/")[2]):
            text = await look.repository.text(path)
            if isinstance(text, str) and named(text):
                return True
    return False


def has_release_phase(text: str) -> bool:
    """Whether a `Procfile` or `heroku.yml` has one (https://devcenter.heroku.com/articles/release-phase)."""
    return bool(re.search(r"^release\s*:", text, re.MULTILINE))


def has_release_command(text: str) -> bool:
    """Whether a `fly.toml` has one (https://fly.io/docs/reference/configuration/#run-one-off-commands)."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError):
        return False
    section = document.get("deploy")
    return isinstance(section, dict) and bool(section.get("release_command"))


_STEPS: dict[str, tuple[str, Callable[[str], bool]]] = {
    "fly": (r"fly[\w.-]*\.toml", has_release_command),
    "heroku": (r"Procfile|heroku\.yml", has_release_phase),
}
"""By adapter: the files that may name the step, and how they are read. Render keeps its own in the panel too."""


async def _texts(look: Look, paths: list[str]) -> Mapping[str, str]:
    assert look.repository is not None  # noqa: S101 - asked before
    read = [path for path in paths if needs_text(path)]
    texts = await asyncio.gather(*(look.repository.text(path) for path in read))
    found = {path: text for path, text in zip(read, texts, strict=True) if isinstance(text, str)}
    return {path: found.get(path, "") for path in paths if path in found or not needs_text(path)}


async def _settings(look: Look, paths: tuple[str, ...]) -> str:
    """The files that say which apps of Django's are in use, together."""
    assert look.repository is not None  # noqa: S101 - asked before
    texts = [await look.repository.text(path) for path in paths if "settings" in path and path.endswith(".py")][:50]
    return "\n".join(text for text in texts if isinstance(text, str) and "INSTALLED_APPS" in text)


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _lines(names: tuple[str, ...]) -> str:
    return "\n".join(names[:12]) + (f"\n… {len(names) - 12} more" if len(names) > 12 else "")
