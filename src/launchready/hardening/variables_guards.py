"""What JavaScript does with a value that may be undefined: tests it, replaces it, refuses to go on, or uses it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from launchready.hardening.variables_model import Need
from launchready.hardening.variables_trees import CLIMB, field, text

if TYPE_CHECKING:
    from tree_sitter import Node

_TRANSPARENT = frozenset({"parenthesized_expression", "as_expression", "satisfies_expression", "await_expression"})
_REFUSES = re.compile(r"(?:^|\.|_)(?:assert|invariant|ok|die|panic|(?:throw|fail|raise|missing|required?|must)\w*)$",
                      re.IGNORECASE)  # fmt: skip
_STOPS = re.compile(r"\bthrow\b|\bprocess\.exit(?:Code)?\b|\bDeno\.exit\b")
_ENVIRONMENT = re.compile(r"(?:process\.env|import\.meta\.env|Bun\.env)(?:\.([A-Za-z_]\w*)|\[[\"'](\w+)[\"']\])")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one use says of the absence of its value."""

    need: Need
    default: str | None = None
    others: tuple[str, ...] = ()
    guard: bool = False
    """REQUIRED because the program tests for it and stops, not because the use would fail."""


def stops(node: Node | None) -> bool:
    """Whether a block throws or ends the process."""
    return node is not None and bool(_STOPS.search(text(node)[:20_000]))


def judge_use(node: Node, later: Callable[[str], Outcome]) -> Outcome:
    """Judge one use; `later` looks at the uses of a variable that the value is assigned to."""
    child, parent, negated, tested = node, node.parent, False, False
    others: list[str] = []
    for _ in range(CLIMB):
        if parent is None:
            break
        kind = parent.type
        if kind in _TRANSPARENT:
            pass
        elif kind == "non_null_expression":
            return Outcome(Need.REQUIRED)
        elif kind == "unary_expression" and text(field(parent, "operator")) == "!":
            negated, tested = not negated, True
        elif kind == "unary_expression" and text(field(parent, "operator")) == "typeof":
            tested = True
        elif kind == "binary_expression":
            operator = text(field(parent, "operator"))
            if operator in ("||", "??") and not tested:
                stopped = _alternative(parent, child, others)
                if stopped is not None:
                    return stopped
            elif operator == "&&":
                tested = tested or field(parent, "left") == child
            elif operator in ("===", "!==", "==", "!="):
                negated, tested = operator.startswith("=") and _absent(parent, child), True
            elif operator not in ("||", "??"):
                return Outcome(Need.OPTIONAL if tested else Need.EMPTY, others=tuple(others))
        elif kind == "if_statement" and field(parent, "condition") == child:
            refuses = negated and stops(field(parent, "consequence"))
            return Outcome(Need.REQUIRED, guard=True) if refuses else Outcome(Need.OPTIONAL)
        elif kind == "ternary_expression":
            return Outcome(Need.OPTIONAL if tested or field(parent, "condition") == child else Need.EMPTY)
        elif kind == "member_expression" and field(parent, "object") == child and child == node:
            chained = any(c.type == "optional_chain" for c in parent.named_children)
            return Outcome(Need.OPTIONAL) if chained else Outcome(Need.REQUIRED)
        elif kind == "arguments":
            called = field(parent.parent, "function")
            if tested or text(called) == "Boolean":
                refuses = bool(called is not None and _REFUSES.search(text(called)))
                return Outcome(Need.REQUIRED, guard=True) if refuses and not negated else Outcome(Need.OPTIONAL)
            refuses = called is not None and bool(_REFUSES.search(text(called))) and child == node
            return Outcome(Need.REQUIRED, guard=True) if refuses else Outcome(Need.EMPTY, others=tuple(others))
        elif kind == "variable_declarator" and field(parent, "value") == child and not tested:
            target = field(parent, "name")
            if target is not None and target.type == "identifier":
                found = later(text(target))
                return Outcome(found.need, found.default, (*others, *found.others), found.guard)
            return Outcome(Need.EMPTY, others=tuple(others))
        else:
            break
        child, parent = parent, parent.parent
    return Outcome(Need.OPTIONAL if tested else Need.EMPTY, others=tuple(others))


def _alternative(parent: Node, child: Node, others: list[str]) -> Outcome | None:
    """Of `child || other`: the outcome where `other` settles it; names tried besides are added to `others`."""
    left, right = field(parent, "left"), field(parent, "right")
    other = right if left == child else left
    if other is None:
        return None
    plain = other
    while plain.type == "parenthesized_expression" and plain.named_child_count == 1:
        plain = plain.named_children[0]
    tried = plain.type in ("member_expression", "subscript_expression", "non_null_expression", "binary_expression")
    names = [match[1] or match[2] for match in _ENVIRONMENT.finditer(text(plain)[:2000])] if tried else []
    others += names
    if left != child:  # what comes first may suffice: an argument, a setting
        return None if names else Outcome(Need.OPTIONAL, others=tuple(others))
    if other.type == "call_expression" and _REFUSES.search(text(field(other, "function"))):
        return Outcome(Need.REQUIRED, others=tuple(others))
    if names:
        return None
    return Outcome(Need.DEFAULT, _plain(other), tuple(others))


def _absent(comparison: Node, child: Node) -> bool:
    """Whether the comparison is with undefined, null or nothing."""
    right = field(comparison, "right") if field(comparison, "left") == child else field(comparison, "left")
    return text(right) in ("undefined", "null", "''", '""', "``", '"undefined"', "'undefined'")


def _plain(node: Node) -> str | None:
    if node.type == "string" or (node.type == "template_string" and "${" not in text(node)):
        return text(node)[1:-1]
    return (
        text(node) if node.type in ("number", "true", "false") else ("" if node.type in ("null", "undefined") else None)
    )
