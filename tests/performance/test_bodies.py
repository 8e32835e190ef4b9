"""What a body is made of: lists with their fields, what nobody sees of them, ways to a next page, pixels."""

from __future__ import annotations

import base64
import json
from html import escape

import pytest

from launchready.measurement import BodyFacts
from launchready.performance.bodies import facts_of
from launchready.probes.page import Page

URL = "https://app.brightside.example/invoices"
JSON = ("content-type", "application/json")
HTML = ("content-type", "text/html; charset=utf-8")
TOWNS = ("Aachen", "Bremen", "Celle", "Dresden", "Essen", "Freiburg", "Gotha", "Hagen", "Ilmenau", "Jena")


def facts(
    body: str | bytes, *headers: tuple[str, str], shown: str = "", url: str = URL, status: int = 200
) -> BodyFacts:
    raw = body.encode() if isinstance(body, str) else body
    return facts_of(Page(url, status, headers or (JSON,), raw), shown=shown)


def invoices(count: int = 40) -> list[dict[str, object]]:
    return [
        {
            "id": number,
            "number": f"INV-{number:04}",
            "customer": f"{TOWNS[number % 10]} Works {number}",
            "status": "in_progress",
            "issued": "2026-03-01",
            "total": number * 1.5,
            "memo": f"Remark{number} that nobody outside may read",
            "lines": [{"text": f"Piece{number} of work"}],
        }
        for number in range(count)
    ]


SHOWN = "Invoices " + " ".join(
    f"INV-{n:04} {TOWNS[n % 10]} Works {n} In progress 1 March €{n * 1.5:,.2f}" for n in range(25)
)


def test_the_largest_list_is_told_with_rows_fields_and_bytes() -> None:
    body = json.dumps({"ok": True, "result": {"invoices": invoices(), "tags": ["a", "b"]}}, separators=(",", ":"))

    found = facts(body)

    assert (found.kind, found.size, found.json_size) == ("json", len(body), len(body))
    first = found.lists[0]
    assert (first.path, first.rows) == ("result.invoices", 40)
    assert first.fields == ("id", "number", "customer", "status", "issued", "total", "memo", "lines")
    assert 0.9 * len(body) < first.size < len(body)


def test_fields_nobody_sees_are_told_by_bytes_where_the_rows_are_on_the_page() -> None:
    (first, *_) = facts(json.dumps(invoices()), shown=SHOWN).lists

    assert first.unshown == ("memo", "lines")
    assert 0.3 * first.size < first.unshown_size < 0.7 * first.size


def test_nothing_is_called_unseen_where_the_rows_themselves_are_not_on_the_page() -> None:
    (first, *_) = facts(json.dumps(invoices()), shown="Welcome. Your invoices are being loaded.").lists

    assert first.unshown == ()


def test_a_text_that_the_page_cuts_short_or_marks_up_is_seen() -> None:
    rows = [{"number": f"INV-{n:04}", "memo": f"<p>Remark{n} that goes on and on</p>"} for n in range(12)]
    shown = " ".join(f"INV-{n:04} Remark{n} that goes…" for n in range(12))

    assert facts(json.dumps(rows), shown=shown).lists[0].unshown == ()


def test_numbers_dates_addresses_and_states_are_never_called_unseen() -> None:
    rows = [
        {
            "number": f"INV-{n:04}",
            "cents": 129_900 + n,
            "at": f"2026-03-{n + 1:02}T10:00:00Z",
            "href": f"https://api.example/{n}",
            "state": f"state_{'abcdefghijkl'[n]}",
            "uuid": f"0f8fad5b-d9cb-469f-a165-7086772895{n:02}",
        }
        for n in range(12)
    ]

    assert facts(json.dumps(rows), shown=" ".join(f"INV-{n:04}" for n in range(12))).lists[0].unshown == ()


def test_keys_that_are_values_are_not_kept() -> None:
    body = {"by_customer": {"anna@example.com": [{"id": 1, "4711": 2}], "5f1c8a90be": [{"id": 2}]}}

    found = facts(json.dumps(body))

    assert {one.path for one in found.lists} == {"by_customer.{id}"}
    assert "anna" not in repr(found)
    assert "4711" not in repr(found)


