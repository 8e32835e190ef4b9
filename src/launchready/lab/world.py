"""The lab's internet as data: zones, name servers, resolvers, sites, mail servers, registrations.

A world is a frozen value; `healthy.py` holds the one in which every check is silent, `faults/` holds changes
to it. Nothing here listens: the services that make a world real are in `nameserver.py`, `edge.py`,
`mailserver.py`, put together by `lab.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar

from launchready.lab.cloudflare.account import CloudflareAccount
from launchready.model import Severity


class Signing(StrEnum):
    """How a zone is signed, and what its parent says of it (RFC 4035)."""

    NONE = "none"
    GOOD = "good"
    EXPIRED = "signatures expired"
    EXPIRING = "signatures expire in a day"
    WITHOUT_DS = "signed, and the parent does not know"
    WRONG_DS = "DS of another key in the parent"
    UNSIGNED_WITH_DS = "DS in the parent, no keys in the zone"
    BAD_SIGNATURE = "signatures of another key"


class Trouble(StrEnum):
    """What is wrong with a server as such, whatever it is asked."""

    NONE = ""
    REFUSES = "nobody listens: connection refused"
    SILENT = "takes what is sent and never answers"
    DRIPS = "answers a byte a second"
    GARBAGE = "answers with what is not the protocol"
    CLOSES = "closes at once"
    # name servers and resolvers
    SERVFAIL = "answers SERVFAIL"
    REFUSED_CODE = "answers REFUSED"
    LAME = "answers without authority"
    WRONG_ID = "answers with a wrong message id, then stays silent"
    TRUNCATES = "truncates over UDP and does not listen on TCP"
    NO_TCP = "answers over UDP only"
    NO_UDP = "answers over TCP only"
    # sites
    ENDLESS_HEADERS = "sends headers without end"
    HUGE_BODY = "sends a body of 10 GB"
    GZIP_BOMB = "sends a small gzip body that inflates to gigabytes"
    BROTLI_BOMB = "sends a small brotli body that inflates to gigabytes"
    TLS_GARBAGE = "answers the ClientHello with what is not TLS"


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone as master-file lines (RFC 1035 section 5), names relative to `origin`, TTL always written.

    One record a line: `name ttl type rdata`, with `@` for the origin. The first line is the SOA.
    """

    origin: str
    """With no trailing dot: `brightside.example`."""
    lines: tuple[str, ...]
    signing: Signing = Signing.NONE


@dataclass(frozen=True, slots=True)
class NameServer:
    """An authoritative name server."""

    name: str
    addresses: tuple[str, ...]
    zones: tuple[str, ...]
    """Origins of the world's zones it serves."""
    own: tuple[Zone, ...] = ()
    """Zones it sees differently from the world."""
    trouble: Trouble = Trouble.NONE
    own_at: tuple[tuple[str, Zone], ...] = ()
    """(address, zone): zones that differ at one of its addresses only."""


@dataclass(frozen=True, slots=True)
class Resolver:
    """A recursive resolver, seen as a region. It answers from the world's zones and validates signed ones."""

    name: str
    address: str
    own: tuple[Zone, ...] = ()
    """Zones it sees differently from the world, as a stale or split one does."""
    trouble: Trouble = Trouble.NONE


class Issuer(StrEnum):
    """Who signs a certificate."""

    LAB = "the lab's intermediate, below the root the audit trusts"
    STRANGER = "an intermediate below a root nobody trusts"
    SELF = "itself"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate is to be; days count from the lab's start."""

    names: tuple[str, ...] = ()
    """Subject alternative names; empty: the host of the site."""
    from_days: float = -10
    until_days: float = 80
    issuer: Issuer = Issuer.LAB
    send_intermediate: bool = True
    key: str = "ec256"
    """`ec256`, `rsa2048`, `rsa1024`."""
    signature: str = "sha256"
    """`sha256` or `sha1`."""
    staple: str = ""
    """OCSP response to staple: `good`, `revoked`, `garbage`, `stale`, `forged` (by a stranger); empty: none."""
    also_send: str = ""
    """What the server sends after its chain: `root`, or `cross` (the root, certified by an older one nobody trusts)."""
    extra_names: int = 0
    """That many more names, for the certificate with 10,000."""
    must_staple: bool = False
    """Whether it demands a staple (RFC 7633)."""


