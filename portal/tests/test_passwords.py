"""Reset by mail, change, invitations."""

import re

import pytest
from django.core import signing
from django.test import Client

from accounts.models import Role, User
from outbox.models import OutgoingMail
from tests.world import PASSWORD, logged_in

NEW = "another long password of the tests"
TWICE = {"new_password1": NEW, "new_password2": NEW}


def link_in(mail: OutgoingMail) -> str:
    return re.search(r"http://testserver(/\S+)", mail.body)[1]


def ask(client, email, **extra):
    return client.post("/account/reset/", {"email": email}, **extra)


def set_new(client, link):
    form = client.get(link, follow=True)
    return client.post(form.request["PATH_INFO"], TWICE)


@pytest.fixture
def ada(world):
    OutgoingMail.objects.all().delete()
    return world.ours.client


def test_a_reset_goes_through_the_outbox_and_works_once(client, ada):
    assert ask(client, ada.email.upper()).headers["Location"] == "/account/reset/sent/"
    mail = OutgoingMail.objects.get()
    assert mail.recipients == [ada.email]
    assert ada.name in mail.body
    link = link_in(mail)
    assert set_new(client, link).status_code == 302
    assert client.post("/account/login/", {"username": ada.email, "password": NEW}).status_code == 302
    assert "This link has expired" in Client().get(link, follow=True).content.decode()
    assert "the password was changed" in OutgoingMail.objects.latest("pk").body


def test_unknown_addresses_get_the_same_answer_and_no_mail(client, ada):
    known, unknown = ask(client, ada.email), ask(client, "nobody@alder.example")
    assert (known.status_code, known.headers["Location"]) == (unknown.status_code, unknown.headers["Location"])
    assert OutgoingMail.objects.count() == 1


def test_closed_accounts_and_invited_people_get_no_reset(client, ada, world):
    ada.is_active = False
    ada.save()
    waiting = User.objects.create_user("new@alder.example", name="New", role=Role.CLIENT, company=ada.company)
    ask(client, ada.email)
    ask(client, waiting.email)
    assert not OutgoingMail.objects.exists()


def test_the_link_leads_to_the_portal_whatever_host_was_asked(client, ada, settings):
    settings.ALLOWED_HOSTS = ["*"]
    ask(client, ada.email, headers={"Host": "evil.example"})
    assert "evil.example" not in OutgoingMail.objects.get().body
    assert "http://testserver/account/reset/" in OutgoingMail.objects.get().body


def test_a_new_password_kills_links_asked_for_before(client, ada):
    ask(client, ada.email)
    ask(client, ada.email)
    first, second = [link_in(mail) for mail in OutgoingMail.objects.order_by("pk")]
    set_new(client, second)
    assert "This link has expired" in Client().get(first, follow=True).content.decode()


def test_an_old_link_does_not_work(client, ada, settings):
    ask(client, ada.email)
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert "This link has expired" in client.get(link_in(OutgoingMail.objects.get()), follow=True).content.decode()


def test_the_token_leaves_the_address_before_the_page_is_shown(client, ada):
    ask(client, ada.email)
    link = link_in(OutgoingMail.objects.get())
    assert client.get(link).headers["Location"].endswith("/set-password/")


def test_a_reset_opens_a_locked_account(client, ada):
    for _ in range(5):
        client.post("/account/login/", {"username": ada.email, "password": "wrong"})
    ask(client, ada.email)
    set_new(client, link_in(OutgoingMail.objects.get()))
    assert client.post("/account/login/", {"username": ada.email, "password": NEW}).status_code == 302


def test_a_reset_logs_other_devices_out(client, ada):
    elsewhere = logged_in(ada)
    ask(client, ada.email)
    set_new(client, link_in(OutgoingMail.objects.get()))
    assert elsewhere.get("/").status_code == 302


def test_reset_mails_are_limited(client, ada):
    assert [ask(client, f"n{number}@alder.example").status_code for number in range(6)] == [302] * 5 + [429]


@pytest.mark.parametrize("weak", ["short", "password1234", "123456789012", "client@alder.example"])
def test_weak_passwords_are_refused(ada, weak):
    sent = {"old_password": PASSWORD, "new_password1": weak, "new_password2": weak}
    logged_in(ada).post("/account/password/", sent)
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)


def test_changing_needs_the_old_password_and_logs_other_devices_out(ada):
    here, elsewhere = logged_in(ada), logged_in(ada)
    assert here.post("/account/password/", {"old_password": "wrong", **TWICE}).status_code == 200
    assert here.post("/account/password/", {"old_password": PASSWORD, **TWICE}).status_code == 302
    assert here.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302
    assert OutgoingMail.objects.get().subject.endswith("the password was changed")


