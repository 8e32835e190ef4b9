"""Whether what caches may do with an answer is right for what it is: one person's, or the same for everybody.

What its headers allow is read by `probes/shared_cache.py`, as caches read them. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from launchready.measurement import Exchange, Resource
from launchready.model import Severity
from launchready.probes.file_names import named_by_content
from launchready.probes.page import Page
from launchready.probes.set_cookie import is_session, read_cookie
from launchready.probes.shared_cache import (
    FOR_EDGES,
    Keeping,
    came_from_cache,
    keeping,
    lifetime_s,
    policy,
    varies_by,
)

PRIVATE = "Cache-Control: private, no-store"
LONG = "Cache-Control: public, max-age=31536000, immutable"
HOUR = "Cache-Control: public, max-age=3600, stale-while-revalidate=86400"
LONG_S = 30 * 24 * 3600
FILE_KINDS = frozenset({"script", "style", "font"})
"""The same for everybody; a picture may be somebody's document."""


class Keep(StrEnum):
    """What caches do with an answer, and whether that is right."""

    CACHED = "cached"
    COULD = "could be cached"
    DYNAMIC = "dynamic"
    UNSAID = "dynamic, and does not say so"
    WRONG = "wrongly cached"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What caches do with an answer, where, for how long, and why that is right or wrong."""

    keep: Keep
    where: str
    """`edge and browser`, `browser`, or `nowhere`."""
    lifetime_s: int
    why: str
    header: str = ""
    """To set instead; empty where it is right."""
    severity: Severity | None = None
    """None where it is right."""


def judged_route(one: Exchange, *, by_cookie: bool, for_everybody: bool) -> Verdict:
    """What may be kept of a walked answer. `by_cookie`: its visitor is known by one, and not by `Authorization`."""
    if one.method not in ("GET", "HEAD"):
        return Verdict(Keep.DYNAMIC, "nowhere", 0, f"sent with {one.method}: it changes something")
    page = Page(one.url, one.status, one.headers, b"")
    session = _session_cookie(page)
    why = f"sets the session cookie `{session}`" if session else "answers who is signed in" if one.signed_in else ""
    if not why or (for_everybody and not session):
        return _public(page, "the same for everybody" if for_everybody else "nobody is signed in")
    said = ", ".join(page.all_headers("cache-control"))[:120]
    apart = not session and any(varies_by(page, field) for field in ("cookie", "authorization"))
    if (hit := came_from_cache(page)) and not apart:
        wrong = f"{why}, and came out of a shared cache ({hit})"
        return Verdict(Keep.WRONG, "edge", _edge_s(page), wrong, PRIVATE, Severity.BLOCKER)
    told = keeping(page)
    if apart and told is Keeping.ALLOWED and _opened(page):
        # RFC 9111 keeps it apart for each cookie; Cloudflare does so where a rule of its cache says so, and only there.
        wrong = f"{why}, and says that shared caches may keep it ({said}), which not all keep apart for each cookie"
        return Verdict(Keep.WRONG, "edge and browser", _edge_s(page), wrong, PRIVATE, Severity.HIGH)
    if apart and told is not Keeping.NEVER:
        return Verdict(Keep.DYNAMIC, "nowhere", 0, f"{why}; caches keep it apart for each visitor (Vary)")
    if told is Keeping.ALLOWED and (by_cookie or session or _opened(page)):
        kept = said or f"Expires: {(page.header('expires') or '')[:40]}"
        wrong = f"{why}, and shared caches may keep it ({kept})"
        return Verdict(Keep.WRONG, "edge and browser", _edge_s(page), wrong, PRIVATE, Severity.BLOCKER)
    if told is Keeping.SILENT and by_cookie and varies_by(page, "cookie"):
        # As Flask answers wherever it renews its session: kept apart by what follows the standard.
        alone = f"{why}, and only `Vary: Cookie` keeps caches from giving it to others"
        return Verdict(Keep.UNSAID, "nowhere", 0, alone, PRIVATE, Severity.NICE)
    if told is Keeping.SILENT and by_cookie:
        return Verdict(
            Keep.UNSAID, "nowhere", 0, f"{why}, and does not say that no cache may keep it", PRIVATE, Severity.HIGH
        )
    seconds = lifetime_s(page) or 0
    if told is Keeping.NEVER and seconds:
        return Verdict(Keep.DYNAMIC, "browser", seconds, f"{why}; only the buyer's own browser keeps it")
    return Verdict(Keep.DYNAMIC, "nowhere", 0, why)


def sets_session(one: Exchange) -> bool:
    """Whether an answer sets a cookie people are signed in by."""
    return bool(_session_cookie(Page(one.url, one.status, one.headers, b"")))


def judged_file(one: Resource) -> Verdict | None:
    """What may be kept of a file that a page loads; None where nobody wrote down its headers."""
    if not one.headers:
        return None
    page = Page(one.url, one.status, one.headers, b"")
    policies = policy(page.all_headers("cache-control"))
    said = policies.directives
    seconds = lifetime_s(page)
    if seconds is None:
        seconds = policies.seconds("s-maxage")
    fingerprinted = named_by_content(one.url) or "{id}" in one.url.rpartition("/")[2]  # a name like a token is not kept
    header = LONG if fingerprinted else HOUR
    if "no-store" in said:
        why = "forbids to keep it, so that each page fetches it whole"
        return Verdict(Keep.COULD, "nowhere", 0, why, header, Severity.HIGH)
    if seconds is None:
        return Verdict(Keep.COULD, "nowhere", 0, "says nothing about keeping it", header, Severity.NICE)
    where = "browser" if "private" in said else "edge and browser"
    if seconds == 0:
        if not (page.header("etag") or page.header("last-modified")):
            why = "is asked for with each page and has no validator, so that it is fetched whole"
            return Verdict(Keep.COULD, "nowhere", 0, why, header, Severity.HIGH)
        why = "is asked for again with each page, which waits a round trip for it"
        if one.blocking or fingerprinted:
            return Verdict(Keep.COULD, where, 0, why, header, Severity.NICE)
        return Verdict(Keep.CACHED, where, 0, "kept, and asked for again before each use")
    if fingerprinted and seconds < LONG_S:
        return Verdict(Keep.COULD, where, seconds, "could be kept for a year, as its name changes", LONG)
    return Verdict(Keep.CACHED, where, seconds, "its name changes with it" if fingerprinted else "a file for everybody")


def _public(page: Page, why: str) -> Verdict:
    seconds = _edge_s(page)
    if keeping(page) is Keeping.ALLOWED and seconds:
        return Verdict(Keep.CACHED, "edge and browser", seconds, why)
    if own_s := lifetime_s(page):
        return Verdict(Keep.CACHED, "browser", own_s, why)
    return Verdict(Keep.DYNAMIC, "nowhere", 0, f"{why}, and it is made anew each time")


def _session_cookie(page: Page) -> str:
    for line in page.all_headers("set-cookie")[:60]:
        cookie = read_cookie(line)
        if cookie and not cookie.deleted and is_session(cookie):
            return cookie.name[:60]
    return ""


def _opened(page: Page) -> bool:
    """Whether it is opened to shared caches by name, even where `Authorization` was sent (RFC 9111 section 3.5)."""
    said = policy(page.all_headers("cache-control")).directives
    edges = any(policy(page.all_headers(name)).directives for name in FOR_EDGES)
    return edges or bool(said.keys() & {"public", "s-maxage"})


def _edge_s(page: Page) -> int:
    """For how long a shared cache may keep it."""
    for name in (*FOR_EDGES, "cache-control"):
        said = policy(page.all_headers(name))
        for directive in ("s-maxage", "max-age"):
            if found := said.seconds(directive):
                return found
    return lifetime_s(page) or 0
