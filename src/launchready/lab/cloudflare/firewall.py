"""What the edge turns away before an origin is asked: custom rules, rate limits, managed rules, under attack mode."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from launchready.lab.cloudflare.functions import Fields
from launchready.lab.cloudflare.language import parse
from launchready.lab.cloudflare.rulesets import MANAGED
from launchready.lab.cloudflare.state import CloudflareState
from launchready.lab.edge_http import Request
from launchready.lab.world import Response

_ATTACKS = ("${jndi:", "() {", "/etc/passwd", "<script", "union select")
"""What the lab's managed rules know: one sign each of Log4Shell, Shellshock, traversal, XSS, SQL injection."""
_PHASES = ("http_ratelimit", "http_request_firewall_managed", "http_request_sbfm")


@dataclass
class Firewall:
    """The phases that may turn a request away, with what they count."""

    state: CloudflareState
    counted: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    """By rule and address: when a request was counted."""
    barred: dict[tuple[str, str], float] = field(default_factory=dict)
    """By rule and address: until when."""

    def verdict(self, asked: Request, fields: Fields) -> Response | None:
        """The answer to a request that is turned away, None to let it through."""
        skipped: set[str] = set()
        for rule in self.state.rules("http_request_firewall_custom"):
            if not matches(rule, fields):
                continue
            if rule["action"] == "skip":
                skipped |= _skipped(rule.get("action_parameters") or {})
                if "rest" in skipped:
                    break
            else:
                return _turned_away(rule, asked)
        for phase, judge in zip(_PHASES, (self._rate, self._managed), strict=False):
            if phase not in skipped and (response := judge(asked, fields)):
                return response
        if self.state.settings["security_level"] == "under_attack" and "securityLevel" not in skipped:
            return challenge()
        return None

    def _rate(self, asked: Request, fields: Fields) -> Response | None:
        now = self.state.clock()
        for rule in self.state.rules("http_ratelimit"):
            if not matches(rule, fields):
                continue
            key, rate = (rule["id"], self.state.visitor), rule["ratelimit"]
            if self.barred.get(key, 0) > now:
                return self._limited(rule, asked, self.barred[key] - now)
            times = [t for t in self.counted.get(key, []) if t > now - rate["period"]]
            self.counted[key] = [*times, now]
            if len(self.counted[key]) > rate["requests_per_period"]:
                self.barred[key] = now + rate.get("mitigation_timeout", 0)
                self.counted[key] = []
                return self._limited(rule, asked, rate.get("mitigation_timeout", 0))
        return None

    def _limited(self, rule: dict[str, Any], asked: Request, left_s: float) -> Response:
        if rule["action"] != "block":
            return challenge()
        if own := _own_answer(rule):
            return own
        response = page(429, "1015", asked)
        return Response(429, (*response.headers, ("Retry-After", str(max(1, round(left_s))))), response.body)

    def _managed(self, asked: Request, fields: Fields) -> Response | None:
        text = " ".join((asked.target, *asked.fields.values(), asked.body[:8192].decode("latin-1"))).lower()
        for rule in self.state.rules("http_request_firewall_managed"):
            if not matches(rule, fields):
                continue
            if rule["action"] == "skip":
                return None
            parameters = rule.get("action_parameters") or {}
            off = (parameters.get("overrides") or {}).get("enabled") is False
            if parameters.get("id") in MANAGED and not off and any(sign in text for sign in _ATTACKS):
                return page(403, "", asked)
        return None


def matches(rule: dict[str, Any], fields: Fields) -> bool:
    """Whether a rule's expression fits a request."""
    return bool(parse(rule["expression"], response="http.response.code" in fields).value(fields))


def challenge() -> Response:
    """The page that makes a browser prove itself (https://developers.cloudflare.com/cloudflare-challenges/)."""
    html = "<!doctype html><html><head><title>Just a moment...</title></head><body><noscript>Enable JavaScript and "
    html += 'cookies to continue</noscript><script src="/cdn-cgi/challenge-platform/h/g/orchestrate/chl_page/v1">'
    html += "</script></body></html>"
    headers = (("Content-Type", "text/html; charset=UTF-8"), ("cf-mitigated", "challenge"), _NEVER)
    return Response(403, headers, html)


def page(status: int, code: str, asked: Request) -> Response:
    """An error of the edge's own: a page for who takes HTML, a line for others."""
    if "text/html" not in asked.fields.get("accept", ""):
        text = f"error code: {code or status}"
        return Response(status, (("Content-Type", "text/plain; charset=UTF-8"), _NEVER), text)
    title = "Attention Required! | Cloudflare" if status == 403 else f"Error {code or status}"
    html = f"<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1>"
    html += "<p>Performance &amp; security by Cloudflare</p></body></html>"
    return Response(status, (("Content-Type", "text/html; charset=UTF-8"), _NEVER), html)


_NEVER = ("Cache-Control", "private, max-age=0, no-store, no-cache, must-revalidate, post-check=0, pre-check=0")


def _skipped(parameters: dict[str, Any]) -> set[str]:
    names = {*parameters.get("phases", ()), *parameters.get("products", ())}
    return names | ({"rest"} if parameters.get("ruleset") == "current" else set())


def _turned_away(rule: dict[str, Any], asked: Request) -> Response:
    if rule["action"] != "block":
        return challenge()
    return _own_answer(rule) or page(403, "", asked)


def _own_answer(rule: dict[str, Any]) -> Response | None:
    own = (rule.get("action_parameters") or {}).get("response")
    if not own:
        return None
    content = own["content"] if isinstance(own["content"], str) else json.dumps(own["content"])
    return Response(own["status_code"], (("Content-Type", own["content_type"]), _NEVER), content)
