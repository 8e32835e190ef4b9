"""Mixed content: what the first pages load without encryption although they themselves come over HTTPS.

Reads the pages and the style sheets on the same host, as a browser would load them. Runs no script: what scripts
load later is not seen.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.http import Page
from launchready.probes.look import Look
from launchready.probes.markup import Element, elements, style_urls
from launchready.probes.pages import Visit, first_pages, is_html, markup, same_host

STYLE_SHEETS = 6
"""So many style sheets of a page are read, and as many that they import, one level deep."""
LISTED = 8
"""So many URLs are named in a finding."""


@dataclass(frozen=True, slots=True)
class Load:
    """Something a page loads, by an absolute URL without encryption."""

    url: str
    place: str
    """`<script src>`, `url() in https://…/site.css`."""
    active: bool
    """Whether it could change the page or takes what people type; else it is a picture, a sound or a film."""
    upgraded: bool
    """Whether `upgrade-insecure-requests` makes a browser ask for it over HTTPS instead."""

    @property
    def of_this_machine(self) -> bool:
        """Whether it leads to the visitor's own machine: a left-over of development."""
        return is_loopback(self.url)


_ACTIVE = {
    ("script", "src"),
    ("script", "href"),
    ("script", "xlink:href"),
    ("iframe", "src"),
    ("frame", "src"),
    ("object", "data"),
    ("embed", "src"),
    ("form", "action"),
    ("button", "formaction"),
    ("input", "formaction"),
    ("use", "href"),
    ("use", "xlink:href"),
    ("base", "href"),
}
_PASSIVE = {
    ("img", "src"),
    ("img", "srcset"),
    ("source", "src"),
    ("source", "srcset"),
    ("video", "src"),
    ("video", "poster"),
    ("audio", "src"),
    ("track", "src"),
    ("input", "src"),
    ("image", "href"),
    ("image", "xlink:href"),
    ("feimage", "href"),
    ("body", "background"),
    ("table", "background"),
    ("td", "background"),
}
_LINKS = {
    "stylesheet": True,
    "preload": True,
    "modulepreload": True,
    "manifest": True,
    "icon": False,
    "apple-touch-icon": False,
    "mask-icon": False,
}
"""Kinds of `<link>` that load something, and whether that is active. `canonical`, `alternate`, `preconnect`, … do not;
a `prefetch` that is blocked is not missed."""


@check(
    "http.mixed.active",
    Stage.EDGE,
    roadmap="B5 M1 A8",
    severity=Severity.HIGH,
    effort=20,
    reference="https://www.w3.org/TR/mixed-content/",
)
async def active(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A page loads scripts, styles or frames without encryption, or sends a form without it.

    Why: browsers block such scripts, styles and frames on an encrypted page, so buttons do nothing and pages look
    broken; a form that is sent in clear makes the browser warn, and shows what was typed to whoever is on the way.

    Fix: write `https://` in the page's source (or a path without a host, for files of your own). If a supplier offers
    no HTTPS, host the file yourself. Until every page is changed, the header
    `Content-Security-Policy: upgrade-insecure-requests` makes browsers ask for HTTPS instead.

    What is read: `portal.pages` on every host over HTTPS (scripts, style sheets, frames, objects, forms, `<base>`,
    preloads, a `<meta>` refresh, fonts and `@import` in style sheets of the same host, up to six a page). What is
    not loaded does not count: links people click, comments, `<template>`, `<noscript>`, the text of scripts, the
    addresses of namespaces.

    An address of the developer's own machine (`localhost`, `127.0.0.1`) is not mixed content to a browser (it
    counts as trustworthy), but on a visitor's machine nothing answers there: it is a finding as well, whatever it
    was to load.

    A page with `upgrade-insecure-requests` passes with a note: browsers ask for HTTPS instead (it does not change
    addresses of localhost). HSTS alone does not help: browsers block before they apply it. A high risk: the page is
    visibly broken, but the encrypted page itself is safe, for browsers have blocked active mixed content since 2013.
    """
    for row in await _judge(look, active=True):
        yield row


@check(
    "http.mixed.passive",
    Stage.EDGE,
    roadmap="B5",
    severity=Severity.NICE,
    effort=15,
    reference="https://www.w3.org/TR/mixed-content/#upgrade-algorithm",
)
async def passive(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A page loads pictures, sound or video without encryption.

    Why: browsers ask for them over HTTPS instead, and leave them out where that fails: pictures are missing for some
    visitors and not for others. `srcset` and `<picture>` are left out at once.

    Fix: write `https://` in the page's source, or a path without a host for files of your own.

    Nice to fix: Chrome since 86 and Firefox since 127 ask for images, sound and video over HTTPS by themselves and
    leave out only what fails (Mixed Content Level 2, section 4.1). The same standard blocks what `srcset` names
    without a try. Images of style sheets count like those of pages.
    """
    for row in await _judge(look, active=False):
        yield row


