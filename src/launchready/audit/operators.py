"""Who runs name servers, edges and hosting, as data: by the names they answer under and the headers they add.

Says nothing about a domain; the deployment map is drawn by it. Headers and alias targets are each vendor's own, so a
sign is taken as proof of presence; nothing is concluded from the absence of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network

from launchready.probes.edge_networks import EDGES


@dataclass(frozen=True, slots=True)
class Operator:
    """A vendor in front of a site, or under it."""

    name: str
    edge: bool
    """It takes requests near the visitor: cache, DDoS protection."""
    platform: bool
    """It runs the application."""
    headers: tuple[tuple[str, str], ...] = ()
    """(name, regular expression its value matches), any of them."""
    targets: tuple[str, ...] = ()
    """Ends of the names its customers' aliases point to."""
    networks: tuple[str, ...] = ()
    """Address blocks the vendor publishes as those of its customers' sites."""


def operators_of(
    headers: Iterable[tuple[str, str]], aliases: Iterable[str], addresses: Iterable[str]
) -> tuple[Operator, ...]:
    """The vendors a host shows signs of, edges before platforms."""
    sent, names, places = tuple(headers), tuple(aliases), tuple(addresses)
    found = [o for o in OPERATORS if _by_header(o, sent) or _by_alias(o, names) or _by_address(o, places)]
    return tuple(sorted(found, key=lambda o: (not o.edge, o.platform)))


def operator_by_suffix(names: Iterable[str], table: dict[str, str]) -> str:
    """Who runs servers of these names, by the longest end in a table; empty when it is not known."""
    fits = [(len(end), who) for name in names for end, who in table.items() if name == end or name.endswith(f".{end}")]
    return max(fits)[1] if fits else ""


def dns_operator(names: Iterable[str]) -> str:
    """Who runs name servers of these names; empty when it is not known."""
    names = tuple(names)
    if any(re.search(r"(?:^|\.)awsdns-\d+\.", name) for name in names):
        return "Amazon Route 53"
    if any(re.search(r"(?:^|\.)azure-dns\.", name) for name in names):
        return "Azure DNS"
    return operator_by_suffix(names, NAME_SERVERS)


def _by_header(operator: Operator, sent: tuple[tuple[str, str], ...]) -> bool:
    return any(
        key == wanted and re.search(pattern, value[:500], re.IGNORECASE)
        for wanted, pattern in operator.headers
        for key, value in sent
    )


def _by_alias(operator: Operator, names: tuple[str, ...]) -> bool:
    return any(name == end or name.endswith(f".{end}") for name in names for end in operator.targets)


def _by_address(operator: Operator, addresses: tuple[str, ...]) -> bool:
    return any(_inside(address, block) for block in operator.networks for address in addresses)


@lru_cache(maxsize=4096)
def _inside(address: str, block: str) -> bool:
    try:
        return ip_address(address) in ip_network(block)
    except (ValueError, TypeError):
        return False


def _edge(name: str, headers: dict[str, str], targets: str = "", networks: str = "") -> Operator:
    return Operator(name, True, False, tuple(headers.items()), tuple(targets.split()), tuple(networks.split()))


def _platform(name: str, headers: dict[str, str], targets: str = "", networks: str = "") -> Operator:
    return Operator(name, False, True, tuple(headers.items()), tuple(targets.split()), tuple(networks.split()))


def _both(name: str, headers: dict[str, str], targets: str = "", networks: str = "") -> Operator:
    return Operator(name, True, True, tuple(headers.items()), tuple(targets.split()), tuple(networks.split()))


