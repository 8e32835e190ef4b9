"""Whether everything that must happen between the code and the running portal is written down somewhere that runs."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from launchready.gate import check
from launchready.hardening.build_steps import BUILDS_ITSELF, BUNDLERS, MIGRATIONS, RUNS_BUILD, SOURCE, Migrations
from launchready.hardening.deployment_files import is_pipeline
from launchready.hardening.documents import Shelf, basename, folder_of, join, open_shelf, place, within
from launchready.hardening.parity_commands import Deployment, deployment
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.look import Look
from launchready.redaction import without_secrets

_UNLOCK = "commit the file that says how it is deployed: a Dockerfile, or the platform's own"
_SCRIPTS = re.compile(r"(^|/)(fabfile\.py|Capfile|deploy\.(php|rb))$|\.sh$")
_MAKEFILE = re.compile(r"(^|/)(Makefile|GNUmakefile|justfile|Taskfile\.ya?ml)$")
_LOCAL = re.compile(r"(^|[._-])(dev|develop|setup|bootstrap|install|test|tests|lint|local|reset|seed|ci)([._-]|$)")
_DEPLOYS = re.compile(
    r"deploy|release|production|\bssh\b|kubectl|helm|rsync|heroku|flyctl|\bfly\b|kamal", re.IGNORECASE
)
_BUILT = re.compile(r"(^|/)(dist|build|\.output|public/(build|packs|assets|js|css))/.*\.(js|css|html)$")
_SOURCES = 3_000
"""Files of source code that are looked at for a migration that the code runs itself."""


@check(
    "parity.build_step",
    Stage.HARDENING,
    roadmap="C3 C6 C8",
    severity=Severity.HIGH,
    effort=30,
    reference="https://12factor.net/build-release-run",
    needs="repository",
)
async def build_step(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A step that the portal needs to run is run by nothing but somebody's memory.

    Why: the step was done by hand the last time. The next deployment serves pages without their scripts and styles, or
    code that asks the database for a column that is not there, and whoever knows why is not in the room.

    Fix: put the step into the Dockerfile, the platform file or the deployment workflow.

    Looked at are front ends with a build script (Vite, Next.js, webpack, ...), unless what they build is committed or
    the platform builds by itself; Django's `collectstatic` where STATIC_ROOT is set; and database migrations of Django,
    Alembic, Rails, Laravel, Doctrine, Prisma, Drizzle, Knex, Sequelize, TypeORM, golang-migrate and goose, which must
    be run by a release command, the start command, a deployment workflow, a script, or the code itself.
    """
    shelf = await open_shelf(look)
    if isinstance(shelf, NotChecked):
        yield shelf
        return
    found = await deployment(shelf)
    scripts = await _scripts(shelf, found)
    looked = False
    for judge in (_front_ends, _static_files, _migrations):
        async for row in judge(shelf, found, scripts):
            looked = True
            yield row
    for complaint in shelf.complaints():
        yield complaint
    if not looked:
        yield Passed("build steps", "no front end to build, no static files to collect, no migrations to run")


async def _front_ends(shelf: Shelf, found: Deployment, scripts: str) -> AsyncIterator[Row]:
    for folder, own in sorted(found.scripts.items()):
        name = next((name for name in ("build", "production", "prod") if BUNDLERS.search(own.get(name, ""))), "")
        path = join(folder, "package.json")
        if not name or (folder and _is_member(shelf, found, folder)):
            continue
        built_by = _builder(shelf, found, scripts, folder)
        if built_by:
            yield Passed(path, f"its {name} script is run: {built_by}")
        elif not found.described:
            yield NotChecked(path, "nothing in the repository says how its front end is built and deployed", _UNLOCK)
        else:
            where = place(path, await shelf.text(path) or "", '"scripts"', f'"{name}"')
            yield Finding(
                where,
                f"{path} has a build script that nothing runs; looked in {_looked_at(found)} and the workflows.",
                evidence=f"{name}: {without_secrets(own[name])[:200]}",
                fix=f"Run `npm ci && npm run {name}` in a stage of the Dockerfile, or as the platform's build command.",
                key=f"build {folder}".strip(),
            )


def _is_member(shelf: Shelf, found: Deployment, folder: str) -> bool:
    """Whether the folder is a package inside of another package, whose own build is in charge."""
    return any(other != folder and within(folder, other) and "build" in own for other, own in found.scripts.items())


def _builder(shelf: Shelf, found: Deployment, scripts: str, folder: str) -> str:
    for command in found.of("build", "release", "start", "ci"):
        if RUNS_BUILD.search(command.text):
            return command.where
    if RUNS_BUILD.search(scripts):
        return "by a script"
    own = found.scripts.get(folder, {})
    for hook in ("postinstall", "prepare", "heroku-postbuild", "gcp-build", "vercel-build", "prestart"):
        if RUNS_BUILD.search(own.get(hook, "")) or BUNDLERS.search(own.get(hook, "").replace("husky", "")):
            return f"by its {hook} script"
    for platform, who in BUILDS_ITSELF.items():
        if platform in found.platforms and (platform in ("vercel", "netlify") or not found.dockerfiles):
            return f"by {who} itself"
    committed = next((path for path in shelf.listing.tracked if within(path, folder) and _BUILT.search(path)), "")
    return f"what it makes is committed ({committed})" if committed else ""


