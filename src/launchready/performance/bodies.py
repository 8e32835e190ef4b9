"""What an answer's body is made of: lists in JSON and HTML, ways to a next page, pixels. Judges nothing.

The body is hostile: each part is read in time linear in its length, within fixed bounds of depth and number.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from launchready.measurement import BodyFacts, JsonList
from launchready.performance.image_headers import pixels_of
from launchready.performance.json_lists import Shown, lists_of, shown_words
from launchready.probes.markup import elements
from launchready.probes.page import Page

READ = 8 * 1024 * 1024
"""So much of a body is read."""
SQUEEZED = 1024 * 1024
"""So much is compressed to see what that would save; the rest counts as the beginning does."""
WORTH_SQUEEZING = 1400
"""One packet carries a smaller body either way."""
MOST_SCRIPTS = 60
MOST_OPEN = 30
"""Lists inside lists, so deep."""
EMBEDDED = 1000
"""A shorter attribute or assignment is no payload."""


def facts_of(page: Page, *, shown: str = "") -> BodyFacts:
    """What is in the body of `page`; `shown` is the text a browser shows for it, where one has looked.

    Never raises: what cannot be read has a kind and a size, and nothing more.
    """
    if not page.body:
        return BodyFacts("empty")
    size = len(page.body)
    if (page.header("content-disposition") or "").strip().lower().startswith("attachment"):
        return BodyFacts("other", size)  # a download: nobody waits for it in a page, and all of it is wanted
    kind = kind_of(page)
    squeezed = _squeezed(page) if kind in _TEXT_KINDS else 0
    if kind == "image":
        return BodyFacts(kind, size, pixels=pixels_of(page.body), squeezed=squeezed)
    if kind == "json":
        value = _parsed(page.body[:READ])
        lists = lists_of(value, shown_words(shown) if shown else None)
        return BodyFacts(
            kind, size, json_size=size, lists=lists, paged=_paged(page) or json_paged(value, lists), squeezed=squeezed
        )
    if kind == "html":
        return _html(page, shown, squeezed)
    return BodyFacts(kind, size, squeezed=squeezed)


def kind_of(page: Page) -> str:
    """The kind of a body by its type, else by its first bytes."""
    said = (page.header("content-type") or "").partition(";")[0].strip().lower()
    begins = page.body[:256].lstrip()
    if said.endswith(("/json", "+json")):
        return "json"
    if said in ("text/html", "application/xhtml+xml"):
        # Frameworks answer JSON under Flask's and PHP's usual type, too.
        return "json" if begins[:1] in (b"{", b"[") and _parsed(page.body[:READ]) is not None else "html"
    if said.startswith("image/"):
        return "image"
    if said in ("text/css",):
        return "style"
    if "javascript" in said or said == "application/ecmascript":
        return "script"
    if said.startswith("font/") or "font" in said:
        return "font"
    if said in ("", "text/plain", "application/octet-stream"):
        if begins[:1] in (b"{", b"[") and _parsed(page.body[:READ]) is not None:
            return "json"
        if not said and begins[:15].lower().startswith((b"<!doctype html", b"<html")):
            return "html"
        if pixels_of(page.body):
            return "image"
    return "other"


def json_paged(value: object, lists: tuple[JsonList, ...]) -> bool:
    """Whether a JSON answer names a next page, or that there is none, or a total beyond what it holds."""
    most = max((one.rows for one in lists), default=0)
    waiting, looked = [(value, 0)], 0
    while waiting and looked < 400:
        here, depth = waiting.pop(0)
        looked += 1
        if not isinstance(here, dict):
            continue
        for key, held in list(here.items())[:100]:
            name = re.sub(r"[^a-z]", "", key[:60].lower())
            if name in _PAGE_KEYS and not (isinstance(held, str) and re.search(r"\s", held[:300])):
                return True  # a text with blanks is a label of the page: `"next": "Next page"`
            if name in _TOTALS and isinstance(held, int) and held > most > 0:
                return True
            if depth < 4 and isinstance(held, dict):
                waiting.append((held, depth + 1))
    return False


def _html(page: Page, shown: str, squeezed: int) -> BodyFacts:
    text = page.text[:READ]
    read = _read(text)
    # What the server has written into the page is seen, too.
    words: Shown | None = None
    lists: list[JsonList] = []
    json_size = paged = 0
    for embedded in read.embedded:
        value = _parsed(embedded.encode("utf-8", "replace"))
        if value is None:
            continue
        words = words or shown_words(f"{read.visible} {shown}")
        found = lists_of(value, words)
        lists += found
        json_size += len(embedded.encode("utf-8", "replace"))
        paged |= json_paged(value, found)
    lists.sort(key=lambda one: -one.size)
    return BodyFacts(
        "html",
        len(page.body),
        json_size=json_size,
        lists=tuple(lists[:6]),
        rows=read.rows,
        paged=bool(paged) or read.paged or _paged(page),
        squeezed=squeezed,
        preconnects=_preconnects(read.early, page),
    )


def _preconnects(hrefs: Iterable[str], page: Page) -> tuple[str, ...]:
    early = [found[1] for link in page.all_headers("link") for found in _EARLY_LINK.finditer(link[:4_000])]
    origins: dict[str, None] = {}
    for href in [*hrefs, *early][:40]:
        try:
            parts = urlsplit(urljoin(page.url, href))
        except ValueError:
            continue
        if parts.scheme in ("http", "https") and len(parts.netloc) <= 260:
            origins[f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"] = None
    return tuple(origins)


@dataclass(slots=True)
class _Read:
    rows: int = 0
    paged: bool = False
    embedded: tuple[str, ...] = ()
    visible: str = ""
    early: tuple[str, ...] = ()


def _read(text: str) -> _Read:
    found = _Read()
    embedded: list[str] = []
    visible: list[str] = []
    open_lists: list[list[object]] = []
    roles: dict[str, int] = {}
    early: list[str] = []
    position, scripts = 0, 0
    for element in elements(text):
        # The start tag ends at `end`; what closes before it lies between the last one and this.
        between = text[position : element.end]
        for closed in _CLOSED.finditer(between):
            _close(open_lists, closed[1].lower())
        visible.append(between)
        position = element.end + len(element.text)
        tag = element.tag
        if tag == "tbody":
            _close(open_lists, "thead")
        if tag in ("table", "thead", "ul", "ol", "dl"):
            if len(open_lists) < MOST_OPEN:
                open_lists.append([tag, 0])
        elif (owner := _ROWS.get(tag)) and (holder := _innermost(open_lists, owner)):
            if holder[0] != "thead":  # names of columns are no row
                holder[1] = int(str(holder[1])) + 1
                found.rows = max(found.rows, int(str(holder[1])))
        elif (
            tag == "link"
            and len(early) < 20
            and element.get("rel").lower() in ("preconnect", "preload", "modulepreload")
        ):
            early.append(element.get("href"))
        elif tag == "script":
            scripts += 1
            if scripts <= MOST_SCRIPTS:
                embedded.extend(_in_script(element.get("type").lower(), element.text))
        role = element.get("role").lower()
        repeated = f"role={role}" if role in ("row", "listitem") else tag if tag == "article" else ""
        if repeated:
            roles[repeated] = roles.get(repeated, 0) + 1
            found.rows = max(found.rows, roles[repeated])
        embedded.extend(_in_attributes(element.attributes))
        found.paged = found.paged or _leads_on(tag, element.attributes)
    visible.append(text[position:])
    found.early = tuple(early)
    found.embedded = tuple(embedded[:MOST_SCRIPTS])
    if embedded:
        found.visible = _TAG.sub(" ", " ".join(visible))
    return found


def _close(open_lists: list[list[object]], tag: str) -> None:
    for index in range(len(open_lists) - 1, -1, -1):
        if open_lists[index][0] == tag:
            del open_lists[index:]
            return


def _innermost(open_lists: list[list[object]], owners: tuple[str, ...]) -> list[object] | None:
    return next((one for one in reversed(open_lists) if one[0] in owners), None)


def _in_script(kind: str, text: str) -> Iterator[str]:
    if kind.endswith("json"):
        if "ld+json" not in kind and "importmap" not in kind:
            yield text
        return
    for match in list(_ASSIGNED.finditer(text))[:20]:
        start = match.end()
        if match["parse"]:
            if quoted := _QUOTED.match(text, start):
                yield _unquoted(quoted[0])
            continue
        try:
            _, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if end - start >= EMBEDDED:
            yield text[start:end]


def _in_attributes(attributes: dict[str, str]) -> Iterator[str]:
    for name, value in attributes.items():
        if len(value) >= EMBEDDED and (name.startswith(("data-", "wire:", "x-data"))) and value.lstrip()[:1] in "{[":
            yield value


def _leads_on(tag: str, attributes: dict[str, str]) -> bool:
    if tag in ("a", "link"):
        rel = attributes.get("rel", "").lower().split()
        if "next" in rel or ("prev" in rel and tag == "a"):
            return True
        if tag == "a" and _PAGE_LINK.search(attributes.get("href", "")[:2000]):
            return True
    return any(_PAGE_WORDS.search(attributes.get(name, "")[:300]) for name in ("aria-label", "class", "id", "hx-get"))


def _paged(page: Page) -> bool:
    """By the request's own query, or by the answer's headers."""
    if _PAGE_LINK.search("?" + urlsplit(page.url).query):
        return True
    if any('rel="next"' in link or "rel=next" in link for link in page.all_headers("link")):
        return True
    return any(page.header(name) is not None for name in ("x-next-page", "x-total-pages", "x-page", "x-per-page")) or (
        page.status == 206 and page.header("content-range") is not None
    )


def _parsed(body: bytes) -> object:
    """The JSON value; None for what is none, or nested so deeply that nobody reads it."""
    try:
        return json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None


def _unquoted(text: str) -> str:
    """A string of a script as what it says, as far as JSON's escapes go."""
    if text[0] == "'":
        text = '"' + text[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'
    value = _parsed(text.encode("utf-8", "replace"))
    return value if isinstance(value, str) else ""


def _squeezed(page: Page) -> int:
    if len(page.body) < WORTH_SQUEEZING or _codings(page):
        return 0
    read = page.body[:SQUEEZED]
    return len(zlib.compress(read, 6)) * len(page.body) // len(read)


def _codings(page: Page) -> set[str]:
    named = {part.strip().lower() for value in page.all_headers("content-encoding") for part in value.split(",")}
    return named - {"", "identity"}


_TEXT_KINDS = frozenset({"html", "json", "script", "style"})
_ROWS = {"tr": ("table", "thead"), "li": ("ul", "ol"), "dt": ("dl",)}
_DECODER = json.JSONDecoder()
_EARLY_LINK = re.compile(r"""<([^<>]{1,500})>[^<>]{0,100}?\brel\s*=\s*"?(?:preconnect|preload)\b""", re.IGNORECASE)
_CLOSED = re.compile(r"</(table|thead|ul|ol|dl)\b", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*+>?")
_ASSIGNED = re.compile(
    r"""(?:(?:window|self|globalThis)(?:\.[\w$]{1,60}|\[["'][\w$-]{1,60}["']\])|\b(?:var|let|const)\s{1,8}[\w$]{1,60})
        \s{0,8}=\s{0,8}(?:(?P<parse>JSON\.parse\(\s{0,8})(?=["'])|(?=[\[{]))""",
    re.VERBOSE,
)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"|' + r"'(?:[^'\\]|\\.)*+'", re.DOTALL)
_PAGE_LINK = re.compile(
    r"[?&;](?:page|p|pg|paged|offset|after|cursor|skip|limit|per[_-]?page|page[_-]?size|page[_-]?token"
    r"|page%5B\w{1,20}%5D|page\[\w{1,20}\]|%24top|\$top|marker|starting_after|max_results)=|/page/\d+",
    re.IGNORECASE,
)
_PAGE_WORDS = re.compile(
    r"\bpagination|\bpaginat(?:or|e)\b|\bpager\b|\bnext[ _-]page|\bload[ _-]?more|\binfinite[ _-]?scroll|[?&]page=",
    re.IGNORECASE,
)
_PAGE_KEYS = frozenset(
    {
        "next", "nextpage", "nextcursor", "nextpagetoken", "nextpageurl", "nextlink", "odatanextlink", "hasmore",
        "hasnext", "hasnextpage", "cursor", "endcursor", "pagination", "paging", "paginator", "pageinfo", "pageable",
        "perpage", "pagesize", "totalpages", "lastpage", "pagecount", "currentpage", "lastevaluatedkey",
        "continuationtoken", "continuation", "nexttoken", "offset",
    }
)  # fmt: skip
"""Without signs: Django REST, GraphQL, Google, OData, Stripe, Laravel, Spring, AWS, Slack."""
_TOTALS = frozenset({"total", "count", "totalcount", "totalitems", "totalelements", "totalresults", "totalrecords"})
