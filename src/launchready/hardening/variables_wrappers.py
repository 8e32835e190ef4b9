"""Readings through functions of the portal's own: `require_env("X")`, where `require_env` reads the environment.

In most projects past their first week the environment is read in one place and asked for by name everywhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath

from launchready.hardening.variables_model import Call, Facts, Need, Read, Wrapper
from launchready.hardening.variables_places import scope_of

_NAME = re.compile(r"[A-Z][A-Z0-9_]+\Z")
PARSED_AGAIN = 4000
"""Files without a mark of their own that are parsed because they name a wrapper."""


def through_wrappers(
    facts: dict[str, Facts], text: Callable[[str], str | None], unparsed: Iterable[str]
) -> Iterator[Read]:
    """The readings of every call to a wrapper, in its own file or where it is imported."""
    homes: dict[tuple[str, str, str], Wrapper] = {}
    for path, said in facts.items():
        for name, wrapper in said.wrappers.items():
            for stem in _stems(path):
                homes.setdefault((_language(path), stem, name), wrapper)
    if not homes:
        return
    names = "|".join(re.escape(name) for name in sorted({name for _, _, name in homes}))
    mark = re.compile(rf"""(?<![\w$])(?:{names})(?:\.\w+)?\s*(?:<[^<>()]*>)?\(\s*["'][A-Z][A-Z0-9_]+["']""")
    everything = dict(facts)
    languages = {language for language, _, _ in homes}
    for count, path in enumerate(p for p in unparsed if _language(p) in languages):
        if count < PARSED_AGAIN and (source := text(path)) and mark.search(source):
            everything[path] = _parsed(path, source)
    for path, said in sorted(everything.items()):
        for call in said.calls:
            called = _wrapper(path, said, call, homes)
            if called is not None:
                yield from _reads(path, call, called)


def _wrapper(path: str, said: Facts, call: Call, homes: dict[tuple[str, str, str], Wrapper]) -> Wrapper | None:
    base, _, rest = call.function.partition(".")
    if own := said.wrappers.get(call.function) or (None if path.endswith(".py") else said.wrappers.get(base)):
        return own if not rest or call.function in said.wrappers else None
    if path.endswith(".go"):
        folder = PurePosixPath(path).parent.name
        return homes.get(("go", base if rest else folder, rest or base))
    if call.function.startswith("self.") and rest in said.wrappers:
        return said.wrappers[rest]
    module, name = said.imports.get(base, ("", ""))
    language = _language(path)
    found = homes.get((language, module, name))
    if found is None and rest:
        # `import settings_tools; settings_tools.require("X")`, or a class or object of the module
        found = homes.get((language, name or base, rest.rpartition(".")[2]))
    elif found is not None and rest and language == "js":
        return None
    return found


def _reads(path: str, call: Call, wrapper: Wrapper) -> Iterator[Read]:
    given = call.arguments
    if wrapper.position >= len(given):
        return
    name = given[wrapper.position]
    if name is None or not _NAME.match(name):
        return
    at = wrapper.default_position
    has = at is not None and at < len(given)
    need = Need.DEFAULT if has else wrapper.need
    yield Read(name, path, call.line, need, scope_of(path), given[at] if has and at is not None else None)


def _parsed(path: str, source: str) -> Facts:
    if path.endswith(".py"):
        from launchready.hardening.variables_python import read_python

        return read_python(source)
    if path.endswith(".go"):
        from launchready.hardening.variables_go import read_go

        return read_go(path, source)
    from launchready.hardening.variables_javascript import read_javascript

    return read_javascript(path, source)


def _language(path: str) -> str:
    suffix = path.rpartition(".")[2]
    return {"py": "py", "go": "go", "rb": "rb", "php": "php"}.get(suffix, "js")


def _stems(path: str) -> tuple[str, ...]:
    """What a module is called by those who import it."""
    place = PurePosixPath(path)
    if path.endswith(".go"):
        return (place.parent.name,)
    stem = place.name.partition(".")[0]
    return (stem, place.parent.name) if stem in ("__init__", "index") else (stem,)
