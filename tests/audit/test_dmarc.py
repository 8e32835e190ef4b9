"""DMARC records and the tree walk of RFC 9989."""

from __future__ import annotations

import pytest

from launchready.audit.dmarc import discover, is_dmarc, near_miss, parse_record, walk


@pytest.mark.parametrize(
    "text", ["v=DMARC1", "v=DMARC1;", "v=DMARC1;p=none", "V = DMARC1 ; p=none", "v\t=DMARC1\t;p=reject"]
)
def test_a_record_begins_with_its_version(text: str) -> None:
    assert is_dmarc(text)
    assert near_miss(text) == ""


@pytest.mark.parametrize(
    "text", ["v=dmarc1; p=none", " v=DMARC1; p=none", '"v=DMARC1; p=none"', "v=DMARC1 p=none", "p=none; v=DMARC1",
             "v=DMARC2; p=none", "v=DMARC1, p=none", "p=reject"]
)  # fmt: skip
def test_what_was_meant_as_a_record_but_is_none_is_told(text: str) -> None:
    assert not is_dmarc(text)
    assert near_miss(text)


@pytest.mark.parametrize(
    "text", ["", "v=spf1 -all", "google-site-verification=p", "v=DKIM1; p=abc", "v=TLSRPTv1; rua=x"]
)
def test_other_records_are_not_taken_for_dmarc(text: str) -> None:
    assert not is_dmarc(text)
    assert near_miss(text) == ""


def test_absent_policies_inherit_from_the_one_before() -> None:
    record = parse_record("v=DMARC1; p=reject")
    assert (record.p, record.sp, record.np) == ("reject", "reject", "reject")

    record = parse_record("v=DMARC1; p=reject; sp=quarantine")
    assert (record.p, record.sp, record.np) == ("reject", "quarantine", "quarantine")


@pytest.mark.parametrize(("policy", "applied"), [("reject", "quarantine"), ("quarantine", "none"), ("none", "none")])
def test_testing_applies_the_next_weaker_policy(policy: str, applied: str) -> None:
    assert parse_record(f"v=DMARC1; p={policy}; t=y").applied(policy) == applied
    assert parse_record(f"v=DMARC1; p={policy}; t=n").applied(policy) == policy


@pytest.mark.parametrize(
    ("tags", "in_force", "policy"),
    [
        ("p=reject", True, "reject"),
        ("rua=mailto:a@b.example", True, "none"),
        ("", True, "none"),
        ("p=rejct", False, "none"),
        ("p=rejct; rua=mailto:a@b.example", True, "none"),
        ("p=reject; sp=nothing", False, "none"),
        ("p=reject; np=nothing; rua=mailto:a@b.example", True, "none"),
        ("p=reject; adkim=x; fo=9; t=maybe; psd=z", True, "reject"),
    ],
)
def test_an_unreadable_policy_counts_as_none_or_not_at_all(tags: str, in_force: bool, policy: str) -> None:
    record = parse_record(f"v=DMARC1; {tags}")

    assert record.in_force is in_force
    assert record.p == policy


@pytest.mark.parametrize(
    ("tags", "tag"),
    [
        ("p=reject; p=none", "p"),
        ("p=reject; words", ""),
        ("p=reject; adkim=relaxed", "adkim"),
        ("p=reject; fo=0:1", "fo"),
        ("p=reject; rau=mailto:a@b.example", "rau"),
        ("p=reject; rua=a@b.example", "rua"),
        ("p=reject; ruf=mailto:a", "ruf"),
        ("sp=reject", "p"),
    ],
)
def test_each_flaw_names_its_tag(tags: str, tag: str) -> None:
    assert [flaw.tag for flaw in parse_record(f"v=DMARC1; {tags}").flaws] == [tag]


@pytest.mark.parametrize(
    "tags",
    [
        "p=none; pct=100; rf=afrf; ri=86400",
        "sp=none; p=none",
        "P=None; ADKIM=S; fo=1:d:s",
        "p=none; zzz=1; t=y; psd=n;",
    ],
)
def test_removed_unknown_and_reordered_tags_are_no_flaws(tags: str) -> None:
    assert parse_record(f"v=DMARC1; {tags}").flaws == ()


def test_report_addresses_are_read_with_their_old_size_limit() -> None:
    record = parse_record(
        "v=DMARC1; p=none; rua=mailto:a@One.example!10m , mailto:b%21@two.example,https://x.example/r"
    )

    assert [address.domain for address in record.rua] == ["one.example", "two.example", ""]


@pytest.mark.parametrize("text", ["v=DMARC1;" + ";" * 9000, "v=DMARC1; p=" + "x" * 60_000, "v=DMARC1; \x1b[2J=\x00; ="])
def test_hostile_records_raise_nothing(text: str) -> None:
    parse_record(text)


def test_the_walk_asks_the_domain_and_every_parent() -> None:
    assert walk("a.mail.example.com") == ("a.mail.example.com", "mail.example.com", "example.com", "com")


def test_the_walk_never_asks_more_than_eight_times() -> None:
    deep = walk("a.b.c.d.e.f.g.h.i.j.mail.example.com")

    assert deep[0] == "a.b.c.d.e.f.g.h.i.j.mail.example.com"
    assert deep[1] == "g.h.i.j.mail.example.com"
    assert len(deep) == 8
    assert len(walk("1.2.3.4.5.6.7.8")) == 8


ORG, SUB = "example.com", "mail.example.com"


def found(**records: str | tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    places = {"sub": SUB, "org": ORG, "top": "com"}
    return {places[k]: (v,) if isinstance(v, str) else v for k, v in records.items()}


@pytest.mark.parametrize(
    ("records", "organizational", "location"),
    [
        ({}, SUB, ""),
        ({"org": "v=DMARC1; p=reject"}, ORG, ORG),
        ({"sub": "v=DMARC1; p=none", "org": "v=DMARC1; p=reject"}, ORG, SUB),
        ({"sub": "v=DMARC1; p=none"}, SUB, SUB),
        ({"sub": "v=DMARC1; p=none; psd=n", "org": "v=DMARC1; p=reject"}, SUB, SUB),
        ({"org": "v=DMARC1; p=reject", "top": "v=DMARC1; p=none; psd=y"}, ORG, ORG),
        ({"top": "v=DMARC1; p=none; psd=y"}, ORG, "com"),
        ({"org": "v=DMARC1; p=none; psd=y"}, SUB, ORG),
        ({"sub": "v=DMARC1; p=none; psd=y", "org": "v=DMARC1; p=reject"}, SUB, SUB),
        ({"org": "v=DMARC1; p=reject", "top": "v=DMARC1; p=none"}, "com", "com"),
        ({"org": ("v=DMARC1; p=reject", "v=DMARC1; p=none")}, SUB, ""),
        ({"org": ("v=DMARC1; p=reject", "some-code", "v=spf1 -all")}, ORG, ORG),
    ],
)
def test_the_walk_finds_the_record_and_the_organizational_domain(
    records: dict[str, str], organizational: str, location: str
) -> None:
    discovery = discover(SUB, found(**records))

    assert discovery.organizational == organizational
    assert discovery.location == location
