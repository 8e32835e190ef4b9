"""Every place of a repository that says which version of a language it runs on, as ranges that can be compared.

Read are version files, manifests, lock files, Dockerfiles, workflows and platform files; judged is nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from launchready.hardening import version_ranges as ranges
from launchready.hardening.dockerfile import Image, for_development, is_dockerfile, parse
from launchready.hardening.documents import (
    LOCK_BYTES,
    Shelf,
    basename,
    folder_of,
    join,
    place,
    table,
    tables,
    words,
)
from launchready.hardening.version_ranges import Range


class Weight(IntEnum):
    """How near a statement is to what really runs; the lowest is nearest."""

    PRODUCTION = 1
    """The image or the platform that runs the portal."""
    VERSION_FILE = 2
    """What installers and platforms read."""
    MANIFEST = 3
    """What the project admits."""
    LOCK = 4
    """What the lock file was made for."""
    PIPELINE = 5
    """What the tests run on."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One place that names a version."""

    language: str
    text: str
    """The version as it is written there."""
    where: str
    """`path:line`."""
    folder: str
    admits: Range
    weight: Weight
    enforced: bool = False
    """Whether the language's own tool refuses to work with a version outside of it."""

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


_LTS = "argon 4 boron 6 carbon 8 dubnium 10 erbium 12 fermium 14 gallium 16 hydrogen 18 iron 20 jod 22 krypton 24"
LTS = dict(zip(_LTS.split()[::2], _LTS.split()[1::2], strict=True))
"""Code names of Node.js release lines (https://github.com/nodejs/Release)."""
_TOOLS = {
    "python": "python",
    "node": "node",
    "nodejs": "node",
    "ruby": "ruby",
    "php": "php",
    "go": "go",
    "golang": "go",
}
_IMAGES = {
    **_TOOLS, "pypy": "", "python3": "python", "php-fpm": "php", "php-nginx": "php", "php-apache": "php",
    "node-lts": "node", "docker-python": "python",
}  # fmt: skip


async def statements(shelf: Shelf) -> list[Statement]:
    """Every statement of the repository, those for development left out."""
    found: list[Statement] = []
    for path in shelf.files:
        read = _READERS.get(basename(path).lower())
        if read:
            found += await read(shelf, path)
        elif is_dockerfile(path) and not for_development(path):
            found += await _dockerfile(shelf, path)
    return found


def of_image(found: Image) -> tuple[str, str] | None:
    """The language and version that an image says it holds; the version is empty where it says none."""
    name = basename(found.name).lower()
    if distroless := re.fullmatch(r"(nodejs|python3?)(\d+)?-debian\d+", name):
        return _TOOLS[distroless.group(1).rstrip("3")], distroless.group(2) or ""
    if language := _IMAGES.get(name, ""):
        tag = re.match(r"v?(\d+(?:\.\d+)*)(?![\w])", found.tag)
        return language, tag.group(1) if tag else ""
    inner = re.search(r"(?:^|-)(python|node|php|ruby)-?(\d+(?:\.\d+)*)(?:$|-)", found.tag)
    return (inner.group(1), inner.group(2)) if inner else None


def stated(language: str, text: str, where: str, folder: str, weight: Weight) -> Iterator[Statement]:
    """A statement of one version, such as `3.12.4` or `v22`; none where the text names no version."""
    text = text.strip()
    bare = re.sub(r"^(python|cpython|ruby|node|nodejs|go|php)[-@]?(?=\d)", "", text.lower())
    if bare.startswith("lts/") and bare[4:] in LTS:
        bare = LTS[bare[4:]]
    admitted = ranges.line(bare.partition("/")[0])
    if admitted is not None and ranges.numbers(bare.partition("/")[0]):
        yield Statement(language, text[:60], where, folder, admitted, weight)


def required(
    language: str, text: object, admitted: Range | None, where: str, folder: str, weight: Weight = Weight.MANIFEST
) -> Iterator[Statement]:
    """A statement of a range that the language's tool holds the project to."""
    if isinstance(text, str) and admitted is not None and not admitted.empty and admitted != ranges.EVERYTHING:
        yield Statement(language, text.strip()[:60], where, folder, admitted, weight, enforced=True)


async def _version_file(shelf: Shelf, path: str) -> list[Statement]:
    language = {".python-version": "python", "runtime.txt": "python", ".ruby-version": "ruby"}.get(
        basename(path), "node"
    )
    text = await shelf.text(path) or ""
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    lines = [(number, line) for number, line in lines if line and not line.startswith("#")][:10]
    found = [
        s for n, line in lines for s in stated(language, line, f"{path}:{n}", folder_of(path), Weight.VERSION_FILE)
    ]
    return _united(found)


