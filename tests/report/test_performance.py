"""The pictures of a measurement: what they say, that hostile text stays text, that nothing is fetched or run."""

from __future__ import annotations

import base64
import hashlib
import io
import random
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from rich.console import Console
from sample import sample

from launchready.lab import measured as lab
from launchready.measurement import (
    Distribution,
    Line,
    Measurement,
    Phases,
    Quantile,
    Resource,
    Statement,
    StepTimes,
    Untold,
)
from launchready.performance.regression import Change, compare
from launchready.performance.statistics import distribution
from launchready.report import html, performance
from launchready.report.performance_digest import (
    FAILED,
    FAST,
    OPEN,
    SLOW,
    Scale,
    causes,
    headline,
    line_words,
    scale_of,
    spoken,
    tail_of,
    verdict,
)
from launchready.report.performance_svg import BINS, heights

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
LINE = Line("business", 50.0, 20.0, 30.0)
HOSTILE = '<script>alert(1)</script>"\u202e\x1b[31m'


class Drawn(HTMLParser):
    """What is in the section: elements with attributes, and the words outside them; tags must match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag != "br":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data

    def of_class(self, name: str) -> list[dict[str, str]]:
        return [attributes for _, attributes in self.elements if name in attributes.get("class", "").split()]


def took(median_s: float, n: int = 200, spread: float = 0.2) -> Distribution:
    chance = random.Random(7)
    return distribution(median_s * chance.lognormvariate(0, spread) for _ in range(n))


def healthy() -> Measurement:
    measured = lab.healthy(AT)
    steps = [replace(times, seen=took(0.1 * number)) for number, times in enumerate(measured.steps[:4], 1)]
    return replace(measured, steps=tuple(steps), queries=measured.queries[:4], visits=measured.visits[:2], line=LINE)


def nasty() -> Measurement:
    """Long names, a step of 40 s, one that never answers, sixty resources, statements for each row, hostile text."""
    measured = healthy()
    login, dashboard, upload, api = measured.steps
    steps = (
        replace(login, seen=took(3.0), phases=Phases(0, 0.03, 0.06, 2.6, 0.4)),
        replace(dashboard, seen=took(40.0, 24), received=2_400_000, failures=2),
        replace(upload, seen=took(1.5, 40), needs=120),
        replace(api, step=f"{HOSTILE} {'long ' * 60}", route=f"GET /{HOSTILE}/{'x' * 300}", user=HOSTILE),
        StepTimes("pay", "never", "owner", "GET /never", "two", 2.0, None, None, failures=12),
        replace(api, step="reports", pace="arrivals", rate_per_s=5.0),
    )
    resources = tuple(
        Resource(
            f"https://{'app.brightside.example' if number % 3 else 'cdn.other.example'}/{HOSTILE}/file-{number}.js",
            "script", number / 20, number / 20 + 0.3, 10_000, 404 if number == 9 else 200, not number % 3,
            number % 6 == 0,
        )
        for number in range(60)
    )  # fmt: skip
    visit = replace(measured.visits[1], data_s=4.0, round_trips=7, resources=resources, errors=(HOSTILE,))
    often = Statement(f"SELECT * FROM lines WHERE id = $1 -- {HOSTILE}", 200, 3, 4.2, 0.7, "lines", "views.py:88")
    asked = replace(measured.queries[1], calls=204.0, statements=(often, *measured.queries[1].statements))
    return replace(
        measured,
        steps=steps,
        visits=(measured.visits[0], visit),
        queries=(measured.queries[0], asked),
        untold=(Untold("pay", "card", HOSTILE, "ask for a test account"),),
    )


def printed(measured: Measurement, width: int = 80, encoding: str = "utf-8", changes: tuple[Change, ...] = ()) -> str:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace")
    console = Console(file=file, width=width, force_terminal=False)
    console.print(performance.text(measured, changes))
    file.flush()
    return file.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]


def test_every_step_is_drawn_with_its_percentiles_and_target() -> None:
    drawn = Drawn(performance.section(healthy()))
    strips = drawn.of_class("perf-strip")
    assert [s for s in strips if "aria-label" in s].__len__() == 4
    assert all(
        "95 % within" in s["aria-label"] and "the target is 2 s" in s["aria-label"] for s in strips if s.get("role")
    )
    assert len(drawn.of_class("perf-p95")) == 4 + 1, "and one in the key"
    assert "All 4 steps are in time for nineteen of twenty buyers." in drawn.words
    assert "On business broadband" in drawn.words


def test_the_verdicts_are_those_of_the_check() -> None:
    assert [verdict(times) for times in nasty().steps] == [SLOW, SLOW, OPEN, FAST, FAILED, FAST]
    assert headline(nasty()) == "Of 6 steps, 2 too slow, 1 failed, 1 not decided, 2 in time."
    assert headline(replace(nasty(), steps=nasty().steps[:1], untold=())) == "Of 1 step, 1 too slow."
    assert headline(replace(healthy(), steps=())) == "Nothing could be measured."


def test_a_flow_that_could_not_be_walked_is_not_forgotten_in_the_headline() -> None:
    gone = Untold("pay", "pay", "the session is gone", part="times")
    said = headline(replace(healthy(), untold=(gone, Untold("login", "", "busy", part="browser"))))
    assert said == "All 4 steps measured are in time for nineteen of twenty buyers. 1 other flow could not be measured."


def test_an_interval_without_an_upper_bound_is_not_in_time_however_low_it_is() -> None:
    times = healthy().steps[0]
    assert times.seen is not None
    few = replace(times, seen=replace(times.seen, p95=Quantile(0.95, 0.3, 0.2, None)))
    assert verdict(few) == OPEN


def test_walks_that_compare_accounts_are_no_steps_of_buyers() -> None:
    login = healthy().steps[0]
    few = replace(healthy(), steps=(*healthy().steps, replace(login, user="large", pace="account", seen=took(9.0, 12))))
    assert headline(few) == headline(healthy())
    assert performance.section(few) == performance.section(healthy())
    assert performance.markdown(few) == performance.markdown(healthy())
    assert printed(few) == printed(healthy())
    assert compare(few, few) == compare(healthy(), healthy())


def test_hostile_text_stays_text_everywhere() -> None:
    measured = nasty()
    page = performance.section(measured)
    drawn = Drawn(page)
    assert not [tag for tag, _ in drawn.elements if tag in ("script", "img", "a", "iframe", "foreignobject", "style")]
    assert not [name for _, attributes in drawn.elements for name in attributes if name.startswith("on")]
    assert "\u202e" not in page
    assert "\x1b" not in page + printed(measured) + performance.markdown(measured)
    assert "<script>" not in page
    assert "`<script>" in performance.markdown(measured), "in code spans only"


def test_nothing_is_fetched_and_no_style_is_inline() -> None:
    """The page's policy allows its own style sheet and nothing else."""
    for _, attributes in Drawn(performance.section(nasty())).elements:
        assert not {"href", "src", "style", "xlink:href"} & set(attributes)
        assert "url(" not in str(attributes)
    assert "url(" not in performance.style()
    assert "@import" not in performance.style()


