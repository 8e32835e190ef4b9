"""Planted mistakes in what pages load and what their answers say: mixed content, headers, cookies, banners, robots."""

from __future__ import annotations

from launchready.lab.healthy import DOMAIN, FILE_HEADERS, HTML, LOGIN, PAGE, SECURITY_HEADERS
from launchready.lab.world import Change, Fault, Response, Route, both, response_headers, route, site
from launchready.model import Severity

WWW, APP, API, STAGING = (f"{label}.{DOMAIN}" for label in ("www", "app", "api", "staging"))
CDN = "http://cdn.mailer.example"
_CSS = ("Content-Type", "text/css")


def page(body: str, *, host: str = WWW, path: str = "/", headers: tuple[tuple[str, str], ...] = ()) -> Change:
    """A page of a host, with the security headers of the healthy world."""
    return route(host, path, Response(200, (HTML, *SECURITY_HEADERS, *headers), body))


def with_head(markup: str) -> str:
    """The first page with something more in its head."""
    return PAGE.replace("</head>", f"{markup}</head>")


def with_body(markup: str) -> str:
    """The first page with something more in its body."""
    return PAGE.replace("</body>", f"{markup}</body>")


def style(css: str) -> Change:
    """The style sheet of www."""
    return route(WWW, "/static/site.css", Response(200, (_CSS, *FILE_HEADERS), css))


def cookie(*lines: str) -> Change:
    """The sign-in page of app, with other cookies."""
    headers = tuple(("Set-Cookie", line) for line in lines)
    return route(APP, "/", Response(200, (HTML, *SECURITY_HEADERS, *headers), LOGIN))


def csp(host: str, value: str) -> Change:
    """A host's Content-Security-Policy."""
    return response_headers(host, put={"Content-Security-Policy": value})


def robots(host: str, text: str) -> Change:
    """A host's robots.txt."""
    return route(host, "/robots.txt", Response(200, (("Content-Type", "text/plain"), *SECURITY_HEADERS), text))


NOT_LOADED = with_body(
    f"""<a href="{CDN}/brochure">Brochure</a><!-- <script src="{CDN}/old.js"></script> -->
<template><img src="{CDN}/row.png"></template><noscript><img src="{CDN}/pixel.gif"></noscript>
<script>var where = '<img src="{CDN}/later.png">'</script><script type="application/ld+json">{{"@context":
"http://schema.org"}}</script><script type="text/x-template" src="{CDN}/never.html"></script>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"></svg>
<textarea><script src="{CDN}/shown.js"></script></textarea>"""
).replace(
    "</head>", f'<link rel="canonical" href="http://www.{DOMAIN}/"><link rel="alternate" href="{CDN}/feed"></head>'
)
"""A page full of `http://` that loads nothing."""

UPGRADED = SECURITY_HEADERS[1][1] + "; upgrade-insecure-requests"