async def _tool_versions(shelf: Shelf, path: str) -> list[Statement]:
    found: list[Statement] = []
    for number, line in enumerate((await shelf.text(path) or "").splitlines(), 1):
        name, *versions = line.partition("#")[0].split() or [""]
        if language := _TOOLS.get(name):
            where = f"{path}:{number}"
            several = [s for v in versions for s in stated(language, v, where, folder_of(path), Weight.VERSION_FILE)]
            found += _united(several)
    return found


async def _mise(shelf: Shelf, path: str) -> list[Statement]:
    data, text = await shelf.table(path, "toml"), await shelf.text(path) or ""
    found: list[Statement] = []
    for name, value in table(data.get("tools")).items():
        if language := _TOOLS.get(name):
            versions = words(table(value).get("version") if isinstance(value, dict) else value)
            where = place(path, text, "[tools]", name)
            found += _united(
                [s for v in versions for s in stated(language, v, where, folder_of(path), Weight.VERSION_FILE)]
            )
    return found


async def _go_mod(shelf: Shelf, path: str) -> list[Statement]:
    text = await shelf.text(path) or ""
    # `toolchain` only suggests a newer one for developing; `go` is the oldest that the build accepts.
    line = re.search(r"^go\s+(\d[\w.]*)", text, re.MULTILINE)
    if line is None:
        return []
    where, wanted = f"{path}:{text.count(chr(10), 0, line.start()) + 1}", f">={line.group(1)}"
    return list(required("go", wanted, ranges.at_least(line.group(1)), where, folder_of(path)))


async def _package_json(shelf: Shelf, path: str) -> list[Statement]:
    data, text = await shelf.table(path), await shelf.text(path) or ""
    folder = folder_of(path)
    node = table(data.get("engines")).get("node")
    found = list(required("node", node, _npm(node), place(path, text, '"engines"', '"node"'), folder))
    volta = table(data.get("volta")).get("node")
    if isinstance(volta, str):
        found += stated("node", volta, place(path, text, '"volta"', '"node"'), folder, Weight.VERSION_FILE)
    return found


async def _pyproject(shelf: Shelf, path: str) -> list[Statement]:
    data, text = await shelf.table(path), await shelf.text(path) or ""
    folder = folder_of(path)
    wanted = table(data.get("project")).get("requires-python")
    found = list(required("python", wanted, _python(wanted), place(path, text, "requires-python"), folder))
    poetry = table(table(table(data.get("tool")).get("poetry")).get("dependencies")).get("python")
    where = place(path, text, "[tool.poetry.dependencies]", "python")
    return found + list(required("python", poetry, _python(poetry), where, folder))


async def _pipfile(shelf: Shelf, path: str) -> list[Statement]:
    locked = path.endswith(".lock")
    data, text = await shelf.table(path), await shelf.text(path) or ""
    wanted = table(table(data.get("_meta")).get("requires") if locked else data.get("requires"))
    for key in ("python_full_version", "python_version"):
        if isinstance(wanted.get(key), str):
            weight = Weight.LOCK if locked else Weight.MANIFEST
            return list(stated("python", wanted[key], place(path, text, key), folder_of(path), weight))
    return []


async def _python_lock(shelf: Shelf, path: str) -> list[Statement]:
    text = await shelf.text(path, LOCK_BYTES) or ""
    if basename(path) == "poetry.lock":
        # Each package of poetry.lock has a line of that name; the project's own stands below [metadata].
        text = "\n" * text.count("\n", 0, max(text.rfind("[metadata]"), 0)) + text[max(text.rfind("[metadata]"), 0) :]
    line = re.search(r'^(?:python-versions|requires-python)\s*=\s*"([^"]+)"', text, re.MULTILINE)
    if line is None:
        return []
    where = f"{path}:{text.count(chr(10), 0, line.start()) + 1}"
    return list(required("python", line.group(1), _python(line.group(1)), where, folder_of(path), Weight.LOCK))


async def _gemfile(shelf: Shelf, path: str) -> list[Statement]:
    text = await shelf.text(path) or ""
    line = re.search(r"^\s*ruby[ (]+(['\"][^#\n]+)", text, re.MULTILINE)
    if line is None:
        return []
    wanted = ", ".join(re.findall(r"(?<![\w:] )(?<!: )['\"]([~<>=! \d.]+)['\"]", line.group(1)))
    where = f"{path}:{text.count(chr(10), 0, line.start(1)) + 1}"
    return list(required("ruby", wanted, ranges.ruby(wanted) if wanted else None, where, folder_of(path)))


async def _gemfile_lock(shelf: Shelf, path: str) -> list[Statement]:
    text = await shelf.text(path, LOCK_BYTES) or ""
    line = re.search(r"^RUBY VERSION\n\s+ruby (\d[\d.]*)", text, re.MULTILINE)
    if line is None:
        return []
    where = f"{path}:{text.count(chr(10), 0, line.start(1)) + 1}"
    return list(stated("ruby", line.group(1), where, folder_of(path), Weight.LOCK))


