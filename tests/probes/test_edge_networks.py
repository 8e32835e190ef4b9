"""An edge is recognised by its addresses, by headers it alone adds, or by an alias; by nothing else."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from launchready.probes.edge_networks import EDGES, edge_answering, edge_at, edge_of_alias, front

CLOUDFLARE = (("server", "cloudflare"), ("cf-ray", "8f2c1b0a9d3e4f56-FRA"))


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("104.16.0.1", "Cloudflare"),
        ("172.71.255.255", "Cloudflare"),
        ("2606:4700::1", "Cloudflare"),
        ("151.101.1.1", "Fastly"),
        ("2a04:4e42::81", "Fastly"),
        ("13.32.0.1", "Amazon CloudFront"),
        ("2600:9000:2000::1", "Amazon CloudFront"),
        ("45.60.1.1", "Imperva"),
        ("192.124.249.1", ""),
        ("192.88.134.7", "Sucuri"),
        ("216.24.57.1", "Render"),
        ("185.199.108.153", "GitHub Pages"),
        ("104.32.0.1", ""),
        ("172.72.0.1", ""),
        ("192.88.99.10", ""),
        ("2606:4701::1", ""),
        ("", ""),
        ("not an address", ""),
    ],
)
def test_whose_an_address_is(address: str, name: str) -> None:
    found = edge_at(address)

    assert (found.name if found else "") == name


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        (CLOUDFLARE, "Cloudflare"),
        ((("Server", "cloudflare"), ("CF-Ray", "8f2c1b0a9d3e4f56-FRA")), "Cloudflare"),
        ((("x-served-by", "cache-fra-etou8220123-FRA"), ("x-timer", "S1763999999.123456,VS0,VE1")), "Fastly"),
        ((("via", "1.1 0a1b2c.cloudfront.net (CloudFront)"),), "Amazon CloudFront"),
        ((("x-vercel-id", "fra1::iad1::x7k2p-1763999999-0a1b"), ("server", "Vercel")), "Vercel"),
        ((*CLOUDFLARE, ("rndr-id", "0a1b2c3d-4e5f")), "Render"),
        ((("via", "1.1 heroku-router"),), "Heroku"),
        ((("server", "BunnyCDN-DE1-1082"),), "Bunny"),
        ((("via", "1.1 google"),), "Google Cloud load balancer"),
        # What is said about an edge is no edge.
        ((("server", "cloudflare"),), ""),
        ((("cf-ray", "8f2c1b0a9d3e4f56-FRA"),), ""),
        ((("server", "cloudflare"), ("cf-ray", "garbage")), ""),
        ((("content-security-policy", "script-src https://cdnjs.cloudflare.com"),), ""),
        ((("x-served-by", "cache-1"),), ""),
        ((("via", "1.1 varnish"), ("x-cache", "HIT")), ""),
        ((("x-cache", "Hit from somewhere"),), ""),
        ((("server", "nginx"),), ""),
        ((("set-cookie", "__cf_bm=abc; Path=/"),), ""),
        ((), ""),
    ],
)
def test_who_adds_headers_such_as_these(headers: tuple[tuple[str, str], ...], name: str) -> None:
    found = edge_answering(headers)

    assert (found.name if found else "") == name


def test_an_address_decides_before_an_answer() -> None:
    found = front("104.16.0.1", (("rndr-id", "0a1b2c3d"),))

    assert found is not None
    assert (found.edge.name, found.by) == ("Cloudflare", "address")


def test_an_answer_from_an_unpublished_address_is_named_as_such() -> None:
    assert str(front("198.51.100.1", CLOUDFLARE)) == "Cloudflare (by answer)"
    assert str(front("104.16.0.1", CLOUDFLARE)) == "Cloudflare (by address and answer)"
    assert "platform Vercel" in str(front("76.76.21.21", (("x-vercel-id", "fra1::x"),)))


@pytest.mark.parametrize(
    ("alias", "name"),
    [("d111.cloudfront.net.", "Amazon CloudFront"), ("portal.ONRENDER.com", "Render"), ("notfastly.net", "")],
)
def test_whose_customer_an_alias_is(alias: str, name: str) -> None:
    found = edge_of_alias((alias,))

    assert (found.name if found else "") == name


def test_every_block_is_one_and_says_where_it_comes_from() -> None:
    for edge in EDGES:
        assert bool(edge.networks) == bool(edge.published), edge.name
        assert bool(edge.protects) == bool(edge.source), edge.name
        for block in edge.networks.split():
            assert str(ip_network(block)) == block
