"""A flow walked on a real small server: what is sent, what is kept, what belongs to which step."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.performance.portals import ENVIRON, NAME, PASSWORD, Answer, Portal, flow, page, redirect, running, visitors

from launchready.performance.flows import SignedIn, exchanges, signed_in, walk
from launchready.performance.words import FlowRun


@pytest.fixture
async def portal() -> AsyncIterator[Portal]:
    async with running() as started:
        yield started


async def walked(portal: Portal, *steps: dict[str, Any], user: str = "ada", **ground: Any) -> FlowRun:
    async with visitors() as sessions:
        return await walk(flow(*steps, user=user), sessions.new(), portal.ground(**ground), environ=ENVIRON)


LOGIN: dict[str, Any] = {"login": {"path": "/login/"}}
FIND: dict[str, Any] = {"path": "/search", "form": {"q": "a b&c"}, "text": "found a b"}
DASHBOARD: dict[str, Any] = {"path": "/dashboard/", "text": "Invoices of Ada"}


async def test_a_login_is_two_steps_with_its_hidden_fields_and_its_token(portal: Portal) -> None:
    run = await walked(portal, LOGIN, DASHBOARD)
    assert run.trouble is None
    assert [step.step for step in run.steps] == ["login page", "login", "GET /dashboard/"]
    assert [reply.page.status for reply in run.steps[1].replies] == [302, 200]
    (sent,) = portal.of("POST", "/login/")
    assert sent.form["next"] == "/dashboard/"
    assert sent.form["go"] == "in"
    assert (sent.form["username"], sent.form["password"]) == (NAME, PASSWORD)
    assert sent.headers["origin"] == portal.url
    assert portal.of("GET", "/dashboard/")[0].method == "GET"


async def test_a_form_is_sent_as_a_browser_would(portal: Portal, tmp_path: Path) -> None:
    upload = {"path": "/files/upload/", "form": {"note": "for {unique}"}, "upload": {"field": "upload", "size_kb": 50}}
    run = await walked(portal, LOGIN, {"path": "/files/"}, upload)
    assert run.trouble is None
    assert run.steps[-1].step == "POST /files/upload/"
    assert [reply.page.status for reply in run.steps[-1].replies] == [303, 200]
    (sent,) = portal.of("POST", "/files/upload/")
    form = sent.form
    assert form.pop("csrfmiddlewaretoken")
    assert form.pop("note").startswith("for lr")
    assert form == {"folder": "7", "kind": "Signed contract", "tell": "yes", "do": "save"}
    assert sent.file is not None
    field, name, kind, content = sent.file
    assert (field, name, kind) == ("upload", "launch-ready-test.pdf", "application/pdf")
    assert content.startswith(b"%PDF-1.4")
    assert abs(len(content) - 50 * 1024) < 16


async def test_a_file_of_ones_own_is_sent(portal: Portal, tmp_path: Path) -> None:
    (tmp_path / "offer.txt").write_bytes(b"our offer\r\n")
    sends = {"field": "upload", "file": "offer.txt", "name": 'the "{user}".txt', "content_type": "text/plain"}
    run = await walked(portal, LOGIN, {"path": "/files/"}, {"path": "/files/upload/", "upload": sends}, root=tmp_path)
    assert run.trouble is None
    (sent,) = portal.of("POST", "/files/upload/")
    assert sent.file == ("upload", f"the %22{NAME}%22.txt", "text/plain", b"our offer\r\n")
    assert sent.form["note"] == "a & b"


async def test_the_button_that_is_named_is_the_one_that_is_pressed(portal: Portal) -> None:
    drop = {"path": "/files/drop/", "form": {"do": "drop"}}
    run = await walked(portal, LOGIN, {"path": "/files/"}, drop)
    assert run.trouble is None
    (sent,) = portal.of("POST", "/files/drop/")
    assert [value for name, value in sent.pairs if name == "do"] == ["drop"]
    assert sent.file is None


async def test_a_form_that_is_sent_as_get_is_a_query(portal: Portal) -> None:
    run = await walked(portal, LOGIN, {"path": "/files/"}, FIND)
    assert run.trouble is None
    assert portal.asked[-1].query == {"q": "a b&c"}


async def test_values_are_kept_of_html_json_and_headers(portal: Portal) -> None:
    api_login = {
        "method": "POST", "path": "/api/login", "json": {"email": "{user}", "password": "{password}"},
        "keep": {"token": {"json_path": "data.token"}},
    }  # fmt: skip
    items = {
        "path": "/api/items", "headers": {"Authorization": "Bearer {token}"},
        "keep": {
            "name": {"json_path": "items.-1.name"}, "next": {"header": "X-Next"}, "id": {"json_path": "items.1.id"},
        },
    }  # fmt: skip
    portal.answers["GET /by/a%2Fb%20c/8"] = page("one item")
    following = {"path": "/by/{name}/{id}?from={next}"}
    run = await walked(portal, api_login, items, following, {"path": "{next}", "headers": items["headers"]})
    assert run.trouble is None
    assert portal.asked[2].target == "/by/a%2Fb%20c/8?from=%2Fapi%2Fitems%3Fpage%3D2"
    assert portal.asked[3].target == "/api/items?page=2"
    assert json.loads(portal.asked[0].body) == {"email": NAME, "password": PASSWORD}
    assert "json" in portal.asked[0].headers["accept"]


async def test_a_link_is_kept_as_the_page_means_it(portal: Portal) -> None:
    dashboard = DASHBOARD | {"keep": {"invoice": {"css": "a.invoice", "attribute": "href"}, "title": {"css": "h1"}}}
    run = await walked(portal, LOGIN, dashboard, {"path": "{invoice}", "text": "Invoice 17"})
    assert run.trouble is None
    assert portal.asked[-1].target == "/invoices/17/?copy=1"


async def test_what_a_script_sends_has_the_token_of_the_cookie(portal: Portal) -> None:
    run = await walked(portal, LOGIN, {"method": "POST", "path": "/api/items", "json": {"name": "x"}, "status": 201})
    assert run.trouble is None
    assert portal.asked[-1].headers["x-csrftoken"]


async def test_a_meta_token_is_sent_as_its_header(portal: Portal) -> None:
    portal.answers["GET /"] = page('<meta name="csrf-token" content="of-the-page">')
    portal.answers["DELETE /api/items/9"] = Answer(204)
    await walked(portal, {"path": "/"}, {"method": "DELETE", "path": "/api/items/9"})
    assert portal.asked[-1].headers["x-csrf-token"] == "of-the-page"


async def test_a_redirect_can_be_what_is_expected(portal: Portal) -> None:
    step = {"path": "/dashboard/", "status": 302, "keep": {"to": {"header": "Location"}}}
    run = await walked(portal, step, {"path": "{to}"}, user="")
    assert run.trouble is None
    assert [asked.target for asked in portal.asked] == ["/dashboard/", "/login/?next=/dashboard/"]


@pytest.mark.parametrize(
    ("status", "method", "body"), [(301, "GET", b""), (303, "GET", b""), (307, "POST", b"a=1"), (308, "POST", b"a=1")]
)
async def test_redirects_change_the_method_as_browsers_do(
    portal: Portal, status: int, method: str, body: bytes
) -> None:
    portal.answers["POST /old"] = redirect("/new", status)
    portal.answers["GET /new"] = portal.answers["POST /new"] = page("here")
    run = await walked(portal, {"path": "/old", "form": {"a": "1"}}, user="")
    assert run.trouble is None
    last = portal.asked[-1]
    assert (last.method, last.path, last.body) == (method, "/new", body)
    assert ("content-type" in last.headers) is (method == "POST")


async def test_a_cookie_that_comes_with_a_redirect_to_itself_is_no_circle(portal: Portal) -> None:
    portal.answers["GET /"] = lambda asked: page("in") if asked.cookies.get("seen") else redirect("/", 302, "seen=1")
    run = await walked(portal, {"path": "/"}, user="")
    assert run.trouble is None
    assert len(run.steps[0].replies) == 2


async def test_a_cookie_that_was_set_on_the_way_makes_the_first_address_another(portal: Portal) -> None:
    portal.answers["GET /"] = lambda asked: page("in") if asked.cookies.get("seen") else redirect("/choose")
    portal.answers["GET /choose"] = redirect("/", 302, "seen=1; Path=/")
    run = await walked(portal, {"path": "/"}, user="")
    assert run.trouble is None
    assert len(run.steps[0].replies) == 3


async def test_many_start_behind_one_login(portal: Portal) -> None:
    again = flow(DASHBOARD, {"path": "/api/items", "method": "POST", "json": {}, "status": 201}, user="ada")
    async with visitors() as sessions:
        first = sessions.new()
        signed = await signed_in(portal.ground(), "ada", first, ENVIRON)
        assert isinstance(signed, SignedIn)
        for _ in range(2):
            run = await walk(again, sessions.new(like=first), portal.ground(), signed=signed, environ=ENVIRON)
            assert run.trouble is None
            assert all(reply.signed_in for step in run.steps for reply in step.replies)
    assert len(portal.of("POST", "/login/")) == 1


async def test_what_is_kept_of_answers_holds_no_secret(portal: Portal) -> None:
    portal.answers["GET /dashboard/"] = page("x", location="/a?token=abc", x_internal="abc", cache_control="no-store")
    run = await walked(portal, LOGIN, {"path": "/invoices/17/?copy=1&token=abc", "name": "invoice"})
    kept = exchanges(run)
    assert [e.route for e in kept] == [
        "GET /login/", "POST /login/", "GET /dashboard/", "GET /invoices/{id}/?copy=&token=",
    ]  # fmt: skip
    assert [e.hop for e in kept] == [0, 0, 1, 0]
    assert [e.signed_in for e in kept] == [False, False, True, True]
    assert ("cache-control", "no-store") in kept[2].headers
    cookies = [value for e in kept for name, value in e.headers if name == "set-cookie"]
    assert cookies == ["csrftoken=…; Path=/; SameSite=Lax", "sessionid=…; Path=/; HttpOnly"]
    written = repr(kept)
    for secret in (NAME, PASSWORD, "abc", *portal.sessions, portal.asked[1].form["csrfmiddlewaretoken"]):
        assert secret not in written
