"""DKIM key records read as a verifier reads them (RFC 6376 section 3.6.1, RFC 8301, RFC 8463). Pure: no network."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """One key record."""

    text: str
    problem: str = ""
    """Why verifiers cannot use the key, as the end of a sentence; empty when they can."""
    algorithm: str = "rsa"
    bits: int = 0
    """Length of the key; 0 when it was not read."""
    revoked: bool = False
    """`p=` is empty: the key is withdrawn."""
    testing: bool = False
    """`t=y`: the domain says that it is only trying DKIM."""

    @property
    def usable(self) -> bool:
        """Verifiers can check signatures with it."""
        return not self.problem and not self.revoked


def is_key(text: str) -> bool:
    """Whether a TXT record is meant as a DKIM key, well formed or not; an SPF record of a wildcard is not."""
    return bool(re.match(r"\s*v\s*=\s*dkim", text, re.IGNORECASE) or re.search(r"(?:^|;)\s*[pk]\s*=", text))


def parse_key(text: str) -> KeyRecord:
    """Read a key record. Never raises; what is wrong is in `problem`, the gravest first."""
    tags: dict[str, str] = {}
    for position, part in enumerate(text.split(";")):
        if not part.strip():
            continue
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
            return KeyRecord(text, f"{_short(part)!r} is no tag (tag=value, RFC 6376 section 3.2)")
        if name in tags:
            return KeyRecord(text, f"the tag {name}= is there twice (RFC 6376 section 3.2)")
        if name == "v" and position:
            return KeyRecord(text, "v= is not the first tag (RFC 6376 section 3.6.1)")
        tags[name] = value
    if tags.get("v", "DKIM1") != "DKIM1":
        return KeyRecord(text, f"its version is {_short(tags['v'])!r}, not 'DKIM1'")
    return _judge(text, tags)


def _judge(text: str, tags: dict[str, str]) -> KeyRecord:
    algorithm = tags.get("k", "rsa")
    testing = "y" in _list(tags.get("t", ""))
    if "p" not in tags:
        return KeyRecord(text, "it has no key: the tag p= is missing", algorithm, testing=testing)
    if not tags["p"]:
        return KeyRecord(text, "", algorithm, revoked=True, testing=testing)
    problem, bits = _read(algorithm, tags["p"])
    if not problem and "h" in tags and "sha256" not in _list(tags["h"]):
        problem = f"it allows only {_short(tags['h'])}, which verifiers no longer accept (RFC 8301 section 3.1)"
    if not problem and not {"*", "email"} & set(_list(tags.get("s", "*"))):
        problem = f"it is not for email (s={_short(tags['s'])})"
    return KeyRecord(text, problem, algorithm, bits, testing=testing)


def _read(algorithm: str, encoded: str) -> tuple[str, int]:
    """What is wrong with the key, and its length in bits."""
    try:
        data = base64.b64decode(re.sub(r"\s+", "", encoded), validate=True)
    except (binascii.Error, ValueError):
        return "its key is not valid Base64, as when it was cut or quoted on the way into the panel", 0
    if algorithm == "ed25519":
        if len(data) != 32:
            return f"its Ed25519 key has {len(data)} bytes, not 32 (RFC 8463 section 4.2)", 0
        return "", 256
    if algorithm != "rsa":
        return f"its key type {_short(algorithm)!r} is unknown; verifiers know rsa and ed25519", 0
    try:
        key = load_der_public_key(data)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "its key cannot be read as RSA, as when it was cut on the way into the panel", 0
    if not isinstance(key, RSAPublicKey):
        return "its key is not RSA, though k= says so", 0
    return "", key.key_size


def _list(value: str) -> list[str]:
    return [item.strip() for item in value.split(":") if item.strip()]


def _short(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 40 else f"{text[:40]}…"
