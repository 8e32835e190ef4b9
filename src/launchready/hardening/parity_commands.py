"""How the repository says it is deployed: its platform files, its Dockerfiles, and every command they run.

A command is known by what it is for: `start` (the running portal), `release` (once a deployment), `build` (making the
image or the bundle), `ci` (a workflow). Files for development are left out; nothing is judged here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from launchready.hardening.deployment_files import compose_kind, is_pipeline, mounts_source, runs
from launchready.hardening.dockerfile import Dockerfile, for_development, is_dockerfile, parse
from launchready.hardening.documents import Shelf, basename, folder_of, join, line_of, place, table, tables, words
from launchready.hardening.parity_tasks import Task, all_tasks, called_tasks

COMMANDS = 5_000
"""Of one repository that are looked at."""
TEXT = 10_000
"""Characters of one command that are looked at."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command and where it stands."""

    text: str
    where: str
    """`path:line`."""
    purpose: str
    """`start`, `release`, `build` or `ci`."""
    source: str
    """The kind of file: `Dockerfile`, `Procfile`, `compose`, `package.json`, a platform's name, `workflow`."""
    folder: str = ""
    """Where it runs, as far as the file says: paths in it are relative to that."""
    through: str = ""
    """The script that the command runs and this line is from; empty when it stands there itself."""
    origin: str = ""
    """Where the command stands that runs the script."""


@dataclass
class Deployment:
    """What the repository says of how it runs in production."""

    commands: list[Command] = field(default_factory=list)
    platforms: dict[str, str] = field(default_factory=dict)
    """By platform, such as `render`: the file that names it."""
    dockerfiles: list[Dockerfile] = field(default_factory=list)
    """Those for production."""
    scripts: dict[str, dict[str, str]] = field(default_factory=dict)
    """By folder: the scripts of its package.json."""
    members: dict[str, str] = field(default_factory=dict)
    """By the name in its package.json: the folder of a package."""
    tasks: list[Task] = field(default_factory=list)
    """What goes by a name in pyproject.toml, Pipfile and Makefiles."""
    budget: int = COMMANDS
    """How many more commands are followed into scripts: a script may run scripts that run scripts."""

    def of(self, *purposes: str) -> list[Command]:
        """The commands for these purposes."""
        return [command for command in self.commands if command.purpose in purposes]

    @property
    def described(self) -> bool:
        """Whether any file says how it is deployed."""
        return bool(self.platforms or self.dockerfiles)

    def add(self, text: object, where: str, purpose: str, source: str, folder: str = "") -> None:
        """Add a command, or each of a list of them."""
        for one in words(text):
            if one.strip() and len(self.commands) < COMMANDS:
                self.commands.append(Command(one.strip()[:TEXT], where, purpose, source, folder))


async def deployment(shelf: Shelf) -> Deployment:
    """Read every file that says how the portal is built, released and started."""
    found = Deployment()
    for path in shelf.named("package.json"):
        data = await shelf.table(path)
        scripts = {name: text for name, text in table(data.get("scripts")).items() if isinstance(text, str)}
        found.scripts[folder_of(path)] = scripts
        if isinstance(name := data.get("name"), str):
            found.members.setdefault(name, folder_of(path))
    found.tasks = await all_tasks(shelf)
    for path in (path for path in shelf.files if is_dockerfile(path)):
        await _dockerfile(shelf, found, path)
    await _procfiles(shelf, found)
    await _render(shelf, found)
    await _toml_platforms(shelf, found)
    await _json_platforms(shelf, found)
    await _yaml_platforms(shelf, found)
    await _compose(shelf, found)
    await _workflows(shelf, found)
    _package_start(shelf, found)
    found.commands = [one for command in found.commands for one in await _followed(shelf, found, command)]
    return found


async def _dockerfile(shelf: Shelf, found: Deployment, path: str) -> None:
    text = await shelf.text(path)
    if text is None:
        return
    file = parse(text, path)
    if for_development(path) or file.final is None:
        return
    found.dockerfiles.append(file)
    folder = folder_of(path)
    for stage in file.used():
        for one in (i for i in stage.instructions if i.keyword == "RUN"):
            found.add(one.command, f"{path}:{one.line}", "build", "Dockerfile", folder)
    entry, command = file.final.last("ENTRYPOINT"), file.final.last("CMD")
    if entry and command:
        # CMD is what ENTRYPOINT is given; a script that ends in `exec "$@"` runs it, so both are looked at.
        found.add(f"{entry.command} {command.command}", f"{path}:{command.line}", "start", "Dockerfile", folder)
    elif started := entry or command:
        found.add(started.command, f"{path}:{started.line}", "start", "Dockerfile", folder)


