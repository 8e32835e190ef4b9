"""Whether a step stalls on the data of a large account: the same steps by a small and by a large one, side by side."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from launchready.gate import check
from launchready.measurement import Distribution, Measurement, RouteQueries, StepTimes
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.performance.answers import answers, seconds, spelled
from launchready.performance.kept import measurement_of
from launchready.performance.targets import ACCOUNT
from launchready.portal import Portal
from launchready.probes.look import Look

SLOWER = 2.0
SLOWER_S = 0.1
"""A step stalls on data when the large account takes twice as long and a tenth of a second longer: what is felt."""
FAR = 5.0
MORE_CALLS, MORE_ROWS, MORE_BYTES = 10, 500, 100_000
"""From so much more on, statements, rows and bytes are named as the cause, where they are a multiple as well."""
TWO_ACCOUNTS = 'name two users in [performance]: small = "an account with little in it", large = "one with years of it"'

BOTH = "where the address is one account's alone, such as /acme/invoices, compare a page that both of them have"


@dataclass(frozen=True, slots=True)
class Pair:
    """One step by both accounts, with the portal's own times for each."""

    small: StepTimes
    large: StepTimes
    few: Distribution
    many: Distribution


@dataclass(frozen=True, slots=True)
class Grown:
    """How one cause grew from the small to the large account."""

    says: str
    factor: float
    fix: str


