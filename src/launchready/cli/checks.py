"""`launchready checks`: the catalogue."""

from __future__ import annotations

import sys
from itertools import groupby
from typing import Any

from launchready.cli import options
from launchready.model import CheckInfo


def checks(as_json: options.AsJson = False, no_color: options.NoColor = False) -> int:
    """Every check: name, severity, what it finds."""
    from launchready import gate
    from launchready.report.json_report import dumped

    infos = [check.info for check in gate.catalogue().values()]
    if as_json:
        sys.stdout.write(dumped({"schema": "launchready.checks/1", "checks": [described(info) for info in infos]}))
        return 0
    _table(infos, no_color=no_color)
    return 0


def described(info: CheckInfo) -> dict[str, Any]:
    """A check's declaration as JSON's data types."""
    return {
        "id": info.id,
        "stage": info.stage.value,
        "roadmap": list(info.roadmap),
        "severity": info.severity.value,
        "effort_min": info.effort_min,
        "reference": info.reference,
        "title": info.title,
        "why": info.why,
        "fix": info.fix,
        "notes": info.notes,
    }


def _table(infos: list[CheckInfo], *, no_color: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    from launchready.cli.output import console
    from launchready.report.terminal import SEVERITY_STYLE

    sheet = console(no_color=no_color)
    widest = max(len(info.id) for info in infos) if sheet.width >= 80 else None
    for area, rows in groupby(infos, key=lambda info: info.id.partition(".")[0]):
        table = Table(title=area, title_justify="left", title_style="bold", box=None, pad_edge=False, show_header=False)
        table.add_column(width=widest, overflow="fold")
        table.add_column(width=11, no_wrap=True)
        table.add_column(ratio=1)
        for info in rows:
            table.add_row(Text(info.id), Text(info.severity, SEVERITY_STYLE[info.severity]), Text(info.title))
        sheet.print(table)
        sheet.print()
    sheet.print(Text(f"{len(infos)} checks. More on one: launchready explain CHECK", "dim"))
