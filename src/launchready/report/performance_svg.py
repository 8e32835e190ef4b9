"""The pictures of a measurement as SVG elements: no script, nothing fetched, light and dark by the page's style sheet.

Widths are percentages and heights pixels, so that words keep their size from a phone to a desk. Every text from
outside goes through `_e`; what is clipped is whole in a `<title>`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from html import escape
from importlib.resources import files

from launchready.measurement import Distribution, Resource, RouteQueries, StepTimes, Visit
from launchready.performance.histogram import Histogram
from launchready.performance.regression import Change
from launchready.report import performance_compared as compared
from launchready.report.performance_digest import (
    PHASE_WORDS,
    TONES,
    Scale,
    by_start,
    host_of,
    interval,
    repeated,
    shares,
    size_of,
    spoken,
    tail_of,
    verdict,
)
from launchready.report.text import clean, counted

MOST_RESOURCES = 40
BINS = 90
"""Bars of a histogram across the whole width."""
KINDS = ("document", "script", "style", "image", "font", "fetch")
_ROW, _STRIP, _AXIS = 22, 44, 18
_NAMES = 34.0
"""Percent of a waterfall's width that names take."""


@cache
def style() -> str:
    """The rules of the pictures, on the colours of the report's page."""
    return files("launchready.report").joinpath("performance.css").read_text(encoding="utf-8")


def axis(scale: Scale) -> str:
    """The seconds above the strips."""
    marks = "".join(
        f'<text class="perf-tick" x="{scale.at(tick):.2f}%" y="12"{_anchor(scale.at(tick))}>{_tick(tick)}</text>'
        for tick in scale.ticks
    )
    return f'<svg class="perf-axis" width="100%" height="{_AXIS}" aria-hidden="true">{marks}</svg>'


def strip(times: StepTimes, scale: Scale) -> str:
    """How long one step took, many times: bars of how often, median, 95th and 99th percentile, target."""
    if times.seen is None:
        return ""
    seen, at, tone = times.seen, scale.at, TONES[verdict(times)]
    base = _STRIP - 10
    grid = "".join(f'<line class="perf-grid" x1="{at(t):.2f}%" x2="{at(t):.2f}%" y2="{_STRIP}"/>' for t in scale.ticks)
    beyond = f'<rect class="perf-beyond" x="{at(times.target_s):.2f}%" width="{100 - at(times.target_s):.2f}%"'
    parts = [
        f'{beyond} height="{_STRIP}"/>',
        grid,
        _histogram(seen, scale, base - 6),
        f'<line class="perf-spread" x1="{at(seen.p50.value_s):.2f}%" x2="{at(seen.p99.value_s):.2f}%" '
        f'y1="{base}" y2="{base}"/>',
        _certain(seen, scale, base, tone),
        f'<line class="perf-mark" x1="{at(seen.p99.value_s):.2f}%" x2="{at(seen.p99.value_s):.2f}%" '
        f'y1="{base - 5}" y2="{base + 5}"/>',
        f'<circle class="perf-median" cx="{at(seen.p50.value_s):.2f}%" cy="{base}" r="4"/>',
        f'<circle class="perf-p95 perf-fill-{tone}" cx="{at(seen.p95.value_s):.2f}%" cy="{base}" r="5.5"/>',
        f'<line class="perf-target" x1="{at(times.target_s):.2f}%" x2="{at(times.target_s):.2f}%" y2="{_STRIP}"/>',
    ]
    told = (
        f"{seen.n} times: half within {spoken(seen.p50.value_s)}, 95 % within {interval(seen.p95)}, 99 % within "
        f"{spoken(seen.p99.value_s)}, the slowest {spoken(seen.max_s)}; the target is {times.target_s:g} s."
    )
    return _svg("perf-strip", _STRIP, f"How long {times.step} takes", told, "".join(parts))


def phases(times: StepTimes) -> str:
    """What a step's median is made of, as one stacked bar."""
    left, bars = 0.0, []
    parts = shares(times)
    for name, seconds, share in parts:
        bars.append(
            f'<rect class="perf-{name}" x="{left:.2f}%" width="{100 * share:.2f}%" height="6">'
            f"<title>{PHASE_WORDS[name]}: {spoken(seconds)}</title></rect>"
        )
        left += 100 * share
    told = ", ".join(f"{PHASE_WORDS[name]} {spoken(seconds)}" for name, seconds, _ in parts)
    return _svg("perf-phases", 6, f"What {times.step} waits for", f"{told}.", "".join(bars)) if parts else ""


