from __future__ import annotations

import sys
import unicodedata

import pytest
from sample import HOSTILE

from launchready.report.text import MOST, clean, link_of, listed, minutes


def test_no_control_or_format_character_of_unicode_survives() -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))

    shown = clean(everything, most=len(everything))

    assert {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} == set()


def test_what_hides_is_written_out() -> None:
    assert clean("a\x1b[2Jb\u202ec\x9b\U000e0041\ud800\x7f") == r"a\x1b[2Jb\u202ec\x9b\U000e0041\ud800\x7f"


def test_plain_writing_of_any_language_is_left_alone() -> None:
    text = "München, Ελλάδα, 東京, नमस्ते, مرحبا, café \u0301 — “ok” → 🚀"
    assert clean(text) == text


def test_line_feeds_stay_only_where_lines_are_wanted() -> None:
    assert clean("a\r\nb\rc\td") == r"a b\x0dc d"
    assert clean("a\r\nb", lines=True) == "a\nb"


def test_a_text_without_end_is_cut_and_says_so() -> None:
    shown = clean("x" * 1_000_000)
    assert len(shown) < MOST + 50
    assert shown.endswith("(996000 more characters)")


def test_cleaning_twice_changes_nothing_more() -> None:
    assert clean(clean(HOSTILE)) == clean(HOSTILE)


@pytest.mark.parametrize(
    ("reference", "link"),
    [
        ("RFC 8659", "https://www.rfc-editor.org/rfc/rfc8659"),
        ("RFC 9110 section 15.4, and more", "https://www.rfc-editor.org/rfc/rfc9110#section-15.4"),
        ("https://hstspreload.org/#deployment", "https://hstspreload.org/#deployment"),
        ("javascript:alert(1)", ""),
        ("http://in-clear.example/", ""),
        ('https://x.example/"onclick="alert(1)', ""),
        ("OWASP cheat sheet", ""),
    ],
)
def test_a_reference_links_to_its_page_or_nowhere(reference: str, link: str) -> None:
    assert link_of(reference) == link


def test_efforts_and_lists_in_words() -> None:
    assert [minutes(n) for n in (5, 60, 90)] == ["5 min", "1 h", "1 h 30 min"]
    assert listed(["a", "b", "c"], 2) == "a, b and 1 more"
