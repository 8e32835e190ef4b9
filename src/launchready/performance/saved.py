"""The answer that ended a walk, as it may be kept: redacted, a few kilobytes, for whoever reads the report.

What gives access is taken out before it is shortened: cookies, tokens, passwords, values a flow kept, and what names
people: e-mail addresses and the account itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from launchready.performance.routes import shown_url
from launchready.performance.words import Reply
from launchready.probes.forms import visible_text
from launchready.probes.page import Page
from launchready.probes.pages import is_html
from launchready.redaction import redacted, without_secrets

MOST_TEXT = 4_096
MOST_READ = 64 * 1024
"""Characters of an answer that are looked at."""
MOST_SAVED = 40
"""Answers of one run."""


@dataclass
class Saving:
    """The answers of one run, in a folder of their own; the same answer to the same step is kept once."""

    folder: Path
    """`.launchready/performance/<stem>`."""
    shown_from: Path = Path()
    """What the paths that are told are relative to."""
    _kept: dict[tuple[str, str, int], str] = field(default_factory=dict)

    def save(self, flow: str, step: str, reply: Reply, secrets: Iterable[str] = ()) -> str:
        """Keep an answer; returns its path, empty where it could not be written or enough are kept."""
        key = flow, step, reply.page.status
        if key in self._kept:
            return self._kept[key]
        if len(self._kept) >= MOST_SAVED:
            return ""
        path = self.folder / f"{len(self._kept) + 1:02d}-{_file_name(flow)}-{_file_name(step)}.txt"
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.write_text(as_text(reply, secrets), encoding="utf-8")
        except OSError:
            return ""
        told = path.relative_to(self.shown_from) if path.is_relative_to(self.shown_from) else path
        self._kept[key] = str(told)
        return self._kept[key]


def as_text(reply: Reply, secrets: Iterable[str] = ()) -> str:
    """An answer as text: request line, status, safe headers, the beginning of what it shows."""
    page = reply.page
    head = [f"{reply.request.method} {shown_url(page.url)}", f"HTTP/{page.http_version} {page.status}"]
    head += [f"{name}: {_plain(value)}" for name, value in kept_headers(page)]
    return "\n".join(head) + "\n\n" + quoted(page, secrets, MOST_TEXT) + "\n"


def quoted(page: Page, secrets: Iterable[str] = (), length: int = 200) -> str:
    """The beginning of what a page shows, redacted; for other text its beginning, nothing of what is none."""
    kind = (page.header("content-type") or "").lower()
    if is_html(page):
        text = visible_text(page)
    elif not page.body or re.search(r"json|text|xml|javascript|urlencoded", kind):
        text = page.text
    else:
        return f"({len(page.body)} bytes of {kind[:60] or 'no type'})"
    clean = without_people(_plain(text[:MOST_READ]), secrets)
    return clean if len(clean) <= length else clean[:length].rstrip() + "…"


def without_people(text: str, secrets: Iterable[str] = ()) -> str:
    """A text without these secrets, without tokens and without e-mail addresses."""
    for secret in sorted({s for s in secrets if len(s) >= 3}, key=len, reverse=True):
        # A short one, such as `admin`, is redacted as a word, not in `administration`.
        place = re.escape(secret) if len(secret) >= 8 else rf"(?<!\w){re.escape(secret)}(?!\w)"
        text = re.sub(place, lambda found: redacted(found[0]), text, flags=re.IGNORECASE)
    # In pieces, as a redaction looks at so much of a text only; a piece ends at white space.
    text = "".join(map(without_secrets, _pieces(text)))
    text = _IN_JSON.sub(lambda found: f'{found[1]}"{redacted(found[2])}"', text)
    text = _MAIL.sub(lambda found: found[0] if "…(" in found[0] else redacted(found[0]), text)
    return _TOKEN.sub(lambda found: redacted(found[0]) if _is_token(found[0]) else found[0], text)


def kept_headers(page: Page) -> tuple[tuple[str, str], ...]:
    """The headers of an answer that may be kept: a selection; of cookies names and attributes, of links no values."""
    kept = []
    for name, value in page.headers:
        if name == "set-cookie":
            pair, _, attributes = value.partition(";")
            kept.append((name, f"{pair.partition('=')[0].strip()[:100]}=…;{attributes[:300]}".rstrip(";")))
        elif name in ("location", "content-location", "refresh"):
            kept.append((name, without_people(_without_values(value[:2_000]))[:500]))
        elif name == "content-disposition":
            kept.append((name, value.partition(";")[0][:40]))  # a file's name may be a client's
        elif name == "link":
            kept.append((name, re.sub(r"=[^&#<>]*(?=[^<>]*>)", "=", value[:2_000])[:1_000]))
        elif _SAFE.fullmatch(name):
            kept.append((name, without_people(value[:2_000])[:1_000]))
    return tuple(kept[:60])


_SAFE = re.compile(
    "accept-ranges|age|alt-svc|(?:(?:cloudflare-|vercel-)?cdn-)?cache-control|cache-status|cdn-cache|cf-cache-status"
    "|cf-mitigated|cf-ray|clear-site-data|connection"
    "|content-(?:encoding|language|length|type)|date|etag|expires|keep-alive|last-modified|pragma"
    "|(?:x-)?ratelimit(?:-limit|-remaining|-reset|-policy)?|referrer-policy|retry-after|server|server-timing"
    "|strict-transport-security|surrogate-control|timing-allow-origin|transfer-encoding|vary|via|www-authenticate"
    "|x-(?:cache|proxy-cache|cache-hits|cache-status|powered-by|runtime|response-time|request-time|served-by|vercel-cache"
    "|vercel-mitigated|nextjs-cache|varnish|litespeed-cache|accel-expires|robots-tag|frame-options|generator"
    "|amzn-waf-action)|access-control-allow-(?:origin|credentials)"
)


def _without_values(link: str) -> str:
    """A link with the names of its query and none of its values, without fragment."""
    path, mark, query = link.partition("#")[0].partition("?")
    names = [f"{pair.partition('=')[0]}=" if "=" in pair else "…" for pair in query.split("&")]
    return f"{path}?{'&'.join(names)}" if mark else path


def _pieces(text: str) -> list[str]:
    return re.findall(r"(?s).{1,1500}(?:\s|\Z)|.{1,1500}", text)


def _plain(text: str) -> str:
    """Without control characters, but for new lines and tabs."""
    return "".join(c if c in "\n\t" or unicodedata.category(c)[0] != "C" else "·" for c in text)


def _is_token(text: str) -> bool:
    if all(_WORD.fullmatch(part) for part in re.split("[-_]", text)):
        return False
    kinds = (any(c.islower() for c in text), any(c.isupper() for c in text), any(c.isdigit() for c in text))
    return sum(kinds) >= 2 and kinds[2] and "…" not in text


def _file_name(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40] or "step"


_WORD = re.compile(r"[A-Z]?[a-z]*|[A-Z]*|\d{1,4}|v\d{1,3}")
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_TOKEN = re.compile(r"(?<![\w…(:-])[\w-]{24,}(?![\w…-])")
_IN_JSON = re.compile(
    r'(?i)("[^"]{0,40}(?:token|secret|passw|pwd|api_?key|session|csrf|xsrf|jwt|credential|authorization)[^"]{0,40}"\s*:\s*)'
    r'"([^"]{1,4000})"'
)
