"""Whether production is started with what is meant for the developer's own machine."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator

from launchready.gate import check
from launchready.hardening.development_servers import Server, development_server, is_production_server
from launchready.hardening.dockerfile import Dockerfile
from launchready.hardening.documents import Shelf, folder_of, join, open_shelf, table
from launchready.hardening.parity_commands import Command, Deployment, called_scripts, deployment
from launchready.hardening.parity_tasks import own_server
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.look import Look
from launchready.redaction import without_secrets

_ENVIRONMENTS = ("NODE_ENV", "RAILS_ENV", "RACK_ENV", "FLASK_ENV")


@check(
    "parity.development_server",
    Stage.HARDENING,
    roadmap="C3",
    severity=Severity.BLOCKER,
    effort=30,
    reference="https://docs.djangoproject.com/en/stable/ref/django-admin/#runserver",
    needs="repository",
)
async def development_servers(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Production is started with a development server, or built with development's settings.

    Why: a development server answers one visitor at a time or compiles pages while they wait, shows stack traces, and
    was never made to be attacked: the portal stalls or tells its insides when two prospects try it at once.

    Fix: start a production server: gunicorn or uvicorn, `next start`, `node server.js`, puma, php-fpm, a compiled
    binary.

    Looked at is what starts the portal: Procfile, the final stage of Dockerfiles (with the scripts they run, of the
    shell, of package.json, pyproject.toml and make; Python files with `app.run()`), Render, Fly.io, Railway, Heroku,
    App Engine, DigitalOcean, compose files for production.
    A development server is a blocker; one that reloads or compiles at start (`--reload`, nodemon, `go run`) a high
    risk, as is NODE_ENV=development in the final image. Development dependencies in the final image are nice to fix.
    Files for development (`Dockerfile.dev`, `compose.override.yml`, `Procfile.dev`) may do all this.
    """
    shelf = await open_shelf(look)
    if isinstance(shelf, NotChecked):
        yield shelf
        return
    found = await deployment(shelf)
    silent = True
    for row in [*_starts(found), *_environments(found)]:
        silent = False
        yield row
    told = {finding.subject for finding in _starts(found)}
    async for row in _own_servers(shelf, found, told):
        silent = False
        yield row
    for file in found.dockerfiles:
        async for row in _extras(shelf, file):
            silent = False
            yield row
    for complaint in shelf.complaints():
        yield complaint
    commands = [command for command in found.of("start") if not command.through]
    if silent:
        shown = "; ".join(f"{c.where}: {_short(c.text)}" for c in commands[:4])
        yield Passed(
            "start commands", f"{shown}{'; ...' if len(commands) > 4 else ''}" if shown else "none is written down"
        )


def _starts(found: Deployment) -> Iterator[Finding]:
    starts = found.of("start")
    serious = {c.through for c in starts if c.through and is_production_server(c.text)}
    seen: set[str] = set()
    for command in starts:
        resolved = next(called_scripts(found, command), None) is not None
        server = development_server(command.text, by_name=not resolved)
        origin = command.origin or command.where
        # A script that can start both chooses by its environment, and is believed to.
        if server is None or origin in seen or (command.through and command.through in serious):
            continue
        if server.name == "rails server" and _rails_is_told(found, command):
            continue
        seen.add(origin)
        yield Finding(
            origin,
            f"{_who(command)} starts {server.name}, {server.what}.",
            evidence=_short(command.text, 300) + (f" ({command.where})" if command.through else ""),
            fix=server.instead,
            severity=_severity(server, command),
            key=server.name,
        )


async def _own_servers(shelf: Shelf, found: Deployment, told: set[str]) -> AsyncIterator[Finding]:
    """Python files that are started and start a development server themselves."""
    for command in found.of("start"):
        origin = command.origin or command.where
        own = await own_server(shelf, command.text, command.folder) if origin not in told else None
        if own is None:
            continue
        told.add(origin)
        server, where = own
        yield Finding(
            origin,
            f"{_who(command)} starts {server.name}, {server.what}.",
            evidence=f"{_short(command.text, 300)} ({where})",
            fix=server.instead,
            severity=_severity(server, command),
            key=server.name,
        )


def _severity(server: Server, command: Command) -> Severity:
    return Severity.HIGH if command.source in ("compose", "package.json") else server.severity


def _who(command: Command) -> str:
    return {
        "Dockerfile": "The image", "Procfile": "The Procfile", "compose": "The compose file",
        "package.json": "`npm start`",
    }.get(command.source, "The deployment")  # fmt: skip


