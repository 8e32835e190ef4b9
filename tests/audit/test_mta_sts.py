"""MTA-STS policies and TLS-RPT records, read as senders read them."""

from __future__ import annotations

import pytest

from launchready.audit.mail_domain import Texts
from launchready.audit.mta_sts import covers, parse_policy, read_policy, read_record, read_report_record
from launchready.probes.http import Page

GOOD = "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.Example.net\r\nmax_age: 86400\r\n"


def test_a_policy_is_read() -> None:
    policy, problem = parse_policy(GOOD)

    assert problem == ""
    assert policy is not None
    assert (policy.mode, policy.mx, policy.max_age_s) == ("enforce", ("mail.example.com", "*.example.net"), 86400)


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("\r\n", "\n"),
        "mode: none\nmax_age: 0\nversion: STSv1",
        GOOD + "mode: none\nextra: thing\n\n",
        "version:STSv1\nmode:testing \nmx:mail.example.com\nmax_age:31557600",
    ],
)
def test_what_rfc_8461_allows_is_taken(text: str) -> None:
    assert parse_policy(text)[1] == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "version"),
        (GOOD.replace("STSv1", "STSv2"), "version"),
        (GOOD.replace("enforce", "enforced"), "mode"),
        (GOOD.replace("86400", "-1"), "max_age"),
        (GOOD.replace("86400", "9" * 4000), "max_age"),
        (GOOD.replace("86400", "31557601"), "max_age"),
        ("version: STSv1\nmode: enforce\nmax_age: 86400", "no mx"),
        (GOOD.replace("mail.example.com", "192.0.2.1 mail"), "no host name"),
        (GOOD.replace("*.Example.net", "mail*.example.net"), "no host name"),
        ("<!doctype html>\n<title>Hello</title>", "no field"),
        ("\x00\x1b[2J" * 500, "no field"),
    ],
)
def test_what_senders_do_not_take_is_told(text: str, says: str) -> None:
    policy, problem = parse_policy(text)

    assert policy is None
    assert says in problem


@pytest.mark.parametrize(
    ("host", "covered"),
    [("mail.example.com", True), ("mx1.example.net", True), ("a.b.example.net", False), ("example.net", False)],
)
def test_a_wildcard_stands_for_exactly_one_label(host: str, covered: bool) -> None:
    assert covers(("mail.example.com", "*.example.net"), host) is covered


@pytest.mark.parametrize(
    ("status", "kind", "body", "truncated", "says"),
    [
        (301, "text/plain", GOOD, False, "redirect"),
        (404, "text/plain", "", False, "404"),
        (200, "text/html", GOOD, False, "text/html"),
        (200, "text/plain", GOOD, True, "64 KB"),
        (200, "text/plain", GOOD + "#" * 70_000, False, "64 KB"),
    ],
)
def test_a_policy_must_be_served_right(status: int, kind: str, body: str, truncated: bool, says: str) -> None:
    page = Page("https://x/", status, (("content-type", kind),), body.encode(), truncated)

    assert says in read_policy(page)[1]


@pytest.mark.parametrize(
    ("values", "record", "problem"),
    [
        (("v=STSv1; id=20261101",), True, ""),
        (("v=STSv1;id=a;",), True, ""),
        (("other", "v=STSv1; id=1"), True, ""),
        (("other",), False, ""),
        (("v=STSv1; id=2026-11-01",), True, "id"),
        (("v=STSv1",), False, "begin"),
        (("v=stsv1; id=1",), False, "begin"),
        (("v=STSv1; id=1", "v=STSv1; id=2"), False, "2 MTA-STS records"),
    ],
)
def test_the_record_is_read(values: tuple[str, ...], record: bool, problem: str) -> None:
    found, said = read_record(Texts("_mta-sts.example.com", values))

    assert bool(found) is record
    assert problem in said
    assert bool(problem) is bool(said)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("v=TLSRPTv1; rua=mailto:a@b.example", ""),
        ("v=TLSRPTv1;rua=https://b.example/r , mailto:a@b.example;", ""),
        ("v=TLSRPTv1; rua=a@b.example", "rua"),
        ("v=TLSRPTv1; rua=http://b.example/", "rua"),
        ("v=TLSRPTv1;", "rua"),
    ],
)
def test_the_report_record_is_read(value: str, problem: str) -> None:
    assert problem in read_report_record(Texts("_smtp._tls.example.com", (value,)))[1]
    assert bool(read_report_record(Texts("_smtp._tls.example.com", (value,)))[1]) is bool(problem)
