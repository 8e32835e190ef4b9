"""Which environment variables JavaScript, TypeScript, JSX and component files read, by their syntax tree.

`process.env`, `import.meta.env`, `Deno.env`, `Bun.env`, aliases and destructuring of these, SvelteKit's `$env`
modules, schemas that are given the whole environment (`z.object({...}).parse(process.env)`, `cleanEnv`, `createEnv`),
functions of the file that take the name. What is done with a value that may be undefined is in `variables_guards`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from launchready.hardening.variables_guards import Outcome, judge_use, stops
from launchready.hardening.variables_model import Call, Dynamic, Facts, Found, Need, Wrapper
from launchready.hardening.variables_names import VITE_OWN
from launchready.hardening.variables_trees import above, field, line, parse, places, text, unreadable

if TYPE_CHECKING:
    from tree_sitter import Node

MARKS = re.compile(
    rb"\bprocess\s*\??\.\s*env\b|\bimport\s*\.\s*meta\s*\??\.\s*env\b|\b(?:Deno|Bun)\s*\.\s*env\b|\bloadEnv\s*\([^()]*(?:\([^()]*\))?[^()]*\)"
)
MODULES = re.compile(rb"""["'](?:\$env/(?:static|dynamic)/(?:private|public)|(?:node:)?process)["']""")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_UPPER = re.compile(r"[A-Z][A-Z0-9_]+\Z")
_CALLS = re.compile(rb"""[\w$.]+\s*(?:<[^<>()]*>)?\(\s*["'][A-Z][A-Z0-9_]+["']""")
_SCHEMAS = re.compile(
    r"(?:^|\.)(?:object|strictObject|looseObject|cleanEnv|createEnv|envsafe|keys|load|from|Struct|type)$"
)
_TAKES_ALL = re.compile(
    r"(?:^|\.)(?:parse|safeParse|parseAsync|validate|validateSync|cleanEnv|createEnv|envsafe|cast|load|decode\w*|assert|"
    r"from|type)$"
)
_EXCUSED = re.compile(
    r"\.?optional\(|"
    r"\.\s*(?:optional|nullish|nullable|default|catch|prefault)\s*\(|\bdefault\s*:|\b(?:undefined|required\s*:\s*false)\b"
)
_KEYS = re.compile(rb"(?m)(?<![\w$.])[A-Z][A-Z0-9_]*(?=[\"']?\s*:)")
_VALUE = re.compile(r"\b(?:process|import\.meta)\.env\b")
_MAPS = re.compile(rb"\b(?:createEnv|parse|safeParse|validate)\s*\(")
"""A schema may be given the variables one by one: `createEnv({ server: {...}, runtimeEnv: { A: process.env.A } })`."""
_SCRIPT = re.compile(r"<script\b[^>]*>(.*?)</script\s*>", re.DOTALL | re.IGNORECASE)
_FRONT_MATTER = re.compile(r"\A---\r?\n(.*?)\n---", re.DOTALL)
_REQUIRE = re.compile(r"\{([^{}]*)\}\s*=\s*require\(\s*[\"']([^\"']+)[\"']\s*\)")
_USE_CLIENT = re.compile(r"""\A(?:\s|//[^\n]*\n|/\*.*?\*/)*["']use client["']""", re.DOTALL)
_BUILD_FILE = re.compile(
    r"(?:^|/)(?:next|vite|webpack|nuxt|rsbuild|rollup|esbuild|vue|craco|astro)\b[\w.-]*\.[cm]?[jt]s$"
)
_INLINES = re.compile(r"(?:^|\.)(?:DefinePlugin|EnvironmentPlugin)$")


def read_javascript(path: str, source: str) -> Facts:
    """The facts of one file; components are read in their scripts."""
    facts = Facts(client=bool(_USE_CLIENT.match(source[:5000])) or path.endswith((".vue", ".svelte")))
    if path.endswith((".vue", ".svelte", ".astro")):
        source = _scripts(source)
    language = "typescript" if path.endswith((".ts", ".mts", ".cts", ".vue", ".svelte", ".astro")) else "javascript"
    raw = source.encode("utf-8", "replace")
    root = parse("tsx" if path.endswith(".tsx") else language, raw)
    if unreadable(root, raw):
        facts.trouble = "most of it is not JavaScript or TypeScript that can be parsed"
        return facts
    _Reader(path, root, raw, facts).run()
    return facts


def _scripts(source: str) -> str:
    """The scripts of a component, everything else blank, so that lines keep their numbers."""
    kept = [m.span(1) for pattern in (_SCRIPT, _FRONT_MATTER) for m in pattern.finditer(source)]
    parts, position = [], 0
    for start, end in sorted(kept):
        if start >= position:
            parts += [re.sub(r"[^\n]", " ", source[position:start]), source[start:end]]
            position = end
    return "".join([*parts, re.sub(r"[^\n]", " ", source[position:])])


class _Reader:
    def __init__(self, path: str, root: Node, source: bytes, facts: Facts) -> None:
        self.path, self.root, self.source, self.facts = path, root, source, facts
        self.uses: dict[str, list[Node]] = {}
        self.seen: set[int] = set()

    def run(self) -> None:
        queue = [node for node in places(self.root, self.source, MARKS) if self._is_environment(node)]
        aliases: set[str] = set()
        for alias in self._modules():
            aliases.add(alias)
            queue += self._named(alias)
        for _ in range(3):  # an alias of an alias of an alias
            fresh: set[str] = set()
            for node in queue:
                if node.id not in self.seen:
                    self.seen.add(node.id)
                    fresh |= self._environment(node)
            queue = [node for alias in fresh - aliases for node in self._named(alias)]
            aliases |= fresh
        if self.facts.found and _MAPS.search(self.source):
            self._keys({found.name for found in self.facts.found})
        if self.facts.found or self.facts.dynamic or self.facts.wrappers or _CALLS.search(self.source):
            self._imports()
            self._candidates()

    def _is_environment(self, node: Node) -> bool:
        if node.type == "call_expression":
            return text(field(node, "function")) == "loadEnv"
        return node.type == "member_expression" and text(field(node, "property")) == "env"

    def _named(self, name: str) -> list[Node]:
        """Uses of an identifier, its declaration left out."""
        if name not in self.uses:
            mark = re.compile(rb"(?<![\w$.])" + re.escape(name.encode()) + rb"(?![\w$])")
            found = [n for n in places(self.root, self.source, mark) if n.type == "identifier" and text(n) == name]
            self.uses[name] = [n for n in found if not _declares(n)]
        return self.uses[name]

    def _environment(self, node: Node) -> set[str]:
        """Note what is read from an expression that is the environment; the names it is given besides."""
        child, parent = node, node.parent
        while parent is not None and parent.type in (
            "parenthesized_expression", "as_expression", "satisfies_expression", "non_null_expression",
            "await_expression",
        ):  # fmt: skip
            child, parent = parent, parent.parent
        if parent is None:
            return set()
        if parent.type == "member_expression" and field(parent, "object") == child:
            name = text(field(parent, "property"))
            if name in ("get", "has") and text(node).startswith("Deno"):
                call = parent.parent
                if call is not None and call.type == "call_expression":
                    self._key(call, _first(field(call, "arguments")), Need.OPTIONAL if name == "has" else Need.EMPTY)
            elif not (name in ("toObject", "set", "delete") and text(node).startswith("Deno")):
                self._read(parent, name)
        elif parent.type == "subscript_expression" and field(parent, "object") == child:
            self._key(parent, field(parent, "index"), Need.EMPTY)
        elif parent.type == "variable_declarator" and field(parent, "value") == child:
            target = field(parent, "name")
            if target is not None and target.type == "object_pattern":
                self._destructured(target)
            elif target is not None and target.type == "identifier":
                return {text(target)}
        elif parent.type == "binary_expression" and text(field(parent, "operator")) == "in":
            key = field(parent, "left")
            if key is not None and key != child:
                self._key(parent, key, Need.OPTIONAL)
        elif parent.type in ("arguments", "pair", "object"):
            self._schema(child)
        return set()

    def _destructured(self, pattern: Node) -> None:
        for item in pattern.named_children:
            if item.type == "shorthand_property_identifier_pattern":
                self._bound(item, text(item), text(item))
            elif item.type == "object_assignment_pattern":
                self._add(text(field(item, "left")), item, Need.DEFAULT, _literal(field(item, "right")))
            elif item.type == "pair_pattern":
                name, target = text(field(item, "key")).strip("'\""), field(item, "value")
                if target is not None and target.type == "assignment_pattern":
                    self._add(name, item, Need.DEFAULT, _literal(field(target, "right")))
                else:
                    self._bound(item, name, text(target))

    def _bound(self, node: Node, name: str, local: str) -> None:
        outcome = self._later(local)
        self._add(name, node, outcome.need, outcome.default)

    def _key(self, node: Node, key: Node | None, need: Need) -> None:
        """A reading by subscript or call: the name is written out, comes from a list, a parameter, or is computed."""
        if key is None:
            return
        if (name := _literal(key)) is not None:
            self._read(node, name, need)
        elif key.type == "identifier" and (names := self._listed(node, text(key))):
            for name in names:
                self._add(name, node, Need.REQUIRED if need is not Need.OPTIONAL else need)
        elif key.type != "identifier" or not self._wrap(node, text(key)):
            self.facts.dynamic.append(Dynamic(line(node), _beginning(key)))

    def _read(self, node: Node, name: str, need: Need = Need.EMPTY) -> None:
        parent = node.parent
        assigned = parent is not None and parent.type in ("assignment_expression", "augmented_assignment_expression")
        if assigned and field(parent, "left") == node:
            operator = text(field(parent, "operator"))
            if operator in ("||=", "??="):
                self._add(name, node, Need.DEFAULT, _literal(field(parent, "right")))
            return
        if parent is not None and parent.type == "unary_expression" and text(parent).startswith("delete"):
            return
        outcome = judge_use(node, self._later) if need is Need.EMPTY else Outcome(need)
        others = tuple(m for m in outcome.others if m != name)
        self._add(name, node, outcome.need, outcome.default, others)

    def _add(self, name: str, node: Node, need: Need, default: str | None = None, others: tuple[str, ...] = ()) -> None:
        if _NAME.match(name) and not (name in VITE_OWN and text(node).startswith("import")):
            found = Found(name, line(node), need, default, others)
            self.facts.found.append(found)
            if _BUILD_FILE.search(self.path) and self._inlined(node):
                self.facts.inlined.append(found)

    def _inlined(self, node: Node) -> bool:
        """Whether a build configuration copies the value into the pages: `env`, `define`, `publicRuntimeConfig`."""
        for parent in above(node):
            if parent.type == "pair":
                key = text(field(parent, "key")).strip("'\"")
                if key in ("publicRuntimeConfig", "define") or key.startswith(("process.env.", "import.meta.env.")):
                    return True
                if key == "env" and "next" in self.path.rpartition("/")[2]:
                    return True
                if key == "public" and "nuxt" in self.path.rpartition("/")[2]:
                    return True
            elif parent.type == "new_expression" and _INLINES.search(text(field(parent, "constructor"))):
                return True
        return False

    def _later(self, name: str) -> Outcome:
        """What the uses of a name that holds a value say of its absence."""
        outcomes = [judge_use(use, lambda _name: Outcome(Need.EMPTY)) for use in self._named(name)[:100]]
        for wanted in (Need.REQUIRED, Need.DEFAULT, Need.OPTIONAL):
            for outcome in outcomes:
                guarded = wanted is not Need.REQUIRED or outcome.guard
                if outcome.need is wanted and guarded:
                    return outcome
        return Outcome(Need.EMPTY)

    def _listed(self, node: Node, name: str) -> list[str]:
        """The names of a list that a loop goes through, where the list is written out."""
        for parent in above(node):
            if parent.type == "for_in_statement" and text(field(parent, "left")) == name:
                return self._strings(field(parent, "right"))
            if parent.type in ("arrow_function", "function_expression"):
                parameters = text(field(parent, "parameters") or field(parent, "parameter")).strip("()")
                if parameters.split(",")[0].split(":")[0].strip() != name:
                    continue
                call = parent.parent.parent if parent.parent is not None else None
                function = field(call, "function")
                if function is not None and text(field(function, "property")) in (
                    "forEach", "filter", "map", "every", "some", "find", "reduce",
                ):  # fmt: skip
                    return self._strings(field(function, "object"))
                return []
        return []

    def _strings(self, node: Node | None) -> list[str]:
        if node is not None and node.type == "identifier":
            mark = re.compile(rb"\b" + re.escape(node.text or b"") + rb"\b")
            for found in places(self.root, self.source, mark):
                parent = found.parent
                if parent is not None and parent.type == "variable_declarator" and field(parent, "name") == found:
                    node = field(parent, "value")
                    break
        while node is not None and node.type in ("as_expression", "satisfies_expression", "parenthesized_expression"):
            node = node.named_children[0] if node.named_children else None
        if node is None or node.type != "array":
            return []
        texts = [_literal(child) for child in node.named_children]
        return [t for t in texts if t] if all(texts) else []

    def _wrap(self, node: Node, name: str) -> bool:
        for function in above(node):
            if function.type not in (
                "function_declaration", "function_expression", "arrow_function", "method_definition",
                "generator_function_declaration",
            ):  # fmt: skip
                continue
            parameters = _parameters(function)
            if name not in parameters:
                continue
            owner = function.parent
            called = text(field(function, "name")) or (
                text(field(owner, "name")) if owner is not None and owner.type == "variable_declarator" else ""
            )
            if not called:
                return False
            outcome = judge_use(node, self._later)
            at = next((i for i, p in enumerate(parameters) if i != parameters.index(name) and re.search(
                r"(?i)default|fallback|^def|^d$|alt", p)), None)  # fmt: skip
            need = Need.REQUIRED if stops(field(function, "body")) else outcome.need
            if need is Need.OPTIONAL or at is not None:
                need = Need.REQUIRED if need is Need.REQUIRED else Need.EMPTY
            self.facts.wrappers.setdefault(called, Wrapper(parameters.index(name), need, at))
            return True
        return False

    def _schema(self, environment: Node) -> None:
        """The whole environment is given to a function: all keys of the schemas it may be checked by are read."""
        taker = next((n for n in above(environment) if n.type == "call_expression"), None)
        if taker is not None and _TAKES_ALL.search(text(field(taker, "function"))):
            self._keys(None)

    def _keys(self, only: set[str] | None) -> None:
        """Upper-case keys of the file's schemas, required or excused; `only` these, where the rest is another's."""
        for node in places(self.root, self.source, _KEYS):
            pair = node.parent
            while pair is not None and pair.type == "string":
                pair = pair.parent
            if pair is None or pair.type != "pair" or field(pair, "key") not in (node, node.parent):
                continue
            calls = [text(field(n, "function")) for n in above(pair) if n.type == "call_expression"]
            value = text(field(pair, "value"))
            known = only is None or text(node) in only
            if known and not _VALUE.search(value) and any(_SCHEMAS.search(call) for call in calls[:4]):
                self._add(text(node), node, Need.DEFAULT if _EXCUSED.search(value) else Need.REQUIRED)

    def _modules(self) -> Iterator[str]:
        """SvelteKit's `$env` modules and Node's `process`: names read by import, and what `env` is called."""
        for node in self.root.named_children:
            module = text(field(node, "source")).strip("'\"") if node.type == "import_statement" else ""
            if not module.startswith("$env/") and module not in ("process", "node:process"):
                continue
            for match in re.finditer(r"([A-Za-z_]\w*)(?:\s+as\s+(\w+))?", _braces(text(node))):
                if module.startswith("$env/static"):
                    self._add(match[1], node, Need.REQUIRED)
                elif match[1] == "env":
                    yield match[2] or match[1]

    def _imports(self) -> None:
        for node in self.root.named_children[:500]:
            if node.type != "import_statement":
                continue
            stem = re.sub(r"\.[cm]?[jt]sx?$", "", text(field(node, "source")).strip("'\"")).rpartition("/")[2]
            for match in re.finditer(r"([A-Za-z_$][\w$]*)(?:\s+as\s+([\w$]+))?", _braces(text(node))):
                self.facts.imports[match[2] or match[1]] = (stem, match[1])
        for names, module in _REQUIRE.findall(self.source.decode("utf-8", "replace")):
            stem = re.sub(r"\.[cm]?[jt]sx?$", "", module).rpartition("/")[2]
            for name in re.findall(r"[A-Za-z_$][\w$]*", names):
                self.facts.imports[name] = (stem, name)

    def _candidates(self) -> None:
        for node in places(self.root, self.source, _CALLS):
            while node.type != "call_expression" and node.parent is not None and node.type != "statement_block":
                node = node.parent
            arguments = field(node, "arguments")
            if node.type != "call_expression" or arguments is None:
                continue
            literals = tuple(_literal(a) for a in arguments.named_children[:4])
            if any(t and _UPPER.match(t) for t in literals[:3]):
                self.facts.calls.append(Call(text(field(node, "function")), literals, line(node)))


def _declares(node: Node) -> bool:
    parent = node.parent
    if parent is None:
        return True
    return (parent.type == "variable_declarator" and field(parent, "name") == node) or parent.type in (
        "import_specifier", "import_clause", "formal_parameters", "required_parameter",
    )  # fmt: skip


def _first(arguments: Node | None) -> Node | None:
    return arguments.named_children[0] if arguments is not None and arguments.named_children else None


def _literal(node: Node | None) -> str | None:
    if node is None:
        return None
    if node.type == "string":
        return text(node)[1:-1]
    if node.type == "template_string":
        return None if any(c.type == "template_substitution" for c in node.named_children) else text(node)[1:-1]
    return text(node) if node.type in ("number", "true", "false", "null", "undefined") else None


def _beginning(key: Node) -> str:
    written = text(key)
    if key.type == "template_string":
        return written[1:].partition("${")[0]
    match = re.match(r"""["']([A-Z0-9_]+)["']\s*\+""", written)
    return match[1] if match else ""


def _parameters(function: Node) -> list[str]:
    single = field(function, "parameter")
    if single is not None:
        return [text(single)]
    names: list[str] = []
    listed = field(function, "parameters")
    for item in listed.named_children if listed is not None else []:
        pattern = field(item, "pattern") or field(item, "left") or item
        names.append(text(pattern))
    return names


def _braces(statement: str) -> str:
    match = re.search(r"\{([^{}]*)\}", statement)
    return match[1] if match else ""
