"""Error pages: they say what happened and what to do, and nothing about the inside."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_ratelimit.exceptions import Ratelimited


@login_not_required
def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403, or 429 when the reason is a rate limit."""
    if isinstance(exception, Ratelimited):
        return too_many(request)
    return render(request, "403.html", status=403)


def too_many(request: HttpRequest) -> HttpResponse:
    """429 with the time after which trying again makes sense."""
    response = render(request, "429.html", status=429)
    response["Retry-After"] = "60"
    return response


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was open too long, or cookies that are off."""
    return render(request, "403_csrf.html", status=403)
