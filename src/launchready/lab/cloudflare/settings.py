"""Zone settings: the ids, and the values each takes, as the SDK's response types have them; defaults; plans."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model

from launchready.lab.cloudflare.envelope import Refused

_OFF = (
    "0rtt", "development_mode", "hotlink_protection", "mirage", "origin_error_page_pass_thru", "pre_render",
    "prefetch_preload", "privacy_pass", "response_buffering", "rocket_loader", "sha1_support",
    "sort_query_string_for_cache", "tls_client_auth", "true_client_ip_header", "waf", "always_use_https",
    "automatic_https_rewrites", "early_hints", "h2_prioritization", "image_resizing", "orange_to_orange", "webp",
    "tls_1_2_only",
)  # fmt: skip
_ON = (
    "advanced_ddos", "always_online", "brotli", "browser_check", "email_obfuscation", "http2", "http3",
    "ip_geolocation", "ipv6", "opportunistic_encryption", "opportunistic_onion", "replace_insecure_js",
    "server_side_exclude", "tls_1_3", "websockets",
)  # fmt: skip
DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(_OFF, "off"),
    **dict.fromkeys(_ON, "on"),
    "browser_cache_ttl": 14400,
    "cache_level": "aggressive",
    "challenge_ttl": 1800,
    "ciphers": [],
    "cname_flattening": "flatten_at_root",
    "edge_cache_ttl": 7200,
    "max_upload": 100,
    "min_tls_version": "1.0",
    "polish": "off",
    "pseudo_ipv4": "off",
    "security_header": {
        "strict_transport_security": {
            "enabled": False,
            "max_age": 0,
            "include_subdomains": False,
            "preload": False,
            "nosniff": False,
        }
    },
    "security_level": "medium",
    "ssl": "full",
}
"""A new zone's (https://developers.cloudflare.com/api/resources/zones/subresources/settings/)."""
_PAID = {
    "pro": ("waf", "polish", "mirage", "webp", "h2_prioritization", "image_resizing", "origin_error_page_pass_thru"),
    "business": ("prefetch_preload", "response_buffering", "sort_query_string_for_cache", "true_client_ip_header"),
    "enterprise": ("advanced_ddos", "orange_to_orange", "max_upload", "edge_cache_ttl"),
}
"""The lowest plan that may change a setting."""
_PLANS = ("free", "pro", "business", "enterprise")


def editable(id: str, plan: str) -> bool:
    """Whether a zone of this plan may change the setting."""
    lowest = next((name for name, ids in _PAID.items() if id in ids), "free")
    return _PLANS.index(plan) >= _PLANS.index(lowest)


def shown(id: str, value: Any, plan: str, modified_on: str | None) -> dict[str, Any]:
    """As the API shows it."""
    return {"id": id, "value": value, "editable": editable(id, plan), "modified_on": modified_on}


def changed(id: str, body: Mapping[str, Any], held: Any, plan: str) -> Any:
    """The value a PATCH leaves. Raises Refused for another type of value, and for a setting of a dearer plan."""
    if set(body) - {"value"} or "value" not in body:
        raise Refused(400, 1007, f"Invalid value for zone setting {id}")
    if not editable(id, plan):
        raise Refused(403, 1015, f"Not allowed to edit setting for {id}")
    try:
        _adapter(id).validate_json(_json([body["value"]]))
    except ValidationError:
        raise Refused(400, 1007, f"Invalid value for zone setting {id}") from None
    if not isinstance(body["value"], dict) or not isinstance(held, dict):
        return body["value"]
    return {key: {**held.get(key, {}), **inner} for key, inner in body["value"].items()}


def known(id: str) -> bool:
    """Whether there is a setting of this id."""
    return id in DEFAULTS


@cache
def _adapter(id: str) -> TypeAdapter[Any]:
    from cloudflare.types.zones.setting_get_response import SettingGetResponse

    model = next(m for m in get_args(SettingGetResponse) if id in get_args(m.model_fields["id"].annotation))
    wanted: Any = _closed(model.model_fields["value"].annotation)
    return TypeAdapter(list[wanted], config=ConfigDict(strict=True))


def _closed(annotation: Any) -> Any:
    """A model of the SDK that takes no unknown keys; other types as they are."""
    if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return annotation
    fields: dict[str, Any] = {
        name: (_closed_optional(field.annotation), None) for name, field in annotation.model_fields.items()
    }
    return create_model(annotation.__name__, __config__=ConfigDict(extra="forbid", strict=True), **fields)


def _closed_optional(annotation: Any) -> Any:
    inner = [one for one in get_args(annotation) if one is not type(None)]
    return _closed(inner[0]) | None if inner and annotation not in inner else annotation


def _json(value: Any) -> str:
    return json.dumps(value)
