"""A plan in words for a terminal, and as JSON."""

from __future__ import annotations

from typing import Any

from launchready.edge.control.proposal import Proposal
from launchready.edge.control.steps import Refusal, Step
from launchready.report.text import clean, counted


def lines(proposal: Proposal) -> list[str]:
    """The plan: `+` added, `~` changed, `-` deleted, `=` as it is to be, `!` refused, `i` to know."""
    found = [f"{clean(proposal.zone)} ({proposal.plan} plan)" if proposal.plan else clean(proposal.zone)]
    for step in proposal.steps:
        found += step_lines(step)
    for refusal in proposal.refused:
        found += _refusal_lines(refusal)
    found += [f"  = {clean(subject)}" for subject in proposal.same]
    found += [f"  i {clean(note, most=500)}" for note in proposal.notes]
    if proposal.too_many:
        found.append(f"  ! {clean(proposal.too_many)}: apply wants --delete-many for that")
    changes = counted(len(proposal.steps), "change")
    refused = f", {len(proposal.refused)} refused" if proposal.refused else ""
    found.append(f"{changes}{refused}." if proposal.steps or proposal.refused else "Nothing to do.")
    return found


def step_lines(step: Step) -> list[str]:
    """A step: what becomes what; why, and what could go wrong."""
    return [
        f"  {step.mark} {clean(step.subject)}  {clean(step.words, most=400)}",
        f"      {step.reason.roadmap}: {clean(step.reason.why)}. Risk: {clean(step.reason.risk)}",
    ]


def _refusal_lines(refusal: Refusal) -> list[str]:
    allow = f"; to allow it: --take '{clean(refusal.allow)}', or name it in [edge] delete" if refusal.allow else ""
    return [
        f"  ! {clean(refusal.subject)}  refused: {clean(refusal.why, most=400)}{allow}",
        f"      {refusal.reason.roadmap}: {clean(refusal.reason.why)}. Risk: {clean(refusal.reason.risk)}",
    ]


def document(proposal: Proposal) -> dict[str, Any]:
    """The plan as JSON."""
    return {
        "zone": proposal.zone,
        "plan": proposal.plan,
        "steps": [
            {
                "mark": step.mark,
                "kind": step.kind,
                "subject": step.subject,
                "words": step.words,
                "before": step.before,
                "after": step.after,
                "roadmap": step.reason.roadmap,
                "reason": step.reason.why,
                "risk": step.reason.risk,
            }
            for step in proposal.steps
        ],
        "refused": [
            {
                "subject": refusal.subject,
                "why": refusal.why,
                "take": refusal.allow,
                "roadmap": refusal.reason.roadmap,
                "reason": refusal.reason.why,
                "risk": refusal.reason.risk,
            }
            for refusal in proposal.refused
        ],
        "same": list(proposal.same),
        "notes": list(proposal.notes),
        "too_many": proposal.too_many,
        "calls": proposal.calls,
    }
