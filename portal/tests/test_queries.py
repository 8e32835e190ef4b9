"""A page asks the database the same number of questions for ten rows and for ten thousand."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Role, User
from approvals.models import Act, Approval, ApprovalEvent
from companies.models import Company
from files.models import StoredFile
from invoices.models import Invoice, InvoiceLine
from onboarding.models import ChecklistItem
from tests.world import World, logged_in

MANY = 10_000
PAGES = {
    "dashboard": "/",
    "invoices": "/invoices/",
    "sent invoices": "/invoices/?state=sent",
    "far invoices": "/invoices/?page=17",
    "invoice": "/invoices/{invoice}/",
    "invoice as PDF": "/invoices/{invoice}/pdf/",
    "files": "/files/",
    "approvals": "/approvals/",
    "approval": "/approvals/{approval}/",
    "checklists": "/onboarding/",
    "checklist": "/onboarding/companies/{company}/",
    "companies": "/companies/",
    "found companies": "/companies/?q=company",
    "company": "/companies/{company}/",
    "staff": "/companies/staff/",
    "new invoice": "/invoices/new/",
    "edit invoice": "/invoices/{draft}/edit/",
    "new approval": "/approvals/new/",
    "upload": "/files/upload/",
    "API: dashboard": "/api/v1/dashboard",
    "API: invoices": "/api/v1/invoices",
    "readiness": "/readyz",
}
MOST = 16  # session, account, and what the page is about


def add_rows(world: World, count: int) -> None:
    """`count` more of everything in our company, and as many more companies."""
    ours, today = world.ours.company, timezone.localdate()
    Invoice.unscoped.bulk_create(
        Invoice(company=ours, created_by=world.owner, state="sent", number=f"{count}-{number}", due_on=today)
        for number in range(count)
    )
    StoredFile.unscoped.bulk_create(
        StoredFile(company=ours, name="a.txt", content=f"{count}/{number}", size_bytes=1, uploaded_by=world.owner)
        for number in range(count)
    )
    Approval.unscoped.bulk_create(
        Approval(company=ours, title=f"Question {number}", requested_by=world.ours.staff) for number in range(count)
    )
    ApprovalEvent.objects.bulk_create(
        ApprovalEvent(approval=world.ours.approval, actor=world.ours.client, act=Act.COMMENTED, comment="Again")
        for number in range(count)
    )
    ChecklistItem.unscoped.bulk_create(
        ChecklistItem(company=ours, title="Step", done_at=timezone.now(), done_by=world.ours.client)
        for number in range(count)
    )
    companies = Company.unscoped.bulk_create(
        Company(name=f"Company {count} {number}", billing_email="a@b.example") for number in range(count)
    )
    through = User.assigned_companies.through
    through.objects.bulk_create(through(user_id=world.ours.staff.pk, company_id=company.pk) for company in companies)
    User.objects.bulk_create(
        User(email=f"{count}-{number}@{role}.example", name="Somebody", role=role, password="!", company=company)
        for number in range(count)
        for role, company in ((Role.CLIENT, ours), (Role.STAFF, None))
    )


def questions(world: World) -> dict[tuple[str, str], int]:
    """Queries by reader and page."""
    numbers = {
        "invoice": world.ours.invoice.pk,
        "draft": world.ours.draft.pk,
        "approval": world.ours.approval.pk,
        "company": world.ours.company.pk,
    }
    counted = {}
    for reader in (world.owner, world.ours.staff, world.ours.client):
        browser = logged_in(reader)
        for name, path in PAGES.items():
            with CaptureQueriesContext(
                connection,
            ) as asked:
                status = browser.get(path.format(**numbers)).status_code
            if status == 200:
                counted[reader.role, name] = len(asked)
    return counted


@pytest.fixture(scope="module")
def counted(django_db_setup, django_db_blocker):
    """Counted twice, with ten rows and with ten thousand more."""
    from django.db import transaction

    from tests.world import make_world

    with django_db_blocker.unblock(), transaction.atomic():
        world = make_world()
        add_rows(world, 10)
        questions(world)  # warms what Django keeps per process
        few = questions(world)
        add_rows(world, MANY)
        yield few, questions(world)
        transaction.set_rollback(True)


def test_every_page_was_seen_by_somebody(counted):
    assert {name for _, name in counted[0]} == set(PAGES)
    assert len(counted[0]) > 2 * len(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_queries_do_not_grow_with_the_data(counted, name):
    few, many = counted
    for reader in ("owner", "staff", "client"):
        if (reader, name) in few:
            assert many[reader, name] == few[reader, name], reader
            assert many[reader, name] <= MOST


def test_pages_do_not_grow_with_the_data(world):
    add_rows(world, 500)
    for path in ("/invoices/", "/api/v1/invoices", "/files/", "/approvals/", "/"):
        assert len(logged_in(world.ours.client).get(path).content) < 60_000


def test_an_invoice_of_many_lines_takes_no_more_queries(world, django_assert_num_queries):
    browser = logged_in(world.ours.client)
    path = f"/invoices/{world.ours.invoice.pk}/"
    with CaptureQueriesContext(connection) as few:
        browser.get(path)
    for _ in range(200):
        InvoiceLine.objects.create(
            invoice=world.ours.invoice, description="x", quantity_thousandths=1, unit_price_minor=1
        )
    with django_assert_num_queries(len(few)):
        browser.get(path)
