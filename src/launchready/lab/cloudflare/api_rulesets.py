"""What the API does with rulesets: list, one, by phase, and their rules one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from launchready.lab.cloudflare.envelope import Refused, done
from launchready.lab.cloudflare.rulesets import ACTIONS, MANAGED, Ruleset, judged, placed, within_limit
from launchready.lab.cloudflare.schema import refused
from launchready.lab.cloudflare.state import CloudflareState, now
from launchready.lab.world import Response

if TYPE_CHECKING:
    from launchready.lab.cloudflare.asked import Asked

_GROUPS: Mapping[str, str] = {
    "ddos_l7": "HTTP DDoS Managed Ruleset",
    "http_config_settings": "Config Settings",
    "http_custom_errors": "Custom Errors",
    "http_ratelimit": "Zone WAF",
    "http_request_cache_settings": "Cache Settings",
    "http_request_dynamic_redirect": "Dynamic URL Redirects",
    "http_request_firewall_custom": "Zone WAF",
    "http_request_firewall_managed": "Zone WAF",
    "http_request_late_transform": "Zone Transform Rules",
    "http_request_origin": "Origin",
    "http_request_redirect": "Mass URL Redirects",
    "http_request_sanitize": "Sanitize",
    "http_request_transform": "Zone Transform Rules",
    "http_response_compression": "Response Compression",
    "http_response_headers_transform": "Zone Transform Rules",
}
"""The permission group of each phase."""


def permission(state: CloudflareState, asked: Asked, kind: str) -> str:
    """The permission group a request needs (`Read` or `Write`): that of its phase, or any for a list."""
    path = asked.path
    phase = ""
    if path[3:4] == ("phases",):
        phase = path[4]
    elif len(path) > 3 and path[3] in state.rulesets:
        phase = state.rulesets[path[3]].phase
    elif asked.method == "POST" and isinstance(asked.body, dict):
        phase = str(asked.body.get("phase"))
    if phase in _GROUPS:
        return f"{_GROUPS[phase]} {kind}"
    return "|".join(dict.fromkeys(f"{group} {kind}" for group in _GROUPS.values()))


def listed(state: CloudflareState, asked: Asked) -> Response:
    """The rulesets of the zone and the managed ones, without their rules."""
    if unknown := set(asked.query) - {"cursor", "per_page"}:
        raise Refused(400, 20000, f"unknown query parameter {min(unknown)}")
    managed = [_managed(id) for id in MANAGED]
    return done([one.shown(whole=False) for one in (*managed, *state.rulesets.values())], {"count": len(managed)})


def get(state: CloudflareState, asked: Asked) -> Response:
    """A ruleset with its rules."""
    id = asked.path[3]
    return done((_managed(id) if id in MANAGED else _held(state, id)).shown(whole=True))


def entry_point(state: CloudflareState, asked: Asked) -> Response:
    """The ruleset of a phase."""
    phase = _phase(asked.path[4])
    found = state.entry_point(phase)
    if found is None:
        raise Refused(404, 10003, f"could not find entrypoint ruleset in the {phase} phase")
    return done(found.shown(whole=True))


def create(state: CloudflareState, asked: Asked) -> Response:
    """A ruleset for a phase that has none."""
    body = _checked("ruleset_create_params", "RulesetCreateParams", asked.body)
    phase = _phase(body["phase"])
    if body["kind"] != "zone":
        raise Refused(400, 20217, f"'{body['kind']}' is not a valid value for kind", pointer="/kind")
    if state.entry_point(phase):
        why = f"exceeded maximum number of zone rulesets for phase {phase}"
        raise Refused(400, 20217, f"'zone' is not a valid value for kind because {why}", pointer="/kind")
    return _replaced(state, Ruleset(state.new_id(), phase, body["name"], version=0), body)


def put_entry_point(state: CloudflareState, asked: Asked) -> Response:
    """The rules of a phase, wholly new; the ruleset is made when there is none."""
    phase = _phase(asked.path[4])
    body = _checked("phase_update_params", "PhaseUpdateParams", asked.body)
    return _replaced(state, state.entry_point(phase) or Ruleset(state.new_id(), phase, "default", version=0), body)


def put(state: CloudflareState, asked: Asked) -> Response:
    """A ruleset, wholly new."""
    body = _checked("ruleset_update_params", "RulesetUpdateParams", asked.body)
    ruleset = _held(state, asked.path[3])
    for key in ("kind", "phase"):
        if body.get(key, getattr(ruleset, key)) != getattr(ruleset, key):
            raise Refused(400, 20217, f"the {key} of a ruleset cannot be changed", pointer=f"/{key}")
    return _replaced(state, ruleset, body)


def delete(state: CloudflareState, asked: Asked) -> Response:
    """A ruleset less."""
    del state.rulesets[_held(state, asked.path[3]).id]
    return Response(204, ())


def add_rule(state: CloudflareState, asked: Asked) -> Response:
    """A rule more, at its position."""
    ruleset = _held(state, asked.path[3])
    body, position = _positioned("rule_create_params", "RuleCreateParams", asked.body)
    rules = list(ruleset.rules)
    placed(rules, judged(body, ruleset.phase, state.account.plan, state.new_id, now(), None), position)
    return _kept(state, ruleset, rules)


def edit_rule(state: CloudflareState, asked: Asked) -> Response:
    """A rule, wholly new, perhaps at another position."""
    ruleset = _held(state, asked.path[3])
    old = _rule(ruleset, asked.path[5])
    body, position = _positioned("rule_edit_params", "RuleEditParams", asked.body)
    new = judged(body, ruleset.phase, state.account.plan, state.new_id, now(), old)
    if position:
        rules = [rule for rule in ruleset.rules if rule is not old]
        placed(rules, new, position)
    else:
        rules = [new if rule is old else rule for rule in ruleset.rules]
    return _kept(state, ruleset, rules)


def delete_rule(state: CloudflareState, asked: Asked) -> Response:
    """A rule less."""
    ruleset = _held(state, asked.path[3])
    old = _rule(ruleset, asked.path[5])
    return _kept(state, ruleset, [rule for rule in ruleset.rules if rule is not old])


def _replaced(state: CloudflareState, ruleset: Ruleset, body: Mapping[str, Any]) -> Response:
    known = {rule["id"]: rule for rule in ruleset.rules}
    rules = []
    for given in body.get("rules", ()):
        old = known.get(given.get("id")) if isinstance(given, dict) else None
        if isinstance(given, dict) and given.get("id") and old is None:
            raise Refused(400, 20217, f"could not find rule {given['id']}", pointer="/rules/id")
        rules.append(judged(given, ruleset.phase, state.account.plan, state.new_id, now(), old))
    within_limit(ruleset.phase, state.account.plan, rules)
    ruleset.name = body.get("name", ruleset.name)
    ruleset.description = body.get("description", ruleset.description)
    return _kept(state, ruleset, rules)


def _kept(state: CloudflareState, ruleset: Ruleset, rules: list[dict[str, Any]]) -> Response:
    within_limit(ruleset.phase, state.account.plan, rules)
    ruleset.rules = rules
    ruleset.version += 1
    ruleset.last_updated = now()
    state.rulesets[ruleset.id] = ruleset
    return done(ruleset.shown(whole=True))


def _checked(module: str, name: str, body: Any) -> dict[str, Any]:
    """A body without its rules held to the schema; each rule is judged by itself."""
    if not isinstance(body, dict) or not isinstance(body.get("rules", []), list):
        raise Refused(400, 20217, "the body must be an object, rules a list")
    if why := refused(f"rulesets.{module}", name, {k: v for k, v in body.items() if k != "rules"}):
        place, _, said = why.partition(": ")
        raise Refused(400, 20217, f"'{body.get(place, place)}' is not a valid value for {place} because {said}",
                      pointer=f"/{place}")  # fmt: skip
    return body


def _positioned(module: str, name: str, body: Any) -> tuple[dict[str, Any], Mapping[str, Any] | None]:
    if why := refused(f"rulesets.{module}", name, body):
        place, _, said = why.partition(": ")
        raise Refused(400, 20217, f"{place} is not valid because {said}", pointer=f"/{place}")
    return {k: v for k, v in body.items() if k != "position"}, body.get("position")


def _phase(phase: str) -> str:
    if phase not in ACTIONS:
        raise Refused(400, 20217, f"'{phase}' is not a valid value for phase", pointer="/phase")
    return phase


def _held(state: CloudflareState, id: str) -> Ruleset:
    if id in MANAGED:
        raise Refused(403, 10000, "a managed ruleset cannot be changed")
    if id not in state.rulesets:
        raise Refused(404, 10003, "could not find ruleset")
    return state.rulesets[id]


def _rule(ruleset: Ruleset, id: str) -> dict[str, Any]:
    found = next((rule for rule in ruleset.rules if rule["id"] == id), None)
    if found is None:
        raise Refused(404, 10003, "could not find rule")
    return found


def _managed(id: str) -> Ruleset:
    name, phase, _ = MANAGED[id]
    return Ruleset(id, phase, name, "managed", f"Created by the Cloudflare security team: {name}",
                   last_updated="2026-11-01T00:00:00.000000Z")  # fmt: skip
