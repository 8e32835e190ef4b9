"""Small questions to nodes of a Python syntax tree."""

from __future__ import annotations

import ast


def target(node: ast.AST) -> str | None:
    """The one name an assignment binds; None for anything else."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        return written(node.targets[0])
    return written(node.target) if isinstance(node, ast.AnnAssign | ast.NamedExpr) else None


def written(node: ast.expr) -> str:
    """A dotted name as it is written; empty for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def argument(node: ast.Call, position: int, name: str) -> ast.expr | None:
    """An argument by position or by name."""
    if len(node.args) > position and not any(isinstance(a, ast.Starred) for a in node.args[: position + 1]):
        return node.args[position]
    return next((k.value for k in node.keywords if k.arg == name), None)


def literal(node: ast.expr | None) -> str | None:
    """The text of a literal, of None an empty one; None for what is computed."""
    if isinstance(node, ast.Constant):
        return "" if node.value is None else str(node.value)
    if isinstance(node, ast.List | ast.Tuple) and all(isinstance(e, ast.Constant) for e in node.elts):
        return ",".join(str(e.value) for e in node.elts if isinstance(e, ast.Constant))
    return None


def scheme_default(node: ast.expr) -> str | None:
    """The default of a django-environ scheme, `(bool, False)`."""
    if isinstance(node, ast.Tuple) and len(node.elts) == 2:
        return literal(node.elts[1]) or ""
    return None


def beginning(key: ast.expr) -> str:
    """How a computed name begins, where that is written out."""
    if isinstance(key, ast.JoinedStr) and key.values and isinstance(key.values[0], ast.Constant):
        return str(key.values[0].value)
    if isinstance(key, ast.BinOp) and isinstance(key.left, ast.Constant):
        return str(key.left.value)
    return ""


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> list[str]:
    """The names of a function's parameters."""
    return [a.arg for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]


def stops(statement: ast.stmt) -> bool:
    """Whether a statement raises or ends the program."""
    if isinstance(statement, ast.Raise):
        return True
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and written(call.func) in ("sys.exit", "exit", "quit", "os._exit", "os.abort")


def negative(test: ast.expr) -> bool:
    """Whether the test is for the absence: `not x`, `x is None`, `"X" not in os.environ`, joined by `or`."""
    if isinstance(test, ast.BoolOp):
        return any(negative(value) for value in test.values)
    if isinstance(test, ast.UnaryOp):
        return isinstance(test.op, ast.Not)
    if isinstance(test, ast.Compare):
        empty = isinstance(test.comparators[0], ast.Constant) and not test.comparators[0].value
        return isinstance(test.ops[0], ast.NotIn) or (isinstance(test.ops[0], ast.Is | ast.Eq) and empty)
    return False