def test_the_whole_page_allows_the_style_of_the_pictures() -> None:
    page = html.render(replace(sample(), measured=nasty(), baseline=healthy()))
    style = page.partition("<style>")[2].partition("</style>")[0]
    assert performance.style() in style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src &#x27;sha256-{digest}&#x27;" in page or f"style-src 'sha256-{digest}'" in page
    assert page.count('<section class="perf"') == 1
    assert "Against the measurement before" in page


def test_every_picture_has_a_name_and_words_for_those_who_do_not_see_it() -> None:
    page = performance.section(nasty())
    pictures = [attributes for tag, attributes in Drawn(page).elements if tag == "svg" and "role" in attributes]
    assert pictures
    assert all(one["role"] == "img" and one["aria-label"] for one in pictures)
    assert page.count("<desc>") == len(pictures)


def test_coordinates_stay_within_the_picture() -> None:
    for _, attributes in Drawn(performance.section(nasty())).elements:
        for name in ("x", "x1", "x2", "cx"):
            if (value := attributes.get(name, "")).endswith("%"):
                assert -0.01 <= float(value[:-1]) <= 100.01
        if (width := attributes.get("width", "")).endswith("%"):
            assert 0 <= float(width[:-1]) <= 100.01


def test_a_waterfall_marks_third_parties_what_blocks_and_when_data_is_seen() -> None:
    drawn = Drawn(performance.section(nasty()))
    rows = [one for one in drawn.of_class("perf-kind") if one.get("width", "").endswith("%")]
    assert len(rows) == 40 + 3, "the most that is drawn, and the other visit"
    assert len([one for one in rows if "perf-third" in one["class"]]) == 14
    assert "and 20 resources more" in drawn.words
    assert "data seen: 4.0 s" in drawn.words
    assert len(drawn.of_class("perf-bad")) == 1


def test_statements_for_each_row_are_told_apart_with_their_place() -> None:
    drawn = Drawn(performance.section(nasty()))
    assert "for each row" in drawn.words
    assert "200 times 4.2 ms at views.py:88" in drawn.words
    assert "for each row" not in re.sub("sent for each row", "", Drawn(performance.section(healthy())).words)


def test_the_caching_note_is_part_of_it() -> None:
    assert "Answers who is signed in." in Drawn(performance.section(healthy())).words


