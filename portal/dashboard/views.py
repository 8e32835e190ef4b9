"""The first page after the login."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import current_user
from approvals.models import Approval, ApprovalState
from dashboard.numbers import numbers
from files.models import StoredFile
from invoices.models import Invoice, InvoiceState

_SHOWN = 5


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Numbers, and the newest of what waits."""
    user = current_user(request)
    waiting = Approval.visible_to(user).filter(state=ApprovalState.PENDING).select_related("company")
    unpaid = Invoice.visible_to(user).filter(state=InvoiceState.SENT).select_related("company")
    context = {
        "numbers": numbers(user),
        "approvals": waiting[:_SHOWN],
        "invoices": unpaid.order_by("due_on", "pk")[:_SHOWN],
        "files": StoredFile.visible_to(user).select_related("company")[:_SHOWN],
    }
    return render(request, "dashboard/home.html", context)


@require_safe
def numbers_json(request: HttpRequest) -> JsonResponse:
    """The numbers alone, for the script that keeps an open dashboard fresh."""
    return JsonResponse(numbers(current_user(request)))
