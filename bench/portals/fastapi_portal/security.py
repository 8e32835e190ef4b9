"""Passwords, the signed session and the token of forms."""

import base64
import hashlib
import hmac
import os
import secrets

from fastapi import HTTPException, Request
from itsdangerous import BadSignature, URLSafeTimedSerializer

SESSION = "portal_session"
NONCE = "portal_nonce"
signer = URLSafeTimedSerializer(os.environ["SECRET_KEY"])


def hashed(password: str, salt: bytes) -> str:
    """What is kept of a password."""
    key = hashlib.scrypt(password.encode(), salt=salt, n=2**13, r=8, p=1)
    return f"{base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"


def matches(password: str, kept: str) -> bool:
    """Whether it is the password."""
    salt = base64.b64decode(kept.partition("$")[0])
    return hmac.compare_digest(hashed(password, salt), kept)


def nonce_of(request: Request) -> str:
    """The visitor's own secret, from their cookie or new."""
    return request.cookies.get(NONCE) or secrets.token_urlsafe(16)


def token_for(nonce: str) -> str:
    """What a form of theirs carries."""
    return hmac.new(os.environ["SECRET_KEY"].encode(), nonce.encode(), "sha256").hexdigest()


def check_token(request: Request, token: str) -> None:
    """Refuse a form that is not ours."""
    if not hmac.compare_digest(token, token_for(request.cookies.get(NONCE, ""))):
        raise HTTPException(403, "the form is too old")


def tenant_of(request: Request) -> int:
    """Whose session it is; who has none is sent to the login."""
    try:
        return int(signer.loads(request.cookies.get(SESSION, ""), max_age=86_400)["tenant"])
    except BadSignature:
        if request.url.path.startswith("/api/"):
            raise HTTPException(401, "log in first") from None
        raise HTTPException(303, headers={"Location": "/login"}) from None