def test_what_could_not_be_measured_is_said_with_what_would_unlock_it() -> None:
    measured = nasty()
    for told in (Drawn(performance.section(measured)).words, printed(measured), performance.markdown(measured)):
        assert "Could not be measured" in told
        assert "ask for a test account" in " ".join(told.split()).lower()


def test_an_empty_measurement_is_drawn_too() -> None:
    nothing = Measurement("example.com", "https://example.com", "", AT, 0.0, 0, LINE, "none")
    assert "Nothing could be measured." in Drawn(performance.section(nothing)).words
    assert "Nothing could be measured." in printed(nothing)
    assert "Nothing could be measured." in performance.markdown(nothing)


def test_the_causes_name_the_longest_phase_then_what_was_seen_of_why() -> None:
    measured = nasty()
    told = causes(measured, measured.steps[1])
    assert told[0].startswith(("server", "TLS"))
    assert "one statement on lines is sent 200 times per request, at views.py:88" in told
    assert "7 answers come one after another until the data is seen" in told
    assert "the page waits for cdn.other.example" in told
    assert "the answer has 2.4 MB" in told


def test_a_terminal_of_forty_columns_has_room_and_one_of_ascii_understands() -> None:
    narrow = printed(nasty(), width=40)
    assert max(map(len, narrow.splitlines())) <= 40
    assert re.search(r"-=+o=+-", printed(nasty(), encoding="ascii"))
    bars = [line for line in printed(healthy()).splitlines() if "┃" in line]
    assert len(bars) == 4
    assert all(line.index("●") < line.index("┃") for line in bars), "in time is left of the target"


def test_markdown_has_a_row_for_each_step() -> None:
    told = performance.markdown(healthy())
    assert "| `dashboard` | in time |" in told
    assert told.count("\n| `") == 4
    login = healthy().steps[0]
    odd = replace(healthy(), steps=(replace(login, step="a|b " + "x" * 5000),))
    row = next(line for line in performance.markdown(odd).splitlines() if line.startswith("| `a"))
    assert r"a\|b" in row, "a pipe ends no cell"
    assert len(row) < 300


def test_a_comparison_says_what_became_slower_first_and_draws_what_is_claimed() -> None:
    before, after = healthy(), nasty()
    changes = compare(before, after)
    drawn = Drawn(performance.section(after, changes))
    assert "Of 7 steps: 3 slower, 4 not decided." in drawn.words
    pictures = [one["aria-label"] for one in drawn.of_class("perf-change")]
    assert len(pictures) == 7
    assert all("slower by" in one for one in pictures[:3])
    told = printed(after, changes=changes)
    assert told.index("slower by") < told.index("it was not measured before")
    assert performance.markdown(after, changes).count("slower by") == 3
    assert "api: reports, at a steady rate" in told.replace("\n", " "), "told from that of two prospects at once"


def test_a_comparison_in_which_nothing_changed_lies_in_the_middle() -> None:
    changes = compare(healthy(), healthy())
    drawn = Drawn(performance.section(healthy(), changes))
    assert "Of 4 steps: 4 the same." in drawn.words
    middle = [one["cx"] for one in drawn.of_class("perf-fill-grey")]
    assert middle == ["50.00%"] * 4


def test_the_axis_holds_every_time_from_milliseconds_to_a_minute() -> None:
    scale = scale_of(nasty().steps)
    assert scale.at(0.0001) == 0
    assert scale.at(1000) == pytest.approx(100)
    assert scale.at(0.5) < scale.at(2.0) < scale.at(40.0) < 100
    assert 2 <= len(scale.ticks) <= 9
    assert Scale(0.1, 1.0).ticks == (0.1, 0.2, 0.5, 1.0)


def test_the_bars_count_every_walk_once() -> None:
    seen = took(0.4, 500)
    found = heights(seen, Scale(0.1, 2.0))
    assert sum(found.values()) == 500
    assert set(found) <= set(range(BINS))


def test_the_line_is_said_as_it_came_in() -> None:
    assert "driven through it" in line_words(healthy())
    assert "computed" in line_words(replace(healthy(), way="model"))
    assert line_words(replace(healthy(), way="none")) == "As measured from here, without a buyer's line."


def test_seconds_and_names_are_said_as_people_do() -> None:
    assert [spoken(value) for value in (0.004, 0.42, 3.14, 40.2, None)] == [
        "4 ms",
        "0.42 s",
        "3.1 s",
        "40 s",
        "unknown",
    ]
    assert tail_of("https://a.example/static/site.js?v=1") == "site.js"
    assert tail_of("https://a.example/") == "/"
    assert tail_of(f"https://a.example/{'a' * 40}-end.js").endswith("-end.js")


def test_the_bytes_of_a_page_are_told_by_kind() -> None:
    found = performance.section(healthy())

    assert re.search(r"39 kB in all, 18 kB document, 12 kB script, 9(\.0)? kB style", found), found[:3000]
