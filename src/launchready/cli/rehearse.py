"""`launchready rehearse`: deploys, rolls back and deploys again while visitors come, and says what they noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import urljoin

import typer

from launchready.cli import options, releasing
from launchready.cli.asking import confirm
from launchready.cli.releasing import Ground, named, say
from launchready.cli.stop import Exit, Stop

if TYPE_CHECKING:
    from launchready.hardening.release.rehearsal import Rehearsal
    from launchready.portal import Portal


def rehearse(
    config: options.Config = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")] = False,
    rate: Annotated[float, typer.Option(min=0.1, max=500, help="Requests a second.")] = 20.0,
    as_json: options.AsJson = False,
    resolver: options.ResolverFlags = None,
    connect_to: options.ConnectTo = None,
    closed: options.Closed = False,
    ca_file: options.CaFile = None,
    timeout: options.Timeout = 10.0,
    deadline: options.Deadline = 7200.0,
    quiet: options.Quiet = False,
) -> int:
    """Deploy, roll back and deploy again with visitors on the portal; count the requests that fail."""
    at = releasing.ground(config, resolver, connect_to, closed, ca_file, timeout, deadline, quiet or as_json)
    return int(releasing.run(_rehearse(at, rate, yes, as_json)))


async def _rehearse(at: Ground, rate: float, yes: bool, as_json: bool) -> int:
    from launchready.hardening.release import gates, rehearsal
    from launchready.hardening.release.sources import identify, source_folder
    from launchready.hardening.release.traffic import Traffic
    from launchready.hardening.release.words import Failed

    look = at.look()
    try:
        adapter = at.adapter(look)
        place = at.place(adapter)
        with releasing.held(place):
            found = await gates.preflight(at.portal, lambda portal: at.look(portal))
            source = identify(source_folder(at.portal, at.root))
            if isinstance(source, Failed):
                raise Stop(releasing.sentence(source))
            live = await adapter.current()
            urls = pages(at.portal)
            say(f"Rehearsal on {at.environment}, by {adapter.name}: deploy, roll back, deploy again", quiet=at.quiet)
            say(
                f"Live now: {named(None if isinstance(live, Failed) else live)}; afterwards: {source.version}",
                quiet=at.quiet,
            )
            say(f"Meanwhile {rate:g} requests a second to {', '.join(urls)}", quiet=at.quiet)
            if found.blockers:
                ids = ", ".join(dict.fromkeys(f.check for f in found.blockers))
                raise Stop(f"the preflight stops it ({ids}); nothing was changed", Exit.FOUND)
            confirm("Rehearse it now?", yes=yes)
            ended = await rehearsal.rehearse(place, source, Traffic(look.network, urls, rate, look.dns), at.told)
    finally:
        await look.close()
    if ended.failed:
        await releasing.send_alert(at, "the rehearsal failed", releasing.sentence(ended.failed), ended.live)
    if as_json:
        import json
        from dataclasses import asdict

        print(json.dumps({**asdict(ended), "well": ended.well, "roll_back_s": ended.roll_back_s}, indent=2))
    else:
        _show(ended)
    return Exit.READY if ended.well and not ended.traffic.failed else Exit.FOUND


def pages(portal: Portal) -> tuple[str, ...]:
    """The addresses that are asked: the pages of `[verify]`.

    Those that `[edge]` limits are left out where others are there: so many requests of one address are what the limit
    is for, and its refusals would say nothing of the release.
    """
    from launchready.portal_deploy import VerifySettings

    settings = portal.verify or VerifySettings()
    base = settings.url or portal.canonical or f"https://{portal.domain}/"
    limits = portal.edge.limits if portal.edge else None
    limited = (*limits.login, *limits.reset, *limits.upload) if limits else ()
    free = [page for page in settings.pages if not page.path.startswith(limited)]
    return tuple(urljoin(base, page.path) for page in free or settings.pages)


def _show(ended: Rehearsal) -> None:
    from launchready.report.text import clean

    for part in ended.parts:
        seen = part.traffic
        how = "well" if part.well else "not well"
        say(
            f"  {part.name}: {how}, {part.seconds:.1f} s, live after {part.switch_s:.1f} s; "
            f"{seen.failed} of {seen.requests} requests failed, slowest {seen.slowest_s:.2f} s"
        )
    if ended.failed:
        releasing.warn(f"{ended.failed.step}: {releasing.sentence(ended.failed)}")
    total = ended.traffic
    say(
        f"{total.failed} of {total.requests} requests failed, {total.downtime_s:.1f} s of downtime, longest gap "
        f"{total.longest_gap_s:.2f} s; back within {ended.roll_back_s:.1f} s"
    )
    for problem in total.problems:
        say(f"  {clean(problem)}")
    say(f"Live now: {named(ended.live)}")
