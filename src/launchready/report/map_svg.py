"""The deployment map as SVG: no script, nothing fetched, light and dark by CSS variables, every text escaped.

Colours are also written as attributes, for viewers that know no CSS variables. Inside the HTML report the page's own
style sheet colours it; alone it brings the same one along.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape
from importlib.resources import files

from launchready.model import DeploymentMap, Finding, MapNode, Severity
from launchready.report.map_icons import ICONS
from launchready.report.map_layout import (
    DETAIL_SIZE,
    GAP_X,
    HEADINGS,
    MARGIN,
    NAME_LINE,
    NAME_SIZE,
    NODE_WIDTH,
    WIDTH,
    Box,
    Lane,
    Layout,
    fitting,
    layout,
    width_of,
    wrapped,
    x_of,
)
from launchready.report.text import clean, counted

TONES = {Severity.BLOCKER: "red", Severity.HIGH: "amber", Severity.NICE: "blue"}
CHANGES = 10
"""Findings that are told below the map; the report tells them all."""
_LIGHT = {"red": "#b3261e", "amber": "#805000", "blue": "#1f5c8f", "line": "#dcdad5", "soft": "#565d66"}
_SOFT = {"red": "#fbe9e7", "amber": "#fdf1d8", "blue": "#e5f0fa"}


def render(drawn: DeploymentMap) -> str:
    """The map as an SVG file of its own, with what must change below it."""
    placed = layout(drawn)
    below, height = _changes(drawn, placed.height)
    style = f"<style>{_style()}</style>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_svg(drawn, placed, height, style, below)}\n'


def picture(drawn: DeploymentMap) -> str:
    """The map as an `<svg>` element for a page that has `style()` in its style sheet."""
    placed = layout(drawn)
    return _svg(drawn, placed, placed.height, "", "")


def style() -> str:
    """The rules of the map, on the colours of the report's page."""
    return files("launchready.report").joinpath("map.css").read_text(encoding="utf-8")


def summary(drawn: DeploymentMap) -> str:
    """The map in one sentence, for those who do not see it."""
    environments = ", ".join(map(clean, drawn.environments)) or "no environment"
    parts = counted(len(drawn.nodes), "part")
    changes = counted(len(drawn.must_change), "finding")
    return f"{parts} of {clean(drawn.domain)} in {environments}; {changes} on them."


def _svg(drawn: DeploymentMap, placed: Layout, height: float, style: str, below: str) -> str:
    title = f"Deployment map of {clean(drawn.domain)}"
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="map" viewBox="0 0 {WIDTH:g} {height:g}" width="{WIDTH:g}" '
            f'height="{height:g}" role="img" aria-labelledby="map-title map-summary" '
            "font-family=\"system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif\">",
            f'<title id="map-title">{escape(title)}</title>',
            f'<desc id="map-summary">{escape(summary(drawn))}</desc>',
            f"{style}{_ARROW}",
            f'<rect class="map-paper" width="{WIDTH:g}" height="{height:g}" fill="#fbfaf8"/>',
            *map(_lane, placed.lanes),
            *(_heading(column, words) for column, words in enumerate(HEADINGS)),
            *(_way(placed.boxes, edge.origin, edge.target) for edge in drawn.edges),
            *map(_box, placed.boxes.values()),
            below,
            "</svg>",
        )
    )


def _lane(lane: Lane) -> str:
    x = x_of(1) - 18
    name = escape(fitting(lane.name, 400, 12, bold=True))
    return (
        f'<rect class="map-lane" x="{x:g}" y="{lane.y:g}" width="{WIDTH - x - 4:g}" height="{lane.height:g}" rx="12" '
        f'fill="#f1efea"/><text class="map-soft" x="{x + 14:g}" y="{lane.y + 20:g}" font-size="12" font-weight="700" '
        f'letter-spacing=".04em" fill="#565d66">{name}</text>'
    )


def _heading(column: int, words: str) -> str:
    return (
        f'<text class="map-soft" x="{x_of(column):g}" y="28" font-size="12.5" font-weight="600" fill="#565d66">'
        f"{escape(words)}</text>"
    )


def _way(boxes: dict[str, Box], origin: str, target: str) -> str:
    if origin not in boxes or target not in boxes:
        return ""
    one, other = boxes[origin], boxes[target]
    if one.column == other.column:
        x = one.x + NODE_WIDTH / 2
        path = f"M{x:g} {one.y + one.height:g}L{x:g} {other.y - 3:g}"
    else:
        x, to = one.x + NODE_WIDTH, other.x - 3
        # A way past a column keeps to its own height until the last gap, so that it runs behind as little as may be.
        start = max(x, to - GAP_X - 3)
        bend = (to - start) * 0.6
        path = (
            f"M{x:g} {one.middle:g}L{start:g} {one.middle:g}"
            f"C{start + bend:g} {one.middle:g} {to - bend:g} {other.middle:g} {to:g} {other.middle:g}"
        )
    unseen = "" if one.node.known and other.node.known else ' stroke-dasharray="4 4"'
    return (
        f'<path class="map-way" d="{path}" fill="none" stroke="#8d949c" stroke-width="1.4"{unseen} '
        'marker-end="url(#map-arrow)"/>'
    )


def _box(box: Box) -> str:
    node, tone = box.node, TONES[box.node.severity] if box.node.severity else ""
    edge = _LIGHT[tone] if tone else "#b9bec4"
    dashed = "" if node.known else ' stroke-dasharray="5 4"'
    names = "".join(
        f'<tspan x="{box.x + 32:g}" y="{box.y + 20.5 + NAME_LINE * index:g}">{escape(line)}</tspan>'
        for index, line in enumerate(box.names)
    )
    below = box.y + 20 + NAME_LINE * len(box.names)
    lines = "".join(
        f'<text class="map-soft" x="{box.x + 12:g}" y="{below + 15 * index:g}" font-size="{DETAIL_SIZE:g}" '
        f'fill="#565d66">{escape(line)}</text>'
        for index, line in enumerate(box.lines)
    )
    bar = (
        f'<path class="map-{tone}" d="M{box.x + 5:g} {box.y:g}h-0a5 5 0 0 0-5 5v{box.height - 10:g}a5 5 0 0 0 5 5z" '
        f'fill="{edge}"/>'
        if tone
        else ""
    )
    return (
        f"<g><title>{escape(_told(node))}</title>"
        f'<rect class="map-card map-edge-{tone or "plain"}" x="{box.x:g}" y="{box.y:g}" width="{NODE_WIDTH:g}" '
        f'height="{box.height:g}" rx="7" fill="#ffffff" stroke="{edge}"{dashed}/>{bar}'
        f'<g class="map-icon" transform="translate({box.x + 11:g} {box.y + 8:g})" fill="none" stroke="#565d66" '
        f'stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round">{ICONS[node.part]}</g>'
        f'<text class="map-ink" font-size="{NAME_SIZE:g}" font-weight="650" fill="#1d2125">{names}</text>'
        f"{lines}{_chips(box)}</g>"
    )


def _chips(box: Box) -> str:
    """How many findings of each severity, as small labels at the foot of a node."""
    y = box.y + box.height - 24
    labels = []
    for severity, short in ((Severity.BLOCKER, "blocker"), (Severity.HIGH, "high"), (Severity.NICE, "nice")):
        if number := box.node.count(severity):
            words = counted(number, short) if severity is Severity.BLOCKER else f"{number} {short}"
            labels.append((words, str(number), TONES[severity]))
    # Colours and the order say which is which where the words do not fit; the title of the node has them all.
    roomy = sum(width_of(words, 10.5, bold=True) + 17 for words, _, _ in labels) <= NODE_WIDTH - 17
    x, parts = box.x + 11, []
    for words, figure, tone in labels:
        said = words if roomy or words.endswith(("blocker", "blockers")) else figure
        width = width_of(said, 10.5, bold=True) + 12
        parts.append(_chip(x, y, width, 16, said, tone, 10.5))
        x += width + 5
    return "".join(parts)


def _chip(x: float, y: float, width: float, height: float, words: str, tone: str, size: float) -> str:
    return (
        f'<rect class="map-tint-{tone}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4" '
        f'fill="{_SOFT[tone]}"/><text class="map-{tone}" x="{x + width / 2:g}" y="{y + height / 2 + size * 0.36:g}" '
        f'font-size="{size:g}" font-weight="650" text-anchor="middle" fill="{_LIGHT[tone]}">{escape(words)}</text>'
    )


def _changes(drawn: DeploymentMap, top: float) -> tuple[str, float]:
    """What must change, gravest first, and the height of all of it."""
    pairs = drawn.must_change
    words = f"What must change ({len(pairs)})" if pairs else "Nothing on this map must change, of what was looked at"
    y = top + 26
    rows = [
        f'<text class="map-ink" x="{MARGIN:g}" y="{y:g}" font-size="16" font-weight="700" fill="#1d2125">{words}</text>'
    ]
    y += 14
    for node, finding in pairs[:CHANGES]:
        alike = sum(other.name == node.name for other in drawn.nodes) > 1 and node.environment
        row, height = _change(f"{node.name}, {node.environment}" if alike else node.name, finding, y)
        rows.append(row)
        y += height
    if len(pairs) > CHANGES:
        rest = f"and {len(pairs) - CHANGES} more in the report"
        rows.append(f'<text class="map-soft" x="{MARGIN:g}" y="{y + 18:g}" font-size="13" fill="#565d66">{rest}</text>')
        y += 24
    return "\n".join(rows), y + 22


def _change(name: str, finding: Finding, y: float) -> tuple[str, float]:
    severity = finding.severity or Severity.NICE
    where = fitting(name, 240, 13, bold=True)
    lines = wrapped(finding.problem, WIDTH - 370 - MARGIN, 13, 2)
    told = "".join(
        f'<text class="map-ink" x="370" y="{y + 19 + 17 * index:g}" font-size="13" fill="#1d2125">{escape(line)}</text>'
        for index, line in enumerate(lines)
    )
    chip = _chip(MARGIN, y + 5, 92, 20, severity.value, TONES[severity], 12)
    subject = (
        f'<text class="map-ink" x="{MARGIN + 104:g}" y="{y + 19:g}" font-size="13" font-weight="650" fill="#1d2125">'
        f"{escape(where)}</text>"
    )
    return f"<g><title>{escape(clean(finding.problem))}</title>{chip}{subject}{told}</g>", 12 + 17.0 * len(lines)


def _told(node: MapNode) -> str:
    """A node in whole: what the drawing cuts."""
    seen = f" (seen in {node.seen_in})" if node.seen_in else ""
    findings = [f"{(f.severity or Severity.NICE).value}: {f.problem}" for f in node.findings]
    lines = (f"{node.part.value}: {node.name}{seen}", *node.details, *findings)
    return "\n".join(clean(line, most=600) for line in lines)


@cache
def _style() -> str:
    """The palette of the report's page, light and dark, and the map's rules."""
    page = files("launchready.report").joinpath("page.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{[^}]*\}", page)[:2]
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n{style()}"


_ARROW = (
    '<defs><marker id="map-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
    'orient="auto"><path class="map-tip" d="M0 .8 7.4 4 0 7.2z" fill="#8d949c"/></marker></defs>'
)
