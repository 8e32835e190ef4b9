"""What a measurement of core flows comes to, before it is drawn: verdicts, causes, scales, words for numbers.

Judges as `performance.p95` does, so that pictures and findings say the same. Texts are not cleaned here.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from launchready.measurement import Measurement, Quantile, Resource, RouteQueries, Statement, StepTimes, Visit
from launchready.performance.histogram import Histogram
from launchready.performance.queries import MANY
from launchready.performance.targets import ACCOUNT
from launchready.report.text import counted

FAST, SLOW, OPEN, FAILED = "in time", "too slow", "not decided", "failed"
TONES = {FAST: "green", SLOW: "red", OPEN: "amber", FAILED: "red"}
PHASES = ("lookup", "connect", "tls", "wait", "transfer")
PHASE_WORDS = {"lookup": "lookup", "connect": "connect", "tls": "TLS", "wait": "server", "transfer": "transfer"}
PACES = {"two": "Two prospects at once"}
_PARTS = {
    "times": "Times", "queries": "Queries", "browser": "The browser", "growth": "Growth", "traces": "Traces",
}  # fmt: skip
_MUCH = 200_000
"""Bytes of one answer that are worth a word: a quarter of a second of slow start on business broadband."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Seconds on a logarithmic axis, in percent of its width."""

    low_s: float
    high_s: float

    def at(self, seconds: float) -> float:
        """Where it lies, 0 to 100; what lies beyond an end lies on it."""
        bounded = min(max(seconds, self.low_s), self.high_s)
        return 100 * math.log(bounded / self.low_s) / math.log(self.high_s / self.low_s)

    @property
    def ticks(self) -> tuple[float, ...]:
        """Round numbers within, few enough for a phone."""
        steps = (1.0,) if self.high_s / self.low_s > 300 else (1.0, 3.0) if self.high_s / self.low_s > 30 else (1, 2, 5)
        first, last = math.floor(math.log10(self.low_s)), math.ceil(math.log10(self.high_s))
        marks = (float(f"{step * 10.0**decade:g}") for decade in range(first, last + 1) for step in steps)
        return tuple(mark for mark in marks if self.low_s <= mark <= self.high_s)


def verdict(times: StepTimes) -> str:
    """Whether the 95th percentile is surely within the target, surely beyond, or neither yet."""
    if times.seen is None:
        return FAILED
    p95 = times.seen.p95
    if p95.low_s is not None and p95.low_s > times.target_s:
        return SLOW
    return FAST if p95.high_s is not None and p95.high_s <= times.target_s else OPEN


def buyers(measured: Measurement) -> tuple[StepTimes, ...]:
    """The steps that are judged; those walked to compare two accounts are too few for that."""
    return tuple(times for times in measured.steps if times.pace != ACCOUNT)


def headline(measured: Measurement) -> str:
    """The measurement in one sentence."""
    steps = buyers(measured)
    found = [verdict(times) for times in steps]
    if not steps:
        return "Nothing could be measured."
    unseen = {one.flow for one in measured.untold if one.part == "times" and one.flow} - {one.flow for one in steps}
    but = f" {counted(len(unseen), 'other flow')} could not be measured." if unseen else ""
    if all(word == FAST for word in found):
        if len(steps) == 1:
            return f"The one step measured is in time for nineteen of twenty buyers.{but}"
        return f"All {len(steps)} steps{' measured' * bool(unseen)} are in time for nineteen of twenty buyers.{but}"
    said = [f"{found.count(word)} {word}" for word in (SLOW, FAILED, OPEN, FAST) if word in found]
    return f"Of {counted(len(steps), 'step')}, {', '.join(said)}.{but}"


def line_words(measured: Measurement) -> str:
    """The line, and how it came in."""
    line = measured.line
    if measured.way == "none" or not (line.down_mbps or line.rtt_ms):
        return "As measured from here, without a buyer's line."
    how = "driven through it" if measured.way == "relay" else "computed from what was measured here"
    speed = f"{line.down_mbps:g} Mbit/s down, {line.up_mbps:g} up, {line.rtt_ms:g} ms" if line.down_mbps else ""
    return f"On {line.name} broadband ({speed or f'{line.rtt_ms:g} ms'}), {how}."


def paced(measured: Measurement) -> list[tuple[str, tuple[StepTimes, ...]]]:
    """The steps by pace, with its heading."""
    groups: dict[tuple[str, float], list[StepTimes]] = {}
    for times in buyers(measured):
        groups.setdefault((times.pace, times.rate_per_s), []).append(times)
    return [
        (PACES.get(pace) or f"New prospects, {rate:g} a second", tuple(steps)) for (pace, rate), steps in groups.items()
    ]


def scale_of(steps: Iterable[StepTimes]) -> Scale:
    """An axis on which every one of them has room."""
    seconds = [times.target_s for times in steps]
    for times in steps:
        if times.seen:
            spots = (times.seen.p50, times.seen.p95, times.seen.p99)
            seconds += [value for spot in spots for value in (spot.value_s, spot.low_s, spot.high_s) if value]
            seconds.append(times.seen.max_s)
            seconds += [edge for bucket in times.seen.counts[:1] for edge in Histogram.of((bucket,)).edges(1)]
    positive = [value for value in seconds if value > 0 and math.isfinite(value)] or [1.0]
    low = max(0.001, min(positive) / 1.25)
    return Scale(low, max(max(positive) * 1.25, low * 10))


