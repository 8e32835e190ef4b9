"""The report as GitHub-flavoured Markdown, for pull requests, tickets and chats.

Hostile text becomes neither HTML nor a link, mention or table cell of its own: what strangers may have written stands
in code spans and fenced blocks, everything else has its punctuation escaped.
"""

from __future__ import annotations

import re

from launchready.model import Finding, Report, Status, Tree
from launchready.report import digest
from launchready.report.digest import Blind, Group
from launchready.report.text import clean, linked, listed, minutes, opened

_LIVE = re.compile(r"[\\`*_\[\]<>|~$&]|^ *(?:[-+=#]|\d+[.)])")
_AUTOLINK = re.compile(r"\S*(?:://|@|www\.)\S*", re.IGNORECASE)
"""What GitHub turns into links and mentions by itself (GFM, autolinks extension)."""
_PIPE, _ESCAPED_PIPE = re.compile(r"(?<!\\)\|"), r"\\|"


def render(report: Report) -> str:
    """The report as one Markdown document."""
    parts = [
        f"# {digest.VERDICT_WORDS[report.verdict]}: {prose(report.domain)}",
        f"{prose(digest.headline(report))} {prose(digest.totals(report))}",
        *_first(report),
        *_bar(report),
        *_findings(report),
        *_blind(report),
        *_accepted(report),
        *_pictures(report),
        "---",
        prose(f"{digest.cost(report)}, {report.started:%Y-%m-%d %H:%M} UTC, launchready {report.version}"),
    ]
    return "\n\n".join(parts) + "\n"


def prose(text: str) -> str:
    """Text that stays text: punctuation escaped; addresses, which would become links, in code spans."""
    shown, done = clean(text), 0
    out: list[str] = []
    for match in _AUTOLINK.finditer(shown):
        out += [_escaped(shown[done : match.start()]), code(match[0])]
        done = match.end()
    return "".join([*out, _escaped(shown[done:])])


def code(text: str) -> str:
    """A code span that ends where the text does, whatever backticks it holds."""
    shown = clean(text)
    fence = "`" * (_longest_run(shown) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}" if shown else ""


def block(text: str) -> str:
    """A fenced block, with a fence longer than any in the text."""
    shown = clean(text, lines=True)
    fence = "`" * max(3, _longest_run(shown) + 1)
    return f"{fence}text\n{shown}\n{fence}"


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
        _row(prose(row.id), f"**{digest.PROOF_WORDS[row.proof]}**", prose(row.must_hold), prose(row.reason))
        for row in report.bar
    ]
    table = "\n".join(["| row | is | must hold | because |", "| --- | --- | --- | --- |", *rows])
    return ["## The minimum bar", table] if rows else []


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
        f"[{_escaped(name)}](<{link}>)" if link else prose(name) for name, link in linked(finding.reference)
    )


def _blind(report: Report) -> list[str]:
    rows = digest.blind(report)
    if not rows:
        return []
    heading = f"## Could not be checked ({len(digest.of_status(report, Status.NOT_CHECKED))})"
    table = ["| why | what would let us | checks | about |", "| --- | --- | --- | --- |", *map(_blind_row, rows)]
    return [heading, "\n".join(table)]


def _blind_row(row: Blind) -> str:
    checks, subjects = listed([code(c) for c in row.checks]), listed([code(s) for s in row.subjects], 4)
    return _row(prose(row.reason), prose(row.unlock), checks, subjects)


def _row(*cells: str) -> str:
    """A table row; a pipe ends a cell even inside a code span (GFM, tables extension)."""
    return f"| {' | '.join(_PIPE.sub(_ESCAPED_PIPE, cell) for cell in cells)} |"


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


def _escaped(text: str) -> str:
    return _LIVE.sub(lambda match: f"{match[0][:-1]}\\{match[0][-1]}", text)


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
