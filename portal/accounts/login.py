"""Login in one or two steps, logout, and what people see who are locked out.

Three brakes: a limit of attempts per address and minute, a lock-out of account and address after five failures, and
the growing pauses that django-otp puts between wrong codes.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth import views
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django_otp import login as login_device
from django_otp import match_token
from django_ratelimit.decorators import ratelimit

from accounts.access import current_user
from accounts.forms import CodeForm, LoginForm
from accounts.middleware import before_code
from portal_site.logs import portal_logger


def login_rate(group: str, request: HttpRequest) -> str:
    """Attempts an address has for passwords and codes."""
    return str(settings.LOGIN_ATTEMPTS_PER_ADDRESS)


@method_decorator(ratelimit(key="ip", rate=login_rate, method="POST", group="login"), name="dispatch")
class LoginView(views.LoginView):
    """E-mail and password."""

    template_name = "accounts/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True


@before_code
@ratelimit(key="ip", rate=login_rate, method="POST", group="login")
def code(request: HttpRequest) -> HttpResponse:
    """The second step: a code of the app, or one of the backup codes."""
    user = current_user(request)
    target = _safe_next(request)
    if not user.two_factor or user.is_verified():  # type: ignore[attr-defined]
        return redirect(target)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        device = match_token(user, form.cleaned_data["code"])
        if device:
            login_device(request, device)
            return redirect(target)
        portal_logger("accounts").warning("wrong code", extra={"user_id": user.pk})
        form.add_error("code", "This code is wrong or was used before. After several wrong ones, wait a minute.")
    return render(request, "accounts/code.html", {"form": form, "next": target})


@login_not_required
def locked_out(request: HttpRequest, response: Any = None, credentials: Any = None, *_: Any) -> HttpResponse:
    """django-axes' answer after too many failures."""
    minutes = round(settings.AXES_COOLOFF_TIME * 60)
    answer = render(request, "accounts/locked.html", {"minutes": minutes}, status=429)
    answer["Retry-After"] = str(minutes * 60)
    return answer


@method_decorator(before_code, name="dispatch")
class LogoutView(views.LogoutView):
    """By POST, from the frame of every page."""


def _safe_next(request: HttpRequest) -> str:
    target = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        return target
    return resolve_url(settings.LOGIN_REDIRECT_URL)
