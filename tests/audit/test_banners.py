"""Versions in headers are found; names, protocol numbers and constants of services are not versions."""

from __future__ import annotations

import pytest

from launchready.audit.banners import banners_of
from launchready.lab.faults.pages import API, APP, WWW
from launchready.lab.healthy import DOMAIN
from launchready.lab.world import Trouble, both, response_headers, site
from launchready.model import Status
from launchready.probes.http import Page


def named(header: str, value: str) -> list[str]:
    return [banner.product for banner in banners_of(Page("https://x.example/", 200, ((header, value),), b""))]


@pytest.mark.parametrize(
    ("header", "value", "product"),
    [
        ("server", "nginx/1.18.0 (Ubuntu)", "nginx"),
        ("server", "Apache/2.4.41 (Ubuntu)", "apache"),
        ("server", "Microsoft-IIS/10.0", "microsoft-iis"),
        ("server", "Werkzeug/2.0.1 Python/3.8.10", "werkzeug"),
        ("server", "Jetty(9.4.43.v20210629)", "jetty"),
        ("x-powered-by", "PHP/8.1.2-1ubuntu2.14", "php"),
        ("x-aspnet-version", "4.0.30319", "asp.net"),
        ("x-generator", "Joomla 4.2.7", "joomla"),
        ("via", "1.1 varnish (Varnish/6.0)", "varnish"),
        ("via", "1.1 edge, http/1.1 rs (ApacheTrafficServer/9.1)", "apachetrafficserver"),
    ],
)
def test_a_version_is_found(header: str, value: str, product: str) -> None:
    assert named(header, value) == [product]


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("server", "nginx"),
        ("server", "cloudflare"),
        ("server", "awselb/2.0"),
        ("server", "ECS (dcb/7F3B)"),
        ("server", "Apache/2"),
        ("server", ""),
        ("x-powered-by", "Express"),
        ("x-powered-by", "ASP.NET"),
        ("x-powered-by", "Next.js"),
        ("x-generator", "Drupal 10 (https://www.drupal.org)"),
        ("via", "1.1 varnish"),
        ("via", "2.0 abc123.cloudfront.net (CloudFront)"),
        ("via", "HTTP/1.1 proxy, 1.0 other"),
        ("x-runtime", "0.0241"),
    ],
)
def test_what_is_no_version_is_fine(header: str, value: str) -> None:
    assert named(header, value) == []


async def test_one_version_on_all_hosts_is_one_finding_with_the_line_to_write(judge) -> None:
    change = both(*(response_headers(host, put={"Server": "nginx/1.18.0"}) for host in (WWW, APP, API)))

    (finding,) = (await judge("http.banners", change)).findings

    assert (finding.subject, finding.paste) == (DOMAIN, "server_tokens off;")


async def test_a_hostile_banner_is_cut(judge) -> None:
    change = response_headers(WWW, put={"Server": "evil/1.2.3 <script>" + "x" * 5000})

    (finding,) = (await judge("http.banners", change)).findings

    assert len(finding.evidence) < 300


async def test_a_host_that_does_not_answer_is_not_checked(judge) -> None:
    assert (await judge("http.banners", site(WWW, trouble=Trouble.GARBAGE))).status is Status.NOT_CHECKED
