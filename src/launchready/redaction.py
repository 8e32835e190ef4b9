"""How a secret is quoted: enough to recognise it by, never enough to use it."""

from __future__ import annotations

import hashlib
import re


def redacted(value: str | bytes, shown: int = 0) -> str:
    """`AKIA…(20 chars, sha256:ab12)`: the first `shown` characters, the length, the beginning of its hash."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:4]
    return f"{text[:shown]}…({len(text)} chars, sha256:{digest})"


QUOTED = 2_000
"""Characters of a command that are looked at and kept; patterns on more would cost more than they tell."""


def without_secrets(command: str) -> str:
    """A command, a requirement or a setting as it may be quoted: what gives access in it is redacted.

    Taken for that: the login of an address, the value of a variable, an option or a header whose name says so, what
    follows `-u` of curl and `-p` of MySQL's programs, and tokens that are known by how they begin. References such as
    `$TOKEN` stay. Redact first and shorten then: half an address no longer shows where its password ends.
    """
    text = command[:QUOTED]
    for pattern in (_LOGIN, _HEADER, _NAMED, _OPTION, _CURL, _MYSQL, _TOKEN):
        text = pattern.sub(_hidden, text)
    return text


def _hidden(found: re.Match[str]) -> str:
    head, value = found[1], found[2]
    bare = value.strip("\"'")
    if not bare or bare.startswith(("$", "<", "{", "%")) or "…(" in bare:
        return found[0]
    return head + redacted(bare)


_VALUE = r"""("[^"]*"|'[^']*'|[^\s;&|"']+)"""
_ENDS = r"(?:secret|token|passw|passphrase|pass|pwd|credential|dsn|salt|(?:api|access|auth|private|_|-)key)"
_NAME = rf"(?:[\w.-]{{0,40}}?{_ENDS}[\w-]{{0,40}}|key)(?<!file)(?<!path)(?<!dir)"
# A login with a colon may hold a slash or an @ that nobody escaped; one without is a token alone.
_LOGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30}://)([^\s/@\"'<:]{0,200}:[^\s\"'<]{1,500}|[^\s/@\"'<]{1,500})(?=@)")
_HEADER = re.compile(r"(?i)(\bauthorization\s{0,9}[:=]\s{0,9}(?:(?:bearer|basic|token)\s{1,9})?)([^\s\"']+)")
_NAMED = re.compile(rf"(?i)((?<![\w$.-])-{{0,2}}{_NAME}=){_VALUE}")
_OPTION = re.compile(rf"(?i)((?<!\S)--{_NAME}\s{{1,9}})(?!-){_VALUE}")
_CURL = re.compile(r"(\bcurl\b[^\n;&|]{0,200}?\s-u\s?)(?!-)([^\s;&|]+)")
_MYSQL = re.compile(r"(\b(?:mysql|mariadb)[\w-]{0,20}\s(?:[^\n;&|]{0,200}?\s)?-p)(?!-)([^\s;&|]+)")
_TOKEN = re.compile(
    r"(\b)((?:[sr]k_(?:live|test)_|gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk-|SG\.|AKIA|npm_|eyJ)[\w.-]{12,})"
)
