"""The preflight: what stops a release, and what of another environment does not."""

from __future__ import annotations

from pathlib import Path

from launchready.hardening.release.gates import preflight
from launchready.portal import Portal
from launchready.probes.look import Look
from launchready.probes.network import Network


def portal(folder: Path, environment: str = "production") -> Portal:
    (folder / "app.py").write_text('import os\n\nKEY = os.environ["PAYMENT_KEY"]\nNAME = os.environ["SENDER_NAME"]\n')
    return Portal.model_validate(
        {
            "domain": "brightside.example",
            "repository": {"path": str(folder), "history": False},
            "environments": {
                "production": {"variables": ["SENDER_NAME"]},
                "staging": {"variables": ["SENDER_NAME", "PAYMENT_KEY"]},
            },
            "deploy": {
                "adapter": "commands", "environment": environment, "database_env": "",
                "release": ["true"], "roll_back": ["true"],
            },
        }
    )  # fmt: skip


def closed(portal: Portal) -> Look:
    return Look(portal, Network(closed=True))


async def test_a_variable_that_the_target_lacks_stops_a_release(tmp_path: Path) -> None:
    found = await preflight(portal(tmp_path), closed)

    assert ("variables.missing", "PAYMENT_KEY") in [(f.check, f.subject) for f in found.blockers]
    assert not found.crashes


async def test_a_variable_that_another_environment_lacks_is_advice(tmp_path: Path) -> None:
    found = await preflight(portal(tmp_path, "staging"), closed)

    assert [f for f in found.blockers if f.check == "variables.missing"] == []
    assert "PAYMENT_KEY" in [f.subject for f in found.advice]


async def test_what_is_left_out_is_not_run(tmp_path: Path) -> None:
    found = await preflight(portal(tmp_path), closed, {"variables.missing": "the vault sets it"})

    assert [f for f in found.blockers if f.check == "variables.missing"] == []
