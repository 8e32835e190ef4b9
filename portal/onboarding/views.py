"""Checklist pages."""

from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.access import agency_only, current_user
from companies.models import Company
from onboarding.forms import ItemForm
from onboarding.models import ChecklistItem
from onboarding.progress import progress_by_company, progress_of
from portal_site.paging import page_of


def index(request: HttpRequest) -> HttpResponse:
    """All companies with their progress; a client goes to the own list."""
    user = current_user(request)
    if not user.is_agency:
        return redirect("onboarding:checklist", user.company_id)
    page = page_of(request, Company.visible_to(user))
    rows = progress_by_company(ChecklistItem.visible_to(user), page.object_list)
    return render(request, "onboarding/index.html", {"page": page, "rows": rows})


def checklist(request: HttpRequest, company_pk: int) -> HttpResponse:
    """The steps of one company."""
    user = current_user(request)
    company = get_object_or_404(Company.visible_to(user), pk=company_pk)
    items = ChecklistItem.visible_to(user).filter(company=company)
    context = {
        "company": company,
        "page": page_of(request, items.select_related("done_by")),
        "progress": progress_of(items),
        "form": ItemForm() if user.is_agency else None,
    }
    return render(request, "onboarding/checklist.html", context)


@require_POST
def tick(request: HttpRequest, pk: int) -> HttpResponse:
    """Marks a step done, or open again."""
    user = current_user(request)
    item = get_object_or_404(ChecklistItem.visible_to(user), pk=pk)
    if item.done_at:
        item.done_at, item.done_by = None, None
    else:
        item.done_at, item.done_by = timezone.now(), user
    item.save(update_fields=["done_at", "done_by"])
    return redirect("onboarding:checklist", item.company_id)


@agency_only
@require_POST
def add(request: HttpRequest, company_pk: int) -> HttpResponse:
    """A further step at the end."""
    user = current_user(request)
    company = get_object_or_404(Company.visible_to(user), pk=company_pk)
    form = ItemForm(request.POST)
    if form.is_valid():
        last = ChecklistItem.visible_to(user).filter(company=company).aggregate(last=Max("position"))["last"]
        form.instance.company, form.instance.position = company, (last or 0) + 1
        form.save()
    return redirect("onboarding:checklist", company.pk)
