"""`launchready perf`: how fast core flows are for a buyer, against the target, and what is slow in them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from launchready.cli import options
from launchready.cli.check import FailOn
from launchready.cli.output import console, ensure_writable, format_of, rendered, write_whole
from launchready.cli.stop import Exit, Stop
from launchready.model import Report, Severity

if TYPE_CHECKING:
    from launchready.performance.run import Wanted
    from launchready.portal import Portal
    from launchready.probes.look import Look

LOGGED_S = 10.0
"""Where nobody watches, what was counted so far is told so often."""
OF_TIMES = ("performance.p95", "performance.cold", "performance.regression")
"""The checks of what a smoke test measures."""


def perf(
    config: options.Config = None,
    flow: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only this flow. Repeatable.")] = None,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="The times alone, within 60 seconds: for the end of a release.")
    ] = False,
    baseline: Annotated[
        bool, typer.Option("--baseline", help="Compare with the last measurement of another release.")
    ] = False,
    against: Annotated[
        str, typer.Option(metavar="WHICH", help="Compare with this release, or this file of a measurement.")
    ] = "",
    plan: Annotated[bool, typer.Option("--plan", help="Say what would be asked, and how often; ask nothing.")] = False,
    lines: Annotated[bool, typer.Option("--lines", help="List the buyers' lines that are known.")] = False,
    line: Annotated[str, typer.Option(metavar="NAME", help="The buyer's line, in place of the file's.")] = "",
    requests: Annotated[
        int | None, typer.Option(min=1, max=1_000_000, metavar="N", help="The most requests, in place of the file's.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=1, max=7200, metavar="N", help="The longest time for p95, not for its causes.")
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(min=0.1, max=10_000, metavar="N", help="Arrivals a second of each flow, besides two at once."),
    ] = None,
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="The portal's address, in place of the file's.")
    ] = None,
    release: Annotated[
        str, typer.Option(metavar="VERSION", help="What is live; left out: the last deploy's, else the source's.")
    ] = "",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open pages in a real browser.")] = True,
    database: Annotated[
        bool, typer.Option("--database/--no-database", help="Ask the database which statements it got.")
    ] = True,
    traces: Annotated[
        str, typer.Option(metavar="ADDR:PORT", help="Take OpenTelemetry traces there meanwhile (OTLP over HTTP).")
    ] = "",
    as_json: options.AsJson = False,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write a report besides: .html .json .xml (JUnit) .md. Repeatable."
        ),
    ] = None,
    fail_on: Annotated[FailOn, typer.Option(help="Exit with 1 from this severity on.")] = FailOn.HIGH,
    resolver: options.ResolverFlags = None,
    connect_to: options.ConnectTo = None,
    closed: options.Closed = False,
    ca_file: options.CaFile = None,
    timeout: options.Timeout = 30.0,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
    debug: options.Debug = False,
) -> int:
    """Measure login, dashboard, upload and first answers as a buyer gets them; say p95 against the target, and why."""
    from launchready.cli.portal_choice import choose_portal

    if lines:
        return _list_lines()
    files = output or []
    ensure_writable(files)
    root = (config or Path(options.FILE_NAME)).absolute().parent
    portal = _portal(choose_portal(None, config), url, line, traces, requests, seconds)

    from launchready.cli.reach import Reach, look_at
    from launchready.performance.run import Wanted
    from launchready.portal_performance import PerformanceSettings

    settings = portal.performance or PerformanceSettings()
    wanted = Wanted(
        flows=tuple(flow or ()),
        smoke=smoke,
        rate_per_s=rate or 0.0,
        browser=browser and settings.browser and not smoke,
        database=database and not smoke,
        release=release or _released(root, portal),
        root=root,
    )
    limit_s = 90.0 if smoke else settings.budget_s + 300
    reach = Reach(tuple(resolver or ()), tuple(connect_to or ()), closed, ca_file, timeout, limit_s, discover=False)
    look = look_at(portal, reach)
    if plan:
        return _show_plan(portal, look, wanted)
    report = measured(look, wanted, baseline=baseline or bool(against), against=against, quiet=quiet or as_json)
    for path in files:
        write_whole(path, rendered(report, format_of(path), fail_on.severity))
    shown = _of_times(report) if smoke and not as_json else report
    _print(shown, as_json=as_json, quiet=quiet, no_color=no_color, fail_on=fail_on.severity)
    if smoke and not as_json and not quiet:
        print("The times alone; `launchready perf` looks at the database, the browser and the accounts too.")
    for crash in look.crashes if debug else ():
        print(crash, file=sys.stderr)
    return exit_code(report, fail_on.severity)


def measured(look: Look, wanted: Wanted, *, baseline: bool, against: str, quiet: bool) -> Report:
    """Measure, keep, judge, with what is under way on standard error. Raises Stop."""
    import asyncio

    from rich.console import Console

    from launchready.performance import judged, slower_than_before
    from launchready.performance.run import Refused
    from launchready.report.text import clean

    errors = Console(stderr=True, highlight=False)
    watched = errors.is_terminal and not quiet

    async def work() -> Report:
        with errors.status("looking", spinner="dots") if watched else _silent() as status:
            last_s = 0.0

            def told(line: str) -> None:
                nonlocal last_s
                if status is not None:
                    status.update(clean(line))
                elif not quiet and (time.monotonic() - last_s > LOGGED_S or not line[:1].isdigit()):
                    last_s = time.monotonic()
                    print(f"launchready: {clean(line)}", file=sys.stderr)

            def complain(line: str) -> None:
                print(f"launchready: {line}", file=sys.stderr)

            try:
                if baseline:
                    look.baseline = slower_than_before.earlier(wanted.root, wanted.release, against)
                return await judged.taken(look, wanted, told, complain)
            except (Refused, ValueError) as error:
                await look.close()
                raise Stop(str(error)) from None

    try:
        return asyncio.run(work())
    except KeyboardInterrupt:
        what = "the measurement is kept, and was not judged" if look.measured else "nothing was kept"
        raise Stop(f"interrupted; {what}", Exit.INTERRUPTED) from None


def exit_code(report: Report, fail_on: Severity | None) -> Exit:
    """Findings from that severity on; else whether every flow could be told."""
    if fail_on and any((f.severity or Severity.NICE).rank <= fail_on.rank for f in report.findings):
        return Exit.FOUND
    of_times = [outcome for outcome in report.outcomes if outcome.check.id == "performance.p95"]
    return Exit.UNPROVEN if any(o.not_checked or not o.passed for o in of_times) else Exit.READY


@contextmanager
def _silent() -> Iterator[None]:
    yield None


def _portal(
    portal: Portal, url: str | None, line: str, traces: str, requests: int | None, seconds: float | None
) -> Portal:
    """The portal with what the command line says in place of the file's."""
    from launchready.portal_performance import PerformanceSettings

    settings = portal.performance or PerformanceSettings()
    changes: dict[str, object] = {}
    if url:
        changes["url"] = url
    if line:
        changes["broadband"] = line
    if traces:
        changes["traces"] = traces
    if requests is not None:
        changes["budget_requests"] = requests
    if seconds is not None:
        changes["budget_s"] = seconds
    named: Portal = portal.model_copy(update={"performance": settings.model_copy(update=changes)})
    return named


