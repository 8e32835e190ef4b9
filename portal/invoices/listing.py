"""The list of invoices, the same for the page and for the JSON that turns its pages."""

from typing import Any

from django.core.paginator import Page
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import User
from invoices.models import Invoice, InvoiceState
from portal_site.paging import page_of


def chosen_state(request: HttpRequest) -> str:
    """The filter `?state=`, or "" for all."""
    state = request.GET.get("state", "")
    return state if state in InvoiceState.values else ""


def invoice_page(request: HttpRequest, user: User) -> Page:
    """The page that was asked for."""
    rows: QuerySet[Invoice] = Invoice.visible_to(user).select_related("company")
    if state := chosen_state(request):
        rows = rows.filter(state=state)
    return page_of(request, rows)


def as_json(invoice: Invoice) -> dict[str, Any]:
    """A row for the list."""
    return {
        "id": invoice.pk,
        "label": str(invoice),
        "url": invoice.get_absolute_url(),
        "company": invoice.company.name,
        "state": invoice.state,
        "state_label": "Overdue" if invoice.is_overdue else invoice.get_state_display(),
        "overdue": invoice.is_overdue,
        "due_on": invoice.due_on.isoformat(),
        "currency": invoice.currency,
        "total_minor": invoice.total_minor,
        "total": invoice.total,
    }
