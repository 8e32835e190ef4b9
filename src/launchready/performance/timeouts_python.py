"""Calls of other servers in Python that wait for as long as it takes, by the signatures of the libraries.

Known are urllib, requests, http.client, smtplib, ftplib, poplib, imaplib, socket, urllib3 (no limit unless one is
given), and httpx and aiohttp, which have one unless it is taken away.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from launchready.performance.python_source import Module, calls, given, is_none, is_open, parsed, text_of
from launchready.performance.source_files import SourceFile


@dataclass(frozen=True, slots=True)
class Endless:
    """One call without a limit."""

    path: str
    line: int
    what: str
    """`urllib.request.urlopen`."""
    host: str = ""
    """Whom it asks, where that is written there. Nothing else of the call is kept: it may hold a key."""


_REQUESTS = ("get", "post", "put", "patch", "delete", "head", "options", "request")
_POSITIONS: dict[str, int | None] = {
    "urllib.request.urlopen": 2,
    "http.client.HTTPConnection": 2,
    "http.client.HTTPSConnection": 2,
    "smtplib.SMTP": 3,
    "smtplib.SMTP_SSL": 3,
    "smtplib.LMTP": None,
    "ftplib.FTP": 4,
    "ftplib.FTP_TLS": 4,
    "poplib.POP3": 2,
    "poplib.POP3_SSL": 2,
    "imaplib.IMAP4": 2,
    "imaplib.IMAP4_SSL": 2,
    "socket.create_connection": 1,
    "urllib3.request": None,
    **{f"requests.{name}": None for name in _REQUESTS},
    **{f"requests.api.{name}": None for name in _REQUESTS},
}
"""Calls that have no limit of their own, and where it may stand without its name; from the Python and vendor docs.

Where the position differs between versions of Python, the first: a call with that many arguments is left alone."""
_SOCKETS = ("urllib.", "http.", "smtplib.", "ftplib.", "poplib.", "imaplib.", "socket.")
"""What obeys `socket.setdefaulttimeout`."""
_HTTPX = frozenset(f"httpx.{name}" for name in (*_REQUESTS, "stream", "Client", "AsyncClient"))
_HERE = re.compile(r"(?:https?|ftp)://(?:localhost|127\.|\[::1\]|0\.0\.0\.0|host\.docker)|file:|data:|localhost$|127\.")
_HOST = re.compile(r"https?://(?:[^\s/@\"'`]*@)?([\w.-]+\.[a-z]{2,24})\b", re.IGNORECASE)
_MARK = re.compile(
    r"urlopen|\brequests\b|http\.client|smtplib|ftplib|poplib|imaplib|create_connection|urllib3|httpx|aiohttp"
)


def endless_calls(files: Sequence[SourceFile]) -> list[Endless]:
    """Every one in these files."""
    modules = [found for file in files if _MARK.search(file.text) and (found := parsed(file.path, file.text))]
    limited = any("setdefaulttimeout" in file.text and _sets_default(file) for file in files)
    return [one for module in modules for one in _in(module) if not (limited and one.what.startswith(_SOCKETS))]


def host_in(code: str) -> str:
    """The first host that an address in this code names."""
    found = _HOST.search(code)
    return found[1][:100] if found else ""


def _in(module: Module) -> Iterator[Endless]:
    sessions = _sessions(module)
    for call in calls(module.tree):
        name = module.full(call.func)
        what = _session_call(call, sessions) or name
        if _waits(call, what) and not _is_here(call):
            yield Endless(module.path, call.lineno, what, host_in(ast.unparse(call)))


def _waits(call: ast.Call, name: str) -> bool:
    if name in _POSITIONS or name.startswith("requests.Session."):
        if is_open(call):
            return False
        limit = given(call, "timeout", _POSITIONS.get(name))
        return limit is None or is_none(limit)
    if name in _HTTPX:
        return is_none(given(call, "timeout"))
    if name == "httpx.Timeout":
        return is_none(given(call, "timeout", 0)) and len(call.args) + len(call.keywords) == 1
    if name == "aiohttp.ClientTimeout":
        # Without `total` it is five minutes; taken away, each of the others would still be a limit.
        return is_none(given(call, "total", 0)) and not is_open(call) and all(
            is_none(keyword.value) or keyword.arg == "ceil_threshold" for keyword in call.keywords
        )  # fmt: skip
    return False


def _sessions(module: Module) -> set[str]:
    """Names and attributes that hold a `requests.Session` whose limit is not set elsewhere."""
    found: set[str] = set()
    for node in ast.walk(module.tree):
        pairs: list[tuple[ast.expr | None, ast.expr | None]] = []
        if isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.AnnAssign):
            pairs = [(node.target, node.value)]
        elif isinstance(node, ast.withitem):
            pairs = [(node.optional_vars, node.context_expr)]
        for target, value in pairs:
            made = isinstance(value, ast.Call) and module.full(value.func) in (
                "requests.Session", "requests.session", "requests.sessions.Session"
            )  # fmt: skip
            if made and target is not None and (name := _written(target)):
                found.add(name)
    for node in ast.walk(module.tree):  # an adapter or a wrapped method may hold the limit
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "mount":
            found.discard(_written(node.func.value))
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Attribute):
                    found.discard(_written(target.value))
    return found


def _session_call(call: ast.Call, sessions: set[str]) -> str:
    if isinstance(call.func, ast.Attribute) and call.func.attr in _REQUESTS and _written(call.func.value) in sessions:
        return f"requests.Session.{call.func.attr}"
    return ""


def _is_here(call: ast.Call) -> bool:
    """Whether it asks this very machine, or no server at all."""
    first = call.args[0] if call.args else given(call, "url") or given(call, "host")
    if isinstance(first, ast.Tuple) and first.elts:
        first = first.elts[0]
    return bool(_HERE.match(text_of(first)))


def _sets_default(file: SourceFile) -> bool:
    module = parsed(file.path, file.text)
    return module is not None and any(
        module.full(call.func) == "socket.setdefaulttimeout" and call.args and not is_none(call.args[0])
        for call in calls(module.tree)
    )


def _written(node: ast.expr) -> str:
    return ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""
