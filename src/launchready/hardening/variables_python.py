"""Which environment variables a Python file reads, by its syntax tree.

Understood are `os.environ` and `os.getenv` under any imported name, environs, django-environ, decouple, Starlette's
`Config`, classes of pydantic-settings (`variables_pydantic`), and functions of the file that take the name.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from launchready.hardening.variables_model import Call, Dynamic, Facts, Found, Need, Wrapper
from launchready.hardening.variables_python_nodes import (
    argument,
    beginning,
    literal,
    negative,
    parameters,
    scheme_default,
    stops,
    target,
    written,
)
from launchready.probes.python_syntax import parsed

MARKS = re.compile(r"environ|getenv|\bEnv\b|decouple|BaseSettings|starlette")
"""A file without any of these reads no variable by itself."""
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_UPPER = re.compile(r"[A-Z][A-Z0-9_]*\Z")
_CLASSES = {
    "environs.Env": "environs",
    "environs.FileAwareEnv": "environs",
    "environ.Env": "environ",
    "environ.FileAwareEnv": "environ",
    "starlette.config.Config": "config",
    "decouple.Config": "config",
    "decouple.AutoConfig": "config",
}
_OWN_NAMES = {"db": "DATABASE_URL", "db_url": "DATABASE_URL", "cache": "CACHE_URL", "cache_url": "CACHE_URL",
              "email": "EMAIL_URL", "email_url": "EMAIL_URL", "search_url": "SEARCH_URL"}  # fmt: skip
"""What django-environ reads where no name is given."""
_NOT_READERS = frozenset({"read_env", "prefixed", "seal", "dump", "add_parser", "parser_for", "is_valid", "register"})


def read_python(text: str) -> Facts:
    """The facts of one file; `trouble` says why there are none."""
    facts = Facts()
    try:
        tree = parsed(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        where = f" at line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        facts.trouble = f"it is not Python that can be parsed{where}"
        return facts
    from launchready.hardening.variables_pydantic import read_settings_classes

    reader = _Reader(tree, facts)
    reader.run()
    facts.found += read_settings_classes(tree, reader.dotted)
    return facts


class _Reader:
    """One file's tree with its imports, simple constants and tests looked up once."""

    def __init__(self, tree: ast.Module, facts: Facts) -> None:
        self.tree, self.facts = tree, facts
        self.nodes = list(ast.walk(tree))
        self.parents = {child: node for node in self.nodes for child in ast.iter_child_nodes(node)}
        self.aliases: dict[str, str] = {}
        self.constants: dict[str, ast.expr] = {}
        self.readers: dict[str, str] = {}
        self.schemes: dict[str, dict[str, str | None]] = {}
        self.uses: dict[str, list[ast.expr]] = {}
        self._survey()

    def run(self) -> None:
        for node in self.nodes:
            if isinstance(node, ast.Subscript) and self.dotted(node.value) == "os.environ":
                if isinstance(node.ctx, ast.Load):
                    self._note(node, node.slice, Need.REQUIRED)
            elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
                if self.dotted(node.comparators[0]) == "os.environ":
                    self._note(node, node.left, Need.OPTIONAL)
            elif isinstance(node, ast.Call):
                self._call(node)

    def dotted(self, node: ast.expr) -> str:
        """`os.environ` for whatever the file calls it; empty for anything that is no dotted name."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join([self.aliases.get(node.id, node.id), *reversed(parts)])

    def _survey(self) -> None:
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for name in node.names:
                    self.aliases[name.asname or name.name.partition(".")[0]] = (
                        name.name if name.asname else name.name.partition(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom):
                module = node.module or ""
                for name in node.names:
                    local = name.asname or name.name
                    self.aliases[local] = f"{module}.{name.name}" if module else name.name
                    self.facts.imports[local] = (module.rpartition(".")[2], name.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                self.uses.setdefault(node.id, []).append(node)
        for node in self.nodes:
            bound = target(node)
            value = node.value if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) else None
            if bound is None or value is None:
                continue
            if isinstance(value, ast.Constant | ast.Tuple | ast.List | ast.Set):
                self.constants.setdefault(bound, value)
            elif self.dotted(value) in ("os.environ", "os.getenv"):
                self.aliases[bound] = self.dotted(value)
            elif isinstance(value, ast.Call) and (kind := _CLASSES.get(self.dotted(value.func))):
                self.readers[bound] = kind
                self.schemes[bound] = {
                    k.arg: scheme_default(k.value) for k in value.keywords if k.arg and _UPPER.match(k.arg)
                }
                self.facts.wrappers[bound] = Wrapper(0, Need.REQUIRED, 1)
        known = {"decouple.config": "config", "environs.env": "environs"}
        self.readers |= {local: known[full] for local, full in self.aliases.items() if full in known}

    def _call(self, node: ast.Call) -> None:
        name = self.dotted(node.func)
        if name in ("os.environ.get", "os.getenv", "os.environ.setdefault", "os.environ.pop", "os.getenvb"):
            key = argument(node, 0, "key")
            default = argument(node, 1, "default")
            if key is None:
                return
            if default is None or (isinstance(default, ast.Constant) and default.value is None):
                need = Need.REQUIRED if name == "os.environ.pop" and default is None else Need.EMPTY
                self._note(node, key, need)
            else:
                self._note(node, key, Need.DEFAULT, default)
            return
        base, _, method = name.rpartition(".")
        for reader, how in ((name, ""), (base, method)):
            if kind := self.readers.get(self._local(node, reader)):
                if how not in _NOT_READERS:
                    self._object_call(node, kind, self._local(node, reader), how)
                return
        self._candidate(node)

    def _local(self, node: ast.Call, name: str) -> str:
        """The name as the file writes it: aliases are for modules, readers are local."""
        func = node.func
        while isinstance(func, ast.Attribute):
            if (whole := written(func)) in self.readers:
                return whole if self.dotted(func) == name else name
            func = func.value
        return func.id if isinstance(func, ast.Name) and self.aliases.get(func.id, func.id) == name else name

    def _object_call(self, node: ast.Call, kind: str, local: str, method: str) -> None:
        key = argument(node, 0, "var") or argument(node, 0, "name") or argument(node, 0, "key")
        if key is None:
            if kind != "environ" or method not in _OWN_NAMES:
                return
            key = ast.copy_location(ast.Constant(_OWN_NAMES[method]), node)
        at = 2 if kind == "config" and self.aliases.get(local) != "decouple.config" else 1
        default = argument(node, at, "default")
        scheme = self.schemes.get(local, {})
        prefix = self._prefix(node, local) if kind == "environs" else ""
        if default is not None:
            self._note(node, key, Need.DEFAULT, default, prefix)
        elif isinstance(key, ast.Constant) and key.value in scheme and scheme[str(key.value)] is not None:
            self._add(str(key.value), node.lineno, Need.DEFAULT, scheme[str(key.value)])
        else:
            self._note(node, key, Need.REQUIRED, prefix=prefix)

    def _prefix(self, node: ast.AST, local: str) -> str:
        prefixes: list[str] = []
        above = self.parents.get(node)
        while above is not None:
            if isinstance(above, ast.With | ast.AsyncWith):
                for item in above.items:
                    call = item.context_expr
                    if (
                        isinstance(call, ast.Call)
                        and written(call.func) == f"{local}.prefixed"
                        and call.args
                        and isinstance(call.args[0], ast.Constant)
                    ):
                        prefixes.append(str(call.args[0].value))
            above = self.parents.get(above)
        return "".join(reversed(prefixes))

    def _candidate(self, node: ast.Call) -> None:
        name = written(node.func)
        if not name or not node.args:
            return
        shown = tuple(literal(a) for a in node.args[:4])
        texts = [a.value for a in node.args[:3] if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        if any(_UPPER.match(text) for text in texts):
            default = argument(node, 99, "default")
            shown = (*shown, literal(default)) if default is not None else shown
            self.facts.calls.append(Call(name, shown, node.lineno))

    def _note(
        self, node: ast.expr, key: ast.expr, need: Need, default: ast.expr | None = None, prefix: str = ""
    ) -> None:
        names = self._names(key, node)
        if names is None:
            if not self._wrap(node, key, need, default):
                self.facts.dynamic.append(Dynamic(node.lineno, prefix + beginning(key)))
            return
        others: tuple[str, ...] = ()
        text = literal(default) if default is not None else None
        if default is not None and text is None:
            others = tuple(self._environment_names(default))
            need = Need.EMPTY if others else need
        if need is Need.REQUIRED and self._caught(node):
            need = Need.OPTIONAL
        if need in (Need.EMPTY, Need.OPTIONAL):
            need, text_here, more = self._context(node, need)
            text, others = text or text_here, (*others, *more)
        for name in names:
            self._add(prefix + name, node.lineno, need, text, tuple(o for o in others if o != name))

    def _add(self, name: str, line: int, need: Need, default: str | None = None, others: tuple[str, ...] = ()) -> None:
        if NAME.match(name):
            self.facts.found.append(Found(name, line, need, default, others))

    def _names(self, key: ast.expr, node: ast.AST) -> list[str] | None:
        """The names a key can have; None when it is computed."""
        if isinstance(key, ast.Constant):
            return [key.value] if isinstance(key.value, str) else None
        if not isinstance(key, ast.Name):
            return None
        above = self.parents.get(node)
        while above is not None:
            loops: list[ast.For | ast.AsyncFor | ast.comprehension] = []
            if isinstance(above, ast.For | ast.AsyncFor):
                loops = [above]
            elif isinstance(above, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
                loops = list(above.generators)
            for loop in loops:
                if isinstance(loop.target, ast.Name) and loop.target.id == key.id:
                    return self._strings(loop.iter)
            if isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and key.id in parameters(above):
                return None
            above = self.parents.get(above)
        constant = self.constants.get(key.id)
        return [constant.value] if isinstance(constant, ast.Constant) and isinstance(constant.value, str) else None

    def _strings(self, node: ast.expr) -> list[str] | None:
        if isinstance(node, ast.Name):
            node = self.constants.get(node.id, node)
        if not isinstance(node, ast.Tuple | ast.List | ast.Set):
            return None
        texts = [e.value for e in node.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)]
        return texts if len(texts) == len(node.elts) else None

    def _wrap(self, node: ast.expr, key: ast.expr, need: Need, default: ast.expr | None) -> bool:
        above = self.parents.get(node)
        while above is not None and not isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef):
            above = self.parents.get(above)
        if above is None or not isinstance(key, ast.Name):
            return False
        given = parameters(above)
        if key.id not in given:
            return False
        shift = 1 if given[0] in ("self", "cls") else 0
        at = given.index(default.id) - shift if isinstance(default, ast.Name) and default.id in given else None
        if at is None and len(given) > given.index(key.id) + 1:
            at = next((i - shift for i, p in enumerate(given) if p in ("default", "fallback")), None)
        if need in (Need.EMPTY, Need.OPTIONAL) or at is not None:
            raises = any(isinstance(inner, ast.Raise) for inner in ast.walk(above))
            need = Need.REQUIRED if raises or need is Need.REQUIRED else Need.EMPTY
        self.facts.wrappers.setdefault(above.name, Wrapper(given.index(key.id) - shift, need, at))
        return True

    def _caught(self, node: ast.AST) -> bool:
        """Whether a missing variable is caught, and the program goes on."""
        child, above = node, self.parents.get(node)
        while above is not None:
            if isinstance(above, ast.Try) and child in above.body:
                for handler in above.handlers:
                    if handler.type is None or re.search(
                        r"KeyError|Exception|EnvError|LookupError", ast.dump(handler.type)
                    ):
                        return not any(stops(statement) for statement in handler.body)
            if isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                return False
            child, above = above, self.parents.get(above)
        return False

    def _context(self, node: ast.expr, need: Need, *, follow: bool = True) -> tuple[Need, str | None, tuple[str, ...]]:
        """What is done with a value that may be None: need, literal default, names tried besides.

        `follow`: where it is given a name, look at the uses of that name too (once: `x = x or y` would not end).
        """
        child: ast.AST = node
        above = self.parents.get(node)
        while above is not None:
            if isinstance(above, ast.BoolOp):
                if isinstance(above.op, ast.Or):
                    after = above.values[above.values.index(child) + 1 :] if child in above.values else []
                    others = tuple(n for v in above.values if v is not child for n in self._environment_names(v))
                    if after and not others:
                        if need is Need.OPTIONAL:
                            child, above = above, self.parents.get(above)
                            continue
                        return Need.DEFAULT, literal(after[-1]), ()
                    if others:
                        last = above.values[-1]
                        closed = not list(self._environment_names(last))
                        return (Need.DEFAULT if closed else need), (literal(last) if closed else None), others
                    need = Need.OPTIONAL  # what comes first may suffice: an argument, a setting
                    child, above = above, self.parents.get(above)
                    continue
                if above.values[0] is child:
                    need = Need.OPTIONAL
                child, above = above, self.parents.get(above)
                continue
            if isinstance(above, ast.UnaryOp | ast.Compare):
                need = Need.OPTIONAL if not isinstance(above, ast.UnaryOp) or isinstance(above.op, ast.Not) else need
                child, above = above, self.parents.get(above)
                continue
            if isinstance(above, ast.If | ast.While) and above.test is child:
                refuses = isinstance(above, ast.If) and any(stops(s) for s in above.body) and negative(above.test)
                return (Need.REQUIRED if refuses else Need.OPTIONAL), None, ()
            if isinstance(above, ast.Assert) and above.test is child:
                return Need.REQUIRED, None, ()
            if isinstance(above, ast.IfExp) and above.test is child:
                return Need.OPTIONAL, None, ()
            if isinstance(above, ast.Attribute) and child is node:
                return Need.REQUIRED, None, ()  # None has no .split
            if isinstance(above, ast.Call) and child in above.args and child is node:
                called = self.dotted(above.func)
                if called == "bool":
                    need = Need.OPTIONAL
                elif called in ("int", "float", "json.loads", "Path", "pathlib.Path", "Fernet", "base64.b64decode"):
                    return Need.REQUIRED, None, ()  # None is refused
                return need, None, ()
            if isinstance(above, ast.NamedExpr):
                child, above = above, self.parents.get(above)
                continue
            bound = target(above)
            if bound and child is getattr(above, "value", None) and need is Need.EMPTY:
                return self._later(bound) if follow else (need, None, ())
            return need, None, ()
        return need, None, ()

    def _later(self, target: str) -> tuple[Need, str | None, tuple[str, ...]]:
        """What the uses of a name that holds the value say of its absence."""
        needs: list[tuple[Need, str | None]] = []
        for use in self.uses.get(target, ())[:200]:
            above = self.parents.get(use)
            if isinstance(above, ast.If | ast.While | ast.IfExp | ast.BoolOp | ast.UnaryOp | ast.Compare | ast.Assert):
                need, default, _ = self._context(use, Need.EMPTY, follow=False)
                needs.append((need, default))
        for wanted in (Need.REQUIRED, Need.DEFAULT, Need.OPTIONAL):
            for need, default in needs:
                if need is wanted:
                    return need, default, ()
        return Need.EMPTY, None, ()

    def _environment_names(self, node: ast.expr) -> Iterator[str]:
        for inner in ast.walk(node):
            key: ast.expr | None = None
            if isinstance(inner, ast.Call) and self.dotted(inner.func) in ("os.environ.get", "os.getenv"):
                key = inner.args[0] if inner.args else None
            elif isinstance(inner, ast.Subscript) and self.dotted(inner.value) == "os.environ":
                key = inner.slice
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value
