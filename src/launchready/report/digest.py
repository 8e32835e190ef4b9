"""What every report says, before it is drawn: the sentence of the verdict, what to do first, what goes together.

Pure functions of a `Report`. Texts are as the checks wrote them unless said otherwise: renderers escape them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby

from launchready.model import Finding, Outcome, Proof, Report, Severity, Status, Tree, Verdict
from launchready.report.text import clean, counted

VERDICT_WORDS = {Verdict.READY: "READY", Verdict.NOT_READY: "NOT READY", Verdict.UNPROVEN: "UNPROVEN"}
SEVERITY_HEADINGS = {
    Severity.BLOCKER: "Blockers: fix before anyone sees the portal",
    Severity.HIGH: "High risk: fix in the first days",
    Severity.NICE: "Nice to fix",
}
PROOF_WORDS = {
    Proof.PROVEN: "proven",
    Proof.BROKEN: "broken",
    Proof.UNPROVEN: "unproven",
    Proof.OUT_OF_SCOPE: "out of scope",
}
FIRST = 5
"""So many steps are named first; more would be the list again."""


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one check that one piece of work mends: same severity, same reason, same fix."""

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The one that speaks for what they share: check, severity, why, fix, effort, reference."""
        return self.findings[0]

    @property
    def subjects(self) -> list[str]:
        """What they are about, each once."""
        return list(dict.fromkeys(f.subject for f in self.findings))

    @property
    def effort_min(self) -> int:
        """Minutes for the piece of work: the longest of its findings, not their sum."""
        return max(f.effort_min or 0 for f in self.findings)

    @property
    def severity(self) -> Severity:
        """The severity they share."""
        return severity_of(self.first)

    @property
    def shared_paste(self) -> str:
        """What to paste, when it is the same for all."""
        pastes = {f.paste for f in self.findings}
        return self.first.paste if len(pastes) == 1 else ""


@dataclass(frozen=True, slots=True)
class Blind:
    """What could not be looked at for one reason."""

    reason: str
    unlock: str
    checks: tuple[str, ...]
    subjects: tuple[str, ...]


def severity_of(finding: Finding) -> Severity:
    """The finding's severity; the gate fills it in, `nice to fix` where nobody did."""
    return finding.severity or Severity.NICE


def saw_nothing(report: Report) -> bool:
    """Whether no check could look at anything: no network, most often."""
    return bool(report.outcomes) and not any(o.findings or o.passed for o in report.outcomes)


def headline(report: Report) -> str:
    """The verdict in one sentence."""
    counts = [(severity, report.count(severity)) for severity in Severity]
    words = {Severity.BLOCKER: "blocker", Severity.HIGH: "high risk", Severity.NICE: "thing"}
    said = [
        counted(number, words[s]) + (" nice to fix" if s is Severity.NICE else "") for s, number in counts if number
    ]
    found = ", ".join(said) or "no findings"
    if report.verdict is Verdict.NOT_READY:
        return f"Not ready to be shown: {found}."
    if report.verdict is Verdict.READY:
        return f"Ready, of what this run could look at: {found}."
    if saw_nothing(report):
        return "Nothing could be looked at. Is this machine connected, and does the domain exist?"
    if not any(row.proof is not Proof.OUT_OF_SCOPE for row in report.bar):
        return f"Unproven: the checks of this run decide no row of the minimum bar; {found}."
    return f"Unproven: no blocker was found, but something that matters could not be looked at; {found}."


def groups(findings: tuple[Finding, ...]) -> tuple[Group, ...]:
    """Findings that go together, in the order of the first of each."""
    together: dict[tuple[object, ...], list[Finding]] = {}
    for f in findings:
        together.setdefault((f.severity, f.check, f.why, f.fix, f.reference, f.accepted), []).append(f)
    return tuple(Group(tuple(rows)) for rows in together.values())


def by_severity(report: Report) -> tuple[tuple[Severity, tuple[Group, ...]], ...]:
    """The findings that count, gravest first, grouped; severities without one are left out."""
    ordered = groups(report.findings)
    return tuple((severity, tuple(rows)) for severity, rows in groupby(ordered, key=lambda g: g.severity))


def first_steps(report: Report, most: int = FIRST) -> tuple[Group, ...]:
    """What to do first: gravest first, then the quickest. Things nice to fix only when there is nothing graver."""
    ordered = sorted(groups(report.findings), key=lambda g: (g.severity.rank, g.effort_min))
    grave = [g for g in ordered if g.severity is not Severity.NICE]
    return tuple((grave or ordered)[:most])


def sentence(finding: Finding) -> tuple[str, str, str]:
    """The problem, with its subject set apart: the words before it, the subject, the words after.

    The subject leads where the sentence does not name it, so that it is never missing and never said twice.
    """
    subject, problem = clean(finding.subject), clean(finding.problem)
    before, named, after = problem.partition(subject)
    return (before, subject, after) if subject and named else ("", subject, f": {problem}")


def blind(report: Report) -> tuple[Blind, ...]:
    """What could not be looked at, by reason, the reason that hides most first."""
    together: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for check, row in report.not_checked:
        together.setdefault((row.reason, row.unlock), []).append((check.id, row.subject))
    rows = [
        Blind(reason, unlock, tuple(dict.fromkeys(c for c, _ in places)), tuple(dict.fromkeys(s for _, s in places)))
        for (reason, unlock), places in together.items()
    ]
    return tuple(sorted(rows, key=lambda b: -len(b.checks)))


def of_status(report: Report, status: Status) -> tuple[Outcome, ...]:
    """The outcomes that ended this way."""
    return tuple(o for o in report.outcomes if o.status is status)


def totals(report: Report) -> str:
    """`42 checks: 31 passed, 9 found something, 2 could not look.`"""
    passed, found, unseen = (len(of_status(report, status)) for status in Status)
    return (
        f"{counted(len(report.outcomes), 'check')}: {passed} passed, {found} found something, {unseen} could not look."
    )


def cost(report: Report) -> str:
    """`118 looks (dns 63, tls 10) at 6 hosts in 1.2 s`."""
    kinds = ", ".join(f"{kind} {number}" for kind, number in sorted(report.looks.items()))
    looks = counted(sum(report.looks.values()), "look") + (f" ({kinds})" if kinds else "")
    return f"{looks} at {counted(len(report.hosts), 'host')} in {report.elapsed_s:.1f} s"


def pruned(tree: Tree, deepest: int = 12, most: int = 200) -> Tree:
    """The tree cut to what fits a report: a stranger's includes may go on without end. Cuts are said."""
    left = most

    def cut(node: Tree, depth: int) -> Tree:
        nonlocal left
        kept: list[Tree] = []
        for child in node.children:
            if depth >= deepest or left <= 0:
                kept.append(Tree(f"… {len(node.children) - len(kept)} more, not drawn"))
                break
            left -= 1
            kept.append(cut(child, depth + 1))
        return replace(node, children=tuple(kept))

    return cut(tree, 1)
