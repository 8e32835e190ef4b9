"""What a step sends: which form is meant, what of it goes along, and files that are made."""

from __future__ import annotations

import re

import pytest

from launchready.performance.flow_bodies import form_content, form_for, made_pdf, pairs_of
from launchready.performance.flow_values import is_too_deep
from launchready.performance.saved import without_people
from launchready.probes.forms import visible_text
from launchready.probes.page import Page

HTML = (("content-type", "text/html; charset=utf-8"),)


def page(body: str, url: str = "https://x.example/a/") -> Page:
    return Page(url, 200, HTML, body.encode())


def sent(body: str, url: str, **given: str) -> tuple[tuple[str, str], ...]:
    found = form_for(page(body), url, set(given))
    assert found is not None
    return pairs_of(*found, given)


TWO = """<form action="/a/" method="post"><input name="q"><input type="hidden" name="t" value="1"></form>
<form method="post"><input name="name"><input type="hidden" name="t" value="2"></form>
<form action="/a/?next=b" method="post"><input name="name"><input type="hidden" name="t" value="3"></form>
<form action="/elsewhere" method="post"><input name="name"><input name="more"></form>"""


def test_of_several_forms_the_one_with_the_fields_is_meant() -> None:
    assert sent(TWO, "https://x.example/a/", q="x") == (("q", "x"), ("t", "1"))
    assert sent(TWO, "https://x.example/a/", name="x") == (("name", "x"), ("t", "2"))
    assert sent(TWO, "https://x.example/a/?next=b", name="x") == (("name", "x"), ("t", "3"))
    assert form_for(page(TWO), "https://x.example/none", {"name"}) is None
    assert form_for(page(TWO), "https://y.example/a/", {"name"}) is None
    assert form_for(page(TWO), "https://x.example/a/", {"name"}, "GET") is None
    assert form_for(None, "https://x.example/a/", set()) is None


def test_controls_send_what_they_send_untouched() -> None:
    body = """<form action="/a/"><select name="one"><option value="1">A<option>B &amp; C</select>
    <select name="off" disabled><option>x</select><select name="many" multiple><option>x<option selected>y
    <option selected value="">z</select><select name="none"></select><select name="able"><option disabled>pick
    <option>first</select><textarea name="text">
 two
lines</textarea><input type="radio" name="r" value="1"><input type="radio" name="r" value="2" checked>
    <input type="file" name="f"><input type="reset" name="x"><input name="off2" value="1" disabled>
    <button type="button" name="no" value="1">no</button><input type="submit" name="go" value="Go"></form>
    <input form="other" name="stranger" value="1">"""
    assert sent(body, "https://x.example/a/") == (
        ("one", "1"), ("many", "y"), ("many", ""), ("able", "first"), ("text", " two\r\nlines"), ("r", "2"),
        ("go", "Go"),
    )  # fmt: skip


def test_an_option_without_a_value_sends_its_words() -> None:
    body = '<form><select name="one"><option value="1">A<option selected> B &amp;\n C </option></select></form>'
    assert sent(body, "https://x.example/a/") == (("one", "B & C"),)


def test_a_name_that_is_filled_in_is_sent_once() -> None:
    body = '<form><input type="checkbox" name="a" value="1" checked><input type="checkbox" name="a" value="2" checked>'
    assert sent(body + "<input name=b value=3></form>", "https://x.example/a/", a="9", new="n") == (
        ("a", "9"), ("b", "3"), ("new", "n"),
    )  # fmt: skip


def test_a_button_may_send_the_form_elsewhere() -> None:
    body = '<form action="/a/" method="post"><button name="do" value="1">a</button>'
    body += '<button name="do" value="2" formaction="/b/" formmethod="get">b</button></form>'
    found = form_for(page(body), "https://x.example/b/", set())
    assert found is not None
    assert found[1] is not None
    assert (found[1].value, found[1].method) == ("2", "GET")
    assert sent(body, "https://x.example/a/") == (("do", "1"),)


def test_one_button_is_pressed() -> None:
    body = (
        '<form><input name="a"><button name="save" value="1">s</button><button name="drop" value="1">d</button></form>'
    )
    assert sent(body, "https://x.example/a/", drop="1") == (("a", ""), ("drop", "1"))
    assert sent(body, "https://x.example/a/", a="2") == (("a", "2"), ("save", "1"))


def test_a_form_of_a_page_with_a_base_is_sent_where_that_says() -> None:
    body = '<base href="/shop/"><form action="pay"><input name="n" value="1"></form>'
    assert sent(body, "https://x.example/shop/pay") == (("n", "1"),)


def test_a_get_form_takes_the_place_of_the_query() -> None:
    content = form_content("GET", "https://x.example/a?old=1#f", (("q", "ä &"),))
    assert (content.url, content.body) == ("https://x.example/a?q=%C3%A4+%26", b"")


@pytest.mark.parametrize("size", [1, 1_000, 1_024, 200 * 1_024])
def test_a_made_pdf_has_its_size_and_a_table_that_leads_to_its_objects(size: int) -> None:
    pdf = made_pdf(size, "lr-1 (x)\\")
    assert abs(len(pdf) - max(size, 850)) < 80
    assert pdf.startswith(b"%PDF-1.4\n")
    start = int(re.findall(rb"startxref\n(\d+)\n%%EOF\n$", pdf)[0])
    lines = pdf[start:].split(b"\n")
    assert lines[0] == b"xref"
    count = int(lines[1].split()[1])
    assert lines[2] == b"0000000000 65535 f "
    for number, line in enumerate(lines[3 : 2 + count], 1):
        assert len(line) == 19
        assert pdf[int(line[:10]) :].startswith(b"%d 0 obj\n" % number)
    for length, stream in re.findall(rb"/Length (\d+) >>\nstream\n(.*?)\nendstream", pdf, re.DOTALL):
        assert int(length) == len(stream) or b"endstream" in stream
    assert b"/Title (lr-1 x)" in pdf
    assert made_pdf(size, "a") != made_pdf(size, "b")


@pytest.mark.parametrize(
    ("text", "deep"),
    [
        ("<div><p>line</p></div>" * 20_000, False),
        ("<table>" + "<tr><td>1<td>2" * 20_000, False),
        ("<div>" * 1_000, False),
        ("<div>" * 3_000, True),
        ("".join(f"<b a={n}>" for n in range(900)) + "<p>x" * 3_000, True),
        ("<select>" + "<option>" * 4_000, True),
    ],
)
def test_a_page_that_would_take_a_tree_builder_all_time_is_told(text: str, deep: bool) -> None:
    assert is_too_deep(text) is deep


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('<p data-action="a@document->b#c" title=it\'s>One</p><b title=">">two</b>', "One two"),
        ("1 < 2 and 3 > 2<br>yes", "1 < 2 and 3 > 2 yes"),
        ("<!-- a > b --><script>if (a > b) {}</script>left", "left"),
    ],
)
def test_what_is_visible_holds_nothing_of_the_markup(body: str, text: str) -> None:
    assert visible_text(page(body)) == text


def test_a_short_name_is_redacted_as_a_word() -> None:
    text = without_people("admin: see the administration, ADMIN; hunter2hunter2x", {"admin", "hunter2hunter2"})
    assert "administration" in text
    assert not re.search(r"(?i)\badmin\b|hunter2", text)
