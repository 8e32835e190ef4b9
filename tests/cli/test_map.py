from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path


def test_the_map_as_text(run: Callable[..., object], healthy: list[str]) -> None:
    ran = run("map", "brightside.example", *healthy)
    assert ran.code == 0
    assert ran.out.startswith("domain: brightside.example")
    assert "Nothing on it must change" in ran.out


def test_the_map_as_a_file_by_its_extension(run: Callable[..., object], faulty: list[str], tmp_path: Path) -> None:
    ran = run("map", "brightside.example", *faulty, "--output", "map.svg")
    assert ran.code == 0
    assert ran.out == "wrote map.svg\n"
    text = (tmp_path / "map.svg").read_text(encoding="utf-8")
    assert text.startswith("<?xml")
    assert "DMARC" in text


def test_the_map_as_mermaid_and_json(run: Callable[..., object], faulty: list[str]) -> None:
    assert run("map", "brightside.example", *faulty, "--format", "mermaid").out.startswith("flowchart LR\n")
    document = json.loads(run("map", "brightside.example", *faulty, "--format", "json").out)
    assert document["must_change"][0]["check"].startswith("mail.dmarc")


def test_the_report_of_a_whole_check_holds_the_map_and_that_of_a_part_does_not(
    run: Callable[..., object], healthy: list[str]
) -> None:
    assert json.loads(run("check", "brightside.example", *healthy, "--json").out)["map"]["nodes"]
    assert json.loads(run("check", "brightside.example", *healthy, "--json", "--check", "dns.caa").out)["map"] is None


def test_wrong_names_are_told(run: Callable[..., object], tmp_path: Path) -> None:
    ran = run("map", "brightside.example", "--output", "map.png")
    assert ran.code == 2
    assert ".svg" in ran.err
    (tmp_path / "folder.svg").mkdir()
    assert run("map", "brightside.example", "--output", "folder.svg").code == 2


def test_the_code_is_drawn_from_the_folder_that_is_named(
    run: Callable[..., object], healthy: list[str], tmp_path: Path
) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "fly.toml").write_text('app = "portal"\n[env]\nSENTRY_DSN = "x"\n', encoding="utf-8")
    ran = run("map", "brightside.example", *healthy, "--repo", "code")
    assert "on Fly.io" in ran.out
    assert "third party: Sentry" in ran.out
    assert run("map", "brightside.example", *healthy, "--repo", "nowhere").code == 2
