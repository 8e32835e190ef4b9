"""Planted mistakes at the edge: nothing in front, ways around it, pages kept that should not be, files not kept."""

from __future__ import annotations

import gzip
from dataclasses import replace

from launchready.lab.healthy import DOMAIN, EDGE, FILE_HEADERS, HTML, LOGIN, MAIL, ORIGIN, PAGE, SECURITY_HEADERS
from launchready.lab.world import (
    Certificate,
    Change,
    Fault,
    Response,
    Route,
    Trouble,
    World,
    both,
    records,
    response_headers,
    route,
    site,
)
from launchready.model import Severity

WWW, APP, API = (f"{label}.{DOMAIN}" for label in ("www", "app", "api"))
_OPEN = SECURITY_HEADERS[:-1]
"""The headers of a page, without a word about keeping it."""
_JS = ("Content-Type", "text/javascript")
SESSION = ("Set-Cookie", "session=6f1d0c6a; Path=/; Secure; HttpOnly; SameSite=Lax")
BUNDLE = "/static/app.3f2a9c81.js"
"""A file whose name changes with its content."""
TEXT = "<p>Onboarding, uploads, invoices and approvals for our clients, in one place.</p>\n" * 40


def keeps(value: str | None, *more: tuple[str, str], host: str = APP, body: str = LOGIN, status: int = 200) -> Change:
    """The first page of a host, with another `Cache-Control`; by default the page to sign in, with its cookie."""
    said = (("Cache-Control", value),) if value is not None else ()
    cookie = (SESSION,) if host == APP else ()
    return route(host, "/", Response(status, (HTML, *_OPEN, *said, *cookie, *more), body))


def file(value: str | None, *more: tuple[str, str], path: str = BUNDLE, body: str = "'use strict'") -> Change:
    """A script that the first page of www loads, with another `Cache-Control`."""
    said = (("Cache-Control", value),) if value is not None else ()
    loads = PAGE.replace("/static/site.js", path)
    page = Response(200, (HTML, *SECURITY_HEADERS), loads)
    return both(route(WWW, "/", page), route(WWW, path, Response(200, (_JS, *_OPEN, *said, *more), body)))


def moved(host: str, addresses: tuple[str, str] = ORIGIN) -> Change:
    """A host whose records lead past the edge, to the server itself."""
    label = "@" if host == DOMAIN else host.partition(".")[0]
    to = (f"{label} 300 A {addresses[0]}", f"{label} 300 AAAA {addresses[1]}")
    return both(records(DOMAIN, drop=(f"{label} A", f"{label} AAAA"), add=to), site(host, addresses=addresses))


def served_at(*addresses: str, secure: tuple[Route, ...] | None = None, trouble: Trouble = Trouble.NONE) -> Change:
    """The server itself listens at more addresses for the host `app`, and answers as it does behind the edge."""

    def change(world: World) -> World:
        app = next(one for one in world.sites if one.host == APP)
        names = Certificate(names=(APP, f"mail.{DOMAIN}"))
        answers = secure or app.secure
        server = replace(app, addresses=addresses, secure=answers, certificate=names, trouble=trouble)
        return replace(world, sites=(*world.sites, server))

    return change


def a_record(label: str, address: str) -> Change:
    """One more record."""
    return records(DOMAIN, add=(f"{label} 300 {'AAAA' if ':' in address else 'A'} {address}",))


def _spf(mechanism: str) -> Change:
    added = f'@ 300 TXT "v=spf1 mx {mechanism} include:spf.mailer.example -all"'
    return records(DOMAIN, drop=("@ TXT",), add=(added,))


REFUSED = (Route("*", Response(403, (HTML, *SECURITY_HEADERS), "<h1>Forbidden</h1>")),)
ELSEWHERE = (Route("*", Response(200, (HTML, *SECURITY_HEADERS), "<title>Welcome to nginx!</title><h1>It works</h1>")),)
HALF = both(
    records(DOMAIN, drop=("app AAAA",), add=(f"app 300 AAAA {ORIGIN[1]}",)),
    site(APP, addresses=(EDGE[0], ORIGIN[1])),
)

