"""Who stands in front of a site: edges and platforms as data, told by address, by answer and by alias.

An address in a vendor's published list is the vendor's whatever the answer says. Without such a list the answer
decides, by headers a vendor alone adds, and more than one of them where one is copied easily: an edge named in a
policy, a cookie or the page's text proves nothing. Nothing is concluded about a vendor that is not listed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Edge:
    """A vendor whose servers take requests before the site's own do."""

    name: str
    signs: tuple[tuple[tuple[str, str], ...], ...]
    """Sets of (header, regular expression); one whole set of them proves the vendor."""
    networks: str = ""
    """Blocks the vendor publishes as those of its customers' sites, separated by blanks."""
    published: str = ""
    """Where it publishes them, and when they were read."""
    targets: tuple[str, ...] = ()
    """Ends of the names its customers' aliases lead to."""
    platform: bool = False
    """It runs the application as well: its edge is what every customer gets, with few settings of one's own."""
    protects: str = ""
    """What is on against DDoS for every customer, by the vendor's own words; empty where it does not say."""
    source: str = ""
    """Where the vendor says so."""


@dataclass(frozen=True, slots=True)
class Front:
    """An edge in front of an address, and what it was recognised by."""

    edge: Edge
    by: str

    def __str__(self) -> str:
        kind = "the edge of the platform " if self.edge.platform else ""
        return f"{kind}{self.edge.name} (by {self.by})"


def front(address: str, headers: Headers = (), aliases: Iterable[str] = ()) -> Front | None:
    """What stands in front of an address, by everything that is known of it; None when nothing known does."""
    by_address, by_answer = edge_at(address), edge_answering(headers)
    if by_address:
        answers_too = by_answer is not None and by_answer.name == by_address.name
        return Front(by_address, "address and answer" if answers_too else "address")
    if by_answer:
        return Front(by_answer, "answer")
    by_alias = edge_of_alias(aliases)
    return Front(by_alias, "the name its record leads to") if by_alias else None


@lru_cache(maxsize=1024)
def edge_at(address: str) -> Edge | None:
    """Whose published block an address is in; None for what is no address too."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    return next((edge for edge, block in _blocks() if parsed.version == block.version and parsed in block), None)


def edge_answering(headers: Headers) -> Edge | None:
    """Who adds headers such as these; platforms first, for some stand behind another's edge as its customers."""
    sent: dict[str, list[str]] = {}
    for name, value in headers:
        sent.setdefault(name.lower(), []).append(value[:500])
    return next((edge for edge in _BY_SIGN if any(_shows(sent, signs) for signs in edge.signs)), None)


def edge_of_alias(names: Iterable[str]) -> Edge | None:
    """Whose customer a name is that is an alias of these."""
    ends = [name.lower().rstrip(".") for name in names]
    return next((e for e in EDGES for end in ends if any(end == t or end.endswith(f".{t}") for t in e.targets)), None)


def _shows(sent: dict[str, list[str]], signs: tuple[tuple[str, str], ...]) -> bool:
    return all(any(re.search(p, value, re.IGNORECASE) for value in sent.get(name, ())) for name, p in signs)


@lru_cache(maxsize=1)
def _blocks() -> tuple[tuple[Edge, IPv4Network | IPv6Network], ...]:
    return tuple((edge, ip_network(block)) for edge in EDGES for block in edge.networks.split())


