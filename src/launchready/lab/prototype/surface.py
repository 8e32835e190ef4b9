"""What everybody can see of the prototype from outside, found by the checks of the public surface."""

from __future__ import annotations

from launchready.lab.prototype.mistake import (
    BLOCKER,
    HEAD,
    HIGH,
    HOST,
    MIDDLEWARE,
    NICE,
    SETTINGS,
    URLS,
    VIEWS,
    Mistake,
)

_SCRIPT = "static/prototype/app.js"
_LOGIN = "templates/prototype/login.html"

SURFACE = (
    Mistake("debug-pages", "Errors show code, settings and every address", SETTINGS, "exposure.debug", HIGH),
    Mistake("stack-traces", "The stack trace is the error page", MIDDLEWARE, "exposure.traces", HIGH),
    Mistake("open-admin", "The administration panel asks nobody who they are", "admin.py", "exposure.admin", BLOCKER),
    Mistake("env-served", "The file with the passwords can be downloaded", URLS, "exposure.secrets", BLOCKER),
    Mistake("git-served", "The repository can be downloaded", URLS, "exposure.repository", BLOCKER),
    Mistake("dump-served", "A dump of the database can be downloaded", URLS, "exposure.backups", BLOCKER),
    Mistake("uploads-listed", "The folder of the clients' files is listed", URLS, "exposure.listing", HIGH),
    Mistake("metrics-public", "Internal numbers are public", VIEWS, "exposure.debug", NICE),
    Mistake(
        "source-map", "The source map of the front end is published", f"{_SCRIPT}.map", "exposure.sourcemaps", NICE
    ),
    Mistake(
        "key-served",
        "The page hands the payment key to every visitor",
        _SCRIPT,
        "secrets.served",
        BLOCKER,
        f"https://{HOST}/static/prototype/app.js",
    ),
    Mistake("cookie-bare", "The session cookie is neither Secure nor HttpOnly", SETTINGS, "http.cookies", HIGH),
    Mistake("no-hsts", "Browsers are not told to use HTTPS only", SETTINGS, "http.hsts", NICE),
    Mistake("no-csp", "No Content-Security-Policy", SETTINGS, "http.headers.csp", NICE),
    Mistake("no-nosniff", "No X-Content-Type-Options", SETTINGS, "http.headers.sniffing", NICE),
    Mistake("framing", "Any site may show the portal in a frame", SETTINGS, "http.headers.framing", HIGH),
    Mistake(
        "referrer", "Other sites learn the full address people come from", MIDDLEWARE, "http.headers.referrer", NICE
    ),
    Mistake("banner", "Each answer names the versions of Django and Python", MIDDLEWARE, "http.banners", NICE),
    Mistake("mixed-script", "A script is loaded without encryption", HEAD, "http.mixed.active", HIGH),
    Mistake("mixed-picture", "The logo is loaded without encryption", _LOGIN, "http.mixed.passive", NICE),
    Mistake(
        "pages-cacheable",
        "Clients' pages do not say that no cache may keep them",
        SETTINGS,
        "edge.caching.private",
        HIGH,
    ),
    Mistake(
        "static-uncached", "Scripts and styles are fetched again with every page", SETTINGS, "edge.caching.static", HIGH
    ),
    Mistake("uncompressed", "Pages and styles are sent uncompressed", SETTINGS, "edge.compression", NICE),
)
