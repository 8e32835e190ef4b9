"""Syntax trees of tree-sitter, asked only around the places where a mark stands: a file is never walked whole.

The parser is iterative and takes any input; so is everything here, with a bound on places per file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

PLACES = 3000
"""Marks of one file that are looked at."""
CLIMB = 200
"""Steps from a place towards the root."""
NO_CODE = frozenset({"comment", "string", "string_fragment", "template_string", "regex", "regex_pattern",
                     "heredoc_body", "string_content", "html_comment", "jsx_text", "encapsed_string",
                     "interpreted_string_literal", "raw_string_literal", "string_value", "text",
                     "hash_bang_line"})  # fmt: skip


@cache
def parser(language: str) -> Parser:
    """A parser for `javascript`, `typescript`, `tsx`, `ruby`, `php` or `go`."""
    from tree_sitter import Language, Parser

    if language == "javascript":
        import tree_sitter_javascript as grammar

        pointer = grammar.language()
    elif language in ("typescript", "tsx"):
        import tree_sitter_typescript

        pointer = (
            tree_sitter_typescript.language_tsx() if language == "tsx" else tree_sitter_typescript.language_typescript()
        )
    elif language == "ruby":
        import tree_sitter_ruby

        pointer = tree_sitter_ruby.language()
    elif language == "php":
        import tree_sitter_php

        pointer = tree_sitter_php.language_php()
    else:
        import tree_sitter_go

        pointer = tree_sitter_go.language()
    return Parser(Language(pointer))


def parse(language: str, source: bytes) -> Node:
    """The root of the file's tree."""
    return parser(language).parse(source).root_node


def places(root: Node, source: bytes, mark: re.Pattern[bytes]) -> Iterator[Node]:
    """The smallest node around each match of `mark` that is code, neither comment nor text."""
    for count, match in enumerate(mark.finditer(source)):
        if count >= PLACES:
            return
        node = root.named_descendant_for_byte_range(match.start(), match.end())
        if node is not None and node.type not in NO_CODE:
            yield node


def text(node: Node | None) -> str:
    """The node's source text; empty for None."""
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


def line(node: Node) -> int:
    """Counted from 1."""
    return int(node.start_point[0]) + 1


def above(node: Node) -> Iterator[Node]:
    """Parents, nearest first, a bounded number."""
    current = node.parent
    for _ in range(CLIMB):
        if current is None:
            return
        yield current
        current = current.parent


def field(node: Node | None, name: str) -> Node | None:
    """A named child; None where there is none."""
    return node.child_by_field_name(name) if node is not None else None


def unreadable(root: Node, source: bytes) -> bool:
    """Whether most of the file is not of its language."""
    if not root.has_error:
        return False
    if root.type == "ERROR":
        return True
    broken = sum(child.end_byte - child.start_byte for child in root.children if child.type == "ERROR")
    return broken * 2 > len(source)
