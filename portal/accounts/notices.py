"""Mail about changes of an account's security, to the account itself."""

from typing import Literal

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string

from accounts.models import User

_WHAT = {
    "password_changed": "the password was changed",
    "two_factor_on": "a second factor was switched on",
    "two_factor_off": "the second factor was switched off",
}


def tell(user: User, what: Literal["password_changed", "two_factor_on", "two_factor_off"]) -> None:
    """Writes the notice to the outbox."""
    context = {
        "user": user,
        "what": _WHAT[what],
        "portal_name": settings.PORTAL_NAME,
        "portal_url": settings.PORTAL_URL,
    }
    body = render_to_string("accounts/mail/notice.txt", context)
    send_mail(f"{settings.PORTAL_NAME}: {_WHAT[what]}", body, None, [user.email])
