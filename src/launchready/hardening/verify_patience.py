"""How a release is looked at: again and again until it is right, for a release takes its time, or until time is over.

What is right is not asked twice. Judges nothing itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from launchready.model import Finding, NotChecked, Passed, Row
from launchready.portal import Portal
from launchready.portal_deploy import VerifySettings
from launchready.probes.failures import Failure, NoAddress, OutOfTime, Phase, Timeout, Unreachable
from launchready.probes.look import Look
from launchready.probes.page import Page

_PAUSES_S = (0.25, 0.5, 1.0, 2.0, 3.0)
"""Between looks; the last one is kept to. Several checks look at a login at once: faster would meet its limit."""
LIMITED_S = 5.0
"""Before the next look at what is asked too often (429)."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look says, and whether a later one could say otherwise."""

    row: Row
    final: bool = False
    limited: bool = False
    """It was asked too often: it says nothing of the release, and what was seen before counts."""


async def until_right(look: Look, settings: VerifySettings, once: Callable[[], Awaitable[Seen]]) -> Row:
    """Look until it is right, final, or `within_s` of the run are over; the last look's word counts.

    A look under way when time is over may end if it began early: it is given as long as one look may take.
    """
    looked, before = 0, None
    while True:
        began = look.network.now_s
        looked += 1
        seen = await once()
        pause = LIMITED_S if seen.limited else _PAUSES_S[min(looked, len(_PAUSES_S)) - 1]
        if seen.limited:
            seen = before or seen
        else:
            before = seen
        late = look.network.now_s + pause >= settings.within_s or look.network.left_s <= pause + 1
        if seen.final or isinstance(seen.row, Passed) or late:
            return _with_count(seen.row, looked, look.network.now_s - began if looked == 1 else look.network.now_s)
        await asyncio.sleep(pause)


def settings_of(portal: Portal) -> VerifySettings:
    """`[verify]`, or what is looked at without it."""
    return portal.verify or VerifySettings()


def address(portal: Portal, path: str) -> str:
    """A path of the portal as a whole address."""
    if "://" in path:
        return path
    base = settings_of(portal).url or portal.canonical or f"https://{portal.domain}/"
    if "://" not in base:
        base = f"https://{base}"
    return f"{base.rstrip('/')}/{path.lstrip('/')}"


def subject(url: str) -> str:
    """An address as it may be shown: without query, where tokens are."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path or '/'}"


def no_answer(url: str, failure: Failure) -> Seen:
    """What a look says that got no answer: the portal's fault, or nobody's who can be named."""
    where = subject(url)
    if isinstance(failure, OutOfTime | Unreachable):
        return Seen(NotChecked(where, str(failure), "run it where the portal can be reached"), final=True)
    if failure.phase is Phase.LOOKUP and not isinstance(failure, NoAddress):
        # Our own resolver may be at fault; asking again may help, and finding nothing out is no finding.
        return Seen(NotChecked(where, str(failure), "look at the resolver, or name one with --resolver"), final=True)
    waits = isinstance(failure, Timeout)
    problem = f"{where} gives no answer in time." if waits else f"{where} gives no answer."
    return Seen(Finding(where, problem, evidence=str(failure)))


def too_often(url: str) -> Seen:
    """What a look says that a limit of requests has stopped (429): it says nothing of the release."""
    unlock = "let this machine pass at the edge (a rule for its address), or wait until the limit is over"
    return Seen(NotChecked(subject(url), "it is asked too often from here (429)", unlock), limited=True)


def is_challenge(page: Page) -> bool:
    """Whether an edge wants proof of a person instead of showing the page."""
    return page.status in (403, 429, 503) and (page.header("cf-mitigated") or "").lower() == "challenge"


def _with_count(row: Row, looked: int, elapsed_s: float) -> Row:
    if isinstance(row, Finding) and looked > 1:
        return replace(row, evidence=f"{row.evidence}\nlooked at {looked} times within {elapsed_s:.0f} s".strip())
    return row