async def _procfiles(shelf: Shelf, found: Deployment) -> None:
    for path in shelf.named("Procfile"):
        text = await shelf.text(path) or ""
        found.platforms.setdefault("Procfile", path)
        for number, line in enumerate(text.splitlines(), 1):
            process = re.match(r"([\w-]+)\s*:\s*(.+)$", line)
            if process:
                purpose = "release" if process.group(1) == "release" else "start"
                found.add(process.group(2), f"{path}:{number}", purpose, "Procfile", folder_of(path))


async def _render(shelf: Shelf, found: Deployment) -> None:
    for path in shelf.named("render.yaml", "render.yml"):
        data, text = await shelf.table(path), await shelf.text(path) or ""
        found.platforms.setdefault("render", path)
        groups = [
            service for project in tables(data.get("projects")) for service in tables(project.get("environments"))
        ]
        services = [*tables(data.get("services")), *(s for group in groups for s in tables(group.get("services")))]
        for service in services:
            folder = join(folder_of(path), str(service.get("rootDir") or ""))
            for key, purpose in (
                ("startCommand", "start"), ("dockerCommand", "start"), ("buildCommand", "build"),
                ("preDeployCommand", "release"), ("initialDeployHook", "release"),
            ):  # fmt: skip
                found.add(service.get(key), _at(path, text, service, key), purpose, "render", folder)


async def _toml_platforms(shelf: Shelf, found: Deployment) -> None:
    for path in shelf.files:
        if not re.fullmatch(r"fly(\.[\w-]+)?\.toml", basename(path)) or for_development(path):
            continue
        data, text = await shelf.table(path), await shelf.text(path) or ""
        found.platforms.setdefault("fly", path)
        for name, command in table(data.get("processes")).items():
            found.add(command, place(path, text, "processes", name), "start", "fly", folder_of(path))
        release = table(data.get("deploy")).get("release_command")
        found.add(release, place(path, text, "release_command"), "release", "fly", folder_of(path))
        started = table(data.get("experimental")).get("cmd")
        found.add(" ".join(words(started)), place(path, text, "cmd"), "start", "fly", folder_of(path))
    for path in shelf.named("railway.toml", "railway.json"):
        data, text = await shelf.table(path), await shelf.text(path) or ""
        found.platforms.setdefault("railway", path)
        _railway(found, path, data, text)
    for path in shelf.named("nixpacks.toml"):
        data, text = await shelf.table(path), await shelf.text(path) or ""
        found.platforms.setdefault("railway", path)
        start = table(data.get("start")).get("cmd")
        found.add(start, place(path, text, "[start]", "cmd"), "start", "railway", folder_of(path))
        for phase in table(data.get("phases")).values():
            commands = table(phase).get("cmds")
            found.add(commands, place(path, text, "cmds"), "build", "railway", folder_of(path))
    for path in shelf.named("netlify.toml"):
        data, text = await shelf.table(path), await shelf.text(path) or ""
        found.platforms.setdefault("netlify", path)
        build = table(data.get("build")).get("command")
        found.add(build, place(path, text, "command"), "build", "netlify", folder_of(path))
    for path in shelf.named("wrangler.toml", "wrangler.jsonc", "wrangler.json"):
        found.platforms.setdefault("cloudflare", path)


def _railway(found: Deployment, path: str, data: dict[str, Any], text: str) -> None:
    for section, key, purpose in (
        ("deploy", "startCommand", "start"),
        ("deploy", "preDeployCommand", "release"),
        ("build", "buildCommand", "build"),
    ):
        value = table(data.get(section)).get(key)
        found.add(value, place(path, text, key), purpose, "railway", folder_of(path))


