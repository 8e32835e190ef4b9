"""Planted files, tools and error pages that should not be public, as the software in question sends them."""

from __future__ import annotations

import io
import json
import zipfile

from launchready.lab import exposure_bodies as bodies
from launchready.lab.healthy import DOMAIN, FILE_HEADERS, HTML, PAGE, SECURITY_HEADERS
from launchready.lab.world import Change, Fault, Response, both, route
from launchready.model import Severity

WWW, APP, API, STAGING = (f"{label}.{DOMAIN}" for label in ("www", "app", "api", "staging"))
TEXT = ("Content-Type", "text/plain")
JSON = ("Content-Type", "application/json")
BINARY = ("Content-Type", "application/octet-stream")
SCRIPT = ("Content-Type", "text/javascript")


def serves(host: str, path: str, body: str | bytes, kind: tuple[str, str] = TEXT, status: int = 200) -> Change:
    """A path of a host, answered with `body`."""
    said = FILE_HEADERS if kind is SCRIPT else SECURITY_HEADERS
    return route(host, path, Response(status, (kind, *said), body))


def unknown(host: str, status: int, body: str, kind: tuple[str, str] = HTML) -> Change:
    """What a host answers for a path it does not know."""
    return serves(host, "*", body, kind, status)


def zipped(*names: str) -> bytes:
    """A ZIP file of files of these names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), b"x" * 64)
    return buffer.getvalue()


def source_map(*sources: str) -> str:
    """A source map made from files of these names."""
    contents = ["export const secret = 1" for _ in sources]
    return json.dumps({"version": 3, "sources": sources, "sourcesContent": contents, "names": [], "mappings": "AAAA"})


SOFT_404 = unknown(
    WWW,
    200,
    PAGE.replace("<h1>Brightside</h1>", "<h1>We could not find that</h1><p>Try ref: refs/heads/main, [core], Index of /"
                 " or APP_KEY=base64:… in your .env, CREATE TABLE, phpinfo()</p>"),
)  # fmt: skip
"""A page for everything unknown that says 200, and quotes what scanners look for."""
SPA = unknown(
    APP, 200, '<!doctype html><html><head><title>Portal</title></head><body><div id="root"></div></body></html>'
)
EVERYTHING_IS_JSON = unknown(API, 200, '{"status":"ok"}', JSON)
EVERYTHING_IS_TEXT = unknown(STAGING, 200, "STATUS=ok\nCODE=404\n", TEXT)
BLOG = serves(
    WWW,
    "/",
    PAGE.replace(
        "</body>",
        "<h2>How we debug</h2><pre>Traceback (most recent call last):\n  File &quot;/srv/app.py&quot;, line 3, in run\n"
        "    at Object.run (/srv/app.js:1:2)\n</pre><p>Index of our articles; phpinfo() explained.</p></body>",
    ),
    HTML,
)

FAULTS = (
    Fault(
        "exposure-env",
        "The file with the application's passwords is public",
        "exposure.secrets",
        Severity.BLOCKER,
        serves(APP, "/.env", bodies.DOTENV),
        subject=APP,
        twin=both(SOFT_404, SPA, EVERYTHING_IS_JSON),
    ),
    Fault(
        "exposure-env-production",
        "The production file of settings is public, behind a page for everything unknown that says 200",
        "exposure.secrets",
        Severity.BLOCKER,
        both(SOFT_404, serves(WWW, "/.env.production", f"# production\nexport {bodies.DOTENV}", BINARY)),
        subject=WWW,
        twin=EVERYTHING_IS_TEXT,
    ),
    Fault(
        "exposure-env-public-only",
        "A file of settings is public that holds what is in the front end anyway",
        "exposure.secrets",
        Severity.HIGH,
        serves(
            APP, "/.env.local", "VITE_API_URL=https://api.brightside.example\nVITE_STRIPE_KEY=pk_live_51H\nPORT=3000\n"
        ),
        subject=APP,
    ),
    Fault(
        "exposure-aws-credentials",
        "The keys of the Amazon account are public",
        "exposure.secrets",
        Severity.BLOCKER,
        serves(API, "/.aws/credentials", bodies.AWS),
        subject=API,
    ),
    Fault(
        "exposure-git",
        "The Git repository can be downloaded",
        "exposure.repository",
        Severity.BLOCKER,
        both(
            serves(WWW, "/.git/HEAD", "ref: refs/heads/main\n", BINARY),
            serves(WWW, "/.git/config", bodies.GIT_CONFIG, BINARY),
        ),
        subject=WWW,
        twin=both(serves(WWW, "/.git/HEAD", "<h1>403 Forbidden</h1>", HTML, 403), SPA),
    ),
    Fault(
        "exposure-git-config-only",
        "The Git configuration can be read, with the address of the repository",
        "exposure.repository",
        Severity.BLOCKER,
        serves(APP, "/.git/config", bodies.GIT_CONFIG),
        subject=APP,
    ),
    Fault(
        "exposure-svn",
        "The Subversion working copy can be downloaded",
        "exposure.repository",
        Severity.BLOCKER,
        serves(WWW, "/.svn/wc.db", bodies.SQLITE, BINARY),
        subject=WWW,
    ),
    Fault(
        "exposure-backup-zip",
        "A backup of the site can be downloaded",
        "exposure.backups",
        Severity.BLOCKER,
        serves(
            WWW,
            f"/{DOMAIN}.zip",
            zipped("public/index.php", ".env", "database.sql"),
            ("Content-Type", "application/zip"),
        ),
        subject=WWW,
        # The press kit of a brand is often called like the brand.
        twin=serves(
            WWW, "/brightside.zip", zipped("logo/", "logo/logo.svg", "brand.pdf"), ("Content-Type", "application/zip")
        ),
    ),
    Fault(
        "exposure-dump",
        "A dump of the database can be downloaded",
        "exposure.backups",
        Severity.BLOCKER,
        serves(APP, "/db.sql", bodies.DUMP),
        subject=APP,
        twin=serves(
            APP, "/db.sql", PAGE.replace("</body>", "<pre>-- PostgreSQL database dump\nCREATE TABLE</pre>"), HTML
        ),
    ),
    Fault(
        "exposure-sqlite",
        "The application's SQLite database can be downloaded",
        "exposure.backups",
        Severity.BLOCKER,
        serves(STAGING, "/db.sqlite3", bodies.SQLITE, BINARY),
        subject=STAGING,
    ),
    Fault(
        "exposure-wp-config",
        "A copy of WordPress' configuration can be read",
        "exposure.backups",
        Severity.BLOCKER,
        serves(WWW, "/wp-config.php.bak", bodies.WP_CONFIG, BINARY),
        subject=WWW,
    ),
    Fault(
        "exposure-phpinfo",
        "phpinfo() was left behind",
        "exposure.debug",
        Severity.HIGH,
        serves(WWW, "/info.php", bodies.PHPINFO, HTML),
        subject=WWW,
    ),
    Fault(
        "exposure-actuator",
        "Spring Boot's actuator offers a heap dump",
        "exposure.debug",
        Severity.BLOCKER,
        serves(API, "/actuator", bodies.actuator("health", "env", "heapdump"), JSON),
        subject=API,
        twin=serves(API, "/actuator", bodies.actuator("health", "info"), JSON),
    ),
    Fault(
        "exposure-actuator-env-masked",
        "Spring Boot's actuator shows its settings, values masked",
        "exposure.debug",
        Severity.HIGH,
        serves(API, "/actuator/env", bodies.actuator_env("******"), JSON),
        subject=API,
    ),
    Fault(
        "exposure-werkzeug-console",
        "Werkzeug's console is public",
        "exposure.debug",
        Severity.BLOCKER,
        serves(APP, "/console", bodies.WERKZEUG_CONSOLE, HTML),
        subject=APP,
        twin=serves(APP, "/console", PAGE.replace("client portal", "console"), HTML),
    ),
    Fault(
        "exposure-ignition",
        "Laravel's Ignition answers and runs commands",
        "exposure.debug",
        Severity.BLOCKER,
        serves(APP, "/_ignition/health-check", '{"can_execute_commands":true}', JSON),
        subject=APP,
    ),
    Fault(
        "exposure-telescope",
        "Laravel Telescope is open to everyone",
        "exposure.debug",
        Severity.BLOCKER,
        serves(APP, "/telescope", bodies.TELESCOPE, HTML),
        subject=APP,
    ),
    Fault(
        "exposure-django-debug",
        "Django runs with DEBUG = True",
        "exposure.debug",
        Severity.HIGH,
        unknown(APP, 404, bodies.DJANGO_404),
        subject=APP,
        twin=BLOG,
    ),
    Fault(
        "exposure-werkzeug-debugger",
        "Flask's debugger answers errors",
        "exposure.debug",
        Severity.BLOCKER,
        unknown(APP, 500, bodies.WERKZEUG_DEBUGGER),
        subject=APP,
    ),
    Fault(
        "exposure-rails-development",
        "Rails runs in development mode",
        "exposure.debug",
        Severity.HIGH,
        both(serves(APP, "/rails/info/routes", bodies.RAILS_ROUTES, HTML), unknown(APP, 404, bodies.RAILS_404)),
        subject=APP,
    ),
    Fault(
        "exposure-laravel-debug",
        "Laravel runs in debug mode",
        "exposure.debug",
        Severity.HIGH,
        unknown(APP, 500, bodies.LARAVEL_500),
        subject=APP,
    ),
    Fault(
        "exposure-next-dev",
        "The site runs as `next dev`",
        "exposure.debug",
        Severity.HIGH,
        serves(WWW, "/", PAGE.replace("</body>", f"{bodies.NEXT_DEV}</body>"), HTML),
        subject=WWW,
        twin=serves(WWW, "/", PAGE.replace("</body>", f"{bodies.NEXT_BUILT}</body>"), HTML),
    ),
    Fault(
        "exposure-server-status",
        "Apache's status page is public",
        "exposure.debug",
        Severity.HIGH,
        serves(WWW, "/server-status", bodies.SERVER_STATUS, HTML),
        subject=WWW,
        twin=serves(WWW, "/server-status", "<title>Status</title><h1>All systems operational</h1>", HTML),
    ),
    Fault(
        "exposure-metrics",
        "Internal measurements are public",
        "exposure.debug",
        Severity.NICE,
        serves(API, "/metrics", bodies.METRICS),
        subject=API,
        twin=serves(API, "/metrics", '{"error":"not found"}', JSON, 404),
    ),
    Fault(
        "exposure-trace-node",
        "Errors show a Node.js stack trace",
        "exposure.traces",
        Severity.HIGH,
        unknown(API, 404, bodies.EXPRESS_404),
        subject=API,
    ),
    Fault(
        "exposure-trace-java",
        "Errors show a Java stack trace",
        "exposure.traces",
        Severity.HIGH,
        unknown(API, 500, bodies.TOMCAT_500),
        subject=API,
        twin=unknown(
            API, 404, "<h1>Whitelabel Error Page</h1><p>This application has no explicit mapping for /error</p>"
        ),
    ),
    Fault(
        "exposure-trace-php",
        "A working page begins with a warning of PHP",
        "exposure.traces",
        Severity.HIGH,
        serves(WWW, "/", bodies.PHP_WARNING + PAGE, HTML),
        subject=WWW,
        twin=BLOG,
    ),
    Fault(
        "exposure-source-map",
        "The readable source of the front end is published",
        "exposure.sourcemaps",
        Severity.NICE,
        both(
            serves(WWW, "/static/site.js", "'use strict'\n//# sourceMappingURL=maps/site.js.map\n", SCRIPT),
            serves(WWW, "/static/maps/site.js.map", source_map("../src/login.ts", "../node_modules/x/i.js"), JSON),
        ),
        subject=WWW,
        twin=serves(WWW, "/static/site.js", "'use strict'\n//# sourceMappingURL=site.js.map\n", SCRIPT),
    ),
    Fault(
        "exposure-source-map-unnamed",
        "The source map lies beside its script, which does not name it",
        "exposure.sourcemaps",
        Severity.NICE,
        serves(WWW, "/static/site.js.map", source_map("webpack://brightside/./src/App.tsx"), JSON),
        subject=WWW,
        twin=serves(WWW, "/static/site.js.map", source_map("../node_modules/alpinejs/src/index.js"), JSON),
    ),
    Fault(
        "exposure-admin-django",
        "The sign-in page of Django's admin is public",
        "exposure.admin",
        Severity.NICE,
        route(APP, "/admin/", Response(302, (("Location", "/admin/login/?next=/admin/"), *SECURITY_HEADERS))),
        subject=APP,
        twin=route(APP, "/admin/", Response(302, (("Location", "/login/?next=/admin/"), *SECURITY_HEADERS))),
    ),
    Fault(
        "exposure-admin-open",
        "Django's admin is open without signing in",
        "exposure.admin",
        Severity.BLOCKER,
        serves(STAGING, "/admin/", bodies.DJANGO_ADMIN, HTML),
        subject=STAGING,
    ),
    Fault(
        "exposure-phpmyadmin",
        "phpMyAdmin is public",
        "exposure.admin",
        Severity.HIGH,
        serves(WWW, "/phpmyadmin/", bodies.PHPMYADMIN, HTML),
        subject=WWW,
    ),
    Fault(
        "exposure-listing-uploads",
        "nginx lists the files clients have uploaded",
        "exposure.listing",
        Severity.HIGH,
        serves(APP, "/uploads/", bodies.NGINX_INDEX, HTML),
        subject=APP,
        twin=serves(APP, "/uploads/", "<title>Uploads</title><h1>Index of your uploads</h1>", HTML),
    ),
    Fault(
        "exposure-listing-bucket",
        "The storage bucket behind a host lists its files",
        "exposure.listing",
        Severity.HIGH,
        serves(API, "/media/", bodies.BUCKET, ("Content-Type", "application/xml")),
        subject=API,
    ),
    Fault(
        "exposure-ds-store",
        "A file of macOS names the files beside it",
        "exposure.listing",
        Severity.NICE,
        serves(WWW, "/.DS_Store", b"\x00\x00\x00\x01Bud1\x00\x00\x10\x00\x00\x00\x08\x00", BINARY),
        subject=WWW,
    ),
)
