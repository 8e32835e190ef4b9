"""Lock files of every usual package manager: which versions they hold, and what they were made for.

Freshness is judged by what is in the file (is each dependency there, in a version the manifest admits), not by hashes
of the manifest, whose recipes differ between releases of the managers. Composer's is published and simple, so it is
kept.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from launchready.hardening import version_ranges as ranges
from launchready.hardening.dependencies import Wanted, python_name
from launchready.hardening.documents import LOCK_BYTES, Shelf, basename, parsed, table, tables
from launchready.hardening.version_ranges import Range
from launchready.probes.failures import Failure

MANAGERS = {
    "package-lock.json": "npm",
    "npm-shrinkwrap.json": "npm",
    "yarn.lock": "Yarn",
    "pnpm-lock.yaml": "pnpm",
    "bun.lock": "Bun",
    "bun.lockb": "Bun",
    "Pipfile.lock": "Pipenv",
    "poetry.lock": "Poetry",
    "uv.lock": "uv",
    "pdm.lock": "PDM",
    "pylock.toml": "pip",
    "Gemfile.lock": "Bundler",
    "gems.locked": "Bundler",
    "composer.lock": "Composer",
    "go.sum": "Go",
}
"""Lock files and whose they are."""
LOCKS = {
    "node": ("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb"),
    "python": ("Pipfile.lock", "poetry.lock", "uv.lock", "pdm.lock", "pylock.toml"),
    "ruby": ("Gemfile.lock", "gems.locked"),
    "php": ("composer.lock",),
    "go": ("go.sum",),
}
"""By language: the lock files there may be."""


@dataclass
class Locked:
    """What a lock file holds."""

    versions: dict[str, set[str]] = field(default_factory=dict)
    """By package: the versions that are locked."""
    asked: dict[str, set[str]] | None = None
    """By package: the ranges it was locked for, where the manager insists on the very same text."""
    overridden: set[str] = field(default_factory=set)
    """Packages whose range is set aside on purpose."""

    def add(self, name: str, version: str) -> None:
        """Note a locked version."""
        self.versions.setdefault(name, set()).add(version)


async def locked(shelf: Shelf, path: str, member: str = "") -> Locked | None:
    """What a lock file holds; `member` is the folder of a workspace's member, relative to the lock file.

    None when it cannot be read (the shelf remembers why) or is a binary one.
    """
    name = basename(path)
    if name == "bun.lockb":
        return None
    if name in _TEXT:
        text = await shelf.text(path, LOCK_BYTES)
        return None if text is None else _TEXT[name](text, member)
    if name == "pnpm-lock.yaml":
        return await _pnpm(shelf, path, member)
    if name == "bun.lock":
        data = await shelf.document(path, "jsonc", LOCK_BYTES)
        return _bun(table(data), member) if data is not None else None
    format = "json" if name.endswith((".json", "Pipfile.lock", "composer.lock")) else "toml"
    data = await shelf.table(path, format, LOCK_BYTES)
    return None if path in shelf.unread else _DATA[name](data, member)


def satisfied(language: str, manager: str, wanted: Wanted, versions: Iterable[str]) -> bool:
    """Whether one of the locked versions is in the range; anything that cannot be told counts as satisfied."""
    if wanted.elsewhere or not wanted.spec:
        return True
    range = _range(language, manager, wanted.spec)
    if range is None or range.empty or ranges.is_prerelease(wanted.spec):
        return True
    for text in versions:
        version = ranges.version(text)
        if version is None or ranges.is_prerelease(text) or range.admits(version):
            return True
    return False


def composer_hash(data: dict[str, Any]) -> str:
    """The `content-hash` Composer writes for a composer.json (Composer\\Package\\Locker::getContentHash)."""
    relevant = {key: data[key] for key in sorted(data) if key in _COMPOSER_KEYS}
    if isinstance(platform := table(data.get("config")).get("platform"), dict):
        relevant = dict(sorted({**relevant, "config": {"platform": platform}}.items()))
    text = json.dumps(_as_php(relevant), separators=(",", ":")).replace("/", "\\/")
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


_COMPOSER_KEYS = {
    "name",
    "version",
    "require",
    "require-dev",
    "conflict",
    "replace",
    "provide",
    "repositories",
    "extra",
}
_COMPOSER_KEYS |= {"minimum-stability", "prefer-stable"}


def _as_php(value: Any) -> Any:
    """PHP knows no empty object: what is read as an array is written as one."""
    if isinstance(value, dict):
        return {key: _as_php(inner) for key, inner in value.items()} if value else []
    return [_as_php(inner) for inner in value] if isinstance(value, list) else value


def _range(language: str, manager: str, spec: str) -> Range | None:
    if language == "node":
        alias = re.match(r"npm:(?:@?[^@]+@)?(.*)$", spec)
        return ranges.npm(alias.group(1) if alias else spec)
    if language == "python":
        if manager == "Poetry" and re.fullmatch(r"\d[\w.]*", spec):
            return ranges.python(f"=={spec}")
        return ranges.python(spec)
    return {"ruby": ranges.ruby, "php": ranges.composer}.get(language, lambda _: None)(spec)


def _npm(data: dict[str, Any], member: str) -> Locked:
    found = Locked()
    packages = table(data.get("packages"))
    for key, entry in packages.items():
        _, nested, name = key.rpartition("node_modules/")
        parent = key.removesuffix(f"{nested}{name}").strip("/")
        if nested and parent in ("", member):
            version = table(entry).get("version")
            found.add(name, version if isinstance(version, str) else "")
    for name, entry in table(data.get("dependencies")).items() if not packages else ():
        version = table(entry).get("version")
        found.add(name, version if isinstance(version, str) else "")
    return found


def _yarn(text: str, member: str) -> Locked:
    found = Locked(asked={})
    assert found.asked is not None  # noqa: S101 - set in the line above
    names: list[str] = []
    for line in text.split("\n"):
        if line and not line[0].isspace() and not line.startswith("#") and line.endswith(":"):
            names = []
            for one in line[:-1].replace('"', "").split(", "):
                name, _, spec = one[1:].partition("@")
                name = one[0] + name
                names.append(name)
                found.asked.setdefault(name, set()).add(spec.removeprefix("npm:"))
        elif version := re.match(r'\s+"?version"?:? "?([^"\s]+)"?', line):
            for name in names:
                found.add(name, version.group(1))
            names = []
    return found


async def _pnpm(shelf: Shelf, path: str, member: str) -> Locked | None:
    text = await shelf.text(path, LOCK_BYTES)
    if text is None:
        return None
    # The packages themselves are most of the file and not needed; YAML of megabytes is slow to read.
    head = re.split(r"^(?:packages|snapshots):", text, maxsplit=1, flags=re.MULTILINE)[0]
    data = parsed(head, "yaml", path)
    if isinstance(data, Failure):
        shelf.unread[path] = data
        return None
    data = table(data)
    found = Locked(asked={}, overridden={_bare(name) for name in table(data.get("overrides"))})
    assert found.asked is not None  # noqa: S101 - set in the line above
    importer = table(table(data.get("importers")).get(member or ".")) or ({} if data.get("importers") else data)
    for section in ("dependencies", "devDependencies", "optionalDependencies"):
        for name, entry in table(importer.get(section)).items():
            version = table(entry).get("version") if isinstance(entry, dict) else entry
            found.add(name, "" if not isinstance(version, str) else version.partition("(")[0])
            spec = table(entry).get("specifier", table(importer.get("specifiers")).get(name))
            if isinstance(spec, str):
                found.asked.setdefault(name, set()).add(spec)
    return found


def _bun(data: dict[str, Any], member: str) -> Locked:
    found = Locked(asked={}, overridden=set(table(data.get("overrides"))))
    assert found.asked is not None  # noqa: S101 - set in the line above
    workspace = table(table(data.get("workspaces")).get(member))
    packages = table(data.get("packages"))
    for section in ("dependencies", "devDependencies", "optionalDependencies"):
        for name, spec in table(workspace.get(section)).items():
            entry = packages.get(name)
            resolved = entry[0] if isinstance(entry, list) and entry and isinstance(entry[0], str) else ""
            found.add(name, resolved.rpartition("@")[2])
            if isinstance(spec, str):
                found.asked.setdefault(name, set()).add(spec)
    return found


def _pipenv(data: dict[str, Any], member: str) -> Locked:
    found = Locked()
    for section, entries in data.items():
        for name, entry in table(entries).items() if section != "_meta" else ():
            version = table(entry).get("version")
            found.add(python_name(name), version.lstrip("=") if isinstance(version, str) else "")
    return found


def _python_packages(data: dict[str, Any], member: str) -> Locked:
    found = Locked()
    for entry in (*tables(data.get("package")), *tables(data.get("packages"))):
        name, version = entry.get("name"), entry.get("version")
        if isinstance(name, str):
            found.add(python_name(name), version if isinstance(version, str) else "")
    return found


def _composer(data: dict[str, Any], member: str) -> Locked:
    found = Locked()
    for entry in (*tables(data.get("packages")), *tables(data.get("packages-dev"))):
        if isinstance(name := entry.get("name"), str):
            found.add(name.lower(), str(entry.get("version", "")))
            for other in (*table(entry.get("replace")), *table(entry.get("provide"))):
                found.add(other.lower(), "")
    return found


def _bundler(text: str, member: str) -> Locked:
    found = Locked()
    section = ""
    for line in text.split("\n"):
        if line and not line[0].isspace():
            section = line.strip()
        elif section in ("GEM", "GIT", "PATH") and (spec := re.match(r"    ([\w.-]+) \(([^)]+)\)$", line)):
            found.add(spec.group(1), spec.group(2).partition("-")[0])
        elif section == "DEPENDENCIES" and (name := re.match(r"  ([\w.-]+)", line)):
            found.asked = found.asked or {}
            found.asked.setdefault(name.group(1), set())
    return found


def _go_sum(text: str, member: str) -> Locked:
    found = Locked()
    for line in text.split("\n"):
        fields = line.split()
        if len(fields) == 3:
            found.add(fields[0], fields[1].removesuffix("/go.mod"))
    return found


def _bare(name: str) -> str:
    """`react@^18>foo` and `foo@1` as `react` and `foo`: the name that an override is for."""
    last = name.rpartition(">")[2].strip()
    return last[0] + last[1:].partition("@")[0] if last else ""


_TEXT = {"yarn.lock": _yarn, "Gemfile.lock": _bundler, "gems.locked": _bundler, "go.sum": _go_sum}
_DATA = {
    "package-lock.json": _npm,
    "npm-shrinkwrap.json": _npm,
    "Pipfile.lock": _pipenv,
    "poetry.lock": _python_packages,
    "uv.lock": _python_packages,
    "pdm.lock": _python_packages,
    "pylock.toml": _python_packages,
    "composer.lock": _composer,
}
