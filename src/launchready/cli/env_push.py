"""`launchready env push`: moves an environment's variables from its local file into the platform's store."""

from __future__ import annotations

import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from launchready.cli import options
from launchready.cli.asking import confirm
from launchready.cli.stop import Exit, Stop

if TYPE_CHECKING:
    from launchready.cli.reach import Reach
    from launchready.hardening.env_push import Plan
    from launchready.portal import EnvironmentSettings, Portal


def push(
    environment: Annotated[
        str | None, typer.Argument(help="Such as production; left out: the one with a platform.", show_default=False)
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", metavar="FILE", help=f"Describes the portal [default: {options.FILE_NAME}]"),
    ] = None,
    overwrite: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Replace this one, which is there; cannot be undone. Repeatable."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Delete what the last push added.")] = False,
    resolver: options.ResolverFlags = None,
    connect_to: options.ConnectTo = None,
    closed: options.Closed = False,
    ca_file: options.CaFile = None,
    timeout: options.Timeout = 10.0,
    deadline: options.Deadline = 300.0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only what went wrong.")] = False,
) -> int:
    """Move variables from the local file into the platform's store: names shown, asked, journalled, undoable."""
    from launchready.cli.portal_choice import choose_portal
    from launchready.cli.reach import Reach
    from launchready.portal import RepositorySettings

    portal = choose_portal(None, config)
    root = (config or Path(options.FILE_NAME)).absolute().parent
    name, settings = _environment(portal, environment)
    if portal.repository is None:  # the file is beside the description
        portal = portal.model_copy(update={"repository": RepositorySettings(path=str(root))})
    reach = Reach(tuple(resolver or ()), tuple(connect_to or ()), closed, ca_file, timeout, deadline, discover=False)
    if undo:
        return _undo(portal, name, settings, reach, root, yes=yes, quiet=quiet)
    plan = _planned(portal, name, settings, reach, root, overwrite or [])
    _show(plan, quiet=quiet)
    if not plan.steps:
        other = " other" if plan.left_out else ""
        every = f"every{other} variable of {plan.env_file} is in the store of {plan.vendor.name}"
        _say(f"nothing to do: {every}", quiet=quiet)
        return Exit.READY
    confirm(f"Set {len(plan.steps)} variables at {plan.vendor.name}?", yes=yes)
    return _push(portal, plan, settings, reach, root, quiet=quiet)


def _environment(portal: Portal, named: str | None) -> tuple[str, EnvironmentSettings]:
    from launchready.cli.names import nearest

    pushable = {name: settings for name, settings in portal.environments.items() if settings.platform}
    if named is not None:
        if named not in portal.environments:
            known = ", ".join(portal.environments) or "none"
            raise Stop(f"there is no environment {named!r}{nearest(named, portal.environments)}; there are: {known}")
        settings = portal.environments[named]
    elif len(pushable) == 1:
        named, settings = next(iter(pushable.items()))
    else:
        which = f"name one of {', '.join(pushable)}" if pushable else "none in launchready.toml names a platform"
        raise Stop(f"which environment? {which}")
    for key in ("platform", "service", "token_env", "env_file"):
        if not getattr(settings, key):
            raise Stop(f"[environments.{named}] of launchready.toml does not say its {key}")
    if settings.platform == "github":
        raise Stop(
            f"secrets of GitHub Actions are set by GitHub's own program, which encrypts them: "
            f"gh secret set --env-file {settings.env_file} --repo {settings.service}"
        )
    return named, settings


def _planned(
    portal: Portal, name: str, settings: EnvironmentSettings, reach: Reach, root: Path, overwrite: list[str]
) -> Plan:
    from launchready.hardening import env_push
    from launchready.probes.failures import Failure

    async def work() -> Any:
        look = _look(portal, reach)
        try:
            return await env_push.plan_push(look, name, settings, overwrite, root)
        finally:
            await look.close()

    plan = _run(work())
    if isinstance(plan, Failure):
        raise Stop(f"{plan}; nothing was changed")
    if plan.unknown:
        raise Stop(f"--overwrite {plan.unknown[0]}: {settings.env_file} holds no such variable; nothing was changed")
    found: Plan = plan
    return found


def _show(plan: Plan, *, quiet: bool) -> None:
    from launchready.report.text import clean

    _say(f"{plan.environment}: {plan.env_file} → {plan.vendor.name}, {clean(plan.service)}", quiet=quiet)
    for mark, names, words in (
        ("+", plan.add, "added"),
        ("!", plan.replace, "replaced; its old value cannot be brought back"),
        ("=", plan.kept, "is there already, stays as it is (--overwrite NAME replaces it)"),
        ("?", plan.left_out, "left out, for its value looks like a placeholder; if it is meant so, set it by hand"),
    ):
        for name in names:
            _say(f"  {mark} {clean(name)}  {words}", quiet=quiet)
    if plan.steps:
        _say(f"Values are not shown. {plan.vendor.then}.", quiet=quiet)


def _push(portal: Portal, plan: Plan, settings: EnvironmentSettings, reach: Reach, root: Path, *, quiet: bool) -> int:
    from launchready.hardening import env_push
    from launchready.report.text import clean

    async def work() -> Any:
        look = _look(portal, reach)
        try:
            return await env_push.push(look, plan, settings, root, lambda what, name: _step(what, name, quiet=quiet))
        finally:
            await look.close()

    again = f"run `launchready env push {plan.environment}` again to go on, or with --undo to take back what was added"
    try:
        failure = _run(work())
    except OSError as error:
        raise Stop(f"the journal could not be written: {error.strerror or error}; stopped. {again}") from None
    except Stop as stop:
        raise Stop(f"{stop}; {again}", stop.code) from None
    if failure:
        raise Stop(f"{failure}; {again}")
    first = f"set {', '.join(map(clean, plan.left_out))} by hand or do without, " if plan.left_out else ""
    _say(f"Next: {first}deploy, see that it works, then delete {plan.env_file}.", quiet=quiet)
    return Exit.READY


def _undo(
    portal: Portal, name: str, settings: EnvironmentSettings, reach: Reach, root: Path, *, yes: bool, quiet: bool
) -> int:
    from launchready import journal
    from launchready.hardening import env_push
    from launchready.probes.failures import Failure

    book = journal.latest(root, env_push.ACTION, name)
    names = env_push.added(book) if book else ()
    if book is None or any(entry["what"] == "undone" for entry in book.entries()):
        raise Stop(f"no push of {name} is left to undo in {root / journal.FOLDER}")
    for variable in names:
        _say(f"  - {variable}  deleted, as the last push added it", quiet=quiet)
    confirm(f"Delete {len(names)} variables?", yes=yes)

    async def work() -> Any:
        look = _look(portal, reach)
        try:
            return await env_push.undo(look, name, settings, root, lambda what, v: _step(what, v, quiet=quiet))
        finally:
            await look.close()

    left = _run(work())
    if isinstance(left, Failure):
        raise Stop(f"{left}; run it again with --undo to go on")
    for variable in left:
        print(f"launchready: {variable} was replaced; its old value cannot be brought back", file=sys.stderr)
    return Exit.READY


def _look(portal: Portal, reach: Reach) -> Any:
    from launchready.cli.reach import look_at

    return look_at(portal, reach)


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    import asyncio

    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise Stop("interrupted", Exit.INTERRUPTED) from None


def _step(what: str, name: str, *, quiet: bool) -> None:
    from launchready.report.text import clean

    _say(f"  {what}: {clean(name)}", quiet=quiet)


def _say(words: str, *, quiet: bool) -> None:
    if not quiet:
        print(words, flush=True)
