"""The words everything else is written in: stages, severities, findings, outcomes, reports.

Plain frozen data that imports nothing of ours but a measurement. How a report looks is the business of `report/`;
how it is made, of `gate.py`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from launchready.measurement import Measurement


class Stage(StrEnum):
    """A stage of the roadmap; one stage is one folder of checks."""

    AUDIT = "audit"
    EDGE = "edge"
    HARDENING = "hardening"
    PERFORMANCE = "performance"
    RELIABILITY = "reliability"
    HANDOVER = "handover"
    ASSISTANT = "assistant"


class Severity(StrEnum):
    """How much a finding stands in the way of the launch, in the roadmap's words."""

    BLOCKER = "blocker"
    HIGH = "high risk"
    NICE = "nice to fix"

    @property
    def rank(self) -> int:
        """0 for the gravest, so that sorting puts blockers first."""
        return list(Severity).index(self)


class Status(StrEnum):
    """How a check ended. There is no fourth value: "could not look" is never "fine"."""

    PASSED = "passed"
    FOUND = "found"
    NOT_CHECKED = "not checked"


class Verdict(StrEnum):
    """The answer of the gate."""

    READY = "ready"
    NOT_READY = "not ready"
    UNPROVEN = "unproven"


class Proof(StrEnum):
    """What a run says about one row of the minimum bar (M1-M5)."""

    PROVEN = "proven"
    BROKEN = "broken"
    UNPROVEN = "unproven"
    OUT_OF_SCOPE = "out of scope"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    A check states `subject`, `problem` and what it knows of `evidence`, `fix` and `paste`; the gate fills in
    the rest from the check's own declaration (`check`, `stage`, `roadmap`, and `severity`, `why`, `effort_min`,
    `reference` where the check left them out).
    """

    subject: str
    """Host, URL, address, `file:line` or route the finding is about."""
    problem: str
    """One plain sentence a founder understands."""
    evidence: str = ""
    """What was seen, redacted at the source: never a whole secret. May hold hostile text; renderers escape it."""
    fix: str = ""
    """Steps in words."""
    paste: str = ""
    """A ready record, header or rule, where one can be computed."""
    severity: Severity | None = None
    why: str = ""
    """Why a buyer would notice."""
    effort_min: int | None = None
    reference: str = ""
    """RFC section, vendor page."""
    key: str = ""
    """Tells apart two findings of one check on one subject; must be stable across runs (no times, no counts)."""
    check: str = ""
    stage: Stage | None = None
    roadmap: tuple[str, ...] = ()
    accepted: str = ""
    """The reason given in `launchready.toml` while an accepted risk covers this finding, else empty."""

    @property
    def fingerprint(self) -> str:
        """Stable across runs: for baselines, accepted risks and trends."""
        text = "\x1f".join((self.check, self.subject, self.key))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Passed:
    """A check looked at `subject` and it was right. `detail` says what was seen, in a few words."""

    subject: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class NotChecked:
    """A check could not look at `subject`: why, and what would let it."""

    subject: str
    reason: str
    unlock: str = ""


Row = Finding | Passed | NotChecked
"""What a check may yield."""


@dataclass(frozen=True, slots=True)
class CheckInfo:
    """What a check declares of itself; its documentation is rendered from this."""

    id: str
    stage: Stage
    roadmap: tuple[str, ...]
    severity: Severity
    effort_min: int
    reference: str
    title: str
    """First sentence of the docstring: what is wrong when this check finds something."""
    why: str
    fix: str
    notes: str = ""
    needs: str = ""
    """The section of `launchready.toml` without which there is nothing to look at: `repository`, `environments`."""
    """Other paragraphs of the docstring: what is looked at, the justification of the severity, limits."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one check ended in one run."""

    check: CheckInfo
    findings: tuple[Finding, ...] = ()
    passed: tuple[Passed, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()
    elapsed_s: float = 0.0

    @property
    def status(self) -> Status:
        """Found beats not checked beats passed; a check that saw nothing at all has not checked."""
        if self.findings:
            return Status.FOUND
        if self.not_checked or not self.passed:
            return Status.NOT_CHECKED
        return Status.PASSED


@dataclass(frozen=True, slots=True)
class BarRow:
    """One row of the minimum bar and what this run says about it."""

    id: str
    must_hold: str
    proof: Proof
    reason: str
    """Why it is broken, unproven or out of scope, in a few words; what proved it otherwise."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A picture in words, such as the chain of an SPF record: a label and what hangs below it."""

    label: str
    children: tuple[Tree, ...] = ()


class Part(StrEnum):
    """What a node of the deployment map is, in the order a visitor's request and its data pass."""

    DOMAIN = "domain"
    DNS = "DNS"
    HOST = "address"
    EDGE = "edge"
    CODE = "code"
    APP = "application"
    DATABASE = "database"
    CACHE = "cache and queue"
    STORAGE = "file storage"
    MAIL = "mail"
    PAYMENTS = "payments"
    SERVICE = "third party"


@dataclass(frozen=True, slots=True)
class MapNode:
    """One thing the portal is made of, or depends on."""

    id: str
    """Unique in its map and stable across runs."""
    part: Part
    name: str
    """May hold hostile text; renderers escape it."""
    environment: str = ""
    """`production`, `staging`, ...; empty for what all of them share."""
    details: tuple[str, ...] = ()
    """What is known of it, a few words each."""
    seen_in: str = ""
    """Where it is known from: `DNS`, a file, the name of a variable."""
    known: bool = True
    """False: something must be there, and could not be seen from here."""
    findings: tuple[Finding, ...] = ()
    """Findings of the run that belong to it, gravest first; accepted ones left out."""

    def count(self, severity: Severity) -> int:
        """How many of its findings have this severity."""
        return sum((f.severity or Severity.NICE) is severity for f in self.findings)

    @property
    def severity(self) -> Severity | None:
        """The gravest severity of its findings; None when there are none."""
        return min((f.severity or Severity.NICE for f in self.findings), key=lambda s: s.rank, default=None)


@dataclass(frozen=True, slots=True)
class MapEdge:
    """A way from one node to another: a request, a delivery, a deployment."""

    origin: str
    target: str


@dataclass(frozen=True, slots=True)
class DeploymentMap:
    """What exists (nodes and the ways between them), and what must change (the findings on them)."""

    domain: str
    nodes: tuple[MapNode, ...]
    edges: tuple[MapEdge, ...]

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments drawn, production first."""
        names = dict.fromkeys(n.environment for n in self.nodes if n.environment)
        return tuple(sorted(names, key=lambda name: (name != "production", name != "staging", name)))

    @property
    def must_change(self) -> tuple[tuple[MapNode, Finding], ...]:
        """Every finding with its node, gravest first, then by effort."""
        pairs = [(node, finding) for node in self.nodes for finding in node.findings]
        return tuple(sorted(pairs, key=lambda pair: _order(pair[1])))


@dataclass(frozen=True, slots=True)
class Report:
    """One run of the gate; everything a person sees is a view of this."""

    domain: str
    started: datetime
    elapsed_s: float
    verdict: Verdict
    bar: tuple[BarRow, ...]
    outcomes: tuple[Outcome, ...]
    hosts: tuple[str, ...] = ()
    """The hosts that were looked at."""
    looks: dict[str, int] = field(default_factory=dict)
    """How many looks of each kind the run cost: `dns`, `tls`, `http`, `smtp`."""
    pictures: dict[str, Tree] = field(default_factory=dict)
    """By title: trees that explain, such as `SPF of example.com`."""
    map: DeploymentMap | None = None
    """The deployment map; None where the run did not look at enough to draw one."""
    measured: Measurement | None = None
    """The measurement of core flows that this run judged; None where it judged none."""
    baseline: Measurement | None = None
    """What it was compared with."""
    version: str = ""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Findings that count, gravest first, then by effort: the short audit list (A6)."""
        rows = [f for o in self.outcomes for f in o.findings if not f.accepted]
        return tuple(sorted(rows, key=_order))

    @property
    def accepted(self) -> tuple[Finding, ...]:
        """Findings covered by an accepted risk that has not run out."""
        return tuple(sorted((f for o in self.outcomes for f in o.findings if f.accepted), key=_order))

    @property
    def not_checked(self) -> tuple[tuple[CheckInfo, NotChecked], ...]:
        """What could not be looked at, with the check it belongs to."""
        return tuple((o.check, row) for o in self.outcomes for row in o.not_checked)

    def count(self, severity: Severity) -> int:
        """How many counting findings have this severity."""
        return sum(f.severity is severity for f in self.findings)


@dataclass(frozen=True, slots=True)
class AcceptedRisk:
    """A finding the owner lives with, until a date."""

    check: str
    reason: str
    until: date
    subject: str = "*"
    """Shell pattern of the subjects it covers."""


def _order(finding: Finding) -> tuple[int, int, str, str]:
    severity = finding.severity or Severity.NICE
    return severity.rank, finding.effort_min or 0, finding.check, finding.subject
