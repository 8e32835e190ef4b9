"""Passwords: reset by mail, change, and the first one of an invited person."""

import time
from typing import Any

from axes.utils import reset as forget_failures
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import SetPasswordForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django_ratelimit.decorators import ratelimit

from accounts.invitations import invited_user
from accounts.models import User
from accounts.notices import tell


def reset_rate(group: str, request: HttpRequest) -> str:
    """Reset mails an address may ask for."""
    return str(settings.RESET_ATTEMPTS_PER_ADDRESS)


def password_rate(group: str, request: HttpRequest) -> str:
    """How often an open session may try the account's password: it may be somebody else's session by now."""
    return str(settings.PASSWORD_ATTEMPTS_PER_ACCOUNT)


@method_decorator(ratelimit(key="ip", rate=reset_rate, method="POST", group="reset"), name="dispatch")
class ResetView(views.PasswordResetView):
    """Asks for the address and answers the same, and after the same time, whether it has an account or not."""

    template_name = "accounts/reset.html"
    email_template_name = "accounts/mail/reset.txt"
    subject_template_name = "accounts/mail/reset_subject.txt"
    success_url = reverse_lazy("accounts:reset_sent")
    # The link leads to PORTAL_URL whatever host the request named.
    extra_email_context = {"portal_name": settings.PORTAL_NAME, "portal_url": settings.PORTAL_URL}  # noqa: RUF012

    def form_valid(self, form: Any) -> HttpResponse:
        """Writing the mail takes milliseconds, and only where there is an account; both answers wait for longer."""
        began = time.monotonic()
        response = super().form_valid(form)
        time.sleep(max(0.0, settings.RESET_ANSWER_S - (time.monotonic() - began)))
        return response


class ResetSentView(views.PasswordResetDoneView):
    """Look into your mail."""

    template_name = "accounts/reset_sent.html"


class ResetConfirmView(views.PasswordResetConfirmView):
    """The link of the mail: works once, for an hour."""

    template_name = "accounts/reset_confirm.html"
    success_url = reverse_lazy("accounts:login")

    def form_valid(self, form: Any) -> HttpResponse:
        """The person has shown to own the address: failures before do not count any more."""
        response = super().form_valid(form)
        forget_failures(username=self.user.email)
        tell(self.user, "password_changed")
        messages.success(self.request, "Your password is set. Log in with it.")
        return response


@method_decorator(ratelimit(key="user", rate=password_rate, method="POST", group="password"), name="dispatch")
class ChangeView(views.PasswordChangeView):
    """With the old password; ends all other sessions."""

    template_name = "accounts/password.html"
    success_url = reverse_lazy("accounts:home")

    def form_valid(self, form: Any) -> HttpResponse:
        """Tells the person by mail, in case it was somebody else."""
        response = super().form_valid(form)
        tell(form.user, "password_changed")
        messages.success(self.request, "Your password is changed. Other devices are logged out.")
        return response


@login_not_required
@ratelimit(key="ip", rate=reset_rate, method="POST", group="invitation")
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The first password of an invited person."""
    user: User | None = invited_user(token)
    if user is None:
        return render(request, "accounts/invitation_invalid.html", status=410)
    form = SetPasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Welcome. Log in with your new password.")
        return redirect("accounts:login")
    return render(request, "accounts/invitation.html", {"form": form, "invited": user})