FAULTS = (
    Fault(
        "edge-none-at-login",
        "The host people sign in at leads straight to the server",
        "edge.front",
        Severity.HIGH,
        moved(APP),
        subject=APP,
        twin=both(moved(APP), response_headers(APP, put={"X-Vercel-Id": "fra1::iad1::x7k2p-1763", "Server": "Vercel"})),
    ),
    Fault(
        "edge-none-at-pages",
        "The public pages lead straight to the server",
        "edge.front",
        Severity.NICE,
        moved(WWW),
        subject=WWW,
        twin=moved(API),
    ),
    Fault(
        "edge-half",
        "IPv6 leads past the edge to the server",
        "edge.ddos",
        Severity.HIGH,
        HALF,
        subject=APP,
        also=("edge.origin", "edge.leaks"),
        # An address of the edge that is in no list yet: its answers tell.
        twin=both(HALF, response_headers(APP, put={"Server": "cloudflare", "CF-RAY": "8f2c1b0a9d3e4f56-FRA"})),
    ),
    Fault(
        "edge-origin-open",
        "The server answers everybody who knows its address, and a record tells it",
        "edge.origin",
        Severity.HIGH,
        both(a_record("direct", ORIGIN[0]), served_at(ORIGIN[0])),
        subject=APP,
        also=("edge.leaks",),
        twin=both(a_record("direct", ORIGIN[0]), served_at(ORIGIN[0], secure=REFUSED)),
    ),
    Fault(
        "edge-origin-named",
        "The server that launchready.toml names lets everybody in",
        "edge.origin",
        Severity.HIGH,
        served_at(ORIGIN[0]),
        subject=APP,
        settings={"edge": {"origin": [ORIGIN[0]]}},
        twin=served_at(ORIGIN[0], secure=ELSEWHERE),
    ),
    Fault(
        "edge-leak-mail",
        "The mail server is the portal's server, so that every mail tells where it is",
        "edge.leaks",
        Severity.HIGH,
        served_at(*MAIL),
        subject=f"mail.{DOMAIN}",
        also=("edge.origin",),
        twin=served_at(*MAIL, secure=ELSEWHERE),
    ),
    Fault(
        "edge-leak-spf",
        "The SPF record lists the address of the portal's server",
        "edge.leaks",
        Severity.HIGH,
        both(_spf(f"ip4:{ORIGIN[0]}"), served_at(ORIGIN[0])),
        subject=DOMAIN,
        also=("edge.origin",),
        twin=both(_spf(f"ip4:{ORIGIN[0]}"), served_at(ORIGIN[0], secure=ELSEWHERE)),
    ),
    Fault(
        "edge-leak-ftp",
        "A forgotten record tells where the server is, although it lets nobody in",
        "edge.leaks",
        Severity.NICE,
        a_record("ftp", ORIGIN[0]),
        subject=f"ftp.{DOMAIN}",
        settings={"edge": {"origin": [ORIGIN[0]]}},
        twin=a_record("ftp", EDGE[0]),
    ),
    Fault(
        "cache-session-public",
        "Shared caches may keep the page that sets the session cookie",
        "edge.caching.private",
        Severity.BLOCKER,
        keeps("public, max-age=300"),
        subject=APP,
        twin=keeps("max-age=0, private, must-revalidate"),
    ),
    Fault(
        "cache-session-hit",
        "The edge keeps the page that sets the session cookie, whatever the page says",
        "edge.caching.private",
        Severity.BLOCKER,
        keeps("private, no-store", ("CF-Cache-Status", "HIT"), ("Age", "31")),
        subject=APP,
        twin=keeps("private, no-store", ("CF-Cache-Status", "DYNAMIC"), ("Age", "0")),
    ),
    Fault(
        "cache-session-silent",
        "The page that sets the session cookie says nothing about caches",
        "edge.caching.private",
        Severity.HIGH,
        keeps(None),
        subject=APP,
        # A page that is the same for everybody may say nothing.
        twin=keeps(None, ("Set-Cookie", "lang=en; Path=/"), host=WWW, body=PAGE),
    ),
    Fault(
        "cache-form-edge",
        "The edge alone is told to keep a form that holds a token",
        "edge.caching.private",
        Severity.BLOCKER,
        keeps(
            "private",
            ("CDN-Cache-Control", "max-age=600"),
            host=WWW,
            body=PAGE.replace("</body>", '<input type="hidden" name="csrfmiddlewaretoken" value="f00dfeed"></body>'),
        ),
        subject=WWW,
        twin=keeps(
            "private",
            ("CDN-Cache-Control", "no-store"),
            host=WWW,
            body=PAGE.replace("</body>", '<input type="hidden" name="csrfmiddlewaretoken" value="f00dfeed"></body>'),
        ),
    ),
    Fault(
        "cache-file-with-cookie",
        "A script that caches keep sets the session cookie along",
        "edge.caching.private",
        Severity.BLOCKER,
        file("public, max-age=31536000, immutable", SESSION),
        subject=WWW,
    ),
    Fault(
        "static-silent",
        "Scripts do not say for how long they may be kept",
        "edge.caching.static",
        Severity.HIGH,
        file(None, ("ETag", '"1"')),
        subject=WWW,
        twin=file("no-cache", ("ETag", '"1"'), path="/static/portal.js"),
    ),
    Fault(
        "static-short",
        "A script whose name changes with its content is kept for an hour only",
        "edge.caching.static",
        Severity.NICE,
        file("public, max-age=3600"),
        subject=WWW,
        twin=file("public, max-age=31536000"),
    ),
    Fault(
        "static-not-kept",
        "A script whose name changes with its content may not be kept at all",
        "edge.caching.static",
        Severity.NICE,
        file("no-store"),
        subject=WWW,
    ),
    Fault(
        "page-uncompressed",
        "A long page is sent uncompressed",
        "edge.compression",
        Severity.NICE,
        route(WWW, "/", Response(200, (HTML, *SECURITY_HEADERS), PAGE.replace("</body>", f"{TEXT}</body>"))),
        subject=WWW,
        twin=route(
            WWW,
            "/",
            Response(
                200,
                (HTML, *SECURITY_HEADERS, ("Content-Encoding", "gzip")),
                gzip.compress(PAGE.replace("</body>", f"{TEXT}</body>").encode()),
            ),
        ),
    ),
    Fault(
        "script-uncompressed",
        "A long script is sent uncompressed",
        "edge.compression",
        Severity.NICE,
        route(WWW, "/static/site.js", Response(200, (_JS, *FILE_HEADERS), "let a = 1;\n" * 400)),
        subject=WWW,
        twin=route(
            WWW, "/static/logo.svg", Response(200, (("Content-Type", "image/jpeg"), *FILE_HEADERS), "\xff\xd8" * 900)
        ),
    ),
)
