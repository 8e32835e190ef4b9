"""The demo: a prototype portal goes up on a local internet, is audited (red), repaired, audited again (green).

No account, no domain, no network: everything listens on loopback. Where the portal's packages are installed, the
prototype and the healthy portal really run, on PostgreSQL: the edge is applied, the healthy portal is released with a
rehearsed way back, and a broken release is caught (`launch.py`). Without them the domain alone is audited. Reports of
both runs are written; `keep` leaves the faulty lab up and prints how to look at it.
"""

from __future__ import annotations

import asyncio
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from launchready import gate
from launchready.audit import deployment_map
from launchready.hardening.release.traffic import Tally
from launchready.lab import live_portal
from launchready.lab.authority import Authority
from launchready.lab.cloudflare.worlds import behind_cloudflare
from launchready.lab.faults import faults
from launchready.lab.healthy import healthy_world
from launchready.lab.lab import Lab
from launchready.lab.live_portal import DATABASE_ENV, LivePortal, NoPortal
from launchready.lab.prototype import DEPLOYMENT, MISTAKES, live
from launchready.lab.serve import wait_for_stop, write_way_in
from launchready.lab.world import Fault, World
from launchready.model import Finding, Outcome, Report, Severity, Verdict
from launchready.probes.look import Look
from launchready.report import html, json_report, terminal

PLANTED = (
    "registration-5-days",
    "certificate-incomplete-chain",
    "exposure-env",
    "exposure-git",
    "http-app-in-clear",
    "spf-two-records",
    "dangling-surge",
    "cookie-script-reads-it",
    "mixed-script",
    "staging-indexable",
    "redirect-temporary",
    "hsts-off",
    "dmarc-none",
    "mx-without-starttls",
    "ttl-of-days",
    "caa-absent",
)
"""Ids of the faults of the demo: the mistakes of a portal built in a hurry. Planted in this order."""
_THE_PROTOTYPES_OWN = {"exposure-env", "exposure-git", "cookie-script-reads-it", "mixed-script"}
"""Faults that a prototype that runs brings itself."""
_BY_HAND = {"registration-5-days", "certificate-incomplete-chain", "mx-without-starttls", "ttl-of-days"}
"""Faults that no edge and no release repairs, and a TTL that Cloudflare does not have: left out of the whole story."""

_WAITING = (
    f"The prototype makes {len(MISTAKES) - len(live())} more, such as missing limits, and invoices that "
    "other clients can read; the checks for these are not built yet."
)


@dataclass(frozen=True, slots=True)
class Expected:
    """A mistake that was made on purpose, and what must find it."""

    says: str
    check: str
    severity: Severity
    subject: str = ""
    """The beginning of the finding's subject; empty: any."""

    def met(self, finding: Finding) -> bool:
        """Whether a finding is of this mistake."""
        return (finding.check, finding.severity) == (self.check, self.severity) and finding.subject.startswith(
            self.subject
        )


def planted(*, runs: bool = False) -> tuple[Fault, ...]:
    """The faults planted in the demo's domain, in order; with `runs`, beside a prototype that really runs."""
    known = {fault.id: fault for fault in faults()}
    return tuple(known[id] for id in PLANTED if not (runs and id in _THE_PROTOTYPES_OWN | _BY_HAND))


def expected(*, runs: bool = False) -> tuple[Expected, ...]:
    """Everything the first audit must find: the domain's faults and, with `runs`, the prototype's mistakes."""
    of_domain = [Expected(fault.says, fault.check, fault.severity) for fault in planted(runs=runs)]
    of_portal = [Expected(m.says, m.check, m.severity, m.subject) for m in live()] if runs else []
    return (*of_domain, *of_portal)


def faulty_world(*, runs: bool = False) -> World:
    """The healthy world with all of the demo's faults at once; with `runs`, beside the prototype's repository."""
    world = healthy_world()
    for fault in planted(runs=runs):
        world = fault.change(world)
    if not runs:
        return world
    from launchready.lab.portal_source import prototype_source

    return behind_cloudflare(replace(world, source=prototype_source()))