@check(
    "performance.growth",
    Stage.PERFORMANCE,
    roadmap="D8",
    severity=Severity.HIGH,
    effort=120,
    reference="https://use-the-index-luke.com/sql/partial-results",
    needs="performance",
)
async def growth(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A step becomes slower with what the account holds.

    Why: it is fast with the test account, and stalls for the client who has been with you for years; that client pays
    most, and shows it to others.

    Fix: find what grows along: statements (load what belongs together in one), rows (pages, and sums made by the
    database), bytes (send what is shown). A page shows as much for a large account as for a small one, so it can take
    as long.

    The users `small` and `large` of `[performance]` walk the same steps, a dozen times each. Compared are the medians
    of the portal's own time, without the line. Found is a step that takes the large account twice as long and 0.1 s
    longer, and whose 95 % intervals lie 0.05 s apart; where they do not, it says that it cannot be told. The cause is
    named from what was counted beside it: statements per request and rows they read, rows and bytes of the answer. A
    high risk where it takes five times as long, or more than half of the target by a cause that was seen to grow along,
    else nice to fix.
    """
    measured = await measurement_of(portal, look)
    if isinstance(measured, NotChecked):
        yield measured
        return
    if not (measured.small and measured.large) or measured.small == measured.large:
        yield NotChecked(
            portal.domain, "only one account was walked, so nothing can be said of larger ones", TWO_ACCOUNTS
        )
        return
    pairs = list(_pairs(measured))
    for pair in pairs:
        yield _judged(pair, measured)
    for untold in measured.untold:
        if untold.part == "growth":
            hint = f"{untold.unlock}; {BOTH}" if untold.flow and untold.unlock else untold.unlock or BOTH
            yield NotChecked(f"{untold.flow}: {untold.step}", untold.reason, hint)
    if not pairs and not any(untold.part == "growth" for untold in measured.untold):
        reason = f"no step was walked by both {measured.small} and {measured.large}"
        yield NotChecked(portal.domain, reason, "let a flow that changes nothing have one of them as its user")


def _pairs(measured: Measurement) -> Iterator[Pair]:
    """The times of each step by the small and by the large account, at the same pace."""
    by_user: dict[tuple[str, str, str, str], StepTimes] = {
        (one.flow, one.step, one.pace, one.user): one for one in measured.steps
    }
    done: set[tuple[str, str]] = set()
    # Walks made to compare come first: there both accounts met the same portal in the same minute.
    for one in sorted(measured.steps, key=lambda each: each.pace != ACCOUNT):
        small = by_user.get((one.flow, one.step, one.pace, measured.small))
        large = by_user.get((one.flow, one.step, one.pace, measured.large))
        if small and small.server and large and large.server and (one.flow, one.step) not in done:
            done.add((one.flow, one.step))
            yield Pair(small, large, small.server, large.server)


def _judged(pair: Pair, measured: Measurement) -> Row:
    small, large = pair.small, pair.large
    subject = f"{large.flow}: {large.step}"
    few, many = pair.few.p50.value_s, pair.many.p50.value_s
    told = f"{seconds(few)} for {measured.small}, {seconds(many)} for {measured.large}, in the median"
    if many < SLOWER * few or many - few < SLOWER_S:
        return Passed(subject, told)
    if not _apart(pair.few, pair.many):
        reason = f"whether it grows with the account cannot be told yet: {told}, and the intervals meet"
        return NotChecked(subject, reason, "measure again with less going on beside it")
    causes = sorted(_causes(small, large, measured), key=lambda one: -one.factor)
    counted = _queries(small, measured) and _queries(large, measured)
    nothing = "neither statements nor bytes grew along" if counted else "its answer is about as large for both"
    named = f"; {causes[0].says if causes else nothing}"
    grave = many >= FAR * few or (bool(causes) and many >= large.target_s / 2)
    return Finding(
        subject,
        f"{large.step} takes {many / few:.1f} times as long for a large account: {seconds(many)} instead of "
        f"{seconds(few)}{named}.",
        evidence="\n".join([told, f"route: {large.route}", *(one.says for one in causes)]),
        fix=causes[0].fix if causes else "Look for what is read or done for each row of the account and not shown.",
        severity=Severity.HIGH if grave else Severity.NICE,
    )


def _apart(small: Distribution, large: Distribution) -> bool:
    """Whether the medians surely differ, by more than a busy minute between the walks explains."""
    low_s, high_s = large.p50.low_s, small.p50.high_s
    return low_s is not None and high_s is not None and low_s - high_s >= SLOWER_S / 2


def _causes(small: StepTimes, large: StepTimes, measured: Measurement) -> Iterator[Grown]:
    few, many = (_queries(one, measured) for one in (small, large))
    if few and many:
        if many.calls >= SLOWER * few.calls and many.calls - few.calls >= MORE_CALLS:
            says = f"{many.calls:.0f} statements a request instead of {few.calls:.0f}"
            fix = "Load what belongs together in one statement, see `performance.queries`."
            yield Grown(says, many.calls / max(1, few.calls), fix)
        read, reads = _rows_read(few), _rows_read(many)
        if reads >= SLOWER * read and reads - read >= MORE_ROWS:
            says = f"{reads:,.0f} rows read a request instead of {read:,.0f}"
            fix = "Let the database count, sum and choose (`count`, `sum`, LIMIT); load the rows that are shown."
            yield Grown(says, reads / max(1.0, read), fix)
    (rows, size), (more_rows, more) = (_answered(one, measured) for one in (small, large))
    if more_rows >= SLOWER * max(1, rows) and more_rows - rows >= 100:
        says = f"{more_rows:,} rows in the answer instead of {rows:,}"
        yield Grown(says, more_rows / max(1, rows), "Give the list in pages of 25 to 100 rows.")
    if more >= SLOWER * size and more - size >= MORE_BYTES:
        says = f"{spelled(more)} in the answer instead of {spelled(size)}"
        yield Grown(says, more / max(1, size), "Send what the first view shows, and the rest when it is asked for.")


def _queries(times: StepTimes, measured: Measurement) -> RouteQueries | None:
    return next(
        (q for q in measured.queries if (q.flow, q.step, q.user) == (times.flow, times.step, times.user)),
        None,
    )


def _rows_read(queries: RouteQueries) -> float:
    return sum(one.calls * one.rows for one in queries.statements)


def _answered(times: StepTimes, measured: Measurement) -> tuple[int, int]:
    """The longest list and the inflated bytes of a step's answers."""
    found = [
        one.facts for one in answers(measured) if (one.flow, one.step, one.user) == (times.flow, times.step, times.user)
    ]
    rows = max((max((facts.rows, *(each.rows for each in facts.lists))) for facts in found), default=0)
    return rows, max((facts.size for facts in found), default=0)
