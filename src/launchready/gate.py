"""The registry of checks, and the run: all checks at once, within the deadline, into one report and a verdict.

Judges nothing itself. A check is an async generator in a stage folder, declared with `@check`; the gate gives
it the portal and a `Look`, collects what it yields, and fills each finding in from the declaration.
"""

from __future__ import annotations

import asyncio
import fnmatch
import importlib
import pkgutil
import re
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from launchready import __version__
from launchready.model import (
    AcceptedRisk,
    BarRow,
    CheckInfo,
    DeploymentMap,
    Finding,
    NotChecked,
    Outcome,
    Passed,
    Proof,
    Report,
    Row,
    Severity,
    Stage,
    Verdict,
)
from launchready.portal import Portal

if TYPE_CHECKING:
    from launchready.probes.look import Look

CheckFunction = Callable[[Portal, "Look"], AsyncIterator[Row]]
Progress = Callable[[Outcome, int, int], None]
"""Called as each check ends: its outcome, how many have ended, how many there are."""
Draw = Callable[[Portal, "Look", tuple[Finding, ...]], Awaitable[DeploymentMap]]
"""Draws the deployment map from facts the run has looked at, and puts its findings on it."""

ROOMS = ("launchready.audit", "launchready.edge", "launchready.hardening", "launchready.performance")
"""The stage folders whose modules declare checks."""

BAR = {
    "M1": "Resolves correctly everywhere: clean DNS, intentional redirects, working subdomains, valid TLS",
    "M2(mail)": "Mail protected: SPF, DKIM and DMARC",
    "M2(edge)": "Edge protected: Cloudflare or a like edge in front, DDoS protection on",
    "M3": "Secrets safe: none in the repository or shared documents, least privilege, a rotation path",
    "M4": "Observable: uptime monitoring, logging that tells causes apart",
    "M5": "Fast enough: p95 under 2 s for login and dashboard on business broadband",
}
"""The minimum bar, by row, as `ROADMAP` words it; a check belongs to a row by naming it in `roadmap`."""


@dataclass(frozen=True, slots=True)
class Check:
    """A declared check: what it says of itself, and the generator that judges."""

    info: CheckInfo
    function: CheckFunction


_registry: dict[str, Check] = {}


def check(
    id: str, stage: Stage, *, roadmap: str, severity: Severity, effort: int, reference: str, needs: str = ""
) -> Callable[[CheckFunction], CheckFunction]:
    """Declare a check.

    `roadmap` is a space-separated list of ids; `severity` the default one of its findings; `effort` the minutes
    a fix usually takes; `needs` the section of the portal's description without which it is out of scope. The
    docstring is the documentation: its first sentence is the title, paragraphs that begin with `Why:` and `Fix:` are
    those, the others are notes.
    """

    def declare(function: CheckFunction) -> CheckFunction:
        if id in _registry and _registry[id].function.__module__ != function.__module__:
            raise ValueError(f"two checks are called {id}")
        title, why, fix, notes = _read_docstring(function.__doc__ or "")
        if not (title and why and fix):
            raise ValueError(f"check {id}: its docstring needs a title, `Why:` and `Fix:`")
        info = CheckInfo(id, stage, tuple(roadmap.split()), severity, effort, reference, title, why, fix, notes, needs)
        _registry[id] = Check(info, function)
        return function

    return declare


def catalogue() -> dict[str, Check]:
    """Every check there is, by id, in the order of their ids; imports the stage folders on first use."""
    for room in ROOMS:
        package = importlib.import_module(room)
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{room}.{module.name}")
    return dict(sorted(_registry.items()))


def declared(function: CheckFunction) -> CheckInfo:
    """What the check that `function` is declares of itself; without importing the others."""
    return next(item.info for item in _registry.values() if item.function is function)