@dataclass(frozen=True, slots=True)
class Response:
    """What a site answers."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    """In a `Location`, `{target}` stands for path and query as asked, `{path}` for the path."""
    body: str | bytes = ""
    trouble: Trouble = Trouble.NONE


@dataclass(frozen=True, slots=True)
class Route:
    """The answer to a path: exact, a prefix with `*` at its end, or `*` for all. The longest match wins."""

    path: str
    response: Response
    cookie: str = ""
    """`name=value` a request must carry to be answered by this route; such a route goes before one without."""


@dataclass(frozen=True, slots=True)
class Site:
    """A host at the edge. Two sites may share a host when their addresses differ."""

    host: str
    addresses: tuple[str, ...]
    secure: tuple[Route, ...]
    """What port 443 answers; empty: nobody listens there."""
    plain: tuple[Route, ...]
    """What port 80 answers; empty: nobody listens there."""
    certificate: Certificate = field(default_factory=Certificate)
    oldest_tls: str = "1.2"
    newest_tls: str = "1.3"
    h2: bool = True
    trouble: Trouble = Trouble.NONE
    """Of port 443; `plain_trouble` of port 80."""
    plain_trouble: Trouble = Trouble.NONE


@dataclass(frozen=True, slots=True)
class MailServer:
    """A mail exchanger on port 25."""

    host: str
    addresses: tuple[str, ...]
    certificate: Certificate | None = field(default_factory=Certificate)
    """None: it offers no STARTTLS."""
    banner: str = ""
    """Text after `220 host`; may be hostile."""
    oldest_tls: str = "1.2"
    newest_tls: str = "1.3"
    trouble: Trouble = Trouble.NONE


@dataclass(frozen=True, slots=True)
class Registration:
    """What the registry's RDAP server says of a domain (RFC 9083); served as a site of the edge."""

    domain: str
    registrar: str = "Brightside Registrar Ltd"
    expires_days: float | None = 300
    status: tuple[str, ...] = ("client transfer prohibited",)
    name_servers: tuple[str, ...] = ()
    trouble: Trouble = Trouble.NONE
    known: bool = True
    """False: the registry answers 404."""


@dataclass(frozen=True, slots=True)
class Source:
    """The portal's repository: a folder with a git history of its own."""

    files: Mapping[str, str | bytes]
    """By path: what the last commit holds."""
    removed: Mapping[str, str | bytes] = field(default_factory=dict)
    """Committed first and deleted since: in the history only."""
    ignored: Mapping[str, str | bytes] = field(default_factory=dict)
    """On this disk only: not committed, named by `.gitignore`."""
    settings: Mapping[str, object] = field(default_factory=dict)
    """Keys of `launchready.toml` that belong to it: `environments`, and those of `repository`."""
    git: bool = True


@dataclass(frozen=True, slots=True)
class Account:
    """A service at a hosting platform, as its API shows it to the holder of one token."""

    platform: str
    """As `launchready.toml` calls it: `render`, `fly`, `heroku`, `vercel`, `railway`, `github`."""
    service: str
    variables: Mapping[str, str] = field(default_factory=dict)
    token: str = "lab-token"
    environment: str = "production"
    shared: Mapping[str, str] = field(default_factory=dict)
    """Of an environment group (Render) or of the organisation (GitHub)."""
    may_read: bool = True
    may_write: bool = True
    limited: int = 0
    """So many requests are answered 429 first."""
    retry_after: str = "0"
    """What `Retry-After` says then; empty: the header is missing."""
    trouble: str = ""
    """`endless`, `garbage`, `html`, `redirects`, `wrong schema`, `internal error`, `fails after N` (writes are 500 from
    the Nth on), `revokes after N` (the token, after N changes), `loses answer N` (the connection ends after the Nth
    change was made; with `and is silent then` so does every later one), `build fails`, `migration fails`,
    `never ready`, `crashes` (of deploys)."""


