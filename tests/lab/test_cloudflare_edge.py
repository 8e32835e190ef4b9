"""What the lab's Cloudflare is told is done to each request at its edge: real handshakes, real requests."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from launchready.lab.authority import Authority
from launchready.lab.cloudflare.state import EDGE
from launchready.lab.healthy import DOMAIN, HTML, ORIGIN
from launchready.lab.lab import Lab
from launchready.lab.world import (
    Issuer,
    Response,
    Route,
    Site,
    Trouble,
    add_site,
    certificate,
    records,
    response_headers,
    route,
    site,
)
from launchready.probes.failures import Failure, TlsFailed
from launchready.probes.http import Page
from launchready.probes.tls import Handshake

from .cloudflare_client import ask, lab_with, visit

WWW, APP = f"www.{DOMAIN}", f"app.{DOMAIN}"
BROWSER = {"accept": "text/html", "accept-encoding": "identity"}


async def set_to(lab: Lab, id: str, value: Any) -> None:
    answer = await ask(lab, "PATCH", f"zones/{{zone}}/settings/{id}", json={"value": value})
    assert answer.status_code == 200, answer.text


async def rules(lab: Lab, phase: str, *given: dict[str, Any]) -> None:
    path = f"zones/{{zone}}/rulesets/phases/{phase}/entrypoint"
    answer = await ask(lab, "PUT", path, json={"rules": list(given)})
    assert answer.status_code == 200, answer.text


async def get(lab: Lab, url: str, **headers: str) -> httpx.Response:
    return await visit(lab, url, headers={**BROWSER, **{k.replace("_", "-"): v for k, v in headers.items()}})


@asynccontextmanager
async def looking(lab: Lab) -> AsyncIterator[Any]:
    look = lab.look()
    try:
        yield look
    finally:
        await look.close()


def asked_of_origin(lab: Lab, url: str) -> int:
    return sum(
        n for (kind, *rest), n in lab.counts.items() if kind == "get" and rest[0] == url and rest[1] == ORIGIN[0]
    )


async def test_a_proxied_host_is_found_at_the_edge_over_both_families(authority: Authority) -> None:
    async with lab_with(authority) as lab, looking(lab) as look:
        for address in EDGE:
            page = await look.http.get(f"https://{WWW}/", address=address)
            assert isinstance(page, Page), page
            assert (page.status, page.header("Server")) == (200, "cloudflare")
            assert page.header("CF-RAY")
            handshake = await look.tls.handshake(WWW, address)
            assert isinstance(handshake, Handshake)
            assert handshake.leaf.subject.rfc4514_string() == f"CN={DOMAIN}"
        direct = await look.http.get(f"https://{WWW}/", address=ORIGIN[0])
        assert isinstance(direct, Page)
        assert direct.header("CF-RAY") is None, "the origin can be reached around the edge"


async def test_universal_ssl_reaches_one_label_down(authority: Authority) -> None:
    deep = ({"type": "A", "name": "a.b", "content": ORIGIN[0], "ttl": 1, "proxied": True},)
    async with lab_with(authority, records=deep) as lab, looking(lab) as look:
        assert isinstance(await look.tls.handshake(f"anything.{DOMAIN}", EDGE[0]), Handshake)
        for host in (f"a.b.{DOMAIN}", "other.example"):
            assert isinstance(await look.tls.handshake(host, EDGE[0]), TlsFailed)


async def test_a_host_that_is_not_proxied_is_not_served(authority: Authority) -> None:
    async with lab_with(authority, proxied=("www",)) as lab:
        assert (await get(lab, f"https://{APP}/")).status_code == 409
        record = lab.cloudflare.record(f"app.{DOMAIN}", "A")
        body = {"name": APP, "type": "A", "ttl": 1, "content": ORIGIN[0], "proxied": True}
        await ask(lab, "PATCH", f"zones/{{zone}}/dns_records/{record.id}", json=body)
        assert (await get(lab, f"https://{APP}/")).status_code == 200


async def test_the_versions_of_tls_are_those_of_this_moment(authority: Authority) -> None:
    async def version(lab: Lab, **wanted: Any) -> str | None:
        async with looking(lab) as look:
            found = await look.tls.handshake(WWW, EDGE[0], **wanted)
            return found.version if isinstance(found, Handshake) else None

    async with lab_with(authority) as lab:
        assert await version(lab) == "TLSv1.3"
        assert await version(lab, version=ssl.TLSVersion.TLSv1_1) == "TLSv1.1"
        await set_to(lab, "min_tls_version", "1.2")
        assert await version(lab, version=ssl.TLSVersion.TLSv1_1) is None
        await set_to(lab, "tls_1_3", "off")
        assert await version(lab) == "TLSv1.2"


async def test_always_https_and_hsts_do_what_they_say(authority: Authority) -> None:
    plain = route(WWW, "*", Response(200, (HTML,), "plain"), plain=True)
    bare = response_headers(WWW, put={"Strict-Transport-Security": None})
    async with lab_with(authority, plain, bare) as lab:
        assert (await get(lab, f"http://{WWW}/a?b=1")).text == "plain"
        assert "strict-transport-security" not in (await get(lab, f"https://{WWW}/")).headers
        await set_to(lab, "always_use_https", "on")
        moved = await get(lab, f"http://{WWW}/a?b=1")
        assert (moved.status_code, moved.headers["location"]) == (301, f"https://{WWW}/a?b=1")
        hsts = {"enabled": True, "max_age": 300, "include_subdomains": True, "nosniff": True}
        await set_to(lab, "security_header", {"strict_transport_security": hsts})
        page = await get(lab, f"https://{WWW}/")
        assert page.headers["strict-transport-security"] == "max-age=300; includeSubDomains"
        assert "strict-transport-security" not in (await get(lab, f"http://{WWW}/")).headers


async def test_redirect_rules_lead_to_the_canonical_url(authority: Authority) -> None:
    target = {"expression": f'concat("https://{WWW}", http.request.uri.path)'}
    rule = {
        "action": "redirect",
        "expression": f'http.host eq "{DOMAIN}"',
        "action_parameters": {"from_value": {"status_code": 308, "target_url": target, "preserve_query_string": True}},
    }
    async with lab_with(authority) as lab:
        await rules(lab, "http_request_dynamic_redirect", rule)
        moved = await get(lab, f"https://{DOMAIN}/invoices?year=2026")
        assert (moved.status_code, moved.headers["location"]) == (308, f"https://{WWW}/invoices?year=2026")
        assert asked_of_origin(lab, f"https://{DOMAIN}/invoices?year=2026") == 0
        await rules(lab, "http_request_dynamic_redirect", {**rule, "enabled": False})
        assert (await get(lab, f"https://{DOMAIN}/invoices")).status_code == 301, "the origin's own"


CSS = f"https://{WWW}/static/site.css"


async def status_of(lab: Lab, url: str, **headers: str) -> str:
    return (await get(lab, url, **headers)).headers["cf-cache-status"]


async def test_static_files_are_kept_and_pages_are_not(authority: Authority) -> None:
    async with lab_with(authority) as lab:
        now = 1000.0
        lab.cloudflare.clock = lambda: now
        assert [await status_of(lab, CSS) for _ in range(2)] == ["MISS", "HIT"]
        assert asked_of_origin(lab, CSS) == 1
        assert [await status_of(lab, f"https://{WWW}/") for _ in range(2)] == ["DYNAMIC", "DYNAMIC"]
        now += 5000
        held = await get(lab, CSS)
        assert (held.headers["cf-cache-status"], held.headers["age"]) == ("HIT", "5000")
        now += 10_000
        assert await status_of(lab, CSS) == "EXPIRED", "its max-age is 14400"


@pytest.mark.parametrize(
    ("headers", "statuses"),
    [
        ({"Cache-Control": "private, no-store"}, ["BYPASS", "BYPASS"]),
        ({"Cache-Control": "no-cache"}, ["BYPASS", "BYPASS"]),
        ({"Cache-Control": "max-age=0"}, ["BYPASS", "BYPASS"]),
        ({"Cache-Control": None}, ["MISS", "HIT"]),
        ({"Set-Cookie": "session=1"}, ["BYPASS", "BYPASS"]),
        ({"Cache-Control": "max-age=0, s-maxage=60"}, ["MISS", "HIT"]),
    ],
)
async def test_what_the_origin_says_of_a_static_file_is_kept_to(
    authority: Authority, headers: dict[str, str | None], statuses: list[str]
) -> None:
    async with lab_with(authority, response_headers(WWW, put=headers, path="/static/site.css")) as lab:
        assert [await status_of(lab, CSS) for _ in range(2)] == statuses


async def test_cache_rules_can_keep_a_page_and_even_one_with_a_cookie(authority: Authority) -> None:
    everything = {"action": "set_cache_settings", "expression": f'http.host eq "{APP}"'}
    eligible = {**everything, "action_parameters": {"cache": True}}
    forced = {
        **everything,
        "action_parameters": {"cache": True, "edge_ttl": {"mode": "override_origin", "default": 3600}},
    }
    never = {
        "action": "set_cache_settings",
        "expression": 'http.cookie contains "session="',
        "action_parameters": {"cache": False},
    }
    url = f"https://{APP}/"
    async with lab_with(authority) as lab:
        await rules(lab, "http_request_cache_settings", eligible)
        page = await get(lab, url)
        assert (page.headers["cf-cache-status"], "set-cookie" in page.headers) == ("MISS", True)
        assert await status_of(lab, url) == "MISS", "a cookie is never kept unless told"
        await rules(lab, "http_request_cache_settings", forced, never)
        first, second = await get(lab, url), await get(lab, url)
        assert [p.headers["cf-cache-status"] for p in (first, second)] == ["MISS", "HIT"]
        assert "set-cookie" not in second.headers
        assert await status_of(lab, url, cookie="session=1") == "BYPASS", "the last rule that fits wins"


async def test_browsers_are_told_the_zones_time_or_the_rules(authority: Authority) -> None:
    short = response_headers(WWW, put={"Cache-Control": "public, max-age=60"}, path="/static/site.css")
    rule = {
        "action": "set_cache_settings",
        "expression": 'starts_with(http.request.uri.path, "/static/")',
        "action_parameters": {"cache": True, "browser_ttl": {"mode": "override_origin", "default": 31536000}},
    }
    async with lab_with(authority, short) as lab:
        assert (await get(lab, CSS)).headers["cache-control"] == "public, max-age=14400"
        await set_to(lab, "browser_cache_ttl", 0)
        assert (await get(lab, CSS)).headers["cache-control"] == "public, max-age=60"
        await rules(lab, "http_request_cache_settings", rule)
        assert (await get(lab, CSS)).headers["cache-control"] == "public, max-age=31536000"


async def test_custom_rules_block_challenge_and_skip(authority: Authority) -> None:
    block = {"action": "block", "expression": 'http.request.uri.path eq "/admin"'}
    challenge = {"action": "managed_challenge", "expression": f'http.host eq "staging.{DOMAIN}"'}
    own = {
        "action": "block",
        "expression": 'http.request.uri.path eq "/api"',
        "action_parameters": {
            "response": {"status_code": 418, "content": '{"no":1}', "content_type": "application/json"}
        },
    }
    skip = {
        "action": "skip",
        "expression": 'http.request.headers["x-watch"][0] eq "yes"',
        "action_parameters": {"ruleset": "current"},
    }
    async with lab_with(authority, plan="pro") as lab:
        await rules(lab, "http_request_firewall_custom", skip, block, challenge, own)
        assert (await get(lab, f"https://{WWW}/admin")).status_code == 403
        assert (await get(lab, f"https://{WWW}/admin", x_watch="yes")).status_code == 404, "the origin's own"
        staging = await get(lab, f"https://staging.{DOMAIN}/")
        assert (staging.status_code, staging.headers["cf-mitigated"]) == (403, "challenge")
        mine = await get(lab, f"https://{WWW}/api")
        assert (mine.status_code, mine.json()) == (418, {"no": 1})
        assert (await get(lab, f"https://{WWW}/")).status_code == 200


LOGIN = {
    "action": "block",
    "expression": 'http.request.uri.path eq "/login" and http.request.method eq "POST"',
    "ratelimit": {
        "characteristics": ["ip.src", "cf.colo.id"],
        "period": 10,
        "requests_per_period": 3,
        "mitigation_timeout": 10,
    },
}


async def test_a_rate_limit_counts_by_address_and_lets_go_again(authority: Authority) -> None:
    async def post(lab: Lab) -> httpx.Response:
        return await visit(lab, f"https://{APP}/login", "POST", content=b"x")

    async with lab_with(authority) as lab:
        now = 1000.0
        lab.cloudflare.clock = lambda: now
        await rules(lab, "http_ratelimit", LOGIN)
        assert [(await post(lab)).status_code for _ in range(5)] == [404, 404, 404, 429, 429]
        limited = await post(lab)
        assert (limited.text, limited.headers["retry-after"]) == ("error code: 1015", "10")
        assert (await get(lab, f"https://{APP}/login")).status_code == 404, "a GET does not count"
        lab.cloudflare.visitor = "203.0.113.8"
        assert (await post(lab)).status_code == 404
        lab.cloudflare.visitor = "203.0.113.7"
        now += 10.5
        assert (await post(lab)).status_code == 404


async def test_managed_rules_turn_attacks_away_once_they_are_executed(authority: Authority) -> None:
    execute = {
        "action": "execute",
        "expression": "true",
        "action_parameters": {"id": "77454fe2d30c4220b5701f6fdfb893ba"},
    }
    async with lab_with(authority) as lab:
        attack = {"user_agent": "${jndi:ldap://x/a}"}
        assert (await get(lab, f"https://{WWW}/", **attack)).status_code == 200
        await rules(lab, "http_request_firewall_managed", execute)
        assert (await get(lab, f"https://{WWW}/", **attack)).status_code == 403
        assert (await get(lab, f"https://{WWW}/")).status_code == 200


async def test_response_headers_are_set_and_removed(authority: Authority) -> None:
    rule = {
        "action": "rewrite",
        "expression": f'http.host eq "{WWW}" and http.response.code eq 200',
        "action_parameters": {
            "headers": {
                "X-Robots-Tag": {"operation": "set", "value": "noindex"},
                "X-Frame-Options": {"operation": "remove"},
                "X-Host": {"operation": "set", "expression": "http.host"},
            }
        },
    }
    async with lab_with(authority) as lab:
        await rules(lab, "http_response_headers_transform", rule)
        page = await get(lab, f"https://{WWW}/")
        assert (page.headers["x-robots-tag"], page.headers["x-host"]) == ("noindex", WWW)
        assert "x-frame-options" not in page.headers
        assert "x-host" not in (await get(lab, f"https://{WWW}/nothing")).headers


async def test_answers_are_compressed_as_the_visitor_takes_them(authority: Authority) -> None:
    async with lab_with(authority) as lab:
        url = f"https://{WWW}/"
        plain = await get(lab, url)
        assert "content-encoding" not in plain.headers
        for accepted, coding in (("gzip, br", "br"), ("gzip", "gzip")):
            page = await get(lab, url, accept_encoding=accepted)
            assert page.headers["content-encoding"] == coding
            assert page.text == plain.text
        await set_to(lab, "brotli", "off")
        assert (await get(lab, url, accept_encoding="gzip, br")).headers["content-encoding"] == "gzip"


async def test_links_are_made_https_where_the_host_is_behind_the_edge(authority: Authority) -> None:
    body = f'<img src="http://{APP}/a.png"><img src="http://other.example/b.png">'
    async with lab_with(authority, route(WWW, "/", Response(200, (HTML,), body))) as lab:
        assert (await get(lab, f"https://{WWW}/")).text == body
        await set_to(lab, "automatic_https_rewrites", "on")
        assert (await get(lab, f"https://{WWW}/")).text == body.replace(f"http://{APP}", f"https://{APP}")


@pytest.mark.parametrize(
    ("change", "mode", "status"),
    [
        (certificate(WWW, until_days=-1), "strict", 526),
        (certificate(WWW, until_days=-1), "full", 200),
        (certificate(WWW, issuer=Issuer.SELF), "strict", 526),
        (certificate(WWW, names=("other.example",)), "strict", 526),
        (site(WWW, newest_tls="1.1", oldest_tls="1.0"), "full", 525),
        (site(WWW, trouble=Trouble.TLS_GARBAGE), "full", 525),
        (site(WWW, trouble=Trouble.GARBAGE), "full", 520),
        (site(WWW, trouble=Trouble.CLOSES), "full", 525),
    ],
)
async def test_a_failing_origin_has_the_number_cloudflare_gives_it(
    authority: Authority, change: Any, mode: str, status: int
) -> None:
    async with lab_with(authority, change, settings={"ssl": mode}) as lab:
        page = await get(lab, f"https://{WWW}/")
        assert (page.status_code, page.headers["server"]) == (status, "cloudflare")


async def test_an_origin_that_is_not_there(authority: Authority) -> None:
    silent = site(WWW, trouble=Trouble.SILENT)
    nowhere = ({"type": "A", "name": "nowhere", "content": "192.88.99.67", "ttl": 1, "proxied": True},
               {"type": "CNAME", "name": "lost", "content": "nothing.example", "ttl": 1, "proxied": True},
               {"type": "A", "name": "closed", "content": "192.88.99.81", "ttl": 1, "proxied": True})  # fmt: skip
    async with lab_with(authority, silent, records=nowhere, origin_timeout_s=0.3) as lab:
        assert (await get(lab, f"https://nowhere.{DOMAIN}/")).status_code == 523
        assert (await get(lab, f"https://lost.{DOMAIN}/")).status_code == 530
        assert (await get(lab, f"https://{WWW}/")).status_code in (522, 525)


async def test_an_origin_that_refuses_or_does_not_answer(authority: Authority) -> None:
    hosts = (DOMAIN, *(f"{name}.{DOMAIN}" for name in ("www", "app", "api", "staging", "mta-sts")))
    changes = [site(host, trouble=Trouble.REFUSES) for host in hosts]
    async with lab_with(authority, *changes) as lab:
        assert (await get(lab, f"https://{WWW}/")).status_code == 521
    mute = route(WWW, "/", Response(trouble=Trouble.SILENT))
    async with lab_with(authority, mute, origin_timeout_s=0.3) as lab:
        assert (await get(lab, f"https://{WWW}/")).status_code == 524


async def test_flexible_asks_the_origin_in_clear(authority: Authority) -> None:
    plain = route(WWW, "*", Response(200, (HTML,), "plain"), plain=True)
    async with lab_with(authority, plain, settings={"ssl": "flexible"}) as lab:
        assert (await get(lab, f"https://{WWW}/")).text == "plain"
        assert asked_of_origin(lab, f"http://{WWW}/") == 1
        await set_to(lab, "ssl", "strict")
        assert "Brightside" in (await get(lab, f"https://{WWW}/")).text


async def test_the_origin_is_told_who_asks(authority: Authority) -> None:
    seen: list[dict[str, str]] = []
    async with lab_with(authority) as lab:

        def answer(asked: Any) -> Response:
            seen.append(dict(asked.fields))
            return Response(200, (HTML,), "here")

        edge = next(s for s in lab._services if hasattr(s, "handlers"))
        edge.handlers[APP] = answer
        await get(lab, f"https://{APP}/", x_forwarded_for="198.51.100.1", cookie="session=1")
    assert seen[0]["cf-connecting-ip"] == "203.0.113.7"
    assert seen[0]["x-forwarded-for"] == "198.51.100.1, 203.0.113.7"
    assert (seen[0]["x-forwarded-proto"], seen[0]["cookie"]) == ("https", "session=1")


async def test_a_world_without_an_account_has_no_such_edge(authority: Authority) -> None:
    async with Lab(authority=authority) as lab, looking(lab) as look:
        assert not any(detour.host in EDGE for detour in lab.detours)
        assert isinstance(await look.http.get(f"https://{WWW}/", address=EDGE[0]), Failure)
        with pytest.raises(AssertionError, match="no Cloudflare account"):
            _ = lab.cloudflare


async def test_an_origin_may_let_nobody_but_the_edge_in(authority: Authority) -> None:
    async with lab_with(authority, closed_origin=True) as lab, looking(lab) as look:
        assert (await get(lab, f"https://{WWW}/")).status_code == 200
        for scheme in ("https", "http"):
            assert isinstance(await look.http.get(f"{scheme}://{WWW}/", address=ORIGIN[0]), Failure)


async def test_an_alias_of_a_platform_leads_to_its_server(authority: Authority) -> None:
    """As with `portal.onrender.com` as the origin."""
    blog = f"blog.{DOMAIN}"
    alias = ({"type": "CNAME", "name": "blog", "content": "portal.hosting.example", "ttl": 1, "proxied": True},)
    here = (Route("*", Response(200, (HTML,), "the platform")),)
    platform = (
        records("hosting.example", add=("portal 300 A 192.88.99.12",)),
        add_site(Site(blog, ("192.88.99.12",), here, here)),
    )
    async with lab_with(authority, *platform, records=alias, settings={"ssl": "strict"}) as lab:
        assert (await get(lab, f"https://{blog}/")).text == "the platform"


async def test_a_record_that_leads_back_to_the_edge_is_not_followed(authority: Authority) -> None:
    back = ({"type": "A", "name": "back", "content": EDGE[0], "ttl": 1, "proxied": True},)
    async with lab_with(authority, records=back) as lab:
        page = await visit(lab, f"https://back.{DOMAIN}/")
        assert (page.status_code, page.text) == (403, "error code: 1000")


async def test_what_is_kept_is_forgotten_when_it_is_purged(authority: Authority) -> None:
    js = f"https://{WWW}/static/site.js"
    async with lab_with(authority) as lab:
        for body, left in (
            ({"files": [CSS]}, ["MISS", "HIT"]),
            ({"prefixes": [f"{WWW}/static/site.c"]}, ["MISS", "HIT"]),
            ({"hosts": [WWW]}, ["MISS", "MISS"]),
            ({"purge_everything": True}, ["MISS", "MISS"]),
        ):
            assert {await status_of(lab, url) for url in (CSS, js)} <= {"MISS", "HIT"}
            assert [await status_of(lab, url) for url in (CSS, js)] == ["HIT", "HIT"]
            answer = await ask(lab, "POST", "zones/{zone}/purge_cache", json=body)
            assert answer.status_code == 200, answer.text
            assert [await status_of(lab, url) for url in (CSS, js)] == left
        bad = await ask(lab, "POST", "zones/{zone}/purge_cache", json={"everything": True})
        assert bad.status_code == 400


async def test_who_has_a_file_already_is_told_so(authority: Authority) -> None:
    tagged = response_headers(WWW, put={"ETag": '"1"'}, path="/static/site.css")
    async with lab_with(authority, tagged) as lab:
        first = await get(lab, CSS, if_none_match='"1"')
        assert (first.status_code, first.content, first.headers["cf-cache-status"]) == (304, b"", "MISS")
        whole = await get(lab, CSS)
        assert (whole.status_code, whole.text, whole.headers["cf-cache-status"]) == (200, "body{margin:2rem}", "HIT")
        assert (await get(lab, CSS, if_none_match='"2"')).status_code == 200
        head = await visit(lab, f"{CSS}?head", "HEAD")
        assert (head.status_code, head.content) == (200, b"")
        assert (await get(lab, f"{CSS}?head")).text == "body{margin:2rem}"
