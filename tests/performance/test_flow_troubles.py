"""A step that does not go as the file says: what is said, at which step, and that the flow ends there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.performance.portals import ENVIRON, Answer, Portal, flow, login_page, page, redirect, running, visitors

from launchready.performance.flows import Saving, walk
from launchready.performance.words import FlowRun
from launchready.probes.network import Detour, Limits

LOGIN: dict[str, Any] = {"login": {"path": "/login/"}}
ROOM = Limits(operation_timeout_s=5, body_bytes=200_000)


@pytest.fixture
async def portal() -> AsyncIterator[Portal]:
    async with running() as started:
        yield started


async def walked(
    portal: Portal, *steps: dict[str, Any], limits: Limits = ROOM, saving: Saving | None = None, user: str = "ada"
) -> FlowRun:
    async with visitors(limits) as sessions:
        return await walk(flow(*steps, user=user), sessions.new(), portal.ground(), environ=ENVIRON, saving=saving)


def reason(run: FlowRun) -> str:
    assert run.trouble is not None
    assert run.trouble.unlock
    assert run.trouble.step == run.steps[-1].step
    return run.trouble.reason


async def test_a_session_that_ends_half_way_is_said_at_the_step_where_it_did(portal: Portal) -> None:
    def last_time(asked: object) -> Answer:
        portal.sessions.clear()
        return page("<h1>Settings</h1>")

    portal.answers["GET /settings"] = last_time
    run = await walked(portal, LOGIN, {"path": "/settings"}, {"path": "/dashboard/"}, {"path": "/"})
    assert reason(run) == "the session of ada is gone: the portal asks to log in again (/login/)"
    assert [step.step for step in run.steps] == ["login page", "login", "GET /settings", "GET /dashboard/"]
    assert not run.final
    assert portal.of("GET", "/") == []


async def test_a_login_that_is_shown_in_place_with_200_is_no_page_behind_it(portal: Portal) -> None:
    form = login_page("<p>Please log in again.</p>", extra="<h1>Welcome to the portal of Example and Sons</h1>")
    portal.answers["GET /login/"] = page(form.replace("Please log in again.", ""), set_cookie="csrftoken=a; Path=/")
    portal.answers["POST /login/"] = redirect("/", 302, "sessionid=b; Path=/")
    portal.answers["GET /reports"] = page(form)
    assert "the session of ada is gone" in reason(await walked(portal, LOGIN, {"path": "/reports"}))
    portal.answers["GET /reports"] = page(
        f"<h1>Reports</h1><p>Twelve of them, and a project of another name.</p>{form}"
    )
    assert (await walked(portal, LOGIN, {"path": "/reports"})).trouble is None
    assert (await walked(portal, LOGIN, {"path": "/login/"})).trouble is None, "asked for by its own address"


async def test_an_api_that_no_longer_knows_the_session_says_401(portal: Portal) -> None:
    portal.answers["GET /api/me"] = Answer(401, "{}", kind="application/json")
    assert "the session of ada is gone" in reason(await walked(portal, LOGIN, {"path": "/api/me"}))
    assert "401 came, not 200 to 299" in reason(await walked(portal, {"path": "/api/me"}, user=""))


async def test_a_page_behind_a_login_without_a_login_is_said_as_such(portal: Portal) -> None:
    run = await walked(portal, {"path": "/dashboard/"}, user="")
    assert reason(run) == "it leads to a login (/login/), and nobody is logged in"


async def test_a_login_is_known_by_where_it_was(portal: Portal) -> None:
    portal.answers["GET /"], portal.answers["POST /"] = portal._get_login, portal._post_login
    portal.answers["GET /dashboard/"] = lambda asked: page("Ada") if portal.signed_in(asked) else redirect("/")
    at_first = {"login": {"path": "/", "text": "Ada"}}
    portal.answers["GET /out"] = lambda asked: portal.sessions.clear() or page("out")  # type: ignore[func-returns-value]
    run = await walked(portal, at_first, {"path": "/out"}, {"path": "/dashboard/"})
    assert "the session of ada is gone" in reason(run)


async def test_a_page_that_asks_for_the_password_again_is_no_login(portal: Portal) -> None:
    portal.answers["GET /me"] = redirect("/settings/")
    portal.answers["GET /settings/"] = page(login_page("<p>Change your address</p>"))
    assert (await walked(portal, LOGIN, {"path": "/me"})).trouble is None


async def test_a_page_with_a_login_form_of_its_own_is_a_page(portal: Portal) -> None:
    assert (await walked(portal, LOGIN, {"path": "/login/"})).trouble is None


@pytest.mark.parametrize(
    ("answer", "step", "said"),
    [
        (page("<p>New</p>"), {"text": "Old"}, "the page does not show 'Old'; it shows: 'New'"),
        (Answer(404, "no"), {}, "404 came, not 200 to 299; it shows: 'no'"),
        (page("x"), {"status": 201}, "200 came, not 201"),
        (page("x"), {"keep": {"id": {"css": "a.invoice"}}}, "{id} cannot be kept: the page has no 'a.invoice'"),
        (page("<a class=x>1</a>"), {"keep": {"id": {"css": "a", "attribute": "href"}}}, "'a' has no attribute 'href'"),
        (page("x"), {"keep": {"id": {"css": "a["}}}, "'a[' is not a CSS selector"),
        (page("x"), {"keep": {"id": {"json_path": "a.b"}}}, "the answer is not JSON"),
        (page("<div>" * 3_000), {"keep": {"id": {"css": "div"}}}, "too deep in each other to be read"),
        (Answer(200, '{"a": [1]}', kind="application/json"), {"keep": {"id": {"json_path": "a.1"}}}, "nothing at '1'"),
        (Answer(200, "[" * 100_000, kind="application/json"), {"keep": {"id": {"json_path": "a"}}}, "is not JSON"),
        (page("x"), {"keep": {"id": {"header": "X-Id"}}}, "no answer has the header 'X-Id'"),
        (Answer(500, "Traceback: boom"), {}, "the portal answers with an error (500)"),
        (Answer(429, "", (("Retry-After", "7"),)), {}, "it is asked too often from here (429, again after 7 s)"),
        (Answer(403, "x", (("CF-Mitigated", "challenge"),)), {}, "Cloudflare asks whether a person is there (403)"),
        (page('<div class="cf-turnstile"></div>'), {"text": "Paid"}, "(Turnstile is asked for)"),
        (
            redirect("https://cdn.example.net/file?sig=abc"),
            {},
            "it leads to cdn.example.net, which is not the portal's",
        ),
        (redirect("mailto:a@b.example"), {}, "it leads to mailto:, which is not the portal's"),
        (redirect("/page"), {}, "it redirects without end"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_changed_is_said_and_ends_the_flow(
    portal: Portal, answer: Answer, step: dict[str, Any], said: str
) -> None:
    portal.answers["GET /page"] = answer
    run = await walked(portal, {"path": "/page", **step}, {"path": "/"}, user="")
    assert said in reason(run)
    assert len(portal.of("GET", "/page")) == 1
    assert portal.of("GET", "/") == []
    assert run.final is (answer.status == 429 or "Cloudflare" in said)


async def test_an_error_that_is_expected_is_right(portal: Portal) -> None:
    portal.answers["GET /gone"] = Answer(410, "gone")
    assert (await walked(portal, {"path": "/gone", "status": 410})).trouble is None


async def test_redirects_to_ever_new_addresses_end(portal: Portal) -> None:
    portal.answers["GET /go"] = lambda asked: redirect(f"/go?n={int(asked.query.get('n', 0)) + 1}")
    assert "without end" in reason(await walked(portal, {"path": "/go"}))
    assert len(portal.asked) < 15


async def test_a_token_goes_to_no_other_host(portal: Portal) -> None:
    portal.answers["GET /page"] = lambda asked: redirect(f"http://localhost:{portal.port}/in")
    portal.answers["GET /in"] = page("in")
    step = {"path": "/page", "headers_env": {"X-Key": "KEY"}, "headers": {"Authorization": "Bearer x", "X-Other": "y"}}
    ground = replace(portal.ground(), hosts=frozenset({"127.0.0.1", "localhost"}))
    async with visitors() as sessions:
        run = await walk(flow(step), sessions.new(), ground, environ={"KEY": "the key"})
    assert run.trouble is None
    assert portal.asked[0].headers["x-key"] == "the key"
    last = portal.asked[-1].headers
    assert last["host"].startswith("localhost")
    assert last["x-other"] == "y"
    assert not {"x-key", "authorization"} & set(last)


async def test_no_redirect_leads_from_a_public_address_to_this_machine(portal: Portal) -> None:
    portal.answers["GET /"] = redirect(f"http://127.0.0.1:{portal.port}/inside")
    portal.answers["GET /inside"] = page("inside")
    base, detour = f"http://8.8.8.8:{portal.port}", Detour("8.8.8.8", portal.port, "127.0.0.1", portal.port)
    ground = replace(portal.ground(), base=base, hosts=frozenset({"8.8.8.8", "127.0.0.1"}))
    async with visitors(detours=(detour,)) as sessions:
        run = await walk(flow({"path": "/"}), sessions.new(), ground, environ={})
    assert reason(run) == "a redirect is not followed: it leads to 127.0.0.1, which nobody outside can reach"
    assert portal.of("GET", "/inside") == []


async def test_a_header_whose_variable_is_missing_is_named(portal: Portal) -> None:
    run = await walked(portal, {"path": "/", "headers_env": {"Authorization": "NO_SUCH_TOKEN"}})
    assert reason(run) == "NO_SUCH_TOKEN is not set here"
    assert run.final


@pytest.mark.parametrize(
    ("link", "path", "said"),
    [
        ("https://evil.example/x", "{link}", "the value {link} leads to another host, evil.example"),
        ("//evil.example/x", "{link}", "leads to another host, evil.example"),
        ("javascript:alert(1)", "{link}", "leads to another host, javascript:"),
        ("evil", "https://{link}.example/", "a value cannot be part of a host"),
        ("x", "/{other}", "no step before keeps a value {other}"),
        ("x", "https://api.example.net/", "api.example.net is not asked: it is not the portal's"),
        ("x", "/{password}", "no step before keeps a value {password}"),
    ],
)
async def test_a_value_never_leads_to_another_host(portal: Portal, link: str, path: str, said: str) -> None:
    portal.answers["GET /page"] = page(f'<a href="{link}">there</a>')
    keep = {"path": "/page", "keep": {"link": {"css": "a", "attribute": "href"}}}
    run = await walked(portal, keep, {"path": path, "name": "there"})
    assert said in reason(run)
    assert len(portal.asked) == 1


async def test_a_value_does_not_even_lead_to_another_host_of_ours(portal: Portal) -> None:
    portal.answers["GET /page"] = page(f'<a href="http://localhost:{portal.port}/x">there</a>')
    keep = {"path": "/page", "keep": {"link": {"css": "a", "attribute": "href"}}}
    ground = replace(portal.ground(), hosts=frozenset({"127.0.0.1", "localhost"}))
    async with visitors() as sessions:
        run = await walk(flow(keep, {"path": "{link}"}), sessions.new(), ground, environ={})
    assert reason(run) == "the value {link} leads to another host, localhost"


async def test_a_value_that_looks_like_a_host_stays_in_the_path(portal: Portal) -> None:
    portal.answers["GET /page"] = page("<b>@evil.example/../x?y#z</b>")
    await walked(portal, {"path": "/page", "keep": {"name": {"css": "b"}}}, {"path": "/by/{name}"})
    assert portal.asked[1].target == "/by/%40evil.example%2F..%2Fx%3Fy%23z"


async def test_a_value_starts_no_new_header(portal: Portal) -> None:
    portal.answers["GET /page"] = Answer(200, '{"a": "x\\r\\nHost: evil.example"}', kind="application/json")
    keep = {"path": "/page", "keep": {"a": {"json_path": "a"}}}
    run = await walked(portal, keep, {"path": "/", "headers": {"X-A": "{a}"}})
    assert reason(run) == "the value of the header 'X-A' has control characters"
    run = await walked(portal, {"path": "/", "headers": {"Host": "evil.example"}})
    assert reason(run) == "the header 'Host' is not set by a flow"


async def test_a_post_that_no_page_has_a_form_for_says_so(portal: Portal) -> None:
    run = await walked(portal, LOGIN, {"path": "/"}, {"path": "/files/drop/", "form": {"a": "1"}})
    assert run.trouble is None  # the token of the cookie was sent as a header
    portal.answers["POST /files/drop/"] = Answer(403, "CSRF")
    run = await walked(portal, LOGIN, {"path": "/"}, {"path": "/files/drop/", "form": {"a": "1"}})
    assert reason(run) == "403 came, not 200 to 299; it shows: 'CSRF'"
    assert run.trouble
    assert run.trouble.unlock.startswith("no page before has a form that is sent there")
    run = await walked(portal, LOGIN, {"path": "/files/"}, {"path": "/files/drop/", "form": {"a": "1"}})
    assert run.trouble
    assert run.trouble.unlock == "see the answer: did the page change?"


FORM = """<form method="post"><select name="company" required><option value="">---</option></select>
<input name="title" required value="given">{said}<textarea name="note"></textarea><button>Save</button></form>"""


@pytest.mark.parametrize("status", [200, 422])
async def test_a_form_that_comes_back_with_an_error_was_not_taken(portal: Portal, status: int) -> None:
    portal.answers["GET /new"] = page(FORM.format(said=""))
    said = '<ul class="errorlist"><li>Choose a company.</li></ul>'
    portal.answers["POST /new"] = Answer(status, FORM.format(said=said))
    run = await walked(portal, {"path": "/new"}, {"path": "/new", "form": {"note": "x"}})
    came = "the form came back with an error" if status == 200 else "422 came, not 200 to 299"
    assert reason(run) == f"{came}; it shows: 'Choose a company.'"
    assert run.trouble
    assert run.trouble.unlock == "the form wants company to be filled in: name it in `form`"


async def test_a_form_that_comes_back_without_an_error_is_a_page(portal: Portal) -> None:
    portal.answers["GET /new"] = portal.answers["POST /new"] = page(
        FORM.format(said='<p aria-invalid="false">Hint</p>')
    )
    assert (await walked(portal, {"path": "/new"}, {"path": "/new", "form": {"note": "x"}})).trouble is None


async def test_a_file_that_is_not_there_is_named(portal: Portal) -> None:
    upload = {"path": "/files/upload/", "upload": {"field": "upload", "file": "no.pdf"}}
    assert reason(await walked(portal, {"path": "/"}, upload)) == "there is no file no.pdf"


@pytest.mark.parametrize(
    ("breaks", "said"),
    [
        ("reset", "no whole answer came"),
        ("middle", "no whole answer came: the answer broke off"),
        ("endless", "the answer did not end: it was cut after 200000 bytes"),
    ],
)
async def test_a_server_that_breaks_off(portal: Portal, breaks: str, said: str) -> None:
    portal.answers["GET /page"] = Answer(200, "some", breaks=breaks)
    run = await walked(portal, {"path": "/page"})
    assert said in reason(run)
    assert not run.final


async def test_a_server_that_is_silent_is_waited_for_so_long(portal: Portal) -> None:
    portal.answers["GET /page"] = Answer(breaks="silent")
    run = await walked(portal, {"path": "/page"}, limits=Limits(operation_timeout_s=0.2))
    assert "no answer in time: nothing was answered" in reason(run)


async def test_a_server_that_is_gone_is_said_at_the_step(portal: Portal) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    ground = replace(portal.ground(), base=f"http://127.0.0.1:{port}")
    async with visitors() as sessions:
        run = await walk(flow({"path": "/"}), sessions.new(), ground, environ={})
    assert "the portal cannot be reached: nobody listens there" in reason(run)


async def test_the_same_answer_is_saved_once_and_only_so_many(portal: Portal, tmp_path: Path) -> None:
    portal.answers["GET /page"] = Answer(500, "Traceback " + "x " * 4_000 + "the end")
    saving = Saving(tmp_path / "run", tmp_path)
    first, second = [await walked(portal, {"path": "/page"}, saving=saving) for _ in range(2)]
    assert first.trouble
    assert second.trouble
    assert first.trouble.saved == second.trouble.saved == "run/01-buy-get-page.txt"
    text = (tmp_path / first.trouble.saved).read_text()
    assert "HTTP/1.1 500" in text
    assert len(text) < 5_000
    assert "the end" not in text
    nowhere = Saving(tmp_path / "run" / "01-buy-get-page.txt" / "below")
    third = await walked(portal, {"path": "/page"}, saving=nowhere)
    assert third.trouble
    assert third.trouble.saved == ""
