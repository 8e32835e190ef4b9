"""The values that the target of a release gets, for looks that need the very value: a connection string, an API key.

They come from the environment's file on this disk, the file of the release directories, or the variables of this
process, and go to the one server they are for. Nothing here is printed or kept.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from launchready.hardening.local_variables import local_variables
from launchready.hardening.variables_dotenv import parse_dotenv
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.look import Look

MOST_BYTES = 1024 * 1024


async def target_variables(portal: Portal, look: Look) -> Mapping[str, str]:
    """Names and values, as far as this machine knows them; asked once in a run.

    The file of the release directories wins over that of the environment, and both over this process: they are what
    the portal's own processes read.
    """
    return await look.network.once(("target variables",), lambda: _read(portal, look))


def unlock(portal: Portal, name: str) -> str:
    """What would let a look find the value."""
    environment = portal.deploy.environment if portal.deploy else "production"
    return f"name the file that holds it as env_file of [environments.{environment}], or set {name} for this command"


async def _read(portal: Portal, look: Look) -> Mapping[str, str]:
    deploy = portal.deploy
    environment = portal.environments.get(deploy.environment) if deploy else None
    held: dict[str, str] = {}
    if environment and environment.env_file:
        found = await local_variables(look, environment)
        held |= {} if isinstance(found, Failure) else found
    if deploy and deploy.root and deploy.env_file:
        try:
            with (Path(deploy.root) / deploy.env_file).open("rb") as file:
                text = file.read(MOST_BYTES).decode("utf-8", "replace")
        except OSError:
            text = ""
        held |= {entry.name: entry.value for entry in parse_dotenv(text)[0] if entry.value}
    return {**os.environ, **held}
