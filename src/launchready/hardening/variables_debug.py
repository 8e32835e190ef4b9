"""The check of debug modes that are on in production: in the code, in defaults, in what production's files set."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from pathlib import PurePosixPath

from launchready.gate import check
from launchready.hardening.dockerfile import instructions
from launchready.hardening.variables import PRODUCTION, taken
from launchready.hardening.variables_debug_code import Flag, python_flags
from launchready.hardening.variables_model import Environment, Inventory, Need, Scope
from launchready.hardening.variables_places import is_others, scope_of
from launchready.hardening.variables_platforms import role
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.look import Look

FLAGS = re.compile(r"(?:\w+_)?DEBUG\Z|(?:DJANGO|FLASK|APP|WP|LARAVEL)_DEBUG\Z|DEBUG_MODE\Z|DEBUGGER\Z")
MODES = {
    "NODE_ENV": {"development", "dev"},
    "FLASK_ENV": {"development"},
    "RAILS_ENV": {"development"},
    "RACK_ENV": {"development"},
    "APP_ENV": {"local", "dev", "development"},
    "GIN_MODE": {"debug"},
    "DJANGO_ENV": {"development", "dev", "local"},
    "SYMFONY_ENV": {"dev"},
    "ASPNETCORE_ENVIRONMENT": {"development"},
}
"""Variables that choose the mode of a framework, and the values that are not for production."""
_OF_PARITY = ("NODE_ENV", "RAILS_ENV", "RACK_ENV", "FLASK_ENV")
"""Of an image, `parity.development_server` tells these."""
_ON = frozenset({"1", "true", "yes", "on", "y", "t", "enabled"})
_INLINE = re.compile(r"(?<![\w$])([A-Z][A-Z0-9_]+)=([\w.]+)")
_WORDPRESS = re.compile(r"""(?im)^(?!\s*(?://|#|\*)).*?define\(\s*['"]WP_DEBUG['"]\s*,\s*true\s*\)""")
_RAILS = re.compile(r"(?m)^(?!\s*#)\s*config\.consider_all_requests_local\s*=\s*true\b")
_GIN = re.compile(r"(?m)^(?!\s*//).*\bgin\.SetMode\(\s*(?:gin\.DebugMode|\"debug\")\s*\)")


@check(
    "variables.debug",
    Stage.HARDENING,
    roadmap="C1 C8 M3",
    severity=Severity.BLOCKER,
    effort=10,
    reference="https://docs.djangoproject.com/en/stable/howto/deployment/checklist/#debug",
    needs="repository",
)
async def debug(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A debug mode is on in production.

    Why: the first error shows the buyer the source code, the settings and sometimes a console on the server, instead
    of a page that says sorry; and pages are slower.

    Fix: read the flag from the environment with "off" as the default, and set it on developers' machines only.

    Found are `DEBUG = True` in Django's settings where no settings of production turn it off, defaults that are on
    while production does not set the variable, text taken for a truth value (`bool(os.environ.get("DEBUG", "False"))`
    is always on), debug arguments of Flask, FastAPI and Starlette outside of `if __name__ == "__main__"`, WP_DEBUG,
    Rails' detailed errors, Gin's debug mode, and flags and modes that production's files and start commands set. What
    mode an image runs in, and development servers, are found by `parity.development_server`. Node's `DEBUG=app:*`
    chooses log lines and is fine.
    """
    found = await taken(portal, look)
    if isinstance(found, NotChecked):
        yield found
        return
    assert look.repository is not None  # noqa: S101 - these checks need a repository
    files = await look.repository.files()
    if isinstance(files, Failure):
        yield NotChecked(portal.domain, f"the repository could not be read: {files}", "name its folder with --repo")
        return
    rows = {
        row.subject: row for row in reversed([*_set(found), *_defaults(found), *await _written(look, files, found)])
    }
    for row in sorted(rows.values(), key=lambda row: row.subject):
        yield row
    if not rows:
        yield Passed(PRODUCTION, "no debug mode is on in the code or in what is known of its variables")


def is_on(name: str, value: str) -> bool:
    """Whether a variable of this name turns a debug mode on with this value."""
    if name in MODES:
        return value.strip().lower() in MODES[name]
    return bool(FLAGS.match(name)) and value.strip().lower() in _ON


def _set(found: Inventory) -> Iterable[Finding]:
    environment = found.environments.get(PRODUCTION)
    for entry in environment.declared.values() if environment else ():
        parity = entry.kind == "image" and entry.name in _OF_PARITY
        if entry.value is not None and not parity and is_on(entry.name, entry.value):
            yield Finding(
                entry.place,
                f"Production runs with {entry.name}={entry.value[:20]}.",
                evidence=entry.place,
                key=entry.name,
            )


def _defaults(found: Inventory) -> Iterable[Finding]:
    environment = found.environments.get(PRODUCTION, Environment(PRODUCTION))
    for variable in found.variables.values():
        if environment.holds(variable.name):
            continue
        for read in variable.runtime:
            # That a mode is "development" unless told otherwise is how Rails and Express start; servers tell them.
            flag = read.need is Need.DEFAULT and variable.name not in MODES
            if flag and is_on(variable.name, read.default or ""):
                yield Finding(
                    read.place,
                    f"{variable.name} is {read.default} unless it is set, and production does not set it.",
                    evidence=f"{read.place}: default {read.default}",
                    key=variable.name,
                )


async def _written(look: Look, files: tuple[str, ...], found: Inventory) -> list[Finding]:
    assert look.repository is not None  # noqa: S101 - these checks need a repository
    rows: list[Finding] = []
    flags: list[tuple[str, Flag]] = []
    for path in files:
        if is_others(path) or not _of_interest(path) or scope_of(path) is not Scope.RUNTIME:
            continue
        text = await look.repository.text(path)
        if isinstance(text, Failure):
            continue
        if path.endswith(".py"):
            if "DEBUG" in text or "debug" in text:
                flags += [(path, flag) for flag in python_flags(path, text, _production_value(found))]
        else:
            rows += _plain(path, text)
    off = [PurePosixPath(path) for path, flag in flags if not flag.on and flag.settings]
    for path, flag in flags:
        if flag.on and (flag.always or not any(_overrides(other, PurePosixPath(path)) for other in off)):
            rows.append(Finding(f"{path}:{flag.line}", flag.says, evidence=flag.code, key=flag.key))
    return rows


def _overrides(other: PurePosixPath, base: PurePosixPath) -> bool:
    """Whether settings that turn it off are production's, beside those that turn it on or one folder below."""
    near = base.parent in (other.parent, other.parent.parent)
    common = base.stem in ("base", "common", "default", "defaults", "__init__")
    return near and (role(other.stem) == PRODUCTION or (common and role(base.stem) != PRODUCTION))


def _production_value(found: Inventory) -> dict[str, str | None]:
    environment = found.environments.get(PRODUCTION)
    return {d.name: d.value for d in environment.declared.values()} if environment else {}


def _of_interest(path: str) -> bool:
    name = PurePosixPath(path).name
    return name.startswith(("Procfile", "wp-config")) or name == "package.json" or path.endswith(
        (".py", ".go", "environments/production.rb", "ockerfile")
    )  # fmt: skip


def _plain(path: str, text: str) -> Iterable[Finding]:
    """What other files than Python's turn on."""
    name = PurePosixPath(path).name
    for pattern, when, says in (
        (_WORDPRESS, name.startswith("wp-config"), "WP_DEBUG is on: WordPress shows its errors to visitors."),
        (_RAILS, name == "production.rb", "Rails shows its detailed error pages in production."),
        (_GIN, path.endswith(".go"), "Gin is set to debug mode in the code."),
    ):
        if when and (match := pattern.search(text)):
            line = text.count("\n", 0, match.end()) + 1
            yield Finding(f"{path}:{line}", says, evidence=match[0].strip()[:120], key="code")
    for line, command in _commands(name, text):
        on = [f"{n}={v}" for n, v in _INLINE.findall(command) if is_on(n, v)]
        if on:
            yield Finding(
                f"{path}:{line}",
                f"The start command sets {on[0]}.",
                evidence=command[:120],
                key=on[0].partition("=")[0],
            )


def _commands(name: str, text: str) -> Iterable[tuple[int, str]]:
    """The commands that start the portal in production."""
    if name.startswith("Procfile") and not re.search(r"dev|local|test", name):
        for number, row in enumerate(text.splitlines(), 1):
            kind, colon, command = row.partition(":")
            if colon and kind.strip() in ("web", "worker", "release"):
                yield number, command.strip()
    elif name == "package.json":
        match = re.search(r'"(?:start|start:prod|serve:prod)"\s*:\s*"((?:[^"\\]|\\.)*)"', text)
        if match:
            yield text.count("\n", 0, match.start()) + 1, match[1]
    elif name.endswith("ockerfile"):
        yield from ((one.line, one.command) for one in instructions(text) if one.keyword in ("CMD", "ENTRYPOINT"))
