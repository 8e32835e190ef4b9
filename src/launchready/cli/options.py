"""The options several verbs share, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

FILE_NAME = "launchready.toml"

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help=f"Describes the portal [default: {FILE_NAME}]"),
]
Repo = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="The portal's source code [default: [repository] path]", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the verdict in one line, no progress.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours (as NO_COLOR does).")]
Debug = Annotated[bool, typer.Option("--debug", help="Print tracebacks of what failed in Launch Ready itself.")]

ResolverFlags = Annotated[
    list[str] | None,
    typer.Option(
        "--resolver",
        metavar="NAME=ADDR[:PORT]",
        help="Ask this resolver; the first is asked everything, all are compared. Repeatable.",
    ),
]
ConnectTo = Annotated[
    list[str] | None,
    typer.Option(
        metavar="HOST:PORT:ADDR:PORT",
        help="As curl: connect to ADDR:PORT for HOST:PORT; @FILE reads one a line. Repeatable.",
    ),
]
Closed = Annotated[bool, typer.Option("--closed", help="Reach nothing but what --connect-to names.")]
CaFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Trust these roots (PEM) instead of Mozilla's.", show_default=False)
]
Timeout = Annotated[
    float, typer.Option(min=0.1, max=600, metavar="SECONDS", help="For one handshake, GET or dialogue.")
]
Deadline = Annotated[float, typer.Option(min=1, max=86400, metavar="SECONDS", help="For the whole run.")]
NoDiscover = Annotated[bool, typer.Option("--no-discover", help="Look only at root, www and the hosts named.")]
