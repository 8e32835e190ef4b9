"""What is looked for on every web host, as data: paths, and how the real thing is told from a page that looks alike.

A sign never counts by status alone: the beginning of the body must be what the software in question really sends.
About forty paths, chosen by how often they are left behind and how much they give away.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from launchready.audit.exposure_evidence import (
    Evidence,
    archive_of,
    dotenv_of,
    first_line,
    git_config_of,
    public_dotenv,
    spring_endpoints,
    sql_of,
)
from launchready.model import Severity
from launchready.probes.http import Page

READ = 64 * 1024
"""Bytes of a body that signs are looked for in."""

BLOCKER, HIGH, NICE = Severity.BLOCKER, Severity.HIGH, Severity.NICE


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that should not be there."""

    check: str
    paths: tuple[str, ...]
    """`{domain}` is the portal's domain, `{label}` its first label."""
    what: str
    """What it is, as the subject of "… can be read by everyone"."""
    body: re.Pattern[bytes]
    """Must be found in the beginning of the body; for what is no page, at its very start, so that a page that quotes
    it is not taken for it. Bounded everywhere: a stranger wrote what it reads."""
    severity: Severity
    key: str = ""
    """Signs of one key are one finding on a host: the first that is met. Empty: one finding a path."""
    beside: re.Pattern[bytes] | None = None
    """Must be found as well, anywhere in the beginning of the body."""
    location: re.Pattern[str] | None = None
    """Where a redirect may lead instead, which says as much as the page would."""
    evidence: Evidence = first_line
    weigh: Callable[[bytes], Severity | None] | None = None
    """The severity by what was found, or None when it is harmless after all."""
    fix: str = ""

    def met(self, page: Page) -> bool:
        """Whether an answer is this."""
        if self.location and 300 <= page.status < 400:
            return self.location.search(page.header("location") or "") is not None
        start = page.body[:READ]
        return page.status == 200 and all(p.search(start) for p in (self.body, self.beside) if p)


def _re(pattern: bytes, flags: int = re.IGNORECASE) -> re.Pattern[bytes]:
    return re.compile(pattern, flags)


_DOTENV = _re(
    rb"\A(?:\xef\xbb\xbf)?(?:[ \t]*(?:#[^\n]{0,500})?\r?\n){0,100}"
    rb"[ \t]*(?:export[ \t]+)?[A-Za-z_][A-Za-z0-9_]{1,80}[ \t]?=[^\n]{0,5000}(?:\r?\n|\Z)(?![ \t]*<)"
)
_SQL = _re(
    rb"\A\s*(?:--|/\*|SET |CREATE |INSERT |DROP |BEGIN|PRAGMA ).*?(?:CREATE TABLE|INSERT INTO|dump|\bCOPY )",
    re.I | re.S,
)
_ARCHIVE = _re(
    rb"\A(?:PK\x03\x04|\x1f\x8b\x08|BZh[1-9]1AY|7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|\xfd7zXZ\x00)|\A.{257}ustar", re.S
)
_INDEX = _re(
    rb"<title>Index of \.?/|<title>Directory listing for /|<title>listing directory /|<title>Directory Listing For"
    rb"|\[To Parent Directory\]</a>|<ListBucketResult|<h1>Index of /"
)

_REMOVE = "Delete the file from the server, and build so that only the public folder is uploaded."
_CHANGE_SECRETS = (
    "Take the file away, then change every password and key in it: it must count as read. Serve only the public folder"
    " of the project, and let the edge refuse paths that begin with a dot."
)

