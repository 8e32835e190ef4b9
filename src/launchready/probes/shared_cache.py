"""What caches may do with an answer, read from its headers as caches read them (RFC 9111, RFC 9213, RFC 9211).

Says what is allowed and what was seen to happen; whether that is right for the page is for the checks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

from launchready.probes.page import Page

DIRECTIVES = 60
"""So many directives of one answer are read."""
LONGEST_S = 2**31
"""A larger lifetime counts as this one (RFC 9111 section 1.2.2)."""
FOR_EDGES = ("cdn-cache-control", "cloudflare-cdn-cache-control", "vercel-cdn-cache-control", "surrogate-control")
"""Headers that speak to edges alone, and there in place of `Cache-Control` (RFC 9213; Surrogate-Control is older)."""
HEURISTIC = frozenset({200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501})
"""Statuses a cache may keep although nobody said for how long (RFC 9110 section 15.1)."""


class Keeping(StrEnum):
    """What shared caches are told."""

    NEVER = "no shared cache may keep it, or only to ask again before each use"
    SILENT = "nothing is said, so that a cache may keep it by its own rules"
    ALLOWED = "shared caches may keep it"


@dataclass(frozen=True, slots=True)
class Policy:
    """The directives of one answer, names in lower case; the first of equal names counts (RFC 9111 section 4.2.1)."""

    directives: dict[str, str]

    def seconds(self, name: str) -> int | None:
        """A lifetime; 0 where it is not a number, for such an answer counts as stale; None where it is not there."""
        if (value := self.directives.get(name)) is None:
            return None
        if not re.fullmatch(r"[0-9]+", value):
            return 0
        return LONGEST_S if len(value) > 10 else min(int(value), LONGEST_S)

    @property
    def for_one(self) -> bool:
        """Whether shared caches are told to keep out, or to ask before each use."""
        return bool(self.directives.keys() & {"private", "no-store", "no-cache"})


def policy(values: tuple[str, ...]) -> Policy:
    """Read `Cache-Control`, or one of its kind, as leniently as caches do: what is no directive is passed over.

    A `private` or `no-cache` that names fields counts as one that names none, as most caches take it
    (RFC 9111 section 5.2.2.4).
    """
    found: dict[str, str] = {}
    for match in list(_DIRECTIVE.finditer(",".join(values)))[:DIRECTIVES]:
        found.setdefault(match["name"].lower(), (match["quoted"] or match["bare"] or "").strip())
    return Policy(found)


def keeping(page: Page) -> Keeping:
    """What shared caches are told about an answer to somebody who brought no cookie.

    What edges alone are told counts beside what all caches are told: the more permissive of the two.
    """
    told = [_keeping(policy(page.all_headers(name)), page) for name in FOR_EDGES if page.header(name)]
    told.append(_keeping(policy(page.all_headers("cache-control")), page))
    return max(told, key=list(Keeping).index)


def lifetime_s(page: Page) -> int | None:
    """For how many seconds a browser may use a file without asking; None where nothing is said (RFC 9111 4.2.1)."""
    said = policy(page.all_headers("cache-control"))
    if said.directives.keys() & {"no-store", "no-cache"}:
        return 0
    if (age := said.seconds("max-age")) is not None:
        return age
    return _until_expires(page)


def came_from_cache(page: Page) -> str:
    """The header that shows that a cache on the way gave the answer; empty where none does."""
    for name, pattern in _HITS.items():
        for value in page.all_headers(name):
            if pattern.search(value[:300]):
                return f"{name}: {value[:80]}"
    age = page.header("age") or ""
    return f"age: {age}" if re.fullmatch(r"\d{1,10}", age) and int(age) > 0 else ""


def announces_cache(page: Page) -> bool:
    """Whether a cache on the way says that it looked for the answer: asked again, it shows whether it kept it.

    One that says that it never keeps such an answer (Cloudflare's `DYNAMIC` and `BYPASS`) need not be asked.
    """
    states = {value.strip().lower() for value in page.all_headers("cf-cache-status")}
    if states:
        return not states <= {"dynamic", "bypass", "none", "none/unknown"}
    return any(page.header(name) is not None for name in (*_HITS, "age", "x-varnish"))


def varies_by(page: Page, field: str) -> bool:
    """Whether an answer is only for who sends the same `field` again (RFC 9110 section 12.5.5)."""
    named = {part.strip().lower() for value in page.all_headers("vary") for part in value.split(",")}
    return "*" in named or field.lower() in named


def _keeping(said: Policy, page: Page) -> Keeping:
    if said.for_one or varies_by(page, "*"):
        return Keeping.NEVER
    for name in ("s-maxage", "max-age"):
        if (age := said.seconds(name)) is not None:
            return Keeping.ALLOWED if age > 0 else Keeping.NEVER
    if (age := _until_expires(page)) is not None:
        return Keeping.ALLOWED if age > 0 else Keeping.NEVER
    if "public" in said.directives:
        return Keeping.ALLOWED
    return Keeping.SILENT if page.status in HEURISTIC else Keeping.NEVER


def _until_expires(page: Page) -> int | None:
    """Seconds from `Date` to `Expires`; 0 where Expires is no date, as RFC 9111 section 5.3 has it."""
    if (value := page.header("expires")) is None:
        return None
    expires, date = _moment(value), _moment(page.header("date") or "")
    if expires is None:
        return 0
    return max(0, min(LONGEST_S, int((expires - (date or datetime.now(UTC))).total_seconds())))


def _moment(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value[:60])
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_DIRECTIVE = re.compile(
    r"""(?P<name>[a-z0-9!#$%&'*+.^_`|~-]+)(?:\s*=\s*(?:"(?P<quoted>[^"]*)"?|(?P<bare>[^,;"]*)))?""", re.IGNORECASE
)
_HITS = {
    "cf-cache-status": re.compile(r"^\s*(?:hit|stale|updating|revalidated)\b", re.IGNORECASE),
    "x-vercel-cache": re.compile(r"^\s*(?:hit|stale)\b", re.IGNORECASE),
    "cdn-cache": re.compile(r"^\s*hit\b", re.IGNORECASE),
    "x-cache": re.compile(r"\bhit\b", re.IGNORECASE),
    "x-cache-status": re.compile(r"^\s*hit\b", re.IGNORECASE),
    "x-proxy-cache": re.compile(r"^\s*hit\b", re.IGNORECASE),
    "cache-status": re.compile(r";\s*hit\s*(?:;|,|$|=\?1)", re.IGNORECASE),
}
"""Cloudflare, Vercel, Bunny, CloudFront and Fastly and Varnish, nginx, and the standard (RFC 9211)."""
