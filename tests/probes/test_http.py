"""GETs against real servers on loopback: those that behave, and every way they may not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from launchready.lab.authority import Authority
from launchready.lab.healthy import DOMAIN, EDGE, STRAY, healthy_world
from launchready.lab.lab import Lab
from launchready.lab.world import Change, Response, Trouble, both, records, route, site
from launchready.portal import DnsSettings
from launchready.probes.dns import Dns
from launchready.probes.failures import (
    Failure,
    Garbage,
    NoAddress,
    OutOfTime,
    Phase,
    Refused,
    Timeout,
    TlsFailed,
    TooLarge,
    Unreachable,
)
from launchready.probes.http import Http, Page
from launchready.probes.network import Detour, Limits, Network

APP, API, WWW = f"app.{DOMAIN}", f"api.{DOMAIN}", f"www.{DOMAIN}"
LIMITS = Limits(lookup_timeout_s=0.5, connect_timeout_s=0.4, operation_timeout_s=0.6, body_bytes=256 * 1024)


@pytest.fixture
def lab(authority: Authority) -> Callable[..., object]:
    @asynccontextmanager
    async def up(change: Change | None = None, limits: Limits = LIMITS) -> AsyncIterator[tuple[Http, Lab]]:
        world = change(healthy_world()) if change else healthy_world()
        async with Lab(world, authority=authority) as running:
            look = running.look(limits)
            yield look.http, running
            await look.close()

    return up


@asynccontextmanager
async def serving(serve: Callable[..., Awaitable[None]], limits: Limits = LIMITS) -> AsyncIterator[Http]:
    """A plain server on loopback, known as 192.88.99.9."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    to = Detour("192.88.99.9", 80, "127.0.0.1", server.sockets[0].getsockname()[1])
    network = Network(limits, (to,), closed=True)
    http = Http(network, Dns(network, DnsSettings()))
    try:
        yield http
    finally:
        await network.drop()
        await http.close()
        server.close()