_CLOUDFLARE = """
173.245.48.0/20 103.21.244.0/22 103.22.200.0/22 103.31.4.0/22 141.101.64.0/18 108.162.192.0/18 190.93.240.0/20
188.114.96.0/20 197.234.240.0/22 198.41.128.0/17 162.158.0.0/15 104.16.0.0/13 104.24.0.0/14 172.64.0.0/13
131.0.72.0/22 2400:cb00::/32 2606:4700::/32 2803:f800::/32 2405:b500::/32 2405:8100::/32 2a06:98c0::/29
2c0f:f248::/32
"""
_FASTLY = """
23.235.32.0/20 43.249.72.0/22 103.244.50.0/24 103.245.222.0/23 103.245.224.0/24 104.156.80.0/20 140.248.64.0/18
140.248.128.0/17 146.75.0.0/17 151.101.0.0/16 157.52.64.0/18 167.82.0.0/17 167.82.128.0/20 167.82.160.0/20
167.82.224.0/20 172.111.64.0/18 185.31.16.0/22 199.27.72.0/21 199.232.0.0/16 2a04:4e40::/32 2a04:4e42::/32
"""
_CLOUDFRONT = """
3.10.17.128/25 3.11.53.0/24 3.29.40.64/26 3.29.40.128/25 3.29.57.0/26 3.35.130.128/25 3.101.158.0/23 3.107.43.128/25
3.107.44.0/24 3.128.93.0/24 3.134.215.0/24 3.146.232.0/22 3.147.164.0/22 3.147.244.0/22 3.160.0.0/13 3.168.0.0/14
3.172.0.0/17 3.173.0.0/16 3.174.0.0/15 3.231.2.0/25 3.234.232.224/27 3.236.48.0/23 3.236.169.192/26 13.32.0.0/15
13.35.0.0/16 13.54.63.128/26 13.59.250.0/26 13.113.196.64/26 13.113.203.0/24 13.124.199.0/24 13.134.24.0/23
13.134.94.0/23 13.203.133.0/26 13.210.67.128/26 13.224.0.0/14 13.228.69.0/24 13.233.177.192/26 13.249.0.0/16
15.158.0.0/16 15.188.184.0/24 15.207.13.128/25 15.207.213.128/25 18.64.0.0/14 18.68.0.0/16 18.154.0.0/15
18.160.0.0/15 18.164.0.0/15 18.172.0.0/15 18.175.65.0/24 18.175.66.0/23 18.192.142.0/23 18.199.68.0/22
18.199.72.0/21 18.200.212.0/23 18.216.170.128/25 18.229.220.192/26 18.230.229.0/24 18.230.230.0/25 18.238.0.0/15
18.244.0.0/15 23.91.0.0/19 23.228.212.0/23 23.228.214.0/24 23.228.220.0/22 23.228.244.0/24 23.228.246.0/23
23.228.248.0/22 23.234.192.0/18 24.110.32.0/19 24.110.128.0/17 34.195.252.0/24 34.216.51.0/25 34.223.12.224/27
34.223.80.192/26 34.226.14.0/24 35.93.168.0/22 35.93.172.0/23 35.158.136.0/24 35.162.63.192/26 35.167.191.128/26
36.103.232.0/25 36.103.232.128/26 43.218.56.64/26 43.218.56.128/25 43.218.71.0/26 44.220.194.0/23 44.220.196.0/22
44.220.200.0/22 44.222.66.0/24 44.227.178.0/24 44.234.90.252/30 44.234.108.128/25 47.129.82.0/23 47.129.84.0/24
51.44.234.0/23 51.44.236.0/22 51.74.20.0/23 51.74.22.0/24 51.74.192.0/18 52.15.127.128/26 52.46.0.0/18
52.47.139.0/24 52.52.191.128/26 52.56.127.0/25 52.57.254.0/24 52.66.194.128/26 52.78.247.128/26 52.82.128.0/19
52.84.0.0/15 52.124.128.0/17 52.199.127.192/26 52.212.248.0/26 52.220.191.0/26 52.222.128.0/17 54.182.0.0/16
54.192.0.0/16 54.230.0.0/17 54.230.128.0/18 54.230.200.0/21 54.230.208.0/20 54.230.224.0/19 54.233.255.128/26
54.239.128.0/18 54.239.192.0/19 54.240.128.0/18 56.125.46.0/24 56.125.47.0/32 56.125.48.0/24 57.182.253.0/24
57.183.42.0/25 58.254.138.0/25 58.254.138.128/26 64.252.64.0/18 64.252.128.0/18 65.8.0.0/16 65.9.0.0/17
65.9.128.0/18 70.132.0.0/18 71.152.0.0/17 99.79.169.0/24 99.84.0.0/16 99.86.0.0/16 108.138.0.0/15 108.156.0.0/14
111.13.171.128/25 111.13.185.32/27 111.13.185.64/27 116.129.226.0/25 116.129.226.128/26 118.193.97.64/26
118.193.97.128/25 119.147.182.0/25 119.147.182.128/26 120.52.12.64/26 120.52.22.96/27 120.52.39.128/27
120.52.153.192/26 120.232.236.0/25 120.232.236.128/26 120.253.240.192/26 120.253.241.160/27 120.253.245.128/26
120.253.245.192/27 130.176.0.0/17 130.176.128.0/18 130.176.192.0/19 130.176.224.0/20 143.204.0.0/16 144.220.0.0/16
180.163.57.0/25 180.163.57.128/26 204.246.164.0/22 204.246.168.0/21 204.246.176.0/20 205.251.202.0/23
205.251.204.0/22 205.251.208.0/20 205.251.249.0/24 205.251.250.0/23 205.251.252.0/23 205.251.254.0/24
216.137.32.0/19 2001:3fc6:4::/47 2001:3fc6:20::/43 2400:7fc0:500::/40 2404:c2c0:500::/40 2409:8c00:2421:300::/56
2409:8c00:2421:400::/56 2600:9000:ddd::/48 2600:9000:eee::/48 2600:9000:fff::/48 2600:9000:1000::/36
2600:9000:2000::/35 2600:9000:4000::/36 2600:9000:5200::/40 2600:9000:5308::/45 2600:9000:5310::/44
2600:9000:5320::/43 2600:9000:5340::/42 2600:9000:5380::/41 2600:9000:6000::/36 2600:9000:f000::/38
2600:9000:f400::/40 2600:9000:f500::/43 2600:9000:f520::/44 2600:9000:f534::/46 2600:9000:f538::/45
2600:9000:f540::/42 2600:9000:f580::/41 2600:9000:f600::/39 2600:9000:f800::/37 2600:f0f0:601::/48
2600:f0f0:602::/47 2600:f0f0:5504::/46
"""
_IMPERVA = """
199.83.128.0/21 198.143.32.0/19 149.126.72.0/21 103.28.248.0/22 185.11.124.0/22 192.230.64.0/18 45.64.64.0/22
107.154.0.0/16 45.60.0.0/16 45.223.0.0/16 131.125.128.0/17 2a02:e980::/29
"""
_SUCURI = "185.93.228.0/22 192.88.134.0/23 66.248.200.0/22 208.109.0.0/22 2a02:fe80::/29"
_READ = "as lists of it had it in November 2026"

