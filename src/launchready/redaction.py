"""How a secret is quoted: enough to recognise it by, never enough to use it."""

from __future__ import annotations

import hashlib


def redacted(value: str | bytes, shown: int = 0) -> str:
    """`AKIA…(20 chars, sha256:ab12)`: the first `shown` characters, the length, the beginning of its hash."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:4]
    return f"{text[:shown]}…({len(text)} chars, sha256:{digest})"
