"""Calls of other servers in JavaScript and TypeScript that have no time limit: axios, and Node's http and https.

Node's `fetch` gives up after five minutes by itself (undici's headersTimeout), so it is left alone, and so is the code
of browsers as far as it can be told: relative addresses, JSX, and files of a front end's folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from launchready.performance.javascript_source import ENDINGS, MOST_BYTES, called, calls, line, text
from launchready.performance.source_files import SourceFile
from launchready.performance.timeouts_python import Endless, host_in

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["ENDINGS", "endless_calls"]

_METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "request")
_WITH_BODY = ("post", "put", "patch")
_MARK = re.compile(r"axios|\bhttps?\b")
_IMPORTED = re.compile(
    r"""(?:import\s+(?:\*\s+as\s+)?(\w+)\s*(?:,\s*\{[^}]*\}\s*)?from\s*|(?:const|let|var)\s+(\w+)\s*=\s*require\(\s*)"""
    r"""["'](?:node:)?(axios|https?)["']"""
)
_IN_BROWSER = re.compile(r"(?:^|/)(?:static|public|assets|web|www|frontend|client|components|pages|composables|hooks)/")
_DOCUMENT = re.compile(r"\b(?:window|document|localStorage|import\.meta\.env)\b")
_GLOBAL = re.compile(r"axios\.defaults\.timeout\s*=\s*[1-9A-Za-z_]")
_LIMITED = re.compile(
    r"\.setTimeout\(|[\"']timeout[\"']|AbortSignal\.timeout|\bsignal\s*[:,}]|\bagent\s*[:,}]|axiosRetry"
)
_HERE = re.compile(r"(?:https?:)?//(?:localhost|127\.|\[::1\]|0\.0\.0\.0)|/(?!/)|\.{1,2}/")


def endless_calls(files: Sequence[SourceFile]) -> list[Endless]:
    """Every one in these files."""
    chosen = [file for file in files if _MARK.search(file.text) and _on_a_server(file)]
    everywhere = any(_GLOBAL.search(file.text) for file in files)
    return [one for file in chosen for one in _in(file, axios_limited=everywhere)]


def _on_a_server(file: SourceFile) -> bool:
    return not _IN_BROWSER.search(file.path) and not _DOCUMENT.search(file.text) and len(file.text) <= MOST_BYTES


def _in(file: SourceFile, *, axios_limited: bool) -> Iterator[Endless]:
    imported = {found[1] or found[2]: found[3] for found in _IMPORTED.finditer(file.text)}
    if not imported:
        return
    node_limited = bool(_LIMITED.search(file.text))
    for call in calls(file):
        arguments = call.child_by_field_name("arguments")
        if arguments is None:
            continue
        holder, _, method = called(call).partition(".")
        library = imported.get(holder)
        given = [node for node in arguments.named_children if node.type != "comment"]
        if library == "axios" and not axios_limited and method in ("", *_METHODS):
            waits = _axios_waits(method, given)
        elif library == "axios" and not axios_limited and method == "create":
            # Its calls may bring limits of their own, or get one later.
            waits = "timeout" not in file.text and "signal" not in file.text and _axios_waits(method, given)
        elif library in ("http", "https") and not node_limited and method in ("get", "request"):
            waits = bool(given) and not any(_is_open(one) or "timeout" in _keys(one) for one in given)
            waits = waits and given[0].type in ("string", "template_string", "object")
        else:
            continue
        if waits and not _is_here(given):
            what = f"{library}.{method}" if method else str(library)
            yield Endless(file.path, line(call), what, host_in(text(call)))


def _axios_waits(method: str, given: Sequence[Node]) -> bool:
    place = 2 if method in _WITH_BODY else 0 if method in ("request", "create") else 1
    if method == "" and given and given[0].type == "object":
        place = 0
    if not given or any(one.type == "spread_element" for one in given):
        return False
    if len(given) <= place:
        return True
    options = given[place]
    return options.type == "object" and not _is_open(options) and not _keys(options) & {"timeout", "signal"}


def _keys(node: Node) -> set[str]:
    names = set()
    for pair in node.named_children if node.type == "object" else ():
        key = pair.child_by_field_name("key") if pair.type == "pair" else pair
        names.add(text(key).strip("\"'") if key is not None else "")
    return names


def _is_open(node: Node) -> bool:
    return node.type == "object" and any(one.type == "spread_element" for one in node.named_children)


def _is_here(given: Sequence[Node]) -> bool:
    """Whether the address is this machine's, or the page's own server's."""
    first = given[0]
    if first.type == "object":
        pairs = (one for one in first.named_children if one.type == "pair")
        named = {text(pair.child_by_field_name("key")): pair.child_by_field_name("value") for pair in pairs}
        asked = " ".join(text(named[key]) for key in ("url", "baseURL", "hostname", "host") if key in named)
        socket = "socketPath" in named
        return socket or bool(_HERE.match(asked.strip("\"'`"))) or asked.strip("\"'`") in ("localhost", "127.0.0.1")
    return bool(_HERE.match(text(first).strip("\"'`")))
