"""The rules that are wanted at Cloudflare's edge: one address, what is kept, who is limited, staging hidden.

The language is https://developers.cloudflare.com/ruleset-engine/rules-language/; operators and fields of dearer plans
are not used. Every rule names the portal's hosts, so that other hosts of the zone are as they were, but on a plan
whose rate limits know paths only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from launchready.edge.control import plans
from launchready.edge.control.wants import MARK, Reason, WantedRule
from launchready.portal import Portal
from launchready.portal_edge import EdgeSettings

SESSIONS = (
    "sessionid", "PHPSESSID", "laravel_session", "connect.sid", "_session_id", "_session", "ASP.NET_SessionId",
    ".AspNetCore.", "JSESSIONID", "next-auth.session-token", "authjs.session-token", "__Host-", "__Secure-",
    "remember_", "wordpress_logged_in_", "sb-",
)  # fmt: skip
"""Beginnings of the names of cookies that tell who somebody is, by framework."""
PAGES = ("", "html", "htm", "php", "asp", "aspx", "jsp", "cgi", "json", "xml")
"""Ends of paths behind which an answer is made for the one who asks."""


def wanted_rules(portal: Portal, edge: EdgeSettings, hosts: tuple[str, ...], plan: str) -> Iterator[WantedRule | str]:
    """Every rule, and in words what the plan does not have. `hosts` are those behind the edge."""
    yield from _canonical(portal, hosts)
    if hosts:
        yield from _cache(edge, hosts)
        yield from _limits(edge, hosts, plan)
    yield from _staging(portal, edge, hosts)
    if edge.waf:
        yield _managed(plan)
        if not plans.at_least(plan, "pro"):
            yield "the whole Cloudflare Managed Ruleset needs the Pro plan; the free one is switched on"


def quoted(text: str) -> str:
    """A literal of the language."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _rule(phase: str, name: str, body: Mapping[str, object], reason: Reason) -> WantedRule:
    whole = {"description": f"{MARK} {reason.roadmap}: {reason.why}", "enabled": True, **body}
    return WantedRule(phase, f"{MARK}-{name}", whole, reason)


def _canonical(portal: Portal, hosts: tuple[str, ...]) -> Iterator[WantedRule | str]:
    if not portal.canonical:
        yield 'no one address is wanted: name it, such as canonical = "https://www.example.com/", to redirect the other'
        return
    best = (urlsplit(portal.canonical).hostname or "").lower()
    others = [host for host in (portal.domain, f"www.{portal.domain}") if host != best and host in hosts]
    if not others:
        return
    target = f"concat({quoted(f'https://{best}')}, http.request.uri.path)"
    reason = Reason("B2", f"every way in ends at https://{best}, with path and query", "links to the other host go on",
                    ("http.canonical", "http.path_kept", "http.permanent", "http.loop"))  # fmt: skip
    moved = {"status_code": 301, "target_url": {"expression": target}, "preserve_query_string": True}
    body = {"action": "redirect", "expression": _on(others), "action_parameters": {"from_value": moved}}
    yield _rule(plans.REDIRECT, "canonical", body, reason)


def _on(hosts: Iterable[str]) -> str:
    return f"(http.host in {{{' '.join(map(quoted, dict.fromkeys(hosts)))}}})"


def _begins(paths: Iterable[str]) -> str:
    return "(" + " or ".join(f"starts_with(http.request.uri.path, {quoted(path)})" for path in paths) + ")"


