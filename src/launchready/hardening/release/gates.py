"""The checks before a release and after it, run and read: what stops it, what could not be looked at, what holds.

Judges nothing itself: `connections.*` and `release.*` are the preflight, `verify.*` the proof.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from launchready import gate
from launchready.hardening import verify_run
from launchready.hardening.release.engine import Proof, Prove
from launchready.hardening.release.words import Release, Told
from launchready.hardening.variables_environments import canonical
from launchready.model import Finding, NotChecked, Report, Severity
from launchready.portal import Portal
from launchready.portal_deploy import VerifySettings
from launchready.probes.look import Look

BEFORE = ("connections", "release", "variables.missing")
"""`variables.missing` looks at every environment; what another one lacks is advice here."""
NewLook = Callable[[Portal], Look]


@dataclass(frozen=True, slots=True)
class Preflight:
    """What the checks say before anything is changed."""

    blockers: tuple[Finding, ...]
    advice: tuple[Finding, ...]
    """What does not stop a release."""
    unseen: tuple[tuple[str, NotChecked], ...]
    """By check: what could not be looked at."""
    checks: int
    crashes: tuple[str, ...] = ()


async def preflight(portal: Portal, new_look: NewLook, skipped: Mapping[str, str] | None = None) -> Preflight:
    """Run them; those in `skipped` (by id, with the reason) are left out. Changes nothing."""
    chosen = [c for c in gate.in_scope(_selected(*BEFORE), portal) if c.info.id not in (skipped or {})]
    if not chosen:
        return Preflight((), (), (), 0)
    look = new_look(portal)
    look.releasing = True
    report = await gate.run(look.portal, look, chosen)
    counting = [finding for finding in report.findings if not finding.accepted]
    return Preflight(
        tuple(f for f in counting if _stops(f, portal)),
        tuple(f for f in counting if not _stops(f, portal)),
        tuple((info.id, row) for info, row in report.not_checked),
        len(chosen),
        tuple(look.crashes),
    )


def _stops(finding: Finding, portal: Portal) -> bool:
    """Whether a release must not go on: a blocker, unless another environment is the one that lacks a variable."""
    target = canonical(portal.deploy.environment) if portal.deploy else ""
    elsewhere = finding.check == "variables.missing" and (finding.key or "production") != target
    return finding.severity is Severity.BLOCKER and not elsewhere


def prove_by_checks(portal: Portal, new_look: NewLook, reported: Callable[[Report], None] | None = None) -> Prove:
    """A `Prove` that runs the verify checks with the release as the version that must be served."""

    async def prove(release: Release, told: Told) -> Proof:
        settings = portal.verify or VerifySettings()
        if settings.version:  # elsewhere nobody says which version it is
            settings = settings.model_copy(update={"release": release.version})
        expecting = portal.model_copy(update={"verify": settings})
        told(f"verifying {release.version}")
        look = new_look(expecting)
        report = await verify_run.run(look.portal, look)
        if reported:
            reported(report)
        return judged(report)

    return prove


def judged(report: Report) -> Proof:
    """Whether a release holds: nothing found that is more than nice to have, and something looked at and right."""
    found = verify_run.failing(report)
    if found:
        return Proof(False, tuple(f"{f.check}: {f.problem}" for f in found))
    passed = [outcome.check.id for outcome in report.outcomes if outcome.passed]
    if not passed:
        reasons = tuple(f"{info.id}: {row.reason}" for info, row in report.not_checked)
        return Proof(False, ("nothing could be looked at", *reasons), seen=False)
    return Proof(True, tuple(f"{id} holds" for id in passed))


def _selected(*patterns: str) -> list[gate.Check]:
    found: list[gate.Check] = []
    for pattern in patterns:
        try:
            found += gate.select([pattern])
        except KeyError:  # no check of that name in this version
            continue
    return found
