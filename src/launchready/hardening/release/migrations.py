"""Migrations that the code brings, by the files of each tool: nothing is executed, no table is asked.

What of them is applied is in the tool's own table (`probes/database.py: BOOKS`); the two are put together here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from launchready.hardening.release.reversibility import Irreversible, read
from launchready.probes.database import Applied

DJANGO = re.compile(r"(?:^|/)([^/]+)/migrations/(\d{4}_\w+|[a-z]\w*_initial)\.py$")
ALEMBIC = re.compile(r"(?:^|/)versions/[^/]+\.py$")
RAILS = re.compile(r"(?:^|/)db/migrate/(\d{10,17})_\w+\.rb$")
PRISMA = re.compile(r"(?:^|/)prisma/(?:[^/]+/)?migrations/([^/]+)/migration\.sql$")
LARAVEL = re.compile(r"(?:^|/)database/migrations/(\d{4}_\d\d_\d\d_\d{6}_\w+)\.php$")
FLYWAY = re.compile(r"(?:^|/)db/migrations?/(?:[^/]+/)*V([\d._]+)__[^/]+\.sql$")
TEXT_NEEDED = (ALEMBIC, DJANGO)
"""Files whose content says what they are; of the others the name is enough."""
NAMES = {
    "django": "Django",
    "alembic": "Alembic",
    "rails": "Rails",
    "prisma": "Prisma",
    "laravel": "Laravel",
    "flyway": "Flyway",
}


_REVISION = r"""^revision(?:\s*:[^=\n]{1,40})?\s*=\s*["']([\w-]+)["']"""
_PATTERNS = {"rails": RAILS, "prisma": PRISMA, "laravel": LARAVEL, "flyway": FLYWAY}


@dataclass(frozen=True, slots=True)
class Standing:
    """How code and database stand to each other, by one tool."""

    tool: str
    pending: tuple[str, ...] = ()
    """Brought by the code, not applied."""
    unknown: tuple[str, ...] = ()
    """Applied, and not in the code: the database is ahead of it."""
    failed: tuple[str, ...] = ()
    """Begun, and not ended well."""
    heads: tuple[str, ...] = ()
    """More than one end of the chain: nobody can tell what comes next (Alembic)."""
    applied: int = 0
    files: Mapping[str, str] = field(default_factory=dict)
    """By name: the path of the file that brings it."""


_Reader = Callable[[Mapping[str, str], tuple[Applied, ...]], Standing | None]


def wanted(path: str) -> bool:
    """Whether a file is a migration of one of the tools."""
    return path.endswith("/apps.py") or any(
        pattern.search(path) for pattern in (DJANGO, ALEMBIC, RAILS, PRISMA, LARAVEL, FLYWAY)
    )


def needs_text(path: str) -> bool:
    """Whether its content has to be read."""
    return path.endswith("/apps.py") or any(pattern.search(path) for pattern in TEXT_NEEDED)


def stand(tool: str, files: Mapping[str, str], applied: Iterable[Applied], installed: str = "") -> Standing | None:
    """Compare; None when the code holds no migration of the tool.

    `files` are migrations by path with their text (empty where the name is enough). `installed` is the text of Django's
    settings: an app that they do not name is not in use, and neither are its migrations.
    """
    found = _django(files, tuple(applied), installed) if tool == "django" else _READERS[tool](files, tuple(applied))
    return replace(found, files=_places(tool, files)) if found else None


def irreversible(texts: Mapping[str, str]) -> list[Irreversible]:
    """Steps that lose something or that nothing takes back, of migrations by path with their text."""
    found: list[Irreversible] = []
    for path, text in texts.items():
        if RAILS.search(path):
            found += _in_lines(path, text, _RAILS_LOSES, _RAILS_ENDS)
        elif LARAVEL.search(path):
            found += _in_lines(path, text.partition("function down")[0], _LARAVEL_LOSES)
            if not re.search(r"function\s+down\s*\([^)]*\)[^{]*\{\s*[^\s}]", text):
                found.append(Irreversible(path, 1, "down() does nothing"))
        else:
            found += read(path, text)
    return found


_RAILS_LOSES = re.compile(r"^\s*(?:t\.)?(remove_column|remove_columns|drop_table|drop_join_table|remove_reference)\b")
_RAILS_ENDS = re.compile(r"^\s*def\s+down\b")
_LARAVEL_LOSES = re.compile(r"(?:->|::)(dropColumn|dropColumns|drop|dropIfExists|dropMorphs)\s*\(")


def _in_lines(
    path: str, text: str, loses: re.Pattern[str], ends: re.Pattern[str] | None = None
) -> Iterable[Irreversible]:
    """Lines of the way up that lose something."""
    for number, line in enumerate(text.splitlines(), 1):
        if ends and ends.search(line):
            return
        if line.lstrip().startswith(("#", "//")):
            continue
        if "IrreversibleMigration" in line:
            yield Irreversible(path, number, "says of itself that it cannot be taken back")
        elif found := loses.search(line):
            yield Irreversible(path, number, f"{found[1]} loses what it holds")


def _places(tool: str, files: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path, text in files.items():
        if tool == "django" and (match := DJANGO.search(path)):
            found[f"{_label(match[1], path, files)}.{match[2]}"] = path
        elif tool == "alembic" and (match := re.search(_REVISION, text, re.MULTILINE)):
            found[match[1]] = path
        elif tool in _PATTERNS and (match := _PATTERNS[tool].search(path)):
            found[_canonical(tool, match[1])] = path
    return found


def _django(files: Mapping[str, str], applied: tuple[Applied, ...], installed: str = "") -> Standing | None:
    """By app and name; squashed ones stand for what they replace (https://docs.djangoproject.com/en/5.2/topics/migrations/)."""
    brought: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for path, text in files.items():
        found = DJANGO.search(path)
        if found and "migrations.Migration" in text:
            app, name = found[1], found[2]
            label = _label(app, path, files)
            if not installed or re.search(rf"""["'](?:[\w.]+\.)?{re.escape(app)}(?:\.[\w.]+)?["']""", installed):
                brought[label, name] = set(_replaced(text))
    if not brought:
        return None
    done = {(row.name, row.detail) for row in applied}
    replaced = {pair: squash for squash, pairs in brought.items() for pair in pairs}
    pending = [
        pair
        for pair, pairs in brought.items()
        if pair not in done and not (pairs and pairs <= done) and replaced.get(pair) not in done
    ]
    apps = {app for app, _ in brought}
    known = set(brought) | set(replaced)
    # Rows of migrations that were squashed away stay in the table; only what comes after the last known is ahead.
    last = {app: max(name for label, name in brought if label == app) for app in apps}
    unknown = [pair for pair in done if pair[0] in apps and pair not in known and pair[1] > last[pair[0]]]
    return Standing("django", _dotted(pending), _dotted(unknown), applied=len(done & known))


def _label(app: str, path: str, files: Mapping[str, str]) -> str:
    """The label an app gives itself in its apps.py, else the name of its folder."""
    text = files.get(path.rpartition("/migrations/")[0] + "/apps.py", "")
    found = re.search(r"""^\s+label\s*(?::[^=\n]{1,40})?=\s*["'](\w+)["']""", text, re.MULTILINE)
    return found[1] if found else app


def _replaced(text: str) -> Iterable[tuple[str, str]]:
    block = re.search(r"^\s*replaces\s*=\s*\[(.*?)\]", text, re.DOTALL | re.MULTILINE)
    for pair in re.finditer(r"""\(\s*["'](\w+)["']\s*,\s*["'](\w+)["']""", block[1] if block else ""):
        yield pair[1], pair[2]


def _alembic(files: Mapping[str, str], applied: tuple[Applied, ...]) -> Standing | None:
    """The table holds the heads only, the files the chain (https://alembic.sqlalchemy.org/en/latest/tutorial.html)."""
    before: dict[str, set[str]] = {}
    folder: dict[str, str] = {}
    for path, text in files.items():
        revision = re.search(_REVISION, text, re.MULTILINE)
        if not ALEMBIC.search(path) or not revision:
            continue
        down = re.search(r"^down_revision(?:\s*:[^=\n]{1,60})?\s*=\s*(.+(?:\n\s+.+)*)", text, re.MULTILINE)
        before[revision[1]] = set(re.findall(r"""["']([\w-]+)["']""", down[1].split("\n\n")[0])) if down else set()
        folder[revision[1]] = path.rpartition("/")[0]
    if not before:
        return None
    at = {row.name for row in applied}
    before = _of_this_database(before, folder, at)
    heads = sorted(set(before) - {parent for parents in before.values() for parent in parents})
    reached, todo = set[str](), [name for name in at if name in before]
    while todo:
        name = todo.pop()
        if name in before and name not in reached:
            reached.add(name)
            todo += before[name]
    pending = sorted(set(before) - reached)
    unknown = sorted(at - set(before))
    return Standing(
        "alembic", tuple(pending), tuple(unknown), heads=tuple(heads) if len(heads) > 1 else (), applied=len(reached)
    )


def _of_this_database(before: dict[str, set[str]], folder: Mapping[str, str], at: set[str]) -> dict[str, set[str]]:
    """The chain that the database is in, where the code brings chains for several databases.

    Folders whose files follow one another are one chain. Where nothing of any is applied, the longest stands for all.
    """
    chains: list[set[str]] = []
    for place in dict.fromkeys(folder.values()):
        names = {name for name in before if folder[name] == place}
        linked = names | {parent for name in names for parent in before[name]}
        apart = [chain for chain in chains if not chain & linked]
        chains = [*apart, linked.union(*(chain for chain in chains if chain & linked))]
    if len(chains) == 1:
        return before
    used = [chain for chain in chains if chain & at] or ([] if at else [max(chains, key=len)])
    kept = set().union(*used) if used else set(before)
    return {name: parents for name, parents in before.items() if name in kept}


def _by_name(tool: str, pattern: re.Pattern[str]) -> _Reader:
    def read(files: Mapping[str, str], applied: tuple[Applied, ...]) -> Standing | None:
        brought = {_canonical(tool, found[1]) for path in files if (found := pattern.search(path))}
        if not brought:
            return None
        done = {_canonical(tool, row.name) for row in applied if row.done and row.name}
        failed = sorted(row.name for row in applied if not row.done)
        pending = sorted(brought - done - {_canonical(tool, name) for name in failed}, key=_natural)
        if tool == "flyway":  # it passes over all up to the baseline of a database that was there before it
            base = max(
                (_natural(_canonical(tool, row.name)) for row in applied if row.baseline and row.name), default=()
            )
            pending = [name for name in pending if _natural(name) > base]
        unknown = sorted(done - brought, key=_natural)
        # Old files are deleted once a schema is dumped, and Flyway's table tells of a baseline too.
        latest = max(map(_natural, brought))
        unknown = [name for name in unknown if name[:1].isdigit() and _natural(name) > latest]
        return Standing(tool, tuple(pending), tuple(unknown), tuple(failed), applied=len(done & brought))

    return read


def _canonical(tool: str, name: str) -> str:
    """Flyway takes V1_2 for 1.2 and V01 for 1."""
    return re.sub(r"(?<!\d)0+(?=\d)", "", name.replace("_", ".")) if tool == "flyway" else name


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(part), "") if part.isdigit() else (0, part) for part in re.split(r"[._-]", name))


def _dotted(pairs: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(sorted(f"{app}.{name}" for app, name in pairs))


_READERS: dict[str, _Reader] = {
    "django": _django,
    "alembic": _alembic,
    "rails": _by_name("rails", RAILS),
    "prisma": _by_name("prisma", PRISMA),
    "laravel": _by_name("laravel", LARAVEL),
    "flyway": _by_name("flyway", FLYWAY),
}
