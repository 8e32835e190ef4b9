"""Login and its brakes."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from portal_site.client_address import client_address
from tests.world import PASSWORD, logged_in

LOGIN = "/account/login/"


@pytest.fixture
def ada(world):
    return world.ours.client


def attempt(client, email, password, **extra):
    return client.post(LOGIN, {"username": email, "password": password}, **extra)


def test_email_and_password_open_the_dashboard(client, ada):
    answer = attempt(client, ada.email, PASSWORD)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert client.get("/").status_code == 200


def test_the_address_is_the_same_in_capitals(client, ada):
    assert attempt(client, f" {ada.email.upper()} ", PASSWORD).status_code == 302


def test_wrong_password_unknown_address_and_closed_account_read_the_same(client, world):
    world.theirs.client.is_active = False
    world.theirs.client.save()
    pages = [
        attempt(client, world.ours.client.email, "wrong"),
        attempt(client, "nobody@alder.example", "wrong"),
        attempt(client, world.theirs.client.email, PASSWORD),
    ]
    texts = {page.content.decode().split("<main")[1].replace(page.context["form"]["username"].value(), "")
             .replace(str(page.context["csrf_token"]), "") for page in pages}  # fmt: skip
    assert [page.status_code for page in pages] == [200, 200, 200]
    assert len(texts) == 1
    assert "do not match" in texts.pop()


def test_unknown_addresses_cost_a_hash_too(client, ada, monkeypatch):
    from django.contrib.auth.hashers import MD5PasswordHasher

    hashed = []
    real = MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda self, *args: (hashed.append(1), real(self, *args))[1])
    attempt(client, ada.email, "wrong")
    known = len(hashed)
    attempt(client, "nobody@alder.example", "wrong")
    assert len(hashed) - known == known >= 1


def test_the_sixth_attempt_is_locked_out_even_with_the_right_password(client, ada):
    answers = [attempt(client, ada.email, f"wrong {number}").status_code for number in range(5)]
    assert answers == [200, 200, 200, 200, 429]
    refused = attempt(client, ada.email, PASSWORD)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "900"
    assert "Too many wrong passwords" in refused.content.decode()
    assert client.get("/").status_code == 302


def test_capitals_do_not_give_more_attempts(client, ada):
    spellings = (ada.email, ada.email.upper(), ada.email.title(), f" {ada.email}", ada.email.swapcase())
    assert [attempt(client, spelling, "wrong").status_code for spelling in spellings][-1] == 429


def test_the_lock_is_for_one_address_so_that_nobody_locks_out_a_stranger(ada):
    thief, owner = Client(REMOTE_ADDR="203.0.113.7"), Client(REMOTE_ADDR="198.51.100.4")
    for _ in range(6):
        attempt(thief, ada.email, "wrong")
    assert attempt(thief, ada.email, PASSWORD).status_code == 429
    assert attempt(owner, ada.email, PASSWORD).status_code == 302


def test_the_lock_ends(client, ada):
    for _ in range(5):
        attempt(client, ada.email, "wrong")
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert attempt(client, ada.email, PASSWORD).status_code == 302


def test_a_good_login_forgets_the_failures_before(client, ada):
    for _ in range(2):
        for _ in range(4):
            attempt(client, ada.email, "wrong")
        assert attempt(client, ada.email, PASSWORD).status_code == 302
        client.post("/account/logout/")


def test_an_address_has_twenty_attempts_a_minute_over_all_accounts(client, world):
    answers = [attempt(client, f"guess{number}@alder.example", "wrong").status_code for number in range(21)]
    assert answers == [200] * 20 + [429]
    assert attempt(client, world.ours.client.email, PASSWORD).headers["Retry-After"] == "60"


def test_a_crowd_of_addresses_wipes_no_counter(client, ada):
    for number in range(20):
        attempt(client, f"guess{number}@alder.example", "wrong")
    for number in range(400):
        cache.set(f"z-crowd-{number}", 1, 60)
    assert attempt(client, "guess@alder.example", "wrong").status_code == 429


def test_a_forged_forwarded_address_gives_no_further_attempts(client, ada):
    for number in range(5):
        attempt(client, ada.email, "wrong", headers={"X-Forwarded-For": f"203.0.113.{number}"})
    assert attempt(client, ada.email, PASSWORD, headers={"X-Forwarded-For": "203.0.113.99"}).status_code == 429


def test_behind_a_proxy_the_address_it_saw_counts(client, ada, settings):
    settings.TRUSTED_PROXIES = 1
    for number in range(5):
        attempt(client, ada.email, "wrong", headers={"X-Forwarded-For": f"10.0.0.{number}, 203.0.113.7"})
    assert attempt(client, ada.email, PASSWORD, headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 429
    assert attempt(client, ada.email, PASSWORD, headers={"X-Forwarded-For": "203.0.113.8"}).status_code == 302


@pytest.mark.parametrize(
    ("forwarded", "peer", "address"),
    [
        ("203.0.113.7", "10.0.0.1", "203.0.113.7"),
        ("evil, 203.0.113.7", "10.0.0.1", "203.0.113.7"),
        ("203.0.113.7:50123", "10.0.0.1", "203.0.113.7"),
        ("[2001:DB8::7]:50123", "10.0.0.1", "2001:db8::7"),
        ("2001:db8::7", "10.0.0.1", "2001:db8::7"),
        ("nonsense", "10.0.0.1", "10.0.0.1"),
        ("999.1.1.1", "10.0.0.1", "10.0.0.1"),
        ("", "", "0.0.0.0"),
        ("203.0.113.7,", "", "203.0.113.7"),
    ],
)
def test_the_address_is_always_one(rf, settings, forwarded, peer, address):
    settings.TRUSTED_PROXIES = 1
    request = rf.get("/", headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR=peer)
    assert client_address(request) == address


def test_a_strange_forwarded_address_breaks_no_login(client, ada, settings):
    settings.TRUSTED_PROXIES = 1
    assert attempt(client, ada.email, PASSWORD, headers={"X-Forwarded-For": "'; DROP"}).status_code == 302


def test_the_session_is_a_new_one_after_the_login(client, ada):
    # An attacker who planted a session identifier before does not share the session afterwards.
    client.get(LOGIN)
    session = client.session
    session["planted"] = "yes"
    session.save()
    client.cookies["session"] = planted = session.session_key
    attempt(client, ada.email, PASSWORD)
    assert client.cookies["session"].value != planted
    assert Client(headers={"Cookie": f"session={planted}"}).get("/").status_code == 302


def test_after_the_login_people_come_where_they_wanted(client, ada):
    asked = client.get("/invoices/?state=sent")
    assert asked.headers["Location"] == "/account/login/?next=/invoices/%3Fstate%3Dsent"
    sent = {"username": ada.email, "password": PASSWORD, "next": "/invoices/?state=sent"}
    assert client.post(LOGIN, sent).headers["Location"] == "/invoices/?state=sent"


@pytest.mark.parametrize("evil", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_the_login_does_not_send_people_elsewhere(client, ada, evil):
    sent = {"username": ada.email, "password": PASSWORD, "next": evil}
    assert client.post(f"{LOGIN}?next={evil}", sent).headers["Location"] == "/"


def test_logout_takes_a_post_and_ends_the_session(ada):
    browser = logged_in(ada)
    assert browser.get("/account/logout/").status_code == 405
    assert browser.get("/").status_code == 200
    browser.post("/account/logout/")
    assert browser.get("/").status_code == 302


def test_a_script_without_login_gets_401_and_no_login_page(client, world):
    answer = client.get("/api/v1/dashboard", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/json")


def test_passwords_are_hashed_with_argon2id():
    from portal_site.settings import PASSWORD_HASHERS

    assert PASSWORD_HASHERS[0] == "accounts.hashers.PortalArgon2Hasher"
    from accounts.hashers import PortalArgon2Hasher

    assert PortalArgon2Hasher().encode("a password", "somesaltsomesalt").startswith("argon2$argon2id$v=19$m=19456,t=2")
