"""The mistakes that make the prototype slow: found by walking it as a buyer does, or in its code and its pages."""

from __future__ import annotations

from launchready.lab.prototype.mistake import HEAD, HIGH, NICE, SETTINGS, VIEWS, Mistake

_QUERIES = "The dashboard asks the database two questions an invoice"
_NO_INDEX = "The index by which a company's invoices are found is gone"

SLOW = (
    Mistake("n-plus-one", _QUERIES, VIEWS, "performance.queries", HIGH, subject=""),
    Mistake("no-index", _NO_INDEX, "migrations", "performance.indexes", NICE, subject="invoices_invoice"),
    Mistake(
        "login-unindexed",
        "The login looks accounts up in a way no index serves",
        VIEWS,
        "performance.indexes",
        NICE,
        subject="accounts_user",
    ),
    Mistake(
        "big-first-load",
        "The dashboard carries every invoice there is as JSON",
        VIEWS,
        "performance.payload",
        HIGH,
        "GET /",
    ),
    Mistake(
        "no-pages", "The list of invoices has no pages", VIEWS, "performance.pagination", HIGH, subject="GET /invoices/"
    ),
    Mistake(
        "blocking-script",
        "Another company's script stops every page until it is there",
        HEAD,
        "performance.blocking_scripts",
        HIGH,
    ),
    Mistake(
        "mail-inline",
        "The visitor waits while the mail server is slow",
        SETTINGS,
        "performance.inline_work",
        HIGH,
        subject="prototype/settings.py",
    ),
    Mistake(
        "no-timeout",
        "A call to another company's server has no time limit",
        VIEWS,
        "performance.timeouts",
        HIGH,
        subject="prototype/views.py",
    ),
)
