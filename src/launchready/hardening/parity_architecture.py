"""Whether what is built runs on the processor and the system that production has."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

from launchready.gate import check
from launchready.hardening.dependencies import requirements
from launchready.hardening.deployment_files import WORKFLOWS, compose_kind, is_pipeline
from launchready.hardening.dockerfile import Dockerfile
from launchready.hardening.documents import (
    LOCK_BYTES,
    Shelf,
    basename,
    counted,
    line_of,
    open_shelf,
    place,
    table,
    tables,
    words,
)
from launchready.hardening.parity_commands import Deployment, deployment
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.look import Look
from launchready.redaction import without_secrets

AMD64 = {
    "fly": "Fly.io", "heroku": "Heroku", "render": "Render", "railway": "Railway", "appengine": "App Engine",
    "digitalocean": "DigitalOcean", "Procfile": "the platform",
}  # fmt: skip
"""Platforms whose machines are amd64 (x86-64): their own documentation, November 2026."""
_ARM = re.compile(r"\barm64|aarch64|\barm/v\d|arm64v8|arm32v\d")
_MAC_ONLY = re.compile(r"pyobjc(-.*)?|tensorflow-(macos|metal)|mlx-metal|applescript|py-?applescript")
_WINDOWS_ONLY = re.compile(r"pywin32|pypiwin32|pywin32-ctypes-legacy|wmi|winshell|windows-curses")
_BUILDS = re.compile(r"\bdocker\s+(buildx\s+)?build\b|docker\s+compose\s+build|\bbuildah\b|\bkaniko\b")


@check(
    "parity.architecture",
    Stage.HARDENING,
    roadmap="C3",
    severity=Severity.HIGH,
    effort=20,
    reference="https://docs.docker.com/build/building/multi-platform/",
    needs="repository",
)
async def architecture(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """What is built or locked is for another processor or system than production has.

    Why: the image ends with "exec format error", or the build with a module that cannot be found, on the server only:
    on the laptop that made it, everything works.

    Fix: build for the server (`docker build --platform linux/amd64`), and lock the dependencies for Linux as well.

    Looked at are `--platform` of the final stage and of compose, base images that name a processor, and workflows on
    ARM runners, against platforms whose machines are known to be amd64; package-lock.json files without the Linux
    binaries of a package that has one a system (npm/cli#4828: rollup, esbuild, sharp, ...); Gemfile.lock files without
    a Linux platform; and requirements that exist for macOS or Windows only.
    """
    shelf = await open_shelf(look)
    if isinstance(shelf, NotChecked):
        yield shelf
        return
    found = await deployment(shelf)
    rows: list[Row] = [*_images(found), *await _compose(shelf, found), *await _workflows(shelf, found)]
    for path in shelf.named("package-lock.json", "npm-shrinkwrap.json"):
        rows += _npm(path, await shelf.table(path, "json", LOCK_BYTES))
    for path in shelf.named("Gemfile.lock"):
        rows += _gems(path, await shelf.text(path, LOCK_BYTES) or "")
    for path in shelf.named("requirements.txt"):
        rows += await _wheels(shelf, path)
    for row in rows:
        yield row
    for complaint in shelf.complaints():
        yield complaint
    if not any(isinstance(row, Finding) for row in rows):
        hosts = ", ".join(dict.fromkeys(AMD64[name] for name in found.platforms if name in AMD64))
        locks = len(shelf.named("package-lock.json", "Gemfile.lock", "requirements.txt"))
        yield Passed(
            "architecture",
            f"{counted(len(found.dockerfiles), 'Dockerfile')}, {counted(locks, 'list')} of dependencies: "
            "nothing for another system" + (f" than amd64 of {hosts}" if hosts else ""),
        )


def _host(found: Deployment) -> str:
    return next((AMD64[name] for name in found.platforms if name in AMD64), "")


def _images(found: Deployment) -> Iterator[Row]:
    host = _host(found)
    for file in found.dockerfiles:
        for where, said in _final_platform(file):
            if not _ARM.search(said):
                continue
            if host:
                yield Finding(
                    where,
                    f"The image is made for ARM ({said}); the machines of {host} are amd64, it will not start there.",
                    fix="Take the platform out of FROM, and build with `--platform linux/amd64` where you need to.",
                    key="image",
                )
            else:
                yield NotChecked(
                    where, f"the image is made for {said}; nothing says what the server's processor is",
                    "commit the platform's file, or take the platform out of FROM",
                )  # fmt: skip


def _final_platform(file: Dockerfile) -> Iterator[tuple[str, str]]:
    for stage in file.final.lineage() if file.final else ():
        if stage.platform and "$" not in stage.platform:
            yield f"{file.path}:{stage.line}", stage.platform
        elif stage.image and _ARM.search(f"{stage.image.name} {stage.image.tag}"):
            yield f"{file.path}:{stage.line}", stage.base


async def _compose(shelf: Shelf, found: Deployment) -> list[Row]:
    host = _host(found)
    rows: list[Row] = []
    for path in (path for path in shelf.files if compose_kind(path) == "production"):
        data, text = await shelf.table(path), await shelf.text(path) or ""
        for name, service in table(data.get("services")).items():
            said = table(service).get("platform")
            if host and isinstance(said, str) and _ARM.search(said):
                where = place(path, text, f"{name}:", "platform:")
                problem = f"The service {name} is made for {said}; the machines of {host} are amd64."
                rows.append(Finding(where, problem, key=f"compose {name}"))
    return rows


async def _workflows(shelf: Shelf, found: Deployment) -> list[Row]:
    """Images that are built on an ARM runner, or for ARM only, and go to amd64 machines."""
    host = _host(found)
    rows: list[Row] = []
    for path in shelf.listing.files if host and found.dockerfiles else ():
        if not (is_pipeline(path) and path.startswith(WORKFLOWS)):
            continue
        data, text = await shelf.table(path), await shelf.text(path) or ""
        for name, job in table(data.get("jobs")).items():
            said = _built_for(table(job))
            if said and _ARM.search(said.replace("-arm", "-arm64")) and "amd64" not in said:
                problem = f"The workflow builds the image for ARM ({said}); the machines of {host} are amd64."
                fix = "Build on an amd64 runner, or name `platforms: linux/amd64` (with docker/setup-qemu-action)."
                rows.append(
                    Finding(f"{path}:{line_of(text, f'{name}:', 'runs-on')}", problem, fix=fix, key=f"job {name}")
                )
    return rows


def _built_for(job: dict[str, Any]) -> str:
    """The platforms a job builds its image for: as it says, else its runner's; empty when it builds and sends none."""
    runner = " ".join(words(job.get("runs-on")))
    for step in tables(job.get("steps")):
        settings, run = table(step.get("with")), str(step.get("run", ""))
        if str(step.get("uses", "")).startswith(("docker/build-push-action", "docker/bake-action")):
            if str(settings.get("push", "")).lower() in ("false", "") and "outputs" not in settings:
                continue
            return str(settings.get("platforms") or runner)
        if _BUILDS.search(run):
            named = re.search(r"--platform[= ](\S+)", run)
            return named.group(1) if named else runner
    return ""


def _npm(path: str, data: dict[str, Any]) -> Iterator[Row]:
    packages = table(data.get("packages"))
    names = {key.rpartition("node_modules/")[2] for key in packages if "node_modules/" in key}
    for key, entry in packages.items():
        variants = [name for name in table(table(entry).get("optionalDependencies")) if _SYSTEM.search(name)]
        linux = [name for name in variants if re.search(r"linux", name) and re.search(r"x64|64$", name)]
        others = sorted(name for name in variants if name in names and "linux" not in name)
        if linux and others and not any(name in names for name in variants if "linux" in name):
            package = key.rpartition("node_modules/")[2] or basename(path)
            yield Finding(
                path,
                f"{path} has the binaries of {package} for {_systems(others)} only: the build fails on Linux.",
                evidence=f"locked: {', '.join(others[:3])}; missing: {', '.join(sorted(linux)[:2])}",
                fix="Delete node_modules and package-lock.json together, run `npm install`, and commit the new file.",
                reference="https://github.com/npm/cli/issues/4828",
                key=package,
            )


_SYSTEM = re.compile(r"(darwin|linux|win32|windows|freebsd|android)[-_]")


def _systems(names: list[str]) -> str:
    found = [
        said
        for word, said in (("darwin", "macOS"), ("win32", "Windows"), ("windows", "Windows"))
        if word in " ".join(names)
    ]
    return " and ".join(dict.fromkeys(found)) or "another system"


def _gems(path: str, text: str) -> Iterator[Row]:
    section = re.search(r"^PLATFORMS\n((?:[ \t]+\S+\n?)+)", text, re.MULTILINE)
    if section is None:
        return
    platforms = section.group(1).split()
    if platforms and not any("linux" in one or one == "ruby" for one in platforms):
        yield Finding(
            f"{path}:{text.count(chr(10), 0, section.start()) + 1}",
            f"{path} is locked for {', '.join(platforms[:3])} only: Bundler refuses to install it on Linux.",
            fix="Run `bundle lock --add-platform x86_64-linux` and commit the result.",
            paste="bundle lock --add-platform x86_64-linux",
            effort_min=5,
            key="platforms",
        )


async def _wheels(shelf: Shelf, path: str) -> list[Row]:
    rows: list[Row] = []
    for wanted in await requirements(shelf, path):
        if re.match(r"(file:/)?//?[/\w]", wanted.spec) and "file:" in wanted.spec:
            problem = f"{wanted.name} is installed from a folder of the machine that {basename(path)} was written on."
            fix = "Name the release instead: `pip list --format=freeze` writes names and versions."
            rows.append(
                Finding(
                    wanted.where,
                    problem,
                    evidence=without_secrets(wanted.spec)[:120],
                    fix=fix,
                    effort_min=5,
                    key=wanted.name,
                )
            )
            continue
        system = ""
        if _MAC_ONLY.fullmatch(wanted.name) or re.search(r"macosx_\d+", wanted.spec):
            system = "macOS"
        elif _WINDOWS_ONLY.fullmatch(wanted.name) or re.search(r"-win(32|_amd64)\.whl", wanted.spec):
            system = "Windows"
        if system and not wanted.conditional:
            marker = "darwin" if system == "macOS" else "win32"
            problem = f"{wanted.name} exists for {system} only, so installing {basename(path)} fails on the server."
            paste = "" if wanted.elsewhere else f'{wanted.name}{wanted.spec} ; sys_platform == "{marker}"'
            fix = (
                "Take it out, or install it on that system only."
                if wanted.elsewhere
                else "Install it on that system only."
            )
            rows.append(Finding(wanted.where, problem, fix=fix, paste=paste, effort_min=5, key=wanted.name))
    return rows
