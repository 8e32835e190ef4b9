"""What somebody tries who does not mean well. Brakes, tenants and headers have tests of their own beside these."""

import re
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from accounts.models import Role, User
from approvals.models import Approval, ApprovalEvent
from invoices.models import Invoice
from outbox.models import OutgoingMail
from tests.test_passwords import link_in
from tests.world import PASSWORD, draft, logged_in


def test_nobody_gives_themselves_a_role_or_another_company(world):
    ada = world.ours.client
    sent = {
        "name": "Ada",
        "role": "owner",
        "company": world.theirs.company.pk,
        "email": "x@y.example",
        "is_active": "0",
    }
    logged_in(ada).post("/account/", sent | {"two_factor": "1", "assigned_companies": world.theirs.company.pk})
    after = User.objects.get(pk=ada.pk)
    assert (after.name, after.role, after.company, after.email) == ("Ada", Role.CLIENT, ada.company, ada.email)
    assert (after.is_active, after.two_factor) == (True, False)


def test_an_invitation_makes_only_what_its_page_says(world):
    sent = {"name": "Eve", "email": "eve@alder.example", "role": "owner", "company": world.theirs.company.pk}
    logged_in(world.ours.staff).post(f"/companies/{world.ours.company.pk}/invite/", sent)
    eve = User.objects.get(email="eve@alder.example")
    assert (eve.role, eve.company) == (Role.CLIENT, world.ours.company)


def test_a_draft_takes_no_state_number_or_total_from_a_form(world):
    sent = {
        "company": world.ours.company.pk, "currency": "EUR", "due_on": "2030-01-01", "tax_percent": "0", "note": "",
        "state": "paid", "number": "2020-00001", "total_minor": "1", "subtotal_minor": "1",
        "created_by": world.owner.pk,
        "lines-TOTAL_FORMS": "1", "lines-INITIAL_FORMS": "0", "lines-0-description": "x", "lines-0-quantity": "1",
        "lines-0-unit_price": "5", "lines-0-amount_minor": "1",
    }  # fmt: skip
    logged_in(world.ours.staff).post("/invoices/new/", sent)
    made = Invoice.unscoped.latest("pk")
    assert (made.state, made.number, made.total_minor, made.created_by) == ("draft", None, 500, world.ours.staff)


def test_a_decision_is_in_the_name_of_who_made_it(world):
    sent = {"comment": "ok", "actor": world.owner.pk, "decided_by": world.owner.pk, "state": "approved"}
    logged_in(world.ours.client).post(f"/approvals/{world.ours.approval.pk}/approved/", sent)
    assert ApprovalEvent.objects.latest("pk").actor == world.ours.client


def test_a_get_changes_nothing(world):
    browser = logged_in(world.owner)
    before = list(Invoice.unscoped.values()), list(Approval.unscoped.values()), User.objects.count()
    for path in (
        f"/invoices/{world.ours.invoice.pk}/to/paid/",
        f"/invoices/{world.ours.draft.pk}/delete/",
        f"/approvals/{world.ours.approval.pk}/withdrawn/",
        f"/files/{world.ours.file.pk}/delete/",
        f"/onboarding/items/{world.ours.item.pk}/",
        "/account/logout/",
    ):
        assert browser.get(path).status_code == 405
    assert (list(Invoice.unscoped.values()), list(Approval.unscoped.values()), User.objects.count()) == before


@pytest.mark.parametrize("number", ["0", "-1", "99999999999999999999", "1e3", "1%00", "1;drop", "１"])
def test_strange_numbers_are_just_not_there(world, number):
    browser = logged_in(world.owner)
    for section in ("invoices", "approvals", "files", "companies", "onboarding/companies"):
        assert browser.get(f"/{section}/{number}/").status_code == 404
    assert browser.get(f"/invoices/?page={number}&state={number}").status_code == 200


@pytest.mark.parametrize(
    "text", ["\x00", "'; DROP TABLE accounts_user; --", "%' OR 1=1", "\ud800", "😀" * 200, "x" * 5000]
)
def test_strange_words_break_nothing(world, client, text):
    browser = logged_in(world.owner)
    spelled = text.encode("utf-8", "surrogatepass")
    from urllib.parse import quote

    assert browser.get(f"/companies/?q={quote(spelled)}").status_code == 200
    if "\ud800" not in text:
        assert browser.post("/account/", {"name": text}).status_code in (200, 302)
        assert client.post("/account/login/", {"username": text, "password": text}).status_code in (200, 429)
        assert client.post("/account/reset/", {"email": text}).status_code == 200
        path = f"/approvals/{world.ours.approval.pk}/commented/"
        assert browser.post(path, {"comment": text}).status_code == 302


