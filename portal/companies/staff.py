"""The owner's pages about the agency's staff."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from accounts.access import current_user, owner_only
from accounts.invitations import invite
from accounts.models import Role, User
from companies.forms import InviteForm, StaffForm
from portal_site.paging import page_of


@owner_only
def index(request: HttpRequest) -> HttpResponse:
    """All staff."""
    staff = User.objects.filter(role=Role.STAFF).order_by("name", "pk")
    return render(request, "companies/staff.html", {"page": page_of(request, staff)})


@owner_only
def invite_staff(request: HttpRequest) -> HttpResponse:
    """A new colleague, first without companies."""
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            person = User.objects.create_user(role=Role.STAFF, **form.cleaned_data)
            invite(person, invited_by=current_user(request))
        messages.success(request, f"{person} gets a mail. Choose the companies now.")
        return redirect("companies:staff_edit", person.pk)
    return render(request, "companies/form.html", {"form": form, "title": "Invite a colleague"})


@owner_only
@require_POST
def invite_again(request: HttpRequest, pk: int) -> HttpResponse:
    """A new link for a colleague whose link was lost or is too old."""
    person = get_object_or_404(User, pk=pk, role=Role.STAFF, is_active=True)
    if person.has_usable_password():
        messages.error(request, f"{person} has a password already and can ask for a new one at the login.")
    else:
        invite(person, invited_by=current_user(request))
        messages.success(request, f"{person} gets a new link that works for a week.")
    return redirect("companies:staff")


@owner_only
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Which companies a colleague works for, and whether they may log in."""
    person = get_object_or_404(User, pk=pk, role=Role.STAFF)
    initial = {"is_active": person.is_active, "companies": person.assigned_companies.all()}
    form = StaffForm(request.POST or None, viewer=current_user(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            person.is_active = form.cleaned_data["is_active"]
            person.save(update_fields=["is_active"])
            person.assigned_companies.set(form.cleaned_data["companies"])
        messages.success(request, "Saved.")
        return redirect("companies:staff")
    return render(request, "companies/form.html", {"form": form, "title": person.name})
