"""The inventory of a repository's variables, taken once per run and shared by all that ask."""

from __future__ import annotations

import asyncio
import re
import warnings
from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePosixPath

from launchready.hardening import variables_deployment as deployment
from launchready.hardening.variables_environments import Known, Stores, asked_stores, known_environments
from launchready.hardening.variables_model import Declared, Facts, Inventory, Need, Read, Scope, Variable
from launchready.hardening.variables_places import is_code, is_env_file, is_others, scope_of
from launchready.hardening.variables_wrappers import through_wrappers
from launchready.portal import Portal
from launchready.probes.failures import Failure, TooLarge
from launchready.probes.look import Look
from launchready.probes.repository import Listing, Repository, decoded

SOURCE_BYTES = 1024 * 1024
"""Of one source file; longer ones are generated."""
LOOKED_THROUGH_BYTES = 16 * 1024 * 1024
"""Of a longer one that is only looked through for a sign of the environment."""
SOURCE_FILES = 20_000
TOTAL_BYTES = 300 * 1024 * 1024
_WORD = re.compile(r"(?<![A-Za-z0-9_])[A-Z][A-Z0-9_]{2,}(?![A-Za-z0-9_])")
_TESTED = re.compile(
    r"\b(?:if|elif|unless|and|or|not|while)\s+(?:not\s+)?\(?(?:[\w.]*\.)?(?:config|settings|conf|Config)"
    r"(?:\.get\(\s*[\"']|\[\s*[\"']|\.)([A-Z][A-Z0-9_]+)"
)
_TEXTS = (".yml", ".yaml", ".toml", ".json", ".sh", ".bash", ".html", ".prisma", ".tf", ".conf", ".cfg", ".ini", ".erb",
          ".xml", ".tmpl", ".j2", ".ejs", ".java", ".kt", ".rs", ".ex", ".exs", ".cs", ".mk", ".properties", ".mdx",
          ".graphql", ".nix", ".bat", ".ps1", ".twig", ".slim", ".haml", ".in", ".template",
          ".gradle", ".scala", ".swift")  # fmt: skip
_ANY_MARK = re.compile(rb"process\.env|import\.meta\.env|os\.environ|getenv|Getenv|\bENV\[|\bENV\.fetch|\benv\(")
_LOCKS = frozenset({"package-lock.json", "yarn.lock", "pnpm-lock.yaml", "composer.lock", "poetry.lock", "uv.lock"})
_LONG_LINE = 2000
"""Characters a line has on average in what is minified."""


async def inventory(portal: Portal, look: Look) -> Inventory | Failure:
    """Every variable of the repository; a failure when it cannot be listed."""

    async def take() -> Inventory | Failure:
        assert look.repository is not None  # noqa: S101 - these checks need a repository
        listing = await look.repository.listing()
        if isinstance(listing, Failure):
            return listing
        stores = await asked_stores(portal, look)
        return await asyncio.to_thread(take_inventory, portal, look.repository, listing, stores)

    return await look.network.once("variables", take)


def take_inventory(portal: Portal, repository: Repository, listing: Listing, stores: Stores | None = None) -> Inventory:
    """Read every file once; of what git ignores, the environment files. `stores` is what the platforms answered."""
    sources = _Sources(repository)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Python's parser says of a stranger's escapes is not ours to print
        sources.read(path for path in listing.files if not is_others(path))
        reads = [*sources.reads(), *through_wrappers(sources.facts, sources.text, sources.unparsed)]
    # `MAIL_SERVER = os.environ.get("MAIL_SERVER")` here, `if app.config["MAIL_SERVER"]` there
    reads = [replace(r, need=Need.OPTIONAL) if r.need is Need.EMPTY and r.name in sources.tested else r for r in reads]
    known = known_environments(portal, repository, listing, stores)
    unread = {p: f.trouble for p, f in sources.facts.items() if f.trouble} | sources.unread | known.unread
    return Inventory(
        variables=_variables(reads, known),
        environments=known.environments,
        examples=known.examples,
        dynamic=tuple((path, d) for path, f in sorted(sources.facts.items()) for d in f.dynamic),
        unread=unread,
        mentioned=frozenset(sources.words),
        tracked_env_files=tuple(p for p in listing.tracked if is_env_file(p) and not is_others(p)),
        files=sources.count,
        cut=sources.cut or listing.cut,
    )


def read_facts(path: str, text: str) -> Facts | None:
    """What one file says, by its kind; None when it is of no kind that reads variables, or has no mark of it."""
    name = PurePosixPath(path).name
    if path.endswith(".py"):
        from launchready.hardening.variables_python import MARKS, read_python

        return read_python(text) if MARKS.search(text) else None
    if is_code(path):
        return _tree_facts(path, text)
    if re.fullmatch(r"(?:[\w-]+\.)?Dockerfile(?:\.[\w-]+)?|Containerfile", name):
        return deployment.read_dockerfile(text)
    if name.startswith("Procfile") or path.endswith((".sh", ".bash")) or text.startswith("#!/bin/"):
        return deployment.read_shell(text)
    if re.fullmatch(r"(?:docker-)?compose(?:[.-][\w.-]+)?\.ya?ml", name):
        return deployment.read_compose(text)
    if path.startswith(".github/") and path.endswith((".yml", ".yaml")):
        return deployment.read_actions(text)
    if path.endswith(".prisma"):
        return deployment.read_prisma(text)
    if path.endswith(".html") and "%" in text:
        return deployment.read_page(text)
    if (path.endswith((".yml", ".yaml", ".erb")) and "<%" in text and "ENV" in text) or name in ("Rakefile", "Gemfile"):
        from launchready.hardening.variables_ruby import read_ruby

        return read_ruby(path, text)
    return None