async def _json_platforms(shelf: Shelf, found: Deployment) -> None:
    for path in shelf.named("vercel.json"):
        data, text = await shelf.table(path), await shelf.text(path) or ""
        found.platforms.setdefault("vercel", path)
        found.add(data.get("buildCommand"), place(path, text, "buildCommand"), "build", "vercel", folder_of(path))
    for path in shelf.named("app.json"):
        data, text = await shelf.table(path), await shelf.text(path) or ""
        if not ({"formation", "buildpacks", "addons", "stack"} & data.keys()):
            continue
        found.platforms.setdefault("heroku", path)
        scripts = table(data.get("scripts"))
        found.add(scripts.get("postdeploy"), place(path, text, "postdeploy"), "build", "heroku", folder_of(path))


async def _yaml_platforms(shelf: Shelf, found: Deployment) -> None:
    for path in shelf.named("heroku.yml"):
        data, text = await shelf.table(path), await shelf.text(path) or ""
        found.platforms.setdefault("heroku", path)
        for name, run in table(data.get("run")).items():
            command = table(run).get("command") if isinstance(run, dict) else run
            found.add(command, place(path, text, "run:", name), "start", "heroku", folder_of(path))
        released = table(data.get("release")).get("command")
        found.add(released, place(path, text, "release:"), "release", "heroku", folder_of(path))
    for path in shelf.named("app.yaml", "app.yml"):
        data, text = await shelf.table(path), await shelf.text(path) or ""
        if isinstance(data.get("runtime"), str):
            found.platforms.setdefault("appengine", path)
            found.add(data.get("entrypoint"), place(path, text, "entrypoint"), "start", "appengine", folder_of(path))
        elif tables(data.get("services")) and "name" in data:
            found.platforms.setdefault("digitalocean", path)
            _digitalocean(found, path, data, text)
    for path in shelf.named("captain-definition", "Dockerrun.aws.json", "serverless.yml"):
        found.platforms.setdefault(basename(path).partition(".")[0], path)
    for path in shelf.files:
        if path.endswith("config/deploy.yml"):
            found.platforms.setdefault("kamal", path)


def _digitalocean(found: Deployment, path: str, data: dict[str, Any], text: str) -> None:
    for service in (*tables(data.get("services")), *tables(data.get("workers")), *tables(data.get("jobs"))):
        folder = str(service.get("source_dir") or "").strip("/")
        started = "release" if service.get("kind") in ("PRE_DEPLOY", "POST_DEPLOY") else "start"
        for key, purpose in (("run_command", started), ("build_command", "build")):
            found.add(service.get(key), _at(path, text, service, key), purpose, "digitalocean", folder)


async def _compose(shelf: Shelf, found: Deployment) -> None:
    """Compose files named for production; the plain one where nothing else says how the portal runs."""
    plain = not (found.platforms or found.of("start"))
    for path in shelf.files:
        kind = compose_kind(path)
        if kind == "production" or (kind == "plain" and plain):
            data, text = await shelf.table(path), await shelf.text(path) or ""
            for name, service in table(data.get("services")).items():
                if not isinstance(service, dict) or (kind == "plain" and mounts_source(service)):
                    continue
                where = place(path, text, f"{name}:", "command:")
                command = service.get("command")
                line = " ".join(words(command)) if isinstance(command, list) else command
                found.add(line, where, "start", "compose", folder_of(path))
                if kind == "production":
                    found.platforms.setdefault("compose", path)


async def _workflows(shelf: Shelf, found: Deployment) -> None:
    for path in shelf.listing.files:
        if not is_pipeline(path):
            continue
        data, text = await shelf.document(path), await shelf.text(path) or ""
        for command in runs(data):
            first = next((line.strip() for line in command.splitlines() if line.strip()), "")
            found.add(command, f"{path}:{line_of(text, first[:60])}", "ci", "workflow")


def _package_start(shelf: Shelf, found: Deployment) -> None:
    """`npm start` is what platforms run where nothing else is said."""
    if found.of("start") or not found.platforms.keys() & {"heroku", "railway", "appengine", "digitalocean", "render"}:
        return
    for folder, scripts in found.scripts.items():
        if "start" in scripts:
            found.add("npm start", join(folder, "package.json") + ":1", "start", "package.json", folder)