def waterfall(visit: Visit) -> str:
    """What a page loaded and when, and when something was seen of it."""
    shown = by_start(visit)[:MOST_RESOURCES]
    marks = [(name, at_s) for name, at_s in seen_at(visit) if at_s is not None]
    whole_s = max([one.end_s for one in shown] + [at_s for _, at_s in marks] + [0.001]) * 1.02
    height = _AXIS + _ROW * len(shown) + 4

    def at(seconds: float) -> float:
        return _NAMES + (100 - _NAMES) * min(max(seconds, 0.0) / whole_s, 1.0)

    step_s = _round_step(whole_s / 4)
    ticks = [step_s * number for number in range(int(whole_s / step_s) + 1)]
    grid = "".join(
        f'<line class="perf-grid" x1="{at(t):.2f}%" x2="{at(t):.2f}%" y1="{_AXIS}" y2="{height}"/>'
        f'<text class="perf-tick" x="{at(t):.2f}%" y="12"{_anchor(at(t), start=_NAMES)}>{_tick(t)}</text>'
        for t in ticks
    )
    rows = "".join(_resource(one, _AXIS + _ROW * number, at) for number, one in enumerate(shown))
    lines = "".join(
        f'<line class="perf-{name}" x1="{at(at_s):.2f}%" x2="{at(at_s):.2f}%" y1="{_AXIS}" y2="{height}">'
        f"<title>{MOMENTS[name]}: {spoken(at_s)}</title></line>"
        for name, at_s in marks
    )
    told = "; ".join(f"{MOMENTS[name]} after {spoken(at_s)}" for name, at_s in marks) or "nothing was seen"
    others = sum(one.third_party for one in visit.resources)
    told = f"{counted(len(visit.resources), 'resource')}, {others} of third parties; {told}."
    return _svg("perf-waterfall", height, f"What {visit.step} loads", told, grid + lines + rows)


MOMENTS = {"paint": "first paint", "lcp": "largest paint", "data": "data seen"}


def seen_at(visit: Visit) -> tuple[tuple[str, float | None], ...]:
    """The moments of a visit that are marked."""
    return ("paint", visit.first_paint_s), ("lcp", visit.lcp_s), ("data", visit.data_s)


def queries(one: RouteQueries, most: float) -> str:
    """How many statements a request sends; those sent for each row apart."""
    often = min(one.calls, sum(statement.calls for statement in repeated(one)))
    rest, scale = one.calls - often, 100 / max(most, 1.0)
    bars = f'<rect class="perf-queries" width="{rest * scale:.2f}%" height="12" rx="2"/>'
    if often:
        bars += f'<rect class="perf-often" x="{rest * scale:.2f}%" width="{often * scale:.2f}%" height="12" rx="2"/>'
    told = f"{one.calls:.0f} per request" + (f", {often:.0f} of them the same for each row." if often else ".")
    return _svg("perf-bar", 12, f"Statements of {one.route}", told, bars)


def change(one: Change, ends: float) -> str:
    """How a step compares with the measurement before."""
    return _svg("perf-change", 24, compared.subject(one), compared.words(one), compared.picture(one, ends))


def ratios(ends: float) -> str:
    """The axis above those: faster to the left."""
    marks = [
        (share, f"{'÷' if share < 1 else '×'}{max(share, 1 / share):g}") for share in (1 / 4, 1 / 2, 2, 4)
        if max(share, 1 / share) <= ends
    ]  # fmt: skip
    shown = [(1.0, "as before"), *marks]
    placed = [(compared.at(share, ends), word) for share, word in shown]
    words = "".join(f'<text class="perf-tick" x="{at:.2f}%" y="12"{_anchor(at)}>{word}</text>' for at, word in placed)
    return f'<svg class="perf-axis" width="100%" height="{_AXIS}" aria-hidden="true">{words}</svg>'


