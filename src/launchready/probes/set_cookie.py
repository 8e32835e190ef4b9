"""Cookies as answers set them: read the way browsers do (RFC 6265bis), and told apart by what they are for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

COOKIE_CHARACTERS = 8192
"""A longer line is no cookie: browsers take 4096 for name and value, 1024 for each attribute."""


@dataclass(frozen=True, slots=True)
class Cookie:
    """One `Set-Cookie` line, as a browser takes it."""

    name: str
    value: str
    attributes: dict[str, str]
    """Names in lower case; the last of equal names counts (RFC 6265bis section 5.7)."""

    @property
    def secure(self) -> bool:
        """Sent over HTTPS only."""
        return "secure" in self.attributes

    @property
    def http_only(self) -> bool:
        """Out of reach for scripts."""
        return "httponly" in self.attributes

    @property
    def same_site(self) -> str:
        """`strict`, `lax`, `none`; empty where it says nothing a browser knows."""
        value = self.attributes.get("samesite", "").lower()
        return value if value in ("strict", "lax", "none") else ""

    @property
    def deleted(self) -> bool:
        """The line takes the cookie away."""
        age = self.attributes.get("max-age", "")
        if re.fullmatch(r"-?\d{1,20}", age):
            return int(age) <= 0
        try:
            return parsedate_to_datetime(self.attributes.get("expires", "").replace("-", " ")).year <= 1980
        except (TypeError, ValueError, IndexError, OverflowError):
            return False


def read_cookie(line: str) -> Cookie | None:
    """Read a `Set-Cookie` line (RFC 6265bis section 5.6); None when a browser would not take it."""
    if len(line) > COOKIE_CHARACTERS or any((ord(c) < 0x20 and c != "\t") or c == "\x7f" for c in line):
        return None
    pair, *rest = line.split(";")
    name, equals, value = pair.partition("=")
    if not equals:
        name, value = "", name
    if not name.strip() and not value.strip():
        return None
    attributes = {}
    for part in rest[:40]:
        key, _, content = part.partition("=")
        attributes[key.strip().lower()] = content.strip()
    return Cookie(name.strip(), value.strip(), attributes)


def is_session(cookie: Cookie) -> bool:
    """Whether a cookie is one people are signed in by, as far as name and value tell."""
    if _NOT_SESSION.search(cookie.name) or not cookie.value:
        return False
    return bool(_SESSION.search(cookie.name) or JWT.match(cookie.value))


def is_csrf(cookie: Cookie) -> bool:
    """Whether a cookie holds a token against forged requests, as far as its name tells."""
    return bool(cookie.value and _CSRF.search(cookie.name))


_SESSION = re.compile(
    r"(?:^|[._-])(?:sess|session|sessid|sessionid|session[._-]?id|sid|session[._-]?token|auth|auth[._-]?token"
    r"|access[._-]?token|refresh[._-]?token|id[._-]?token|jwt|remember[._-]?(?:me|token)|remember_user_token|"
    r"phpsessid|jsessionid|asp\.net_sessionid|appsession)(?:\.\d)?$"
    r"|^aspsessionid|^wordpress_(?:logged_in|sec)_|^remember_web_|^\.aspnet(?:core)?\.(?:cookies|session"
    r"|identity\.application|applicationcookie)|^\.aspxauth$|^sess[0-9a-f]{32}$|^ssess[0-9a-f]{32}$",
    re.IGNORECASE,
)
"""Names that PHP, Java, ASP.NET, Express, Rails (`_app_session`), Django, Laravel, WordPress, Drupal, Devise,
Auth.js and Auth0 give."""
_NOT_SESSION = re.compile(
    r"csrf|xsrf|^_?_?(?:ga|gid|gat|gcl|fbp|hj|hs|utm|ajs|mp|pk|cf|clck|clsk|uet|hub)(?:$|[._-])|_hjSession|analytics"
    r"|visit|consent|locale|lang|theme|flash|^ARRAffinity|^AWSALB|^SERVERID|^BIGip",
    re.IGNORECASE,
)
"""Names of CSRF tokens (scripts read them), statistics, preferences and load balancers."""
JWT = re.compile(r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*\Z")
_CSRF = re.compile(r"csrf|xsrf|requestverificationtoken|antiforgery", re.IGNORECASE)
