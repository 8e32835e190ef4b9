"""`launchready explain`: what a check looks at, why it matters, how to fix what it finds."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from launchready.cli import options
from launchready.cli.stop import Stop
from launchready.model import CheckInfo


def explain(
    name: Annotated[
        str, typer.Argument(metavar="CHECK", help="Such as dns.caa; a prefix such as mail lists its checks.")
    ],
    as_json: options.AsJson = False,
    no_color: options.NoColor = False,
) -> int:
    """What a check looks at, why it matters, how to fix it."""
    from launchready import gate
    from launchready.cli.checks import described
    from launchready.cli.names import nearest
    from launchready.report.json_report import dumped

    catalogue = gate.catalogue()
    infos = [c.info for id, c in catalogue.items() if id == name or id.startswith(f"{name}.")]
    if not infos:
        raise Stop(f"no check is called {name!r}{nearest(name, catalogue)}; `launchready checks` lists them")
    if as_json:
        sys.stdout.write(dumped(described(infos[0]) if infos[0].id == name else [described(info) for info in infos]))
    elif infos[0].id == name:
        _page(infos[0], no_color=no_color)
    else:
        widest = max(len(info.id) for info in infos)
        for info in infos:
            print(f"{info.id:<{widest}}  {info.title}")
    return 0


def _page(info: CheckInfo, *, no_color: bool) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from launchready.cli.output import console
    from launchready.report.terminal import SEVERITY_STYLE
    from launchready.report.text import link_of, minutes

    sheet = console(no_color=no_color)
    sheet.print(Text(info.id, "bold"))
    sheet.print(Text(info.title))
    facts = f", about {minutes(info.effort_min)} to fix, stage {info.stage}, serves {' '.join(info.roadmap)}"
    sheet.print(Text.assemble((info.severity, SEVERITY_STYLE[info.severity]), (facts, "dim")))
    for label, words in (("Why", info.why), ("Fix", info.fix), ("Notes", info.notes)):
        if words:
            sheet.print(Text(f"\n{label}", "bold"))
            sheet.print(Padding(Text(words), (0, 0, 0, 2)))
    link = link_of(info.reference)
    sheet.print(Text("\nSource", "bold"))
    sheet.print(Text(f"  {info.reference}" + (f"  {link}" if link and link != info.reference else "")), soft_wrap=True)
