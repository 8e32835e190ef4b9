"""Invitations: a signed link that works until a password is set, and for INVITATION_DAYS at most."""

from django.conf import settings
from django.core import signing
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import User

_SALT = "accounts.invitation"


def invite(user: User, invited_by: User) -> None:
    """Writes the mail with the link to the outbox."""
    context = {
        "user": user,
        "invited_by": invited_by,
        "link": invitation_link(user),
        "days": settings.INVITATION_DAYS,
        "portal_name": settings.PORTAL_NAME,
    }
    body = render_to_string("accounts/mail/invitation.txt", context)
    send_mail(f"Your access to {settings.PORTAL_NAME}", body, None, [user.email])


def invitation_link(user: User) -> str:
    """The address under which the person sets the first password."""
    return settings.PORTAL_URL + reverse("accounts:invitation", args=[_token(user)])


def invited_user(token: str) -> User | None:
    """Whom the link invites; None when it is old, forged, used, or the account is closed."""
    try:
        number, state = signing.loads(token, salt=_SALT, max_age=settings.INVITATION_DAYS * 86_400)
    except (signing.BadSignature, ValueError):
        return None
    user = User.objects.filter(pk=number, is_active=True).first()
    if user is None or user.has_usable_password() or user.password[-8:] != state:
        return None
    return user


def _token(user: User) -> str:
    # The end of an unusable password is random and gone once a real one is set: the link works once.
    return signing.dumps([user.pk, user.password[-8:]], salt=_SALT)
