"""An answer to one GET, and URLs in the one form they are asked and compared in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

import idna


@dataclass(frozen=True, slots=True)
class Phases:
    """When each phase of a GET ended, in seconds from its start (curl's *_TIME values)."""

    connect_s: float = 0.0
    tls_s: float = 0.0
    first_byte_s: float = 0.0
    total_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Page:
    """An answer to one GET. Everything in it is hostile text."""

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    """As sent, names in lower case, in order, repeated ones kept."""
    body: bytes = field(repr=False)
    """Decompressed, cut at the byte cap."""
    truncated: bool = False
    """The body was larger than the cap, or broke off below a redirect; `body` holds its beginning."""
    address: str = ""
    http_version: str = "1.1"
    phases: Phases = Phases()

    def header(self, name: str) -> str | None:
        """The first header of that name, or None."""
        return next((value for key, value in self.headers if key == name.lower()), None)

    def all_headers(self, name: str) -> tuple[str, ...]:
        """Every header of that name."""
        return tuple(value for key, value in self.headers if key == name.lower())

    @property
    def redirects(self) -> bool:
        """Whether it sends a browser elsewhere (RFC 9110 section 15.4), wherever that is."""
        return self.status in (301, 302, 303, 307, 308)

    @property
    def location(self) -> str | None:
        """Absolute URL a 3xx leads to (RFC 9110 section 10.2.2), without fragment; None when it names none.

        It need not be a web address: `mailto:` and what cannot be understood stand as they came.
        """
        value = self.header("location")
        if not 300 <= self.status < 400 or not value:
            return None
        try:
            return normal_url(urljoin(self.url, value))
        except ValueError:
            return value

    @property
    def text(self) -> str:
        """Body as text by charset of header or meta, undecodable bytes replaced."""
        declared = _CHARSET.search(self.header("content-type") or "")
        meta = None if declared else _META_CHARSET.search(self.body[:2048])
        name = declared.group(1) if declared else meta.group(1).decode("ascii", "replace") if meta else "utf-8"
        try:
            return self.body.decode(name, "replace")
        except (LookupError, ValueError):  # no such charset, or one of Python's that makes no text
            return self.body.decode("utf-8", "replace")


def normal_url(url: str) -> str:
    """A web address without fragment and user, host as A-labels in lower case, a slash where the path is empty.

    Blanks and control characters in path and query are percent-encoded. Other schemes come back as they are.
    Raises ValueError, in words for people, for what cannot be asked.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https"):
        return url
    host = (parts.hostname or "").rstrip(".")
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError as error:
            raise ValueError(f"{host!r} is not a host name: {error}") from None
    if ":" in host:
        host = f"[{ip_address(host)}]"
    elif len(host) > 253 or not _HOST.fullmatch(host):
        raise ValueError(f"{host!r} is not a host name" if host else "there is no host in it")
    port = parts.port
    usual = port in (None, 443 if parts.scheme == "https" else 80)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?[]")
    return urlunsplit((parts.scheme, host if usual else f"{host}:{port}", path, query, ""))


_HOST = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE | re.ASCII)
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
