"""Which environment variables a pydantic-settings class reads: its fields, prefix, aliases.

https://docs.pydantic.dev/latest/concepts/pydantic_settings/
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from launchready.hardening.variables_model import Found, Need

_BASES = ("BaseSettings", "pydantic.BaseSettings", "pydantic_settings.BaseSettings")


def read_settings_classes(tree: ast.Module, dotted: Callable[[ast.expr], str]) -> list[Found]:
    """Every field of every class below `BaseSettings` in the file."""
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    settings: dict[str, str] = {}
    found: list[Found] = []
    for node in classes:
        bases = [dotted(base) for base in node.bases]
        above = next((settings[base] for base in bases if base in settings), None)
        if above is None and not any(base in _BASES or base.endswith(".BaseSettings") for base in bases):
            continue
        prefix = _prefix(node)
        settings[node.name] = prefix if prefix is not None else above or ""
        found += _fields(node, settings[node.name], {c.name for c in classes})
    return found


def _prefix(node: ast.ClassDef) -> str | None:
    for statement in node.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and _name(statement) == "model_config":
            value = statement.value
            pairs: list[tuple[object, ast.expr]] = []
            if isinstance(value, ast.Call):
                pairs = [(k.arg, k.value) for k in value.keywords]
            elif isinstance(value, ast.Dict):
                keys = [k.value if isinstance(k, ast.Constant) else None for k in value.keys]
                pairs = list(zip(keys, value.values, strict=True))
            for key, text in pairs:
                if key == "env_prefix" and isinstance(text, ast.Constant):
                    return str(text.value)
        if isinstance(statement, ast.ClassDef) and statement.name == "Config":
            for inner in statement.body:
                if isinstance(inner, ast.Assign) and _name(inner) == "env_prefix":
                    return str(inner.value.value) if isinstance(inner.value, ast.Constant) else None
    return None


def _fields(node: ast.ClassDef, prefix: str, classes: set[str]) -> Iterator[Found]:
    for statement in node.body:
        if not isinstance(statement, ast.AnnAssign):
            continue
        name = _name(statement)
        annotation = ast.unparse(statement.annotation)
        if not name or name.startswith("_") or name == "model_config" or "ClassVar" in annotation:
            continue
        if annotation in classes:  # a nested model reads NAME__FIELD, or has everything of its own
            continue
        names: tuple[str, ...] = (f"{prefix}{name}".upper(),)
        value = statement.value
        default = _text(value)
        need = Need.REQUIRED if value is None or _ellipsis(value) else Need.DEFAULT
        field = _field_call(value) or _field_call(_annotated(statement.annotation))
        if field is not None:
            names = tuple(n.upper() for n in _aliases(field)) or names
            given = field.args[0] if field.args else _keyword(field, "default")
            has = (given is not None and not _ellipsis(given)) or _keyword(field, "default_factory") is not None
            own = value is not None and not isinstance(value, ast.Call)
            need = Need.DEFAULT if has or own else Need.REQUIRED
            default = _text(given) if has else default
        yield Found(names[0], statement.lineno, need, default if need is Need.DEFAULT else None, names[1:])


def _aliases(field: ast.Call) -> list[str]:
    """Alias names, any of which is read."""
    for key in ("validation_alias", "alias", "env"):
        value = _keyword(field, key)
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            return [value.value]
        if isinstance(value, ast.Call | ast.List | ast.Tuple):
            items = value.args if isinstance(value, ast.Call) else value.elts
            texts = [i.value for i in items if isinstance(i, ast.Constant) and isinstance(i.value, str)]
            if texts:
                return texts
    return []


def _name(statement: ast.Assign | ast.AnnAssign) -> str:
    target = statement.target if isinstance(statement, ast.AnnAssign) else statement.targets[0]
    return target.id if isinstance(target, ast.Name) else ""


def _field_call(value: ast.expr | None) -> ast.Call | None:
    if not isinstance(value, ast.Call):
        return None
    called = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
    return value if called == "Field" else None


def _annotated(annotation: ast.expr) -> ast.expr | None:
    """The `Field(...)` of `Annotated[str, Field(...)]`."""
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value).endswith("Annotated"):
        items = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else []
        return next((item for item in items if _field_call(item) is not None), None)
    return None


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((k.value for k in call.keywords if k.arg == name), None)


def _ellipsis(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is ...


def _text(value: ast.expr | None) -> str | None:
    if not isinstance(value, ast.Constant) or value.value is ...:
        return None
    return "" if value.value is None else str(value.value)
