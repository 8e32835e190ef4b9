"""Where things stand on the deployment map: columns by part, lanes by environment, texts cut to what fits.

Pure geometry in SVG user units (pixels at 100 %). Draws nothing; `map_svg.py` does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace

from launchready.model import DeploymentMap, MapNode, Part
from launchready.report.text import clean

WIDTH, MARGIN = 1180.0, 18.0
NODE_WIDTH, GAP_X, GAP_Y = 190.0, 45.0, 12.0
TOP = 44.0
"""Room for the headings of the columns."""
LANE_HEAD, LANE_PAD, LANE_GAP = 30.0, 12.0, 16.0
NAME_SIZE, DETAIL_SIZE, NAME_LINE = 13.0, 11.0, 17.0
MOST_IN_COLUMN = 12
"""Nodes of one column of one lane that are drawn; the rest is counted."""

HEADINGS = ("Domain and DNS", "Addresses", "Edge or server", "Application", "Data and services")
MAIL_LANE, CODE_LANE = "mail", "code and delivery"
_COLUMNS = {Part.DOMAIN: 0, Part.DNS: 0, Part.HOST: 1, Part.EDGE: 2, Part.APP: 3}
_LAST = 4


@dataclass(frozen=True, slots=True)
class Box:
    """A node with its place."""

    node: MapNode
    column: int
    x: float
    y: float
    height: float
    names: tuple[str, ...]
    """What of its name fits, in one line or two."""
    lines: tuple[str, ...]
    """What of its details fits, a line each."""

    @property
    def middle(self) -> float:
        """Where ways arrive and leave."""
        return self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class Lane:
    """The band of one environment."""

    name: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything placed."""

    boxes: dict[str, Box]
    lanes: tuple[Lane, ...]
    height: float


def layout(drawn: DeploymentMap) -> Layout:
    """Place every node: lanes from production down, nodes of a column near what leads to them."""
    depth = {edge.target: edge.origin for edge in drawn.edges}
    lanes: dict[str, dict[int, list[MapNode]]] = {}
    for node in drawn.nodes:
        if node.part not in (Part.DOMAIN, Part.DNS):
            lanes.setdefault(lane_of(node), {}).setdefault(_column(node, drawn, depth), []).append(node)
    boxes: dict[str, Box] = {}
    placed: list[Lane] = []
    y = TOP
    for name in (CODE_LANE, *drawn.environments, MAIL_LANE):
        if name not in lanes:
            continue
        bottom = _place_lane(lanes[name], drawn, boxes, y)
        placed.append(Lane(name, y, bottom - y))
        y = bottom + LANE_GAP
    roots = [node for node in drawn.nodes if node.part in (Part.DOMAIN, Part.DNS)]
    y = max(y, _place_roots(roots, boxes, placed) + LANE_GAP)
    return Layout(boxes, tuple(placed), y)


def lane_of(node: MapNode) -> str:
    """The band a node is drawn in: its environment, or that of mail or code, which all environments share."""
    return node.environment or (CODE_LANE if node.part is Part.CODE else MAIL_LANE)


def x_of(column: int) -> float:
    """The left side of a column."""
    return MARGIN + column * (NODE_WIDTH + GAP_X)


