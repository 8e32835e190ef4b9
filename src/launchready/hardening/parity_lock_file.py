"""Whether the versions of the dependencies are written down, in one place, and as the manifest asks for them now."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from launchready.gate import check
from launchready.hardening import dependencies
from launchready.hardening.dependencies import Wanted
from launchready.hardening.documents import Shelf, basename, counted, folder_of, join, open_shelf, table, within, words
from launchready.hardening.lockfiles import LOCKS, MANAGERS, Locked, composer_hash, locked, satisfied
from launchready.hardening.parity_pins import unpinned
from launchready.hardening.projects import Project, listed, projects
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.look import Look

_MAKE = {
    "npm": "npm install", "Yarn": "yarn install", "pnpm": "pnpm install", "Bun": "bun install", "Pipenv": "pipenv lock",
    "Poetry": "poetry lock", "uv": "uv lock", "PDM": "pdm lock", "pip": "pip lock", "Bundler": "bundle install",
    "Composer": "composer update", "Go": "go mod tidy",
}  # fmt: skip
_USUAL = {"node": "npm", "python": "uv", "ruby": "Bundler", "php": "Composer", "go": "Go"}
_EXACT = frozenset({"Yarn", "pnpm", "Bun"})
"""Managers that refuse a lock file that was made for another text than the manifest's."""


