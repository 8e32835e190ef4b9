"""Planted mistakes in the records of hosts: missing, private, misplaced, given up; and hosts that do not answer."""

from __future__ import annotations

from dataclasses import replace

from launchready.lab.healthy import DOMAIN, EDGE, HTML, PAGE, SECURITY_HEADERS, STRAY
from launchready.lab.world import (
    Change,
    Fault,
    Registration,
    Response,
    Route,
    Site,
    World,
    Zone,
    add_site,
    add_zone,
    both,
    certificate,
    records,
    route,
    site,
)
from launchready.model import Severity
from launchready.probes.surface import unlikely_name

ELSEWHERE = ("192.88.99.90",)
"""Where the hosting services of the lab are."""
_SOA = "@ 3600 SOA ns.mailer.example. hostmaster.mailer.example. 2026110101 7200 900 1209600 300"


def alias(label: str, target: str) -> Change:
    """Point a name of the portal to a target elsewhere."""
    return records(DOMAIN, add=(f"{label} 300 CNAME {target}.",))


def service_zone(origin: str, *names: str) -> Change:
    """A hosting service's zone; `names` have an address there, others do not exist."""
    lines = (_SOA, "@ 3600 NS ns.mailer.example.", *(f"{name} 300 A {ELSEWHERE[0]}" for name in names))
    return add_zone(Zone(origin, lines), "ns.mailer.example")


def answers(label: str, status: int, body: str, *headers: tuple[str, str]) -> Change:
    """A host that answers every path alike, at the service's address, over HTTPS; plain HTTP leads there."""
    host = f"{label}.{DOMAIN}"
    page = Response(status, (HTML, *SECURITY_HEADERS, *headers), body)
    to_https = Response(301, (("Location", f"https://{host}{{target}}"),))
    return add_site(Site(host, ELSEWHERE, (Route("*", page),), (Route("*", to_https),)))


def abandoned(label: str, target: str, status: int, body: str, *headers: tuple[str, str]) -> Change:
    """An alias to a service that knows nobody of that name."""
    name, _, origin = target.partition(".")
    return both(alias(label, target), service_zone(origin, name), answers(label, status, body, *headers))


def alive(label: str, target: str, body: str = PAGE) -> Change:
    """An alias to the same service, where the portal's own site answers."""
    name, _, origin = target.partition(".")
    return both(alias(label, target), service_zone(origin, name), answers(label, 200, body))


def moved(label: str, target: str) -> Change:
    """An existing host of the portal that lives behind an alias: the same site, at the same addresses."""
    name, _, origin = target.partition(".")
    lines = (_SOA, "@ 3600 NS ns.mailer.example.", f"{name} 300 A {EDGE[0]}", f"{name} 300 AAAA {EDGE[1]}")
    return both(
        records(DOMAIN, add=(f"{label} 300 CNAME {target}.",), drop=(f"{label} A", f"{label} AAAA")),
        add_zone(Zone(origin, lines), "ns.mailer.example"),
    )


def registered(domain: str) -> Change:
    """A domain its registry knows although DNS does not, as when it is on hold."""

    def change(world: World) -> World:
        return replace(world, registrations=(*world.registrations, Registration(domain, status=("client hold",))))

    return change


GITHUB_404 = """<!DOCTYPE html><html><head><title>Site not found &middot; GitHub Pages</title></head>
<body><h1>404</h1><p><strong>There isn't a GitHub Pages site here.</strong></p></body></html>"""
S3_404 = """<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message>
<BucketName>dashboard.brightside.example</BucketName><RequestId>6F8A</RequestId></Error>"""
HEROKU_404 = """<!DOCTYPE html><html><head><title>No such app</title></head>
<body><iframe src="//www.herokucdn.com/error-pages/no-such-app.html"></iframe></body></html>"""
QUOTING = PAGE.replace("</body>", "<p>Our notes say: There isn't a GitHub Pages site here. No such app.</p></body>")
NGINX = (
    "<!DOCTYPE html><html><head><title>Welcome to nginx!</title></head><body><h1>Welcome to nginx!</h1></body></html>"
)

