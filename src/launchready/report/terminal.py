"""The report on a terminal, 40 to 200 columns wide: verdict, what to do first, findings, bar, what was not seen.

Words carry the meaning and colours repeat it, so nothing is lost without them. Everything is built from `Text`,
never from markup, and passes `clean` first: what a stranger wrote cannot style or steer the terminal.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.terminal_theme import TerminalTheme
from rich.text import Text
from rich.tree import Tree as DrawnTree

from launchready.model import BarRow, DeploymentMap, Finding, Proof, Report, Severity, Status, Tree, Verdict
from launchready.report import digest, map_text
from launchready.report.digest import Blind, Group
from launchready.report.performance_digest import headline, line_words
from launchready.report.text import clean, counted, listed, minutes

VERDICT_STYLE = {Verdict.READY: "green", Verdict.NOT_READY: "red", Verdict.UNPROVEN: "yellow"}
SEVERITY_STYLE = {Severity.BLOCKER: "bold red", Severity.HIGH: "yellow", Severity.NICE: "cyan"}
PROOF_STYLE = {
    Proof.PROVEN: "green",
    Proof.BROKEN: "bold red",
    Proof.UNPROVEN: "yellow",
    Proof.OUT_OF_SCOPE: "dim",
}
WIDE = 76
"""Columns from which the minimum bar is a table; below it is a list."""


def render(report: Report, console: Console) -> None:
    """Print the report."""
    for part in (_verdict, _first, _findings, _bar, _measured, _blind, _accepted, _pictures, _end):
        part(report, console)


def render_map(drawn: DeploymentMap, console: Console) -> None:
    """Print the deployment map as a tree, and what must change below it."""
    console.print(_drawn(map_text.tree(drawn), lambda label: DrawnTree(Text(label), guide_style="dim")))
    changes = drawn.must_change
    _heading(console, f"What must change ({len(changes)})" if changes else "Nothing on it must change")
    for node, finding in changes:
        severity = digest.severity_of(finding)
        words = Text.assemble((f"[{severity}] ", SEVERITY_STYLE[severity]), (f"{_t(node.name)}: ", "bold"))
        console.print(_hanging("-", words.append(_t(finding.problem))))


def picture(report: Report, *, width: int = 100, most_lines: int = 48) -> str:
    """The beginning of the report as an SVG image, for a README: self-contained, no font is fetched."""
    import io

    console = Console(record=True, width=width, force_terminal=True, color_system="truecolor", file=io.StringIO())
    render(report, console)
    whole = console.export_text(clear=False, styles=True).splitlines()
    if len(whole) > most_lines:
        console = Console(record=True, width=width, force_terminal=True, color_system="truecolor", file=io.StringIO())
        shown = [*whole[:most_lines], f"… {len(whole) - most_lines} more lines"]
        console.print(Text.from_ansi("\n".join(shown)))
    svg = console.export_svg(title=f"launchready check {clean(report.domain)}", unique_id="launchready", theme=_THEME)
    return re.sub(r"@font-face\s*\{[^}]*\}", "", svg)


def _verdict(report: Report, console: Console) -> None:
    style = VERDICT_STYLE[report.verdict]
    title = Text.assemble((digest.VERDICT_WORDS[report.verdict], f"bold {style}"), "  ", (_t(report.domain), "bold"))
    body = Text("\n").join([title, Text(digest.headline(report)), Text(digest.totals(report), "dim")])
    console.print(Panel(body, border_style=style, expand=True, padding=(0, 1)))


def _first(report: Report, console: Console) -> None:
    steps = digest.first_steps(report)
    if not steps:
        return
    _heading(console, "What to do first")
    for number, step in enumerate(steps, 1):
        words = Text.assemble(
            (f"[{step.severity}] ", SEVERITY_STYLE[step.severity]),
            "".join(digest.sentence(step.first)),
            (_on_more(step), "dim"),
            (f"  {minutes(step.effort_min)}", "bold"),
        )
        console.print(_hanging(f"{number}.", words))


def _findings(report: Report, console: Console) -> None:
    for severity, rows in digest.by_severity(report):
        number = sum(len(group.findings) for group in rows)
        _heading(console, f"{digest.SEVERITY_HEADINGS[severity]} ({number})", SEVERITY_STYLE[severity])
        for index, group in enumerate(rows):
            if index:
                console.print()
            _group(group, console)


def _group(group: Group, console: Console) -> None:
    first = group.first
    console.print(
        Text.assemble(
            (f"[{group.severity}] ", SEVERITY_STYLE[group.severity]),
            (_t(first.check), "bold"),
            (f"  {minutes(group.effort_min)}", "dim"),
        )
    )
    shared = group.shared_paste
    for finding in group.findings:
        before, subject, after = digest.sentence(finding)
        console.print(Padding(Text.assemble(before, (subject, "underline"), after), (0, 0, 0, 2)))
        if finding.evidence:
            _labelled(console, "seen", clean(finding.evidence, lines=True), "dim")
        if finding.paste and not shared:
            _paste(console, finding)
    _labelled(console, "why", _t(first.why))
    _labelled(console, "fix", clean(first.fix, lines=True))
    if shared:
        _paste(console, first)
    _labelled(console, "see", _t(first.reference), "dim")


def _paste(console: Console, finding: Finding) -> None:
    """Long records keep to one line where the terminal wraps them itself, so that they can be copied whole."""
    _labelled(console, "paste", " ")
    for line in clean(finding.paste, lines=True).splitlines():
        console.print(Text(f"    {line}", "green"), soft_wrap=not console.record)


def _bar(report: Report, console: Console) -> None:
    if not report.bar:
        return
    _heading(console, "The minimum bar")
    if console.width < WIDE:
        for row in report.bar:
            words = Text.assemble(_proof(row), (f"  {_t(row.must_hold)}: "), (_t(row.reason), "dim"))
            console.print(_hanging(_t(row.id), words))
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False, header_style="dim")
    for name, ratio in (("row", None), ("is", None), ("must hold", 3), ("because", 2)):
        table.add_column(name, ratio=ratio, no_wrap=ratio is None)
    for row in report.bar:
        table.add_row(Text(_t(row.id)), _proof(row), Text(_t(row.must_hold)), Text(_t(row.reason), "dim"))
    console.print(table)


def _proof(row: BarRow) -> Text:
    return Text(digest.PROOF_WORDS[row.proof], PROOF_STYLE[row.proof])


def _measured(report: Report, console: Console) -> None:
    if report.measured is None:
        return
    measured = report.measured
    _heading(console, "Speed of the core flows")
    console.print(_hanging("-", Text.assemble(_t(headline(measured)), (f" {_t(line_words(measured))}", "dim"))))
    seen = f"Measured {measured.at:%Y-%m-%d %H:%M} UTC"
    release = f", release {_t(measured.release)}" if measured.release else ""
    console.print(Text(f"{seen}{release}; with pictures: -o report.html", "dim"))


def _blind(report: Report, console: Console) -> None:
    rows = digest.blind(report)
    if not rows:
        return
    _heading(console, f"Could not be checked ({len(digest.of_status(report, Status.NOT_CHECKED))})", "yellow")
    for row in rows:
        console.print(_hanging("?", _blind_words(row)))


def _blind_words(row: Blind) -> Text:
    words = Text(_t(row.reason))
    if row.unlock:
        words.append(f"\n→ {_t(row.unlock)}")
    subjects = listed([_t(s) for s in row.subjects], 4)
    return words.append(f"\n{listed([_t(c) for c in row.checks])} · {subjects}", "dim")


def _accepted(report: Report, console: Console) -> None:
    if not report.accepted:
        return
    _heading(console, f"Accepted risks ({len(report.accepted)})")
    for finding in report.accepted:
        words = Text.assemble(
            (f"[{digest.severity_of(finding)}] ", SEVERITY_STYLE[digest.severity_of(finding)]),
            f"{_t(finding.check)}: {''.join(digest.sentence(finding))}",
            (f"\naccepted: {_t(finding.accepted)}", "dim"),
        )
        console.print(_hanging("-", words))


def _pictures(report: Report, console: Console) -> None:
    for title, tree in report.pictures.items():
        _heading(console, _t(title))
        console.print(_drawn(digest.pruned(tree), lambda label: DrawnTree(Text(label), guide_style="dim")))


def _drawn(tree: Tree, plant: Callable[[str], DrawnTree]) -> DrawnTree:
    drawn = plant(_t(tree.label))
    for child in tree.children:
        _drawn(child, lambda label: drawn.add(Text(label)))
    return drawn


def _end(report: Report, console: Console) -> None:
    console.print()
    if report.hosts:
        console.print(Text(f"Looked at {listed([_t(h) for h in report.hosts], 12)}.", "dim"))
    version = f" · launchready {_t(report.version)}" if report.version else ""
    console.print(Text(f"{digest.cost(report)}{version}", "dim"))
    if report.findings:
        console.print(Text.assemble("More on a finding: ", ("launchready explain CHECK", "bold")))


def _heading(console: Console, words: str, style: str = "bold") -> None:
    console.print()
    console.print(Text(words, f"bold {style}" if style != "bold" else style))


def _labelled(console: Console, label: str, words: str, style: str = "") -> None:
    if words:
        console.print(Padding(_hanging(label, Text(words.rstrip(), style), 5), (0, 0, 0, 2)))


def _hanging(mark: str, words: RenderableType, at_least: int = 0) -> Table:
    """A mark and, to its right, text whose later lines keep clear of the mark."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True, min_width=at_least or None, style="dim" if at_least else "")
    grid.add_column(ratio=1, overflow="fold")
    grid.add_row(Text(mark), words)
    return grid


def _on_more(group: Group) -> str:
    others = len(group.subjects) - 1
    return f" (and {counted(others, 'other place')})" if others > 0 else ""


def _t(text: str) -> str:
    return clean(text)


_THEME = TerminalTheme(
    (250, 250, 250),
    (36, 41, 47),
    [
        (36, 41, 47),
        (207, 34, 46),
        (17, 99, 41),
        (154, 103, 0),
        (9, 105, 218),
        (130, 80, 223),
        (27, 124, 131),
        (87, 96, 106),
    ],
    [
        (87, 96, 106),
        (164, 14, 38),
        (26, 127, 55),
        (99, 60, 1),
        (33, 139, 255),
        (163, 113, 247),
        (49, 146, 170),
        (140, 149, 159),
    ],
)
"""Dark text on light paper, readable in both of a README's modes."""
