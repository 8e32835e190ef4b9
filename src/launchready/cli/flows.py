"""`launchready flows`: the flows that `perf` walks, and new ones from a HAR file or from clicks in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from launchready.cli import options
from launchready.cli.stop import Exit, Stop

if TYPE_CHECKING:
    from launchready.performance.recording import Recorded

flows = typer.Typer(name="flows", help="The flows of the portal that perf walks.", no_args_is_help=True)
Name = Annotated[str, typer.Option(metavar="NAME", help="How the flow is called.")]
User = Annotated[str, typer.Option(metavar="NAME", help="How its user is called in [performance.users].")]
Write = Annotated[bool, typer.Option("--write", help="Add it to launchready.toml, instead of printing it.")]


@flows.command("list")
def list_(config: options.Config = None, as_json: options.AsJson = False) -> int:
    """List the flows, their steps and their targets."""
    from launchready.cli.portal_choice import choose_portal
    from launchready.performance.flows import flows_of
    from launchready.report.text import clean

    portal = choose_portal(None, config)
    found = flows_of(portal)
    if as_json:
        import json

        print(json.dumps([flow.model_dump(mode="json", by_alias=True) for flow in found], indent=2))
        return Exit.READY
    if not found:
        print("launchready.toml names no flows; record one: launchready flows record, or flows import FILE.har")
    for flow in found:
        who = f" as {clean(flow.user)}" if flow.user else ""
        print(f"{clean(flow.name)}{who}")
        for step in flow.steps:
            what = f"log in at {step.login.path}" if step.login else f"{step.method} {step.path}"
            print(f"  {clean(step.name or what)}" + (f": {clean(what)}" if step.name else ""))
    return Exit.READY


@flows.command("import")
def import_(
    har: Annotated[Path, typer.Argument(help="A HAR file, as a browser's developer tools save it.")],
    config: options.Config = None,
    name: Name = "recorded",
    host: Annotated[str, typer.Option(metavar="HOST", help="The portal's; left out: that of the first page.")] = "",
    user: User = "buyer",
    write: Write = False,
) -> int:
    """Make a flow of a HAR file; passwords and tokens stay out of it."""
    from launchready.performance.recording import NotHar, flow_of, read_har

    try:
        recorded = flow_of(read_har(har), name, host=host, user=user)
    except OSError as error:
        raise Stop(f"{har}: cannot be read: {error.strerror or error}") from None
    except NotHar as error:
        raise Stop(str(error) if str(error).startswith(str(har)) else f"{har}: {error}") from None
    return _put(recorded, config, write=write)


@flows.command("record")
def record(
    url: Annotated[
        str, typer.Argument(help="Where it begins; left out: the portal's address.", show_default=False)
    ] = "",
    config: options.Config = None,
    name: Name = "recorded",
    user: User = "buyer",
    write: Write = False,
    resolver: options.ResolverFlags = None,
    connect_to: options.ConnectTo = None,
    closed: options.Closed = False,
    ca_file: options.CaFile = None,
) -> int:
    """Open a browser window, click through the flow, close the window: it is turned into steps."""
    import asyncio
    import sys

    from launchready.cli.portal_choice import choose_portal
    from launchready.cli.reach import Reach, look_at
    from launchready.performance.recording import NotHar, flow_of
    from launchready.performance.recording_browser import record as recorded_in_browser

    portal = choose_portal(None, config)
    reach = Reach(tuple(resolver or ()), tuple(connect_to or ()), closed, ca_file, 30.0, 7200.0, discover=False)
    start = url or (portal.performance.url if portal.performance else "") or portal.canonical
    start = start or f"https://{portal.domain}/"

    async def work() -> Recorded:
        look = look_at(portal, reach)
        try:
            har = await recorded_in_browser(start, look.network, look.dns)
        finally:
            await look.close()
        return flow_of(har, name, user=user)

    print("Click through the flow in the window that opens, then close it.", file=sys.stderr)
    try:
        made = asyncio.run(work())
    except NotHar as error:
        raise Stop(str(error)) from None
    except KeyboardInterrupt:
        raise Stop("interrupted; nothing was recorded", Exit.INTERRUPTED) from None
    return _put(made, config, write=write)


def _put(recorded: Recorded, config: Path | None, *, write: bool) -> int:
    import sys

    import tomlkit

    from launchready.report.text import clean

    addition: dict[str, Any] = {"performance": {"flows": [recorded.flow]}}
    if recorded.users:
        addition["performance"] = {"users": recorded.users, **addition["performance"]}
    text = tomlkit.dumps(addition)
    if write:
        _add(config or Path(options.FILE_NAME), recorded)
    else:
        sys.stdout.write(text)
    for reason, number in recorded.left_out.items():
        print(f"launchready: left out {number}: {clean(reason)}", file=sys.stderr)
    for variable, what in recorded.variables.items():
        print(f"launchready: set {variable}: {what}", file=sys.stderr)
    return Exit.READY


def _add(path: Path, recorded: Recorded) -> None:
    """Add the flow to the file, everything else in it as it was. Raises Stop."""
    import tomlkit

    from launchready.cli.output import write_whole
    from launchready.portal import PortalError, parse_portal, read_portal

    try:
        read_portal(path)
        document: Any = tomlkit.parse(path.read_text(encoding="utf-8"))
    except PortalError as error:
        raise Stop(str(error)) from None
    section = document.setdefault("performance", tomlkit.table())
    users = section.setdefault("users", tomlkit.table())
    for name, user in recorded.users.items():
        users.setdefault(name, user)
    if not users:
        section.pop("users")
    named = section.setdefault("flows", tomlkit.aot())
    if any(flow.get("name") == recorded.flow["name"] for flow in named):
        raise Stop(f"{path}: there is a flow {recorded.flow['name']!r} already; say --name")
    named.append(tomlkit.item(recorded.flow))
    text = tomlkit.dumps(document)
    try:
        parse_portal(text, str(path))
    except PortalError as error:
        raise Stop(f"the flow does not fit into {path}: {error}") from None
    write_whole(path, text)
    print(f"added the flow {recorded.flow['name']} to {path}; now: launchready perf --flow {recorded.flow['name']}")
