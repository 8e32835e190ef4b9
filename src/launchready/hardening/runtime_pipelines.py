"""Versions of languages that continuous integration runs on: GitHub workflows, GitLab, CircleCI."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from launchready.hardening.deployment_files import WORKFLOWS, is_pipeline
from launchready.hardening.dockerfile import image
from launchready.hardening.documents import Shelf, place, table, tables, words
from launchready.hardening.runtime_versions import Statement, Weight, of_image, stated
from launchready.hardening.version_ranges import npm

_ACTIONS = {
    "actions/setup-python": ("python", "python-version"),
    "actions/setup-node": ("node", "node-version"),
    "actions/setup-go": ("go", "go-version"),
    "ruby/setup-ruby": ("ruby", "ruby-version"),
    "shivammathur/setup-php": ("php", "php-version"),
    "astral-sh/setup-uv": ("python", "python-version"),
    "pnpm/setup-node": ("node", "node-version"),
}


async def pipelines(shelf: Shelf) -> list[Statement]:
    """What each pipeline runs on."""
    found: list[Statement] = []
    for path in shelf.listing.files:
        if is_pipeline(path):
            data, text = await shelf.document(path), await shelf.text(path) or ""
            found += _workflow(path, text, table(data)) if path.startswith(WORKFLOWS) else _images(path, text, data)
    return found


def _workflow(path: str, text: str, data: dict[str, Any]) -> Iterator[Statement]:
    for job in table(data.get("jobs")).values():
        job = table(job)
        values = {f"env.{k}": v for k, v in {**table(data.get("env")), **table(job.get("env"))}.items()}
        values |= {f"matrix.{k}": v for k, v in _matrix(table(job.get("strategy"))).items()}
        folder = table(table(job.get("defaults")).get("run")).get("working-directory")
        for step in tables(job.get("steps")):
            action = str(step.get("uses", "")).partition("@")[0]
            if action not in _ACTIONS:
                continue
            language, key = _ACTIONS[action]
            where = place(path, text, action, key)
            for version in _resolved(table(step.get("with")).get(key), values):
                yield from _one(language, version, where, folder if isinstance(folder, str) else "")
        container = job.get("container")
        named = table(container).get("image") if isinstance(container, dict) else container
        yield from _images(path, text, {"image": named})


def _one(language: str, version: str, where: str, folder: str) -> Iterator[Statement]:
    if re.match(r"[\^~<>=]", version) and (admitted := npm(version)):
        yield Statement(language, version, where, folder, admitted, Weight.PIPELINE)
        return
    for one in stated(language, version, where, folder, Weight.PIPELINE):
        unquoted = language == "python" and version == "3.1"
        yield replace(one, text="3.1 (how YAML reads an unquoted 3.10)") if unquoted else one


def _matrix(strategy: dict[str, Any]) -> dict[str, list[Any]]:
    matrix = table(strategy.get("matrix"))
    values: dict[str, list[Any]] = {
        k: v for k, v in matrix.items() if isinstance(v, list) and k not in ("include", "exclude")
    }
    for row in tables(matrix.get("include")):
        for key, value in row.items():
            values.setdefault(str(key), []).append(value)
    for rows in [value for value in values.values() if tables(value)]:
        for row in tables(rows):
            for key, value in row.items():
                values.setdefault(f"{key}", []).append(value)
    return values


def _resolved(value: object, values: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for one in words(value):
        for line in one.splitlines():
            reference = re.fullmatch(r"\$\{\{\s*([\w.-]+)\s*\}\}", line.strip())
            if reference is None:
                found.append(line.strip())
                continue
            name = reference.group(1)
            found += words(values.get(name, values.get(f"matrix.{name.rpartition('.')[2]}")))
    return found


def _images(path: str, text: str, data: object) -> list[Statement]:
    found: list[Statement] = []
    for name in dict.fromkeys(_image_names(data)):
        held = of_image(image(name))
        if held and held[1]:
            found += stated(held[0], held[1], place(path, text, name), "", Weight.PIPELINE)
    return found


def _image_names(data: object, key: str = "") -> Iterator[str]:
    if isinstance(data, dict):
        for name, value in data.items():
            yield from _image_names(value, "image" if key == "image" and name == "name" else str(name))
    elif isinstance(data, list):
        for value in data:
            yield from _image_names(value, key)
    elif isinstance(data, str) and key == "image" and "$" not in data:
        yield data
