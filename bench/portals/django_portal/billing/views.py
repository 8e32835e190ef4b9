"""The pages and the API of a signed-in company."""

from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.core.paginator import Paginator
from django.db.models import Count, Sum
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST

from billing.models import Document, Invoice

PER_PAGE, PER_ANSWER = 25, 100
private = cache_control(private=True, no_store=True)


class SignIn(LoginView):
    """The login."""

    template_name = "login.html"
    authentication_form = AuthenticationForm


@login_required
@private
def dashboard(request):
    """The newest invoices and what is open."""
    own = Invoice.objects.filter(company_id=request.user.company_id)
    open_invoices = own.filter(status="sent").aggregate(count=Count("id"), total=Sum("amount"))
    newest = own.select_related("customer").order_by("-issued_on", "-id")[:PER_PAGE]
    return render(request, "dashboard.html", {"invoices": newest, "open": open_invoices})


@login_required
@private
def invoices(request):
    """All invoices, by pages."""
    own = Invoice.objects.filter(company_id=request.user.company_id).select_related("customer")
    page = Paginator(own.order_by("-issued_on", "-id"), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "invoices.html", {"page": page})


@login_required
@private
def files(request):
    """The newest files that were sent, and the form to send one."""
    sent = Document.objects.filter(company_id=request.user.company_id).order_by("-id")[:PER_PAGE]
    return render(request, "files.html", {"documents": sent})


@login_required
@private
@require_POST
def upload(request):
    """Take a file."""
    sent = request.FILES["file"]
    Document.objects.create(company_id=request.user.company_id, name=sent.name[:200], file=sent, size=sent.size)
    return redirect("/files/")


@login_required
@private
def api_invoices(request):
    """Invoices as JSON, by pages."""
    own = Invoice.objects.filter(company_id=request.user.company_id).order_by("-issued_on", "-id")
    page = Paginator(own, PER_ANSWER).get_page(request.GET.get("page"))
    rows = list(page.object_list.values("id", "number", "customer__name", "status", "amount", "issued_on", "note"))
    return JsonResponse({"items": rows, "page": page.number, "pages": page.paginator.num_pages})


def healthz(request):
    """Whether it is up."""
    return HttpResponse("ok")