def _guarded(path: str, text: str) -> Facts | None:
    """As `read_facts`; a file that its reader cannot cope with is one that was not read, not the end of the others."""
    try:
        return read_facts(path, text)
    except Exception as error:
        return Facts(trouble=f"its reader failed ({type(error).__name__}); this is a fault of Launch Ready")


def _tree_facts(path: str, text: str) -> Facts | None:
    raw = text.encode("utf-8", "replace")
    if path.endswith((".rb", ".rake", ".ru")):
        from launchready.hardening import variables_ruby

        return variables_ruby.read_ruby(path, text) if variables_ruby.MARK.search(raw) else None
    if path.endswith(".php"):
        from launchready.hardening import variables_php

        return variables_php.read_php(path, text) if variables_php.MARK.search(raw) else None
    if path.endswith(".go"):
        from launchready.hardening import variables_go

        marked = variables_go.MARK.search(raw) or variables_go.TAGS.search(raw)
        return variables_go.read_go(path, text) if marked else None
    from launchready.hardening import variables_javascript

    marked = variables_javascript.MARKS.search(raw) or variables_javascript.MODULES.search(raw)
    return variables_javascript.read_javascript(path, text) if marked else None


class _Sources:
    """The files read so far."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.facts: dict[str, Facts] = {}
        self.unparsed: list[str] = []
        """Source files without a mark of their own; they may call a wrapper."""
        self.unread: dict[str, str] = {}
        self.words: set[str] = set()
        self.tested: set[str] = set()
        """Settings of this name are tested for being there."""
        self.count = 0
        self.cut = False

    def read(self, paths: Iterable[str]) -> None:
        total = 0
        for path in paths:
            name = PurePosixPath(path).name
            documents = is_env_file(path) or path.endswith((".md", ".rst", ".txt")) or name in _LOCKS
            if documents or not (is_code(path) or path.endswith(_TEXTS) or "." not in name or "Dockerfile" in name):
                continue
            if self.count >= SOURCE_FILES or total >= TOTAL_BYTES:
                self.cut = True
                return
            text = self.text(path)
            if text is None:
                continue
            self.count += 1
            total += len(text)
            self.words |= set(_WORD.findall(text))
            self.tested |= set(_TESTED.findall(text)) if is_code(path) else set()
            facts = _guarded(path, text)
            if facts is not None:
                self.facts[path] = facts
            elif is_code(path):
                self.unparsed.append(path)

    def text(self, path: str) -> str | None:
        """The text of one file; None when it is none, is minified, or cannot be read (which is remembered)."""
        raw = self.repository.read(path, SOURCE_BYTES)
        if isinstance(raw, Failure):
            if is_code(path) and not isinstance(raw, TooLarge):
                self.unread[path] = raw.detail
            elif is_code(path) and self._marked(path):
                self.unread[path] = f"it is larger than {SOURCE_BYTES // 1024} KiB"
            return None
        text = decoded(raw)
        if text is None or (len(text) > 10 * _LONG_LINE and len(text) / (text.count("\n") + 1) > _LONG_LINE):
            return None
        return text.replace("\r\n", "\n")

    def _marked(self, path: str) -> bool:
        """Whether a file that is too long to be read seems to read the environment; most are generated and do not."""
        raw = self.repository.read(path, LOOKED_THROUGH_BYTES)
        return isinstance(raw, Failure) or bool(_ANY_MARK.search(raw))

    def reads(self) -> list[Read]:
        """The readings that the files show by themselves."""
        return [
            Read(f.name, path, f.line, f.need, scope_of(path), f.default, f.others, facts.client, f in facts.inlined)
            for path, facts in sorted(self.facts.items())
            for f in facts.found
        ]


def _variables(reads: Iterable[Read], known: Known) -> dict[str, Variable]:
    by_name: dict[str, list[Read]] = {}
    for read in sorted(reads, key=lambda r: (r.name, list(Scope).index(r.scope), r.path, r.line)):
        listed = by_name.setdefault(read.name, [])
        if not listed or (listed[-1].path, listed[-1].line, listed[-1].need) != (read.path, read.line, read.need):
            listed.append(read)
    declared: dict[str, list[Declared]] = {}
    for entry in known.declared:
        declared.setdefault(entry.name, []).append(entry)
    return {
        name: Variable(name, tuple(by_name.get(name, ())), tuple(declared.get(name, ())), known.documented.get(name))
        for name in sorted({*by_name, *known.documented, *declared})
    }
