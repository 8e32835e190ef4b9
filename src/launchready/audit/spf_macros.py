"""The macros of an SPF record, expanded (RFC 7208 section 7)."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote

_MACRO = re.compile(r"%\{([A-Za-z])([0-9]*)([rR]?)([.\-+,/_=]*)\}|%(%|_|-)|%")
_LITERAL = {"%": "%", "_": " ", "-": "%20"}


class MacroError(ValueError):
    """The text holds what is no macro."""


@dataclass(frozen=True, slots=True)
class Message:
    """What macros speak of: who connects, and as whom."""

    ip: IPv4Address | IPv6Address
    sender: str
    """With a local part; `postmaster` where the message has none (section 4.3)."""
    helo: str
    receiver: str = "unknown"


def expand(text: str, domain: str, message: Message, validated: str = "unknown", *, explaining: bool = False) -> str:
    """Expand the macros of `text`; `validated` stands for `%{p}`. Raises MacroError."""

    def one(match: re.Match[str]) -> str:
        letter, digits, reverse, delimiters, literal = match.groups()
        if literal:
            return _LITERAL[literal]
        if not letter or (letter.lower() in "crt" and not explaining):
            raise MacroError(f"{match.group()!r} is no macro here")
        value = _value(letter.lower(), domain, message, validated)
        parts = re.split(f"[{re.escape(delimiters or '.')}]", value)
        if reverse:
            parts.reverse()
        if digits:
            if int(digits) == 0:
                raise MacroError(f"{match.group()!r} asks for 0 labels")
            parts = parts[-int(digits) :]
        joined = ".".join(parts)
        return quote(joined, safe="-._~") if letter.isupper() else joined

    return _MACRO.sub(one, text)


def _value(letter: str, domain: str, message: Message, validated: str) -> str:
    local, _, host = message.sender.rpartition("@")
    values = {
        "s": message.sender,
        "l": local,
        "o": host,
        "d": domain,
        "i": _dotted(message.ip),
        "p": validated,
        "v": "in-addr" if message.ip.version == 4 else "ip6",
        "h": message.helo,
        "c": str(message.ip),
        "r": message.receiver,
        "t": str(int(time.time())),
    }
    if letter not in values:
        raise MacroError(f"there is no macro {letter!r}")
    return values[letter]


def _dotted(ip: IPv4Address | IPv6Address) -> str:
    return str(ip) if ip.version == 4 else ".".join(ip.exploded.replace(":", "").upper())
