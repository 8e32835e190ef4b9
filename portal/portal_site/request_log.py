"""One log line a request, and the id that joins all lines of a request."""

import re
import time
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from portal_site.logs import portal_logger, request_id

_QUIET = ("/healthz", "/readyz", "/static/")
_ACCEPTABLE_ID = re.compile(r"[\w.-]{8,64}")


class RequestLogMiddleware:
    """Logs method, path (never the query, which may carry tokens), status, duration and the user's number."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.log = portal_logger("request")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        identity = given if _ACCEPTABLE_ID.fullmatch(given) else uuid.uuid4().hex
        mark = request_id.set(identity)
        began = time.perf_counter()
        try:
            response = self.get_response(request)
            response["X-Request-Id"] = identity
            if not request.path.startswith(_QUIET):
                self.log.info(
                    "request",
                    extra={
                        "method": request.method,
                        "path": request.path,
                        "status": response.status_code,
                        "duration_ms": round((time.perf_counter() - began) * 1000, 1),
                        "user_id": _user_number(request),
                    },
                )
            return response
        finally:
            request_id.reset(mark)


def _user_number(request: HttpRequest) -> int | None:
    # What is loaded already, or was set by a login: a log line asks no database, which may be what is broken.
    user = vars(request).get("user")
    if isinstance(user, SimpleLazyObject):
        user = vars(request).get("_cached_user")
    return getattr(user, "pk", None)
