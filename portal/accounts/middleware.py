"""No page behind the login opens without it, nor with the password alone where the account has a second factor."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse


class LoginMiddleware(LoginRequiredMiddleware):
    """Django's, with 401 for the pages' own JSON requests: a script cannot do anything with a login page."""

    def handle_no_permission(self, request: HttpRequest, view_func: Callable[..., Any]) -> HttpResponse:
        """Answers for a view that needs a login."""
        if _wants_json(request):
            return JsonResponse({"error": "The login is missing."}, status=401)
        return super().handle_no_permission(request, view_func)


def before_code(view: Callable[..., Any]) -> Callable[..., Any]:
    """Marks a view that opens after the password and before the second factor."""
    view.before_code = True  # type: ignore[attr-defined]
    return view


class SecondFactorMiddleware:
    """Closed by default: a view opens without the second factor only when it needs no login or says `before_code`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Sends to the code page, or answers 401 to the pages' own JSON requests."""
        if not getattr(view, "login_required", True) or getattr(view, "before_code", False):
            return None
        user: Any = request.user
        if not user.is_authenticated or not user.two_factor or user.is_verified():
            return None
        if _wants_json(request):
            return JsonResponse({"error": "The second factor is missing."}, status=401)
        return redirect(f"{reverse('accounts:code')}?{urlencode({'next': request.get_full_path()})}")


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")
