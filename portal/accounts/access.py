"""Who may open a view, beyond seeing its rows: 403 for the wrong role, 404 (by tenancy) for the wrong company."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from accounts.models import User

View = Callable[..., HttpResponse]


def current_user(request: HttpRequest) -> User:
    """The account that is logged in; only for views behind the login."""
    return cast(User, request.user)


def agency_only(view: View) -> View:
    """Staff and owner."""
    return _only(view, lambda user: user.is_agency)


def owner_only(view: View) -> View:
    """The owner."""
    return _only(view, lambda user: user.is_owner)


def clients_only(view: View) -> View:
    """Clients: the agency does not decide in their name."""
    return _only(view, lambda user: not user.is_agency)


def _only(view: View, allowed: Callable[[User], bool]) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not allowed(current_user(request)):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded
