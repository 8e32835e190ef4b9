"""A rehearsal (C5): deploy, roll back, deploy again, each verified, while visitors come; what they noticed is counted.

It is the real thing on the real place: it leaves the source's version live. Nothing is pretended, so what is measured
is what an emergency would be like. The result is in the journal, where the check `release.rehearsal` finds it.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from launchready import journal
from launchready.hardening.release import engine
from launchready.hardening.release.engine import Place, Result
from launchready.hardening.release.history import REHEARSE, fields
from launchready.hardening.release.sources import Source, new_release
from launchready.hardening.release.traffic import Tally, Traffic
from launchready.hardening.release.words import Failed, Release, Told

SETTLE_S = 1.0
"""Visitors come for so long after each part: an old version ends after the switch, and who is cut off shows then."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of the three: `deploy`, `roll back`, `deploy again`."""

    name: str
    seconds: float
    switch_s: float
    """From the order to switch until it was live."""
    traffic: Tally
    """Of the requests that were sent while it went on."""
    well: bool


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What it came to."""

    parts: tuple[Part, ...]
    traffic: Tally
    """Of all requests, those between the parts as well."""
    live: Release | None
    failed: Failed | None = None

    @property
    def well(self) -> bool:
        """Whether all three were done and hold. Requests that failed are told, and no failure of it."""
        return self.failed is None and len(self.parts) == 3

    @property
    def roll_back_s(self) -> float:
        """From the order to go back until the old version was live; 0 where it was not reached."""
        return next((part.switch_s for part in self.parts if part.name == "roll back"), 0.0)


async def rehearse(place: Place, source: Source, traffic: Traffic, told: Told) -> Rehearsal:
    """Carry it out; stops at the first part that fails. The lock is held by who calls. Raises OSError (journal)."""
    book = journal.begin(place.root, REHEARSE, place.environment, adapter=place.adapter.name)
    ended = await _rehearse(place, source, traffic, told, book)
    book.note(
        "ended",
        well=ended.well,
        requests=ended.traffic.requests,
        failed_requests=ended.traffic.failed,
        downtime_s=ended.traffic.downtime_s,
        longest_gap_s=ended.traffic.longest_gap_s,
        roll_back_s=ended.roll_back_s,
        problems=list(ended.traffic.problems),
        live=fields(ended.live),
    )
    return ended


async def _rehearse(place: Place, source: Source, traffic: Traffic, told: Told, book: journal.Journal) -> Rehearsal:
    nobody = traffic.tally()
    live = await place.adapter.current()
    if not isinstance(live, Release):
        told("nothing is live yet: the first release is made before anybody comes")
        first = await engine.deploy(place, new_release(source), None, told)
        if not first.well:
            return Rehearsal((), nobody, first.live, first.failed)
        live = first.wanted
    if problem := await traffic.first_look():
        return Rehearsal((), nobody, live, Failed("preflight", f"{problem}, so there is nothing to compare with"))
    parts: list[Part] = []
    async with traffic.running():
        result: Result | None = None
        twin: Release | None = None
        for name in ("deploy", "roll back", "deploy again"):
            book.note("intent", step=name)
            told(f"{name}, with {traffic.rate:g} requests a second")
            since_s, began = traffic.now_s, time.monotonic()
            if name == "roll back":
                twin = result.live if result else None
                result = await engine.roll_back(place, live, twin, told)
            else:
                result = await engine.deploy(place, await _fresh(source, place), live, told)
            seconds = round(time.monotonic() - began, 2)
            await asyncio.sleep(SETTLE_S)
            parts.append(Part(name, seconds, result.switch_s, traffic.tally(since_s), result.well))
            book.note("done" if result.well else "failed", step=name, seconds=parts[-1].seconds)
            if not result.well:
                break
    if twin and len(parts) == 3 and result and result.well and (discard := getattr(place.adapter, "discard", None)):
        await discard(twin)  # the same files as what is live now: nothing to go back to
    failed = (
        None if result is None or result.well else result.failed or Failed("verify", "it was rolled back by itself")
    )
    return Rehearsal(tuple(parts), traffic.tally(), result.live if result else live, failed)


async def _fresh(source: Source, place: Place) -> Release:
    """A release whose id nothing has yet: ids are of whole seconds."""
    there = await place.adapter.releases()
    newest = max((one.id[:16] for one in there), default="") if isinstance(there, list) else ""
    release = new_release(source)
    while release.id[:16] <= newest and newest[:8] <= release.id[:8]:
        await asyncio.sleep(0.2)
        release = new_release(source)
    return release
