"""`launchready check`: audit a domain, print the report, write the files asked for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from launchready.cli import options
from launchready.cli.output import Format, console, ensure_writable, rendered, write_whole
from launchready.cli.stop import Exit, Stop
from launchready.model import Report, Severity, Stage, Verdict

if TYPE_CHECKING:
    from launchready.gate import Check
    from launchready.portal import Portal
    from launchready.probes.look import Look


class FailOn(StrEnum):
    """From which severity a finding makes the exit code 1."""

    BLOCKER = "blocker"
    HIGH = "high"
    NICE = "nice"
    NEVER = "never"

    @property
    def severity(self) -> Severity | None:
        """The severity meant; None for never."""
        return None if self is FailOn.NEVER else Severity[self.name]


def check(
    domain: Annotated[
        str | None, typer.Argument(help="Such as example.com; left out: the one of the file.", show_default=False)
    ] = None,
    config: options.Config = None,
    stage: Annotated[
        list[str] | None, typer.Option(metavar="STAGE", help="Only the checks of this stage. Repeatable.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--check", metavar="PATTERN", help="Only these checks: dns.caa, mail, 'tls.*'. Repeatable."),
    ] = None,
    repo: options.Repo = None,
    format: Annotated[Format, typer.Option(help="What is printed.")] = Format.TERMINAL,
    as_json: options.AsJson = False,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write a report besides: .html .json .sarif .xml (JUnit) .md .txt. Repeatable.",
        ),
    ] = None,
    fail_on: Annotated[FailOn, typer.Option(help="Exit with 1 from this severity on.")] = FailOn.BLOCKER,
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
    """Audit a portal, and its code where named: is it ready to be shown, why not, and what to do first."""
    if as_json and format not in (Format.TERMINAL, Format.JSON):
        raise Stop(f"--json and --format {format} ask for two formats; name one, and write others with --output")
    form = Format.JSON if as_json else format
    files = output or []
    ensure_writable(files)
    chosen = _choose(only or [], stage or [])

    from launchready.cli.portal_choice import choose_portal
    from launchready.cli.reach import Reach, look_at

    portal = with_repository(choose_portal(domain, config), repo)
    reach = Reach(
        tuple(resolver or ()), tuple(connect_to or ()), closed, ca_file, timeout, deadline, discover=not no_discover
    )
    look = look_at(portal, reach)
    path = config or Path(options.FILE_NAME)
    look.root = path.absolute().parent if path.exists() else None
    if not only:
        from launchready import gate

        chosen = gate.in_scope(chosen, portal)
    report = audit(look, chosen, quiet=quiet, draw=not only and not stage)

    for path in files:
        write_whole(path, rendered(report, _format_of(path), fail_on.severity))
    _print(report, form, fail_on.severity, quiet=quiet, no_color=no_color)
    for crash in look.crashes if debug else ():
        print(crash, file=sys.stderr)
    return exit_code(report, fail_on.severity)


def with_repository(portal: Portal, folder: Path | None) -> Portal:
    """The portal with its code in `folder`, where one was named. Raises Stop when there is none."""
    from launchready.portal import RepositorySettings

    if folder is None:
        return portal
    if not folder.is_dir():
        raise Stop(f"--repo {folder}: {'is not a folder' if folder.exists() else 'there is no such folder'}")
    settings = portal.repository or RepositorySettings()
    named = settings.model_copy(update={"path": str(folder.absolute())})
    return portal.model_copy(update={"repository": named})


def audit(look: Look, checks: Sequence[Check], *, quiet: bool, draw: bool = False) -> Report:
    """Run the checks, with a progress bar on standard error where somebody watches. Raises Stop when interrupted.

    With `draw` the report holds the deployment map; it needs facts that only the run of all checks looks at.
    """
    import asyncio

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from launchready import gate
    from launchready.audit import deployment_map

    errors = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    watched = errors.is_terminal and not quiet
    try:
        with Progress(*columns, console=errors, transient=True, disable=not watched) as progress:
            task = progress.add_task(f"looking at {look.portal.domain}", total=len(checks))
            return asyncio.run(
                gate.run(
                    look.portal,
                    look,
                    checks,
                    lambda _o, done, _all: progress.update(task, completed=done),
                    deployment_map.draw if draw else None,
                )
            )
    except KeyboardInterrupt:
        raise Stop("interrupted; no report was written", Exit.INTERRUPTED) from None


def exit_code(report: Report, fail_on: Severity | None) -> Exit:
    """What the run means to a script: findings first, then whether anything that matters was not seen."""
    if fail_on and any((f.severity or Severity.NICE).rank <= fail_on.rank for f in report.findings):
        return Exit.FOUND
    return Exit.UNPROVEN if report.verdict is Verdict.UNPROVEN else Exit.READY


def _choose(patterns: Sequence[str], stages: Sequence[str]) -> list[Check]:
    from launchready import gate
    from launchready.cli.names import nearest

    known = [stage.value for stage in Stage]
    for name in stages:
        if name not in known:
            raise Stop(f"--stage {name}: there is no such stage{nearest(name, known)}; there are {', '.join(known)}")
    try:
        checks = gate.select(patterns, [Stage(name) for name in stages])
    except KeyError as error:
        pattern = str(error.args[0])
        raise Stop(
            f"--check {pattern}: no check is called so{nearest(pattern, gate.catalogue())}; "
            "`launchready checks` lists them"
        ) from None
    if not checks:
        raise Stop(f"no check of {' or '.join(stages)} matches{' ' + ', '.join(patterns) if patterns else ''}; "
                   "`launchready checks` lists them")  # fmt: skip
    return checks


def _format_of(path: Path) -> Format:
    from launchready.cli.output import format_of

    return format_of(path)


def _print(report: Report, form: Format, fail_on: Severity | None, *, quiet: bool, no_color: bool) -> None:
    from launchready.report import digest, terminal
    from launchready.report.text import clean

    if form is not Format.TERMINAL:
        sys.stdout.write(rendered(report, form, fail_on))
    elif quiet:
        print(f"{digest.VERDICT_WORDS[report.verdict]} {clean(report.domain)}: {digest.headline(report)}")
    else:
        terminal.render(report, console(no_color=no_color))
