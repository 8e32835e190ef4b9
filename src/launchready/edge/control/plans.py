"""What Cloudflare's plans hold, as data: rules of each phase, periods of rate limits, permissions they need.

From https://developers.cloudflare.com/waf/rate-limiting-rules/, …/waf/custom-rules/, …/rules/url-forwarding/ and
…/cache/how-to/cache-rules/, as they were in November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping

PLANS = ("free", "pro", "business", "enterprise")
REDIRECT = "http_request_dynamic_redirect"
CACHE = "http_request_cache_settings"
CUSTOM = "http_request_firewall_custom"
RATE = "http_ratelimit"
MANAGED = "http_request_firewall_managed"
HEADERS = "http_response_headers_transform"
DDOS = "ddos_l7"
PHASES = (REDIRECT, CACHE, CUSTOM, RATE, MANAGED, HEADERS, DDOS)
"""The phases that are looked at."""
MOST: Mapping[str, Mapping[str, int]] = {
    REDIRECT: {"free": 10, "pro": 25, "business": 50, "enterprise": 300},
    CACHE: {"free": 10, "pro": 25, "business": 50, "enterprise": 300},
    CUSTOM: {"free": 5, "pro": 20, "business": 100, "enterprise": 1000},
    RATE: {"free": 1, "pro": 2, "business": 5, "enterprise": 100},
    HEADERS: {"free": 10, "pro": 25, "business": 50, "enterprise": 300},
}
"""Rules of a phase, by plan."""
LOWEST_FOR_PERIOD: Mapping[int, str] = {
    10: "free", 60: "pro", 120: "business", 300: "business", 600: "business", 3600: "enterprise",
}  # fmt: skip
"""The lowest plan that counts over so many seconds."""
WAITS: Mapping[str, int] = {"free": 10, "pro": 60, "business": 60, "enterprise": 60}
"""Seconds a visitor who asked too often has to wait."""
RULESETS: Mapping[str, tuple[str, str]] = {
    "free": ("77454fe2d30c4220b5701f6fdfb893ba", "Cloudflare Managed Free Ruleset"),
    "pro": ("efb7b8c949ac4650a09736fc376e9aee", "Cloudflare Managed Ruleset"),
}
"""Managed rules by the lowest plan that has them: id and name."""
PERMISSIONS: Mapping[str, str] = {
    "records": "DNS",
    "settings": "Zone Settings",
    "bots": "Bot Management",
    REDIRECT: "Dynamic URL Redirects",
    CACHE: "Cache Settings",
    CUSTOM: "Zone WAF",
    RATE: "Zone WAF",
    MANAGED: "Zone WAF",
    HEADERS: "Zone Transform Rules",
    DDOS: "HTTP DDoS Managed Ruleset",
}
"""The permission each part needs, by Cloudflare's name, without `Read` or `Write`."""


def at_least(plan: str, lowest: str) -> bool:
    """Whether a plan is another or a dearer one."""
    return PLANS.index(plan) >= PLANS.index(lowest)
