"""One page as a buyer's browser loads it: when something is seen, when the account's own data is, what it waited for.

Measured in a fresh profile of the run's Chromium, over the network's way (a shaped one makes it a buyer's line), with
the cookies of somebody who is signed in; certificates must be right. Cookies and the values of queries are not in what
comes out. Measures one load; that several say more than one is `performance/visits.py`'s business.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from launchready.measurement import Resource, Visit
from launchready.probes import browser_watch
from launchready.probes.browser import Browser, NoBrowser
from launchready.probes.browser_requests import KeptOf, Requests, joined
from launchready.probes.failures import Failure, Garbage, Phase, Timeout, TlsFailed, Unreachable
from launchready.redaction import without_secrets

VISIT_S = 20.0
"""For one page, from asking for it until it is quiet."""
QUIET_S = 0.5
"""Nothing under way and nothing new to see for so long: the page is done."""
STILL_S = 2.5
"""The same for a page that keeps a request open, as one that waits for news does."""
GROWTH = 0.1
"""Of all that is visible at the end: less is a clock, a badge, a menu, and not the account's data."""
LEAST_GROWN = 8
"""Characters."""
MOST_ERRORS = 10
NEVER_SEEN = "the step's text was never seen"
"""Among a visit's errors."""


@dataclass(frozen=True, slots=True)
class HandedCookie:
    """A cookie of the flow's session, for the browser."""

    name: str
    value: str = field(repr=False)
    domain: str
    """Without a leading dot unless hosts below it get it, too."""
    path: str = "/"
    secure: bool = True
    http_only: bool = True


@dataclass(frozen=True, slots=True)
class Elsewhere(Failure):
    """The browser was not shown this page but another one, or a login."""

    unlock: str = "see in a browser what the page leads to"


async def visit(
    browser: Browser,
    url: str,
    *,
    cookies: Sequence[HandedCookie] = (),
    mark: str = "",
    flow: str,
    step: str,
    user: str,
    route: str,
    own_hosts: Iterable[str],
) -> Visit | Failure:
    """Open a page in a profile of its own. `mark` is the text by which the account's data is known."""
    async with browser.profile(url) as profile:
        if isinstance(profile, Failure):
            return profile
        if failure := await hand_over(profile, cookies, url):
            return failure
        said = Visit(flow, step, user, url, route, None, None, None, None)
        return await visit_in(browser, profile, said, mark=mark, own_hosts=own_hosts, signed_in=bool(cookies))


def handed(lines: Iterable[str]) -> tuple[HandedCookie, ...]:
    """Cookies as libcurl lists them (Netscape's format: seven fields), for the browser."""
    found = []
    for line in lines:
        http_only = line.startswith(_HTTP_ONLY)
        parts = line.removeprefix(_HTTP_ONLY).split("\t")
        if len(parts) == 7:
            domain, below, path, secure, _until, name, value = parts
            domain = f".{domain.lstrip('.')}" if below == "TRUE" else domain
            found.append(HandedCookie(name, value, domain, path, secure == "TRUE", http_only))
    return tuple(found)


async def hand_over(profile: Any, cookies: Sequence[HandedCookie], url: str) -> Failure | None:
    """Give a profile the cookies of a session; those of other hosts than that of `url` too, each to its own."""
    given = [
        {"name": c.name, "value": c.value, "domain": c.domain, "path": c.path or "/", "secure": c.secure,
         "httpOnly": c.http_only}
        for c in cookies
    ]  # fmt: skip
    try:
        if given:
            await profile.add_cookies(given)
    except Exception as error:
        if not _is_playwright(error):
            raise
        # What Playwright says quotes the cookies.
        return Garbage(Phase.REQUEST, url, "the browser does not take the session's cookies")
    return None


