"""A fixed report with every kind of row in it, and with what a hostile server would like to see printed."""

from __future__ import annotations

from datetime import UTC, datetime

from launchready.model import (
    BarRow,
    CheckInfo,
    Finding,
    NotChecked,
    Outcome,
    Passed,
    Proof,
    Report,
    Severity,
    Stage,
    Tree,
    Verdict,
)

ESCAPE = "\x1b[31mred\x1b]0;title\x07\x1b]8;;https://evil.example\x1b\\link\x9b2J"
BIDI = "\u202etxt.exe\u202c \u2066x\u2069 \u200bhidden\ufeff \U000e0041"
MARKUP = (
    "<script>alert(1)</script><img src=x onerror=alert(1)> [bold red]rich[/bold red] [l](javascript:alert(1)) "
    "a|b `c` @you"
)
HOSTILE = f"{ESCAPE} {BIDI} {MARKUP} \x00\x7f \ud800 & ]]> -->\r\nSet-Cookie: a=b"
"""Terminal escapes, direction overrides, markup of five kinds, control characters, a lone surrogate."""


def info(id: str, stage: Stage, severity: Severity, *, effort: int = 10, roadmap: str = "A1 M1") -> CheckInfo:
    return CheckInfo(
        id=id,
        stage=stage,
        roadmap=tuple(roadmap.split()),
        severity=severity,
        effort_min=effort,
        reference="RFC 8659 section 3",
        title=f"What {id} finds is wrong.",
        why="Buyers see a warning instead of the portal.",
        fix="Change the record, then wait for its TTL.",
        notes="Looked at once per host.",
    )


TRUST = info("tls.certificate.trust", Stage.AUDIT, Severity.BLOCKER, effort=30)
BANNER = info("http.banners", Stage.AUDIT, Severity.NICE)
LOOKUPS = info("mail.spf.lookups", Stage.AUDIT, Severity.HIGH, effort=20, roadmap="A5 M2(mail)")
CAA = info("dns.caa", Stage.EDGE, Severity.NICE, effort=5)
STALE = info("dns.stale", Stage.EDGE, Severity.HIGH)
PORT25 = info("mail.mx.starttls", Stage.AUDIT, Severity.HIGH, roadmap="A5 M2(mail)")
RDAP = info("domain.expiry", Stage.AUDIT, Severity.BLOCKER, roadmap="A1")
RESOLVES = info("dns.records.resolve", Stage.EDGE, Severity.BLOCKER, roadmap="B1 M1")


def finding(check: CheckInfo, subject: str, problem: str, **more: object) -> Finding:
    """As the gate fills it in."""
    fields: dict[str, object] = {
        "severity": check.severity,
        "why": check.why,
        "fix": check.fix,
        "effort_min": check.effort_min,
        "reference": check.reference,
        "check": check.id,
        "stage": check.stage,
        "roadmap": check.roadmap,
    }
    return Finding(subject, problem, **{**fields, **more})  # type: ignore[arg-type]


def sample() -> Report:
    """The report: one blocker on two hosts, a high risk with a paste, hostile nice ones, and blind spots."""
    record = "v=spf1 include:_spf.mailer.example ip4:192.0.2.7 ip6:2001:db8::7 " + "include:x.example " * 8 + "-all"
    outcomes = (
        Outcome(RESOLVES, passed=(Passed("example.com", "192.0.2.10, 2001:db8::10"), Passed("www.example.com"))),
        Outcome(
            TRUST,
            findings=(
                finding(
                    TRUST, "app.example.com", "The certificate expired on 2026-11-01.", evidence="CN=app.example.com"
                ),
                finding(TRUST, "api.example.com", "The certificate expired on 2026-11-02."),
            ),
            elapsed_s=0.12,
        ),
        Outcome(
            LOOKUPS,
            findings=(
                finding(LOOKUPS, "example.com", "SPF needs 11 lookups; receivers stop at 10.", paste=f'"{record}"'),
            ),
        ),
        Outcome(
            BANNER, findings=(finding(BANNER, f"www.example.com {HOSTILE}", HOSTILE, evidence=HOSTILE, paste=HOSTILE),)
        ),
        Outcome(CAA, findings=(finding(CAA, "example.com", "Any authority may issue.", accepted=f"agreed {HOSTILE}"),)),
        Outcome(STALE, not_checked=(NotChecked("ns2.example.com", f"{HOSTILE} timed out", "run it again"),)),
        Outcome(
            PORT25, not_checked=(NotChecked("mail.example.com", "port 25 is blocked here", "run it from a server"),)
        ),
        Outcome(RDAP, not_checked=(NotChecked("example.com", "port 25 is blocked here", "run it from a server"),)),
    )
    return Report(
        domain="example.com",
        started=datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
        elapsed_s=1.234,
        verdict=Verdict.NOT_READY,
        bar=(
            BarRow("M1", "Resolves correctly everywhere", Proof.BROKEN, "tls.certificate.trust on app.example.com"),
            BarRow("M2(mail)", "Mail protected: SPF, DKIM and DMARC", Proof.UNPROVEN, f"blind {HOSTILE}"),
            BarRow("M2(edge)", "Edge protected", Proof.OUT_OF_SCOPE, "no check of this run looks at it"),
            BarRow("M5", "Fast enough", Proof.PROVEN, "3 checks, no blocker"),
        ),
        outcomes=outcomes,
        hosts=("example.com", "www.example.com", "app.example.com"),
        looks={"dns": 63, "tls": 10, "http": 5},
        pictures={
            "SPF of example.com": Tree(
                "v=spf1 include:_spf.mailer.example -all",
                (Tree("include:_spf.mailer.example", (Tree(HOSTILE), Tree("ip4:192.0.2.7"))), Tree("-all")),
            )
        },
        version="0.1.0",
    )


def quiet_report(verdict: Verdict) -> Report:
    """A report with nothing to show but its verdict."""
    proof = {Verdict.READY: Proof.PROVEN, Verdict.UNPROVEN: Proof.UNPROVEN, Verdict.NOT_READY: Proof.BROKEN}[verdict]
    return Report(
        domain="example.com",
        started=datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
        elapsed_s=0.5,
        verdict=verdict,
        bar=(BarRow("M1", "Resolves correctly everywhere", proof, "3 checks, no blocker"),),
        outcomes=(Outcome(RESOLVES, passed=(Passed("example.com"),)),),
    )
