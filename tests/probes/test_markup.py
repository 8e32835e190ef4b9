"""Tags and style sheets are read as a browser reads them, in one pass, whatever is sent."""

from __future__ import annotations

import time

import pytest

from launchready.probes.markup import ELEMENTS, elements, style_urls


def tags(text: str) -> list[str]:
    return [element.tag for element in elements(text)]


def test_attributes_are_read_in_every_way_they_may_be_written() -> None:
    (image,) = elements("<IMG SRC='a>b' alt=\"x'y\" width=3 hidden src=second title = 'spaced'>")

    assert image.tag == "img"
    assert image.attributes == {"src": "a>b", "alt": "x'y", "width": "3", "hidden": "", "title": "spaced"}


def test_character_references_are_resolved_in_attributes() -> None:
    (link,) = elements('<a href="h&#116;tp&#58;//x/?a=1&amp;b=2">')

    assert link.get("href") == "http://x/?a=1&b=2"


@pytest.mark.parametrize(
    "text",
    [
        "<!-- <img src=x> -->",
        "<!--><!-- <img> --!>",
        "<template><img><template><img></template><img></template>",
        "<!doctype html><?xml <img ?>",
        "</img>",
        "<img src='cut off",
        "a < b <3 <>",
    ],
)
def test_what_a_browser_makes_no_element_of_is_left_out(text: str) -> None:
    assert tags(text) == []


@pytest.mark.parametrize("tag", ["script", "style", "textarea", "title", "noscript", "iframe", "xmp"])
def test_what_holds_text_only_has_no_elements_inside(tag: str) -> None:
    (only, after) = elements(f"<{tag}><img></{tag}x></{tag.upper()} ><p>")

    assert (only.text, after.tag) == (f"<img></{tag}x>", "p")


def test_a_text_that_never_ends_takes_the_rest_of_the_page() -> None:
    assert tags("<script>if (a<b) <img>") == ["script"]


@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "<div>",
        "<a ",
        '<a "',
        '<a b="',
        "<a b='",
        "<!--",
        "<!-",
        "</",
        "<script>",
        "<style></style",
        "<a =",
        "<a b=c d ",
    ],
)
def test_a_megabyte_of_any_piece_is_read_in_no_time(piece: str) -> None:
    began = time.process_time()

    assert len(list(elements(piece * (1_000_000 // len(piece))))) <= ELEMENTS

    assert time.process_time() - began < 1.5


@pytest.mark.parametrize("piece", ["url(", 'url("', '"', "'\\", "/*", "@import ", "{};", "@font-face{", "\\"])
def test_a_megabyte_of_any_style_is_read_in_no_time(piece: str) -> None:
    began = time.process_time()
    list(style_urls(piece * (1_000_000 // len(piece))))

    assert time.process_time() - began < 1.5


@pytest.mark.parametrize(
    ("css", "expected"),
    [
        ("a{background:url(http://x/a.png)}", [("http://x/a.png", "image")]),
        ("a{background:URL( 'http://x/a b.png' )}", [("http://x/a b.png", "image")]),
        ('@import "a.css";@import url(b.css) screen;', [("a.css", "import"), ("b.css", "import")]),
        ("@font-face{font-family:x;src:url(f.woff2)} b{c:url(d)}", [("f.woff2", "font"), ("d", "image")]),
        ("a{background:url(htt\\70://x)}", [("http://x", "image")]),
        ("/* url(a) */ a{content:'url(b)'}", []),
        ("@namespace svg url(http://www.w3.org/2000/svg); a{}", []),
        ("@media print{a{background:url(c)}}", [("c", "image")]),
    ],
)
def test_urls_of_a_style_sheet_and_their_roles(css: str, expected: list[tuple[str, str]]) -> None:
    assert [(found.url, found.role) for found in style_urls(css)] == expected
