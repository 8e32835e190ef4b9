"""What the API takes: bodies and queries held to the types of Cloudflare's SDK, which are made from its OpenAPI.

Unknown keys, wrong types and missing keys are refused, with where and why. What a plan allows, and what a record or
a rule may say together, is judged where those are kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, get_args, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import is_typeddict

_TAGS = ("type", "action")
"""Keys that say which alternative of a union is meant."""
_PATH = ("zone_id", "account_id", "ruleset_id", "rule_id", "setting_id", "dns_record_id", "ruleset_phase")


def refused(module: str, name: str, given: object) -> str:
    """Why `given` is not of the type `cloudflare.types.{module}.{name}`; empty when it is.

    The SDK's types count parameters of the path among the others; they are filled in.
    """
    if not isinstance(given, Mapping):
        return "body: an object is needed"
    loaded = import_module(f"cloudflare.types.{module}")
    wanted = _alternative(getattr(loaded, name), given)
    if isinstance(wanted, str):
        return wanted
    try:
        _adapter(wanted).validate_python([_filled(wanted, _renamed(given, _aliases(loaded)))])
    except ValidationError as error:
        return _why(error)
    return ""


def _alternative(wanted: Any, given: Mapping[str, Any]) -> Any:
    members = get_args(wanted)
    for tag in _TAGS:
        by_value = {value: m for m in members if is_typeddict(m) for value in _tag_values(m, tag)}
        if by_value:
            value = given.get(tag)
            if not isinstance(value, str) or value not in by_value:
                return f"{tag}: must be one of {', '.join(by_value)}"
            return by_value[value]
    return wanted


@cache
def _tag_values(member: Any, tag: str) -> tuple[str, ...]:
    hint = get_type_hints(member).get(tag)
    while hint is not None and get_args(hint) and not isinstance(get_args(hint)[0], str):
        hint = get_args(hint)[0]
    return tuple(value for value in get_args(hint) if isinstance(value, str)) if hint is not None else ()


def _filled(wanted: Any, given: dict[str, Any]) -> dict[str, Any]:
    keys: set[str] = set()
    for member in get_args(wanted) or (wanted,):
        keys |= set(getattr(member, "__annotations__", ()))
    return {**{key: "0" * 32 for key in _PATH if key in keys}, **given}


@cache
def _adapter(wanted: Any) -> TypeAdapter[Any]:
    # In a list, since pydantic takes settings for a TypedDict only from around it.
    return TypeAdapter(list[wanted], config=ConfigDict(extra="forbid", strict=True))


@cache
def _aliases(module: ModuleType) -> Mapping[str, str]:
    """Names on the wire that Python cannot have, and the SDK's for them; its own names are none on the wire."""
    found: dict[str, str] = {}
    for one in vars(module).values():
        for key, hint in getattr(one, "__annotations__", {}).items() if is_typeddict(one) else ():
            if alias := re.search(r'alias="([^"]+)"', str(getattr(hint, "__forward_arg__", hint))):
                found[alias[1]] = key
                found[key] = f"{key} (unknown)"
    return found


def _renamed(given: Any, aliases: Mapping[str, str]) -> Any:
    if isinstance(given, Mapping):
        return {aliases.get(key, key): _renamed(value, aliases) for key, value in given.items()}
    return [_renamed(one, aliases) for one in given] if isinstance(given, list) else given


def _why(error: ValidationError) -> str:
    """The complaint that lies deepest: of several alternatives, that of the one which came nearest."""
    deepest = max(error.errors(include_url=False), key=lambda e: len(e["loc"]))
    place = "/".join(str(part) for part in deepest["loc"][1:] if not str(part)[:1].isupper())
    return f"{place or 'body'}: {deepest['msg']}"
