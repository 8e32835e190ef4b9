"""A measurement of core flows for people: the section of the HTML report, with its pictures.

One call each: `section` (with `style` in the page's style sheet), `text` for a terminal, `markdown` for a pull request.
Every text from outside goes through `_e`: cleaned, then HTML-escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from launchready.measurement import Measurement, RouteQueries, Statement, StepTimes, Visit
from launchready.performance.caching_judgement import Keep
from launchready.performance.caching_notes import Note, duration, notes
from launchready.performance.regression import Change
from launchready.report import performance_compared as compared
from launchready.report import performance_svg as svg
from launchready.report.performance_digest import (
    FAST,
    OPEN,
    PHASE_WORDS,
    PHASES,
    TONES,
    Scale,
    buyers,
    by_kind,
    causes,
    headline,
    line_words,
    paced,
    repeated,
    scale_of,
    size_of,
    slowest_visit,
    spoken,
    untold_words,
    verdict,
)
from launchready.report.performance_svg import style
from launchready.report.performance_text import markdown, text
from launchready.report.text import clean, counted

__all__ = ["markdown", "section", "style", "text"]

KEEP_TONES = {
    Keep.CACHED: "green", Keep.COULD: "amber", Keep.DYNAMIC: "grey", Keep.UNSAID: "amber", Keep.WRONG: "red",
}  # fmt: skip
MOST_ROUTES = 40
MOST_VISITS = 20
MANY = 20
"""Statements that fill a bar at least: five are few, also where no route has more."""


def section(measured: Measurement, changes: Sequence[Change] = ()) -> str:
    """The measurement as a section of an HTML page that has `style()` in its style sheet, after the report's own."""
    parts = "\n".join(
        part
        for part in (
            _lead(measured),
            _changes(changes),
            _steps(measured),
            _visits(measured),
            _queries(measured),
            _caches(measured),
            _untold(measured),
        )
        if part
    )
    return (
        f'<section class="perf" aria-labelledby="perf"><h2 id="perf">Speed of the core flows</h2>\n{parts}\n</section>'
    )


def _lead(measured: Measurement) -> str:
    facts = [
        f"{counted(measured.requests, 'request')} in {spoken(measured.elapsed_s)}",
        f"{measured.at:%Y-%m-%d %H:%M} UTC",
        f"release {measured.release}" if measured.release else "",
        measured.url,
    ]
    return (
        f'<p class="perf-lead">{_e(headline(measured))}</p>'
        f'<p class="perf-facts">{_e(line_words(measured))} {_e(", ".join(filter(None, facts)))}.</p>'
    )


def _steps(measured: Measurement) -> str:
    if not buyers(measured):
        return ""
    scale = scale_of(buyers(measured))
    axis = f'<div class="perf-scale" aria-hidden="true">{svg.axis(scale)}</div>'
    groups = paced(measured)
    parts = []
    for heading, steps in groups:
        title = f"<h3>{_e(heading)}</h3>"
        rows = "".join(_step(measured, times, scale) for times in steps)
        parts.append(f'{title}{axis}<ol class="perf-steps">{rows}</ol>')
    return "".join(parts) + _keys(_STRIP_KEYS) + _keys([(f"perf-{name}", PHASE_WORDS[name]) for name in PHASES])


def _step(measured: Measurement, times: StepTimes, scale: Scale) -> str:
    word = verdict(times)
    who = [times.flow if times.flow != times.step else "", times.route, f"as {times.user}" if times.user else ""]
    if times.seen:
        says = f"<b>{spoken(times.seen.p95.value_s)}</b>"
        told = f"p95, target {times.target_s:g} s"
    else:
        says, told = "<b>none</b>", f"of {counted(times.failures, 'walk')} came through"
    why = causes(measured, times) if word != FAST else causes(measured, times)[:1]
    if times.failures and times.seen:
        why.insert(0, f"{counted(times.failures, 'walk')} of {times.seen.n + times.failures} failed")
    if word == OPEN and times.needs:
        why.append(f"{counted(times.needs, 'more walk')} would decide it")
    return (
        f'<li class="tone-{TONES[word]}"><div class="perf-who"><b>{_short(times.step)}</b>'
        f'<span class="soft">{_short(" · ".join(filter(None, who)))}</span></div>'
        f'<div class="perf-plot">{svg.strip(times, scale)}{svg.phases(times)}</div>'
        f'<div class="perf-says">{says}<span class="soft">{_e(told)}</span><br><span class="word">{word}</span></div>'
        f'<div class="perf-why">{_why(times, why)}</div></li>'
    )