def select(patterns: Sequence[str] = (), stages: Sequence[Stage] = ()) -> list[Check]:
    """Checks whose id matches a pattern (`mail.spf.*`, or a prefix: `mail`) and whose stage is named; all if none.

    Raises KeyError with the pattern when it matches nothing.
    """
    checks = list(catalogue().values())
    for pattern in patterns:
        if not any(_matches(c.info.id, pattern) for c in checks):
            raise KeyError(pattern)
    return [
        c
        for c in checks
        if (not patterns or any(_matches(c.info.id, p) for p in patterns)) and (not stages or c.info.stage in stages)
    ]


def in_scope(checks: Iterable[Check], portal: Portal) -> list[Check]:
    """The checks that have something to look at: one of a repository needs the portal to name one."""
    return [c for c in checks if not c.info.needs or getattr(portal, c.info.needs)]


async def run(
    portal: Portal,
    look: Look,
    checks: Sequence[Check] | None = None,
    on_progress: Progress | None = None,
    draw: Draw | None = None,
) -> Report:
    """Run `checks` (all in scope if None) at once and report. Never raises for what the world does to it.

    With `draw` the report holds a deployment map, drawn after the checks from what they have looked at.
    """
    started = datetime.now(UTC)
    chosen = in_scope(catalogue().values(), portal) if checks is None else list(checks)
    done = 0

    async def one(item: Check) -> Outcome:
        nonlocal done
        outcome = await _run_one(item, portal, look)
        done += 1
        if on_progress:
            on_progress(outcome, done, len(chosen))
        return outcome

    try:
        outcomes = await asyncio.gather(*map(one, chosen))
        risks = portal.accepted_risks
        outcomes = [replace(o, findings=tuple(_accept(f, risks, look.now) for f in o.findings)) for o in outcomes]
        counting = tuple(f for o in outcomes for f in o.findings if not f.accepted)
        drawn = await _drawn(draw, portal, look, counting) if draw else None
        hosts = look.hosts_seen()
    finally:
        await look.close()
    bar = tuple(_prove(row, outcomes) for row in BAR)
    return Report(
        domain=portal.domain,
        started=started,
        elapsed_s=look.network.now_s,
        verdict=judge(outcomes, bar),
        bar=bar,
        outcomes=tuple(outcomes),
        hosts=hosts,
        looks=look.network.tally(),
        pictures=dict(sorted(look.pictures.items())),
        map=drawn,
        measured=look.measured,
        baseline=look.baseline,
        version=__version__,
    )


def judge(outcomes: Iterable[Outcome], bar: Iterable[BarRow]) -> Verdict:
    """A blocker: not ready. Every row in scope proven: ready. Anything else: unproven."""
    if any(f.severity is Severity.BLOCKER and not f.accepted for o in outcomes for f in o.findings):
        return Verdict.NOT_READY
    in_scope = [row for row in bar if row.proof is not Proof.OUT_OF_SCOPE]
    if in_scope and all(row.proof is Proof.PROVEN for row in in_scope):
        return Verdict.READY
    return Verdict.UNPROVEN


async def _drawn(draw: Draw, portal: Portal, look: Look, findings: tuple[Finding, ...]) -> DeploymentMap | None:
    try:
        async with asyncio.timeout(look.network.left_s):
            return await draw(portal, look, findings)
    except TimeoutError:
        return None
    except Exception:  # a picture that fails must not take the report down
        look.crashes.append(traceback.format_exc())
        return None


