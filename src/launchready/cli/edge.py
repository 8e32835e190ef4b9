"""`launchready edge`: DNS and the edge brought to what `[edge]` of launchready.toml wants: planned, applied, undone."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from launchready.cli import options
from launchready.cli.stop import Exit, Stop

if TYPE_CHECKING:
    from launchready.edge.control.proposal import Proposal
    from launchready.portal import Portal
    from launchready.probes.look import Look

edge = typer.Typer(
    name="edge",
    help="DNS and the edge, as [edge] of launchready.toml wants them: plan, apply, undo, drift.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Take = Annotated[
    list[str] | None,
    typer.Option(metavar="'NAME TYPE'", help="What is of others and may be changed or deleted, as '@ A'. Repeatable."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
Less = Annotated[bool, typer.Option("--quiet", "-q", help="Print only what went wrong.")]


@edge.command()
def plan(
    config: options.Config = None,
    take: Take = None,
    as_json: options.AsJson = False,
    resolver: options.ResolverFlags = None,
    connect_to: options.ConnectTo = None,
    closed: options.Closed = False,
    ca_file: options.CaFile = None,
    timeout: options.Timeout = 10.0,
    deadline: options.Deadline = 300.0,
) -> int:
    """What apply would change: each line with its reason, its risk. Changes nothing.

    Exit codes: 0 nothing to do, 1 changes are wanted, 2 unusable, 3 could not look.
    """
    from launchready.edge.control import action
    from launchready.edge.control.words import document, lines

    portal, root = _portal(config)
    reach = (resolver, connect_to, closed, ca_file, timeout, deadline)
    found = _answered(_with_look(portal, reach, lambda look: action.plan(look, root, take or [])))
    if as_json:
        sys.stdout.write(json.dumps(document(found), indent=2) + "\n")
    else:
        _print(lines(found))
    return Exit.FOUND if found.steps or found.refused else Exit.READY


def _portal(config: Path | None) -> tuple[Portal, Path]:
    from launchready.cli.portal_choice import choose_portal

    portal = choose_portal(None, config)
    if portal.edge is None:
        raise Stop("launchready.toml has no [edge] section, which says what is wanted: docs/edge.md shows one")
    return portal, (config or Path(options.FILE_NAME)).absolute().parent


def _with_look(portal: Portal, reach: tuple[Any, ...], work: Callable[[Look], Coroutine[Any, Any, Any]]) -> Any:
    import asyncio

    from launchready.cli.reach import Reach, look_at

    resolver, connect_to, closed, ca_file, timeout, deadline = reach
    typed = Reach(tuple(resolver or ()), tuple(connect_to or ()), closed, ca_file, timeout, deadline, discover=False)

    async def run() -> Any:
        look = look_at(portal, typed)
        try:
            return await work(look)
        finally:
            await look.close()

    try:
        return asyncio.run(run())
    except KeyboardInterrupt:
        raise Stop("interrupted", Exit.INTERRUPTED) from None


def _answered(found: Any) -> Proposal:
    from launchready.edge.control.held import Barred

    if isinstance(found, Barred):
        raise Stop(f"{found}; nothing was changed", Exit.UNUSABLE if found.denied else Exit.UNPROVEN)
    proposal: Proposal = found
    return proposal


def _print(lines: list[str], *, quiet: bool = False) -> None:
    if not quiet:
        for line in lines:
            print(line, flush=True)
