from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from sample import sample

from launchready.lab import measured as lab
from launchready.report import markdown, markdown_text


class Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


def as_html() -> str:
    """As a reader that lets HTML through would show it."""
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown.render(sample()))


def test_the_whole_report(same_as: Callable[[str, str], None]) -> None:
    same_as("report.md", markdown.render(sample()))


def test_strangers_write_no_html_and_no_links() -> None:
    seen = Seen()
    seen.feed(as_html())
    allowed = {
        "h1",
        "h2",
        "h3",
        "p",
        "ol",
        "ul",
        "li",
        "strong",
        "code",
        "pre",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "a",
        "hr",
    }
    assert set(seen.tags) <= allowed
    assert set(seen.links) == {"https://www.rfc-editor.org/rfc/rfc8659#section-3"}


def test_rows_of_tables_keep_their_cells() -> None:
    rows = [row for row in as_html().split("<tr>")[1:] if "<td>" in row]
    assert {row.count("<td>") for row in rows} == {4}


def test_backticks_do_not_end_a_code_span_or_a_block() -> None:
    assert markdown_text.code("a`b``c") == "```a`b``c```"
    assert markdown_text.code("`") == "`` ` ``"
    assert markdown_text.block("```\nx").startswith("````text\n")


def test_mentions_and_addresses_stand_in_code() -> None:
    assert markdown_text.prose("ask @you at https://evil.example or www.evil.example") == (
        "ask `@you` at `https://evil.example` or `www.evil.example`"
    )


def test_a_measurement_that_was_judged_is_in_it() -> None:
    report = sample()
    assert "Speed of the core flows" not in markdown.render(report)
    measured = lab.healthy(report.started)
    told = markdown.render(replace(report, measured=measured, baseline=measured))
    assert "## Speed of the core flows\n\n**All " in told
    assert "### Against the measurement before" in told
