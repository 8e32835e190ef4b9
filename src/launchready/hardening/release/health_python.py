"""Handlers of health endpoints in Python, by the syntax tree: Django by its URL files, Flask and FastAPI by decorators.

A handler is constant when all it calls makes an answer or tells the time. Everything else may look at something.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from launchready.probes.python_syntax import parsed


@dataclass(frozen=True, slots=True)
class Handler:
    """What answers at a route."""

    route: str
    """Without the slash in front."""
    path: str
    line: int
    constant: bool
    quoted: str = ""
    """What it returns, for evidence."""


_ANSWERS = {
    "HttpResponse", "JsonResponse", "Response", "JSONResponse", "PlainTextResponse", "HTMLResponse", "jsonify",
    "make_response", "dict", "str", "now", "utcnow", "time", "isoformat", "getenv", "strftime",
}  # fmt: skip
_ROUTES = {"route", "get", "api_route", "head"}
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def python_handlers(sources: Mapping[str, str], wanted: frozenset[str]) -> list[Handler]:
    """Every handler of a wanted route that is understood."""
    trees: dict[str, ast.Module] = {}
    for path, text in sources.items():
        if path.endswith(".py") and re.search(r"health|ready|status|livez|[\"']/?up|urlpatterns|ROOT_URLCONF", text):
            try:
                trees[path] = parsed(text)
            except (SyntaxError, ValueError, RecursionError):
                continue
    found = [one for path, tree in trees.items() for one in _decorated(path, tree, wanted)]
    roots = _root(trees, sources)
    seen = dict[str, Handler]()
    for path in roots:
        for one in _django(path, trees, sources, wanted, "", set()):
            seen.setdefault(one.route, one)  # Django takes the first that fits
    return [*found, *seen.values()]


def _root(trees: Mapping[str, ast.Module], sources: Mapping[str, str]) -> list[str]:
    """The URL file that the settings in use name; every one that is named where nobody says which are in use."""
    named = {}
    for path, tree in trees.items():
        for node in tree.body:
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Constant):
                continue
            if getattr(node.targets[0], "id", "") == "ROOT_URLCONF":
                named[path.removesuffix(".py").replace("/", ".")] = str(node.value.value)
    deployed = [t for p, t in sources.items() if not p.endswith(".py")]
    defaults = [t for p, t in sources.items() if p.endswith(("manage.py", "wsgi.py", "asgi.py"))]
    for texts in (deployed, defaults):
        used = [
            m[1] for text in texts for m in re.finditer(r"DJANGO_SETTINGS_MODULE[\"']?\s*[=,]\s*[\"']?([\w.]+)", text)
        ]
        chosen = [conf for module, conf in named.items() if any(module.endswith(name) for name in used)]
        if chosen:
            return [p for conf in dict.fromkeys(chosen) if (p := _file(conf, trees))]
    return [p for conf in dict.fromkeys(named.values()) if (p := _file(conf, trees))]


def _django(
    path: str,
    trees: Mapping[str, ast.Module],
    sources: Mapping[str, str],
    wanted: frozenset[str],
    prefix: str,
    met: set[str],
) -> Iterator[Handler]:
    if path in met or path not in trees:
        return
    met.add(path)
    imports = _imports(trees[path], path)
    for call in (node for node in ast.walk(trees[path]) if isinstance(node, ast.Call)):
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        if name not in ("path", "re_path", "url") or len(call.args) < 2 or not isinstance(call.args[0], ast.Constant):
            continue
        route = prefix + str(call.args[0].value).strip("^$")
        view = call.args[1]
        if isinstance(view, ast.Call) and getattr(view.func, "id", "") == "include":
            if (
                view.args
                and isinstance(view.args[0], ast.Constant)
                and (below := _file(str(view.args[0].value), trees))
            ):
                yield from _django(below, trees, sources, wanted, route, met)
        elif route.strip("/") in wanted and (handler := _view(route.strip("/"), path, view, imports, trees, sources)):
            yield handler


def _view(
    route: str,
    path: str,
    view: ast.expr,
    imports: Mapping[str, str],
    trees: Mapping[str, ast.Module],
    sources: Mapping[str, str],
) -> Handler | None:
    if isinstance(view, ast.Lambda):
        return Handler(route, path, view.lineno, _constant([ast.Return(view.body)]), ast.unparse(view.body)[:160])
    name = ast.unparse(view)
    head, _, attribute = name.partition(".")
    module, function = (imports.get(head, ""), attribute) if attribute else imports.get(head, "").rpartition(".")[::2]
    file = _file(module, sources) if module else path
    if not file or file not in sources:
        return None
    try:
        tree = trees[file] if file in trees else parsed(sources[file])
    except (SyntaxError, ValueError, RecursionError):
        return None
    return next((_judged(route, file, node) for node in tree.body if _is(node, function or head)), None)


def _is(node: ast.stmt, name: str) -> bool:
    return isinstance(node, _Function) and node.name == name


def _decorated(path: str, tree: ast.Module, wanted: frozenset[str]) -> Iterator[Handler]:
    for node in ast.walk(tree):
        if not isinstance(node, _Function):
            continue
        for mark in node.decorator_list:
            if not (isinstance(mark, ast.Call) and isinstance(mark.func, ast.Attribute) and mark.func.attr in _ROUTES):
                continue
            if mark.args and isinstance(mark.args[0], ast.Constant):
                route = str(mark.args[0].value).strip("/")
                if route in wanted:
                    yield _judged(route, path, node)


def _judged(route: str, path: str, node: ast.stmt) -> Handler:
    assert isinstance(node, _Function)  # noqa: S101 - asked by the callers
    given = [*node.args.defaults, *(default for default in node.args.kw_defaults if default)]
    given += [one.annotation for one in (*node.args.args, *node.args.kwonlyargs) if one.annotation]  # Annotated[...]
    marks = [mark for mark in node.decorator_list if isinstance(mark, ast.Call)]
    given += [word.value for mark in marks for word in mark.keywords if word.arg == "dependencies"]
    depends = any(isinstance(inner, ast.Call) for default in given for inner in ast.walk(default))
    returned = next((ast.unparse(n) for n in ast.walk(node) if isinstance(n, ast.Return)), "")
    return Handler(route, path, node.lineno, not depends and _constant(node.body), returned[:160])


def _constant(body: list[ast.stmt]) -> bool:
    for node in (inner for statement in body for inner in ast.walk(statement)):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if called not in _ANSWERS and not ast.unparse(node.func).endswith("environ.get"):
                return False
        elif isinstance(node, ast.With | ast.AsyncWith | ast.Await | ast.Try | ast.Raise | ast.If | ast.IfExp):
            return False
    return any(isinstance(statement, ast.Return) for statement in body)


def _imports(tree: ast.Module, path: str) -> dict[str, str]:
    """By local name: the dotted name it stands for."""
    found = {}
    folders = path.split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            package = folders[: len(folders) - node.level + 1] if node.level else []
            module = ".".join([*package, *([node.module] if node.module else [])])
            found.update({alias.asname or alias.name: f"{module}.{alias.name}" for alias in node.names})
        elif isinstance(node, ast.Import):
            found.update({alias.asname or alias.name: alias.name for alias in node.names})
    return found


def _file(module: str, files: Mapping[str, object]) -> str:
    """The file of a module, at the root or one folder below."""
    wanted = module.replace(".", "/")
    for ending in (".py", "/__init__.py"):
        fitting = [p for p in files if p == wanted + ending or (p.endswith(f"/{wanted}{ending}") and p.count("/") <= 4)]
        if fitting:
            return min(fitting, key=len)
    return ""