def fitting(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """A text, made harmless and cut with an ellipsis to `width` at `size`."""
    text = clean(text, most=400)
    if width_of(text, size, bold=bold) <= width:
        return text
    room = width - width_of("…", size, bold=bold)
    used = 0.0
    for index, char in enumerate(text):
        used += _width(char) * size * (_BOLDER if bold else 1)
        if used > room:
            return text[:index].rstrip() + "…"
    return text


def wrapped(text: str, width: float, size: float, most: int) -> tuple[str, ...]:
    """A text in at most so many lines of words; the last one cut where more would come."""
    lines = [""]
    words = clean(text).split()
    for index, word in enumerate(words):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and width_of(longer, size) > width:
            if len(lines) == most:
                return (*lines[:-1], fitting(" ".join((lines[-1], *words[index:])), width, size))
            lines.append(word)
        else:
            lines[-1] = longer
    return tuple(fitting(line, width, size) for line in lines)


def broken(text: str, width: float, size: float) -> tuple[str, ...]:
    """A bold name in one line, or two when it can be broken after a dot, dash, slash or blank; cut where it must be."""
    text = clean(text, most=400)
    if width_of(text, size, bold=True) <= width:
        return (text,)
    words = text.split(" ")
    for count in range(len(words) - 1, 0, -1):
        halves = (" ".join(words[:count]), " ".join(words[count:]))
        if all(width_of(half, size, bold=True) <= width for half in halves):
            return halves
    first = ""
    for piece in re.findall(r"[^.\-/@ ]*[.\-/@ ]?", text):
        if width_of(first + piece, size, bold=True) > width:
            break
        first += piece
    if not first:
        return (fitting(text, width, size, bold=True),)
    return (first.rstrip(), fitting(text[len(first) :], width, size, bold=True))


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """About how wide a text is in a sans-serif face; rather too wide than too narrow."""
    return sum(map(_width, text)) * size * (_BOLDER if bold else 1)


def _place_lane(columns: dict[int, list[MapNode]], drawn: DeploymentMap, boxes: dict[str, Box], top: float) -> float:
    stacks: dict[int, list[Box]] = {}
    for column in sorted(columns):
        order = _near_what_leads_there(columns[column], drawn, stacks)
        stacks[column] = [_box(node, column) for node in _counted(order)]
    tallest = max(_height(stack) for stack in stacks.values())
    for stack in stacks.values():
        y = top + LANE_HEAD + (tallest - _height(stack)) / 2
        for box in stack:
            boxes[box.node.id] = _moved(box, y)
            y += box.height + GAP_Y
    return top + LANE_HEAD + tallest + LANE_PAD


def _near_what_leads_there(nodes: list[MapNode], drawn: DeploymentMap, stacks: dict[int, list[Box]]) -> list[MapNode]:
    """By the mean position of what leads to each; what nothing leads to keeps its place behind."""
    rank = {box.node.id: index for stack in stacks.values() for index, box in enumerate(stack)}

    def mean(node: MapNode) -> float:
        ranks = [rank[edge.origin] for edge in drawn.edges if edge.target == node.id and edge.origin in rank]
        return sum(ranks) / len(ranks) if ranks else len(rank)

    return sorted(nodes, key=mean) if stacks else nodes


def _counted(nodes: list[MapNode]) -> Iterable[MapNode]:
    if len(nodes) <= MOST_IN_COLUMN:
        return nodes
    # What must change is drawn first; the rest is named in words below the map.
    kept = sorted(nodes, key=lambda n: (n.severity.rank if n.severity else 9, nodes.index(n)))[: MOST_IN_COLUMN - 1]
    rest = [node for node in nodes if node not in kept]
    names = ", ".join(node.name for node in rest)
    more = MapNode(f"more:{rest[0].id}", rest[0].part, f"{len(rest)} more", rest[0].environment, (names,))
    return [*(node for node in nodes if node in kept), more]


def _place_roots(roots: list[MapNode], boxes: dict[str, Box], lanes: list[Lane]) -> float:
    stack = [_box(node, 0) for node in roots]
    reached = [lane for lane in lanes if lane.name != CODE_LANE]
    middle = (reached[0].y + reached[-1].y + reached[-1].height) / 2 if reached else TOP
    gap = 34.0
    y = max(TOP + LANE_HEAD, middle - (sum(box.height for box in stack) + gap * (len(stack) - 1)) / 2)
    for box in stack:
        boxes[box.node.id] = _moved(box, y)
        y += box.height + gap
    return y


def _box(node: MapNode, column: int) -> Box:
    room = NODE_WIDTH - 22
    names = broken(node.name, room - 20, NAME_SIZE)
    lines = wrapped(" · ".join(node.details), room, DETAIL_SIZE, 3) if node.details else ()
    height = 14 + NAME_LINE * len(names) + 15 * len(lines) + (20 if node.findings else 0)
    return Box(node, column, x_of(column), 0.0, height, names, lines)


def _moved(box: Box, y: float) -> Box:
    return replace(box, y=y)


def _height(stack: list[Box]) -> float:
    return sum(box.height for box in stack) + GAP_Y * (len(stack) - 1)


def _column(node: MapNode, drawn: DeploymentMap, leads: dict[str, str]) -> int:
    if not node.environment and node.part in (Part.MAIL, Part.CODE):
        # Shared mail and code begin where addresses do, and what they lead to stands a column further.
        parts = {n.id: n.part for n in drawn.nodes}
        return 2 if parts.get(leads.get(node.id, "")) is node.part else 1
    return _COLUMNS.get(node.part, _LAST)


def _width(char: str) -> float:
    if char in "iljtfr.,:;'|!()[] ·/":
        return 0.36
    if char in "mwMW@%—":
        return 0.9
    if char.isascii():
        return 0.7 if char.isupper() else 0.58
    return 1.05 if unicodedata.east_asian_width(char) in "WF" else 0.68


_BOLDER = 1.06
