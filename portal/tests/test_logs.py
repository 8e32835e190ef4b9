"""One JSON line a request with its id, and no secret in any of them, whatever happens."""

import json
import logging
import sys

import pytest

from accounts.invitations import invitation_link
from accounts.models import Role, User
from outbox.models import OutgoingMail
from portal_site.logs import RedactedJsonFormatter, logging_config
from portal_site.redaction import REDACTED, redact, redact_text
from tests.test_passwords import link_in
from tests.world import PASSWORD, logged_in


@pytest.fixture
def lines():
    """What production would print, as it is printed."""
    import io

    out = io.StringIO()
    handler = logging.StreamHandler(out)
    config = logging_config("INFO")["formatters"]["json"]
    handler.setFormatter(RedactedJsonFormatter(config["format"], style="{", rename_fields=config["rename_fields"]))
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


def test_a_request_is_one_line_with_an_id(world, lines):
    answer = logged_in(world.ours.client).get("/invoices/?state=sent", headers={"X-Request-Id": "abcd-1234"})
    [line] = [line for line in lines() if line["logger"] == "portal.request"]
    assert line.pop("duration_ms") > 0
    assert line.pop("time")
    assert line == {
        "level": "INFO", "logger": "portal.request", "message": "request", "method": "GET", "path": "/invoices/",
        "status": 200, "user_id": world.ours.client.pk, "request_id": "abcd-1234",
    }  # fmt: skip
    assert answer.headers["X-Request-Id"] == "abcd-1234"


@pytest.mark.parametrize("evil", ["short", "a b c d e f g h", "x" * 100, '{"level":"x"}xxxx'])
def test_a_strange_request_id_is_replaced(client, db, lines, evil):
    assert client.get("/account/login/", headers={"X-Request-Id": evil}).headers["X-Request-Id"] != evil


def test_no_password_token_or_code_is_in_any_line(client, world, lines):
    client.post("/account/login/", {"username": world.ours.client.email, "password": "wrong-secret-word"})
    client.post("/account/login/", {"username": world.ours.client.email, "password": PASSWORD})
    client.get("/?token=in-the-query-string")
    client.post("/account/reset/", {"email": world.ours.client.email})
    link = link_in(OutgoingMail.objects.latest("pk"))
    client.get(link)
    invited = User.objects.create_user("i@alder.example", name="I", role=Role.CLIENT, company=world.ours.company)
    invitation = invitation_link(invited).removeprefix("http://testserver")
    client.get(invitation)
    client.get(invitation[:-10] + "/nowhere/")
    client.post("/account/two-factor/", {"code": "987654"})
    text = json.dumps(lines())
    session = client.cookies["session"].value
    for secret in (PASSWORD, "wrong-secret-word", "in-the-query-string", link.split("/")[-2], "987654", session):
        assert secret not in text
    assert invitation.split("/")[-2] not in text
    assert f"/account/invitation/{REDACTED}" in text


def test_an_error_keeps_its_traceback_and_loses_the_secrets_in_it(world, lines, monkeypatch):
    def broken(*args):
        raise RuntimeError("cannot reach postgres://portal:hunter2@db/portal with token=abcdef0123456789")

    monkeypatch.setattr("dashboard.views.numbers", broken)
    browser = logged_in(world.ours.client, raise_request_exception=False)
    answer = browser.get("/")
    assert answer.status_code == 500
    assert "hunter2" not in answer.content.decode()
    assert "Traceback" not in answer.content.decode()
    error = next(line for line in lines() if line["level"] == "ERROR")
    assert "RuntimeError" in error["exc_info"]
    assert error["request_id"] == answer.headers["X-Request-Id"]
    text = json.dumps(lines())
    assert "hunter2" not in text
    assert "abcdef0123456789" not in text


def test_bad_requests_are_not_logged_as_errors_of_ours(client, db, lines):
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
    client.get("/.env")
    assert [line["status"] for line in lines() if line["logger"] == "portal.request"] == [400, 404]
    assert not [line for line in lines() if line["level"] == "ERROR"]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("password=hunter2x", "hunter2x"),
        ('{"new_password1": "hunter2 with words"}', "hunter2 with words"),
        ("api_key: sk_live_abc", "sk_live_abc"),
        ("Cookie: session=abc; csrf=def", "abc"),
        ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("Bearer eyJhbGciOi.eyJzdWIi.c2ln", "eyJzdWIi"),
        ("postgres://portal:hunter2x@db:5432/portal", "hunter2x"),
        ("GET /account/reset/MQ/c8u5jh-0123456789abcdef0123456789abcdef/ 200", "0123456789abcdef"),
        ("GET /account/invitation/WzEsImFiY2RlZmdoIl0:1rX:abcdefghijk/ 200", "WzEsImFiY2RlZmdoIl0"),
        ("sessionid=abcdef", "abcdef"),
    ],
)
def test_secrets_in_text_are_taken_out(text, secret):
    assert secret not in redact_text(text)
    assert REDACTED in redact_text(text)


def test_what_is_no_secret_stays():
    text = "invoice 2026-00017 of Alder Bikes moved to sent; 3 sessions, https://portal.example/invoices/17/"
    assert redact_text(text) == text
    assert redact({"invoice_id": 17, "path": "/account/password/", "list": ["a", 1]}) == {
        "invoice_id": 17,
        "path": "/account/password/",
        "list": ["a", 1],
    }


def test_redaction_goes_into_nested_data():
    event = {"request": {"headers": {"Cookie": "x"}, "data": [{"password": "y"}]}, "extra": {"db_dsn": "z"}}
    assert redact(event) == {
        "request": {"headers": {"Cookie": REDACTED}, "data": [{"password": REDACTED}]},
        "extra": {"db_dsn": REDACTED},
    }


def test_errors_sent_to_a_collector_carry_no_secrets(monkeypatch):
    import sentry_sdk
    from sentry_sdk.transport import Transport

    from portal_site.sentry import start_sentry

    sent = []

    class Collector(Transport):
        def capture_envelope(self, envelope):
            sent.append(envelope.get_event())

    real = sentry_sdk.init
    monkeypatch.setattr(sentry_sdk, "init", lambda **options: real(transport=Collector, **options))
    start_sentry("https://public@errors.example/1", "tests")
    try:
        password = "hunter2-in-a-variable"  # noqa: F841 - local variables are not sent
        raise ValueError("login failed with password=hunter2x")
    except ValueError:
        sentry_sdk.capture_exception()
    finally:
        real()
    assert sent[0]["environment"] == "tests"
    assert "hunter2" not in json.dumps(sent, default=str)
    assert sys.exc_info() == (None, None, None)
