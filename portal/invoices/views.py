"""Invoice pages."""

from datetime import timedelta

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.access import agency_only, current_user
from invoices.forms import InvoiceForm, LineForms
from invoices.listing import as_json, chosen_state, invoice_page
from invoices.models import Invoice, InvoiceState
from invoices.pdf import invoice_pdf
from invoices.states import ALLOWED, NotPossible, move


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The list, newest first."""
    user = current_user(request)
    # Clients see no drafts.
    states = [choice for choice in InvoiceState.choices if user.is_agency or choice[0] != InvoiceState.DRAFT]
    context = {"page": invoice_page(request, user), "state": chosen_state(request), "states": states}
    return render(request, "invoices/index.html", context)


@require_safe
def index_json(request: HttpRequest) -> JsonResponse:
    """The same list for the script that turns its pages."""
    page = invoice_page(request, current_user(request))
    body = {
        "invoices": [as_json(invoice) for invoice in page],
        "page": page.number,
        "pages": page.paginator.num_pages,
        "count": page.paginator.count,
    }
    return JsonResponse(body)


@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One invoice."""
    user = current_user(request)
    invoice = get_object_or_404(Invoice.visible_to(user).select_related("company"), pk=pk)
    context = {
        "invoice": invoice,
        "lines": invoice.lines.all(),
        "moves": sorted(ALLOWED[invoice.state]) if user.is_agency else [],
    }
    return render(request, "invoices/detail.html", context)


@require_safe
def pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The invoice for the client's books."""
    invoice = get_object_or_404(Invoice.visible_to(current_user(request)).select_related("company"), pk=pk)
    response = HttpResponse(invoice_pdf(invoice, invoice.lines.all()), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{str(invoice).replace(" ", "-")}.pdf"'
    return response


@agency_only
def create(request: HttpRequest) -> HttpResponse:
    """A new draft."""
    user = current_user(request)
    draft = Invoice(created_by=user, due_on=timezone.localdate() + timedelta(days=14))
    return _edit(request, draft, "New invoice")


@agency_only
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Changes a draft; anything else answers 404, for a sent invoice has no such page."""
    drafts = Invoice.visible_to(current_user(request)).filter(state=InvoiceState.DRAFT)
    if request.method != "POST":
        return _edit(request, get_object_or_404(drafts, pk=pk), "Edit draft")
    with transaction.atomic():
        return _edit(request, get_object_or_404(drafts.select_for_update(), pk=pk), "Edit draft")


@agency_only
@require_POST
def move_to(request: HttpRequest, pk: int, to: str) -> HttpResponse:
    """Sends, marks as paid, voids."""
    user = current_user(request)
    invoice = get_object_or_404(Invoice.visible_to(user), pk=pk)
    try:
        moved = move(invoice, to, user.pk)
    except NotPossible as reason:
        messages.error(request, str(reason))
    else:
        messages.success(request, f"{moved} is {moved.get_state_display().lower()}.")
    return redirect(invoice)


@agency_only
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Throws a draft away."""
    drafts = Invoice.visible_to(current_user(request)).filter(state=InvoiceState.DRAFT)
    get_object_or_404(drafts, pk=pk).delete()
    messages.success(request, "The draft is deleted.")
    return redirect("invoices:index")


def _edit(request: HttpRequest, draft: Invoice, title: str) -> HttpResponse:
    user = current_user(request)
    form = InvoiceForm(request.POST or None, instance=draft, viewer=user)
    lines = LineForms(request.POST or None, instance=draft)
    if request.method == "POST" and form.is_valid() and lines.is_valid():
        with transaction.atomic():
            invoice = form.save()
            lines.instance = invoice
            lines.save()
            invoice.add_up()
            invoice.save()
        messages.success(request, "The draft is saved.")
        return redirect(invoice)
    return render(request, "invoices/form.html", {"form": form, "lines": lines, "title": title})
