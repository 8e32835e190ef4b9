from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from rich.cells import cell_len
from rich.console import Console
from sample import quiet_report, sample

from launchready.lab import measured as lab
from launchready.model import Verdict
from launchready.report import terminal


def printed(width: int, **settings: object) -> str:
    console = Console(file=io.StringIO(), width=width, **settings)  # type: ignore[arg-type]
    terminal.render(sample(), console)
    return console.file.getvalue()  # type: ignore[attr-defined]


def trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


@pytest.mark.parametrize("width", [40, 80, 160])
def test_the_whole_report(width: int, same_as: Callable[[str, str], None]) -> None:
    same_as(f"terminal-{width}.txt", trimmed(printed(width)))


@pytest.mark.parametrize("width", [40, 57, 80, 120, 200])
def test_nothing_is_wider_than_the_terminal_but_what_is_there_to_be_copied(width: int) -> None:
    lines = printed(width).splitlines()
    too_wide = [line for line in lines if cell_len(line.rstrip()) > width]
    assert all(line.startswith("    ") for line in too_wide)
    assert any("include:x.example -all" in line for line in lines)


def test_words_say_what_colours_say() -> None:
    plain = printed(100)
    for word in (
        "NOT READY",
        "[blocker]",
        "[high risk]",
        "[nice to fix]",
        "broken",
        "unproven",
        "out of scope",
        "proven",
    ):
        assert word in plain


def test_no_escape_reaches_a_file_or_a_pipe() -> None:
    assert not [c for c in printed(100) if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c != "\n"]


def test_on_a_terminal_only_our_own_colours_are_escapes() -> None:
    coloured = printed(100, force_terminal=True, color_system="standard")
    assert "\x1b[1;31m" in coloured
    without = "".join(Console(file=io.StringIO()).render_str(coloured).plain.split())
    assert "\x1b]" not in coloured
    assert "\x07" not in coloured
    assert "\x9b" not in coloured
    assert without


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[1;31m" not in printed(100, force_terminal=True, color_system="standard")


def test_rich_markup_of_strangers_is_text() -> None:
    assert "[bold red]rich[/bold red]" in printed(200)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_report_with_nothing_in_it_is_short(verdict: Verdict) -> None:
    console = Console(file=io.StringIO(), width=80)
    terminal.render(quiet_report(verdict), console)
    assert len(console.file.getvalue().splitlines()) < 16  # type: ignore[attr-defined]


def test_the_picture_is_well_formed_and_fetches_nothing() -> None:
    svg = terminal.picture(sample(), width=100, most_lines=30)
    ElementTree.fromstring(svg)
    assert "@font-face" not in svg
    assert "more lines" in svg.replace("&#160;", " ")


def test_a_measurement_that_was_judged_is_said_in_a_sentence() -> None:
    console = Console(file=io.StringIO(), width=80)
    terminal.render(replace(sample(), measured=replace(lab.healthy(sample().started), release="v1\x1b[2J")), console)
    told = " ".join(console.file.getvalue().split())  # type: ignore[attr-defined]
    assert "Speed of the core flows - All " in told
    assert "release v1\\x1b[2J;" in told
    assert "Speed" not in printed(80)
