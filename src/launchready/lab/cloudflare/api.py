"""The API at https://api.cloudflare.com/client/v4: who may ask, what is refused before it is read, and where it goes.

Paths, methods and permission groups are those of Cloudflare's reference; what is not there is answered 404 or 405 in
the envelope. What each path does is in `api_zone.py`, `api_records.py` and `api_rulesets.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from launchready.lab.cloudflare import api_records, api_rulesets, api_zone
from launchready.lab.cloudflare.account import Token
from launchready.lab.cloudflare.asked import Asked
from launchready.lab.cloudflare.envelope import Refused, done, refusal
from launchready.lab.cloudflare.state import WINDOW_S, CloudflareState
from launchready.lab.edge_http import Answer, Request
from launchready.lab.world import NameServer, Response, Route, Site, Trouble, World, Zone

HOST = "api.cloudflare.com"
ADDRESS = "192.88.99.83"
LIMIT = 1200
"""Requests in a window (https://developers.cloudflare.com/fundamentals/api/reference/limits/)."""


Act = Callable[[CloudflareState, Asked], Response]
"""What a path does."""
_PATHS: dict[tuple[str, str], tuple[str, Act]] = {
    ("GET", "user/tokens/verify"): ("", lambda state, asked: api_zone.verify(state, asked.token)),
    ("GET", "user/tokens/*"): ("API Tokens Read", api_zone.token),
    ("GET", "zones"): ("Zone Read", api_zone.zones),
    ("GET", "zones/*"): ("Zone Read", api_zone.zone),
    ("GET", "zones/*/available_plans"): ("Zone Read", api_zone.plans),
    ("GET", "zones/*/settings"): ("Zone Settings Read", api_zone.settings),
    ("GET", "zones/*/settings/*"): ("Zone Settings Read", api_zone.setting),
    ("PATCH", "zones/*/settings"): ("Zone Settings Write", api_zone.edit_settings),
    ("PATCH", "zones/*/settings/*"): ("Zone Settings Write", api_zone.edit_setting),
    ("GET", "zones/*/bot_management"): ("Bot Management Read", api_zone.bots),
    ("PUT", "zones/*/bot_management"): ("Bot Management Write", api_zone.put_bots),
    ("GET", "zones/*/url_normalization"): ("Zone Settings Read", api_zone.normalization),
    ("PUT", "zones/*/url_normalization"): ("Zone Settings Write", api_zone.put_normalization),
    ("POST", "zones/*/purge_cache"): ("Cache Purge", api_zone.purge),
    ("GET", "zones/*/pagerules"): ("Page Rules Read", api_zone.page_rules),
    ("GET", "zones/*/dns_records"): ("DNS Read", api_records.listed),
    ("POST", "zones/*/dns_records"): ("DNS Write", api_records.create),
    ("POST", "zones/*/dns_records/batch"): ("DNS Write", api_records.batch),
    ("GET", "zones/*/dns_records/*"): ("DNS Read", api_records.get),
    ("PUT", "zones/*/dns_records/*"): ("DNS Write", api_records.put),
    ("PATCH", "zones/*/dns_records/*"): ("DNS Write", api_records.patch),
    ("DELETE", "zones/*/dns_records/*"): ("DNS Write", api_records.delete),
    ("GET", "zones/*/rulesets"): ("rules Read", api_rulesets.listed),
    ("POST", "zones/*/rulesets"): ("rules Write", api_rulesets.create),
    ("GET", "zones/*/rulesets/phases/*/entrypoint"): ("rules Read", api_rulesets.entry_point),
    ("PUT", "zones/*/rulesets/phases/*/entrypoint"): ("rules Write", api_rulesets.put_entry_point),
    ("GET", "zones/*/rulesets/*"): ("rules Read", api_rulesets.get),
    ("PUT", "zones/*/rulesets/*"): ("rules Write", api_rulesets.put),
    ("DELETE", "zones/*/rulesets/*"): ("rules Write", api_rulesets.delete),
    ("POST", "zones/*/rulesets/*/rules"): ("rules Write", api_rulesets.add_rule),
    ("PATCH", "zones/*/rulesets/*/rules/*"): ("rules Write", api_rulesets.edit_rule),
    ("DELETE", "zones/*/rulesets/*/rules/*"): ("rules Write", api_rulesets.delete_rule),
}
"""By method and path: the permission group it needs, and what it does. Those of rules depend on the phase."""


def with_api(world: World) -> World:
    """The world with the name and the site of the API, when it has an account there."""
    if world.cloudflare is None or any(site.host == HOST for site in world.sites):
        return world
    name = "ns.api.cloudflare.com"
    soa = f"@ 3600 SOA {name}. hostmaster.{name}. 2026110101 7200 900 1209600 300"
    zone = Zone(HOST, (soa, f"@ 3600 NS {name}.", f"@ 300 A {ADDRESS}"))
    return replace(
        world,
        zones=(*world.zones, zone),
        sites=(*world.sites, Site(HOST, (ADDRESS,), (Route("*", Response(404)),), ())),
        name_servers=(*world.name_servers, NameServer(name, ("192.88.99.84",), (HOST,))),
    )


def handler(state: CloudflareState) -> Answer:
    """What answers at the API's host."""

    def answer(asked: Request) -> Response:
        parts = urlsplit(asked.target)
        path = parts.path.removeprefix("/client/v4").strip("/")
        state.calls.append((asked.method, f"/{path}"))
        number = len(state.calls)
        response = _answered(state, asked, path, parts.query)
        if then := state.after_call.pop(number, None):
            then(state)
        left = max(0, LIMIT - state.spent())
        said = (
            ("Ratelimit", f'"default";r={left};t={WINDOW_S}'),
            ("Ratelimit-Policy", f'"default";q={LIMIT};w={WINDOW_S}'),
            ("Server", "cloudflare"),
            ("CF-RAY", f"{number:016x}-LAB"),
        )
        return replace(response, headers=(*response.headers, *said))

    return answer


def _answered(state: CloudflareState, asked: Request, path: str, query: str) -> Response:
    limited = state.limited > 0 and len(state.calls) > state.account.limited_after
    if limited or state.spent() > LIMIT:
        state.limited -= limited
        late = (("Retry-After", state.account.retry_after),) if state.account.retry_after else ()
        refused = refusal(Refused(429, 971, "Please wait and consider throttling your request speed"))
        return replace(refused, headers=(*refused.headers, *late))
    try:
        response = _acted(state, asked, path, query)
    except Refused as error:
        return refusal(error)
    return response


def _acted(state: CloudflareState, asked: Request, path: str, query: str) -> Response:
    token = _token(state, asked.fields)
    needs, act = _found(asked.method, path)
    if path == "user/tokens/verify":
        return api_zone.verify(state, token)
    if token is None or token.status != "active":
        raise Refused(403, 9109, "Invalid access token")
    segments = tuple(path.split("/"))
    what = Asked(asked.method, segments, _query(query), _body(asked), token)
    if segments[0] == "zones" and len(segments) > 1 and segments[1] != state.zone_id:
        if len(segments[1]) != 32:
            raise Refused(404, 7003, f"Could not route to /{path}, perhaps your object identifier is invalid?")
        raise Refused(403, 9109, "Unauthorized to access requested resource")
    if needs.startswith("rules "):
        needs = api_rulesets.permission(state, what, needs.removeprefix("rules "))
    if not granted(token, needs):
        raise Refused(403, 10000, "Authentication error")
    return _written(state, what, act) if asked.method != "GET" else act(state, what)


def granted(token: Token, needs: str) -> bool:
    """Whether a token has a permission group; a `Write` group reads too. With `|`, any of several."""
    return any(one in token.groups or one.replace(" Read", " Write") in token.groups for one in needs.split("|"))


def _written(state: CloudflareState, asked: Asked, act: Act) -> Response:
    """Make a write, or fail where the account says so: before it is made, or after it was, without an answer."""
    number = state.writes + 1
    fails = number == state.account.fails_at_write and not state.failed
    before = state.held() if fails else None
    response = act(state, asked)  # one that is refused is no write
    if before is not None:
        state.failed = True
        state.put_back(before)
        raise Refused(500, 10013, "Internal server error")
    state.writes = number
    return Response(trouble=Trouble.CLOSES) if number == state.account.cut_at_write else response


def _token(state: CloudflareState, fields: Mapping[str, str]) -> Token | None:
    given = fields.get("authorization", "")
    if "x-auth-key" in fields or "x-auth-email" in fields:
        raise Refused(403, 9103, "Unknown X-Auth-Key or X-Auth-Email")
    if not given:
        raise Refused(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
    scheme, _, value = given.partition(" ")
    if scheme != "Bearer" or not 20 <= len(value) <= 200 or not value.replace("-", "").replace("_", "").isalnum():
        raise Refused(400, 6003, "Invalid request headers", chain=(6111, "Invalid format for Authorization header"))
    after = state.account.revoked_after_writes
    if after is not None and state.writes >= after:
        return None
    return next((token for token in state.tokens if token.value == value), None)


def _found(method: str, path: str) -> tuple[str, Act]:
    segments = path.split("/")
    methods: set[str] = set()
    for (verb, pattern), found in _PATHS.items():
        parts = pattern.split("/")
        if len(parts) == len(segments) and all(p in ("*", s) and s for p, s in zip(parts, segments, strict=True)):
            if verb == method:
                return found
            methods.add(verb)
    if methods:
        raise Refused(405, 10405, "Method not allowed for this authentication scheme")
    raise Refused(404, 7003, f"Could not route to /{path}, perhaps your object identifier is invalid?",
                  chain=(7000, "No route for that URI"))  # fmt: skip


def _query(query: str) -> dict[str, str]:
    return {key: values[-1] for key, values in parse_qs(query, keep_blank_values=True).items()}


def _body(asked: Request) -> Any:
    if not asked.body:
        return None
    try:
        return json.loads(asked.body)
    except ValueError:
        raise Refused(400, 9207, "Request body is invalid.") from None


__all__ = ["Asked", "done", "granted", "handler", "with_api"]
