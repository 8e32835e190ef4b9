"""Which environment variables PHP files read, by their syntax tree: `env()`, `getenv()`, `$_ENV`, `$_SERVER`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from launchready.hardening.variables_model import Dynamic, Facts, Found, Need
from launchready.hardening.variables_names import is_stock_laravel
from launchready.hardening.variables_trees import above, field, line, parse, places, text, unreadable

if TYPE_CHECKING:
    from tree_sitter import Node

MARK = re.compile(rb"\b(?:env|getenv)\s*\(|\bEnv::get(?:OrFail)?\s*\(|\$_(?:ENV|SERVER)\b")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_REQUEST = re.compile(
    r"HTTPS?(?:_|$)|REQUEST|REMOTE_|SERVER_|SCRIPT_|PATH_|PHP_|QUERY_STRING|DOCUMENT_|CONTENT_|GATEWAY_|REDIRECT_|AUTH_|"
    r"argv|argc|ORIG_|UNIQUE_ID|CONTEXT_|SSL_|USER$|HOME$|FCGI_|CF_|X_|PWD$|SHELL$"
)
"""What PHP's `$_SERVER` holds of the request, not of the environment."""
_STOPS = re.compile(r"\bthrow\b|\b(?:die|exit|abort)\b")


def read_php(path: str, source: str) -> Facts:
    """The facts of one file."""
    facts = Facts()
    raw = source.encode("utf-8", "replace")
    root = parse("php", raw)
    if unreadable(root, raw):
        facts.trouble = "most of it is not PHP that can be parsed"
        return facts
    stock = bool(re.search(r"(?:^|/)config/[\w-]+\.php$", path))
    for node in places(root, raw, MARK):
        call = _expression(node)
        if call is None:
            continue
        key, default = _parts(call)
        if key is None:
            continue
        name = _literal(key)
        if name is None:
            facts.dynamic.append(Dynamic(line(call), ""))
            continue
        if not _NAME.match(name) or (text(call).startswith("$_SERVER") and _REQUEST.match(name)):
            continue
        need, shown = (Need.REQUIRED, None) if "OrFail" in text(call)[:20] else _use(call, default)
        if stock and need is Need.EMPTY and is_stock_laravel(name):
            need = Need.OPTIONAL
        if not _assigned(call):
            facts.found.append(Found(name, line(call), need, shown))
    return facts


def _expression(node: Node) -> Node | None:
    for candidate in (node, *above(node)):
        if candidate.type in ("function_call_expression", "scoped_call_expression"):
            called = text(field(candidate, "function") or field(candidate, "name")).lstrip("\\")
            return candidate if called in ("env", "getenv", "get", "getOrFail") else None
        if candidate.type == "subscript_expression":
            return candidate if text(candidate).startswith(("$_ENV", "$_SERVER")) else None
        if candidate.type not in ("name", "variable_name", "qualified_name", "arguments", "relative_scope"):
            return None
    return None


def _parts(call: Node) -> tuple[Node | None, Node | None]:
    """The key, and the default where the call is given one."""
    if call.type == "subscript_expression":
        return (call.named_children[1] if call.named_child_count > 1 else None), None
    listed = field(call, "arguments")
    given = [a.named_children[-1] for a in listed.named_children if a.named_children] if listed is not None else []
    getenv = text(field(call, "function")).lstrip("\\") == "getenv"
    return (given[0] if given else None), (given[1] if len(given) > 1 and not getenv else None)


def _use(call: Node, default: Node | None) -> tuple[Need, str | None]:
    if default is not None:
        return (Need.OPTIONAL, None) if text(default).lower() == "null" else (Need.DEFAULT, _literal(default))
    child = call
    for parent in above(call):
        if parent.type == "binary_expression":
            operator = text(field(parent, "operator"))
            if operator in ("??", "||", "or") and field(parent, "left") == child:
                right = field(parent, "right")
                if right is not None and _STOPS.match(text(right)):
                    return Need.REQUIRED, None
                return Need.DEFAULT, _literal(right)
            return Need.OPTIONAL, None
        if parent.type == "conditional_expression":
            short = field(parent, "body") is None and field(parent, "condition") == child
            other = field(parent, "alternative")
            if short and _STOPS.match(text(other)):
                return Need.REQUIRED, None
            return (Need.DEFAULT, _literal(other)) if short else (Need.OPTIONAL, None)
        if parent.type in (
            "unary_op_expression",
            "error_suppression_expression",
            "parenthesized_expression",
            "cast_expression",
        ):
            child = parent
            continue
        if parent.type == "if_statement":
            refuses = "!" in text(child)[:3] and _STOPS.search(text(field(parent, "body"))[:5000])
            return (Need.REQUIRED if refuses else Need.OPTIONAL), None
        if parent.type == "arguments" and text(parent.parent).startswith(("isset", "empty", "array_key_exists")):
            return Need.OPTIONAL, None
        break
    taker = call.parent
    while taker is not None and taker.type in ("argument", "arguments"):
        taker = taker.parent
    if taker is not None and text(taker).startswith(("isset", "empty")):
        return Need.OPTIONAL, None
    return Need.EMPTY, None


def _assigned(call: Node) -> bool:
    parent = call.parent
    return parent is not None and parent.type == "assignment_expression" and field(parent, "left") == call


def _literal(node: Node | None) -> str | None:
    if node is None:
        return None
    if node.type in ("string", "encapsed_string"):
        plain = all(c.type in ("string_content", "escape_sequence") for c in node.named_children)
        return text(node)[1:-1] if plain else None
    return text(node) if node.type in ("integer", "float", "boolean") else None
