"""Mail that is sent while a visitor waits, by the syntax tree of Python: from views, forms and signals to its sending.

Followed are calls of functions and methods of the repository. What is handed to a thread or a queue
(`Thread(target=…)`, `.delay()`, `add_task(…)`, a decorated task) is not the visitor's wait.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from launchready.performance.mail_settings import Modules
from launchready.performance.python_source import Function, Module, calls, given, text_of
from launchready.performance.source_files import is_command

_MAIL = "django.core.mail."
_SENDS = frozenset({f"{_MAIL}{name}" for name in ("send_mail", "send_mass_mail", "mail_admins", "mail_managers")})
_MESSAGES = frozenset({f"{_MAIL}EmailMessage", f"{_MAIL}EmailMultiAlternatives", f"{_MAIL}message.EmailMessage"})
_SERVERS = frozenset({"smtplib.SMTP", "smtplib.SMTP_SSL"})
_RESETS = re.compile(r"django\.contrib\.auth\.(?:views\.PasswordResetView|forms\.PasswordResetForm)$")
_LATER = frozenset(
    {"Thread", "Timer", "Process", "submit", "delay", "delay_on_commit", "apply_async", "async_task", "add_task",
     "enqueue", "enqueue_in", "defer", "defer_async", "run_in_executor", "call_later", "schedule", "send_task", "spawn"}
)  # fmt: skip
"""Calls whose arguments run elsewhere, or later."""
_TASKS = frozenset(
    {"task", "shared_task", "db_task", "background", "actor", "job", "periodic_task", "db_periodic_task", "on_queue"}
)
"""Decorators of functions that a worker runs."""
_ON_CALL = re.compile(r"\bhuey\b|djhuey|background_task\b|\bdb_task\b")
_ROUTES = frozenset(
    {"route", "get", "post", "put", "patch", "delete", "api_view", "action", "login_required", "require_POST",
     "require_GET", "require_http_methods", "csrf_exempt", "receiver", "permission_required", "api_route"}
)  # fmt: skip
_SERVED = re.compile(r"(?:View|ViewSet|APIView|Form|FormSet|Serializer|Middleware|Resource|ModelAdmin|AdapterMixin)$")
_COMMON = frozenset({"save", "send", "get", "post", "create", "update", "delete", "clean", "render", "run", "handle"})
_MAY_SEND = re.compile(r"django\.core\.mail|django\.core import|smtplib|email_user|\bmail\.send")
_FLASK = re.compile(r"^\s*(?:from|import)\s+flask_mail(?:man)?\b", re.MULTILINE)
_MAY_RESET = re.compile(r"contrib\.auth|PasswordReset|Reset\w*(?:View|Form)")
MOST_STEPS = 8


@dataclass(frozen=True, slots=True)
class Sending:
    """One place that sends."""

    path: str
    line: int
    what: str
    """`send_mail`."""
    by: str
    """The view, form or signal it begins in."""
    django: bool
    """Whether Django's EMAIL_BACKEND decides where it goes."""


@dataclass(frozen=True, eq=False, slots=True)
class _Work:
    """One function or method."""

    module: Module
    name: str
    """`Class.method` or `function`."""
    node: Function
    owner: ast.ClassDef | None


class Sendings:
    """The repository's functions, and which of them send mail before a request is answered."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._works = [work for module in modules.all if not is_command(module.path) for work in _works(module)]
        self._edges: dict[int, list[_Work]] = {}
        self._by_name: dict[str, list[_Work]] = defaultdict(list)
        for work in self._works:
            self._by_name[work.name.rpartition(".")[2]].append(work)

    def found(self) -> list[Sending]:
        """Every place, with the first way that leads there."""
        sendings: dict[tuple[str, int], Sending] = {}
        may = [work for work in self._works if _MAY_SEND.search(work.module.text)]
        flask = any(_FLASK.search(module.text) for module in self._modules.all)
        sent = {id(work.node): found for work in may if (found := list(_sends(work, flask=flask)))}
        for root in self._works if sent else ():
            if not (_is_served(root) or _is_handler(root)):
                continue
            for work in self._reached(root):
                for call, what, django in sent.get(id(work.node), ()):
                    by = f"{root.module.path}: {root.name}"
                    sendings.setdefault(
                        (work.module.path, call.lineno), Sending(work.module.path, call.lineno, what, by, django)
                    )
        for module in self._modules.all:
            if not _MAY_RESET.search(module.text):
                continue
            for line, what, by in _resets(module, self._module_of):
                sendings.setdefault((module.path, line), Sending(module.path, line, what, by, True))
        return sorted(sendings.values(), key=lambda one: (one.path, one.line))

    def _module_of(self, name: str) -> Module | None:
        return self._modules.find(name)

    def _reached(self, root: _Work) -> Iterator[_Work]:
        seen, waiting = {id(root.node)}, deque([(root, 0)])
        while waiting:
            work, steps = waiting.popleft()
            yield work
            if steps >= MOST_STEPS:
                continue
            for called in self._called_by(work):
                if id(called.node) not in seen:
                    seen.add(id(called.node))
                    waiting.append((called, steps + 1))

    def _called_by(self, work: _Work) -> list[_Work]:
        known = self._edges.get(id(work.node))
        if known is None:
            found = (self._called(work, call) for call in _calls(work.node))
            known = self._edges[id(work.node)] = [one for one in found if one and not _queues_when_called(one)]
        return known

    def _called(self, work: _Work, call: ast.Call) -> _Work | None:
        """The function of the repository that a call runs; None where it is another's, or nobody can tell."""
        attribute = call.func if isinstance(call.func, ast.Attribute) else None
        full = work.module.full(call.func)
        name = full.rpartition(".")[2] or (attribute.attr if attribute else "")
        candidates = self._by_name.get(name, [])
        if not candidates:
            return None
        holder = attribute.value if attribute else None
        if work.owner and isinstance(holder, ast.Name) and holder.id in ("self", "cls"):
            wanted = f"{work.owner.name}.{name}"
            return next((one for one in candidates if one.module is work.module and one.name == wanted), None)
        for one in candidates:
            place = f"{one.module.name}.{one.name}"
            if full and "." in full and (place == full or place.endswith(f".{full}")):
                return one
        if attribute is None or name in _COMMON or full.partition(".")[0] in _roots(work.module):
            return None
        methods = [one for one in candidates if one.owner]  # of an object: clear only where one class has it
        return methods[0] if len(methods) == 1 else None


