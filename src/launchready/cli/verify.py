"""`launchready verify`: is what was released what people get? For the end of any pipeline, on any platform."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from launchready.cli import options
from launchready.cli.check import FailOn
from launchready.cli.output import Format, console, ensure_writable, format_of, rendered, write_whole
from launchready.cli.stop import Exit, Stop
from launchready.model import Report, Severity, Verdict

if TYPE_CHECKING:
    from rich.console import Console

    from launchready.hardening.alerts import Delivery
    from launchready.portal import Portal
    from launchready.probes.look import Look


def verify(
    config: options.Config = None,
    release: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION", help="That must be served; left out: the last deploy's, else that of the source."
        ),
    ] = None,
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="The portal's address, in place of the file's.")
    ] = None,
    within: Annotated[
        float | None, typer.Option(min=0, max=600, metavar="SECONDS", help="How long it may take until all is right.")
    ] = None,
    alert: Annotated[
        bool | None,
        typer.Option(
            "--alert/--no-alert", help="Tell the routes of [alerts] when it fails [default: if there are any]."
        ),
    ] = None,
    as_json: options.AsJson = False,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write a report besides: .xml (JUnit) .json .html .md. Repeatable."
        ),
    ] = None,
    fail_on: Annotated[FailOn, typer.Option(help="Exit with 1 from this severity on.")] = FailOn.HIGH,
    resolver: options.ResolverFlags = None,
    connect_to: options.ConnectTo = None,
    closed: options.Closed = False,
    ca_file: options.CaFile = None,
    timeout: options.Timeout = 10.0,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
    debug: options.Debug = False,
) -> int:
    """Look at a release until it is right: pages, browser, login, version, worker; exit code, JUnit, alert."""
    files = output or []
    ensure_writable(files)
    root = (config or Path(options.FILE_NAME)).absolute().parent
    portal = _portal(config, root, release, url, within)
    if alert and not portal.alerts.routes:
        raise Stop("--alert: launchready.toml names no [[alerts.routes]]")

    from launchready.cli.reach import Reach, look_at
    from launchready.hardening import verify_run

    limit_s = verify_run.deadline_s(portal.verify) if portal.verify else 60.0
    reach = Reach(tuple(resolver or ()), tuple(connect_to or ()), closed, ca_file, timeout, limit_s, discover=False)
    look = look_at(portal, reach)
    report, deliveries = _run(look, tell=bool(portal.alerts.routes) if alert is None else alert, fail_on=fail_on)
    for path in files:
        write_whole(path, rendered(report, format_of(path), fail_on.severity))
    if as_json:
        sys.stdout.write(rendered(report, Format.JSON, fail_on.severity))
    else:
        _print(report, console(no_color=no_color), quiet=quiet)
    for crash in look.crashes if debug else ():
        print(crash, file=sys.stderr)
    _tell_deliveries(deliveries, quiet=quiet)
    _note(root, portal, report, deliveries)
    return _exit_code(report, fail_on.severity)


def _portal(config: Path | None, root: Path, release: str | None, url: str | None, within: float | None) -> Portal:
    from launchready.cli.portal_choice import choose_portal
    from launchready.hardening.verify_release import released
    from launchready.portal_deploy import VerifySettings

    if url and config is None and not Path(options.FILE_NAME).exists():
        portal = _of_address(url)
    else:
        portal = choose_portal(None, config)
    settings = portal.verify or VerifySettings()
    changes: dict[str, object] = {}
    if url:
        changes["url"] = url
    if within is not None:
        changes["within_s"] = within
    environment = portal.deploy.environment if portal.deploy else "production"
    if release:
        changes["release"] = release
    elif settings.version and not settings.release:
        changes["release"] = released(root, environment)
    named: Portal = portal.model_copy(update={"verify": settings.model_copy(update=changes)})
    return named


def _of_address(url: str) -> Portal:
    """A portal of which only the address is known."""
    from urllib.parse import urlsplit

    from launchready.portal import Portal

    host = urlsplit(url if "://" in url else f"https://{url}").hostname or ""
    try:
        return Portal(domain=host)
    except ValueError:
        # A name of this machine, or an address: nothing about a domain is asked, so any will do.
        return Portal(domain="localhost.localdomain")


def _run(look: Look, *, tell: bool, fail_on: FailOn) -> tuple[Report, list[Delivery]]:
    import asyncio

    from launchready.hardening import alerts, verify_run

    async def work() -> tuple[Report, list[Delivery]]:
        report = await verify_run.run(look.portal, look)
        if not (tell and fail_on.severity and verify_run.failing(report, fail_on.severity)):
            return report, []
        return report, await alerts.send(look.portal, look.network, *verify_run.message(look.portal, report))

    try:
        return asyncio.run(work())
    except KeyboardInterrupt:
        raise Stop("interrupted; nothing was verified", Exit.INTERRUPTED) from None


def _print(report: Report, sheet: Console, *, quiet: bool) -> None:
    from launchready.cli.outcomes import print_outcomes

    words = {
        Verdict.READY: ("verified", "green"),
        Verdict.NOT_READY: ("failed", "bold red"),
        Verdict.UNPROVEN: ("not verified as a whole", "yellow"),
    }[report.verdict]
    print_outcomes(report, sheet, words, quiet=quiet)


def _tell_deliveries(deliveries: list[Delivery], *, quiet: bool) -> None:
    from launchready.report.text import clean

    for delivery in deliveries:
        name = clean(delivery.route)
        if not delivery.ok:
            print(f"launchready: the alert was not delivered to {name}: {clean(delivery.reason)}", file=sys.stderr)
        elif not quiet:
            print(f"launchready: the alert was taken by {name}", file=sys.stderr)


def _note(root: Path, portal: Portal, report: Report, deliveries: list[Delivery]) -> None:
    from launchready.hardening import verify_run

    try:
        verify_run.note(root, portal, report, deliveries)
    except OSError as error:  # a pipeline whose folder is read-only must still get its answer
        print(f"launchready: the journal could not be written: {error.strerror or error}", file=sys.stderr)


def _exit_code(report: Report, fail_on: Severity | None) -> Exit:
    from launchready.hardening import verify_run

    if fail_on and verify_run.failing(report, fail_on):
        return Exit.FOUND
    blind = any(outcome.not_checked for outcome in report.outcomes) or not report.outcomes
    return Exit.UNPROVEN if blind else Exit.READY
