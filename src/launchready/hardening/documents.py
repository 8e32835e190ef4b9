"""The files of a repository as data, for the checks of parity and overbuilding: JSON, TOML and YAML, bounded.

A `Shelf` is one check's view: it reads what is asked for, remembers what could not be read, and never raises for
what a file holds. Nothing of a document is executed; YAML tags that would build objects are refused.
"""

from __future__ import annotations

import asyncio
import json
import re
import tomllib
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from launchready.model import NotChecked
from launchready.probes.failures import Failure, Garbage, Phase, TooLarge
from launchready.probes.look import Look
from launchready.probes.repository import Listing, Repository, decoded

YAML_CHARACTERS = 120_000
"""Of one YAML document; its parser is slow, and files that people write are far smaller."""
YAML_NODES = 100_000
"""Of one YAML document with every alias written out, so that a few lines cannot become gigabytes."""
LOCK_BYTES = 24 * 1024 * 1024
"""Of one lock file: those of large front ends pass the bound of other texts."""
_ASIDE = (
    "test tests __tests__ spec specs e2e cypress fixture fixtures __fixtures__ testdata test-data example examples "
    "sample samples docs doc documentation node_modules bower_components vendor vendors third_party third-party "
    "site-packages .venv venv .devcontainer benchmark benchmarks bench .yarn .storybook .vscode .idea stubs"
)
ASIDE = frozenset(_ASIDE.split())
"""Folders whose manifests do not say how the portal runs."""


class Shelf:
    """What one check reads of the repository. `unread` holds what could not be read, by path."""

    def __init__(self, look: Look, repository: Repository, listing: Listing) -> None:
        self._look = look
        self.repository = repository
        self.listing = listing
        self.everything = listing.files
        """Every path that belongs to the repository."""
        self.files = tuple(path for path in listing.files if not aside(path))
        """Those of the portal itself: not of tests, examples, documentation, or other people's code."""
        self.unread: dict[str, Failure] = {}
        self._there = frozenset(self.files)

    def named(self, *names: str) -> tuple[str, ...]:
        """The portal's files of these names, wherever they lie, those nearest to the root first."""
        wanted = {name.lower() for name in names}
        found = (path for path in self.files if basename(path).lower() in wanted)
        return tuple(sorted(found, key=lambda path: (path.count("/"), path)))

    def beside(self, folder: str, *names: str) -> tuple[str, ...]:
        """The files of these names that lie in `folder` (empty: the root), in the order of the names."""
        return tuple(path for path in (join(folder, name) for name in names) if path in self._there)

    async def text(self, path: str, limit: int | None = None) -> str | None:
        """The text of a file, None (and remembered) when it cannot be read; `limit` in bytes for lock files."""
        if limit is None:
            answer = await self.repository.text(path)
        else:
            answer = await self._look.network.once(("lock", path), lambda: asyncio.to_thread(self._large, path, limit))
        if isinstance(answer, str):
            return answer.replace("\r\n", "\n")
        self.unread[path] = answer
        return None

    async def document(self, path: str, format: str = "", limit: int | None = None) -> Any:
        """A file as data; `format` is `json`, `toml` or `yaml` where the name does not tell. None when unreadable."""
        text = await self.text(path, limit)
        if text is None:
            return None
        kind = format or _format(path)
        parse = lambda: asyncio.to_thread(parsed, text, kind, path)  # noqa: E731 - asked once, by whoever is first
        answer = await self._look.network.once(("document", path, kind), parse)
        if isinstance(answer, Failure):
            self.unread[path] = answer
            return None
        return answer

    async def table(self, path: str, format: str = "", limit: int | None = None) -> dict[str, Any]:
        """As `document`, for files that hold a table; empty where it is unreadable or something else."""
        value = await self.document(path, format, limit)
        if value is not None and not isinstance(value, dict):
            self.unread[path] = Garbage(Phase.ANSWER, path, "not a table of names and values")
        return value if isinstance(value, dict) else {}

    def complaints(self) -> Iterable[NotChecked]:
        """A row for each file that could not be read."""
        for path, failure in sorted(self.unread.items()):
            yield NotChecked(
                path, f"it could not be read: {failure.detail or failure}", "repair the file, or leave it out"
            )
        if self.listing.cut:
            yield NotChecked(str(self.repository.root), "it holds more files than are listed", "audit a smaller folder")

    def _large(self, path: str, limit: int) -> str | Failure:
        raw = self.repository.read(path, limit)
        if isinstance(raw, Failure):
            return raw
        text = decoded(raw)
        return Garbage(Phase.ANSWER, path, "not a text file") if text is None else text


async def open_shelf(look: Look) -> Shelf | NotChecked:
    """The repository's files, or why there is nothing to read."""
    repository = look.repository
    if repository is None:
        return NotChecked(look.portal.domain, "no repository was named", "name the folder with --repo")
    listing = await repository.listing()
    if isinstance(listing, Failure):
        return NotChecked(str(repository.root), str(listing), "name the folder of the source code with --repo")
    if not listing.files:
        return NotChecked(str(repository.root), "the folder holds no files", "name the folder of the source code")
    return Shelf(look, repository, listing)


def aside(path: str) -> bool:
    """Whether a file lies among tests, examples, documentation or other people's code."""
    folders = path.lower().split("/")[:-1]
    return any(part in ASIDE or part.endswith(("-tests", "-test", "_tests")) for part in folders) or "{{" in path