async def _run_one(item: Check, portal: Portal, look: Look) -> Outcome:
    info, rows = item.info, list[Row]()
    if info.needs and not getattr(portal, info.needs):
        unlock = f"add [{info.needs}] to launchready.toml"
        unlock += ", or name the folder with --repo" if info.needs == "repository" else ""
        return Outcome(info, not_checked=(NotChecked(portal.domain, f"no {info.needs} was named", unlock),))
    began = look.network.now_s
    try:
        async with asyncio.timeout(look.network.left_s):
            async for row in item.function(portal, look):
                rows.append(row)
    except TimeoutError:
        limit = look.network.limits.run_deadline_s
        rows.append(
            NotChecked(portal.domain, f"the run's deadline of {limit:g} s passed first", "run it again with --deadline")
        )
    except Exception as error:  # a fault of ours must not take the other checks down
        look.crashes.append(traceback.format_exc())
        reason = f"the check itself failed ({type(error).__name__}); this is a fault of Launch Ready"
        rows.append(NotChecked(portal.domain, reason, "run it again with --debug and report the traceback"))
    if not rows:
        rows.append(NotChecked(portal.domain, "there was nothing to look at"))
    return outcome_of(info, rows, look.network.now_s - began)


def outcome_of(info: CheckInfo, rows: Sequence[Row], elapsed_s: float = 0.0) -> Outcome:
    """The rows of one check as its outcome, each finding filled in from the declaration."""
    return Outcome(
        info,
        findings=tuple(_fill(row, info) for row in rows if isinstance(row, Finding)),
        passed=tuple(row for row in rows if isinstance(row, Passed)),
        not_checked=tuple(row for row in rows if isinstance(row, NotChecked)),
        elapsed_s=elapsed_s,
    )


def _fill(finding: Finding, info: CheckInfo) -> Finding:
    return replace(
        finding,
        check=info.id,
        stage=info.stage,
        roadmap=info.roadmap,
        severity=finding.severity or info.severity,
        why=finding.why or info.why,
        fix=finding.fix or info.fix,
        effort_min=info.effort_min if finding.effort_min is None else finding.effort_min,
        reference=finding.reference or info.reference,
    )


def _accept(finding: Finding, risks: Iterable[AcceptedRisk], now: datetime) -> Finding:
    for risk in risks:
        covers = _matches(finding.check, risk.check) and fnmatch.fnmatchcase(finding.subject, risk.subject)
        if covers and now.date() <= risk.until:
            return replace(finding, accepted=risk.reason)
    return finding


def _prove(row: str, outcomes: Sequence[Outcome]) -> BarRow:
    mine = [o for o in outcomes if row in o.check.roadmap]
    if not mine:
        return BarRow(row, BAR[row], Proof.OUT_OF_SCOPE, "no check of this run looks at it")
    blockers = [f for o in mine for f in o.findings if f.severity is Severity.BLOCKER and not f.accepted]
    if blockers:
        more = f" and {len(blockers) - 1} more" if len(blockers) > 1 else ""
        return BarRow(row, BAR[row], Proof.BROKEN, f"{blockers[0].check} on {blockers[0].subject}{more}")
    # What is at most nice to fix cannot decide whether the bar is met, so not having seen it does not either.
    blind = [o for o in mine if o.not_checked and o.check.severity is not Severity.NICE]
    if blind:
        more = f" and {len(blind) - 1} more" if len(blind) > 1 else ""
        return BarRow(row, BAR[row], Proof.UNPROVEN, f"{blind[0].check.id} could not look{more}")
    return BarRow(row, BAR[row], Proof.PROVEN, f"{len(mine)} checks, no blocker")


def _matches(id: str, pattern: str) -> bool:
    return id == pattern or id.startswith(f"{pattern}.") or fnmatch.fnmatchcase(id, pattern)


def _read_docstring(text: str) -> tuple[str, str, str, str]:
    parts = {"title": "", "why": "", "fix": ""}
    notes: list[str] = []
    for index, paragraph in enumerate(re.split(r"\n\s*\n", text.strip())):
        flat = " ".join(paragraph.split())
        label, colon, rest = flat.partition(":")
        if index == 0:
            parts["title"] = flat
        elif colon and label in ("Why", "Fix"):
            text = rest.strip()
            parts[label.lower()] = text[:1].upper() + text[1:]
        else:
            notes.append(flat)
    return parts["title"], parts["why"], parts["fix"], "\n\n".join(notes)
