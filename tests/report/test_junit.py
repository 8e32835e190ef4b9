from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

from sample import sample

from launchready.model import Severity
from launchready.report import junit


def cases(fail_on: Severity | None = Severity.BLOCKER) -> dict[str, ElementTree.Element]:
    root = ElementTree.fromstring(junit.render(sample(), fail_on).encode())
    return {case.get("name", ""): case for case in root.iter("testcase")}


def test_the_whole_report(same_as: Callable[[str, str], None]) -> None:
    same_as("report.xml", junit.render(sample()))


def test_failures_are_what_fails_the_run() -> None:
    failed = {
        fail_on: [name for name, case in cases(fail_on).items() if case.find("failure") is not None]
        for fail_on in (*Severity, None)
    }
    assert failed == {
        Severity.BLOCKER: ["tls.certificate.trust"],
        Severity.HIGH: ["mail.spf.lookups", "tls.certificate.trust"],
        Severity.NICE: ["http.banners", "mail.spf.lookups", "tls.certificate.trust"],
        None: [],
    }


def test_a_lesser_finding_is_told_in_the_output_of_its_case() -> None:
    assert "[high risk] example.com: SPF needs 11 lookups" in (cases()["mail.spf.lookups"].findtext("system-out") or "")


def test_what_could_not_be_checked_is_skipped_with_its_reason() -> None:
    skipped = cases()["mail.mx.starttls"].find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "not checked: mail.example.com: port 25 is blocked here. run it from a server"


def test_the_totals_add_up() -> None:
    root = ElementTree.fromstring(junit.render(sample()).encode())
    for name in ("tests", "failures", "skipped"):
        assert int(root.get(name, "")) == sum(int(suite.get(name, "")) for suite in root)
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("8", "1", "3")
