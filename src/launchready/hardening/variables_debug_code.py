"""Debug modes that Python code turns on, by its syntax tree: Django's `DEBUG`, arguments of Flask and FastAPI."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from launchready.hardening.variables_python_nodes import written
from launchready.probes.python_syntax import parsed

_DJANGO = frozenset({"INSTALLED_APPS", "ROOT_URLCONF", "MIDDLEWARE", "ALLOWED_HOSTS", "WSGI_APPLICATION", "SECRET_KEY"})
_SETTINGS = re.compile(r"settings|(?:^|/)(?:config|conf)/(?:\w+/)?(?:base|common|prod\w*|live|defaults?)\.py$")
_APPLICATIONS = ("FastAPI", "Starlette", "Litestar", "Quart", "Sanic", "Bottle")
_READS = ("os.environ.get", "os.getenv", "environ.get", "getenv")
_OFF_TEXTS = frozenset({"false", "0", "no", "off", "n", "f"})


@dataclass(frozen=True, slots=True)
class Flag:
    """One place that turns a debug mode on or off."""

    line: int
    on: bool
    says: str = ""
    code: str = ""
    key: str = "DEBUG"
    settings: bool = False
    """A Django settings module; another one may turn it off."""
    always: bool = False
    """On whatever the environment says, or by a mistake that overriding settings would repeat."""


def python_flags(path: str, text: str, production: Mapping[str, str | None]) -> list[Flag]:
    """Every flag of one file; nothing where it is not Python. `production` holds what production sets."""
    try:
        tree = parsed(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    names = {written(t) for n in tree.body if isinstance(n, ast.Assign) for t in n.targets}
    settings = bool(names & _DJANGO) or bool(_SETTINGS.search(path))
    flags = list(_assigned(tree, settings, production)) if settings else []
    return [*flags, *_arguments(tree)]


def _assigned(tree: ast.Module, settings: bool, production: Mapping[str, str | None]) -> Iterator[Flag]:
    last: ast.Assign | ast.AnnAssign | None = None
    for node in tree.body:  # below `if` and `try` it depends on something
        if (isinstance(node, ast.Assign) and any(written(t) == "DEBUG" for t in node.targets)) or (
            isinstance(node, ast.AnnAssign) and written(node.target) == "DEBUG"
        ):
            last = node
        elif last is not None and isinstance(node, ast.If) and _turns_off(node):
            last = None
    if last is None or last.value is None:
        return
    value = last.value
    if isinstance(value, ast.Constant) and isinstance(value.value, bool | int):
        says = "DEBUG is on in the settings, whatever the environment says."
        yield Flag(last.lineno, bool(value.value), says, ast.unparse(last)[:120], settings=settings)
    elif reason := _always_true(value, production):
        yield Flag(last.lineno, True, reason, ast.unparse(last)[:120], settings=settings, always=True)


def _turns_off(node: ast.If) -> bool:
    """`if not LOCAL: DEBUG = False` below the assignment."""
    return any(
        isinstance(inner, ast.Assign)
        and any(written(t) == "DEBUG" for t in inner.targets)
        and isinstance(inner.value, ast.Constant)
        and not inner.value.value
        for inner in ast.walk(node)
    )


def _always_true(value: ast.expr, production: Mapping[str, str | None]) -> str:
    """Why a text from the environment is taken for true although it says false; empty when it is not."""
    wrapped = isinstance(value, ast.Call) and written(value.func) == "bool" and len(value.args) == 1
    call = value.args[0] if wrapped and isinstance(value, ast.Call) else value
    if not isinstance(call, ast.Call) or written(call.func) not in _READS:
        return ""
    key = call.args[0] if call.args else None
    name = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
    default = call.args[1] if len(call.args) > 1 else next((k.value for k in call.keywords if k.arg == "default"), None)
    text = default.value if isinstance(default, ast.Constant) else None
    held = production.get(name)
    if held is not None and held.strip().lower() in _OFF_TEXTS:
        return f"DEBUG is on although production sets {name}={held}: a text that is not empty counts as true."
    if isinstance(text, str) and text.strip().lower() in _OFF_TEXTS and name not in production:
        return f'DEBUG is always on: the text "{text}" is not empty, so it counts as true.'
    return ""


def _arguments(tree: ast.Module) -> Iterator[Flag]:
    """`FastAPI(debug=True)`, `app.run(debug=True)`, `app.debug = True`, outside of `if __name__ == "__main__"`."""
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.If) and "__name__" in ast.dump(node.test)[:400]:
            stack += node.orelse
            continue
        stack += ast.iter_child_nodes(node)
        if isinstance(node, ast.Call):
            called = written(node.func).rpartition(".")[2]
            on = any(
                k.arg == "debug" and isinstance(k.value, ast.Constant) and k.value.value is True for k in node.keywords
            )
            module_level = node.func.attr == "run" if isinstance(node.func, ast.Attribute) else False
            if on and (called in _APPLICATIONS or (module_level and node in _top_calls(tree))):
                yield Flag(node.lineno, True, f"{called}(debug=True) is in the code.", ast.unparse(node)[:120], "code")
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and node.value.value is True:
            target = node.targets[0]
            attribute = isinstance(target, ast.Attribute) and target.attr == "debug" and written(target.value) in (
                "app", "application",
            )  # fmt: skip
            key = target.slice if isinstance(target, ast.Subscript) else None
            item = isinstance(key, ast.Constant) and key.value == "DEBUG" and written(
                target.value if isinstance(target, ast.Subscript) else target
            ).endswith("config")  # fmt: skip
            if attribute or item:
                yield Flag(node.lineno, True, "Debug mode is turned on in the code.", ast.unparse(node)[:120], "code")


def _top_calls(tree: ast.Module) -> list[ast.AST]:
    return [n.value for n in tree.body if isinstance(n, ast.Expr)]
