"""What the API says and does about tokens, the zone, its settings, its bot settings and its page rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from launchready.lab.cloudflare import settings as zone_settings
from launchready.lab.cloudflare.account import Token
from launchready.lab.cloudflare.envelope import Refused, done
from launchready.lab.cloudflare.pages import paged
from launchready.lab.cloudflare.schema import refused
from launchready.lab.cloudflare.state import CloudflareState, now
from launchready.lab.world import Response

if TYPE_CHECKING:
    from launchready.lab.cloudflare.asked import Asked

_PLANS = {
    "free": ("0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "Free Website", 0),
    "pro": ("94f3b7b768b0458b56d2cac4fe5ec0f9", "Pro Website", 25),
    "business": ("1ae08bb2b5a1ee80f3b4a0ae6ee4d1d2", "Business Website", 250),
}
_STAMP = "2026-11-01T00:00:00.000000Z"


def verify(state: CloudflareState, token: Token | None) -> Response:
    """Whether the token is one, and active."""
    if token is None:
        raise Refused(401, 1000, "Invalid API Token")
    return done({"id": state.token_id(token), "status": token.status})


def token(state: CloudflareState, asked: Asked) -> Response:
    """The token with its policies; for who may read tokens."""
    found = next((one for one in state.tokens if state.token_id(one) == asked.path[2]), None)
    if found is None:
        raise Refused(404, 1001, "Invalid API Token identifier")
    groups = [{"id": state.hashed(name), "name": name} for name in found.groups]
    resources = {f"com.cloudflare.api.account.zone.{state.zone_id}": "*"}
    policy = {"id": state.hashed("policy"), "effect": "allow", "permission_groups": groups, "resources": resources}
    stamps = {"issued_on": _STAMP, "modified_on": _STAMP}
    return done({"id": asked.path[2], "name": "lab", "status": found.status, "policies": [policy], **stamps})


def zones(state: CloudflareState, asked: Asked) -> Response:
    """The zones of a name, or all."""
    query = dict(asked.query)
    known = {"account.id", "account.name", "direction", "match", "name", "order", "page", "per_page", "status", "type"}
    if unknown := set(query) - known:
        raise Refused(400, 1001, f"unknown query parameter {min(unknown)}")
    wanted = query.get("name", state.zone_name).lower() == state.zone_name
    mine = query.get("account.id", state.account_id) == state.account_id
    active = query.get("status", state.account.status) == state.account.status
    return paged([_zone(state)] if wanted and mine and active else [], query, usual=20, least=5, most=50)


def zone(state: CloudflareState, asked: Asked) -> Response:
    """The zone."""
    return done(_zone(state))


def plans(state: CloudflareState, asked: Asked) -> Response:
    """The plans it could have."""
    return done([_plan(name, state.account.plan) for name in _PLANS])


def settings(state: CloudflareState, asked: Asked) -> Response:
    """Every setting, while that can be asked at once (cloudflare-docs#32335)."""
    _still_batched(state)
    return done([_setting(state, id) for id in state.settings])


def setting(state: CloudflareState, asked: Asked) -> Response:
    """One setting."""
    return done(_setting(state, _known(asked.path[3])))


def edit_setting(state: CloudflareState, asked: Asked) -> Response:
    """Change a setting."""
    id = _known(asked.path[3])
    if not isinstance(asked.body, dict):
        raise Refused(400, 1007, f"Invalid value for zone setting {id}")
    state.settings[id] = zone_settings.changed(id, asked.body, state.settings[id], state.account.plan)
    state.settings_modified[id] = now()
    state.changed()
    return done(_setting(state, id))


def edit_settings(state: CloudflareState, asked: Asked) -> Response:
    """Change several settings; all of them are judged before one is changed."""
    _still_batched(state)
    items = asked.body.get("items") if isinstance(asked.body, dict) and set(asked.body) == {"items"} else None
    if not isinstance(items, list) or not all(isinstance(one, dict) and "id" in one for one in items):
        raise Refused(400, 1007, "Invalid value for zone settings")
    wanted = {}
    for one in items:
        body = {key: value for key, value in one.items() if key != "id"}
        id = _known(str(one["id"]))
        wanted[id] = zone_settings.changed(id, body, state.settings[id], state.account.plan)
    state.settings.update(wanted)
    state.settings_modified.update(dict.fromkeys(wanted, now()))
    state.changed()
    return done([_setting(state, id) for id in wanted])


def bots(state: CloudflareState, asked: Asked) -> Response:
    """The bot settings."""
    return done(state.bots)


def put_bots(state: CloudflareState, asked: Asked) -> Response:
    """Change bot settings; those of a dearer plan are refused."""
    kinds = {"free": "BotFightModeConfiguration", "pro": "SuperBotFightModeDefinitelyConfiguration"}
    kind = kinds.get(state.account.plan, "SuperBotFightModeLikelyConfiguration")
    if why := refused("bot_management.bot_management_update_params", kind, asked.body):
        raise Refused(400, 10400, f"invalid bot management configuration: {why}")
    state.bots = {**state.bots, **asked.body}
    return done(state.bots)


def normalization(state: CloudflareState, asked: Asked) -> Response:
    """How URLs are normalised."""
    return done(state.url_normalization)


def put_normalization(state: CloudflareState, asked: Asked) -> Response:
    """Change how URLs are normalised."""
    if why := refused("url_normalization.url_normalization_update_params", "URLNormalizationUpdateParams", asked.body):
        raise Refused(400, 20217, why)
    state.url_normalization = dict(asked.body)
    return done(state.url_normalization)


def purge(state: CloudflareState, asked: Asked) -> Response:
    """Forget what the edge keeps: everything, or the files, hosts or prefixes named."""
    if why := refused("cache.cache_purge_params", "CachePurgeParams", asked.body):
        raise Refused(400, 1012, f"Request must contain one of purge_everything, files, tags, hosts or prefixes: {why}")
    if len(asked.body) != 1 or asked.body.get("purge_everything") is False:
        raise Refused(400, 1012, "Request must contain one of purge_everything, files, tags, hosts or prefixes")
    for tell in state.on_purge:
        tell(asked.body)
    return done({"id": state.zone_id})


def page_rules(state: CloudflareState, asked: Asked) -> Response:
    """No page rules: the lab's zones have rulesets."""
    if set(asked.query) - {"direction", "match", "order", "status", "page", "per_page"}:
        raise Refused(400, 1001, "unknown query parameter")
    return done([], {"page": 1, "per_page": 20, "count": 0, "total_count": 0, "total_pages": 0})


def _still_batched(state: CloudflareState) -> None:
    if not state.account.batch_settings:
        raise Refused(404, 7003, "Could not route to /zones/settings, perhaps your object identifier is invalid?")


def _known(id: str) -> str:
    if not zone_settings.known(id):
        raise Refused(400, 1006, f"Undefined zone setting: {id}")
    return id


def _setting(state: CloudflareState, id: str) -> dict[str, Any]:
    return zone_settings.shown(id, state.settings[id], state.account.plan, state.settings_modified.get(id))


def _plan(name: str, held: str) -> dict[str, Any]:
    id, title, price = _PLANS[name]
    return {
        "id": id,
        "name": title,
        "price": price,
        "currency": "USD",
        "frequency": "monthly" if price else "",
        "is_subscribed": name == held,
        "can_subscribe": name != held,
        "legacy_id": name,
        "legacy_discount": False,
        "externally_managed": False,
    }


def _zone(state: CloudflareState) -> dict[str, Any]:
    return {
        "id": state.zone_id,
        "name": state.zone_name,
        "status": state.account.status,
        "paused": False,
        "type": "full",
        "development_mode": 0,
        "name_servers": state.name_servers,
        "original_name_servers": None,
        "original_registrar": None,
        "original_dnshost": None,
        "modified_on": _STAMP,
        "created_on": _STAMP,
        "activated_on": _STAMP if state.account.status == "active" else None,
        "meta": {
            "step": 2,
            "custom_certificate_quota": 0,
            "page_rule_quota": 3,
            "phishing_detected": False,
        },
        "owner": {"id": None, "type": "user", "name": None},
        "account": {"id": state.account_id, "name": "Lab"},
        "permissions": ["#dns_records:edit", "#dns_records:read", "#zone:read"],
        "plan": _plan(state.account.plan, state.account.plan),
    }
