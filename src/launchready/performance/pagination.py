"""Lists that give all the rows an account has in one answer, so that they become slower with each month."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from launchready.gate import check
from launchready.measurement import Measurement
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.performance.answers import Answer, answers, by_route, spelled
from launchready.performance.kept import UNLOCK, measurement_of
from launchready.portal import Portal
from launchready.probes.look import Look

MANY = 200
"""Rows of records in JSON; in HTML, where a small account shows that they grow."""
MANY_IN_HTML = 300
"""Rows of a table where nobody can say whether it grows: a year of days is a table, too."""
MANY_IN_A_PAGE = 1_000
"""More is no page, whatever links to a next one."""
GROWN = 2.0
"""So many times the rows of the small account."""


@dataclass(frozen=True, slots=True)
class Listed:
    """The longest list of records of one answer."""

    answer: Answer
    path: str
    """In JSON; empty for a table."""
    rows: int
    size: int


@check(
    "performance.pagination",
    Stage.PERFORMANCE,
    roadmap="D5 D8",
    severity=Severity.HIGH,
    effort=120,
    reference="https://www.postgresql.org/docs/current/queries-limit.html",
    needs="performance",
)
async def pagination(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A list gives all of its rows in one answer.

    Why: it works with the ten rows of a test account, and stalls for the client who has been with you for years;
    database, server, line and browser all pay for rows nobody reads.

    Fix: give pages of 25 to 100 rows, sorted by an indexed column, with a way to the next one. For lists that grow
    without end, continue after the last key seen rather than by OFFSET, which reads all that it skips.

    A list counts when it is one of records (objects in JSON with an id, a number or a key of their own; rows of an
    HTML table or list) with more than 200 rows, and nothing in the answer, its headers or its address tells of
    pages: a link with `rel=next` or `?page=`, `next`, a cursor, `has_more`, a total above the rows. Without a small
    account to compare with, an HTML table counts from 300 rows on. More than 1,000 rows count in any case. Where a
    small and a large account were walked, a list that is as long for both is one of reference (countries, time
    zones) and right. Series for charts, which have no keys, downloads and lists to choose from are left out.
    """
    measured = await measurement_of(portal, look)
    if isinstance(measured, NotChecked):
        yield measured
        return
    if not any(True for _ in answers(measured)):
        yield NotChecked(portal.domain, "no answer of a step came through", UNLOCK)
        return
    found = [row for group in by_route(measured).values() if (row := _judged(group, measured))]
    for row in found:
        yield row
    if not found:
        longest = max((one.rows for group in by_route(measured).values() if (one := _longest(group))), default=0)
        yield Passed(portal.domain, f"the longest list without pages has {longest} rows")


def _judged(group: list[Answer], measured: Measurement) -> Finding | None:
    longest = _longest(group)
    if longest is None or _REFERENCE.search(longest.answer.route):
        return None
    if _REFERENCE.search(longest.path.rpartition(".")[2]):
        return None  # GraphQL has one address for all
    small = _rows_of(group, measured.small, longest.path)
    large = _rows_of(group, measured.large, longest.path)
    compared = small is not None and large is not None and measured.small != measured.large
    grows = compared and (large or 0) >= GROWN * max(1, small or 0)
    if compared and not grows and longest.rows <= MANY_IN_A_PAGE:
        return None
    paged = longest.answer.facts.paged
    limit = MANY_IN_A_PAGE if paged else MANY if longest.path or grows else MANY_IN_HTML
    if longest.rows <= limit:
        return None
    if not paged and not grows and _REPORT.search(longest.answer.route) and longest.rows <= MANY_IN_A_PAGE:
        return None
    what = f"`{longest.path}`" if longest.path else "its table"
    told = [f"{longest.rows:,} rows, {spelled(longest.size)}, for {longest.answer.user or 'the account'}"]
    if grows:
        told.append(f"{small:,} rows for {measured.small}, {large:,} for {measured.large}: it grows")
    told.append("it has pages, and one holds that many" if paged else "nothing in it leads to a next page")
    return Finding(
        longest.answer.subject,
        f"{longest.answer.route} gives all {longest.rows:,} rows of {what} in one answer."
        if not paged
        else f"{longest.answer.route} gives {longest.rows:,} rows of {what} on one page.",
        evidence="\n".join(told),
        paste=PASTE.get(measured.framework, ""),
        key=longest.path,
    )


def _longest(group: list[Answer]) -> Listed | None:
    lists = [listed for answer in group if (listed := _listed(answer))]
    return max(lists, key=lambda one: one.rows, default=None)


def _rows_of(group: list[Answer], user: str, path: str) -> int | None:
    """How many rows one user got; 0 where the list was empty, None where the user did not ask."""
    theirs = [answer for answer in group if user and answer.user == user]
    if not theirs:
        return None
    return max((listed.rows for answer in theirs if (listed := _listed(answer, path))), default=0)


def _listed(answer: Answer, path: str | None = None) -> Listed | None:
    facts = answer.facts
    if facts.kind == "html" and (path == "" or (path is None and facts.rows > MANY)):
        return Listed(answer, "", facts.rows, facts.size)
    records = [
        one
        for one in facts.lists
        if (path is not None and one.path == path)
        or (path is None and len(one.fields) > 2 and any(map(_KEY.search, one.fields)))
    ]
    best = max(records, key=lambda one: one.rows, default=None)
    return Listed(answer, best.path, best.rows, best.size) if best else None


_KEY = re.compile(r"^_?(?:id|uuid|guid|pk|key|number|no|nr|ref|reference|slug|href|url|code|sku|name|email)$|Id$|_id$")
_REFERENCE = re.compile(
    r"countr|currenc|time-?_?zone|languag|locale|translat|i18n|messages\.json|permission|feature|flag|config|schema"
    r"|openapi|swagger|autocomplete|typeahead|options|lookup",
    re.IGNORECASE,
)
_REPORT = re.compile(
    r"export|download|report|print|feed|ical|calendar|statement|auswertung|bericht|auszug|rapport|informe",
    re.IGNORECASE,
)
PASTE = {
    "django": "from django.core.paginator import Paginator\npage = Paginator(queryset, 50).get_page(request.GET.get"
    '("page"))\n\n# Django REST framework\nREST_FRAMEWORK = {"DEFAULT_PAGINATION_CLASS": '
    '"rest_framework.pagination.CursorPagination", "PAGE_SIZE": 50}',
    "rails": "@pagy, @records = pagy(scope.order(id: :desc), limit: 50)",
    "laravel": "$rows = $query->orderByDesc('id')->cursorPaginate(50);",
    "express": "const rows = await query(`${SELECT} WHERE id < $1 ORDER BY id DESC LIMIT 50`, [request.query.before]);",
    "fastapi": "rows = session.scalars(query.where(Row.id < before).order_by(Row.id.desc()).limit(50)).all()",
    "flask": "page = query.order_by(Row.id.desc()).paginate(page=request.args.get('page', 1, int), per_page=50)",
}