PUBLISHED = {edge.name: edge.networks for edge in EDGES}
"""Blocks of addresses, by vendor."""
OPERATORS = (
    _edge(
        "Cloudflare",
        {"cf-ray": r".", "server": r"^cloudflare"},
        "cdn.cloudflare.net",
        PUBLISHED["Cloudflare"],
    ),
    _edge(
        "Fastly",
        {"x-served-by": r"^cache-", "x-fastly-request-id": r"."},
        "fastly.net fastlylb.net",
        PUBLISHED["Fastly"],
    ),
    _edge(
        "Amazon CloudFront",
        {"x-amz-cf-id": r".", "via": r"cloudfront"},
        "cloudfront.net",
        PUBLISHED["Amazon CloudFront"],
    ),
    _edge(
        "Akamai",
        {"x-akamai-transformed": r".", "server": r"^AkamaiGHost"},
        "edgekey.net edgesuite.net akamaiedge.net akamai.net",
    ),
    _edge("Bunny", {"server": r"^BunnyCDN", "cdn-requestid": r"."}, "b-cdn.net"),
    _edge("Azure Front Door", {"x-azure-ref": r"."}, "azurefd.net azureedge.net t-msedge.net"),
    _edge("Google Cloud load balancer", {"via": r"^1\.1 google$"}),
    _edge("Sucuri", {"x-sucuri-id": r"."}, "sucuri.net"),
    _edge("Imperva", {"x-iinfo": r".", "x-cdn": r"^(imperva|incapsula)"}, "incapdns.net impervadns.net"),
    _edge("KeyCDN", {"server": r"^keycdn"}, "kxcdn.com"),
    _edge("Gcore", {"server": r"^gcore"}, "gcdn.co"),
    _both("Vercel", {"x-vercel-id": r".", "server": r"^vercel"}, "vercel-dns.com vercel.app now.sh", "76.76.21.0/24"),
    _both("Netlify", {"x-nf-request-id": r".", "server": r"^netlify"}, "netlify.app netlify.com netlifyglobalcdn.com"),
    _both("Cloudflare Pages", {}, "pages.dev workers.dev"),
    _both("GitHub Pages", {"server": r"^github\.com", "x-github-request-id": r"."}, "github.io"),
    _both("Surge", {}, "surge.sh"),
    _both("Shopify", {"x-shopid": r".", "x-shopify-stage": r"."}, "myshopify.com"),
    _both("Squarespace", {"server": r"^squarespace"}, "squarespace.com"),
    _both("Webflow", {"x-wf-region": r"."}, "webflow.com webflow.io"),
    _both("Wix", {"x-wix-request-id": r"."}, "wixdns.net wixsite.com"),
    _both("WP Engine", {"x-powered-by": r"wp engine"}, "wpengine.com"),
    _platform("Render", {"x-render-origin-server": r".", "rndr-id": r"."}, "onrender.com", "216.24.57.0/24"),
    _platform("Fly.io", {"fly-request-id": r".", "server": r"^fly/"}, "fly.dev flydns.net"),
    _platform(
        "Heroku",
        {"via": r"vegur|heroku-router", "server": r"^heroku", "report-to": r"heroku"},
        "herokuapp.com herokudns.com herokussl.com",
    ),
    _platform("Railway", {"x-railway-request-id": r".", "server": r"^railway"}, "up.railway.app railway.app"),
    _platform("DigitalOcean App Platform", {"x-do-app-origin": r"."}, "ondigitalocean.app"),
    _platform("Google Cloud Run", {"server": r"^google frontend"}, "run.app ghs.googlehosted.com appspot.com"),
    _platform("Azure App Service", {}, "azurewebsites.net azurestaticapps.net"),
    _platform("AWS load balancer", {"server": r"^awselb"}, "elb.amazonaws.com"),
    _platform("AWS Elastic Beanstalk", {}, "elasticbeanstalk.com"),
    _platform("AWS App Runner", {}, "awsapprunner.com"),
    _platform("Amazon S3 website", {"server": r"^amazons3"}, "s3.amazonaws.com s3-website.amazonaws.com"),
    _platform("PythonAnywhere", {"server": r"^pythonanywhere"}, "pythonanywhere.com"),
    _platform("Platform.sh", {"x-platform-server": r"."}, "platformsh.site platform.sh"),
    _platform("Scalingo", {}, "scalingo.io osc-fr1.scalingo.io"),
    _platform("Clever Cloud", {"sozu-id": r"."}, "cleverapps.io clever-cloud.com"),
    _platform("Bubble", {"x-bubble-perf": r"."}, "bubbleapps.io"),
    _platform("Replit", {"replit-cluster": r"."}, "replit.app repl.co"),
)

