"""What one step asks the database for: the counters of the server before and after the step was walked a few times.

The counters are everybody's. Whose work a difference is, is told by counting: one window without a request says what
goes on anyway, and three windows with ever more requests must agree on how often a statement is sent per request.
What they do not agree on is not claimed. Which statements are too many is judged in `queries.py`, whether an index is
missing is looked at in `scans.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from launchready.measurement import RouteQueries, Statement, Untold
from launchready.performance.statement_shapes import shape_of, table_of, without_comments
from launchready.probes.database import Database
from launchready.probes.database_place import scheme_of
from launchready.probes.failures import Failure, Garbage, Phase
from launchready.probes.statements import Counted, Delta, Statements, Untellable, delta
from launchready.probes.statements_mysql import SCHEMES as MYSQL
from launchready.probes.statements_mysql import MysqlStatements
from launchready.redaction import without_secrets

__all__ = ["Ask", "Counted", "opened", "route_queries", "untold"]

Ask = Callable[[], Awaitable[float | None]]
"""Makes a step's request once; the seconds that the portal took, None when it did not come through."""
Rest = Callable[[float], Awaitable[object]]
MOST_KEPT = 30
REPEATED = 5
MANY_HIDDEN = 3
"""Calls per request that are not shown; a few are those of opening a connection."""
MOST_TEXT = 2_000
TOLERANCE = 0.15
"""By how much the windows may differ: an upload adds a row each time, and the next list has one more."""
QUIET_S = (0.2, 2.0)
"""How long the window without a request is at least and at most."""
SLOW_S = 1.0
"""A step that takes longer is asked for three times only."""
SURE = 0.8
"""The part of a window's calls that must be told apart from other work, or nothing is claimed."""


@asynccontextmanager
async def opened(database: Database, text: str) -> AsyncIterator[Counted | Failure]:
    """The counters behind a connection string of any database that counts its statements."""
    try:
        scheme = scheme_of(text.strip().removeprefix("jdbc:"))
    except ValueError:  # brackets that are not closed
        scheme = ""
    if scheme == "postgresql":
        async with Statements.open(database, text) as statements:
            yield statements
    elif scheme in MYSQL:
        async with MysqlStatements.open(database, text) as digests:
            yield digests
    else:
        what = f"{scheme}:// is" if scheme else "it is"
        yield Garbage(Phase.REQUEST, "", f"{what} no database whose statements are counted (PostgreSQL, MySQL)")


def untold(failure: Failure, flow: str = "", step: str = "") -> Untold:
    """Why the database could not be asked, as it is kept."""
    unlock = failure.unlock if isinstance(failure, Untellable) else ""
    reason = without_secrets(str(failure))
    return Untold(flow, step, reason, unlock or "see [performance] database_env", part="queries")


async def route_queries(
    counted: Counted,
    ask: Ask,
    *,
    flow: str,
    step: str,
    user: str,
    route: str,
    times: int = 6,
    rest: Rest = asyncio.sleep,
) -> RouteQueries | Untold:
    """What a step sends per request, by asking for it `times` times (3 to 6 do) and once before, uncounted.

    `rest` is how the window without requests is waited for. Requests must be made one after another.
    """

    def missing(reason: str, unlock: str = "run `launchready perf` again when the portal is quiet") -> Untold:
        return Untold(flow, step, reason, unlock, part="queries")

    first_s = await ask()  # caches and connections are filled by whoever comes first
    if first_s is None:
        return missing("the request did not come through")
    sizes = _sizes(times if first_s < SLOW_S else 3)
    quiet = await _window(counted, rest(min(max(first_s, QUIET_S[0]), QUIET_S[1])))
    if isinstance(quiet, Failure):
        return untold(quiet, flow, step)
    windows: list[_Window] = []
    server_s = 0.0
    for size in sizes:
        took: list[float | None] = []
        found = await _window(counted, _repeated(ask, size, took))
        if isinstance(found, Failure):
            return untold(found, flow, step)
        if None in took:
            return missing("a request did not come through while its queries were counted")
        server_s += sum(one for one in took if one is not None)
        windows.append(_Window(size, found))
    statements, unsure = _told_apart(quiet, windows)
    calls = sum(s.calls for s in statements)
    hidden = min((window.seen.hidden / window.requests for window in windows), default=0.0)
    if hidden >= (MANY_HIDDEN if statements else 1) and hidden > calls:
        return untold(counted.unseen(), flow, step)
    if unsure > (1 - SURE) * (calls + unsure):
        share = unsure / (calls + unsure)
        return missing(f"other work in the database hides this one's: {share:.0%} of what was sent varies")
    requests = sum(sizes)
    return RouteQueries(
        counted.source, flow, step, user, route, requests, round(calls, 2),
        sum(s.calls * s.ms for s in statements) / 1000, server_s / requests,
        _that_matter(statements),
    )  # fmt: skip


