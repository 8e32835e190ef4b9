"""`launchready init`: a first launchready.toml from what can be seen."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from launchready.cli import options
from launchready.cli.stop import Exit, Stop


def init(
    domain: Annotated[str, typer.Argument(help="Such as example.com.")],
    config: Annotated[Path, typer.Option("--config", "-c", metavar="FILE", help="The file to write.")] = Path(
        options.FILE_NAME
    ),
    stdout: Annotated[bool, typer.Option("--stdout", help="Print it, write nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    resolver: options.ResolverFlags = None,
    connect_to: options.ConnectTo = None,
    closed: options.Closed = False,
    ca_file: options.CaFile = None,
    timeout: options.Timeout = 10.0,
    deadline: options.Deadline = 90.0,
    no_discover: options.NoDiscover = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> int:
    """Look at a domain and write a commented launchready.toml from what was found."""
    if not stdout and not force and config.exists():
        raise Stop(f"{config} is there already; --force replaces it, --stdout only prints")

    import asyncio

    from launchready.cli.draft import look_around, written
    from launchready.cli.output import write_whole
    from launchready.cli.reach import Reach, look_at
    from launchready.portal import Portal, domain_name, parse_portal

    try:
        portal = Portal(domain=domain_name(domain))
    except ValueError as error:
        raise Stop(str(error)) from None
    reach = Reach(
        tuple(resolver or ()), tuple(connect_to or ()), closed, ca_file, timeout, deadline, discover=not no_discover
    )
    try:
        text = written(asyncio.run(look_around(look_at(portal, reach))))
    except KeyboardInterrupt:
        raise Stop("interrupted; nothing was written", Exit.INTERRUPTED) from None
    parse_portal(text)
    if stdout:
        sys.stdout.write(text)
        return 0
    write_whole(config, text)
    if not quiet:
        print(f"wrote {config}; read it through, then: launchready check" + _named(config))
    return 0


def _named(config: Path) -> str:
    return "" if config == Path(options.FILE_NAME) else f" --config {config}"
