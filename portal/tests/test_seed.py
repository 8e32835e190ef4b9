"""Data for trying out: there at once, the same each time, and never on top of something real."""

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from accounts.models import User
from approvals.models import Approval
from companies.models import Company
from files.models import StoredFile
from invoices.models import Invoice, InvoiceState, NumberSeries
from tests.world import logged_in

SMALL = {"clients": 3, "invoices": 200, "password": "a long password"}


def picture() -> list[object]:
    return [
        *Company.unscoped.order_by("pk").values_list("name", "billing_email"),
        *User.objects.order_by("pk").values_list("name", "email", "role"),
        *Invoice.unscoped.order_by("pk").values_list("number", "state", "total_minor", "due_on"),
        *Approval.unscoped.order_by("pk").values_list("title", "state"),
    ]


def test_the_data_is_what_the_portal_would_have_made(db, capsys):
    call_command("seed", **SMALL)
    assert (Company.unscoped.count(), Invoice.unscoped.count()) == (3, 200)
    for invoice in Invoice.unscoped.all():
        invoice.full_clean(exclude=["created_by"])
        before = invoice.subtotal_minor, invoice.tax_minor, invoice.total_minor
        invoice.add_up()
        assert (invoice.subtotal_minor, invoice.tax_minor, invoice.total_minor) == before
        assert bool(invoice.number) == (invoice.state != InvoiceState.DRAFT)
    assert not Approval.unscoped.filter(file__company__isnull=False).exclude(file__company=F("company")).exists()
    for series in NumberSeries.objects.all():
        numbers = Invoice.unscoped.filter(number__startswith=f"{series.year}-").order_by("number")
        assert [int(one.number[5:]) for one in numbers] == list(range(1, series.last + 1))
    file = StoredFile.unscoped.first()
    assert file.content.open("rb").read().startswith(file.name.encode())
    assert file.content.size == file.size_bytes


def test_the_logins_that_are_printed_work(client, db, capsys):
    call_command("seed", clients=2, invoices=5)
    printed = capsys.readouterr().out
    password = printed.split("Password of all accounts: ")[1].strip()
    emails = [line.strip() for line in printed.splitlines() if "@" in line]
    assert len(emails) == 3
    assert emails[2].split("@")[1] == Company.unscoped.first().name.lower().replace(" ", "-") + ".example"
    for email in emails:
        assert client.post("/account/login/", {"username": email, "password": password}).status_code == 302
        assert client.get("/").status_code == 200
        client.post("/account/logout/")


def test_the_same_number_gives_the_same_data(db):
    call_command("seed", **SMALL)
    first = picture()
    call_command("seed", replace=True, **SMALL)
    assert picture() == first
    call_command("seed", replace=True, seed=2, **SMALL)
    assert picture() != first


def test_what_is_there_is_not_touched_unless_said(world):
    before = picture()
    with pytest.raises(CommandError, match="--replace"):
        call_command("seed", **SMALL)
    call_command("seed", if_empty=True, **SMALL)
    assert picture() == before


def test_replacing_leaves_nothing_behind(world, django_capture_on_commit_callbacks):
    old = world.ours.file
    gone = world.ours.client.email
    with django_capture_on_commit_callbacks(execute=True):
        call_command("seed", replace=True, **SMALL)
    assert not User.objects.filter(email=gone).exists()
    assert not old.content.storage.exists(old.content.name)


@pytest.mark.parametrize("wrong", [{"clients": 0}, {"invoices": -1}])
def test_senseless_numbers_are_refused(db, wrong):
    with pytest.raises(CommandError):
        call_command("seed", **(SMALL | wrong))


def test_seeded_people_see_only_their_company(db):
    call_command("seed", **SMALL)
    client = User.objects.filter(role="client").first()
    page = logged_in(client).get("/invoices/").content.decode()
    for other in Company.unscoped.exclude(pk=client.company_id):
        assert other.name not in page
