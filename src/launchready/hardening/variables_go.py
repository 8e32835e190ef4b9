"""Which environment variables Go files read, by their syntax tree: `os.Getenv`, `os.LookupEnv`, struct tags of
caarlos0/env, cleanenv, kelseyhightower/envconfig and sethvargo/go-envconfig, functions that take the name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from launchready.hardening.variables_model import Call, Dynamic, Facts, Found, Need, Wrapper
from launchready.hardening.variables_trees import above, field, line, parse, places, text, unreadable

if TYPE_CHECKING:
    from tree_sitter import Node

MARK = re.compile(rb"\b(?:os|syscall)\.(?:Getenv|LookupEnv)\b|\bviper\.BindEnv\b")
TAGS = re.compile(rb'`[^`\n]*\b(?:env|envconfig):"[^`\n]*`')
_TAG = re.compile(r'([\w-]+):"((?:[^"\\]|\\.)*)"')
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_UPPER = re.compile(r"[A-Z][A-Z0-9_]+\Z")
_CALLS = re.compile(rb'[\w.]+\(\s*"[A-Z][A-Z0-9_]+"')
_STOPS = re.compile(r"\bpanic\(|\blog\.Fatal|\bos\.Exit\(|\.Fatal(?:f|ln)?\(|\berrors\.New\(|\bfmt\.Errorf\(")
_PROCESS = re.compile(rb'\benvconfig\.(?:Must)?Process\(\s*"([^"\n]*)"')


def read_go(path: str, source: str) -> Facts:
    """The facts of one file."""
    facts = Facts()
    raw = source.encode("utf-8", "replace")
    root = parse("go", raw)
    if unreadable(root, raw):
        facts.trouble = "most of it is not Go that can be parsed"
        return facts
    for node in places(root, raw, MARK):
        call = node.parent if node.type == "selector_expression" else None
        if call is not None and call.type == "call_expression":
            _read(call, facts)
    processed = _PROCESS.search(raw)
    prefix = processed[1].decode("utf-8", "replace").upper() if processed else ""
    for match in TAGS.finditer(raw):
        tag = root.named_descendant_for_byte_range(match.start() + 1, match.end() - 1)
        owner = next((n for n in above(tag) if n.type == "field_declaration"), None) if tag is not None else None
        if owner is not None:
            _tagged(owner, prefix, facts)
    for node in places(root, raw, _CALLS):
        call = node if node.type == "call_expression" else node.parent
        listed = field(call, "arguments")
        if call is not None and listed is not None:
            literals = tuple(_literal(a) for a in listed.named_children[:4])
            if any(t and _UPPER.match(t) for t in literals[:2]):
                facts.calls.append(Call(text(field(call, "function")), literals, line(call)))
    return facts


def _read(call: Node, facts: Facts) -> None:
    function = text(field(call, "function"))
    arguments = field(call, "arguments")
    given = arguments.named_children if arguments is not None else []
    key = given[-1] if function == "viper.BindEnv" and given else (given[0] if given else None)
    if key is None:
        return
    name = _literal(key)
    if name is None:
        if not (key.type == "identifier" and _wrap(call, text(key), facts)):
            match = re.match(r'"([A-Z0-9_]+)"\s*\+', text(key))
            facts.dynamic.append(Dynamic(line(call), match[1] if match else ""))
        return
    if _NAME.match(name):
        tested = function.endswith("LookupEnv") or function == "viper.BindEnv"
        facts.found.append(Found(name, line(call), _use(call, Need.OPTIONAL if tested else Need.EMPTY)))


def _use(call: Node, need: Need) -> Need:
    """What is done with a value that may be empty: compared at once, or by the name it is given."""
    name = ""
    for parent in above(call):
        if parent.type in ("expression_list", "parenthesized_expression"):
            continue
        if parent.type == "binary_expression":
            continue
        if parent.type == "if_statement":
            return Need.REQUIRED if _refuses(parent) else Need.OPTIONAL
        if parent.type in ("short_var_declaration", "assignment_statement", "var_spec"):
            name = (
                text(field(parent, "left") or field(parent, "name"))
                .split(",")[-1 if need is Need.OPTIONAL else 0]
                .strip()
            )
            owner = parent.parent
            if owner is not None and owner.type == "if_statement":
                return Need.REQUIRED if _refuses(owner) else Need.OPTIONAL
            return _later(parent, name, need) if name and name != "_" else need
        return need
    return need


def _later(statement: Node, name: str, need: Need) -> Need:
    """The first test of the name in the statements that follow."""
    following = statement.next_named_sibling
    for _ in range(40):
        if following is None:
            break
        if following.type == "if_statement":
            condition = text(field(following, "condition"))
            if re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", condition):
                return Need.REQUIRED if _refuses(following) else Need.OPTIONAL
        following = following.next_named_sibling
    return need


def _refuses(statement: Node) -> bool:
    """Whether an `if` tests for the absence and does not go on."""
    condition = text(field(statement, "condition"))
    absent = bool(re.search(r'==\s*(?:""|0|nil)|!\s*\w+|len\([^)]*\)\s*(?:==\s*0|<)', condition))
    return absent and bool(_STOPS.search(text(field(statement, "consequence"))[:5000]))


def _wrap(call: Node, name: str, facts: Facts) -> bool:
    for function in above(call):
        if function.type != "function_declaration":
            continue
        listed = field(function, "parameters")
        parameters = [
            text(child)
            for declaration in (listed.named_children if listed is not None else [])
            for child in declaration.children_by_field_name("name")
        ]
        if name not in parameters:
            return False
        at = parameters.index(name)
        stops = bool(_STOPS.search(text(field(function, "body"))[:5000]))
        default = at + 1 if len(parameters) > at + 1 and not stops else None
        need = Need.REQUIRED if stops else Need.EMPTY
        facts.wrappers.setdefault(text(field(function, "name")), Wrapper(at, need, default))
        return True
    return False


def _tagged(node: Node, prefix: str, facts: Facts) -> None:
    tags = dict(_TAG.findall(text(field(node, "tag"))))
    name, *options = (tags.get("env") or tags.get("envconfig") or "").split(",")
    if not name or not _NAME.match(name):
        return
    if "envconfig" in tags and "env" not in tags and prefix:
        name = f"{prefix}_{name}"
    inner = next((o.partition("=")[2] for o in options if o.strip().startswith("default=")), None)
    default = next((tags[t] for t in ("envDefault", "env-default", "default") if t in tags), inner)
    demanded = {o.strip() for o in options} & {"required", "notEmpty"} or "true" in (
        tags.get("required"), tags.get("env-required"),
    )  # fmt: skip
    need = Need.DEFAULT if default is not None else Need.REQUIRED if demanded else Need.OPTIONAL
    facts.found.append(Found(name.upper() if prefix else name, line(node), need, default))


def _literal(node: Node | None) -> str | None:
    if node is not None and node.type in ("interpreted_string_literal", "raw_string_literal"):
        return text(node)[1:-1]
    return None
