"""Where in the code a span was made, as far as instrumentation says: attributes of it or of what is around it."""

from __future__ import annotations

import re

from launchready.performance.trace_trees import Tree, first
from launchready.probes.otlp_spans import Span

MOST = 200
_LIBRARIES = re.compile(
    r"(?:site|dist)-packages/|node_modules/|(?:^|/)vendor/|/gems/|/lib/(?:python|ruby|node)|^node:|<frozen|<internal"
    r"|^internal/|\bjava\.|\bsun\.|\bjdk\.|\borg\.springframework|\borg\.hibernate|\bio\.opentelemetry|\borg\.apache"
)
_FRAMES = (
    re.compile(r'File "(?P<file>[^"\n]+)", line (?P<line>\d+)'),  # Python
    re.compile(r"\bat (?:[^\n(]*\()?(?P<file>[^\s()]+):(?P<line>\d+):\d+\)?"),  # JavaScript
    re.compile(r"#\d+ (?P<file>[^\s(]+)\((?P<line>\d+)\)"),  # PHP
    re.compile(r"^\s*(?:from )?(?P<file>[^\s:]+\.\w+):(?P<line>\d+):in ", re.MULTILINE),  # Ruby
    re.compile(r"\bat (?P<name>[\w.$]+)\((?P<file>\w+\.\w+):(?P<line>\d+)\)"),  # Java
)


def place_of(span: Span, tree: Tree) -> str:
    """`file:line`, else the function; empty where nothing says so."""
    for near in (span, *tree.above(span)):
        if place := _own(near):
            return place
    return ""


def _own(span: Span) -> str:
    file = str(first(span, "code.file.path", "code.filepath"))
    if file and not _LIBRARIES.search(file):
        line = first(span, "code.line.number", "code.lineno")
        return f"{_short(file)}:{line}"[:MOST] if line else _short(file)
    if place := _in_stack(str(first(span, "code.stacktrace"))):
        return place
    function = str(first(span, "code.function.name", "code.function"))
    if not function or file:
        return ""
    namespace = str(first(span, "code.namespace"))
    return (f"{namespace}.{function}" if namespace and namespace not in function else function)[:MOST]


def _in_stack(stack: str) -> str:
    """The first frame that is the application's; of Python, where the last call comes last, the last."""
    for frame in _FRAMES:
        own = [found for found in frame.finditer(stack) if not _LIBRARIES.search(found[0])]
        if own:
            found = own[-1 if frame is _FRAMES[0] else 0]
            return f"{_short(found['file'])}:{found['line']}"[:MOST]
    return ""


def _short(path: str) -> str:
    """Without the folders of the machine it ran on."""
    parts = [part for part in path.replace("\\", "/").removeprefix("file://").split("/") if part]
    return "/".join(parts[-3:])[-MOST:]