@check(
    "parity.lock_file",
    Stage.HARDENING,
    roadmap="C3 C6",
    severity=Severity.HIGH,
    effort=20,
    reference="https://12factor.net/dependencies",
    needs="repository",
)
async def lock_file(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The versions of the dependencies are not written down, or not as the manifest asks for them now.

    Why: without a lock file every deployment installs whatever is newest that day, so the same code works on Monday and
    breaks on Tuesday; with a stale one the installation stops in the middle of the deployment.

    Fix: let the package manager write its lock file, commit it, and install from it (`npm ci`, `uv sync --locked`,
    `bundle install` with deployment on, `composer install`).

    Looked at are npm, Yarn, pnpm, Bun, Pipenv, Poetry, uv, PDM, pip, Bundler, Composer and Go. A lock file is stale
    when a direct dependency is not in it, or is locked to a version that the manifest no longer admits. Two lock files
    of rival managers drift apart. Libraries need none, members of a workspace share one. A requirements.txt without a
    lock file is a high risk when a line names no version at all, nice to fix when ranges are left open.
    """
    shelf = await open_shelf(look)
    if isinstance(shelf, NotChecked):
        yield shelf
        return
    looked = False
    every = await projects(shelf)
    for project in every:
        async for row in _judge(shelf, project, every):
            looked = True
            yield row
    for complaint in shelf.complaints():
        yield complaint
    if not looked:
        yield Passed("lock files", "no project with dependencies")


async def _judge(shelf: Shelf, project: Project, every: list[Project]) -> AsyncIterator[Row]:
    wanted = await _wanted(shelf, project)
    home = folder_of(project.workspace) if project.workspace else project.folder
    locks = shelf.beside(home, *LOCKS[project.language])
    if not locks:
        async for row in _without(shelf, project, wanted, every):
            yield row
        return
    managers = list(dict.fromkeys(MANAGERS[basename(path)] for path in locks))
    if len(managers) > 1 and not project.workspace:
        yield _rivals(locks, managers)
        return
    for path in locks[:1]:
        member = project.folder.removeprefix(home).strip("/") if project.workspace else ""
        async for row in _compare(shelf, project, path, wanted, member):
            yield row


async def _wanted(shelf: Shelf, project: Project) -> list[Wanted]:
    found: list[Wanted] = []
    for path in project.manifests:
        read = {
            "package.json": dependencies.node, "composer.json": dependencies.php, "Gemfile": dependencies.ruby,
            "go.mod": dependencies.go, "pyproject.toml": dependencies.pyproject, "Pipfile": dependencies.pipfile,
        }.get(basename(path))  # fmt: skip
        if read:
            found += await read(shelf, path)
    return found


async def _without(shelf: Shelf, project: Project, wanted: list[Wanted], every: list[Project]) -> AsyncIterator[Row]:
    if project.workspace:
        return
    if project.language == "python" and not shelf.beside(project.folder, "Pipfile"):
        pins = await unpinned(shelf, project, wanted)
        if pins is not None:
            yield pins
            return
    members = any(await _member_wants(shelf, project, every))
    if not (wanted or members) or not (project.application or project.language == "go"):
        return
    manifest = next((path for path in project.manifests if basename(path) != "manage.py"), project.manifests[0])
    usual = LOCKS[project.language]
    if ignored := await _ignored(shelf, project.folder, usual):
        name = ignored
        yield Finding(
            manifest,
            f"The lock file {name} is ignored by git, so whoever builds from the repository does not have it.",
            fix=f"Take {name} out of .gitignore, run `{_MAKE[MANAGERS[name]]}` and commit it.",
            key="ignored",
        )
        return
    manager = await _manager(shelf, project)
    count = "its one dependency" if len(wanted) == 1 else f"its {len(wanted)} direct dependencies"
    yield Finding(
        manifest,
        f"{manifest} has no lock file: each installation takes other versions of {count}.",
        evidence=f"looked for {', '.join(usual)}",
        fix=f"Run `{_MAKE[manager]}`, commit the file it writes, and install from it in every environment.",
        key="absent",
    )


async def _member_wants(shelf: Shelf, project: Project, every: list[Project]) -> list[bool]:
    """Whether this is the root of a workspace whose members have dependencies."""
    manifest = f"{project.folder}/x"
    others = [other for other in every if other.workspace and other.language == project.language]
    return [bool(await _wanted(shelf, o)) for o in others if folder_of(o.workspace) == folder_of(manifest)]


async def _manager(shelf: Shelf, project: Project) -> str:
    """The package manager a project says it uses."""
    if project.language == "node":
        named = (await shelf.table(project.manifests[0])).get("packageManager")
        name = named.partition("@")[0] if isinstance(named, str) else ""
        return {"pnpm": "pnpm", "yarn": "Yarn", "bun": "Bun"}.get(name, "npm")
    if project.language == "python":
        if shelf.beside(project.folder, "Pipfile"):
            return "Pipenv"
        tool = (
            table((await shelf.table(join(project.folder, "pyproject.toml"))).get("tool"))
            if (shelf.beside(project.folder, "pyproject.toml"))
            else {}
        )
        return "Poetry" if "poetry" in tool else "PDM" if "pdm" in tool else "uv"
    return _USUAL[project.language]


async def _ignored(shelf: Shelf, folder: str, names: tuple[str, ...]) -> str:
    """The first of these names that a .gitignore of the folder or above leaves out; empty when none does."""
    every = set(shelf.listing.files)
    for path in dict.fromkeys((join(folder, ".gitignore"), ".gitignore")):
        lines = [line.strip() for line in (await shelf.text(path) or "").splitlines()] if path in every else []
        for name in names:
            patterns = {
                name,
                f"/{name}",
                f"**/{name}",
                join(folder, name),
                f"/{join(folder, name)}",
                f"*.{name.rpartition(chr(46))[2]}",
            }
            if patterns & set(lines) and f"!{name}" not in lines:
                return name
    return ""


def _rivals(locks: tuple[str, ...], managers: list[str]) -> Finding:
    return Finding(
        locks[0],
        f"Lock files of {listed(managers)} lie side by side: which versions are installed depends on who installs.",
        evidence=", ".join(locks),
        fix="Keep the lock file of the manager that the deployment uses, and delete what the others wrote.",
        effort_min=10,
        key="rivals",
    )


async def _compare(shelf: Shelf, project: Project, path: str, wanted: list[Wanted], member: str) -> AsyncIterator[Row]:
    manager = MANAGERS[basename(path)]
    if path.endswith(".lockb"):
        yield Passed(path, "it is there; a binary file, so its age was not compared")
        return
    content = await locked(shelf, path, member)
    if content is None:
        return
    wanted = await _relevant(shelf, project, path, wanted, content)
    stale = [_said(w, content) for w in wanted if _is_stale(project.language, manager, w, content)]
    if manager in ("pnpm", "Bun"):
        names = {w.name for w in wanted} | content.overridden
        stale += [f"{name} is in it, and no longer asked for" for name in sorted((content.asked or {}).keys() - names)]
    manifests = listed(sorted({w.where.rpartition(":")[0] for w in wanted})) or project.manifests[0]
    if stale:
        yield Finding(
            path,
            f"{path} is stale: it does not hold {len(stale)} of the dependencies as {manifests} asks for them.",
            evidence="\n".join(stale[:12]) + (f"\n... and {len(stale) - 12} more" if len(stale) > 12 else ""),
            fix=f"Run `{_MAKE[manager]}` and commit the result.",
            key=f"stale {member}".strip(),
        )
        return
    if manager == "Composer" and (late := await _composer_is_late(shelf, project, path)):
        yield late
        return
    yield Passed(
        path, f"{counted(len(wanted), 'dependency', 'dependencies')} of {manifests}, locked to versions that it admits"
    )


async def _relevant(shelf: Shelf, project: Project, path: str, wanted: list[Wanted], content: Locked) -> list[Wanted]:
    """The dependencies that this lock file must hold; what is set aside on purpose is noted in `content`."""
    if project.language == "node":
        data = await shelf.table(project.manifests[0])
        for section in (data.get("overrides"), data.get("resolutions"), table(data.get("pnpm")).get("overrides")):
            content.overridden |= {re.sub(r"^\*\*/|(?<=.)@.*$", "", name) for name in table(section)}
    if project.language == "python":
        data = (
            await shelf.table(join(project.folder, "pyproject.toml"))
            if (shelf.beside(project.folder, "pyproject.toml"))
            else {}
        )
        own = table(data.get("project")).get("name")
        replaced = words(table(table(data.get("tool")).get("uv")).get("override-dependencies"))
        aside = {dependencies.python_name(re.split(r"[<>=!~ \[;@]", text)[0]) for text in replaced}
        aside |= {dependencies.python_name(own)} if isinstance(own, str) else set()
        only = basename(path) == "pylock.toml"
        return [w for w in wanted if w.name not in aside and not (only and w.development)]
    if project.language == "go":
        own_modules = set()
        for other in shelf.named("go.mod"):
            module = re.search(r"^module\s+(\S+)", await shelf.text(other) or "", re.MULTILINE)
            own_modules |= {module.group(1)} if module else set()
        for extra in shelf.named("go.work.sum"):
            if within(project.folder, folder_of(extra)) and (more := await locked(shelf, extra)):
                content.versions = {**more.versions, **content.versions}
        return [w for w in wanted if w.name not in own_modules]
    return wanted


def _is_stale(language: str, manager: str, wanted: Wanted, content: Locked) -> bool:
    if wanted.name in content.overridden:
        return False
    known = content.asked or {} if manager == "Bundler" else content.versions
    if wanted.name not in known:
        # What depends on a condition, or comes from a folder, is not always written down.
        return not (wanted.conditional or (wanted.elsewhere and manager != "npm"))
    versions = content.versions.get(wanted.name, set())
    if manager == "Go":
        return wanted.spec not in versions
    if manager in _EXACT and content.asked and not wanted.elsewhere:
        specs = content.asked.get(wanted.name, set())
        return bool(specs) and wanted.spec.removeprefix("npm:") not in {spec.removeprefix("npm:") for spec in specs}
    return bool(versions) and not satisfied(language, manager, wanted, versions)


def _said(wanted: Wanted, content: Locked) -> str:
    versions = sorted(version for version in content.versions.get(wanted.name, ()) if version)
    spec = f" {wanted.spec}" if wanted.spec else ""
    if not versions:
        return f"{wanted.where}: {wanted.name}{spec} is not in it"
    return f"{wanted.where}: {wanted.name}{spec} is locked to {', '.join(versions[:3])}"


async def _composer_is_late(shelf: Shelf, project: Project, path: str) -> Finding | None:
    manifest = project.manifests[0]
    data, lock = await shelf.table(manifest), await shelf.table(path, "json", 24 * 1024 * 1024)
    written = lock.get("content-hash")
    if not isinstance(written, str) or written == composer_hash(data):
        return None
    return Finding(
        path,
        f"{path} was made for another {manifest} than this one; Composer warns of it at every installation.",
        evidence=f"content-hash {written[:12]}..., of this {basename(manifest)}: {composer_hash(data)[:12]}...",
        fix="Run `composer update --lock` and commit the result.",
        severity=Severity.NICE,
        effort_min=5,
        key="hash",
    )