NAME_SERVERS = {
    "cloudflare.com": "Cloudflare",
    "googledomains.com": "Google Cloud DNS",
    "google.com": "Google Cloud DNS",
    "digitalocean.com": "DigitalOcean",
    "dnsimple.com": "DNSimple",
    "dnsimple-edge.net": "DNSimple",
    "gandi.net": "Gandi",
    "registrar-servers.com": "Namecheap",
    "domaincontrol.com": "GoDaddy",
    "hetzner.com": "Hetzner",
    "hetzner.de": "Hetzner",
    "first-ns.de": "Hetzner",
    "second-ns.de": "Hetzner",
    "ovh.net": "OVHcloud",
    "anycast.me": "OVHcloud",
    "ui-dns.com": "IONOS",
    "ui-dns.org": "IONOS",
    "ui-dns.de": "IONOS",
    "ui-dns.biz": "IONOS",
    "nsone.net": "NS1",
    "vercel-dns.com": "Vercel",
    "porkbun.com": "Porkbun",
    "hover.com": "Hover",
    "squarespacedns.com": "Squarespace",
    "wixdns.net": "Wix",
    "ultradns.net": "UltraDNS",
    "ultradns.com": "UltraDNS",
    "dnsmadeeasy.com": "DNS Made Easy",
    "easydns.com": "easyDNS",
    "desec.io": "deSEC",
    "desec.org": "deSEC",
    "bunny.net": "Bunny",
    "linode.com": "Linode",
    "vultr.com": "Vultr",
    "akam.net": "Akamai",
    "infomaniak.ch": "Infomaniak",
    "infomaniak.com": "Infomaniak",
    "rzone.de": "Strato",
    "inwx.de": "INWX",
    "one.com": "one.com",
    "transip.net": "TransIP",
    "transip.nl": "TransIP",
    "loopia.se": "Loopia",
    "simply.com": "Simply.com",
    "cloudns.net": "ClouDNS",
    "dynect.net": "Oracle Dyn",
    "name.com": "Name.com",
    "dreamhost.com": "DreamHost",
    "wordpress.com": "WordPress.com",
    "he.net": "Hurricane Electric",
    "worldnic.com": "Network Solutions",
    "dns-parking.com": "Hostinger",
    "zoneedit.com": "ZoneEdit",
}
"""Ends of name servers' names, and who runs them."""

MAIL_EXCHANGERS = {
    "google.com": "Google Workspace",
    "googlemail.com": "Google Workspace",
    "outlook.com": "Microsoft 365",
    "zoho.com": "Zoho Mail",
    "zoho.eu": "Zoho Mail",
    "messagingengine.com": "Fastmail",
    "protonmail.ch": "Proton Mail",
    "icloud.com": "iCloud Mail",
    "mimecast.com": "Mimecast",
    "pphosted.com": "Proofpoint",
    "ppe-hosted.com": "Proofpoint",
    "mailgun.org": "Mailgun",
    "sendgrid.net": "SendGrid",
    "postmarkapp.com": "Postmark",
    "amazonaws.com": "Amazon SES",
    "yandex.net": "Yandex Mail",
    "emailsrvr.com": "Rackspace",
    "migadu.com": "Migadu",
    "mailbox.org": "mailbox.org",
    "your-server.de": "Hetzner",
    "ovh.net": "OVHcloud",
    "kundenserver.de": "IONOS",
    "ionos.com": "IONOS",
    "gandi.net": "Gandi",
    "titan.email": "Titan",
    "privateemail.com": "Namecheap",
    "improvmx.com": "ImprovMX",
    "forwardemail.net": "Forward Email",
    "mx.cloudflare.net": "Cloudflare Email Routing",
    "barracudanetworks.com": "Barracuda",
    "mxroute.com": "MXroute",
    "secureserver.net": "GoDaddy",
    "infomaniak.ch": "Infomaniak",
    "hostinger.com": "Hostinger",
}
"""Ends of mail exchangers' names, and who runs them."""
