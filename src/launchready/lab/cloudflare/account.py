"""An account at the lab's Cloudflare as data: the zone, its plan, who holds which token, and what goes wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TOKEN = "lab-cloudflare-token-0000000000000000000"
"""The token of a `CloudflareAccount` that names no others; of the form the API takes, good for nothing."""
ALL = (
    "Bot Management Write",
    "Cache Purge",
    "Cache Settings Write",
    "Config Settings Write",
    "Custom Errors Write",
    "DNS Write",
    "Dynamic URL Redirects Write",
    "HTTP DDoS Managed Ruleset Write",
    "Mass URL Redirects Write",
    "Origin Write",
    "Page Rules Write",
    "Response Compression Write",
    "SSL and Certificates Write",
    "Zone Read",
    "Zone Settings Write",
    "Zone Transform Rules Write",
    "Zone WAF Write",
)
"""Permission groups by the names of GET /user/tokens/permission_groups; `Write` includes `Read`."""


@dataclass(frozen=True, slots=True)
class Token:
    """An API token."""

    value: str = TOKEN
    groups: tuple[str, ...] = ALL
    status: str = "active"
    """`active`, `disabled` or `expired`."""


@dataclass(frozen=True, slots=True)
class CloudflareAccount:
    """What Cloudflare holds when the lab starts; it changes as the API is asked to (`CloudflareState`)."""

    zone: str = ""
    """Empty: the domain of the world. Its records are those of the world's zone."""
    plan: str = "free"
    """`free`, `pro` or `business`."""
    status: str = "active"
    """`active`, or `pending`: the domain is delegated elsewhere, and what is changed here shows nowhere."""
    proxied: tuple[str, ...] = ()
    """Names (relative, `@` for the apex) whose address records are proxied from the start."""
    records: tuple[Mapping[str, Any], ...] = ()
    """More records, as bodies of POST dns_records."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Zone settings that are not at their default."""
    rulesets: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    """By phase: rules, as bodies of POST rules."""
    tokens: tuple[Token, ...] = (Token(),)
    limited: int = 0
    """So many requests are answered 429, after the first `limited_after`."""
    limited_after: int = 0
    retry_after: str = "1"
    """What `Retry-After` says then, seconds."""
    fails_at_write: int = 0
    """The Nth write (from 1) is answered 500 and not made."""
    cut_at_write: int = 0
    """The Nth write is made, and the connection closed before the answer."""
    revoked_after_writes: int | None = None
    """Every token is refused once so many writes were made."""
    batch_settings: bool = True
    """Whether GET and PATCH of all settings at once still are; their end of life is 2027-03-31."""
    closed_origin: bool = False
    """The zone's own server lets nobody but the edge in, as a firewall with Cloudflare's ranges does."""
    origin_timeout_s: float = 3.0
    """How long the edge waits for the origin; Cloudflare waits 120 s."""