def shares(times: StepTimes) -> list[tuple[str, float, float]]:
    """Each phase that took time: its name, seconds, and share of the whole."""
    whole_s = times.phases.total_s
    parts = [(name, getattr(times.phases, f"{name}_s")) for name in PHASES]
    return [(name, seconds, seconds / whole_s) for name, seconds in parts if whole_s > 0 and seconds > 0]


def causes(measured: Measurement, times: StepTimes) -> list[str]:
    """What a step waits for: the longest phase, then what was seen of why, the largest first. Sentences for people."""
    said: list[tuple[float, str]] = []
    longest = sorted(shares(times), key=lambda part: -part[1])[:1]
    phase = [f"{PHASE_WORDS[name]} takes {share:.0%} of it ({spoken(seconds)})" for name, seconds, share in longest]
    step = (times.flow, times.step)
    of_step = [queries for queries in measured.queries if (queries.flow, queries.step) == step]
    said += [(one.calls * one.ms / 1000, _sent_often(one)) for queries in of_step for one in repeated(queries)]
    for visit in measured.visits:
        if (visit.flow, visit.step) == step:
            said += _seen_late(visit)
    if times.received > _MUCH:
        said.append((times.phases.transfer_s, f"the answer has {size_of(times.received)}"))
    return phase + [sentence for _, sentence in sorted(said, key=lambda one: -one[0])]


def _sent_often(statement: Statement) -> str:
    where = f", at {statement.code}" if statement.code else ""
    table = f" on {statement.table}" if statement.table else ""
    return f"one statement{table} is sent {statement.calls:.0f} times per request{where}"


def _seen_late(visit: Visit) -> Iterable[tuple[float, str]]:
    blocking = [one for one in visit.resources if one.third_party and one.blocking]
    if blocking:
        hosts = ", ".join(dict.fromkeys(host_of(one.url) for one in blocking[:3]))
        yield max(one.end_s - one.start_s for one in blocking), f"the page waits for {hosts}"
    if visit.round_trips > 4:
        yield visit.data_s or 0.0, f"{visit.round_trips} answers come one after another until the data is seen"


def repeated(queries: RouteQueries) -> tuple[Statement, ...]:
    """The statements that are sent for each row, as `performance.queries` counts them."""
    return tuple(one for one in queries.statements if one.calls >= MANY)


def untold_words(measured: Measurement) -> list[tuple[str, str, str]]:
    """What is missing, why, and what would unlock it."""
    rows = []
    for one in measured.untold:
        where = f"{one.flow}: {one.step}" if one.step else one.flow or measured.domain
        rows.append((f"{_PARTS.get(one.part, one.part)} of {where}", one.reason, one.unlock))
    return rows


def by_start(visit: Visit) -> list[Resource]:
    """What a page loaded, in the order in which it was asked for."""
    return sorted(visit.resources, key=lambda one: (one.start_s, one.end_s))


def by_kind(visit: Visit) -> list[str]:
    """The bytes of a page on the wire, in all and by kind, most first."""
    sizes: Counter[str] = Counter()
    for one in visit.resources:
        sizes[one.kind] += one.received
    parts = [f"{size_of(size)} {kind}" for kind, size in sizes.most_common() if size]
    return [f"{size_of(sum(sizes.values()))} in all", *parts]


def slowest_visit(measured: Measurement) -> Visit | None:
    """The one worth looking at first."""
    return max(measured.visits, key=lambda one: one.data_s or one.load_s or one.lcp_s or 0.0, default=None)


def spoken(seconds: float | None) -> str:
    """`85 ms`, `0.42 s`, `3.1 s`, `40 s`."""
    if seconds is None:
        return "unknown"
    if seconds < 0.1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def interval(found: Quantile) -> str:
    """The value and what its confidence interval says."""
    if found.low_s is None and found.high_s is None:
        return spoken(found.value_s)
    low, high = ("?" if bound is None else spoken(bound) for bound in (found.low_s, found.high_s))
    return f"{spoken(found.value_s)} ({low} to {high})"


def size_of(size: float) -> str:
    """`900 B`, `18 kB`, `2.1 MB`."""
    if size < 1000:
        return f"{size:.0f} B"
    return f"{size / 1000:.0f} kB" if size < 1e6 else f"{size / 1e6:.1f} MB"


def host_of(url: str) -> str:
    """The host of an address, as far as there is one."""
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2] or url


def tail_of(url: str, most: int = 26) -> str:
    """What tells one resource of a page from another: the last part of its path, shortened in its middle."""
    path = url.partition("://")[2].partition("/")[2].partition("?")[0]
    name = path.rstrip("/").rpartition("/")[2] or "/" + path
    return name if len(name) <= most else f"{name[: most // 3]}…{name[-most + most // 3 + 1 :]}"
