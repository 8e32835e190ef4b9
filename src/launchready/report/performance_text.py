"""A measurement of core flows on a terminal and in Markdown: steps with their percentiles, bars, causes.

On a terminal everything is built from `Text`, never from markup, and cleaned first.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.text import Text

from launchready.measurement import Measurement, StepTimes
from launchready.performance.regression import Change
from launchready.report import performance_compared as compared
from launchready.report.markdown_text import code, prose, row
from launchready.report.performance_digest import (
    FAST,
    OPEN,
    TONES,
    Scale,
    buyers,
    causes,
    headline,
    interval,
    line_words,
    paced,
    scale_of,
    spoken,
    untold_words,
    verdict,
)
from launchready.report.text import clean, counted

STYLES = {"green": "green", "amber": "yellow", "red": "bold red", "blue": "cyan", "grey": "dim"}
MOST_CAUSES = 4
NAME = 60
"""Characters of a step's name or route."""


def text(measured: Measurement, changes: Sequence[Change] = ()) -> RenderableType:
    """The measurement for a terminal of 40 columns or more."""
    parts: list[RenderableType] = [Text(clean(headline(measured)), "bold"), Text(clean(line_words(measured)), "dim")]
    scale = scale_of(buyers(measured))
    for heading, steps in paced(measured):
        parts += [Text(), Text(clean(heading), "bold")]
        for times in steps:
            parts += _step(measured, times, scale)
    if changes:
        parts += [Text(), Text("Against the measurement before", "bold"), Text(compared.headline(changes))]
        parts += [
            Padding(
                Text.assemble(
                    f"{clean(compared.subject(one), most=NAME)}: ",
                    f"{compared.before_after(one)}, " if compared.before_after(one) else "",
                    (clean(compared.words(one)), STYLES[compared.TONES[one.verdict]]),
                ),
                (0, 0, 0, 2),
            )
            for one in compared.ordered(changes)
        ]
    if missing := untold_words(measured):
        parts += [Text(), Text("Could not be measured", "bold")]
        parts += [
            Padding(Text(clean(f"{what}: {why}{f'; {unlock}' if unlock else ''}")), (0, 0, 0, 2))
            for what, why, unlock in missing
        ]
    return Group(*parts)


def markdown(measured: Measurement, changes: Sequence[Change] = ()) -> str:
    """The measurement as GitHub-flavoured Markdown."""
    parts = ["## Speed of the core flows", f"**{prose(headline(measured))}** {prose(line_words(measured))}"]
    for heading, steps in paced(measured):
        rows = [_row(times) for times in steps]
        head = ["| step | is | p50 | p95 | p99 | target |", "| --- | --- | ---: | ---: | ---: | ---: |"]
        parts += [f"### {prose(heading)}", "\n".join([*head, *rows])]
    slow = [times for times in buyers(measured) if verdict(times) != FAST]
    for times in slow:
        if found := causes(measured, times)[:MOST_CAUSES]:
            parts.append(
                "\n".join(
                    [
                        f"What {code(clean(times.step, most=NAME))} waits for:",
                        "",
                        *(f"- {prose(cause)}" for cause in found),
                    ]
                )
            )
    if changes:
        lines = [
            row(code(clean(compared.subject(one), most=NAME)), compared.before_after(one), prose(compared.words(one)))
            for one in compared.ordered(changes)
        ]
        head = ["| step | was | is |", "| --- | ---: | --- |"]
        parts += [
            "### Against the measurement before",
            prose(compared.headline(changes)),
            "\n".join([*head, *lines]),
        ]
    if missing := untold_words(measured):
        lines = [
            f"- {prose(what)}: {prose(why)}{f'; {prose(unlock)}' if unlock else ''}" for what, why, unlock in missing
        ]
        parts += ["### Could not be measured", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def _step(measured: Measurement, times: StepTimes, scale: Scale) -> list[RenderableType]:
    word = verdict(times)
    style = STYLES[TONES[word]]
    name = Text.assemble(
        (clean(times.step, most=NAME), "bold"), (f"  {clean(times.route, most=NAME)}", "dim"), "  ", (word, style)
    )
    parts: list[RenderableType] = [name]
    if times.seen:
        seen = times.seen
        told = f"p50 {spoken(seen.p50.value_s)}  p95 {interval(seen.p95)}  p99 {spoken(seen.p99.value_s)}"
        parts.append(Padding(Text(f"{told}  target {times.target_s:g} s"), (0, 0, 0, 2)))
        parts.append(Padding(_Bar(times, scale, style), (0, 0, 0, 2)))
    else:
        parts.append(Padding(Text(f"none of {counted(times.failures, 'walk')} came through"), (0, 0, 0, 2)))
    most = MOST_CAUSES if word != FAST else 1
    said = causes(measured, times)[:most]
    if times.failures and times.seen:
        said.insert(0, f"{counted(times.failures, 'walk')} failed")
    if word == OPEN and times.needs:
        said.append(f"{counted(times.needs, 'more walk')} would decide it")
    parts += [Padding(Text(clean(f"{cause[:1].upper()}{cause[1:]}"), "dim"), (0, 0, 0, 2)) for cause in said]
    return parts


class _Bar:
    """A step on a line of characters: from the median to the 99th percentile, p95 and the target marked."""

    def __init__(self, times: StepTimes, scale: Scale, style: str) -> None:
        self.times, self.scale, self.style = times, scale, style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it as wide as there is room, in ASCII where the terminal has no more."""
        seen = self.times.seen
        if seen is None:
            return
        width = max(10, min(options.max_width, 72))
        dash, bar, dot, target = "-=o|" if options.ascii_only else "─━●┃"

        def at(seconds: float) -> int:
            return min(width - 1, int(self.scale.at(seconds) / 100 * width))

        marks = [(dash, "dim")] * width
        for place in range(at(seen.p50.value_s), at(seen.p99.value_s) + 1):
            marks[place] = (bar, self.style)
        marks[at(self.times.target_s)] = (target, "bold")
        marks[at(seen.p95.value_s)] = (dot, self.style)
        yield Text.assemble(*marks)


def _row(times: StepTimes) -> str:
    word = verdict(times)
    if times.seen is None:
        told = f"{counted(times.failures, 'walk')}, none came through"
        return row(code(clean(times.step, most=NAME)), f"**{word}**", told, "", "", f"{times.target_s:g} s")
    seen = times.seen
    cells = (spoken(seen.p50.value_s), interval(seen.p95), spoken(seen.p99.value_s), f"{times.target_s:g} s")
    shown = word if word == FAST else f"**{word}**"
    return row(code(clean(times.step, most=NAME)), shown, *cells)
