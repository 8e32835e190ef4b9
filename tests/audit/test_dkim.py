"""DKIM key records, read as verifiers read them."""

from __future__ import annotations

import pytest

from launchready.audit.dkim import is_key, parse_key
from launchready.lab.faults.mail import ED25519, RSA_512, RSA_1024
from launchready.lab.healthy import RSA_2048


@pytest.mark.parametrize(("key", "bits"), [(RSA_512, 512), (RSA_1024, 1024), (RSA_2048, 2048)])
def test_the_length_of_an_rsa_key_is_read(key: str, bits: int) -> None:
    record = parse_key(f"v=DKIM1; k=rsa; p={key}")

    assert record.usable
    assert record.bits == bits


@pytest.mark.parametrize(
    "text",
    [
        f"p={RSA_2048}",
        f"v=DKIM1;k=rsa;p={RSA_2048};",
        f"v=DKIM1; p={RSA_2048[:70]}\t {RSA_2048[70:]}",
        f" v = DKIM1 ; h=sha1 : sha256; t=s; n=a note; s=email; p={RSA_2048}",
        f"v=DKIM1; s=*; x=unknown; p={RSA_2048}",
        f"v=DKIM1; k=ed25519; p={ED25519}",
    ],
)
def test_what_rfc_6376_allows_is_usable(text: str) -> None:
    assert parse_key(text).problem == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"k=rsa; v=DKIM1; p={RSA_2048}", "first tag"),
        (f"v=DKIM2; p={RSA_2048}", "version"),
        (f"v=dkim1; p={RSA_2048}", "version"),
        (f"v=DKIM1; p={RSA_2048}; p={RSA_2048}", "twice"),
        ("v=DKIM1; k=rsa", "no key"),
        ("v=DKIM1; p=not base64!", "Base64"),
        (f"v=DKIM1; p={RSA_2048[:200]}", "cut"),
        ("v=DKIM1; p=AAAA", "cannot be read"),
        (f"v=DKIM1; k=dsa; p={RSA_2048}", "unknown"),
        (f"v=DKIM1; k=ed25519; p={RSA_2048}", "32"),
        (f"v=DKIM1; h=sha1; p={RSA_2048}", "RFC 8301"),
        (f"v=DKIM1; s=tlsrpt; p={RSA_2048}", "email"),
        (f"v=DKIM1; just words; p={RSA_2048}", "no tag"),
        ("v=DKIM1; k=rsa; p=" + "A" * 65_000, ""),
        ("\x1b[2J<script>=1; p=", "no tag"),
    ],
)
def test_what_verifiers_cannot_use_is_told(text: str, says: str) -> None:
    record = parse_key(text)

    assert not record.usable
    assert says in record.problem


def test_an_empty_key_is_revoked_not_faulty() -> None:
    record = parse_key("v=DKIM1; t=y; p=")

    assert record.revoked
    assert record.testing
    assert record.problem == ""


@pytest.mark.parametrize(
    ("text", "is_one"), [("v=spf1 -all", False), ("v=DKIM1", True), ("k=rsa; p=", True), ("", False)]
)
def test_only_what_was_meant_as_a_key_is_one(text: str, is_one: bool) -> None:
    assert is_key(text) is is_one
