"""Planted releases that went wrong: pages that fail or are blank, a login that refuses, an old version, a dead worker.

Each is seen by the settings of `[verify]` that come with it; `within_s` is short, for a lab's release is done at once.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from launchready.lab.healthy import DOMAIN, FILE_HEADERS, HTML, LOGIN, PAGE, SECURITY_HEADERS
from launchready.lab.world import Change, Fault, Response, World, both, route
from launchready.model import Severity

WWW, APP = f"www.{DOMAIN}", f"app.{DOMAIN}"
USER_ENV, PASSWORD_ENV = "LAUNCHREADY_LAB_USER", "LAUNCHREADY_LAB_PASSWORD"
INVOICES = PAGE.replace("<h1>Brightside</h1>", "<h1>Invoices</h1>")
REFUSED = LOGIN.replace("<form", "<p>The address or the password is not right.</p><form")
_SESSION = "sessionid=8c2e51d0aa; Path=/; Secure; HttpOnly; SameSite=Lax"
_SCRIPT = (("Content-Type", "text/javascript"), *FILE_HEADERS)
_JSON = (("Content-Type", "application/json"), *SECURITY_HEADERS)


def settings(**verify: object) -> dict[str, object]:
    """Settings of the portal with a `[verify]` that looks at no page in a browser unless told to."""
    return {"verify": {"url": f"https://{WWW}/", "browser": False, "within_s": 1.0, **verify}}


def page(body: str, status: int = 200, *, path: str = "/invoices", host: str = WWW) -> Change:
    """A page of the portal."""
    return route(host, path, Response(status, (HTML, *SECURITY_HEADERS), body))


def script(text: str) -> Change:
    """The script of the first page."""
    return route(WWW, "/static/site.js", Response(200, _SCRIPT, text))


def ready(text: str, status: int = 200) -> Change:
    """What the portal says of itself at `/readyz`."""
    return route(APP, "/readyz", Response(status, _JSON, text))


def login(answer: Response) -> Change:
    """An account in this process's variables, and what the login form of the portal is answered with."""

    def account(world: World) -> World:
        os.environ.setdefault(USER_ENV, "verify@brightside.example")
        os.environ.setdefault(PASSWORD_ENV, "lab password, good for nothing")
        return world

    home = Response(200, (HTML, *SECURITY_HEADERS), PAGE.replace("Sign in", "Log out"))
    stranger = Response(302, (("Location", "/"), *SECURITY_HEADERS))
    return both(
        account,
        route(APP, "/login", answer),
        route(APP, "/home", stranger),
        route(APP, "/home", home, cookie=_SESSION.partition(";")[0]),
    )


def to_home(*more: tuple[str, str]) -> Response:
    """The answer to a login that went well."""
    return Response(303, (("Location", "/home"), ("Set-Cookie", _SESSION), *SECURITY_HEADERS, *more))


def worker_seen(ago_s: float) -> Change:
    """A worker that was last seen so many seconds ago."""

    def change(world: World) -> World:
        at = datetime.now(UTC) - timedelta(seconds=ago_s)
        return ready(f'{{"status": "ready", "worker": "{at.isoformat(timespec="seconds")}"}}')(world)

    return change


LOGS_IN = settings(
    url=f"https://{APP}/", login={"path": "/", "user_env": USER_ENV, "password_env": PASSWORD_ENV, "text": "Log out"}
)
VERSION = settings(url=f"https://{APP}/", version={"path": "/readyz", "json_path": "version"}, release="v1.4.0")
WORKER = settings(url=f"https://{APP}/", worker={"path": "/readyz", "json_path": "worker"})

FAULTS = (
    Fault(
        "verify-page-fails",
        "After the release a page answers with an error",
        "verify.pages",
        Severity.BLOCKER,
        page("<h1>Server Error (500)</h1>", 500),
        subject=f"https://{DOMAIN}/invoices",
        twin=page(INVOICES),  # the root redirects to www, where the page is
        settings=settings(url=f"https://{DOMAIN}/", pages=[{"path": "/invoices"}]),
    ),
    Fault(
        "verify-page-text",
        "After the release a page answers, and shows something else",
        "verify.pages",
        Severity.BLOCKER,
        page("<h1>Welcome to nginx!</h1>"),
        subject=f"https://{WWW}/invoices",
        twin=page(INVOICES),
        settings=settings(pages=[{"path": "/invoices", "text": "Invoices"}]),
    ),
    Fault(
        "verify-blank-page",
        "After the release the first page answers 200 and is blank, for its script fails",
        "verify.blank",
        Severity.BLOCKER,
        script("document.body.replaceChildren(); document.body.append(undefined.name);"),
        subject=f"https://{WWW}/",
        twin=script("console.warn('soon gone'); console.error('as printed'); try { undefined.name } catch {}"),
        settings=settings(browser=True),
    ),
    Fault(
        "verify-script-error",
        "After the release a script of the first page fails, and the rest is still shown",
        "verify.blank",
        Severity.HIGH,
        script("startPortal();"),
        subject=f"https://{WWW}/",
        settings=settings(browser=True),
    ),
    Fault(
        "verify-login-refused",
        "After the release the login refuses an account that is right",
        "verify.login",
        Severity.BLOCKER,
        login(Response(200, (HTML, *SECURITY_HEADERS), REFUSED)),
        subject=f"https://{APP}/",
        twin=login(to_home()),
        settings=LOGS_IN,
    ),
    Fault(
        "verify-old-version",
        "The release went out, and the version before is still served",
        "verify.version",
        Severity.BLOCKER,
        ready('{"status": "ready", "version": "v1.3.9"}'),
        subject=f"https://{APP}/readyz",
        twin=ready('{"status": "ready", "version": "1.4.0"}'),
        settings=VERSION,
    ),
    Fault(
        "verify-worker-dead",
        "The release left the background worker behind",
        "verify.worker",
        Severity.BLOCKER,
        worker_seen(1800),
        subject=f"https://{APP}/readyz",
        twin=worker_seen(70),  # slow, and within what it may take
        settings=WORKER,
    ),
)
