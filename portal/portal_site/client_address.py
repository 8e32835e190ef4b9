"""The visitor's address, as far as it can be trusted: counted from the right of X-Forwarded-For by TRUSTED_PROXIES."""

import ipaddress
import re

from django.conf import settings
from django.http import HttpRequest

_WITH_PORT = re.compile(r"\[(?P<six>[^\]]+)\](?::\d+)?|(?P<four>[\d.]+):\d+")


def client_address(request: HttpRequest) -> str:
    """The address that the outermost trusted proxy saw; the peer's own where there is no proxy in front.

    Always an address, for limits are counted by it: 0.0.0.0 stands for a peer without one, such as a Unix socket.
    """
    trusted = settings.TRUSTED_PROXIES
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    seen = hops[-trusted] if trusted and len(hops) >= trusted else ""
    return _address(seen) or _address(request.META.get("REMOTE_ADDR", "")) or "0.0.0.0"  # noqa: S104 - not bound to


def _address(text: str) -> str:
    # Some proxies add the port: 203.0.113.7:50123, [2001:db8::7]:50123.
    if match := _WITH_PORT.fullmatch(text):
        text = match["six"] or match["four"]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""
