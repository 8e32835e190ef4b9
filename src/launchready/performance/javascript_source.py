"""JavaScript and TypeScript source by its syntax tree: a bounded walk over calls. Nothing is executed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from launchready.performance.source_files import SourceFile

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

MOST_BYTES = 1024**2
MOST_NODES = 200_000
ENDINGS = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts")
_CLIMB = 200


def calls(file: SourceFile) -> Iterator[Node]:
    """Every call, in the order of the text."""
    parser = _parser("typescript" if file.path.endswith("ts") else "javascript")
    stack, seen = [parser.parse(file.text[:MOST_BYTES].encode()).root_node], 0
    while stack and seen < MOST_NODES:
        node = stack.pop()
        seen += 1
        if node.type == "call_expression":
            yield node
        stack += reversed(node.named_children)


def text(node: Node | None) -> str:
    """Its source; empty for None."""
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


def called(call: Node) -> str:
    """What it calls, as written: `axios.get`."""
    function = call.child_by_field_name("function")
    if function is not None and function.type == "await_expression":  # so TypeScript's grammar reads `await f<T>(x)`
        function = next(iter(function.named_children), None)
    return text(function)


def is_awaited(call: Node) -> bool:
    """Whether its answer is waited for."""
    function = call.child_by_field_name("function")
    return any(node is not None and node.type == "await_expression" for node in (call.parent, function))


def line(node: Node) -> int:
    """Counted from 1."""
    return int(node.start_point[0]) + 1


def function_around(node: Node) -> Node | None:
    """The nearest function that a node is in."""
    current = node.parent
    for _ in range(_CLIMB):
        if current is None or current.type in _FUNCTIONS:
            return current
        current = current.parent
    return None


_FUNCTIONS = ("arrow_function", "function_declaration", "function_expression", "function", "method_definition")


@cache
def _parser(language: str) -> Parser:
    from tree_sitter import Language, Parser

    if language == "javascript":
        import tree_sitter_javascript

        return Parser(Language(tree_sitter_javascript.language()))
    import tree_sitter_typescript

    return Parser(Language(tree_sitter_typescript.language_typescript()))