def _works(module: Module) -> Iterator[_Work]:
    for node in module.own.values():
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield _Work(module, f"{node.name}.{inner.name}", inner, node)
        else:
            yield _Work(module, node.name, node, None)


def _roots(module: Module) -> set[str]:
    """First parts of what is imported: a call of it is no method of ours."""
    return {full.partition(".")[0] for full in module.names.values()} | set(module.names)


def _is_handler(work: _Work) -> bool:
    """Whether a request leads here: its first argument is one, or it is routed."""
    if _is_task(work.node):
        return False
    arguments = [argument.arg for argument in (*work.node.args.posonlyargs, *work.node.args.args)]
    first = next((name for name in arguments if name not in ("self", "cls")), "")
    decorated = _decorators(work.node)
    return (first == "request" and not work.name.startswith("_")) or bool(_ROUTES & decorated)


def _is_served(work: _Work) -> bool:
    return work.owner is not None and any(
        _SERVED.search(ast.unparse(base).rpartition(".")[2]) for base in work.owner.bases
    )


def _is_task(node: Function) -> bool:
    return bool(_TASKS & _decorators(node))


def _queues_when_called(work: _Work) -> bool:
    """Whether calling it hands it to a worker: so Huey and django-background-tasks do. Celery's runs at once then."""
    named = [one.func if isinstance(one, ast.Call) else one for one in work.node.decorator_list]
    return any(_ON_CALL.search(work.module.full(one)) or _ON_CALL.search(ast.unparse(one)) for one in named)


def _decorators(node: Function) -> set[str]:
    named = (one.func if isinstance(one, ast.Call) else one for one in node.decorator_list)
    return {ast.unparse(one).rpartition(".")[2] for one in named}


def _calls(node: Function) -> Iterator[ast.Call]:
    """Calls that run when the function runs: not what it hands on, nor functions in it that it only defines."""
    inner: dict[str, Function] = {}
    stack: list[ast.AST] = list(reversed(node.body))
    while stack:
        one = stack.pop()
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            inner[one.name] = one
            continue
        if isinstance(one, ast.ClassDef):
            continue
        if isinstance(one, ast.Call):
            name = ast.unparse(one.func).rpartition(".")[2]
            if name in _LATER:
                stack.append(one.func)
                continue
            yield one
            if isinstance(one.func, ast.Name) and (own := inner.pop(one.func.id, None)):
                stack += reversed(own.body)
        stack += reversed(list(ast.iter_child_nodes(one)))


def _sends(work: _Work, *, flask: bool) -> Iterator[tuple[ast.Call, str, bool]]:
    """Calls that talk to a mail server; `flask`: the repository has a `mail` of Flask-Mail."""
    module = work.module
    messages = {
        target.id
        for node in ast.walk(work.node)
        if isinstance(node, ast.Assign) and _is_message(module, node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in _calls(work.node):
        full = module.full(call.func)
        if full in _SENDS and given(call, "connection") is None:
            yield call, full.rpartition(".")[2], True
        elif full in _SERVERS:
            yield call, full, False
        elif flask and re.search(r"(?:^|\.)mail\.send(?:_message)?$", ast.unparse(call.func)):
            yield call, "mail.send", False
        elif isinstance(call.func, ast.Attribute) and call.func.attr == "send":
            holder = call.func.value
            if _is_message(module, holder) or (isinstance(holder, ast.Name) and holder.id in messages):
                yield call, "EmailMessage.send", True
        elif isinstance(call.func, ast.Attribute) and call.func.attr == "email_user":
            yield call, "email_user", True


def _is_message(module: Module, node: ast.expr) -> bool:
    """Whether it makes a mail of Django's that goes by the settings' way."""
    return isinstance(node, ast.Call) and module.full(node.func) in _MESSAGES and given(node, "connection") is None


def _resets(module: Module, module_of: Callable[[str], Module | None]) -> Iterator[tuple[int, str, str]]:
    """Django's own views that send the mail of a password reset."""
    for node in module.own.values():
        if isinstance(node, ast.ClassDef) and (known := _reset_base(module, node, module_of, MOST_STEPS)):
            yield node.lineno, known, f"{module.path}: {node.name}"
    for call in calls(module.tree):
        view = call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr == "as_view" else None
        included = module.full(call.func) == "django.urls.include" and call.args
        if (view is not None and _RESETS.match(module.full(view))) or (
            included and text_of(call.args[0]) == "django.contrib.auth.urls"
        ):
            yield call.lineno, "PasswordResetView", module.path


def _reset_base(module: Module, node: ast.ClassDef, module_of: Callable[[str], Module | None], depth: int) -> str:
    for base in node.bases if depth else ():
        full = module.full(base)
        if _RESETS.match(full):
            return full.rpartition(".")[2]
        place, _, name = full.rpartition(".")
        origin = module_of(place) if place else None
        above = origin.own.get(name) if origin else None
        if origin is None or not isinstance(above, ast.ClassDef) or above is node:
            continue
        if found := _reset_base(origin, above, module_of, depth - 1):
            return found
    return ""
