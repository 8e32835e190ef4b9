"""The second factor: on, asked for everywhere, each code once, off."""

import pyotp
import pytest
from django.core.management import CommandError, call_command
from django_otp.plugins.otp_totp.models import TOTPDevice

from outbox.models import OutgoingMail
from tests.world import PASSWORD, logged_in


@pytest.fixture
def ada(world):
    return world.ours.client


@pytest.fixture
def app(ada):
    """Switches the second factor on, as a person does, and returns what their phone shows and the backup codes."""
    browser = logged_in(ada)
    page = browser.get("/account/two-factor/")
    phone = pyotp.TOTP(page.context["key"])
    answer = browser.post("/account/two-factor/", {"code": phone.now(), "password": PASSWORD})
    ada.refresh_from_db()
    assert ada.two_factor
    # The code of the enrolment counts as used; let its time pass.
    TOTPDevice.objects.update(last_t=-1)
    return phone, answer.context["codes"]


def with_password(client, ada):
    return client.post("/account/login/", {"username": ada.email, "password": PASSWORD})


def test_the_key_is_shown_as_picture_and_as_text(ada):
    page = logged_in(ada).get("/account/two-factor/").content.decode()
    assert "<svg" in page
    assert "style=" not in page.split('class="qr"')[1].split("</svg>")[0]  # the content policy would refuse it


def test_a_wrong_first_code_switches_nothing_on(ada):
    logged_in(ada).post("/account/two-factor/", {"code": "000000", "password": PASSWORD})
    ada.refresh_from_db()
    assert not ada.two_factor


def test_an_open_session_alone_switches_nothing_on(ada):
    browser = logged_in(ada)
    phone = pyotp.TOTP(browser.get("/account/two-factor/").context["key"])
    browser.post("/account/two-factor/", {"code": phone.now(), "password": "guessed"})
    ada.refresh_from_db()
    assert not ada.two_factor


def test_who_lost_the_phone_is_let_in_again_by_a_command(client, ada, app):
    call_command("switch_off_two_factor", ada.email.upper())
    with_password(client, ada)
    assert client.get("/").status_code == 200
    assert "switched off" in OutgoingMail.objects.latest("pk").body
    with pytest.raises(CommandError):
        call_command("switch_off_two_factor", "nobody@alder.example")


def test_the_password_alone_opens_no_page_any_more(client, ada, app):
    with_password(client, ada)
    for path in ("/", "/invoices/", "/account/", "/account/two-factor/off/", "/account/password/", "/files/upload/"):
        assert client.get(path).headers["Location"].startswith("/account/login/code/?next=")
        assert client.post(path).headers["Location"].startswith("/account/login/code/?next=")
    assert client.get("/api/v1/invoices", headers={"Accept": "application/json"}).status_code == 401


def test_the_code_opens_what_was_asked_for(client, ada, app):
    with_password(client, ada)
    answer = client.post("/account/login/code/", {"code": app[0].now(), "next": "/invoices/"})
    assert answer.headers["Location"] == "/invoices/"
    assert client.get("/").status_code == 200


def test_codes_may_be_typed_in_groups(client, ada, app):
    with_password(client, ada)
    code = app[0].now()
    assert client.post("/account/login/code/", {"code": f"{code[:3]} {code[3:]}"}).status_code == 302


def test_a_code_works_once(client, ada, app, django_user_model):
    from django.test import Client

    code = app[0].now()
    with_password(client, ada)
    assert client.post("/account/login/code/", {"code": code}).status_code == 302
    thief = Client()
    with_password(thief, ada)
    assert thief.post("/account/login/code/", {"code": code}).status_code == 200
    assert thief.get("/").status_code == 302


def test_a_backup_code_works_once(client, ada, app):
    from django.test import Client

    assert len(app[1]) == 8
    with_password(client, ada)
    assert client.post("/account/login/code/", {"code": app[1][0]}).status_code == 302
    again = Client()
    with_password(again, ada)
    assert again.post("/account/login/code/", {"code": app[1][0]}).status_code == 200


def test_after_a_wrong_code_the_right_one_has_to_wait(client, ada, app):
    with_password(client, ada)
    assert client.post("/account/login/code/", {"code": "000000"}).status_code == 200
    assert client.post("/account/login/code/", {"code": app[0].now()}).status_code == 200
    assert client.get("/").status_code == 302


def test_codes_count_against_the_same_limit_as_passwords(client, ada, app):
    with_password(client, ada)
    answers = [client.post("/account/login/code/", {"code": f"{number:06}"}).status_code for number in range(21)]
    assert answers[-1] == 429


def test_a_code_of_somebody_else_does_not_help(client, ada, app, world):
    browser = logged_in(world.theirs.client)
    phone = pyotp.TOTP(browser.get("/account/two-factor/").context["key"])
    browser.post("/account/two-factor/", {"code": phone.now(), "password": PASSWORD})
    TOTPDevice.objects.update(last_t=-1)
    with_password(client, ada)
    assert client.post("/account/login/code/", {"code": phone.now()}).status_code == 200


def test_the_code_page_sends_nobody_elsewhere(client, ada, app):
    with_password(client, ada)
    sent = {"code": app[0].now(), "next": "https://evil.example/"}
    assert client.post("/account/login/code/", sent).headers["Location"] == "/"


def test_somebody_without_the_phone_may_still_log_out(client, ada, app):
    with_password(client, ada)
    assert client.post("/account/logout/").headers["Location"] == "/account/login/"


def test_a_new_login_asks_again(client, ada, app):
    with_password(client, ada)
    client.post("/account/login/code/", {"code": app[0].now()})
    client.post("/account/logout/")
    with_password(client, ada)
    assert client.get("/").headers["Location"].startswith("/account/login/code/")


def test_switching_off_takes_the_password_and_is_told_by_mail(client, ada, app):
    with_password(client, ada)
    client.post("/account/login/code/", {"code": app[0].now()})
    client.post("/account/two-factor/off/", {"password": "wrong"})
    ada.refresh_from_db()
    assert ada.two_factor
    client.post("/account/two-factor/off/", {"password": PASSWORD})
    ada.refresh_from_db()
    assert not ada.two_factor
    assert "switched off" in OutgoingMail.objects.latest("pk").body
    client.post("/account/logout/")
    with_password(client, ada)
    assert client.get("/").status_code == 200


def test_switching_on_again_needs_the_old_one_off_first(client, ada, app):
    with_password(client, ada)
    client.post("/account/login/code/", {"code": app[0].now()})
    assert client.get("/account/two-factor/").status_code == 302
