"""Gzip for pages and JSON. Downloads stay as they are: most are compressed already, and clients want their length."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class PagesGZipMiddleware(GZipMiddleware):
    """Leaves streams alone. Django pads its answers at random against BREACH."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Compresses what is neither a stream nor compressed."""
        return response if response.streaming else super().process_response(request, response)
