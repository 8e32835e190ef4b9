"""`launchready map`: what the portal is made of, drawn, with what must change on it."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from launchready.cli import options
from launchready.cli.stop import Exit, Stop

if TYPE_CHECKING:
    from launchready.model import DeploymentMap


class MapFormat(StrEnum):
    """How the map is drawn."""

    TEXT = "text"
    SVG = "svg"
    MERMAID = "mermaid"
    JSON = "json"


_BY_EXTENSION = {
    ".svg": MapFormat.SVG,
    ".mmd": MapFormat.MERMAID,
    ".mermaid": MapFormat.MERMAID,
    ".json": MapFormat.JSON,
    ".txt": MapFormat.TEXT,
}


def map_(
    domain: Annotated[
        str | None, typer.Argument(help="Such as example.com; left out: the one of the file.", show_default=False)
    ] = None,
    config: options.Config = None,
    repo: options.Repo = None,
    format: Annotated[
        MapFormat | None, typer.Option(help="How it is drawn.", show_default="by --output, else text")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it here: .svg .mmd .json .txt.")
    ] = None,
    resolver: options.ResolverFlags = None,
    connect_to: options.ConnectTo = None,
    closed: options.Closed = False,
    ca_file: options.CaFile = None,
    timeout: options.Timeout = 10.0,
    deadline: options.Deadline = 90.0,
    no_discover: options.NoDiscover = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
    debug: options.Debug = False,
) -> int:
    """Draw the portal: domain, DNS, edge, application, data, mail, third parties, and what must change."""
    form = format or _format_of(output)
    if output and output.is_dir():
        raise Stop(f"--output {output}: is a directory; name a file in it")

    from launchready import gate
    from launchready.cli.check import audit, with_repository
    from launchready.cli.output import write_whole
    from launchready.cli.portal_choice import choose_portal
    from launchready.cli.reach import Reach, look_at

    portal = with_repository(choose_portal(domain, config), repo)
    reach = Reach(
        tuple(resolver or ()), tuple(connect_to or ()), closed, ca_file, timeout, deadline, discover=not no_discover
    )
    look = look_at(portal, reach)
    report = audit(look, gate.in_scope(gate.catalogue().values(), portal), quiet=quiet, draw=True)
    for crash in look.crashes if debug else ():
        print(crash, file=sys.stderr)
    if report.map is None:
        raise Stop(f"the map of {portal.domain} could not be drawn in time; give it more with --deadline")
    if output:
        write_whole(output, drawn(report.map, form))
        if not quiet:
            print(f"wrote {output}")
    elif form is MapFormat.TEXT:
        _print(report.map, no_color=no_color)
    else:
        sys.stdout.write(drawn(report.map, form))
    return Exit.READY


def drawn(map: DeploymentMap, form: MapFormat) -> str:
    """The map as text in one of the formats."""
    from launchready.report import map_json, map_mermaid, map_svg
    from launchready.report.json_report import dumped

    if form is MapFormat.SVG:
        return map_svg.render(map)
    if form is MapFormat.MERMAID:
        return map_mermaid.render(map)
    if form is MapFormat.JSON:
        return dumped(map_json.document(map))
    import io

    from rich.console import Console

    sheet = io.StringIO()
    _to(map, Console(file=sheet, width=120, force_terminal=False, color_system=None))
    return "\n".join(line.rstrip() for line in sheet.getvalue().splitlines()) + "\n"


def _print(map: DeploymentMap, *, no_color: bool) -> None:
    from launchready.cli.output import console

    _to(map, console(no_color=no_color))


def _to(map: DeploymentMap, console: object) -> None:
    from rich.console import Console

    from launchready.report import terminal

    assert isinstance(console, Console)  # noqa: S101 - Rich is not imported at the top
    terminal.render_map(map, console)


def _format_of(output: Path | None) -> MapFormat:
    if output is None:
        return MapFormat.TEXT
    if form := _BY_EXTENSION.get(output.suffix.lower()):
        return form
    raise Stop(f"--output {output}: the extension does not name a format; there are {', '.join(_BY_EXTENSION)}")