@pytest.mark.parametrize(
    "body",
    [
        {"results": [1], "next": None},
        {"data": [1], "links": {"next": "/invoices?page=2"}},
        {"data": {"invoices": {"edges": [], "pageInfo": {"hasNextPage": False}}}},
        {"items": [1], "next_cursor": "abc"},
        {"value": [1], "@odata.nextLink": "/invoices?$skip=50"},
        {"object": "list", "data": [1], "has_more": True},
        {"content": [1], "pageable": {"pageNumber": 0}, "totalPages": 1},
        {"data": [1], "meta": {"total": 912}},
    ],
)
def test_pages_of_json_are_seen(body: object) -> None:
    assert facts(json.dumps(body)).paged


@pytest.mark.parametrize(
    "body", [[{"id": 1}], {"items": [{"id": 1}], "total": 1}, {"labels": {"next": "Next page"}, "items": [1]}]
)
def test_a_total_of_what_is_there_or_a_label_is_no_page(body: object) -> None:
    assert not facts(json.dumps(body)).paged


@pytest.mark.parametrize(
    ("url", "header"),
    [
        (f"{URL}?page=2", ("x-none", "")),
        (f"{URL}?per_page=50", ("x-none", "")),
        (URL, ("link", '</invoices?page=2>; rel="next"')),
        (URL, ("x-total-pages", "9")),
    ],
)
def test_pages_are_seen_in_the_address_and_in_headers(url: str, header: tuple[str, str]) -> None:
    assert facts("[]", JSON, header, url=url).paged


@pytest.mark.parametrize(
    "page",
    [
        "<script id=__NEXT_DATA__ type=application/json>{}</script>",
        "<script>window.__STATE__ = {};</script>",
        '<script>window["APP"]={};start()</script>',
        "<script>const props = {};</script>",
        "<script>window.__S__ = JSON.parse({quoted})</script>",
        '<div id=app data-page="{escaped}"></div>',
    ],
)
def test_json_inside_a_page_is_read(page: str) -> None:
    state = json.dumps({"props": {"invoices": invoices()}})
    page = page.replace("{quoted}", json.dumps(state)).replace("{escaped}", escape(state)).replace("{}", state)

    found = facts(f"<html><body>{page}</body></html>", HTML)

    assert found.kind == "html"
    assert (found.lists[0].path, found.lists[0].rows) == ("props.invoices", 40)
    assert found.json_size >= len(state)


def test_what_the_server_wrote_into_the_page_counts_as_seen() -> None:
    state = json.dumps({"invoices": invoices()})

    found = facts(f"<p>{SHOWN}</p><script type=application/json>{state}</script>", HTML)

    assert found.lists[0].unshown == ("memo", "lines")


def test_structured_statements_for_search_engines_are_no_payload() -> None:
    assert facts(f'<script type="application/ld+json">{json.dumps(invoices())}</script>', HTML).json_size == 0


def test_rows_are_those_of_the_longest_table_or_list() -> None:
    inner = "<table><tr><td>x</td></tr></table><ul><li>a</li></ul>"
    table = "<table>" + f"<tr><td>{inner}</td></tr>" * 30 + "</table>"
    menu = "<ul>" + "<li>m</li>" * 12 + "</ul>"

    assert facts(f"{menu}{table}{menu}", HTML).rows == 30
    assert facts(table.replace("<table>", "<table><thead><tr><th>n</th></tr></thead>", 1), HTML).rows == 30
    assert facts("<table><thead><tr><th>n<tbody>" + "<tr><td>1" * 7 + "</table>", HTML).rows == 7
    assert facts("<div role=listitem>x</div>" * 44, HTML).rows == 44
    assert facts("<script>'<tr><tr><tr>'</script><p>no list</p>", HTML).rows == 0


@pytest.mark.parametrize(
    "link",
    [
        '<a href="?page=2">2</a>', '<a rel="next" href="/older">Older</a>', '<link rel=next href="/x">',
        '<nav aria-label="Pagination"></nav>', '<p class="paginator">912</p>', '<a href="/invoices/page/2/">2</a>',
        '<button class="load-more">More</button>',
    ],
)  # fmt: skip
def test_ways_to_a_next_page_are_seen(link: str) -> None:
    assert facts(f"<table><tr><td>1</td></tr></table>{link}", HTML).paged
    assert not facts('<table><tr><td>1</td></tr></table><a href="/invoices?status=paid">Paid</a>', HTML).paged


