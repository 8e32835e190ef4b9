"""What each environment holds, as far as it is known: launchready.toml, environment files, platform files; and what
the example file documents."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from launchready.hardening.variables_dotenv import commented_names, parse_dotenv
from launchready.hardening.variables_model import Declared, Documented, Environment, Scope
from launchready.hardening.variables_names import is_placeholder, is_secret
from launchready.hardening.variables_places import environment_of, is_env_file, is_example, is_others, scope_of
from launchready.hardening.variables_platforms import Settings, is_platform_file, platform_settings, role
from launchready.portal import FILE_NAME, EnvironmentSettings, Portal
from launchready.probes.failures import Failure
from launchready.probes.look import Look
from launchready.probes.platform import VENDORS
from launchready.probes.repository import Listing, Repository, decoded

FILE_BYTES = 512 * 1024
ENV_FILES = 200
"""Environment and platform files of one repository that are read."""


@dataclass
class Known:
    """Everything declared and documented."""

    environments: dict[str, Environment] = field(default_factory=dict)
    declared: list[Declared] = field(default_factory=list)
    documented: dict[str, Documented] = field(default_factory=dict)
    examples: tuple[str, ...] = ()
    unread: dict[str, str] = field(default_factory=dict)

    def environment(self, name: str) -> Environment:
        """The one of that name, made if need be."""
        return self.environments.setdefault(name, Environment(name))


Stores = Mapping[str, frozenset[str] | Failure]
"""By the name of launchready.toml: the names in the environment's store, where one was asked."""


async def asked_stores(portal: Portal, look: Look) -> Stores:
    """What the stores hold of every environment whose platform and token are named."""
    asked = {n: s for n, s in portal.environments.items() if s.platform and s.token_env}
    answers = await asyncio.gather(*(look.platforms.names(name, settings) for name, settings in asked.items()))
    return dict(zip(asked, answers, strict=True))


def known_environments(portal: Portal, repository: Repository, listing: Listing, stores: Stores | None = None) -> Known:
    """Read all of it; what cannot be read is named in `unread`."""
    known = Known()
    reader = _Reader(repository, known, frozenset((*listing.files, *listing.ignored)))
    named = {s.env_file: canonical(name) for name, s in portal.environments.items() if s.env_file}
    for name, settings in portal.environments.items():
        reader.described(canonical(name), settings)
    paths = sorted({*listing.files, *listing.ignored}, key=lambda path: (path.count("/"), path))
    paths = [p for p in paths if not is_others(p) and scope_of(p) not in (Scope.TEST, Scope.CI, Scope.TOOLING)]
    env_files = [path for path in paths if is_env_file(path)][:ENV_FILES]
    examples = [path for path in env_files if is_example(path)]
    for path in examples:
        reader.example(path)
    known.examples = tuple(sorted(examples, key=_main_first))
    for path in env_files:
        if path not in examples and path not in named:
            reader.env_file(path, environment_of(path), described=False)
    for path in [p for p in paths if not is_env_file(p)]:
        reader.platform(path)
    for name, names in (stores or {}).items():
        reader.store(canonical(name), portal.environments[name], names)
    return known


def canonical(name: str) -> str:
    """`production` for `prod` and `live`; names with no usual role as they are."""
    return role(name) or name


