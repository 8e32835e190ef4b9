"""Python source by its syntax tree: what a name in it stands for. Nothing is executed or imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from pathlib import PurePosixPath

from launchready.probes import python_syntax

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module:
    """One parsed file. `parsed` makes them."""

    def __init__(self, path: str, tree: ast.Module, text: str = "") -> None:
        self.path, self.tree, self.text = path, tree, text
        parts = PurePosixPath(path).with_suffix("").parts
        self.name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        """As it is imported from the repository's root."""
        self._package = self.name if parts[-1] == "__init__" else self.name.rpartition(".")[0]

    @cached_property
    def names(self) -> dict[str, str]:
        """What is imported, anywhere in the file: local name to full name."""
        found: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    root = alias.name.partition(".")[0]
                    found[alias.asname or root] = alias.name if alias.asname else root
            elif isinstance(node, ast.ImportFrom):
                origin = self._origin(node)
                for alias in node.names:
                    if alias.name != "*":
                        found[alias.asname or alias.name] = f"{origin}.{alias.name}"
        return found

    @cached_property
    def stars(self) -> list[str]:
        """Modules of which everything is imported, last first: the last one wins."""
        return [
            self._origin(node)
            for node in reversed(self.tree.body)
            if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
        ]

    @cached_property
    def own(self) -> dict[str, Function | ast.ClassDef]:
        """Functions and classes of the file's top level."""
        return {
            node.name: node
            for node in self.tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        }

    def full(self, node: ast.expr | None) -> str:
        """The full dotted name an expression stands for, such as `urllib.request.urlopen`; empty for
        a value that is made here."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        root = f"{self.name}.{node.id}" if node.id in self.own else self.names.get(node.id, "")
        return ".".join([root, *reversed(parts)]) if root else ""

    def _origin(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        above = self._package.split(".")[: len(self._package.split(".")) - node.level + 1] if self._package else []
        return ".".join([*above, *([node.module] if node.module else [])])


def parsed(path: str, text: str) -> Module | None:
    """A file; None where it is not Python."""
    try:
        return Module(path, python_syntax.parsed(text), text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Every call, but for those below `if __name__ == "__main__"`."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.If) and any(
            isinstance(n, ast.Name) and n.id == "__name__" for n in ast.walk(node.test)
        ):
            stack += node.orelse
            continue
        if isinstance(node, ast.Call):
            yield node
        stack += reversed(list(ast.iter_child_nodes(node)))


def given(call: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    """An argument by name, or by position where one is said."""
    named = next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
    if named is None and position is not None and len(call.args) > position:
        return call.args[position]
    return named


def is_open(call: ast.Call) -> bool:
    """Whether arguments come from elsewhere: `*args`, `**options`."""
    return any(k.arg is None for k in call.keywords) or any(isinstance(a, ast.Starred) for a in call.args)


def is_none(node: ast.expr | None) -> bool:
    """Whether it is the literal None."""
    return isinstance(node, ast.Constant) and node.value is None


def text_of(node: ast.expr | None) -> str:
    """A literal text, or how a computed one begins."""
    if isinstance(node, ast.JoinedStr) and node.values:
        node = node.values[0]
    if isinstance(node, ast.BinOp):
        node = node.left
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
