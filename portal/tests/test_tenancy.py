"""What belongs to another company is absent: 404 at every address, in no list, in no form, in no answer of the API."""

import io
import re
import tokenize
from pathlib import Path

import pytest
from django.core import serializers

from approvals.models import Approval, ApprovalEvent
from companies.models import Company
from files.models import StoredFile
from invoices.models import Invoice
from onboarding.models import ChecklistItem
from tests.addresses import all_addresses
from tests.world import logged_in, side

OF_ROWS = [
    address
    for address in all_addresses()
    if {"pk", "company_pk"} & set(address.parameters) and not address.name.startswith("companies:staff")
]
PORTAL = Path(__file__).parent.parent


def everything_of(company) -> str:
    rows = [Company.unscoped.get(pk=company.pk), *company.people.all()]
    for model in (Invoice, StoredFile, Approval, ChecklistItem):
        rows += model.unscoped.filter(company=company).order_by("pk")
    rows += ApprovalEvent.objects.filter(approval__company=company)
    return serializers.serialize("json", rows)


@pytest.mark.parametrize("address", OF_ROWS, ids=lambda address: address.name)
def test_a_row_of_another_company_is_not_there(world, address):
    path, before = address.of(world.theirs), everything_of(world.theirs.company)
    assert len(before) > 1000
    for user, refusals in ((world.ours.staff, {404, 405}), (world.ours.client, {403, 404, 405})):
        browser = logged_in(user)
        answers = {browser.get(path).status_code, browser.post(path, {"comment": "mine now"}).status_code}
        assert answers <= refusals
        assert answers & {403, 404}
    assert everything_of(world.theirs.company) == before


def test_the_walk_would_notice_an_open_door(world):
    # The same addresses open for the company's own staff: the test above does not pass because all doors are shut.
    browser = logged_in(world.theirs.staff)
    opened = [address.name for address in OF_ROWS if browser.get(address.of(world.theirs)).status_code == 200]
    assert {"invoices:detail", "invoices:pdf", "files:download", "approvals:detail", "companies:detail"} <= set(opened)


def test_staff_see_another_person_only_through_their_company(world):
    browser = logged_in(world.ours.staff)
    path = f"/companies/{world.ours.company.pk}/people/{world.theirs.client.pk}/"
    assert browser.post(path).status_code == 404


@pytest.mark.parametrize("who", ["client", "staff"])
@pytest.mark.parametrize(
    "path",
    [
        "/", "/invoices/", "/approvals/", "/files/", "/onboarding/", "/companies/", "/api/v1/invoices",
        "/api/v1/dashboard", "/files/upload/", "/invoices/new/", "/approvals/new/",
    ],
)  # fmt: skip
def test_lists_and_forms_name_nothing_of_another_company(world, who, path):
    third = side("Cedar Books", world.owner)
    answer = logged_in(getattr(world.ours, who)).get(path, follow=True).content.decode()
    for other in (world.theirs, third):
        for secret in (other.company.name, f"{other.invoice}<", f'"{other.invoice}"', other.client.email):
            assert secret not in answer


def test_numbers_count_only_ones_own(world):
    mine = logged_in(world.ours.client).get("/api/v1/dashboard").json()
    assert (mine["open_invoices"], mine["pending_approvals"], mine["steps_total"]) == (1, 1, 6)
    assert logged_in(world.owner).get("/api/v1/dashboard").json()["open_invoices"] == 2


def test_a_form_takes_no_other_company(world):
    browser = logged_in(world.ours.staff)
    theirs = world.theirs.company.pk
    approval = browser.post("/approvals/new/", {"company": theirs, "title": "Mine"})
    assert "Select a valid choice" in approval.content.decode()
    invoice = browser.post("/invoices/new/", {"company": theirs, "lines-TOTAL_FORMS": 0, "lines-INITIAL_FORMS": 0})
    assert "Select a valid choice" in invoice.content.decode()
    assert Approval.unscoped.filter(title="Mine").count() == 0


def test_a_client_uploads_to_the_own_company_whatever_the_form_says(world):
    from django.core.files.uploadedfile import SimpleUploadedFile

    file = SimpleUploadedFile("a.txt", b"words")
    logged_in(world.ours.client).post("/files/upload/", {"company": world.theirs.company.pk, "upload": file})
    assert StoredFile.unscoped.get(name="a.txt").company == world.ours.company


def test_an_approval_shows_no_file_of_another_company(world):
    sent = {"company": world.ours.company.pk, "title": "With file", "file_number": world.theirs.file.pk}
    answer = logged_in(world.owner).post("/approvals/new/", sent)
    assert "has no file with this number" in answer.content.decode()


def test_a_client_does_not_see_drafts(world):
    browser = logged_in(world.ours.client)
    assert browser.get(f"/invoices/{world.ours.draft.pk}/").status_code == 404
    assert browser.get(f"/invoices/{world.ours.draft.pk}/pdf/").status_code == 404
    assert str(world.ours.draft) not in browser.get("/invoices/").content.decode()


def test_staff_lose_sight_of_a_company_they_no_longer_work_for(world):
    browser = logged_in(world.ours.staff)
    path = f"/invoices/{world.ours.invoice.pk}/"
    assert browser.get(path).status_code == 200
    world.ours.staff.assigned_companies.clear()
    assert browser.get(path).status_code == 404


def test_a_closed_account_is_out_at_once(world):
    browser = logged_in(world.ours.client)
    world.ours.client.is_active = False
    world.ours.client.save()
    assert browser.get("/").status_code == 302
    assert not Invoice.visible_to(world.ours.client).exists()


def test_views_forms_and_templates_never_query_without_a_person():
    readers = [
        path
        for path in PORTAL.glob("*/*.py")
        if path.parent.name not in ("tests", "seeding", "prototype")
        and ("HttpRequest" in path.read_text() or path.stem == "forms")
    ]
    assert len(readers) > 15
    for path in readers:
        tokens = tokenize.generate_tokens(io.StringIO(path.read_text()).readline)
        names = [token.string for token in tokens if token.type == tokenize.NAME]
        assert not {"unscoped", "_base_manager", "_default_manager"} & set(names), path
        assert not re.search(r"(Invoice|StoredFile|Approval|ChecklistItem|Company)\.objects", path.read_text()), path