def test_origins_a_page_connects_to_early_are_told() -> None:
    page = "<link rel=preconnect href=https://fonts.example.net><link rel=stylesheet href=https://other.example/x.css>"

    found = facts(page, HTML, ("link", "<https://cdn.example.org/app.js>; rel=preload; as=script"))

    assert found.preconnects == ("https://fonts.example.net", "https://cdn.example.org")


PICTURES = {
    "png": "iVBORw0KGgoAAAANSUhEUgAAACUAAAAVCAIAAABOhrD5AAAAGUlEQVR4nO3BgQAAAADDoPlT3+AEVQEA8AwJMA==",
    "gif": "R0lGODdhJQAVAIEAAAAAAAAAAAAAAAAAACwAAAAAJQAVAEAILwABCBxIsKDBgwgTKlzIsKHDhxAjSpxIsaLFiw==",
    "webp": "UklGRjQAAABXRUJQVlA4ICgAAADwAgCdASolABUAPm02l0ikIyIhJWgAgA2JaQAAKUNt8AD++5zAAAAA",
    "webp lossless": "UklGRhoAAABXRUJQVlA4TA4AAAAvJAAFAAcQEf0PRET/Aw==",
    "avif": "AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUIAAADrbWV0YQAAAAAAAAAhaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAAAAAA"
    "AAAOcGl0bQAAAAAAAQAAAB5pbG9jAAAAAEQAAAEAAQAAAAEAAAETAAAAJAAAAChpaW5mAAAAAAABAAAAGmluZmUCAAAAAAEAAGF2MDFDb2xvcgAA"
    "AABqaXBycAAAAEtpcGNvAAAAFGlzcGUAAAAAAAAAJQAAABU=",
}
"""The beginnings of pictures of 37 x 21 pixels, as Pillow writes them."""


@pytest.mark.parametrize("kind", list(PICTURES))
def test_pixels_are_read_from_the_head_of_a_picture(kind: str) -> None:
    raw = base64.b64decode(PICTURES[kind] + "=" * (-len(PICTURES[kind]) % 4))

    assert facts(raw, ("content-type", "image/x")).pixels == (37, 21)
    assert facts(raw[:8], ("content-type", "image/x")).pixels is None


def test_the_pixels_of_a_jpeg_are_not_those_of_the_thumbnail_in_its_notes() -> None:
    frame = b"\xff\xc0\x00\x11\x08\x00\x15\x00\x25\x03"
    thumbnail = b"\xff\xd8\xff\xc0\x00\x11\x08\x00\x08\x00\x08\x03"
    notes = b"\xff\xe1" + (2 + len(thumbnail)).to_bytes(2, "big") + thumbnail

    assert facts(b"\xff\xd8" + notes + frame, ("content-type", "image/jpeg")).pixels == (37, 21)


def test_what_compression_would_save_is_tried_where_it_did_not_happen() -> None:
    body = json.dumps(invoices(400))

    assert 0 < facts(body).squeezed < len(body) / 3
    assert facts(body, JSON, ("content-encoding", "gzip")).squeezed == 0
    assert facts("[1]").squeezed == 0


def test_downloads_and_what_cannot_be_read_are_no_payload() -> None:
    download = ("content-disposition", 'attachment; filename="all.json"')

    assert facts(json.dumps(invoices()), JSON, download) == BodyFacts("other", len(json.dumps(invoices())))
    assert facts(b"") == BodyFacts("empty")
    assert facts(b"%PDF-1.7", ("content-type", "application/pdf")).kind == "other"
    assert facts(b"\xff\xfe{not json").lists == ()


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 500_000,
        b"[" * 250_000 + b"]" * 250_000,
        b'{"a":' * 900 + b"1" + b"}" * 900,
        b"<script>" + b"window.x={" * 50_000,
        b"<script>" + b"window.x=JSON.parse('" * 30_000,
        b"<ul>" * 100_000 + b"<li>" * 100_000,
        b"<script type=application/json>" + b"[" * 300_000,
        b"<div data-x='" + b"[" * 500_000 + b"'>",
    ],
)
@pytest.mark.parametrize("kind", [JSON, HTML])
def test_hostile_bodies_are_read_within_bounds(body: bytes, kind: tuple[str, str]) -> None:
    assert facts(body, kind).size == len(body)