def _cache(edge: EdgeSettings, hosts: tuple[str, ...]) -> Iterator[WantedRule]:
    cache, on = edge.cache, _on(hosts)
    static = _begins(cache.static) if cache.static else "false"
    checks = ("edge.caching",)
    if cache.static:
        seconds = cache.static_days * 86_400
        kept = {
            "cache": True,
            "edge_ttl": {
                "mode": "override_origin",
                "default": seconds,
                # A file that is missing for a minute must not stay missing for a month.
                "status_code_ttl": [{"status_code_range": {"from": 300, "to": 599}, "value": 0}],
            },
            "browser_ttl": {"mode": "override_origin", "default": seconds},
        }
        reason = Reason("B7", f"files of {', '.join(cache.static)} are kept {cache.static_days} days",
                        "a file that changes under its old name is seen late", checks)  # fmt: skip
        body = {"action": "set_cache_settings", "expression": f"({on} and {static})", "action_parameters": kept}
        yield _rule(plans.CACHE, "cache-static", body, reason)
    ends = f"(http.request.uri.path.extension in {{{' '.join(map(quoted, PAGES))}}})"
    made = f"({_begins(cache.api)} or {ends})" if cache.api else ends
    reason = Reason("B7", "pages and answers of the API are never kept", "none", checks)
    yield _rule(plans.CACHE, "cache-pages", _bypass(f"({on} and not {static} and {made})"), reason)
    cookies = " or ".join(f"http.cookie contains {quoted(name)}" for name in (*SESSIONS, *cache.session_cookies))
    reason = Reason("B7", "nothing that carries a session cookie is kept", "none", checks)
    yield _rule(plans.CACHE, "cache-sessions", _bypass(f"({on} and not {static} and ({cookies}))"), reason)


def _bypass(expression: str) -> dict[str, object]:
    return {"action": "set_cache_settings", "expression": expression, "action_parameters": {"cache": False}}


def _limits(edge: EdgeSettings, hosts: tuple[str, ...], plan: str) -> Iterator[WantedRule | str]:
    limits = edge.limits
    paths = tuple(dict.fromkeys((*limits.login, *limits.reset, *limits.upload)))
    if not paths:
        return
    period, lowest = limits.period_s, plans.LOWEST_FOR_PERIOD[limits.period_s]
    if not plans.at_least(plan, lowest):
        yield f"a limit over {period} s needs the {lowest.capitalize()} plan; it counts over 10 s"
        period = 10
    expression = _begins(paths)
    if plans.at_least(plan, "pro"):
        expression = f"({_on(hosts)} and {expression})"
    if plans.at_least(plan, "business"):
        expression = f'(http.request.method eq "POST" and {expression})'
    else:
        yield "counting POST requests alone needs the Business plan; every request to these paths counts"
    rate = {
        "characteristics": ["ip.src", "cf.colo.id"],
        "period": period,
        "requests_per_period": limits.requests,
        "mitigation_timeout": plans.WAITS[plan],
    }
    reason = Reason("B7", f"one address may ask for login, reset and upload {limits.requests} times in {period} s",
                    "an office behind one address shares the limit")  # fmt: skip
    yield _rule(plans.RATE, "limit", {"action": "block", "expression": expression, "ratelimit": rate}, reason)


def _staging(portal: Portal, edge: EdgeSettings, hosts: tuple[str, ...]) -> Iterator[WantedRule]:
    staging = portal.staging_hosts
    if edge.hide_staging:
        headers = {"X-Robots-Tag": {"operation": "set", "value": "noindex, nofollow"}}
        body = {"action": "rewrite", "expression": _on(staging), "action_parameters": {"headers": headers}}
        reason = Reason("B3", "staging stays out of search engines", "none", ("exposure.staging",))
        yield _rule(plans.HEADERS, "staging-noindex", body, reason)
    if edge.staging_allow:
        allowed = " ".join(edge.staging_allow)
        expression = f"({_on(staging)} and not ip.src in {{{allowed}}})"
        reason = Reason("B3", f"staging opens from {allowed} only", "everybody else is turned away",
                        ("exposure.staging",))  # fmt: skip
        yield _rule(plans.CUSTOM, "staging-allow", {"action": "block", "expression": expression}, reason)


def _managed(plan: str) -> WantedRule:
    id, name = plans.RULESETS["pro" if plans.at_least(plan, "pro") else "free"]
    reason = Reason("B4", f"known attacks are turned away ({name})", "a request that looks like an attack is refused")
    body: dict[str, object] = {"action": "execute", "expression": "true", "action_parameters": {"id": id}}
    return _rule(plans.MANAGED, "waf", body, reason)