async def _followed(shelf: Shelf, found: Deployment, command: Command, depth: int = 0) -> list[Command]:
    """The command, and what the scripts of package.json and the shell scripts that it runs do."""
    all = [command]
    found.budget -= 1
    if depth > 4 or found.budget < 0:
        return all
    origin = command.origin or command.where
    for folder, name, text in called_scripts(found, command):
        path = join(folder, "package.json")
        where = place(path, await shelf.text(path) or "", '"scripts"', f'"{name}"')
        inner = replace(command, text=text[:TEXT], where=where, folder=folder, through=f"npm run {name}", origin=origin)
        all += await _followed(shelf, found, inner, depth + 1)
    for task in called_tasks(found.tasks, command.text, command.folder):
        if found.budget <= 0:
            break
        where = place(task.path, await shelf.text(task.path) or "", task.name, task.text[:60])
        inner = replace(command, text=task.text[:TEXT], where=where, through=f"the task {task.name}", origin=origin)
        if task.text != command.text:
            all += await _followed(shelf, found, inner, depth + 1)
    if command.purpose == "ci" and depth == 0:
        return all
    for path in _called_files(shelf, command):
        script = await shelf.text(path) or ""
        if len(script) > 65_536:
            continue
        for number, line in enumerate(script.split("\n"), 1):
            bare = line.split(" #")[0].strip()
            if bare and not bare.startswith("#"):
                inner = replace(command, text=bare[:TEXT], where=f"{path}:{number}", through=path, origin=origin)
                all += (
                    [inner]
                    if _called_files(shelf, inner) == [path]
                    else await _followed(shelf, found, inner, depth + 2)
                )
    return all


def called_scripts(found: Deployment, command: Command) -> Iterator[tuple[str, str, str]]:
    """The package.json scripts a command runs: (folder, name, what it does)."""
    for name, elsewhere in _script_calls(command.text):
        folders = [command.folder, *(found.scripts if command.folder not in found.scripts else ())]
        if elsewhere:
            named = [f for n, f in found.members.items() if n == elsewhere or n.endswith(f"/{elsewhere}")]
            folders[:0] = [join(command.folder, elsewhere), *named]
        for folder in folders:
            scripts = found.scripts.get(folder, {})
            if name in scripts and scripts[name] != command.text:
                for step in (f"pre{name}", name, f"post{name}"):
                    if step in scripts:
                        yield folder, step, scripts[step]
                break


def _script_calls(text: str) -> Iterator[tuple[str, str]]:
    """`npm run build`, `yarn dev`, `pnpm --dir web start` as (script, folder); read word by word."""
    words = re.split(r"[\s;&|()]+", text)
    for at, word in enumerate(words):
        if word not in ("npm", "pnpm", "yarn", "bun"):
            continue
        folder, rest = "", iter(words[at + 1 : at + 12])
        for one in rest:
            flag, _, value = one.partition("=")
            if flag in ("--prefix", "--cwd", "-C", "--dir"):
                folder = value or next(rest, "")
            elif flag in ("--filter", "-F", "-w", "--workspace"):
                folder = (value or next(rest, "")).strip("\"'.").removeprefix("/")
            elif one == "workspace" and word == "yarn":
                folder = next(rest, "")
            elif one in ("run", "run-script"):
                continue
            elif not one.startswith("-"):
                yield one, folder
                break


def _called_files(shelf: Shelf, command: Command) -> list[str]:
    """The shell scripts of the repository that a command runs."""
    found: list[str] = []
    for word in re.findall(r"[\w./@-]+", command.text)[:40]:
        name = basename(word)
        if not name or not (name.endswith((".sh", ".bash")) or "entrypoint" in name or "/bin/" in f"/{word}"):
            continue
        mine = [p for p in shelf.files if basename(p) == name and not p.endswith((".py", ".js", ".ts", ".rb", ".php"))]
        tail = word.lstrip("./")
        best = sorted(mine, key=lambda p: (not p.endswith(tail), folder_of(p) != command.folder, p.count("/"), p))
        found += best[:1]
    return list(dict.fromkeys(found))


def _at(path: str, text: str, service: dict[str, Any], key: str) -> str:
    value = words(service.get(key))
    return place(path, text, f"{key}: {value[0][:30].splitlines()[0]}" if value and value[0].strip() else f"{key}:")
