"""`launchready secrets`: passwords and keys in a folder, its history, or the changes about to be committed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from launchready.cli import options
from launchready.cli.check import FailOn
from launchready.cli.output import Format, console, ensure_writable, format_of, rendered, write_whole
from launchready.cli.stop import Exit, Stop
from launchready.model import Finding, Report

if TYPE_CHECKING:
    from launchready.audit.secrets.scan import Scan, Step
    from launchready.portal import RepositorySettings
    from launchready.probes.repository import Repository


def secrets(
    path: Annotated[Path, typer.Argument(help="The folder of the code.", show_default=False)] = Path(),
    staged: Annotated[bool, typer.Option("--staged", help="Only what is staged, as a pre-commit hook does.")] = False,
    no_history: Annotated[bool, typer.Option("--no-history", help="Only the work tree, no older commits.")] = False,
    public: Annotated[bool, typer.Option("--public", help="Anybody can read this repository.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Ask the providers whether the keys are live; sends each key to its own.")
    ] = False,
    baseline: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What is known already [default: .launchready/secrets-baseline.json]"),
    ] = None,
    write_baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write down what is there now as known.")
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(metavar="PATTERN", help="Do not read these paths. Repeatable.")
    ] = None,
    format: Annotated[Format, typer.Option(help="What is printed.")] = Format.TERMINAL,
    as_json: options.AsJson = False,
    output: Annotated[
        list[Path] | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write a report besides: .sarif .json .xml .md .html."),
    ] = None,
    fail_on: Annotated[FailOn, typer.Option(help="Exit with 1 from this severity on.")] = FailOn.HIGH,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> int:
    """Find passwords and keys in the code, its history and what is staged: file, line, age, and how to rotate each."""
    files = output or []
    ensure_writable(files)
    if staged and (verify or write_baseline):
        raise Stop("--staged goes with neither --verify nor --write-baseline: it judges one commit")
    repository, settings = _repository(path)
    known = _known(baseline, repository)
    patterns = (*(ignore or ()), *settings.ignore)
    result = _scan(repository, patterns, staged=staged, history=not no_history and settings.history, quiet=quiet)
    if verify:
        from dataclasses import replace

        from launchready.audit.secrets.verify import verified

        result = replace(result, found=tuple(verified(repository, result.found)))
    if write_baseline:
        return _write(write_baseline, result, known)
    report = _report(repository, result, known, staged=staged, public=public or settings.public)
    for file in files:
        write_whole(file, rendered(report, format_of(file), fail_on.severity))
    form = Format.JSON if as_json else format
    if form is Format.TERMINAL:
        _print(report, result, quiet=quiet, no_color=no_color)
    else:
        sys.stdout.write(rendered(report, form, fail_on.severity))
    return _exit(report, fail_on)


def _repository(path: Path) -> tuple[Repository, RepositorySettings]:
    """The folder, and what a `launchready.toml` in it says of it. Raises Stop."""
    from launchready.portal import PortalError, RepositorySettings, read_portal
    from launchready.probes.network import Limits, Network
    from launchready.probes.repository import Repository

    if not path.is_dir():
        raise Stop(f"{path}: {'is not a folder' if path.exists() else 'there is no such folder'}")
    repository = Repository(path, Network(Limits(), (), closed=True))
    file = path / options.FILE_NAME
    if not file.is_file():
        return repository, RepositorySettings()
    try:
        described = read_portal(file).repository
    except PortalError as error:
        raise Stop(str(error)) from None
    return repository, described or RepositorySettings()


def _known(baseline: Path | None, repository: Repository) -> Mapping[str, str]:
    from launchready.audit.secrets.baseline import DEFAULT, BaselineError, read_baseline

    usual = (repository.top or repository.root) / DEFAULT
    if baseline is None and not usual.is_file():
        return {}
    try:
        return read_baseline(baseline or usual)
    except BaselineError as error:
        raise Stop(str(error)) from None


def _scan(repository: Repository, ignore: tuple[str, ...], *, staged: bool, history: bool, quiet: bool) -> Scan:
    from launchready.audit.secrets.scan import scan, scan_staged
    from launchready.probes.failures import Failure

    if staged and repository.top is None:
        raise Stop(f"{repository.root}: is no git repository, so nothing is staged")
    try:
        with _progress(quiet) as step:
            result = (
                scan_staged(repository, ignore=ignore)
                if staged
                else scan(repository, history=history, ignore=ignore, step=step)
            )
    except KeyboardInterrupt:
        raise Stop("interrupted; no report was written", Exit.INTERRUPTED) from None
    if isinstance(result, Failure):
        raise Stop(str(result))
    if staged and result.history:
        raise Stop(f"what is staged cannot be read: {result.history}")
    return result


@contextmanager
def _progress(quiet: bool) -> Iterator[Step]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    errors = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=quiet or not errors.is_terminal) as bar:
        task = bar.add_task("loading the rules", total=None)

        def step(what: str, done: int, total: int) -> None:
            bar.update(task, description=f"{done} {what}", completed=done, total=total or None)

        yield step


def _write(path: Path, result: Scan, known: Mapping[str, str]) -> int:
    from datetime import UTC, datetime

    from launchready.audit.secrets.baseline import baseline_of

    write_whole(path, baseline_of(result.found, datetime.now(UTC).date(), known))
    number = len({found.fingerprint for found in result.found if not found.credential.allowed})
    print(f"{path}: {number} known. Write a reason beside each; a rotated one is taken out.")
    return Exit.READY


def _report(repository: Repository, result: Scan, known: Mapping[str, str], *, staged: bool, public: bool) -> Report:
    from dataclasses import replace
    from datetime import UTC, datetime

    from launchready import __version__, gate
    from launchready.audit.secrets import checks
    from launchready.audit.secrets.checks import not_read, rows_of
    from launchready.audit.secrets.scan import Where
    from launchready.model import NotChecked, Row

    now, name = datetime.now(UTC), repository.root.name or str(repository.root)
    here = (Where.STAGED,) if staged else (Where.TRACKED, Where.UNTRACKED, Where.FOLDER)
    rows: dict[str, list[Row]] = {
        "secrets.repository": [
            *rows_of(result, here, name, now, public=public, seen=f"{result.files} files"),
            *not_read(result),
        ]
    }
    if not staged:
        rows["secrets.build"] = list(
            rows_of(result, (Where.BUILD,), name, now, public=public, seen="what builds have left on this disk")
        )
        seen = f"{result.versions} older versions in {result.commits} commits"
        older = list(rows_of(result, (Where.HISTORY,), name, now, public=public, seen=seen))
        found_old = any(found.where is Where.HISTORY for found in result.found)
        rows["secrets.history"] = [NotChecked(name, result.history)] if result.history else []
        rows["secrets.history"] += older if found_old or not result.history else []
    outcomes = []
    for function in (checks.repository, checks.build, checks.history):
        info = gate.declared(function)
        if info.id not in rows:
            continue
        outcome = gate.outcome_of(info, rows[info.id])
        accepted = tuple(replace(f, accepted=known.get(f.key, "")) for f in outcome.findings)
        outcomes.append(replace(outcome, findings=accepted))
    return Report(name, now, 0.0, gate.judge(outcomes, ()), (), tuple(outcomes), version=__version__)


def _print(report: Report, result: Scan, *, quiet: bool, no_color: bool) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from launchready.report.terminal import SEVERITY_STYLE
    from launchready.report.text import clean

    sheet = console(no_color=no_color)
    found, known = report.findings, len(report.accepted)
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in () if quiet else found:
        groups.setdefault((finding.problem, finding.fix), []).append(finding)
    for (problem, fix), rows in groups.items():
        severity = rows[0].severity
        sheet.print(Text.assemble((f"{severity}  ", SEVERITY_STYLE[severity] if severity else ""), clean(problem)))
        for row in rows:
            text = Text.assemble("  ", (clean(row.subject), "bold"), "  ", (clean(row.evidence), "dim"))
            sheet.print(text, soft_wrap=True)
        sheet.print(Padding(Text(clean(fix)), (0, 0, 1, 4)))
    for _, blind in () if quiet else report.not_checked:
        sheet.print(Text(f"not checked  {clean(blind.subject)}: {clean(blind.reason)}", "dim"))
    said = f"{len(found)} secret{'' if len(found) == 1 else 's'}" if found else "No secrets"
    read = f"{result.files} files" + (f", {result.versions} older versions" if result.versions else "")
    sheet.print(f"{said} in {clean(report.domain)} ({read} read{f', {known} known' if known else ''}).")


def _exit(report: Report, fail_on: FailOn) -> Exit:
    worst = fail_on.severity
    if worst and any(f.severity is not None and f.severity.rank <= worst.rank for f in report.findings):
        return Exit.FOUND
    return Exit.UNPROVEN if report.not_checked else Exit.READY
