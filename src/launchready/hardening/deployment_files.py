"""Which files say how the portal is built and run, by their names: compose files and pipelines; what those run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from launchready.hardening.dockerfile import for_development
from launchready.hardening.documents import basename, folder_of, words

WORKFLOWS = ".github/workflows/"


def compose_kind(path: str) -> str:
    """`production`, `plain` or `development` for a compose file, empty for any other."""
    found = re.fullmatch(r"(?:docker-)?compose(?:[._-]([\w.-]+))?\.ya?ml", basename(path).lower())
    if not found or for_development(f"{folder_of(path)}/x"):
        return ""
    name = found.group(1) or ""
    if not name:
        return "plain"
    return "production" if re.search(r"(^|[._-])(prod|production|live|deploy)([._-]|$)", name) else "development"


def mounts_source(service: dict[str, Any]) -> bool:
    """Whether the source folder itself is mounted into the container, as only development does."""
    for volume in service.get("volumes") or [] if isinstance(service.get("volumes"), list) else []:
        source = volume.get("source") if isinstance(volume, dict) else str(volume).partition(":")[0]
        if isinstance(source, str) and re.fullmatch(
            r"\.{1,2}(/|/(src|app|backend|frontend|web|api|server|client))?/?", source
        ):
            return True
    return False


def is_pipeline(path: str) -> bool:
    """Whether a file describes continuous integration."""
    if path.startswith(WORKFLOWS):
        return path.endswith((".yml", ".yaml"))
    return path in (
        ".gitlab-ci.yml", ".circleci/config.yml", "bitbucket-pipelines.yml", "azure-pipelines.yml", "cloudbuild.yaml",
        "cloudbuild.yml", "buildspec.yml", ".drone.yml", ".travis.yml", ".woodpecker.yml", "amplify.yml",
    )  # fmt: skip


def runs(data: object, key: str = "") -> Iterator[str]:
    """The commands of a pipeline, wherever they stand in it."""
    if isinstance(data, dict):
        for name, value in data.items():
            yield from runs(value, str(name))
    elif isinstance(data, list):
        if key in ("args", "entrypoint"):
            yield " ".join(words(data))
        else:
            for value in data:
                yield from runs(value, key)
    elif isinstance(data, str) and key in _RUN_KEYS:
        yield data


_RUN_KEYS = frozenset(
    {"run", "script", "command", "commands", "before_script", "after_script", "bash", "install", "build", "preBuild"}
)