def basename(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]


def folder_of(path: str) -> str:
    """The folder a file lies in; empty for the root."""
    return path.rpartition("/")[0]


def join(folder: str, name: str) -> str:
    """A path below a folder, `.` and `..` resolved; empty folder: the root."""
    parts: list[str] = []
    for part in f"{folder}/{name}".split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def within(path: str, folder: str) -> bool:
    """Whether a path is a folder itself or lies below it."""
    return not folder or path == folder or path.startswith(f"{folder}/")


def line_of(text: str, *words: str) -> int:
    """The line where the last of `words` is first found, each looked for after the one before; 1 if nowhere."""
    at = 0
    for word in words:
        found = text.find(word, at)
        if found < 0:
            break
        at = found
    return text.count("\n", 0, at) + 1


def place(path: str, text: str, *words: str) -> str:
    """`path:line` of the words, as `line_of` finds them."""
    return f"{path}:{line_of(text, *words)}"


def tables(value: object) -> list[dict[str, Any]]:
    """The tables of a list; empty when it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def table(value: object) -> dict[str, Any]:
    """The value when it is a table with names, else an empty one."""
    return {str(key): inner for key, inner in value.items()} if isinstance(value, dict) else {}


def words(value: object) -> list[str]:
    """A text, or a list of texts, as a list of texts; numbers as they are written."""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return [str(value)]
    return [text for item in value for text in words(item)] if isinstance(value, list) else []


def counted(number: int, one: str, many: str = "") -> str:
    """`1 Dockerfile`, `3 Dockerfiles`; `many` where an s is not enough."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def parsed(text: str, format: str, path: str) -> Any:
    """Data of a text, or a Failure: garbage, too large, too deep."""
    try:
        if format == "json":
            return json.loads(text or "null")
        if format == "jsonc":
            return json.loads(_plain_json(text))
        if format == "toml":
            if any(_is_deep(line) for line in text.split("\n")):
                raise ValueError("a key of more than 100 parts")
            return tomllib.loads(text)
        return _yaml(text, path)
    except RecursionError:
        return Garbage(Phase.ANSWER, path, "it is nested too deeply")
    except _UNREADABLE as error:
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        return Garbage(Phase.ANSWER, path, f"not valid {format.upper()}: {reason}")


_UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError)
"""What the parsers raise besides their own errors: a `!!timestamp` or `!!int` of nonsense, a key that is a list."""


def _is_deep(line: str) -> bool:
    """Whether a line holds a dotted key so long that the parser, which is quadratic in it, would not come back."""
    key, equals, _ = line.partition("=")
    return key.count(".") > 100 and bool(equals or key.lstrip().startswith("["))


def _format(path: str) -> str:
    name = basename(path).lower()
    suffix = PurePosixPath(name).suffix
    if suffix in (".yml", ".yaml"):
        return "yaml"
    return "toml" if suffix == ".toml" or name in ("pipfile", "poetry.lock", "uv.lock", "pdm.lock") else "json"


def _yaml(text: str, path: str) -> Any:
    import yaml

    if len(text) > YAML_CHARACTERS:
        return TooLarge(
            Phase.ANSWER, path, f"{len(text)} characters of YAML, more than the {YAML_CHARACTERS} that are read"
        )
    # The loader in pure Python: what is nested too deeply ends in an error there, in C it may end the process.
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_node() if loader.check_node() else None
        if node is None:
            return None
        _weigh(node, {}, set())
        for tagged in _unknown_tags(node):
            tagged.tag = _CORE[type(tagged).__name__]
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


_CORE = {
    "ScalarNode": "tag:yaml.org,2002:str",
    "SequenceNode": "tag:yaml.org,2002:seq",
    "MappingNode": "tag:yaml.org,2002:map",
}


def _children(node: Any) -> list[Any]:
    if isinstance(node.value, str):
        return []
    return [part for item in node.value for part in (item if isinstance(item, tuple) else (item,))]


def _weigh(node: Any, weights: dict[int, int], above: set[int]) -> int:
    """How many nodes there are once every alias is written out. Raises ValueError past the bound, or for a circle."""
    if id(node) in above:
        raise ValueError("an alias stands within what it stands for")
    if id(node) not in weights:
        above.add(id(node))
        weights[id(node)] = 1 + sum(_weigh(child, weights, above) for child in _children(node))
        above.discard(id(node))
    if weights[id(node)] > YAML_NODES:
        raise ValueError("its aliases stand for too much")
    return weights[id(node)]


def _unknown_tags(root: Any) -> list[Any]:
    """Nodes with a tag of somebody else's (`!reference`, `!Sub`): read as the plain data below the tag."""
    found, seen, queue = [], {id(root)}, [root]
    while queue:
        node = queue.pop()
        if not node.tag.startswith("tag:yaml.org,2002:") or node.tag.startswith("tag:yaml.org,2002:python"):
            found.append(node)
        for child in _children(node):
            if id(child) not in seen:
                seen.add(id(child))
                queue.append(child)
    return found


_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])')


def _plain_json(text: str) -> str:
    """JSON with comments and trailing commas, as Bun and many tools write it, without them."""
    for pattern in (_COMMENT, _TRAILING):
        text = pattern.sub(lambda found: found.group(1) or "", text)
    return text or "null"
