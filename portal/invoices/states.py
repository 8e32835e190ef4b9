"""How an invoice moves: draft to sent, sent to paid or void. Nothing else, and nothing back."""

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from invoices.models import Invoice, InvoiceState, NumberSeries
from portal_site.logs import portal_logger

ALLOWED: dict[str, frozenset[str]] = {
    InvoiceState.DRAFT: frozenset({InvoiceState.SENT}),
    InvoiceState.SENT: frozenset({InvoiceState.PAID, InvoiceState.VOID}),
    InvoiceState.PAID: frozenset(),
    InvoiceState.VOID: frozenset(),
}


class NotPossible(Exception):
    """The change does not fit the invoice's state; the text is for people."""


@transaction.atomic
def move(invoice: Invoice, to: str, user_pk: int) -> Invoice:
    """Moves the invoice and returns it as it is now. Raises NotPossible. Sending numbers it and writes the mail."""
    locked = Invoice.unscoped.select_for_update().get(pk=invoice.pk)
    if to not in ALLOWED[locked.state]:
        raise NotPossible(f"An invoice that is {locked.get_state_display().lower()} cannot become {to}.")
    if to == InvoiceState.SENT:
        _send(locked)
    else:
        locked.closed_on = timezone.localdate()
    locked.state = to
    locked.save()
    portal_logger("invoices").info("invoice moved", extra={"invoice_id": locked.pk, "to": to, "user_id": user_pk})
    return locked


def _send(invoice: Invoice) -> None:
    if not invoice.lines.exists():
        raise NotPossible("An invoice without lines cannot be sent.")
    invoice.add_up()
    invoice.issued_on = timezone.localdate()
    invoice.number = _next_number(invoice.issued_on.year)
    context = {
        "invoice": invoice,
        "link": settings.PORTAL_URL + invoice.get_absolute_url(),
        "portal_name": settings.PORTAL_NAME,
    }
    body = render_to_string("invoices/mail/sent.txt", context)
    send_mail(f"Invoice {invoice.number}", body, None, [invoice.company.billing_email])


def _next_number(year: int) -> str:
    NumberSeries.objects.get_or_create(year=year)
    series = NumberSeries.objects.select_for_update().get(year=year)
    series.last += 1
    series.save(update_fields=["last"])
    return f"{year}-{series.last:05}"
