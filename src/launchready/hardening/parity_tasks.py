"""Commands that go by a name elsewhere: tasks of pyproject.toml, Pipfile and Makefiles, and Python files that start
their own server. Read as text and data; nothing is run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from launchready.hardening.development_servers import Server
from launchready.hardening.documents import Shelf, folder_of, join, table, within, words
from launchready.model import Severity

TASKS = 2_000
"""Of one repository that are looked at."""
LINES = 20
"""Commands of one task, and tasks of one command, that are followed."""
_RUNS = re.compile(
    r"(?:^|[\s;&|])(?:poe|poethepoet|pdm run|pdm|pipenv run|hatch run|rye run|taskipy|task|make|gmake|just)\s+"
    r"(?:-C\s+\S+\s+|-s\s+)?(?:\w+:)?([\w.-]+)"
)
_PYTHON = re.compile(r"(?:^|[\s;&|/])python[\d.]*\s+(?:-[uOBIE]\s+)*(-m\s+)?([\w./-]+)")
_FLASK = re.compile(r"^[ \t]*(?:from|import)[ \t]+flask\b", re.MULTILINE)
_OWN = re.compile(r"^[ \t]*(?:app|application|server|create_app\([^()\n]{0,200}\))\.run\(", re.MULTILINE)
_RELOADS = re.compile(r"^[ \t]*uvicorn\.run\([^()]{0,1000}\breload\s*=\s*True\b", re.MULTILINE)
_OTHERS = re.compile(r"\b(?:waitress|gunicorn|gevent|cheroot|hypercorn|bjoern|eventlet|meinheld|tornado|socketio)\b")
FLASK = Server(
    "the server of Flask's app.run()",
    _OWN,
    "a server for development only",
    "Start `gunicorn` or `waitress-serve` with the application's module.",
)
UVICORN = Server(
    "uvicorn.run(reload=True)",
    _RELOADS,
    "which watches the files and restarts the portal when one changes",
    "Start `uvicorn --workers` with the application's module, or take `reload=True` out.",
    Severity.HIGH,
)


@dataclass(frozen=True, slots=True)
class Task:
    """A command with a name."""

    name: str
    text: str
    path: str
    """Of the file that names it."""


async def all_tasks(shelf: Shelf) -> list[Task]:
    """Those of poe, PDM, Hatch, Rye, taskipy, Pipenv, make and just."""
    found: list[Task] = []
    for path in shelf.named("pyproject.toml", "Pipfile"):
        data = await shelf.table(path, "toml")
        tool = table(data.get("tool"))
        tables = [table(data.get("scripts"))] if path.endswith("Pipfile") else []
        tables += [table(table(tool.get(name)).get("tasks")) for name in ("poe", "taskipy")]
        tables += [table(table(tool.get(name)).get("scripts")) for name in ("pdm", "rye")]
        environments = table(table(tool.get("hatch")).get("envs"))
        tables += [table(table(one).get("scripts")) for one in environments.values()]
        for name, value in ((name, value) for one in tables for name, value in one.items()):
            given = value.get("cmd", value.get("shell")) if isinstance(value, dict) else value
            line = " ".join(words(given))
            found += [Task(name, line, path)] if line else []
    for path in shelf.named("Makefile", "GNUmakefile", "justfile"):
        text = (await shelf.text(path) or "")[:100_000]
        found += [Task(name, line, path) for name, line in islice(_recipes(text), TASKS)]
    return found[:TASKS]


def _recipes(text: str) -> Iterator[tuple[str, str]]:
    name = ""
    for line in text.split("\n"):
        if head := re.match(r"([\w.-]{1,100})[^=\n:]{0,200}:(?!=)", line):
            name = head[1]
        elif name and line[:1] in ("\t", " ") and line.strip(" \t@-"):
            yield name, line.strip(" \t@-")


def called_tasks(tasks: list[Task], text: str, folder: str) -> list[Task]:
    """The tasks that a command runs, of the nearest folder that has some of this name."""
    found: list[Task] = []
    for name in list(dict.fromkeys(_RUNS.findall(text)))[:LINES]:
        mine = [task for task in tasks if task.name == name and within(folder, folder_of(task.path))]
        nearest = max((len(folder_of(task.path)) for task in mine), default=0)
        found += [task for task in mine if len(folder_of(task.path)) == nearest][:LINES]
    return found[:LINES]


async def own_server(shelf: Shelf, command: str, folder: str) -> tuple[Server, str] | None:
    """The development server that a Python file starts which the command runs, and the file's `path:line`."""
    for module, word in _PYTHON.findall(command[:2_000]):
        path = _python_file(shelf, word.replace(".", "/") if module else word, folder)
        text = await shelf.text(path) or "" if path else ""
        if _OTHERS.search(text):  # the file chooses its server, and is believed to choose rightly
            continue
        for server, ready in ((FLASK, bool(_FLASK.search(text))), (UVICORN, True)):
            if ready and (hit := server.pattern.search(text)):
                return server, f"{path}:{text.count(chr(10), 0, hit.start()) + 1}"
    return None


def _python_file(shelf: Shelf, word: str, folder: str) -> str:
    stem = word.removesuffix(".py").lstrip("./")
    names = (f"{stem}.py", f"{stem}/__main__.py")
    places = (folder, join(folder, "src"), "", "src")
    wanted = [join(place, name) for place in places for name in names]
    return next((path for path in wanted if path in shelf.files), "")
