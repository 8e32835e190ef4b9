"""A PostgreSQL connection string in parts: where it leads, whether a pooler is asked, how it is called for people.

Reads the string alone; nothing is asked. Names and passwords in it are never printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

SCHEMES = {"postgres", "postgresql", "pgsql", "postgis", "psql", "timescale", "timescalegis"}
"""By which libraries call PostgreSQL in an address: `postgresql+psycopg` counts by what stands before the plus."""
_LIBPQ = frozenset(
    (
        "host", "hostaddr", "port", "dbname", "user", "password", "sslmode", "sslrootcert", "sslcert", "sslkey",
        "sslcrl", "channel_binding", "connect_timeout", "options", "target_session_attrs", "gssencmode",
        "sslnegotiation", "require_auth", "service", "passfile",
    )
)  # fmt: skip
"""Options of libpq itself (https://www.postgresql.org/docs/current/libpq-connect.html)."""
_NOT_LIBPQS = frozenset({"sslmode=no-verify"})
"""node-postgres's word for an encrypted connection whose certificate is not looked at."""


@dataclass(frozen=True, slots=True)
class Place:
    """A connection string in parts, for people and for libpq; never printed."""

    words: Mapping[str, str] = field(repr=False)
    scheme: str = "postgresql"

    schema: str = ""
    """Where the tables are, as libraries above libpq are told: Prisma's `schema`, JDBC's `currentSchema`."""
    told_pooled: bool = False
    """The string says that a pooler is asked: Prisma's `pgbouncer=true`."""

    @property
    def pooled(self) -> bool:
        """Whether a pooler answers there, by what the string says and by the names that providers give theirs."""
        first, _, rest = self.host.partition(".")
        by_name = first.endswith("-pooler") or ".pooler." in f".{rest}" or "pgbouncer" in first
        return self.told_pooled or by_name or self.port == 6543

    @property
    def host(self) -> str:
        """A name, an address or the folder of a socket."""
        return self.words.get("host", "") or self.words.get("hostaddr", "")

    @property
    def port(self) -> int:
        """5432 where the string names none."""
        text = self.words.get("port", "")
        return int(text) if text.isdigit() else 5432


def scheme_of(text: str) -> str:
    """`postgresql` for everything that PostgreSQL is called; else what stands before `://`, in lower case."""
    scheme = urlsplit(text.strip()).scheme.lower() if "://" in text[:40] else ""
    if scheme.startswith("jdbc:"):
        scheme = scheme.removeprefix("jdbc:")
    scheme = scheme.partition("+")[0]
    return "postgresql" if scheme in SCHEMES or (not scheme and "=" in text) else scheme


def read_string(text: str) -> Place | None:
    """A connection string as libpq reads it; options of libraries above it are left out. None: it cannot be read."""
    from psycopg import Error
    from psycopg.conninfo import conninfo_to_dict

    text, above = text.strip().removeprefix("jdbc:"), dict[str, str]()
    if "://" in text:
        rest = text.partition("://")[2]
        address, mark, query = rest.partition("?")
        if "@" in query.partition("&")[0].partition("=")[0]:
            return None  # a password with a bare question mark: what stands before it is no host
        above = dict(parse_qsl(query))
        pairs = [pair for pair in query.split("&") if pair.partition("=")[0] in _LIBPQ and pair not in _NOT_LIBPQS]
        if "sslmode" not in above and above.get("ssl", "").lower() in ("true", "1", "require"):
            pairs.append("sslmode=require")
        if "sslmode=no-verify" in query.split("&"):
            pairs.append("sslmode=require")
        text = f"postgresql://{address}" + (mark + "&".join(pairs) if pairs else "")
    try:
        words = conninfo_to_dict(text)
    except (Error, UnicodeError, ValueError):
        return None
    return Place(
        {name: str(value) for name, value in words.items() if value is not None},
        schema=above.get("schema", "") or above.get("currentSchema", "").partition(",")[0],
        told_pooled=above.get("pgbouncer", "").lower() == "true",
    )


def named(place: Place) -> str:
    """A server for people: host and port, or the folder of its socket; no login."""
    host = place.host or "localhost"
    return host[:200] if host.startswith("/") else f"{host[:200]}:{place.port}"