@asynccontextmanager
async def raw(answer: bytes) -> AsyncIterator[Http]:
    """A plain server that says `answer` to whoever asks, whatever he asks, and closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with serving(serve) as http:
        yield http


def page(found: Page | Failure) -> Page:
    assert isinstance(found, Page), found
    return found


def failure(found: Page | Failure, kind: type[Failure], phase: Phase) -> Failure:
    assert type(found) is kind, found
    assert found.phase is phase
    return found


async def test_a_page_comes_with_status_headers_body_and_times(lab) -> None:
    async with lab() as (http, _):
        found = page(await http.get(f"https://{WWW}/"))

    assert (found.status, found.url, found.address, found.http_version) == (200, f"https://{WWW}/", EDGE[0], "2")
    assert found.header("X-Frame-Options") == "DENY"
    assert "Brightside" in found.text
    assert not found.truncated
    assert 0 < found.phases.connect_s <= found.phases.tls_s <= found.phases.first_byte_s <= found.phases.total_s


async def test_a_url_is_asked_once_with_and_without_its_first_address(lab) -> None:
    async with lab() as (http, running):
        urls = (f"https://{WWW}/", f"HTTPS://{WWW.upper()}:443", f"https://{WWW}/#top")
        found = await asyncio.gather(*map(http.get, urls), http.get(urls[0], address=EDGE[0]))
        gets = [count for what, count in running.counts.items() if what[0] == "get"]

    assert len({id(p) for p in found}) == 1
    assert gets == [1]


async def test_many_urls_of_a_host_share_one_handshake(lab) -> None:
    async with lab() as (http, running):
        await asyncio.gather(*(http.get(f"https://{WWW}/{number}") for number in range(60)))
        handshakes = [count for what, count in running.counts.items() if what[0] == "tls"]

    assert handshakes == [1]


async def test_without_http2_a_host_gets_at_most_six_connections(lab) -> None:
    async with lab(site(WWW, h2=False)) as (http, running):
        found = await asyncio.gather(*(http.get(f"https://{WWW}/{number}") for number in range(60)))
        handshakes = [count for what, count in running.counts.items() if what[0] == "tls"]

    assert {page(p).http_version for p in found} == {"1.1"}
    assert sum(handshakes) <= 6


async def test_each_address_can_be_asked_by_itself(lab) -> None:
    async with lab() as (http, _):
        found = await asyncio.gather(*(http.get(f"https://{WWW}/", address=a) for a in EDGE))

    assert [page(p).address for p in found] == list(EDGE)


async def test_when_the_first_address_is_dead_the_next_one_answers(lab) -> None:
    async with lab(records(DOMAIN, add=(f"app 300 A {STRAY[0]}",), drop=("app A",))) as (http, _):
        found = page(await http.get(f"https://{APP}/"))

    assert found.address == EDGE[1]


async def test_an_address_nobody_routes_to_is_unreachable_in_a_closed_network(lab) -> None:
    async with lab(records(DOMAIN, add=(f"app 300 A {STRAY[0]}",), drop=("app A", "app AAAA"))) as (http, _):
        failure(await http.get(f"https://{APP}/"), Unreachable, Phase.CONNECT)


async def test_a_name_without_address_says_so(lab) -> None:
    async with lab() as (http, _):
        failure(await http.get(f"https://nobody.{DOMAIN}/"), NoAddress, Phase.LOOKUP)


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://example.com/", "https://", "https://exa mple/", "http://a:b/"])
async def test_what_is_no_web_address_is_not_asked_for(url: str) -> None:
    async with raw(b"") as http:
        failure(await http.get(url), Garbage, Phase.REQUEST)


async def test_a_passed_deadline_is_told(lab) -> None:
    async with lab(limits=Limits(run_deadline_s=0.0)) as (http, _):
        failure(await http.get(f"https://{WWW}/", address=EDGE[0]), OutOfTime, Phase.REQUEST)


SITES = [
    (Trouble.REFUSES, Refused, Phase.CONNECT),
    (Trouble.SILENT, Timeout, Phase.TLS),
    (Trouble.DRIPS, Timeout, Phase.TLS),
    (Trouble.CLOSES, TlsFailed, Phase.TLS),
    (Trouble.TLS_GARBAGE, Garbage, Phase.TLS),
    (Trouble.ENDLESS_HEADERS, TooLarge, Phase.ANSWER),
]


@pytest.mark.parametrize(("trouble", "kind", "phase"), SITES, ids=[t.name.lower() for t, _, _ in SITES])
async def test_a_troubled_server_is_told_by_kind_and_phase(lab, trouble: Trouble, kind, phase: Phase) -> None:
    async with lab(site(APP, trouble=trouble)) as (http, _):
        failure(await http.get(f"https://{APP}/"), kind, phase)


PAGES = [
    (Trouble.SILENT, Timeout, Phase.ANSWER),
    (Trouble.DRIPS, Timeout, Phase.ANSWER),
    (Trouble.ENDLESS_HEADERS, TooLarge, Phase.ANSWER),
]


@pytest.mark.parametrize("h2", [True, False], ids=["http2", "http1"])
@pytest.mark.parametrize(("trouble", "kind", "phase"), PAGES, ids=[t.name.lower() for t, _, _ in PAGES])
async def test_a_troubled_page_does_not_take_the_others_with_it(
    lab, trouble: Trouble, kind, phase: Phase, h2: bool
) -> None:
    async with lab(both(site(APP, h2=h2), route(APP, "/", Response(trouble=trouble)))) as (http, _):
        troubled, other = await asyncio.gather(http.get(f"https://{APP}/"), http.get(f"https://{APP}/other"))

    failure(troubled, kind, phase)
    assert page(other).status == 404


@pytest.mark.parametrize("trouble", [Trouble.SILENT, Trouble.DRIPS, Trouble.CLOSES, Trouble.GARBAGE])
async def test_a_dead_server_costs_one_timeout_however_many_pages_are_asked_for(lab, trouble: Trouble) -> None:
    async with lab(site(APP, trouble=trouble, plain_trouble=trouble)) as (http, _):
        began = time.monotonic()
        urls = [f"{scheme}://{APP}/{number}" for scheme in ("http", "https") for number in range(20)]
        found = await asyncio.gather(*map(http.get, urls))

    assert all(isinstance(p, Failure) for p in found)
    assert time.monotonic() - began < 2 * LIMITS.operation_timeout_s


@pytest.mark.parametrize("trouble", [Trouble.HUGE_BODY, Trouble.GZIP_BOMB, Trouble.BROTLI_BOMB])
@pytest.mark.parametrize("h2", [True, False], ids=["http2", "http1"])
async def test_a_body_without_end_is_cut_at_the_cap(lab, trouble: Trouble, h2: bool) -> None:
    async with lab(both(site(APP, h2=h2), route(APP, "/", Response(trouble=trouble)))) as (http, _):
        found = page(await http.get(f"https://{APP}/"))

    assert found.truncated
    assert len(found.body) == LIMITS.body_bytes


async def test_what_is_no_http_is_garbage() -> None:
    async with raw(b"\x00\xff\x13garbage\r\n" * 9) as http:
        failure(await http.get("http://192.88.99.9/"), Garbage, Phase.ANSWER)


async def test_a_body_that_breaks_off_is_no_page() -> None:
    async with raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf") as http:
        failure(await http.get("http://192.88.99.9/"), Garbage, Phase.ANSWER)


async def test_a_redirect_counts_even_when_its_body_breaks_off() -> None:
    async with raw(b"HTTP/1.1 301 Moved\r\nLocation: /there\r\nContent-Length: 100\r\n\r\nhalf") as http:
        found = page(await http.get("http://192.88.99.9/"))

    assert found.location == "http://192.88.99.9/there"
    assert found.truncated


async def test_early_hints_and_trailers_are_kept_apart_from_the_headers() -> None:
    answer = (
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Twice: 1\r\nX-Twice: 2\r\nX-Folded: a\r\n  b\r\n\r\n"
        b"2\r\nok\r\n0\r\nX-Trailer: late\r\n\r\n"
    )
    async with raw(answer) as http:
        found = page(await http.get("http://192.88.99.9/"))

    assert found.header("link") is None
    assert found.header("x-trailer") is None
    assert found.all_headers("X-TWICE") == ("1", "2")
    assert found.header("x-folded") == "a b"
    assert found.body == b"ok"


async def test_a_bomb_that_claims_another_coding_is_garbage() -> None:
    async with raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope") as http:
        failure(await http.get("http://192.88.99.9/"), Garbage, Phase.ANSWER)


async def test_escapes_and_strange_bytes_in_headers_stand_as_they_came() -> None:
    async with raw(b"HTTP/1.1 200 OK\r\nServer: \x1b[2J\xff<script>\r\nContent-Length: 0\r\n\r\n") as http:
        found = page(await http.get("http://192.88.99.9/"))

    assert found.header("server") == "\x1b[2J\xff<script>"


@pytest.mark.parametrize(
    ("location", "leads_to"),
    [
        ("/next", "http://192.88.99.9/next"),
        ("next?a=b#c", "http://192.88.99.9/next?a=b"),
        ("//other.example", "http://other.example/"),
        ("https://User:Secret@Other.Example.:443/a b", "https://other.example/a%20b"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://other.example:8443/x", "https://other.example:8443/x"),
        ("mailto:me@other.example", "mailto:me@other.example"),
        ("http://[nonsense", "http://[nonsense"),
        ("", None),
    ],
)
async def test_a_location_becomes_an_absolute_url(location: str, leads_to: str | None) -> None:
    async with raw(f"HTTP/1.1 302 F\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()) as http:
        assert page(await http.get("http://192.88.99.9/")).location == leads_to


@pytest.mark.parametrize("location", ["mailto:me@other.example", "http://[nonsense", "javascript:alert(1)", ""])
async def test_a_redirect_to_no_web_address_ends_the_chain_with_a_reason(location: str) -> None:
    async with raw(f"HTTP/1.1 302 F\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()) as http:
        chain = await http.follow("http://192.88.99.9/")

    assert len(chain.hops) == 1
    assert isinstance(chain.end, Garbage)
    assert not chain.loop


async def test_a_chain_is_followed_across_hosts_to_its_end(lab) -> None:
    async with lab() as (http, _):
        chain = await http.follow(f"http://{DOMAIN}/a?b=c")

    assert [p.url for p in chain.hops] == [
        f"http://{DOMAIN}/a?b=c",
        f"https://{DOMAIN}/a?b=c",
        f"https://{WWW}/a?b=c",
    ]
    assert chain.end is chain.hops[-1]
    assert not chain.loop


async def test_a_circle_across_hosts_is_a_loop(lab) -> None:
    def to(host: str) -> Response:
        return Response(302, (("Location", f"https://{host}/"),))

    async with lab(both(route(APP, "/", to(API)), route(API, "/", to(APP)))) as (http, running):
        chain = await http.follow(f"https://{APP}/")
        gets = [count for what, count in running.counts.items() if what[0] == "get"]

    assert chain.loop
    assert len(chain.hops) == 2
    assert gets == [1, 1]


async def test_a_way_that_grows_with_every_turn_is_a_loop_at_the_cap(lab) -> None:
    async with lab(route(APP, "*", Response(302, (("Location", "{path}x"),)))) as (http, _):
        chain = await http.follow(f"https://{APP}/deep")

    assert chain.loop
    assert len(chain.hops) == LIMITS.redirects + 1


async def test_a_circle_that_ends_when_cookies_come_back_is_no_loop(lab) -> None:
    once = Response(302, (("Location", "/"), ("Set-Cookie", f"seen=1; Domain={DOMAIN}"), ("Set-Cookie", "\x01=\x02")))
    change = both(route(APP, "/", once), route(APP, "/", Response(200, (), "welcome"), cookie="seen=1"))
    async with lab(change) as (http, _):
        chain = await http.follow(f"https://{APP}/")

    assert not chain.loop
    assert isinstance(chain.end, Page)
    assert chain.end.text == "welcome"


async def test_a_circle_that_sets_cookies_and_does_not_end_is_a_loop(lab) -> None:
    again = Response(302, (("Location", "/"), ("Set-Cookie", "session=1")))
    async with lab(route(APP, "/", again)) as (http, _):
        chain = await http.follow(f"https://{APP}/")

    assert chain.loop


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1/", "http://10.0.0.1/admin", "http://[::1]/", f"https://in.{DOMAIN}/"]
)
async def test_a_public_site_cannot_make_us_ask_private_addresses(lab, target: str) -> None:
    change = both(
        route(APP, "/", Response(302, (("Location", target),))), records(DOMAIN, add=("in 300 A 192.168.1.1",))
    )
    async with lab(change) as (http, running):
        chain = await http.follow(f"https://{APP}/")
        gets = [what for what in running.counts if what[0] == "get"]

    assert isinstance(chain.end, Unreachable)
    assert "nobody outside can reach" in chain.end.detail
    assert len(gets) == 1


@pytest.mark.parametrize(
    ("header", "body", "text"),
    [
        ("text/html; charset=iso-8859-1", b"caf\xe9", "café"),
        ('text/html; charset="UTF-8"', "café".encode(), "café"),
        ("text/html", b'<meta charset="windows-1252">\x93', '<meta charset="windows-1252">“'),
        ("text/html; charset=no-such", "café".encode(), "café"),
        ("text/html; charset=hex", "café".encode(), "café"),
        ("text/html", b"\xff", "�"),
    ],
)
def test_text_is_read_by_its_charset(header: str, body: bytes, text: str) -> None:
    assert Page("https://x.example/", 200, (("content-type", header),), body).text == text


async def test_requests_say_who_asks_and_carry_no_cookies() -> None:
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async with serving(serve) as http:
        for path in ("/one", "/../two?a=[b]"):
            page(await http.get(f"http://192.88.99.9{path}"))

    assert asked[1].startswith(b"GET /../two?a=[b] HTTP/1.1\r\nHost: 192.88.99.9\r\n")
    assert all(b"User-Agent: LaunchReady/" in head and b"Cookie" not in head for head in asked)
    assert all(b"Accept-Encoding: gzip, br" in head for head in asked)


async def test_nothing_is_left_behind_when_a_run_is_dropped_halfway() -> None:
    arrived = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await reader.read()
        writer.close()

    async with serving(serve, Limits()) as http:
        asking = asyncio.ensure_future(http.get("http://192.88.99.9/"))
        await arrived.wait()
        await http.network.drop()
        await http.close()

        with pytest.raises(asyncio.CancelledError):
            await asking
