"""The variables that an environment's file on this disk holds, for the check of secret storage and for `env push`."""

from __future__ import annotations

import tomllib

from launchready.hardening.variables_dotenv import parse_dotenv
from launchready.hardening.variables_names import is_placeholder, is_provided
from launchready.portal import EnvironmentSettings
from launchready.probes.failures import Failure, Phase, Refused
from launchready.probes.look import Look

DEVELOPMENT = frozenset({"development", "dev", "local", "test", "testing", "ci"})
"""Environments that run on people's own machines: their variables belong there."""


class Absent(Refused):
    """There is no such file on this disk."""


async def local_variables(look: Look, settings: EnvironmentSettings) -> dict[str, str] | Failure:
    """Names and values of the file, the last assignment of each; without those that are no setting of the portal's own.

    Left out are empty ones, placeholders, and what every platform provides itself (`PORT`, `NODE_ENV`).
    """
    held = await _assigned(look, settings)
    return held if isinstance(held, Failure) else {n: v for n, v in held.items() if not is_placeholder(v)}


async def left_out(look: Look, settings: EnvironmentSettings) -> tuple[str, ...]:
    """Names whose values look like placeholders (`change-me`, `1234`), which somebody may mean all the same."""
    held = await _assigned(look, settings)
    return () if isinstance(held, Failure) else tuple(name for name, value in held.items() if is_placeholder(value))


async def _assigned(look: Look, settings: EnvironmentSettings) -> dict[str, str] | Failure:
    path = settings.env_file
    if look.repository is None:
        return Refused(Phase.REQUEST, path, f"no repository is named, so {path} cannot be found")
    text = await look.repository.text(path)
    if isinstance(text, Failure):
        missing = not (look.repository.root / path).exists()
        return Absent(Phase.REQUEST, path, f"{path} is not on this disk") if missing else text
    entries, _ = parse_dotenv(text)
    held = {entry.name: entry.value for entry in entries}
    return {name: value for name, value in held.items() if value and not is_provided(name)}


async def given_by_files(look: Look, settings: EnvironmentSettings) -> frozenset[str]:
    """Names that the platform's own file in the repository sets, where its store does not list them: Fly's `[env]`."""
    if settings.platform != "fly" or look.repository is None:
        return frozenset()
    files = await look.repository.files()
    names: set[str] = set()
    for path in () if isinstance(files, Failure) else files:
        if path.rpartition("/")[2].startswith("fly.") and path.endswith(".toml") and path.count("/") <= 1:
            text = await look.repository.text(path)
            try:
                document = tomllib.loads(text) if isinstance(text, str) else {}
            except (ValueError, RecursionError):
                continue
            section = document.get("env")
            if isinstance(section, dict) and document.get("app", settings.service) == settings.service:
                names |= set(section)
    return frozenset(names)
