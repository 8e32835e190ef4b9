from __future__ import annotations

from dataclasses import replace

from sample import BANNER, CAA, TRUST, finding, quiet_report, sample

from launchready.model import Outcome, Severity, Tree, Verdict
from launchready.report import digest


def test_what_to_do_first_is_the_gravest_then_the_quickest_and_leaves_the_niceties_out() -> None:
    steps = digest.first_steps(sample())
    assert [step.first.check for step in steps] == ["tls.certificate.trust", "mail.spf.lookups"]


def test_niceties_come_first_where_there_is_nothing_graver() -> None:
    report = replace(quiet_report(Verdict.READY), outcomes=(Outcome(BANNER, (finding(BANNER, "a", "b"),)),))
    assert [step.first.check for step in digest.first_steps(report)] == ["http.banners"]


def test_one_fix_on_two_hosts_is_one_step_of_one_effort() -> None:
    step = digest.first_steps(sample())[0]
    assert step.subjects == ["app.example.com", "api.example.com"] or step.subjects == [
        "api.example.com",
        "app.example.com",
    ]
    assert step.effort_min == 30


def test_an_accepted_risk_is_no_step_and_no_count() -> None:
    report = sample()
    assert CAA.id not in {group.first.check for _, groups in digest.by_severity(report) for group in groups}
    assert "2 blockers, 1 high risk, 1 thing nice to fix" in digest.headline(report)


def test_what_could_not_be_seen_is_grouped_by_its_reason() -> None:
    first = digest.blind(sample())[0]
    assert (first.reason, first.checks) == ("port 25 is blocked here", ("mail.mx.starttls", "domain.expiry"))


def test_every_verdict_has_its_sentence() -> None:
    assert digest.headline(quiet_report(Verdict.READY)).startswith("Ready")
    assert "could not be looked at" in digest.headline(quiet_report(Verdict.UNPROVEN))
    nothing = replace(quiet_report(Verdict.UNPROVEN), outcomes=(Outcome(TRUST),))
    assert (
        digest.headline(nothing) == "Nothing could be looked at. Is this machine connected, and does the domain exist?"
    )


def test_findings_of_one_check_with_other_severities_are_apart() -> None:
    rows = (finding(TRUST, "a", "x"), finding(TRUST, "b", "y", severity=Severity.NICE))
    assert [len(g.findings) for g in digest.groups(rows)] == [1, 1]


def test_a_tree_without_end_is_cut_and_says_so() -> None:
    deep = Tree("leaf")
    for number in range(900):
        deep = Tree(f"include {number}", (deep,))
    wide = Tree("root", tuple(Tree(str(n)) for n in range(5000)))

    assert "more, not drawn" in repr(digest.pruned(deep))
    assert len(digest.pruned(wide).children) == 201


def test_a_sentence_names_its_subject_once() -> None:
    named = finding(TRUST, "app.example.com", "On app.example.com the certificate expired.")
    unnamed = finding(TRUST, "app.example.com", "The certificate expired.")
    assert digest.sentence(named) == ("On ", "app.example.com", " the certificate expired.")
    assert "".join(digest.sentence(unnamed)) == "app.example.com: The certificate expired."
