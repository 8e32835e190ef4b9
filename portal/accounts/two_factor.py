"""Switching the second factor on and off. Codes and their throttling are django-otp's."""

from base64 import b32encode

import segno
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_http_methods
from django_otp import login as login_device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_ratelimit.decorators import ratelimit

from accounts.access import current_user
from accounts.forms import EnableForm, PasswordForm
from accounts.models import User
from accounts.notices import tell
from accounts.passwords import password_rate

_BACKUP_CODES = 8


@require_http_methods(["GET", "POST"])
@ratelimit(key="user", rate=password_rate, method="POST", group="password")
def enable(request: HttpRequest) -> HttpResponse:
    """Shows the key, takes the first code, then shows the backup codes once."""
    user = current_user(request)
    if user.two_factor:
        return redirect("accounts:home")
    device, _ = TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": "Authenticator app"})
    form = EnableForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        if device.verify_is_allowed()[0] and device.verify_token(form.cleaned_data["code"]):
            codes = _switch_on(user, device)
            login_device(request, device)
            return render(request, "accounts/backup_codes.html", {"codes": codes})
        form.add_error("code", "This code does not match. Is the clock of your phone right?")
    context = {"form": form, "picture": _picture(device), "key": b32encode(device.bin_key).decode().rstrip("=")}
    return render(request, "accounts/two_factor.html", context)


@require_http_methods(["GET", "POST"])
@ratelimit(key="user", rate=password_rate, method="POST", group="password")
def disable(request: HttpRequest) -> HttpResponse:
    """With the password."""
    user = current_user(request)
    form = PasswordForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        switch_off(user)
        messages.success(request, "The second factor is off.")
        return redirect("accounts:home")
    return render(request, "accounts/two_factor_off.html", {"form": form})


@transaction.atomic
def switch_off(user: User) -> None:
    """Forgets the app and the backup codes, and tells the person by mail."""
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()
    user.two_factor = False
    user.save(update_fields=["two_factor"])
    tell(user, "two_factor_off")


@transaction.atomic
def _switch_on(user: User, device: TOTPDevice) -> list[str]:
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    StaticDevice.objects.filter(user=user).delete()
    backup = StaticDevice.objects.create(user=user, name="Backup codes")
    codes = [StaticToken.random_token() for _ in range(_BACKUP_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=backup, token=code) for code in codes)
    user.two_factor = True
    user.save(update_fields=["two_factor"])
    tell(user, "two_factor_on")
    return codes


def _picture(device: TOTPDevice) -> str:
    code = segno.make(device.config_url, error="m")
    return mark_safe(code.svg_inline(scale=5, light="#fff", dark="#000"))  # noqa: S308 - made from our own URL
