"""The files of the same domain that pages load: scripts, styles, fonts and pictures, a few of each host.

Those that decide when a page is drawn come first. Fetched once in a run, whoever asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from urllib.parse import urljoin, urlsplit

from launchready.edge.fronts import Entry, is_below
from launchready.probes.failures import Failure
from launchready.probes.look import Look
from launchready.probes.markup import Element
from launchready.probes.page import Page, normal_url
from launchready.probes.pages import markup

FILES = 6
"""So many of a host are fetched."""


async def files_of(look: Look, one: Entry) -> tuple[Page | Failure, ...]:
    """The files that the pages of a host load, fetched."""
    urls = list(dict.fromkeys(url for page in one.pages for url in loaded(page, look.portal.domain)))
    urls.sort(key=_rank)
    return tuple(await asyncio.gather(*map(look.http.get, urls[:FILES])))


def loaded(page: Page, domain: str) -> Iterator[str]:
    """Absolute URLs of the files of the domain that a page names, in order."""
    base = page.url
    for element in markup(page):
        if element.tag == "base" and base == page.url and element.get("href"):
            base = urljoin(page.url, element.get("href"))
        for reference in _references(element):
            try:
                url = normal_url(urljoin(base, reference))
            except ValueError:
                continue
            if is_below(url, domain):
                yield url


def _references(element: Element) -> Iterable[str]:
    if element.tag == "script" and element.get("src"):
        return (element.get("src"),)
    if element.tag == "img" and element.get("src") and not element.get("src").startswith("data:"):
        return (element.get("src"),)
    if element.tag == "link" and set(element.get("rel").lower().split()) & _LOADING and element.get("href"):
        return (element.get("href"),)
    return ()


def _rank(url: str) -> int:
    ending = urlsplit(url).path.rpartition(".")[2].lower()
    return next((rank for rank, endings in enumerate(_ORDER) if ending in endings), len(_ORDER))


_LOADING = {"stylesheet", "preload", "modulepreload"}
_ORDER = (("css",), ("js", "mjs"), ("woff2", "woff", "ttf"), ("svg", "png", "webp", "avif", "jpg", "jpeg", "gif"))
"""By ending: what holds a page up the longest first."""
