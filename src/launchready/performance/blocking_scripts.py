"""Other companies' scripts that stop the first pages, read from their HTML: needs no measurement and no browser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from urllib.parse import urljoin, urlsplit

from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.look import Look
from launchready.probes.markup import Element
from launchready.probes.pages import Visit, first_pages, is_html, markup
from launchready.probes.third_party import is_third_party, organisation

LISTED = 5
_HEAD = frozenset(("html", "head", "meta", "title", "link", "style", "script", "base", "noscript", "template"))
_RUNS = frozenset((
    "", "text/javascript", "application/javascript", "application/x-javascript", "application/ecmascript",
    "text/ecmascript", "text/jscript",
))  # fmt: skip
"""Types of a classic script (HTML, section 4.12.1); `module` is deferred by itself, any other does not run."""


@check(
    "performance.blocking_scripts",
    Stage.PERFORMANCE,
    roadmap="D8",
    severity=Severity.HIGH,
    effort=15,
    reference="https://html.spec.whatwg.org/multipage/scripting.html#attr-script-async",
)
async def blocking_scripts(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The head of a page loads another company's script in a way that stops the page until it is there.

    Why: on the day their server is slow or down, visitors look at a white page for as long as a browser waits, and
    nothing of yours is wrong.

    Fix: add `defer` (or `async`, where nothing else needs it) to the script's tag, move it to the end of the body, or
    host the file yourself. A supplier who says that their script must stand in the head without either usually has a
    newer way of loading it.

    Read is the HTML of `portal.pages` on every host over HTTPS. Counted are classic scripts in the head with a `src` of
    another registrable domain and neither `async`, `defer` nor `type=module`. What a rented name of a CDN or a storage
    serves (`d1.cloudfront.net`) may be the portal's own and does not count; nor does what scripts load by themselves:
    `performance.third_party` sees that, in a browser.
    """
    visits = await first_pages(look)
    if not visits:
        yield NotChecked(portal.domain, "no host answers over HTTPS")
    own = (*portal.named_hosts, *portal.owned_hosts)
    by_host: dict[str, list[Visit]] = {}
    for visit in visits:
        by_host.setdefault(visit.host.name, []).append(visit)
    for host, of in by_host.items():
        for row in _judged(host, of, (*own, host)):
            yield row


def _judged(host: str, visits: list[Visit], own: tuple[str, ...]) -> Iterator[Row]:
    read, found, failed = 0, dict[str, str](), False
    for visit in visits:
        if isinstance(visit.end, Failure):
            failed = True
            yield NotChecked(host, f"{visit.url} gave no answer: {visit.end}")
        elif visit.end is not None and visit.end.status >= 500:
            failed = True
            yield NotChecked(host, f"{visit.url} answers {visit.end.status}", "let the application answer")
        elif visit.end is not None and is_html(visit.end):
            read += 1
            found |= dict.fromkeys(blocking(markup(visit.end), visit.end.url, own), visit.end.url)
    if found:
        names = ", ".join(dict.fromkeys(organisation(urlsplit(url).hostname or "") for url in found))
        several = len(found) > 1
        yield Finding(
            host,
            f"{host} shows nothing until {'scripts' if several else 'a script'} of {names} "
            f"{'are' if several else 'is'} there.",
            evidence="\n".join(
                f"{url[:200]} in the head of {page[:200]}" for url, page in list(found.items())[:LISTED]
            ),
        )
    elif not failed:
        yield Passed(host, f"{read} page{'' if read == 1 else 's'} read" if read else "shows no page of its own")


def blocking(of: tuple[Element, ...], page_url: str, own: tuple[str, ...]) -> list[str]:
    """URLs of others' scripts in the head that the parser waits for, each once, in order."""
    base, found = page_url, list[str]()
    for element in of:
        if element.tag not in _HEAD:
            break  # here the body begins, whether or not it has a tag
        if element.tag == "base" and element.get("href") and base == page_url:
            base = _joined(page_url, element.get("href"))
        if element.tag != "script" or not element.get("src") or {"async", "defer"} & element.attributes.keys():
            continue
        if element.get("type").lower().partition(";")[0].strip() not in _RUNS or "nomodule" in element.attributes:
            continue
        url = _joined(base, element.get("src"))
        if is_third_party(_host(url), own):
            found.append(url)
    return list(dict.fromkeys(found))


def _joined(base: str, url: str) -> str:
    try:
        return urljoin(base, url)
    except ValueError:
        return ""


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
