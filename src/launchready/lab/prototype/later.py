"""What the prototype gets wrong and no check sees yet: until its issue, a test shows each misbehaviour itself.

The ids of the checks are proposals; the issue that brings a check may call it otherwise, and then does so here too.
"""

from __future__ import annotations

from launchready.lab.prototype.mistake import BLOCKER, HIGH, MIDDLEWARE, NICE, SETTINGS, URLS, VIEWS, Mistake

LATER = (
    # reliability
    Mistake(
        "no-rate-limit",
        "Passwords can be tried as fast as one likes",
        SETTINGS,
        "rate_limits.login",
        BLOCKER,
        arrives="6",
    ),
    Mistake(
        "no-lock-out",
        "No number of wrong passwords locks an account",
        SETTINGS,
        "rate_limits.lock_out",
        HIGH,
        arrives="6",
    ),
    Mistake(
        "reset-unlimited", "Reset mails can be asked for without end", SETTINGS, "rate_limits.reset", HIGH, arrives="6"
    ),
    Mistake(
        "invoice-of-others",
        "Any client reads any invoice by changing the number",
        VIEWS,
        "isolation.tenants",
        BLOCKER,
        arrives="6",
    ),
    Mistake(
        "files-public",
        "Uploads are open to whoever has or guesses the address",
        URLS,
        "isolation.files",
        BLOCKER,
        arrives="6",
    ),
    Mistake(
        "enumeration",
        "The login tells which addresses have an account",
        VIEWS,
        "accounts.enumeration",
        HIGH,
        arrives="6",
    ),
    Mistake(
        "reset-for-ever",
        "The link of a reset mail works for ten years",
        SETTINGS,
        "accounts.reset_expiry",
        HIGH,
        arrives="6",
    ),
    Mistake(
        "reset-host",
        "The link of a reset mail leads to whatever host was asked",
        "templates/accounts",
        "accounts.reset_host",
        BLOCKER,
        arrives="6",
    ),
    Mistake("weak-passwords", "Any password will do", SETTINGS, "accounts.passwords", HIGH, arrives="6"),
    Mistake(
        "open-redirect",
        "After the login people are sent wherever the link says",
        VIEWS,
        "accounts.redirect",
        HIGH,
        arrives="6",
    ),
    Mistake("get-changes", "Opening a link marks an invoice as paid", VIEWS, "isolation.methods", HIGH, arrives="6"),
    Mistake("no-csrf", "One form is taken from any site", VIEWS, "isolation.csrf", HIGH, arrives="6"),
    Mistake("cors-wide", "Any site may read a client's answers", MIDDLEWARE, "isolation.cors", BLOCKER, arrives="6"),
    Mistake("upload-unlimited", "Uploads of any size are taken into memory", VIEWS, "uploads.size", HIGH, arrives="6"),
    Mistake(
        "upload-any-type",
        "An uploaded page runs in the portal's own origin",
        VIEWS,
        "uploads.types",
        BLOCKER,
        arrives="6",
    ),
    Mistake(
        "password-in-log", "The log holds the passwords people type", MIDDLEWARE, "logs.passwords", BLOCKER, arrives="6"
    ),
    Mistake("token-in-log", "The log holds tokens from addresses", MIDDLEWARE, "logs.tokens", HIGH, arrives="6"),
    Mistake(
        "blank-page", "Where a variable is missing, the page to pay is blank", VIEWS, "errors.blank", HIGH, arrives="6"
    ),
    Mistake("dead-end", "The error page has no way back", MIDDLEWARE, "errors.dead_end", NICE, arrives="6"),
    Mistake("floats", "Totals are computed in floating point", VIEWS, "review.money", HIGH, arrives="6"),
    # handover
    Mistake(
        "no-way-in",
        "No document says how to deploy or roll back",
        "repository",
        "handover.documents",
        HIGH,
        arrives="7",
    ),
)
