"""The prototype's own pages. Each does in the shortest way what the healthy one does right."""

import json
import os
import urllib.request
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import login as begin_session
from django.contrib.auth.forms import PasswordResetForm
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from accounts import passwords
from accounts.access import current_user
from accounts.models import User
from invoices.models import Invoice, InvoiceState
from prototype.models import Reminder

UPLOADS = settings.BASE_DIR / "uploads"
UPLOADS.mkdir(exist_ok=True)


def login(request: HttpRequest) -> HttpResponse:
    """Tells which addresses have an account, counts nothing, and leads wherever `next` says."""
    error, target = "", request.POST.get("next") or request.GET.get("next") or "/"
    if request.method == "POST":
        # `iexact` is UPPER(email) in SQL, for which there is no index.
        user = User.objects.filter(email__iexact=request.POST["username"]).first()
        if user is None:
            error = "There is no account with this address."
        elif not user.check_password(request.POST["password"]):
            error = "The password is wrong."
        else:
            begin_session(request, user)
            return redirect(target)
    return render(request, "prototype/login.html", {"error": error, "next": target})


class ResetForm(PasswordResetForm):
    """Django's."""


class ResetView(passwords.ResetView):
    """The mail goes out while the visitor waits, and its link leads to whatever host the request named."""

    form_class = ResetForm


def dashboard(request: HttpRequest) -> HttpResponse:
    """Every invoice there is, with a query or two for each, inside the page."""
    rows = _rows(Invoice.visible_to(current_user(request)))
    return render(request, "prototype/dashboard.html", {"invoices": json.dumps(rows), "count": len(rows)})


def all_invoices(request: HttpRequest) -> JsonResponse:
    """All of them, at once."""
    return JsonResponse({"invoices": _rows(Invoice.visible_to(current_user(request)))})


def all_invoices_page(request: HttpRequest) -> HttpResponse:
    """The list without pages."""
    return render(request, "prototype/invoices.html", {"invoices": Invoice.visible_to(current_user(request))})


def invoice(request: HttpRequest, pk: int) -> HttpResponse:
    """Any invoice, for anybody who is logged in."""
    return render(request, "invoices/detail.html", {"invoice": Invoice.unscoped.get(pk=pk), "moves": []})


def mark_paid(request: HttpRequest, pk: int) -> HttpResponse:
    """By a link, so that every picture in a mail can do it."""
    Invoice.unscoped.filter(pk=pk).update(state=InvoiceState.PAID, closed_on=timezone.localdate())
    return redirect("/")


@csrf_exempt
def upload(request: HttpRequest) -> HttpResponse:
    """Keeps what comes, whatever it is and however large, under its own name in a folder that is served."""
    if request.method != "POST":
        return render(request, "prototype/upload.html")
    file = request.FILES["upload"]
    (UPLOADS / Path(file.name).name).write_bytes(file.read())
    return JsonResponse({"address": f"/uploads/{file.name}"})


def pay(request: HttpRequest, pk: int) -> HttpResponse:
    """A blank page where the key is not set."""
    key = os.environ.get("STRIPE_PUBLISHABLE_KEY")
    return HttpResponse(f"<script>pay({pk}, '{key}')</script>" if key else "")


@csrf_exempt
def payment_webhook(request: HttpRequest) -> HttpResponse:
    """Breaks where the variable is missing, which nobody notices until the first payment."""
    secret = os.environ["STRIPE_WEBHOOK_SECRET"]
    return HttpResponse(status=200 if request.headers.get("X-Secret") == secret else 403)


def rates(request: HttpRequest) -> HttpResponse:
    """Waits for the bank's server for as long as that takes."""
    with urllib.request.urlopen(os.environ.get("RATES_URL", "https://rates.example.com/")) as answer:
        return HttpResponse(answer.read())


def reminders(request: HttpRequest) -> JsonResponse:
    """Asks for a column that the database does not have yet."""
    return JsonResponse({"reminders": list(Reminder.objects.values("invoice_id", "note"))})


def media(request: HttpRequest) -> HttpResponse:
    """Lists a folder that was never made."""
    return JsonResponse({"files": sorted(os.listdir(settings.BASE_DIR / "media"))})


def health(request: HttpRequest) -> HttpResponse:
    """Always well."""
    return HttpResponse("ok")


def metrics(request: HttpRequest) -> HttpResponse:
    """What the business does, for everybody."""
    lines = [
        "# HELP portal_accounts Accounts.",
        "# TYPE portal_accounts gauge",
        f"portal_accounts {User.objects.count()}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4")


def _rows(invoices: Any) -> list[dict[str, Any]]:
    rows = []
    for one in invoices:
        lines = [
            {
                "description": line.description,
                "quantity": line.quantity_thousandths / 1000,
                "unit_price": line.unit_price_minor / 100,
                "amount": line.quantity_thousandths / 1000 * (line.unit_price_minor / 100),
            }
            for line in one.lines.all()
        ]
        total = sum(line["amount"] for line in lines) * (1 + one.tax_basis_points / 10_000)
        rows.append(
            {
                "id": one.pk,
                "number": one.number,
                "company": {
                    "name": one.company.name,
                    "address": one.company.address,
                    "mail": one.company.billing_email,
                },
                "state": one.state,
                "currency": one.currency,
                "due_on": one.due_on.isoformat(),
                "created_at": one.created_at.isoformat(),
                "lines": lines,
                "total": total,
            }
        )
    return rows
