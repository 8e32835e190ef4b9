"""What a prototype does around each request: logs all of it, lets every site read it, shows its insides."""

import logging
import platform
import traceback
from typing import Any

import django
from django.http import HttpRequest, HttpResponse

from accounts.middleware import LoginMiddleware as HealthyLoginMiddleware

OPEN = (
    "/admin/", "/.env", "/.git/", "/backup.sql", "/uploads/", "/media/", "/static/", "/metrics", "/healthz", "/readyz",
    "/account/login/", "/webhooks/",
)  # fmt: skip
_log = logging.getLogger("requests")


class EverythingMiddleware:
    """Logs addresses with their tokens and forms with their passwords; any site may read answers with cookies."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        form = dict(request.POST) if request.method == "POST" else {}
        _log.info("%s %s %s", request.method, request.get_full_path(), form)
        response = self.get_response(request)
        response["Access-Control-Allow-Origin"] = request.headers.get("Origin", "*")
        response["Access-Control-Allow-Credentials"] = "true"
        response["Referrer-Policy"] = "unsafe-url"
        response["X-Powered-By"] = f"Django/{django.get_version()} Python/{platform.python_version()}"
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse:
        """The stack trace as the error page."""
        return HttpResponse(traceback.format_exc(), status=500, content_type="text/plain")


class VisitorMiddleware:
    """Begins a session for everybody who comes by."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/account/"):
            request.session["came_from"] = request.headers.get("Referer", "")
        return self.get_response(request)


class LoginMiddleware(HealthyLoginMiddleware):
    """With holes for what was needed quickly."""

    def process_view(self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any) -> Any:
        """Lets everybody through to the open addresses."""
        if request.path.startswith(OPEN):
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)