def _released(root: Path, portal: Portal) -> str:
    from launchready.hardening.verify_release import released

    return released(root, portal.deploy.environment if portal.deploy else "production")


def _of_times(report: Report) -> Report:
    """The report without what could not be looked at since only the times were asked for."""
    from dataclasses import replace

    outcomes = (o if o.check.id in OF_TIMES else replace(o, not_checked=()) for o in report.outcomes)
    return replace(report, outcomes=tuple(outcomes))


def _list_lines() -> int:
    from launchready.performance.broadband import LINES

    for line in LINES.values():
        speed = (
            f"{line.down_mbps:g} down, {line.up_mbps:g} up Mbit/s, {line.rtt_ms:g} ms" if line.down_mbps else "as it is"
        )
        print(f"{line.name:<10} {speed}\n{'':<10} {line.source}")
    return Exit.READY


def _show_plan(portal: Portal, look: Look, wanted: Wanted) -> int:
    from launchready.performance.run import Refused, plan_of
    from launchready.report.text import clean

    try:
        for text in plan_of(portal, wanted):
            print(clean(text))
    except (Refused, ValueError) as error:
        raise Stop(str(error)) from None
    return Exit.READY


def _print(report: Report, *, as_json: bool, quiet: bool, no_color: bool, fail_on: Severity | None) -> None:
    from launchready.cli.outcomes import print_outcomes
    from launchready.cli.output import Format
    from launchready.performance.regression import compare
    from launchready.report import performance

    if as_json:
        sys.stdout.write(rendered(report, Format.JSON, fail_on))
        return
    sheet = console(no_color=no_color)
    if report.measured and not quiet:
        changes = compare(report.baseline, report.measured) if report.baseline else ()
        sheet.print(performance.text(report.measured, changes))
    words = {
        Exit.READY: ("fast enough", "green"),
        Exit.FOUND: ("to be mended", "bold red"),
        Exit.UNPROVEN: ("cannot be told yet", "yellow"),
    }[exit_code(report, fail_on)]
    print_outcomes(report, sheet, words, quiet=quiet, passed=False)
