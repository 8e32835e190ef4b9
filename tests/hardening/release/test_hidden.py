"""What a command prints: no value of a secret variable, whole or by the line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.hardening.release.conftest import FIRST
from tests.hardening.release.hosts import SECRET, host
from tests.hardening.release.test_compose import Made, made

from launchready.hardening.release import engine
from launchready.hardening.release.engine import Place, Proof
from launchready.hardening.release.hidden import hidden
from launchready.hardening.release.words import Release, Told

__all__ = ["made"]

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


def _journals(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.rglob("*.jsonl"))


@pytest.mark.parametrize("adapter", ["compose", "fly"])
async def test_what_a_migration_prints_is_hidden_by_every_way_to_deploy(
    adapter: str, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`made` is a Compose project; without `hidden` of its own an adapter still hides what this process holds."""
    monkeypatch.setenv("VENDOR_TOKEN", "value-of-this-process")
    project = made(migrate=["cut -d= -f2 .env; echo $VENDOR_TOKEN; exit 3"])
    (project.folder / ".env").write_text("DB_PASSWORD=plain-looking-words\n")
    if adapter != "compose":
        monkeypatch.delattr(type(project.adapter), "hidden")
    lines: list[str] = []

    async def prove(release: Release, told: Told) -> Proof:
        return Proof(False, ("never reached",))

    place = Place(project.adapter, "production", tmp_path, prove, {})
    result = await engine.deploy(place, FIRST, None, lines.append)

    assert result.failed
    assert result.failed.step == "migrate"
    seen = "\n".join((*lines, result.failed.what, result.failed.output))
    seen += _journals(tmp_path)
    assert "value-of-this-process" not in seen
    assert ("plain-looking-words" in seen) is (adapter != "compose")


async def test_what_was_seen_of_a_release_is_told_without_secrets(tmp_path: Path) -> None:
    async with host(tmp_path) as it:

        async def prove(release: Release, told: Told) -> Proof:
            return Proof(False, (f"/ shows {SECRET}",))

        result = await engine.deploy(replace(it.place, prove=prove), it.new(), None, it.told)

        assert result.proof
        assert SECRET not in str(result)
