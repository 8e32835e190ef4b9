"""The pages at which the flows ended, opened in a real browser as the flow's user: which, how often, and what is kept.

Three rounds, each in a fresh profile that goes through a flow's pages in their order: the first page meets an empty
cache, the later ones what the earlier ones left, as in a buyer's own browser. Of each page the visit in the middle is
kept whole, so that its times and its resources belong together. Visits are made one at a time: two at once would be
measured waiting for each other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from statistics import median
from urllib.parse import urlsplit

from launchready.measurement import Untold, Visit
from launchready.performance.bodies import facts_of
from launchready.performance.flow_choice import step_name
from launchready.performance.routes import route_of, shown_url
from launchready.performance.saved import kept_headers
from launchready.performance.words import FlowRun, Reply, StepRun, Told
from launchready.portal_performance import Flow
from launchready.probes.browser import Browser, NoBrowser
from launchready.probes.browser_visit import hand_over, handed, visit_in
from launchready.probes.failures import Failure
from launchready.probes.pages import is_html

ROUNDS = 3
BUDGET_S = 90.0
"""For all rounds of all pages; a page that was opened once at least is kept."""
MOST_PAGES = 12
WORK_S = 0.05
BROWSER = "browser"


@dataclass(frozen=True, slots=True)
class Walked:
    """A flow that was walked, and the cookies that its visitor held at the end."""

    flow: Flow
    run: FlowRun
    cookies: tuple[str, ...] = field(default=(), repr=False)
    """As libcurl lists them."""


async def visits(
    browser: Browser,
    walked: Sequence[Walked],
    own_hosts: Iterable[str],
    *,
    rounds: int = ROUNDS,
    budget_s: float = BUDGET_S,
    told: Told = lambda line: None,
) -> tuple[tuple[Visit, ...], tuple[Untold, ...]]:
    """Open the pages of the flows, each `rounds` times; and what could not be opened, with the reason.

    `own_hosts` are those of the portal's organisation. A page that several steps end at is opened for one.
    """
    until_s = time.monotonic() + budget_s
    flows = _pages_of(walked)
    own = tuple(dict.fromkeys((*own_hosts, *(p.host for _, pages in flows for p in pages))))
    seen: dict[_Page, list[Visit]] = {page: [] for _, pages in flows for page in pages}
    failed: dict[_Page, Failure] = {}
    shares: list[float] = []
    for number in range(rounds):
        for one, pages in flows:
            if time.monotonic() > until_s:
                break
            shares.append(await asyncio.to_thread(share_of_a_core))
            if wanted := [page for page in pages if page not in failed]:
                told(f"browser: {one.run.flow}, round {number + 1} of {rounds}")
                lack = await _round(browser, one, wanted, own, seen, failed, until_s)
                if lack is not None:
                    return (), (Untold("", "", str(lack), lack.unlock, part=BROWSER),)
    core = median(shares) if shares else 1.0
    kept = tuple(replace(middle(found), core=core) for found in seen.values() if found)
    return kept, tuple(_untold(page, failed.get(page)) for page, found in seen.items() if not found)


def share_of_a_core() -> float:
    """How much of a core somebody who wants to compute gets here and now, 0 to 1; takes 50 ms where it is all of it."""
    began, worked = time.perf_counter(), time.thread_time()
    while time.thread_time() - worked < WORK_S and time.perf_counter() - began < 50 * WORK_S:
        pass
    return min(1.0, (time.thread_time() - worked) / (time.perf_counter() - began))


def middle(found: list[Visit]) -> Visit:
    """The visit in the middle, by when the data was seen where that is mostly known, else by the largest paint."""
    by_data = sum(one.data_s is not None for one in found) * 2 > len(found)

    def clock(one: Visit) -> float:
        took = one.data_s if by_data else one.lcp_s if one.lcp_s is not None else one.first_paint_s
        return inf if took is None else took

    order = sorted(found, key=clock)
    times = [clock(one) for one in order if clock(one) < inf]
    spread = (times[0], times[-1]) if times else None
    return replace(order[(len(order) - 1) // 2], visits=len(found), spread_s=spread)


@dataclass(frozen=True, slots=True)
class _Page:
    flow: str
    step: str
    user: str
    url: str
    mark: str = ""
    signed_in: bool = False

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def said(self) -> Visit:
        return Visit(self.flow, self.step, self.user, self.url, route_of("GET", self.url), None, None, None, None)


def _pages_of(walked: Sequence[Walked]) -> list[tuple[Walked, list[_Page]]]:
    """The pages of each flow, each page once: a step that asks for it goes before a login that leads there."""
    flows = [(one, list(_ends_of(one))) for one in walked]
    first: dict[tuple[str, str, bool], _Page] = {}
    for asks in (True, False):
        for one, pages in flows:
            logins = _logins(one.flow)
            for page in pages:
                if (page.step not in logins) is asks:
                    first.setdefault((page.user, page.url, page.signed_in), page)
    kept = {id(page) for page in list(first.values())[:MOST_PAGES]}
    return [(one, mine) for one, pages in flows if (mine := [page for page in pages if id(page) in kept])]


def _ends_of(one: Walked) -> Iterator[_Page]:
    marks = {step_name(step): step.login.text if step.login else step.text for step in one.flow.steps}
    logins = _logins(one.flow)
    user = one.run.user or next((name for name in logins.values() if name), "")
    signed_in = not logins
    for step in one.run.steps:
        signed_in = signed_in or step.step in logins
        if end := _end(step):
            yield _Page(one.run.flow, step.step, user, end.page.url, marks.get(step.step, ""), signed_in)


def _logins(flow: Flow) -> dict[str, str]:
    """The steps that log in, and whom."""
    return {step_name(step): step.login.user for step in flow.steps if step.login}


def _end(step: StepRun) -> Reply | None:
    """The page a step ended at, where a browser can be sent there: an HTML page that was asked for with GET."""
    if step.trouble or not step.replies:
        return None
    end = step.replies[-1]
    good = end.request.method == "GET" and end.page.status == 200 and is_html(end.page)
    return end if good else None


async def _round(
    browser: Browser,
    one: Walked,
    pages: list[_Page],
    own: tuple[str, ...],
    seen: dict[_Page, list[Visit]],
    failed: dict[_Page, Failure],
    until_s: float,
) -> NoBrowser | None:
    """One flow's pages in a fresh profile; returns why there is no browser, where there is none."""
    cookies = handed(one.cookies)
    async with browser.profile(pages[0].url) as profile:
        if isinstance(profile, NoBrowser):
            return profile
        if isinstance(profile, Failure):
            failed |= dict.fromkeys(pages, profile)
            return None
        signed_in = False
        for page in pages:
            if time.monotonic() > until_s:
                break
            if page.signed_in and not signed_in:
                signed_in = True
                if failure := await hand_over(profile, cookies, page.url):
                    failed[page] = failure
                    continue
            came = await visit_in(
                browser,
                profile,
                page.said,
                mark=page.mark,
                own_hosts=own,
                signed_in=page.signed_in and bool(cookies),
                kept_of=lambda answer, shown: (kept_headers(answer), facts_of(answer, shown=shown)),
            )
            if isinstance(came, Failure):
                failed[page] = came
            else:
                seen[page].append(_shown(came))
    return None


def _shown(found: Visit) -> Visit:
    resources = tuple(
        replace(r, url=shown_url(r.url), after=shown_url(r.after) if r.after else "") for r in found.resources
    )
    return replace(found, url=shown_url(found.url), resources=resources)


def _untold(page: _Page, failure: Failure | None) -> Untold:
    if failure is None:
        return Untold(page.flow, page.step, "no time was left for the browser", "allow more: --seconds N", part=BROWSER)
    unlock = getattr(failure, "unlock", "") or "open the page in a browser and see what it shows"
    return Untold(page.flow, page.step, str(failure), unlock, part=BROWSER)