async def visit_in(
    browser: Browser,
    profile: Any,
    said: Visit,
    *,
    mark: str = "",
    own_hosts: Iterable[str],
    signed_in: bool = False,
    kept_of: KeptOf = lambda page, shown: ((), None),
) -> Visit | Failure:
    """Open `said.url` in a profile and fill in the rest of `said`. Others' cookies and cache in the profile count.

    `kept_of` makes of each answer what may be kept of it; left out, nothing is.
    """
    limit_s = browser.network.bounded_s(VISIT_S)
    if limit_s < 1:
        return Timeout(Phase.REQUEST, said.url, "no time was left for the browser")
    page = None
    try:
        async with asyncio.timeout(limit_s + 5):
            page = await profile.new_page()
            came = await _Watching(page, said, mark, limit_s, kept_of).run(tuple(own_hosts), signed_in)
    except TimeoutError:
        return Timeout(Phase.ANSWER, said.url, f"the browser did not come to an end within {limit_s:.0f} s", limit_s)
    except Exception as error:
        if not _is_playwright(error):
            raise
        return _told(said.url, error)
    finally:
        if page is not None:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(3):
                    await page.close()
    return NoBrowser(Phase.ANSWER, said.url, "it loads more than a browser is allowed here") if browser.spent else came


class _Watching:
    def __init__(self, page: Any, said: Visit, mark: str, limit_s: float, kept_of: KeptOf) -> None:
        self.page, self.said, self.mark, self.kept_of = page, said, mark, kept_of
        self.until_s = time.monotonic() + limit_s
        self.requests = Requests()
        self.errors: list[str] = []

    async def run(self, own: tuple[str, ...], signed_in: bool) -> Visit | Failure:
        protocol = await self.page.context.new_cdp_session(self.page)
        await self.requests.listen(protocol)
        protocol.on("Runtime.exceptionThrown", self._thrown)
        protocol.on("Runtime.consoleAPICalled", self._printed)
        await protocol.send("Runtime.enable")
        await self.page.add_init_script(browser_watch.script(self.mark))
        response = await self.page.goto(self.said.url, wait_until="commit", timeout=self._left_ms())
        quiet = await self._until_quiet()
        told = await self.page.evaluate(browser_watch.ENDED)
        if not isinstance(told, dict):
            return Garbage(
                Phase.ANSWER, self.said.url, "the page cannot be watched: it is not HTML, or forbids scripts"
            )
        if elsewhere := self._elsewhere(told, signed_in):
            return elsewhere
        status = response.status if response else 0
        if status >= 400:
            return Garbage(Phase.ANSWER, self.said.url, f"the browser is answered {status}")
        shown = await self.page.evaluate(browser_watch.TEXT)
        await self.requests.look_into(protocol, shown if isinstance(shown, str) else "", self.kept_of)
        return _visit(self.said, self.requests, told, own, tuple(self.errors), self.mark, quiet)

    async def _until_quiet(self) -> bool:
        """Wait until the page is done; False when the time was up first."""
        while time.monotonic() < self.until_s:
            await asyncio.sleep(0.1)
            try:
                state = await self.page.evaluate(browser_watch.STATE)
            except Exception as error:
                if not _is_playwright(error):
                    raise
                continue  # it goes elsewhere just now
            if not isinstance(state, list) or len(state) != 4:
                return True
            marked, changed, now, ready = state
            still = min(time.monotonic() - self.requests.last_s, (_number(now) - _number(changed)) / 1000)
            if ready != "complete":
                continue
            waits = STILL_S if self.requests.open or (self.mark and marked is None) else QUIET_S
            if still >= waits:
                return True
        return False

    def _elsewhere(self, told: dict[str, Any], signed_in: bool) -> Failure | None:
        documents = self.requests.documents
        if len(documents) > 1 or any(one.hops for one in documents):
            asked, came = urlsplit(self.said.url), urlsplit(self.page.url)
            if (asked.hostname, asked.path.rstrip("/")) != (came.hostname, came.path.rstrip("/")):
                detail = f"the browser was led to {shown_url(self.page.url)} instead"
                return Elsewhere(Phase.ANSWER, self.said.url, detail)
        if (
            signed_in
            and told.get("password")
            and not re.search(r"log.?in|sign.?in|passw", self.said.url, re.IGNORECASE)
        ):
            detail = "the browser is asked for a password although it has the session's cookies"
            unlock = "the session is not in cookies alone; the times of the requests are measured all the same"
            return Elsewhere(Phase.ANSWER, self.said.url, detail, unlock=unlock)
        return None

    def _left_ms(self) -> float:
        return max(1.0, (self.until_s - time.monotonic()) * 1000)

    def _thrown(self, event: Any) -> None:
        details = event.get("exceptionDetails", {})
        thrown = details.get("exception", {})
        self._note(
            "uncaught", str(thrown.get("description") or thrown.get("value") or details.get("text") or "an error")
        )

    def _printed(self, event: Any) -> None:
        if event.get("type") == "error":
            said = (str(a.get("value") or a.get("description") or "") for a in event.get("args", ())[:5])
            self._note("console", " ".join(said))

    def _note(self, kind: str, text: str) -> None:
        line = (text.strip().splitlines() or [""])[0]
        quoted = _URL.sub(lambda m: shown_url(m[0]), without_secrets(line))
        if len(self.errors) < MOST_ERRORS:
            self.errors.append(f"{kind}: {quoted[:200]}")