def repaired_world(*, runs: bool = False) -> World:
    """The healthy world; with `runs`, beside the repository of the reference portal."""
    if not runs:
        return healthy_world()
    from launchready.lab.portal_source import healthy_portal_source

    return replace(healthy_world(), source=healthy_portal_source())


def run_demo(*, keep: bool = False, report_dir: Path = Path("launchready-report")) -> int:
    """Run the demo on the terminal. Returns 0 when red was red and green was green, else 1."""
    console = Console()
    report_dir.mkdir(parents=True, exist_ok=True)
    try:
        try:
            return asyncio.run(_demo(console, keep, report_dir, live_portal.missing()))
        except NoPortal as error:
            return asyncio.run(_demo(console, keep, report_dir, f"what it takes to run one: {error}"))
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("\nStopped; nothing was left running.")
        return 130


async def _demo(console: Console, keep: bool, report_dir: Path, lacks: str) -> int:
    _end_in_order()
    began = time.monotonic()
    authority = Authority()
    runs = not lacks
    _step(console, 1, "A portal built in a hurry goes up on a local internet: DNS, certificates, edge, mail, registry.")
    if lacks:
        console.print(f"   The portal itself is left out, for this machine lacks {lacks}", markup=False, soft_wrap=True)
    wanted = expected(runs=runs)

    def faulty() -> Lab:
        return Lab(faulty_world(runs=runs), authority=authority, live=LivePortal(DEPLOYMENT) if runs else None)

    async with _Starting(console, faulty, "the prototype" if runs else "") as lab:
        before = await _audit(console, await _look(console, lab) if runs else lab.look())
        terminal.render(before, console)
        _write(before, report_dir / "before")
        console.print()
        found = sum(any(map(one.met, before.findings)) for one in wanted)
        says = f"{found} of {len(wanted)} mistakes that were made on purpose were found, each by its check; now repair."
        _step(console, 2, says)
        console.print(_seen(before, wanted))
        if runs:
            console.print(f"   {_WAITING}", soft_wrap=True, highlight=False)
            held, after = await _launched(console, lab, report_dir)
    if not runs:
        held, after = True, await _repaired(console, authority)
    _write(after, report_dir / "after")
    console.print()
    _step(console, 7 if runs else 4, f"Done in {time.monotonic() - began:.0f} s. Open the reports in a browser:")
    for name in ("before", "after"):
        console.print(f"   {(report_dir / f'{name}.html').resolve().as_uri()}", soft_wrap=True, highlight=False)
    console.print(
        "   The dashboard that keeps watch arrives with `launchready serve`; until then these pages stand for it."
    )
    if keep:
        async with _Starting(console, faulty, "the prototype" if runs else "") as lab:
            _invite(console, lab, report_dir / "lab")
            await wait_for_stop()
    else:
        console.print("   Next: `launchready check your-domain.com`, or `launchready init your-domain.com`.")
    return 0 if held and _told_apart(before, after, wanted) else 1


async def _repaired(console: Console, authority: Authority) -> Report:
    """The audit of the repaired domain, without a portal."""
    console.print()
    _step(console, 3, "The repaired portal goes up, and the same command runs again.")
    async with Lab(repaired_world(), authority=authority) as lab:
        after = await _audit(console, lab.look())
        terminal.render(after, console)
    return after


async def _launched(console: Console, lab: Lab, report_dir: Path) -> tuple[bool, Report]:
    """Edge, release, rehearsal, the audit again, and a broken release; whether each did as it should."""
    from launchready.lab.launch import launch

    with tempfile.TemporaryDirectory(prefix="lr-") as folder:  # short: a database's socket lies below it
        async with launch(lab, Path(folder), console) as one:
            console.print()
            _step(console, 3, "The edge as code: DNS and Cloudflare are brought to what launchready.toml wants.")
            applied = await one.typed("edge", "apply", "--yes", "--no-checks") == 0
            one.close_the_origin()
            console.print("   By hand: the server's firewall now takes connections of the edge alone.")
            console.print()
            _step(console, 4, "The healthy portal is released on its host, and the way back is rehearsed.")
            moving = asyncio.create_task(one.move())
            released = await one.typed("deploy", "--yes") == 0
            await moving
            rehearsed = await one.typed("rehearse", "--yes") == 0
            console.print()
            _step(console, 5, "It is measured as well, and the same audit runs again.")
            fast = await one.typed("perf", "--quiet") == 0
            after = await _audit(console, one.look())
            terminal.render(after, console)
            console.print()
            _step(console, 6, "A broken release, while a client keeps clicking: it is seen, and taken back by itself.")
            await one.break_it()
            clicks: list[Tally] = []
            async with one.clicking(clicks):
                caught = await one.typed("deploy", "--yes") == 1
                healthy = await one.typed("verify") == 0
            of, lost, down_s = clicks[0].requests, clicks[0].failed, clicks[0].downtime_s
            says = f"The client clicked {of} times; {lost} clicks met the broken release, within {down_s:.1f} s."
            console.print(f"   {says}", highlight=False)
    return applied and released and rehearsed and fast and caught and healthy, after


