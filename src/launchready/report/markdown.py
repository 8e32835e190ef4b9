"""The report as GitHub-flavoured Markdown, for pull requests, tickets and chats.

Hostile text becomes neither HTML nor a link, mention or table cell of its own: what strangers may have written stands
in code spans and fenced blocks, everything else has its punctuation escaped.
"""

from __future__ import annotations

from launchready.model import Finding, Report, Status, Tree
from launchready.performance.regression import compare
from launchready.report import digest, performance
from launchready.report.digest import Blind, Group
from launchready.report.markdown_text import block, code, escaped, prose, row
from launchready.report.text import linked, listed, minutes, opened


def render(report: Report) -> str:
    """The report as one Markdown document."""
    parts = [
        f"# {digest.VERDICT_WORDS[report.verdict]}: {prose(report.domain)}",
        f"{prose(digest.headline(report))} {prose(digest.totals(report))}",
        *_first(report),
        *_bar(report),
        *_measured(report),
        *_findings(report),
        *_blind(report),
        *_accepted(report),
        *_pictures(report),
        "---",
        prose(f"{digest.cost(report)}, {report.started:%Y-%m-%d %H:%M} UTC, launchready {report.version}"),
    ]
    return "\n\n".join(parts) + "\n"


def _first(report: Report) -> list[str]:
    steps = digest.first_steps(report)
    if not steps:
        return []
    lines = [
        f"{number}. **{step.severity}**, {minutes(step.effort_min)}: {_told(step.first)}{_on_more(step)}"
        for number, step in enumerate(steps, 1)
    ]
    return ["## What to do first", "\n".join(lines)]


def _told(finding: Finding) -> str:
    before, subject, after = digest.sentence(finding)
    return f"{prose(before)}{code(subject)}{prose(after)}"


def _on_more(group: Group) -> str:
    others = [subject for subject in group.subjects if subject != group.first.subject]
    return f" (and {listed([code(subject) for subject in others], 3)})" if others else ""


def _bar(report: Report) -> list[str]:
    rows = [
        row(prose(one.id), f"**{digest.PROOF_WORDS[one.proof]}**", prose(one.must_hold), prose(one.reason))
        for one in report.bar
    ]
    table = "\n".join(["| row | is | must hold | because |", "| --- | --- | --- | --- |", *rows])
    return ["## The minimum bar", table] if rows else []


def _measured(report: Report) -> list[str]:
    if report.measured is None:
        return []
    changes = compare(report.baseline, report.measured) if report.baseline else ()
    return [performance.markdown(report.measured, changes).rstrip()]


def _findings(report: Report) -> list[str]:
    parts = []
    for severity, rows in digest.by_severity(report):
        parts.append(f"## {digest.SEVERITY_HEADINGS[severity]} ({sum(len(g.findings) for g in rows)})")
        for group in rows:
            parts += _group(group)
    return parts


def _group(group: Group) -> list[str]:
    first, shared = group.first, group.shared_paste
    parts = [f"### {prose(first.check)} ({minutes(group.effort_min)})"]
    for finding in group.findings:
        parts.append(_told(finding))
        if finding.evidence:
            parts += ["Seen:", block(finding.evidence)]
        if finding.paste and not shared:
            parts += ["Paste:", block(finding.paste)]
    parts += [f"**Why:** {prose(opened(first.why))}"] if first.why else []
    parts += [f"**Fix:** {prose(opened(first.fix))}"] if first.fix else []
    parts += ["Paste:", block(shared)] if shared else []
    return [*parts, f"**Source:** {_reference(first)}"] if first.reference else parts


def _reference(finding: Finding) -> str:
    return "; ".join(
        f"[{escaped(name)}](<{link}>)" if link else prose(name) for name, link in linked(finding.reference)
    )


def _blind(report: Report) -> list[str]:
    rows = digest.blind(report)
    if not rows:
        return []
    heading = f"## Could not be checked ({len(digest.of_status(report, Status.NOT_CHECKED))})"
    table = ["| why | what would let us | checks | about |", "| --- | --- | --- | --- |", *map(_blind_row, rows)]
    return [heading, "\n".join(table)]


def _blind_row(blind: Blind) -> str:
    checks, subjects = listed([code(c) for c in blind.checks]), listed([code(s) for s in blind.subjects], 4)
    return row(prose(blind.reason), prose(blind.unlock), checks, subjects)


def _accepted(report: Report) -> list[str]:
    rows = [
        f"- **{digest.severity_of(f)}** {code(f.check)}: {_told(f)} Accepted: {prose(f.accepted)}"
        for f in report.accepted
    ]
    return [f"## Accepted risks ({len(rows)})", "\n".join(rows)] if rows else []


def _pictures(report: Report) -> list[str]:
    parts = []
    for title, tree in report.pictures.items():
        parts += [f"## {prose(title)}", "\n".join(_branches(digest.pruned(tree), 0))]
    return parts


def _branches(tree: Tree, depth: int) -> list[str]:
    line = f"{'  ' * depth}- {code(tree.label)}"
    return [line, *(line for child in tree.children for line in _branches(child, depth + 1))]
