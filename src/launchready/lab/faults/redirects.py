"""Planted mistakes of redirects, the canonical address and HSTS."""

from __future__ import annotations

from launchready.lab.healthy import DOMAIN, HTML, PAGE, SECURITY_HEADERS
from launchready.lab.world import Change, Fault, Response, both, response_headers, route, site
from launchready.model import Severity

WWW, APP, API = f"www.{DOMAIN}", f"app.{DOMAIN}", f"api.{DOMAIN}"
_PAGE = Response(200, (HTML, *SECURITY_HEADERS), PAGE)
_HSTS = "Strict-Transport-Security"


def _to(url: str, status: int = 301) -> Response:
    return Response(status, (("Location", url), SECURITY_HEADERS[0]))


def _hsts(host: str, value: str | None) -> Change:
    return response_headers(host, put={_HSTS: value})


FAULTS = (
    Fault(
        "http-app-in-clear",
        "The app answers over plain HTTP instead of leading to HTTPS.",
        "http.plain",
        Severity.BLOCKER,
        route(APP, "*", _PAGE, plain=True),
        APP,
    ),
    Fault(
        "http-www-in-clear",
        "www serves its pages over plain HTTP.",
        "http.plain",
        Severity.BLOCKER,
        route(WWW, "*", _PAGE, plain=True),
        WWW,
        also=("http.canonical",),
    ),
    Fault(
        "http-root-error-in-clear",
        "Plain HTTP on the root ends in an error page.",
        "http.plain",
        Severity.HIGH,
        route(DOMAIN, "*", Response(503, (HTML,), "down"), plain=True),
        DOMAIN,
        also=("http.canonical", "exposure.*", "dns.subdomains"),
    ),
    Fault(
        "http-root-closed-in-clear",
        "Nobody listens on port 80 of the root.",
        "http.plain",
        Severity.NICE,
        site(DOMAIN, plain=()),
        DOMAIN,
        twin=site(APP, plain=()),
    ),
    Fault(
        "redirect-loop",
        "Root and www redirect to each other.",
        "http.loop",
        Severity.BLOCKER,
        route(WWW, "/", _to(f"https://{DOMAIN}/")),
        also=("http.canonical",),
    ),
    Fault(
        "redirect-loop-behind-the-edge",
        "The app redirects to HTTPS although it is there: it takes the edge's request for a plain one.",
        "http.loop",
        Severity.BLOCKER,
        route(APP, "/", _to(f"https://{APP}/")),
        also=("dns.subdomains",),
    ),
    Fault(
        "redirect-detour",
        "The root leads to www by way of the app and an old address: three redirects.",
        "http.hops",
        Severity.NICE,
        both(
            route(DOMAIN, "/", _to(f"https://{APP}/old")),
            route(APP, "/old", _to(f"https://{WWW}/")),
        ),
        also=("http.permanent",),
    ),
    Fault(
        "redirect-temporary",
        "The root leads to www by a temporary redirect.",
        "http.permanent",
        Severity.NICE,
        route(DOMAIN, "*", _to(f"https://{WWW}{{target}}", 302)),
        twin=route(APP, "/", Response(302, (("Location", f"https://{APP}/login"), *SECURITY_HEADERS))),
    ),
    Fault(
        "canonical-two",
        "Root and www both serve the portal.",
        "http.canonical",
        Severity.HIGH,
        both(route(DOMAIN, "*", Response(404, (HTML, *SECURITY_HEADERS), "nothing")), route(DOMAIN, "/", _PAGE)),
        DOMAIN,
    ),
    Fault(
        "canonical-other-than-wished",
        "The portal ends on www, though its owner wants the root.",
        "http.canonical",
        Severity.HIGH,
        lambda world: world,
        DOMAIN,
        twin=both(
            route(WWW, "*", _to(f"https://{DOMAIN}{{target}}")),
            route(WWW, "/", _to(f"https://{DOMAIN}/")),
            route(DOMAIN, "*", Response(404, (HTML, *SECURITY_HEADERS), "nothing")),
            route(DOMAIN, "/", _PAGE),
        ),
        settings={"canonical": f"https://{DOMAIN}/"},
    ),
    Fault(
        "canonical-error",
        "The root leads to a page of www that does not exist.",
        "http.canonical",
        Severity.HIGH,
        route(DOMAIN, "/", _to(f"https://{WWW}/home")),
        also=("http.path_kept",),
    ),
    Fault(
        "redirect-forgets-path",
        "The root redirects every link to the front page of www.",
        "http.path_kept",
        Severity.HIGH,
        route(DOMAIN, "*", _to(f"https://{WWW}/")),
    ),
    Fault(
        "redirect-forgets-query",
        "The redirect to HTTPS drops the query.",
        "http.path_kept",
        Severity.HIGH,
        route(DOMAIN, "*", Response(301, (("Location", f"https://{DOMAIN}{{path}}"),)), plain=True),
    ),
    Fault("hsts-absent", "www sends no HSTS header.", "http.hsts", Severity.HIGH, both(
        _hsts(DOMAIN, None), _hsts(WWW, None)), DOMAIN),
    Fault("hsts-off", "The root switches HSTS off.", "http.hsts", Severity.HIGH, _hsts(DOMAIN, "max-age=0"), DOMAIN),
    Fault("hsts-short", "The root asks for an hour of HSTS.", "http.hsts", Severity.NICE,
          _hsts(DOMAIN, "max-age=3600; includeSubDomains"), DOMAIN),
    Fault("hsts-preload-refused", "The root asks for preloading without its subdomains.", "http.hsts", Severity.NICE,
          _hsts(DOMAIN, "max-age=31536000; preload"), DOMAIN),
    Fault("hsts-twice-the-same-rule", "The root's header names max-age twice, which voids it.", "http.hsts",
          Severity.HIGH, _hsts(DOMAIN, "max-age=31536000; max-age=31536000"), DOMAIN),
)  # fmt: skip