async def _judge(look: Look, *, active: bool) -> list[Row]:
    visits = await first_pages(look)
    if not visits:
        return [NotChecked(look.portal.domain, "no host answers over HTTPS")]
    by_host: dict[str, list[Visit]] = {}
    for visit in visits:
        by_host.setdefault(visit.host.name, []).append(visit)
    judged = await asyncio.gather(*(_judge_host(look, host, of, active) for host, of in by_host.items()))
    return [row for rows in judged for row in rows]


async def _judge_host(look: Look, host: str, visits: list[Visit], active: bool) -> list[Row]:
    rows: list[Row] = []
    pages: list[Page] = []
    for visit in visits:
        if isinstance(visit.end, Failure):
            rows.append(NotChecked(host, f"{visit.url} gave no answer: {visit.end}"))
        elif visit.end is not None and visit.end.status >= 500:
            rows.append(NotChecked(host, f"{visit.url} answers {visit.end.status}", "let the application answer"))
        elif visit.end is not None and is_html(visit.end):
            pages.append(visit.end)
    if not pages:
        return rows or [Passed(host, "shows no page of its own")]
    found = await asyncio.gather(*(_loads_of(look, page) for page in dict.fromkeys(pages)))
    loads = list({load.url: load for on_page, _ in found for load in on_page if counts(load, active)}.values())
    trouble = [reason for _, reasons in found for reason in reasons]
    upgraded = [load for load in loads if load.upgraded and not load.of_this_machine]
    standing = [load for load in loads if load not in upgraded]
    rows += _findings(host, [load for load in standing if not load.of_this_machine], active)
    rows += _left_over(host, [load for load in standing if load.of_this_machine])
    if trouble:
        rows.append(NotChecked(host, f"a style sheet could not be read: {trouble[0]}"))
    elif not standing:
        note = f"; {len(upgraded)} addresses upgraded by upgrade-insecure-requests" if upgraded else ""
        rows.append(Passed(host, f"{len(pages)} page{'s' if len(pages) > 1 else ''} read{note}"))
    return rows


def counts(load: Load, active: bool) -> bool:
    """Whether a load belongs to the check of active (or passive) content; left-overs of development to active."""
    return (load.active or load.of_this_machine) == active


def _findings(host: str, loads: list[Load], active: bool) -> list[Row]:
    if not loads:
        return []
    forms = [load for load in loads if load.place.startswith(("<form", "<button", "<input form"))]
    if not active:
        says = f"{host} loads pictures, sound or video without encryption"
    elif len(forms) == len(loads):
        says = f"{host} sends a form without encryption"
    else:
        says = f"{host} loads scripts, styles or frames without encryption, which browsers block"
    return [Finding(host, f"{says}.", evidence=_listed(loads), paste=_with_tls(loads))]


def _left_over(host: str, loads: list[Load]) -> list[Row]:
    if not loads:
        return []
    return [
        Finding(
            host,
            f"{host} loads from the developer's own machine, where nothing answers for a visitor.",
            evidence=_listed(loads),
            fix="Replace the address by the one of the live system: it is usually a setting that was left at its"
            " development value when the page was built.",
            key="localhost",
        )
    ]


def _listed(loads: list[Load]) -> str:
    lines = [f"{load.url[:200]} in {load.place}" for load in loads[:LISTED]]
    return "\n".join(lines) + (f"\nand {len(loads) - LISTED} more" if len(loads) > LISTED else "")


def _with_tls(loads: list[Load]) -> str:
    return "\n".join(f"https:{load.url[5:205]}" for load in loads[:LISTED])


async def _loads_of(look: Look, page: Page) -> tuple[list[Load], list[str]]:
    """What a page and its style sheets load in clear, and why a style sheet could not be read."""
    upgraded = upgrades(page)
    loads = list(loads_of_markup(markup(page), upgraded))
    trouble: list[str] = []
    todo = [url for url in style_sheets(page) if _is_own(url, page)][:STYLE_SHEETS]
    for _level in range(2):
        imports: list[str] = []
        for url, sheet in zip(todo, await asyncio.gather(*map(look.http.get, todo)), strict=True):
            if isinstance(sheet, Failure):
                trouble.append(f"{url}: {sheet}")
            elif sheet.status == 200 and not is_html(sheet):
                loads += loads_of_style(sheet.text, f"{url[:120]}", upgraded)
                imports += _imports(sheet, url)
        todo = [url for url in dict.fromkeys(imports) if _is_own(url, page) and url not in todo][:STYLE_SHEETS]
    return loads, trouble


def loads_of_markup(of: Iterable[Element], upgraded: bool) -> Iterator[Load]:
    """What the elements of a page load in clear."""
    for element in of:
        for name in element.attributes:
            place = f"<{element.tag} {name}>"
            if name == "style":
                yield from loads_of_style(element.get(name), f"{place[:-1]} of {element.tag}>", upgraded)
            elif (kind := _kind(element, name)) is not None:
                values = _candidates(element.get(name)) if name.endswith("srcset") else [element.get(name)]
                yield from (Load(plain(url), place, kind, upgraded) for url in values if in_clear(url))
        if element.tag == "style":
            yield from loads_of_style(element.text, "<style>", upgraded)
        elif element.tag == "iframe" and (inner := element.get("srcdoc")):
            yield from loads_of_markup((e for e in elements(inner) if e.tag != "iframe"), upgraded)
        elif element.tag == "meta" and element.get("http-equiv").lower() == "refresh":
            url = _refreshes_to(element.get("content"))
            if in_clear(url):
                yield Load(plain(url), "<meta http-equiv=refresh>", True, False)


