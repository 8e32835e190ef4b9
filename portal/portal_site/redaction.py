"""Takes passwords, tokens and cookies out of anything that is about to leave the process as a log line or an event."""

import re
from collections.abc import Mapping
from typing import Any

REDACTED = "[redacted]"

_SECRET_NAME = re.compile(
    r"passw|pwd|secret|token|cookie|authorization|api[-_]?key|session(?!s)|csrf|otp|credential|private[-_]?key|dsn",
    re.IGNORECASE,
)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # name=value, name: value, "name": "value"
    (
        re.compile(
            r"""(?ix) (["']? [\w-]* (?:passw(?:or)?d|pwd|secret|token|api[-_]?key|sessionid|csrf\w*|otp) [\w-]* ["']?
            \s* [=:] \s*) ( "[^"]*" | '[^']*' | [^\s,;&"'}]+ )"""
        ),
        rf"\1{REDACTED}",
    ),
    (re.compile(r"(?i)\b((?:set-)?cookie\s*[:=]\s*)[^\r\n]+"), rf"\1{REDACTED}"),
    (re.compile(r"(?i)\b(authorization['\"]?\s*[:=]\s*)(?:[a-z]+\s+)?[^\s,]+"), rf"\1{REDACTED}"),
    (re.compile(r"(?i)\b(bearer\s+)[\w.~+/-]+=*"), rf"\1{REDACTED}"),
    # the password in scheme://user:password@host
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^\s:/@]+:)[^\s@/]+(@)"), rf"\1{REDACTED}\2"),
    # one-time links: /reset/<uid>/<token>/, /invitation/<token>/
    (re.compile(r"(/(?:reset|invitation)/(?:[\w-]{1,12}/)?)[\w:=-]{20,}"), rf"\1{REDACTED}"),
)


def redact(value: Any) -> Any:
    """The same value without secrets: by the name of a key in mappings, by pattern in text. Never raises."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {
            key: REDACTED if isinstance(key, str) and _SECRET_NAME.search(key) and item else redact(item)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact(item) for item in value]
    return value


def redact_text(text: str) -> str:
    """`text` with the values of credentials replaced."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text
