"""Login forms as pages have them: the fields, the token, where they are sent; and what is no login form."""

from __future__ import annotations

import time

import pytest

from launchready.probes.forms import asks_second_factor, login_form, visible_text
from launchready.probes.page import Page

URL = "https://app.example/account/login/?next=/files/"


def page(body: str, url: str = URL) -> Page:
    return Page(url, 200, (("content-type", "text/html; charset=utf-8"),), body.encode())


DJANGO = """<form method="get" action="/search"><input name="q"></form>
<form method="post"><input type="hidden" name="csrfmiddlewaretoken" value="a&amp;b"><input type="hidden" name="next"
value="/files/"><input type="email" name="username" autocomplete="username"><input type="password" name="password">
<input type="checkbox" name="remember" value="1"><input type="checkbox" name="terms" checked>
<button type="submit" name="go" value="in">Log in</button><button name="go" value="other">Other</button></form>"""


def test_hidden_fields_token_ticked_boxes_and_the_first_button_are_sent() -> None:
    form = login_form(page(DJANGO))

    assert form is not None
    assert form.posts
    assert form.action == URL  # no action: the page's own address, its query included
    assert form.filled("ada@x.example", "pass word") == {
        "csrfmiddlewaretoken": "a&b",
        "next": "/files/",
        "terms": "on",
        "go": "in",
        "username": "ada@x.example",
        "password": "pass word",
    }


@pytest.mark.parametrize(
    ("action", "leads_to"),
    [
        ("/session", "https://app.example/session"),
        ("session", "https://app.example/account/login/session"),
        ("https://id.example/in", "https://id.example/in"),
        ("?step=2", "https://app.example/account/login/?step=2"),
    ],
)
def test_where_a_form_is_sent(action: str, leads_to: str) -> None:
    form = login_form(
        page(f'<form method=POST action="{action}"><input name=email><input type=password name=p></form>')
    )

    assert form is not None
    assert form.action == leads_to


@pytest.mark.parametrize(
    "body",
    [
        "<p>Log in with the app</p>",
        "<form method=post><input name=email><input type=password name=a><input type=password name=b></form>",
        "<form method=post><input type=password name=p></form>",
        "<form method=post><input name=email></form><input type=password name=p>",
        '<form method=get action="/search"><input name=q></form><input name=email><input type=password name=p>',
        "<!-- <form method=post><input name=email><input type=password name=p></form> -->",
        "<template><form method=post><input name=email><input type=password name=p></form></template>",
    ],
)
def test_what_is_no_login_form(body: str) -> None:
    assert login_form(page(body)) is None


def test_fields_may_name_their_form_from_outside_of_it() -> None:
    body = "<form id=f method=post></form><input name=user form=f><input type=password name=p form=f>"

    form = login_form(page(body))

    assert form is not None
    assert (form.user, form.password) == ("user", "p")


def test_the_account_is_the_field_that_says_so() -> None:
    body = "<form method=post><input name=company><input name=login_email><input name=x><input type=password name=p>"

    form = login_form(page(body))

    assert form is not None
    assert form.user == "login_email"


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ('<input name="otp" inputmode="numeric">', True),
        ('<input name="x" autocomplete="one-time-code">', True),
        ('<input name="code">', True),
        ('<input name="postcode">', False),
        ('<input name="otp"><input type="password" name="p">', False),
        ('<input type="hidden" name="otp_enabled">', False),
        ("<p>Your code</p>", False),
    ],
)
def test_a_second_factor_is_asked_for_by_a_field(body: str, asked: bool) -> None:
    assert asks_second_factor(page(body)) is asked


def test_only_what_people_see_is_text() -> None:
    body = "<title>No</title><style>no</style><p>Tom &amp;\n  <b>Ada</b></p><script>'<p>no</p>'</script><!-- no -->!"

    assert visible_text(page(body)) == "Tom & Ada !"


@pytest.mark.parametrize("piece", ["<script", "<!--", "<", "<p>", "</", "&", "<form>", "<input>"])
def test_hostile_pages_cost_time_in_proportion(piece: str) -> None:
    hostile = page(piece * (400_000 // len(piece)))
    began = time.monotonic()
    visible_text(hostile)
    login_form(hostile)

    assert time.monotonic() - began < 5
