"""A real Chromium in the lab: what it sees, what it may reach, and that nothing of it stays behind."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from launchready.lab.faults.verify import WWW, script
from launchready.lab.healthy import DOMAIN, HTML, SECURITY_HEADERS, healthy_world
from launchready.lab.lab import Lab
from launchready.lab.world import Response, Trouble, both, route
from launchready.probes import browser
from launchready.probes.browser import Browser, NoBrowser, Rendered
from launchready.probes.failures import Failure, Timeout
from launchready.probes.look import Look
from launchready.probes.network import Limits, Network

pytestmark = pytest.mark.skipif(bool(browser.missing()), reason=browser.missing() or "-")
FREE = tuple((name, value) for name, value in SECURITY_HEADERS if name != "Content-Security-Policy")
LIMITS = Limits(run_deadline_s=40, operation_timeout_s=5, connect_timeout_s=2)


@pytest.fixture
def opened(authority):
    """`await opened(change, url)`: the page as the browser of one run shows it, the network, and what ran."""

    async def run(change, url: str = f"https://{WWW}/", **words):
        world = change(healthy_world()) if change else healthy_world()
        async with Lab(world, authority=authority) as lab:
            look = lab.look(LIMITS)
            try:
                return await look.browser.open(url, **words), look.network
            finally:
                await look.close()

    return run


def shown(body: str) -> Response:
    return Response(200, (HTML, *FREE), body)


async def test_a_page_is_seen_as_people_see_it_after_redirects(opened) -> None:
    rendered, network = await opened(None, f"https://{DOMAIN}/")

    assert isinstance(rendered, Rendered)
    assert (rendered.url, rendered.status, rendered.blank) == (f"https://{WWW}/", 200, False)
    assert "Onboarding, uploads, invoices" in rendered.text
    assert "Brightside client portal" not in rendered.text  # the title is not in the page
    assert (rendered.errors, rendered.failed) == ((), ())
    assert network.tally()["browser"] >= 2


async def test_text_that_a_script_writes_is_waited_for(opened) -> None:
    body = "<!doctype html><p>Loading</p><script>setTimeout(() => document.body.textContent = 'Welcome', 700)</script>"

    rendered, _ = await opened(route(WWW, "/", shown(body)), until="Welcome")

    assert rendered.text == "Welcome"


@pytest.mark.parametrize(
    "body",
    [
        "<!doctype html><title>x</title><div id=root></div>",
        "<!doctype html><body style='display:none'>Hello",
        "<!doctype html><body style='visibility:hidden'>Hello",
        "<!doctype html><body style='opacity:0'>Hello <button>x</button>",
        "<!doctype html><img src=/nothing-there.png>",
        "",
    ],
)
async def test_a_page_that_shows_nothing_is_blank(opened, body: str) -> None:
    rendered, _ = await opened(route(WWW, "/", shown(body)))

    assert isinstance(rendered, Rendered)
    assert rendered.blank


@pytest.mark.parametrize("body", ["<canvas width=50 height=50></canvas>", "<img src=/static/logo.svg width=50>"])
async def test_a_page_of_pictures_is_not_blank(opened, body: str) -> None:
    rendered, _ = await opened(route(WWW, "/", shown(f"<!doctype html>{body}")))

    assert not rendered.blank
    assert rendered.text == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("undefined.name", "TypeError"),
        ("}{ no script", "SyntaxError"),
        ("Promise.reject(new Error('late'))", "late"),
        ("setTimeout(() => { throw 'plain words' }, 100)", "plain words"),
    ],
)
async def test_an_error_that_nothing_caught_is_told_with_its_script(opened, text: str, says: str) -> None:
    rendered, _ = await opened(script(text))

    assert any(says in error.text for error in rendered.errors), rendered.errors
    assert rendered.errors[0].source in (f"https://{WWW}/static/site.js", "")


async def test_what_a_script_prints_is_no_error(opened) -> None:
    rendered, _ = await opened(script("console.error('printed'); console.warn('x'); try { a.b } catch (e) {}"))

    assert rendered.errors == ()


async def test_scripts_and_styles_that_do_not_come_are_told(opened) -> None:
    body = (
        '<!doctype html><p>Hi</p><script src="/gone.js"></script><link rel=stylesheet href="/gone.css"><img src=/g.png>'
    )

    rendered, _ = await opened(route(WWW, "/", shown(body)))

    assert {(one.url, one.kind) for one in rendered.failed} == {
        (f"https://{WWW}/gone.js", "script"),
        (f"https://{WWW}/gone.css", "stylesheet"),
    }
    assert all(one.reason for one in rendered.failed)


async def test_what_a_page_that_was_left_lacked_is_left_aside(opened) -> None:
    leave = "<script>setTimeout(() => location = '/next', 500)</script>"
    first = f"<!doctype html><script src='/gone.js'></script><link rel=stylesheet href='/gone.css'>{leave}"
    change = both(route(WWW, "/", shown(first)), route(WWW, "/next", shown("<!doctype html><p>There")))

    rendered, _ = await opened(change, until="There")

    assert (rendered.text, rendered.failed) == ("There", ())


@pytest.mark.parametrize("closed", [True, False])
async def test_a_page_does_not_reach_this_machine_and_its_neighbours(authority, closed: bool) -> None:
    asked: list[bytes] = []

    async def neighbour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read(100))
        writer.close()

    server = await asyncio.start_server(neighbour, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    wanted = [f"http://127.0.0.1:{port}/a", f"https://localhost:{port}/b", f"http://[::ffff:127.0.0.1]:{port}/"]
    wanted.append(f"http://widget.localhost:{port}/c")
    fetches = "".join(f"fetch('{url}', {{mode: 'no-cors'}}).then(() => note('{url}'), () => 0);" for url in wanted)
    body = f"<!doctype html><p id=p>Hi</p><script>const note = u => p.textContent += u;{fetches}</script>"
    async with server, Lab(route(WWW, "/", shown(body))(healthy_world()), authority=authority) as lab:
        network = Network(LIMITS, lab.detours, closed=closed, ca_pem=authority.root_pem)
        look = Look(lab.portal(), network)
        try:
            rendered = await look.browser.open(f"https://{WWW}/")
        finally:
            await look.close()

    assert asked == []
    assert isinstance(rendered, Rendered)
    assert rendered.text == "Hi"


async def test_the_browser_asks_for_nothing_of_its_own(authority) -> None:
    async with Lab(healthy_world(), authority=authority) as lab:
        look = lab.look(LIMITS)
        await look.browser.open(f"https://{WWW}/")
        await asyncio.sleep(1)
        await look.close()
        names = {what[2] for what in lab.counts if what[0] == "dns"}

    assert names <= {WWW, "ca.nic.example"}, names  # the second is where the lab's issuer is said to be


async def test_a_host_that_no_detour_names_is_not_reached_in_a_closed_network(opened) -> None:
    failure, _ = await opened(None, "https://nowhere.example/")

    assert isinstance(failure, Failure)


@pytest.mark.parametrize("trouble", [Trouble.SILENT, Trouble.GARBAGE, Trouble.CLOSES, Trouble.ENDLESS_HEADERS])
async def test_a_server_in_trouble_is_a_failure_in_time(opened, monkeypatch, trouble: Trouble) -> None:
    monkeypatch.setattr(browser, "PAGE_S", 3.0)

    failure, network = await opened(route(WWW, "/", Response(trouble=trouble)))

    assert isinstance(failure, Failure), failure
    assert network.now_s < 25


async def test_what_was_cut_off_by_us_is_no_blank_page_and_each_look_may_load_as_much(authority, monkeypatch) -> None:
    monkeypatch.setattr("launchready.probes.browser_proxy.MOST_BYTES", 150_000)
    monkeypatch.setattr(browser, "PAGE_S", 5.0)
    heavy = route(WWW, "/heavy", shown("<!doctype html><p>shown</p><!--" + "x" * 300_000 + "-->"))
    light = route(WWW, "/light", shown("<!doctype html><p>shown</p><!--" + "x" * 80_000 + "-->"))
    async with Lab(both(heavy, light)(healthy_world()), authority=authority) as lab:
        look = lab.look(LIMITS)
        try:
            came = await look.browser.open(f"https://{WWW}/heavy")
            assert isinstance(came, Failure)
            assert not isinstance(came, Timeout)
            for _ in range(3):
                seen = await look.browser.open(f"https://{WWW}/light")
                assert isinstance(seen, Rendered), seen
                assert seen.text == "shown"
        finally:
            await look.close()


async def test_a_script_that_never_ends_is_given_up_on(opened, monkeypatch) -> None:
    monkeypatch.setattr(browser, "PAGE_S", 3.0)

    failure, _ = await opened(script("for (;;) {}"))

    assert isinstance(failure, Timeout)


async def test_dialogs_downloads_and_a_page_that_reloads_itself_do_not_hold_it_up(opened, monkeypatch) -> None:
    monkeypatch.setattr(browser, "PAGE_S", 4.0)
    again = "alert(1); setTimeout(() => location = '/?' + Math.random())"
    body = f"<!doctype html><p>Hi</p><script>{again}</script>"

    rendered, network = await opened(route(WWW, "/", shown(body)))

    assert isinstance(rendered, Rendered | Failure)
    assert network.now_s < 20


async def test_a_certificate_that_is_wrong_does_not_hide_the_page(opened) -> None:
    def expired(world):
        return replace(
            world,
            sites=tuple(
                replace(site, certificate=replace(site.certificate, until_days=-1)) if site.host == WWW else site
                for site in world.sites
            ),
        )

    rendered, _ = await opened(expired)

    assert isinstance(rendered, Rendered)


async def test_no_process_and_no_socket_is_left_and_one_browser_serves_a_run(authority) -> None:
    before = _children()  # a guard of the lab's PostgreSQL, from another test of this process
    async with Lab(healthy_world(), authority=authority) as lab:
        look = lab.look(LIMITS)
        await asyncio.gather(*(look.browser.open(f"https://{WWW}/") for _ in range(4)))
        during = _children() - before
        await look.close()
        await look.close()  # twice is once
    for _ in range(50):
        if not _children() & during:
            break
        await asyncio.sleep(0.1)

    assert len(during) == 1, "one driver, and below it one browser"
    assert not _children() & during


@pytest.mark.parametrize("after_s", [0.02, 0.2, 0.6])
async def test_closing_in_the_middle_of_a_start_leaves_nothing(authority, after_s: float) -> None:
    before = _children()
    async with Lab(healthy_world(), authority=authority) as lab:
        look = lab.look(LIMITS)
        opening = asyncio.ensure_future(look.browser.open(f"https://{WWW}/"))
        await asyncio.sleep(after_s)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        await look.close()
    for _ in range(50):
        if _children() <= before:
            break
        await asyncio.sleep(0.1)

    assert _children() <= before


async def test_without_a_browser_it_says_how_to_get_one(monkeypatch) -> None:
    monkeypatch.setenv(browser.PATH_ENV, "/nowhere/chromium")
    network = Network(closed=True)
    eyes = Browser(network, None)  # type: ignore[arg-type] - nothing is looked up

    failure = await eyes.open("https://x.example/")
    await eyes.close()

    assert isinstance(failure, NoBrowser)
    assert browser.PATH_ENV in failure.detail
    assert "apt-get install chromium" in failure.unlock


async def test_a_program_that_is_no_browser_is_said(monkeypatch) -> None:
    monkeypatch.setenv(browser.PATH_ENV, "/bin/true")
    eyes = Browser(Network(closed=True), None)  # type: ignore[arg-type]

    failure = await eyes.open("https://x.example/")
    await eyes.close()

    assert isinstance(failure, NoBrowser)
    assert "does not start" in failure.detail


def _children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
