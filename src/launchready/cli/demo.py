"""`launchready demo`: see it work, on a local internet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from launchready.cli.stop import Stop


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the faulty portal up, and say how to audit it.")] = False,
    report_dir: Annotated[Path, typer.Option(metavar="DIRECTORY", help="Where the reports go.")] = Path(
        "launchready-report"
    ),
) -> int:
    """Audit a faulty portal on a local internet, repair it, audit it again: no account, no domain, no network."""
    try:
        from launchready.lab.demo import run_demo
    except ModuleNotFoundError as error:
        raise Stop(f"the demo needs {error.name}; install it with: pip install 'launchready[demo]'") from None
    return run_demo(keep=keep, report_dir=report_dir)
