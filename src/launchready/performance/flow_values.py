"""Values that a flow keeps of one answer and uses in a later request: CSS selector, JSON path, header, `{name}`.

A kept value is hostile. It is quoted where it becomes part of a path, it never reaches a host, and never starts a new
line of a head. Sends nothing. Errors are ValueErrors in words for people.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urljoin, urlsplit

from launchready.performance.words import Reply
from launchready.portal_performance import Keep
from launchready.probes.page import Page, normal_url
from launchready.probes.pages import is_html

MOST_CHARACTERS = 8_192
"""Of a kept value."""
MOST_WORK = 2_000_000
"""Tags of a page, each times its depth. A tree builder takes a minute and a half for a megabyte of nested `<div>`."""
_PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_-]*)\}")
_SHORT = {"input": "value", "meta": "content", "option": "value", "button": "value"}
"""The attribute that is meant where an element has no text of its own."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One value, and the page it is from."""

    value: str = field(repr=False)
    url: str = ""
    """What a relative address in it starts from."""


Values = Mapping[str, Kept]


def kept_of(keep: Keep, replies: tuple[Reply, ...]) -> Kept:
    """Take a value out of a step's answers: a header of the latest that has it, all else of the last one."""
    last = replies[-1].page
    if keep.header:
        found = next((v for r in reversed(replies) if (v := r.page.header(keep.header)) is not None), None)
        if found is None:
            raise ValueError(f"no answer has the header {keep.header!r}")
    elif keep.json_path:
        found = _of_json(last, keep.json_path)
    else:
        found = _of_html(last, keep.css, keep.attribute)
    if not found.strip():
        raise ValueError("what is found there is empty")
    if len(found) > MOST_CHARACTERS:
        raise ValueError(f"what is found there has {len(found)} characters, more than any value")
    return Kept(found.strip(), last.url)


def filled(text: str, values: Values) -> str:
    """A text of the file with each `{name}` replaced by the value of that name."""
    return _PLACE.sub(lambda found: _value(found[1], values).value, text)


def filled_json(value: object, values: Values) -> object:
    """A JSON value of the file with each `{name}` in its strings replaced; what is replaced stays a string."""
    if isinstance(value, str):
        return filled(value, values)
    if isinstance(value, dict):
        return {key: filled_json(inner, values) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [filled_json(inner, values) for inner in value]
    return value


def filled_header(name: str, text: str, values: Values) -> tuple[str, str]:
    """A header of the file. One that would lead the request elsewhere or end its head is refused."""
    value = filled(text, values)
    if name.lower() in _OURS:
        raise ValueError(f"the header {name!r} is not set by a flow")
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):  # RFC 9110, section 5.6.2
        raise ValueError(f"{name!r} is not the name of a header")
    if any((ord(c) < 0x20 and c != "\t") or ord(c) == 0x7F for c in value):
        raise ValueError(f"the value of the header {name!r} has control characters")
    return name, value


_OURS = ("host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer")


def address(path: str, base: str, values: Values) -> str:
    """The whole address of a step's `path`, with values in it.

    A path that begins with `{name}` takes that value as a link of the page it is from; everywhere else values are
    percent-encoded, slashes too. The host is that of the file, whatever was kept.
    """
    template, start = path, urljoin(base, "/")
    if first := _PLACE.match(path):
        kept = _value(first[1], values)
        link, own = urljoin(kept.url or start, kept.value), urlsplit(kept.url or start)
        target = urlsplit(link)
        if target.hostname != own.hostname or target.port != own.port or target.scheme not in (own.scheme, "https"):
            raise ValueError(f"the value {{{first[1]}}} leads to another host, {_host(link)}")
        return normal_url(link.partition("#")[0] + _quoted(path[first.end() :], values))
    if "://" in template:
        scheme, _, rest = template.partition("://")
        host = re.split(r"[/?#]", rest, maxsplit=1)[0]
        if "{" in scheme + host:
            raise ValueError("a value cannot be part of a host")
        return normal_url(f"{scheme}://{host}{_quoted(rest[len(host) :], values)}")
    return normal_url(f"{base.rstrip('/')}/{_quoted(template.lstrip('/'), values)}")


def _quoted(path: str, values: Values) -> str:
    return _PLACE.sub(lambda found: quote(_value(found[1], values).value, safe=""), path)


def _value(name: str, values: Values) -> Kept:
    if name not in values:
        raise ValueError(f"no step before keeps a value {{{name}}}")
    return values[name]


def _host(url: str) -> str:
    parts = urlsplit(url)
    return parts.hostname or f"{parts.scheme}:"


def _of_json(page: Page, path: str) -> str:
    try:
        value = json.loads(page.body)
    except (ValueError, RecursionError):
        raise ValueError(f"the answer is not JSON, so there is no {path!r} in it") from None
    for part in path.split("."):
        inside = None
        if isinstance(value, dict):
            inside = value.get(part)
        elif isinstance(value, list) and re.fullmatch(r"-?\d{1,9}", part) and -len(value) <= int(part) < len(value):
            inside = value[int(part)]
        if inside is None:
            raise ValueError(f"the answer's JSON has no {path!r}: nothing at {part!r}")
        value = inside
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _of_html(page: Page, css: str, attribute: str) -> str:
    from selectolax.lexbor import LexborHTMLParser, SelectolaxError

    if not is_html(page):
        raise ValueError(f"the answer is not HTML, so there is no {css!r} in it")
    text = page.text
    if is_too_deep(text):
        raise ValueError("the page's elements are too deep in each other to be read")
    try:
        node = LexborHTMLParser(text).css_first(css)
    except (SelectolaxError, ValueError) as error:
        raise ValueError(f"{css!r} is not a CSS selector: {error}") from None
    if node is None:
        raise ValueError(f"the page has no {css!r}")
    wanted = attribute or (_SHORT.get(node.tag or "", "") if not node.text(strip=True) else "")
    if not wanted:
        return node.text(strip=True)
    found = node.attributes.get(wanted.lower())
    if found is None:
        raise ValueError(f"{css!r} has no attribute {wanted!r}")
    return found


def is_too_deep(text: str) -> bool:
    """Whether a tree of a page is not built, as it would take all time or memory. Itself in linear time.

    Each tag costs a tree builder as much as it is deep, in the worst case. Tags that end by themselves are not deep.
    """
    depth = work = 0
    for found in _TAG.finditer(text):
        work += depth
        if work > MOST_WORK:
            return True
        if not _FLAT.fullmatch(found[2].lower()):
            depth = max(0, depth + (-1 if found[1] else 1))
    return False


_TAG = re.compile(r"<(/?)([a-z][a-z0-9-]{0,40})", re.IGNORECASE)
_FLAT = re.compile(
    "p|li|d[td]|t[dhr]|t(?:body|head|foot)|r[pt]|[bh]r|wbr|img|input|meta|link|area|base|col|embed|source|track|param"
    "|path|circle|rect|line|use|poly(?:gon|line)"
)
