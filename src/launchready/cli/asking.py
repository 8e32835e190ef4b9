"""The question before something is changed: asked of a person, answered by `--yes`, refused where nobody is there."""

from __future__ import annotations

import sys

import typer

from launchready.cli.stop import Exit, Stop


def confirm(question: str, *, yes: bool) -> None:
    """Ask. Raises Stop where nobody agrees."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Stop("nobody is there to ask; nothing was changed. Look at the plan, then say --yes")
    if not typer.confirm(question):
        raise Stop("nothing was changed", Exit.FOUND)
