"""`launchready deploy`: looks, shows, asks, releases, verifies, and goes back by itself when it does not hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from launchready.cli import options, releasing
from launchready.cli.after_deploy import measured_briefly
from launchready.cli.asking import confirm
from launchready.cli.releasing import Ground, named, say
from launchready.cli.stop import Exit, Stop

if TYPE_CHECKING:
    from launchready.hardening.release.gates import Preflight
    from launchready.hardening.release.plan import Plan


def deploy(
    config: options.Config = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")] = False,
    as_json: options.AsJson = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say what it would do, step by step, and end.")] = False,
    status: Annotated[bool, typer.Option("--status", help="Say what is live and what was interrupted.")] = False,
    allow_irreversible: Annotated[
        bool, typer.Option("--allow-irreversible", help="Also with a migration that cannot be taken back.")
    ] = False,
    skip_preflight: Annotated[
        list[str] | None, typer.Option(metavar="CHECK", help="Leave this check out, with --because. Repeatable.")
    ] = None,
    because: Annotated[str, typer.Option(help="Why a check is left out; it is kept in the journal.")] = "",
    replay: Annotated[
        Path | None, typer.Option(metavar="JOURNAL", help="Repeat the release of a journal elsewhere: --root.")
    ] = None,
    root: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="With --replay: an empty root on this machine.")
    ] = None,
    listen: Annotated[str, typer.Option(metavar="ADDR:PORT", help="With --replay: where visitors arrive.")] = "",
    resolver: options.ResolverFlags = None,
    connect_to: options.ConnectTo = None,
    closed: options.Closed = False,
    ca_file: options.CaFile = None,
    timeout: options.Timeout = 10.0,
    deadline: options.Deadline = 7200.0,
    quiet: options.Quiet = False,
) -> int:
    """Release the portal: preflight, build, migrate, release, verify; rolled back by itself when it does not hold."""
    if skip_preflight and len(because.strip()) < 3:
        raise Stop("--skip-preflight needs --because: the reason is kept in the journal")
    if (replay is None) != (root is None):
        raise Stop("--replay JOURNAL and --root FOLDER belong together")
    at = releasing.ground(
        config, resolver, connect_to, closed, ca_file, timeout, deadline, quiet or (as_json and not status)
    )
    if replay is not None and root is not None:
        from launchready.cli.deploy_replay import replayed

        return replayed(at, replay, root.absolute(), listen, yes=yes)
    if status:
        return _status(at, as_json=as_json)
    if explain:
        return _explain(at)
    return int(
        releasing.run(_deploy(at, dict.fromkeys(skip_preflight or (), because), allow_irreversible, yes, as_json))
    )


async def _deploy(at: Ground, skipped: dict[str, str], allow: bool, yes: bool, as_json: bool) -> int:
    from launchready.hardening.release import engine, gates
    from launchready.hardening.release.plan import plan_deploy
    from launchready.hardening.release.words import Failed

    look = at.look()
    try:
        adapter = at.adapter(look)
        place = at.place(adapter)
        with releasing.held(place):
            found = await gates.preflight(at.portal, lambda portal: at.look(portal), skipped)
            if not as_json:
                _show_preflight(found, skipped, quiet=at.quiet)
            plan = await plan_deploy(at.portal, adapter, at.root)
            if isinstance(plan, Failed):
                raise Stop(f"{releasing.sentence(plan)} Nothing was changed")
            if as_json and (found.blockers or (plan.irreversible and not allow)):
                return _print_what_stops(found, plan)
            _show(plan, quiet=at.quiet)
            _stop_at_blockers(found, plan, allow=allow)
            confirm(f"Release {plan.release.version} to {plan.environment}?", yes=yes)
            more: dict[str, object] = {"skipped": skipped} if skipped else {}
            result = await engine.deploy(place, plan.release, plan.back_to, at.told, **more)
    finally:
        await look.close()
    await releasing.alert(at, result)
    if as_json:
        import json

        print(json.dumps(releasing.as_tree(result), indent=2))
        return Exit.READY if result.well else Exit.FOUND
    code = releasing.show_result(result, quiet=at.quiet)
    if result.well:
        await measured_briefly(at, plan.release.version)
    if result.failed:
        say("Next: mend it and run `launchready deploy` again; `launchready rollback` goes back to an earlier release.")
    return code


def _print_what_stops(found: Preflight, plan: Plan) -> int:
    import json
    from dataclasses import asdict

    blockers = [{"check": f.check, "subject": f.subject, "problem": f.problem} for f in found.blockers]
    lost = [asdict(one) for one in plan.irreversible]
    live = asdict(plan.live) if plan.live else None
    print(json.dumps({"well": False, "live": live, "blockers": blockers, "irreversible": lost}, indent=2))
    return Exit.FOUND


def _stop_at_blockers(found: Preflight, plan: Plan, *, allow: bool) -> None:
    if found.blockers:
        ids = ", ".join(dict.fromkeys(f.check for f in found.blockers))
        fix = "`launchready explain CHECK` says how to fix"
        raise Stop(f"{len(found.blockers)} in the way ({ids}); nothing was changed. {fix}", Exit.FOUND)
    if plan.irreversible and not allow:
        from launchready.hardening.release.reversibility import EXPAND_AND_CONTRACT

        raise Stop(
            f"a migration of this release cannot be taken back; nothing was changed. {EXPAND_AND_CONTRACT} "
            "To release it all the same, say --allow-irreversible",
            Exit.FOUND,
        )


def _show_preflight(found: Preflight, skipped: dict[str, str], *, quiet: bool) -> None:
    from launchready.report.text import clean

    say(f"Preflight: {found.checks} checks", quiet=quiet)
    for finding in found.blockers:
        say(f"  ✗ {finding.check}: {clean(finding.problem)}")
    for finding in found.advice:
        say(f"  ! {finding.check}: {clean(finding.problem)}", quiet=quiet)
    reasons: dict[str, list[str]] = {}
    for id, row in found.unseen:
        reasons.setdefault(row.reason, []).append(id)
    for reason, ids in reasons.items():
        say(f"  ? {', '.join(ids)}: could not look: {clean(reason)}", quiet=quiet)
    for id, reason in skipped.items():
        say(f"  - {id}: left out: {clean(reason)}", quiet=quiet)


def _show(plan: Plan, *, quiet: bool) -> None:
    from launchready.report.text import clean

    if plan.interrupted:
        releasing.show_interrupted(plan.interrupted, plan.live, quiet=quiet)
        if plan.resumes:
            say("It is gone on with: what is done already is not done again.", quiet=quiet)
    say(f"Release {named(plan.release)} to {plan.environment}, by {plan.adapter}", quiet=quiet)
    say(f"Live now: {named(plan.live)}", quiet=quiet)
    if plan.source.uncommitted:
        say(f"  ! {plan.source.uncommitted} files are changed and not committed: they are not released", quiet=quiet)
    for word in ("build", "migrate", "release"):
        for line in plan.steps.get(word, []):
            say(f"  {word}: {clean(line)}", quiet=quiet)
    back = named(plan.back_to) if plan.back_to else "nothing: it is the first"
    say(f"  verify: within seconds; when it does not hold, back to {back}", quiet=quiet)
    for lost in plan.irreversible:
        where = f"{clean(lost.path)}:{lost.line}: " if lost.path else ""
        say(f"  ! cannot be undone: {where}{clean(lost.what)}")


def _explain(at: Ground) -> int:
    from launchready.hardening.release.explain import path_in_words
    from launchready.report.text import clean

    async def work() -> list[str]:
        look = at.look()
        try:
            return path_in_words(at.portal, at.adapter(look), at.root)
        finally:
            await look.close()

    for line in releasing.run(work()):
        print(clean(line))
    return Exit.READY


def _status(at: Ground, *, as_json: bool) -> int:
    import json

    from launchready.hardening.release.history import fields, unfinished
    from launchready.hardening.release.words import Failed

    async def work() -> object:
        look = at.look()
        try:
            adapter = at.adapter(look)
            serving = getattr(adapter, "serving", None)
            return await adapter.current(), await adapter.releases(), (await serving() if serving else "")
        finally:
            await look.close()

    live, there, trouble = releasing.run(work())
    pending = unfinished(at.root, at.environment)
    known = live if not isinstance(live, Failed) else None
    if as_json:
        open_step = {"release": fields(pending.release), "step": pending.step} if pending else None
        kept = [] if isinstance(there, Failed) else [fields(one) for one in there]
        print(json.dumps({"live": fields(known), "interrupted": open_step, "kept": kept, "trouble": trouble}, indent=2))
    else:
        if isinstance(live, Failed):
            say(f"What is live is not known: {releasing.sentence(live)}")
        elif pending:
            releasing.show_interrupted(pending, known, quiet=False)
        else:
            say(f"Live now: {named(known)}")
        if trouble:
            say(f"  ! {trouble}")
        for one in [] if isinstance(there, Failed) else there:
            say(f"  kept: {named(one)}{' ← live' if known and one.id == known.id else ''}")
        if pending:
            say("Next: `launchready deploy` goes on with it, `launchready rollback` goes back.")
    return Exit.FOUND if pending or trouble or isinstance(live, Failed) else Exit.READY
