"""Debug pages and stack traces in the answers to any address, as data: what frameworks send in development mode."""

from __future__ import annotations

import re
from dataclasses import dataclass

from launchready.model import Severity

BLOCKER, HIGH = Severity.BLOCKER, Severity.HIGH


def _re(pattern: bytes, flags: int = re.IGNORECASE) -> re.Pattern[bytes]:
    return re.compile(pattern, flags)


@dataclass(frozen=True, slots=True)
class Trace:
    """A debug page or a stack trace, in the answer to any address."""

    check: str
    what: str
    body: re.Pattern[bytes]
    severity: Severity = HIGH
    key: str = ""
    on_errors_only: bool = True
    """Whether it counts in answers of 400 and above only: on a page that works, somebody may be writing about it."""
    fix: str = ""


TRACES = (
    Trace(
        "exposure.debug",
        "Django runs with DEBUG = True: errors show code, settings and every address there is",
        _re(rb"seeing this error because you have <code>DEBUG = True</code>"),
        key="django",
        fix="Set `DEBUG = False` in the production settings.",
    ),
    Trace(
        "exposure.debug",
        "Werkzeug's debugger answers errors: it runs Python on the server for whoever finds out its PIN",
        _re(rb"<title>[^<]{0,300}// Werkzeug Debugger</title>|EVALEX = true,\s*EVALEX_TRUSTED"),
        BLOCKER,
        key="werkzeug",
        fix="Start the application with a production server (gunicorn, uWSGI) and without `debug=True`.",
    ),
    Trace(
        "exposure.debug",
        "Laravel runs in debug mode: errors show code and settings",
        _re(
            rb"window\.ignite\(|window\.data = \{\"report\"|laravel-exceptions-renderer"
            rb"|<title>[^<]{0,200}Whoops! There was an error"
        ),
        key="laravel",
        fix="Set `APP_DEBUG=false` and `APP_ENV=production`.",
    ),
    Trace(
        "exposure.debug",
        "Rails runs in development mode: errors show code and addresses",
        _re(
            rb"<h1>Routing Error</h1>|<title>Action Controller: Exception caught</title>"
            rb"|id=\"(?:rails_root|route_table)\""
        ),
        key="rails",
        fix="Start with `RAILS_ENV=production`.",
    ),
    Trace(
        "exposure.debug",
        "Symfony runs in debug mode: errors show code and settings",
        _re(rb"class=\"exception-(?:hero|message-wrapper)|<!-- [^>]{1,300}\(500 Internal Server Error\) -->"),
        key="symfony",
        fix="Set `APP_ENV=prod` and `APP_DEBUG=0`.",
    ),
    Trace(
        "exposure.debug",
        "ASP.NET shows its error pages with code",
        _re(rb"<b> ?Stack Trace: ?</b>|\[HttpException[^\]]{0,400}\][^\n]{0,20}\n[^\n]{0,80}System\.Web\."),
        key="asp.net",
        fix='Set `<customErrors mode="On" />`.',
    ),
    Trace(
        "exposure.debug",
        "Next.js runs as `next dev`, not as a built site",
        _re(
            rb"/_next/static/(?:development/_buildManifest|chunks/(?:react-refresh|webpack)\.js\?v=)|\"buildId\":\"development\""
        ),
        key="next",
        on_errors_only=False,
        fix="Run `next build` and `next start`.",
    ),
    Trace(
        "exposure.debug",
        "Vite's development server answers, not a built site",
        _re(rb"<script type=\"module\" src=\"/@vite/client\"></script>"),
        key="vite",
        on_errors_only=False,
        fix="Run `vite build` and serve its `dist` folder.",
    ),
    Trace(
        "exposure.traces",
        "a Python stack trace",
        _re(rb"Traceback \(most recent call last\):\s.{0,200}File (?:\"|&quot;|&#34;)[^\n]{1,300}, line \d+", re.S),
    ),
    Trace(
        "exposure.traces",
        "a Node.js stack trace",
        _re(
            rb"(?:\n|<br>|\\n)(?:&nbsp;|\s){0,20}at [^\n<]{0,200}"
            rb"\(?(?:/|[A-Z]:\\|file:|node:)[^\n<()]{1,300}:\d+:\d+\)?"
        ),
    ),
    Trace(
        "exposure.traces",
        "a Java stack trace",
        _re(rb"\bat [\w.$/<>&;]{3,200}\([\w$]{1,80}\.(?:java|kt|scala):\d+\)\s{1,20}(?:&nbsp;|<br/?>|\s){0,20}at "),
    ),
    Trace(
        "exposure.traces",
        "a .NET stack trace",
        _re(rb"\bat [\w.`<>\[\],]{3,300}\([^)\n]{0,300}\) in [^\n]{1,300}:line \d+"),
    ),
    Trace(
        "exposure.traces",
        "a Go stack trace",
        _re(rb"goroutine \d+ \[running\]:\s"),
    ),
    Trace(
        "exposure.traces",
        "a Ruby stack trace",
        _re(rb"\.rb:\d+:in [`'][^\n]{1,200}\n[^\n]{0,220}\.rb:\d+:in "),
    ),
    Trace(
        "exposure.traces",
        "a PHP error with the path of its file",
        _re(
            rb"<b>(?:Fatal error|Warning|Notice|Deprecated|Parse error)</b>: .{1,500}?"
            rb" in <b>[^<]{2,300}</b> on line <b>\d+</b>",
            re.S,
        ),
        on_errors_only=False,
        fix="Set `display_errors = Off` and `log_errors = On` in php.ini.",
    ),
    Trace(
        "exposure.traces",
        "a database error with its query",
        _re(
            rb"SQLSTATE\[\w{5}\]|You have an error in your SQL syntax"
            rb"|org\.postgresql\.util\.PSQLException|psycopg2?\.errors\."
        ),
    ),
)
"""In the order they are judged: of one check, the first that is met counts."""