def loads_of_style(css: str, place: str, upgraded: bool) -> Iterator[Load]:
    """What a style sheet or attribute loads in clear; fonts and imports are active, images passive."""
    if "http" not in css.lower() and "\\" not in css and "localhost" not in css.lower():
        return
    for found in style_urls(css):
        if in_clear(found.url):
            yield Load(plain(found.url), f"url() in {place}", found.role != "image", upgraded)


def style_sheets(page: Page) -> list[str]:
    """Absolute URLs of the style sheets a page links, in order."""
    base, found = page.url, list[str]()
    for element in markup(page):
        if element.tag == "base" and base == page.url:
            base = _joined(page.url, element.get("href"))
        elif element.tag == "link" and "stylesheet" in element.get("rel").lower().split():
            found.append(_joined(base, element.get("href")))
        elif element.tag == "style" and "@import" in element.text.lower():
            found += [_joined(base, u.url) for u in style_urls(element.text) if u.role == "import"]
    return [url for url in dict.fromkeys(found) if url]


def upgrades(page: Page) -> bool:
    """Whether a page makes browsers upgrade what it loads (CSP `upgrade-insecure-requests`, in header or `<meta>`)."""
    policies = list(page.all_headers("content-security-policy"))
    policies += [
        element.get("content")
        for element in markup(page)
        if element.tag == "meta" and element.get("http-equiv").lower() == "content-security-policy"
    ]
    directives = (part.split() for policy in policies for part in re.split("[;,]", policy))
    return any(words and words[0].lower() == "upgrade-insecure-requests" for words in directives)


def in_clear(url: str) -> bool:
    """Whether a URL in a page loads over plain HTTP, or from the visitor's own machine."""
    url = plain(url)
    return url[:5].lower() == "http:" or is_loopback(url)


def plain(url: str) -> str:
    """A URL without what the URL standard strips: white space around it, tabs and line breaks within."""
    return re.sub(r"[\t\r\n]", "", url.strip(_CONTROLS))


def is_loopback(url: str) -> bool:
    """Whether an absolute URL leads to the machine it is opened on (Secure Contexts, section 3.1)."""
    if not _LOOPBACK_LIKE.match(url):
        return False
    try:
        host = (urlsplit(url if url[:2] != "//" else f"https:{url}").hostname or "").rstrip(".").lower()
    except ValueError:
        return False
    return host in ("localhost", "::1", "0.0.0.0") or host.endswith(".localhost") or _LOOPBACK_4.match(host) is not None  # noqa: S104 - compared, not bound


def _kind(element: Element, name: str) -> bool | None:
    """Whether an attribute loads something active (True) or passive (False); None when it loads nothing."""
    place = (element.tag, name)
    if place == ("link", "href"):
        kinds = [_LINKS[rel] for rel in element.get("rel").lower().split() if rel in _LINKS]
        if not kinds or "alternate" in element.get("rel").lower().split():
            return None
        return any(kinds) and element.get("as").lower() not in ("image", "audio", "video")
    if place == ("link", "imagesrcset") or (place == ("input", "src") and element.get("type").lower() == "image"):
        return False
    if place in _ACTIVE:
        # A script of a type no browser runs is a block of data: it is not loaded (HTML, section 4.12.1).
        return None if element.tag == "script" and not _runs(element) else True
    return False if place in _PASSIVE and place != ("input", "src") else None


def _runs(script: Element) -> bool:
    kind = script.get("type").lower().partition(";")[0].strip()
    return kind in ("", "module", "importmap") or "javascript" in kind or "ecmascript" in kind or kind == "text/babel"


def _candidates(srcset: str) -> list[str]:
    return [match[1].rstrip(",") for match in _SRCSET.finditer(srcset)]


def _refreshes_to(content: str) -> str:
    match = _REFRESH.match(content)
    return match[1].strip("'\" ") if match else ""


def _imports(sheet: Page, url: str) -> list[str]:
    if "@import" not in sheet.text.lower():
        return []
    return [_joined(url, found.url) for found in style_urls(sheet.text) if found.role == "import"]


def _is_own(url: str, page: Page) -> bool:
    try:
        return same_host(url, urlsplit(page.url).hostname or "")
    except ValueError:
        return False


def _joined(base: str, url: str) -> str:
    try:
        return urljoin(base, plain(url)).partition("#")[0]
    except ValueError:
        return ""


_CONTROLS = "".join(map(chr, range(0x21)))
_SRCSET = re.compile(r"(?:^|,)\s*([^\s,][^\s]*)")
_REFRESH = re.compile(r"\s*[\d.]*\s*[;,]?\s*(?:url\s*=\s*)?(.{1,2000})", re.IGNORECASE | re.DOTALL)
_LOOPBACK_LIKE = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_LOOPBACK_4 = re.compile(r"127(?:\.\d{1,3}){3}\Z")
