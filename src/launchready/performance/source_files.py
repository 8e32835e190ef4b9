"""The portal's own source files that run while it serves: no tests, scripts, builds or other people's code."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from launchready.model import NotChecked
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.look import Look

MOST_FILES = 4_000
_LEFT_OUT_WORDS = (
    "node_modules bower_components vendor vendors third_party site-packages .venv venv virtualenv __pycache__ .git "
    "dist build out .next .nuxt .output .svelte-kit coverage htmlcov staticfiles target tmp migrations alembic "
    "test tests testing __tests__ spec specs e2e cypress playwright fixtures testdata mocks __mocks__ stubs "
    "scripts script bin tools tooling hack example examples sample samples docs doc benchmark benchmarks bench "
    "notebooks .github .devcontainer seeds seeding stories .storybook"
)
_LEFT_OUT = frozenset(_LEFT_OUT_WORDS.split())
_LEFT_OUT_NAMES = re.compile(
    r"^test_|_test\.\w+$|[._-](?:test|spec|stories|min|bundle|config)\.|^conftest\.py$|^(?:noxfile|fabfile|setup|tests)\.py$"
    r"|^(?:gulpfile|Gruntfile|seed|seeds)\.",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of the portal."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Sources:
    """What was read."""

    files: tuple[SourceFile, ...]
    unread: tuple[str, ...] = ()
    """Files that could not be read, and why."""


async def sources(portal: Portal, look: Look, endings: tuple[str, ...]) -> Sources | NotChecked:
    """The portal's files with these endings."""
    if look.repository is None:
        return NotChecked(portal.domain, "no repository is named", "add [repository] to launchready.toml")
    paths = await look.repository.files()
    if isinstance(paths, Failure):
        return NotChecked(portal.domain, f"the repository cannot be read: {paths}")
    chosen = [path for path in paths if path.endswith(endings) and is_own(path)]
    found: list[SourceFile] = []
    unread = [f"{len(chosen) - MOST_FILES} more files"] if len(chosen) > MOST_FILES else []
    for start in range(0, len(chosen[:MOST_FILES]), 50):
        some = chosen[start : min(start + 50, MOST_FILES)]
        texts = await asyncio.gather(*(look.repository.text(path) for path in some))
        for path, text in zip(some, texts, strict=True):
            if isinstance(text, Failure):
                unread.append(f"{path}: {text}")
            else:
                found.append(SourceFile(path, text))
    return Sources(tuple(found), tuple(unread))


def is_own(path: str) -> bool:
    """Whether a file is the portal's, and may run while it serves."""
    place = PurePosixPath(path)
    return not (_LEFT_OUT & set(place.parts[:-1])) and not _LEFT_OUT_NAMES.search(place.name)


def is_command(path: str) -> bool:
    """Whether it runs beside the portal: Django's management commands, tasks of a queue's worker."""
    place = PurePosixPath(path)
    return "commands" in place.parts[:-1] or place.stem in ("tasks", "celery", "worker", "workers", "jobs", "cron")
