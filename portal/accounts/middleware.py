"""No page behind the login opens with the password alone where the account has a second factor."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse


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
        if request.headers.get("Accept", "").startswith("application/json"):
            return JsonResponse({"error": "The second factor is missing."}, status=401)
        return redirect(f"{reverse('accounts:code')}?{urlencode({'next': request.get_full_path()})}")