class _Reader:
    def __init__(self, repository: Repository, known: Known, listed: frozenset[str]) -> None:
        self.repository, self.known, self.listed = repository, known, listed

    def described(self, name: str, settings: EnvironmentSettings) -> None:
        """An environment of launchready.toml; what it lists is all there is."""
        environment = self.known.environment(name)
        if settings.variables:
            environment.sources.append(FILE_NAME)
            environment.complete = True
            for variable in settings.variables:
                self._declare(Declared(variable, name, FILE_NAME, 0, None, "listed"))
        if settings.env_file:
            self.env_file(settings.env_file, name, described=True)

    def store(self, name: str, settings: EnvironmentSettings, names: frozenset[str] | Failure) -> None:
        """The store of an environment. It is all there is, with the files; unless it cannot be seen, or not whole."""
        environment, vendor = self.known.environment(name), VENDORS[settings.platform][0].name
        if isinstance(names, Failure):
            environment.complete = environment.complete and bool(settings.variables)
            environment.partial_reason = f"its store could not be read: {names}"
            return
        place = f"the store of {vendor}"
        environment.sources.append(place)
        for variable in sorted(names):
            self._declare(Declared(variable, name, place, 0, None, "store"))
        if reason := _more_than_the_store(settings):
            environment.partial_reason = reason
        else:
            environment.complete = True

    def env_file(self, path: str, name: str, *, described: bool) -> None:
        """One environment file. It is the whole environment where it is described so, or holds its secrets."""
        text = self._text(path)
        if text is None:
            if described:
                self.known.unread.setdefault(path, f"the environment file of {name} is not in the repository's folder")
                environment = self.known.environment(name)
                environment.partial_reason = f"{path} could not be read"
            return
        entries, _ = parse_dotenv(text)
        environment = self.known.environment(name)
        environment.sources.append(path)
        whole = described or any(is_secret(e.name) and not is_placeholder(e.value or "") for e in entries)
        environment.complete = environment.complete or whole
        if not whole and not environment.partial_reason:
            environment.partial_reason = f"{path} holds no secret, so the others are kept elsewhere"
        for entry in entries:
            self._declare(Declared(entry.name, name, path, entry.line, entry.value))

    def example(self, path: str) -> None:
        """What an example file documents, commented entries too."""
        text = self._text(path)
        if text is None:
            return
        for entry in parse_dotenv(text)[0]:
            self.known.documented.setdefault(entry.name, Documented(entry.name, path, entry.line, entry.value or ""))
        for name, line in commented_names(text).items():
            self.known.documented.setdefault(name, Documented(name, path, line, commented=True))

    def platform(self, path: str) -> None:
        """One platform file, if it is one."""
        if not is_platform_file(path) or path.count("/") > 3:
            return
        text = self._text(path)
        found = platform_settings(path, text) if text is not None else None
        if found is not None:
            self._platform(path, found)

    def _platform(self, path: str, settings: Settings) -> None:
        environment = self.known.environment(settings.environment)
        environment.sources.append(path)
        complete = settings.complete
        for file in settings.env_files:
            beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), file))
            # A stranger's file: only what the listing names is opened, never what lies behind a link.
            text = self._text(beside) if beside in self.listed else None
            if text is None:
                complete, settings.reason = False, f"{path} names {file}, which is not here"
                continue
            for entry in parse_dotenv(text)[0]:
                self._declare(Declared(entry.name, settings.environment, beside, entry.line, entry.value))
        environment.complete = environment.complete or complete
        if not complete and not environment.partial_reason:
            environment.partial_reason = settings.reason
        for declared in settings.declared:
            self._declare(declared)

    def _declare(self, entry: Declared) -> None:
        self.known.declared.append(entry)
        held = self.known.environment(entry.environment).declared
        if entry.name not in held or (held[entry.name].value == "" and entry.value != ""):
            held[entry.name] = entry

    def _text(self, path: str) -> str | None:
        path = posixpath.normpath(path)
        if path.startswith(("/", "..")):
            return None
        raw = self.repository.read(path, FILE_BYTES)
        if isinstance(raw, Failure):
            return None
        return decoded(raw)


def _more_than_the_store(settings: EnvironmentSettings) -> str:
    """Why a service may get variables that its store does not list; empty where it cannot."""
    if settings.platform == "github":
        return "GitHub holds what deploys it, and may not hold what it runs with"
    if settings.platform == "vercel" and "/" in settings.service:
        return "what a team of Vercel shares among its projects is not listed"
    return ""


def _main_first(path: str) -> tuple[int, bool, str]:
    return path.count("/"), PurePosixPath(path).name != ".env.example", path
