"""A small portal: two companies, everybody who can look at them, and one of everything in each."""

from dataclasses import dataclass
from datetime import timedelta

from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from accounts.models import Role, User
from approvals.acts import request_approval
from approvals.models import Approval
from companies.models import Company
from files.models import StoredFile
from invoices.models import Invoice, InvoiceLine, InvoiceState
from invoices.states import move
from onboarding.models import ChecklistItem, start_checklist

PASSWORD = "a long password of the tests"


@dataclass
class Side:
    """One company with what belongs to it."""

    company: Company
    client: User
    staff: User
    invoice: Invoice
    draft: Invoice
    file: StoredFile
    approval: Approval
    item: ChecklistItem


@dataclass
class World:
    owner: User
    ours: Side
    theirs: Side


def make_world() -> World:
    owner = person("owner@studio.example", Role.OWNER)
    return World(owner, side("Alder Bikes", owner), side("Birch Clinic", owner))


def side(name: str, owner: User) -> Side:
    word = name.split(maxsplit=1)[0].lower()
    company = Company.unscoped.create(name=name, address=f"1 {name} Road", billing_email=f"billing@{word}.example")
    client = person(f"client@{word}.example", Role.CLIENT, company)
    staff = person(f"{word}@studio.example", Role.STAFF)
    staff.assigned_companies.add(company)
    start_checklist(company)
    return Side(
        company,
        client,
        staff,
        invoice=move(draft(company, owner), InvoiceState.SENT, owner.pk),
        draft=draft(company, owner),
        file=stored_file(company, client),
        approval=request_approval(Approval(company=company, title=f"Logo of {name}"), staff),
        item=ChecklistItem.unscoped.filter(company=company).first(),
    )


def person(email: str, role: str, company: Company | None = None) -> User:
    return User.objects.create_user(email, PASSWORD, name=email.split("@")[0].title(), role=role, company=company)


def draft(company: Company, by: User, **fields: object) -> Invoice:
    due = timezone.localdate() + timedelta(days=14)
    invoice = Invoice.unscoped.create(company=company, created_by=by, due_on=due, tax_basis_points=1900, **fields)
    InvoiceLine.objects.create(invoice=invoice, description="Design", quantity_thousandths=1500, unit_price_minor=9999)
    invoice.add_up()
    invoice.save()
    return invoice


def stored_file(company: Company, by: User, name: str = "notes.txt", body: bytes = b"private words") -> StoredFile:
    file = StoredFile(company=company, name=name, content_type="text/plain", size_bytes=len(body), uploaded_by=by)
    file.content.save(name, ContentFile(body), save=False)
    file.save()
    return file


def logged_in(user: User, **options: object) -> Client:
    browser = Client(**options)
    browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return browser
