"""YAML of strangers, as nodes with their lines: composed, never constructed, so that aliases cost nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from yaml.nodes import Node, ScalarNode

CHARS = 512 * 1024
MERGES = 5
"""Merge keys (`<<`) that are followed one into another."""


def composed(source: str) -> Node | None:
    """The first document's root; None when it is not YAML, too long or too deep."""
    import yaml

    if len(source) > CHARS:
        return None
    try:
        return next(iter(yaml.compose_all(source, Loader=yaml.SafeLoader)), None)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None


def pairs(node: Node | None, merges: int = MERGES) -> Iterator[tuple[ScalarNode, Node]]:
    """Key and value nodes of a mapping, merged mappings last; nothing for any other node."""
    from yaml.nodes import MappingNode, ScalarNode, SequenceNode

    if not isinstance(node, MappingNode):
        return
    later: list[Node] = []
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            continue
        if key.value == "<<":
            later += value.value if isinstance(value, SequenceNode) else [value]
        else:
            yield key, value
    for value in later[:20] if merges else ():
        yield from pairs(value, merges - 1)


def items(node: Node | None) -> list[Node]:
    """The nodes of a sequence; empty for any other."""
    from yaml.nodes import SequenceNode

    return list(node.value) if isinstance(node, SequenceNode) else []


def entry(node: Node | None, *path: str) -> Node | None:
    """The value below keys."""
    for name in path:
        node = next((value for key, value in pairs(node) if key.value == name), None)
    return node


def plain(node: Node | None) -> str | None:
    """The text of a scalar; None for null and for anything else."""
    from yaml.nodes import ScalarNode

    if not isinstance(node, ScalarNode) or node.tag.endswith(":null"):
        return None
    return str(node.value)


def scalars(node: Node | None, *, nested: bool = False) -> Iterator[tuple[ScalarNode, Node | None]]:
    """Names and values of a mapping, or of a list of `NAME=value` and `NAME`; no value where there is none.

    `nested`: values are mappings, and are given as they are.
    """
    from yaml.nodes import ScalarNode

    for key, value in pairs(node):
        yield key, value if nested or plain(value) is not None else None
    for item in items(node):
        if isinstance(item, ScalarNode):
            name, equals, text = str(item.value).partition("=")
            named = ScalarNode("tag:yaml.org,2002:str", name, item.start_mark)
            yield named, ScalarNode("tag:yaml.org,2002:str", text, item.start_mark) if equals else None