@dataclass(frozen=True, slots=True)
class Database:
    """A PostgreSQL server with the portal's role and database, as strangers reach it."""

    host: str = "portal-db.databases.example"
    address: str = "192.88.99.91"
    port: int = 5432
    tls: bool = True
    name: str = "portal"
    role: str = "portal_app"
    password: str = "lab-database-password"
    attributes: str = ""
    """Of the role, such as `SUPERUSER`."""
    limit: int = -1
    """Connections to the database; -1: as many as the server takes."""
    held: int = 0
    """Connections that somebody else holds."""
    setup: tuple[str, ...] = ()
    """Statements run by the role once it is made."""
    trouble: Trouble = Trouble.NONE


@dataclass(frozen=True, slots=True)
class World:
    """The whole of it."""

    domain: str
    zones: tuple[Zone, ...]
    name_servers: tuple[NameServer, ...]
    resolvers: tuple[Resolver, ...]
    sites: tuple[Site, ...]
    mail_servers: tuple[MailServer, ...]
    registrations: tuple[Registration, ...]
    source: Source | None = None
    """None: this portal is audited without its code."""
    platforms: tuple[Account, ...] = ()
    databases: tuple[Database, ...] = ()
    keys: tuple[str, ...] = ()
    """Keys that the lab's third-party APIs take; see `launchready.lab.services`. Empty: those APIs are not there."""
    cloudflare: CloudflareAccount | None = None
    """None: the zone is at name servers without an API. See `launchready.lab.cloudflare`."""


T = TypeVar("T")

Change = Callable[[World], World]
"""A step from one world to another."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A planted mistake and what must find it."""

    id: str
    """`area-what`, such as `spf-eleven-lookups`."""
    says: str
    """The mistake in one plain sentence, for the docs and the demo."""
    check: str
    severity: Severity
    change: Change
    """From the healthy world to the faulty one."""
    subject: str = ""
    """The subject the finding must name; empty: any."""
    also: tuple[str, ...] = ()
    """Other checks that rightly find something too; nothing else may."""
    twin: Change | None = None
    """From the healthy world to the fault's healthy twin, where that is more than the healthy world itself:
    something that looks alike and is right. No check may find anything there."""
    settings: Mapping[str, object] = field(default_factory=dict)
    """Settings of the portal (`launchready.toml` keys) that fault and twin are audited with."""


def both(*changes: Change) -> Change:
    """One change after the other."""

    def change(world: World) -> World:
        for step in changes:
            world = step(world)
        return world

    return change


def records(origin: str, *, add: tuple[str, ...] = (), drop: tuple[str, ...] = ()) -> Change:
    """Change a zone's records: `drop` takes `name type` (or `name *`), then `add` takes master-file lines."""

    def change(world: World) -> World:
        return replace(world, zones=tuple(edit_zone(z, add, drop) if z.origin == origin else z for z in world.zones))

    return change


def edit_zone(zone: Zone, add: tuple[str, ...] = (), drop: tuple[str, ...] = ()) -> Zone:
    """A zone with records dropped and added; raises KeyError when there is nothing to drop."""
    dropped = {tuple(text.split()) for text in drop}
    for pair in dropped:
        if not any(_is(line, pair) for line in zone.lines):
            raise KeyError(f"{zone.origin} has no record {' '.join(pair)}")
    kept = tuple(line for line in zone.lines if not any(_is(line, pair) for pair in dropped))
    return replace(zone, lines=kept + add)


def zone(origin: str, **changes: object) -> Change:
    """Change fields of a zone, such as `signing`."""
    return lambda world: replace(world, zones=_each(world.zones, "origin", origin, changes))


