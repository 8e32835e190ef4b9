"""Seeds what agency and clients exchange: invoices, files, approvals."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from accounts.models import User
from approvals.models import Act, Approval, ApprovalEvent, ApprovalState
from companies.models import Company
from files.models import StoredFile
from invoices.models import Invoice, InvoiceLine, InvoiceState, NumberSeries
from invoices.money import Currency, line_amount, tax_amount

_BATCH = 2000
_SERVICES = (
    ("Design of the landing page", 95_00),
    ("Front-end development", 110_00),
    ("Copywriting", 80_00),
    ("Photography, half a day", 640_00),
    ("Search engine audit", 120_00),
    ("Hosting, one month", 49_00),
    ("Maintenance, one month", 180_00),
    ("Workshop with the team", 150_00),
    ("Accessibility review", 115_00),
    ("Illustrations", 90_00),
)
_TAXES = (0, 700, 1900, 2000)
_FILES = ("notes.txt", "texts.txt", "prices.csv", "redirects.csv", "agreement.txt", "keywords.csv")
_QUESTIONS = (
    "Landing page, first design",
    "Logo on dark ground",
    "Texts of the about page",
    "Photos for the team page",
    "Colours of the buttons",
    "Newsletter of this month",
    "Sitemap",
    "Domain move on Friday",
)
_ANSWERS = ("Looks great, thank you.", "Good, please go ahead.", "Fine for us.")
_WISHES = ("The logo should be smaller.", "Please use the second photo.", "The text is too long for phones.")


def seed_invoices(random: Random, companies: list[Company], author: User, count: int) -> None:
    """`count` invoices over two years, most of them paid, with numbers that continue the series."""
    today, places = timezone.localdate(), list(enumerate(companies))
    last = dict(NumberSeries.objects.values_list("year", "last"))
    series = Counter(last)
    invoices, lines = [], []
    for index in range(count):
        issued = today - timedelta(days=730 * (count - index) // max(count, 1))
        place, company = random.choice(places)
        invoice = Invoice(company=company, created_by=author, tax_basis_points=random.choice(_TAXES))
        invoice.currency = (Currency.EUR, Currency.EUR, Currency.GBP, Currency.USD)[place % 4]
        invoice.due_on = issued + timedelta(days=14)
        invoice.state = _state_at(random, (today - issued).days)
        if invoice.state != InvoiceState.DRAFT:
            series[issued.year] += 1
            invoice.number = f"{issued.year}-{series[issued.year]:05}"
            invoice.issued_on = issued
        if invoice.state in (InvoiceState.PAID, InvoiceState.VOID):
            invoice.closed_on = min(today, issued + timedelta(days=random.randint(1, 30)))
        own = [_line(random, invoice) for _ in range(random.randint(1, 4))]
        invoice.subtotal_minor = sum(line.amount_minor for line in own)
        invoice.tax_minor = tax_amount(invoice.subtotal_minor, invoice.tax_basis_points)
        invoice.total_minor = invoice.subtotal_minor + invoice.tax_minor
        invoices.append(invoice)
        lines += own
    _insert(Invoice.unscoped, invoices)
    for line in lines:
        line.invoice_id = line.invoice.pk
    _insert(InvoiceLine.objects, lines)
    for year, number in series.items():
        NumberSeries.objects.update_or_create(year=year, defaults={"last": number})


def seed_files(random: Random, companies: list[Company], people: dict[int, list[User]], each: int) -> list[StoredFile]:
    """`each` small text files a company, with their bytes in the private storage."""
    files = []
    for company in companies:
        for number in range(each):
            name = _FILES[number % len(_FILES)]
            body = f"{name} of {company.name}, version {number + 1}\n".encode() * random.randint(1, 40)
            file = StoredFile(company=company, name=name, size_bytes=len(body), uploaded_by=people[company.pk][0])
            file.content_type = "text/csv" if name.endswith("csv") else "text/plain"
            file.content.save(name, ContentFile(body), save=False)
            files.append(file)
    random.shuffle(files)
    return _insert(StoredFile.unscoped, files)


def seed_approvals(
    random: Random, companies: list[Company], people: dict[int, list[User]], staff: list[User], each: int
) -> None:
    """`each` questions a company, most of them decided, with their trail."""
    now = timezone.now()
    approvals = []
    for index in range(each):
        for place, company in enumerate(companies):
            title = _QUESTIONS[(index + place) % len(_QUESTIONS)]
            approval = Approval(company=company, title=title, requested_by=staff[place % len(staff)])
            approval.details = "Please look at it until the end of the week."
            approval.state = random.choice((ApprovalState.APPROVED,) * 6 + (ApprovalState.REJECTED,))
            if index >= each - 2:
                approval.state = ApprovalState.PENDING
            if approval.state != ApprovalState.PENDING:
                approval.decided_by = random.choice(people[company.pk])
                approval.decided_at = now - timedelta(days=3 * (each - index))
            approvals.append(approval)
    _insert(Approval.unscoped, approvals)
    _insert(ApprovalEvent.objects, [event for approval in approvals for event in _trail(random, approval)])


def _state_at(random: Random, age_days: int) -> str:
    if age_days < 7 and random.random() < 0.4:
        return InvoiceState.DRAFT
    if age_days < 45:
        return InvoiceState.SENT if random.random() < 0.7 else InvoiceState.PAID
    if random.random() < 0.02:
        return InvoiceState.VOID
    return InvoiceState.SENT if random.random() < 0.01 else InvoiceState.PAID


def _line(random: Random, invoice: Invoice) -> InvoiceLine:
    description, price = random.choice(_SERVICES)
    line = InvoiceLine(invoice=invoice, description=description, unit_price_minor=price)
    line.quantity_thousandths = random.choice((1000, 1000, 2000, 4500, 8000, 12_250, 16_000))
    line.amount_minor = line_amount(line.quantity_thousandths, price)
    return line


def _trail(random: Random, approval: Approval) -> Iterator[ApprovalEvent]:
    yield ApprovalEvent(approval=approval, actor_id=approval.requested_by_id, act=Act.REQUESTED)
    if approval.state == ApprovalState.APPROVED:
        comment = random.choice((*_ANSWERS, ""))
        yield ApprovalEvent(approval=approval, actor=approval.decided_by, act=Act.APPROVED, comment=comment)
    if approval.state == ApprovalState.REJECTED:
        comment = random.choice(_WISHES)
        yield ApprovalEvent(approval=approval, actor=approval.decided_by, act=Act.REJECTED, comment=comment)


def _insert(manager: Any, rows: list[Any]) -> list[Any]:
    return list(manager.bulk_create(rows, batch_size=_BATCH))
