"""AWS Signature Version 4 of a GET without a body, by the standard library.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from urllib.parse import parse_qsl, quote, urlsplit

_EMPTY = hashlib.sha256(b"").hexdigest()


def signed_headers(
    url: str,
    key_id: str,
    secret: str,
    at: datetime,
    *,
    region: str = "us-east-1",
    service: str = "sts",
    token: str = "",
) -> dict[str, str]:
    """`Authorization` and what it signs; `at` is in UTC. `token` is that of temporary credentials."""
    parts = urlsplit(url)
    stamp, day = f"{at:%Y%m%dT%H%M%SZ}", f"{at:%Y%m%d}"
    signed = {"host": parts.netloc, "x-amz-date": stamp} | ({"x-amz-security-token": token} if token else {})
    query = "&".join(f"{_quoted(n)}={_quoted(v)}" for n, v in sorted(parse_qsl(parts.query, keep_blank_values=True)))
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    request = "\n".join(("GET", quote(parts.path or "/", safe="/~"), query, lines, names, _EMPTY))
    scope = f"{day}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"
    key = f"AWS4{secret}".encode()
    for word in (day, region, service, "aws4_request"):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    credential = f"Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    more = {"X-Amz-Security-Token": token} if token else {}
    return {"X-Amz-Date": stamp, **more, "Authorization": f"AWS4-HMAC-SHA256 {credential}"}


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")
