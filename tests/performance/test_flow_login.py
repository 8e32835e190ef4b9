"""A login that does not go as it should: what is said, where, and that nobody tries again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.performance.portals import (
    ADA,
    ENVIRON,
    NAME,
    PASSWORD,
    Answer,
    Asked,
    Portal,
    flow,
    login_page,
    page,
    redirect,
    running,
    visitors,
)

from launchready.measurement import Untold
from launchready.performance.flow_choice import Ground
from launchready.performance.flows import Saving, signed_in, walk
from launchready.performance.words import StepRun
from launchready.portal_performance import FlowLogin, FlowUser


@pytest.fixture
async def portal() -> AsyncIterator[Portal]:
    async with running() as started:
        yield started


async def login(
    portal: Portal,
    *,
    environ: dict[str, str] | None = None,
    text: str = "",
    ground: Ground | None = None,
    saving: Saving | None = None,
) -> StepRun:
    """Walk a flow of a login and a page; returns the last step."""
    steps: list[dict[str, Any]] = [{"login": {"path": "/login/", "text": text}}, {"path": "/dashboard/"}]
    where = ground or portal.ground()
    async with visitors() as sessions:
        run = await walk(flow(*steps, user="ada"), sessions.new(), where, environ=environ or ENVIRON, saving=saving)
    return run.steps[-1]


async def refused(ground: Ground, user: str = "ada", environ: dict[str, str] | None = None) -> Untold:
    async with visitors() as sessions:
        told = await signed_in(ground, user, sessions.new(), environ or ENVIRON)
    assert isinstance(told, Untold)
    return told


def reason(step: StepRun) -> str:
    assert step.trouble is not None
    assert step.trouble.unlock
    for secret in (NAME, PASSWORD):
        assert secret not in step.trouble.reason + step.trouble.unlock
    return step.trouble.reason


async def test_variables_that_are_missing_are_named_and_nothing_is_asked(portal: Portal) -> None:
    step = await login(portal, environ={"ADA_USER": NAME, "ADA_PASSWORD": ""})
    assert step.step == "login page"
    assert reason(step) == "ADA_PASSWORD is empty here"
    assert reason(await login(portal, environ={"X": ""})) == "ADA_USER and ADA_PASSWORD are not set here"
    assert portal.asked == []


async def test_wrong_credentials_are_sent_once_in_a_run_and_the_page_is_quoted(portal: Portal) -> None:
    ground, wrong = portal.ground(), ENVIRON | {"ADA_PASSWORD": "another one"}
    step = await login(portal, environ=wrong, ground=ground)
    assert step.step == "login"
    assert step.final
    assert reason(step).startswith("the portal refuses the account of ada (200); it says: '…(18 chars")
    assert "that password is not right" in reason(step)
    again = await login(portal, environ=wrong, ground=ground)
    assert "is not tried again" in reason(again)
    assert again.final
    assert again.replies == ()
    assert "is not tried again" in (await refused(ground, environ=wrong)).reason
    assert len(portal.of("POST", "/login/")) == 1


async def test_the_answer_that_refused_is_saved_without_its_secrets(portal: Portal, tmp_path: Path) -> None:
    token = "Zx81mq93Lk20Vb77Pd54Rt66Yn11"
    said = f"<p class=error>{NAME.upper()} and bob@client.example: wrong, {token} and {PASSWORD}</p>"
    portal.answers["POST /login/"] = page(login_page(said), set_cookie=f"sid={token}; HttpOnly")
    saving = Saving(tmp_path / "a", tmp_path)
    step = await login(portal, saving=saving)
    assert step.trouble
    assert step.trouble.saved == "a/01-buy-login.txt"
    text = (tmp_path / step.trouble.saved).read_text()
    assert text.startswith(f"POST {portal.url}/login/\nHTTP/1.1 200\n")
    assert "set-cookie: sid=…; HttpOnly" in text
    assert "wrong, " in text
    for secret in (NAME, NAME.upper(), "bob@client.example", token, PASSWORD):
        assert secret not in text
        assert secret not in reason(step)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (page(login_page("<p role=alert>Your account has been locked.</p>")), "the account of ada is locked"),
        (Answer(423, "locked"), "the account of ada is locked"),
        (Answer(403, "Account is temporarily disabled: too many login attempts."), "the account of ada is locked"),
        (Answer(429, "Too many login attempts"), "limits logins or has locked ada out (429)"),
        (Answer(429, "slow", (("Retry-After", "90"),)), "asked too often from here (429, again after 90 s)"),
        (Answer(403, "<p>CSRF verification failed.</p>"), "refused as such (403), whatever the password"),
        (Answer(419, "Page expired"), "refused as such (419), whatever the password"),
        (Answer(401, "{}", kind="application/json"), "the portal refuses the account of ada (401)"),
        (page('<form><input name="otp" autocomplete="one-time-code"></form>'), "asks for a second factor"),
        (page(login_page('<div class="h-captcha"></div>')), "after the login of ada hCaptcha is asked for"),
        (Answer(404, "no"), "leads to a page that answers 404"),
        (Answer(403, "x", (("cf-mitigated", "challenge"),)), "Cloudflare asks whether a person is there"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value.status),
)
async def test_a_refusal_says_what_it_is_and_is_final(portal: Portal, answer: Answer, said: str) -> None:
    portal.answers["POST /login/"] = answer
    step = await login(portal)
    assert said in reason(step)
    assert step.step == "login"
    assert step.final
    assert portal.of("GET", "/dashboard/") == []


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (page('<div id="app"></div><script src="/app.js"></script>'), "a script draws it"),
        (page("<p>Soon.</p>"), "the page has no form with an account and a password"),
        (page(login_page(method="get")), "put the password into the address"),
        (page(login_page(action="https://idp.example.net/login")), "to idp.example.net, which is not the portal's"),
        (page(login_page(action="javascript:void(0)")), "which is not the portal's"),
        (page(login_page('<div class="g-recaptcha" data-sitekey="x"></div>')), "the login form has reCAPTCHA"),
        (page(login_page('<div class="cf-turnstile"></div>')), "the login form has Turnstile"),
        (page(login_page('<div class="frc-captcha"></div>')), "the login form has Friendly Captcha"),
        (page(login_page('<img src="/c.png"><input name="captcha_1">')), "the login form has a CAPTCHA of its own"),
        (Answer(404, "gone"), "the login page answers 404"),
        (Answer(503, "x", (("cf-mitigated", "challenge"),)), "Cloudflare asks whether a person is there (503)"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value.status),
)
async def test_a_page_on_which_no_password_is_typed(portal: Portal, shown: Answer, said: str) -> None:
    portal.answers["GET /login/"] = shown
    step = await login(portal)
    assert step.step == "login page"
    assert said in reason(step)
    assert step.final
    assert portal.of("POST", "/login/") == []


async def test_a_captcha_elsewhere_on_the_page_keeps_nobody_from_trying(portal: Portal) -> None:
    script = '<script src="https://www.google.com/recaptcha/api.js?render=key"></script>'
    shown = portal._get_login

    def with_script(asked: Asked) -> Answer:
        answer = shown(asked)
        return Answer(200, str(answer.body).replace("<body>", f"<body>{script}"), answer.headers)

    portal.answers["GET /login/"] = with_script
    assert (await login(portal)).trouble is None
    portal.answers["POST /login/"] = page(login_page(extra=script))
    assert "shows its form again, and the page has reCAPTCHA" in reason(await login(portal))


async def test_an_error_of_the_portal_is_no_refusal_of_the_account(portal: Portal) -> None:
    portal.answers["POST /login/"] = Answer(502, "bad gateway")
    ground = portal.ground()
    step = await login(portal, ground=ground)
    assert "the portal answers with an error (502)" in reason(step)
    assert not step.final
    assert ground.refused == {}


async def test_a_page_behind_the_login_that_is_too_large_is_no_refusal_either(portal: Portal) -> None:
    portal.answers["GET /dashboard/"] = page("x" * 3_000_000)
    step = await login(portal)
    assert "the answer did not end: it was cut after 2097152 bytes" in reason(step)
    assert not step.final


async def test_a_session_that_does_not_hold_is_said_as_such(portal: Portal) -> None:
    portal.answers["POST /login/"] = redirect("/dashboard/", 302, "sessionid=lost; Domain=other.example")
    step = await login(portal)
    assert "leads back to the login: the session does not hold" in reason(step)
    assert [reply.page.status for reply in step.replies] == [302, 302, 200]


async def test_a_refusal_that_redirects_to_the_form_is_a_refusal_of_the_account(portal: Portal) -> None:
    portal.answers["POST /login/"] = redirect("/login/?failed=1")
    assert "the portal refuses the account of ada" in reason(await login(portal))


async def test_a_dashboard_that_can_invite_people_is_no_login(portal: Portal) -> None:
    portal.answers["GET /dashboard/"] = page(login_page("<p>Invite: their account is disabled until they come</p>"))
    assert (await login(portal)).trouble is None


async def test_the_text_that_is_expected_decides(portal: Portal) -> None:
    assert (await login(portal, text="Invoices of Ada")).trouble is None
    assert "does not show 'Invoices of Bob'" in reason(await login(portal, text="Invoices of Bob"))


async def test_a_login_that_brings_no_cookie_proves_nothing(portal: Portal) -> None:
    portal.answers["GET /login/"] = page(login_page())
    portal.answers["POST /login/"] = page("<h1>Hello</h1>")
    assert "brought no cookie" in reason(await login(portal))
    portal.answers["GET /dashboard/"] = page("<h1>Hello</h1>")
    assert (await login(portal, text="Hello")).trouble is None


async def test_a_login_that_is_sent_on_to_another_host_stays_here(portal: Portal) -> None:
    portal.answers["POST /login/"] = redirect("http://sso.example.net/in", 307)
    step = await login(portal)
    assert "it leads to sso.example.net, which is not the portal's" in reason(step)
    assert len(portal.asked) == 2


async def test_a_password_goes_to_nobody_else_and_not_in_the_clear(portal: Portal) -> None:
    steps = {"login": FlowLogin(path="http://portal.example/login/")}
    outside = Ground("http://portal.example", frozenset({"portal.example"}), {"ada": ADA}, **steps)
    assert (await refused(outside)).reason == "a password is not sent without encryption"
    told = await refused(portal.ground(login=FlowLogin(path="https://other.example/")))
    assert told.reason == "no password is sent to other.example, which is not the portal's"


async def test_a_login_by_json_that_is_refused_is_not_tried_again_either(portal: Portal) -> None:
    step = {"path": "/api/login", "json": {"email": "{user}", "password": "{password}"}, "method": "POST"}
    ground, wrong = portal.ground(), ENVIRON | {"ADA_PASSWORD": "another one"}
    for _ in range(2):
        async with visitors() as sessions:
            run = await walk(flow(step, user="ada"), sessions.new(), ground, environ=wrong)
        assert run.final
    assert "no such account" in ground.refused["ada"].reason
    assert NAME not in ground.refused["ada"].reason
    assert len(portal.of("POST", "/api/login")) == 1


async def test_another_user_may_still_try(portal: Portal) -> None:
    users = {"ada": ADA, "bob": FlowUser(user_env="BOB", password_env="BOB_PASSWORD")}
    ground = portal.ground(users=users)
    wrong = ENVIRON | {"BOB": "bob", "BOB_PASSWORD": "no"}
    assert "refuses the account of bob" in (await refused(ground, "bob", wrong)).reason
    assert (await login(portal, ground=ground)).trouble is None


async def test_what_django_admin_says_above_its_form_is_what_is_quoted(portal: Portal) -> None:
    said = '<p class="errornote">Please enter the correct username and password.</p>'
    portal.answers["POST /login/"] = page("<h1>Administration of the portal</h1>" + login_page(said))
    assert "it says: 'Please enter the correct username and password.'" in reason(await login(portal))
