"""Planted mistakes of redirects, the canonical address and HSTS."""

from __future__ import annotations

from launchready.lab.healthy import DOMAIN, HTML, LOGIN, PAGE, SECURITY_HEADERS
from launchready.lab.world import Change, Fault, Response, both, response_headers, route, site
from launchready.model import Severity

WWW, APP, API = f"www.{DOMAIN}", f"app.{DOMAIN}", f"api.{DOMAIN}"
_PAGE = Response(200, (HTML, *SECURITY_HEADERS), PAGE)
_LOGIN = Response(200, (HTML, *SECURITY_HEADERS), LOGIN)
_NOTHING = Response(404, (HTML, *SECURITY_HEADERS), "<title>Not found</title>nothing")
_SEEN = "seen=1; Path=/; Secure; HttpOnly; SameSite=Lax"
_HSTS = "Strict-Transport-Security"


def _to(url: str, status: int = 301) -> Response:
    return Response(status, (("Location", url), SECURITY_HEADERS[0]))


def _hsts(host: str, value: str | None) -> Change:
    return response_headers(host, put={_HSTS: value})


FAULTS = (
    Fault(
        "http-app-in-clear",
        "The app answers over plain HTTP instead of leading to HTTPS",
        "http.plain",
        Severity.BLOCKER,
        route(APP, "*", _PAGE, plain=True),
        APP,
        twin=route(APP, "*", Response(404, (HTML,), "nothing here"), plain=True),
    ),
    Fault(
        "http-www-in-clear",
        "www serves its pages over plain HTTP",
        "http.plain",
        Severity.BLOCKER,
        route(WWW, "*", _PAGE, plain=True),
        WWW,
    ),
    Fault(
        "http-www-in-clear-below",
        "Only the front page of www leads to HTTPS; what is below it is served in clear",
        "http.plain",
        Severity.BLOCKER,
        both(
            route(WWW, "*", _PAGE, plain=True),
            route(WWW, "/", _to(f"https://{WWW}/"), plain=True),
        ),
        WWW,
        twin=both(
            route(WWW, "*", Response(308, (("Location", f"https://{WWW}{{target}}"),)), plain=True),
            route(WWW, "/.well-known/acme-challenge/*", Response(200, (), "token"), plain=True),
        ),
    ),
    Fault(
        "http-root-error-in-clear",
        "Plain HTTP on the root ends in an error page",
        "http.plain",
        Severity.HIGH,
        route(DOMAIN, "*", Response(503, (HTML,), "down"), plain=True),
        DOMAIN,
    ),
    Fault(
        "http-root-closed-in-clear",
        "Nobody listens on port 80 of the root",
        "http.plain",
        Severity.NICE,
        site(DOMAIN, plain=()),
        DOMAIN,
        twin=site(APP, plain=()),
    ),
    Fault(
        "redirect-loop",
        "Root and www redirect to each other",
        "http.loop",
        Severity.BLOCKER,
        route(WWW, "/", _to(f"https://{DOMAIN}/")),
        also=("dns.subdomains",),
        twin=both(  # round once, to see whether cookies come back
            route(WWW, "/", Response(302, (("Location", f"https://{WWW}/"), ("Set-Cookie", _SEEN), *SECURITY_HEADERS))),
            route(WWW, "/", _PAGE, cookie="seen=1"),
        ),
    ),
    Fault(
        "redirect-loop-behind-the-edge",
        "The app redirects to HTTPS although it is there: it takes the edge's request for a plain one",
        "http.loop",
        Severity.BLOCKER,
        route(APP, "/", _to(f"https://{APP}/")),
        APP,
        also=("dns.subdomains",),
        twin=both(
            route(APP, "/", Response(302, (("Location", "/login"), *SECURITY_HEADERS))),
            route(APP, "/login", _LOGIN),
        ),
    ),
    Fault(
        "redirect-loop-of-slashes",
        "The login page redirects to itself with a slash at its end, and back",
        "http.loop",
        Severity.BLOCKER,
        both(
            route(APP, "/login", _to(f"https://{APP}/login/")),
            route(APP, "/login/", _to(f"https://{APP}/login")),
        ),
        APP,
        twin=both(route(APP, "/login", _to(f"https://{APP}/login/")), route(APP, "/login/", _LOGIN)),
        settings={"hosts": ("app",), "pages": ("/", "/login")},
    ),
    Fault(
        "redirect-detour",
        "The root leads to www by way of the app and an old address: three redirects",
        "http.hops",
        Severity.NICE,
        both(
            route(DOMAIN, "*", _to(f"https://{APP}{{target}}")),
            route(APP, "*", _to(f"https://{WWW}{{target}}")),
            route(APP, "/", _to(f"https://{WWW}/")),
        ),
        DOMAIN,
        twin=both(  # a language and a login besides: the application's own
            route(WWW, "/", Response(302, (("Location", "/en/"), *SECURITY_HEADERS))),
            route(WWW, "/en/", Response(302, (("Location", "/en/welcome"), *SECURITY_HEADERS))),
            route(WWW, "/en/welcome", _PAGE),
        ),
    ),
    Fault(
        "redirect-temporary",
        "The root leads to www by a temporary redirect",
        "http.permanent",
        Severity.NICE,
        route(DOMAIN, "*", _to(f"https://{WWW}{{target}}", 302)),
        f"https://{DOMAIN}/",
        twin=both(
            route(DOMAIN, "*", _to(f"https://{WWW}{{target}}", 308)),
            route(WWW, "/", Response(302, (("Location", f"https://{WWW}/login"), *SECURITY_HEADERS))),
            route(WWW, "/login", _LOGIN),
        ),
    ),
    Fault(
        "redirect-temporary-to-https",
        "The app leads from plain HTTP to HTTPS by a temporary redirect",
        "http.permanent",
        Severity.NICE,
        route(APP, "*", _to(f"https://{APP}{{target}}", 307), plain=True),
        f"http://{APP}/",
    ),
    Fault(
        "canonical-two",
        "Root and www both serve the portal",
        "http.canonical",
        Severity.HIGH,
        both(route(DOMAIN, "*", _NOTHING), route(DOMAIN, "/", _PAGE)),
        DOMAIN,
        twin=both(  # the other way round, with the canonical host at the root
            route(WWW, "*", _to(f"https://{DOMAIN}{{target}}")),
            route(WWW, "/", _to(f"https://{DOMAIN}/")),
            route(DOMAIN, "*", _NOTHING),
            route(DOMAIN, "/", _PAGE),
        ),
    ),
    Fault(
        "canonical-opens-nowhere",
        "Every way in ends at a page that does not exist",
        "http.canonical",
        Severity.BLOCKER,
        route(WWW, "/", _NOTHING),
    ),
    Fault(
        "canonical-twice-by-slash",
        "The login page answers with and without a slash at its end",
        "http.canonical",
        Severity.NICE,
        both(route(WWW, "/login", _LOGIN), route(WWW, "/login/", _LOGIN)),
        f"https://{WWW}/login",
        twin=both(route(WWW, "/login", _LOGIN), route(WWW, "/login/", _to(f"https://{WWW}/login"))),
        settings={"pages": ("/", "/login")},
    ),
    Fault(
        "canonical-other-than-wished",
        "The portal ends on www, though its owner wants the root",
        "http.canonical",
        Severity.HIGH,
        lambda world: world,
        DOMAIN,
        twin=both(
            route(WWW, "*", _to(f"https://{DOMAIN}{{target}}")),
            route(WWW, "/", _to(f"https://{DOMAIN}/")),
            route(DOMAIN, "*", _NOTHING),
            route(DOMAIN, "/", _PAGE),
        ),
        settings={"canonical": f"https://{DOMAIN}/"},
    ),
    Fault(
        "canonical-error",
        "The root leads to a page of www that does not exist",
        "http.canonical",
        Severity.HIGH,
        route(DOMAIN, "/", _to(f"https://{WWW}/home")),
        twin=route(  # a bot check of the edge is no failure
            WWW, "/", Response(403, (("cf-mitigated", "challenge"), HTML, *SECURITY_HEADERS), "<title>Just a moment")
        ),
    ),
    Fault(
        "redirect-forgets-path",
        "The root redirects every link to the front page of www",
        "http.path_kept",
        Severity.HIGH,
        route(DOMAIN, "*", _to(f"https://{WWW}/")),
        f"https://{DOMAIN}",
        twin=both(route(DOMAIN, "*", _to(f"https://{WWW}/en{{target}}")), route(WWW, "/en/", _PAGE)),
    ),
    Fault(
        "redirect-front-page-only",
        "The root redirects its front page; links below it end in an error",
        "http.path_kept",
        Severity.HIGH,
        both(route(DOMAIN, "*", _NOTHING), route(DOMAIN, "/", _to(f"https://{WWW}/"))),
        f"https://{DOMAIN}",
    ),
    Fault(
        "redirect-forgets-query",
        "The redirect to HTTPS drops the query",
        "http.path_kept",
        Severity.HIGH,
        route(DOMAIN, "*", Response(301, (("Location", f"https://{DOMAIN}{{path}}"),)), plain=True),
        f"http://{DOMAIN}",
    ),
    Fault(
        "hsts-absent",
        "Neither root nor www sends an HSTS header",
        "http.hsts",
        Severity.HIGH,
        both(_hsts(DOMAIN, None), _hsts(WWW, None)),
        DOMAIN,
        twin=both(_hsts(APP, None), _hsts(API, None)),  # covered by the root's includeSubDomains
    ),
    Fault(
        "hsts-absent-where-people-end",
        "www sends no HSTS header; only who came by the root is told",
        "http.hsts",
        Severity.NICE,
        _hsts(WWW, None),
        WWW,
    ),
    Fault(
        "hsts-in-clear-only",
        "The root sends its HSTS header over plain HTTP only, where browsers ignore it",
        "http.hsts",
        Severity.HIGH,
        both(
            _hsts(DOMAIN, None),
            route(
                DOMAIN,
                "*",
                Response(301, (("Location", f"https://{DOMAIN}{{target}}"), SECURITY_HEADERS[0])),
                plain=True,
            ),
        ),
        DOMAIN,
    ),
    Fault("hsts-off", "The root switches HSTS off", "http.hsts", Severity.HIGH, _hsts(DOMAIN, "max-age=0"), DOMAIN),
    Fault(
        "hsts-short",
        "The root asks for an hour of HSTS",
        "http.hsts",
        Severity.NICE,
        _hsts(DOMAIN, "max-age=3600; includeSubDomains"),
        DOMAIN,
        twin=_hsts(DOMAIN, 'MAX-AGE="31536000" ; includeSubdomains;'),
    ),
    Fault(
        "hsts-preload-refused",
        "The root asks for preloading without its subdomains",
        "http.hsts",
        Severity.NICE,
        _hsts(DOMAIN, "max-age=31536000; preload"),
        DOMAIN,
        twin=_hsts(DOMAIN, "max-age=31536000"),
    ),
    Fault(
        "hsts-preload-other-host-first",
        "The root asks for preloading, but plain HTTP leads to www at once",
        "http.hsts",
        Severity.NICE,
        route(DOMAIN, "*", _to(f"https://{WWW}{{target}}"), plain=True),
        DOMAIN,
    ),
    Fault(
        "hsts-same-rule-twice",
        "The root's header names max-age twice, which voids it",
        "http.hsts",
        Severity.HIGH,
        _hsts(DOMAIN, "max-age=31536000; max-age=31536000"),
        DOMAIN,
    ),
    Fault(
        "hsts-two-headers",
        "Edge and application of www send a header each, and they disagree",
        "http.hsts",
        Severity.NICE,
        route(WWW, "/", Response(200, (HTML, (_HSTS, "max-age=31536000"), *SECURITY_HEADERS), PAGE)),
        WWW,
        twin=route(WWW, "/", Response(200, (HTML, SECURITY_HEADERS[0], *SECURITY_HEADERS), PAGE)),
    ),
)
"""What must be found, and what looks alike and is right."""