FAULTS = (
    Fault(
        "records-www-missing",
        "www has no address record",
        "dns.records.resolve",
        Severity.HIGH,
        records(DOMAIN, drop=("www A", "www AAAA")),
        subject=f"www.{DOMAIN}",
        twin=moved("www", "brightside.cdn-service.example"),
    ),
    Fault(
        "records-root-missing",
        "The root of the domain has no address record",
        "dns.records.resolve",
        Severity.BLOCKER,
        records(DOMAIN, drop=("@ A", "@ AAAA")),
        subject=DOMAIN,
    ),
    Fault(
        "records-app-missing",
        "A host that the portal names has no record at all",
        "dns.records.resolve",
        Severity.BLOCKER,
        records(DOMAIN, drop=("app A", "app AAAA")),
        subject=f"app.{DOMAIN}",
        settings={"hosts": ("app",)},
    ),
    Fault(
        "records-ipv6-only",
        "A host has IPv6 addresses only",
        "dns.records.resolve",
        Severity.BLOCKER,
        records(DOMAIN, drop=("app A",)),
        subject=f"app.{DOMAIN}",
        settings={"hosts": ("app",)},
    ),
    Fault(
        "records-private-root",
        "One of the addresses of the root is private",
        "dns.records.private",
        Severity.BLOCKER,
        records(DOMAIN, add=("@ 300 A 10.20.0.5",)),
        subject=DOMAIN,
    ),
    Fault(
        "records-private-loopback",
        "A host of the portal leads to the visitor's own machine",
        "dns.records.private",
        Severity.HIGH,
        records(DOMAIN, add=("dashboard 300 A 127.0.0.1",)),
        subject=f"dashboard.{DOMAIN}",
    ),
    Fault(
        "records-private-cgnat",
        "A host has an address of carrier-grade NAT, which no list of private networks names",
        "dns.records.private",
        Severity.HIGH,
        records(DOMAIN, add=("portal 300 A 100.100.1.7",)),
        subject=f"portal.{DOMAIN}",
    ),
    Fault(
        "records-private-in-ipv6",
        "An IPv6 address carries a private IPv4 address through NAT64",
        "dns.records.private",
        Severity.HIGH,
        records(DOMAIN, add=("admin 300 AAAA 64:ff9b::a14:5",)),
        subject=f"admin.{DOMAIN}",
    ),
    Fault(
        "records-private-in-certificate",
        "An internal host with a private address is named in the public certificate",
        "dns.records.private",
        Severity.HIGH,
        both(
            certificate(f"www.{DOMAIN}", names=(f"www.{DOMAIN}", f"intranet.{DOMAIN}")),
            records(DOMAIN, add=("intranet 300 A 192.168.7.2",)),
        ),
        subject=f"intranet.{DOMAIN}",
    ),
    Fault(
        "records-cname-root",
        "The root of the domain is a CNAME beside its SOA and MX records",
        "dns.records.cname",
        Severity.BLOCKER,
        records(DOMAIN, add=("@ 300 CNAME www",), drop=("@ A", "@ AAAA")),
        subject=DOMAIN,
    ),
    Fault(
        "records-cname-circle",
        "Two names are aliases of each other",
        "dns.records.cname",
        Severity.BLOCKER,
        records(DOMAIN, add=("app 300 CNAME application", "application 300 CNAME app"), drop=("app A", "app AAAA")),
        subject=f"app.{DOMAIN}",
        settings={"hosts": ("app",)},
    ),
    Fault(
        "records-cname-beside",
        "A host is an alias and has a TXT record as well",
        "dns.records.cname",
        Severity.HIGH,
        both(moved("app", "brightside.cdn-service.example"), records(DOMAIN, add=('app 300 TXT "verification=7d1a"',))),
        subject=f"app.{DOMAIN}",
        settings={"hosts": ("app",)},
        twin=both(
            moved("app", "brightside.cdn-service.example"), records(DOMAIN, add=('_v.app 300 TXT "verification=7d1a"',))
        ),
    ),
    Fault(
        "dangling-github-pages",
        "A host is an alias of a GitHub Pages site that was deleted",
        "dns.dangling",
        Severity.BLOCKER,
        abandoned("dashboard", "brightside.github.io", 404, GITHUB_404),
        subject=f"dashboard.{DOMAIN}",
        twin=alive("dashboard", "brightside.github.io", QUOTING),
    ),
    Fault(
        "dangling-github-pages-verified",
        "The same, but the domain is verified at GitHub, so that nobody else can take it",
        "dns.dangling",
        Severity.HIGH,
        both(
            abandoned("dashboard", "brightside.github.io", 404, GITHUB_404),
            records(DOMAIN, add=('_github-pages-challenge-brightside 300 TXT "f1d2d2f924e986ac86fdf7b36c94bc"',)),
        ),
        subject=f"dashboard.{DOMAIN}",
    ),
    Fault(
        "dangling-s3",
        "A host is an alias of an S3 bucket that was deleted",
        "dns.dangling",
        Severity.BLOCKER,
        both(
            alias("dashboard", f"dashboard.{DOMAIN}.s3.amazonaws.com"),
            service_zone("amazonaws.com", "*.s3"),
            answers("dashboard", 404, S3_404),
        ),
        subject=f"dashboard.{DOMAIN}",
        twin=both(
            alias("dashboard", f"dashboard.{DOMAIN}.s3.amazonaws.com"),
            service_zone("amazonaws.com", "*.s3"),
            answers("dashboard", 200, PAGE),
        ),
    ),
    Fault(
        "dangling-azure",
        "A host is an alias of an Azure web app that was deleted",
        "dns.dangling",
        Severity.BLOCKER,
        both(alias("admin", "brightside-admin.azurewebsites.net"), service_zone("azurewebsites.net")),
        subject=f"admin.{DOMAIN}",
        twin=alive("admin", "brightside-admin.azurewebsites.net"),
    ),
    Fault(
        "dangling-azure-random-name",
        "The same, under one of Azure's newer names with a random part, which nobody gets twice",
        "dns.dangling",
        Severity.HIGH,
        both(
            alias("admin", "brightside-gkdfhxb2bjasfzhr.westeurope-01.azurewebsites.net"),
            service_zone("azurewebsites.net"),
        ),
        subject=f"admin.{DOMAIN}",
    ),
    Fault(
        "dangling-beanstalk",
        "A host is an alias of an Elastic Beanstalk environment that was terminated",
        "dns.dangling",
        Severity.BLOCKER,
        both(alias("portal", "brightside.eu-west-1.elasticbeanstalk.com"), service_zone("elasticbeanstalk.com")),
        subject=f"portal.{DOMAIN}",
    ),
    Fault(
        "dangling-surge",
        "A host is an alias of a Surge project that was torn down",
        "dns.dangling",
        Severity.BLOCKER,
        abandoned("portal", "na-west1.surge.sh", 404, "<h1>project not found</h1>"),
        subject=f"portal.{DOMAIN}",
        twin=both(
            # The host's own page says the same words: without the alias they mean nothing.
            records(DOMAIN, add=(f"portal 300 A {ELSEWHERE[0]}",)),
            answers("portal", 404, "<title>404</title><h1>project not found</h1>"),
        ),
    ),
    Fault(
        "dangling-read-the-docs",
        "A host is an alias of documentation that was taken down",
        "dns.dangling",
        Severity.BLOCKER,
        abandoned("dashboard", "brightside.readthedocs.io", 404, "<h1>404</h1><p>is unknown to Read the Docs</p>"),
        subject=f"dashboard.{DOMAIN}",
    ),
    Fault(
        "dangling-heroku",
        "A host is an alias of a Heroku app that was deleted, which Heroku gives to nobody else",
        "dns.dangling",
        Severity.HIGH,
        abandoned("dashboard", "brightside-old.herokuapp.com", 404, HEROKU_404),
        subject=f"dashboard.{DOMAIN}",
        twin=alive("dashboard", "brightside-old.herokuapp.com", QUOTING),
    ),
    Fault(
        "dangling-vercel",
        "A host is an alias of a Vercel deployment that is gone",
        "dns.dangling",
        Severity.HIGH,
        abandoned(
            "dashboard", "cname.vercel-dns.com", 404, "DEPLOYMENT_NOT_FOUND", ("X-Vercel-Error", "DEPLOYMENT_NOT_FOUND")
        ),
        subject=f"dashboard.{DOMAIN}",
        twin=moved("app", "cname.vercel-dns.com"),
    ),
    Fault(
        "dangling-main-host",
        "A host the portal names is an alias of a name that no longer exists at its supplier",
        "dns.dangling",
        Severity.BLOCKER,
        records(DOMAIN, add=("app 300 CNAME portal.hosting.example.",), drop=("app A", "app AAAA")),
        subject=f"app.{DOMAIN}",
        settings={"hosts": ("app",)},
    ),
    Fault(
        "dangling-supplier-name-gone",
        "A forgotten host is an alias of a name that no longer exists at its supplier",
        "dns.dangling",
        Severity.HIGH,
        alias("admin", "brightside.hosting.example"),
        subject=f"admin.{DOMAIN}",
    ),
    Fault(
        "dangling-unregistered",
        "A host is an alias of a supplier whose domain nobody holds any more",
        "dns.dangling",
        Severity.BLOCKER,
        alias("portal", "brightside.closed-agency.example"),
        subject=f"portal.{DOMAIN}",
    ),
    Fault(
        "dangling-target-on-hold",
        "A host is an alias of a domain that is on hold: not in DNS, but held",
        "dns.dangling",
        Severity.HIGH,
        both(alias("portal", "brightside.closed-agency.example"), registered("closed-agency.example")),
        subject=f"portal.{DOMAIN}",
    ),
    Fault(
        "dangling-wildcard",
        "The wildcard is an alias of a GitHub Pages site, so that a stranger can take any name",
        "dns.dangling",
        Severity.BLOCKER,
        both(
            alias("*", "brightside.github.io"),
            service_zone("github.io", "brightside"),
            add_site(
                Site(
                    unlikely_name(DOMAIN),
                    ELSEWHERE,
                    (Route("*", Response(404, (HTML, *SECURITY_HEADERS), GITHUB_404)),),
                    (),
                )
            ),
        ),
        subject=f"*.{DOMAIN}",
        also=("dns.wildcard",),
    ),
    Fault(
        "wildcard",
        "Every name below the domain leads to the portal",
        "dns.wildcard",
        Severity.NICE,
        records(DOMAIN, add=(f"* 300 A {EDGE[0]}",)),
        subject=f"*.{DOMAIN}",
        twin=records(DOMAIN, add=(f"*.preview 300 A {EDGE[0]}",)),
    ),
    Fault(
        "ipv6-dead",
        "The AAAA record of a host leads to an address where nobody listens",
        "dns.ipv6",
        Severity.HIGH,
        both(
            records(DOMAIN, add=(f"app 300 AAAA {STRAY[1]}",), drop=("app AAAA",)),
            site(f"app.{DOMAIN}", addresses=(EDGE[0],)),
        ),
        subject=f"app.{DOMAIN}",
        twin=records(DOMAIN, drop=("app AAAA",)),
    ),
    Fault(
        "subdomain-502",
        "The edge answers for a host, the application behind it does not",
        "dns.subdomains",
        Severity.BLOCKER,
        route(f"app.{DOMAIN}", "/", Response(502, (HTML, *SECURITY_HEADERS), "<h1>502 Bad Gateway</h1>")),
        subject=f"app.{DOMAIN}",
        settings={"hosts": ("app",)},
        twin=route(f"app.{DOMAIN}", "/", Response(404, (HTML, *SECURITY_HEADERS), "<title>502 articles</title>")),
    ),
    Fault(
        "subdomain-stock-page",
        "A host shows the page nginx ships with",
        "dns.subdomains",
        Severity.HIGH,
        both(records(DOMAIN, add=(f"dashboard 300 A {ELSEWHERE[0]}",)), answers("dashboard", 200, NGINX)),
        subject=f"dashboard.{DOMAIN}",
        twin=both(
            records(DOMAIN, add=(f"dashboard 300 A {ELSEWHERE[0]}",)),
            answers("dashboard", 200, PAGE.replace("Brightside client portal", "How we welcomed nginx")),
        ),
    ),
)
"""What must be found, and what looks alike and is right."""
