"""What the manifests of a project ask for: names and ranges of direct dependencies, for five languages.

Read as data; nothing is resolved, and nothing of the project is run (so what a `setup.py` computes stays unknown).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from launchready.hardening.documents import Shelf, basename, folder_of, join, place, table, words

LINE = 4_000
"""Characters of one requirement that are looked at: room for its hashes."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One direct dependency."""

    name: str
    """As the ecosystem compares it: lower case with `-` for Python."""
    spec: str
    """The range as written, empty for any version; for what is no range (a path, a URL) see `elsewhere`."""
    where: str
    """`path:line`."""
    development: bool = False
    conditional: bool = False
    """Only on some platforms or versions: a lock file may rightly leave it out."""
    elsewhere: bool = False
    """From a path, an archive or a repository rather than from the registry."""


_ELSEWHERE = re.compile(
    r"(file|link|portal|patch|exec|catalog|git|git\+\w+|https?|github|gitlab|bitbucket|workspace):|[./]|~/"
)


def python_name(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


async def node(shelf: Shelf, path: str) -> list[Wanted]:
    """The dependencies of a package.json, those of peers left out."""
    data, text = await shelf.table(path), await shelf.text(path) or ""
    found: list[Wanted] = []
    for section in ("dependencies", "devDependencies", "optionalDependencies"):
        for name, spec in table(data.get(section)).items():
            if not isinstance(spec, str):
                continue
            where = place(path, text, f'"{section}"', f'"{name}"')
            elsewhere = bool(_ELSEWHERE.match(spec) or re.fullmatch(r"[\w.-]+/[\w.-]+(#.*)?", spec))
            optional = section == "optionalDependencies"
            found.append(Wanted(name, spec, where, section == "devDependencies", optional, elsewhere))
    return found


async def php(shelf: Shelf, path: str) -> list[Wanted]:
    """The packages of a composer.json; `php`, extensions and Composer's own interfaces are none."""
    data, text = await shelf.table(path), await shelf.text(path) or ""
    return [
        Wanted(name.lower(), spec if isinstance(spec, str) else "", place(path, text, f'"{section}"', f'"{name}"'), dev)
        for section, dev in (("require", False), ("require-dev", True))
        for name, spec in table(data.get(section)).items()
        if "/" in name
    ]


async def ruby(shelf: Shelf, path: str) -> list[Wanted]:
    """The gems of a Gemfile; those within a condition are marked, since another machine may not have them."""
    found: list[Wanted] = []
    blocks: list[str] = []
    for number, line in enumerate((await shelf.text(path) or "").split("\n"), 1):
        code = re.sub(r"\s+#.*", "", line).strip()
        if re.match(r"(if|unless|case|while|begin|def)\b", code) and not re.search(r"\bend$", code):
            blocks.append("condition")
        elif re.search(r"\bdo(\s*\|[^|]*\|)?$", code):
            blocks.append("development" if re.match(r"group\b.*:(development|test)\b", code) else "block")
        elif code == "end" and blocks:
            blocks.pop()
        gem = re.match(r"gem[ (]+['\"]([\w.-]+)['\"](.*)$", code)
        if gem:
            rest = gem.group(2)
            specs = re.match(r"((?:\s*,\s*['\"][~<>=!\s\d.\w]+['\"])*)", rest)
            spec = ", ".join(re.findall(r"['\"]([^'\"]+)['\"]", specs.group(1))) if specs else ""
            elsewhere = bool(re.search(r"\b(git|github|path|gist|bitbucket):|:(git|github|path)\s*=>", rest))
            conditional = "condition" in blocks or bool(re.search(r"\b(if|unless)\b|install_if", rest))
            development = "development" in blocks or bool(re.search(r"group:\s*\[?:(development|test)", rest))
            found.append(Wanted(gem.group(1), spec, f"{path}:{number}", development, conditional, elsewhere))
    return found


async def go(shelf: Shelf, path: str) -> list[Wanted]:
    """The modules that a go.mod requires; what it replaces by another comes as that other, by a folder not at all."""
    text = re.sub(r"//[^\n]*", "", await shelf.text(path) or "")
    required: dict[str, tuple[str, int]] = {}
    replaced: dict[str, tuple[str, str]] = {}
    block = ""
    for number, line in enumerate(text.split("\n"), 1):
        fields = line.split()
        if not fields:
            continue
        if fields[0] == ")":
            block = ""
        elif len(fields) == 2 and fields[1] == "(":
            block = fields[0]
        else:
            verb, rest = (block, fields) if block else (fields[0], fields[1:])
            if verb == "require" and len(rest) >= 2:
                required[rest[0]] = (rest[1], number)
            elif verb == "replace" and "=>" in rest:
                at = rest.index("=>")
                to = rest[at + 1 :]
                replaced[rest[0]] = (to[0], to[1]) if len(to) == 2 else ("", "")
    found: list[Wanted] = []
    for name, (version, number) in required.items():
        module, spec = replaced.get(name, (name, version))
        if module:
            found.append(Wanted(module, spec, f"{path}:{number}"))
    return found


async def requirements(shelf: Shelf, path: str, depth: int = 0) -> list[Wanted]:
    """The lines of a requirements file (pip's format), with those of the files it includes by `-r`."""
    text = (await shelf.text(path) or "").replace("\\\n", " ")
    found: list[Wanted] = []
    for number, line in enumerate(text.split("\n"), 1):
        code = re.sub(r"(^|\s)#.*", "", " ".join(line[:LINE].split())).strip()
        option = re.match(r"(?:-r|--requirement)[ =]?\s*(\S+)", code)
        if option and depth < 5:
            found += (
                await requirements(shelf, join(folder_of(path), option.group(1)), depth + 1)
                if (join(folder_of(path), option.group(1)) in shelf.listing.files)
                else []
            )
        elif code and not code.startswith("-"):
            if one := requirement(code, f"{path}:{number}"):
                found.append(one)
        elif code.startswith(("-e", "--editable")) and "://" in code:
            address = code.split(None, 1)[-1]
            found.append(Wanted(address.rpartition("egg=")[2] or address, address, f"{path}:{number}", elsewhere=True))
    return found


def requirement(text: str, where: str, development: bool = False) -> Wanted | None:
    """One requirement of PEP 508: `name[extra] >=1,<2 ; marker`, `name @ address`, or a bare address. None: a path."""
    code, _, marker = " ".join(text[:LINE].split()).partition(";")
    code = re.sub(r"\s+--\w.*$", "", code).strip()
    if re.match(r"(git|hg|svn|bzr)\+|https?://|file:", code):
        return Wanted(code.rpartition("egg=")[2] or code, code, where, development, bool(marker), True)
    named = re.match(r"([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*(.*)$", code)
    if named is None or code.startswith((".", "/")) or (code.endswith((".whl", ".zip", ".gz")) and "@" not in code):
        return None
    rest = named.group(2).strip().strip("()")
    elsewhere = rest.startswith("@")
    return Wanted(python_name(named.group(1)), rest.lstrip("@ "), where, development, bool(marker.strip()), elsewhere)


async def pyproject(shelf: Shelf, path: str) -> list[Wanted]:
    """The dependencies of a pyproject.toml: PEP 621, dependency groups (PEP 735), Poetry's and uv's own tables."""
    data, text = await shelf.table(path), await shelf.text(path) or ""
    project, tool = table(data.get("project")), table(data.get("tool"))
    found = list(_listed(project.get("dependencies"), path, text, "dependencies", False))
    for group in table(data.get("dependency-groups")).values():
        found += _listed(group, path, text, "[dependency-groups]", True)
    found += _listed(table(tool.get("uv")).get("dev-dependencies"), path, text, "dev-dependencies", True)
    poetry = table(tool.get("poetry"))
    found += _poetry(poetry.get("dependencies"), path, text, False)
    found += _poetry(poetry.get("dev-dependencies"), path, text, True)
    for name, group in table(poetry.get("group")).items():
        found += _poetry(table(group).get("dependencies"), path, text, name != "main")
    return found


async def pipfile(shelf: Shelf, path: str) -> list[Wanted]:
    """The packages of a Pipfile."""
    data, text = await shelf.table(path), await shelf.text(path) or ""
    return [
        *_poetry(data.get("packages"), path, text, False),
        *_poetry(data.get("dev-packages"), path, text, True),
    ]


def _listed(value: object, path: str, text: str, section: str, development: bool) -> Iterator[Wanted]:
    for line in words(value):
        if one := requirement(line, place(path, text, section, line[:40]), development):
            yield one


def _poetry(value: object, path: str, text: str, development: bool) -> Iterator[Wanted]:
    for name, spec in table(value).items():
        if name.lower() == "python":
            continue
        inner: dict[str, Any] = spec if isinstance(spec, dict) else {}
        version = inner.get("version", "") if inner else spec if isinstance(spec, str) else ""
        marked = isinstance(spec, list) or bool(_MARKERS & inner.keys())
        elsewhere = bool({"git", "path", "url", "file", "editable"} & inner.keys())
        where = place(path, text, name)
        yield Wanted(python_name(name), str(version), where, development, marked, elsewhere)


_MARKERS = {"markers", "python", "platform", "optional", "sys_platform"}
_ASIDE = re.compile(r"(^|[._/-])(dev|develop|development|tests?|testing|lint|docs?|ci|local|debug)([._/-]|$)")


def for_production(path: str) -> bool:
    """Whether a requirements file is for production by its name."""
    return not _ASIDE.search(f"{basename(folder_of(path))}/{basename(path)}".lower())
