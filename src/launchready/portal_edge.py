"""`[edge]` of `launchready.toml`: what DNS and the edge in front of the portal are to be.

Typed data with good defaults; what follows from it is worked out in `edge/control/`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from launchready.portal_sections import Section


class EdgeMail(Section):
    """Records that make mail arrive; what is left out is not touched."""

    mx: tuple[str, ...] = ()
    """`10 mx.example.net`, one a server."""
    spf: tuple[str, ...] = ()
    """Mechanisms in order, such as `include:_spf.google.com`; ` -all` is added where no `all` or `redirect=` is."""
    dkim: dict[str, str] = Field(default_factory=dict)
    """By selector: the record's text (`v=DKIM1; …`), or the name an alias leads to."""
    dmarc: Literal["", "none", "quarantine", "reject"] = ""
    """The policy of this stage; a step that skips one is pointed out in the plan."""
    dmarc_reports: tuple[str, ...] = ()
    """Addresses for aggregate reports, such as `dmarc@example.com`."""


class EdgeTls(Section):
    """How visitors are encrypted."""

    mode: Literal["strict", "full"] = "strict"
    """`strict`: the edge verifies the origin's certificate."""
    min_version: Literal["1.2", "1.3"] = "1.2"
    always_https: bool = True
    hsts: Literal["off", "test", "week", "month", "year", "preload"] = "year"
    """The stage: off, 5 minutes, 7 days, 30 days, a year, a year with subdomains for the preload list."""


class EdgeCache(Section):
    """What the edge keeps. HTML and API answers are never kept, nor is what carries a session cookie."""

    static: tuple[str, ...] = ("/static/", "/assets/", "/_next/static/", "/build/")
    """Beginnings of the paths of files that never change under one name."""
    static_days: int = Field(default=30, ge=1, le=365)
    api: tuple[str, ...] = ("/api/",)
    """Beginnings of paths that are never kept."""
    session_cookies: tuple[str, ...] = ()
    """Names of cookies that tell who somebody is; the usual ones are known."""


class EdgeLimits(Section):
    """How often one visitor may ask for what can be guessed at or filled up. Paths are beginnings."""

    login: tuple[str, ...] = ("/login", "/account/login", "/accounts/login", "/auth/login")
    reset: tuple[str, ...] = ("/password-reset", "/account/reset", "/accounts/password_reset")
    upload: tuple[str, ...] = ("/upload", "/files/upload")
    requests: int = Field(default=10, ge=1, le=10_000)
    """POST requests of one address to all of these together, in `period_s`, before it has to wait."""
    period_s: Literal[10, 60, 120, 300, 600, 3600] = 10
    """10 is what the free plan offers."""


class EdgeRecord(Section):
    """One more set of records."""

    name: str
    """`@`, a label, or a full name below the zone."""
    type: Literal["A", "AAAA", "CNAME", "MX", "TXT", "CAA", "SRV", "NS"]
    values: tuple[str, ...] = Field(min_length=1)
    """As in a zone file."""
    ttl: int | None = Field(default=None, ge=60, le=86_400)
    proxied: bool | None = None
    """Left out: as `[edge] proxied` for A, AAAA and CNAME of hosts that serve pages."""


class EdgeSettings(Section):
    """What is wanted at the edge."""

    provider: str = "cloudflare"
    """`cloudflare`, or the class of an octoDNS provider, such as `octodns_route53.Route53Provider` (records only)."""
    options: dict[str, str | int | bool] = Field(default_factory=dict)
    """Of another provider's class; a value `env/NAME` is read from that variable."""
    token_env: str = "CLOUDFLARE_API_TOKEN"  # noqa: S105 - a name
    """Name of the environment variable that holds the API token."""
    zone: str = ""
    """The zone's name; left out: the domain."""
    origin: tuple[str, ...] = ()
    """Where root, www and the hosts lead: addresses, or one host name such as `portal.onrender.com`."""
    hosts: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)
    """By label: where other hosts lead; left out: `hosts` and `staging` of the portal lead to `origin`."""
    proxied: bool = True
    """Whether the edge stands in front of the hosts; if not, records lead to the origin itself."""
    ttl: Annotated[int, Field(ge=60, le=86_400)] = 300
    """Seconds, of records that are not proxied."""
    caa: tuple[str, ...] = ()
    """Certificate authorities that may issue, such as `letsencrypt.org`; with Cloudflare in front its own are added."""
    mail: EdgeMail = EdgeMail()
    tls: EdgeTls = EdgeTls()
    cache: EdgeCache = EdgeCache()
    limits: EdgeLimits = EdgeLimits()
    waf: bool = True
    """Managed rules of the firewall on, as far as the plan has them."""
    bots: bool = True
    """Bot protection on, as far as the plan has it."""
    hide_staging: bool = True
    """Staging hosts answer with `X-Robots-Tag: noindex`."""
    staging_allow: tuple[str, ...] = ()
    """Networks that may open staging; left out: everybody may."""
    records: tuple[EdgeRecord, ...] = ()
    delete: tuple[str, ...] = ()
    """`name TYPE` of records of others that may be deleted or replaced, such as `@ A`; nothing else of theirs is."""