def _visit(
    said: Visit, requests: Requests, told: dict[str, Any], own: tuple[str, ...], errors: tuple[str, ...], mark: str,
    quiet: bool,
) -> Visit | Failure:  # fmt: skip
    documents = requests.documents
    if not documents:
        return Garbage(Phase.ANSWER, said.url, "the browser asked for nothing")
    document = documents[-1]
    # The page's clock begins with the navigation, the protocol's at the start of the machine.
    zero_s = document.began_s - max(0.0, min(1.0, document.wall_s - _number(told.get("origin")) / 1000))
    watched = _spans(told.get("own"))
    tasks = [
        span for span in (_without(task, watched) for task in _spans(told.get("tasks"))) if span[1] - span[0] > 0.05
    ]
    scripts: dict[str, float] = {}
    for entry in _lists(told.get("scripts"), 2):
        scripts[str(entry[0])] = scripts.get(str(entry[0]), 0.0) + _number(entry[1]) / 1000
    images = {
        str(entry[0]): (
            (int(_number(entry[1])), int(_number(entry[2]))),
            (int(_number(entry[3])), int(_number(entry[4]))),
        )
        for entry in _lists(told.get("images"), 5)
    }
    resources = joined(requests, zero_s, tasks, own, scripts, images, shown_url)
    now_s = _number(told.get("now")) / 1000
    seen_s = _seconds(told.get("paint"))
    answers = [r.end_s for r in resources if r.kind in ("document", "fetch", "script")]
    answers += [at_s - zero_s for at_s in requests.pushed_s]
    answers += [r.start_s for r in resources if r.kind == "document"]  # a page is drawn while it still comes
    data_s, data_by = _data(told, answers, mark, now_s, quiet)
    if data_s is not None and seen_s is not None:
        data_s = max(data_s, seen_s)  # looked at while the frame was drawn, seen once it was there
    first_s = _number(told.get("first")) / 1000
    counted = [span for span in tasks if data_s is None or span[0] < data_s]
    if mark and not data_by and told.get("marked") is None:
        errors = (*errors, NEVER_SEEN)
    return replace(
        said,
        url=shown_url(said.url),
        first_paint_s=seen_s,
        lcp_s=_seconds(told.get("lcp")),
        data_s=data_s,
        load_s=_seconds(told.get("load")) or None,
        blank_s=max(0.0, (now_s if seen_s is None else seen_s) - first_s),
        long_tasks_s=sum(end - began - 0.05 for began, end in counted),
        round_trips=_round_trips(resources, data_s if data_s is not None else seen_s),
        errors=errors,
        resources=resources,
        wait_s=first_s,
        data_by=data_by,
    )


