"""The healthy world: brightside.example, the portal of a small agency, with nothing wrong that a check could find.

Its addresses are globally reachable by IANA's registries yet routed nowhere (192.88.99.0/24, RFC 7526;
2001:20::/28, RFC 7343), so that no check takes them for private and no packet meant for them leaves. The edge alone
is where a real one would be, in Cloudflare's published ranges, for that is how an edge is recognised: every look at
it is led back to this machine, on both of the ports that are ever asked there.
"""

from __future__ import annotations

from launchready.lab.world import (
    MailServer,
    NameServer,
    Registration,
    Resolver,
    Response,
    Route,
    Signing,
    Site,
    World,
    Zone,
)

DOMAIN = "brightside.example"
EDGE = ("104.16.99.10", "2606:4700::99:10")
"""Where the portal's sites are: addresses of Cloudflare's."""
ORIGIN = ("192.88.99.10", "2001:20::10")
"""Where the portal's own server is, behind the edge. It lets nobody but the edge in; no record names it."""
MAIL = ("192.88.99.25", "2001:20::25")
"""Where its mail server is."""
RELAY = "192.88.99.35"
"""Where the mail service of `mailer.example` sends from."""
STRAY = ("192.88.99.66", "2001:20::66")
"""Addresses that belong to nobody, for faults to point at; nobody listens there."""

