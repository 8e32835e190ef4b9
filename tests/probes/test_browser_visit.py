"""One page measured in a real Chromium: times, chains, third parties, and all that can come in place of a page."""

from __future__ import annotations

import struct
import zlib

import pytest
import pytest_asyncio
from tests.probes.timed_site import NEVER, OTHER, OWN, Timed, TimedSite

from launchready.lab.authority import Authority
from launchready.lab.healthy import DOMAIN, healthy_world
from launchready.lab.lab import Lab
from launchready.lab.world import both, records
from launchready.measurement import Visit
from launchready.probes import browser
from launchready.probes.browser_visit import Elsewhere, HandedCookie, handed, shown_url, visit
from launchready.probes.failures import Garbage, TlsFailed
from launchready.probes.network import Limits

pytestmark = [
    pytest.mark.skipif(bool(browser.missing()), reason=browser.missing() or "-"),
    pytest.mark.asyncio(loop_scope="module"),
]
SITE = f"https://{OWN}"
ROWS = "".join(f"<tr><td>Invoice {number}</td><td>paid</td></tr>" for number in range(20))


def png(side: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = zlib.compress((b"\0" + b"\x80" * side) * side)
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def page(body: str, head: str = "") -> Timed:
    return Timed(f"<!doctype html><html><head><title>x</title>{head}</head><body>{body}</body></html>")


JS = "text/javascript"
WORK = "const end = performance.now() + {ms}; while (performance.now() < end);"
PAGES = {
    "/plain": page(f"<h1>Hello</h1><table>{ROWS}</table><img src=/big.png width=50 height=50>"),
    "/big.png": Timed(png(400), "image/png"),
    "/blocked": page(f"<table>{ROWS}</table>", f'<script src="https://{OTHER}/third.js"></script>'),
    "/third.js": Timed(WORK.format(ms=150), JS, wait_s=0.5),
    "/skeleton": page("<p id=p aria-busy=true>Loading your invoices</p><script src=/app.js></script>"),
    "/app.js": Timed(
        "(async () => { const a = await (await fetch('/api/me')).json();"
        " const b = await (await fetch('/api/invoices?account=' + a.id)).json();"
        " const p = document.getElementById('p'); p.removeAttribute('aria-busy');"
        " p.innerText = b.rows.join('\\n') })()",
        JS,
    ),
    "/api/me": Timed('{"id": 7}', "application/json", wait_s=0.3),
    "/api/invoices": Timed('{"rows": ["Invoice 1 of Ada", "Invoice 2 of Ada"]}', "application/json", wait_s=0.3),
    "/component": page(
        "<my-list></my-list><script>customElements.define('my-list', class extends HTMLElement { connectedCallback() {"
        " const r = this.attachShadow({mode: 'open'}); fetch('/api/me').then(a => a.json()).then(a =>"
        " { r.innerHTML = '<p>Account number ' + a.id + ' of Ada</p>' }) } })</script>"
    ),
    "/stream": page(
        "<p id=p>Loading your invoices</p><script>const s = new EventSource('/events');"
        " s.onmessage = e => { document.getElementById('p').innerText = e.data }</script>"
    ),
    "/events": Timed("data: Invoices of Ada: one, two\n\n", "text/event-stream", wait_s=0.4),
    "/turning": page("<div class='spinner' style='width:20px'>Please wait a moment</div>"),
    "/busy": page(f"<p>Hello Ada</p><table>{ROWS}</table>", f"<script>{WORK.format(ms=400)}</script>"),
    "/blank": page("<div id=root></div>"),
    "/endless": page(f"<table>{ROWS}</table><img src=/never.png>"),
    "/never.png": Timed(wait_s=NEVER),
    "/errors": page(
        f"<table>{ROWS}</table><script>console.error('token=hunter2hunter2 broke', "
        "'https://u:p@x.example/a?key=secret1'); nothing.here</script>"
    ),
    "/download": Timed("%PDF", "application/pdf", headers=(("Content-Disposition", "attachment; filename=a.pdf"),)),
    "/moved": Timed(status=302, headers=(("Location", "/login?next=/moved"),)),
    "/slash": Timed(status=301, headers=(("Location", "/slash/"),)),
    "/slash/": page(f"<table>{ROWS}</table>"),
    "/login": page("<form><input type=password></form>"),
    "/spa": page("<form><input type=password></form>"),
    "/down": Timed("<p>Sorry", status=503),
    "/text": Timed('{"a": 1}', "application/json"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site():
    authority = Authority()
    change = both(
        records(DOMAIN, add=("timed 300 A 192.88.99.90",)),
        records("mailer.example", add=("cdn 300 A 192.88.99.91",)),
    )
    async with Lab(change(healthy_world()), authority=authority) as lab, TimedSite(authority, PAGES) as timed:
        look = lab.look(Limits(run_deadline_s=120))
        look.network.detours += timed.detours
        look.network.__post_init__()
        try:
            yield timed, look.browser
        finally:
            await look.close()


async def opened(site, path: str, **words: object) -> object:
    said = {"flow": "dashboard", "step": "open", "user": "ada", "route": f"GET {path}", "own_hosts": (DOMAIN,)}
    return await visit(site[1], words.pop("url", SITE + path), **{**said, **words})


async def test_a_page_of_the_server_is_seen_with_its_data_at_once(site) -> None:
    seen = await opened(site, "/plain", mark="invoice 19")

    assert isinstance(seen, Visit), seen
    assert (seen.flow, seen.step, seen.user, seen.url) == ("dashboard", "open", "ada", f"{SITE}/plain")
    assert (seen.data_by, seen.errors) == ("text", ())
    assert 0 < seen.wait_s <= seen.data_s
    assert seen.data_s >= seen.first_paint_s > 0
    assert seen.lcp_s >= seen.first_paint_s
    assert seen.round_trips == 1
    image = next(r for r in seen.resources if r.kind == "image")
    assert (image.shown, image.natural, image.depth, image.blocking) == ((50, 50), (400, 400), 1, False)
    assert image.received >= len(PAGES["/big.png"].body)


async def test_another_companys_script_in_the_head_stops_the_page(site) -> None:
    seen = await opened(site, "/blocked")

    third = next(r for r in seen.resources if r.kind == "script")
    assert (third.third_party, third.blocking) == (True, True)
    assert third.end_s - third.start_s >= 0.5
    assert seen.first_paint_s >= third.end_s
    assert seen.blank_s >= 0.5
    assert third.main_s >= 0.1
    assert seen.long_tasks_s >= 0.08
    assert (seen.data_by, seen.round_trips) == ("growth", 2)


async def test_an_account_that_comes_by_two_calls_after_each_other_is_seen_when_the_second_is_there(site) -> None:
    seen = await opened(site, "/skeleton")

    by_path = {r.url.removeprefix(SITE): r for r in seen.resources}
    me, invoices = by_path["/api/me"], by_path["/api/invoices?account="]
    assert [by_path["/app.js"].depth, me.depth, invoices.depth] == [1, 2, 3]
    assert invoices.after == me.url
    assert seen.round_trips == 4
    assert seen.data_by == "growth"
    assert seen.data_s >= invoices.end_s >= 0.6
    assert seen.first_paint_s < seen.data_s


async def test_what_a_web_component_draws_is_seen(site) -> None:
    seen = await opened(site, "/component", mark="number 7 of ada")

    assert (seen.data_by, seen.round_trips) == ("text", 2)
    assert seen.data_s >= 0.3


async def test_data_that_is_pushed_counts_as_an_answer(site) -> None:
    seen = await opened(site, "/stream")

    assert seen.data_by == "growth"
    assert seen.data_s >= 0.4


async def test_while_something_still_turns_nobody_claims_that_the_data_is_there(site) -> None:
    seen = await opened(site, "/turning")

    assert (seen.data_s, seen.data_by) == (None, "")
    assert seen.first_paint_s is not None


async def test_a_text_that_never_comes_is_said(site, monkeypatch) -> None:
    monkeypatch.setattr("launchready.probes.browser_visit.STILL_S", 0.8)

    seen = await opened(site, "/plain", mark="Balance of Ada")

    assert (seen.data_s, seen.data_by, seen.errors) == (None, "", ("the step's text was never seen",))


async def test_long_work_of_the_pages_own_scripts_is_told(site) -> None:
    seen = await opened(site, "/busy")

    assert seen.long_tasks_s >= 0.3
    assert next(r for r in seen.resources if r.kind == "document").main_s >= 0.3


async def test_a_page_that_shows_nothing_is_blank_until_the_end(site) -> None:
    seen = await opened(site, "/blank")

    assert (seen.first_paint_s, seen.data_s, seen.lcp_s) == (None, None, None)
    assert seen.blank_s >= 0.4


async def test_a_page_that_never_ends_loading_is_told_with_what_was_seen(site, monkeypatch) -> None:
    monkeypatch.setattr("launchready.probes.browser_visit.VISIT_S", 3.0)
    monkeypatch.setattr("launchready.probes.browser_visit.STILL_S", 0.8)

    seen = await opened(site, "/endless")

    assert (seen.load_s, seen.data_by) == (None, "growth")
    assert seen.data_s < 3.0


async def test_errors_are_told_without_what_is_secret_in_them(site) -> None:
    seen = await opened(site, "/errors")

    console, uncaught = seen.errors
    assert console.startswith("console: token=…(")
    assert uncaught.startswith("uncaught: ReferenceError: nothing is not defined")
    assert not any(word in " ".join(seen.errors) for word in ("hunter2", "secret1", "u:p"))


@pytest.mark.parametrize(
    ("path", "kind", "says"),
    [
        ("/download", Garbage, "a download"),
        ("/moved", Elsewhere, f"led to {SITE}/login?next= instead"),
        ("/down", Garbage, "answered 503"),
    ],
)
async def test_what_is_no_page_is_told_as_what_it_is(site, path: str, kind: type, says: str) -> None:
    came = await opened(site, path)

    assert isinstance(came, kind), came
    assert says in str(came)


async def test_a_slash_at_the_end_is_the_same_page(site) -> None:
    seen = await opened(site, "/slash")

    assert isinstance(seen, Visit)
    assert seen.round_trips == 2


async def test_cookies_go_to_the_portal_and_nowhere_else_nor_into_what_is_told(site) -> None:
    cookies = (HandedCookie("sessionid", "s3cr3t-value", OWN), HandedCookie("__Host-s", "s3cr3t-too", OWN))

    seen = await opened(site, "/blocked", cookies=cookies)

    asked = dict(site[0].asked)
    assert asked["/blocked"] == "sessionid=s3cr3t-value; __Host-s=s3cr3t-too"
    assert asked["/third.js"] == ""
    assert "s3cr3t" not in repr(seen) + repr(cookies)


async def test_who_is_asked_for_a_password_all_the_same_was_not_signed_in(site) -> None:
    came = await opened(site, "/spa", cookies=(HandedCookie("sessionid", "x", OWN),))

    assert isinstance(came, Elsewhere)
    assert "asked for a password" in str(came)


async def test_no_cookie_is_sent_to_who_has_no_right_certificate(site) -> None:
    site[0].asked.clear()

    came = await opened(site, "/plain", url=f"https://{OWN}:8443/plain", cookies=(HandedCookie("s", "x", OWN),))

    assert isinstance(came, TlsFailed), came
    assert site[0].asked == []


async def test_cookies_are_taken_over_as_curl_lists_them() -> None:
    lines = (
        "#HttpOnly_app.example\tFALSE\t/\tTRUE\t0\tsession\ta=b",
        ".brightside.example\tTRUE\t/files\tFALSE\t1790000000\tplain\t",
        "garbage",
    )

    assert handed(lines) == (
        HandedCookie("session", "a=b", "app.example", "/", True, True),
        HandedCookie("plain", "", ".brightside.example", "/files", False, False),
    )


async def test_a_value_of_a_query_is_not_kept() -> None:
    assert shown_url("https://u:p@a.example/x?token=abc&b=#c") == "https://a.example/x?token=&b="
