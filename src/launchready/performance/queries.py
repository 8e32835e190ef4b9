"""Whether a route asks the database too often (one statement for each row it shows), or once and for too long.

Judges what was counted in the database and what traces told, by the same rules; a fact that both tell is one finding.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

from launchready.gate import check
from launchready.measurement import Measurement, RouteQueries, Statement
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.performance.frameworks import advice
from launchready.performance.kept import measurement_of
from launchready.performance.statement_shapes import is_write, shape_of, shown
from launchready.portal import Portal
from launchready.probes.look import Look

MANY = 10
"""Calls of one statement per request from which on it is named: no page is made of ten different rows by hand."""
SEVERAL, SEVERAL_MS = 5, 50.0
"""Fewer calls are named where together they take that long, as Sentry's detector does."""
GRAVE, GRAVE_MS = 50, 100.0
SLOW_MS = 200.0
"""Of one statement: a tenth of the two seconds a buyer is given."""
MOST_OF = 0.5
BATCH = 20
"""Rows of each sending from which on a list of values is a batch."""
_LIST = re.compile(r"\bIN\s*\(\s*(?:\.\.\.|[^\s,()]+(?:\s*,|\s*/\*|\s+\)))|=\s*ANY\b", re.IGNORECASE)
"""More than one value: PostgreSQL 18 writes `IN ($1 /*, ... */)`, of which `IN ($1  )` is kept; MySQL `IN (...)`."""
_GROWTH = {
    True: ", more with every row of the account.",
    False: ", the same for small and large accounts.",
    None: ", with the same statement.",
}
SAME = 1.2
"""Counts of two accounts that differ by less are the same."""
UNLOCK = (
    "name a variable with the database's connection string in [performance] database_env, "
    "or send traces to [performance] traces"
)