def _rails_is_told(found: Deployment, command: Command) -> bool:
    """Whether Rails runs in production: by the command, the image, or a platform that always says so."""
    if re.search(r"(-e|--environment|RAILS_ENV)[ =]production", command.text):
        return True
    for file in found.dockerfiles:
        if command.where.startswith(f"{file.path}:") or command.source == "Dockerfile":
            return bool(file.final and file.final.variables.get("RAILS_ENV") == "production")
    return command.source in ("Procfile", "heroku", "render")


def _environments(found: Deployment) -> Iterator[Finding]:
    for file in found.dockerfiles:
        final = file.final
        for name in _ENVIRONMENTS if final else ():
            value = final.variables.get(name, "") if final else ""
            if value.lower() not in ("development", "dev", "local"):
                continue
            lines = [i.line for s in (final.lineage() if final else ()) for i in s.instructions if name in i.text]
            yield Finding(
                f"{file.path}:{lines[0] if lines else 1}",
                f"The image sets {name}={value}: the portal runs in development mode unless overridden.",
                fix=f"Set `ENV {name}=production` in the final stage; set development in a file for development.",
                severity=Severity.HIGH,
                effort_min=5,
                key=name,
            )


async def _extras(shelf: Shelf, file: Dockerfile) -> AsyncIterator[Finding]:
    """Development dependencies that are installed in the final stage."""
    final = file.final
    if final is None:
        return
    manifest = join(folder_of(file.path), "package.json")
    has_extras = manifest in shelf.files and bool(table((await shelf.table(manifest)).get("devDependencies")))
    environment: dict[str, str] = {}
    pruned = any(_PRUNES.search(one.command) for one in final.instructions)
    for stage in reversed(list(final.lineage())):
        for one in stage.instructions:
            if one.keyword == "ENV":
                environment.update(re.findall(r"\b(NODE_ENV)[= ]+(\S+)", one.text))
            if one.keyword != "RUN" or not (what := _development_install(one.command, environment)):
                continue
            if what in ("npm", "pnpm", "yarn") and (not has_extras or pruned):
                continue
            yield Finding(
                f"{file.path}:{one.line}",
                f"The final image installs development dependencies with {what}: there is more in it to attack.",
                evidence=_short(one.command, 300),
                fix=_WITHOUT[what],
                severity=Severity.NICE,
                effort_min=20,
                key=what,
            )


_PRUNES = re.compile(r"\b(npm|pnpm|yarn) prune\b|--omit=dev|--production|--prod\b")


def _development_install(command: str, environment: dict[str, str]) -> str:
    production = environment.get("NODE_ENV") == "production" or re.search(r"NODE_ENV=production", command)
    if not production and re.search(r"\bnpm (ci|install)(?=\s*($|[&;|]|--))", command):
        return "" if re.search(r"--omit[= ]dev|--only=prod|--production|\s-g\b|--global", command) else "npm"
    if not production and re.search(r"\bpnpm (i|install)\b", command):
        return "" if re.search(r"--prod\b|-P\b", command) else "pnpm"
    if not production and re.search(r"\byarn( install)?(?=\s*($|[&;|]|--))", command):
        return "" if re.search(r"--production|workspaces focus", command) else "yarn"
    if re.search(r"pip3? install[^&;|]*-r\s*\S*(dev|test)[\w-]*\.txt|pip3? install[^&;|]*\[(dev|test)[\],]", command):
        return "pip"
    if re.search(r"\bpoetry install\b", command) and not re.search(r"--only|--no-dev|--without|--sync", command):
        return "poetry"
    if re.search(r"\bcomposer install\b", command) and "--no-dev" not in command:
        return "composer"
    return ""


_WITHOUT = {
    "npm": "Build in a first stage; in the final one use `npm ci --omit=dev`, or copy only what was built.",
    "pnpm": "Build in a first stage; in the final one use `pnpm install --prod --frozen-lockfile`.",
    "yarn": "Build in a first stage; in the final one use `yarn install --production`, or copy only what was built.",
    "pip": "Install requirements.txt only; install what the tests need where they run.",
    "poetry": "Use `poetry install --only main`.",
    "composer": "Use `composer install --no-dev --optimize-autoloader`.",
}


def _short(text: str, limit: int = 80) -> str:
    flat = " ".join(without_secrets(text).split())
    return flat if len(flat) <= limit else f"{flat[: limit - 3]}..."
