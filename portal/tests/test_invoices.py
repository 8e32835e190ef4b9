"""Invoices: money in whole minor units, states that only go forward, numbers without gaps, a PDF."""

import io

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from pypdf import PdfReader

from invoices.models import Invoice, InvoiceLine, InvoiceState
from invoices.money import format_minor, line_amount, tax_amount
from invoices.states import ALLOWED, NotPossible, move
from outbox.models import OutgoingMail
from tests.world import draft, logged_in


@pytest.mark.parametrize(
    ("quantity", "price", "amount"),
    [(1000, 9999, 9999), (1500, 9999, 14999), (333, 100, 33), (335, 100, 34), (500, 1, 1), (1500, -9999, -14999)],
)
def test_a_line_is_rounded_half_up_once(quantity, price, amount):
    assert line_amount(quantity, price) == amount


@pytest.mark.parametrize(
    ("subtotal", "basis_points", "tax"),
    [
        (10000, 1900, 1900),
        (50, 1900, 10),
        (250, 700, 18),
        (-250, 700, -18),
        (1, 1900, 0),
        (10**13 - 1, 2000, 2 * 10**12),
    ],
)
def test_tax_is_rounded_half_up(subtotal, basis_points, tax):
    assert tax_amount(subtotal, basis_points) == tax


def test_money_reads_well():
    assert format_minor(123456789, "EUR") == "1,234,567.89 EUR"
    assert format_minor(-5, "USD") == "-0.05 USD"


def test_the_database_keeps_totals_whole_and_true(world):
    invoice = world.ours.draft
    assert (invoice.subtotal_minor, invoice.tax_minor, invoice.total_minor) == (14999, 2850, 17849)
    with pytest.raises(IntegrityError), transaction.atomic():
        Invoice.unscoped.filter(pk=invoice.pk).update(total_minor=1)


@pytest.mark.parametrize("start", InvoiceState.values)
@pytest.mark.parametrize("to", [*InvoiceState.values, "nonsense"])
def test_only_the_allowed_moves_happen(world, start, to):
    invoice = draft(world.ours.company, world.owner)
    for step in {"draft": [], "sent": ["sent"], "paid": ["sent", "paid"], "void": ["sent", "void"]}[start]:
        move(invoice, step, world.owner.pk)
    if to in ALLOWED[start]:
        assert move(invoice, to, world.owner.pk).state == to
    else:
        with pytest.raises(NotPossible):
            move(invoice, to, world.owner.pk)
        invoice.refresh_from_db()
        assert invoice.state == start


def test_sending_gives_the_next_number_and_writes_the_mail(world):
    year = timezone.localdate().year
    first, second = (move(draft(world.ours.company, world.owner), "sent", 1) for _ in range(2))
    assert int(second.number.split("-")[1]) == int(first.number.split("-")[1]) + 1
    assert first.number.startswith(f"{year}-")
    mail = OutgoingMail.objects.latest("pk")
    assert mail.recipients == [world.ours.company.billing_email]
    assert "178.49 EUR" in mail.body
    assert f"http://testserver/invoices/{second.pk}/" in mail.body


def test_a_failed_sending_uses_no_number(world):
    empty = draft(world.ours.company, world.owner)
    empty.lines.all().delete()
    with pytest.raises(NotPossible):
        move(empty, "sent", 1)
    numbers = [int(move(draft(world.ours.company, world.owner), "sent", 1).number[5:]) for _ in range(2)]
    before = int(world.theirs.invoice.number[5:])
    assert numbers == [before + 1, before + 2]


def form_of(company, **changed):
    return {
        "company": company.pk,
        "currency": "EUR",
        "due_on": "2030-01-31",
        "note": "Thank you",
        "tax_percent": "7.5",
        "lines-TOTAL_FORMS": "2",
        "lines-INITIAL_FORMS": "0",
        "lines-MIN_NUM_FORMS": "1",
        "lines-MAX_NUM_FORMS": "40",
        "lines-0-description": "Design",
        "lines-0-quantity": "2.5",
        "lines-0-unit_price": "80.10",
        "lines-1-description": "",
        "lines-1-quantity": "",
        "lines-1-unit_price": "",
        **changed,
    }