@check(
    "performance.queries",
    Stage.PERFORMANCE,
    roadmap="D4",
    severity=Severity.HIGH,
    effort=45,
    reference="https://docs.djangoproject.com/en/5.2/topics/db/optimization/#retrieve-everything-at-once-if-you-know-you-will-need-it",
    needs="performance",
)
async def queries(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A route asks the database once for every row it shows.

    Why: each question costs a way to the database and back, so that the page slows down with every invoice a client
    has: fast in the demo, slow for the buyer's largest account.

    Fix: fetch the related rows together with the list, in one or two questions.

    One statement that is sent ten times or more per request is named; from five times on where that takes 50 ms. How
    often is counted by the database itself (pg_stat_statements, MySQL's digests) or told by traces, never guessed from
    code. Where a small and a large account were measured, it says whether the count grows with the data.
    """
    measured = await measurement_of(portal, look)
    if isinstance(measured, NotChecked):
        yield measured
        return
    for row in untold(measured):
        yield row
    repeated = _repeated(measured)
    for alike in _by_shape(repeated):
        yield alike[0].finding(measured, alike[1:])
    found = {one.route for one in repeated}
    for route, seen in _by_route(measured).items():
        if route not in found:
            yield Passed(route, f"{_count(max(s.calls for s in seen))} per request, none for each row")


@check(
    "performance.slow_query",
    Stage.PERFORMANCE,
    roadmap="D8 D4",
    severity=Severity.HIGH,
    effort=60,
    reference="https://www.postgresql.org/docs/current/using-explain.html",
    needs="performance",
)
async def slow_query(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """One statement takes most of a route's time.

    Why: the page cannot be faster than its slowest question, whatever else is mended.

    Fix: see what it does with EXPLAIN (ANALYZE, BUFFERS), ask for fewer rows, compute sums ahead of time, or cache the
    answer.

    Named is a statement that takes 200 ms or more per request and at least half of what the portal takes for it.
    Statements that only lack an index are left to performance.indexes, those sent for each row to performance.queries.
    """
    measured = await measurement_of(portal, look)
    if isinstance(measured, NotChecked):
        yield measured
        return
    for row in untold(measured):
        yield row
    unindexed = {(scan.route, shape_of(scan.statement)) for scan in measured.scans}
    for route, seen in _by_route(measured).items():
        slow: dict[str, tuple[RouteQueries, Statement]] = {}
        for one in seen:
            for statement in one.statements:
                shape = shape_of(statement.text)
                if (route, shape) not in unindexed and _slow(one, statement):
                    worst = slow.get(shape)
                    if worst is None or _ms(statement) > _ms(worst[1]):
                        slow[shape] = one, statement
        for shape, (one, statement) in slow.items():
            yield _slow_finding(route, shape, one, statement)
        if not slow:
            longest = max((_ms(s) for one in seen for s in one.statements), default=0.0)
            yield Passed(route, f"no statement takes more than {max(1.0, longest):.0f} ms per request")


def untold(measured: Measurement, *parts: str) -> Iterable[NotChecked]:
    """What these checks could not look at: steps whose queries nobody could count."""
    counted = {(one.flow, one.step) for one in measured.queries}
    missing = [u for u in measured.untold if u.part in ("queries", *parts)]
    for one in missing:
        if one.part == "queries" and ((one.flow, one.step) in counted or (not one.flow and counted)):
            continue  # the other source has told it
        subject = f"{one.flow}: {one.step}" if one.step else one.flow or measured.domain
        yield NotChecked(subject, one.reason, one.unlock or UNLOCK)
    if not measured.queries and not missing:
        yield NotChecked(measured.domain, "nobody was asked what the portal sends to its database", UNLOCK)


@dataclass(slots=True)
class _Repeated:
    """One statement of one route that is sent again and again."""

    route: str
    shape: str
    told: list[tuple[RouteQueries, Statement]] = field(default_factory=list)

    @property
    def worst(self) -> tuple[RouteQueries, Statement]:
        return max(self.told, key=lambda one: one[1].calls)

    @property
    def grave(self) -> bool:
        return self.worst[1].calls >= GRAVE or _ms(self.worst[1]) >= GRAVE_MS

    def finding(self, measured: Measurement, alike: list[_Repeated]) -> Finding:
        """Of this route; `alike` are the others that send the same, fewer times: mended at one place as a rule."""
        seen, statement = self.worst
        calls, grows = statement.calls, self.grows(measured)
        grave = any(one.grave and one.grows(measured) is not False for one in (self, *alike))
        table = statement.table or "the database"
        verb = "writes to" if is_write(statement.text) else "asks"
        problem = f"{self.route} {verb} {table} {calls:g} times per request"
        problem += _GROWTH[grows]
        if alike:
            problem += (
                f" So do{'es' if len(alike) == 1 else ''} {len(alike)} more route{'s' if len(alike) > 1 else ''}."
            )
        evidence = self._evidence(seen, statement)
        evidence += "".join(f"\n{one.route}: {one.worst[1].calls:g} times" for one in alike)
        words = advice(measured.framework, statement.text, statement.table)
        if grows is False:
            words = "Ask once per request and keep the answer. Or: " + words
        code = next((one.code for _, one in self.told if one.code), "")
        return Finding(
            self.route, problem, evidence=evidence, key=f"n+1 {self.shape[:300]}",
            fix=f"In {code}: {words}" if code else words,
            severity=Severity.HIGH if grave else Severity.NICE,
        )  # fmt: skip

    def grows(self, measured: Measurement) -> bool | None:
        """Whether a larger account makes more of them; None: only one account was looked at."""
        by_user: dict[str, float] = {}
        for seen in measured.queries:
            if seen.route == self.route:
                calls = [s.calls for s in seen.statements if shape_of(s.text) == self.shape]
                by_user[seen.user] = max([by_user.get(seen.user, 0.0), *calls])
        pair = [by_user[user] for user in (measured.small, measured.large) if user and user in by_user]
        if len(pair) < 2:
            return None
        return pair[1] > pair[0] * SAME

    def _evidence(self, seen: RouteQueries, statement: Statement) -> str:
        lines = [shown(statement.text)]
        for one, told in sorted(self.told, key=lambda t: (t[0].source, t[0].user)):
            who = f" for {one.user}" if one.user else ""
            line = (
                f"{one.source}{who}: {told.calls:g} of {one.calls:g} statements per request, {_spelled(_ms(told))} ms"
            )
            lines.append(f"{line} in the database ({told.share:.0%}), the portal takes {one.server_s * 1000:.0f} ms")
        return "\n".join(dict.fromkeys(lines))


def _repeated(measured: Measurement) -> list[_Repeated]:
    found: list[_Repeated] = []
    for seen in measured.queries:
        for statement in seen.statements:
            shape = shape_of(statement.text)
            same = next((one for one in found if one.shape == shape and _same_step(one, seen)), None)
            if same is None:
                found.append(same := _Repeated(seen.route, shape))
            same.told.append((seen, statement))
    return [one for one in found if any(_too_often(statement) for _, statement in one.told)]


def _by_shape(found: list[_Repeated]) -> list[list[_Repeated]]:
    """The same statement of several routes together, the most calls first."""
    shapes: dict[str, list[_Repeated]] = {}
    for one in sorted(found, key=lambda each: -each.worst[1].calls):
        shapes.setdefault(one.shape, []).append(one)
    return list(shapes.values())


def _same_step(one: _Repeated, seen: RouteQueries) -> bool:
    """Traces may name a route by its pattern in the code; the step is the same."""
    return one.route == seen.route or any((s.flow, s.step) == (seen.flow, seen.step) for s, _ in one.told)


def _in_batches(statement: Statement) -> bool:
    """Whether each of them fetches or writes many rows by a list: an export in parts of 500 is no question per row."""
    listed = is_write(statement.text) or _LIST.search(statement.text)
    return bool(listed) and statement.rows >= BATCH


def _too_often(statement: Statement) -> bool:
    if _in_batches(statement):
        return False
    return statement.calls >= MANY or (statement.calls >= SEVERAL and _ms(statement) >= SEVERAL_MS)


def _slow(seen: RouteQueries, statement: Statement) -> bool:
    if _too_often(statement) or _ms(statement) < SLOW_MS:
        return False
    return not seen.server_s or _ms(statement) >= MOST_OF * seen.server_s * 1000


def _slow_finding(route: str, shape: str, seen: RouteQueries, statement: Statement) -> Finding:
    share = min(1.0, _ms(statement) / (seen.server_s * 1000)) if seen.server_s else statement.share
    problem = f"One statement takes {_ms(statement):.0f} ms of {route}, {share:.0%} of its time."
    told = (
        f"{shown(statement.text)}\n{seen.source}: {_times(statement.calls)} per request, {statement.rows:g} rows each"
    )
    where = f"In {statement.code}: " if statement.code else ""
    fix = (
        f"{where}look at its plan with EXPLAIN (ANALYZE, BUFFERS); ask for fewer rows, compute sums ahead, or cache it."
    )
    return Finding(route, problem, evidence=told, fix=fix, key=f"slow {shape[:300]}")


def _ms(statement: Statement) -> float:
    """Per request."""
    return statement.calls * statement.ms


def _spelled(ms: float) -> str:
    return f"{ms:.0f}" if ms >= 1 else f"{ms:.1f}" if ms >= 0.05 else "less than 0.1"


def _by_route(measured: Measurement) -> dict[str, list[RouteQueries]]:
    found: dict[str, list[RouteQueries]] = {}
    for one in measured.queries:
        found.setdefault(one.route, []).append(one)
    return found


def _times(calls: float) -> str:
    return "once" if calls == 1 else f"{calls:g} times"


def _count(calls: float) -> str:
    return "one statement" if calls == 1 else f"{calls:g} statements"