def _histogram(seen: Distribution, scale: Scale, height: float) -> str:
    found = heights(seen, scale)
    top = max(found.values(), default=0)
    width = 100 / BINS
    return "".join(
        f'<rect class="perf-often-took" x="{place * width:.2f}%" width="{width:.2f}%" '
        f'y="{height - max(height * number / top, 1.5):.1f}" height="{max(height * number / top, 1.5):.1f}"/>'
        for place, number in sorted(found.items())
    )


def heights(seen: Distribution, scale: Scale) -> dict[int, int]:
    """How many times fell into each of the `BINS` places of the scale."""
    found: dict[int, int] = {}
    for bucket in seen.counts:
        low, high = Histogram.of((bucket,)).edges(1)
        place = min(BINS - 1, int(scale.at((low + high) / 2) / 100 * BINS))
        found[place] = found.get(place, 0) + bucket[1]
    return found


def _certain(seen: Distribution, scale: Scale, y: float, tone: str) -> str:
    p95 = seen.p95
    low = scale.at(p95.low_s) if p95.low_s is not None else scale.at(seen.p50.value_s)
    high = scale.at(p95.high_s) if p95.high_s is not None else 100.0
    bounded = "" if p95.high_s is not None and p95.low_s is not None else " perf-unsure"
    return (
        f'<line class="perf-certain perf-stroke-{tone}{bounded}" x1="{low:.2f}%" x2="{high:.2f}%" y1="{y}" y2="{y}"/>'
    )


def _resource(one: Resource, y: float, at: Callable[[float], float]) -> str:
    begins, ends = at(one.start_s), at(one.end_s)
    name = f"{host_of(one.url)} · {tail_of(one.url)}" if one.third_party else tail_of(one.url)
    kind = one.kind if one.kind in KINDS else "other"
    facts = [one.url, kind, size_of(one.received), f"{spoken(one.start_s)} to {spoken(one.end_s)}"]
    facts += ["third party"] * one.third_party + ["blocks the page"] * one.blocking
    facts += [f"status {one.status}"] * (one.status >= 400)
    place = f'x="{begins:.2f}%" dx="-5" text-anchor="end"' if ends > 84 else f'x="{ends:.2f}%" dx="5"'
    block = f'<rect class="perf-blocks" x="{begins:.2f}%" y="{y + 2}" width="3" height="{_ROW - 5}"/>'
    return (
        f"<g><title>{_e(' · '.join(facts))}</title>"
        f'<rect class="perf-row" y="{y}" width="100%" height="{_ROW}"/>'
        f'<svg y="{y}" width="{_NAMES - 1}%" height="{_ROW}"><text class="perf-name{" perf-else" * one.third_party}'
        f'{" perf-bad" * (one.status >= 400)}" y="15">{_e(name)}</text></svg>'
        f'<rect class="perf-kind perf-kind-{kind}{" perf-third" * one.third_party}" x="{begins:.2f}%" y="{y + 4}" '
        f'width="{max(ends - begins, 0.3):.2f}%" height="{_ROW - 9}" rx="2"/>{block if one.blocking else ""}'
        f'<text class="perf-took" {place} y="{y + 15}">{spoken(one.end_s - one.start_s)}</text></g>'
    )


def _svg(name: str, height: float, title: str, told: str, body: str) -> str:
    return (
        f'<svg class="{name}" width="100%" height="{height:g}" role="img" aria-label="{_e(title)}: {_e(told)}">'
        f"<title>{_e(title)}</title><desc>{_e(told)}</desc>{body}</svg>"
    )


def _anchor(percent: float, start: float = 0.0) -> str:
    if percent < start + 3:
        return ' text-anchor="start"'
    return ' text-anchor="end"' if percent > 95 else ' text-anchor="middle"'


def _round_step(seconds: float) -> float:
    power = 10.0 ** len(re.findall(r"\d", f"{int(seconds)}")[1:]) if seconds >= 1 else 0.001
    while power * 10 <= seconds:
        power *= 10
    return next(power * step for step in (1, 2, 5, 10) if power * step >= seconds)


def _tick(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if 0 < seconds < 0.1 else f"{seconds:g} s"


def _e(text: str) -> str:
    return escape(clean(text, most=600))
