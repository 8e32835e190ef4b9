"""`launchready env`: the environment variables of a portal's code: listed, checked, documented."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from launchready.cli import options
from launchready.cli.check import FailOn
from launchready.cli.output import Format, console, ensure_writable, format_of, rendered, write_whole
from launchready.cli.stop import Exit, Stop
from launchready.model import Report, Severity, Verdict

if TYPE_CHECKING:
    from launchready.hardening.variables_model import Inventory, Variable
    from launchready.portal import Portal
    from launchready.probes.look import Look

env = typer.Typer(
    name="env",
    help="Environment variables: what the code reads, what each environment holds, what is written down.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Folder = Annotated[Path, typer.Argument(metavar="[PATH]", help="The folder of the code.", show_default=False)]
Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="Describes the portal [default: launchready.toml in PATH]"),
]
SHOWN_PLACES = 2


@env.command("list")
def list_(
    path: Folder = Path(),
    config: Config = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what platforms and frameworks provide.")] = False,
    as_json: options.AsJson = False,
    resolver: options.ResolverFlags = None,
    connect_to: options.ConnectTo = None,
    closed: options.Closed = False,
    ca_file: options.CaFile = None,
    timeout: options.Timeout = 10.0,
    no_color: options.NoColor = False,
) -> int:
    """Every variable: whether it is needed, its default, where it is read, which environments hold it.

    Where launchready.toml names a platform and its token, the names in its store are asked for; nothing else is.
    """
    portal = _portal(path, config)
    found = _inventory(portal, _look(portal, resolver, connect_to, closed, ca_file, timeout))
    shown = [v for v in found.variables.values() if everything or _own(v)]
    if as_json:
        from launchready.report.json_report import dumped

        sys.stdout.write(dumped(_document(found, shown)))
    else:
        _table(found, shown, no_color=no_color)
    return Exit.READY


@env.command()
def check(
    path: Folder = Path(),
    config: Config = None,
    format: Annotated[Format, typer.Option(help="What is printed.")] = Format.TERMINAL,
    as_json: options.AsJson = False,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write a report besides: .html .json .sarif .xml .md .txt."
        ),
    ] = None,
    fail_on: Annotated[FailOn, typer.Option(help="Exit with 1 from this severity on.")] = FailOn.BLOCKER,
    resolver: options.ResolverFlags = None,
    connect_to: options.ConnectTo = None,
    closed: options.Closed = False,
    ca_file: options.CaFile = None,
    timeout: options.Timeout = 10.0,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
    debug: options.Debug = False,
) -> int:
    """Missing, undocumented, unused, shared and exposed variables, and debug modes; exit codes as `check`."""
    from launchready import gate
    from launchready.cli.check import audit, exit_code
    from launchready.report import digest, terminal
    from launchready.report.text import clean

    files = output or []
    ensure_writable(files)
    portal = _portal(path, config)
    look = _look(portal, resolver, connect_to, closed, ca_file, timeout)
    report = audit(look, gate.select(["variables"]), quiet=quiet)
    report = replace(report, domain=_name(portal, path), verdict=_verdict(report))
    for file in files:
        write_whole(file, rendered(report, format_of(file), fail_on.severity))
    form = Format.JSON if as_json else format
    if form is not Format.TERMINAL:
        sys.stdout.write(rendered(report, form, fail_on.severity))
    elif quiet:
        print(f"{digest.VERDICT_WORDS[report.verdict]} {clean(report.domain)}: {digest.headline(report)}")
    else:
        terminal.render(report, console(no_color=no_color))
    for crash in look.crashes if debug else ():
        print(crash, file=sys.stderr)
    return exit_code(report, fail_on.severity)


@env.command()
def template(
    path: Folder = Path(),
    config: Config = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there [default: print it]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Complete or replace a file that is there.")] = False,
) -> int:
    """Write the documented example file: what is there stays, what is missing is added, no real value is in it."""
    from launchready.hardening.variables_places import is_example
    from launchready.hardening.variables_template import render_template

    if output is not None and output.exists() and not force:
        raise Stop(f"{output}: is there already; complete it with --force, or print the new one without --output")
    if output is not None and not is_example(output.name) and output.name.startswith(".env"):
        raise Stop(f"{output}: looks like an environment file with real values; name the example .env.example")
    portal = _portal(path, config)
    found = _inventory(portal, _look(portal, closed=True))
    root = Path(portal.repository.path) if portal.repository else path
    before = output if output is not None and output.exists() else None
    if before is None and found.examples:
        before = root / found.examples[0]
    made = render_template(found, _read(before) if before else "")
    if output is None:
        sys.stdout.write(made.text)
    else:
        write_whole(output, made.text)
        added = "1 variable" if len(made.added) == 1 else f"{len(made.added)} variables"
        print(f"launchready: {output}: added {added}", file=sys.stderr)
    if made.hidden:
        names = ", ".join(made.hidden)
        print(f"launchready: real values replaced by placeholders: {names}; change these secrets", file=sys.stderr)
    for place, reason in sorted(found.unread.items()):
        print(f"launchready: {place}: not read: {reason}", file=sys.stderr)
    return Exit.READY


def _portal(path: Path, config: Path | None) -> Portal:
    """The portal in the folder: as its launchready.toml describes it, or nothing but its code. Raises Stop."""
    from launchready.portal import Portal, PortalError, RepositorySettings, read_portal

    if not path.is_dir():
        raise Stop(f"{path}: {'is not a folder' if path.exists() else 'there is no such folder'}")
    source = RepositorySettings(path=str(path.absolute()))
    file = config or path / options.FILE_NAME
    if config is None and not file.is_file():
        return Portal(domain="code.invalid", repository=source)
    try:
        described = read_portal(file)
    except PortalError as error:
        raise Stop(str(error)) from None
    return described if described.repository else described.model_copy(update={"repository": source})


def _look(
    portal: Portal,
    resolver: list[str] | None = None,
    connect_to: list[str] | None = None,
    closed: bool = False,
    ca_file: Path | None = None,
    timeout: float = 10.0,
) -> Look:
    """Eyes on the code; on the network only where a store is to be asked."""
    from launchready.cli.reach import Reach, look_at

    nobody = not any(settings.platform and settings.token_env for settings in portal.environments.values())
    reach = Reach(
        tuple(resolver or ()), tuple(connect_to or ()), closed or nobody, ca_file, timeout, 300.0, discover=False
    )
    return look_at(portal, reach)


def _inventory(portal: Portal, look: Look) -> Inventory:
    import asyncio

    from launchready.hardening.variables_inventory import inventory
    from launchready.probes.failures import Failure

    async def work() -> Inventory | Failure:
        try:
            return await inventory(portal, look)
        finally:
            await look.close()

    try:
        found = asyncio.run(work())
    except KeyboardInterrupt:
        raise Stop("interrupted", Exit.INTERRUPTED) from None
    if isinstance(found, Failure):
        raise Stop(f"the code could not be read: {found}")
    return found


def _name(portal: Portal, path: Path) -> str:
    return path.absolute().name or "code" if portal.domain.endswith(".invalid") else portal.domain


def _verdict(report: Report) -> Verdict:
    """As the gate's, save that a check which could not look leaves it unproven: here there is nothing else."""
    blind = any(row and info.severity is not Severity.NICE for info, row in report.not_checked)
    return Verdict.UNPROVEN if report.verdict is Verdict.READY and blind else report.verdict


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise Stop(f"{path}: cannot be read: {error.strerror or error}") from None


