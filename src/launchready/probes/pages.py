"""What visitors see first: the portal's first pages on each host over HTTPS, redirects within the host followed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from launchready.probes.failures import Failure, Garbage, NoAddress, Phase, Refused, Timeout, Unreachable
from launchready.probes.http import Page
from launchready.probes.markup import Element, elements
from launchready.probes.surface import Host

if TYPE_CHECKING:
    from launchready.probes.look import Look


@dataclass(frozen=True, slots=True)
class Visit:
    """One first page of one host."""

    host: Host
    url: str
    """The URL that was asked for."""
    hops: tuple[Page, ...]
    """What the host answered over HTTPS on the way, the page it ended at included."""
    end: Page | Failure | None
    """The page the host shows, whatever its status; None when it leads elsewhere."""
    leads_to: str = ""
    """Where it leads, when that is another host or plain HTTP."""


async def first_pages(look: Look) -> tuple[Visit, ...]:
    """Visit `portal.pages` on every host that is a web entry point, all at once; asked once in a run.

    A host that was only found and where nobody listens on port 443 is none, and left out.
    """

    async def ask() -> tuple[Visit, ...]:
        hosts = await look.hosts()
        visits = await asyncio.gather(*(visit(look, host, path) for host in hosts for path in look.portal.pages))
        return tuple(v for v in visits if v.host.named or not nobody_listens(v.end))

    return await look.network.once("first pages", ask)


async def visit(look: Look, host: Host, path: str) -> Visit:
    """Ask a host for a page and follow its redirects as long as they stay on the host and on HTTPS."""
    start = url = f"https://{host.name}/{path.lstrip('/')}"
    hops: list[Page] = []
    seen: set[str] = set()
    while True:
        page = await look.http.get(url)
        if isinstance(page, Failure):
            return Visit(host, start, tuple(hops), page)
        hops.append(page)
        if (leads_to := page.location) is None:
            return Visit(host, start, tuple(hops), page)
        if not same_host(leads_to, host.name):
            return Visit(host, start, tuple(hops), None, leads_to)
        seen.add(url)
        url = leads_to.partition("#")[0]
        if url in seen or len(hops) > look.network.limits.redirects:
            return Visit(host, start, tuple(hops), Garbage(Phase.ANSWER, start, "it redirects to itself without end"))


def same_host(url: str, host: str) -> bool:
    """Whether a URL is on a host, over HTTPS on its usual port."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and parts.hostname == host and parts.port in (None, 443)
    except ValueError:
        return False


def nobody_listens(answer: object) -> bool:
    """Whether an answer says that there is no server at all, rather than one in trouble."""
    if isinstance(answer, Timeout):
        return answer.phase is Phase.CONNECT
    # Where the name could not be looked up, nobody knows who listens.
    return isinstance(answer, NoAddress) or (
        isinstance(answer, Refused | Unreachable) and answer.phase is not Phase.LOOKUP
    )


def is_html(page: Page) -> bool:
    """Whether a browser would show an answer as a page: by its type, by its beginning where it names none."""
    kind = (page.header("content-type") or "").partition(";")[0].strip().lower()
    if kind:
        return kind in ("text/html", "application/xhtml+xml")
    return page.body[:512].lstrip().lower().startswith((b"<!doctype html", b"<html", b"<head", b"<body"))


@lru_cache(maxsize=64)
def _read(page: Page) -> tuple[Element, ...]:
    return tuple(elements(page.text))


def markup(page: Page) -> tuple[Element, ...]:
    """The elements of a page, read once however many checks look at them; empty when it is not HTML."""
    return _read(page) if is_html(page) else ()


def has_password_field(page: Page) -> bool:
    """Whether people can type a password into a page."""
    return any(e.tag == "input" and e.get("type").lower() == "password" for e in markup(page))


def shown(visits: tuple[Visit, ...]) -> Iterator[tuple[Visit, Page]]:
    """The visits that ended at a page that works (200), as HTML."""
    for one in visits:
        if isinstance(one.end, Page) and one.end.status == 200 and is_html(one.end):
            yield one, one.end
