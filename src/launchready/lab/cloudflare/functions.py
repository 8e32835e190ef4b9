"""What operators and functions of Cloudflare's Rules language do with values.

Reference: https://developers.cloudflare.com/ruleset-engine/rules-language/functions/
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import unquote

Fields: TypeAlias = Mapping[str, Any]
"""A request (and at the end its response), by the names of the fields."""
Value: TypeAlias = Callable[[Fields], Any]

ORDERS: Mapping[str, Callable[[Value, Any], Value]] = {
    "eq": lambda left, right: lambda f: _same(left(f), right),
    "ne": lambda left, right: lambda f: not _same(left(f), right),
    "lt": lambda left, right: lambda f: left(f) < right,
    "le": lambda left, right: lambda f: left(f) <= right,
    "gt": lambda left, right: lambda f: left(f) > right,
    "ge": lambda left, right: lambda f: left(f) >= right,
    "contains": lambda left, right: lambda f: right in left(f),
}
"""By word: the comparison of a value with a literal."""


def both(left: Value, right: Value, join: Callable[[Fields, Value, Value], bool]) -> Value:
    """Two conditions joined."""
    return lambda fields: join(fields, left, right)


def _same(held: Any, wanted: Any) -> bool:
    if isinstance(wanted, (ipaddress.IPv4Network, ipaddress.IPv6Network)):
        return ipaddress.ip_address(held) in wanted
    return bool(held == wanted)


def within(network: Any) -> Callable[[Any], bool]:
    """Whether an address is in a network."""
    return lambda held: ipaddress.ip_address(held) in network


def equals(wanted: Any) -> Callable[[Any], bool]:
    """Whether a value is another."""
    return lambda held: held == wanted


def between(low: int, high: int) -> Callable[[Any], bool]:
    """Whether a number is in a range, both ends included."""
    return lambda held: low <= held <= high


def nth(values: Any, number: int) -> str:
    """The element of an array, empty when there is none."""
    return str(values[number]) if number < len(values) else ""


def wildcard(pattern: str, *, exact: bool) -> re.Pattern[str]:
    """`*` for any text, `\\*` for the star; whole match, in any case unless `exact`."""
    parts = [re.escape(part.replace("\0", "*")) for part in pattern.replace("\\*", "\0").split("*")]
    return re.compile("(.*?)".join(parts), re.DOTALL | (0 if exact else re.IGNORECASE))


def called(name: str, given: list[Any]) -> Any:
    """What a function makes of its arguments."""
    match name:
        case "concat":
            return "".join(map(str, given))
        case "starts_with":
            return given[0].startswith(given[1])
        case "ends_with":
            return given[0].endswith(given[1])
        case "len":
            return len(given[0].encode())
        case "lower":
            return given[0].lower()
        case "upper":
            return given[0].upper()
        case "substring":
            return given[0][given[1] : given[2] if len(given) > 2 else None]
        case "to_string":
            return (
                {True: "true", False: "false"}.get(given[0], str(given[0]))
                if given[0] in (True, False)
                else str(given[0])
            )
        case "url_decode":
            return unquote(given[0])
        case "regex_replace":
            return re.sub(given[1], re.sub(r"\$\{(\d+)\}", r"\\g<\1>", given[2]), given[0], count=1)
    found = wildcard(given[1], exact=False).fullmatch(given[0])
    if found is None:
        return given[0]
    return re.sub(r"\$\{(\d+)\}", lambda m: found[int(m[1])] if int(m[1]) <= (found.re.groups) else "", given[2])