def test_staff_write_send_and_close_an_invoice(world):
    browser = logged_in(world.ours.staff)
    made = browser.post("/invoices/new/", form_of(world.ours.company))
    invoice = Invoice.unscoped.latest("pk")
    assert made.headers["Location"] == f"/invoices/{invoice.pk}/"
    assert (invoice.subtotal_minor, invoice.tax_minor, invoice.total_minor) == (20025, 1502, 21527)
    line = invoice.lines.get()
    changed = form_of(world.ours.company, **{
        "lines-INITIAL_FORMS": "1", "lines-0-id": line.pk, "lines-0-unit_price": "100", "lines-0-invoice": invoice.pk,
    })  # fmt: skip
    assert browser.post(f"/invoices/{invoice.pk}/edit/", changed).status_code == 302
    browser.post(f"/invoices/{invoice.pk}/to/sent/")
    invoice.refresh_from_db()
    assert (invoice.state, invoice.total_minor) == ("sent", 26875)
    assert browser.get(f"/invoices/{invoice.pk}/edit/").status_code == 404
    assert browser.post(f"/invoices/{invoice.pk}/edit/", changed).status_code == 404
    assert browser.post(f"/invoices/{invoice.pk}/delete/").status_code == 404
    browser.post(f"/invoices/{invoice.pk}/to/paid/")
    page = browser.post(f"/invoices/{invoice.pk}/to/void/", follow=True).content.decode()
    assert "An invoice that is paid cannot become void" in page


def test_a_line_of_another_invoice_is_not_changed(world):
    other = world.theirs.draft.lines.get()
    sent = form_of(world.ours.company, **{"lines-INITIAL_FORMS": "1", "lines-0-id": other.pk})
    logged_in(world.ours.staff).post(f"/invoices/{world.ours.draft.pk}/edit/", sent)
    assert InvoiceLine.objects.get(pk=other.pk).unit_price_minor == 9999


@pytest.mark.parametrize(
    "changed",
    [
        {"lines-0-unit_price": "1.005"},
        {"lines-0-quantity": "0"},
        {"lines-0-quantity": "-1"},
        {"lines-0-unit_price": "1e9"},
        {"tax_percent": "51"},
        {"tax_percent": "NaN"},
        {"currency": "XXX"},
        {"due_on": "soon"},
        {"lines-TOTAL_FORMS": "0"},
        {"lines-TOTAL_FORMS": "100000"},
        {"lines-TOTAL_FORMS": "many"},
    ],
    ids=str,
)
def test_a_form_that_is_wrong_is_shown_again(world, changed):
    before = Invoice.unscoped.count()
    assert logged_in(world.ours.staff).post("/invoices/new/", form_of(world.ours.company, **changed)).status_code == 200
    assert Invoice.unscoped.count() == before


def test_the_pdf_says_what_the_page_says(world):
    answer = logged_in(world.ours.client).get(f"/invoices/{world.ours.invoice.pk}/pdf/")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{world.ours.invoice.number}.pdf"'
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)
    for part in (
        world.ours.invoice.number,
        "Alder Bikes",
        "1 Alder Bikes Road",
        "Design",
        "1.5",
        "28.50",
        "178.49 EUR",
    ):
        assert part in text


def test_a_pdf_of_many_lines_and_odd_letters_has_several_pages(world):
    invoice = draft(world.ours.company, world.owner, note="<b>5 & 6</b>")
    for number in range(90):
        InvoiceLine.objects.create(
            invoice=invoice, description=f"<i>Line</i> & {number}", quantity_thousandths=1000, unit_price_minor=1
        )
    answer = logged_in(world.ours.staff).get(f"/invoices/{invoice.pk}/pdf/")
    pages = PdfReader(io.BytesIO(answer.content)).pages
    assert len(pages) > 1
    assert "<i>Line</i> & 3" in pages[0].extract_text()


def test_the_list_filters_and_turns_pages_the_same_in_html_and_json(world):
    for _ in range(30):
        draft(world.ours.company, world.owner)
    browser = logged_in(world.ours.staff)
    answer = browser.get("/api/v1/invoices?page=2&state=draft").json()
    assert (answer["page"], answer["pages"], answer["count"], len(answer["invoices"])) == (2, 2, 31, 6)
    page = browser.get("/invoices/?page=2&state=draft").content.decode()
    assert all(row["url"] in page for row in answer["invoices"])
    assert browser.get("/api/v1/invoices?page=99&state=nonsense").json()["page"] == 2
    assert browser.get("/api/v1/invoices?page=-1").status_code == 200


def test_overdue_is_said_in_words(world):
    Invoice.unscoped.filter(pk=world.ours.invoice.pk).update(due_on="2020-01-01")
    page = logged_in(world.ours.client).get("/invoices/").content.decode()
    assert "Overdue" in page
