"""Which way a Django portal's mail goes, by its settings: straight to a mail server, or somewhere else first.

Settings that others build on are judged through those; those of tests and development are left out. A value that
cannot be read is not claimed to be anything.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from launchready.performance.python_source import Module, given, text_of

SMTP = "django.core.mail.backends.smtp.EmailBackend"
"""What Django takes where nothing is said (docs.djangoproject.com/en/stable/ref/settings/#email-backend)."""
_STRAIGHT = re.compile(
    r"django\.core\.mail\.backends\.smtp\.|anymail\.backends\.(?!test|console)|sendgrid_backend\.|django_ses\.|"
    r"postmarker\.django\.|django_mailgun\.|django_smtp_ssl\.|sparkpost\.django\."
)
"""Backends that speak to a mail server, or to a mail company's API, before they return."""
_SETTINGS = frozenset(
    {"INSTALLED_APPS", "ROOT_URLCONF", "MIDDLEWARE", "DATABASES", "EMAIL_BACKEND", "SECRET_KEY", "ALLOWED_HOSTS"}
)
_NOT_LIVE = re.compile(r"\b(?:DEBUG|TESTING|TEST|LOCAL|DEV|DEVELOPMENT)\b|[\"'](?:test|dev\w*|local\w*)[\"']")
_COMPUTED = re.compile(r"\b(?:globals|locals|vars)\(\)\.update\(|\binclude\(|__import__\(|\bexec\(")
_ASIDE = re.compile(r"(?:^|[._])(?:test\w*|local\w*|dev\w*|ci|docs|example\w*)$")
_DEPTH = 8


@dataclass(frozen=True, slots=True)
class MailSettings:
    """What one settings module says."""

    path: str
    backend: str
    """Dotted; `by address` where EMAIL_URL or the like decides."""
    line: int
    """0: nothing is said, so it is Django's default."""


def straight(modules: Modules) -> MailSettings | None:
    """The settings by which mail goes straight to a server; None where there are none."""
    chosen = [module for module in modules.all if _is_settings(module)]
    built_on = {base.name for module in chosen for name in module.stars if (base := modules.find(name))}
    for module in chosen:
        if module.name in built_on or _ASIDE.search(module.name):
            continue
        value, line, path = _effective(modules, module, "EMAIL_BACKEND", _DEPTH)
        if value is None:
            if _may_say_elsewhere(modules, module) or not _has(modules, module, "ALLOWED_HOSTS"):
                continue
            return MailSettings(module.path, SMTP, 0)
        backend = _resolved(modules, module, value, _DEPTH)
        if backend == "by address" or _STRAIGHT.match(backend):
            return MailSettings(path, backend, line)
    return None


class Modules:
    """The parsed files, by the names they are imported by, which may begin below the repository's root."""

    def __init__(self, parsed: Sequence[Module]) -> None:
        self.all = tuple(parsed)
        self._by_end: dict[str, Module] = {}
        for module in self.all:
            parts = module.name.split(".")
            for start in range(len(parts)):
                self._by_end.setdefault(".".join(parts[start:]), module)
            self._by_end[module.name] = module

    def find(self, name: str) -> Module | None:
        """The module of that name; None where it is not the repository's."""
        return self._by_end.get(name)


def _is_settings(module: Module) -> bool:
    said = {t.id for n in module.tree.body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}
    named = "settings" in module.name or PurePosixPath(module.path).stem in ("settings", "base", "production", "prod")
    return len(said & _SETTINGS) >= 2 or (bool(said & _SETTINGS) and named)


def _has(modules: Modules, module: Module, name: str) -> bool:
    return _effective(modules, module, name, _DEPTH)[0] is not None


def _effective(modules: Modules, module: Module, name: str, depth: int) -> tuple[ast.expr | None, int, str]:
    """What a name has in a settings module: its own, else of what it builds on."""
    if found := _last(module.tree.body, name):
        return (*found, module.path)
    for star in module.stars if depth else ():
        base = modules.find(star)
        if base is not None and base is not module:
            value, line, path = _effective(modules, base, name, depth - 1)
            if value is not None:
                return value, line, path
    return None, 0, ""


def _last(body: Sequence[ast.stmt], name: str) -> tuple[ast.expr, int] | None:
    """What a name is given last in production: what is below `if DEBUG` is not."""
    for node in reversed(body):
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if value is not None and any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return value, node.lineno
        inner: list[Sequence[ast.stmt]] = []
        if isinstance(node, ast.If):
            aside = bool(_NOT_LIVE.search(ast.unparse(node.test)))
            inner = [node.body, node.orelse]
            if aside:
                inner = [node.body] if _negated(node.test) else [node.orelse]
        elif isinstance(node, ast.Try):
            inner = [node.body, node.orelse, node.finalbody]
        elif isinstance(node, ast.With):
            inner = [node.body]
        for one in inner:
            if found := _last(one, name):
                return found
    return None


def _may_say_elsewhere(modules: Modules, module: Module) -> bool:
    """Whether something that cannot be read here may set names too."""
    strange = any(modules.find(star) is None for star in module.stars)
    computed = any(
        _COMPUTED.search(ast.unparse(node)) for node in module.tree.body if not isinstance(node, ast.FunctionDef)
    )
    return strange or computed


def _resolved(modules: Modules, module: Module, value: ast.expr, depth: int) -> str:
    """The backend an expression gives in production; empty where that cannot be told."""
    if not depth:
        return ""
    if text := text_of(value) if isinstance(value, ast.Constant) else "":
        return text
    if isinstance(value, ast.Name):
        found, _, _ = _effective(modules, module, value.id, depth - 1)
        return _resolved(modules, module, found, depth - 1) if found is not None else ""
    if isinstance(value, ast.Subscript) and text_of(value.slice) == "EMAIL_BACKEND":
        if re.search(r"environ$|^(?:env|ENV|config)$", ast.unparse(value.value)):
            return ""
        return "by address"  # environs, django-environ and dj-email-url make settings of EMAIL_URL
    if isinstance(value, ast.IfExp):
        branches = (value.body, value.orelse)
        live = branches[1] if _NOT_LIVE.search(ast.unparse(value.test)) and not _negated(value.test) else branches[0]
        return _resolved(modules, module, live, depth - 1)
    if isinstance(value, ast.BoolOp):
        return _resolved(modules, module, value.values[-1], depth - 1)
    if isinstance(value, ast.Call) and _reads_environment(value):
        default = given(value, "default", 1)
        return _resolved(modules, module, default, depth - 1) if default is not None else ""
    return ""


def _negated(test: ast.expr) -> bool:
    return isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)


def _reads_environment(call: ast.Call) -> bool:
    return bool(re.match(r"(?:\w+\.)*(?:getenv|environ\.get|env|config|ENV)(?:\.str)?$", ast.unparse(call.func)))
