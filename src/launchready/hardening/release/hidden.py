"""What a command prints, without the values of the secret variables it was given (`redaction` goes by their look)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import unquote, urlsplit

from launchready.hardening.release.words import Failed, Told
from launchready.redaction import redacted, without_secrets

SHORTEST = 6
"""A shorter value would be found in words that have nothing to do with it."""
SHORTEST_LINE = 12
"""Of a value of several lines."""
_SECRET = ("KEY", "SECRET", "TOKEN", "PASS", "PWD", "CREDENTIAL", "DSN", "SALT", "URL", "URI", "AUTH", "PRIVATE")
_PLAIN = frozenset({"true", "false", "production", "staging", "development", "localhost", "postgres", "default"})


@dataclass(frozen=True)
class Hidden:
    """Values that must not be seen."""

    values: tuple[str, ...] = field(repr=False, default=())

    def text(self, text: str) -> str:
        """The text with each of them redacted."""
        for value in self.values:
            if value in text:
                text = text.replace(value, redacted(value))
        return "\n".join(without_secrets(line) for line in text.split("\n"))

    def told(self, told: Told) -> Told:
        """A listener that never hears one."""
        return lambda line: told(self.text(line))

    def failed(self, failed: Failed) -> Failed:
        """A failure that quotes none."""
        return replace(failed, what=self.text(failed.what), output=self.text(failed.output))


def hidden(variables: Mapping[str, str], also: Iterable[str] = ()) -> Hidden:
    """The values of these variables whose names say they are secret (and those named), and of this process's own."""
    named = frozenset(also)
    values: set[str] = set()
    for name, value in (*variables.items(), *os.environ.items()):
        if name in named or any(word in name.upper() for word in _SECRET):
            values |= {value, *_lines(value)}
        values |= _login(value)  # whatever the name: an address with a password
    long = {value for value in values if len(value) >= SHORTEST and value.lower() not in _PLAIN}
    secret = {value for value in long if not value.startswith(("http://", "https://", "/")) or "@" in value}
    return Hidden(tuple(sorted(secret, key=len, reverse=True)))


def _lines(value: str) -> set[str]:
    """Those of a key of several lines, also where they are escaped: output is told a line at a time."""
    lines = {line.strip() for line in re.split(r"\r?\n|\\n", value)}
    return {line for line in lines if len(line) >= SHORTEST_LINE and not line.startswith("-----")}


def _login(value: str) -> set[str]:
    try:
        password = urlsplit(value).password or ""
    except ValueError:
        return set()
    return {password, unquote(password)}
