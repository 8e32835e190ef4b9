"""Which of a visitor's cookies go with a request, read from libcurl's list. libcurl sends them; this only tells."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Sent:
    """The names of the cookies that are sent to an address."""

    names: tuple[str, ...]

    @property
    def any(self) -> bool:
        """Whether there is one."""
        return bool(self.names)


def sent_to(url: str, cookies: Iterable[str]) -> Sent:
    """The cookies for `url` (RFC 6265 section 5.4) of a list in Netscape's format, as libcurl writes it."""
    parts = urlsplit(url)
    host, path = (parts.hostname or "").lower(), parts.path or "/"
    trusted = parts.scheme == "https" or host in ("localhost", "127.0.0.1", "::1")
    names = []
    for line in cookies:
        fields = line.removeprefix("#HttpOnly_").split("\t")
        if len(fields) != 7:
            continue
        domain, below, place, secure, expires, name, _ = fields
        domain = domain.lstrip(".").lower()
        here = host == domain or (below == "TRUE" and host.endswith(f".{domain}"))
        fresh = expires in ("", "0") or int(expires) > time.time()
        if here and _covers(place, path) and fresh and (trusted or secure != "TRUE"):
            names.append(name)
    return Sent(tuple(names))


def _covers(place: str, path: str) -> bool:
    """Whether a cookie's path covers a request's (RFC 6265 section 5.1.4)."""
    return path == place or (
        path.startswith(place) and (place.endswith("/") or path[len(place) : len(place) + 1] == "/")
    )
