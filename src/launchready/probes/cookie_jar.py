"""The cookies of one chain of redirects, as far as a redirect can need them (RFC 6265 section 5).

Names, values and domains only: no paths, no lifetimes, nothing kept. For telling a circle that ends once cookies
come back from one that never does.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from launchready.probes.page import Page

MOST_COOKIES = 50
MOST_BYTES = 4096
"""Of one cookie, as browsers allow (RFC 6265 section 6.1)."""
_PAIR = re.compile(r"([\x21-\x3a\x3c\x3e-\x7e]+)=([\x20-\x3a\x3c-\x7e]*)")


class CookieJar:
    """What a chain's pages have set so far."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str], tuple[str, bool]] = {}

    def take(self, page: Page) -> None:
        """Keep what a page sets, for its host, or for the domain above it that it names."""
        host = urlsplit(page.url).hostname or ""
        for field in page.all_headers("set-cookie")[:MOST_COOKIES]:
            pair, *rest = field[:MOST_BYTES].split(";")
            if not (match := _PAIR.fullmatch(pair.strip())) or len(self._cookies) >= MOST_COOKIES:
                continue
            named = (part.partition("=")[2].strip().lower().lstrip(".") for part in rest if _is_domain(part))
            domain = next((d for d in named if "." in d and host.endswith(f".{d}")), "")
            self._cookies[domain or host, match[1]] = match[2], bool(domain)

    def header(self, url: str) -> str:
        """The `Cookie` header for a URL, empty when there is none to send."""
        try:
            host = urlsplit(url).hostname or ""
        except ValueError:
            return ""
        return "; ".join(
            f"{name}={value}"
            for (domain, name), (value, below) in sorted(self._cookies.items())
            if host == domain or (below and host.endswith(f".{domain}"))
        )


def _is_domain(attribute: str) -> bool:
    return attribute.strip().lower().startswith("domain=")