def _own(variable: Variable) -> bool:
    from launchready.hardening.variables_names import is_provided

    return not is_provided(variable.name) or bool(variable.declared or variable.documented)


def _default(variable: Variable) -> str | None:
    """The literal default, quoted so that no secret shows."""
    from launchready.hardening.variables_names import is_development, is_placeholder, is_secret
    from launchready.redaction import redacted

    default = variable.default
    if default is None or is_placeholder(default):
        return default
    harmless = not is_secret(variable.name) or is_development(default)
    return default if harmless and "@" not in default else redacted(default)


def _document(found: Inventory, shown: list[Variable]) -> dict[str, Any]:
    from launchready.hardening.variables_names import is_public, is_secret

    return {
        "schema": "launchready.variables/1",
        "variables": [
            {
                "name": v.name,
                "need": v.need.value,
                "default": _default(v),
                "secret": is_secret(v.name),
                "public": is_public(v.name),
                "reads": [
                    {"path": r.path, "line": r.line, "need": r.need.value, "scope": r.scope.value} for r in v.reads
                ],
                "declared": [{"environment": d.environment, "path": d.path, "line": d.line} for d in v.declared],
                "documented": f"{v.documented.path}:{v.documented.line}" if v.documented else None,
            }
            for v in shown
        ],
        "environments": [
            {"name": e.name, "complete": e.complete, "sources": e.sources} for e in found.environments.values()
        ],
        "examples": list(found.examples),
        "dynamic": [{"path": path, "line": d.line, "prefix": d.prefix} for path, d in found.dynamic],
        "not_read": dict(sorted(found.unread.items())),
    }


def _table(found: Inventory, shown: list[Variable], *, no_color: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    from launchready.report.text import clean

    sheet = console(no_color=no_color)
    if shown:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title, width in (("Variable", 2), ("Needed", 1), ("Default", 1), ("Read at", 3), ("Held by", 1)):
            table.add_column(title, overflow="fold", ratio=width)
        table.add_column("Written down", overflow="fold")
        for variable in shown:
            places = list(dict.fromkeys(r.place for r in variable.reads))
            more = f" +{len(places) - SHOWN_PLACES}" if len(places) > SHOWN_PLACES else ""
            default = _default(variable)
            cells = (
                variable.name,
                variable.need.value if variable.reads else "not read",
                "" if default is None else f'"{default}"',
                "\n".join(places[:SHOWN_PLACES]) + more,
                ", ".join(dict.fromkeys(d.environment for d in variable.declared)),
                "yes" if variable.documented else "",
            )
            table.add_row(*(Text(clean(cell)) for cell in cells))
        sheet.print(table)
        sheet.print()
    sheet.print(Text(f"{len(shown)} variables in {found.files} files", "dim"))
    for path, dynamic in found.dynamic:
        begins = f", beginning with {dynamic.prefix}" if dynamic.prefix else ""
        sheet.print(Text(clean(f"{path}:{dynamic.line}: the name is computed at run time{begins}"), "dim"))
    for path, reason in sorted(found.unread.items()):
        sheet.print(Text(clean(f"{path}: not read: {reason}"), "yellow"))