def _why(times: StepTimes, why: list[str]) -> str:
    told = [f"half within {spoken(times.seen.p50.value_s)}, p99 {spoken(times.seen.p99.value_s)}"] if times.seen else []
    told += [f"first time {spoken(times.cold_s)}"] if times.cold_s else []
    first, *others = [one[:1].upper() + one[1:] for one in (", ".join(told), *why) if one] or [""]
    if len(others) == 1:
        return f"{_e(first)}. {_e(others[0])}."
    causes = "".join(f"<li>{_e(one)}</li>" for one in others)
    return f"{_e(first)}{f'<ul>{causes}</ul>' if causes else ''}"


def _visits(measured: Measurement) -> str:
    if not measured.visits:
        return ""
    first = slowest_visit(measured)
    shown = sorted(measured.visits, key=lambda visit: visit is not first)[:MOST_VISITS]
    parts = "".join(_visit(visit, opened=visit is first) for visit in shown)
    parts += _left(len(measured.visits) - MOST_VISITS, "page")
    kinds = [(f"perf-kind perf-kind-{kind}", kind) for kind in (*svg.KINDS, "other")]
    return f"<h3>What the pages load, in a real browser</h3>{parts}{_keys(kinds + _MARK_KEYS)}"


def _visit(visit: Visit, *, opened: bool) -> str:
    moments = [f"{svg.MOMENTS[name]} {spoken(at_s)}" for name, at_s in svg.seen_at(visit) if at_s is not None]
    if visit.blank_s:
        moments.append(f"blank for {spoken(visit.blank_s)}")
    others = [one for one in visit.resources if one.third_party]
    moments.append(f"{counted(len(visit.resources), 'resource')}, {', '.join(by_kind(visit))}")
    if others:
        moments.append(f"{len(others)} from third parties")
    left = visit.resources[svg.MOST_RESOURCES :]
    more = f'<p class="soft">and {counted(len(left), "resource")} more</p>' if left else ""
    wrong = f"<pre>{_e_lines(chr(10).join(visit.errors[:8]))}</pre>" if visit.errors else ""
    return (
        f'<details class="perf-visit"{" open" if opened else ""}><summary><b>{_short(visit.step)}</b> '
        f'<span class="soft">{_e(visit.route)}: {_e(", ".join(moments))}</span></summary>'
        f"{svg.waterfall(visit)}{more}{wrong}</details>"
    )


def _queries(measured: Measurement) -> str:
    if not measured.queries:
        return ""
    ordered = sorted(measured.queries, key=lambda one: -one.calls)
    most = max(ordered[0].calls, MANY)
    rows = "".join(_asked(one, most) for one in ordered[:MOST_ROUTES])
    return (
        "<h3>What the pages ask the database</h3>"
        f'<ol class="perf-asks">{rows}</ol>{_left(len(ordered) - MOST_ROUTES, "route")}'
        + _keys([("perf-queries", "statements per request"), ("perf-often", "the same one, sent for each row")])
    )


def _asked(one: RouteQueries, most: float) -> str:
    often = "".join(f"<pre>{_e_lines(_statement(s))}</pre>" for s in repeated(one)[:2])
    share = spoken(one.database_s) + (f" of {spoken(one.server_s)}" if one.server_s else "")
    word = '<span class="word tone-red">for each row</span> ' if repeated(one) else ""
    return (
        f'<li><div class="perf-who">{_short(one.route)} {word}</div>'
        f'<div class="perf-plot">{svg.queries(one, most)}</div>'
        f'<div class="perf-says"><b>{one.calls:.0f}</b> <span class="soft">{_e(share)}</span></div>{often}</li>'
    )


def _statement(one: Statement) -> str:
    where = f" at {one.code}" if one.code else ""
    return f"{one.calls:.0f} times {one.ms:.1f} ms{where}\n{one.text}"


def _caches(measured: Measurement) -> str:
    found = notes(measured)
    if not found:
        return ""
    rows = "".join(map(_cached, found[:MOST_ROUTES]))
    return (
        "<h3>Cached or dynamic</h3>"
        '<table class="stack"><thead><tr><th scope="col">Route</th><th scope="col">Is</th><th scope="col">Kept</th>'
        '<th scope="col">Because</th><th scope="col" class="perf-number">Sent</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>{_left(len(found) - MOST_ROUTES, 'route')}"
    )