SECURITY_HEADERS = (
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload"),
    ("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; base-uri 'self'; object-src 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ("Cache-Control", "private, no-store"),
)
"""Of every answer that may be about somebody; `FILE_HEADERS` are those of the others."""
FILE_HEADERS = (*SECURITY_HEADERS[:-1], ("Cache-Control", "public, max-age=14400"))
"""Of files that are the same for everybody and keep their names when they change."""
HTML = ("Content-Type", "text/html; charset=utf-8")

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Brightside client portal</title>
<link rel="stylesheet" href="/static/site.css"></head>
<body><h1>Brightside</h1><p>Onboarding, uploads, invoices and approvals for our clients.</p>
<p><a href="https://app.brightside.example/">Sign in</a></p>
<img src="/static/logo.svg" alt="Brightside"><script src="/static/site.js"></script></body></html>
"""
LOGIN = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sign in</title></head>
<body><form method="post" action="/login"><input name="email" type="email"><input name="password" type="password">
<button>Sign in</button></form></body></html>
"""


def healthy_world() -> World:
    """The world in which the verdict is `ready`."""
    return World(
        domain=DOMAIN,
        zones=_zones(),
        name_servers=(
            NameServer("a.nic.example", ("192.88.99.3", "2001:20::3"), ("example",)),
            NameServer("b.nic.example", ("192.88.99.4",), ("example",)),
            NameServer(f"ns1.{DOMAIN}", ("192.88.99.1", "2001:20::1"), _ZONES_OF_OURS),
            NameServer(f"ns2.{DOMAIN}", ("192.88.99.2", "2001:20::2"), _ZONES_OF_OURS),
            NameServer("ns.mailer.example", ("192.88.99.36",), ("mailer.example", "hosting.example", *_ZONES_OF_WORLD)),
        ),
        resolvers=(
            Resolver("Frankfurt", "192.88.99.53"),
            Resolver("Virginia", "192.88.99.54"),
            Resolver("Singapore", "192.88.99.55"),
        ),
        sites=tuple(_sites()),
        mail_servers=(MailServer(f"mail.{DOMAIN}", MAIL, banner="ESMTP"),),
        registrations=(Registration(DOMAIN, name_servers=(f"ns1.{DOMAIN}", f"ns2.{DOMAIN}")),),
    )


_ZONES_OF_OURS = (DOMAIN, "99.88.192.in-addr.arpa", "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.1.0.0.2.ip6.arpa")
_ZONES_OF_WORLD = ("zen.spamhaus.org", "bl.spamcop.net", "b.barracudacentral.org", "iana.org")


def _zones() -> tuple[Zone, ...]:
    a, aaaa = EDGE
    hosts = [
        line
        for h in ("@", "www", "app", "api", "staging", "mta-sts")
        for line in (f"{h} 300 A {a}", f"{h} 300 AAAA {aaaa}")
    ]
    reverse6 = _ZONES_OF_OURS[2]
    return (
        Zone(
            DOMAIN,
            (
                _soa(f"ns1.{DOMAIN}"),
                "@ 3600 NS ns1",
                "@ 3600 NS ns2",
                "ns1 3600 A 192.88.99.1",
                "ns1 3600 AAAA 2001:20::1",
                "ns2 3600 A 192.88.99.2",
                "ns2 3600 AAAA 2001:20::2",
                *hosts,
                "@ 300 MX 10 mail",
                f"mail 300 A {MAIL[0]}",
                f"mail 300 AAAA {MAIL[1]}",
                '@ 300 CAA 0 issue "ca.example"',
                '@ 300 CAA 0 iodef "mailto:security@brightside.example"',
                '@ 300 TXT "v=spf1 mx include:spf.mailer.example -all"',
                f's1._domainkey 300 TXT {quoted("v=DKIM1; k=rsa; p=" + RSA_2048)}',
                '_dmarc 300 TXT "v=DMARC1; p=reject; rua=mailto:dmarc@brightside.example"',
                '_mta-sts 300 TXT "v=STSv1; id=20261101"',
                '_smtp._tls 300 TXT "v=TLSRPTv1; rua=mailto:tls@brightside.example"',
            ),
            Signing.GOOD,
        ),
        Zone(
            "example",
            (
                _soa("a.nic.example"),
                "@ 3600 NS a.nic",
                "@ 3600 NS b.nic",
                "a.nic 3600 A 192.88.99.3",
                "a.nic 3600 AAAA 2001:20::3",
                "b.nic 3600 A 192.88.99.4",
                "brightside 3600 NS ns1.brightside",
                "brightside 3600 NS ns2.brightside",
                "ns1.brightside 3600 A 192.88.99.1",
                "ns1.brightside 3600 AAAA 2001:20::1",
                "ns2.brightside 3600 A 192.88.99.2",
                "ns2.brightside 3600 AAAA 2001:20::2",
                "mailer 3600 NS ns.mailer",
                "ns.mailer 3600 A 192.88.99.36",
                "hosting 3600 NS ns.mailer",
                "rdap.nic 3600 A 192.88.99.80",
            ),
        ),
        Zone("mailer.example", (
            _soa("ns.mailer.example"),
            "@ 3600 NS ns",
            "ns 3600 A 192.88.99.36",
            f'spf 300 TXT "v=spf1 ip4:{RELAY} -all"',
            f"out 300 A {RELAY}",
        )),
        Zone("hosting.example", (_soa("ns.mailer.example"), "@ 3600 NS ns.mailer.example.")),
        Zone("99.88.192.in-addr.arpa", (
            _soa(f"ns1.{DOMAIN}"),
            f"@ 3600 NS ns1.{DOMAIN}.",
            f"25 300 PTR mail.{DOMAIN}.",
            "35 300 PTR out.mailer.example.",
        )),
        Zone(reverse6, (
            _soa(f"ns1.{DOMAIN}"),
            f"@ 3600 NS ns1.{DOMAIN}.",
            f"5.2.0.0 300 PTR mail.{DOMAIN}.",
        )),
        *(
            # The test entry every list must have (RFC 5782 section 5), and no entry of ours.
            Zone(origin, (_soa("ns.mailer.example"), "@ 3600 NS ns.mailer.example.", "2.0.0.127 300 A 127.0.0.2"))
            for origin in _ZONES_OF_WORLD[:3]
        ),
        Zone("iana.org", (_soa("ns.mailer.example"), "@ 3600 NS ns.mailer.example.", "data 300 A 192.88.99.80")),
    )  # fmt: skip


def _sites() -> list[Site]:
    www = f"https://www.{DOMAIN}"
    to_www = Response(301, (("Location", f"{www}{{target}}"),))
    page = Response(200, (HTML, *SECURITY_HEADERS), PAGE)
    login = Response(200, (HTML, *SECURITY_HEADERS, ("Set-Cookie", _COOKIE)), LOGIN)
    closed = Response(404, (HTML, *SECURITY_HEADERS), "<!doctype html><title>Not found</title><h1>Not found</h1>")
    json = (("Content-Type", "application/json"), *SECURITY_HEADERS)
    text = (("Content-Type", "text/plain"), *SECURITY_HEADERS)
    static = (
        Route("/static/site.css", Response(200, (("Content-Type", "text/css"), *FILE_HEADERS), "body{margin:2rem}")),
        Route("/static/site.js", Response(200, (("Content-Type", "text/javascript"), *FILE_HEADERS), "'use strict'")),
        Route("/static/logo.svg", Response(200, (("Content-Type", "image/svg+xml"), *FILE_HEADERS), _LOGO)),
    )
    hidden = (("X-Robots-Tag", "noindex, nofollow"),)
    policy = "version: STSv1\r\nmode: enforce\r\nmx: mail.brightside.example\r\nmax_age: 604800\r\n"
    secure_root = Response(301, (*to_www.headers, SECURITY_HEADERS[0]))

    def at(host: str, secure: tuple[Route, ...], plain: Response | None = None) -> Site:
        plain = plain or Response(301, (("Location", f"https://{host}{{target}}"),))
        return Site(host, EDGE, secure, (Route("*", plain),))

    return [
        at(DOMAIN, (Route("*", secure_root),)),
        at(f"www.{DOMAIN}", (Route("/", page), *static, Route("*", closed))),
        at(f"app.{DOMAIN}", (Route("/", login), Route("*", closed))),
        at(f"api.{DOMAIN}", (
            Route("/", Response(200, json, '{"status":"ok"}')),
            Route("*", Response(404, json, '{"error":"not found"}')),
        )),
        at(f"staging.{DOMAIN}", (
            Route("/", Response(200, (HTML, *SECURITY_HEADERS, *hidden), PAGE)),
            Route("*", Response(404, (HTML, *SECURITY_HEADERS, *hidden), closed.body)),
        )),
        at(f"mta-sts.{DOMAIN}", (
            Route("/.well-known/mta-sts.txt", Response(200, text, policy)),
            Route("*", closed),
        )),
    ]  # fmt: skip


def _soa(primary: str) -> str:
    return f"@ 3600 SOA {primary}. hostmaster.{primary}. 2026110101 7200 900 1209600 300"


def quoted(text: str) -> str:
    """As character strings of at most 255 bytes (RFC 1035 section 3.3)."""
    return " ".join(f'"{text[i : i + 250]}"' for i in range(0, len(text), 250))


_COOKIE = "session=6f1d0c6a; Path=/; Secure; HttpOnly; SameSite=Lax"
_LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4"/></svg>'
RSA_2048 = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA5zv8lKOYiILcavepj0i6WvJJZCTrN2JoQgdZy6x4BzJDnLN3nfO/Sps/"
    "9MDPwAsaCjGW14K5JaCulXEyhqpaa3rqz2mRjUeJZ+93xjUV83o+E1DFghOf7EUOzIUvIIo80ufUAKzDjUXxv40gezrYPHGsNgXK"
    "O9o+TtV4cCaPqOD2noLBHg/+ie+K62yfgYv4Blt36hccQ8CipTQOkVv+HPFZgN41EMt33K2w+wvNvwYlrfVDqQjh2VIoMFnqWPhC"
    "B/ce6y09ks0BefYDbBTli4YvDsNfSdmqpZ89P7eOqta4QLOxQh0ZAKV/OjeGVoITlxPPmEantsaClLSsJVWnuwIDAQAB"
)
"""A DKIM public key of 2,048 bits; its private half was thrown away."""
