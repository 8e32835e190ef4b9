"""What a command prints: no value of a secret variable, whole or by the line."""

from __future__ import annotations

import json

import pytest

from launchready.hardening.release.hidden import hidden

BODY = ("MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "BKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj", "wYZOaDmMPlcUBAQ==")
PEM = "\n".join(("-----BEGIN PRIVATE KEY-----", *BODY, "-----END PRIVATE KEY-----"))


@pytest.mark.parametrize(
    "held", [PEM, PEM.replace("\n", "\\n"), json.dumps({"private_key": PEM}), PEM.replace("\n", "\r\n")]
)
@pytest.mark.parametrize("printed", [PEM, repr(PEM), json.dumps({"key": PEM})])
def test_no_line_of_a_key_is_seen(held: str, printed: str) -> None:
    quiet = hidden({"JWT_PRIVATE_KEY": held})
    seen = "\n".join(quiet.text(line) for line in printed.split("\n"))

    assert not any(line in seen for line in BODY)
    assert "Ran 12 migrations" in quiet.text("Ran 12 migrations")


def test_a_password_in_an_address_is_secret_whatever_the_variable_is_called() -> None:
    quiet = hidden({"CACHE": "redis://:hunter2hunter@10.0.0.1/0", "THEME": "midnight-blue"})

    assert "hunter2hunter" not in quiet.text("auth hunter2hunter failed")
    assert quiet.text("theme midnight-blue") == "theme midnight-blue"