def _cached(note: Note) -> str:
    said = note.verdict
    where = f"{said.where}, {duration(said.lifetime_s)}" if said.lifetime_s else said.where
    header = f" Set <code>{_e(said.header)}</code>" if said.header else ""
    return (
        f'<tr><th scope="row">{_short(note.route)} <span class="soft">{_e(note.what)}</span></th>'
        f'<td><span class="word tone-{KEEP_TONES[said.keep]}">{_e(said.keep.value)}</span></td><td>{_e(where)}</td>'
        f'<td class="soft">{_e(said.why[:1].upper() + said.why[1:])}.{header}</td>'
        f'<td class="perf-number">{size_of(note.received)}</td></tr>'
    )


def _changes(changes: Sequence[Change]) -> str:
    if not changes:
        return ""
    ends = compared.widest(changes)
    rows = "".join(_change(one, ends) for one in compared.ordered(changes)[:MOST_ROUTES])
    axis = f'<div class="perf-scale" aria-hidden="true">{svg.ratios(ends)}</div>'
    return (
        f"<h3>Against the measurement before</h3><p>{_e(compared.headline(changes))}</p>{axis}"
        f'<ol class="perf-asks">{rows}</ol>{_left(len(changes) - MOST_ROUTES, "step")}'
    )


def _change(one: Change, ends: float) -> str:
    beside = f'<div class="perf-why soft">{_e(compared.beside(one))}</div>' if compared.beside(one) else ""
    return (
        f'<li class="tone-{compared.TONES[one.verdict]}"><div class="perf-who">{_short(compared.subject(one))}</div>'
        f'<div class="perf-plot">{svg.change(one, ends)}</div>'
        f'<div class="perf-says"><span class="word">{_e(one.verdict)}</span>'
        f'<span class="soft">{_e(compared.before_after(one))}</span></div>{beside}</li>'
    )


def _untold(measured: Measurement) -> str:
    items = "".join(
        f"<li><b>{_e(what)}</b>: {_e(why)}{f'. {_e(unlock[:1].upper() + unlock[1:])}' if unlock else ''}</li>"
        for what, why, unlock in untold_words(measured)
    )
    return f"<h3>Could not be measured</h3><ul>{items}</ul>" if items else ""


_STRIP_KEYS = [
    ("perf-often-took", "how often a walk took so long"),
    ("perf-median", "half of the buyers"),
    ("perf-p95 perf-fill-green", "nineteen of twenty (p95); the pale bar is where it surely lies"),
    ("perf-mark-key", "ninety-nine of a hundred"),
    ("perf-target-key", "the target; the axis is logarithmic"),
]
_MARK_KEYS = [
    ("perf-kind perf-kind-other perf-third", "third party"),
    ("perf-blocks", "nothing is drawn before it is there"),
    ("perf-paint", "first paint"),
    ("perf-lcp", "largest paint"),
    ("perf-data", "data seen"),
]


def _keys(keys: list[tuple[str, str]]) -> str:
    return f'<ul class="perf-keys" aria-hidden="true">{"".join(_key(*one) for one in keys)}</ul>'


def _key(name: str, words: str) -> str:
    if name in ("perf-paint", "perf-lcp", "perf-data"):
        shape = f'<line class="{name}" x1="7" x2="7" y2="12"/>'
    elif name == "perf-target-key":
        shape = '<line class="perf-target" x1="7" x2="7" y2="12"/>'
    elif name == "perf-mark-key":
        shape = '<line class="perf-mark" x1="7" x2="7" y1="1" y2="11"/>'
    elif name == "perf-median" or name.startswith("perf-p95"):
        shape = f'<circle class="{name}" cx="7" cy="6" r="4.5"/>'
    elif name == "perf-blocks":
        shape = '<rect class="perf-blocks" x="5" width="3" height="12"/>'
    else:
        shape = f'<rect class="{name}" x="1" y="1" width="12" height="10" rx="2"/>'
    return f'<li><svg width="14" height="12">{shape}</svg>{words}</li>'


def _left(number: int, one: str) -> str:
    return f'<p class="soft">and {counted(number, one)} more</p>' if number > 0 else ""


def _e(words: str) -> str:
    return escape(clean(words, most=1000))


def _short(words: str, most: int = 72) -> str:
    """What fits beside a picture; the whole is told to whoever points at it."""
    if len(words) <= most:
        return _e(words)
    return f'<span title="{_e(words)}">{_e(words[:most])}…</span>'


def _e_lines(words: str) -> str:
    return escape(clean(words, lines=True, most=2000))
