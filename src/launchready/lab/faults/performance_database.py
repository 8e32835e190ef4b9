"""Planted mistakes of how a portal asks its database: one question for each row, no index, one that takes for ever."""

from __future__ import annotations

from dataclasses import replace

from launchready.lab.measured import queries, remeasured
from launchready.lab.world import Change, Fault
from launchready.measurement import Measurement, RouteQueries, Scan, Statement
from launchready.model import Severity

_LINES = 'SELECT "invoices_invoiceline"."id" FROM "invoices_invoiceline" WHERE "invoices_invoiceline"."invoice_id" = $1'
_TRACED = "SELECT invoices_invoiceline.id FROM invoices_invoiceline WHERE invoices_invoiceline.invoice_id = %s"
_SUM = 'SELECT sum("total_minor") FROM "invoices_invoice" GROUP BY date_trunc($1, "created_at")'
_BY_COMPANY = 'SELECT * FROM "invoices_invoice" WHERE "company_id" = $1 ORDER BY "id" DESC'
_CREATE = 'CREATE INDEX CONCURRENTLY "invoices_invoice_company_id_idx" ON "public"."invoices_invoice" ("company_id");'
_EMAIL = 'CREATE INDEX CONCURRENTLY "accounts_user_email_idx" ON "public"."accounts_user" (upper(("email")::text));'


def _asks(*statements: Statement, server_s: float = 0.08, source: str = "pg_stat_statements") -> Change:
    """The dashboard also sends these."""
    return remeasured(lambda m: replace(m, queries=_with(m, source, server_s, statements)))


def _with(
    measured: Measurement, source: str, server_s: float, statements: tuple[Statement, ...]
) -> tuple[RouteQueries, ...]:
    asked = queries("dashboard", "dashboard", "GET /")
    more = replace(
        asked, source=source, server_s=server_s, statements=(*asked.statements, *statements),
        calls=asked.calls + sum(s.calls for s in statements),
    )  # fmt: skip
    return (*(q for q in measured.queries if q.flow != "dashboard"), more)


def _lines(calls: float, text: str = _LINES, code: str = "") -> Statement:
    return Statement(text, calls, 2.5, 0.2, 0.8, "invoices_invoiceline", code)


def _scan(rows: int, ms: float, create: str = _CREATE, table: str = "invoices_invoice") -> Change:
    scan = Scan("GET /", table, rows, _BY_COMPANY, 1, ms, create, 132.6, None)
    return remeasured(lambda m: replace(m, scans=(scan,)))


FAULTS = (
    Fault(
        "query-for-each-row",
        "The dashboard asks for the lines of each of its 240 invoices by itself",
        "performance.queries",
        Severity.HIGH,
        _asks(_lines(240)),
        subject="GET /",
        twin=_asks(_lines(2)),
    ),
    Fault(
        "query-for-each-row-traced",
        "Traces show twelve questions for one table in one request of the dashboard",
        "performance.queries",
        Severity.NICE,
        _asks(_lines(12, _TRACED, "invoices/views.py:63"), source="traces"),
        subject="GET /",
        # Four, in no time at all: a page of four different parts.
        twin=remeasured(
            lambda m: replace(
                m, queries=(*m.queries, *_with(replace(m, queries=()), "traces", 0.08, (_lines(4, _TRACED),)))
            )
        ),
    ),
    Fault(
        "one-slow-query",
        "One sum over all invoices takes most of the dashboard's time",
        "performance.slow_query",
        Severity.HIGH,
        _asks(Statement(_SUM, 1, 24, 640.0, 0.98, "invoices_invoice"), server_s=0.7),
        subject="GET /",
        # 90 ms, in a page that takes 400.
        twin=_asks(Statement(_SUM, 1, 24, 90.0, 0.9, "invoices_invoice"), server_s=0.4),
    ),
    Fault(
        "no-index-by-company",
        "The invoices of a company are looked for in all 400,000 of them",
        "performance.indexes",
        Severity.HIGH,
        _scan(400_000, 64.0),
        subject="invoices_invoice",
    ),
    Fault(
        "index-never-used",
        "The login compares upper-case addresses, for which the index on the address is of no use",
        "performance.indexes",
        Severity.NICE,
        _scan(28, 0.05, _EMAIL, "accounts_user"),
        subject="accounts_user",
    ),
)