def _data(told: dict[str, Any], answers: list[float], mark: str, now_s: float, quiet: bool) -> tuple[float | None, str]:
    """When the account's data was seen, and how that is known.

    By the step's text, where there is one. Else by the last growth of what is visible that an answer brought and that
    is a good part of the whole; not while something still turns, nor where the page still grows at the end.
    """
    if (marked := _seconds(told.get("marked"))) is not None:
        return marked, "text"
    if mark and not told.get("hidden"):
        return None, ""
    samples = [(_number(s[0]) / 1000, _number(s[1]), _number(s[2]), bool(s[3])) for s in _lists(told.get("samples"), 4)]
    if not samples or samples[-1][3] or not samples[-1][1]:
        return None, ""
    least = max(LEAST_GROWN, GROWTH * samples[-1][1])
    before_s = -1.0
    seen_s: float | None = None
    for at_s, _all, grown, _busy in samples:
        if grown >= least and any(before_s < end_s <= at_s for end_s in answers):
            seen_s = before_s = at_s
    if seen_s is None or (not quiet and now_s - seen_s < STILL_S):
        return None, ""
    return seen_s, "growth"


def _round_trips(resources: tuple[Resource, ...], seen_s: float | None) -> int:
    """How many answers came one after another, up to the last one before `seen_s` that was waited for."""
    limit_s = math.inf if seen_s is None else seen_s
    waited = [
        r for r in resources
        if r.end_s <= limit_s and (r.blocking or r.kind == "document" or (r.kind == "fetch" and not r.third_party))
    ]  # fmt: skip
    return max(waited, key=lambda r: (r.end_s, r.depth)).depth + 1 if waited else 0


def shown_url(url: str) -> str:
    """A URL as it may be kept: without user, fragment and the values of its query."""
    try:
        parts = urlsplit(url)
        names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True, max_num_fields=100)]
    except ValueError:
        return url.partition("?")[0].partition("#")[0][:300]
    query = "&".join(f"{name[:40]}=" for name in names[:8])
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path or '/'}{'?' + query if query else ''}"[
        :1_000
    ]


def _without(task: tuple[float, float], watched: list[tuple[float, float]]) -> tuple[float, float]:
    """A long task without what our own watching took of it."""
    began, end = task
    ours = sum(max(0.0, min(end, e) - max(began, b)) for b, e in watched)
    return began, end - ours


def _spans(told: object) -> list[tuple[float, float]]:
    pairs = ((_number(e[0]) / 1000, _number(e[1]) / 1000) for e in _lists(told, 2))
    return [(began, began + length) for began, length in pairs]


def _lists(told: object, length: int) -> list[list[object]]:
    return [e for e in told[:2_000] if isinstance(e, list) and len(e) == length] if isinstance(told, list) else []


def _seconds(told: object) -> float | None:
    return _number(told) / 1000 if isinstance(told, int | float) and told > 0 else None


def _number(told: object) -> float:
    return float(told) if isinstance(told, int | float) and math.isfinite(told) else 0.0


def _is_playwright(error: Exception) -> bool:
    return type(error).__module__.startswith("playwright.")


def _told(url: str, error: Exception) -> Failure:
    line = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
    code = re.search(r"net::(ERR_\w+)", line)
    if code and code[1].startswith(("ERR_CERT_", "ERR_SSL_")):
        return TlsFailed(Phase.TLS, url, f"the browser does not trust the certificate: {code[1]}")
    if code and code[1].startswith(("ERR_TUNNEL", "ERR_PROXY", "ERR_EMPTY", "ERR_CONNECTION")):
        return Unreachable(Phase.CONNECT, url, f"the browser cannot reach it: {code[1]}")
    if "Download is starting" in line or (code and code[1] == "ERR_ABORTED"):
        return Garbage(Phase.ANSWER, url, "it is a download, not a page")
    if "Timeout" in line:
        return Timeout(Phase.ANSWER, url, "the browser got no page in time")
    return Garbage(
        Phase.ANSWER, url, f"the browser could not show it: {code[1] if code else without_secrets(line)[:200]}"
    )


_HTTP_ONLY = "#HttpOnly_"
_URL = re.compile(r"https?://[^\s\"'<>)]{1,500}")
