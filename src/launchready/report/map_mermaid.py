"""The deployment map as a Mermaid flowchart, for a README or a wiki; every text escaped to what Mermaid only shows.

https://mermaid.js.org/syntax/flowchart.html: a quoted label takes entity codes (`#35;`), so every character that
could mean something to Mermaid, Markdown or HTML is written as one.
"""

from __future__ import annotations

from launchready.model import DeploymentMap, MapNode, Part, Severity
from launchready.report.map_layout import lane_of
from launchready.report.map_text import counts
from launchready.report.text import clean

_SHAPES = {
    Part.DATABASE: ("[(", ")]"),
    Part.CACHE: ("[(", ")]"),
    Part.STORAGE: ("[(", ")]"),
    Part.DOMAIN: ("([", "])"),
    Part.EDGE: ("{{", "}}"),
}
_CLASSES = {Severity.BLOCKER: "blocker", Severity.HIGH: "high", Severity.NICE: "nice"}
_PLAIN = frozenset(" .,:/-+=?!'’·→—")
"""Besides letters and digits, what is written as it is."""


def render(drawn: DeploymentMap) -> str:
    """The map as the text of a Mermaid flowchart."""
    short = {node.id: f"n{index}" for index, node in enumerate(drawn.nodes)}
    lanes: dict[str, list[MapNode]] = {}
    lines = ["flowchart LR"]
    for node in drawn.nodes:
        if node.part in (Part.DOMAIN, Part.DNS):
            lines.append(f"  {_node(node, short)}")
        else:
            lanes.setdefault(lane_of(node), []).append(node)
    for index, (name, nodes) in enumerate(lanes.items()):
        lines.append(f'  subgraph lane{index}["{quoted(name)}"]')
        lines += [f"    {_node(node, short)}" for node in nodes]
        lines.append("  end")
    lines += [f"  {short[e.origin]} --> {short[e.target]}" for e in drawn.edges if {e.origin, e.target} <= short.keys()]
    lines += [f"  class {short[n.id]} {_CLASSES[n.severity]}" for n in drawn.nodes if n.severity]
    lines += [f"  class {short[n.id]} unseen" for n in drawn.nodes if not n.known]
    lines += [
        "  classDef blocker fill:#fbe9e7,stroke:#b3261e,stroke-width:2px,color:#1d2125",
        "  classDef high fill:#fdf1d8,stroke:#805000,stroke-width:2px,color:#1d2125",
        "  classDef nice fill:#e5f0fa,stroke:#1f5c8f,color:#1d2125",
        "  classDef unseen stroke-dasharray:5 4",
    ]
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """A text inside a quoted label: anything but letters, digits and harmless signs as an entity code."""
    return "".join(char if char.isalnum() or char in _PLAIN else f"#{ord(char)};" for char in clean(text, most=200))


def _node(node: MapNode, short: dict[str, str]) -> str:
    left, right = _SHAPES.get(node.part, ("[", "]"))
    lines = [node.name, *node.details[:2], *counts(node)]
    return f'{short[node.id]}{left}"{"<br/>".join(map(quoted, lines))}"{right}'
