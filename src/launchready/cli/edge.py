"""`launchready edge`: DNS and the edge brought to what `[edge]` of launchready.toml wants: planned, applied, undone."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from launchready.cli import options
from launchready.cli.asking import confirm
from launchready.cli.stop import Exit, Stop

if TYPE_CHECKING:
    from launchready.edge.control.held import Barred
    from launchready.edge.control.proposal import Proposal
    from launchready.edge.control.undoing import Made
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
    from launchready.report.edge_plan import document, lines

    portal, root = _portal(config)
    reach = (resolver, connect_to, closed, ca_file, timeout, deadline)
    found = _answered(_with_look(portal, reach, lambda look: action.plan(look, root, take or [])))
    if as_json:
        sys.stdout.write(json.dumps(document(found), indent=2) + "\n")
    else:
        _print(lines(found))
    return Exit.FOUND if found.steps or found.refused else Exit.READY


@edge.command()
def apply(
    config: options.Config = None,
    take: Take = None,
    yes: Yes = False,
    delete_many: Annotated[
        bool, typer.Option("--delete-many", help="Allow deleting more than a third of the zone's records.")
    ] = False,
    no_checks: Annotated[bool, typer.Option("--no-checks", help="Do not run the checks afterwards.")] = False,
    resolver: options.ResolverFlags = None,
    connect_to: options.ConnectTo = None,
    closed: options.Closed = False,
    ca_file: options.CaFile = None,
    timeout: options.Timeout = 10.0,
    deadline: options.Deadline = 300.0,
    quiet: Less = False,
) -> int:
    """Bring DNS and the edge to what is wanted: shown, asked, journalled, undoable; then run the checks it is for.

    Exit codes: 0 done and the checks find no blocker, 1 something was refused or a blocker is left, 2 unusable,
    3 could not look. After a crash or a failure, run it again to go on.
    """
    from launchready.edge.control import action, applying
    from launchready.report.edge_plan import lines

    portal, root = _portal(config)
    reach = (resolver, connect_to, closed, ca_file, timeout, deadline)
    found = _answered(_with_look(portal, reach, lambda look: action.plan(look, root, take or [])))
    _print(lines(found), quiet=quiet)
    if not found.steps:
        if book := applying.unfinished(root, found.zone):
            book.note("ended")  # what was begun before a crash is all there
        return Exit.FOUND if found.refused else Exit.READY
    if found.too_many and not delete_many:
        raise Stop(f"{found.too_many}; nothing was changed. If that is meant, say --delete-many")
    confirm(f"Make {len(found.steps)} changes?", yes=yes)
    told = _teller(quiet=quiet)
    red = {} if no_checks else _ends(portal, reach, found.checks)
    applied = _journalled(lambda: _with_look(portal, reach, lambda look: applying.apply(look, root, found, told)))
    if applied.failure:
        again = "run `launchready edge apply` again to go on, or `launchready edge undo` to take back what was done"
        if not applied.done and not applied.failure.unsure:
            raise Stop(f"{applied.failure}; nothing was changed", _code(applied.failure))
        raise Stop(f"{applied.failure}; {_so_far(applied.done, applied.left)}; {again}", _code(applied.failure))
    if applied.kept:
        print(f"launchready: {len(applied.kept)} left as somebody made them; plan again", file=sys.stderr)
    fine = no_checks or _proven(red, _ends(portal, reach, found.checks), quiet=quiet)
    return Exit.READY if fine and not applied.kept and not found.refused else Exit.FOUND


@edge.command()
def undo(
    config: options.Config = None,
    yes: Yes = False,
    resolver: options.ResolverFlags = None,
    connect_to: options.ConnectTo = None,
    closed: options.Closed = False,
    ca_file: options.CaFile = None,
    timeout: options.Timeout = 10.0,
    deadline: options.Deadline = 300.0,
    quiet: Less = False,
) -> int:
    """Take the last apply back, its last step first; what somebody changed since is left, with a word."""
    from launchready.edge.control import undoing
    from launchready.edge.control.wanted import zone_of
    from launchready.journal import FOLDER

    portal, root = _portal(config)
    reach = (resolver, connect_to, closed, ca_file, timeout, deadline)
    zone = zone_of(portal)
    book = undoing.last(root, zone)
    if book is None:
        raise Stop(f"no apply of {zone} is left to undo in {root / FOLDER}")
    steps = undoing.made(book)
    _print([_undo_line(step) for step in reversed(steps)], quiet=quiet)
    confirm(f"Take back {len(steps)} changes?", yes=yes)
    told = _teller(quiet=quiet)
    undone = _journalled(lambda: _with_look(portal, reach, lambda look: undoing.undo(look, root, zone, told)))
    if undone.failure:
        raise Stop(
            f"{undone.failure}; {_so_far(undone.done, undone.left)}; run `launchready edge undo` again to go on",
            _code(undone.failure),
        )
    return Exit.FOUND if undone.kept else Exit.READY


@edge.command()
def drift(
    config: options.Config = None,
    as_json: options.AsJson = False,
    resolver: options.ResolverFlags = None,
    connect_to: options.ConnectTo = None,
    closed: options.Closed = False,
    ca_file: options.CaFile = None,
    timeout: options.Timeout = 10.0,
    deadline: options.Deadline = 300.0,
) -> int:
    """What was changed by hand since the last apply. Changes nothing; exit code 1 if anything was."""
    from launchready.edge.control import drifting
    from launchready.edge.control.held import Barred
    from launchready.report.text import clean

    portal, root = _portal(config)
    reach = (resolver, connect_to, closed, ca_file, timeout, deadline)
    found = _with_look(portal, reach, lambda look: drifting.drift(look, root))
    if isinstance(found, Barred):
        raise Stop(str(found), _code(found))
    if as_json:
        rows = [{"subject": one.subject, "what": one.what} for one in found]
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
    else:
        _print([f"  ~ {clean(one.subject)}  {clean(one.what, most=400)}" for one in found])
        _print(["Nothing was changed by hand."] if not found else [f"{len(found)} changed by hand; "
               "`launchready edge plan` shows how to bring it back."])  # fmt: skip
    return Exit.FOUND if found else Exit.READY


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
        raise Stop(f"{found}; nothing was changed", _code(found))
    proposal: Proposal = found
    return proposal


def _print(lines: list[str], *, quiet: bool = False) -> None:
    if not quiet:
        for line in lines:
            print(line, flush=True)


def _code(error: Barred) -> Exit:
    return Exit.UNUSABLE if error.denied or error.busy else Exit.UNPROVEN


def _so_far(done: list[str], left: list[str]) -> str:
    from launchready.report.text import clean, listed

    return f"done: {clean(listed(done) or 'nothing')}; left: {clean(listed(left) or 'nothing')}"


def _journalled(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except OSError as error:
        raise Stop(
            f"the journal could not be written: {error.strerror or error}; stopped. Make room, then run it again"
        ) from None


def _teller(*, quiet: bool) -> Callable[[str, str], None]:
    from launchready.report.text import clean

    return lambda what, subject: _print([f"  {what}: {clean(subject)}"], quiet=quiet)


def _undo_line(step: Made) -> str:
    from launchready.report.text import clean

    return f"  {'-' if step.before is None else '~'} {clean(step.place.subject)}  as it was before the apply"


class _End(NamedTuple):
    """How a check ended."""

    status: str
    problems: tuple[str, ...] = ()
    blocks: bool = False
    """Whether one of them is a blocker."""


def _ends(portal: Portal, reach: tuple[Any, ...], patterns: tuple[str, ...]) -> dict[str, _End]:
    """By id of the checks the changes are for: how each ends now."""
    from launchready import gate
    from launchready.model import Severity

    chosen = [check for check in gate.select() if any(f"{check.info.id}.".startswith(f"{p}.") for p in patterns)]
    report = _with_look(portal, reach, lambda look: gate.run(portal, look, gate.in_scope(chosen, portal)))
    ends = {}
    for outcome in report.outcomes:
        rows = [row for row in outcome.findings if not row.accepted]
        grave = any(row.severity is Severity.BLOCKER for row in rows)
        ends[outcome.check.id] = _End(outcome.status.value, tuple(row.problem for row in rows), grave)
    return ends


def _proven(before: dict[str, _End], after: dict[str, _End], *, quiet: bool) -> bool:
    """Show how the checks end, before and after; whether none of them finds a blocker.

    A stage that is wanted, such as a DMARC policy of none, may stay red without being a failure of the apply.
    """
    from launchready.report.text import clean

    colours = {"found": "red", "passed": "green"}
    _print([f"The {len(after)} checks these changes are for:"], quiet=quiet)
    for id, end in after.items():
        was, now = (colours.get(word, word) for word in (before.get(id, end).status, end.status))
        _print([f"  {id}: {now if was == now else f'{was} → {now}'}"], quiet=quiet)
        _print([f"      {'BLOCKER: ' if end.blocks else ''}{clean(problem)}" for problem in end.problems], quiet=quiet)
    if any(end.problems for end in after.values()):
        _print(["Resolvers may keep old answers as long as their TTL says; run `launchready check` again then."],
               quiet=quiet)  # fmt: skip
    return not any(end.blocks for end in after.values())
