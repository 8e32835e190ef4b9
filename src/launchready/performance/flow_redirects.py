"""A request and where its redirects lead, as a browser follows them (Fetch standard, section 4.4), within bounds.

Stays on the portal's hosts: where a redirect leads to another one it ends, and says to which. Never from a public
address to a private one, and no body from https to http.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from launchready.performance.words import Reply, Request, Session
from launchready.probes.addresses import why_unreachable
from launchready.probes.failures import Failure

MOST_HOPS = 10
_OF_A_BODY = ("content-type", "content-length", "content-encoding", "content-language", "content-location", "origin")
_OF_ONE_ORIGIN = ("authorization", "cookie", "proxy-authorization")


@dataclass(frozen=True, slots=True)
class Way:
    """What came of a request and its redirects."""

    replies: tuple[Reply, ...]
    failure: Failure | None = None
    """Why the last request of it got no answer."""
    away: str = ""
    """The host, or scheme, it leads to that is not the portal's."""
    unsafe: str = ""
    """Why a redirect was not followed, as the end of a sentence."""
    circle: bool = False


async def follow(
    session: Session,
    request: Request,
    hosts: Collection[str],
    private: Collection[str] = (),
    answered: Callable[[Reply], None] | None = None,
) -> Way:
    """Ask, and follow redirects on `hosts`; headers named in `private` stay with the origin they are for."""
    replies: list[Reply] = []
    seen: set[tuple[str, str]] = set()
    while True:
        answer = await session.ask(request)
        if isinstance(answer, Failure):
            return Way(tuple(replies), answer)
        replies.append(answer)
        if answered:
            answered(answer)
        page = answer.page
        if not page.redirects or not page.location:
            return Way(tuple(replies))
        if page.header("set-cookie"):
            seen.clear()  # with a cookie the same address may answer something else
        else:
            seen.add((request.method, request.url))
        following = _redirected(request, page.status, page.location, private)
        target = urlsplit(following.url)
        if target.scheme not in ("http", "https"):
            return Way(tuple(replies), away=f"{target.scheme[:20]}:" if target.scheme else following.url[:60])
        if (target.hostname or "") not in hosts:
            return Way(tuple(replies), away=target.hostname or "")
        if following.body and request.url.startswith("https:") and target.scheme == "http":
            return Way(tuple(replies), unsafe="the form would be sent on without encryption")
        if not why_unreachable(page.address) and _is_private(target.hostname or ""):
            return Way(tuple(replies), unsafe=f"it leads to {target.hostname}, which nobody outside can reach")
        if (following.method, following.url) in seen or len(replies) > MOST_HOPS:
            return Way(tuple(replies), circle=True)
        request = following


def _redirected(request: Request, status: int, location: str, private: Collection[str]) -> Request:
    following = replace(request, url=location)
    turns = (status in (301, 302) and request.method == "POST") or (
        status == 303 and request.method not in ("GET", "HEAD")
    )
    if turns:
        kept = tuple(h for h in request.headers if h[0].lower() not in _OF_A_BODY)
        following = replace(following, method="GET", headers=kept, body=b"")
    if not _same_origin(request.url, location):
        names = {*_OF_ONE_ORIGIN, *(name.lower() for name in private)}
        following = replace(following, headers=tuple(h for h in following.headers if h[0].lower() not in names))
    return following


def _same_origin(one: str, other: str) -> bool:
    """Of the same host; from http to https counts, as every portal leads there."""
    a, b = urlsplit(one), urlsplit(other)
    if a.hostname != b.hostname:
        return False
    if (a.scheme, b.scheme) == ("http", "https"):
        return True
    return a.scheme == b.scheme and a.port == b.port


def _is_private(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return why_unreachable(str(ip_address(host.strip("[]")))) is not None
    except ValueError:
        return False
