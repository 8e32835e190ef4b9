"""Pages of companies and the people in them."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from accounts.access import agency_only, current_user, owner_only
from accounts.invitations import invite
from accounts.models import Role, User
from companies.forms import CompanyForm, InviteForm
from companies.models import Company
from onboarding.models import start_checklist
from portal_site.paging import page_of


@agency_only
def index(request: HttpRequest) -> HttpResponse:
    """The companies one works for, found by name."""
    search = request.GET.get("q", "").replace("\0", "").strip()[:120]
    companies = Company.visible_to(current_user(request))
    if search:
        companies = companies.filter(name__icontains=search)
    return render(request, "companies/index.html", {"page": page_of(request, companies), "search": search})


def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A company and its people."""
    company = get_object_or_404(Company.visible_to(current_user(request)), pk=pk)
    people = page_of(request, company.people.order_by("name", "pk"))
    return render(request, "companies/detail.html", {"company": company, "page": people})


@owner_only
def create(request: HttpRequest) -> HttpResponse:
    """A new client, with the usual checklist."""
    form = CompanyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            company = form.save()
            start_checklist(company)
        messages.success(request, f"{company} is in the portal. Invite its people next.")
        return redirect(company)
    return render(request, "companies/form.html", {"form": form, "title": "New company"})


@agency_only
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Name and billing of a company."""
    company = get_object_or_404(Company.visible_to(current_user(request)), pk=pk)
    form = CompanyForm(request.POST or None, instance=company)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect(company)
    return render(request, "companies/form.html", {"form": form, "title": f"Edit {company}"})


@agency_only
def invite_person(request: HttpRequest, pk: int) -> HttpResponse:
    """Gives a person of the client access, by mail."""
    user = current_user(request)
    company = get_object_or_404(Company.visible_to(user), pk=pk)
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            person = User.objects.create_user(role=Role.CLIENT, company=company, **form.cleaned_data)
            invite(person, invited_by=user)
        messages.success(request, f"{person} gets a mail with a link that works for a week.")
        return redirect(company)
    return render(request, "companies/form.html", {"form": form, "title": f"Invite somebody of {company}"})


@agency_only
@require_POST
def invite_again(request: HttpRequest, pk: int, person_pk: int) -> HttpResponse:
    """A new link for somebody whose link was lost or is too old."""
    user = current_user(request)
    company = get_object_or_404(Company.visible_to(user), pk=pk)
    person = get_object_or_404(company.people, pk=person_pk, is_active=True)
    if person.has_usable_password():
        messages.error(request, f"{person} has a password already and can ask for a new one at the login.")
    else:
        invite(person, invited_by=user)
        messages.success(request, f"{person} gets a new link that works for a week.")
    return redirect(company)


@agency_only
@require_POST
def switch_person(request: HttpRequest, pk: int, person_pk: int) -> HttpResponse:
    """Closes or reopens the account of a client's person."""
    company = get_object_or_404(Company.visible_to(current_user(request)), pk=pk)
    person = get_object_or_404(company.people, pk=person_pk)
    person.is_active = not person.is_active
    person.save(update_fields=["is_active"])
    messages.success(request, f"{person} {'may log in again' if person.is_active else 'can no longer log in'}.")
    return redirect(company)
