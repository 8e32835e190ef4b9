"""Which environment variables Ruby and ERB files read, by their syntax tree: `ENV[...]`, `ENV.fetch`, `ENV.key?`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from launchready.hardening.variables_model import Dynamic, Facts, Found, Need
from launchready.hardening.variables_trees import above, field, line, parse, places, text, unreadable

if TYPE_CHECKING:
    from tree_sitter import Node

MARK = re.compile(rb"\bENV\b")
_ERB = re.compile(r"<%[=-]?(?!#)(.*?)-?%>", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_TESTS = (
    "present?",
    "blank?",
    "nil?",
    "empty?",
    "to_s",
    "to_b",
    "&.",
    "presence",
    "==",
    "in?",
    "to_i",
    "to_f",
    "to_sym",
)
_FAILS = frozenset(
    {"split", "strip", "downcase", "upcase", "to_json", "gsub", "sub", "start_with?", "freeze", "chomp", "include?"}
)
_STOPS = re.compile(r"\b(?:raise|abort|exit!?|fail)\b")


def read_ruby(path: str, source: str) -> Facts:
    """The facts of one file; of ERB templates, the code between `<%` and `%>`."""
    facts = Facts()
    if not path.endswith((".rb", ".rake", ".ru", ".gemspec", "file")):
        source = _code(source)
    raw = source.encode("utf-8", "replace")
    root = parse("ruby", raw)
    if unreadable(root, raw):
        facts.trouble = "most of it is not Ruby that can be parsed"
        return facts
    for node in places(root, raw, MARK):
        if node.type == "constant" and node.parent is not None:
            _read(node, node.parent, facts)
    return facts


def _code(source: str) -> str:
    """The Ruby of a template, everything else blank, a statement each."""
    parts, position = [], 0
    for match in _ERB.finditer(source):
        start, end = match.span(1)
        parts += [re.sub(r"[^\n]", " ", source[position : start - 1]), ";", source[start:end]]
        position = end
    return "".join([*parts, ";" if parts else "", re.sub(r"[^\n]", " ", source[position + 1 :])])


def _read(node: Node, parent: Node, facts: Facts) -> None:
    if parent.type == "element_reference" and field(parent, "object") == node:
        keys = [child for child in parent.named_children if child != node]
        if keys:
            _note(parent, keys[0], _use(parent), facts)
        return
    if parent.type != "call" or field(parent, "receiver") != node:
        return
    method = text(field(parent, "method"))
    listed = field(parent, "arguments")
    arguments = listed.named_children if listed is not None else []
    if method in ("key?", "has_key?", "include?", "member?") and arguments:
        _note(parent, arguments[0], (_guard(parent) or Need.OPTIONAL, None, ()), facts)
    elif method == "fetch" and arguments:
        block = field(parent, "block")
        if len(arguments) > 1:
            _note(parent, arguments[0], (*_defaulted(arguments[1]), _names(arguments[1])), facts)
        elif block is not None:
            stops = bool(_STOPS.search(text(block)))
            need = Need.REQUIRED if stops else Need.DEFAULT
            body = field(block, "body")
            inner = body.named_children[0] if body is not None and body.named_child_count == 1 else None
            _note(parent, arguments[0], (need, _literal(inner), ()), facts)
        else:
            _note(parent, arguments[0], (Need.REQUIRED, None, ()), facts)
    elif method == "values_at":
        for argument in arguments:
            _note(parent, argument, (Need.EMPTY, None, ()), facts)


def _note(node: Node, key: Node, said: tuple[Need, str | None, tuple[str, ...]], facts: Facts) -> None:
    name = _literal(key) if key.type == "string" else None
    if name is None:
        beginning = text(key).strip("\"'").partition("#{")[0] if key.type == "string" else ""
        facts.dynamic.append(Dynamic(line(node), beginning))
    elif _NAME.match(name):
        need, default, others = said
        parent = node.parent
        assigned = parent is not None and parent.type == "assignment" and field(parent, "left") == node
        if not assigned:
            facts.found.append(Found(name, line(node), need, default, tuple(o for o in others if o != name)))


def _use(node: Node) -> tuple[Need, str | None, tuple[str, ...]]:
    """What is done with a value that may be nil."""
    child, others = node, list[str]()
    for parent in above(node):
        if parent.type == "operator_assignment" and field(parent, "left") == child:
            return *_defaulted(field(parent, "right")), ()
        if parent.type == "binary":
            operator = text(field(parent, "operator"))
            if operator in ("||", "or"):
                right = field(parent, "right")
                if right == child:
                    before = _names(field(parent, "left"))
                    if not before:  # what comes first may suffice: credentials, an argument
                        return Need.OPTIONAL, None, tuple(others)
                    others += before
                else:
                    more = _names(right)
                    if not more:
                        if right is not None and _STOPS.match(text(right)):
                            return Need.REQUIRED, None, tuple(others)
                        return *_defaulted(right), tuple(others)
                    others += more
            else:
                return (_guard(parent) or Need.OPTIONAL), None, ()
        elif parent.type == "unary":
            return (_guard(parent) or Need.OPTIONAL), None, ()
        elif parent.type == "call" and field(parent, "receiver") == child and child == node:
            method = text(field(parent, "method"))
            if method in _TESTS or text(parent)[len(text(child)) :].startswith("&."):
                return (_guard(parent) or Need.OPTIONAL), None, ()
            if method in _FAILS:
                return Need.REQUIRED, None, ()  # nil has no such method
            return Need.EMPTY, None, ()
        elif parent.type in ("if", "unless", "if_modifier", "unless_modifier", "conditional", "elsif", "while"):
            condition = field(parent, "condition")
            if condition == child:
                return (_guard(child) or Need.OPTIONAL), None, ()
            break
        elif parent.type not in ("parenthesized_statements",):
            break
        child = parent
    return Need.EMPTY, None, tuple(others)


def _guard(test: Node) -> Need | None:
    """REQUIRED where the program stops if the test says that the variable is not there."""
    for parent in above(test):
        if parent.type in ("if_modifier", "unless_modifier", "if", "unless"):
            if field(parent, "condition") is None:
                return None
            body = field(parent, "body") or field(parent, "consequence")
            absent = parent.type.startswith("unless") or bool(re.search(r"\.(?:nil|blank|empty)\?|!", text(test)))
            return Need.REQUIRED if absent and _STOPS.search(text(body)) else None
        if parent.type not in ("parenthesized_statements", "binary", "unary", "call"):
            return None
    return None


def _defaulted(node: Node | None) -> tuple[Need, str | None]:
    if node is None or node.type == "nil":
        return Need.OPTIONAL, None
    return Need.DEFAULT, _literal(node)


def _names(node: Node | None) -> tuple[str, ...]:
    return tuple(re.findall(r"ENV(?:\[|\.fetch\(?\s*)[\"'](\w+)[\"']", text(node)))


def _literal(node: Node | None) -> str | None:
    if node is None:
        return None
    if node.type == "string":
        return None if any(c.type == "interpolation" for c in node.named_children) else text(node)[1:-1]
    return text(node) if node.type in ("integer", "float", "true", "false", "simple_symbol") else None
