"""Rulesets: the entry points of a zone's phases and their rules, as the API takes, keeps and shows them.

What a plan allows is from https://developers.cloudflare.com/rules/ and https://developers.cloudflare.com/waf/, the
words of a refusal from what the API was seen to say. Rulesets of an account, and versions, are left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from launchready.lab.cloudflare.envelope import Refused
from launchready.lab.cloudflare.language import parse
from launchready.lab.cloudflare.schema import refused
from launchready.lab.cloudflare.tokens import NotParsed

MANAGED = {
    "77454fe2d30c4220b5701f6fdfb893ba": ("Cloudflare Managed Free Ruleset", "http_request_firewall_managed", "free"),
    "efb7b8c949ac4650a09736fc376e9aee": ("Cloudflare Managed Ruleset", "http_request_firewall_managed", "pro"),
    "4814384a9e5d4991b9815dcfc25d2f1f": ("Cloudflare OWASP Core Ruleset", "http_request_firewall_managed", "pro"),
    "4d21379b4f9f4bb088e0729962c8b3cf": ("Cloudflare L7 DDoS Ruleset", "ddos_l7", "free"),
}
"""Managed rulesets by id, with name, phase and lowest plan (https://developers.cloudflare.com/waf/managed-rules/)."""
ACTIONS: Mapping[str, tuple[str, ...]] = {
    "ddos_l7": ("execute",),
    "http_config_settings": ("set_config",),
    "http_custom_errors": ("serve_error",),
    "http_ratelimit": ("block", "challenge", "js_challenge", "managed_challenge", "log"),
    "http_request_cache_settings": ("set_cache_settings",),
    "http_request_dynamic_redirect": ("redirect",),
    "http_request_firewall_custom": ("block", "challenge", "js_challenge", "managed_challenge", "skip", "log"),
    "http_request_firewall_managed": ("execute", "skip"),
    "http_request_late_transform": ("rewrite",),
    "http_request_origin": ("route",),
    "http_request_redirect": ("redirect",),
    "http_request_sanitize": ("execute",),
    "http_request_transform": ("rewrite",),
    "http_response_compression": ("compress_response",),
    "http_response_headers_transform": ("rewrite",),
}
"""Phases a zone of these plans has, and the actions of each (https://developers.cloudflare.com/ruleset-engine/reference/phases-list/)."""
MOST: Mapping[str, Mapping[str, int]] = {
    "http_config_settings": {"free": 10, "pro": 25, "business": 50},
    "http_custom_errors": {"free": 0, "pro": 25, "business": 50},
    "http_ratelimit": {"free": 1, "pro": 2, "business": 5},
    "http_request_cache_settings": {"free": 10, "pro": 25, "business": 50},
    "http_request_dynamic_redirect": {"free": 10, "pro": 25, "business": 50},
    "http_request_firewall_custom": {"free": 5, "pro": 20, "business": 100},
    "http_request_late_transform": {"free": 10, "pro": 25, "business": 50},
    "http_request_origin": {"free": 10, "pro": 25, "business": 50},
    "http_request_transform": {"free": 10, "pro": 25, "business": 50},
    "http_response_compression": {"free": 10, "pro": 25, "business": 50},
    "http_response_headers_transform": {"free": 10, "pro": 25, "business": 50},
}
"""Rules of a phase by plan."""
_PERIODS = {"free": (10,), "pro": (10, 60), "business": (10, 60, 600)}
_TIMEOUTS = {"free": (10,), "pro": (10, 60, 3600), "business": (10, 60, 3600, 86400)}
_PLANS = ("free", "pro", "business")
_LONGEST = 4096
"""Characters of an expression."""


@dataclass
class Ruleset:
    """An entry point, or a managed ruleset."""

    id: str
    phase: str
    name: str
    kind: str = "zone"
    description: str = ""
    version: int = 1
    last_updated: str = ""
    rules: list[dict[str, Any]] = field(default_factory=list)

    def shown(self, *, whole: bool) -> dict[str, Any]:
        """As the API shows it, with its rules when `whole`."""
        shown = {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "kind": self.kind,
            "version": str(self.version),
            "last_updated": self.last_updated,
            "phase": self.phase,
        }
        return {**shown, "rules": self.rules} if whole else shown


def judged(
    given: Mapping[str, Any], phase: str, plan: str, new_id: Callable[[], str], now: str, old: Mapping[str, Any] | None
) -> dict[str, Any]:
    """A rule as it will be kept. Raises Refused for what the schema, the phase, the plan or the language refuses."""
    rule = json.loads(json.dumps(dict(given)))
    if why := refused("rulesets.phase_update_params", "Rule", rule):
        place, _, said = why.partition(": ")
        raise Refused(400, 20217, f"'{rule.get(place, place)}' is not a valid value for {place} because {said}",
                      pointer=f"/rules/{place}")  # fmt: skip
    action = rule["action"]
    if action not in ACTIONS[phase]:
        raise Refused(400, 20016, f"'{action}' is not a valid value for action because it is not allowed in the phase"
                      f" {phase}", pointer="/action")  # fmt: skip
    for place, expression, kind in _expressions(rule):
        _judge_expression(place, expression, kind, phase, plan)
    if phase == "http_ratelimit":
        _judge_rate(rule, plan)
    elif "ratelimit" in rule:
        raise Refused(400, 20217, "ratelimit is not allowed in this phase", pointer="/ratelimit")
    if action == "execute":
        _judge_execute(rule, phase, plan)
    if action == "log":
        _not_entitled("action", "not entitled to use the action log")
    id = old["id"] if old else new_id()
    version = str(int(old["version"]) + 1) if old else "1"
    kept = {**rule, "id": id, "version": version, "last_updated": now}
    kept["ref"] = rule.get("ref") or (old or {}).get("ref") or id
    return {**kept, "enabled": rule.get("enabled", True)}


def within_limit(phase: str, plan: str, rules: list[dict[str, Any]]) -> None:
    """Raises Refused when a phase has more rules than the plan allows, or two with one ref."""
    most = MOST.get(phase, {}).get(plan, 1000)
    if len(rules) > most:
        raise Refused(400, 20219, f"exceeded maximum number of rules in the phase {phase}: {len(rules)} out of {most}",
                      pointer="/rules")  # fmt: skip
    refs = [rule["ref"] for rule in rules]
    if len(set(refs)) != len(refs):
        raise Refused(400, 20217, "the ref of a rule must be unique within the ruleset", pointer="/rules")


def placed(rules: list[dict[str, Any]], rule: dict[str, Any], position: Mapping[str, Any] | None) -> None:
    """Put a rule where `position` says, at the end without one. Raises Refused for a neighbour that is not there."""
    if not position:
        rules.append(rule)
        return
    key, value = next(iter(position.items()))
    if key == "index":
        rules.insert(max(0, int(value) - 1), rule)
        return
    if not value:
        rules.insert(0 if key == "before" else len(rules), rule)
        return
    index = next((i for i, one in enumerate(rules) if one["id"] == value), None)
    if index is None:
        raise Refused(400, 20217, f"could not find rule {value}", pointer=f"/position/{key}")
    rules.insert(index + (key == "after"), rule)


def _expressions(rule: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(place, expression, `filter` or `value`) of every expression in a rule."""
    found = [("expression", rule.get("expression", ""), "filter")]
    if counting := (rule.get("ratelimit") or {}).get("counting_expression"):
        found.append(("counting_expression", counting, "filter"))

    def walk(value: Any, place: str) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                if key == "expression" and isinstance(inner, str):
                    found.append((f"{place}/expression", inner, "value"))
                else:
                    walk(inner, f"{place}/{key}")

    walk(rule.get("action_parameters") or {}, "action_parameters")
    return found


def _judge_expression(place: str, expression: str, kind: str, phase: str, plan: str) -> None:
    if len(expression) > _LONGEST:
        raise Refused(400, 20217, f"the {place} is longer than {_LONGEST} characters", pointer=f"/{place}")
    try:
        parsed = parse(expression, kind, response=phase.startswith("http_response"))
    except NotParsed as error:
        why = f"the expression is invalid: {error}"
        raise Refused(400, 20127, _not_valid(place, expression, why), pointer=f"/{place}") from None
    if plan != "business" and ("matches" in parsed.operators or "regex_replace" in parsed.functions):
        why = "not entitled: the use of operator Matches is not allowed, a Business plan is required"
        raise Refused(400, 20127, _not_valid(place, expression, why), pointer=f"/{place}")


def _not_valid(place: str, value: object, why: str) -> str:
    return f"'{value}' is not a valid value for {place.rpartition('/')[2]} because {why}"


def _judge_rate(rule: Mapping[str, Any], plan: str) -> None:
    rate = rule.get("ratelimit")
    if rate is None:
        raise Refused(400, 20217, "a rule in the phase http_ratelimit must have ratelimit", pointer="/ratelimit")
    if plan != "business" and "counting_expression" in rate:
        _not_entitled("ratelimit/counting_expression", "not entitled to use a counting expression")
    if set(rate["characteristics"]) != {"ip.src", "cf.colo.id"}:
        if "cf.colo.id" not in rate["characteristics"]:
            _not_entitled("ratelimit/characteristics", "cf.colo.id is a mandatory characteristic")
        _not_entitled("ratelimit/characteristics", "not entitled to use these characteristics")
    if rate["period"] not in _PERIODS[plan]:
        among = " ".join(map(str, _PERIODS[plan]))
        _not_entitled(
            "ratelimit/period",
            f"not entitled to use the period {rate['period']}, can only use a period among [{among}]",
        )
    timeout = rate.get("mitigation_timeout", 0)
    if timeout not in _TIMEOUTS[plan]:
        among = " ".join(map(str, _TIMEOUTS[plan]))
        only = f"different from {among}" if plan == "free" else f"of {timeout}, can only use one among [{among}]"
        _not_entitled("ratelimit/mitigation_timeout", f"not entitled to use a mitigation timeout {only}")
    if rate.get("requests_per_period", 0) < 1:
        raise Refused(400, 20217, "requests_per_period must be at least 1", pointer="/ratelimit/requests_per_period")


def _judge_execute(rule: Mapping[str, Any], phase: str, plan: str) -> None:
    id = (rule.get("action_parameters") or {}).get("id")
    found = MANAGED.get(str(id))
    if found is None or found[1] != phase:
        raise Refused(400, 20217, f"could not find ruleset {id} for the phase {phase}", pointer="/action_parameters/id")
    if _PLANS.index(plan) < _PLANS.index(found[2]):
        _not_entitled("action_parameters/id", f"not entitled to execute the ruleset {found[0]}")


def _not_entitled(place: str, why: str) -> None:
    raise Refused(400, 20217, why, pointer=f"/{place}")