def _that_matter(statements: list[Statement]) -> tuple[Statement, ...]:
    """Those sent again and again are kept before those that take long; all by time."""
    kept = sorted(statements, key=lambda s: (s.calls < REPEATED, -s.share))[:MOST_KEPT]
    return tuple(sorted(kept, key=lambda s: (-s.share, -s.calls)))


@dataclass(frozen=True, slots=True)
class _Window:
    requests: int
    seen: Delta


@dataclass(slots=True)
class _Sent:
    """One shape of statement in one window."""

    calls: float = 0.0
    rows: float = 0.0
    ms: float = 0.0
    text: str = ""


async def _window(counted: Counted, work: Awaitable[object]) -> Delta | Failure:
    before = await counted.snapshot()
    await work
    if isinstance(before, Failure):
        return before
    after = await counted.snapshot()
    return after if isinstance(after, Failure) else await delta(counted, before, after)


async def _repeated(ask: Ask, times: int, took: list[float | None]) -> None:
    took.extend([await ask() for _ in range(times)])


def _sizes(times: int) -> tuple[int, int, int]:
    """Three windows, each larger than the one before, so that what does not grow with them is not ours."""
    if times < 6:
        return 1, 1, max(1, times - 2)
    first, second = times // 6, times // 3
    return first, second, times - first - second


def _told_apart(quiet: Delta, windows: list[_Window]) -> tuple[list[Statement], float]:
    """The statements of the step, per request; and how many calls per request nobody can tell whose they are."""
    background = {shape: sent.calls / max(quiet.elapsed_s, 0.001) for shape, sent in _by_shape(quiet).items()}
    seen = [_by_shape(window.seen) for window in windows]
    found, unsure = [], 0.0
    for shape in dict.fromkeys(shape for one in seen for shape in one):
        sent = [one.get(shape, _Sent()) for one in seen]
        raw = sum(s.calls for s in sent) / sum(w.requests for w in windows)
        rates = sorted(
            max(0.0, s.calls - background.get(shape, 0.0) * w.seen.elapsed_s) / w.requests
            for s, w in zip(sent, windows, strict=True)
        )
        calls = (rates[0] + rates[1]) / 2  # what others send only adds: the two lowest must agree
        if rates[1] - rates[0] > max(1.0, TOLERANCE * rates[1]) or (background.get(shape) and calls < raw / 2):
            # A job that polls is nobody's; what others send as often as a row would be asked for may be ours as well.
            unsure += raw if not background.get(shape) or raw >= REPEATED else 0.0
            continue
        if abs(calls - round(calls)) <= TOLERANCE and calls >= 1:
            calls = round(calls)
        elif shape not in background and rates[2] - rates[0] <= 1.0:
            calls = raw  # sent now and then, as a session is renewed
        if calls > 0:
            every = sum(s.calls for s in sent)
            text = without_secrets(without_comments(next(s.text for s in sent if s.text)))[:MOST_TEXT]
            found.append(
                Statement(
                    text, round(calls, 2), sum(s.rows for s in sent) / every, sum(s.ms for s in sent) / every, 0.0,
                    table_of(text),
                )
            )  # fmt: skip
    whole = sum(s.calls * s.ms for s in found) or 1.0
    return [replace(s, share=s.calls * s.ms / whole) for s in found], unsure


def _by_shape(seen: Delta) -> dict[str, _Sent]:
    """Statements that differ only in the length of a list of values are one."""
    found: dict[str, _Sent] = {}
    for one in seen.statements:
        sent = found.setdefault(shape_of(one.text), _Sent())
        sent.calls += one.calls
        sent.rows += one.rows
        sent.ms += (one.exec_s + one.plan_s) * 1000
        sent.text = sent.text or one.text
    return found