EDGES = (
    Edge(
        "Cloudflare",
        ((("server", r"^cloudflare$"), ("cf-ray", r"^[0-9a-f]{16}-[A-Z]{3}$")),),
        _CLOUDFLARE,
        f"https://www.cloudflare.com/ips/, {_READ}",
        ("cdn.cloudflare.net",),
        protects="protection against network and HTTP floods is always on, on every plan",
        source="https://developers.cloudflare.com/ddos-protection/managed-rulesets/http/",
    ),
    Edge(
        "Fastly",
        ((("x-served-by", r"^cache-[a-z]{3}"), ("x-timer", r"^S\d{6}")), (("x-fastly-request-id", r"^[0-9a-f]{16}"),)),
        _FASTLY,
        f"https://api.fastly.com/public-ip-list, {_READ}",
        ("fastly.net", "fastlylb.net"),
        protects="network floods are absorbed; the product against HTTP floods is ordered for each service",
        source="https://www.fastly.com/documentation/guides/security/ddos-protection/",
    ),
    Edge(
        "Amazon CloudFront",
        ((("x-amz-cf-id", r"."), ("x-amz-cf-pop", r"^[A-Z]{3}\d")), (("via", r"\.cloudfront\.net \(cloudfront\)"),)),
        _CLOUDFRONT,
        "https://ip-ranges.amazonaws.com/ip-ranges.json, service CLOUDFRONT, of October 2026",
        ("cloudfront.net",),
        protects="AWS Shield Standard is on against network floods; against HTTP floods there is AWS WAF, to be added",
        source="https://docs.aws.amazon.com/waf/latest/developerguide/ddos-standard-summary.html",
    ),
    Edge(
        "Akamai",
        ((("server", r"^AkamaiGHost"),), (("akamai-grn", r"."),), (("x-akamai-transformed", r"."),)),
        targets=("edgekey.net", "edgesuite.net", "akamaiedge.net", "akamai.net"),
    ),
    Edge(
        "Azure Front Door",
        ((("x-azure-ref", r"."),),),
        targets=("azurefd.net", "azureedge.net", "t-msedge.net"),
        protects="network floods are absorbed; rules against HTTP floods are to be added",
        source="https://learn.microsoft.com/azure/frontdoor/front-door-ddos",
    ),
    Edge(
        "Google Cloud load balancer",
        ((("via", r"^1\.1 google$"),),),
        protects="Cloud Armor Standard is on against network floods; rules against HTTP floods are to be added",
        source="https://docs.cloud.google.com/armor/docs/common-use-cases",
    ),
    Edge(
        "Imperva",
        ((("x-iinfo", r"."), ("x-cdn", r"^(?:imperva|incapsula)")),),
        _IMPERVA,
        f"https://my.imperva.com/api/integration/v1/ips, {_READ}",
        ("incapdns.net", "impervadns.net"),
        protects="DDoS protection is what the service is for",
        source="https://docs.imperva.com/",
    ),
    Edge(
        "Sucuri",
        ((("x-sucuri-id", r"."),),),
        _SUCURI,
        f"https://docs.sucuri.net/, {_READ}",
        ("sucuri.net",),
        protects="DDoS protection is what the service is for",
        source="https://docs.sucuri.net/website-firewall/",
    ),
    Edge(
        "DDoS-Guard",
        ((("server", r"^ddos-guard$"),),),
        protects="DDoS protection is what the service is for",
        source="https://ddos-guard.net/",
    ),
    Edge(
        "Bunny",
        ((("server", r"^BunnyCDN-"),),),
        targets=("b-cdn.net",),
        protects="network floods are absorbed; Bunny Shield against HTTP floods is switched on for each pull zone",
        source="https://docs.bunny.net/shield/ddos",
    ),
    Edge("KeyCDN", ((("server", r"^keycdn-engine"),),), targets=("kxcdn.com",)),
    Edge("CDN77", ((("server", r"^CDN77"),),), targets=("cdn77.org", "cdn77.net")),
    Edge("Gcore", ((("server", r"^gcore"),),), targets=("gcdn.co",)),
    Edge(
        "Vercel",
        ((("x-vercel-id", r"^[a-z]{3}\d"),),),
        targets=("vercel-dns.com", "vercel.app", "now.sh"),
        platform=True,
        protects="DDoS mitigation is on for every project",
        source="https://vercel.com/docs/cdn-security",
    ),
    Edge(
        "Render",
        ((("x-render-origin-server", r"."),), (("rndr-id", r"."),)),
        "216.24.57.0/24",
        f"https://render.com/docs/configure-other-dns, {_READ}",
        ("onrender.com",),
        platform=True,
        protects="DDoS protection is on for every web service",
        source="https://render.com/docs/ddos-protection",
    ),
    Edge("Netlify", ((("x-nf-request-id", r"."),),), targets=("netlify.app", "netlifyglobalcdn.com"), platform=True),
    Edge("Fly.io", ((("fly-request-id", r"."),),), targets=("fly.dev", "flydns.net"), platform=True),
    Edge(
        "Heroku",
        ((("via", r"\bheroku-router\b"),), (("via", r"^1\.1 vegur$"),)),
        targets=("herokuapp.com", "herokudns.com"),
        platform=True,
    ),
    Edge(
        "Railway",
        ((("server", r"^railway-edge"),), (("x-railway-request-id", r"."),)),
        targets=("railway.app",),
        platform=True,
    ),
    Edge(
        "DigitalOcean App Platform",
        ((("x-do-app-origin", r"."),),),
        targets=("ondigitalocean.app",),
        platform=True,
    ),
    Edge(
        "GitHub Pages",
        ((("server", r"^github\.com$"), ("x-github-request-id", r".")),),
        "185.199.108.0/22 2606:50c0:8000::/46",
        f"https://api.github.com/meta, pages, {_READ}",
        ("github.io",),
        platform=True,
    ),
)
_BY_SIGN = tuple(sorted(EDGES, key=lambda edge: not edge.platform))