@pytest.mark.parametrize(
    ("path", "field"), [("/account/password/", "old_password"), ("/account/two-factor/off/", "password")]
)
def test_an_open_session_cannot_guess_the_password(ada, path, field):
    thief = logged_in(ada)
    answers = [thief.post(path, {field: f"wrong {number}", **TWICE}).status_code for number in range(6)]
    assert answers == [200] * 5 + [429]


class TestInvitations:
    @pytest.fixture
    def link(self, ada, world):
        sent = {"name": "Bea", "email": "BEA@alder.example"}
        answer = logged_in(world.ours.staff).post(f"/companies/{world.ours.company.pk}/invite/", sent)
        assert answer.status_code == 302
        return link_in(OutgoingMail.objects.get())

    def test_an_invited_person_sets_a_password_and_is_in(self, client, link, world):
        bea = User.objects.get(email="bea@alder.example")
        assert (bea.role, bea.company) == (Role.CLIENT, world.ours.company)
        assert "Welcome, Bea" in client.get(link).content.decode()
        client.post(link, TWICE)
        assert client.post("/account/login/", {"username": bea.email, "password": NEW}).status_code == 302

    def test_the_link_works_once(self, client, link):
        client.post(link, TWICE)
        assert client.get(link).status_code == 410
        assert client.post(link, {"new_password1": "x" * 20, "new_password2": "x" * 20}).status_code == 410

    def test_the_link_ends_after_a_week(self, client, link, monkeypatch):
        real = signing.time.time()
        monkeypatch.setattr(signing.time, "time", lambda: real + 7 * 86_400 + 1)
        assert client.get(link).status_code == 410

    def test_a_forged_link_is_refused(self, client, link):
        assert client.get(link[:-6] + "AAAAA/").status_code == 410
        forged = signing.dumps([1, "whatever"], salt="another purpose")
        assert client.get(f"/account/invitation/{forged}/").status_code == 410

    def test_a_closed_account_cannot_use_it(self, client, link):
        User.objects.filter(email="bea@alder.example").update(is_active=False)
        assert client.get(link).status_code == 410

    def test_nobody_logs_in_before_the_password_is_set(self, client, link):
        sent = {"username": "bea@alder.example", "password": ""}
        assert client.post("/account/login/", sent).status_code == 200

    def test_an_address_is_one_account(self, world):
        sent = {"name": "Again", "email": world.theirs.client.email.upper()}
        answer = logged_in(world.ours.staff).post(f"/companies/{world.ours.company.pk}/invite/", sent)
        assert "has an account already" in answer.content.decode()

    def test_a_lost_link_is_sent_again_until_it_was_used(self, client, link, world):
        bea = User.objects.get(email="bea@alder.example")
        path = f"/companies/{world.ours.company.pk}/people/{bea.pk}/invite/"
        page = f"/companies/{world.ours.company.pk}/"
        assert path in logged_in(world.ours.staff).get(page).content.decode()
        logged_in(world.ours.staff).post(path)
        client.post(link_in(OutgoingMail.objects.latest("pk")), TWICE)
        assert client.get(link).status_code == 410
        answer = logged_in(world.ours.staff).post(path, follow=True)
        assert "has a password already" in answer.content.decode()
        assert OutgoingMail.objects.count() == 2

    def test_staff_are_invited_again_by_the_owner(self, ada, world):
        kim = User.objects.create_user("kim@studio.example", name="Kim", role=Role.STAFF)
        logged_in(world.owner).post(f"/companies/staff/{kim.pk}/invite/")
        assert OutgoingMail.objects.get().recipients == [kim.email]
        assert logged_in(world.owner).post(f"/companies/staff/{ada.pk}/invite/").status_code == 404

    def test_the_owner_invites_staff_and_gives_them_companies(self, world):
        browser = logged_in(world.owner)
        answer = browser.post("/companies/staff/invite/", {"name": "Kim", "email": "kim@studio.example"})
        kim = User.objects.get(email="kim@studio.example")
        assert (kim.role, answer.headers["Location"]) == (Role.STAFF, f"/companies/staff/{kim.pk}/")
        browser.post(answer.headers["Location"], {"is_active": "on", "companies": [world.ours.company.pk]})
        assert list(kim.assigned_companies.all()) == [world.ours.company]

    def test_the_command_makes_the_first_owner(self, client, db, capsys):
        from django.core.management import call_command

        call_command("create_owner", "Boss@studio.example", "Boss")
        link = re.search(r"http://testserver(/\S+)", capsys.readouterr().out)[1]
        client.post(link, TWICE)
        assert client.post("/account/login/", {"username": "boss@studio.example", "password": NEW}).status_code == 302
        assert client.get("/companies/staff/").status_code == 200