async def _static_files(shelf: Shelf, found: Deployment, scripts: str) -> AsyncIterator[Row]:
    for path in shelf.files:
        if not (path.endswith(".py") and "settings" in path):
            continue
        text = await shelf.text(path) or ""
        root = re.search(r"^STATIC_ROOT\s*=", text, re.MULTILINE)
        if root is None:
            continue
        where = f"{path}:{text.count(chr(10), 0, root.start()) + 1}"
        step = re.compile(r"\bcollectstatic\b")
        runs = next(
            (c.where for c in found.commands if step.search(c.text)), "by a script" if step.search(scripts) else ""
        )
        if runs:
            yield Passed(where, f"collectstatic is run: {runs}")
        elif not found.described:
            yield NotChecked(where, "nothing in the repository says how its static files are collected", _UNLOCK)
        elif found.dockerfiles or not found.platforms.keys() & {"Procfile", "heroku"}:
            yield Finding(
                where,
                f"Nothing runs collectstatic, so production has no styles and scripts; looked in {_looked_at(found)}.",
                fix="Add `RUN python manage.py collectstatic --noinput` to the Dockerfile, or to the build command.",
                effort_min=15,
                key="collectstatic",
            )
        return


async def _migrations(shelf: Shelf, found: Deployment, scripts: str) -> AsyncIterator[Row]:
    manifests = "\n".join(
        [
            await shelf.text(path) or ""
            for path in shelf.named(
                "package.json", "requirements.txt", "pyproject.toml", "Pipfile", "go.mod", "manage.py"
            )
        ]
    ).lower()
    seen: set[str] = set()
    for kind in MIGRATIONS:
        mine = [path for path in shelf.files if path not in seen and kind.files.search(path)]
        if not mine or kind.needs not in manifests:
            continue
        seen.update(mine)
        runs = _runner(found, scripts, kind) or await _in_code(shelf, kind)
        count = "1 migration" if len(mine) == 1 else f"{len(mine)} migrations"
        if runs:
            yield Passed(f"{kind.name} migrations", f"{count}, run: {runs}")
        elif not found.described:
            yield NotChecked(f"{kind.name} migrations", "nothing in the repository says how it is deployed", _UNLOCK)
        else:
            yield Finding(
                folder_of(folder_of(mine[-1])) if kind.name == "Prisma" else folder_of(mine[-1]),
                f"{kind.name} has {count} that no deployment runs; looked in {_looked_at(found)}.",
                evidence=", ".join(basename(path) for path in mine[-3:]),
                fix=f"Run `{kind.command}` once in each release: Render's preDeployCommand, Fly's release_command, the "
                "`release` line of a Procfile, or before the start command.",
                key=f"migrations {kind.name}",
            )


def _runner(found: Deployment, scripts: str, kind: Migrations) -> str:
    for command in found.of("release", "start"):
        if kind.runs.search(command.text):
            return command.where
    for command in found.of("ci"):
        # A test job migrates its own database; a deployment says somewhere that it is one.
        if kind.runs.search(command.text) and _DEPLOYS.search(f"{command.where} {command.text}"):
            return command.where
    for name, own in ((n, text) for s in found.scripts.values() for n, text in s.items()):
        if kind.runs.search(own) and re.search(
            r"deploy|release|prestart|postbuild|start:prod|vercel-build|^build$", name
        ):
            return f"by the {name} script"
    return "by a script" if kind.runs.search(scripts) else ""


async def _in_code(shelf: Shelf, kind: Migrations) -> str:
    """Where the portal's own code runs the migrations when it starts, if it does."""
    if kind.in_code is None:
        return ""
    sources = [path for path in shelf.files if SOURCE.search(path) and not kind.files.search(path)]
    for path in sources[:_SOURCES]:
        text = await shelf.repository.text(path)
        if isinstance(text, str) and kind.in_code.search(text):
            return f"by {path}"
    return ""


async def _scripts(shelf: Shelf, found: Deployment) -> str:
    """Scripts that a deployment may run, as one text; those for the developer's own machine are left out."""
    paths = [p for p in shelf.files if _SCRIPTS.search(p) or (folder_of(p).endswith("bin") and "." not in basename(p))]
    texts = [(await shelf.text(path) or "")[:100_000] for path in paths if not _LOCAL.search(basename(path).lower())]
    for path in (path for path in shelf.files if _MAKEFILE.search(path)):
        texts += _targets((await shelf.text(path) or "")[:100_000], found)
    flows = [path for path in shelf.listing.files if is_pipeline(path) and _DEPLOYS.search(basename(path))]
    texts += [(await shelf.text(path) or "")[:100_000] for path in flows]
    return "\n".join(texts)


def _targets(text: str, found: Deployment) -> list[str]:
    """The recipes of a Makefile that deploy, or that some command calls; others are run by hand only."""
    called = {name for c in found.commands for name in re.findall(r"\b(?:make|just|task|invoke|fab) ([\w:-]+)", c.text)}
    text = "\n".join(line for line in text.split("\n") if len(line) < 1_000)
    recipes = re.split(r"^(?=[\w.-]+\s*[^=\n]*:(?!=))", text, flags=re.MULTILINE)
    names = [re.match(r"[\w.-]+", recipe) for recipe in recipes]
    kept = re.compile(r"deploy|release|prod|build|static|assets|docker|image")
    return [r for r, name in zip(recipes, names, strict=True) if name and (name[0] in called or kept.search(name[0]))]


def _looked_at(found: Deployment) -> str:
    names = list(dict.fromkeys([*(file.path for file in found.dockerfiles), *found.platforms.values()]))
    return ", ".join(names[:3])
