"""Payload and pages: what a step sends more than its page shows, and lists that grow with the account."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.performance.judging import HEALTHY, found, judged, passed, unchecked

from launchready.lab.faults.performance_answers import answered, holding, picture, plain, with_table
from launchready.measurement import BodyFacts, Exchange, JsonList, Line, Measurement, Resource
from launchready.model import Finding, Severity
from launchready.performance.pagination import pagination
from launchready.performance.payload import payload

API, PAGE = "GET /api/invoices", "GET /"


def two_accounts(small: BodyFacts, large: BodyFacts, route: str = API) -> Measurement:
    """The same route by the small and by the large account."""
    one = next(e for e in HEALTHY.exchanges if e.route == route)
    pair = (replace(one, user="newcomer", facts=small), replace(one, user="owner", facts=large))
    return replace(HEALTHY, exchanges=(*(e for e in HEALTHY.exchanges if e.route != route), *pair))


def listing(rows: int, fields: tuple[str, ...] = ("id", "number", "total")) -> BodyFacts:
    listed = (JsonList("items", rows, rows * 120, fields),) if rows else ()
    return BodyFacts("json", 40 + rows * 120, json_size=40 + rows * 120, lists=listed)


async def test_a_large_answer_names_its_list_rows_bytes_and_what_it_costs_on_the_line() -> None:
    row = await found(payload, answered(API, holding(900, 3_100_000, paged=True))(HEALTHY))

    assert row.subject == API
    assert "3.1 MB of JSON, most of it 900 rows of `invoices`" in row.problem
    assert "388 kB on the wire" in row.evidence
    assert "at 50 Mbit/s and 30 ms a round trip" in row.evidence
    assert "pages of 25 to 100 rows" in row.fix


async def test_a_line_that_is_slow_makes_less_a_high_risk() -> None:
    medium = answered(API, holding(100, 800_000, paged=True))
    slow = replace(HEALTHY, line=Line("train", 2, 1, 100))

    assert await passed(payload, medium(HEALTHY))
    assert (await found(payload, medium(slow))).severity is Severity.HIGH


async def test_fields_that_nobody_sees_are_named_with_their_share() -> None:
    row = await found(payload, answered(API, holding(50, 110_000, 70_000))(HEALTHY))

    assert row.severity is Severity.NICE
    assert "70 kB in fields that its page never shows: `history`, `notes`" in row.problem
    assert "64% of `invoices`: 50 rows" in row.evidence


async def test_json_that_a_page_asks_for_in_a_browser_is_judged_too() -> None:
    facts = BodyFacts("json", 90_000, lists=(JsonList("items", 25, 88_000, ("id", "memo"), ("memo",), 60_000),))
    call = Resource(f"{HEALTHY.url}/api/dashboard", "fetch", 0.4, 0.5, 9_000, 200, False, False, facts=facts)
    visits = tuple(replace(v, resources=(*v.resources, call)) for v in HEALTHY.visits)

    row = await found(payload, replace(HEALTHY, visits=visits))

    assert row.subject == "GET /api/dashboard"
    assert "`memo`" in row.problem


async def test_compression_is_asked_for_once_a_host_with_what_it_saves_and_the_line_to_add() -> None:
    row = await found(payload, answered(PAGE, plain)(answered(API, plain)(HEALTHY)))

    assert row.problem == "app.brightside.example does not compress 2 answers to who is signed in, GET / first."
    assert "GET /api/invoices: 60 kB, 12 kB compressed" in row.evidence
    assert "GZipMiddleware" in row.paste


@pytest.mark.parametrize(
    "change",
    [
        lambda one: replace(plain(one), received=13_000),  # compressed, by its size
        lambda one: replace(plain(one), signed_in=False),  # public: edge.compression's
        lambda one: replace(plain(one), facts=replace(plain(one).facts, squeezed=59_000)),  # saves nothing
    ],
)
async def test_nothing_is_said_of_compression_where_there_is_nothing_to_win(change: object) -> None:
    assert await passed(payload, answered(PAGE, change)(HEALTHY))  # type: ignore[arg-type]


async def test_a_picture_far_larger_than_it_is_drawn_is_found_and_one_for_dense_screens_is_right() -> None:
    row = await found(payload, picture((2400, 800), (120, 40), 5_800_000)(HEALTHY))

    assert "2400 x 800 pixels and is drawn at 120 x 40" in row.problem
    assert "Store it at 240 x 80" in row.fix
    assert await passed(payload, picture((2400, 1600), (1200, 800), 900_000)(HEALTHY))
    assert await passed(payload, picture((2400, 800), (120, 40), 60_000)(HEALTHY))
    assert await passed(payload, picture((2400, 100), (600, 100), 250_000)(HEALTHY))  # a banner that is cut


async def test_a_picture_that_is_drawn_twice_counts_by_its_larger_place() -> None:
    small, large = picture((1000, 1000), (40, 40), 700_000), picture((1000, 1000), (900, 900), 700_000)

    assert await passed(payload, large(small(HEALTHY)))


async def test_a_photograph_in_a_format_that_does_not_compress_is_found() -> None:
    row = await found(payload, picture((800, 600), (800, 600), 1_440_054)(HEALTHY))

    assert "3.0 bytes a pixel" in row.problem


async def test_without_a_browser_large_lists_are_not_called_seen() -> None:
    blind = replace(answered(API, holding(50, 110_000, paged=True))(HEALTHY), visits=())

    assert "no page was opened in a browser" in (await unchecked(payload, blind)).reason
    assert await passed(payload, replace(HEALTHY, visits=()))


async def test_without_any_answer_payload_and_pages_are_not_checked() -> None:
    nothing = replace(HEALTHY, exchanges=(), visits=())

    assert "no answer" in (await unchecked(payload, nothing)).reason
    assert "no answer" in (await unchecked(pagination, nothing)).reason


async def test_a_list_of_records_without_pages_is_found_and_that_it_grows_is_proven_by_two_accounts() -> None:
    row = await found(pagination, two_accounts(listing(0), listing(640)))

    assert row.problem == "GET /api/invoices gives all 640 rows of `items` in one answer."
    assert "0 rows for newcomer, 640 for owner: it grows" in row.evidence
    assert "Paginator" in row.paste


@pytest.mark.parametrize(
    "facts",
    [
        listing(180),
        replace(listing(640), paged=True),
        listing(365, ("date", "paid", "open")),  # a chart
        listing(300, ("id", "label")),  # to choose from
    ],
)
async def test_pages_charts_and_choices_are_right(facts: BodyFacts) -> None:
    assert await passed(pagination, answered(API, lambda one: replace(one, facts=facts))(HEALTHY))


async def test_a_list_that_is_as_long_for_both_accounts_does_not_grow() -> None:
    assert await passed(pagination, two_accounts(listing(400), listing(410)))


async def test_lists_of_countries_and_the_like_are_reference() -> None:
    def countries(one: Exchange) -> Exchange:
        return replace(one, route="GET /api/countries", facts=listing(249))

    assert await passed(pagination, answered(API, countries)(HEALTHY))


async def test_a_page_that_holds_thousands_of_rows_is_none() -> None:
    row = await found(pagination, answered(API, holding(5_000, 900_000, paged=True))(HEALTHY))

    assert row.problem == "GET /api/invoices gives 5,000 rows of `invoices` on one page."


async def test_a_table_counts_from_fewer_rows_where_it_is_seen_to_grow() -> None:
    few, many = (BodyFacts("html", rows * 200, rows=rows) for rows in (12, 260))

    assert await passed(pagination, answered(PAGE, with_table(260, paged=False))(HEALTHY))
    assert isinstance(await found(pagination, two_accounts(few, many, PAGE)), Finding)
    assert await passed(pagination, answered(PAGE, with_table(900, paged=True))(HEALTHY))


@pytest.mark.parametrize(("path", "right"), [("data.countries", True), ("data.invoices", False)])
async def test_of_graphql_the_field_tells_what_is_reference(path: str, right: bool) -> None:
    def asked(one: Exchange) -> Exchange:
        lists = tuple(replace(each, path=path) for each in listing(250).lists)
        return replace(one, route="POST /graphql", facts=replace(listing(250), lists=lists))

    told = await judged(pagination, answered(API, asked)(HEALTHY))

    assert any(isinstance(row, Finding) for row in told) is not right


@pytest.mark.parametrize("route", ["GET /reports/year", "GET /de/auswertung/{id}"])
async def test_a_report_may_hold_more_rows_than_a_page(route: str) -> None:
    def report(one: Exchange) -> Exchange:
        return replace(with_table(800, paged=False)(one), route=route)

    assert await passed(pagination, answered(PAGE, report)(HEALTHY))


async def test_the_healthy_portal_is_silent() -> None:
    assert len(await judged(payload)) == len(await judged(pagination)) == 1
    assert await passed(payload, HEALTHY)
    assert await passed(pagination, HEALTHY)
