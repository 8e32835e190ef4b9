from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from launchready.portal import parse_portal, read_portal

Run = Callable[..., Any]

DOMAIN = "brightside.example"


def test_what_it_writes_is_what_it_found_and_can_be_read_back(run: Run, healthy: list[str], tmp_path: Path) -> None:
    ran = run("init", DOMAIN, *healthy)

    portal = read_portal(tmp_path / "launchready.toml")
    assert ran.code == 0
    assert portal.domain == DOMAIN
    assert portal.canonical == "https://www.brightside.example/"
    assert portal.hosts == ("app", "api")
    assert portal.staging == ("staging",)
    assert portal.mail.sends is True
    assert portal.mail.dkim_selectors == ("s1",)


def test_a_check_with_the_file_it_wrote_is_as_ready_as_one_without(run: Run, healthy: list[str]) -> None:
    run("init", DOMAIN, *healthy)
    ran = run("check", *healthy)
    assert ran.code == 0, ran.out


def test_every_key_it_leaves_commented_out_is_one_that_could_be_used(run: Run, healthy: list[str]) -> None:
    text = run("init", DOMAIN, *healthy, "--stdout").out
    examples = [
        line.removeprefix("# ")
        for line in text.splitlines()
        if " = " in line or line.removeprefix("# ").startswith("[")
    ]
    parse_portal("\n".join(examples))


def test_to_standard_output_it_writes_no_file(run: Run, healthy: list[str], tmp_path: Path) -> None:
    assert parse_portal(run("init", DOMAIN, *healthy, "--stdout").out).domain == DOMAIN
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_replaced_only_by_force(run: Run, healthy: list[str], tmp_path: Path) -> None:
    path = tmp_path / "launchready.toml"
    path.write_text("# mine\n", encoding="utf-8")

    refused = run("init", DOMAIN, *healthy)
    kept = path.read_text(encoding="utf-8")
    forced = run("init", DOMAIN, *healthy, "--force")

    assert (refused.code, kept) == (2, "# mine\n")
    assert "--force replaces it" in refused.err
    assert forced.code == 0
    assert read_portal(path).domain == DOMAIN


def test_a_domain_that_does_not_exist_is_told_and_nothing_is_written(
    run: Run, healthy: list[str], tmp_path: Path
) -> None:
    ran = run("init", "nobody.example", *healthy)
    assert ran.code == 2
    assert "nobody.example does not exist" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_with_no_network_nothing_is_written(run: Run, tmp_path: Path) -> None:
    ran = run("init", "example.com", "--closed", "--resolver", "here=192.0.2.53", "--timeout", "0.5")
    assert ran.code == 3
    assert "is this machine connected?" in ran.err
    assert list(tmp_path.iterdir()) == []
