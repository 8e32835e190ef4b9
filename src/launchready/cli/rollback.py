"""`launchready rollback`: makes an earlier release live again, without a build, and verifies it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from launchready.cli import options, releasing
from launchready.cli.asking import confirm
from launchready.cli.releasing import Ground, named, say
from launchready.cli.stop import Exit, Stop

if TYPE_CHECKING:
    from launchready.hardening.release.words import Adapter, Release


def rollback(
    config: options.Config = None,
    to: Annotated[str, typer.Option(metavar="ID", help="Which one; left out: the one before what is live.")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")] = False,
    as_json: options.AsJson = False,
    resolver: options.ResolverFlags = None,
    connect_to: options.ConnectTo = None,
    closed: options.Closed = False,
    ca_file: options.CaFile = None,
    timeout: options.Timeout = 10.0,
    deadline: options.Deadline = 7200.0,
    quiet: options.Quiet = False,
) -> int:
    """Make an earlier release live again and verify it; nothing is built."""
    at = releasing.ground(config, resolver, connect_to, closed, ca_file, timeout, deadline, quiet or as_json)
    return int(releasing.run(_roll_back(at, to, yes, as_json)))


async def _roll_back(at: Ground, to: str, yes: bool, as_json: bool) -> int:
    from launchready.hardening.release import engine
    from launchready.hardening.release.words import Failed

    look = at.look()
    try:
        adapter = at.adapter(look)
        place = at.place(adapter)
        with releasing.held(place):
            live = await adapter.current()
            known = None if isinstance(live, Failed) else live
            target = await _target(at, adapter, known, to)
            say(f"Live now: {named(known)}", quiet=at.quiet)
            say(f"Back to {named(target)}, by {adapter.name}; nothing is built", quiet=at.quiet)
            for line in adapter.explain().get("roll back", []):
                say(f"  roll back: {line}", quiet=at.quiet)
            if at.portal.deploy and not at.portal.deploy.undo_migrations:
                say("  The database stays as it is: migrations are not taken back", quiet=at.quiet)
            confirm(f"Make {target.version} live again?", yes=yes)
            result = await engine.roll_back(place, target, known, at.told)
    finally:
        await look.close()
    await releasing.alert(at, result)
    if as_json:
        import json

        print(json.dumps(releasing.as_tree(result), indent=2))
        return Exit.READY if result.well else Exit.FOUND
    return releasing.show_result(result, quiet=at.quiet)


async def _target(at: Ground, adapter: Adapter, live: Release | None, to: str) -> Release:
    from launchready.hardening.release.history import unfinished
    from launchready.hardening.release.way_back import way_back
    from launchready.hardening.release.words import Failed

    there = await adapter.releases()
    if isinstance(there, Failed):
        raise Stop(f"{releasing.sentence(there)} Nothing was changed")
    left = f"there are: {', '.join(one.id for one in there)}" if there else "there is none to go back to"
    if to:
        found = next((one for one in there if one.id == to or one.version == to), None)
        if found is None:
            raise Stop(f"{to} is not there any more, or never was; {left}. Nothing was changed")
        return found
    found = way_back(at.root, at.environment, there, live)
    if found is None or (live is not None and found.id == live.id and unfinished(at.root, at.environment) is None):
        raise Stop(f"no earlier release is left; {left}. Nothing was changed")
    return found
