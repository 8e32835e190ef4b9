"""Source maps: whether the readable source of the front end is published with it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urljoin

from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.http import Page
from launchready.probes.look import Look
from launchready.probes.pages import Visit, first_pages, is_html, markup, same_host, shown

SCRIPTS = 6
"""So many scripts of a host's first page are read."""


@dataclass(frozen=True, slots=True)
class SourceMap:
    """A source map that was really there."""

    url: str
    sources: tuple[str, ...]
    """Names of the files it was made from, as far as its beginning shows them."""


@check(
    "exposure.sourcemaps",
    Stage.AUDIT,
    roadmap="A4 A8",
    severity=Severity.NICE,
    effort=15,
    reference="https://tc39.es/ecma426/",
)
async def source_maps(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The readable source of the front end can be downloaded.

    Why: a source map gives back names, comments and folders of your own code. Nothing in it is safe from a patient
    reader of the built script either, but it makes looking for weak spots, and copying you, a matter of minutes.

    Fix: switch source maps off for production builds (Vite: `build.sourcemap: false`, or `"hidden"` with maps that
    are uploaded to the error tracker and deleted; webpack: `devtool: false`; Next.js: leave
    `productionBrowserSourceMaps` off), and delete the `.map` files that are there.

    Scripts of the first page from the same host are read, up to six: a `sourceMappingURL` at their end, the
    `SourceMap` header, and `<script>.map` beside them. A map counts when it is one (version 3, with names of sources);
    one that is missing, or answers with a page, does not, and neither do maps of libraries everybody has (all
    sources below `node_modules`, or a file named like jQuery or Bootstrap). Nice to fix: what runs in the browser is
    public anyway.
    """
    visits = await first_pages(look)
    pages = {visit.host.name: page for visit, page in reversed(list(shown(visits)))}
    found = await asyncio.gather(*(_maps_of(look, host, page) for host, page in pages.items()))
    hit: set[str] = set()
    for host, (maps, failures) in zip(pages, found, strict=True):
        if maps:
            hit.add(host)
            yield _finding(host, maps)
        if failures:
            hit.add(host)
            yield NotChecked(host, f"a script could not be read: {failures[0]}")
    for visit in visits:
        if isinstance(visit.end, Failure):
            yield NotChecked(visit.host.name, f"{visit.url} gave no answer: {visit.end}")
        elif visit.host.name not in hit:
            yield Passed(visit.host.name, _seen(visit))


async def _maps_of(look: Look, host: str, page: Page) -> tuple[list[SourceMap], list[str]]:
    urls = scripts_of(page, host)
    answers = await asyncio.gather(
        *(asyncio.gather(look.http.get(url), look.http.get(f"{url.partition('?')[0]}.map")) for url in urls)
    )
    failures = [
        f"{url}: {script}" for url, (script, _) in zip(urls, answers, strict=True) if isinstance(script, Failure)
    ]
    maps = [found for _, beside in answers if isinstance(beside, Page) and (found := read_map(beside))]
    elsewhere = list[str]()
    for url, (script, _) in zip(urls, answers, strict=True):
        named = map_of(script) if isinstance(script, Page) else ""
        if named.startswith("data:application/json"):
            maps.append(SourceMap(f"inside {url}", ()))
        elif named and same_host(named, host) and named != f"{url.partition('?')[0]}.map":
            elsewhere.append(named)
    more = await asyncio.gather(*map(look.http.get, dict.fromkeys(elsewhere)))
    maps += [found for answer in more if isinstance(answer, Page) and (found := read_map(answer))]
    return [found for found in maps if not is_library(found)], failures


def scripts_of(page: Page, host: str) -> list[str]:
    """Absolute URLs of the scripts of a page that come from the same host."""
    urls = [_joined(page.url, e.get("src")) for e in markup(page) if e.tag == "script" and e.get("src")]
    urls += [
        _joined(page.url, e.get("href")) for e in markup(page) if e.tag == "link" and e.get("rel") == "modulepreload"
    ]
    return [url for url in dict.fromkeys(urls) if same_host(url, host)][:SCRIPTS]


def map_of(script: Page) -> str:
    """Absolute URL of the map a script names, in its header or its last lines; empty for none."""
    if script.status != 200 or is_html(script):
        return ""
    named = script.header("sourcemap") or script.header("x-sourcemap")
    if not named and not script.truncated:
        # An inline map is one long last line: its beginning is looked for in the whole script.
        at = max(script.body.rfind(b"//# sourceMappingURL="), script.body.rfind(b"//@ sourceMappingURL="))
        tail = script.body[at + 21 : at + 2021].split(None, 1) if at >= 0 else []
        named = tail[0].decode("utf-8", "replace") if tail and b"`" not in tail[0] and b'"' not in tail[0] else ""
    return _joined(script.url, named.strip()) if named else ""


def read_map(answer: Page) -> SourceMap | None:
    """Read the beginning of a source map (ECMA-426); None for what is none."""
    if answer.status != 200 or is_html(answer):
        return None
    start = answer.body[: 256 * 1024].removeprefix(b")]}'").lstrip()
    if not start.startswith(b"{") or not _VERSION.search(answer.body):
        return None
    sources = _SOURCES.search(start)
    if not sources:
        return None
    names = [name.decode("utf-8", "replace")[:200] for name in _STRING.findall(sources[1])[:2000]]
    return SourceMap(answer.url, tuple(names))


def is_library(found: SourceMap) -> bool:
    """Whether a map is of code everybody can have: only packages, or a well-known library's own build."""
    if _LIBRARIES.search(found.url):
        return True
    return bool(found.sources) and all(_PACKAGE.search(name) for name in found.sources)


def _finding(host: str, maps: list[SourceMap]) -> Finding:
    own = [name for found in maps for name in found.sources if not _PACKAGE.search(name)]
    named = ", ".join(dict.fromkeys(own[:5]))
    return Finding(
        host,
        f"{host} publishes the readable source of its scripts.",
        evidence=f"{', '.join(found.url[:160] for found in maps[:4])}{': ' + named if named else ''}",
    )


def _seen(visit: Visit) -> str:
    if visit.end is None or isinstance(visit.end, Failure) or visit.end.status != 200:
        return "shows no page of its own"
    return f"{len(scripts_of(visit.end, visit.host.name))} scripts read"


def _joined(base: str, url: str) -> str:
    try:
        return urljoin(base, url).partition("#")[0]
    except ValueError:
        return ""


_VERSION = re.compile(rb'"version"\s{0,20}:\s{0,20}3\b')
_SOURCES = re.compile(rb'"sources"\s{0,20}:\s{0,20}\[((?:[^\]"]|"(?:[^"\\]|\\.)*+")*+)', re.DOTALL)
_STRING = re.compile(rb'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_PACKAGE = re.compile(r"node_modules/|/\.pnpm/|^webpack://[^/]*/?(?:webpack/|\(webpack\)|external )|^(?:\0|\\0|vite/)")
_LIBRARIES = re.compile(
    r"/(?:jquery|bootstrap|popper|alpine|htmx|vue|react|lodash|chart|moment|swiper|htmx|stimulus|turbo|tinymce|polyfills?)"
    r"[\w.@-]{0,60}\.map\Z",
    re.IGNORECASE,
)