async def _look(console: Console, lab: Lab) -> Look:
    """Eyes that have already walked the prototype's core flows, as a buyer on business broadband does."""
    from launchready.lab import speed

    console.print("   Its login and its dashboard are walked as a buyer on business broadband walks them.")
    with tempfile.TemporaryDirectory(prefix="lr-") as folder, console.status("walking") as status:
        found = await speed.measured(lab, lambda line: status.update(line), Path(folder))
    keys = speed.performance(found.url, DATABASE_ENV, speed.PROTOTYPE_S)
    look = lab.look(performance=keys, owned=["app"])
    look.measured = found
    return look


class _Starting:
    """A lab that starts with a sign of life, since a portal takes some seconds, and stops with the block."""

    def __init__(self, console: Console, make: Callable[[], Lab], what: str) -> None:
        self._console, self._what, self._lab = console, what, make()

    async def __aenter__(self) -> Lab:
        if self._what:
            says = f"PostgreSQL starts, and {self._what} is deployed on it"
            self._console.print(f"   {says}.", highlight=False)
            with self._console.status(says):
                return await self._lab.__aenter__()
        return await self._lab.__aenter__()

    async def __aexit__(self, *error: object) -> None:
        await self._lab.__aexit__(None, None, None)


async def _audit(console: Console, look: Look) -> Report:
    checks = gate.in_scope(gate.catalogue().values(), look.portal)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(f"launchready check {look.portal.domain}", total=len(checks))

        def ended(_outcome: Outcome, done: int, _all: int) -> None:
            progress.update(task, completed=done)

        return await gate.run(look.portal, look, checks, ended, deployment_map.draw)


def _seen(report: Report, wanted: tuple[Expected, ...]) -> Table:
    """What was wrong on purpose, gravest first, and whether the audit saw it."""
    table = Table.grid(padding=(0, 2), pad_edge=True)
    for one in sorted(wanted, key=lambda one: one.severity.rank):
        table.add_row("found" if any(map(one.met, report.findings)) else "MISSED", one.check, one.says)
    return table


def _told_apart(before: Report, after: Report, wanted: tuple[Expected, ...]) -> bool:
    return (
        before.verdict is Verdict.NOT_READY
        and all(any(map(one.met, before.findings)) for one in wanted)
        and after.verdict is Verdict.READY
        and after.findings == ()
    )


def _invite(console: Console, lab: Lab, directory: Path) -> None:
    command = write_way_in(lab, directory)
    console.print("\nThe faulty portal is up until you press Ctrl-C. In another terminal:")
    console.print(f"\n{command}\n", soft_wrap=True, highlight=False, markup=False)
    if lab.live:
        console.print(
            f"In a browser: http://127.0.0.1:{lab.live.port}/account/login/ as owner@studio.example, "
            f"password: {live_portal.PASSWORD}",
            soft_wrap=True,
            highlight=False,
        )


def _end_in_order() -> None:
    """A closed terminal and a `kill` end the demo as Ctrl-C does, with everything that it started."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)


def _write(report: Report, path: Path) -> None:
    path.with_suffix(".html").write_text(html.render(report), encoding="utf-8")
    path.with_suffix(".json").write_text(json_report.render(report), encoding="utf-8")


def _step(console: Console, number: int, text: str) -> None:
    console.print(f"[bold]{number}.[/bold] {text}", highlight=False)