def add_zone(new: Zone, server: str) -> Change:
    """Add a zone, served by the name server `server`."""

    def change(world: World) -> World:
        servers = tuple(replace(s, zones=(*s.zones, new.origin)) if s.name == server else s for s in world.name_servers)
        return replace(world, zones=(*world.zones, new), name_servers=servers)

    return change


def name_server(name: str, **changes: object) -> Change:
    """Change fields of a name server."""
    return lambda world: replace(world, name_servers=_each(world.name_servers, "name", name, changes))


def resolver(name: str, **changes: object) -> Change:
    """Change fields of a resolver."""
    return lambda world: replace(world, resolvers=_each(world.resolvers, "name", name, changes))


def stale_at_resolver(name: str, origin: str, *, add: tuple[str, ...] = (), drop: tuple[str, ...] = ()) -> Change:
    """Let a resolver see a zone differently from the world."""

    def change(world: World) -> World:
        own = next(edit_zone(z, add, drop) for z in world.zones if z.origin == origin)
        return resolver(name, own=(own,))(world)

    return change


def site(host: str, **changes: object) -> Change:
    """Change fields of every site of a host."""
    return lambda world: replace(world, sites=_each(world.sites, "host", host, changes))


def certificate(host: str, **changes: object) -> Change:
    """Change fields of the certificate of every site of a host."""

    def change(world: World) -> World:
        def edit(one: Site) -> Site:
            return replace(one, certificate=replace(one.certificate, **changes)) if one.host == host else one  # type: ignore[arg-type]

        return replace(world, sites=tuple(map(edit, world.sites)))

    return change


def route(host: str, path: str, response: Response, *, plain: bool = False, cookie: str = "") -> Change:
    """Add or replace the route of a path, on port 443 unless `plain`; with `cookie`, for who brings that cookie."""

    def edit(one: Site) -> Site:
        if one.host != host:
            return one
        routes = one.plain if plain else one.secure
        routes = (*(r for r in routes if (r.path, r.cookie) != (path, cookie)), Route(path, response, cookie))
        return replace(one, plain=routes) if plain else replace(one, secure=routes)

    return lambda world: replace(world, sites=tuple(map(edit, world.sites)))


def response_headers(host: str, *, put: Mapping[str, str | None], path: str = "") -> Change:
    """Set headers (None: take away) on every answer of a host on port 443, or on those of one route."""
    names = {name.lower() for name in put}
    added = tuple((name, value) for name, value in put.items() if value is not None)

    def edit_route(one: Route) -> Route:
        if path and one.path != path:
            return one
        kept = tuple((n, v) for n, v in one.response.headers if n.lower() not in names)
        return replace(one, response=replace(one.response, headers=kept + added))

    def edit(one: Site) -> Site:
        return replace(one, secure=tuple(map(edit_route, one.secure))) if one.host == host else one

    return lambda world: replace(world, sites=tuple(map(edit, world.sites)))


def add_site(new: Site) -> Change:
    """Add a site; give it records too, with `records`."""
    return lambda world: replace(world, sites=(*world.sites, new))


def mail_server(host: str, **changes: object) -> Change:
    """Change fields of a mail server."""
    return lambda world: replace(world, mail_servers=_each(world.mail_servers, "host", host, changes))


def registration(domain: str, **changes: object) -> Change:
    """Change fields of a registration."""
    return lambda world: replace(world, registrations=_each(world.registrations, "domain", domain, changes))


def _each(items: tuple[T, ...], key: str, value: str, changes: Mapping[str, object]) -> tuple[T, ...]:
    if not any(getattr(item, key) == value for item in items):
        raise KeyError(f"the world has nothing whose {key} is {value}")
    return tuple(replace(i, **changes) if getattr(i, key) == value else i for i in items)  # type: ignore[type-var]


def _is(line: str, pair: tuple[str, ...]) -> bool:
    name, _ttl, type = line.split()[:3]
    return name == pair[0] and (len(pair) == 1 or pair[1] in ("*", type))
