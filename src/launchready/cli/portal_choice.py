"""Which portal a command line means: the domain typed, the file named, or the `launchready.toml` that lies here.

A domain typed beside a file that describes another one is never mixed with it: named with --config that is refused,
lying here the file is left aside, and both are said.
"""

from __future__ import annotations

import sys
from pathlib import Path

from launchready.cli.options import FILE_NAME
from launchready.cli.stop import Stop
from launchready.portal import Portal, PortalError, domain_name, read_portal


def choose_portal(domain: str | None, config: Path | None) -> Portal:
    """The portal to look at. Raises Stop."""
    typed = _typed(domain) if domain is not None else None
    path = config or Path(FILE_NAME)
    if typed and config is None and not path.exists():
        return Portal(domain=typed)
    try:
        described = read_portal(path)
    except PortalError as error:
        raise Stop(str(error)) from None
    if typed is None or typed == described.domain:
        return described
    if config is not None:
        raise Stop(f"{config} describes {described.domain}, not {typed}; leave out the domain or --config")
    print(f"launchready: {path} describes {described.domain} and is left aside", file=sys.stderr)
    return Portal(domain=typed)


def _typed(text: str) -> str:
    try:
        return domain_name(text)
    except ValueError as error:
        raise Stop(str(error)) from None
