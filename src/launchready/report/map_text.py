"""The deployment map in words: a tree for the terminal and for those who do not see the picture."""

from __future__ import annotations

from launchready.model import DeploymentMap, MapNode, Part, Severity, Tree
from launchready.report.text import counted

MOST = 40
"""Nodes of one environment that are named."""
_SHARED = {Part.MAIL: "mail", Part.CODE: "code and delivery"}


def tree(drawn: DeploymentMap) -> Tree:
    """Domain and DNS, then each environment with its parts in the order a request passes them."""
    roots = [node for node in drawn.nodes if node.part in (Part.DOMAIN, Part.DNS)]
    children = [Tree(_label(node)) for node in roots[1:]]
    children += [
        Tree(environment, _rows(drawn, [n for n in drawn.nodes if n.environment == environment]))
        for environment in drawn.environments
    ]
    for part, title in _SHARED.items():
        if shared := [n for n in drawn.nodes if n.part is part and not n.environment]:
            children.append(Tree(title, _rows(drawn, shared)))
    return Tree(_label(roots[0]) if roots else drawn.domain, tuple(children))


def _rows(drawn: DeploymentMap, nodes: list[MapNode]) -> tuple[Tree, ...]:
    order = list(Part)
    names = {node.id: node.name for node in drawn.nodes}
    rows = []
    for node in sorted(nodes, key=lambda n: order.index(n.part))[:MOST]:
        targets = [names[edge.target] for edge in drawn.edges if edge.origin == node.id]
        leads = f" → {', '.join(targets)}" if targets else ""
        rows.append(Tree(f"{_label(node)}{leads}"))
    if len(nodes) > MOST:
        rows.append(Tree(f"… {len(nodes) - MOST} more"))
    return tuple(rows)


def _label(node: MapNode) -> str:
    details = f" ({', '.join(node.details)})" if node.details else ""
    unseen = "" if node.known else " [not seen]"
    return f"{node.part.value}: {node.name}{details}{unseen}{_counts(node)}"


def _counts(node: MapNode) -> str:
    said = counts(node)
    return f" — {', '.join(said)}" if said else ""


def counts(node: MapNode) -> list[str]:
    """The findings of a node in words: `2 blockers`, `1 high risk`, `1 nice to fix`."""
    words = {Severity.BLOCKER: ("blocker", ""), Severity.HIGH: ("high risk", ""), Severity.NICE: ("nice to fix",) * 2}
    return [counted(number, *words[severity]) for severity in Severity if (number := node.count(severity))]
