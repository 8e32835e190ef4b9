"""Migrations of a release that cannot be taken back, read from their files: nothing is executed.

Looked at are the files that come with the release (by git, from the commit that is live): Django's migrations, by
their syntax tree (https://docs.djangoproject.com/en/5.2/ref/migration-operations/), Alembic's, and files of SQL.
What cannot be told is said to be unknown, never fine.
"""

from __future__ import annotations

import ast
import re
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from launchready.probes.python_syntax import parsed

MOST_FILES, MOST_BYTES = 400, 512 * 1024
EXPAND_AND_CONTRACT = (
    "Expand first: release a version that adds what is new and works with old and new. "
    "Contract later: when that version is proven and no rollback to the old one is wanted, release the removal."
)
_PATHS = re.compile(r"(^|/)(migrations|versions|migrate)/|\.sql$")


@dataclass(frozen=True, slots=True)
class Irreversible:
    """One step of a migration that loses something, or that nothing can take back."""

    path: str
    line: int
    what: str


def irreversible(folder: Path, live: str, new: str, *, first: bool) -> list[Irreversible]:
    """Those between two commits; none before the first release, for there is nothing to go back to."""
    if first:
        return []
    if not live or not new:
        return [Irreversible("", 0, "without git nobody can tell which migrations this release brings")]
    names = _git(folder, "diff", "--name-only", "--relative", "--diff-filter=AM", "-z", live, new, "--", ".")
    if names is None:
        return [Irreversible("", 0, f"git does not know {live[:12]}, so nobody can tell which migrations are new")]
    found: list[Irreversible] = []
    paths = [path for path in names.split("\0") if path and _PATHS.search(path)]
    for path in paths[:MOST_FILES]:
        text = _git(folder, "show", f"{new}:./{path}")
        if text is None or len(text) > MOST_BYTES:
            found.append(Irreversible(path, 0, "cannot be read"))
        else:
            found += read(path, text)
    return found


def read(path: str, text: str) -> list[Irreversible]:
    """What one file has that cannot be undone."""
    if path.endswith(".sql"):
        return [] if re.search(r"(^|[/._-])down([._-]|$)", path) else _sql(path, text)
    if not path.endswith(".py") or path.endswith("__init__.py"):
        return []
    try:
        tree = parsed(text)
    except (SyntaxError, ValueError, RecursionError):
        return [Irreversible(path, 0, "cannot be read as Python")]
    return [*_django(path, tree), *_alembic(path, tree)]


_LOSES = {"RemoveField": "drops a column and what it holds", "DeleteModel": "drops a table and what it holds"}


def _django(path: str, tree: ast.Module) -> list[Irreversible]:
    found = []
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        given = {word.arg for word in call.keywords}
        if name in _LOSES:
            found.append(
                Irreversible(path, call.lineno, f"{name} {_LOSES[name]}: taking it back does not bring it back")
            )
        elif name == "RunPython" and len(call.args) < 2 and "reverse_code" not in given:
            found.append(Irreversible(path, call.lineno, "RunPython has no reverse_code"))
        elif name == "RunSQL" and len(call.args) < 2 and "reverse_sql" not in given:
            found.append(Irreversible(path, call.lineno, "RunSQL has no reverse_sql"))
        if name == "RunSQL":
            parts = [*call.args[:1], *(word.value for word in call.keywords if word.arg == "sql")]
            nodes = [node for part in parts for node in ast.walk(part) if isinstance(node, ast.Constant)]
            texts = [node.value for node in nodes if isinstance(node.value, str)]
            found += [replace(one, line=call.lineno) for text in texts for one in _sql(path, text)]
    return found


def _alembic(path: str, tree: ast.Module) -> list[Irreversible]:
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    up, down = functions.get("upgrade"), functions.get("downgrade")
    if up is None:
        return []
    found = []
    for call in (node for node in ast.walk(up) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if name in ("drop_column", "drop_table"):
            found.append(Irreversible(path, call.lineno, f"{name} loses what it holds"))
    works = [node for node in (down.body if down else []) if not _nothing(node)]
    does = any(not _nothing(node) for node in up.body)
    if does and (not works or isinstance(works[0], ast.Raise)):
        found.append(Irreversible(path, down.lineno if down else up.lineno, "downgrade does nothing"))
    return found


def _nothing(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


_DROPS = re.compile(
    r"\b(DROP\s+(?:TABLE|COLUMN|SCHEMA|DATABASE|TYPE)\b|TRUNCATE\b|ALTER\s+TABLE\b[^;]{0,400}?\bDROP\s+(?!CONSTRAINT|NOT|DEFAULT|INDEX)\w+)",
    re.IGNORECASE,
)
_QUIET = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)


def _sql(path: str, text: str) -> list[Irreversible]:
    bare = _QUIET.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    return [
        Irreversible(path, bare.count("\n", 0, m.start()) + 1, f"{' '.join(m[1].split())[:60]} loses what is there")
        for m in _DROPS.finditer(bare)
    ]


def _git(folder: Path, *words: str) -> str | None:
    try:
        ran = subprocess.run(  # noqa: S603 - a list, no shell
            ["git", "-c", "core.fsmonitor=false", *words],  # noqa: S607 - the user's own git
            cwd=folder,
            capture_output=True,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ran.stdout.decode("utf-8", "replace") if ran.returncode == 0 else None