async def _composer(shelf: Shelf, path: str) -> list[Statement]:
    data, text = await shelf.table(path), await shelf.text(path) or ""
    folder, php = folder_of(path), table(data.get("require")).get("php")
    admitted = ranges.composer(php) if isinstance(php, str) else None
    found = list(required("php", php, admitted, place(path, text, '"require"', '"php"'), folder))
    pinned = table(table(data.get("config")).get("platform")).get("php")
    if isinstance(pinned, str):
        found += stated("php", pinned, place(path, text, '"platform"', '"php"'), folder, Weight.VERSION_FILE)
    return found


async def _dockerfile(shelf: Shelf, path: str) -> list[Statement]:
    file = parse(await shelf.text(path) or "", path)
    found: list[Statement] = []
    for stage in file.used():
        held = of_image(stage.image) if stage.image else None
        if held and held[1]:
            found += stated(held[0], held[1], f"{path}:{stage.line}", folder_of(path), Weight.PRODUCTION)
    return found


_KEYS = {
    "PYTHON_VERSION": "python",
    "NODE_VERSION": "node",
    "RUBY_VERSION": "ruby",
    "PHP_VERSION": "php",
    "GO_VERSION": "go",
}


async def _render(shelf: Shelf, path: str) -> list[Statement]:
    data, text = await shelf.table(path), await shelf.text(path) or ""
    found: list[Statement] = []
    for service in tables(data.get("services")):
        folder = join(folder_of(path), str(service.get("rootDir") or ""))
        for variable in tables(service.get("envVars")):
            key = str(variable.get("key"))
            for value in words(variable.get("value")) if key in _KEYS else ():
                found += stated(_KEYS[key], value, place(path, text, key, value), folder, Weight.PRODUCTION)
    return found


async def _netlify(shelf: Shelf, path: str) -> list[Statement]:
    data, text = await shelf.table(path), await shelf.text(path) or ""
    values = table(table(data.get("build")).get("environment"))
    return [
        statement
        for key, language in _KEYS.items()
        for value in words(values.get(key))
        for statement in stated(language, value, place(path, text, key), folder_of(path), Weight.PRODUCTION)
    ]


async def _runtime_key(shelf: Shelf, path: str) -> list[Statement]:
    """`runtime: python312` of App Engine, `runtime: nodejs22.x` of functions on Vercel, AWS and others."""
    data, text = await shelf.table(path), await shelf.text(path) or ""
    named = [data.get("runtime"), table(data.get("provider")).get("runtime")]
    named += [table(one).get("runtime") for one in table(data.get("functions")).values()]
    found: list[Statement] = []
    for runtime in dict.fromkeys(word for one in named for word in words(one)):
        one = re.fullmatch(r"(python|nodejs|ruby|php|go)(\d)(?:\.?(\d+))?(?:\.x)?", runtime)
        if one is None:
            continue
        language, first, rest = _TOOLS[one.group(1)], one.group(2), one.group(3) or ""
        number = first + rest if language == "node" else ".".join(filter(None, (first, rest)))
        found += stated(language, number, place(path, text, runtime), folder_of(path), Weight.PRODUCTION)
    return found


def _united(found: list[Statement]) -> list[Statement]:
    """Several versions of one place as one statement that admits each of them."""
    if len(found) < 2:
        return found
    whole = found[0].admits
    for one in found[1:]:
        whole = whole.join(one.admits)
    first = found[0]
    text = ", ".join(one.text for one in found)
    return [Statement(first.language, text, first.where, first.folder, whole, first.weight)]


def _npm(text: object) -> Range | None:
    return ranges.npm(text) if isinstance(text, str) else None


def _python(text: object) -> Range | None:
    return ranges.python(text) if isinstance(text, str) else None


_READERS: dict[str, Any] = {
    ".python-version": _version_file,
    "runtime.txt": _version_file,
    ".nvmrc": _version_file,
    ".node-version": _version_file,
    ".ruby-version": _version_file,
    ".tool-versions": _tool_versions,
    "mise.toml": _mise,
    ".mise.toml": _mise,
    "go.mod": _go_mod,
    "package.json": _package_json,
    "pyproject.toml": _pyproject,
    "pipfile": _pipfile,
    "pipfile.lock": _pipfile,
    "poetry.lock": _python_lock,
    "uv.lock": _python_lock,
    "gemfile": _gemfile,
    "gemfile.lock": _gemfile_lock,
    "composer.json": _composer,
    "render.yaml": _render,
    "netlify.toml": _netlify,
    "app.yaml": _runtime_key,
    "serverless.yml": _runtime_key,
    "vercel.json": _runtime_key,
}
