"""What the tokens of services say by themselves: printed in documentation, mistyped, run out."""

from __future__ import annotations

import base64
import json
import re
import zlib

_RFC_SAMPLES = (
    "2YotnFZFEjr1zCsicMWpAA", "tGzv3JOkF0XG5Qx2TlKWIA", "mF_9.B5f-4.1JqM", "gX1fBat3bV", "7Fjfp0ZBr1KtDRbnfVdmIw",
    "dpf43f3p2l4k3l03", "nnch734d00sl2jdk", "hh5s93j4hdidpola", "kkk9d7dh3k39sjv7", "kd94hf93k423kf44",
    "ad180jjd733klru7",
    "9djdj82h48djs9d2", "SlAV32hkKG", "8xLOxBtZp8", "open sesame",
)  # fmt: skip
"""Values that RFC 5849, 6749, 6750, 7617 and OpenID Connect print, and everybody copies into comments."""

NEVER_FOR_TESTS = re.compile(r"AKIA|gh[opsur]_|[sr]k_live_\w{24}|xox[bp]-\d|SG\.|glpat-|sk-ant-|sk-proj-|npm_|pypi-AgE")
"""Keys that are live wherever they stand."""


def is_sample(value: str) -> bool:
    """Values that documentation of the services prints."""
    return bool(
        re.search(r"EXAMPLE|(?i:example|sample|fake|dummy|placeholder|xxxx|test[-_]?token|notreal)", value)
    ) or value.startswith(
        (
            *_RFC_SAMPLES,
            "sk_test_4eC39HqLyjWDarj",
            "sk_test_BQokikJOvBiI2H",
            "AC" + "XXXX",
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkw",
        )
    )


def github_checksum(token: str) -> bool:
    """Whether the last six characters are the CRC-32 of the rest in Base62 (GitHub: behind the new token formats)."""
    body, check = token[4:-6], token[-6:]
    number, digits = zlib.crc32(body.encode()), ""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    while number:
        number, rest = divmod(number, 62)
        digits = alphabet[rest] + digits
    return digits.rjust(6, "0") == check


def is_live_jwt(token: str) -> bool:
    """Whether a signed token can open something: not the sample of a tutorial, not a public role, not run out."""
    import time

    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, IndexError):
        return False
    if not isinstance(claims, dict) or claims.get("role") == "anon" or str(claims.get("sub")) == "1234567890":
        return False
    expires = claims.get("exp")
    return not (isinstance(expires, (int, float)) and expires < time.time())
