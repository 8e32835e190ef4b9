"""What is quoted of something that should not have been readable: names and sizes, never a secret."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from launchready.model import Severity
from launchready.redaction import redacted

Evidence = Callable[[bytes], str]
"""The beginning of a body → what is quoted of it."""

NAMED = 6
"""So many names of variables, files, tables are quoted."""


def first_line(body: bytes) -> str:
    """The first line, where it is text that cannot hold a secret: a branch, a title, a magic number."""
    if match := re.search(rb"<title[^>]{0,100}>([^<]{0,200})", body[:8192], re.IGNORECASE):
        return _text(match[1])
    line = body[:400].split(b"\n", 1)[0]
    return _text(line) if line.isascii() and line.strip().isascii() and b"\0" not in line else f"{len(body)} bytes"


def dotenv_of(body: bytes) -> str:
    """Names of variables with length and hash of their values, those that look secret first."""
    found = sorted(variables(body), key=lambda pair: not _SECRET.search(pair[0]))
    pairs = [f"{name}={redacted(value)}" for name, value in found if value]
    more = f", and {len(pairs) - NAMED} more" if len(pairs) > NAMED else ""
    return ", ".join(pairs[:NAMED]) + more


def variables(body: bytes) -> Iterator[tuple[str, str]]:
    """Names and values in a file of settings: `.env`, an INI file, PHP's `define('NAME', 'value')`."""
    text = body[: 64 * 1024].decode("utf-8", "replace")
    for match in _VARIABLE.finditer(text):
        name = match["name"] or match["constant"]
        value = (match["value"] or match["literal"] or "").strip()
        if value[:1] in ("'", '"'):
            value = value[1:].partition(value[0])[0]
        yield name, value


def public_dotenv(body: bytes) -> bool:
    """Whether no variable of a file looks secret: built into the front end anyway, or a plain setting."""
    return not any(
        value and _SECRET.search(name) and not _PUBLIC.match(name) for name, value in variables(body)
    ) and not (re.search(rb"://[^/\s:@]{1,200}:[^/\s@]{1,200}@|-----BEGIN", body))


def git_config_of(body: bytes) -> str:
    """Where the repository is kept, without the name and password that may be in the address."""
    match = re.search(rb"^\s*url\s*=\s*(\S{1,300})", body, re.MULTILINE)
    return f"url = {re.sub(r'//[^/@]{1,200}@', '//…@', _text(match[1]))}" if match else "a Git configuration"


def sql_of(body: bytes) -> str:
    """Names of the tables in a dump."""
    tables = re.findall(
        rb"(?:CREATE TABLE(?: IF NOT EXISTS)?|INSERT INTO|COPY) [`\"\[]?([\w.]{1,80})", body, re.IGNORECASE
    )
    return f"tables: {', '.join(_text(t) for t in dict.fromkeys(tables[:50]))[:300]}" if tables else "an SQL dump"


class _Archive:
    """Names of the files in an archive, as far as its beginning shows them (ZIP, tar)."""

    def __call__(self, body: bytes) -> str:
        names = self._names(body)
        return f"contains {', '.join(names[:NAMED])}" if names else f"an archive of at least {len(body)} bytes"

    def harmless(self, body: bytes) -> bool:
        """Whether all names in it are of pictures and papers, as in a press kit: meant to be fetched."""
        names = self._names(body)
        return bool(names) and all(name.endswith("/") or _PAPERS.search(name) for name in names)

    def _names(self, body: bytes) -> list[str]:
        if body.startswith(b"PK\x03\x04"):
            starts = (m.start() for m, _ in zip(re.finditer(rb"PK\x03\x04", body), range(200), strict=False))
            lengths = ((at, int.from_bytes(body[at + 26 : at + 28], "little")) for at in starts)
            names = [body[at + 30 : at + 30 + length] for at, length in lengths if 0 < length < 300]
        elif body[257:262] == b"ustar":
            names = [body[:100].rstrip(b"\0")]
        else:
            names = []
        return list(dict.fromkeys(_text(name) for name in names))


class _Spring:
    """The endpoints Spring's actuator names, or the sources of its settings."""

    def __call__(self, body: bytes) -> str:
        names = sorted(self._endpoints(body))
        return f"endpoints: {', '.join(names)[:200]}" if names else f"property sources; values {self._shown(body)}"

    def severity(self, body: bytes) -> Severity | None:
        """A blocker where secrets can be read, a high risk where values are masked, None with health and info only.

        Since Spring Boot 3 the values of `env` are masked unless asked for; a heap dump holds them all.
        """
        if b'"propertySources"' in body:
            masked = re.search(rb'"value"\s*:\s*"(?!\*+")', body) is None
            return Severity.HIGH if masked else Severity.BLOCKER
        names = self._endpoints(body) - {"self", "health", "health-path", "health-component", "info"}
        if not names:
            return None
        return Severity.BLOCKER if names & _SPRING_SECRETS else Severity.HIGH

    def _endpoints(self, body: bytes) -> set[str]:
        try:
            links = json.loads(body)["_links"]
            return {str(name)[:40] for name in links} if isinstance(links, dict) else set()
        except (ValueError, KeyError, TypeError, RecursionError):
            return set()

    def _shown(self, body: bytes) -> str:
        return "masked" if self.severity(body) is Severity.HIGH else "in clear"


archive_of = _Archive()
spring_endpoints = _Spring()
_SPRING_SECRETS = {"heapdump", "env", "env-toMatch", "configprops", "httptrace", "httpexchanges", "jolokia", "gateway"}


def _text(raw: bytes) -> str:
    return " ".join(raw.decode("utf-8", "replace").split())[:200]


_VARIABLE = re.compile(
    r"""^[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_]{1,80})[ \t]*=[ \t]*(?P<value>[^\r\n]{0,5000})
      | define\(\s*['"](?P<constant>\w{2,80})['"]\s*,\s*(?P<literal>'[^'\n]{0,500}'|"[^"\n]{0,500}")""",
    re.MULTILINE | re.VERBOSE,
)
_SECRET = re.compile(
    r"(?:^|_)(?:KEY|SECRET|TOKEN|PASS|PASSWORD|PASSWD|PWD|DSN|CREDENTIALS?|PRIVATE|SALT|DATABASE_URL|DB_URL"
    r"|REDIS_URL|MONGO\w*|WEBHOOK\w*|APIKEY)(?:_|$)|SECRET|PASSWORD|_KEY$",
    re.IGNORECASE,
)
_PUBLIC = re.compile(r"(?:NEXT_PUBLIC|VITE|REACT_APP|VUE_APP|NUXT_PUBLIC|PUBLIC|EXPO_PUBLIC|GATSBY|STORYBOOK)_")
"""Prefixes of variables that build tools put into the front end: everybody has them already."""
_PAPERS = re.compile(
    r"(?i)\.(?:png|jpe?g|gif|svg|webp|ai|eps|pdf|docx?|pptx?|xlsx|key|mp4|mov|ttf|otf|woff2?|txt|md)\Z"
)
