"""The account page: name, password, second factor."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.access import current_user
from accounts.forms import ProfileForm


def home(request: HttpRequest) -> HttpResponse:
    """Shows and changes the own profile."""
    user = current_user(request)
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Your profile is saved.")
        return redirect("accounts:home")
    return render(request, "accounts/home.html", {"form": form})