SIGNS = (
    Sign(
        "exposure.secrets",
        ("/.env", "/.env.production", "/.env.local", "/.env.bak"),
        "the file with the application's passwords and keys",
        _DOTENV,
        BLOCKER,
        evidence=dotenv_of,
        weigh=lambda body: HIGH if public_dotenv(body) else BLOCKER,
        fix=_CHANGE_SECRETS,
    ),
    Sign(
        "exposure.secrets",
        ("/.aws/credentials",),
        "the keys of an Amazon account",
        _re(rb"\A\s*\[[\w -]{1,60}\]\s[^<]{0,200}aws_access_key_id\s*="),
        BLOCKER,
        evidence=dotenv_of,
        fix=_CHANGE_SECRETS,
    ),
    Sign(
        "exposure.repository",
        ("/.git/HEAD",),
        "the Git repository, with all code and its history",
        _re(rb"\A(?:ref: refs/[\w./-]{1,200}|[0-9a-f]{40}|[0-9a-f]{64})\s*\Z"),
        BLOCKER,
        key="git",
    ),
    Sign(
        "exposure.repository",
        ("/.git/config",),
        "the Git repository, with all code and its history",
        _re(rb"\A\s*\[core\]\s[^<]{0,500}repositoryformatversion\s*="),
        BLOCKER,
        key="git",
        evidence=git_config_of,
    ),
    Sign(
        "exposure.repository",
        ("/.svn/wc.db",),
        "the Subversion working copy, with all code",
        _re(rb"\ASQLite format 3\0"),
        BLOCKER,
        key="svn",
    ),
    Sign(
        "exposure.repository",
        ("/.hg/requires",),
        "the Mercurial repository, with all code and its history",
        _re(rb"\A(?:[a-z0-9-]{3,40}\n){0,20}(?:revlogv1|store|share-safe|dotencode|generaldelta)\n"),
        BLOCKER,
        key="hg",
    ),
    Sign(
        "exposure.backups",
        ("/backup.zip", "/backup.tar.gz", "/{label}.zip", "/{domain}.zip", "/site.tar.gz"),
        "an archive that looks like a backup of the site",
        _ARCHIVE,
        BLOCKER,
        evidence=archive_of,
        weigh=lambda body: None if archive_of.harmless(body) else BLOCKER,
    ),
    Sign(
        "exposure.backups",
        ("/backup.sql", "/db.sql", "/dump.sql"),
        "a dump of a database",
        _SQL,
        BLOCKER,
        evidence=sql_of,
    ),
    Sign(
        "exposure.backups",
        ("/db.sqlite3",),
        "a database file",
        _re(rb"\ASQLite format 3\0"),
        BLOCKER,
    ),
    Sign(
        "exposure.backups",
        ("/wp-config.php.bak",),
        "a copy of the configuration of WordPress, with the database password",
        _re(rb"\A\s*<\?php\s.{0,20000}DB_PASSWORD", re.I | re.S),
        BLOCKER,
        evidence=dotenv_of,
    ),
    Sign(
        "exposure.debug",
        ("/phpinfo.php", "/info.php"),
        "phpinfo(): every setting of the server, often with passwords from its environment",
        _re(rb"<title>(?:PHP [\d.]+ - )?phpinfo\(\)</title>"),
        HIGH,
        key="phpinfo",
        fix="Delete the file.",
    ),
    Sign(
        "exposure.debug",
        ("/actuator", "/actuator/env"),
        "Spring Boot's actuator: settings, and with `heapdump` everything in memory",
        _re(rb'"_links"\s*:\s*\{\s*"self"|"propertySources"\s*:'),
        BLOCKER,
        key="actuator",
        beside=_re(rb"\A\s*\{"),
        evidence=spring_endpoints,
        weigh=lambda body: spring_endpoints.severity(body),
        fix="Set `management.endpoints.web.exposure.include=health` and serve the rest on a port of its own that is not"
        " public; change every password and key the application holds.",
    ),
    Sign(
        "exposure.debug",
        ("/console",),
        "Werkzeug's console: it runs Python on the server for whoever finds out its PIN",
        _re(rb"(?:EVALEX|CONSOLE_MODE)\s*=\s*true|<title>(?:Interactive )?Console // Werkzeug Debugger</title>"),
        BLOCKER,
        key="werkzeug",
        fix="Start the application with a production server (gunicorn, uWSGI) and without `debug=True`.",
    ),
    Sign(
        "exposure.debug",
        ("/debug/pprof/",),
        "Go's profiler: what the process does and holds in memory",
        _re(rb"<title>/debug/pprof/</title>"),
        HIGH,
        beside=_re(rb"profiles available"),
        fix="Serve pprof on a port of its own that is not public.",
    ),
    Sign(
        "exposure.debug",
        ("/server-status",),
        "Apache's status page: the addresses people are asking for right now, with their IP addresses",
        _re(rb"<title>Apache Status</title>|<h1>Apache (?:Server )?Status for "),
        HIGH,
        fix="Allow `Require local` only for /server-status; behind a proxy on the same machine everyone looks local.",
    ),
    Sign(
        "exposure.debug",
        ("/_ignition/health-check",),
        "Laravel's Ignition: debug mode is on",
        _re(rb'\A\s*\{\s*"can_execute_commands"\s*:\s*(?:true|false)'),
        BLOCKER,
        key="laravel",
        weigh=lambda body: BLOCKER if re.search(rb":\s*true", body[:200]) else HIGH,
        fix="Set `APP_DEBUG=false` and `APP_ENV=production`, and install with `composer install --no-dev`.",
    ),
    Sign(
        "exposure.debug",
        ("/telescope",),
        "Laravel Telescope: every request, query and mail, with what people typed",
        _re(rb"<title>Telescope\b[^<]{0,80}</title>"),
        BLOCKER,
        beside=_re(rb"vendor/telescope|id=\"telescope\""),
        fix="Restrict the gate `viewTelescope` to your own accounts, or leave the package out of production.",
    ),
    Sign(
        "exposure.debug",
        ("/rails/info/routes",),
        "the routes of a Rails application in development mode",
        _re(rb"Routes match in priority from top to bottom"),
        HIGH,
        key="rails",
        fix="Start with `RAILS_ENV=production`.",
    ),
    Sign(
        "exposure.debug",
        ("/_profiler/",),
        "Symfony's profiler: every request with its session and settings",
        _re(rb"<title>Symfony Profiler</title>|<div id=\"sf-profiler|class=\"sf-profiler"),
        BLOCKER,
        key="symfony",
        fix="Set `APP_ENV=prod` and `APP_DEBUG=0`.",
    ),
    Sign(
        "exposure.debug",
        ("/metrics",),
        "internal measurements",
        _re(rb"\A(?:#[^\n]{0,400}\n){0,3}# (?:HELP|TYPE) [a-zA-Z_:][\w:]{0,200} "),
        NICE,
        fix="Serve measurements on a port of its own, or let the edge refuse the path.",
    ),
    Sign(
        "exposure.admin",
        ("/admin/",),
        "Django's admin, without a sign-in",
        _re(rb"<title>[^<]{0,100}Site administration[^<]{0,100}</title>"),
        BLOCKER,
        beside=_re(rb"id=\"(?:user-tools|content-main)\""),
        key="django",
        fix="Require a sign-in again, and let only your own network or an identity check of the edge reach the path.",
    ),
    Sign(
        "exposure.admin",
        ("/admin/",),
        "the sign-in page of Django's admin",
        _re(rb"<title>[^<]{0,100}Log in[^<]{0,100}</title>"),
        NICE,
        key="django",
        beside=_re(rb"Django site admin|name=\"this_is_the_login_form\""),
        location=re.compile(r"/admin/login/\?next=/admin/\Z"),
    ),
    Sign(
        "exposure.admin",
        ("/wp-login.php",),
        "the sign-in page of WordPress' administration",
        _re(rb"<form[^>]{0,300}(?:id|name)=[\"']loginform[\"']"),
        NICE,
        beside=_re(rb"wp-submit"),
        key="wordpress",
    ),
    Sign(
        "exposure.admin",
        ("/phpmyadmin/",),
        "phpMyAdmin: one guessed password away from the database",
        _re(rb"<title>[^<]{0,100}phpMyAdmin[^<]{0,60}</title>"),
        HIGH,
        beside=_re(rb"pma_"),
    ),
    Sign(
        "exposure.admin",
        ("/adminer.php",),
        "Adminer: one guessed password away from any database it reaches",
        _re(rb"<title>[^<]{0,100}Adminer[^<]{0,60}</title>"),
        HIGH,
    ),
    Sign(
        "exposure.admin",
        ("/sidekiq",),
        "Sidekiq's jobs, with what is in them, without a sign-in",
        _re(rb"<title>[^<]{0,60}Sidekiq[^<]{0,60}</title>"),
        BLOCKER,
        beside=_re(rb"retries"),
    ),
    Sign(
        "exposure.listing",
        ("/", "/uploads/", "/media/", "/backup/"),
        "the list of all files in a folder",
        _INDEX,
        HIGH,
        fix="nginx: `autoindex off;` Apache: `Options -Indexes` Caddy: `file_server` without `browse`. Files of clients"
        " belong behind the sign-in, under addresses nobody can guess.",
    ),
    Sign(
        "exposure.listing",
        ("/.DS_Store",),
        "a file of macOS with the names of the files beside it",
        _re(rb"\A\x00\x00\x00\x01Bud1"),
        NICE,
        fix=_REMOVE,
    ),
)
"""In the order they are judged: of one key, the first that is met counts."""
