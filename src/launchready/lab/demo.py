"""The demo: a faulty portal goes up on a local internet, is audited (red), repaired, audited again (green).

No account, no domain, no network: everything listens on loopback. Reports of both runs are written; `keep` leaves
the faulty lab up and prints how to audit it by hand.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from launchready import gate
from launchready.audit import deployment_map
from launchready.lab.authority import Authority
from launchready.lab.faults import faults
from launchready.lab.healthy import healthy_world
from launchready.lab.lab import Lab
from launchready.lab.serve import wait_for_stop, write_way_in
from launchready.lab.world import Fault, World
from launchready.model import Outcome, Report, Severity, Verdict
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


def planted() -> tuple[Fault, ...]:
    """The demo's faults, in the order they are planted."""
    known = {fault.id: fault for fault in faults()}
    return tuple(known[id] for id in PLANTED)


def faulty_world() -> World:
    """The healthy world with all of the demo's faults at once."""
    world = healthy_world()
    for fault in planted():
        world = fault.change(world)
    return world


def run_demo(*, keep: bool = False, report_dir: Path = Path("launchready-report")) -> int:
    """Run the demo on the terminal. Returns 0 when red was red and green was green, else 1."""
    console = Console()
    report_dir.mkdir(parents=True, exist_ok=True)
    try:
        return asyncio.run(_demo(console, keep, report_dir))
    except KeyboardInterrupt:
        console.print("\nStopped; nothing was left running.")
        return 130


async def _demo(console: Console, keep: bool, report_dir: Path) -> int:
    began = time.monotonic()
    authority = Authority()
    _step(console, 1, "A portal built in a hurry goes up on a local internet: DNS, certificates, edge, mail, registry.")
    async with Lab(faulty_world(), authority=authority) as lab:
        before = await _audit(console, lab)
        terminal.render(before, console)
        _write(before, report_dir / "before")
        console.print()
        _step(console, 2, f"Repair: the {len(planted())} mistakes that were planted, each with what found it.")
        console.print(_seen(before))
    console.print()
    _step(console, 3, "The repaired portal goes up, and the same command runs again.")
    async with Lab(authority=authority) as lab:
        after = await _audit(console, lab)
        terminal.render(after, console)
        _write(after, report_dir / "after")
    console.print()
    _step(console, 4, f"Done in {time.monotonic() - began:.0f} s. Open the reports in a browser:")
    for name in ("before", "after"):
        console.print(f"   {(report_dir / f'{name}.html').resolve().as_uri()}", soft_wrap=True, highlight=False)
    console.print(
        "   The dashboard that keeps watch arrives with `launchready serve`; until then these pages stand for it."
    )
    if keep:
        async with Lab(faulty_world(), authority=authority) as lab:
            command = write_way_in(lab, report_dir / "lab")
            console.print("\nThe faulty portal is up until you press Ctrl-C. In another terminal:")
            console.print(f"\n{command}\n", soft_wrap=True, highlight=False, markup=False)
            await wait_for_stop()
    else:
        console.print("   Next: `launchready check your-domain.com`, or `launchready init your-domain.com`.")
    return 0 if _told_apart(before, after) else 1


async def _audit(console: Console, lab: Lab) -> Report:
    checks = gate.in_scope(gate.catalogue().values(), lab.portal())
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(f"launchready check {lab.world.domain}", total=len(checks))

        def ended(_outcome: Outcome, done: int, _all: int) -> None:
            progress.update(task, completed=done)

        look = lab.look()
        return await gate.run(look.portal, look, checks, ended, deployment_map.draw)


def _seen(report: Report) -> Table:
    """What was planted, gravest first, and whether the audit saw it."""
    found = {(f.check, f.severity) for f in report.findings}
    table = Table.grid(padding=(0, 2), pad_edge=True)
    for fault in sorted(planted(), key=lambda fault: fault.severity.rank):
        table.add_row("found" if (fault.check, fault.severity) in found else "MISSED", fault.check, fault.says)
    return table


def _told_apart(before: Report, after: Report) -> bool:
    found = {(f.check, f.severity) for f in before.findings}
    return (
        before.verdict is Verdict.NOT_READY
        and all((fault.check, fault.severity) in found for fault in planted())
        and after.verdict is Verdict.READY
        and after.count(Severity.BLOCKER) == 0
    )


def _write(report: Report, path: Path) -> None:
    path.with_suffix(".html").write_text(html.render(report), encoding="utf-8")
    path.with_suffix(".json").write_text(json_report.render(report), encoding="utf-8")


def _step(console: Console, number: int, text: str) -> None:
    console.print(f"[bold]{number}.[/bold] {text}", highlight=False)
