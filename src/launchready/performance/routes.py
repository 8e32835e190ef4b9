"""A URL as the route it belongs to: `GET /invoices/{id}`, so that one endpoint is one line of the report.

A guess from the address alone, for any framework: what looks made by a machine is a value, what looks written by a
person is part of the route. Asks nobody.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

MOST_SEGMENTS = 12
MOST_CHARACTERS = 200


def route_of(method: str, url: str) -> str:
    """Method and path with identifiers as `{id}`; of the query the names only, sorted: `GET /invoices/{id}?page=`."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return f"{method.upper()} ?"
    segments = (parts.path or "/").split("/")
    path = "/".join(segment and _segment(segment) for segment in segments[: MOST_SEGMENTS + 1])
    if len(segments) > MOST_SEGMENTS + 1:
        path += "/…"
    query = _names(parts.query)
    return f"{method.upper()} {path}{'?' + query if query else ''}"[:MOST_CHARACTERS]


def shown_url(url: str) -> str:
    """A URL as it may be kept: the values of its query, user and fragment taken out, tokens in its path as `{id}`."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "?"
    path = "/".join(_shown(s) if _gives_away(unquote(s)) else s for s in parts.path.split("/")) or "/"
    query = _names(parts.query)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}{'?' + query if query else ''}"[:2_000]


def _shown(segment: str) -> str:
    """`{id}` for what gives something away; of a build's file, `portal.3f9a….css`, stem and ending are kept."""
    built = _BUILT.fullmatch(unquote(segment))
    return f"{built[1]}{{id}}{built[2]}" if built and not _gives_away(built[1]) else "{id}"


def _segment(segment: str) -> str:
    text = unquote(segment)
    if _MAIL.fullmatch(text):
        return "{id}"
    stem, dot, ending = text.rpartition(".")
    if dot and stem and _ENDING.fullmatch(ending):
        # A file's name: `/invoices/17.pdf` is one route, `app.3f9a1c.js` of a build is one file after another.
        return f"{'.'.join(map(_word, stem.split('.')))}.{ending}"
    if text.startswith("@") and len(text) > 1:
        return "@{id}"
    return _word(text) if "," not in text else "{id}"


def _word(text: str) -> str:
    if _VERSION.fullmatch(text) or not text:
        return text
    if any(known.fullmatch(text) for known in _MADE):
        return "{id}"
    # `inv_1MqLiJLkdIwH`, `INV-2024-0117`, `order-4711`; not `step-2`
    if (prefixed := _PREFIXED.fullmatch(text)) and _is_made(prefixed[2]):
        return f"{prefixed[1]}{{id}}"
    if (len(text) >= 16 and any(c.isdigit() for c in text)) or (len(text) >= 20 and _is_mixed(text)):
        return "{id}"
    if len(text) >= 8 and _is_of_all_kinds(text):
        return "{id}"
    return text if len(text) <= 60 else "{id}"


def _gives_away(text: str) -> bool:
    """Whether a part of a path may be a token, or names a person; a UUID names a record."""
    if _MAIL.fullmatch(text):
        return True
    token = _TOKEN.fullmatch(text) and _is_mixed(text)
    return bool(token) and not _UUID.fullmatch(text) and not _ULID.fullmatch(text)


def _is_made(rest: str) -> bool:
    """Whether what follows a prefix is an identifier: two digits, or as mixed as a token."""
    return sum(c.isdigit() for c in rest) >= 2 or (len(rest) >= 10 and _is_mixed(rest))


def _is_of_all_kinds(text: str) -> bool:
    """Whether it is one word of capitals, small letters and digits, as short identifiers are."""
    kinds = (any(c.islower() for c in text), any(c.isupper() for c in text), any(c.isdigit() for c in text))
    return all(kinds) and text.isalnum()


def _names(query: str) -> str:
    names = {re.split("=", pair, maxsplit=1)[0] for pair in re.split("[&;]", query) if "=" in pair}
    shown = sorted(name if len(name) <= 40 else "…" for name in names if name)
    bare = ["…"] if any(pair and "=" not in pair for pair in query.split("&")) else []
    return "&".join([f"{name}=" for name in shown[:8]] + bare)


def _is_mixed(text: str) -> bool:
    """Whether letters of both cases and digits are mixed as in a token."""
    kinds = (any(c.islower() for c in text), any(c.isupper() for c in text), any(c.isdigit() for c in text))
    return sum(kinds) >= 2 and (kinds[2] or bool(re.search(r"[a-z][A-Z].*[a-z][A-Z].*[a-z][A-Z]", text)))


_VERSION = re.compile(r"v\d{1,3}(?:\.\d{1,3})?|\d{3}\.html", re.IGNORECASE)
_MAIL = re.compile(r"[^@\s/]{1,64}@[^@\s/]{1,190}\.[a-z]{2,24}", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
"""RFC 9562, section 4."""
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", re.IGNORECASE)
_TOKEN = re.compile(r"[\w.~=-]{20,}")
_MADE = (
    _UUID,
    _ULID,
    re.compile(r"-?\d+(?:[-_.:]\d+)*"),  # numbers, dates, ranges
    re.compile(r"(?=[^0-9]*[0-9])[0-9a-f]{6,128}", re.IGNORECASE),  # hashes, ObjectIds; `facade` is a word
    re.compile(r"(?:[0-9a-zA-Z_-]{2,}\.){2}[0-9a-zA-Z_-]{8,}"),  # three parts: a signed token
)
_PREFIXED = re.compile(r"([A-Za-z]{1,12}[-_])([A-Za-z0-9]{2,64}(?:[-_]\d+)*)")
_BUILT = re.compile(
    r"([A-Za-z][A-Za-z0-9_.-]{0,60}?[.-])[A-Za-z0-9_-]{6,64}"
    r"((?:\.(?:min|bundle|chunk|module))?\.(?:css|js|mjs|map|woff2?|ttf|png|jpe?g|gif|svg|webp|avif|ico))"
)
"""A file as bundlers name it by its content: Vite, webpack, Django's ManifestStaticFilesStorage, Rails' Propshaft."""
_ENDING = re.compile(r"[a-z][a-z0-9]{0,4}", re.IGNORECASE)