def test_the_reset_answers_after_the_same_time_for_known_and_unknown(world, settings):
    settings.RESET_ATTEMPTS_PER_ADDRESS = "1000/m"

    def seconds(email):
        began = time.perf_counter()
        assert Client().post("/account/reset/", {"email": email}).status_code == 302
        return time.perf_counter() - began

    known = [seconds(world.ours.client.email) for _ in range(7)]
    unknown = [seconds("nobody@alder.example") for _ in range(7)]
    assert min(known + unknown) >= settings.RESET_ANSWER_S
    assert abs(statistics.median(known) - statistics.median(unknown)) < 0.05


def test_a_reset_link_of_one_account_sets_no_other_password(client, world):
    OutgoingMail.objects.all().delete()
    client.post("/account/reset/", {"email": world.ours.client.email})
    mine = link_in(OutgoingMail.objects.get()).split("/")
    from django.utils.encoding import force_bytes
    from django.utils.http import urlsafe_base64_encode

    mine[-3] = urlsafe_base64_encode(force_bytes(world.owner.pk))
    answer = client.get("/".join(mine), follow=True)
    assert "This link has expired" in answer.content.decode()


def switch_second_factor_on(browser):
    phone = pyotp.TOTP(browser.get("/account/two-factor/").context["key"])
    browser.post("/account/two-factor/", {"code": phone.now(), "password": PASSWORD})


def test_a_reset_does_not_get_around_the_second_factor(client, world):
    ada = world.ours.client
    browser = logged_in(ada)
    switch_second_factor_on(browser)
    client.post("/account/reset/", {"email": ada.email})
    form = client.get(link_in(OutgoingMail.objects.latest("pk")), follow=True)
    new = {"new_password1": "a third long password", "new_password2": "a third long password"}
    client.post(form.request["PATH_INFO"], new)
    client.post("/account/login/", {"username": ada.email, "password": "a third long password"})
    assert client.get("/").headers["Location"].startswith("/account/login/code/")


def test_a_half_finished_login_shows_and_changes_nothing(client, world):
    ada = world.ours.client
    browser = logged_in(ada)
    switch_second_factor_on(browser)
    client.post("/account/login/", {"username": ada.email, "password": PASSWORD})
    page = client.get("/account/login/code/").content.decode()
    assert world.ours.company.name not in page
    assert client.get(f"/files/{world.ours.file.pk}/").status_code == 302
    client.post("/account/", {"name": "Mallory"})
    client.post(f"/approvals/{world.ours.approval.pk}/approved/")
    ada.refresh_from_db()
    world.ours.approval.refresh_from_db()
    assert ada.name != "Mallory"
    assert world.ours.approval.is_pending


def test_a_stolen_session_ends_with_the_password(world):
    ada = world.ours.client
    thief = logged_in(ada)
    ada.set_password("another long password of ada")
    ada.save()
    assert thief.get("/").status_code == 302


def test_a_session_of_somebody_logged_out_is_gone_from_the_server(world):
    browser = logged_in(world.ours.client)
    stolen = browser.cookies["session"].value
    browser.post("/account/logout/")
    assert not Session.objects.filter(session_key=stolen).exists()


def test_signed_things_of_one_kind_are_none_of_another(client, world):
    from django.core import signing

    for salt in ("django.contrib.messages", "accounts.reset", ""):
        token = signing.dumps([world.owner.pk, world.owner.password[-8:]], salt=salt or "x")
        assert client.get(f"/account/invitation/{token}/").status_code == 410


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://testserver.evil.example"])
def test_a_form_from_another_site_is_refused(world, origin):
    browser = logged_in(world.ours.client, enforce_csrf_checks=True)
    page = browser.get("/account/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    sent = {"name": "Mallory", "csrfmiddlewaretoken": token}
    assert browser.post("/account/", sent, headers={"Origin": origin}).status_code == 403
    assert browser.post("/account/", sent, headers={"Origin": "http://testserver"}).status_code == 302


def test_two_decisions_in_the_same_moment_are_one(transactional_db):
    from django.core.cache import cache

    from tests.world import make_world

    cache.clear()
    world = make_world()
    path = f"/approvals/{world.ours.approval.pk}/"

    def decide(what):
        try:
            return logged_in(world.ours.client).post(f"{path}{what}/", {"comment": "so"}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(decide, ["approved", "rejected"] * 2)) == {302}
    acts = ApprovalEvent.objects.filter(approval=world.ours.approval).exclude(act="requested")
    world.ours.approval.refresh_from_db()
    assert [event.act for event in acts] == [world.ours.approval.state]


def test_invoices_sent_in_the_same_moment_get_different_numbers_without_gaps(transactional_db):
    from tests.world import make_world

    world = make_world()
    drafts = [draft(world.ours.company, world.owner) for _ in range(6)]

    def send(invoice):
        try:
            return logged_in(world.owner).post(f"/invoices/{invoice.pk}/to/sent/").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        assert set(pool.map(send, drafts)) == {302}
    numbers = sorted(
        int(number[5:]) for number in Invoice.unscoped.exclude(number=None).values_list("number", flat=True)
    )
    assert numbers == list(range(1, 9))
