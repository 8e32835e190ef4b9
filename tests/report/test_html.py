from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise

import pytest
from sample import quiet_report, sample

from launchready.model import Verdict
from launchready.report import html

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """What a reader of the page gets to see: elements in order, attributes, text, and whether tags match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.style = self.script = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("style", "script"):
            setattr(self, self.open[-1], data)
        else:
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(html.render(sample()))


def test_the_whole_report(same_as: Callable[[str, str], None]) -> None:
    text = html.render(sample())
    for asset in ("page.css", "page.js"):
        text = text.replace(files("launchready.report").joinpath(asset).read_text(encoding="utf-8"), asset)
    same_as("report.html", re.sub(r"sha256-[A-Za-z0-9+/=]+", "sha256-…", text))


def test_every_element_is_closed(page: Page) -> None:
    assert page.open == []


def test_nothing_is_fetched(page: Page) -> None:
    fetching = {"src", "srcset", "data", "poster", "action", "formaction", "background", "manifest"}
    assert not [a for _, a in page.elements if fetching & set(a)]
    assert not {tag for tag, _ in page.elements} & {"link", "img", "iframe", "object", "embed", "base", "form", "video"}
    assert "url(" not in page.style
    assert "@import" not in page.style
    assert [a["href"] for a in page.all("a") if not a["href"].startswith("#")] == [
        "https://www.rfc-editor.org/rfc/rfc8659#section-3"
    ] * 3


def test_the_policy_allows_the_pages_own_style_and_script_and_nothing_else(page: Page) -> None:
    (policy,) = (m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))

    def hash_of(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    assert rules["default-src"] == "'none'"
    assert rules["style-src"] == hash_of(page.style)
    assert rules["script-src"] == hash_of(page.script)
    assert not [a for _, a in page.elements if any(name == "style" or name.startswith("on") for name in a)]


def test_strangers_write_no_elements(page: Page) -> None:
    assert len(page.all("script")) == 1
    assert "<script>alert(1)</script>" in "".join(page.words)
    assert not [c for c in "".join(page.words) if c in "\x1b\x07\x9b\u202e\u200b"]


def test_landmarks_headings_and_tables_serve_those_who_do_not_see(page: Page) -> None:
    tags = [tag for tag, _ in page.elements]
    assert [tags.count(tag) for tag in ("main", "h1", "footer")] == [1, 1, 1]
    assert page.all("html")[0]["lang"] == "en"
    ids = {a["id"] for _, a in page.elements if "id" in a}
    assert all(section["aria-labelledby"] in ids for section in page.all("section"))
    assert all(th.get("scope") in ("row", "col") for th in page.all("th"))
    levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_report_with_nothing_in_it_is_a_whole_page(verdict: Verdict) -> None:
    page = Page(html.render(quiet_report(verdict)))
    assert page.open == []
    assert html.digest.VERDICT_WORDS[verdict] in page.words


@pytest.mark.parametrize("mode", ["light", "dark", "print"])
@pytest.mark.parametrize("tone", ["red", "amber", "green", "blue", "grey"])
def test_words_stand_out_from_their_ground(mode: str, tone: str) -> None:
    colours = palette(mode)
    for ink, ground in (
        (tone, f"{tone}-soft"), (tone, "card"), ("ink", "paper"), ("ink", "card"), ("ink", "code"),
        ("soft", "paper"), ("soft", "card"), ("link", "card"),
    ):  # fmt: skip
        assert contrast(colours[ink], colours[ground]) >= 4.5, (mode, ink, ground)  # WCAG 2.2, 1.4.3 (AA)


def palette(mode: str) -> dict[str, str]:
    css = files("launchready.report").joinpath("page.css").read_text(encoding="utf-8")
    blocks = [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block)) for block in re.findall(r":root \{[^}]*\}", css)]
    return blocks[0] | {"light": {}, "dark": blocks[1], "print": blocks[2]}[mode]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, definitions of relative luminance and contrast ratio."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)