FAULTS = (
    Fault(
        "mixed-script",
        "The first page loads a script without encryption",
        "http.mixed.active",
        Severity.HIGH,
        page(with_body(f'<script src="{CDN}/chat.js"></script>')),
        subject=WWW,
        twin=page(NOT_LOADED),
    ),
    Fault(
        "mixed-style-sheet",
        "The first page loads a style sheet without encryption, written in capitals and split over lines",
        "http.mixed.active",
        Severity.HIGH,
        page(with_head(f'<LINK REL="StyleSheet" HREF="\n{CDN.upper()}/a.css">')),
        subject=WWW,
        twin=both(page(with_head(f'<link rel=stylesheet href="{CDN}/a.css">')), csp(WWW, UPGRADED)),
    ),
    Fault(
        "mixed-frame",
        "The first page shows a frame without encryption",
        "http.mixed.active",
        Severity.HIGH,
        page(with_body(f"<iframe src={CDN}/map></iframe>")),
        subject=WWW,
    ),
    Fault(
        "mixed-form",
        "The sign-in form sends the password without encryption",
        "http.mixed.active",
        Severity.HIGH,
        page(LOGIN.replace('action="/login"', f'action="http://{APP}/login"'), host=APP),
        subject=APP,
        twin=page(LOGIN.replace('action="/login"', f'action="https://{APP}/login"'), host=APP),
    ),
    Fault(
        "mixed-import",
        "A style sheet imports another one without encryption",
        "http.mixed.active",
        Severity.HIGH,
        style(f'@import "{CDN}/fonts.css"; body{{margin:2rem}}'),
        subject=WWW,
    ),
    Fault(
        "mixed-localhost",
        "The page calls the developer's own machine",
        "http.mixed.active",
        Severity.HIGH,
        page(with_body('<script src="http://localhost:3000/bundle.js"></script>')),
        subject=WWW,
        twin=page(with_body('<p>Run it and open <a href="http://localhost:3000/">http://localhost:3000</a>.</p>')),
    ),
    Fault(
        "mixed-image",
        "The first page shows a picture without encryption",
        "http.mixed.passive",
        Severity.NICE,
        page(with_body(f'<img src="{CDN}/team.jpg">')),
        subject=WWW,
        twin=both(page(with_body(f'<img src="{CDN}/team.jpg">')), csp(WWW, UPGRADED)),
    ),
    Fault(
        "mixed-srcset",
        "A picture has its larger size without encryption",
        "http.mixed.passive",
        Severity.NICE,
        page(with_body(f'<img src="/static/logo.svg" srcset="/static/logo.svg 1x, {CDN}/logo@2x.png 2x">')),
        subject=WWW,
    ),
    Fault(
        "mixed-background",
        "The style sheet shows a background without encryption",
        "http.mixed.passive",
        Severity.NICE,
        style(f"header{{background:url({CDN}/wave.png) no-repeat}}"),
        subject=WWW,
        twin=style(
            f"/* url({CDN}/old.png) */ @namespace svg url(http://www.w3.org/2000/svg);"
            'a::after{content:"http://";background:url("data:image/svg+xml,%3Csvg xmlns=\'http://www.w3.org/2000/svg\'/%3E")}'
        ),
    ),
    Fault(
        "headers-no-csp",
        "The public pages say nothing about scripts",
        "http.headers.csp",
        Severity.NICE,
        response_headers(WWW, put={"Content-Security-Policy": None}),
        subject=WWW,
        # What an API answers is no page: it needs none of these headers.
        twin=response_headers(
            API, put={"Content-Security-Policy": None, "X-Frame-Options": None, "X-Content-Type-Options": None}
        ),
    ),
    Fault(
        "headers-csp-unsafe-inline",
        "The Content-Security-Policy lets any script in the page run",
        "http.headers.csp",
        Severity.NICE,
        csp(WWW, "script-src 'self' 'unsafe-inline'; frame-ancestors 'none'"),
        subject=WWW,
        twin=csp(WWW, "script-src 'self' 'unsafe-inline' 'nonce-r4nd0m'; frame-ancestors 'none'"),
    ),
    Fault(
        "headers-no-sniffing",
        "The pages let browsers guess the type of files",
        "http.headers.sniffing",
        Severity.NICE,
        response_headers(APP, put={"X-Content-Type-Options": None}),
        subject=APP,
    ),
    Fault(
        "headers-framing-login",
        "Any site may show the sign-in page inside its own",
        "http.headers.framing",
        Severity.HIGH,
        both(
            csp(APP, "default-src 'self'"),
            response_headers(APP, put={"X-Frame-Options": "ALLOW-FROM https://a.example"}),
        ),
        subject=APP,
        twin=response_headers(APP, put={"X-Frame-Options": None}),
    ),
    Fault(
        "headers-framing",
        "Any site may show the public pages inside its own",
        "http.headers.framing",
        Severity.NICE,
        both(csp(WWW, "default-src 'self'"), response_headers(WWW, put={"X-Frame-Options": None})),
        subject=WWW,
    ),
    Fault(
        "headers-referrer",
        "The portal tells other sites the full address people come from",
        "http.headers.referrer",
        Severity.NICE,
        response_headers(APP, put={"Referrer-Policy": "unsafe-url"}),
        subject=APP,
        twin=response_headers(APP, put={"Referrer-Policy": None}),
    ),
    Fault(
        "cookie-not-secure",
        "The session cookie is sent without encryption too",
        "http.cookies",
        Severity.HIGH,
        cookie("sessionid=6f1d0c6a5b; Path=/; HttpOnly; SameSite=Lax"),
        subject=APP,
        twin=cookie("sessionid=; Path=/; Max-Age=0", "lang=en; Path=/", "_ga=GA1.2.3; Path=/"),
    ),
    Fault(
        "cookie-script-reads-it",
        "Scripts can read the session cookie",
        "http.cookies",
        Severity.HIGH,
        cookie("connect.sid=s%3A6f1d0c6a; Path=/; Secure; SameSite=Lax"),
        subject=APP,
        twin=cookie("csrftoken=1a2b3c4d5e; Path=/; Secure; SameSite=Lax", "XSRF-TOKEN=eyJpdiI6Ing; Path=/; Secure"),
    ),
    Fault(
        "cookie-no-samesite",
        "The session cookie does not say whether other sites' requests carry it",
        "http.cookies",
        Severity.NICE,
        cookie("laravel_session=6f1d0c6a5b; Path=/; Secure; HttpOnly"),
        subject=APP,
        twin=cookie("laravel_session=6f1d0c6a5b; Path=/; Secure; HttpOnly; SameSite=None"),
    ),
    Fault(
        "cookie-refused",
        "Browsers refuse the session cookie: SameSite=None without Secure",
        "http.cookies",
        Severity.HIGH,
        cookie("session=6f1d0c6a5b; Path=/; HttpOnly; SameSite=None"),
        subject=APP,
    ),
    Fault(
        "cookie-host-prefix",
        "Browsers refuse the session cookie: its name begins with __Host-, yet it has a Domain",
        "http.cookies",
        Severity.HIGH,
        cookie(f"__Host-session=6f1d0c6a5b; Path=/; Secure; HttpOnly; SameSite=Lax; Domain={DOMAIN}"),
        subject=APP,
        twin=cookie("__Host-session=6f1d0c6a5b; Path=/; Secure; HttpOnly; SameSite=Lax"),
    ),
    Fault(
        "banner-nginx",
        "The web server tells its version",
        "http.banners",
        Severity.NICE,
        response_headers(WWW, put={"Server": "nginx/1.18.0 (Ubuntu)"}),
        subject=WWW,
        twin=both(
            response_headers(WWW, put={"Server": "cloudflare", "Via": "1.1 varnish, HTTP/2.0 edge-3"}),
            response_headers(APP, put={"Server": "nginx", "X-Powered-By": "Express"}),
            response_headers(API, put={"Server": "awselb/2.0", "X-Runtime": "0.024"}),
        ),
    ),
    Fault(
        "banner-php",
        "PHP tells its version",
        "http.banners",
        Severity.NICE,
        response_headers(APP, put={"X-Powered-By": "PHP/7.4.3"}),
        subject=APP,
    ),
    Fault(
        "staging-indexable",
        "Search engines may list the staging site",
        "exposure.staging",
        Severity.HIGH,
        response_headers(STAGING, put={"X-Robots-Tag": None}),
        subject=STAGING,
        twin=site(
            STAGING, secure=(Route("*", Response(401, (HTML, *SECURITY_HEADERS, ("WWW-Authenticate", "Basic")), "")),)
        ),
    ),
    Fault(
        "staging-robots-only",
        "robots.txt alone is to keep the staging site out of search engines",
        "exposure.staging",
        Severity.NICE,
        both(response_headers(STAGING, put={"X-Robots-Tag": None}), robots(STAGING, "User-agent: *\nDisallow: /\n")),
        subject=STAGING,
        twin=both(
            response_headers(STAGING, put={"X-Robots-Tag": None}),
            page(with_head('<meta name="robots" content="noindex, nofollow">'), host=STAGING),
        ),
    ),
    Fault(
        "indexing-live-noindex",
        "The live site still carries the noindex of its staging days",
        "http.indexing",
        Severity.NICE,
        response_headers(WWW, put={"X-Robots-Tag": "noindex"}),
        subject=WWW,
        # The portal itself may hide, and so may its API.
        twin=both(
            response_headers(APP, put={"X-Robots-Tag": "noindex"}),
            robots(APP, "User-agent: *\nDisallow: /\n"),
            robots(WWW, "User-agent: BadBot\nDisallow: /\n\nUser-agent: *\nDisallow: /admin\n"),
        ),
    ),
    Fault(
        "indexing-live-robots",
        "The live site's robots.txt keeps every search engine out",
        "http.indexing",
        Severity.NICE,
        robots(WWW, "# copied from staging\nUser-agent: *\nDisallow: /\n"),
        subject=WWW,
    ),
)
